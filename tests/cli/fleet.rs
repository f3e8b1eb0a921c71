//! Many hosts at once: what `check --hosts` says of them, and the waves of `plan`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::support::{PROGRAM, has, skip};

/// A Monday.
const NOW: &str = "2026-08-24T09:00:00Z";

pub(super) fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

pub(super) fn router(id: usize, priority: u8, address: &str) -> String {
    format!(
        "vrrp_instance gw {{\n  interface eth0\n  virtual_router_id {id}\n  \
         priority {priority}\n  virtual_ipaddress {{\n    {address}\n  }}\n}}\n"
    )
}

/// Runs the program in `dir`; status, output, complaints.
pub(super) fn run(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(PROGRAM);
    command.env_clear().current_dir(dir).args(arguments);
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

/// Forty hosts: a pair that goes down together, twelve that reboot by themselves, one
/// whose schedule lies outside.
pub(super) fn forty() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let hosts = dir.path().join("hosts");
    for (name, priority, when) in [("lb01", 150, "0 3 * * 6"), ("lb02", 100, "5 3 * * 6")] {
        let root = hosts.join(name);
        let config = router(51, priority, "10.0.0.1/24");
        write(&root, "etc/keepalived/keepalived.conf", &config);
        write(
            &root,
            "etc/cron.d/patching",
            &format!("{when}  root  /sbin/reboot\n"),
        );
    }
    for number in 1..=12 {
        let root = hosts.join(format!("app{number:02}"));
        // Apart from each other, so that no minute is everybody's.
        let line = format!("{number} 4 * * 0  root  /sbin/reboot\n");
        write(&root, "etc/cron.d/patching", &line);
    }
    for number in 1..=25 {
        let root = hosts.join(format!("web{number:02}"));
        write(
            &root,
            "etc/cron.d/backup",
            "15 2 * * *  root  /usr/local/bin/backup\n",
        );
    }
    write(&hosts.join("db07"), "etc/hostname", "db07\n");
    std::fs::create_dir_all(hosts.join("db07/etc/cron.d")).unwrap();
    std::os::unix::fs::symlink(
        "/srv/common/patching",
        hosts.join("db07/etc/cron.d/patching"),
    )
    .unwrap();
    dir
}

pub(super) const FORTY: [&str; 8] = [
    "check",
    "--hosts",
    "hosts/*",
    "--now",
    NOW,
    "--horizon",
    "7d",
    "--covers=etc/cron.d,etc/keepalived",
];

#[test]
fn forty_hosts_fit_on_a_screen_and_every_number_is_right() {
    let dir = forty();
    let (code, text, complaints) = run(dir.path(), &FORTY);
    assert_eq!(code, 1, "{text}{complaints}");
    assert!(
        text.lines().count() <= 48,
        "{} lines\n{text}",
        text.lines().count()
    );
    assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    assert!(text.starts_with("40 hosts   40 partial"), "{text}");
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "block[fleet-pair-same-window]: lb01, lb02 go down 5 min apart, from Sat 2026-08-29 03:00",
        "2 hosts: lb01 lb02",
        "12 hosts: app01",
        "blocked lb01 lb02",
        "2 blocked",
    ] {
        assert!(joined.contains(said), "{said}\n{text}");
    }
    // One finding is shown once, however many hosts have it.
    assert_eq!(text.matches("block[").count(), 1, "{text}");
    let json: Vec<&str> = FORTY.iter().copied().chain(["--format", "json"]).collect();
    let (_, report, _) = run(dir.path(), &json);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let verdicts = report["hosts"].as_array().unwrap().iter();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for host in verdicts {
        *counts.entry(host["verdict"].as_str().unwrap()).or_default() += 1;
    }
    assert_eq!(counts["blocked"], 2, "{counts:?}");
    assert_eq!(counts.values().sum::<usize>(), 40);
}

#[test]
fn the_order_in_which_hosts_are_done_never_shows() {
    let dir = forty();
    let arguments: Vec<&str> = FORTY.iter().copied().chain(["--format", "jsonl"]).collect();
    let first = run(dir.path(), &arguments);
    for _ in 0..3 {
        assert_eq!(run(dir.path(), &arguments), first);
    }
}

/// What the generator meant: hosts of which so many may be down, the last one if any.
struct Meant {
    hosts: Vec<String>,
    may_be_down: usize,
    last: Option<String>,
}

