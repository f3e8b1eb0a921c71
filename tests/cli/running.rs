//! What runs on this very machine, as the kernel shows it.

use std::process::{Child, Command, Stdio};

use super::support::comeback;

/// A shell that stops itself.
fn stopped() -> Child {
    let child = Command::new("sh")
        .args(["-c", "kill -STOP $$; exit 3"])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let is_stopped = || {
        std::fs::read_to_string(&status)
            .unwrap()
            .contains("\nState:\tT")
    };
    while !is_stopped() {
        std::thread::yield_now();
    }
    child
}

/// What is said of that process, if anything.
fn said_of(pid: u32) -> Option<serde_json::Value> {
    let args = ["check", "--select", "down-process-held", "--format", "json"];
    let json = comeback(args).json();
    let findings = json["hosts"][0]["findings"].as_array().unwrap().clone();
    let named = format!("(process {pid})");
    findings
        .into_iter()
        .find(|finding| finding["message"].as_str().unwrap().contains(&named))
}

#[test]
fn a_process_stopped_by_a_signal_is_named_until_it_goes_on() {
    let mut child = stopped();
    let found = said_of(child.id()).expect("it is stopped");
    let message = found["message"].as_str().unwrap();
    assert!(message.contains("is stopped by a signal"), "{message}");
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-CONT", &pid]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert!(said_of(child.id()).is_none());
}
