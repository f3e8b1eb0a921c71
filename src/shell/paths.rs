//! How scripts find where they lie: `BASH_SOURCE`, `readlink`, `realpath`, `pushd`
//! (bash 5.2, GNU coreutils 9.1).

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use super::evaluate::Evaluator;
use super::expand::Found;
use super::follow::absolute;
use super::state::{Flow, State, Status};
use super::value::{Traced, Value};
use super::{Dialect, Scope, arithmetic};
use crate::fact::Fact;
use crate::text::Place;

/// What must be there of a path that is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// The text of a link: `readlink` without an option.
    Text,
    /// All but the last component: `readlink -f`, `realpath`.
    Parents,
    /// Everything: `-e`.
    All,
    /// Nothing: `-m`.
    Nothing,
    /// Nothing is looked up: `realpath -s`.
    Lexical,
}

/// A path without `.` and `..`, which a shell takes out of the text.
pub(super) fn without_dots(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

impl Evaluator<'_> {
    /// Whether bash reads this; `sh` is bash under that name on some systems.
    pub(super) fn is_bash(&self, state: &State) -> Option<bool> {
        if state.dialect == Dialect::Bash {
            return Some(true);
        }
        match self.world.real(Path::new("/bin/sh")) {
            Fact::Known(path) => Some(path.file_name().is_some_and(|name| name == "bash")),
            _ => None,
        }
    }

    /// `BASH_SOURCE`: the file being read, and those that led there.
    pub(super) fn source_name(&self, key: Option<&Traced>, state: &mut State) -> Found {
        match self.is_bash(state) {
            Some(true) => {}
            Some(false) => return Found::Unset,
            None => return Found::One(Traced::unknown()),
        }
        let index = match key.map(Traced::bytes) {
            None => Some(0),
            Some(None) => None,
            Some(Some(b"@" | b"*")) => return Found::Many(state.sources.to_vec()),
            Some(Some(text)) => arithmetic::evaluate(text, state),
        };
        let Some(index) = index else {
            return Found::One(Traced::unknown());
        };
        let at = match usize::try_from(index) {
            Ok(at) => Some(at),
            Err(_) => usize::try_from(index.unsigned_abs())
                .ok()
                .and_then(|back| state.sources.len().checked_sub(back)),
        };
        let found = at.and_then(|at| state.sources.get(at));
        found.map_or(Found::Unset, |name| Found::One(name.clone()))
    }

    /// `readlink` and `realpath` of one path.
    pub(super) fn real_path(
        &self,
        name: &[u8],
        args: &[Traced],
        mut state: State,
    ) -> Result<Flow, Box<State>> {
        let reads = name == b"readlink";
        let Some((wanted, newline, path)) = asked(reads, args) else {
            return Err(Box::new(state));
        };
        let bytes = path.bytes().unwrap_or(b"");
        if bytes.is_empty() {
            return Ok(Flow::done(state, 1));
        }
        let whole = absolute(bytes, &state.cwd).filter(|_| state.scope == Scope::Here);
        let found = whole.map(|whole| self.resolved(&whole, wanted));
        match found {
            Some(Fact::Known(found)) => {
                let mut line = found.as_os_str().as_bytes().to_vec();
                line.extend(newline.then_some(b'\n'));
                state.print(&path.derived(Value::Known(line)));
                Ok(Flow::done(state, 0))
            }
            Some(Fact::Absent(_) | Fact::Broken(_)) => Ok(Flow::done(state, 1)),
            Some(Fact::Unknown(_) | Fact::NotCovered(_)) | None => Err(Box::new(state)),
        }
    }

    fn resolved(&self, path: &Path, wanted: Wanted) -> Fact<PathBuf> {
        match wanted {
            Wanted::Text => return self.world.link(path),
            Wanted::Lexical => return Fact::Known(without_dots(path)),
            Wanted::Parents | Wanted::All | Wanted::Nothing => {}
        }
        let found = self.world.real(path);
        if wanted == Wanted::All || !matches!(found, Fact::Absent(_)) {
            return found;
        }
        // What is not there keeps its name behind what is.
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return found;
        };
        let above = match wanted {
            Wanted::Nothing => self.resolved(parent, wanted),
            _ => self.world.real(parent),
        };
        above.map(|above| above.join(name))
    }

    /// A directory with its links followed; as it is where that is not known.
    pub(super) fn real_directory(&self, dir: &Value) -> Value {
        let path = dir.bytes().and_then(|bytes| absolute(bytes, dir));
        match path.map(|path| self.world.real(&path)) {
            Some(Fact::Known(path)) => Value::known(path.as_os_str().as_bytes()),
            _ => dir.clone(),
        }
    }

    /// `pushd DIR`, and `pushd` that changes places with the directory on top.
    pub(super) fn push_directory(
        &mut self,
        args: &[Traced],
        place: &Place,
        mut state: State,
    ) -> Flow {
        let before = state.cwd.clone();
        let is_option = |word: &Traced| matches!(word.value.prefix().first(), Some(b'+' | b'-'));
        if args.iter().any(is_option) {
            return forgotten(state);
        }
        if args.is_empty() {
            let Some(top) = state.dirs.as_mut().map(Vec::pop) else {
                return forgotten(state);
            };
            let Some(top) = top else {
                return Flow::done(state, 1);
            };
            state.cwd = top;
            state.status = Status::Known(0);
        } else {
            let flow = self.change_directory(args, place, state);
            let Some(after) = flow.next else { return flow };
            state = after;
        }
        if matches!(state.status, Status::Known(1..)) {
            return Flow::next(state);
        }
        if let Some(dirs) = &mut state.dirs {
            dirs.push(before);
        }
        state.print(&Traced::unknown());
        Flow::next(state)
    }
}

