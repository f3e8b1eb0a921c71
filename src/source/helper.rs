//! The disposable process that reads what may hang.
//!
//! It answers one request at a time over its standard streams. When it does not
//! answer in time it is left behind, not waited for: a process stuck in the kernel
//! cannot be reaped, but ours can end.

use std::ffi::OsString;
use std::io::{BufReader, Read, Write};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Blob, Meta, ReadError, Source};
use crate::time::Deadline;

/// How to start the helper: this program with a hidden subcommand.
#[derive(Clone, Debug)]
pub struct HelperCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
}

/// One question to the helper; paths are paths of this machine.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// See [`Source::lstat`].
    Lstat(#[serde(with = "path_bytes")] PathBuf),
    /// See [`Source::read_link`].
    ReadLink(#[serde(with = "path_bytes")] PathBuf),
    /// See [`Source::read`].
    Read(#[serde(with = "path_bytes")] PathBuf, u64),
    /// See [`Source::read_head`].
    ReadHead(#[serde(with = "path_bytes")] PathBuf, u64),
    /// At most so many bytes from this offset on; see [`Source::open`].
    ReadAt(#[serde(with = "path_bytes")] PathBuf, u64, usize),
    /// See [`Source::list`].
    List(#[serde(with = "path_bytes")] PathBuf, usize),
}

/// One answer; bytes follow the frame where there are any.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Meta(Meta),
    Bytes,
    Names(Vec<usize>),
    Failed(ReadError),
}

/// Paths as bytes: a path need not be UTF-8.
mod path_bytes {
    use super::{OsString, Path, PathBuf};
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

    pub(super) fn serialize<S: Serializer>(path: &Path, s: S) -> Result<S::Ok, S::Error> {
        path.as_os_str().as_bytes().serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<PathBuf, D::Error> {
        Ok(PathBuf::from(OsString::from_vec(Vec::deserialize(d)?)))
    }
}

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// After so many silent helpers nothing risky is asked any more.
const ABANDON_AT_MOST: usize = 4;

/// The client's side; its copies share one process.
#[derive(Clone)]
pub(super) struct Helper {
    command: HelperCommand,
    deadline: Deadline,
    state: Arc<Mutex<State>>,
}

/// A file that the helper reads.
struct Remote {
    helper: Helper,
    path: PathBuf,
    len: u64,
}

impl Blob for Remote {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let request = Request::ReadAt(self.path.clone(), offset, buffer.len());
        let bytes = self.helper.read(&request)?;
        let len = bytes.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..len), bytes.get(..len)) {
            to.copy_from_slice(from);
        }
        Ok(len)
    }
}

#[derive(Default)]
struct State {
    running: Option<Running>,
    abandoned: usize,
}

struct Running {
    // Kept so that it is neither reaped nor killed before we are done.
    _child: Child,
    stdin: ChildStdin,
    answers: Receiver<(Answer, Vec<u8>)>,
}

impl Helper {
    pub(super) fn new(command: HelperCommand, deadline: Deadline) -> Self {
        Self {
            command,
            deadline,
            state: Arc::new(Mutex::new(State::default())),
        }
    }

    /// The regular file at `path`, read through the helper.
    pub(super) fn blob(&self, path: PathBuf, len: u64) -> Box<dyn Blob> {
        let helper = self.clone();
        Box::new(Remote { helper, path, len })
    }

    pub(super) fn lstat(&self, request: &Request) -> Result<Meta, ReadError> {
        match self.ask(request)? {
            (Answer::Meta(meta), _) => Ok(meta),
            other => Err(unexpected(other.0)),
        }
    }

    pub(super) fn read_link(&self, request: &Request) -> Result<PathBuf, ReadError> {
        match self.ask(request)? {
            (Answer::Bytes, bytes) => Ok(PathBuf::from(OsString::from_vec(bytes))),
            other => Err(unexpected(other.0)),
        }
    }

    pub(super) fn read(&self, request: &Request) -> Result<Vec<u8>, ReadError> {
        match self.ask(request)? {
            (Answer::Bytes, bytes) => Ok(bytes),
            other => Err(unexpected(other.0)),
        }
    }

    pub(super) fn list(&self, request: &Request) -> Result<Vec<OsString>, ReadError> {
        match self.ask(request)? {
            (Answer::Names(lengths), bytes) => {
                let mut rest = bytes.as_slice();
                let mut names = Vec::with_capacity(lengths.len());
                for len in lengths {
                    let (name, tail) = rest
                        .split_at_checked(len)
                        .ok_or_else(|| ReadError::Io("the helper sent a short answer".into()))?;
                    names.push(OsString::from_vec(name.to_vec()));
                    rest = tail;
                }
                Ok(names)
            }
            other => Err(unexpected(other.0)),
        }
    }

    fn ask(&self, request: &Request) -> Result<(Answer, Vec<u8>), ReadError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.abandoned >= ABANDON_AT_MOST {
            return Err(ReadError::Deadline);
        }
        let wait = PATIENCE.min(self.deadline.left());
        if wait.is_zero() {
            return Err(ReadError::Deadline);
        }
        let mut running = match state.running.take() {
            Some(running) => running,
            None => start(&self.command)?,
        };
        let frame = serde_json::to_vec(request).map_err(|e| ReadError::Io(e.to_string()))?;
        if let Err(error) = write_frame(&mut running.stdin, &frame) {
            return Err(ReadError::from_io(&error));
        }
        match running.answers.recv_timeout(wait) {
            Ok(answer) => {
                state.running = Some(running);
                Ok(answer)
            }
            Err(RecvTimeoutError::Timeout) => {
                state.abandoned += 1;
                Err(ReadError::Deadline)
            }
            Err(RecvTimeoutError::Disconnected) => {
                state.abandoned += 1;
                Err(ReadError::Io("the helper process ended".into()))
            }
        }
    }
}

fn unexpected(answer: Answer) -> ReadError {
    match answer {
        Answer::Failed(error) => error,
        Answer::Meta(_) | Answer::Bytes | Answer::Names(_) => {
            ReadError::Io("the helper answered another question".into())
        }
    }
}

fn start(command: &HelperCommand) -> Result<Running, ReadError> {
    let mut child = Command::new(&command.program)
        .args(&command.args)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| ReadError::from_io(&e))?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(ReadError::Io("the helper has no pipes".into()));
    };
    let (send, answers) = channel();
    // Blocked in a pipe, not in the kernel's file system: this thread can be left behind.
    std::thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        while let Ok(frame) = read_frame(&mut stdout) {
            let Ok(answer) = serde_json::from_slice::<Answer>(&frame) else {
                break;
            };
            let Ok(bytes) = read_frame(&mut stdout) else {
                break;
            };
            if send.send((answer, bytes)).is_err() {
                break;
            }
        }
    });
    Ok(Running {
        _child: child,
        stdin,
        answers,
    })
}

