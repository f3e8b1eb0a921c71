//! Trees made to hang, to crash, to mislead or to escape from.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;
use std::time::Duration;

use super::support::{Call, HEALTHY, NOW, PROGRAM, Root, has, healthy, is_root, skip};

/// Ample for a debug build on a busy machine; a hang takes for ever.
const SOON: Duration = Duration::from_mins(1);

/// Every status but a crash.
const ANSWERS: [i32; 5] = [0, 1, 2, 3, 4];

#[track_caller]
fn answers(root: &Root) -> super::support::Run {
    let run = root.check(&[]);
    assert!(ANSWERS.contains(&run.code), "{}\n{}", run.code, run.stderr);
    assert!(run.took < SOON, "{:?}", run.took);
    let control = run.stdout.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(control, None, "{}", run.stdout);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    run
}

#[test]
fn a_fifo_in_place_of_any_file_does_not_block() {
    for (path, _, _) in HEALTHY {
        let root = healthy();
        root.remove(path).fifo(path);
        answers(&root);
    }
}

#[test]
fn a_directory_in_place_of_any_file_is_answered() {
    for (path, _, _) in HEALTHY {
        let root = healthy();
        root.remove(path).dir(path);
        answers(&root);
    }
}

#[test]
fn a_link_to_an_endless_device_of_this_machine_is_not_followed() {
    for (path, _, _) in HEALTHY {
        let root = healthy();
        root.remove(path).link(path, "/dev/zero");
        answers(&root);
        let root = healthy();
        root.remove(path)
            .link(path, "../../../../../../../../dev/zero");
        answers(&root);
    }
}

#[test]
fn an_endless_device_inside_the_tree_is_not_opened() {
    if !is_root() {
        skip("needs root to make a device");
        return;
    }
    for path in [
        "etc/crontab",
        "etc/keepalived/keepalived.conf",
        "etc/os-release",
    ] {
        let root = healthy();
        root.remove(path);
        let device = root.at(path);
        let made = Command::new("mknod")
            .arg(&device)
            .args(["c", "1", "5"])
            .status();
        assert!(made.unwrap().success());
        answers(&root);
    }
    let root = healthy();
    let config = "etc/keepalived/keepalived.conf";
    root.remove(config);
    let device = root.at(config);
    let made = Command::new("mknod")
        .arg(&device)
        .args(["c", "1", "5"])
        .status();
    assert!(made.unwrap().success());
    answers(&root).ends(4).says("is a character device");
}

#[test]
fn a_link_loop_is_answered() {
    for (path, _, _) in HEALTHY {
        let root = healthy();
        root.remove(path).link(path, format!("/{path}"));
        answers(&root);
    }
    let root = healthy();
    root.remove("usr/sbin/init").link("usr/sbin/init", "init");
    answers(&root).ends(1).says("a loop");
}

#[test]
fn links_that_lead_out_are_resolved_inside() {
    // Above the tree stands an init; inside stands none.
    let above = Root::new();
    above
        .file_mode("sbin/real-init", super::support::ELF, 0o755)
        .file("etc/passwd", "root:x:0:0::/:/bin/sh\n");
    let inside = above.at("tree");
    for target in [
        above.at("sbin/real-init"),
        "../../sbin/real-init".into(),
        "../../../../../../../../../../sbin/init".into(),
        "/usr/lib/systemd/systemd".into(),
    ] {
        let _ = std::fs::remove_dir_all(&inside);
        above
            .file("tree/etc/inittab", "id:2:initdefault:\n")
            .link("tree/sbin/init", &target);
        let at = inside.to_str().unwrap();
        super::support::comeback(["check", at, "--now", NOW])
            .ends(1)
            .says("block[init-missing]");
    }
}

