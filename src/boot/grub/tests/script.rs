//! What scripts do to entries.

use super::{Files, chosen, env, facts, run};
use crate::boot::grub::{Dialect, GrubFacts, grub};
use crate::boot::{Entry, Loader, NextBoot, ProblemKind, RootSpec, Timeout};
use crate::text::File;

fn entry(text: &str) -> Entry {
    run(&format!("set timeout=0\n{text}"), None).entry.unwrap()
}

fn with_files(text: &str, files: &[(&str, &str)], dialect: Dialect) -> NextBoot {
    let main = File::new("/boot/grub/grub.cfg", text);
    grub(&main, None, &Files::with(files), &facts(dialect))
}

#[test]
fn kernel_initrds_and_command_line_are_given_as_written() {
    let entry = entry(
        "menuentry a {\n search --no-floppy --fs-uuid --set=root 11-22\n \
         linux /vmlinuz root=UUID=33 ro 'a b' c=\\\"d\n initrd /ucode.img /initrd.img\n}\n",
    );
    let kernel = entry.kernel.unwrap();
    assert_eq!(kernel.path, b"/vmlinuz");
    assert_eq!(kernel.root.spec, RootSpec::Uuid(b"11-22".to_vec()));
    assert_eq!(kernel.root.otherwise, Some(RootSpec::Loader));
    assert_eq!(
        entry.cmdline.unwrap().text,
        b"root=UUID=33 ro \"a b\" c=\\\"d"
    );
    let initrds: Vec<&[u8]> = entry.initrds.iter().map(|i| i.path.as_slice()).collect();
    assert_eq!(initrds, [&b"/ucode.img"[..], b"/initrd.img"]);
}

#[test]
fn the_search_names_the_file_system_in_every_form() {
    let rows = [
        ("search -u 11 -s", RootSpec::Uuid(b"11".to_vec())),
        (
            "search --fs-uuid --set root 11",
            RootSpec::Uuid(b"11".to_vec()),
        ),
        ("search --fs-uuid --set 11", RootSpec::Uuid(b"11".to_vec())),
        (
            "search.fs_uuid 11 root hd0,gpt2",
            RootSpec::Uuid(b"11".to_vec()),
        ),
        (
            "search --label --set=root B",
            RootSpec::Label(b"B".to_vec()),
        ),
        (
            "search --file --set=root /x",
            RootSpec::Holding(b"/x".to_vec()),
        ),
        ("search --fs-uuid 11", RootSpec::Loader),
        ("search --fs-uuid --set=other 11", RootSpec::Loader),
        (
            "set root='hd0,msdos1'",
            RootSpec::Device(b"hd0,msdos1".to_vec()),
        ),
        ("root=hd1", RootSpec::Device(b"hd1".to_vec())),
        (
            "search --no-floppy --fs-uuid --set=root --hint-bios=hd0,gpt2 --hint='hd0,gpt2'  11",
            RootSpec::Uuid(b"11".to_vec()),
        ),
    ];
    for (line, want) in rows {
        let entry = entry(&format!("menuentry a {{ {line}\nlinux /k }}\n"));
        assert_eq!(entry.kernel.unwrap().root.spec, want, "{line}");
    }
    let entry = entry("menuentry a { linux (hd0,gpt2)/k }\n");
    let kernel = entry.kernel.unwrap();
    assert_eq!(kernel.path, b"/k");
    assert_eq!(kernel.root.spec, RootSpec::Device(b"hd0,gpt2".to_vec()));
}

#[test]
fn a_failed_search_leaves_the_device_set_before() {
    let entry =
        entry("menuentry a { set root='hd0,msdos1'\nsearch --fs-uuid --set=root 11\nlinux /k }\n");
    let root = entry.kernel.unwrap().root;
    assert_eq!(
        root.otherwise,
        Some(RootSpec::Device(b"hd0,msdos1".to_vec()))
    );
}

