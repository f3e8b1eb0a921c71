use super::super::{HookState, Invocation, NotifyKind, ProblemKind as Kind, Subject};
use super::*;

/// The invocations of a configuration, as one line each.
fn calls(conf: &str, version: (u16, u16, u16)) -> Vec<String> {
    let config = read_as(conf.as_bytes(), version);
    let calls = config.notify_calls();
    let shown = calls.iter().map(|call| {
        let how = match &call.invocation {
            Invocation::Exec(argv) => {
                let words: Vec<String> = argv.iter().map(|w| format!("[{}]", text(w))).collect();
                words.concat()
            }
            Invocation::Shell(line) => format!("sh: {}", text(line)),
            Invocation::Never(_) => "never".into(),
        };
        format!("{} {how}", call.state.word())
    });
    shown.collect()
}

fn argv(line: &str) -> Vec<String> {
    let (instance, _) = instance(line);
    let argv = instance.notify.first().map(|n| n.command.argv.clone());
    argv.iter().flatten().map(|w| text(&w.value)).collect()
}

#[test]
fn a_generic_hook_gets_four_more_arguments() {
    let conf = "vrrp_instance gw 4 {\n}\nvrrp_instance VI_1 {\npriority 150\nnotify \"/etc/n.sh x y\"\n}\n";
    let expected = [
        "MASTER [/etc/n.sh][x][y][INSTANCE][VI_1][MASTER][150]",
        "BACKUP [/etc/n.sh][x][y][INSTANCE][VI_1][BACKUP][150]",
        "FAULT [/etc/n.sh][x][y][INSTANCE][VI_1][FAULT][150]",
        "STOP [/etc/n.sh][x][y][INSTANCE][VI_1][STOP][150]",
    ];
    assert_eq!(calls(conf, (2, 2, 7)), expected);
}

#[test]
fn a_state_hook_gets_exactly_its_own_words() {
    let conf = "vrrp_instance A {\nnotify_master \"/m master\"\nnotify_backup /b\nnotify_fault /f\nnotify_stop /s\nnotify_master_rx_lower_pri /l\n}\n";
    let expected = [
        "MASTER [/m][master]",
        "BACKUP [/b]",
        "FAULT [/f]",
        "STOP [/s]",
        "MASTER_RX_LOWER_PRI [/l]",
    ];
    assert_eq!(calls(conf, (2, 2, 7)), expected);
}

#[test]
fn a_group_is_called_with_priority_zero() {
    let conf = "vrrp_sync_group G {\ngroup {\nA\n}\nnotify /n\nnotify_master /m\n}\n";
    let expected = [
        "MASTER [/n][GROUP][G][MASTER][0]",
        "MASTER [/m]",
        "BACKUP [/n][GROUP][G][BACKUP][0]",
        "FAULT [/n][GROUP][G][FAULT][0]",
        "STOP [/n][GROUP][G][STOP][0]",
    ];
    assert_eq!(calls(conf, (2, 2, 7)), expected);
    let config = read(conf);
    assert!(
        config
            .notify_calls()
            .iter()
            .all(|c| c.subject == Subject::Group)
    );
}

#[test]
fn a_deleted_instance_is_told_only_where_that_is_asked_for() {
    let with = "vrrp_instance A {\nnotify /n\nnotify_deleted\n}\n";
    let without = "vrrp_instance A {\nnotify /n\n}\n";
    let deleted = |conf| {
        let calls = calls(conf, (2, 2, 7));
        calls.iter().filter(|c| c.starts_with("DELETED")).count()
    };
    assert_eq!((deleted(with), deleted(without)), (1, 0));
}

#[test]
fn before_2_0_0_a_shell_runs_the_hooks_and_nobody_hears_of_a_stop() {
    let conf = "vrrp_instance VI_1 {\nnotify /n\nnotify_master \"/m a && b\"\nnotify_stop /s\n}\n";
    let expected = [
        "MASTER sh: \"/n\" INSTANCE \"VI_1\" MASTER 100",
        "MASTER sh: /m a && b",
        "BACKUP sh: \"/n\" INSTANCE \"VI_1\" BACKUP 100",
        "FAULT sh: \"/n\" INSTANCE \"VI_1\" FAULT 100",
        "STOP sh: /s",
    ];
    assert_eq!(calls(conf, (1, 3, 2)), expected);
}

#[test]
fn before_2_0_0_a_generic_hook_with_arguments_never_runs() {
    let conf = "vrrp_instance A {\nnotify \"/n x\"\n}\n";
    assert!(calls(conf, (1, 4, 5)).iter().all(|c| c.ends_with("never")));
    assert!(!calls(conf, (2, 0, 0)).iter().any(|c| c.ends_with("never")));
}

