//! The shell's own commands.

use std::sync::Arc;

use super::evaluate::{Evaluator, condition_at};
use super::paths::{pop_directory, without_dots};
use super::print::{echo, printf};
use super::read::read;
use super::state::{Contents, Flow, Jump, Positional, State, Status, Variable};
use super::value::{Traced, Value};
use super::{Dialect, FileTest, follow};
use crate::fact::Fact;
use crate::text::Place;

/// Whether a name is one of the shell's own commands.
pub(super) fn is_builtin(name: &[u8]) -> bool {
    matches!(
        name,
        b":" | b"true"
            | b"false"
            | b"exit"
            | b"return"
            | b"break"
            | b"continue"
            | b"shift"
            | b"set"
            | b"unset"
            | b"eval"
            | b"."
            | b"source"
            | b"cd"
            | b"trap"
            | b"exec"
            | b"test"
            | b"["
            | b"echo"
            | b"printf"
            | b"read"
            | b"export"
            | b"readonly"
            | b"local"
            | b"declare"
            | b"typeset"
            | b"let"
            | b"command"
            | b"builtin"
            | b"type"
            | b"hash"
            | b"umask"
            | b"ulimit"
            | b"wait"
            | b"alias"
            | b"unalias"
            | b"shopt"
            | b"getopts"
            | b"pwd"
            | b"times"
            | b"pushd"
            | b"popd"
            | b"mapfile"
            | b"readarray"
            | b"jobs"
            | b"disown"
            | b"enable"
            | b"bind"
            | b"complete"
            | b"history"
            | b"logout"
            | b"kill"
    )
}

/// A builtin's flow, or the state back where the name is none.
type Tried = Result<Flow, Box<State>>;