#[test]
fn every_loader_is_told_apart() {
    let rows = [
        ("linux16 /k", Loader::Linux("linux16".into())),
        ("linuxefi /k", Loader::Linux("linuxefi".into())),
        ("chainloader /EFI/x.efi", Loader::Chain),
        ("multiboot2 /xen.gz", Loader::Other("multiboot2".into())),
        ("fwsetup", Loader::Firmware),
        ("exit", Loader::Firmware),
        ("halt", Loader::PowerOff),
        ("true", Loader::Nothing),
        ("linux", Loader::Nothing),
        ("initrd /i", Loader::Nothing),
    ];
    for (line, want) in rows {
        assert_eq!(
            entry(&format!("menuentry a {{ {line}\n}}\n")).loader,
            want,
            "{line}"
        );
    }
}

#[test]
fn an_entry_that_loads_nothing_waits_at_the_menu() {
    let next = run("set timeout=0\nmenuentry a { true }\n", None);
    assert!(next.stops_at_prompt.is_some());
    assert!(
        next.problems
            .iter()
            .any(|p| p.kind == ProblemKind::NothingLoaded)
    );
}

#[test]
fn without_an_entry_grub_stops_at_its_command_line() {
    for (text, kind) in [
        ("", ProblemKind::Empty),
        ("\n\n", ProblemKind::Empty),
        ("set timeout=0\n", ProblemKind::NoEntries),
        ("menuentry a {\n linux /k\n", ProblemKind::Truncated),
        ("menuentry a 'b {\n linux /k\n}\n", ProblemKind::Truncated),
    ] {
        let next = run(text, None);
        assert!(next.entry.is_none(), "{text}");
        assert!(next.stops_at_prompt.is_some(), "{text}");
        assert!(next.problems.iter().any(|p| p.kind == kind), "{text}");
    }
}

#[test]
fn a_file_cut_in_its_second_entry_keeps_the_first() {
    let next = run(
        "set timeout=0\nmenuentry a { linux /k }\nmenuentry b {\nlinux",
        None,
    );
    assert_eq!(chosen(&next), "a");
    assert_eq!(next.entries.len(), 1);
    assert!(
        next.problems
            .iter()
            .any(|p| p.kind == ProblemKind::Truncated)
    );
}

#[test]
fn a_missing_end_mark_is_a_cut_file() {
    let whole = "### BEGIN /etc/grub.d/10_linux ###\nmenuentry a { linux /k }\n\
        ### END /etc/grub.d/10_linux ###\n";
    let kinds = |text: &str| -> bool {
        let next = run(&format!("set timeout=0\n{text}"), None);
        next.problems
            .iter()
            .any(|p| p.kind == ProblemKind::Truncated)
    };
    assert!(!kinds(whole));
    assert!(kinds(
        whole
            .split_inclusive('\n')
            .take(2)
            .collect::<String>()
            .as_str()
    ));
}

#[test]
fn a_syntax_error_drops_its_line_and_no_other() {
    let next = run(
        "set timeout=0\nset default=1 }\nmenuentry a { linux /k }\nmenuentry b { linux /l }\n",
        None,
    );
    assert_eq!(chosen(&next), "a");
    assert_eq!(
        next.problems
            .iter()
            .filter(|p| p.kind == ProblemKind::Syntax)
            .count(),
        1
    );
}

#[test]
fn a_second_id_is_reported() {
    let next = run(
        "set timeout=0\nmenuentry a --id x { linux /k }\nmenuentry b --id x { linux /l }\n",
        None,
    );
    assert!(
        next.problems
            .iter()
            .any(|p| p.kind == ProblemKind::DuplicateId)
    );
}

