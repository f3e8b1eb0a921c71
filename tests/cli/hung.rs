//! Storage that never answers.
//!
//! A FUSE file system whose server holds `/dev/fuse` open and never reads from it
//! is the purest dead mount: every look-up below it waits for ever in the kernel.

use std::time::Duration;

use super::support::{Call, NOW, PROGRAM, Root, Run, has, healthy, is_root, skip};

/// Mounts the dead file system over directories of the root, runs the program
/// below a private mount table, and lets everything go with it.
const SCRIPT: &str = r#"
root=$1 program=$2; shift 2
dead=$1; shift
exec 3<>/dev/fuse 4<>/dev/fuse || exit 99
fd=3
for dir in $dead; do
    mount -i -t fuse -o fd=$fd,rootmode=40000,user_id=0,group_id=0,allow_other \
        dead "$root/$dir" || exit 99
    fd=4
done
timeout -s KILL 40 "$program" "$@" 3<&- 4<&-
"#;

/// Runs the program with dead mounts; `None` where they cannot be made.
fn with_dead(root: &Root, dead: &str, args: &[&str]) -> Option<Run> {
    let tools = has("unshare") && has("mount") && has("bash") && has("timeout");
    if !is_root() || !tools || !std::path::Path::new("/dev/fuse").exists() {
        skip("needs root, unshare, mount and /dev/fuse for a mount that never answers");
        return None;
    }
    let at = root.path().to_str().unwrap();
    let mut words = vec!["-m", "bash", "-c", SCRIPT, "bash", at, PROGRAM, dead];
    words.extend(args);
    let run = Call::of("unshare", words).run();
    if run.code == 99 || run.stderr.contains("unshare failed") {
        skip(&format!("no FUSE mount here: {}", run.stderr.trim()));
        return None;
    }
    Some(run)
}

/// What a run may take beyond its deadline in a debug build on a busy machine.
const SLACK: Duration = Duration::from_secs(3);

#[test]
fn a_mount_that_never_answers_is_undecided_in_time_and_named() {
    let root = healthy();
    root.dir("var/spool/cron");
    let at = root.path().to_str().unwrap().to_owned();
    let args = ["check", &at, "--now", NOW, "--deadline", "3s"];
    let Some(run) = with_dead(&root, "etc/keepalived var/spool/cron", &args) else {
        return;
    };
    let took = run.took;
    run.ends(4)
        .says("UNDECIDED")
        .says("/var/spool/cron/tabs: not read before the deadline")
        .says("could not decide: keepalived drops a");
    assert!(took < Duration::from_secs(4) + SLACK, "{took:?}");
}

#[test]
fn a_dead_spool_is_named_too() {
    let root = healthy();
    root.dir("var/spool/cron");
    let at = root.path().to_str().unwrap().to_owned();
    let args = ["check", &at, "--now", NOW, "--deadline", "3s"];
    let Some(run) = with_dead(&root, "var/spool/cron", &args) else {
        return;
    };
    run.ends(4).says("/var/spool/cron");
}

#[test]
fn without_a_deadline_a_dead_mount_is_given_up_after_a_few_tries() {
    let root = healthy();
    let at = root.path().to_str().unwrap().to_owned();
    let args = ["check", &at, "--now", NOW];
    let Some(run) = with_dead(&root, "etc/keepalived", &args) else {
        return;
    };
    let took = run.took;
    run.ends(4)
        .says("/etc/keepalived/keepalived.conf: not read before the deadline");
    assert!(took < Duration::from_secs(12) + SLACK, "{took:?}");
}

#[test]
fn a_guard_before_a_dead_mount_starts_nothing_in_time() {
    let root = healthy();
    let at = root.path().to_str().unwrap().to_owned();
    let args = ["guard", &at, "--deadline", "2s", "--", "echo", "started"];
    let Some(run) = with_dead(&root, "etc", &args) else {
        return;
    };
    assert_eq!(run.stdout, "");
    let took = run.took;
    run.ends(4).complains("not started");
    assert!(took < Duration::from_secs(3) + SLACK, "{took:?}");
}

#[test]
fn a_root_that_never_answers_ends_in_time() {
    let root = healthy();
    let at = root.path().to_str().unwrap().to_owned();
    let args = ["check", &at, "--now", NOW, "--deadline", "2s"];
    let Some(run) = with_dead(&root, ".", &args) else {
        return;
    };
    let took = run.took;
    run.ends(4).complains("no answer before the deadline");
    assert!(took < Duration::from_secs(3) + SLACK, "{took:?}");
}

#[test]
fn a_dead_mount_beside_the_tree_does_not_matter() {
    let place = Root::new();
    place.dir("dead");
    let root = healthy();
    let at = root.path().to_str().unwrap().to_owned();
    let args = ["check", &at, "--now", NOW, "--deadline", "20s"];
    let Some(run) = with_dead(&place, "dead", &args) else {
        return;
    };
    run.ends(0).says("CLEAR");
}
