//! Runs the validator of a service: the service's own program, told to read its
//! configuration and to say what is wrong with it.
//!
//! It may read what it likes, and the kernel refuses it to make, change or remove a file
//! but `/dev/null` and to take a port (Landlock, Linux 5.13 and later; ports 6.7).

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use super::ProbeError;
use super::fence::fence;
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

/// A validator, and how it is to be understood.
#[derive(Clone, Debug)]
pub struct Validator {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// What it says once it accepts the configuration, whatever comes of the rest.
    pub accepts: Option<String>,
    /// Whether it would write if it could.
    pub fenced: bool,
}

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

/// Starts a program with an environment of its own, behind the fence.
fn start(program: &str, arguments: &[String], must: bool) -> Result<Child, ProbeError> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // Of a thread of its own, as there is no way back.
    let thread = std::thread::spawn(move || match fence() {
        Err(_) if must => Err(ProbeError::Unfenced),
        Ok(()) | Err(_) => command.spawn().map_err(|error| super::failed(&error)),
    });
    let gone = |_| Err(ProbeError::Error("it could not be started".to_owned()));
    thread.join().unwrap_or_else(gone)
}

/// Runs a validator.
pub(super) fn run(validator: &Validator, deadline: Deadline) -> Result<Said, ProbeError> {
    let Some((program, arguments)) = validator.words.split_first() else {
        return Err(ProbeError::Error("there is no command".to_owned()));
    };
    let mut child = start(program, arguments, validator.fenced)?;
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
    let ended = ended(&mut child, limit)?;
    let mut text = Vec::new();
    while let Ok(bytes) = receiver.recv_timeout(limit.left()) {
        text.extend(bytes);
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let says = |words: &String| text.contains(words.as_str());
    let accepts = ended || validator.accepts.as_ref().is_some_and(says);
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

    fn validator(words: &[&str]) -> Validator {
        Validator {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            accepts: None,
            fenced: false,
        }
    }

    fn said(words: &[&str]) -> Result<Said, ProbeError> {
        run(&validator(words), Deadline::none())
    }

    #[test]
    fn a_validator_tells_by_its_status_and_its_words() {
        let accepts = said(&["/bin/sh", "-c", "echo fine"]).unwrap();
        assert_eq!((accepts.accepts, accepts.text.as_str()), (true, "fine\n"));
        assert_eq!(Said::read(&accepts.written()), accepts);
        let refuses = said(&["/bin/sh", "-c", "echo \"x$HOME\" >&2; exit 1"]).unwrap();
        assert_eq!((refuses.accepts, refuses.text.as_str()), (false, "x\n"));
        assert_eq!(Said::read(&refuses.written()), refuses);
        assert!(matches!(
            said(&["/no/such/program"]),
            Err(ProbeError::Refused(_))
        ));
        assert!(said(&[]).is_err());
    }

    #[test]
    fn words_of_its_own_may_count_more_than_its_status() {
        let mut one = validator(&["/bin/sh", "-c", "echo syntax is ok; exit 1"]);
        assert!(!run(&one, Deadline::none()).unwrap().accepts);
        one.accepts = Some("syntax is ok".to_owned());
        assert!(run(&one, Deadline::none()).unwrap().accepts);
    }

    #[test]
    fn the_kernel_keeps_it_from_writing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("made").display().to_string();
        let script = format!("echo x >/dev/null && echo x >{path}");
        let mut one = validator(&["/bin/sh", "-c", &script]);
        one.fenced = true;
        match run(&one, Deadline::none()) {
            Ok(said) => assert!(!said.accepts && said.text.contains("denied"), "{said:?}"),
            Err(error) => assert_eq!(error, ProbeError::Unfenced),
        }
        assert!(!dir.path().join("made").exists());
        // This process goes on as before.
        std::fs::write(dir.path().join("own"), "x").unwrap();
    }

    #[test]
    fn one_that_does_not_end_is_left_at_the_deadline() {
        let one = validator(&["/bin/sh", "-c", "exec sleep 60"]);
        let limit = Deadline::after(Duration::from_millis(50));
        assert_eq!(run(&one, limit), Err(ProbeError::Silent));
    }
}
