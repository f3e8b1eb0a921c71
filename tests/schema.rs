//! The report for programs: its schema is checked in, and real reports obey it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may fail here

mod golden;

use std::path::Path;
use std::process::{Command, Output};

use golden::same_as_file;
use serde_json::Value;

const SCHEMA: &str = "schema/comeback.report-1.schema.json";
const PLAN: &str = "schema/comeback.plan-1.schema.json";
const SNAPSHOT: &str = "schema/comeback.snapshot-1.schema.json";

/// Runs the program with an empty environment, at a fixed moment.
fn comeback(root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comeback"));
    command.env_clear().current_dir(root).args(arguments);
    command.output().unwrap()
}

/// A small root: no init, a job that reboots the box, and a table that is thrown
/// away, so that every kind of evidence but measures occurs.
fn broken_root() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("etc/os-release", "ID=debian\nPRETTY_NAME=\"Debian 12\"\n"),
        ("etc/hostname", "web1\n"),
        ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
        ("etc/inittab", "id:2:initdefault:\n"),
        ("etc/crontab", "15 3 * * *  root  /sbin/shutdown -r now\n"),
        ("etc/cron.d/backup", "0 2 * * * nobody-here /bin/true\n"),
        ("boot/vmlinuz-6.1.0-23-amd64", "x"),
        (
            "var/lib/dpkg/status",
            "Package: cron\nStatus: install ok installed\nVersion: 3.0pl1-162\n\n\
             Package: libc6\nStatus: install ok half-configured\nVersion: 2.36-9\n",
        ),
        ("sbin/shutdown", "\u{7f}ELF"),
        ("etc/init.d/cron", "#!/bin/sh\n"),
        ("bin/sh", "\u{7f}ELF"),
    ] {
        let file = dir.path().join("web1").join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let runlevel = dir.path().join("web1/etc/rc2.d");
    std::fs::create_dir(&runlevel).unwrap();
    std::os::unix::fs::symlink("../init.d/cron", runlevel.join("S01cron")).unwrap();
    dir
}

fn complaints(schema: &Value, document: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).unwrap();
    let errors = validator.iter_errors(document);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