#[test]
fn a_condition_only_the_machine_knows_keeps_both_choices() {
    let next = run(
        "set timeout=0\nif cpuid -l; then set default=1; fi\nmenuentry a { linux /k }\nmenuentry b { linux /l }\n",
        None,
    );
    assert_eq!(chosen(&next), "b");
    assert!(!next.entry.unwrap().certain);
    assert_eq!(next.alternatives.len(), 1);
    assert_eq!(next.open.len(), 1);
    // The same question where it does not matter.
    let next = run(
        "set timeout=0\nif cpuid -l; then set x=1; fi\nmenuentry a { linux /k }\n",
        None,
    );
    assert!(next.entry.unwrap().certain);
    assert!(next.open.is_empty());
}

#[test]
fn an_unknown_platform_is_tried_both_ways() {
    let text = "set timeout=0\nmenuentry a {\nif [ \"$grub_platform\" = efi ]; then linuxefi /k\nelse linux16 /k; fi\n}\n";
    let main = File::new("/boot/grub/grub.cfg", text);
    let facts = GrubFacts {
        platform: None,
        ..facts(Dialect::Upstream)
    };
    let next = grub(&main, None, &Files::default(), &facts);
    assert_eq!(next.alternatives.len(), 1);
    assert_eq!(next.open.len(), 1);
}

#[test]
fn files_that_cannot_be_looked_at_leave_the_question_open() {
    let text = "set timeout=0\nif [ -e /boot/x ]; then set default=1; fi\nmenuentry a { linux /k }\nmenuentry b { linux /l }\n";
    let main = File::new("/boot/grub/grub.cfg", text);
    let blind = Files {
        blind: true,
        ..Files::default()
    };
    let next = grub(&main, None, &blind, &facts(Dialect::Upstream));
    assert_eq!(next.alternatives.len(), 1);
    assert_eq!(
        chosen(&with_files(text, &[("/boot/x", "")], Dialect::Upstream)),
        "b"
    );
    assert_eq!(chosen(&with_files(text, &[], Dialect::Upstream)), "a");
}

#[test]
fn a_stub_hands_over_to_the_configuration_it_names() {
    let stub =
        "search.fs_uuid 11-22 root\nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n";
    let real = "set timeout=4\nmenuentry a { linux /k }\n";
    let main = File::new("/EFI/debian/grub.cfg", stub);
    let facts = GrubFacts {
        prefix: "/EFI/debian".into(),
        ..facts(Dialect::Upstream)
    };
    let files = Files::with(&[("/boot/grub/grub.cfg", real)]);
    let next = grub(&main, None, &files, &facts);
    assert_eq!(chosen(&next), "a");
    assert_eq!(next.timeout, Timeout::Seconds(4));
    let root = next.entry.unwrap().kernel.unwrap().root;
    assert_eq!(root.spec, RootSpec::Uuid(b"11-22".to_vec()));
    let next = grub(&main, None, &Files::default(), &facts);
    assert!(
        next.problems
            .iter()
            .any(|p| p.kind == ProblemKind::FileMissing)
    );
    assert!(next.stops_at_prompt.is_some());
}

#[test]
fn custom_cfg_adds_its_entries_where_it_is_sourced() {
    let text = "set timeout=0\nset default=1\nmenuentry a { linux /k }\n\
        if [ -f  ${config_directory}/custom.cfg ]; then\n  source ${config_directory}/custom.cfg\nfi\n";
    let custom = [("/boot/grub/custom.cfg", "menuentry b { linux /l }\n")];
    assert_eq!(chosen(&with_files(text, &custom, Dialect::Upstream)), "b");
    assert_eq!(chosen(&with_files(text, &[], Dialect::Upstream)), "a");
}

#[test]
fn an_environment_block_is_read_as_grub_reads_it() {
    let env = env("saved_entry=a\\\\b\\\nc\n#hidden=1\nx=1\nx=2\nlast=3");
    assert_eq!(env.get(b"saved_entry").unwrap().value, b"a\\b\nc");
    assert_eq!(env.get(b"x").unwrap().value, b"2");
    assert!(env.get(b"hidden").is_none());
    assert!(env.get(b"last").is_none());
}
