//! Waivers in files, waivers that accept nothing, rules at a site, and the two commands
//! about the policy.

use super::support::{Call, Root, blocked, comeback, healthy, is_root, skip};

const POLICY: &str = "etc/comeback/comeback.toml";
const JOB: &str = "etc/cron.d/night";
const RULE: &str = "trigger-scheduled-reboot";

fn waiver(rule: &str, more: &str, until: &str) -> String {
    format!("[[waiver]]\nrule = \"{rule}\"\n{more}until = {until}\nreason = \"as agreed\"\n")
}

/// A root with a job that reboots, under a comment.
fn with_comment(comment: &str) -> Root {
    let root = healthy();
    root.file(JOB, format!("{comment}\n15 3 * * * root /sbin/reboot\n"));
    root
}

/// How the finding about that job stands.
fn stands(root: &Root) -> String {
    let json = root.check(&["--format", "json"]).json();
    let findings = json["hosts"][0]["findings"].as_array().unwrap().clone();
    let mut of_rule = findings.iter().filter(|f| f["rule"] == RULE);
    of_rule.next().unwrap()["status"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_comment_above_a_line_waives_what_is_found_there() {
    let comment = format!("# comeback: waive {RULE} until=2026-10-01 nobody waits");
    let root = with_comment(&comment);
    if !is_root() {
        skip("needs root: a file of an ordinary user waives nothing");
        return;
    }
    assert_eq!(stands(&root), "waived");
    root.check(&["-v"])
        .says("waived until 2026-10-01: nobody waits");
    let sarif = root.check(&["--format", "sarif"]).json().to_string();
    assert!(sarif.contains("\"kind\":\"inSource\""), "{sarif}");
    // Not from its day on, not for another rule, not with a line between, not behind.
    for other in [
        comment.replace("2026-10-01", "2026-08-24"),
        comment.replace(RULE, "init-missing"),
        format!("{comment}\n"),
        format!("{comment}\n# another comment"),
        format!("5 4 * * * root true {comment}"),
    ] {
        assert_ne!(stands(&with_comment(&other)), "waived", "{other}");
    }
    // Two comments in a row are about the same line.
    let two = format!("# comeback: waive init-missing until=2026-10-01 r\n{comment}");
    assert_eq!(stands(&with_comment(&two)), "waived");
}

#[test]
fn a_comment_counts_only_where_root_alone_can_write() {
    let comment = format!("# comeback: waive {RULE} until=2026-10-01 nobody waits");
    // cron itself takes no table that others can write; in such a directory it does.
    for mode in [0o775, 0o777] {
        let root = with_comment(&comment);
        root.mode("etc/cron.d", mode);
        assert_ne!(stands(&root), "waived");
    }
}

#[test]
fn a_comment_that_is_not_understood_is_told_and_waives_nothing() {
    if !is_root() {
        skip("needs root: a file of an ordinary user waives nothing");
        return;
    }
    for (comment, why) in [
        (
            format!("# comeback: waive {RULE} nobody waits"),
            "needs an end",
        ),
        (
            "# comeback: waive trigger-scheduled-rebot until=2026-10-01 x".to_owned(),
            "did you mean \"trigger-scheduled-reboot\"?",
        ),
    ] {
        let root = with_comment(&comment);
        assert_ne!(stands(&root), "waived");
        root.check(&[])
            .says("accepts nothing")
            .says(why)
            .says("--> /etc/cron.d/night:1:1");
    }
}

#[test]
fn a_waiver_that_accepts_nothing_is_listed_and_never_decides() {
    let root = healthy();
    for (text, why) in [
        (
            waiver("init-missing", "", "2026-08-24"),
            "ended on 2026-08-24",
        ),
        (
            waiver("init-missing", "", "2026-10-01"),
            "there is nothing for it to accept",
        ),
    ] {
        root.file(POLICY, text);
        let said = "waiver[init-missing]: accepts nothing: ";
        root.check(&[])
            .ends(0)
            .says(&format!("{said}{why}"))
            .says("--> /etc/comeback/comeback.toml:1:1");
        let json = root.check(&["--format", "json"]).json();
        assert_eq!(json["run"]["policy"]["stale"][0]["why"], why);
        // With fewer rules nobody can tell.
        root.check(&["--select", "init-running-deleted"])
            .never_says("accepts nothing");
    }
    // One that accepts something, or is about a host that is not here, is not.
    root.file(
        POLICY,
        waiver("init-missing", "host = \"db*\"\n", "2026-10-01"),
    );
    root.check(&[]).ends(0).never_says("accepts nothing");
    let bad = blocked();
    bad.file(POLICY, waiver("init-missing", "", "2026-10-01"));
    bad.check(&[]).ends(0).never_says("accepts nothing");
}

#[test]
fn a_waiver_of_a_blocker_ends_within_ninety_days() {
    let root = blocked();
    root.file(POLICY, waiver("init-missing", "", "2026-11-22"));
    root.check(&[]).ends(0);
    root.file(POLICY, waiver("init-missing", "", "2026-11-23"));
    root.check(&[])
        .ends(1)
        .says("ends more than 90 days from now, too late for what blocks");
    // What only warns or notes may be waived for longer.
    let root = with_comment("# a job");
    root.file(POLICY, waiver(RULE, "", "2028-01-01"));
    assert_eq!(stands(&root), "waived");
}

#[test]
fn a_site_raises_a_level_and_keeps_a_rule_from_waivers() {
    let root = with_comment("# a job");
    let level = |word: &str| format!("[rules.{RULE}]\nlevel = \"{word}\"\n");
    root.check(&[]).ends(0);
    root.file(POLICY, level("block"));
    root.check(&[]).ends(1).says(&format!("block[{RULE}]"));
    // What is not due soon only notes, whatever the site says.
    root.file(JOB, "15 3 1 1 * root /sbin/reboot\n");
    root.check(&[]).ends(0).says(&format!("note[{RULE}]"));
    let text = format!(
        "[rules.init-missing]\nignorable = false\n{}",
        waiver("init-missing", "", "2026-10-01")
    );
    let bad = blocked();
    bad.file(POLICY, text);
    bad.check(&[]).ends(1);
    bad.check(&["--accept", "init-missing=r"]).ends(1);
}

#[test]
fn mistakes_about_rules_versions_and_the_guard_are_errors_with_their_place() {
    for (text, message) in [
        (
            "[rules.init-mising]\nlevel = \"warn\"\n",
            ":1:8: unknown rule \"init-mising\", did you mean \"init-missing\"?",
        ),
        (
            "[rules.init-missing]\nlevel = \"warn\"\n",
            "init-missing blocks: a waiver with a reason and an end can accept it",
        ),
        (
            "[rules.init-missing]\nlevl = \"block\"\n",
            "unknown key \"levl\", did you mean \"level\"?",
        ),
        (
            "required_version = \">=99.0\"\n",
            ":1:20: needs comeback 99.0 or newer",
        ),
        ("required_version = \"new\"\n", "must be a version such as"),
        ("[guard]\nlog = \"x\"\n", ":2:7: must be an absolute path"),
        (
            "[guard]\nacept = true\n",
            "unknown key \"acept\", did you mean \"accept\"?",
        ),
    ] {
        let root = healthy();
        root.file(POLICY, text);
        root.check(&[]).ends(2).complains(message);
    }
    let root = healthy();
    root.file(POLICY, "required_version = \">=0.1\"\n");
    root.check(&[]).ends(0);
}

#[test]
fn the_policy_in_force_is_printed_with_where_each_value_comes_from() {
    let root = healthy();
    root.call("config", &[])
        .run()
        .ends(0)
        .says("# no policy file; defaults")
        .says("horizon = \"24h\" # default")
        .says("guard.log = \"/var/log/comeback.log\" # default");
    root.file(
        POLICY,
        format!(
            "fail_on = \"warn\"\n[rules.{RULE}]\nignorable = false\n{}",
            waiver("init-missing", "host = \"lab*\"\n", "2026-10-01")
        ),
    );
    root.call("config", &["--horizon", "7d"])
        .run()
        .ends(0)
        .says("horizon = \"7d\" # --horizon")
        .says("fail_on = \"warn\" # /etc/comeback/comeback.toml")
        .says("rules.trigger-scheduled-reboot.ignorable = false # /etc/comeback")
        .says("host = \"lab*\", subject = \"*\", until = 2026-10-01")
        .says("# /etc/comeback/comeback.toml:4:1");
}

#[test]
fn a_policy_to_begin_with_is_written_once_and_every_key_in_it_is_one() {
    let dir = Root::new();
    let init = |name: &[&str]| {
        let words = [&["init"], name].concat();
        Call::new(words).within(dir.path()).run()
    };
    init(&[]).ends(0).complains("comeback.toml is written");
    let text = std::fs::read_to_string(dir.at("comeback.toml")).unwrap();
    init(&[]).ends(2).complains("is there already");
    init(&["/no/such/dir/x"]).ends(70);
    assert_eq!(
        std::fs::read_to_string(dir.at("comeback.toml")).unwrap(),
        text
    );
    // Switched on, it is a policy; as it is, it decides nothing.
    let on = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if rest.starts_with('[') || rest.contains(" = ") => rest.to_owned(),
        _ => line.to_owned(),
    };
    let on: Vec<String> = text.lines().map(on).collect();
    let root = healthy();
    for text in [text.clone(), on.join("\n")] {
        root.file(POLICY, text);
        root.call("config", &[]).run().ends(0);
    }
    comeback(["init", "--force"]).ends(2);
}
