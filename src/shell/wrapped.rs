//! Commands behind wrappers, and text given to another shell.

use super::evaluate::{Evaluator, condition_at};
use super::follow::{NO_DIRECTORY, absolute, child, returned, unresolved};
use super::state::{Flow, Positional, State, Status};
use super::value::{Traced, Value};
use super::wrappers::{self, Plan};
use super::{Dialect, Scope};
use crate::fact::Fact;
use crate::text::Place;

impl Evaluator<'_> {
    /// A wrapper around another command; gives the state back where it is none.
    pub(super) fn wrapped(
        &mut self,
        argv: &[Traced],
        place: &Place,
        mut state: State,
    ) -> Result<Flow, Box<State>> {
        let Some(mut wrapped) = wrappers::unwrap(argv, state.dialect) else {
            return Err(Box::new(state));
        };
        let base = argv.first().and_then(Traced::bytes).map(wrappers::base);
        if base == Some(b"xargs")
            && let Plan::Words(words) = &mut wrapped.plan
            && let Some(read) = given_words(argv, words.len(), state.stdin.as_ref())
        {
            words.pop();
            words.extend(read);
        }
        // a wrapper of the tree's own under a wrapper's name is a script
        let kept = (state.scope.clone(), state.deferred);
        if let Some(scope) = wrapped.scope {
            // from another machine everything else is another machine too
            if !matches!(state.scope, Scope::Machine(_)) {
                state.scope = scope;
            }
        }
        state.deferred |= wrapped.deferred;
        let mut before = Vec::new();
        for (name, value) in wrapped.env {
            before.push((name.clone(), state.variables.get(&name).cloned()));
            state.set(&name, value);
            if let Some(variable) = state.variables.get_mut(&name) {
                variable.exported = true;
            }
        }
        let builtin = matches!(
            argv.first().and_then(Traced::bytes),
            Some(b"command" | b"builtin")
        );
        let mut flow = match wrapped.plan {
            Plan::Words(words) if builtin => match words.first().and_then(Traced::bytes) {
                Some(name) => {
                    let name = name.to_vec();
                    match self.builtin(&name, &words, place, state) {
                        Ok(flow) => flow,
                        Err(back) => self.external(&words, place, *back),
                    }
                }
                None => self.program(&words, place, state),
            },
            Plan::Words(words) => self.external(&words, place, state),
            Plan::Text(text, args) => self.shell_text(&text, args, wrapped.dialect, place, state),
            Plan::Script(name, args) => {
                self.shell_script(&name, args, argv, wrapped.dialect, place, state)
            }
            Plan::Input => {
                let deferred = wrapped.deferred;
                self.shell_input(argv, wrapped.dialect, deferred, place, state)
            }
            Plan::Nothing if builtin => {
                let name = argv.get(2).cloned().unwrap_or_else(Traced::unknown);
                self.locate(&name, place, state)
            }
            Plan::Nothing => {
                self.effect(
                    argv,
                    place,
                    &state,
                    Fact::Unknown(unresolved(place, "runs nothing")),
                );
                let mut flow = Self::ran(argv, place, state);
                if argv.first().is_some_and(|first| ends_with(first, b"flock"))
                    && let Some(state) = &mut flow.next
                {
                    state.status = Status::Assumed(condition_at(place));
                }
                flow
            }
        };
        for state in flow.states() {
            (state.scope, state.deferred) = kept.clone();
            for (name, old) in before.iter().rev() {
                state.variables.put_back(name, old.clone());
            }
        }
        Ok(flow)
    }

    /// `sh -c TEXT`
    pub(super) fn shell_text(
        &mut self,
        text: &Traced,
        args: Vec<Traced>,
        dialect: Dialect,
        place: &Place,
        state: State,
    ) -> Flow {
        let mut inside = child(&state, dialect);
        let mut args = args.into_iter();
        if let Some(zero) = args.next() {
            inside.zero = zero;
        }
        inside.positional = Positional::new(args.collect());
        let mut text = text.clone();
        text.place.get_or_insert_with(|| place.clone());
        self.via.push(place.clone());
        let tested = std::mem::take(&mut self.tested);
        let flow = self.nested_text(&text, inside);
        let end = self.end_of_shell(flow);
        self.tested = tested;
        self.via.pop();
        returned(state, end, place)
    }

    /// `sh FILE`
    fn shell_script(
        &mut self,
        name: &Traced,
        args: Vec<Traced>,
        argv: &[Traced],
        dialect: Dialect,
        place: &Place,
        state: State,
    ) -> Flow {
        let fact = match name.bytes() {
            // `sh file` looks in the working directory first
            Some(bytes) => match absolute(bytes, &state.cwd) {
                Some(path) if state.scope == Scope::Here => Fact::Known(path),
                _ => Fact::Unknown(unresolved(place, NO_DIRECTORY)),
            },
            None => Fact::Unknown(unresolved(place, "the script's name is not known")),
        };
        let file = fact.clone().and_then(|path| self.world.script(&path));
        match (fact, file) {
            (Fact::Known(path), Fact::Known(file)) => self.call_script(
                &path,
                &file,
                name.clone(),
                args,
                argv,
                place,
                dialect,
                state,
            ),
            (fact, file) => {
                let target = match (fact, file) {
                    (Fact::Known(path), file) => file.map(|_| path),
                    (fact, _) => fact,
                };
                self.effect(argv, place, &state, target);
                Self::ran(argv, place, state)
            }
        }
    }

    /// `... | sh`, `at now <<EOF`
    fn shell_input(
        &mut self,
        argv: &[Traced],
        dialect: Dialect,
        deferred: bool,
        place: &Place,
        mut state: State,
    ) -> Flow {
        match state.stdin.take() {
            // a shell without input does nothing; `at` waits for a terminal
            None => {
                if deferred {
                    self.cannot(place, "a job whose commands are not known");
                }
                Flow::done(state, 0)
            }
            Some(text) if text.bytes().is_some() => {
                self.shell_text(&text, Vec::new(), dialect, place, state)
            }
            Some(text) => {
                state.stdin = Some(text);
                self.cannot(place, "runs commands from an input that is not known");
                self.effect(
                    argv,
                    place,
                    &state,
                    Fact::Unknown(unresolved(place, "runs commands from its input")),
                );
                Self::ran(argv, place, state)
            }
        }
    }
}

/// The words that `xargs` reads, where they are known and all go to one call: no option
/// that splits or replaces them, no quotes (xargs(1)).
fn given_words(argv: &[Traced], command: usize, stdin: Option<&Traced>) -> Option<Vec<Traced>> {
    const MOST: usize = 64;
    let input = stdin?;
    let text = input.bytes()?;
    if text.iter().any(|b| matches!(b, b'\'' | b'"' | b'\\')) {
        return None;
    }
    let words: Vec<&[u8]> = text
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .collect();
    // The command has one word more, in place of what is read.
    let options = argv.get(1..argv.len().saturating_sub(command.saturating_sub(1)))?;
    let plain = |word: &Traced| match word.bytes() {
        Some(b"-r" | b"-t" | b"--no-run-if-empty" | b"--verbose") => true,
        Some(b"-n1" | b"-L1") => words.len() == 1,
        _ => false,
    };
    if words.is_empty() || words.len() > MOST || !options.iter().all(plain) {
        return None;
    }
    let known = |word: &[u8]| input.derived(Value::known(word));
    Some(words.into_iter().map(known).collect())
}

fn ends_with(word: &Traced, name: &[u8]) -> bool {
    word.bytes()
        .is_some_and(|bytes| wrappers::base(bytes) == name)
}
