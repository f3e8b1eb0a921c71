//! What a site declares, on this very machine.

use super::support::{Root, comeback, healthy};

/// A policy with one check, which leaves a mark where it runs.
fn policy(dir: &Root, mode: u32) -> String {
    let mark = dir.at("mark").display().to_string();
    let script = format!("echo ran >> {mark}; echo 90 s behind; exit 1");
    let text = format!(
        "[[declared.check]]\nname = \"lag\"\ncommand = [\"/bin/sh\", \"-c\", \"{script}\"]\n"
    );
    dir.file_mode("comeback.toml", text, mode);
    dir.at("comeback.toml").display().to_string()
}

/// How often the check ran.
fn marks(dir: &Root) -> usize {
    let text = std::fs::read_to_string(dir.at("mark"));
    text.map_or(0, |text| text.lines().count())
}

/// A report without its line breaks.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const SELECT: [&str; 2] = ["--select", "declared-check-failed"];

#[test]
fn a_check_of_the_site_runs_once_on_this_machine_and_on_no_tree() {
    let dir = Root::new();
    let config = policy(&dir, 0o644);
    let args = ["check", SELECT[0], SELECT[1], "--config", &config];
    let run = comeback(args).ends(1);
    let said = flat(&run.stdout);
    assert!(said.contains("check \"lag\" fails: 90 s behind"), "{said}");
    assert!(
        said.contains(&format!("declared at {config}:1:1")),
        "{said}"
    );
    assert_eq!(marks(&dir), 1);
    let mut with = args.to_vec();
    with.push("--no-probe");
    comeback(&with).ends(3);
    let tree = healthy();
    tree.check(&[SELECT[0], SELECT[1], "--config", &config])
        .ends(3);
    assert_eq!(marks(&dir), 1);
}

#[test]
fn a_policy_that_others_can_write_runs_nothing_and_is_undecided() {
    let dir = Root::new();
    let config = policy(&dir, 0o666);
    let run = comeback(["check", SELECT[0], SELECT[1], "--config", &config]).ends(4);
    let said = flat(&run.stdout);
    assert!(said.contains("was not run: "), "{said}");
    assert!(
        said.contains("can be written by others than its owner"),
        "{said}"
    );
    assert_eq!(marks(&dir), 0);
}

#[test]
fn what_is_declared_is_shown_with_its_place() {
    let dir = Root::new();
    let config = policy(&dir, 0o644);
    let said = comeback(["config", "--config", &config]).ends(0).stdout;
    assert!(said.contains("declared.check = { name = \"lag\""), "{said}");
    assert!(said.contains("comeback.toml:1:1"), "{said}");
    assert_eq!(marks(&dir), 0);
}