fn stored_schema() -> Value {
    let text = std::fs::read_to_string(golden::repository(SCHEMA)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_schema_in_the_repository_is_the_one_the_program_prints() {
    same_as_file(SCHEMA, &comeback::report::schema().unwrap());
}

#[test]
fn a_report_of_a_broken_root_obeys_the_schema() {
    let dir = broken_root();
    let now = ["--now", "2026-08-24T20:00:00Z", "--format", "json"];
    let output = comeback(dir.path(), &[&["check", "web1", "-v"][..], &now].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema = stored_schema();
    let complaints = complaints(&schema, &report);
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));

    assert_eq!(report["schema"], "comeback.report/1");
    assert_eq!(report["verdict"], "blocked");
    assert_eq!(report["exit"], 1);
    assert_eq!(report["run"]["at"], "2026-08-24T20:00:00Z");
    assert_eq!(report["run"]["clock"], "given");
    let next = &report["next_reboot"];
    assert_eq!(next["at"], "2026-08-25T03:15:00Z");
    assert_eq!(next["host"], "web1");
    let host = &report["hosts"][0];
    let findings = host["findings"].as_array().unwrap();
    let rules: Vec<&str> = findings
        .iter()
        .map(|finding| finding["rule"].as_str().unwrap())
        .collect();
    for rule in ["init-missing", "trigger-reboots-broken-box"] {
        assert!(rules.contains(&rule), "{rule} is not among {rules:?}");
    }
    for finding in findings {
        let evidence = finding["evidence"].as_array().unwrap();
        assert!(!evidence.is_empty(), "{finding}");
    }
}

#[test]
fn a_snapshot_obeys_the_schema_in_the_repository_which_the_program_prints() {
    same_as_file(SNAPSHOT, &comeback::snapshot::schema().unwrap());
    let dir = broken_root();
    let taken = comeback(dir.path(), &["snapshot", "web1"]);
    assert_eq!(taken.status.code(), Some(0), "{taken:?}");
    let mut snapshot: Value = serde_json::from_slice(&taken.stdout).unwrap();
    let text = std::fs::read_to_string(golden::repository(SNAPSHOT)).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let complaints_now = complaints(&schema, &snapshot);
    assert!(complaints_now.is_empty(), "\n{}", complaints_now.join("\n"));
    assert_eq!(snapshot["schema"], "comeback.snapshot/1");
    snapshot["paths"][0]["path"] = 7.into();
    assert!(!complaints(&schema, &snapshot).is_empty());
}

#[test]
fn plans_obey_their_schema() {
    same_as_file(PLAN, &comeback::report::plan_schema().unwrap());
    let dir = broken_root();
    let plain = dir.path().join("plain/etc/cron.d/backup");
    std::fs::create_dir_all(plain.parent().unwrap()).unwrap();
    std::fs::write(plain, "0 2 * * * root /bin/true\n").unwrap();
    let arguments = ["plan", "--hosts", "*", "--format", "json"];
    let planned = comeback(dir.path(), &arguments);
    assert_eq!(planned.status.code(), Some(1), "{planned:?}");
    let mut plan: Value = serde_json::from_slice(&planned.stdout).unwrap();
    let text = std::fs::read_to_string(golden::repository(PLAN)).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let complaints_now = complaints(&schema, &plan);
    assert!(complaints_now.is_empty(), "\n{}", complaints_now.join("\n"));
    assert_eq!(plan["schema"], "comeback.plan/1");
    assert_eq!(plan["waves"][0]["hosts"][0]["name"], "plain");
    assert_eq!(plan["left_out"][0]["name"], "web1");
    plan["waves"][0]["hosts"][0]["name"] = 7.into();
    assert!(!complaints(&schema, &plan).is_empty());
}

#[test]
fn the_schema_refuses_what_is_no_report() {
    let schema = stored_schema();
    let empty = serde_json::json!({});
    assert!(!complaints(&schema, &empty).is_empty());
    let dir = broken_root();
    let output = comeback(dir.path(), &["check", "web1", "--format", "json"]);
    let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(complaints(&schema, &report).is_empty());
    report["hosts"][0]["findings"][0]["level"] = "grave".into();
    assert!(!complaints(&schema, &report).is_empty());
}

#[test]
fn jsonl_has_one_line_for_each_host_and_a_summary_each_with_its_schema() {
    let dir = broken_root();
    std::fs::create_dir_all(dir.path().join("web2/etc/cron.d")).unwrap();
    let output = comeback(
        dir.path(),
        &[
            "check",
            "--hosts",
            "web*",
            "--hosts",
            "web1",
            "--now",
            "2026-08-24T20:00:00Z",
            "--format",
            "jsonl",
        ],
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let schemas: Vec<&str> = lines
        .iter()
        .map(|line| line["schema"].as_str().unwrap())
        .collect();
    assert_eq!(
        schemas,
        ["comeback.host/1", "comeback.host/1", "comeback.summary/1"]
    );
    let names: Vec<&str> = lines[..2]
        .iter()
        .map(|line| line["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["web1", "web2"]);
    assert_eq!(lines[2]["exit"], 1);
}

#[test]
fn the_same_root_and_the_same_moment_give_the_same_bytes() {
    let dir = broken_root();
    let run = || {
        let now = ["--now", "2026-08-24T20:00:00Z", "--format", "json"];
        comeback(dir.path(), &[&["check", "web1"][..], &now].concat()).stdout
    };
    assert_eq!(run(), run());
}

#[test]
fn every_list_for_programs_names_its_schema() {
    let dir = broken_root();
    for (arguments, schema) in [
        (&["rules", "--format", "json"][..], "comeback.rules/1"),
        (
            &["triggers", "web1", "--format", "json"],
            "comeback.triggers/1",
        ),
    ] {
        let output = comeback(dir.path(), arguments);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["schema"], schema);
    }
    let printed = comeback(dir.path(), &["schema"]).stdout;
    let printed = String::from_utf8(printed).unwrap();
    assert_eq!(printed, comeback::report::schema().unwrap());
}
