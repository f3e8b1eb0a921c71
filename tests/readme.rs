//! The first page: what it shows is what the program prints, what it names is there.

mod golden;

use std::process::Command;

use golden::repository;

fn readme() -> String {
    std::fs::read_to_string(repository("README.md")).unwrap()
}

/// What `tests/show` prints for a story, and the program's exit status.
fn shown(story: &str) -> (String, Option<i32>) {
    let mut command = Command::new("bash");
    let path = std::env::var_os("PATH").unwrap();
    command.env_clear().env("PATH", path);
    command.env("COMEBACK", env!("CARGO_BIN_EXE_comeback"));
    command.arg(repository("tests/show")).arg(story);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (text, output.status.code())
}

#[test]
fn the_report_on_the_first_page_is_the_programs_own() {
    let (report, status) = shown("init-removed");
    assert_eq!(status, Some(1));
    let page = readme();
    let block = page
        .split("```")
        .find(|block| block.contains("\nwww3 ") || block.starts_with("\nwww3 "));
    if std::env::var_os("COMEBACK_BLESS").is_some_and(|value| value == "1") {
        let blessed = page.replace(block.unwrap(), &format!("\n{report}"));
        std::fs::write(repository("README.md"), blessed).unwrap();
        return;
    }
    assert_eq!(block.unwrap().trim_start(), report);
}

#[test]
fn both_outages_are_blocked_by_the_rules_the_first_page_names() {
    let page = readme();
    let quoted = |cell: &str| -> Vec<String> {
        let quoted = cell.split('`').skip(1).step_by(2);
        quoted.map(str::to_owned).collect()
    };
    let mut outages = 0;
    for row in page
        .lines()
        .filter(|line| line.contains("`bash tests/show "))
    {
        let cells: Vec<&str> = row.split('|').collect();
        let [_, _, rules, commands, _] = cells[..] else {
            continue;
        };
        let mut reports = String::new();
        for command in quoted(commands) {
            let (report, status) = shown(command.strip_prefix("bash tests/show ").unwrap());
            assert_eq!(status, Some(1), "{command}");
            reports.push_str(&report);
        }
        for rule in quoted(rules) {
            let heading = format!("block[{rule}]");
            assert!(reports.contains(&heading), "{heading} is not in\n{reports}");
        }
        outages += 1;
    }
    assert_eq!(outages, 2);
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
    let families = ["cron-", "failover-", "init-", "packages-", "trigger-"];
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
    let blocks = page.split("```toml\n").skip(1);
    let policies: Vec<&str> = blocks
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(!policies.is_empty());
    for policy in policies {
        let path = std::path::Path::new("README.md");
        comeback::policy::Config::parse(path, policy.as_bytes()).unwrap();
    }
}
