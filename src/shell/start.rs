//! Where evaluation begins: a thread, a fresh shell, and the program called.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::evaluate::Evaluator;
use super::library;
use super::source::Source;
use super::state::{Positional, State, Status, Variable};
use super::value::{Input, Traced, Value};
use super::{Call, Dialect, Limits, Outcome, Program, World};
use crate::fact::{Doubt, Fact, Unknown};
use crate::text::{File, Place, Span};

/// Stack for one evaluation: what the limits here and those of the parser need,
/// several times over. It is reserved, not used.
const STACK: usize = 128 << 20;

/// Stack for what a thread of [`pool`] does beside evaluating.
const CALLERS: usize = 8 << 20;

thread_local! {
    /// Whether this thread has the stack for an evaluation, and none is under way on it.
    static ROOMY: Cell<bool> = const { Cell::new(false) };
}

/// Threads with the stack of an evaluation, so that each takes place on the thread that
/// asks for it.
///
/// # Errors
/// Where the system has no threads left.
pub fn pool() -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new()
        .stack_size(STACK + CALLERS)
        .start_handler(|_| ROOMY.set(true))
        .build()
}

/// What `work` comes to on a stack that is large enough: `None` where it panics.
fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> std::io::Result<Option<T>> {
    if ROOMY.take() {
        let done = catch_unwind(AssertUnwindSafe(work));
        ROOMY.set(true);
        return Ok(done.ok());
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("shell".to_owned())
            .stack_size(STACK);
        let handle = thread.spawn_scoped(scope, work)?;
        Ok(handle.join().ok())
    })
}

/// Evaluates a call, on a thread of its own: nesting in a hostile script can
/// then not exhaust the caller's stack, and a panic is an answer.
#[must_use]
pub fn evaluate(call: &Call, world: &dyn World, limits: &Limits) -> Outcome {
    let nothing = |doubt| Outcome {
        effects: Vec::new(),
        comparisons: Vec::new(),
        branches: Vec::new(),
        undecided: vec![Unknown::new(
            match &call.program {
                Program::Script(path) => path.clone(),
                Program::Command(source) => source.file().path().to_path_buf(),
                Program::Words(_) => PathBuf::new(),
            },
            doubt,
        )],
        exit: None,
    };
    match with_room(|| evaluate_here(call, world, limits)) {
        Ok(Some(outcome)) => outcome,
        Ok(None) => nothing(Doubt::Crashed("the evaluation of a script".to_owned())),
        Err(error) => nothing(Doubt::Io(error.to_string())),
    }
}

fn evaluate_here(call: &Call, world: &dyn World, limits: &Limits) -> Outcome {
    let mut evaluator = Evaluator {
        world,
        limits: *limits,
        steps: 0,
        effects: Vec::new(),
        comparisons: Vec::new(),
        branches: Vec::new(),
        undecided: Vec::new(),
        via: Vec::new(),
        scripts: Vec::new(),
        calls: 0,
        nesting: 0,
        tested: 0,
        failed: false,
        full: false,
        asked: false,
        expanding: None,
    };
    let mut state = State::new(call.dialect);
    for (name, value) in &call.env {
        let input = Input::Variable(name.clone());
        let mut variable = Variable::scalar(Traced::input(value.clone(), input));
        variable.exported = true;
        state.variables.insert(name.as_slice(), variable);
    }
    state.cwd = call.cwd.clone();
    let stdin = call.stdin.clone();
    state.stdin = stdin.map(|value| Traced::input(value, Input::Stdin));
    let numbered = call.args.iter().enumerate();
    let args: Vec<Traced> = numbered
        .map(|(i, value)| Traced::input(value.clone(), Input::Argument(i + 1)))
        .collect();
    state.arguments = Arc::new(args.clone());
    let end = match &call.program {
        Program::Script(path) => evaluator.start_script(path, args, state),
        Program::Command(source) => {
            state.positional = Positional::new(args);
            let flow = evaluator.text(source, state);
            evaluator.end_of_shell(flow)
        }
        Program::Words(words) => evaluator.start_words(words, args, state),
    };
    let exit = match end.map(|state| state.status) {
        Some(Status::Known(status)) => Some(status),
        _ => None,
    };
    Outcome {
        effects: evaluator.effects,
        comparisons: evaluator.comparisons,
        branches: evaluator.branches,
        undecided: evaluator.undecided,
        exit,
    }
}

