//! `snapshot`, and what other commands make of one.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::{NOW, Root, blocked, comeback, healthy, undecided};

const KINDS: [fn() -> Root; 3] = [healthy, blocked, undecided];

/// A snapshot of `root` below `dir`.
#[track_caller]
fn take(root: &Root, dir: &Root, name: &str) -> String {
    let to = dir.at(name).display().to_string();
    root.call("snapshot", &["-o", &to]).run().ends(0);
    to
}

/// What a report says of its hosts.
#[track_caller]
fn hosts(report: &str) -> serde_json::Value {
    let mut report: serde_json::Value = serde_json::from_str(report).unwrap();
    report["hosts"].take()
}

#[test]
fn a_check_of_a_snapshot_says_what_the_check_of_its_tree_says() {
    let dir = Root::new();
    for (number, make) in KINDS.iter().enumerate() {
        let root = make();
        for packing in ["json", "json.zst", "json.gz"] {
            let snapshot = take(&root, &dir, &format!("{number}.{packing}"));
            let first = root.check(&["--audit", "--format", "json"]);
            let second = comeback(["check", &snapshot, "--audit", "--format", "json"]);
            assert_eq!(second.code, first.code);
            assert_eq!(hosts(&second.stdout), hosts(&first.stdout), "{snapshot}");
        }
    }
}

#[test]
fn a_snapshot_is_for_its_owner_alone_and_has_no_secret() {
    let (root, dir) = (healthy(), Root::new());
    root.file(
        "etc/shadow",
        "root:$6$salt$verysecrethash:19000:0:99999:7:::\n",
    );
    root.file(
        "etc/cron.d/job",
        "TOKEN=verysecrettoken\n1 2 * * * root /usr/bin/backup\n",
    );
    let snapshot = take(&root, &dir, "x.json");
    let mode = std::fs::metadata(&snapshot).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let text = std::fs::read_to_string(&snapshot).unwrap();
    assert!(text.contains("TOKEN="));
    assert!(!text.contains("verysecret"));
    let first = root.check(&["--format", "json"]);
    let second = comeback(["check", &snapshot, "--format", "json"]);
    assert_eq!(hosts(&second.stdout), hosts(&first.stdout));
}

#[test]
fn hosts_may_be_snapshots_and_each_speaks_of_its_own_name() {
    let dir = Root::new();
    dir.dir("hosts");
    take(&healthy(), &dir, "hosts/one.json");
    take(&blocked(), &dir, "hosts/two.json.zst");
    let pattern = dir.at("hosts/*").display().to_string();
    let run = comeback(["check", "--hosts", &pattern]).ends(1);
    run.says("1 blocked, 1 clear");
}

#[test]
fn a_tree_is_compared_with_a_snapshot_of_what_it_was() {
    let (root, dir) = (healthy(), Root::new());
    let snapshot = take(&root, &dir, "before.json");
    root.check(&["--against", &snapshot]).ends(0);
    root.remove("usr/sbin/init");
    let run = root.check(&["--against", &snapshot]).ends(1);
    run.says("block[init-missing] new");
}

#[test]
fn what_is_no_snapshot_or_one_for_another_use_is_refused() {
    let (root, dir) = (healthy(), Root::new());
    let snapshot = take(&root, &dir, "x.json");
    for (args, complaint) in [
        (&["guard", &snapshot][..], "a snapshot is how a box was"),
        (&["check", &snapshot, "--tree", "full"], "which says itself"),
        (&["snapshot", &snapshot], "not a directory"),
    ] {
        comeback(args).ends(2).complains(complaint);
    }
    let text = std::fs::read_to_string(&snapshot).unwrap();
    for (content, complaint) in [
        (
            text.replace("snapshot/1", "snapshot/9"),
            "its schema is comeback.snapshot/9",
        ),
        (text[..text.len() / 2].to_owned(), "no snapshot: EOF"),
        ("hello\n".to_owned(), "neither a directory nor a snapshot"),
        ("{}".to_owned(), "no snapshot: missing field `schema`"),
    ] {
        dir.file("y.json", content);
        let path = dir.at("y.json");
        comeback([Path::new("check"), &path])
            .ends(2)
            .complains(complaint);
    }
    let none = dir.at("none.json").display().to_string();
    comeback(["check", &none, "--now", NOW]).ends(3);
}