/// `popd`
pub(super) fn pop_directory(args: &[Traced], mut state: State) -> Flow {
    let top = state.dirs.as_mut().filter(|_| args.is_empty());
    let Some(top) = top.map(Vec::pop) else {
        return forgotten(state);
    };
    let Some(top) = top else {
        return Flow::done(state, 1);
    };
    state.cwd = top;
    state.print(&Traced::unknown());
    Flow::done(state, 0)
}

/// After a form of `pushd` or `popd` that is not modelled.
fn forgotten(mut state: State) -> Flow {
    state.cwd = Value::unknown();
    state.dirs = None;
    state.print(&Traced::unknown());
    Flow::done(state, 0)
}

/// What is asked of which path, and whether a newline ends the answer; nothing where it is
/// more than one, or options are not known.
fn asked(reads: bool, args: &[Traced]) -> Option<(Wanted, bool, &Traced)> {
    let mut wanted = if reads { Wanted::Text } else { Wanted::Parents };
    let mut newline = true;
    let mut options = true;
    let mut path = None;
    for word in args {
        let bytes = word.bytes()?;
        if !options || bytes == b"-" || !bytes.starts_with(b"-") {
            if path.replace(word).is_some() {
                return None;
            }
            continue;
        }
        if let Some(long) = bytes.strip_prefix(b"--") {
            match long {
                b"" => options = false,
                b"canonicalize" if reads => wanted = Wanted::Parents,
                b"canonicalize-existing" => wanted = Wanted::All,
                b"canonicalize-missing" => wanted = Wanted::Nothing,
                b"strip" | b"no-symlinks" if !reads => wanted = Wanted::Lexical,
                b"no-newline" if reads => newline = false,
                b"quiet" => {}
                _ => return None,
            }
            continue;
        }
        for letter in bytes.iter().skip(1) {
            match letter {
                b'f' if reads => wanted = Wanted::Parents,
                b'e' => wanted = Wanted::All,
                b'm' => wanted = Wanted::Nothing,
                b'n' if reads => newline = false,
                b's' if !reads => wanted = Wanted::Lexical,
                b'q' | b'P' => {}
                b's' | b'v' if reads => {}
                _ => return None,
            }
        }
    }
    Some((wanted, newline, path?))
}
