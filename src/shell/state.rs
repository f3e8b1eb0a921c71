//! What a shell remembers between commands, and what is left of it when two
//! branches meet again.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::syntax::Command;
use super::value::{Traced, Value};
use super::variables::Variables;
use super::{Condition, Dialect, Scope};

/// The state of one shell.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) variables: Variables,
    pub(super) positional: Positional,
    pub(super) zero: Traced,
    pub(super) functions: Arc<BTreeMap<Vec<u8>, Function>>,
    pub(super) cwd: Value,
    /// Directories of `pushd`, the last one on top; `None` where they are not known.
    pub(super) dirs: Option<Vec<Value>>,
    /// The files being read, as they were named, the innermost first: bash's `BASH_SOURCE`.
    pub(super) sources: Arc<Vec<Traced>>,
    pub(super) errexit: bool,
    pub(super) status: Status,
    /// What had to hold to get here.
    pub(super) path: Vec<Condition>,
    /// What is left of standard input; `None` is empty.
    pub(super) stdin: Option<Traced>,
    /// Captured output; `None` where nobody looks at it.
    pub(super) out: Option<Traced>,
    /// Whether something unknown may have set variables.
    pub(super) tainted: bool,
    /// Seconds of known `sleep`.
    pub(super) slept: u64,
    pub(super) exit_trap: Option<Traced>,
    pub(super) dialect: Dialect,
    pub(super) scope: Scope,
    pub(super) deferred: bool,
    /// The arguments the caller gave.
    pub(super) arguments: Arc<Vec<Traced>>,
    /// Saved by the functions being called, innermost last.
    pub(super) frames: Vec<Frame>,
}

/// `$1`, `$2`, ...
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Positional {
    pub(super) values: Vec<Traced>,
    /// From this one on their number and values are unknown.
    pub(super) open_from: Option<usize>,
}

/// A function.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub(super) body: Arc<Command>,
    /// The file that defined it, as it was named.
    pub(super) source: Option<Traced>,
}

/// What a function call puts back at its end.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) locals: BTreeMap<Vec<u8>, Option<Variable>>,
    pub(super) positional: Positional,
}

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) contents: Contents,
    pub(super) exported: bool,
}

/// What a variable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Contents {
    Scalar(Traced),
    /// By number for plain arrays, by name for associative ones.
    Array {
        entries: BTreeMap<(u64, Vec<u8>), Traced>,
        associative: bool,
    },
}

/// The status of the last command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// This number.
    Known(u8),
    /// A command that does something: assumed to work.
    Assumed(Condition),
    /// A command that asks something.
    Open(Condition),
    /// Different ones on different ways here.
    Mixed,
}

impl Positional {
    pub(super) fn new(values: Vec<Traced>) -> Self {
        let open_from = values.iter().position(|v| v.many);
        Self { values, open_from }
    }

    /// `$n`, from 1.
    pub(super) fn get(&self, number: usize) -> Traced {
        let index = number.saturating_sub(1);
        if self.open_from.is_some_and(|from| index >= from) {
            return Traced::unknown();
        }
        let value = self.values.get(index).cloned();
        value.unwrap_or_else(|| Traced::known(""))
    }

    /// Whether `$n` is set, where that is known.
    pub(super) fn is_set(&self, number: usize) -> Option<bool> {
        match self.open_from {
            Some(from) if number > from => None,
            _ => Some(number <= self.values.len()),
        }
    }

    /// `$#`
    pub(super) const fn count(&self) -> Option<usize> {
        match self.open_from {
            Some(_) => None,
            None => Some(self.values.len()),
        }
    }

    fn join(self, other: Self) -> Self {
        if self == other {
            return self;
        }
        let same = self.values.len() == other.values.len() && self.open_from == other.open_from;
        let open_from = if same {
            self.open_from
        } else {
            let common = self.values.iter().zip(&other.values);
            Some(common.take_while(|(a, b)| a == b).count())
        };
        let joined = self.values.into_iter().zip(other.values);
        Self {
            values: joined.map(|(a, b)| a.join(&b)).collect(),
            open_from,
        }
    }
}

