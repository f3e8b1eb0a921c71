//! Which entry the default selects. The rows were compared with grub-emu 2.06.

use super::{Files, chosen, env, facts, run};
use crate::boot::grub::{Dialect, grub};
use crate::boot::{ProblemKind, Timeout};
use crate::text::File;

/// Ten plain entries and two submenus; `6.1 LTS` has a digit in front.
pub(super) const MENU: &str = include_str!("menu.cfg");

fn default(value: &str) -> String {
    chosen(&run(
        &format!("set timeout=0\nset default={value}\n{MENU}"),
        None,
    ))
}

#[test]
fn the_default_selects_what_grub_selects() {
    let rows = [
        ("\"0\"", "zero"),
        ("\"1\"", "one"),
        ("\"2\"", "6.1 LTS"),
        ("\"\"", "zero"),
        ("\"one\"", "one"),
        ("\"id-one\"", "one"),
        ("\"6.1 LTS\"", "six"),
        ("\"010\"", "eight"),
        ("\"0x9\"", "nine"),
        ("\"0x1f\"", "zero"),
        ("\"08\"", "eight"),
        ("\"09\"", "nine"),
        ("\"99\"", "zero"),
        ("\"-1\"", "zero"),
        ("\" 1\"", "one"),
        ("\"1 2\"", "one"),
        ("\"1abc\"", "one"),
        ("\"0x\"", "zero"),
        ("\"4294967297\"", "zero"),
        ("\"99999999999999999999999\"", "zero"),
        ("\"no such entry\"", "zero"),
        ("\"One\"", "zero"),
        ("\"10\"", "sub/child 0"),
        ("\"10>1\"", "sub/child 1"),
        ("\"sub>1\"", "sub/child 1"),
        ("\"sub>child 1\"", "sub/child 1"),
        ("\"sub>id-c1\"", "sub/child 1"),
        ("\"id-sub>id-c1\"", "sub/child 1"),
        ("\"sub>nope\"", "sub/child 0"),
        ("\"sub>7\"", "sub/child 0"),
        ("\"sub>\"", "sub/child 0"),
        ("\"nope>1\"", "zero"),
        ("\"id-c1\"", "zero"),
        ("\"sub>inner>1\"", "sub/inner/deep 1"),
        ("\"10>2>1\"", "sub/inner/deep 1"),
        ("\"10>2\"", "sub/inner/deep 0"),
        ("\"a>>b\"", "a>b"),
        ("\"a>b\"", "zero"),
        ("\"1>0\"", "one"),
    ];
    assert!(rows.len() >= 25);
    for (value, want) in rows {
        assert_eq!(default(value), want, "default={value}");
    }
}

#[test]
fn an_unset_default_is_the_first_entry() {
    assert_eq!(
        chosen(&run(&format!("set timeout=0\n{MENU}"), None)),
        "zero"
    );
}

#[test]
fn an_exported_default_reaches_into_the_submenu_of_red_hats_grub_only() {
    let text = "set timeout=0\nset default=1\nexport default\nmenuentry z { true }\n\
        submenu s {\nmenuentry a { true }\nmenuentry b { true }\n}\n";
    assert_eq!(chosen(&run(text, None)), "s/a");
    let main = File::new("/boot/grub2/grub.cfg", text);
    let next = grub(&main, None, &Files::default(), &facts(Dialect::RedHat));
    assert_eq!(chosen(&next), "s/b");
}

#[test]
fn red_hats_grub_takes_names_before_numbers() {
    let rows = [
        ("\"6.1 LTS\"", "6.1 LTS"),
        ("\"1abc\"", "zero"),
        ("\"1\"", "one"),
        ("\"id-one\"", "one"),
        ("\"1>0\"", "zero"),
    ];
    for (value, want) in rows {
        let text = format!("set timeout=0\nset default={value}\n{MENU}");
        let main = File::new("/boot/grub2/grub.cfg", text);
        let next = grub(&main, None, &Files::default(), &facts(Dialect::RedHat));
        assert_eq!(chosen(&next), want, "default={value}");
    }
}

const HEADER: &str = "if [ -s $prefix/grubenv ]; then\n  set have_grubenv=true\n  load_env\nfi\n\
    if [ \"${next_entry}\" ] ; then\n   set default=\"${next_entry}\"\n   set next_entry=\n   \
    save_env next_entry\n   set boot_once=true\nelse\n   set default=\"${saved_entry}\"\nfi\n\
    if [ \"${prev_saved_entry}\" ]; then\n  set saved_entry=\"${prev_saved_entry}\"\n  \
    save_env saved_entry\nfi\nset timeout=3\n";