impl Evaluator<'_> {
    pub(super) fn builtin(
        &mut self,
        name: &[u8],
        argv: &[Traced],
        place: &Place,
        mut state: State,
    ) -> Tried {
        let args = argv.get(1..).unwrap_or(&[]);
        let done = |state: State, status: u8| Ok(Flow::done(state, status));
        match name {
            b"false" => done(state, 1),
            b":" | b"true" | b"umask" | b"ulimit" | b"wait" | b"alias" | b"unalias" | b"shopt"
            | b"times" | b"jobs" | b"disown" | b"enable" | b"bind" | b"complete" | b"history"
            | b"fg" | b"bg" | b"logout" => done(state, 0),
            b"exit" | b"return" => {
                let jump = if name == b"exit" {
                    Jump::Exit
                } else {
                    Jump::Return
                };
                if let Some(status) = args.first() {
                    let number = status.bytes().and_then(number);
                    state.status = match number {
                        Some(number) => Status::Known(u8::try_from(number & 255).unwrap_or(2)),
                        None => Status::Open(condition_at(place)),
                    };
                }
                Ok(Flow::jump(jump, state))
            }
            b"break" | b"continue" => {
                let levels = args.first().and_then(Traced::bytes).and_then(number);
                let levels = usize::try_from(levels.unwrap_or(1)).unwrap_or(1).max(1);
                state.status = Status::Known(0);
                let jump = if name == b"break" {
                    Jump::Break(levels)
                } else {
                    Jump::Continue(levels)
                };
                Ok(Flow::jump(jump, state))
            }
            b"shift" => Ok(shift(args, state)),
            b"set" => Ok(set(args, state)),
            b"unset" => Ok(unset(args, state)),
            b"eval" => {
                let mut text = Traced::known("");
                for (index, word) in args.iter().enumerate() {
                    if index > 0 {
                        text.append(&Traced::known(" "));
                    }
                    text.append(word);
                }
                text.place = Some(place.clone());
                Ok(self.nested_text(&text, state))
            }
            b"." | b"source" => Ok(self.source(argv, place, state)),
            b"cd" => Ok(self.change_directory(args, place, state)),
            // dash has neither, and looks for programs of these names
            b"pushd" | b"popd" if self.is_bash(&state) == Some(false) => Err(Box::new(state)),
            b"pushd" => Ok(self.push_directory(args, place, state)),
            b"popd" => Ok(pop_directory(args, state)),
            b"pwd" => {
                let physical = args.iter().any(|w| w.value.is(b"-P"));
                let cwd = if physical {
                    Traced::new(self.real_directory(&state.cwd))
                } else {
                    Traced::new(state.cwd.clone())
                };
                state.print(&cwd);
                state.print(&Traced::known("\n"));
                done(state, 0)
            }
            b"trap" => Ok(self.trap(args, place, state)),
            b"exec" => Ok(self.exec(args, place, state)),
            b"test" | b"[" => {
                let words = match args.split_last() {
                    Some((last, rest)) if name == b"[" && last.value.is(b"]") => rest,
                    _ => args,
                };
                state.status = self.test(words, place, &mut state);
                Ok(Flow::next(state))
            }
            b"echo" => {
                let text = echo(args, state.dialect);
                state.print(&text);
                done(state, 0)
            }
            b"printf" => Ok(printf(args, state)),
            b"read" => Ok(read(args, place, state)),
            b"mapfile" | b"readarray" => {
                if let Some(name) = args.last().and_then(Traced::bytes) {
                    let name = name.to_vec();
                    state.set(&name, Traced::unknown());
                }
                done(state, 0)
            }
            b"let" => {
                let mut last = None;
                for word in args {
                    last = word
                        .bytes()
                        .and_then(|b| super::arithmetic::evaluate(b, &mut state));
                }
                state.status = match last {
                    Some(value) => Status::Known(u8::from(value == 0)),
                    None => Status::Open(condition_at(place)),
                };
                Ok(Flow::next(state))
            }
            b"getopts" => {
                if let Some(name) = args.get(1).and_then(Traced::bytes) {
                    state.set(name, Traced::unknown());
                }
                state.set(b"OPTARG", Traced::unknown());
                state.set(b"OPTIND", Traced::unknown());
                let outside = state.positional.count() == Some(0);
                state.status = if outside {
                    Status::Known(1)
                } else {
                    Status::Open(condition_at(place))
                };
                Ok(Flow::next(state))
            }
            b"type" | b"hash" => {
                let asked = args.iter().find(|w| !w.value.prefix().starts_with(b"-"));
                match asked.cloned() {
                    Some(asked) => Ok(self.locate(&asked, place, state)),
                    None => done(state, 0),
                }
            }
            _ => Err(Box::new(state)),
        }
    }

    pub(super) fn change_directory(
        &mut self,
        args: &[Traced],
        place: &Place,
        mut state: State,
    ) -> Flow {
        let target = args.iter().find(|w| {
            let bytes = w.value.prefix();
            !bytes.starts_with(b"-") || bytes == b"-"
        });
        let target = match target {
            Some(target) => target.clone(),
            None => match state.variables.get(b"HOME".as_slice()) {
                Some(home) => home.value(),
                None => Traced::unknown(),
            },
        };
        let path = target
            .bytes()
            .filter(|b| *b != b"-")
            .and_then(|b| follow::absolute(b, &state.cwd));
        let Some(path) = path else {
            state.cwd = Value::unknown();
            state.status = Status::Assumed(condition_at(place));
            return Flow::next(state);
        };
        let exists = match self.world.test(FileTest::Directory, &path) {
            Fact::Known(exists) => Some(exists),
            Fact::Absent(_) => Some(false),
            _ => None,
        };
        if exists == Some(false) {
            // 2 in dash
            return Flow::done(state, 1);
        }
        let path = without_dots(&path);
        state.cwd = Value::known(path.to_string_lossy().into_owned());
        if args.iter().any(|w| w.value.is(b"-P")) {
            state.cwd = self.real_directory(&state.cwd);
        }
        state.status = match exists {
            Some(_) => Status::Known(0),
            None => Status::Assumed(condition_at(place)),
        };
        Flow::next(state)
    }

    fn trap(&mut self, args: &[Traced], place: &Place, mut state: State) -> Flow {
        let args = match args.first() {
            Some(first) if first.value.is(b"--") => args.get(1..).unwrap_or(&[]),
            _ => args,
        };
        let Some((text, signals)) = args.split_first() else {
            return Flow::done(state, 0);
        };
        if signals.is_empty() || text.value.prefix() == b"-l" || text.value.is(b"-p") {
            return Flow::done(state, 0);
        }
        let at_exit = signals
            .iter()
            .any(|s| matches!(s.bytes(), Some(b"EXIT" | b"0" | b"exit")));
        let nothing = text.value.is(b"-") || text.value.is(b"");
        if at_exit {
            state.exit_trap = if nothing { None } else { Some(text.clone()) };
        }
        let only_exit = at_exit && signals.len() == 1;
        if !nothing && !only_exit {
            // what a signal would do, under the condition that it comes
            let mut inside = state.clone();
            inside.exit_trap = None;
            inside.out = None;
            let mut condition = condition_at(place);
            condition.text = format!("signal for: {}", condition.text);
            inside.assume(&condition, true);
            let _ = self.nested_text(text, inside);
        }
        Flow::done(state, 0)
    }

    fn exec(&mut self, args: &[Traced], place: &Place, state: State) -> Flow {
        let mut at = 0;
        while let Some(word) = args.get(at).and_then(Traced::bytes) {
            match word {
                b"-a" => at += 2,
                b"-c" | b"-l" | b"-cl" => at += 1,
                b"--" => {
                    at += 1;
                    break;
                }
                _ => break,
            }
        }
        let words = args.get(at..).unwrap_or(&[]);
        if words.is_empty() {
            return Flow::done(state, 0);
        }
        let mut flow = self.external(words, place, state);
        match flow.next.take() {
            Some(mut state) => {
                state.exit_trap = None;
                flow.or(Flow::jump(Jump::Exit, state))
            }
            None => flow,
        }
    }
}