#[test]
fn nothing_outside_the_tree_is_opened() {
    if !has("strace") {
        skip("needs strace to see what is opened");
        return;
    }
    let outside = Root::new();
    outside.file("secret", "* * * * * root /sbin/reboot\n");
    let root = healthy();
    root.link("etc/cron.d/absolute", outside.at("secret"))
        .link("etc/cron.d/relative", "../../../../../../../../etc/passwd")
        .link("etc/cron.d/up", "../../..")
        .link("var/spool/cron/crontabs", outside.path())
        .link("etc/systemd", "/etc/systemd")
        .remove("etc/hostname")
        .link("etc/hostname", "/proc/self/environ");
    let log = outside.at("log");
    let at = root.path().to_str().unwrap();
    let args = [
        "-f",
        "-e",
        "trace=open,openat,openat2,readlink,readlinkat",
        "-o",
        log.to_str().unwrap(),
        PROGRAM,
        "check",
        at,
        "--now",
        NOW,
    ];
    let run = Call::of("strace", args).run();
    if run.stderr.contains("ptrace") {
        skip("strace may not trace here");
        return;
    }
    assert!(ANSWERS.contains(&run.code), "{}\n{}", run.code, run.stderr);
    let log = std::fs::read_to_string(log).unwrap();
    let absolute = log
        .lines()
        .filter(|line| line.contains("AT_FDCWD, \"/") || line.contains("open(\"/"));
    let foreign: Vec<&str> = absolute
        .filter(|line| {
            let own = [
                format!("\"{at}\""),
                format!("\"{at}/"),
                "\"/proc/".into(),
                "\"/sys/fs/cgroup".into(),
                "\"/etc/ld.so".into(),
                "\"/lib".into(),
                "\"/usr/lib".into(),
            ];
            !own.iter().any(|own| line.contains(own.as_str()))
        })
        .collect();
    assert_eq!(foreign, Vec::<&str>::new());
    // What is opened below the root's descriptor cannot leave it.
    let below = log.lines().filter(|line| line.contains("openat2("));
    for line in below {
        assert!(line.contains("RESOLVE_IN_ROOT"), "{line}");
        assert!(line.contains("RESOLVE_NO_SYMLINKS"), "{line}");
    }
}

#[test]
fn names_of_any_bytes_are_answered_and_never_reach_the_terminal() {
    let root = healthy();
    let names: [&[u8]; 7] = [
        b"new\nline",
        b"esc\x1b[2J\x1b]0;owned\x07",
        b"raw\xff\xfe\x80",
        b"bell\x07back\x08",
        "bidi\u{202e}txt".as_bytes(),
        b"-rf",
        b"a b'c\"d$e`f",
    ];
    for name in names {
        for dir in [
            "etc/cron.d",
            "var/spool/cron/crontabs",
            "etc/rc2.d",
            "etc/systemd/system/multi-user.target.wants",
            "boot",
        ] {
            let mut path = std::path::PathBuf::from(dir);
            path.push(OsStr::from_bytes(name));
            root.file(path, "* * * * * root /sbin/reboot\n");
        }
    }
    answers(&root);
    for command in ["triggers", "facts"] {
        let run = root.call(command, &[]).run();
        assert!(ANSWERS.contains(&run.code));
        let control = run.stdout.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(control, None, "{}", run.stdout);
    }
    for format in ["brief", "json", "jsonl"] {
        let run = root.check(&["--format", format]);
        let control = run.stdout.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(control, None, "{format}");
    }
}

#[test]
fn a_root_of_a_hostile_name_is_shown_harmlessly() {
    let place = Root::new();
    let name = OsStr::from_bytes(b"box\x1b[2J\n\xff");
    let root = place.path().join(name);
    std::fs::create_dir_all(root.join("etc/cron.d")).unwrap();
    std::fs::write(root.join("etc/cron.d/x"), "* * * * * root reboot\n").unwrap();
    for format in ["text", "brief", "json"] {
        let args = [
            "check".as_ref(),
            root.as_os_str(),
            "--format".as_ref(),
            format.as_ref(),
        ];
        let run = Call::new(args).run().ends(0);
        assert!(!run.stdout.contains('\x1b'), "{}", run.stdout);
    }
    let missing = root.join("none");
    let run = Call::new(["check".as_ref(), missing.as_os_str()])
        .run()
        .ends(3);
    assert!(!run.stderr.contains('\x1b'), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1);
}

#[test]
fn hostile_text_in_facts_is_escaped_everywhere() {
    let root = healthy();
    root.file(
        "etc/os-release",
        "ID=\"\x1b[2J\"\nPRETTY_NAME=\"\x1b]0;owned\x07\"\n",
    )
    .file("etc/hostname", "\x1b[2Jgw\n")
    .file("etc/timezone", "\x1b[2J\n")
    .file(
        "var/lib/dpkg/status",
        "Package: \x1b[2J\nStatus: install ok half-installed\nVersion: \x1b[0m\n\n",
    )
    .file(
        "etc/cron.d/x",
        "* * * * * \x1b[31m /sbin/reboot\n99 \x1b[2J * * * root x\n",
    )
    .file(
        "etc/keepalived/keepalived.conf",
        "vrrp_instance \x1b[2J {\n  notify \"/etc/\x1b[31m.sh\"\n  bogus \x1b[0m\n}\n",
    );
    answers(&root);
    let run = root.call("facts", &[]).run().ends(0);
    assert!(!run.stdout.contains('\x1b'), "{:?}", run.stdout);
}

