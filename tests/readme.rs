//! The first page: what it shows is what the program prints, what it names is there.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may fail here

mod golden;

use std::process::Command;

use golden::{repository, same_as_file};

fn readme() -> String {
    std::fs::read_to_string(repository("README.md")).unwrap()
}

/// Runs a command line of the page in the repository.
fn run(line: &str) -> (String, Option<i32>) {
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[0], "comeback", "{line}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_comeback"));
    command.env_clear().current_dir(repository("."));
    let output = command.args(&words[1..]).output().unwrap();
    (
        String::from_utf8(output.stdout).unwrap(),
        output.status.code(),
    )
}

/// The code blocks of one kind.
fn blocks<'a>(page: &'a str, kind: &str) -> Vec<&'a str> {
    let open = format!("\n```{kind}\n");
    let rest = page.split(&open).skip(1);
    rest.map(|rest| rest.split("```").next().unwrap()).collect()
}

/// A report without the findings that the page leaves out.
fn shortened(report: &str) -> String {
    let keep = ["block[init-missing]", "block[trigger-reboots-broken-box]"];
    let mut parts: Vec<&str> = Vec::new();
    for part in report.trim_end().split("\n\n") {
        let is_finding = ["block[", "warn[", "note["]
            .iter()
            .any(|level| part.starts_with(level));
        if !is_finding || keep.iter().any(|rule| part.starts_with(rule)) {
            parts.push(part);
        } else if parts.last() != Some(&"...") {
            parts.push("...");
        }
    }
    parts.join("\n\n")
}

#[test]
fn the_report_on_the_first_page_is_the_programs_own() {
    let page = readme();
    let (before, rest) = page.split_once("\n```\n$ comeback").unwrap();
    let (session, after) = rest.split_once("\n```\n").unwrap();
    let (command, _) = session.split_once("/root\n").unwrap();
    let command = format!("comeback{command}/root");
    let (report, status) = run(&command.replace("\\\n", " "));
    assert_eq!(status, Some(1));
    let quoted = shortened(&report);
    for rule in ["block[init-missing]", "block[trigger-reboots-broken-box]"] {
        assert!(quoted.contains(rule), "{rule} is not in\n{quoted}");
    }
    let expected = format!("{before}\n```\n$ {command}\n{quoted}\n```\n{after}");
    same_as_file("README.md", &expected);
}

#[test]
fn outages_are_blocked_by_the_rules_the_first_page_names_and_the_cures_are_clear() {
    let page = readme();
    let rows = page.lines().filter(|line| line.starts_with("| 20"));
    let named: Vec<Vec<&str>> = rows
        .map(|row| {
            let cell = row.split('|').nth(2).unwrap();
            cell.split('`').skip(1).step_by(2).collect()
        })
        .collect();
    let lines = blocks(&page, "sh").into_iter().flat_map(str::lines);
    let commands: Vec<&str> = lines.filter(|line| line.contains("fixtures/")).collect();
    assert_eq!((named.len(), commands.len()), (5, 2));
    // Of the others only a running system shows all.
    let ids = comeback::rules::all_ids();
    let unknown = named.iter().flatten().find(|rule| !ids.contains(rule));
    assert_eq!(unknown, None);
    for (rules, command) in named.iter().zip(commands) {
        let (report, status) = run(command);
        assert_eq!(status, Some(1), "{command}");
        for rule in rules {
            let heading = format!("block[{rule}]");
            assert!(report.contains(&heading), "{heading} is not in\n{report}");
        }
        let (report, status) = run(&command.replace("/bad/", "/fixed/"));
        assert_eq!(status, Some(0), "{report}");
    }
}

#[test]
fn the_test_command_of_the_first_page_is_the_one_ci_runs() {
    let ci = std::fs::read_to_string(repository(".ci/run")).unwrap();
    let last = ci.lines().last().unwrap();
    assert_eq!(last, "exec bash tests/all");
    assert!(readme().contains("\n```sh\nbash tests/all\n```\n"));
}

#[test]
fn every_rule_and_file_the_documents_name_is_there() {
    let ids = comeback::rules::all_ids();
    let families = [
        "access-",
        "cron-",
        "data-",
        "down-",
        "failover-",
        "hook-",
        "init-",
        "network-",
        "packages-",
        "trigger-",
    ];
    for name in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        let text = std::fs::read_to_string(repository(name)).unwrap();
        for quoted in text.split('`').skip(1).step_by(2) {
            if families.iter().any(|family| quoted.starts_with(family)) {
                assert!(ids.contains(&quoted), "{name}: {quoted}");
            }
            let of_repository = ["src/", "man/", "schema/", "tests/", "rules/", ".ci/"];
            // What a fresh clone may lack is said to be optional.
            let optional = quoted == "tests/roots/run";
            let pattern = quoted.contains(['<', ' ', '\n']);
            if of_repository.iter().any(|dir| quoted.starts_with(dir)) && !pattern && !optional {
                assert!(repository(quoted).exists(), "{name}: {quoted}");
            }
        }
    }
}

#[test]
fn every_policy_the_first_page_shows_is_accepted() {
    let page = readme();
    let policies = blocks(&page, "toml");
    assert!(!policies.is_empty());
    for policy in policies {
        let path = std::path::Path::new("README.md");
        comeback::policy::Config::parse(path, policy.as_bytes()).unwrap();
    }
}

#[test]
fn every_command_the_first_page_shows_is_one_the_program_has() {
    use clap::CommandFactory as _;
    let page = readme();
    let mut tried = 0;
    for block in blocks(&page, "sh") {
        for line in block.replace("\\\n", " ").lines() {
            let line = line.split('#').next().unwrap().replace('\'', "");
            let mut words = line.split_whitespace().filter(|word| *word != "sudo");
            if words.next() == Some("comeback") {
                let words = std::iter::once("comeback").chain(words);
                let parsed = comeback::cli::Cli::command().try_get_matches_from(words);
                parsed.unwrap_or_else(|error| panic!("{line}: {error}"));
                tried += 1;
            }
        }
    }
    assert!(tried > 5);
}
