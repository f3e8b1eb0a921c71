//! Repositories that keep the files of their hosts in several directories: layouts of
//! the policy, and templates.

use std::path::Path;

use super::against::{commit, git};
use super::fleet::{router, run, write};

const NOW: &str = "2026-08-24T09:00:00Z";

/// Two routers by role, a host of its own, and what the policy says of them.
fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let top = dir.path();
    let policy = "horizon = \"7d\"\n\
        [tree]\ncovers = [\"etc/cron.d\", \"etc/keepalived\"]\n\
        [[role]]\nname = \"common\"\nhosts = [\"*\"]\n\
        [[role]]\nname = \"vrrp\"\nhosts = [\"lb*\"]\n\
        [[layout]]\nhosts = \"host_vars/{host}.yml\"\nlayer = [\n\
          { dir = \"roles/{role}/files\" },\n\
          { dir = \"roles/vrrp/templates\", at = \"/etc/keepalived/conf.d\" },\n\
          { dir = \"files/{host}\" },\n]\n";
    write(top, "comeback.toml", policy);
    for host in ["lb01", "lb02", "web1"] {
        write(top, &format!("host_vars/{host}.yml"), "---\n");
    }
    let backup = "15 2 * * *  root  /usr/local/bin/backup\n";
    write(top, "roles/common/files/etc/cron.d/backup", backup);
    let patching = "0 3 * * 6  root  /sbin/reboot\n";
    write(top, "roles/vrrp/files/etc/cron.d/patching", patching);
    for (host, priority) in [("lb01", 150), ("lb02", 100)] {
        let config = router(51, priority, "10.0.0.1/24");
        let path = format!("files/{host}/etc/keepalived/keepalived.conf");
        write(top, &path, &config);
    }
    dir
}

