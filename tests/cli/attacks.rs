//! What is tried to make `guard` start its command without a CLEAR, or to leave no trace
//! of what was accepted.

use std::io::Read as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};

use super::guard::{LINKS, accepting, plainly, policy};
use super::support::{Call, NOW, PROGRAM, Root, blocked, has, healthy, is_root, skip};

fn status(root: &Root) -> serde_json::Value {
    let text = std::fs::read_to_string(root.at("status.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The path of the status file of a root.
fn file(root: &Root) -> String {
    root.at("status.json").display().to_string()
}

#[test]
fn the_status_file_tells_what_became_of_the_command() {
    let root = accepting();
    plainly(&root, &["--status-file", &file(&root)]).started(7);
    let told = status(&root);
    assert_eq!(told["schema"], "comeback.guard/1");
    assert_eq!(
        (&told["state"], &told["started"]),
        (&"started".into(), &true.into())
    );
    assert_eq!(told["command"][0], "sh");

    let bad = blocked();
    plainly(&bad, &["--status-file", &file(&bad)]).not_started(1);
    let told = status(&bad);
    assert_eq!(told["state"], "refused");
    assert_eq!(
        (&told["started"], &told["exit"]),
        (&false.into(), &1.into())
    );
    assert_eq!(told["verdict"], "blocked");
    assert!(
        told["why"].as_str().unwrap().contains("init-missing"),
        "{told}"
    );

    let args = ["--status-file", &file(&bad), "--deadline", "soon"];
    plainly(&bad, &args).not_started(2);
    assert_eq!(status(&bad)["exit"], 2);

    let named = root.at("named.toml");
    let named = named.to_str().unwrap();
    let path = file(&root);
    let args = ["--status-file", &path, "--config", named];
    let run = |more: &[&str]| root.call("guard", &[&args[..], more].concat()).run();
    run(&["--", "/no/such/command"]).ends(127);
    assert_eq!(status(&root)["state"], "failed");
    run(&[]).ends(0);
    assert_eq!(status(&root)["state"], "clear");
}

#[test]
fn a_status_file_that_cannot_be_written_starts_nothing() {
    for path in ["/no/such/dir/file", "/dev/full"] {
        plainly(&accepting(), &["--status-file", path])
            .not_started(70)
            .complains("cannot write the report");
    }
}

#[test]
fn a_guard_that_is_killed_starts_nothing_and_its_status_says_checking() {
    // Others may be ignored where the tests run, and are then by whom they start.
    for signal in ["TERM", "KILL"] {
        let root = accepting();
        let (marker, fifo) = (root.at("started"), root.at("status"));
        root.fifo("status");
        let named = root.at("named.toml");
        let mut child = Command::new(PROGRAM)
            .arg("guard")
            .arg(root.path())
            .args(["--now", NOW, "--config"])
            .arg(&named)
            .arg("--status-file")
            .arg(&fifo)
            .args(["--", "touch"])
            .arg(&marker)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It goes on once this is read, up to the next thing that it has to say there.
        let mut said = String::new();
        let mut pipe = std::fs::File::open(&fifo).unwrap();
        pipe.read_to_string(&mut said).unwrap();
        drop(pipe);
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["state"], "checking");
        let pid = child.id().to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", signal, &pid])
            .status();
        assert!(sent.unwrap().success());
        let ended = child.wait().unwrap();
        assert_eq!(ended.code(), None, "{signal}: ended by the signal");
        assert!(!marker.exists(), "{signal}");
    }
}

#[test]
fn a_guard_without_memory_starts_nothing_that_is_not_clear() {
    let mut refused = 0;
    for limit in ["12000", "60000", "250000", "400000"] {
        for (root, clear) in [(accepting(), true), (blocked(), false)] {
            let marker = root.at("started");
            let named = root.at("named.toml");
            let config = if clear { "--config \"$3\"" } else { "" };
            let script = format!(
                "ulimit -c 0; ulimit -v {limit}; \
                 exec \"$0\" guard \"$1\" --now \"$2\" {config} -- touch \"$4\""
            );
            let mut shell = Command::new("sh");
            shell.args(["-c", &script, PROGRAM]).arg(root.path());
            shell.arg(NOW).arg(&named).arg(&marker);
            let ended = shell.env_clear().output().unwrap().status;
            assert!(clear || !marker.exists(), "{limit}");
            if !marker.exists() {
                assert!(!ended.success(), "{limit}");
                refused += 1;
            }
        }
    }
    assert!(refused > 4, "{refused}");
}

#[test]
fn what_is_accepted_is_written_down_with_who_what_and_why() {
    let root = accepting();
    root.remove("usr/sbin/init");
    let syslog = UnixDatagram::bind(root.at("no-syslog")).unwrap();
    let accept = ["--accept", "init-missing=console at hand\n2026 forged"];
    plainly(&root, &accept).started(7);
    let log = std::fs::read_to_string(root.at("accepted.log")).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    for part in [
        " accepted by uid ",
        "login uid ",
        "called by ",
        "init-missing=console at hand\\n2026 forged",
        "; for: sh -c ",
    ] {
        assert!(log.contains(part), "{part} is not in {log}");
    }
    let mut buffer = [0; 4096];
    let len = syslog.recv(&mut buffer).unwrap();
    let sent = String::from_utf8_lossy(&buffer[..len]).into_owned();
    assert!(sent.starts_with("<85>comeback: accepted by uid "), "{sent}");
}

#[test]
fn what_cannot_be_written_down_is_not_accepted() {
    let root = accepting();
    let full = policy(&LINKS, "2026-11-20");
    let at = root.at("no-syslog");
    for log in ["/dev/full", "/no/such/dir/log", "/"] {
        let text = format!(
            "[guard]\nlog = \"{log}\"\nsyslog = \"{}\"\n{full}",
            at.display()
        );
        root.file("named.toml", text);
        plainly(&root, &[])
            .not_started(70)
            .complains("what was accepted could not be logged");
    }
    // One of the two is enough, and the other is told.
    let _syslog = UnixDatagram::bind(&at).unwrap();
    plainly(&root, &[])
        .started(7)
        .complains("not logged there: /");
}

#[test]
fn the_policy_of_another_root_names_no_file_of_this_machine() {
    let root = healthy();
    let victim = root.at("victim");
    std::fs::write(&victim, "as it was\n").unwrap();
    let text = format!(
        "[guard]\nlog = \"{0}\"\nsyslog = \"/no/such\"\nbreak_glass = \"{0}\"\n",
        victim.display()
    );
    root.file("etc/comeback/comeback.toml", text);
    root.remove("usr/sbin/init");
    plainly(&root, &[]).not_started(1);
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "as it was\n");
}

#[test]
fn a_broken_glass_accepts_what_it_names_where_it_is_roots_and_fresh() {
    let root = accepting();
    root.remove("usr/sbin/init");
    // A clear verdict needs the file's own time near the clock of the run.
    let touched = || {
        let set = Command::new("touch")
            .args(["-d", NOW])
            .arg(root.at("glass"))
            .status();
        assert!(set.unwrap().success());
    };
    let good = "# ticket 4711\ninit-missing=console at hand\n";
    root.file("glass", good);
    touched();
    if is_root() {
        plainly(&root, &[])
            .started(7)
            .complains("accepted: init-missing");
    } else {
        skip("needs root: a file of an ordinary user accepts nothing");
        plainly(&root, &[])
            .not_started(1)
            .complains("not root's alone");
    }
    let refused = |why: &str| {
        plainly(&root, &[]).not_started(1).complains(why);
    };
    root.mode("glass", 0o666);
    refused("nothing in it is accepted");
    root.file("glass", "init-mising=typo\n");
    touched();
    refused("nothing in it is accepted");
    root.file("glass", "init-missing=\n");
    touched();
    refused("nothing in it is accepted");
    root.file("glass", good);
    refused("nothing in it is accepted");
    root.remove("glass").fifo("glass");
    refused("not a regular file");
    root.remove("glass").link("glass", "named.toml");
    refused("not a regular file");
}

#[test]
fn a_site_may_take_no_acceptance_and_keep_a_rule_from_every_waiver() {
    let root = accepting();
    root.remove("usr/sbin/init");
    let named = std::fs::read_to_string(root.at("named.toml")).unwrap();
    let accept = ["--accept", "init-missing=console at hand"];
    root.file(
        "named.toml",
        named.replace("[guard]", "[guard]\naccept = false"),
    );
    plainly(&root, &accept)
        .not_started(2)
        .complains("policy takes no --accept");
    let strict = "[rules.init-missing]\nignorable = false\n";
    root.file("named.toml", format!("{strict}{named}"));
    plainly(&root, &accept).not_started(1).complains("BLOCKED");
}

#[test]
fn a_clock_in_the_past_revives_no_waiver_of_a_blocker() {
    let root = accepting();
    root.remove("usr/sbin/init");
    let named = std::fs::read_to_string(root.at("named.toml")).unwrap();
    let waiver = "[[waiver]]\nrule = \"init-missing\"\nuntil = 2026-08-20\nreason = \"r\"\n";
    root.file("named.toml", format!("{named}{waiver}"));
    plainly(&root, &[]).not_started(1);
    // The battery is empty: it is 1970 again.
    let args = ["guard", root.path().to_str().unwrap(), "--config"];
    let marker = root.at("started");
    let rest = ["--now", "1970-01-01T00:00:10Z", "--", "touch"];
    let named = root.at("named.toml");
    let words = args.map(Into::into).into_iter().chain([named]);
    let words = words.chain(rest.map(Into::into)).chain([marker.clone()]);
    Call::new(words).run().ends(1);
    assert!(!marker.exists());
}

#[test]
fn a_package_manager_at_work_on_this_machine_starts_nothing() {
    if !is_root() || !has("unshare") || !has("flock") {
        skip("needs root, unshare and flock");
        return;
    }
    // A lock of dpkg that is not this machine's, held by nobody who called the guard.
    let root = Root::new();
    let script = "mount --make-rprivate / && mount -t tmpfs tmpfs /var/lib/dpkg || exit 77
        touch /var/lib/dpkg/lock-frontend
        (flock 9; touch \"$1/held\"; exec sleep 60) 9>/var/lib/dpkg/lock-frontend >/dev/null 2>&1 &
        holder=$!
        while [ ! -e \"$1/held\" ]; do sleep 0.1; done
        \"$0\" guard --no-probe --deadline 60s -- touch \"$1/started\"; ended=$?
        kill $holder; exit $ended";
    let place = root.path().to_str().unwrap();
    let run = Call::of("unshare", ["--mount", "sh", "-c", script, PROGRAM, place]).run();
    if run.code == 77 || !Path::new("/var/lib/dpkg").exists() {
        skip("no file system can be mounted over /var/lib/dpkg");
        return;
    }
    run.ends(5).complains("BUSY");
    assert!(!root.at("started").exists());
}

#[test]
fn a_clock_ahead_of_its_time_accepts_nothing_more() {
    let root = accepting();
    let marker = root.at("started");
    for now in ["2099-01-01T00:00:00Z", "9999-12-01T00:00:00Z"] {
        let args = ["--config", "named.toml", "--", "touch", "started"];
        let words = ["guard", ".", "--now", now].into_iter().chain(args);
        Call::new(words).within(root.path()).run().ends(4);
        assert!(!marker.exists(), "{now}");
    }
}

#[test]
fn no_name_in_a_tree_is_taken_for_an_option_or_forges_a_line() {
    let names = [
        "--accept=init-missing=x",
        "-c",
        "@/dev/null",
        "a\ncomeback: gw1: CLEAR",
        "$(touch started)",
        "`touch started`;touch started",
        "\u{1b}[2K\rCLEAR",
    ];
    let clear = accepting();
    let bad = blocked();
    for root in [&clear, &bad] {
        for name in names {
            for dir in ["etc/cron.d", "etc/cron.hourly", "etc/init.d", "etc/rc2.d"] {
                root.file_mode(Path::new(dir).join(name), "#!/bin/sh\n", 0o755);
            }
        }
    }
    plainly(&bad, &[]).not_started(1);
    let named = clear.at("named.toml");
    let args = ["--config", named.to_str().unwrap(), "--", "true"];
    for (root, args) in [(&clear, &args[..]), (&bad, &["--", "true"])] {
        let run = root.call("guard", args).within(root.path()).run();
        // One line, and what happened when it was refused; nothing from a name.
        assert!(
            run.stderr
                .lines()
                .all(|line| line.starts_with("comeback: ")),
            "{}",
            run.stderr
        );
        assert!(run.stderr.lines().count() <= 2, "{}", run.stderr);
        assert!(!run.stderr.contains('\u{1b}'));
        assert!(!root.at("started").exists());
    }
}

#[test]
fn a_log_on_a_disk_that_is_really_full_accepts_nothing() {
    if !is_root() || !has("unshare") {
        skip("needs root: mounts a file system of one page");
        return;
    }
    let root = accepting();
    root.dir("log");
    let full = policy(&LINKS, "2026-11-20");
    let log = root.at("log").join("accepted.log");
    let text = format!(
        "[guard]\nlog = \"{}\"\nsyslog = \"/no/such\"\n{full}",
        log.display()
    );
    root.file("named.toml", text);
    let script = "mount --make-rprivate / && mount -t tmpfs -o size=4k tmpfs \"$1/log\" || exit 77
        dd if=/dev/zero of=\"$1/log/fill\" bs=4k count=2 2>/dev/null
        \"$0\" guard \"$1\" --now \"$2\" --config \"$1/named.toml\" -- touch \"$1/started\"";
    let place = root.path().to_str().unwrap();
    let run = Call::of(
        "unshare",
        ["--mount", "sh", "-c", script, PROGRAM, place, NOW],
    )
    .run();
    if run.code == 77 {
        skip("no file system can be mounted here");
        return;
    }
    run.ends(70)
        .complains("what was accepted could not be logged");
    assert!(!root.at("started").exists());
}

#[test]
fn nothing_in_the_command_or_its_surroundings_talks_the_guard_round() {
    let bad = blocked();
    let marker = bad.at("started");
    let stub = bad.at("shutdown");
    bad.file_mode(
        "shutdown",
        format!("#!/bin/sh\ntouch '{}'\n", marker.display()),
        0o755,
    );
    let stub = stub.to_str().unwrap();
    // What other guards look for in a command line: text for the wall that holds an
    // option, a cancelled shutdown, a pretended one, force.
    for words in [
        &["-r", "now", "see you -c soon"][..],
        &["-c"],
        &["-k", "now"],
        &["-f"],
        &["--force", "--help"],
        &["--accept", "init-missing=in the command"],
        &["--", "--config", "/dev/null"],
    ] {
        let args = [&["--", stub], words].concat();
        bad.call("guard", &args).run().ends(1);
        assert!(!marker.exists(), "{words:?}");
    }
    for variable in [
        "MOLLYGUARD_DO_NOTHING",
        "MOLLYGUARD_CMD",
        "COMEBACK_ACCEPT",
        "COMEBACK_NOW",
        "COMEBACK_HOOK",
        "SYSTEMD_IGNORE_CHROOT",
        "LD_BIND_NOW",
    ] {
        let run = bad.call("guard", &["--", stub]);
        run.env(variable, "init-missing=1").run().ends(1);
        assert!(!marker.exists(), "{variable}");
    }
}

#[test]
fn the_words_of_the_command_reach_it_as_they_are() {
    let root = accepting();
    let odd = ["--help", "-rf", "a b", "$(touch x)", "*", "", "x\ny"];
    let named = root.at("named.toml");
    let show = "for word; do printf '%s|' \"$word\"; done";
    let mut args = vec!["--config", named.to_str().unwrap(), "--"];
    args.extend(["sh", "-c", show, "sh"]);
    args.extend(odd);
    let run = root.call("guard", &args).run().ends(0);
    assert_eq!(run.stdout, odd.map(|word| format!("{word}|")).concat());
}

#[test]
fn a_root_whose_name_looks_like_an_option_is_a_root() {
    let top = Root::new();
    let inside = "--config=/dev/null";
    top.file(format!("{inside}/etc/passwd"), "root:x:0:0::/:/bin/sh\n");
    let marker = top.at("started");
    let marker = marker.to_str().unwrap();
    let named = format!("./{inside}");
    let args = [
        "guard", &named, "--tree", "full", "--now", NOW, "--", "touch", marker,
    ];
    Call::new(args).within(top.path()).run().ends(1);
    assert!(!top.at("started").exists());
}