/// The helper's side: answers requests on `input` until it closes.
///
/// # Errors
/// Only those of the streams; a failed look-up is an answer.
pub fn serve(input: &mut dyn Read, output: &mut dyn Write) -> std::io::Result<()> {
    while let Ok(frame) = read_frame(input) {
        let (answer, bytes) = match serde_json::from_slice::<Request>(&frame) {
            Ok(request) => answer(&request),
            Err(error) => (Answer::Failed(ReadError::Io(error.to_string())), Vec::new()),
        };
        let frame = serde_json::to_vec(&answer).map_err(std::io::Error::other)?;
        write_frame(output, &frame)?;
        write_frame(output, &bytes)?;
        output.flush()?;
    }
    Ok(())
}

fn answer(request: &Request) -> (Answer, Vec<u8>) {
    let failed = |error| (Answer::Failed(error), Vec::new());
    // The parent resolves links component by component, so the path is physical
    // and the plain source over "/" answers it; mounts are no concern in here.
    let source = match super::dir::DirSource::for_helper() {
        Ok(source) => source,
        Err(error) => return failed(error),
    };
    match request {
        Request::Lstat(path) => match source.lstat(path) {
            Ok(meta) => (Answer::Meta(meta), Vec::new()),
            Err(error) => failed(error),
        },
        Request::ReadLink(path) => match source.read_link(path) {
            Ok(target) => (Answer::Bytes, target.into_os_string().into_vec()),
            Err(error) => failed(error),
        },
        Request::Read(path, limit) => match source.read(path, *limit) {
            Ok(bytes) => (Answer::Bytes, bytes),
            Err(error) => failed(error),
        },
        Request::ReadHead(path, len) => match source.read_head(path, *len) {
            Ok(bytes) => (Answer::Bytes, bytes),
            Err(error) => failed(error),
        },
        Request::ReadAt(path, offset, len) => match piece(&source, path, *offset, *len) {
            Ok(bytes) => (Answer::Bytes, bytes),
            Err(error) => failed(error),
        },
        Request::List(path, limit) => match source.list(path, *limit) {
            Ok(names) => {
                let lengths = names.iter().map(|name| name.len()).collect();
                let bytes = names.iter().flat_map(|n| n.as_bytes().to_vec()).collect();
                (Answer::Names(lengths), bytes)
            }
            Err(error) => failed(error),
        },
    }
}

