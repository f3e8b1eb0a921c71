//! A tree as a commit of a git repository has it.
//!
//! The only part of the program that starts `git`, and of git only `cat-file`: with
//! `--batch-check` it tells what an object is, with `--batch` it prints it. Trees are
//! read as objects too, so no work tree, index, attribute, filter or hook takes part.
//! The repository's own configuration is hostile like everything else of a tree. It
//! cannot be left out, so what might start a program is overruled, and the two
//! commands used start none: gitattributes(5) filters and diff drivers belong to
//! `--filters` and `--textconv`, a pager to a terminal, aliases to names that are not
//! git's own, fsmonitor to the index (git 2.47 Documentation/git-cat-file.txt,
//! githooks.txt). What is missing of a partial clone would be fetched by the transport
//! the configuration names (partial-clone.txt, "Fetching Missing Objects"): switched
//! off by `GIT_NO_LAZY_FETCH` (2.45), and before by a list of protocols with none on it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::mem::in_memory;
use super::template::{by_content, by_name, refusal};
use super::{Blob, FileKind, Meta, ReadError, Source, size_words};
use crate::time::Deadline;

/// Longest wait for one answer of git.
const PATIENCE: Duration = Duration::from_secs(20);

/// The largest object that is read as a tree, in bytes.
const LONGEST_TREE: u64 = 64 << 20;

/// The longest first line of an answer, in bytes.
const LONGEST_LINE: u64 = 64 << 10;

/// What overrules a repository's configuration.
const OVERRULED: [&str; 14] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.sshCommand=false",
    "core.askPass=false",
    "core.editor=false",
    "core.attributesFile=/dev/null",
    "core.alternateRefsCommand=false",
    "core.gitProxy=",
    "credential.helper=",
    "diff.external=",
    "protocol.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// The whole environment of git, but for the path.
const ENVIRONMENT: [(&str, &str); 14] = [
    ("LC_ALL", "C"),
    ("HOME", "/nonexistent"),
    ("XDG_CONFIG_HOME", "/nonexistent"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_SYSTEM", "/dev/null"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", "false"),
    ("GIT_SSH_COMMAND", "false"),
];

/// A repository, and where in it a tree lies.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Its `.git`: the directory, or the file that names it.
    pub git_dir: PathBuf,
    /// The tree's directory below the top of the work tree; empty for the top itself.
    pub inside: PathBuf,
}

/// Why there is no tree to read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The repository has no such commit or tree.
    #[error("no such revision")]
    NoRevision,
    /// git could not be asked.
    #[error("{0}")]
    Failed(ReadError),
}

/// The tree below one directory of one revision.
pub struct GitSource {
    objects: Objects,
    root: Object,
    trees: Mutex<BTreeMap<Vec<u8>, Arc<Vec<Entry>>>>,
    commit: String,
    /// Whether templates are shown as the files that they become.
    templates: bool,
}

/// One entry of a tree object.
#[derive(Clone, Debug)]
struct Entry {
    name: Vec<u8>,
    object: Object,
}

/// An object as a tree names it.
#[derive(Clone, Debug)]
struct Object {
    id: Vec<u8>,
    kind: Kind,
    /// Whose template it is, by its name.
    template: Option<&'static str>,
}

/// The kinds of entries that git keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Tree,
    File { executable: bool },
    Link,
    Submodule,
}

impl GitSource {
    /// The tree of `revision` at the repository's `inside`; `None` where the revision
    /// does not have that directory. `path` is the `PATH` git is looked up along.
    ///
    /// # Errors
    /// Where there is no such revision, or git does not answer.
    pub fn open(
        repository: &Repository,
        revision: &str,
        path: Option<OsString>,
        deadline: Deadline,
    ) -> Result<Option<Self>, GitError> {
        // A line is a question; what looks like an option is none to a batch.
        if revision.is_empty() || revision.starts_with('-') || revision.contains(['\n', '\0']) {
            return Err(GitError::NoRevision);
        }
        let objects = Objects {
            git_dir: repository.git_dir.clone(),
            path: absolute_only(path),
            deadline,
            check: Mutex::new(None),
            content: Mutex::new(None),
        };
        let ask = |question: &str| match objects.header(question.as_bytes()) {
            Ok(header) => Ok(header),
            Err(ReadError::NotFound) => Err(GitError::NoRevision),
            Err(error) => Err(GitError::Failed(error)),
        };
        let tree = ask(&format!("{revision}^{{tree}}"))?;
        let commit = match ask(&format!("{revision}^{{commit}}")) {
            Ok(header) => header.id,
            Err(GitError::NoRevision) => tree.id.clone(),
            Err(error) => return Err(error),
        };
        let mut source = Self {
            objects,
            root: Object {
                id: tree.id,
                kind: Kind::Tree,
                template: None,
            },
            trees: Mutex::new(BTreeMap::new()),
            commit: String::from_utf8_lossy(&commit).into_owned(),
            templates: false,
        };
        let below = Path::new("/").join(&repository.inside);
        match source.entry(&below) {
            Ok(object) if object.kind == Kind::Tree => source.root = object,
            Ok(object) if object.kind == Kind::Submodule => {
                return Err(GitError::Failed(submodule()));
            }
            Ok(_) | Err(ReadError::NotFound | ReadError::NotDir) => return Ok(None),
            Err(error) => return Err(GitError::Failed(error)),
        }
        Ok(Some(source))
    }

