//! Simple commands: assignments, redirections, and who gets the words.

use super::evaluate::{Evaluator, condition_at};
use super::state::{Flow, Jump, State, Status};
use super::syntax::{Assignment, Command, Redirect, RedirectKind, Word};
use super::value::Traced;
use super::{Action, Dialect, Effect, Reach};
use crate::fact::{Fact, Looked};
use crate::text::Place;

/// Where a redirection of standard output leads.
enum Sink {
    /// Nowhere anybody looks.
    Nothing,
    /// Where it went before.
    Same,
    /// Into a file.
    File { path: Traced, append: bool },
}

impl Evaluator<'_> {
    pub(super) fn simple(
        &mut self,
        command: &Command,
        assignments: &[Assignment],
        words: &[Word],
        declared: &[Assignment],
        mut state: State,
    ) -> Flow {
        // what `$?` is while the words are expanded
        let before = state.status.clone();
        state.status = Status::Known(0);
        let substituted = |state: &State| state.status.clone();
        let mut argv = Vec::new();
        if !words.is_empty() {
            state.status = before;
        }
        for word in words {
            argv.extend(self.fields(word, &mut state));
        }
        if std::mem::take(&mut self.failed) {
            state.status = Status::Known(if state.dialect == Dialect::Sh { 2 } else { 1 });
            return Flow::jump(Jump::Exit, state);
        }
        let place = command.place.clone();
        if argv.is_empty() && declared.is_empty() {
            if !words.is_empty() {
                state.status = Status::Known(0);
            }
            for assignment in assignments {
                self.assign(assignment, &mut state, false);
            }
            if std::mem::take(&mut self.failed) {
                state.status = Status::Known(if state.dialect == Dialect::Sh { 2 } else { 1 });
                return Flow::jump(Jump::Exit, state);
            }
            let status = substituted(&state);
            let redirects = &command.redirects;
            return self.redirected(redirects, &place, state, |_, mut state| {
                state.status = status;
                Flow::next(state)
            });
        }
        if !declared.is_empty() || argv.first().is_some_and(is_declaration) {
            let mut flow = self.redirected(&command.redirects, &place, state, |this, state| {
                this.declare(&argv, declared, state)
            });
            for state in flow.states() {
                settle_status(state);
            }
            return flow;
        }
        if let [only] = argv.as_slice()
            && only.value.is(b"exec")
        {
            // What is read from here on comes from there.
            for redirect in &command.redirects {
                if let RedirectKind::Read(word) = &redirect.kind
                    && redirect.fd.unwrap_or(0) == 0
                {
                    let path = self.single(word, &mut state);
                    state.stdin = self.file_content(&path, &state);
                }
            }
            let output = |r: &Redirect| !matches!(r.kind, RedirectKind::Read(_));
            if !command.redirects.iter().any(output) {
                return Flow::done(state, 0);
            }
        }
        // `A=b command` sets A for this command only
        let mut kept = Vec::new();
        for assignment in assignments {
            let old = state.variables.get(&assignment.name).cloned();
            kept.push((assignment.name.clone(), old));
            self.assign(assignment, &mut state, true);
        }
        let mut flow = self.redirected(&command.redirects, &place, state, |this, state| {
            this.run(&argv, &place, state)
        });
        for state in flow.states() {
            for (name, old) in kept.iter().rev() {
                state.variables.put_back(name, old.clone());
            }
        }
        flow
    }

    /// Runs something with its redirections in place.
    pub(super) fn redirected(
        &mut self,
        redirects: &[Redirect],
        place: &Place,
        mut state: State,
        run: impl FnOnce(&mut Self, State) -> Flow,
    ) -> Flow {
        if redirects.is_empty() {
            return run(self, state);
        }
        let stdin = state.stdin.clone();
        let out = state.out.clone();
        let mut sink = Sink::Same;
        let mut reads = false;
        for redirect in redirects {
            match &redirect.kind {
                RedirectKind::Read(word) => {
                    let path = self.single(word, &mut state);
                    if redirect.fd.unwrap_or(0) == 0 {
                        state.stdin = self.file_content(&path, &state);
                        reads = true;
                    }
                }
                RedirectKind::Text(word, newline) => {
                    let mut text = self.single(word, &mut state);
                    if *newline {
                        text.append(&Traced::known("\n"));
                    }
                    if redirect.fd.unwrap_or(0) == 0 {
                        state.stdin = Some(text);
                        reads = true;
                    }
                }
                RedirectKind::Write { path, append, both } => {
                    let path = self.single(path, &mut state);
                    let fd = redirect.fd.unwrap_or(1);
                    if fd == 1 || *both {
                        sink = match path.bytes() {
                            Some(b"/dev/null" | b"/dev/stderr" | b"/dev/tty" | b"/dev/console") => {
                                Sink::Nothing
                            }
                            Some(b"/dev/stdout" | b"/dev/fd/1") => Sink::Same,
                            _ => Sink::File {
                                path,
                                append: *append,
                            },
                        };
                    }
                }
                RedirectKind::Duplicate(target) if redirect.fd == Some(0) => {
                    let closed = target == b"-";
                    state.stdin = (!closed).then(Traced::unknown);
                    reads = true;
                }
                RedirectKind::Duplicate(target) => {
                    let to_other = target != b"1" && target != b"1-";
                    if redirect.fd.unwrap_or(1) == 1 && to_other {
                        sink = Sink::Nothing;
                    }
                }
            }
        }
        state.out = match &sink {
            Sink::Nothing => None,
            Sink::Same => out.clone(),
            Sink::File { .. } => Some(Traced::known("")),
        };
        let (via, path_before) = (self.via.clone(), state.path.clone());
        let marks = (state.scope.clone(), state.deferred, state.slept);
        let mut flow = run(self, state);
        let mut written: Option<Traced> = None;
        for state in flow.states() {
            if reads {
                state.stdin.clone_from(&stdin);
            }
            if let Sink::Same = sink {
                continue;
            }
            if let Some(text) = state.out.take() {
                written = Some(match written.take() {
                    Some(before) => before.join(&text),
                    None => text,
                });
            }
            state.out.clone_from(&out);
        }
        if let (Sink::File { path, append }, Some(data)) = (sink, written) {
            let (scope, deferred, slept) = marks;
            self.record(Effect {
                action: Action::Write {
                    path: path.value,
                    data: data.value,
                    append,
                },
                place: place.clone(),
                via,
                reach: reach(path_before),
                scope,
                target: Fact::Absent(Looked {
                    paths: Vec::new(),
                    notes: Vec::new(),
                }),
                deferred,
                slept,
                input: false,
            });
        }
        flow
    }

    /// Words as a command, functions and builtins first.
    pub(super) fn run(&mut self, argv: &[Traced], place: &Place, mut state: State) -> Flow {
        let Some(first) = argv.first() else {
            return Flow::done(state, 0);
        };
        if !self.step(place) {
            return Flow::default();
        }
        let Some(name) = first.bytes() else {
            return self.program(argv, place, state);
        };
        if let Some(function) = state.functions.get(name).cloned() {
            return self.call_function(&function, argv, place, state);
        }
        let name = name.to_vec();
        match self.builtin(&name, argv, place, state) {
            Ok(flow) => return flow,
            Err(back) => state = *back,
        }
        self.external(argv, place, state)
    }

    /// Words as a program: wrappers, tools that are modelled, scripts of the
    /// tree, and else an effect.
    pub(super) fn external(&mut self, argv: &[Traced], place: &Place, state: State) -> Flow {
        let state = match self.wrapped(argv, place, state) {
            Ok(flow) => return flow,
            Err(back) => *back,
        };
        let state = match self.tool(argv, place, state) {
            Ok(flow) => return flow,
            Err(back) => *back,
        };
        self.program(argv, place, state)
    }

    /// Records a program as an effect.
    pub(super) fn effect(
        &mut self,
        argv: &[Traced],
        place: &Place,
        state: &State,
        target: Fact<std::path::PathBuf>,
    ) {
        self.record(Effect {
            action: Action::Run {
                argv: argv.iter().map(|word| word.value.clone()).collect(),
                stdin: state.stdin.as_ref().map(|text| text.value.clone()),
            },
            place: place.clone(),
            via: self.via.clone(),
            reach: reach(state.path.clone()),
            scope: state.scope.clone(),
            target,
            deferred: state.deferred,
            slept: state.slept,
            input: given(argv, state),
        });
    }

    /// What is left when a program ran that nothing is known about.
    pub(super) fn ran(argv: &[Traced], place: &Place, mut state: State) -> Flow {
        let mut output = Traced::unknown();
        let filters = super::tools::filters(argv);
        if filters && let Some(stdin) = &state.stdin {
            output.take_inputs(stdin);
        }
        if filters {
            for word in argv
                .iter()
                .filter(|word| !super::surroundings::of_kernel(word))
            {
                output.take_inputs(word);
            }
        }
        state.print(&output);
        state.status = if super::tools::asks(argv) {
            Status::Open(super::Condition {
                input: !output.inputs.is_empty(),
                ..condition_at(place)
            })
        } else {
            Status::Assumed(condition_at(place))
        };
        Flow::next(state)
    }

    pub(super) fn assign(&mut self, assignment: &Assignment, state: &mut State, export: bool) {
        self.set_variable(assignment, state);
        if export && let Some(variable) = state.variables.get_mut(&assignment.name) {
            variable.exported = true;
        }
    }
}

/// Whether a program is told something that the caller gave.
fn given(argv: &[Traced], state: &State) -> bool {
    let words = argv.iter().skip(1).chain(&state.stdin);
    let exported = state.variables.iter().map(|(_, variable)| variable);
    let exported = exported.filter(|variable| variable.exported);
    let told = |value: &Traced| {
        let argument = |input: &super::Input| !matches!(input, super::Input::Variable(_));
        value.inputs.iter().any(argument)
    };
    let mut exported = exported.map(super::state::Variable::value);
    words.clone().any(told) || exported.any(|value| told(&value))
}

fn settle_status(state: &mut State) {
    if state.status == Status::Mixed {
        state.status = Status::Known(0);
    }
}

fn is_declaration(first: &Traced) -> bool {
    matches!(
        first.bytes(),
        Some(b"export" | b"local" | b"readonly" | b"declare" | b"typeset")
    )
}

/// The reach of something under these conditions.
pub(super) fn reach(path: Vec<super::Condition>) -> Reach {
    if path.is_empty() {
        Reach::Always
    } else {
        Reach::If(path)
    }
}
