//! The evaluator of hooks against real shells.
//!
//! `record` ran every script of `scripts/` for each name and state, in a private root
//! with stubs that write down how they are called, and `said` is what came of it: `acts`
//! or `nothing`. Here the same calls go through the facts that the rules see.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on must stop with a message, and says its figures"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use comeback::fact::Fact;
use comeback::facts::failover::Handling;
use comeback::facts::{Given, Host};
use comeback::source::{Coverage, Limits, MemSource, Tree};
use comeback::time::Deadline;

/// A call: the script, the name and the state.
type Call = (String, String, String);

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hooks")
}

/// What really happened: whether anything was done.
fn said() -> BTreeMap<Call, bool> {
    let text = std::fs::read_to_string(here().join("said")).unwrap();
    let lines = text.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let [script, name, state, done] = words[..] else {
            panic!("{line}")
        };
        let call = (script.into(), name.into(), state.into());
        (call, done == "acts")
    });
    lines.collect()
}

fn lay(source: &mut MemSource, from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            let mode = if mode & 0o100 == 0 { 0o644 } else { 0o755 };
            let path = to.join(entry.path().strip_prefix(from).unwrap());
            source.file_mode(path, std::fs::read(entry.path()).unwrap(), mode);
        }
    }
}

/// keepalived.conf with the names of `record`, each calling one script.
fn config(script: &str) -> String {
    let mut text = String::new();
    let hook = format!("/etc/keepalived/scripts/{script}");
    for (index, name) in ["gw4", "gw6", "VI_lan"].iter().enumerate() {
        let (id, last) = (51 + index, 10 + index);
        let _ = writeln!(
            text,
            "vrrp_instance {name} {{\n interface eth0\n virtual_router_id {id}\n priority 100\n \
             notify {hook}\n virtual_ipaddress {{\n 192.0.2.{last}/24\n }}\n}}"
        );
    }
    let _ = writeln!(
        text,
        "vrrp_sync_group G {{\n group {{\n gw4\n gw6\n VI_lan\n }}\n notify {hook}\n}}"
    );
    text
}

/// A machine like the private root of `record`.
fn machine(script: &str) -> Host {
    let mut source = MemSource::new();
    lay(&mut source, &here().join("etc"), Path::new("/etc"));
    let scripts = Path::new("/etc/keepalived/scripts");
    lay(&mut source, &here().join("scripts"), scripts);
    source.file("/etc/keepalived/keepalived.conf", config(script));
    source.file("/etc/hostname", "lb1\n");
    for name in PROGRAMS.split_whitespace() {
        source.file_mode(format!("/usr/bin/{name}"), "\x7fELF", 0o755);
    }
    source.link("/bin", "usr/bin").link("/sbin", "usr/bin");
    source.link("/usr/sbin", "bin");
    source.dir("/proc").dir("/run").dir("/tmp").dir("/var/log");
    let coverage = Coverage::full(true);
    let tree = Tree::new(
        Box::new(source),
        coverage,
        Limits::STANDARD,
        Deadline::none(),
    );
    Host::new(tree, jiff::Timestamp::UNIX_EPOCH, Given::default())
}

const PROGRAMS: &str = "ip ifconfig route systemctl service conntrackd arping birdc vtysh sysctl \
    logger nft iptables curl sh bash dash python3 perl grep sed awk cut tr cat rm mkdir date \
    basename dirname hostname uname expr run-parts timeout nohup env head";

/// What the facts say of every call of one script.
fn judged(script: &str) -> BTreeMap<Call, Result<bool, String>> {
    let host = machine(script);
    let Fact::Known(failover) = host.failover() else {
        panic!("no configuration for {script}")
    };
    let mut answers = BTreeMap::new();
    for call in &failover.calls {
        let answer = match &call.handling {
            Handling::Handled(_) => Ok(true),
            Handling::Nothing(_) => Ok(false),
            Handling::Undecided(open) => Err(open.iter().map(ToString::to_string).collect()),
            Handling::NotCalled(why) => panic!("{script} is not called: {why}"),
        };
        let name = String::from_utf8(call.name.clone()).unwrap();
        let key = (script.to_owned(), name, call.state.word().to_owned());
        answers.insert(key, answer);
    }
    answers
}

#[test]
fn what_a_hook_does_for_a_name_is_what_it_really_does() {
    let said = said();
    let mut scripts: Vec<&str> = said.keys().map(|(script, ..)| script.as_str()).collect();
    scripts.dedup();
    let (mut agree, mut undecided, mut wrong) = (0, 0, Vec::new());
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for script in &scripts {
        for (call, answer) in judged(script) {
            let Some(real) = said.get(&call) else {
                panic!("{call:?} was not recorded")
            };
            match answer {
                Ok(ours) if ours == *real => agree += 1,
                Ok(ours) => wrong.push(format!("{call:?}: really {real}, judged {ours}")),
                Err(why) => {
                    undecided += 1;
                    *reasons.entry(format!("{script}: {why}")).or_default() += 1;
                }
            }
        }
    }
    let total = said.len();
    println!(
        "{} scripts, {total} calls: {agree} agree, {undecided} undecided, {} wrong",
        scripts.len(),
        wrong.len()
    );
    for (why, count) in &reasons {
        println!("undecided {count}: {why}");
    }
    assert_eq!(
        agree + undecided + wrong.len(),
        total,
        "a call was not judged"
    );
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(scripts.len() >= 60);
    // Of the calls that are decided all agree; few may stay open.
    assert!(agree * 100 >= (total - undecided) * 97);
    assert!(undecided * 10 <= total, "{undecided} of {total} undecided");
}

#[test]
fn every_script_was_recorded_and_every_record_has_its_script() {
    let mut recorded: Vec<String> = said().into_keys().map(|(script, ..)| script).collect();
    recorded.dedup();
    let entries = std::fs::read_dir(here().join("scripts")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    recorded.sort();
    assert_eq!(recorded, names);
}
