//! Every file of a rich root, cut at every byte or filled with noise: the program
//! answers something each time, and a cut file never turns a blocker into CLEAR.

use std::path::PathBuf;

use comeback::facts::{Given, Host};
use comeback::policy::{Exit, Judgement, judge, worst};
use comeback::report::{
    Outcome, ShownHost, brief, github, gitlab, html, json, jsonl, junit, nagios, prometheus, sarif,
    text, triggers_json,
};
use comeback::rules::{Level, Selection, examine};
use comeback::source::{Coverage, FaultSource, Injected, Limits, MemSource, Source, Tree};
use comeback::time::Deadline;

use super::support::{HEALTHY, HEALTHY_LINKS, NOW};

/// More files than a healthy root has, so that every parser is reached.
const RICH: [(&str, &[u8], bool); 9] = [
    (
        "etc/cron.d/reboot",
        b"CRON_TZ=Europe/Berlin\nMAILTO=\"\"\n15 3 1-7/2,9 jan-mar sun root \
          test -e /run/x && { /sbin/shutdown -r now; }\n@reboot root /usr/local/bin/wrap\n",
        false,
    ),
    (
        "usr/local/bin/wrap",
        b"#!/bin/bash\nset -e\n. /etc/wrap.conf\nf() { case ${1:-x} in a*) reboot ;; esac; }\n\
          for i in 1 2 3; do [[ $i = 3 ]] && f \"$MODE\"; done\ncat <<EOF\n$(date)\nEOF\n",
        true,
    ),
    ("etc/wrap.conf", b"MODE='all'\n", false),
    (
        "var/spool/cron/crontabs/root",
        b"0 4 * * 1 /sbin/reboot\n",
        false,
    ),
    (
        "etc/systemd/system/multi-user.target.wants/x.service",
        b"[Service]\nExecStart=/bin/true\n",
        false,
    ),
    ("etc/runlevels/default/sshd", b"#!/sbin/openrc-run\n", true),
    ("etc/nsswitch.conf", b"passwd: files sss\n", false),
    ("etc/default/cron", b"EXTRA_OPTS=\"-l\"\n", false),
    (
        "proc/locks",
        b"1: POSIX ADVISORY WRITE 1 fe:00:12345 0 EOF\n",
        false,
    ),
];

fn rich() -> MemSource {
    let mut source = healthy_source();
    for (path, content, executable) in RICH {
        source.file_mode(path, content, if executable { 0o755 } else { 0o644 });
    }
    source
}

fn healthy_source() -> MemSource {
    let mut source = MemSource::new();
    for (path, content, executable) in HEALTHY {
        source.file_mode(path, content, if executable { 0o755 } else { 0o644 });
    }
    for (path, target) in HEALTHY_LINKS {
        source.link(format!("/{path}"), target);
    }
    for dir in ["dev", "proc", "run", "sys"] {
        source.dir(format!("/{dir}"));
    }
    source
}

/// Everything the program does with a tree, but for the disk: the exit status.
fn whole(source: impl Source + 'static, coverage: Coverage) -> Exit {
    let now = NOW.parse().unwrap();
    let tree = Tree::new(
        Box::new(source),
        coverage,
        Limits::STANDARD,
        Deadline::none(),
    );
    let host = Host::new(tree, now, Given::default());
    let horizon = jiff::SignedDuration::from_hours(24);
    let examined = examine(&host, &Selection::default(), horizon);
    assert!(!examined.crashed, "a rule crashed");
    let judgement = Judgement {
        fail_on: Level::Block,
        waivers: &[],
        rules: &std::collections::BTreeMap::new(),
        whole_chain: false,
        audit: true,
    };
    let host_judged = judge(examined, &judgement);
    let exit = worst([host_judged.exit]);
    let outcome = Outcome {
        now,
        now_given: true,
        horizon,
        policy: None,
        stale: Vec::new(),
        against: None,
        hosts: vec![ShownHost {
            host: host_judged,
            prefix: String::new(),
            root: None,
            elsewhere: std::collections::BTreeMap::new(),
        }],
        fail_on: Level::Block,
        fleet: false,
        exit,
        verbose: true,
    };
    for shown in [
        text(&outcome),
        brief(&outcome),
        json(&outcome).unwrap(),
        jsonl(&outcome).unwrap(),
        sarif(&outcome).unwrap(),
        github(&outcome),
        gitlab(&outcome).unwrap(),
        junit(&outcome),
        nagios(&outcome),
        prometheus(&outcome),
        html(&outcome),
        triggers_json(&host, None).unwrap(),
    ] {
        assert!(!shown.is_empty());
        let control = shown.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(control, None, "{shown}");
    }
    exit
}