pub(super) fn number(bytes: &[u8]) -> Option<i64> {
    std::str::from_utf8(bytes.trim_ascii()).ok()?.parse().ok()
}

fn shift(args: &[Traced], mut state: State) -> Flow {
    let by = match args.first() {
        None => Some(1),
        Some(word) => word.bytes().and_then(number),
    };
    let by = by.and_then(|by| usize::try_from(by).ok());
    let Some(by) = by else {
        state.positional.open_from = Some(0);
        return Flow::done(state, 0);
    };
    if state.positional.open_from.is_none() && by > state.positional.values.len() {
        // dash ends the shell here, bash goes on with status 1
        if state.dialect == Dialect::Sh {
            state.status = Status::Known(2);
            return Flow::jump(Jump::Exit, state);
        }
        return Flow::done(state, 1);
    }
    let values = &mut state.positional.values;
    values.drain(..by.min(values.len()));
    let open = &mut state.positional.open_from;
    *open = open.map(|from| from.saturating_sub(by));
    Flow::done(state, 0)
}

fn set(args: &[Traced], mut state: State) -> Flow {
    let mut at = 0;
    while let Some(word) = args.get(at) {
        let Some(bytes) = word.bytes() else { break };
        at += 1;
        match bytes {
            b"--" => {
                state.positional = Positional::new(args.get(at..).unwrap_or(&[]).to_vec());
                return Flow::done(state, 0);
            }
            b"-" => {}
            _ if bytes.starts_with(b"-") || bytes.starts_with(b"+") => {
                let on = bytes.starts_with(b"-");
                if bytes.contains(&b'e') {
                    state.errexit = on;
                }
                if bytes.ends_with(b"o") {
                    if args
                        .get(at)
                        .is_some_and(|option| option.value.is(b"errexit"))
                    {
                        state.errexit = on;
                    }
                    at += 1;
                }
            }
            _ => {
                at -= 1;
                break;
            }
        }
    }
    let rest = args.get(at..).unwrap_or(&[]);
    if !rest.is_empty() {
        state.positional = Positional::new(rest.to_vec());
    }
    Flow::done(state, 0)
}

fn unset(args: &[Traced], mut state: State) -> Flow {
    for word in args {
        match word.bytes() {
            Some(b"-f" | b"-v") => {}
            Some(name) => {
                let cut = name.iter().position(|b| *b == b'[');
                let base = name.get(..cut.unwrap_or(name.len())).unwrap_or(&[]);
                if cut.is_some() {
                    if let Some(variable) = state.variables.get_mut(base)
                        && let Contents::Array { .. } = variable.contents
                    {
                        *variable = Variable::scalar(Traced::unknown());
                    }
                } else {
                    state.variables.remove(base);
                    if state.functions.contains_key(base) {
                        Arc::make_mut(&mut state.functions).remove(base);
                    }
                }
            }
            None => state.tainted = true,
        }
    }
    Flow::done(state, 0)
}