    /// The same, each template shown as the file that it becomes, whose content is not
    /// known.
    #[must_use]
    pub fn with_templates(self) -> Self {
        Self {
            templates: true,
            trees: Mutex::new(BTreeMap::new()),
            ..self
        }
    }

    /// The commit's name, in hexadecimal digits; the tree's where no commit was named.
    #[must_use]
    pub fn commit(&self) -> &str {
        &self.commit
    }

    /// What stands at a physical path.
    fn entry(&self, path: &Path) -> Result<Object, ReadError> {
        let mut object = self.root.clone();
        for component in path.components() {
            let name = match component {
                Component::Normal(name) => name,
                Component::RootDir | Component::CurDir => continue,
                Component::ParentDir | Component::Prefix(_) => return Err(ReadError::NotFound),
            };
            match object.kind {
                Kind::Tree => {}
                Kind::Submodule => return Err(submodule()),
                Kind::File { .. } | Kind::Link => return Err(ReadError::NotDir),
            }
            let entries = self.entries(&object.id)?;
            let mut entries = entries.iter();
            let found = entries.find(|entry| entry.name == name.as_bytes());
            object = found.ok_or(ReadError::NotFound)?.object.clone();
        }
        Ok(object)
    }

    /// The entries of a tree object.
    fn entries(&self, id: &[u8]) -> Result<Arc<Vec<Entry>>, ReadError> {
        let known = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entries) = known.get(id) {
            return Ok(Arc::clone(entries));
        }
        drop(known);
        let bytes = self.objects.content(id, b"tree", LONGEST_TREE)?;
        let mut entries = entries(&bytes, id.len() / 2)?;
        if self.templates {
            show_templates(&mut entries);
        }
        let entries = Arc::new(entries);
        let mut known = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(id.to_vec(), Arc::clone(&entries));
        Ok(entries)
    }

    /// The content of the regular file at `path`.
    fn file(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        let object = self.entry(path)?;
        if let Some(engine) = object.template {
            return Err(refusal(engine));
        }
        match object.kind {
            Kind::File { .. } => {
                let bytes = self.objects.content(&object.id, b"blob", limit)?;
                match by_content(&bytes).filter(|_| self.templates) {
                    Some(engine) => Err(refusal(engine)),
                    None => Ok(bytes),
                }
            }
            Kind::Tree | Kind::Submodule => Err(ReadError::NotRegular(FileKind::Dir)),
            Kind::Link => Err(ReadError::NotRegular(FileKind::Link)),
        }
    }
}