fn check(dir: &Path, more: &[&str]) -> (i32, String, String) {
    let all = ["check", "--hosts", "host_vars/*", "--now", NOW];
    let words: Vec<&str> = all.iter().chain(more).copied().collect();
    run(dir, &words)
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_policy_in_force_has_its_roles_and_layouts() {
    let dir = repository();
    let (code, text, complaints) = run(dir.path(), &["config", "--config", "comeback.toml"]);
    assert_eq!(code, 0, "{complaints}");
    let said = joined(&text);
    for line in [
        "role = { name = \"vrrp\", hosts = [\"lb*\"], at_least = 1, same = [] } # ",
        "layout = { hosts = \"host_vars/{host}.yml\", layer = [{ dir = \"roles/{role}/files\", at = \"/\" }, ",
        "{ dir = \"roles/vrrp/templates\", at = \"/etc/keepalived/conf.d\" }, ",
        "comeback.toml:4:1",
    ] {
        assert!(said.contains(line), "{line}\n{text}");
    }
}

#[test]
fn the_files_of_roles_lie_under_those_of_a_host() {
    let dir = repository();
    let (code, text, complaints) = check(dir.path(), &[]);
    assert_eq!(code, 1, "{text}{complaints}");
    let said = joined(&text);
    assert!(text.starts_with("3 hosts   3 partial"), "{text}");
    // Both halves have the schedule of their role, which stands in one file.
    assert!(
        said.contains("block[fleet-pair-same-window]: lb01, lb02 go down"),
        "{text}"
    );
    assert!(
        said.contains("--> roles/vrrp/files/etc/cron.d/patching:1:1"),
        "{text}"
    );
    assert!(said.contains("blocked lb01 lb02"), "{text}");
    // A host's own file goes before that of its role.
    let own = "0 3 * * 3  root  /sbin/reboot\n";
    write(dir.path(), "files/lb02/etc/cron.d/patching", own);
    let (code, text, complaints) = check(dir.path(), &[]);
    assert_eq!(code, 0, "{text}{complaints}");
}

#[test]
fn a_place_in_a_report_is_that_of_the_repository() {
    let dir = repository();
    let (_, report, _) = check(dir.path(), &["--format", "sarif"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let results = report["runs"][0]["results"].as_array().unwrap();
    let place = |result: &serde_json::Value| {
        let location = &result["locations"][0]["physicalLocation"];
        location["artifactLocation"]["uri"]
            .as_str()
            .map(str::to_owned)
    };
    let places: Vec<String> = results.iter().filter_map(place).collect();
    assert!(
        places.contains(&"roles/vrrp/files/etc/cron.d/patching".to_owned()),
        "{places:?}"
    );
    assert!(
        places.iter().all(|place| dir.path().join(place).exists()),
        "{places:?}"
    );
}

#[test]
fn a_change_of_a_role_is_compared_on_each_of_its_hosts() {
    let dir = repository();
    let patching = "roles/vrrp/files/etc/cron.d/patching";
    std::fs::remove_file(dir.path().join(patching)).unwrap();
    git(dir.path(), &["init", "-q"]);
    commit(dir.path(), "nothing reboots");
    write(dir.path(), patching, "0 3 * * 6  root  /sbin/reboot\n");
    commit(dir.path(), "everything does");
    let (code, text, complaints) = check(dir.path(), &["--against", "HEAD~1"]);
    assert_eq!(code, 1, "{text}{complaints}");
    assert!(
        text.contains("block[fleet-pair-same-window] new:"),
        "{text}"
    );
    let (code, text, complaints) = check(dir.path(), &["--against", "HEAD"]);
    assert_eq!(code, 0, "{text}{complaints}");
    assert!(
        text.contains("block[fleet-pair-same-window] old:"),
        "{text}"
    );
    let (code, _, complaints) = check(dir.path(), &["--against", "nosuch"]);
    assert_eq!(code, 2);
    assert!(complaints.contains("no such revision"), "{complaints}");
}

#[test]
fn a_template_is_an_open_question_and_no_missing_file() {
    let dir = repository();
    let patching = "roles/vrrp/files/etc/cron.d/patching";
    std::fs::remove_file(dir.path().join(patching)).unwrap();
    std::fs::remove_file(dir.path().join("files/lb01/etc/keepalived/keepalived.conf")).unwrap();
    let template = "vrrp_instance gw {\n  priority {{ priority }}\n}\n";
    write(
        dir.path(),
        "files/lb01/etc/keepalived/keepalived.conf.j2",
        template,
    );
    let (code, text, complaints) = check(dir.path(), &[]);
    assert_eq!(code, 4, "{text}{complaints}");
    let said = joined(&text);
    assert!(
        said.contains(
            "/etc/keepalived/keepalived.conf: is a template of Jinja2, filled in elsewhere"
        ),
        "{text}"
    );
    assert!(text.lines().count() < 48, "{text}");
    // The same without the ending, and one in a place that nobody reads.
    write(
        dir.path(),
        "files/lb01/etc/keepalived/keepalived.conf",
        template,
    );
    write(dir.path(), "roles/common/files/etc/motd.erb", "<%= @x %>\n");
    let (code, text, _) = check(dir.path(), &[]);
    assert_eq!(code, 4, "{text}");
    assert!(!text.contains("motd"), "{text}");
}

#[test]
fn a_layout_without_a_directory_of_a_host_says_so() {
    let dir = repository();
    let policy =
        "[[layout]]\nhosts = \"host_vars/{host}.yml\"\nlayer = [{ dir = \"no/{host}\" }]\n";
    write(dir.path(), "comeback.toml", policy);
    let (code, _, complaints) = check(dir.path(), &[]);
    assert_eq!(code, 3, "{complaints}");
    assert!(
        complaints.contains("none of the directories of its layout is there"),
        "{complaints}"
    );
    let (code, _, complaints) = check(dir.path(), &["--tree", "full"]);
    assert_eq!(code, 2, "{complaints}");
    write(dir.path(), "comeback.toml", "[[layout]]\nhost = \"x\"\n");
    let (code, _, complaints) = check(dir.path(), &[]);
    assert_eq!(code, 2);
    assert!(
        complaints.contains("comeback.toml:2:1: unknown"),
        "{complaints}"
    );
}
