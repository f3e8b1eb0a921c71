//! Every exit status, the order when several hold, and that no format changes it.

use super::support::{Call, NOW, Root, blocked, comeback, healthy, undecided};

#[test]
fn a_healthy_root_is_clear_and_exits_0() {
    let run = healthy().check(&[]).ends(0);
    assert_eq!(run.verdict(), "CLEAR");
    assert_eq!(run.stderr, "");
    run.says(" 0 undecided")
        .never_says("warn[")
        .says("2 notes;");
}

#[test]
fn a_root_without_init_is_blocked_and_exits_1() {
    let run = blocked().check(&[]).ends(1);
    assert_eq!(run.verdict(), "BLOCKED");
    run.says("block[init-missing]")
        .says("/usr/sbin/init does not exist");
}

#[test]
fn a_question_that_stays_open_is_undecided_and_exits_4() {
    let run = undecided().check(&[]).ends(4);
    assert_eq!(run.verdict(), "UNDECIDED");
    run.says("/etc/keepalived/keepalived.conf: is a FIFO, not a regular file; not opened");
}

#[test]
fn usage_mistakes_exit_2_and_say_what_was_meant() {
    let root = healthy();
    let at = root.path().to_str().unwrap();
    let fifty = "x".repeat(50);
    let cases: &[(&[&str], &str)] = &[
        (
            &["check", "--frobnicate"],
            "unexpected argument '--frobnicate'",
        ),
        (&["chekc"], "unrecognized subcommand 'chekc'"),
        (
            &["check", at, "--select", "init-mising"],
            "unknown rule \"init-mising\", did you mean \"init-missing\"?",
        ),
        (
            &["check", at, "--ignore", &fifty],
            "comeback rules lists them",
        ),
        (&["check", at, "--now", "soon"], "--now"),
        (
            &["check", at, "--horizon", "soon"],
            "horizon soon: not a span",
        ),
        (
            &["check", at, "--deadline", "soon"],
            "--deadline soon: not a span",
        ),
        (
            &["check", at, "--covers", "etc/cron.d"],
            "--covers is for partial trees",
        ),
        (
            &["check", at, "--tree", "live"],
            "is not the running system",
        ),
        (
            &["check", "--tree", "partial"],
            "the running system is never partial",
        ),
        (
            &["check", at, "-q", "--format", "json"],
            "-q says only the verdict",
        ),
        (&["check", at, "-q", "-v"], "cannot be used with"),
        (
            &["check", at, "--format", "json", "--format", "text"],
            "only one report fits on standard output",
        ),
        (
            &["check", at, "--format", "yaml"],
            "choose one of text brief json jsonl sarif",
        ),
        (&["check", at, "--format", "json="], "no file name after ="),
        (
            &["check", at, "--fail-on", "maybe"],
            "invalid value 'maybe'",
        ),
        (&["check", at, "--accept", "init-missing"], "needs a reason"),
        (
            &["check", at, "--accept", "init-missing= "],
            "needs a reason",
        ),
        (&["check", at, "--accept", "init-mising=x"], "did you mean"),
        (
            &["check", at, "--config", "/no/such.toml"],
            "/no/such.toml: no such file",
        ),
        (&["check", at, "--hosts", "x"], "cannot be used with"),
        (
            &["explain", "init-mising"],
            "did you mean \"init-missing\"?",
        ),
    ];
    for (args, message) in cases {
        let run = comeback(*args).ends(2);
        assert_eq!(run.stdout, "", "{args:?}");
        run.complains(message);
    }
}

#[test]
fn a_bare_call_is_a_usage_mistake_with_a_short_help() {
    comeback::<&str>([])
        .ends(2)
        .says("Usage: comeback")
        .says("comeback guard -- systemctl reboot");
}

#[test]
fn a_configuration_mistake_exits_2_with_its_place_and_a_suggestion() {
    let root = healthy();
    root.file("etc/comeback/comeback.toml", "# policy\nhorizn = \"7d\"\n");
    root.check(&[])
        .ends(2)
        .complains("/etc/comeback/comeback.toml:2:1: unknown key \"horizn\"")
        .complains("did you mean \"horizon\"?");
}