impl Variable {
    pub(super) const fn scalar(value: Traced) -> Self {
        Self {
            contents: Contents::Scalar(value),
            exported: false,
        }
    }

    /// What holds on both ways here.
    pub(super) fn join(self, other: Self) -> Self {
        let exported = self.exported || other.exported;
        let contents = match (self.contents, other.contents) {
            (a, b) if a == b => a,
            (Contents::Scalar(a), Contents::Scalar(b)) => Contents::Scalar(a.join(&b)),
            _ => Contents::Scalar(Traced::unknown()),
        };
        Self { contents, exported }
    }

    /// What holds where another way here does not set it.
    pub(super) fn or_unset(self) -> Self {
        let was = match self.contents {
            Contents::Scalar(value) => value,
            Contents::Array { .. } => Traced::unknown(),
        };
        Self {
            contents: Contents::Scalar(was.join(&Traced::known(""))),
            exported: self.exported,
        }
    }

    /// `$x` of a scalar or of an array's first entry.
    pub(super) fn value(&self) -> Traced {
        match &self.contents {
            Contents::Scalar(value) => value.clone(),
            Contents::Array { entries, .. } => {
                let first = entries.get(&(0, Vec::new())).cloned();
                first.unwrap_or_else(|| Traced::known(""))
            }
        }
    }
}

impl Status {
    /// The status behind `!`, and `until`'s reading of its condition.
    pub(super) fn negated(&self) -> Self {
        match self.clone() {
            Self::Known(status) => Self::Known(u8::from(status == 0)),
            Self::Assumed(mut condition) | Self::Open(mut condition) => {
                condition.holds = !condition.holds;
                Self::Open(condition)
            }
            Self::Mixed => Self::Mixed,
        }
    }

    fn join(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Assumed(c), Self::Known(0) | Self::Assumed(_))
            | (Self::Known(0), Self::Assumed(c)) => Self::Assumed(c),
            _ => Self::Mixed,
        }
    }
}

impl State {
    /// A shell that has just started.
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            variables: Variables::default(),
            positional: Positional::default(),
            zero: Traced::known("sh"),
            functions: Arc::default(),
            cwd: Value::known("/"),
            dirs: Some(Vec::new()),
            sources: Arc::default(),
            errexit: false,
            status: Status::Known(0),
            path: Vec::new(),
            stdin: None,
            out: None,
            tainted: false,
            slept: 0,
            exit_trap: None,
            dialect,
            scope: Scope::Here,
            deferred: false,
            arguments: Arc::new(Vec::new()),
            frames: Vec::new(),
        }
    }

    /// What holds on both ways here.
    pub(super) fn join(mut self, other: Self) -> Self {
        let tainted = self.tainted || other.tainted;
        self.variables.join(&other.variables);
        self.positional = self.positional.join(other.positional);
        if !Arc::ptr_eq(&self.functions, &other.functions) {
            let theirs = other.functions.iter();
            let theirs = theirs.map(|(name, function)| (name.clone(), function.clone()));
            Arc::make_mut(&mut self.functions).extend(theirs);
        }
        self.cwd = self.cwd.join(&other.cwd);
        self.dirs = self.dirs.filter(|dirs| other.dirs.as_ref() == Some(dirs));
        self.errexit = self.errexit || other.errexit;
        self.status = self.status.join(other.status);
        let common = self.path.iter().zip(&other.path);
        let common = common.take_while(|(a, b)| a == b).count();
        self.path.truncate(common);
        self.stdin = join_streams(self.stdin, other.stdin);
        self.out = join_streams(self.out, other.out);
        self.tainted = tainted;
        self.slept = self.slept.min(other.slept);
        self.exit_trap = self.exit_trap.or(other.exit_trap);
        for (frame, theirs) in self.frames.iter_mut().zip(other.frames) {
            for (name, value) in theirs.locals {
                frame.locals.entry(name).or_insert(value);
            }
        }
        self
    }

    /// Whether another round of a loop could do anything else than the last one.
    pub(super) fn same_values(&self, other: &Self) -> bool {
        self.variables == other.variables
            && self.positional == other.positional
            && self.cwd == other.cwd
            && self.stdin == other.stdin
            && self.out == other.out
    }

    /// Takes the branch on which a condition holds, or does not.
    pub(super) fn assume(&mut self, condition: &Condition, holds: bool) {
        let mut condition = condition.clone();
        condition.holds = condition.holds == holds;
        if self.path.last() != Some(&condition) && self.path.len() < 64 {
            self.path.push(condition);
        }
        self.status = Status::Known(u8::from(!holds));
    }

    /// Sets a variable, keeping what it was exported as.
    pub(super) fn set(&mut self, name: &[u8], value: Traced) {
        let exported = self.variables.get(name).is_some_and(|v| v.exported);
        let variable = Variable {
            contents: Contents::Scalar(value),
            exported,
        };
        self.variables.insert(name, variable);
    }

    /// Begins to read a file, or to run a function of it.
    pub(super) fn enter(&mut self, source: Option<Traced>) -> Arc<Vec<Traced>> {
        let outer = Arc::clone(&self.sources);
        self.sources = Arc::new(source.into_iter().chain(outer.iter().cloned()).collect());
        outer
    }

    /// Output, where somebody looks at it.
    pub(super) fn print(&mut self, text: &Traced) {
        if let Some(out) = &mut self.out {
            out.append(text);
        }
    }
}