#[test]
fn a_command_is_split_twice_like_a_shell_would_without_being_one() {
    let cases: [(&str, &[&str]); 10] = [
        ("notify_master \"/m a b\"", &["/m", "a", "b"]),
        ("notify_master /m", &["/m"]),
        ("notify_master \"/m 'a b' c\"", &["/m", "a b", "c"]),
        ("notify_master '/m \"a b\" c'", &["/m", "a b", "c"]),
        (
            "notify_master \"/m a && b > c\"",
            &["/m", "a", "&&", "b", ">", "c"],
        ),
        ("notify_master \"/m $HOME *\"", &["/m", "$HOME", "*"]),
        ("notify_master /m\\ a", &["/m", "a"]),
        ("notify_master \"/m\\\\x41\"", &["/mA"]),
        ("notify_master /m\" a\"", &["/m", "a"]),
        (
            "notify_master \"sh -c 'echo hi'\"",
            &["sh", "-c", "echo hi"],
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(argv(line), expected, "{line}");
    }
}

#[test]
fn words_behind_an_unquoted_command_are_its_user_and_group() {
    let (instance, problems) = instance("notify_master /m master backup");
    let command = &instance.notify[0].command;
    let user: Vec<String> = command.user.iter().map(|w| text(&w.value)).collect();
    assert_eq!(user, ["master", "backup"]);
    assert_eq!(command.argv.len(), 1);
    assert!(!command.quoted);
    assert_eq!(problems, []);
}

#[test]
fn a_second_hook_of_a_kind_is_ignored_since_1_3_9() {
    let conf = b"vrrp_instance A {\nnotify_master /one\nnotify_master /two\n}\n";
    for (version, expected) in [
        ((1, 3, 5), "/two"),
        ((1, 3, 9), "/one"),
        ((2, 4, 3), "/one"),
    ] {
        let config = read_as(conf, version);
        let notify = &config.instances[0].notify;
        assert_eq!(notify.len(), 1);
        assert_eq!(text(&notify[0].command.line.value), expected, "{version:?}");
        assert_eq!(problems(&config), [(Kind::DuplicateNotify, 3)]);
    }
}

#[test]
fn a_comment_sign_in_single_quotes_cuts_the_command_and_it_is_ignored() {
    let (instance, problems) = instance("notify_master '/m #1'");
    assert_eq!(instance.notify.len(), 0);
    assert_eq!(problems, [(Kind::UnmatchedQuote, 2)]);
}

#[test]
fn a_hook_in_braces_is_a_missing_argument() {
    let config = read("vrrp_instance A {\nnotify {\n/n\n}\n}\n");
    let first = &config.problems[0];
    assert_eq!((first.kind, first.fatal), (Kind::MissingParameter, true));
}

#[test]
fn a_hook_whose_quotes_swallow_its_command_is_fatal() {
    let (instance, problems) = instance("notify_master\" \"/m\"");
    assert_eq!(instance.notify.len(), 0);
    assert!(
        problems.contains(&(Kind::MissingParameter, 2)),
        "{problems:?}"
    );
}

#[test]
fn an_odd_escaped_quote_in_a_hook_is_told_up_to_2_3_1() {
    let conf = b"vrrp_instance A {\nnotify_master \"/m \\\" b\"\n}\n";
    assert_eq!(
        problems(&read_as(conf, (2, 2, 7))),
        [(Kind::UnmatchedQuote, 2), (Kind::UnmatchedQuote, 2)]
    );
    let config = read_as(conf, (2, 3, 2));
    assert_eq!(problems(&config), []);
    assert_eq!(config.instances[0].notify[0].command.argv.len(), 3);
}

#[test]
fn every_hook_knows_its_kind_and_place() {
    let (instance, _) = instance("notify_backup \"/b x\"");
    let notify = &instance.notify[0];
    assert_eq!(notify.kind, NotifyKind::Backup);
    assert_eq!(notify.command.place.text(), "notify_backup \"/b x\"");
    assert_eq!(notify.command.argv[1].place.text(), "x");
    assert!(notify.command.quoted);
    assert_eq!(HookState::Backup.word(), "BACKUP");
}

#[test]
fn the_commands_of_servers_and_globals_are_found() {
    let conf = "global_defs {\nnotify_fifo /run/f\nnotify_fifo_script \"/fs a\"\nstartup_script /up\nshutdown_script \"/down x\"\n}\nvirtual_server 10.0.0.1 80 {\nquorum_up \"/qu 1\"\nquorum_down /qd\nreal_server 10.0.0.2 80 {\nnotify_up /ru\nnotify_down /rd\nMISC_CHECK {\nmisc_path \"/mc a\"\n}\n}\n}\n";
    let config = read(conf);
    assert_eq!(problems(&config), []);
    assert_eq!(config.globals.fifo_scripts[0].command.argv.len(), 2);
    assert!(config.globals.startup_script.is_some());
    assert_eq!(config.globals.shutdown_script.unwrap().argv.len(), 2);
    let server = &config.virtual_servers[0];
    assert_eq!(server.quorum_up.as_ref().unwrap().argv.len(), 2);
    assert!(server.quorum_down.is_some());
    let real = &server.real_servers[0];
    assert!(real.notify_up.is_some() && real.notify_down.is_some());
    assert_eq!(text(&real.checks[0].argv[1].value), "a");
}