impl Source for GitSource {
    fn lstat(&self, path: &Path) -> Result<Meta, ReadError> {
        let object = self.entry(path)?;
        let size = || self.objects.header(&object.id).map(|header| header.size);
        let (kind, mode, len) = match object.kind {
            Kind::Tree | Kind::Submodule => (FileKind::Dir, 0o755, 0),
            Kind::File { executable: true } => (FileKind::File, 0o755, size()?),
            Kind::File { executable: false } => (FileKind::File, 0o644, size()?),
            Kind::Link => (FileKind::Link, 0o777, size()?),
        };
        // git keeps neither owners nor times; the coverage says so.
        Ok(Meta {
            kind,
            len,
            mode,
            uid: 0,
            gid: 0,
            nlink: 1,
            mtime: 0,
            dev: 0,
            ino: number(&object.id),
        })
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ReadError> {
        let object = self.entry(path)?;
        if object.kind != Kind::Link {
            return Err(ReadError::Io("invalid argument".into()));
        }
        let text = self.objects.content(&object.id, b"blob", LONGEST_LINE)?;
        Ok(PathBuf::from(OsString::from_vec(text)))
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        self.file(path, limit)
    }

    fn read_head(&self, path: &Path, len: u64) -> Result<Vec<u8>, ReadError> {
        let mut bytes = self.file(path, LONGEST_TREE)?;
        bytes.truncate(usize::try_from(len).unwrap_or(usize::MAX));
        Ok(bytes)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Blob>, ReadError> {
        self.file(path, LONGEST_TREE).map(in_memory)
    }

    fn list(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
        let object = self.entry(path)?;
        match object.kind {
            Kind::Tree => {}
            Kind::Submodule => return Err(submodule()),
            Kind::File { .. } | Kind::Link => return Err(ReadError::NotDir),
        }
        let entries = self.entries(&object.id)?;
        if entries.len() > limit {
            return Err(ReadError::Limit(format!("more than {limit} entries")));
        }
        let names = entries.iter().map(|entry| entry.name.clone());
        let mut names: Vec<OsString> = names.map(OsString::from_vec).collect();
        names.sort();
        Ok(names)
    }
}

/// Templates under the names of the files that they become, where those are not there.
fn show_templates(entries: &mut Vec<Entry>) {
    for entry in &mut *entries {
        if matches!(entry.object.kind, Kind::File { .. } | Kind::Link)
            && let Some((stem, engine)) = by_name(&entry.name)
        {
            let stem = stem.to_vec();
            entry.name = stem;
            entry.object.template = Some(engine);
        }
    }
    entries.sort_by(|a, b| {
        let templates = (a.object.template.is_some(), b.object.template.is_some());
        a.name.cmp(&b.name).then(templates.0.cmp(&templates.1))
    });
    entries.dedup_by(|later, first| later.name == first.name);
}

fn submodule() -> ReadError {
    ReadError::Io("a submodule: its files are in another repository".into())
}

/// Some bits of an object's name, to tell inodes apart.
fn number(id: &[u8]) -> u64 {
    let head = id.get(..16).and_then(|head| std::str::from_utf8(head).ok());
    let head = head.and_then(|head| u64::from_str_radix(head, 16).ok());
    head.unwrap_or(0)
}

/// The absolute directories of a `PATH`: git is not looked up where the caller stands.
fn absolute_only(path: Option<OsString>) -> OsString {
    let path = path.unwrap_or_else(|| OsString::from("/usr/local/bin:/usr/bin:/bin"));
    let dirs = path.as_bytes().split(|b| *b == b':');
    let dirs: Vec<&[u8]> = dirs.filter(|dir| dir.starts_with(b"/")).collect();
    OsString::from_vec(dirs.join(&b':'))
}

/// The entries of a tree object: mode, blank, name, zero byte, the raw name of the
/// object (git 2.47 tree-walk.c, `decode_tree_entry`).
fn entries(bytes: &[u8], id_bytes: usize) -> Result<Vec<Entry>, ReadError> {
    let broken = || ReadError::Io("a tree object that is not understood".into());
    let mut rest = bytes;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let blank = rest.iter().position(|b| *b == b' ').ok_or_else(broken)?;
        let (mode, tail) = rest.split_at(blank);
        let tail = tail.get(1..).ok_or_else(broken)?;
        let zero = tail.iter().position(|b| *b == 0).ok_or_else(broken)?;
        let (name, tail) = tail.split_at(zero);
        let (id, tail) = tail
            .get(1..)
            .and_then(|tail| tail.split_at_checked(id_bytes))
            .ok_or_else(broken)?;
        rest = tail;
        let mode = std::str::from_utf8(mode).ok();
        let mode = mode.and_then(|mode| u32::from_str_radix(mode, 8).ok());
        let kind = match mode.ok_or_else(broken)? {
            mode if mode & 0o170_000 == 0o040_000 => Kind::Tree,
            mode if mode & 0o170_000 == 0o120_000 => Kind::Link,
            mode if mode & 0o170_000 == 0o160_000 => Kind::Submodule,
            mode => Kind::File {
                executable: mode & 0o100 != 0,
            },
        };
        // What git refuses to check out is not there (fsck's full-pathname and dots).
        if name.is_empty() || name.contains(&b'/') || matches!(name, b"." | b"..") {
            continue;
        }
        let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
        let digits = id.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]);
        entries.push(Entry {
            name: name.to_vec(),
            object: Object {
                id: digits.collect::<String>().into_bytes(),
                kind,
                template: None,
            },
        });
    }
    Ok(entries)
}

/// The objects of a repository, as two running processes tell them.
struct Objects {
    git_dir: PathBuf,
    path: OsString,
    deadline: Deadline,
    check: Mutex<Option<Running>>,
    content: Mutex<Option<Running>>,
}

/// The first line of an answer.
#[derive(Clone, Debug)]
struct Header {
    id: Vec<u8>,
    kind: Vec<u8>,
    size: u64,
}

/// A running `git cat-file`.
struct Running {
    child: Child,
    stdin: ChildStdin,
    answers: Receiver<Result<(Header, Vec<u8>), ReadError>>,
}