fn join_streams(a: Option<Traced>, b: Option<Traced>) -> Option<Traced> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.join(&b)),
        (None, None) => None,
        (Some(a), None) | (None, Some(a)) => Some(a.join(&Traced::known(""))),
    }
}

/// Where control goes from a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Jump {
    /// The shell ends.
    Exit,
    /// The function or sourced file ends.
    Return,
    /// So many loops end.
    Break(usize),
    /// So many loops less one end, and the next one goes on.
    Continue(usize),
}

/// All ways on from a command.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// The next command, where it is reached.
    pub(super) next: Option<State>,
    /// The jumps, ways with the same target joined.
    pub(super) jumps: BTreeMap<Jump, State>,
}

impl Flow {
    pub(super) fn next(state: State) -> Self {
        Self {
            next: Some(state),
            jumps: BTreeMap::new(),
        }
    }

    pub(super) fn done(mut state: State, status: u8) -> Self {
        state.status = Status::Known(status);
        Self::next(state)
    }

    pub(super) fn jump(jump: Jump, state: State) -> Self {
        let mut flow = Self::default();
        flow.jumps.insert(jump, state);
        flow
    }

    /// Both ways are possible.
    pub(super) fn or(mut self, other: Self) -> Self {
        self.next = join(self.next, other.next);
        self.take_jumps(other.jumps);
        self
    }

    pub(super) fn take_jumps(&mut self, jumps: BTreeMap<Jump, State>) {
        for (jump, state) in jumps {
            let before = self.jumps.remove(&jump);
            if let Some(joined) = join(before, Some(state)) {
                self.jumps.insert(jump, joined);
            }
        }
    }

    /// All states, whichever way they go.
    pub(super) fn states(&mut self) -> impl Iterator<Item = &mut State> {
        self.next.iter_mut().chain(self.jumps.values_mut())
    }

    /// Everything that leaves, as one: the end of a subshell.
    pub(super) fn end(self) -> Option<State> {
        self.jumps
            .into_values()
            .fold(self.next, |all, state| join(all, Some(state)))
    }
}

/// One state or the other, or what holds in both.
pub(super) fn join(a: Option<State>, b: Option<State>) -> Option<State> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.join(b)),
        (a, b) => a.or(b),
    }
}
