//! `--against`: what a change did, told from what was there before.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fleet::{FORTY, forty, router, run, write};
use crate::support::{NOW, Root, Run, comeback, healthy};

/// git without anybody's configuration.
#[track_caller]
pub(super) fn git(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args(["-c", "init.defaultBranch=main"])
        .args(args)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .current_dir(dir)
        .output()
        .expect("git is there");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
pub(super) fn commit(dir: &Path, message: &str) {
    git(dir, &["add", "-A", "-f"]);
    git(dir, &["commit", "-q", "-m", message]);
}

/// A file or link of the fixtures, or all below it, laid over a directory.
fn lay(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from).min_depth(1) {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            continue;
        }
        let _ = std::fs::remove_file(&target);
        if entry.file_type().is_symlink() {
            let text = std::fs::read_link(entry.path()).unwrap();
            std::os::unix::fs::symlink(text, &target).unwrap();
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

fn incident(path: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("fixtures/incidents/debian-bytemark").join(path)
}

/// The repository of Bytemark's routers: one instance, split and renamed, fixed.
fn bytemark() -> Root {
    let repo = Root::new();
    let host = repo.at("bm-bl1");
    std::fs::create_dir(&host).unwrap();
    git(repo.path(), &["init", "-q"]);
    lay(&incident("bad/root"), &host);
    lay(&incident("history/1-one-instance"), &host);
    commit(repo.path(), "one instance");
    git(repo.path(), &["tag", "one"]);
    lay(&incident("bad/root"), &host);
    commit(repo.path(), "upgrade: split and renamed");
    git(repo.path(), &["tag", "split"]);
    lay(&incident("fixed/root"), &host);
    commit(repo.path(), "the script knows the new names");
    git(repo.path(), &["tag", "fixed"]);
    repo
}

/// `check bm-bl1` with the work tree at a revision.
#[track_caller]
fn at(repo: &Root, revision: &str, more: &[&str]) -> Run {
    git(repo.path(), &["checkout", "-q", revision]);
    let host = repo.at("bm-bl1");
    let mut args: Vec<&OsStr> = vec!["check".as_ref(), host.as_os_str()];
    args.extend(["--now", "2017-06-19T01:50:00Z"].map(OsStr::new));
    args.extend(more.iter().map(OsStr::new));
    comeback(args)
}

const SENTENCE: &str = "gw was renamed to gw4, gw6; route.sh:7 still expects gw";

#[test]
fn the_story_of_bytemark_is_told_commit_by_commit() {
    let repo = bytemark();
    assert_eq!(at(&repo, "one", &[]).ends(0).verdict(), "CLEAR");
    let run = at(&repo, "split", &["--against", "one"]).ends(1);
    assert_eq!(run.verdict(), "BLOCKED");
    let run = run.says(SENTENCE);
    run.says("against: one (").says("2 new blockers");
    // The same without a base, by the name that the script does not handle.
    let run = at(&repo, "split", &[]).ends(1).never_says("was renamed");
    run.says("route.sh does nothing when gw4 or gw6 becomes MASTER; it knows only gw");
    let run = at(&repo, "fixed", &["--against", "split"]).ends(0);
    assert_eq!(run.verdict(), "CLEAR");
    run.says("cured[failover-instance-not-handled]");
    at(&repo, "fixed", &["--against", "one"])
        .ends(0)
        .never_says("new blocker")
        .never_says("new warning");
    at(&repo, "fixed", &[]).ends(0);
}

#[test]
fn a_directory_does_as_well_as_a_revision() {
    let repo = bytemark();
    let before = Root::new();
    lay(&incident("bad/root"), before.path());
    lay(&incident("history/1-one-instance"), before.path());
    let base = before.path().to_str().unwrap();
    at(&repo, "split", &["--against", base, "--tree", "partial"])
        .ends(1)
        .says(SENTENCE);
}

#[test]
fn what_was_there_before_is_shown_and_does_not_decide() {
    let root = healthy();
    root.remove("usr/sbin/init");
    let repo = root.path();
    git(repo, &["init", "-q"]);
    commit(repo, "without an init");
    let full = ["--tree", "full", "--against", "HEAD"];
    root.check(&["--tree", "full"]).ends(1);
    let run = root.check(&full).ends(0).says("block[init-missing] old:");
    assert_eq!(run.verdict(), "CLEAR");
    run.says("3 old, 0 cured");
    // A second fault beside it is new, and decides.
    root.file("etc/keepalived/notify.sh", "#!/bin/sh\n");
    let run = root.check(&full).ends(1);
    let run = run.says("block[failover-hook-not-executable] new:");
    run.says("block[init-missing] old:").says("1 new blocker");
    root.check(&["--tree", "full", "--against", "HEAD", "-q"])
        .ends(1)
        .says("failover-hook-not-executable")
        .never_says("init-missing");
}

#[test]
fn a_finding_that_got_graver_is_new() {
    let root = healthy();
    let config = |vips: &str| {
        format!(
            "vrrp_instance gw1 {{\n  interface eth0\n  virtual_router_id 51\n  \
             virtual_ipaddress {{\n    {vips}\n  }}\n}}\n"
        )
    };
    let mixed = config("192.0.2.1/24\n    2001:db8::1/64");
    root.file("etc/keepalived/keepalived.conf", mixed);
    let status = root.at("var/lib/dpkg/status");
    let text = std::fs::read_to_string(&status).unwrap();
    std::fs::write(&status, text.replace("1:2.2.7-1+b2", "1:1.2.13-1")).unwrap();
    git(root.path(), &["init", "-q"]);
    commit(root.path(), "an old keepalived");
    let full = ["--tree", "full", "--against", "main"];
    root.check(&full)
        .ends(0)
        .says("warn[failover-mixed-families] old:");
    std::fs::write(&status, text).unwrap();
    root.check(&full)
        .ends(1)
        .says("block[failover-mixed-families] new:");
}

#[test]
fn json_says_the_age_of_each_finding() {
    let repo = bytemark();
    let run = at(&repo, "split", &["--against", "one", "--format", "json"]).ends(1);
    let report = run.json();
    assert_eq!(report["schema"], "comeback.report/1");
    let base = report["run"]["against"].as_str().unwrap();
    assert!(base.starts_with("one ("), "{base}");
    let findings = report["hosts"][0]["findings"].as_array().unwrap();
    let renamed = findings
        .iter()
        .find(|f| f["rule"] == "failover-renamed-on-one-side");
    let renamed = renamed.expect("the rename is found");
    assert_eq!(
        (&renamed["age"], &renamed["status"]),
        (&"new".into(), &"counts".into())
    );
    assert_eq!(renamed["subject"], "gw /etc/keepalived/route.sh");
    let follows = findings
        .iter()
        .find(|f| f["rule"] == "failover-instance-not-handled");
    assert_eq!(follows.unwrap()["status"], "follows");
    let run = at(&repo, "fixed", &["--against", "split", "--format", "json"]).ends(0);
    let report = run.json();
    let cured = report["hosts"][0]["cured"].as_array().unwrap();
    let rules: Vec<&str> = cured.iter().map(|f| f["rule"].as_str().unwrap()).collect();
    assert_eq!(
        rules,
        ["failover-instance-not-handled", "failover-mixed-families"]
    );
    assert!(cured.iter().all(|f| f["age"] == "cured"));
    let run = at(&repo, "fixed", &["--format", "json"]).ends(0);
    assert!(run.json()["run"]["against"].is_null());
}

#[test]
fn every_host_of_a_repository_is_compared_with_itself() {
    let repo = bytemark();
    git(repo.path(), &["checkout", "-q", "split"]);
    lay(&incident("bad/root"), &repo.at("bm-bl2"));
    let hosts = repo.at("bm-*");
    let args = ["check", "--now", NOW, "--against", "HEAD", "--hosts"];
    let args = args.iter().map(OsStr::new).chain([hosts.as_os_str()]);
    let run = comeback(args).ends(1);
    // The second was not there, so all of it is new.
    let run = run.says("block[failover-instance-not-handled] old:");
    run.says("block[failover-instance-not-handled] new:")
        .says("blocked bm-bl2")
        .says("BLOCKED 2 hosts: 1 blocked, 1 clear");
    let args = ["check", "--against", "./x", "--hosts"];
    let args = args.iter().map(OsStr::new).chain([hosts.as_os_str()]);
    comeback(args).ends(2).complains("only a git revision");
}

/// Twenty changes to a repository of forty hosts: nineteen harmless, one of them the cure
/// of what was wrong, and the eleventh bad.
fn twenty() -> tempfile::TempDir {
    let dir = forty();
    let hosts = dir.path().join("hosts");
    git(dir.path(), &["init", "-q"]);
    commit(dir.path(), "forty hosts");
    git(dir.path(), &["tag", "0"]);
    for number in 1..=20 {
        match number {
            // The standby of the pair waits its turn.
            7 => write(
                &hosts.join("lb02"),
                "etc/cron.d/patching",
                "5 9 * * 6  root  /sbin/reboot\n",
            ),
            // It hears its master no longer.
            11 => {
                let config = router(52, 100, "10.0.0.1/24");
                write(
                    &hosts.join("lb02"),
                    "etc/keepalived/keepalived.conf",
                    &config,
                );
            }
            _ => {
                let line = format!("{number} 5 * * *  root  /usr/local/bin/backup\n");
                let host = hosts.join(format!("web{number:02}"));
                write(&host, "etc/cron.d/backup", &line);
            }
        }
        commit(dir.path(), &format!("change {number}"));
        git(dir.path(), &["tag", &number.to_string()]);
    }
    dir
}

/// What a report shows of its hosts: findings of one age, or cured ones, by host and rule.
fn told(report: &serde_json::Value, list: &str, age: &str) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut out = Vec::new();
    for host in report["hosts"].as_array().unwrap() {
        for finding in host[list].as_array().into_iter().flatten() {
            if finding["age"] == age {
                out.push((text(&host["name"]), text(&finding["rule"])));
            }
        }
    }
    out
}

#[test]
fn the_one_bad_change_among_twenty_is_told_and_so_is_what_is_cured() {
    let dir = twenty();
    let compare = |now: &str, base: &str| {
        git(dir.path(), &["checkout", "-q", now]);
        let more = ["--against", base, "--format", "json"];
        let words: Vec<&str> = FORTY.iter().copied().chain(more).collect();
        let (code, report, complaints) = run(dir.path(), &words);
        let report: serde_json::Value = serde_json::from_str(&report).expect(&complaints);
        let new = told(&report, "findings", "new");
        (code, new, told(&report, "cured", "cured"))
    };
    let both = |rule: &str| ["lb01", "lb02"].map(|host| (host.to_owned(), rule.to_owned()));
    let bad = both("fleet-routers-disagree");
    let cure = both("fleet-pair-same-window");
    // All of it at once, as a merge request is checked.
    assert_eq!(compare("20", "0"), (1, bad.to_vec(), cure.to_vec()));
    // And the changes that matter, each with those beside it.
    assert_eq!(compare("6", "5"), (0, Vec::new(), Vec::new()));
    assert_eq!(compare("7", "6"), (0, Vec::new(), cure.to_vec()));
    assert_eq!(compare("10", "9"), (0, Vec::new(), Vec::new()));
    assert_eq!(compare("11", "10"), (1, bad.to_vec(), Vec::new()));
    assert_eq!(compare("12", "11"), (0, Vec::new(), Vec::new()));
    // Both hosts have it, and it is shown once.
    git(dir.path(), &["checkout", "-q", "20"]);
    let words: Vec<&str> = FORTY.iter().copied().chain(["--against", "0"]).collect();
    let (_, text, _) = run(dir.path(), &words);
    assert_eq!(text.matches("new:").count(), 1, "{text}");
    assert_eq!(text.matches("cured[").count(), 1, "{text}");
}

#[test]
fn a_note_of_before_is_called_old_too() {
    let dir = twenty();
    let words: Vec<&str> = FORTY.iter().copied().chain(["--against", "19"]).collect();
    let (_, text, complaints) = run(dir.path(), &words);
    let notes = text.lines().filter(|line| line.starts_with("note["));
    let notes: Vec<&str> = notes.collect();
    assert!(!notes.is_empty(), "{text}{complaints}");
    assert!(notes.iter().all(|line| line.contains("] old: ")), "{text}");
}

#[test]
fn an_open_question_of_before_does_not_decide_and_a_new_one_does() {
    let root = healthy();
    let config = "etc/keepalived/keepalived.conf";
    let python = "#!/usr/bin/python3\nprint('x')\n";
    root.file_mode("etc/keepalived/notify.sh", python, 0o755);
    root.file_mode("usr/bin/python3", "\x7fELF", 0o755);
    git(root.path(), &["init", "-q"]);
    commit(root.path(), "a python hook");
    root.check(&["--tree", "full"]).ends(4);
    let full = ["--tree", "full", "--against", "HEAD"];
    root.check(&full)
        .ends(0)
        .says("undecided[failover-instance-not-handled] old:");
    root.remove(config).fifo(config);
    root.check(&full)
        .ends(4)
        .says("undecided[failover-address-dropped]:");
}

#[test]
fn what_is_no_base_is_a_mistake_of_the_user() {
    let root = healthy();
    let check = |base: &str| root.check(&["--tree", "full", "--against", base]);
    check("nosuch")
        .ends(2)
        .complains("no such directory or snapshot, and no such revision");
    check("./nosuch").ends(2).complains("no such directory");
    git(root.path(), &["init", "-q"]);
    commit(root.path(), "all");
    check("nosuch").ends(2);
    check("-x").ends(2);
    check("HEAD^{commit}").ends(0);
    // A branch and a directory of one name.
    git(root.path(), &["branch", "old"]);
    let other = healthy();
    let dir = other.at("old");
    std::fs::create_dir(&dir).unwrap();
    root.call("check", &["--tree", "full", "--against", "old"])
        .within(other.path())
        .run()
        .ends(2)
        .complains("both a path and a revision");
    // A repository that git cannot read is no mistake, and no answer.
    root.file(".git/HEAD", "nonsense\n");
    check("HEAD").ends(4);
}

#[test]
fn guard_compares_with_nothing() {
    let root = healthy();
    root.call("guard", &["--against", "HEAD"])
        .run()
        .ends(2)
        .complains("--against");
}

#[test]
fn a_hostile_repository_runs_nothing() {
    let root = healthy();
    git(root.path(), &["init", "-q"]);
    commit(root.path(), "all");
    let trap = Root::new();
    let mark = trap.at("ran");
    let body = format!("#!/bin/sh\necho \"$0 $*\" >> {}\n", mark.display());
    trap.file_mode("evil", &body, 0o755);
    for hook in [
        "post-checkout",
        "post-index-change",
        "reference-transaction",
    ] {
        trap.file_mode(Path::new("hooks").join(hook), &body, 0o755);
    }
    let (evil, hooks) = (trap.at("evil"), trap.at("hooks"));
    let (evil, hooks) = (evil.display(), hooks.display());
    let config = format!(
        "[core]\n\tfsmonitor = {evil}\n\thooksPath = {hooks}\n\tpager = {evil}\n\
         \tsshCommand = {evil}\n\teditor = {evil}\n[diff]\n\texternal = {evil}\n\
         [filter \"x\"]\n\tsmudge = {evil}\n\tclean = {evil}\n\tprocess = {evil}\n\
         [diff \"x\"]\n\ttextconv = {evil}\n[alias]\n\tcat-file = !{evil}\n\
         \trev-parse = !{evil}\n\tls-tree = !{evil}\n[pager]\n\tcat-file = {evil}\n"
    );
    root.file(".git/config", config);
    root.file(".gitattributes", "* filter=x diff=x\n");
    let args = ["--tree", "full", "--against", "HEAD"];
    root.check(&args).ends(0);
    assert!(!mark.exists(), "{:?}", std::fs::read_to_string(&mark));
    // The trap is one: git itself falls into it.
    let mut status = Command::new("git");
    status.args(["status", "--short"]).current_dir(root.path());
    status.output().unwrap();
    assert!(mark.exists());
}
