//! `guard` starts its command after a CLEAR and never otherwise.

use std::path::PathBuf;

use super::support::{Call, NOW, PROGRAM, Root, Run, blocked, healthy};

/// The links this version does not look at.
pub(super) const LINKS: [&str; 1] = ["mounts"];

/// A policy that accepts that some links are not examined.
pub(super) fn policy(links: &[&str], until: &str) -> String {
    let waivers = links.iter().map(|link| {
        format!(
            "[[waiver]]\nrule = \"chain-not-examined\"\nsubject = \"{link}\"\n\
             until = {until}\nreason = \"looked at by hand\"\n"
        )
    });
    waivers.collect()
}

/// A healthy root whose policy accepts every link that is not examined, and one given by
/// name that writes down what was accepted inside of it.
pub(super) fn accepting() -> Root {
    let root = healthy();
    let policy = policy(&LINKS, "2026-11-20");
    root.file("etc/comeback/comeback.toml", &policy);
    root.file("named.toml", format!("{}{policy}", audit(&root)));
    root
}

/// What of a policy keeps the traces of a test in its own root.
pub(super) fn audit(root: &Root) -> String {
    format!(
        "[guard]\nlog = \"{}\"\nsyslog = \"{}\"\nbreak_glass = \"{}\"\n",
        root.at("accepted.log").display(),
        root.at("no-syslog").display(),
        root.at("glass").display()
    )
}

/// A guarded run and the file its command would have made.
pub(super) struct Guarded {
    pub(super) run: Run,
    pub(super) marker: PathBuf,
    _dir: Root,
}

impl Guarded {
    #[track_caller]
    pub(super) fn started(self, code: i32) -> Run {
        assert!(self.marker.exists(), "not started\n{}", self.run.stderr);
        self.run.ends(code)
    }

    #[track_caller]
    pub(super) fn not_started(self, code: i32) -> Run {
        assert!(!self.marker.exists(), "started\n{}", self.run.stderr);
        self.run.ends(code)
    }
}

pub(super) fn guard(root: &Root, more: &[&str], change: impl FnOnce(Call) -> Call) -> Guarded {
    let dir = Root::new();
    let marker = dir.at("started");
    let script = format!("echo ran; touch '{}'; exit 7", marker.display());
    let mut args = more.to_vec();
    let named = root.at("named.toml");
    if named.exists() {
        args.extend(["--config", named.to_str().unwrap()]);
    }
    args.extend(["--", "sh", "-c", &script]);
    let run = change(root.call("guard", &args)).run();
    Guarded {
        run,
        marker,
        _dir: dir,
    }
}

pub(super) fn plainly(root: &Root, more: &[&str]) -> Guarded {
    guard(root, more, |call| call)
}

#[test]
fn a_clear_tree_starts_the_command_and_its_status_is_passed_on() {
    let run = plainly(&accepting(), &[]).started(7);
    assert_eq!(run.stdout, "ran\n", "standard output is the command's");
    assert!(run.stderr.starts_with("comeback: "), "{}", run.stderr);
    assert!(
        run.stderr
            .ends_with(": accepted: chain-not-examined: CLEAR\n"),
        "{}",
        run.stderr
    );
    assert_eq!(run.stderr.lines().count(), 1, "one line");
}

#[test]
fn a_healthy_root_is_not_clear_while_links_are_not_examined() {
    plainly(&healthy(), &[])
        .not_started(4)
        .complains("not examined: mounts: UNDECIDED")
        .complains("not started: the verdict is not CLEAR");
}

#[test]
fn each_link_needs_its_own_acceptance() {
    for missing in LINKS {
        let others: Vec<&str> = LINKS.into_iter().filter(|link| *link != missing).collect();
        let root = healthy();
        root.file("etc/comeback/comeback.toml", policy(&others, "2026-11-20"));
        plainly(&root, &[])
            .not_started(4)
            .complains(&format!("not examined: {missing}: UNDECIDED"));
    }
}

#[test]
fn an_acceptance_that_has_ended_starts_nothing() {
    let root = healthy();
    root.file("etc/comeback/comeback.toml", policy(&LINKS, "2026-08-24"));
    plainly(&root, &[]).not_started(4);
}

#[test]
fn a_blocked_tree_starts_nothing() {
    let root = accepting();
    root.remove("usr/sbin/init");
    plainly(&root, &[])
        .not_started(1)
        .complains("init-missing (no-boot)")
        .complains("BLOCKED");
    plainly(&blocked(), &[]).not_started(1);
}

#[test]
fn an_open_question_starts_nothing() {
    let root = accepting();
    let config = "etc/keepalived/keepalived.conf";
    root.remove(config).fifo(config);
    plainly(&root, &[])
        .not_started(4)
        .complains("/etc/keepalived/keepalived.conf: is a FIFO");
}

#[test]
fn an_accepted_blocker_starts_the_command_and_is_named() {
    let root = accepting();
    root.remove("usr/sbin/init");
    let all = ["--accept", "init-missing=serial console at hand"];
    let run = plainly(&root, &all).started(7);
    run.complains("accepted: init-missing: CLEAR");
}