/// Longest piece that is read at once, bytes: a request cannot ask for more memory.
const PIECE: usize = 8 << 20;

fn piece(source: &dyn Source, path: &Path, offset: u64, len: usize) -> Result<Vec<u8>, ReadError> {
    let mut bytes = vec![0; len.min(PIECE)];
    let read = source.open(path)?.read_at(offset, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

fn write_frame(output: &mut dyn Write, bytes: &[u8]) -> std::io::Result<()> {
    let len = u64::try_from(bytes.len()).map_err(std::io::Error::other)?;
    output.write_all(&len.to_le_bytes())?;
    output.write_all(bytes)?;
    output.flush()
}

fn read_frame(input: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let mut len = [0; 8];
    input.read_exact(&mut len)?;
    let len = u64::from_le_bytes(len);
    let mut bytes = Vec::new();
    let read = input.take(len).read_to_end(&mut bytes)?;
    if u64::try_from(read).map_err(std::io::Error::other)? < len {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(request: &Request) -> (Answer, Vec<u8>) {
        let mut input = Vec::new();
        write_frame(&mut input, &serde_json::to_vec(request).unwrap()).unwrap();
        let mut output = Vec::new();
        serve(&mut input.as_slice(), &mut output).unwrap();
        let mut output = output.as_slice();
        let answer = serde_json::from_slice(&read_frame(&mut output).unwrap()).unwrap();
        (answer, read_frame(&mut output).unwrap())
    }

    #[test]
    fn the_helper_answers_about_files_links_and_directories() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::write(root.join("a"), b"hello").unwrap();
        std::os::unix::fs::symlink("a", root.join("l")).unwrap();
        let (answer, bytes) = exchange(&Request::Read(root.join("a"), 10));
        assert!(matches!(answer, Answer::Bytes));
        assert_eq!(bytes, b"hello");
        let (answer, bytes) = exchange(&Request::ReadAt(root.join("a"), 3, 10));
        assert!(matches!(answer, Answer::Bytes));
        assert_eq!(bytes, b"lo");
        let (answer, bytes) = exchange(&Request::ReadLink(root.join("l")));
        assert!(matches!(answer, Answer::Bytes));
        assert_eq!(bytes, b"a");
        let (answer, bytes) = exchange(&Request::List(root.clone(), 10));
        assert!(matches!(answer, Answer::Names(lengths) if lengths == [1, 1]));
        assert_eq!(bytes, b"al");
        let (answer, _) = exchange(&Request::Read(root.join("none"), 10));
        assert!(matches!(answer, Answer::Failed(ReadError::NotFound)));
    }

    #[test]
    fn a_frame_that_lies_about_its_length_is_an_error() {
        let mut bytes = 100_u64.to_le_bytes().to_vec();
        bytes.extend(b"short");
        assert!(read_frame(&mut bytes.as_slice()).is_err());
    }
}