#[test]
fn the_environment_block_selects_the_saved_or_the_next_entry() {
    let rows = [
        (Some("saved_entry=one\n"), "one"),
        (Some("saved_entry=one\nnext_entry=6\n"), "six"),
        (Some("saved_entry=gone\n"), "zero"),
        (Some("saved_entry=sub>child 1\n"), "sub/child 1"),
        (Some("saved_entry=\n"), "zero"),
        (Some("saved_entry=one"), "zero"),
        (Some(""), "zero"),
        (None, "zero"),
    ];
    for (lines, want) in rows {
        let next = run(&format!("{HEADER}{MENU}"), lines);
        assert_eq!(chosen(&next), want, "{lines:?}");
    }
}

#[test]
fn the_choice_says_which_lines_made_it() {
    let next = run(&format!("{HEADER}{MENU}"), Some("saved_entry=one\n"));
    let steps: Vec<&str> = next.how.iter().map(|step| step.text.as_str()).collect();
    let want = [
        "saved_entry=one",
        "set default=\"${saved_entry}\"",
        "entry 1: one",
    ];
    assert_eq!(steps, want);
}

#[test]
fn a_one_shot_choice_is_reported() {
    let next = run(&format!("{HEADER}{MENU}"), Some("next_entry=one\n"));
    assert!(next.problems.iter().any(|p| p.kind == ProblemKind::OneShot));
}

#[test]
fn a_block_without_signature_sets_nothing() {
    let main = File::new("/boot/grub/grub.cfg", format!("{HEADER}{MENU}"));
    let mut bad = env("saved_entry=one\n");
    bad = crate::parse::grub::GrubEnv::parse(&File::new(
        "/boot/grub/grubenv",
        bad.file.bytes().get(1..).unwrap(),
    ));
    let next = grub(
        &main,
        Some(&bad),
        &Files::default(),
        &facts(Dialect::Upstream),
    );
    assert_eq!(chosen(&next), "zero");
    assert!(
        next.problems
            .iter()
            .any(|p| p.kind == ProblemKind::EnvBlock)
    );
}

#[test]
fn titles_that_look_like_numbers_are_reported() {
    let kinds = |value: &str| -> Vec<ProblemKind> {
        let next = run(&format!("set timeout=0\nset default={value}\n{MENU}"), None);
        next.problems.iter().map(|p| p.kind).collect()
    };
    assert_eq!(kinds("\"6.1 LTS\""), [ProblemKind::DefaultIsNumber]);
    assert_eq!(kinds("gone"), [ProblemKind::DefaultUnmatched]);
    assert_eq!(kinds("99"), [ProblemKind::DefaultUnmatched]);
    assert_eq!(kinds("\"10>1\""), []);
}

#[test]
fn timeouts_are_numbers_or_for_ever() {
    let rows = [
        ("set timeout=5\n", Timeout::Seconds(5)),
        ("set timeout=0\n", Timeout::Seconds(0)),
        ("set timeout=5s\n", Timeout::Seconds(5)),
        ("set timeout=0x10\n", Timeout::Seconds(16)),
        ("set timeout=-1\n", Timeout::Forever),
        ("set timeout=\n", Timeout::Forever),
        ("", Timeout::Forever),
        ("set timeout=4294967295\n", Timeout::Forever),
        (
            "set timeout_style=hidden\nset timeout=-1\n",
            Timeout::Forever,
        ),
    ];
    for (line, want) in rows {
        let next = run(&format!("{line}{MENU}"), None);
        assert_eq!(next.timeout, want, "{line}");
        assert_eq!(
            next.stops_at_prompt.is_some(),
            want == Timeout::Forever,
            "{line}"
        );
    }
}

#[test]
fn a_superuser_stops_every_entry_that_is_not_unrestricted() {
    let rows = [
        ("menuentry a { linux /k }\n", true),
        ("menuentry a --unrestricted { linux /k }\n", false),
        ("menuentry a --users bob { linux /k }\n", true),
        (
            "menuentry a --class x --unrestricted --id y { linux /k }\n",
            false,
        ),
    ];
    for (entry, stops) in rows {
        let text = format!("set timeout=0\nset superusers=\"root\"\n{entry}");
        assert_eq!(run(&text, None).stops_at_prompt.is_some(), stops, "{entry}");
        let text = format!("set timeout=0\n{entry}");
        assert!(run(&text, None).stops_at_prompt.is_none(), "{entry}");
    }
}

#[test]
fn fallback_numbers_are_kept_in_order() {
    let next = run(
        &format!("set fallback=\"2 1 x 3\"\nset timeout=1\n{MENU}"),
        None,
    );
    assert_eq!(next.fallback, [2, 1]);
}