#[test]
fn a_file_over_the_limit_is_undecided_and_says_so() {
    let root = healthy();
    // Sparse: no byte of it is on the disk.
    let file = std::fs::File::create(root.at("etc/crontab")).unwrap();
    file.set_len(100 << 20).unwrap();
    answers(&root)
        .ends(4)
        .says("/etc/crontab: over a limit: larger than");
}

#[test]
fn a_single_line_of_many_megabytes_is_answered() {
    let root = healthy();
    let mut line = b"5 4 * * * root ".to_vec();
    line.extend(std::iter::repeat_n(b'x', 20 << 20));
    root.file("etc/crontab", &line)
        .file("etc/keepalived/keepalived.conf", &line)
        .file("etc/passwd", &line);
    answers(&root);
}

#[test]
fn a_directory_of_a_hundred_thousand_files_is_answered() {
    let root = healthy();
    for n in 0..100_000 {
        std::fs::File::create(root.at(format!("etc/cron.d/f{n}"))).unwrap();
    }
    answers(&root).ends(0);
}

#[test]
fn directories_nested_as_deep_as_a_path_can_be_are_answered() {
    let root = healthy();
    let mut deep = String::from("etc/conf.d");
    for _ in 0..400 {
        deep.push_str("/deeper");
    }
    root.dir(&deep).file(format!("{deep}/x.dpkg-new"), "");
    answers(&root).ends(0);
}

#[test]
fn hard_links_to_one_file_are_answered() {
    let root = healthy();
    for n in 0..100 {
        let link = root.at(format!("etc/cron.d/l{n}"));
        std::fs::hard_link(root.at("etc/cron.d/backup"), link).unwrap();
    }
    answers(&root);
}

#[test]
fn a_configuration_that_includes_itself_is_answered() {
    let root = healthy();
    let text = "include /etc/keepalived/keepalived.conf\ninclude /etc/keepalived/*.conf\n";
    root.file("etc/keepalived/keepalived.conf", text)
        .file("etc/keepalived/b.conf", text)
        .file("etc/keepalived/c.conf", text);
    answers(&root);
}

#[test]
fn scripts_that_call_themselves_are_answered() {
    let root = healthy();
    root.file_mode(
        "usr/local/bin/loop",
        "#!/bin/sh\n. /usr/local/bin/loop\n/usr/local/bin/loop\n",
        0o755,
    )
    .file_mode(
        "usr/local/bin/fork",
        "#!/bin/sh\nf() { f | f & }; f\n",
        0o755,
    )
    .file_mode(
        "usr/local/bin/spin",
        "#!/bin/sh\nwhile :; do :; done; reboot\n",
        0o755,
    )
    .file(
        "etc/cron.d/x",
        "1 1 * * * root /usr/local/bin/loop\n1 1 * * * root /usr/local/bin/fork\n\
             1 1 * * * root /usr/local/bin/spin\n",
    );
    answers(&root);
}

#[test]
fn thousands_of_bad_lines_take_seconds_not_hours() {
    for line in [
        "99 3 * * * root x\n",
        "1 3 * * * root /sbin/reboot\n",
        "1 3 31 2 * root x\n",
    ] {
        let root = healthy();
        root.file("etc/cron.d/many", line.repeat(3_000));
        answers(&root);
    }
}

#[test]
fn a_file_that_shrinks_or_vanishes_while_it_is_read_is_answered() {
    let root = healthy();
    let path = root.at("etc/cron.d/moving");
    let stop = std::sync::atomic::AtomicBool::new(false);
    let line = "5 4 * * * root /usr/bin/backup\n";
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                std::fs::write(&path, line.repeat(50_000)).unwrap();
                std::fs::write(&path, line).unwrap();
                std::fs::remove_file(&path).unwrap();
            }
        });
        for _ in 0..20 {
            let run = root.check(&[]);
            assert!(ANSWERS.contains(&run.code), "{}\n{}", run.code, run.stderr);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
