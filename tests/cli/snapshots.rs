//! `snapshot`, and what other commands make of one.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::{NOW, Root, blocked, comeback, healthy, undecided};

const KINDS: [fn() -> Root; 4] = [healthy, blocked, undecided, with_initrd];

/// An entry of a cpio archive ("newc").
fn entry(name: &str, mode: u32, content: &[u8]) -> Vec<u8> {
    let (named, len) = (name.len() + 1, content.len());
    let fields = [0, mode, 0, 0, 1, 0, u32::try_from(len).unwrap(), 0, 0, 0, 0];
    let mut out = b"070701".to_vec();
    for field in fields.into_iter().chain([u32::try_from(named).unwrap(), 0]) {
        out.extend(format!("{field:08x}").bytes());
    }
    out.extend(name.bytes());
    out.push(0);
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend(content);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// A root with a boot loader, a kernel and an initrd in which a key lies.
fn with_initrd() -> Root {
    let root = healthy();
    root.file(
        "boot/grub/grub.cfg",
        "menuentry 'Debian' {\n  linux /boot/vmlinuz-6.1 root=/dev/sda1 ro\n  \
         initrd /boot/initrd.img-6.1\n}\n",
    );
    let mut kernel = vec![0; 0x8000];
    for (at, bytes) in [
        (0x1fe, &b"\x55\xaa"[..]),
        (0x202, b"HdrS\x0f\x02"),
        (0x20e, b"\0\x01"),
        (0x300, b"6.1 (builder@host) #1 SMP\0"),
    ] {
        kernel[at..at + bytes.len()].copy_from_slice(bytes);
    }
    root.file("boot/vmlinuz-6.1", kernel);
    let archive = [
        entry("conf", 0o40755, b""),
        entry(
            "conf/initramfs.conf",
            0o100_644,
            b"password=verysecretpass\n",
        ),
        entry("etc", 0o40755, b""),
        entry("etc/keyfile", 0o100_600, b"verysecretkeyofthedisk"),
        entry("init", 0o100_755, b"#!/bin/sh\n"),
        entry("scripts", 0o40755, b""),
        entry("scripts/functions", 0o100_644, b""),
        entry("TRAILER!!!", 0, b""),
    ];
    root.file("boot/initrd.img-6.1", archive.concat());
    root
}

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
fn of_an_initrd_a_snapshot_has_what_is_in_it_and_no_key() {
    let (root, dir) = (with_initrd(), Root::new());
    let snapshot = take(&root, &dir, "x.json");
    let text = std::fs::read_to_string(&snapshot).unwrap();
    assert!(text.contains("scripts/functions") && text.contains("etc/keyfile"));
    assert!(!text.contains("verysecret"));
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
        ("{}".to_owned(), "no snapshot: missing field `schema`"),
    ] {
        dir.file("y.json", content);
        let path = dir.at("y.json");
        comeback([Path::new("check"), &path])
            .ends(2)
            .complains(complaint);
    }
    // What is no snapshot at all is nothing to examine, as a missing root is.
    dir.file("y.json", "hello\n");
    let other = dir.at("y.json").display().to_string();
    comeback(["check", &other, "--now", NOW])
        .ends(3)
        .complains("not a directory, and no snapshot");
    let none = dir.at("none.json").display().to_string();
    comeback(["check", &none, "--now", NOW]).ends(3);
}

/// A snapshot of a running box: the lines of some of the kernel's files.
fn running(dir: &Root, name: &str, files: &[(&str, &str)]) -> String {
    let path = |(path, content): &(&str, &str)| {
        let meta = serde_json::json!({
            "kind": "file", "len": 0, "mode": 0o444, "uid": 0, "gid": 0,
            "nlink": 1, "mtime": 0, "dev": 1, "ino": 1,
        });
        let content = serde_json::json!({
            "end": content.len(), "pieces": [[0, content]],
        });
        serde_json::json!({ "path": path, "meta": meta, "content": content })
    };
    let dirs = [
        "/proc",
        "/proc/sys",
        "/proc/sys/kernel",
        "/proc/sys/kernel/random",
    ];
    let mut paths: Vec<serde_json::Value> = files.iter().map(path).collect();
    paths.extend(dirs.map(|dir| {
        let meta = serde_json::json!({
            "kind": "dir", "len": 0, "mode": 0o555, "uid": 0, "gid": 0,
            "nlink": 1, "mtime": 0, "dev": 1, "ino": 1,
        });
        serde_json::json!({ "path": dir, "meta": meta })
    }));
    let document = serde_json::json!({
        "schema": "comeback.snapshot/1", "comeback": "0.1.0", "taken": NOW,
        "host": "web1", "boot": null, "answers": [], "paths": paths,
        "tree": { "kind": "live", "owners": true },
    });
    dir.file(name, document.to_string());
    dir.at(name).display().to_string()
}

const BOOT: &str = "/proc/sys/kernel/random/boot_id";
const NAME: &str = "/proc/sys/kernel/hostname";

#[test]
fn verify_names_what_is_not_as_it_was_and_what_it_could_not_look_at_is_no_answer() {
    let dir = Root::new();
    let before = running(&dir, "a.json", &[(BOOT, "one\n"), (NAME, "web1\n")]);
    let same = running(&dir, "b.json", &[(BOOT, "two\n"), (NAME, "web1\n")]);
    let other = running(&dir, "c.json", &[(BOOT, "two\n"), (NAME, "localhost\n")]);
    let verify = |after: &str, more: &[&str]| {
        let only = "--select=verify-not-rebooted,verify-hostname-changed";
        let args = ["verify", &before, "--after", after, only];
        comeback(args.iter().chain(more))
    };
    verify(&same, &[]).ends(0).says("CLEAR");
    let run = verify(&other, &["--fail-on", "warn"]).ends(1);
    run.says("the box calls itself localhost; it was web1");
    let run = verify(&before, &[]).ends(1);
    run.says("this box has not rebooted since the snapshot was taken");
    // What neither of the two holds says nothing.
    let run = comeback([
        "verify",
        &before,
        "--after",
        &same,
        "--select=verify-swap-lost",
    ]);
    run.ends(3);
}

#[test]
fn verify_wants_a_snapshot_of_a_running_system() {
    let (root, dir) = (healthy(), Root::new());
    let offline = take(&root, &dir, "x.json");
    comeback(["verify", &offline])
        .ends(2)
        .complains("not of a running system");
    let none = dir.at("none.json").display().to_string();
    comeback(["verify", &none])
        .ends(3)
        .complains("no such snapshot");
    let folder = root.path().display().to_string();
    comeback(["verify", &folder])
        .ends(2)
        .complains("a directory, not a snapshot");
}
