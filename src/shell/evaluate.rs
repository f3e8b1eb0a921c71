//! Lists, branches and loops.

use std::path::PathBuf;
use std::sync::Arc;

use super::library;
use super::source::Source;
use super::state::{Flow, Function, Jump, State, Status};
use super::syntax::{AndOr, Command, Item, Kind, List, Pipeline};
use super::value::Traced;
use super::{Branch, Comparison, Condition, Dialect, Effect, Limits, World};
use crate::fact::{Doubt, Unknown};
use crate::text::{File, Place};

/// Most commands inside each other, over all scripts and functions.
const NESTING: usize = 600;
pub(super) struct Evaluator<'a> {
    pub(super) world: &'a dyn World,
    pub(super) limits: Limits,
    pub(super) steps: usize,
    pub(super) effects: Vec<Effect>,
    pub(super) comparisons: Vec<Comparison>,
    pub(super) branches: Vec<Branch>,
    pub(super) undecided: Vec<Unknown>,
    pub(super) via: Vec<Place>,
    /// Scripts being evaluated, outermost first.
    pub(super) scripts: Vec<PathBuf>,
    /// Scripts, functions and nested texts being evaluated.
    pub(super) calls: usize,
    /// Commands inside each other.
    pub(super) nesting: usize,
    /// Above zero where a status is asked for, so that `set -e` does not apply.
    pub(super) tested: usize,
    /// Whether an expansion failed that ends the shell (`${x:?}`).
    pub(super) failed: bool,
    /// Whether a limit was hit.
    pub(super) full: bool,
    /// Whether a test of something the caller gave stayed open.
    pub(super) asked: bool,
    /// The word in which a parameter is expanded.
    pub(super) expanding: Option<Place>,
}