impl Objects {
    /// What an object is; [`ReadError::NotFound`] where there is none.
    fn header(&self, question: &[u8]) -> Result<Header, ReadError> {
        self.ask(&self.check, false, question)
            .map(|(header, _)| header)
    }

    /// The bytes of an object of this kind, at most `limit`.
    fn content(&self, id: &[u8], kind: &[u8], limit: u64) -> Result<Vec<u8>, ReadError> {
        // A tree names an object; that the repository lacks it is no absence.
        let lacking = |error| match error {
            ReadError::NotFound => ReadError::Io("the repository lacks this object".into()),
            error => error,
        };
        let header = self.header(id).map_err(lacking)?;
        if header.kind != kind {
            return Err(ReadError::Io("an object of another kind".into()));
        }
        if header.size > limit {
            let size = size_words(limit);
            return Err(ReadError::Limit(format!("larger than {size}")));
        }
        let (_, bytes) = self.ask(&self.content, true, id).map_err(lacking)?;
        Ok(bytes)
    }

    fn ask(
        &self,
        slot: &Mutex<Option<Running>>,
        content: bool,
        question: &[u8],
    ) -> Result<(Header, Vec<u8>), ReadError> {
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = PATIENCE.min(self.deadline.left());
        if wait.is_zero() {
            return Err(ReadError::Deadline);
        }
        let mut running = match slot.take() {
            Some(running) => running,
            None => self.start(content)?,
        };
        let line = [question, b"\n"].concat();
        let written = running.stdin.write_all(&line);
        if written.is_ok() {
            match running.answers.recv_timeout(wait) {
                Ok(answer) => {
                    *slot = Some(running);
                    return answer;
                }
                Err(RecvTimeoutError::Timeout) => {
                    // Left behind where the kernel holds it.
                    let _ = running.child.kill();
                    return Err(ReadError::Deadline);
                }
                Err(RecvTimeoutError::Disconnected) => {}
            }
        }
        let _ = running.child.kill();
        let mut said = Vec::new();
        if let Some(stderr) = running.child.stderr.take() {
            let _ = stderr.take(512).read_to_end(&mut said);
        }
        let said = String::from_utf8_lossy(&said).into_owned();
        let said = said.lines().next().unwrap_or("git ended").to_owned();
        Err(ReadError::Io(said))
    }

    fn start(&self, content: bool) -> Result<Running, ReadError> {
        let mut command = Command::new("git");
        command.env_clear().env("PATH", &self.path);
        command.envs(ENVIRONMENT);
        for setting in OVERRULED {
            command.arg("-c").arg(setting);
        }
        let mut git_dir = OsString::from("--git-dir=");
        git_dir.push(&self.git_dir);
        command.args([OsStr::new("--no-pager"), &git_dir, OsStr::new("cat-file")]);
        command.arg(if content { "--batch" } else { "--batch-check" });
        let child = command
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => ReadError::Io("git is not installed".into()),
            _ => ReadError::from_io(&error),
        })?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(ReadError::Io("git has no pipes".into()));
        };
        let (send, answers) = channel();
        // Blocked in a pipe: this thread can be left behind.
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            while let Some(answer) = answer(&mut stdout, content) {
                if send.send(answer).is_err() {
                    break;
                }
            }
        });
        Ok(Running {
            child,
            stdin,
            answers,
        })
    }
}

/// One answer of `cat-file`; `None` at the end and where it makes no sense.
fn answer(
    stdout: &mut BufReader<std::process::ChildStdout>,
    content: bool,
) -> Option<Result<(Header, Vec<u8>), ReadError>> {
    let mut line = Vec::new();
    let mut limited = stdout.by_ref().take(LONGEST_LINE);
    limited.read_until(b'\n', &mut line).ok()?;
    let line = line.strip_suffix(b"\n")?;
    if line.ends_with(b" missing") {
        return Some(Err(ReadError::NotFound));
    }
    if line.ends_with(b" ambiguous") {
        return Some(Err(ReadError::Io("an ambiguous object name".into())));
    }
    let mut words = line.split(|b| *b == b' ');
    let (id, kind, size) = (words.next()?, words.next()?, words.next()?);
    let size: u64 = std::str::from_utf8(size).ok()?.parse().ok()?;
    let header = Header {
        id: id.to_vec(),
        kind: kind.to_vec(),
        size,
    };
    let mut bytes = Vec::new();
    if content {
        stdout.by_ref().take(size).read_to_end(&mut bytes).ok()?;
        let mut end = [0];
        stdout.read_exact(&mut end).ok()?;
    }
    Some(Ok((header, bytes)))
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        // Reaped where it is gone already; never waited for.
        let _ = self.child.try_wait();
    }
}

#[cfg(test)]
mod tests;
