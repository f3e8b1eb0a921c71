//! Calls that lead to more shell: functions, sourced files, scripts of the tree,
//! text given to another shell.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::evaluate::{Evaluator, condition_at};
use super::power;
use super::source::Source;
use super::state::{Flow, Frame, Function, Jump, Positional, State, Status, join};
use super::tools;
use super::value::{Traced, Value};
use super::wrappers;
use super::{Dialect, Scope};
use crate::fact::{Doubt, Fact, Unknown};
use crate::text::{File, Place};

/// `PATH` where nobody says otherwise: what dash falls back to, systemd gives to services
/// (`DEFAULT_PATH`), ifup to its commands (`execute.c`, `setlocalenv`) and keepalived 2.2.7
/// searches (`lib/utils.c`, `find_path`). The last two matter only before merged /usr.
pub const DEFAULT_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The directories of [`DEFAULT_PATH`].
pub const DEFAULT_DIRS: [&str; 6] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

/// What stays open where a program is started whose name is made of something that is not
/// known.
pub(super) const UNNAMED_PROGRAM: &str = "the program's name is not known";
/// A relative name where a `cd` was not followed.
pub(super) const NO_DIRECTORY: &str = "the working directory is not known";

/// A path made absolute; `None` where the working directory is not known.
pub(super) fn absolute(path: &[u8], cwd: &Value) -> Option<PathBuf> {
    let text = std::str::from_utf8(path).ok()?;
    if path.starts_with(b"/") {
        return Some(PathBuf::from(text));
    }
    let cwd = std::str::from_utf8(cwd.bytes()?).ok()?;
    let text = text.strip_prefix("./").unwrap_or(text);
    Some(Path::new(cwd).join(text))
}

