//! What the reports look like to programs, and that they do not depend on chance.

use super::support::{
    Call, HEALTHY, HEALTHY_LINKS, NOW, PROGRAM, Root, blocked, comeback, healthy, undecided,
};

#[test]
fn a_reader_that_goes_away_does_not_hide_the_verdict() {
    // More than a pipe holds, so that writing meets the closed end.
    let root = blocked();
    let jobs = "15 3 * * * root /sbin/reboot\n".repeat(2_000);
    root.file("etc/cron.d/many", jobs);
    let script = "\"$0\" check \"$1\" --now \"$2\" | head -1";
    let at = root.path().to_str().unwrap();
    let args = ["-o", "pipefail", "-c", script, PROGRAM, at, NOW];
    let run = Call::of("bash", args).run().ends(1);
    assert_eq!(run.stdout.lines().count(), 1);
    assert_eq!(run.stderr, "");
}

#[test]
fn json_is_one_document_with_the_chain_of_each_host() {
    for (root, verdict, exit) in [
        (healthy(), "clear", 0),
        (blocked(), "blocked", 1),
        (undecided(), "undecided", 4),
    ] {
        let json = root.check(&["--format", "json"]).ends(exit).json();
        assert_eq!(json["schema"], "comeback.report/1");
        assert_eq!(json["verdict"], verdict);
        assert_eq!(json["exit"], exit);
        assert_eq!(json["run"]["at"], NOW);
        let host = &json["hosts"][0];
        let chain = host["chain"].as_array().unwrap();
        let links: Vec<&str> = chain.iter().map(|c| c["link"].as_str().unwrap()).collect();
        let expected = "loader kernel initrd root init mounts target network access services \
                        failover going-down packages triggers";
        assert_eq!(links.join(" "), expected);
        for finding in host["findings"].as_array().unwrap() {
            let evidence = finding["evidence"].as_array().unwrap();
            assert!(!evidence.is_empty(), "{finding}");
        }
    }
}

#[test]
fn jsonl_is_one_document_on_each_line() {
    let run = blocked().check(&["--format", "jsonl"]).ends(1);
    let lines: Vec<serde_json::Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let schemas: Vec<&str> = lines
        .iter()
        .map(|l| l["schema"].as_str().unwrap())
        .collect();
    assert_eq!(schemas, ["comeback.host/1", "comeback.summary/1"]);
    assert_eq!(lines[1]["exit"], 1);
}

#[test]
fn two_runs_give_the_same_bytes() {
    for root in [healthy(), blocked(), undecided()] {
        for format in ["text", "brief", "json", "jsonl"] {
            let run = || root.check(&["--format", format]).stdout;
            assert_eq!(run(), run(), "{format}");
        }
    }
}

#[test]
fn the_order_of_directory_entries_does_not_matter() {
    // Made in opposite orders, below the same name.
    let top = [Root::new(), Root::new()];
    let build = |top: &Root, reverse: bool| {
        let mut files: Vec<(String, Vec<u8>)> = HEALTHY
            .iter()
            .map(|(path, content, _)| ((*path).to_owned(), content.to_vec()))
            .collect();
        for n in 0..40 {
            let job = format!("{n} 3 * * * root /sbin/reboot\n");
            files.push((format!("etc/cron.d/job{n}"), job.into_bytes()));
        }
        if reverse {
            files.reverse();
        }
        for (path, content) in files {
            top.file_mode(format!("gw1/{path}"), content, 0o755);
        }
        for (path, target) in HEALTHY_LINKS {
            top.link(format!("gw1/{path}"), target);
        }
    };
    build(&top[0], false);
    build(&top[1], true);
    let report = |top: &Root| {
        let root = top.at("gw1");
        let args = [
            "check",
            root.to_str().unwrap(),
            "--now",
            NOW,
            "--format",
            "json",
        ];
        comeback(args).stdout
    };
    assert_eq!(report(&top[0]), report(&top[1]));
}

