//! Baselines: what is known does not decide, and the file only shrinks.

use super::support::{Call, Root, comeback};

/// `comeback baseline ACTION` over the hosts of a repository.
fn baseline(root: &Root, action: &str, more: &[&str]) -> super::support::Run {
    let hosts = ["--hosts", "hosts/*", "--now", super::support::NOW];
    let words = [&["baseline", action], &hosts[..], more].concat();
    Call::new(words).within(root.path()).run()
}

#[test]
fn a_baseline_holds_what_is_known_and_only_shrinks() {
    let root = Root::new();
    let job = "15 3 * * * root /sbin/reboot\n";
    root.file("hosts/a/etc/cron.d/night", job);
    root.file("hosts/b/etc/cron.d/day", "5 4 * * * root /usr/bin/true\n");
    let check = |more: &[&str]| {
        let args = ["check", "--hosts", "hosts/*", "--now", super::support::NOW];
        let words = [&args[..], &["--fail-on", "note"], more].concat();
        Call::new(words).within(root.path()).run()
    };
    let old = ["--baseline", "comeback.baseline"];
    check(&[]).ends(1);
    check(&old).ends(2).complains("no such file");
    baseline(&root, "write", &[]).ends(0);
    let text = std::fs::read_to_string(root.at("comeback.baseline")).unwrap();
    assert!(
        text.starts_with("# comeback baseline 1; written 2026-08-24 by"),
        "{text}"
    );
    assert!(text.contains("\na  trigger-"), "{text}");
    assert!(
        text.lines()
            .skip(1)
            .all(|line| line.ends_with("since=2026-08-24"))
    );
    check(&old).ends(0);
    baseline(&root, "check", &[]).ends(0);
    // Lines move: the same. Another job: new, and not taken in by itself.
    root.file("hosts/a/etc/cron.d/night", format!("# a\n# b\n{job}"));
    check(&old).ends(0);
    root.file("hosts/b/etc/cron.d/night", job);
    check(&old).ends(1);
    baseline(&root, "write", &[])
        .ends(1)
        .complains("not added without --add: b trigger-");
    check(&old).ends(1);
    baseline(&root, "write", &["--add"]).ends(0);
    check(&old).ends(0);
    // Gone: told, and taken out.
    root.remove("hosts/a/etc/cron.d/night");
    root.file("hosts/a/etc/cron.d/day", "5 4 * * * root /usr/bin/true\n");
    baseline(&root, "check", &[])
        .ends(1)
        .complains("no longer found: a trigger-");
    baseline(&root, "write", &[]).ends(0);
    baseline(&root, "check", &[]).ends(0);
    let text = std::fs::read_to_string(root.at("comeback.baseline")).unwrap();
    assert!(!text.contains("\na  "), "{text}");
    baseline(&root, "check", &["--add"]).ends(2);
    root.file("comeback.baseline", "a b\n");
    check(&old)
        .ends(2)
        .complains("comeback.baseline:1: needs HOST RULE");
}

#[test]
fn what_blocks_is_in_no_baseline_and_the_guard_takes_none() {
    let root = Root::new();
    root.file("hosts/a/etc/passwd", "root:x:0:0::/:/bin/sh\n");
    root.file("hosts/a/etc/cron.d/job", "5 4 * * * root true\n");
    let hosts = ["--hosts", "hosts/*", "--now", super::support::NOW];
    let call = |first: &[&str], more: &[&str]| {
        let words = [first, &hosts[..], more].concat();
        Call::new(words).within(root.path()).run()
    };
    call(&["check"], &["--tree", "full"]).ends(1);
    call(&["baseline", "write"], &["--tree", "full"]).ends(0);
    let text = std::fs::read_to_string(root.at("comeback.baseline")).unwrap();
    assert!(!text.contains("init-missing"), "{text}");
    let old = ["--tree", "full", "--baseline", "comeback.baseline"];
    call(&["check"], &old).ends(1);
    root.file(
        "comeback.baseline",
        "a init-missing init since=2026-08-24\n",
    );
    call(&["check"], &old).ends(1).says("block[init-missing]");
    comeback(["guard", "--baseline", "x"]).ends(2);
}