/// 500 hosts: 200 pairs, 20 quorums of five, 30 roles over ten hosts each.
fn five_hundred(dir: &Path) -> Vec<Meant> {
    let hosts = dir.join("hosts");
    let mut meant = Vec::new();
    for pair in 0..200 {
        let names = [format!("r{pair:03}a"), format!("r{pair:03}b")];
        for (index, name) in names.iter().enumerate() {
            let address = format!("10.{}.{}.1/24", pair / 100, pair % 100);
            // Which half is the active one differs.
            let priority = if (index == 0) == (pair % 3 == 0) {
                150
            } else {
                100
            };
            let config = router(pair % 255 + 1, priority, &address);
            write(&hosts.join(name), "etc/keepalived/keepalived.conf", &config);
        }
        meant.push(Meant {
            last: Some(names[usize::from(pair % 3 != 0)].clone()),
            hosts: names.to_vec(),
            may_be_down: 1,
        });
    }
    for quorum in 0..20 {
        let names: Vec<String> = (0..5).map(|n| format!("q{quorum:02}n{n}")).collect();
        let urls: Vec<String> = names
            .iter()
            .map(|n| format!("{n}=http://{n}:2380"))
            .collect();
        let line = format!("ETCD_INITIAL_CLUSTER=\"{}\"\n", urls.join(","));
        for name in &names {
            write(&hosts.join(name), "etc/default/etcd", &line);
        }
        meant.push(Meant {
            hosts: names,
            may_be_down: 2,
            last: None,
        });
    }
    let mut policy = String::new();
    for role in 0..30 {
        // Over pairs and quorums, so that constraints meet.
        let names: Vec<String> = (0..10)
            .map(|n| match n % 2 {
                0 => format!(
                    "r{:03}{}",
                    (role * 7 + n * 11) % 200,
                    if n % 4 == 0 { 'a' } else { 'b' }
                ),
                _ => format!("q{:02}n{}", (role + n) % 20, (role * 3 + n) % 5),
            })
            .collect::<BTreeSet<String>>()
            .into_iter()
            .collect();
        let room = 3 + role % 3;
        let at_least = names.len() - room;
        let _ = writeln!(
            policy,
            "[[role]]\nname = \"role{role}\"\nhosts = {names:?}\nat_least = {at_least}"
        );
        meant.push(Meant {
            hosts: names,
            may_be_down: room,
            last: None,
        });
    }
    std::fs::write(dir.join("comeback.toml"), policy).unwrap();
    meant
}

#[test]
fn a_plan_for_five_hundred_hosts_breaks_no_pair_no_quorum_and_no_role() {
    let dir = tempfile::tempdir().unwrap();
    let meant = five_hundred(dir.path());
    let arguments = [
        "plan", "--hosts", "hosts/*", "--now", NOW, "--covers", "etc", "--format", "json",
    ];
    let (code, text, complaints) = run(dir.path(), &arguments);
    assert_eq!(code, 0, "{complaints}");
    let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
    let waves: Vec<BTreeSet<String>> = plan["waves"]
        .as_array()
        .unwrap()
        .iter()
        .map(|wave| {
            let hosts = wave["hosts"].as_array().unwrap().iter();
            hosts
                .map(|host| host["name"].as_str().unwrap().to_owned())
                .collect()
        })
        .collect();
    let all: BTreeSet<&String> = waves.iter().flatten().collect();
    assert_eq!(all.len(), 500);
    assert_eq!(waves.iter().map(BTreeSet::len).sum::<usize>(), 500);
    let wave_of = |name: &String| waves.iter().position(|wave| wave.contains(name)).unwrap();
    let mut bound = 0;
    for group in &meant {
        for wave in &waves {
            let down = group
                .hosts
                .iter()
                .filter(|host| wave.contains(*host))
                .count();
            assert!(down <= group.may_be_down, "{:?} in {wave:?}", group.hosts);
        }
        bound = bound.max(group.hosts.len().div_ceil(group.may_be_down));
        let Some(last) = &group.last else { continue };
        for host in group.hosts.iter().filter(|host| *host != last) {
            assert!(wave_of(host) < wave_of(last), "{host} before {last}");
        }
    }
    assert!(
        waves.len() <= bound + bound.div_euclid(5).max(1),
        "{} of {bound}",
        waves.len()
    );
}

#[test]
fn a_plan_leaves_out_what_is_not_clear_and_says_why() {
    let dir = forty();
    let arguments = [
        "plan",
        "--hosts",
        "hosts/*",
        "--now",
        NOW,
        "--horizon",
        "7d",
        "--covers",
        "etc/cron.d,etc/keepalived",
    ];
    let (code, text, _) = run(dir.path(), &arguments);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("lb01   BLOCKED: fleet-pair-same-window"),
        "{text}"
    );
    let inventory: Vec<&str> = arguments
        .iter()
        .copied()
        .chain(["--format", "ansible"])
        .collect();
    let (_, text, _) = run(dir.path(), &inventory);
    assert!(text.contains("\n[wave_01]\napp01\n"), "{text}");
    assert!(text.contains("# left out: lb01: BLOCKED"), "{text}");
    assert!(!text.contains("\nlb01\n"), "{text}");
}