impl Evaluator<'_> {
    pub(super) fn call_function(
        &mut self,
        function: &Function,
        argv: &[Traced],
        place: &Place,
        mut state: State,
    ) -> Flow {
        if self.calls >= self.limits.depth * 4 {
            self.limit(
                place,
                "functions called too deep inside each other".to_owned(),
            );
            state.status = Status::Open(condition_at(place));
            return Flow::next(state);
        }
        let args = argv.get(1..).unwrap_or(&[]).to_vec();
        state.frames.push(Frame {
            locals: std::collections::BTreeMap::new(),
            positional: std::mem::replace(&mut state.positional, Positional::new(args)),
        });
        let outer = state.enter(function.source.clone());
        self.calls += 1;
        self.via.push(place.clone());
        let mut flow = self.command(&function.body, state);
        self.via.pop();
        self.calls -= 1;
        flow.next = join(flow.next.take(), flow.jumps.remove(&Jump::Return));
        for state in flow.states() {
            state.sources = Arc::clone(&outer);
            if let Some(frame) = state.frames.pop() {
                state.positional = frame.positional;
                for (name, before) in frame.locals {
                    state.variables.put_back(&name, before);
                }
            }
        }
        if let Some(state) = &mut flow.next
            && state.status == Status::Mixed
        {
            state.status = Status::Open(condition_at(place));
        }
        flow
    }

    /// `. FILE [ARGS]`
    pub(super) fn source(&mut self, argv: &[Traced], place: &Place, mut state: State) -> Flow {
        let Some(name) = argv.get(1) else {
            return Flow::done(state, 2);
        };
        let args = argv.get(2..).unwrap_or(&[]).to_vec();
        let fact = match name.bytes() {
            Some(b"/dev/null") => return Flow::done(state, 0),
            Some(bytes) if bytes.contains(&b'/') => match absolute(bytes, &state.cwd) {
                Some(path) => Fact::Known(path),
                None => Fact::Unknown(unresolved(place, NO_DIRECTORY)),
            },
            Some(bytes) => match self.find(bytes, place, &state) {
                // bash under its own name looks in the working directory then
                Fact::Absent(_) if state.dialect == Dialect::Bash => {
                    match absolute(bytes, &state.cwd) {
                        Some(path) => Fact::Known(path),
                        None => Fact::Unknown(unresolved(place, NO_DIRECTORY)),
                    }
                }
                found => found,
            },
            None => Fact::Unknown(unresolved(place, "sources a file whose name is not known")),
        };
        let file = fact.and_then(|path| self.world.script(&path).map(|file| (path, file)));
        match file {
            Fact::Known((path, file)) => {
                if self.scripts.contains(&path) || self.scripts.len() >= self.limits.depth {
                    self.limit(place, "files sourced too deep inside each other".to_owned());
                    return Flow::next(state);
                }
                let kept = if args.is_empty() {
                    None
                } else {
                    Some(std::mem::replace(
                        &mut state.positional,
                        Positional::new(args),
                    ))
                };
                // a name without a slash was looked for, and is what was found
                let named = match name.bytes() {
                    Some(bytes) if !bytes.contains(&b'/') => {
                        Traced::known(path.as_os_str().as_bytes())
                    }
                    _ => name.clone(),
                };
                let outer = state.enter(Some(named));
                self.scripts.push(path);
                self.via.push(place.clone());
                let mut flow = self.text(&Source::whole(&file), state);
                self.via.pop();
                self.scripts.pop();
                for state in flow.states() {
                    state.sources = Arc::clone(&outer);
                }
                flow.next = join(flow.next.take(), flow.jumps.remove(&Jump::Return));
                if let Some(kept) = kept {
                    for state in flow.states() {
                        state.positional = kept.clone();
                    }
                }
                flow
            }
            // POSIX shells end here; bash under its own name goes on
            Fact::Absent(_) if state.dialect == Dialect::Sh => {
                state.status = Status::Known(2);
                Flow::jump(Jump::Exit, state)
            }
            Fact::Absent(_) => Flow::done(state, 1),
            Fact::Broken(fault) => {
                self.cannot(place, fault.message);
                Self::unread(place, state)
            }
            Fact::Unknown(unknown) => {
                if !self.undecided.contains(&unknown) {
                    self.undecided.push(unknown);
                }
                Self::unread(place, state)
            }
            Fact::NotCovered(why) => {
                self.cannot(place, format!("sources a file that can't be read: {why}"));
                Self::unread(place, state)
            }
        }
    }

    /// After a sourced file that was not read: it may have set anything.
    fn unread(place: &Place, mut state: State) -> Flow {
        state.tainted = true;
        for variable in state.variables.values_mut() {
            let exported = variable.exported;
            *variable = super::state::Variable::scalar(Traced::unknown());
            variable.exported = exported;
        }
        state.status = Status::Assumed(condition_at(place));
        Flow::next(state)
    }

    /// Where a program's name leads.
    fn find(&self, name: &[u8], place: &Place, state: &State) -> Fact<PathBuf> {
        if state.scope != Scope::Here {
            return Fact::Unknown(unresolved(place, "not a program of this tree's host"));
        }
        if name.contains(&b'/') {
            return match absolute(name, &state.cwd) {
                Some(path) => Fact::Known(path),
                None => Fact::Unknown(unresolved(place, NO_DIRECTORY)),
            };
        }
        let path = state.variables.get(b"PATH".as_slice());
        match path.map(super::state::Variable::value) {
            None => self.world.find(name, DEFAULT_PATH),
            Some(path) => match path.bytes() {
                Some(path) => self.world.find(name, path),
                None => self.world.find(name, DEFAULT_PATH),
            },
        }
    }

    /// `command -v`, `which`, `type`
    pub(super) fn locate(&mut self, name: &Traced, place: &Place, mut state: State) -> Flow {
        let Some(bytes) = name.bytes() else {
            state.print(&Traced::unknown());
            state.status = Status::Open(condition_at(place));
            return Flow::next(state);
        };
        if state.functions.contains_key(bytes) || super::builtin::is_builtin(bytes) {
            state.print(&name.change(|b| [b, b"\n"].concat()));
            return Flow::done(state, 0);
        }
        match self.find(bytes, place, &state) {
            Fact::Known(path) if !bytes.contains(&b'/') => {
                let path = path.to_string_lossy().into_owned();
                state.print(&Traced::known(format!("{path}\n")));
                Flow::done(state, 0)
            }
            Fact::Absent(_) => Flow::done(state, 1),
            _ => {
                state.print(&Traced::unknown());
                state.status = Status::Open(condition_at(place));
                Flow::next(state)
            }
        }
    }

    /// A program that is neither a builtin nor modelled.
    pub(super) fn program(&mut self, argv: &[Traced], place: &Place, state: State) -> Flow {
        let name = argv.first().and_then(Traced::bytes).map(<[u8]>::to_vec);
        let Some(name) = name else {
            let fact = Fact::Unknown(unresolved(place, UNNAMED_PROGRAM));
            self.effect(argv, place, &state, fact);
            return Self::ran(argv, place, state);
        };
        let found = self.find(&name, place, &state);
        let Fact::Known(path) = found else {
            self.effect(argv, place, &state, found);
            return Self::ran(argv, place, state);
        };
        let base = wrappers::base(&name);
        let system = path.parent().is_some_and(|dir| {
            ["/bin", "/sbin", "/usr/bin", "/usr/sbin"]
                .iter()
                .any(|d| dir == Path::new(d))
        });
        if system && (power::is_power_program(base) || tools::is_known(base)) {
            self.effect(argv, place, &state, Fact::Known(path));
            return Self::ran(argv, place, state);
        }
        match self.world.script(&path) {
            Fact::Known(file) => {
                if let Some(dialect) = Self::dialect(&file) {
                    let args = argv.get(1..).unwrap_or(&[]).to_vec();
                    // the kernel tells the interpreter where the script was found
                    let zero = if name.contains(&b'/') {
                        Traced::known(name)
                    } else {
                        Traced::known(path.as_os_str().as_bytes())
                    };
                    return self.call_script(&path, &file, zero, args, argv, place, dialect, state);
                }
                self.effect(argv, place, &state, Fact::Known(path));
                Self::ran(argv, place, state)
            }
            other => {
                let target = other.map(|_| path);
                self.effect(argv, place, &state, target);
                Self::ran(argv, place, state)
            }
        }
    }

    #[allow(clippy::too_many_arguments)] // a call has this many parts
    pub(super) fn call_script(
        &mut self,
        path: &Path,
        file: &Arc<File>,
        zero: Traced,
        args: Vec<Traced>,
        argv: &[Traced],
        place: &Place,
        dialect: Dialect,
        state: State,
    ) -> Flow {
        let again = self.scripts.iter().any(|known| known == path);
        if again || self.scripts.len() >= self.limits.depth {
            let what = if again {
                "the script calls itself".to_owned()
            } else {
                format!("more than {} scripts inside each other", self.limits.depth)
            };
            self.doubt(place, Doubt::Limit(what));
            self.effect(argv, place, &state, Fact::Known(path.to_path_buf()));
            return Self::ran(argv, place, state);
        }
        let mut inside = child(&state, dialect);
        inside.enter(Some(zero.clone()));
        inside.zero = zero;
        inside.positional = Positional::new(args);
        self.scripts.push(path.to_path_buf());
        self.via.push(place.clone());
        let tested = std::mem::take(&mut self.tested);
        let end = self.file(file, inside);
        self.tested = tested;
        self.via.pop();
        self.scripts.pop();
        returned(state, end, place)
    }
}

pub(super) fn unresolved(place: &Place, why: &str) -> Unknown {
    Unknown::at(place.clone(), Doubt::CannotModel(why.to_owned()))
}

/// A shell started by another one.
pub(super) fn child(parent: &State, dialect: Dialect) -> State {
    let mut state = State::new(dialect);
    state.variables = parent.variables.exported();
    state.cwd = parent.cwd.clone();
    state.path.clone_from(&parent.path);
    state.stdin.clone_from(&parent.stdin);
    state.out.clone_from(&parent.out);
    state.tainted = parent.tainted;
    state.slept = parent.slept;
    state.scope = parent.scope.clone();
    state.deferred = parent.deferred;
    state.arguments = Arc::clone(&parent.arguments);
    state
}

/// Back in the shell that started another one.
pub(super) fn returned(mut state: State, end: Option<State>, place: &Place) -> Flow {
    let Some(end) = end else {
        return Flow::default();
    };
    state.out = end.out;
    state.stdin = end.stdin;
    state.slept = end.slept;
    state.status = match end.status {
        Status::Mixed => Status::Open(condition_at(place)),
        other => other,
    };
    Flow::next(state)
}