impl Evaluator<'_> {
    /// The call of a file, as `execve` would run it.
    fn start_script(&mut self, path: &Path, args: Vec<Traced>, mut state: State) -> Option<State> {
        let name = path.to_string_lossy().into_owned().into_bytes();
        let fact = self.world.script(path);
        if let Fact::Known(file) = &fact
            && let Some(dialect) = Self::dialect(file)
        {
            state.dialect = dialect;
            state.enter(Some(Traced::known(name.clone())));
            state.zero = Traced::known(name);
            state.positional = Positional::new(args);
            self.scripts.push(path.to_path_buf());
            let end = self.file(file, state);
            self.scripts.pop();
            return end;
        }
        let file = match &fact {
            Fact::Known(file) => Arc::clone(file),
            _ => File::new(path, Vec::new()),
        };
        let place = file.place(Span::new(0, 0));
        let mut argv = vec![Traced::known(name)];
        argv.extend(args);
        let target = fact.map(|_| path.to_path_buf());
        self.effect(&argv, &place, &state, target);
        Self::ran(&argv, &place, state).end()
    }

    /// The call of words without a shell.
    fn start_words(&mut self, words: &[Value], args: Vec<Traced>, state: State) -> Option<State> {
        let text: Vec<u8> = words
            .iter()
            .map(Value::prefix)
            .collect::<Vec<_>>()
            .join(&b' ');
        let file = File::new("command", text.clone());
        let place = file.place(Span::new(0, text.len()));
        let word = |value: &Value| Traced {
            place: Some(place.clone()),
            ..Traced::new(value.clone())
        };
        let mut argv: Vec<Traced> = words.iter().map(word).collect();
        argv.extend(args);
        if argv.is_empty() {
            return Some(state);
        }
        let flow = self.external(&argv, &place, state);
        self.end_of_shell(flow)
    }
}

/// Where a shell stops reading a script, and why; nothing where the script leaves before
/// that, or is beyond the limits of the parser.
#[must_use]
pub fn syntax_fault(file: &Arc<File>) -> Option<(Place, String)> {
    with_room(|| fault_of(file)).ok().flatten().flatten()
}

fn fault_of(file: &Arc<File>) -> Option<(Place, String)> {
    let source = Source::whole(file);
    let rejected = library::parse(&source).err()?;
    if rejected.limit {
        return None;
    }
    let head = source.bytes().get(..rejected.at).unwrap_or(source.bytes());
    let leaves = |line: &[u8]| {
        let word = line.split(|b| b.is_ascii_whitespace() || *b == b';').next();
        matches!(word, Some(b"exit" | b"exec"))
    };
    if head.split(|b| *b == b'\n').any(leaves) {
        return None;
    }
    let at = rejected.at.min(source.bytes().len().saturating_sub(1));
    let line = file.line_span(file.place(Span::new(at, at)).start().line);
    Some((file.place(line), rejected.message))
}

/// Whether the evaluator reads a file as a shell script, by its beginning.
#[must_use]
pub fn is_shell_script(file: &File) -> bool {
    shebang(file.bytes()).is_some()
}

/// Which shell runs a file: by its first line, and `sh` for a text without one,
/// as shells do when the kernel refuses it. `None`: not a shell script.
pub(super) fn shebang(bytes: &[u8]) -> Option<Dialect> {
    if bytes.starts_with(b"\x7fELF") {
        return None;
    }
    let Some(line) = bytes.strip_prefix(b"#!") else {
        let head = bytes.get(..bytes.len().min(1024)).unwrap_or(&[]);
        let text = !head.is_empty()
            && !head.contains(&0)
            && std::str::from_utf8(head).is_ok_and(|s| !s.trim().is_empty());
        return text.then_some(Dialect::Sh);
    };
    let line = line.split(|b| *b == b'\n').next().unwrap_or(&[]);
    let mut words = line
        // a carriage return is part of the name, as it is for the kernel
        .split(|b| matches!(b, b' ' | b'\t'))
        .filter(|word| !word.is_empty())
        .map(|word| word.rsplit(|b| *b == b'/').next().unwrap_or(word));
    let mut program = words.next()?;
    if matches!(program, b"env" | b"busybox") {
        program = words.find(|word| !word.starts_with(b"-") && !word.contains(&b'='))?;
    }
    match program {
        b"sh" | b"dash" | b"ash" | b"openrc-run" => Some(Dialect::Sh),
        b"bash" | b"rbash" | b"ksh" | b"ksh93" | b"mksh" | b"zsh" => Some(Dialect::Bash),
        _ => None,
    }
}
