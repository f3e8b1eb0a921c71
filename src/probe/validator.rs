//! Runs the validator of a service: the service's own program, told to read its
//! configuration and to say what is wrong with it.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use super::ProbeError;
use crate::time::Deadline;

/// Most that is kept of what it says, bytes.
const MOST: u64 = 64 * 1024;
const ACCEPTS: &str = "accepts";
const REFUSES: &str = "refuses";
/// How long a validator may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long between two looks whether it has ended.
const STEP: Duration = Duration::from_millis(10);

/// One of what it writes to.
type Stream = Box<dyn std::io::Read + Send>;

/// What a validator says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Whether it accepts the configuration.
    pub accepts: bool,
    /// What it wrote, both streams.
    pub text: String,
}

impl Said {
    /// As it is recorded: `accepts` or `refuses` in a line, then what it wrote.
    pub(super) fn written(&self) -> Vec<u8> {
        let verdict = if self.accepts { ACCEPTS } else { REFUSES };
        format!("{verdict}\n{}", self.text).into_bytes()
    }

    /// What was recorded.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (verdict, text) = text.split_once('\n').unwrap_or((&text, ""));
        Self {
            accepts: verdict == ACCEPTS,
            text: text.to_owned(),
        }
    }
}

/// Runs a program with an environment of its own, in a directory of nobody's.
pub(super) fn run(words: &[String], deadline: Deadline) -> Result<Said, ProbeError> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(ProbeError::Error("there is no command".to_owned()));
    };
    let failed = |error: std::io::Error| ProbeError::Refused(error.to_string());
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (sender, receiver) = channel();
    let mut streams: Vec<Stream> = Vec::new();
    if let Some(stream) = child.stdout.take() {
        streams.push(Box::new(stream));
    }
    if let Some(stream) = child.stderr.take() {
        streams.push(Box::new(stream));
    }
    for stream in streams {
        let sender = sender.clone();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // What was read before an error is all there is.
            let _ = stream.take(MOST).read_to_end(&mut bytes);
            let _ = sender.send(bytes);
        });
    }
    drop(sender);
    let limit = Deadline::after(deadline.left().min(PATIENCE));
    let accepts = ended(&mut child, limit)?;
    let mut text = Vec::new();
    while let Ok(bytes) = receiver.recv_timeout(limit.left()) {
        text.extend(bytes);
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(Said { accepts, text })
}

/// Waits for the end of a child, or ends it.
fn ended(child: &mut Child, limit: Deadline) -> Result<bool, ProbeError> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) if limit.passed() => {
                // It may hang in the kernel: it is told to end, and not waited for.
                let _ = child.kill();
                return Err(ProbeError::Silent);
            }
            Ok(None) => limit.wait(STEP),
            Err(error) => return Err(ProbeError::Error(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &[&str]) -> Result<Said, ProbeError> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        run(&words, Deadline::none())
    }

    #[test]
    fn a_validator_tells_by_its_status_and_its_words() {
        let accepts = said(&["/bin/sh", "-c", "echo fine"]).unwrap();
        assert_eq!((accepts.accepts, accepts.text.as_str()), (true, "fine\n"));
        let refuses = said(&["/bin/sh", "-c", "echo \"x$HOME\" >&2; exit 1"]).unwrap();
        assert_eq!((refuses.accepts, refuses.text.as_str()), (false, "x\n"));
        assert!(matches!(
            said(&["/no/such/program"]),
            Err(ProbeError::Refused(_))
        ));
        assert!(said(&[]).is_err());
    }

    #[test]
    fn one_that_does_not_end_is_left_at_the_deadline() {
        let words = ["/bin/sh", "-c", "exec sleep 60"].map(str::to_owned);
        let limit = Deadline::after(Duration::from_millis(50));
        assert_eq!(run(&words, limit), Err(ProbeError::Silent));
    }
}