fn coverages() -> [Coverage; 2] {
    [Coverage::full(true), Coverage::live()]
}

/// Cuts every file at every `step`-th byte, on all processors.
fn cut_everywhere(coverage: &Coverage, step: usize) {
    colored::control::set_override(false);
    let files: Vec<_> = HEALTHY.into_iter().chain(RICH).collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some((path, content, executable)) = files.get(at) else {
                        break;
                    };
                    let mode = if *executable { 0o755 } else { 0o644 };
                    for len in (0..content.len()).step_by(step) {
                        let mut source = rich();
                        source.file_mode(path, &content[..len], mode);
                        let _ = whole(source, coverage.clone());
                    }
                }
            });
        }
    });
}

#[test]
fn every_prefix_of_every_file_is_answered() {
    cut_everywhere(&Coverage::full(true), 1);
}

#[test]
fn cut_files_of_a_running_system_are_answered() {
    cut_everywhere(&Coverage::live(), 11);
}

#[test]
fn noise_in_place_of_every_file_is_answered() {
    colored::control::set_override(false);
    let noise: [&[u8]; 10] = [
        b"\xff\xfe\x80\xc3",
        b"\0\0\0\0\0\0",
        b"\r\n\r\n\r\r",
        "\u{202e}\u{feff}\u{1f4a3}\n".as_bytes(),
        b"\x1b]0;owned\x07\x1b[2J\n",
        b"{{{{{{{{((((((((''''\"\"\"\"````$($($($(\n",
        b"#!\n",
        b"#!/bin/sh\n\xff\n",
        b"* * * * * root \x1b[31m/sbin/reboot\x1b[0m\n",
        b"vrrp_instance \x1b[31m {\n notify \"/x\x1b[0m\n}\ninclude /etc/keepalived/*\n",
    ];
    for coverage in coverages() {
        for (path, content, _) in HEALTHY.into_iter().chain(RICH) {
            for text in noise {
                for text in [text.to_vec(), [content, text, content].concat()] {
                    let mut source = rich();
                    source.file_mode(path, text, 0o755);
                    let _ = whole(source, coverage.clone());
                }
            }
        }
    }
}

#[test]
fn a_cut_file_never_makes_a_root_without_init_clear() {
    colored::control::set_override(false);
    for (path, content, executable) in HEALTHY {
        // What shows that the box boots at all is judged elsewhere.
        if path == "usr/sbin/init" {
            continue;
        }
        let mode = if executable { 0o755 } else { 0o644 };
        for len in (0..content.len()).step_by(7) {
            let mut source = rich();
            source.remove("/usr/sbin/init");
            source.file_mode(path, &content[..len], mode);
            let exit = whole(source, Coverage::full(true));
            assert_eq!(exit, Exit::Blocked, "{path} cut at {len}");
        }
    }
}

#[test]
fn a_package_manager_at_work_is_busy_whatever_else_is_wrong() {
    colored::control::set_override(false);
    let mut source = rich();
    source
        .remove("/usr/sbin/init")
        .file("/var/lib/dpkg/lock-frontend", "")
        .file("/proc/locks", "1: POSIX ADVISORY WRITE 99 fe:01:77 0 EOF\n");
    let node = source.node_mut("/var/lib/dpkg/lock-frontend").unwrap();
    node.meta.dev = 0xfe01;
    node.meta.ino = 77;
    assert_eq!(whole(source, Coverage::live()), Exit::Busy);
    assert_eq!(Exit::Busy.code(), 5);
}

#[test]
fn locks_that_cannot_be_read_leave_it_open_whether_a_package_manager_is_at_work() {
    colored::control::set_override(false);
    let before = whole(healthy_source(), Coverage::live());
    assert_eq!(before, Exit::Clear);
    let faults = [(PathBuf::from("/proc/locks"), Injected::Denied)];
    let mut source = healthy_source();
    source.file("/proc/locks", "");
    let source = FaultSource::new(source, faults);
    assert_eq!(whole(source, Coverage::live()), Exit::Undecided);
}

#[test]
fn an_offline_root_is_never_busy_by_this_machines_locks() {
    colored::control::set_override(false);
    let mut source = rich();
    source.file("/var/lib/dpkg/lock-frontend", "");
    assert_ne!(whole(source, Coverage::full(true)), Exit::Busy);
}