#[test]
fn no_line_is_wider_than_80_columns_unless_it_quotes_a_file() {
    let wide = |run: &super::support::Run| {
        let lines = run.stdout.lines().filter(|line| {
            let quotes = line.contains(" | ") || line.contains("--> ");
            line.chars().count() > 80 && !quotes
        });
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let mut runs = Vec::new();
    for root in [healthy(), blocked(), undecided()] {
        root.file(
            "etc/cron.d/reboot",
            "15 3 * * * root /sbin/shutdown -r now\n",
        );
        runs.push(root.check(&[]));
        runs.push(root.check(&["-v"]));
        runs.push(root.call("triggers", &[]).run());
    }
    runs.push(comeback(["rules"]));
    for help in ["check", "guard", "triggers", "facts", "rules", "explain"] {
        runs.push(comeback([help, "--help"]));
    }
    runs.push(comeback(["--help"]));
    for run in &runs {
        assert_eq!(wide(run), Vec::<String>::new());
    }
}

#[test]
fn colours_are_off_without_a_terminal_and_can_be_forced() {
    let escapes = |run: &super::support::Run| run.stdout.contains('\x1b');
    let root = blocked();
    assert!(!escapes(&root.check(&[])));
    assert!(escapes(&root.check(&["--color", "always"])));
    assert!(!escapes(&root.check(&["--color", "never"])));
}

#[test]
fn facts_say_what_was_read_and_exit_0() {
    healthy()
        .call("facts", &[])
        .run()
        .ends(0)
        .says("init /sbin/init known /usr/sbin/init, sysvinit")
        .says("cron.daemon known package cron 3.0pl1-162")
        .says("cron.tables known /etc/crontab (1 job)");
    undecided()
        .call("facts", &[])
        .run()
        .ends(0)
        .says("failover unknown /etc/keepalived/keepalived.conf: is a FIFO");
}

#[test]
fn every_rule_can_be_listed_and_explained() {
    let list = comeback(["rules", "--format", "json"]).ends(0).json();
    let rules = list["rules"].as_array().unwrap();
    assert!(rules.len() > 15);
    for rule in rules {
        let id = rule["id"].as_str().unwrap();
        let run = comeback(["explain", id]).ends(0);
        for part in [
            id,
            "What it says",
            "Why",
            "What it does not flag",
            "What to do",
        ] {
            assert!(run.stdout.contains(part), "{part} of {id}");
        }
        let wide = run.stdout.lines().find(|line| line.chars().count() > 80);
        let quoted = wide.is_none_or(|line| line.contains("://"));
        assert!(quoted, "{id}: {wide:?}");
    }
    let text = comeback(["rules"]).ends(0);
    assert_eq!(text.stdout.lines().count(), 2 * rules.len());
}

#[test]
fn triggers_are_listed_next_first() {
    let root = healthy();
    root.file(
        "etc/cron.d/reboot",
        "15 3 * * 0 root /sbin/shutdown -r now\n0 21 * * * root /sbin/poweroff\n",
    );
    let run = root.call("triggers", &["--format", "json"]).run().ends(0);
    let json = run.json();
    let list = json["triggers"].as_array().unwrap();
    let next: Vec<&str> = list.iter().map(|t| t["next"].as_str().unwrap()).collect();
    assert_eq!(next, ["2026-08-24T21:00:00Z", "2026-08-30T03:15:00Z"]);
    root.call("triggers", &[])
        .run()
        .ends(0)
        .says("Mon 2026-08-24 21:00");
}

#[test]
fn the_way_through_scripts_to_a_reboot_is_told_place_by_place() {
    let root = healthy();
    root.file("etc/cron.d/night", "15 3 * * * root /opt/a\n");
    root.file_mode("opt/a", "#!/bin/sh\n/opt/b now\n", 0o755);
    root.file_mode("opt/b", "#!/bin/sh\n. /opt/f\nexec /opt/c \"$1\"\n", 0o755);
    root.file_mode(
        "opt/c",
        "#!/bin/sh\n. /opt/f\n[ -e /run/x ] && down\n",
        0o755,
    );
    root.file("opt/f", "down() {\n  /sbin/reboot\n}\n");
    let way = [
        "/etc/cron.d/night:1:1",
        "/etc/cron.d/night:1:17",
        "/opt/a:2:1",
        "/opt/b:3:1",
        "/opt/c:3:18",
        "/opt/f:2:3",
    ];
    let mut run = root.check(&[]).ends(0).says("only if [ -e /run/x ]");
    for place in way {
        run = run.says(&format!("--> {place}"));
    }
    let json = root.check(&["--format", "json"]).ends(0).json();
    let findings = json["hosts"][0]["findings"].as_array().unwrap();
    let mut reboots = findings
        .iter()
        .filter(|finding| finding["rule"] == "trigger-scheduled-reboot");
    let evidence = reboots.next().unwrap()["evidence"].as_array().unwrap();
    let told: Vec<String> = evidence
        .iter()
        .filter(|piece| piece["file"].is_string())
        .map(|piece| {
            let path = piece["file"].as_str().unwrap();
            format!("{path}:{}:{}", piece["line"], piece["column"])
        })
        .collect();
    assert_eq!(told, way, "{evidence:?}");
}

#[test]
fn completions_schema_help_and_version_exit_0() {
    comeback(["completions", "bash"])
        .ends(0)
        .says("_comeback()");
    comeback(["schema"])
        .ends(0)
        .says("comeback.report/1")
        .json();
    comeback(["--help"]).ends(0).says("guard");
    comeback(["--version"])
        .ends(0)
        .says(env!("CARGO_PKG_VERSION"));
}