#[test]
fn a_role_that_is_written_wrongly_is_told_with_its_place() {
    let dir = forty();
    for (policy, said) in [
        (
            "[[role]]\nname = \"x\"\nhosts = []\n",
            "comeback.toml:3:9: a role needs hosts",
        ),
        (
            "[[role]]\nname = \"x\"\nhosts = [\"a\"]\nat_least = 0\n",
            "comeback.toml:4:12: at_least = 0",
        ),
        (
            "[[role]]\nname = \"x\"\nhosts = [\"a\"]\nsame = [\"etc/x\"]\n",
            "begins with /",
        ),
        (
            "[[role]]\nname = \"x\"\nhosts = [\"a\"]\n[[role]]\nname = \"x\"\nhosts = [\"b\"]\n",
            "two roles x",
        ),
        ("[[role]]\nname = \"x\"\nhost = [\"a\"]\n", "\"host\""),
    ] {
        std::fs::write(dir.path().join("comeback.toml"), policy).unwrap();
        let (code, _, complaints) = run(dir.path(), &FORTY);
        assert_eq!(code, 2, "{policy}");
        assert!(complaints.contains(said), "{said}\n{complaints}");
    }
}

#[test]
fn people_who_wait_see_how_far_it_is_and_programs_do_not() {
    let dir = forty();
    let (_, _, complaints) = run(dir.path(), &FORTY);
    assert_eq!(complaints, "");
    if !has("script") {
        skip("needs script(1) for a terminal");
        return;
    }
    let words = FORTY.map(|word| format!("'{word}'")).join(" ");
    let line = format!("'{PROGRAM}' {words} >/dev/null");
    let mut script = Command::new("script");
    script
        .args(["-qefc", &line, "/dev/null"])
        .current_dir(dir.path());
    script
        .env("TERM", "xterm")
        .stdin(std::process::Stdio::null());
    let output = script.output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains(" of 40 hosts"), "{shown}");
    let quiet = line.replace(">/dev/null", "-q >/dev/null");
    let mut script = Command::new("script");
    script
        .args(["-qefc", &quiet, "/dev/null"])
        .current_dir(dir.path());
    script
        .env("TERM", "xterm")
        .stdin(std::process::Stdio::null());
    let output = script.output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stdout).contains(" of 40"));
}

#[test]
fn a_run_that_is_interrupted_leaves_nothing_behind() {
    let dir = forty();
    let hosts = dir.path().join("hosts");
    for number in 0..600 {
        let line = "15 2 * * *  root  /usr/local/bin/backup\n";
        write(
            &hosts.join(format!("more{number}")),
            "etc/cron.d/backup",
            line,
        );
    }
    let before: BTreeSet<_> = entries(dir.path());
    let report = format!("json={}", dir.path().join("report.json").display());
    let mut command = Command::new(PROGRAM);
    command.env_clear().current_dir(dir.path()).args(FORTY);
    command.args(["--format", &report]);
    let mut child = command.spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    let pid = child.id().to_string();
    // Who is asked to run this in the background may ignore it, and hands that on.
    let ignored = |status: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        line.is_some_and(|mask| {
            mask.trim_end()
                .ends_with(['2', '3', '6', '7', 'a', 'b', 'e', 'f'])
        })
    };
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    if ignored(&status) {
        child.kill().unwrap();
        child.wait().unwrap();
        skip("SIGINT is ignored here");
        return;
    }
    let children = children_of(&pid);
    let sent = Command::new("sh")
        .args(["-c", "kill -s INT \"$0\"", &pid])
        .status();
    assert!(sent.unwrap().success());
    let ended = child.wait().unwrap();
    assert_eq!(ended.code(), None, "it was done before it was interrupted");
    assert_eq!(entries(dir.path()), before);
    for child in children {
        assert!(!child.exists(), "{} runs on", child.display());
    }
}

/// The processes that one has started and that run, below /proc.
fn children_of(parent: &str) -> Vec<std::path::PathBuf> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let is_child = |path: &std::path::PathBuf| {
        // One may end while the list is read. Behind its name: the state, and its parent.
        let stat = std::fs::read_to_string(path.join("stat"));
        stat.is_ok_and(|stat| {
            let behind = stat.rsplit(") ").next();
            behind.and_then(|rest| rest.split(' ').nth(1)) == Some(parent)
        })
    };
    let own = std::process::id().to_string();
    let all: Vec<_> = processes.map(|entry| entry.path()).collect();
    assert!(all.contains(&Path::new("/proc").join(own)), "no /proc");
    all.into_iter().filter(is_child).collect()
}

fn entries(dir: &Path) -> BTreeSet<std::ffi::OsString> {
    let read = std::fs::read_dir(dir).unwrap();
    read.map(|entry| entry.unwrap().file_name()).collect()
}