impl Evaluator<'_> {
    /// One more command; false where the limit is reached.
    pub(super) fn step(&mut self, place: &Place) -> bool {
        self.steps += 1;
        if self.steps > self.limits.steps {
            let limit = format!("more than {} commands", self.limits.steps);
            self.limit(place, limit);
            return false;
        }
        true
    }

    pub(super) fn limit(&mut self, place: &Place, limit: String) {
        if !self.full {
            self.full = true;
            self.doubt(place, Doubt::Limit(limit));
        }
    }

    pub(super) fn doubt(&mut self, place: &Place, doubt: Doubt) {
        let unknown = Unknown::at(place.clone(), doubt);
        if !self.undecided.contains(&unknown) {
            self.undecided.push(unknown);
        }
    }

    pub(super) fn cannot(&mut self, place: &Place, what: impl Into<String>) {
        self.doubt(place, Doubt::CannotModel(what.into()));
    }

    /// Parses and runs a text.
    pub(super) fn text(&mut self, source: &Source, state: State) -> Flow {
        match library::parse(source) {
            Ok(list) => self.list(&list, state),
            Err(rejected) => {
                let length = source.bytes().len();
                let place = source.place(rejected.at.min(length), (rejected.at + 1).min(length));
                if rejected.limit {
                    self.doubt(&place, Doubt::Limit(rejected.message));
                    return Flow::next(state);
                }
                // A shell reads a command at a time: what stands before the
                // faulty one runs, nothing after it does.
                let reach = if rejected.before.is_empty() {
                    "a shell rejects it whole"
                } else {
                    "a shell runs the commands before it and stops there"
                };
                let message = format!("syntax error: {}; {reach}", rejected.message);
                self.cannot(&place, message);
                let mut flow = self.list(&rejected.before, state);
                if let Some(mut state) = flow.next.take() {
                    state.status = Status::Known(2);
                    flow = flow.or(Flow::jump(Jump::Exit, state));
                }
                flow
            }
        }
    }

    /// Runs a whole file as a shell of its own would.
    pub(super) fn file(&mut self, file: &Arc<File>, state: State) -> Option<State> {
        let flow = self.text(&Source::whole(file), state);
        self.end_of_shell(flow)
    }

    /// The exit trap, then the end.
    pub(super) fn end_of_shell(&mut self, flow: Flow) -> Option<State> {
        let mut state = flow.end()?;
        let Some(trap) = state.exit_trap.take() else {
            return Some(state);
        };
        let status = state.status.clone();
        let mut state = self.nested_text(&trap, state).end()?;
        if state.status == Status::Known(0) || matches!(state.status, Status::Assumed(_)) {
            state.status = status;
        }
        Some(state)
    }

    pub(super) fn list(&mut self, list: &List, state: State) -> Flow {
        let mut flow = Flow::next(state);
        for item in list {
            let Some(state) = flow.next.take() else { break };
            let after = self.item(item, state);
            flow.next = after.next;
            flow.take_jumps(after.jumps);
        }
        flow
    }

    fn item(&mut self, item: &Item, state: State) -> Flow {
        // a command costs what the state costs that is copied for it
        self.steps += (state.variables.len() + state.positional.values.len()) / 64;
        if !self.step(&item.place) {
            return Flow::default();
        }
        if item.background {
            let mut inside = state.clone();
            inside.out = None;
            inside.stdin = None;
            let _ = self.and_or(item, inside).end();
            return Flow::done(state, 0);
        }
        self.and_or(item, state)
    }

    fn and_or(&mut self, item: &Item, state: State) -> Flow {
        let last = item.rest.len();
        let mut flow = self.pipeline(&item.first, state, last > 0);
        let mut ran_last = last == 0;
        for (index, (join_by, pipeline)) in item.rest.iter().enumerate() {
            let Some(state) = flow.next.take() else { break };
            let tested = index + 1 < last;
            ran_last = false;
            let after = match state.status.clone() {
                Status::Known(status) => {
                    if (status == 0) == (*join_by == AndOr::And) {
                        ran_last = !tested;
                        self.pipeline(pipeline, state, tested)
                    } else {
                        Flow::next(state)
                    }
                }
                Status::Assumed(_) if *join_by == AndOr::And => {
                    ran_last = !tested;
                    self.pipeline(pipeline, state, tested)
                }
                Status::Assumed(condition) => {
                    let mut failed = state.clone();
                    failed.assume(&condition, false);
                    let other = self.pipeline(pipeline, failed, tested);
                    Flow::next(state).or(other)
                }
                Status::Open(condition) => {
                    let mut into = state.clone();
                    let mut past = state;
                    let wanted = *join_by == AndOr::And;
                    into.assume(&condition, wanted);
                    past.assume(&condition, !wanted);
                    let into = self.pipeline(pipeline, into, tested);
                    into.or(Flow::next(past))
                }
                Status::Mixed => Flow::next(state),
            };
            flow.next = after.next;
            flow.take_jumps(after.jumps);
            let mut so_far = item.first.place.clone();
            so_far.span = so_far.span.to(pipeline.place.span);
            settle(&mut flow, &so_far);
        }
        settle(&mut flow, &item.place);
        if ran_last && !(last == 0 && item.first.negated) {
            flow = self.check_errexit(flow, last == 0);
        }
        flow
    }

    /// `set -e`
    fn check_errexit(&mut self, mut flow: Flow, alone: bool) -> Flow {
        let applies = |state: &State| state.errexit;
        if self.tested > 0 || !flow.next.as_ref().is_some_and(applies) {
            return flow;
        }
        let Some(state) = flow.next.take() else {
            return flow;
        };
        match state.status.clone() {
            Status::Known(0) | Status::Assumed(_) | Status::Mixed => {
                flow.next = Some(state);
                flow
            }
            Status::Known(_) => flow.or(Flow::jump(Jump::Exit, state)),
            Status::Open(condition) if alone => {
                let mut failed = state.clone();
                failed.assume(&condition, false);
                let mut on = state;
                on.assume(&condition, true);
                flow.or(Flow::jump(Jump::Exit, failed)).or(Flow::next(on))
            }
            Status::Open(_) => {
                flow.next = Some(state);
                flow
            }
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline, state: State, tested: bool) -> Flow {
        let tested = usize::from(tested || pipeline.negated);
        self.tested += tested;
        let mut flow = match pipeline.commands.as_slice() {
            [only] => self.command(only, state),
            several => self.pipe(several, &pipeline.place, state),
        };
        self.tested -= tested;
        settle(&mut flow, &pipeline.place);
        if pipeline.negated
            && let Some(state) = &mut flow.next
        {
            state.status = state.status.negated();
        }
        flow
    }

    /// `a | b | c`: each in a subshell.
    fn pipe(&mut self, commands: &[Command], place: &Place, mut state: State) -> Flow {
        let Some((last, before)) = commands.split_last() else {
            return Flow::done(state, 0);
        };
        let mut stdin = state.stdin.clone();
        let mut slept = state.slept;
        for command in before {
            let mut inside = state.clone();
            inside.stdin = stdin;
            inside.out = Some(Traced::known(""));
            let end = self.command(command, inside).end();
            slept = end.as_ref().map_or(slept, |end| end.slept.max(slept));
            stdin = match end {
                Some(end) => end.out,
                None => Some(Traced::unknown()),
            };
        }
        let mut inside = state.clone();
        inside.stdin = stdin;
        let Some(end) = self.command(last, inside).end() else {
            return Flow::default();
        };
        state.out = end.out;
        // the question is the whole pipeline's
        state.status = match end.status {
            Status::Open(_) | Status::Mixed => Status::Open(condition_at(place)),
            Status::Assumed(_) => Status::Assumed(condition_at(place)),
            known @ Status::Known(_) => known,
        };
        state.slept = slept.max(end.slept);
        Flow::next(state)
    }

    /// Runs something in a subshell: only its output, status and effects stay.
    pub(super) fn subshell(
        &mut self,
        mut state: State,
        run: impl FnOnce(&mut Self, State) -> Flow,
    ) -> Flow {
        let mut inside = state.clone();
        inside.exit_trap = None;
        let flow = run(self, inside);
        let Some(end) = self.end_of_shell(flow) else {
            return Flow::default();
        };
        state.out = end.out;
        state.stdin = end.stdin;
        state.status = end.status;
        state.slept = end.slept;
        Flow::next(state)
    }

    pub(super) fn command(&mut self, command: &Command, state: State) -> Flow {
        if !self.step(&command.place) {
            return Flow::default();
        }
        if self.nesting >= NESTING {
            let limit = format!("more than {NESTING} commands inside each other");
            self.limit(&command.place, limit);
            return Flow::default();
        }
        self.nesting += 1;
        let flow = self.command_inside(command, state);
        self.nesting -= 1;
        flow
    }

    fn command_inside(&mut self, command: &Command, state: State) -> Flow {
        if let Kind::Simple {
            assignments,
            words,
            declared,
        } = &command.kind
        {
            return self.simple(command, assignments, words, declared, state);
        }
        let place = command.place.clone();
        self.redirected(&command.redirects, &place, state, |this, state| {
            this.compound(command, state)
        })
    }

    fn compound(&mut self, command: &Command, mut state: State) -> Flow {
        match &command.kind {
            Kind::Simple { .. } => Flow::next(state),
            Kind::If { arms, otherwise } => self.branch(arms, otherwise.as_ref(), state),
            Kind::Loop {
                until,
                condition,
                body,
            } => self.while_loop(*until, condition, body, command, state),
            Kind::For { name, words, body } => self.for_loop(name, words, body, command, state),
            Kind::ForArithmetic {
                first,
                condition,
                step,
                body,
            } => {
                self.arithmetic(first, &mut state);
                self.rounds(state, &command.place, |this, mut state, round| {
                    if round > 0 {
                        this.arithmetic(step, &mut state);
                    }
                    let value = this.arithmetic(condition, &mut state);
                    state.status = match value {
                        Some(value) => Status::Known(u8::from(value == 0)),
                        None => Status::Open(condition_at(&command.place)),
                    };
                    (Flow::next(state), Some(body), false)
                })
            }
            Kind::Case { word, arms } => self.case(word, arms, state),
            Kind::Function { name, body } => {
                let function = Function {
                    body: Arc::clone(body),
                    source: state.sources.first().cloned(),
                };
                Arc::make_mut(&mut state.functions).insert(name.clone(), function);
                Flow::done(state, 0)
            }
            Kind::Subshell(list) => {
                let mut flow = self.subshell(state, |this, inside| this.list(list, inside));
                settle(&mut flow, &command.place);
                flow
            }
            Kind::Group(list) => self.list(list, state),
            Kind::Conditional(condition) => {
                state.status = self.conditional(condition, &command.place, &mut state);
                Flow::next(state)
            }
            Kind::Arithmetic(text) => {
                state.status = match self.arithmetic(text, &mut state) {
                    Some(value) => Status::Known(u8::from(value == 0)),
                    None => Status::Open(condition_at(&command.place)),
                };
                Flow::next(state)
            }
            Kind::Other(what) => {
                self.cannot(&command.place, format!("{what} is not modelled"));
                state.status = Status::Open(condition_at(&command.place));
                Flow::next(state)
            }
        }
    }

    /// Runs a value as shell text; says so where it is not known.
    pub(super) fn nested_text(&mut self, text: &Traced, state: State) -> Flow {
        let Some(place) = text.place.clone() else {
            return Flow::next(state);
        };
        let Some(bytes) = text.bytes() else {
            self.cannot(&place, "runs text that is not known");
            let mut state = state;
            state.tainted = true;
            state.status = Status::Open(condition_at(&place));
            return Flow::next(state);
        };
        if self.calls > self.limits.depth * 2 {
            self.limit(
                &place,
                "commands called too deep inside each other".to_owned(),
            );
            return Flow::next(state);
        }
        self.calls += 1;
        let flow = self.text(&Source::expanded(&place, bytes.to_vec()), state);
        self.calls -= 1;
        flow
    }

    pub(super) fn record(&mut self, effect: Effect) {
        let same = self.effects.iter_mut().find(|known| {
            known.action == effect.action
                && known.place == effect.place
                && known.via == effect.via
                && known.scope == effect.scope
        });
        if let Some(known) = same {
            if effect.reach.conditions().len() < known.reach.conditions().len() {
                known.reach = effect.reach;
            }
            return;
        }
        if self.effects.len() >= self.limits.effects {
            let limit = format!("more than {} effects", self.limits.effects);
            self.limit(&effect.place, limit);
            return;
        }
        self.effects.push(effect);
    }

    /// The shell a file is written for by its first line, where it is one.
    pub(super) fn dialect(file: &File) -> Option<Dialect> {
        super::start::shebang(file.bytes())
    }
}

/// A condition that is the text of some commands.
pub(super) fn condition_at(place: &Place) -> Condition {
    let text = place.text();
    let mut words: Vec<&str> = text.split_whitespace().collect();
    words.retain(|word| !matches!(*word, "\\n" | "\\t"));
    let mut text = words.join(" ");
    if text.chars().count() > 160 {
        text = text.chars().take(157).chain("...".chars()).collect();
    }
    Condition {
        place: place.clone(),
        text,
        holds: true,
        input: false,
    }
}

/// A status that differs between ways becomes a condition of its own.
fn settle(flow: &mut Flow, place: &Place) {
    if let Some(state) = &mut flow.next
        && state.status == Status::Mixed
    {
        state.status = Status::Open(condition_at(place));
    }
}

/// All commands of a list.
pub(super) fn place_of(list: &List) -> Option<Place> {
    let mut place = list.first()?.place.clone();
    place.span = place.span.to(list.last()?.place.span);
    Some(place)
}