#[test]
fn nothing_to_examine_exits_3() {
    let empty = Root::new();
    empty
        .check(&[])
        .ends(3)
        .complains("nothing here to examine");
    let missing = empty.at("none");
    comeback(["check", missing.to_str().unwrap()])
        .ends(3)
        .complains("no such file or directory");
    empty.file("file", "");
    let file = empty.at("file");
    comeback(["check", file.to_str().unwrap()])
        .ends(3)
        .complains("not a directory");
    let pattern = format!("{}/no*", empty.path().display());
    comeback(["check", "--hosts", &pattern])
        .ends(3)
        .complains("no host matched");
}

#[test]
fn only_rules_that_do_not_apply_is_nothing_and_exits_3() {
    let root = healthy();
    root.remove("etc/keepalived");
    let run = root.check(&["--select", "failover-hook-missing"]).ends(3);
    assert_eq!(run.verdict(), "NOTHING");
    run.says("no rule applies to what is here");
}

#[test]
fn a_report_that_cannot_be_written_exits_70() {
    for root in [healthy(), blocked(), undecided()] {
        root.check(&["--format", "json=/nonexistent/x"])
            .complains("cannot write the report: /nonexistent/x");
    }
    healthy()
        .check(&["--format", "json=/nonexistent/x"])
        .ends(70);
    // Known to be full on every Linux.
    Call::of(
        "sh",
        [
            "-c",
            "\"$0\" check \"$1\" --now \"$2\" >/dev/full",
            super::support::PROGRAM,
            healthy().path().to_str().unwrap(),
            NOW,
        ],
    )
    .run()
    .ends(70)
    .complains("cannot write the report");
}

#[test]
fn blocked_comes_before_a_report_that_cannot_be_written() {
    blocked()
        .check(&["--format", "json=/nonexistent/x"])
        .ends(1)
        .complains("cannot write the report");
}

#[test]
fn of_several_hosts_the_worst_decides() {
    let hosts = Root::new();
    let build = |name: &str, from: &Root| {
        let copied = Call::of(
            "cp",
            [
                "-a",
                from.path().to_str().unwrap(),
                hosts.at(name).to_str().unwrap(),
            ],
        );
        copied.run().ends(0);
    };
    let pattern = format!("{}/*", hosts.path().display());
    let check = || comeback(["check", "--hosts", &pattern, "--now", NOW]);
    build("a-clear", &healthy());
    check().ends(0).says("1 clear");
    build("b-open", &undecided());
    check().ends(4).says("1 undecided, 1 clear");
    build("c-blocked", &blocked());
    check().ends(1).says("1 blocked, 1 undecided, 1 clear");
}

#[test]
fn a_blocker_beside_an_open_question_blocks() {
    let root = undecided();
    root.remove("usr/sbin/init");
    root.check(&[])
        .ends(1)
        .says("block[init-missing]")
        .says("undecided[");
}

#[test]
fn usage_comes_before_everything() {
    blocked().check(&["--select", "nonsense"]).ends(2);
    comeback(["check", "/no/such/root", "--select", "nonsense"]).ends(2);
}

#[test]
fn the_exit_status_does_not_depend_on_the_format() {
    let empty = healthy();
    empty.remove("etc/keepalived");
    let cases = [(healthy(), 0), (blocked(), 1), (undecided(), 4)];
    let out = Root::new();
    for (root, code) in &cases {
        for format in ["text", "brief", "json", "jsonl"] {
            root.check(&["--format", format]).ends(*code);
            let file = format!("{format}={}/report.{format}", out.path().display());
            root.check(&["--format", &file, "-q"]).ends(*code);
            let written = std::fs::read(out.at(format!("report.{format}"))).unwrap();
            assert!(!written.is_empty(), "{format}");
        }
        root.check(&["-q"]).ends(*code);
        root.check(&["-v"]).ends(*code);
        root.check(&["--color", "always"]).ends(*code);
    }
    for format in ["text", "brief", "json", "jsonl"] {
        let args = ["--select", "failover-hook-missing", "--format", format];
        empty.check(&args).ends(3);
    }
}

#[test]
fn the_failing_level_can_be_raised_and_never_hides_a_blocker() {
    let root = healthy();
    root.file(
        "etc/cron.d/reboot",
        "15 3 * * * root /sbin/shutdown -r now\n",
    );
    root.check(&[])
        .ends(0)
        .says("warn[trigger-scheduled-reboot]");
    root.check(&["--fail-on", "warn"]).ends(1).says("BLOCKED");
    blocked().check(&["--fail-on", "note"]).ends(1);
}
