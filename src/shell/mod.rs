//! Scripts evaluated for a concrete call: what would this hook or this cron job
//! do, called like this?
//!
//! A script is parsed ([`Source`], a library behind `syntax`) and then run on
//! values that are either known or not. Where a condition is not known, both
//! branches are run and their effects carry the condition.
//!
//! # When is an effect "always" reached?
//!
//! In the everyday sense of whoever wrote the script:
//!
//! * A command that does something (`systemctl stop a`, `sync`, `sleep 5`, a
//!   script that can't be followed) is assumed to work. What follows it after
//!   `&&`, or under `set -e`, is reached always; what follows it after `||` is
//!   reached under the condition that it fails, and an `exit` there does not make
//!   the rest of the script conditional.
//! * A command that asks something (`[ ]`, `grep`, `ping`, `pgrep`, `curl`,
//!   `systemctl is-active`, ...; the list is in `tools.rs`) is a condition wherever its status
//!   decides: in `&&` and `||`, in `if` and `while`, and under `set -e`.
//! * In `if`, `elif`, `while`, `until` and after `!`, every command that is not
//!   modelled is a condition: the script says itself that it may fail.
//! * What comes after a branch that may have left the script is reached under
//!   the condition that it was not taken: after `ping -c1 gw && exit 0` the rest
//!   carries `! ping -c1 gw`.
//! * A loop over something unknown is run until nothing changes any more, each
//!   round under its condition; variables that differ between rounds are unknown.
//!
//! Nothing is ever skipped in silence: what can't be followed is in
//! [`Outcome::undecided`] with its place, also where a limit is hit.

#![allow(
    clippy::similar_names,
    reason = "argv and args are this field's own words"
)]

mod arithmetic;
mod assignment;
mod awk;
mod braces;
mod branch;
mod builtin;
mod condition;
mod convert;
mod declare;
mod evaluate;
mod expand;
mod filters;
mod follow;
mod forms;
mod jobs;
mod library;
mod parameter;
mod paths;
mod pattern;
pub mod power;
mod print;
mod read;
mod sed;
mod simple;
mod source;
mod start;
mod state;
mod surroundings;
mod syntax;
#[cfg(test)]
mod tests;
mod tools;
mod value;
mod variables;
mod word;
mod wrapped;
mod wrappers;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fact::{Doubt, Fact, Unknown};
use crate::text::{File, Place};

pub use follow::{DEFAULT_DIRS, DEFAULT_PATH};
pub use source::Source;
pub use start::{evaluate, is_shell_script, pool, syntax_fault};
pub use tools::{is_opaque, is_quiet};
pub use value::{Input, Value};

/// What the evaluator may ask of the tree; asked from a thread of its own.
pub trait World: Sync {
    /// The file at `path`, absolute, links followed.
    fn script(&self, path: &Path) -> Fact<Arc<File>>;
    /// The first executable called `name` along `path`, a `PATH` value.
    fn find(&self, name: &[u8], path: &[u8]) -> Fact<PathBuf>;
    /// What `test -f FILE` and its like say, where the tree decides it.
    fn test(&self, what: FileTest, path: &Path) -> Fact<bool>;
    /// The bytes of the file at `path`, where the tree decides them.
    fn content(&self, path: &Path) -> Fact<Arc<File>> {
        not_asked(path)
    }
    /// Where `path` lies when all links on the way, and at its end, are followed.
    fn real(&self, path: &Path) -> Fact<PathBuf> {
        not_asked(path)
    }
    /// The text of the link at `path`; absent where it is none.
    fn link(&self, path: &Path) -> Fact<PathBuf> {
        not_asked(path)
    }
    /// The names in the directory at `path`, in byte order, where the tree decides them.
    fn entries(&self, path: &Path) -> Fact<Vec<Vec<u8>>> {
        not_asked(path)
    }
    /// The host's name, as `hostname` prints it.
    fn hostname(&self) -> Fact<Vec<u8>> {
        not_asked(Path::new("/etc/hostname"))
    }
    /// What is written to the FIFO at `path`, where the call gives one; it counts as
    /// standard input.
    fn feed(&self, _path: &Path) -> Option<Vec<u8>> {
        None
    }
    /// Whether `run-parts` is Debian's, and what it runs is to be followed here.
    fn follows_run_parts(&self) -> bool {
        false
    }
    /// Whether nothing is at `path` now, though something may be put there.
    fn lacks(&self, _path: &Path) -> bool {
        false
    }
}

fn not_asked<T>(path: &Path) -> Fact<T> {
    let doubt = Doubt::CannotModel("this is not asked of the tree".into());
    Fact::Unknown(Unknown::new(path, doubt))
}

