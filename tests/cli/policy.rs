//! Waivers: named, reasoned, dated, for one subject; and what they do to a verdict.

use super::support::{Root, blocked, comeback, healthy, undecided};

const POLICY: &str = "etc/comeback/comeback.toml";

fn waiver(rule: &str, subject: &str, until: &str) -> String {
    format!(
        "[[waiver]]\nrule = \"{rule}\"\nsubject = \"{subject}\"\nuntil = {until}\n\
         reason = \"the console is at hand\"\n"
    )
}

fn with_policy(root: Root, text: &str) -> Root {
    root.file(POLICY, text);
    root
}

#[test]
fn a_waiver_accepts_a_finding_until_its_day_and_is_shown() {
    let root = with_policy(blocked(), &waiver("init-missing", "init", "2026-08-25"));
    root.check(&[])
        .ends(0)
        .says("CLEAR (accepted: init-missing)")
        .says("1 waived")
        .says("policy: /etc/comeback/comeback.toml");
    root.check(&["-v"])
        .ends(0)
        .says("waived until 2026-08-25: the console is at hand");
    let json = root.check(&["--format", "json"]).ends(0).json();
    let finding = &json["hosts"][0]["findings"][0];
    assert_eq!(finding["status"], "waived");
    assert_eq!(finding["waiver"]["reason"], "the console is at hand");
    root.check(&["-q"]).ends(0).says("accepted: init-missing");
}

#[test]
fn a_waiver_that_has_ended_accepts_nothing() {
    let root = with_policy(blocked(), &waiver("init-missing", "init", "2026-08-24"));
    root.check(&[]).ends(1).says("block[init-missing]");
}

#[test]
fn a_waiver_for_another_subject_accepts_nothing() {
    let root = with_policy(blocked(), &waiver("init-missing", "other", "2026-11-20"));
    root.check(&[]).ends(1);
}

#[test]
fn a_waiver_for_another_host_accepts_nothing() {
    let text = waiver("init-missing", "init", "2026-11-20");
    let root = with_policy(
        blocked(),
        &text.replace("subject", "host = \"db*\"\nsubject"),
    );
    root.check(&[]).ends(1);
}

#[test]
fn a_waiver_accepts_one_open_question_and_is_shown() {
    let root = undecided();
    let run = root.check(&["--format", "json"]).ends(4);
    let json = run.json();
    let open = json["hosts"][0]["undecided"].as_array().unwrap();
    let rules: Vec<&str> = open.iter().map(|u| u["rule"].as_str().unwrap()).collect();
    assert!(!rules.is_empty());
    let path = "/etc/keepalived/keepalived.conf";
    let text: String = rules
        .iter()
        .map(|rule| waiver(rule, path, "2026-11-20"))
        .collect();
    let root = with_policy(root, &text);
    let run = root.check(&[]).ends(0);
    for rule in &rules {
        assert!(run.stdout.contains(rule), "{rule} in\n{}", run.stdout);
    }
    root.check(&["-v"]).ends(0).says(": the console is at hand");
    // All but one: that one still decides.
    let text: String = rules[1..]
        .iter()
        .map(|rule| waiver(rule, path, "2026-11-20"))
        .collect();
    let root = with_policy(root, &text);
    root.check(&[])
        .ends(4)
        .says(&format!("could not decide {}", rules[0]));
}

#[test]
fn accepting_on_the_command_line_needs_a_reason_and_is_shown() {
    let root = blocked();
    root.check(&["--accept", "init-missing=console at hand"])
        .ends(0)
        .says("CLEAR (accepted: init-missing)");
    root.check(&["--accept", "init-missing"])
        .ends(2)
        .complains("--accept init-missing: needs a reason");
}

#[test]
fn mistakes_in_a_policy_are_errors_with_their_place() {
    let good = waiver("init-missing", "init", "2026-11-20");
    let cases = [
        (
            good.replace("init-missing", "init-mising"),
            ":2:8: unknown rule \"init-mising\", did you mean \"init-missing\"?",
        ),
        (
            good.replace("subject", "subjekt"),
            ":3:1: unknown key \"subjekt\", did you mean \"subject\"?",
        ),
        (
            good.replace("the console is at hand", ""),
            ":5:10: a waiver needs a reason",
        ),
        (
            good.replace("2026-11-20", "\"some day\""),
            ":4:9: until must be a date such as 2026-10-01",
        ),
        (
            good.replace("[[waiver]]", "[[wavier]]"),
            "unknown key \"wavier\"",
        ),
        (good.replace("reason", "#reason"), "missing field"),
        ("fail_on = \"maybe\"\n".to_owned(), ":1:11: "),
        (
            "horizon = \"soon\"\n".to_owned(),
            "horizon soon: not a span",
        ),
        ("= nonsense\n".to_owned(), ":1:1: "),
    ];
    for (text, message) in cases {
        let run = with_policy(healthy(), &text).check(&[]).ends(2);
        assert_eq!(run.stdout, "");
        run.complains(message);
    }
}

#[test]
fn a_policy_given_by_name_replaces_that_of_the_tree() {
    let root = with_policy(blocked(), &waiver("init-missing", "init", "2026-11-20"));
    let other = Root::new();
    other.file("strict.toml", "fail_on = \"warn\"\n");
    let strict = other.at("strict.toml");
    root.check(&["--config", strict.to_str().unwrap()]).ends(1);
    root.call("check", &[])
        .env("COMEBACK_CONFIG", &strict)
        .run()
        .ends(1);
    root.check(&[]).ends(0);
}

#[test]
fn a_repository_has_its_policy_above_its_hosts() {
    let repository = Root::new();
    repository
        .file("comeback.toml", "fail_on = \"note\"\n")
        .file(".git", "gitdir: elsewhere\n")
        .file("hosts/a/etc/cron.d/job", "* * * * * root /sbin/reboot\n");
    let args = ["check", "--hosts", "hosts/*", "--now", super::support::NOW];
    super::support::Call::new(args)
        .within(repository.path())
        .run()
        .ends(1)
        .says("comeback.toml");
    // Not above the repository.
    repository.dir("hosts/a/.git");
    let args = ["check", "--hosts", "*", "--now", super::support::NOW];
    let hosts = repository.at("hosts");
    super::support::Call::new(args).within(&hosts).run().ends(1);
    let args = ["check", ".", "--now", super::support::NOW];
    let inside = repository.at("hosts/a");
    super::support::Call::new(args)
        .within(&inside)
        .run()
        .ends(0)
        .says("policy: none");
}

#[test]
fn the_triggers_and_facts_read_the_same_policy() {
    let root = with_policy(healthy(), "horizn = 1\n");
    for command in ["triggers", "facts"] {
        root.call(command, &[]).run().ends(2).complains("horizn");
    }
    comeback(["rules", "--config", "x"]).ends(2);
}
