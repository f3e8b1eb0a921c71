//! What an ordinary user is told about a root that only root may read.

use std::path::{Path, PathBuf};

use super::support::{Call, NOW, PROGRAM, Root, Run, has, healthy, is_root, skip};

/// Runs `comeback check ROOT` as nobody; `None` where that cannot be set up.
fn as_nobody(root: &Root, command: &str, more: &[&str]) -> Option<Run> {
    if !is_root() || !has("setpriv") {
        skip("needs root and setpriv to become an ordinary user");
        return None;
    }
    // The build's own folder may be closed to strangers.
    let place = Root::new();
    let program: PathBuf = place.at("comeback");
    // Not by this process: what another test starts meanwhile would hold the copy open for
    // writing, and nobody could run it.
    let copied = Call::of("cp", [Path::new(PROGRAM), &program]).run();
    assert_eq!(copied.code, 0, "{}", copied.stderr);
    let mut args = vec![
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        program.to_str().unwrap(),
        command,
        root.path().to_str().unwrap(),
        "--now",
        NOW,
    ];
    args.extend(more);
    Some(Call::of("setpriv", args).run())
}

#[test]
fn what_is_open_to_all_is_judged_by_all() {
    let Some(run) = as_nobody(&healthy(), "check", &[]) else {
        return;
    };
    run.ends(0).says("CLEAR");
}

#[test]
fn a_closed_etc_and_spool_are_undecided_and_named() {
    let root = healthy();
    root.dir("var/spool/cron/crontabs")
        .mode("var/spool/cron/crontabs", 0o700)
        .mode("etc", 0o700);
    let Some(run) = as_nobody(&root, "check", &[]) else {
        return;
    };
    run.ends(4)
        .says("UNDECIDED")
        .says("/etc/crontab: permission denied")
        .says("/var/spool/cron/crontabs: permission denied")
        .says("/etc/comeback/comeback.toml: permission denied")
        .says("fix: run as root to decide")
        .says("policy: not read");
    let json = as_nobody(&root, "check", &["--format", "json"]).unwrap();
    let json = json.ends(4).json();
    assert_eq!(json["verdict"], "undecided");
    let unread = json["run"]["policy"]["unread"].as_str().unwrap();
    assert_eq!(unread, "/etc/comeback/comeback.toml: permission denied");
    let guard = as_nobody(&root, "guard", &["--", "true"]).unwrap().ends(4);
    guard.complains("not started");
    // Root sees that nothing is wrong.
    root.check(&[]).ends(0);
}

#[test]
fn a_closed_spool_alone_is_undecided() {
    let root = healthy();
    root.dir("var/spool/cron/crontabs")
        .mode("var/spool/cron/crontabs", 0o700);
    for command in ["check", "triggers"] {
        let Some(run) = as_nobody(&root, command, &[]) else {
            return;
        };
        run.ends(4).says("/var/spool/cron/crontabs");
    }
}

#[test]
fn an_unreadable_sbin_leaves_the_init_undecided_not_missing() {
    for closed in ["usr/sbin", "usr"] {
        let root = healthy();
        root.mode(closed, 0o700);
        let Some(run) = as_nobody(&root, "check", &[]) else {
            return;
        };
        run.ends(4)
            .says("init-missing")
            .says("/sbin/init: permission denied")
            .never_says("block[");
        root.mode(closed, 0o755);
    }
}

#[test]
fn an_unreadable_init_is_undecided_not_missing() {
    let root = healthy();
    root.mode("usr/sbin/init", 0o700);
    let Some(run) = as_nobody(&root, "check", &[]) else {
        return;
    };
    run.ends(4)
        .says("/sbin/init: permission denied")
        .never_says("block[");
}

#[test]
fn every_file_closed_to_strangers_keeps_the_verdict_from_being_clear_or_is_not_needed() {
    // Whatever cannot be read is never taken for absent: no file turns a clear
    // root into one that is blocked, or a blocked one into one that is clear.
    if !is_root() {
        skip("needs root");
        return;
    }
    for (path, _, _) in super::support::HEALTHY {
        let root = healthy();
        root.mode(path, 0o000);
        let run = as_nobody(&root, "check", &[]).unwrap();
        // A program's missing x bit is a fact that anybody can see.
        let program =
            path.starts_with("usr/") || path.contains("init.d") || path.contains("notify.sh");
        assert!(
            [0, 4].contains(&run.code) || program,
            "{path}: {}\n{}",
            run.code,
            run.stdout
        );
        let blocked = healthy();
        blocked.remove("usr/sbin/init");
        if path == "usr/sbin/init" {
            continue;
        }
        blocked.mode(path, 0o000);
        let run = as_nobody(&blocked, "check", &[]).unwrap();
        assert!(
            [1, 4].contains(&run.code),
            "{path}: {}\n{}",
            run.code,
            run.stdout
        );
    }
}

#[test]
fn a_root_that_may_not_be_entered_is_said() {
    let root = healthy();
    root.mode("", 0o700);
    let Some(run) = as_nobody(&root, "check", &[]) else {
        return;
    };
    run.ends(4).says("permission denied");
}
