//! Runs a check of the site's own, as its policy says: a program with its whole path,
//! without a shell, with an environment of its own and an end.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use super::ProbeError;
use crate::time::Deadline;

/// Most that is kept of what it writes, bytes; the rest is read and thrown away.
const MOST: usize = 4096;
/// Most lines of it that are told.
const LINES: usize = 3;
/// How long between two looks whether it has ended.
const STEP: Duration = Duration::from_millis(10);
/// How long is waited for the rest of what it wrote once it has ended.
const REST: Duration = Duration::from_millis(200);

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckEnded {
    /// Its exit status; none where a signal ended it.
    pub status: Option<i32>,
    /// The first lines of what it wrote.
    pub text: String,
}

impl CheckEnded {
    /// As it is recorded: the status in a line, then what it wrote.
    pub(super) fn written(&self) -> Vec<u8> {
        let status = self.status.map_or("signal".to_owned(), |s| s.to_string());
        format!("{status}\n{}", self.text).into_bytes()
    }

    /// What was recorded.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (status, text) = text.split_once('\n').unwrap_or((&text, ""));
        Self {
            status: status.parse().ok(),
            text: first_lines(text.as_bytes()),
        }
    }
}

/// Runs a command no longer than `limit`, nor than the deadline of the run.
pub(super) fn run(
    words: &[String],
    limit: Duration,
    deadline: Deadline,
) -> Result<CheckEnded, ProbeError> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(ProbeError::Error("there is no command".to_owned()));
    };
    if deadline.passed() {
        return Err(ProbeError::Silent);
    }
    let failed = |error: std::io::Error| {
        let text = error.to_string();
        ProbeError::Refused(
            text.split(" (os error")
                .next()
                .unwrap_or("")
                .to_ascii_lowercase(),
        )
    };
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .env("LC_ALL", "C")
        .current_dir("/")
        // A group of its own: what it started ends with it.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (sender, receiver) = channel();
    if let Some(stream) = child.stdout.take() {
        let sender = sender.clone();
        std::thread::spawn(move || sender.send((0, head(stream))));
    }
    if let Some(stream) = child.stderr.take() {
        std::thread::spawn(move || sender.send((1, head(stream))));
    } else {
        drop(sender);
    }
    let own = Deadline::after(deadline.left().min(limit));
    let status = ended(&mut child, own)?;
    // A child of its own may hold its output open for ever.
    let rest = Deadline::after(REST);
    let mut parts = Vec::new();
    while let Ok(part) = receiver.recv_timeout(rest.left()) {
        parts.push(part);
    }
    parts.sort();
    let text: Vec<u8> = parts.into_iter().flat_map(|(_, bytes)| bytes).collect();
    Ok(CheckEnded {
        status,
        text: first_lines(&text),
    })
}

/// The beginning of a stream, which is read to its end so that nobody gets stuck.
fn head(mut stream: impl std::io::Read) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count) = stream.read(&mut buffer) {
        let new = buffer.get(..count).unwrap_or(&[]);
        if new.is_empty() {
            break;
        }
        let room = MOST.saturating_sub(kept.len());
        kept.extend(new.iter().take(room));
    }
    kept
}

fn first_lines(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.take(LINES).collect::<Vec<_>>().join("; ")
}

/// Waits for the end of a check, or ends it and what it started.
fn ended(child: &mut Child, limit: Deadline) -> Result<Option<i32>, ProbeError> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.code()),
            Ok(None) if limit.passed() => {
                end(child);
                return Err(ProbeError::Silent);
            }
            Ok(None) => limit.wait(STEP),
            Err(error) => return Err(ProbeError::Error(error.to_string())),
        }
    }
}

/// It may hang in the kernel: it is told to end, and waited for only a moment.
fn end(child: &mut Child) {
    let group = i32::try_from(child.id()).ok();
    if let Some(group) = group.and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let moment = Deadline::after(REST);
    while !moment.passed() && matches!(child.try_wait(), Ok(None)) {
        moment.wait(STEP);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(script: &str, limit: Duration) -> Result<CheckEnded, ProbeError> {
        let words = ["/bin/sh", "-c", script].map(str::to_owned);
        run(&words, limit, Deadline::none())
    }

    #[test]
    fn the_status_and_the_first_lines_are_what_it_says() {
        let minute = Duration::from_mins(1);
        let ended = ran("echo one; echo; echo two; echo err >&2; exit 1", minute).unwrap();
        assert_eq!(ended.status, Some(1));
        assert_eq!(ended.text, "one; two; err");
        assert_eq!(CheckEnded::read(&ended.written()), ended);
        let long = ran("yes line | head -n 100000; exit 3", minute).unwrap();
        assert_eq!(
            (long.status, long.text.as_str()),
            (Some(3), "line; line; line")
        );
        let killed = ran("kill -9 $$", minute).unwrap();
        assert_eq!(killed.status, None);
        assert_eq!(CheckEnded::read(&killed.written()), killed);
    }

    #[test]
    fn what_does_not_end_is_ended_with_all_that_it_started() {
        let mark = tempfile::NamedTempFile::new().unwrap();
        let path = mark.path().display();
        let script = format!("sleep 600 & echo $! > {path}; wait");
        // Long enough for a shell to begin, on any machine.
        let ended = ran(&script, Duration::from_secs(2));
        assert_eq!(ended, Err(ProbeError::Silent));
        let child = std::fs::read_to_string(mark.path()).unwrap();
        let stat = format!("/proc/{}/stat", child.trim());
        let lives = || {
            let stat = std::fs::read_to_string(&stat);
            stat.is_ok_and(|stat| stat.contains("(sleep)") && !stat.contains(") Z"))
        };
        let patience = Deadline::after(Duration::from_mins(1));
        while lives() && !patience.passed() {
            patience.wait(STEP);
        }
        assert!(!lives());
    }

    #[test]
    fn its_environment_is_none_of_the_callers_and_there_is_no_shell() {
        let limit = Duration::from_mins(1);
        let text = ran("echo \"$HOME$USER\" \"$(pwd)\"; exec cat", limit)
            .unwrap()
            .text;
        assert_eq!(text, "/");
        let missing = run(&["/no/such".to_owned()], limit, Deadline::none());
        assert_eq!(
            missing,
            Err(ProbeError::Refused("no such file or directory".into()))
        );
    }
}