/// The file tests of `test` and `[[ ]]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileTest {
    /// `-e`, `-a`
    Exists,
    /// `-f`
    Regular,
    /// `-d`
    Directory,
    /// `-L`, `-h`
    Link,
    /// `-s`
    NotEmpty,
    /// `-r`
    Readable,
    /// `-w`
    Writable,
    /// `-x`
    Executable,
    /// `-b`
    Block,
    /// `-c`
    Character,
    /// `-p`
    Fifo,
    /// `-S`
    Socket,
}

/// What is called.
#[derive(Clone, Debug)]
pub enum Program {
    /// A file; with a shebang that names no shell nothing is evaluated.
    Script(PathBuf),
    /// Text given to `sh -c`, such as a cron command.
    Command(Source),
    /// Words executed without a shell.
    Words(Vec<Value>),
}

/// The shells whose rules are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `sh`: dash, busybox ash, or bash under that name.
    Sh,
    /// `bash` and `ksh`.
    Bash,
}

/// One concrete call.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is called.
    pub program: Program,
    /// `$1` and so on; for [`Program::Words`] the rest of the words.
    pub args: Vec<Value>,
    /// The environment. A variable that is not in it is unset.
    pub env: BTreeMap<Vec<u8>, Value>,
    /// The working directory.
    pub cwd: Value,
    /// Standard input; `None` is empty or closed.
    pub stdin: Option<Value>,
    /// The shell for [`Program::Command`]; scripts say it themselves.
    pub dialect: Dialect,
}

/// Where evaluation stops.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Commands executed.
    pub steps: usize,
    /// Called scripts and functions inside each other.
    pub depth: usize,
    /// Effects recorded.
    pub effects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 20_000,
            depth: 8,
            effects: 2_000,
        }
    }
}

/// What a call does.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What is run and written, in the order it is met.
    pub effects: Vec<Effect>,
    /// What the inputs of the call were compared with.
    pub comparisons: Vec<Comparison>,
    /// Which branches were taken.
    pub branches: Vec<Branch>,
    /// What could not be decided.
    pub undecided: Vec<Unknown>,
    /// The exit status, where it is one and known.
    pub exit: Option<u8>,
}

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What.
    pub action: Action,
    /// The command.
    pub place: Place,
    /// Calls of functions, sourced files and scripts that lead there, outermost first.
    pub via: Vec<Place>,
    /// Under which conditions.
    pub reach: Reach,
    /// Where.
    pub scope: Scope,
    /// The program file, for [`Action::Run`].
    pub target: Fact<PathBuf>,
    /// Whether it happens later (`at`, `systemd-run --on-...`).
    pub deferred: bool,
    /// Seconds of `sleep` before it, those that are known.
    pub slept: u64,
    /// Whether its words, its input or its environment hold something the caller gave.
    pub input: bool,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A program that is not evaluated any further.
    Run {
        /// Its words, wrappers such as `sudo` removed.
        argv: Vec<Value>,
        /// What it reads from standard input, where something is piped in.
        stdin: Option<Value>,
    },
    /// Output into a file.
    Write {
        /// The file.
        path: Value,
        /// What is written.
        data: Value,
        /// Whether it is appended.
        append: bool,
    },
}

/// Where something is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// On this host.
    Here,
    /// On another host, named as `ssh` was told.
    Machine(Value),
    /// In a container of this host.
    Container,
    /// Below another root directory of this host.
    Root(Value),
}

/// Under which conditions something is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Whenever the call is made; see the module's words on "always".
    Always,
    /// When all of these hold; at least one.
    If(Vec<Condition>),
}

/// Something that was not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The commands or patterns that decide.
    pub place: Place,
    /// Their text.
    pub text: String,
    /// Whether they must succeed, or fail.
    pub holds: bool,
    /// Whether it was asked of something the caller gave that could not be followed: for
    /// other words it may be otherwise.
    pub input: bool,
}

/// A comparison of an input of the call with something written in the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What it is compared with; a pattern where `pattern` is set.
    pub literal: Vec<u8>,
    /// Where that is.
    pub place: Place,
    /// The input, traced through assignments and calls.
    pub input: Input,
    /// Whether `literal` is a pattern with `*`, `?` or `[`, or a regular expression.
    pub pattern: bool,
    /// Whether it matched; `None` where the input is not known.
    pub matched: Option<bool>,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The condition, or the arm's patterns.
    pub place: Place,
    /// Whether it was taken; `None` where that is not known.
    pub taken: Option<bool>,
}

impl Reach {
    /// The conditions; none for [`Reach::Always`].
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        match self {
            Self::Always => &[],
            Self::If(conditions) => conditions,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let several = self.text.contains(" && ") || self.text.contains(" || ");
        if self.holds {
            f.write_str(&self.text)
        } else if several && !self.text.starts_with(['(', '{']) {
            write!(f, "! {{ {}; }}", self.text)
        } else {
            write!(f, "! {}", self.text)
        }
    }
}