#[test]
fn a_missing_root_starts_nothing() {
    let root = accepting();
    let dir = Root::new();
    let marker = dir.at("started");
    let args = ["guard", "/no/such/root", "--", "touch"];
    Call::new(args.map(Into::into).into_iter().chain([marker.clone()]))
        .run()
        .ends(3)
        .complains("/no/such/root: no such file or directory");
    assert!(!marker.exists());
    drop(root);
}

#[test]
fn no_time_at_all_starts_nothing() {
    plainly(&accepting(), &["--deadline", "0s"])
        .not_started(4)
        .complains("not read before the deadline");
}

#[test]
fn a_partial_tree_starts_nothing() {
    let root = Root::new();
    root.file("etc/cron.d/job", "5 4 * * * root /bin/true\n");
    plainly(&root, &[])
        .not_started(2)
        .complains("a partial tree cannot say whether a box comes back");
}

#[test]
fn usage_and_configuration_mistakes_start_nothing() {
    plainly(&accepting(), &["--accept", "init-missing"]).not_started(2);
    plainly(&accepting(), &["--nonsense"]).not_started(2);
    plainly(&accepting(), &["--deadline", "-1"]).not_started(2);
    let root = accepting();
    root.remove("named.toml");
    root.file("etc/comeback/comeback.toml", "fail_on = \"maybe\"\n");
    plainly(&root, &[]).not_started(2);
    root.file("etc/comeback/comeback.toml", b"\xff\xfe");
    plainly(&root, &[]).not_started(2).complains("not UTF-8");
}

#[test]
fn a_hostile_environment_starts_nothing() {
    let set = |name: &'static str, value: &'static str| move |call: Call| call.env(name, value);
    let root = accepting();
    root.remove("named.toml");
    let lax = root.at("etc/comeback/comeback.toml");
    guard(&root, &[], set("COMEBACK_CONFIG", "")).not_started(2);
    for value in ["/no/such.toml", lax.to_str().unwrap()] {
        guard(&root, &[], |call| call.env("COMEBACK_CONFIG", value))
            .not_started(2)
            .complains("takes no policy from COMEBACK_CONFIG");
    }
    // What is written down goes before it.
    guard(&accepting(), &[], set("COMEBACK_CONFIG", "/no/such.toml")).started(7);
    guard(&accepting(), &[], set("TZ", "Nowhere/Else")).started(7);
    guard(&accepting(), &[], set("RUST_BACKTRACE", "full")).started(7);
    guard(&accepting(), &[], set("COLUMNS", "-3")).started(7);
    guard(&accepting(), &[], set("LC_ALL", "tlh_KX.UTF-8")).started(7);
}

#[test]
fn a_policy_that_cannot_be_read_starts_nothing() {
    let root = accepting();
    root.remove("named.toml");
    let policy = "etc/comeback/comeback.toml";
    root.remove(policy).fifo(policy);
    plainly(&root, &[])
        .not_started(4)
        .complains("/etc/comeback/comeback.toml: is a FIFO");
    root.remove(policy).dir(policy);
    plainly(&root, &[]).not_started(4);
}

#[test]
fn a_command_that_cannot_be_started_ends_as_in_a_shell() {
    let root = accepting();
    let named = root.at("named.toml");
    let named = ["--config", named.to_str().unwrap()];
    let [option, file] = named;
    root.call("guard", &[option, file, "--", "/no/such/command"])
        .run()
        .ends(127)
        .complains("/no/such/command: ");
    root.file_mode("not-executable", "", 0o644);
    let program = root.at("not-executable");
    root.call("guard", &[option, file, "--", program.to_str().unwrap()])
        .run()
        .ends(126);
}

#[test]
fn without_a_command_the_line_is_on_standard_output() {
    let root = accepting();
    let named = root.at("named.toml");
    let named = ["--config", named.to_str().unwrap()];
    let run = root.call("guard", &named).run().ends(0);
    assert!(run.stdout.ends_with(": CLEAR\n"), "{}", run.stdout);
    blocked().call("guard", &[]).run().ends(1).says("BLOCKED");
    healthy().call("guard", &[]).run().ends(4).says("UNDECIDED");
}

#[test]
fn closed_streams_change_nothing() {
    let shell = |root: &Root, tail: &str| {
        let named = root.at("named.toml");
        let config = if named.exists() {
            format!("--config '{}'", named.display())
        } else {
            String::new()
        };
        let script = format!("\"$0\" guard \"$1\" --now \"$2\" {config} {tail}");
        let args = ["-c", &script, PROGRAM, root.path().to_str().unwrap(), NOW];
        Call::of("sh", args).run()
    };
    for closed in [">&-", "2>&-", "<&-", ">&- 2>&- <&-"] {
        shell(&accepting(), &format!("-- sh -c 'exit 7' {closed}")).ends(7);
        shell(&blocked(), &format!("-- sh -c 'exit 7' {closed}")).ends(1);
        shell(&blocked(), closed).ends(1);
    }
}

#[test]
fn the_whole_report_can_be_had_on_standard_error() {
    plainly(&blocked(), &["-v"])
        .not_started(1)
        .complains("block[init-missing]");
}
