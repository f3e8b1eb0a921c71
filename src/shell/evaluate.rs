//! Lists, branches and loops.

use std::path::PathBuf;
use std::sync::Arc;

use super::library;
use super::source::Source;
use super::state::{Flow, Jump, State, Status, Variable, join};
use super::syntax::{AndOr, Arm, ArmEnd, Command, Item, Kind, List, Pipeline, Word};
use super::value::{Input, Traced};
use super::{
    Branch, Call, Comparison, Condition, Dialect, Effect, Limits, Outcome, Program, World,
};
use crate::fact::{Doubt, Unknown};
use crate::text::{File, Place};

/// Rounds of one loop before differing variables are taken as unknown.
const ROUNDS: usize = 128;

/// Most commands inside each other, over all scripts and functions.
const NESTING: usize = 600;
/// Stack for one evaluation: what the limits here and those of the parser need,
/// several times over. It is reserved, not used.
const STACK: usize = 128 << 20;

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
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("shell".to_owned())
            .stack_size(STACK);
        match thread.spawn_scoped(scope, || evaluate_here(call, world, limits)) {
            Ok(handle) => handle.join().unwrap_or_else(|_| {
                nothing(Doubt::Crashed("the evaluation of a script".to_owned()))
            }),
            Err(error) => nothing(Doubt::Io(error.to_string())),
        }
    })
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
        full: false,
    };
    let mut state = State::new(call.dialect);
    for (name, value) in &call.env {
        let input = Input::Variable(name.clone());
        let mut variable = Variable::scalar(Traced::input(value.clone(), input));
        variable.exported = true;
        state.variables.insert(name.clone(), variable);
    }
    state.cwd = call.cwd.clone();
    let stdin = call.stdin.clone();
    state.stdin = stdin.map(|value| Traced::input(value, Input::Stdin));
    let numbered = call.args.iter().enumerate();
    let args: Vec<Traced> = numbered
        .map(|(i, value)| Traced::input(value.clone(), Input::Argument(i + 1)))
        .collect();
    let end = match &call.program {
        Program::Script(path) => evaluator.start_script(path, args, state),
        Program::Command(source) => {
            state.positional = super::state::Positional::new(args);
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
    /// Whether a limit was hit.
    pub(super) full: bool,
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
            several => self.pipe(several, state),
        };
        self.tested -= tested;
        settle(&mut flow, &pipeline.place);
        if pipeline.negated
            && let Some(state) = &mut flow.next
        {
            state.status = match state.status.clone() {
                Status::Known(status) => Status::Known(u8::from(status == 0)),
                Status::Assumed(mut condition) | Status::Open(mut condition) => {
                    condition.holds = !condition.holds;
                    Status::Open(condition)
                }
                Status::Mixed => Status::Mixed,
            };
        }
        flow
    }

    /// `a | b | c`: each in a subshell.
    fn pipe(&mut self, commands: &[Command], mut state: State) -> Flow {
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
        state.status = end.status;
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
                state.functions.insert(name.clone(), Arc::clone(body));
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

    fn branch(&mut self, arms: &[(List, List)], otherwise: Option<&List>, state: State) -> Flow {
        let mut result = Flow::default();
        let mut state = state;
        for (condition, body) in arms {
            self.tested += 1;
            let mut flow = self.list(condition, state);
            self.tested -= 1;
            let next = flow.next.take();
            result.take_jumps(flow.jumps);
            let Some(after) = next else { return result };
            state = after;
            let place = place_of(condition);
            match state.status.clone() {
                Status::Known(status) => {
                    self.decided(place.as_ref(), Some(status == 0));
                    if status == 0 {
                        return result.or(self.list(body, state));
                    }
                }
                Status::Assumed(condition) | Status::Open(condition) => {
                    self.decided(place.as_ref(), None);
                    let mut into = state.clone();
                    into.assume(&condition, true);
                    let into = self.list(body, into);
                    result = result.or(into);
                    state.assume(&condition, false);
                }
                Status::Mixed => {}
            }
        }
        state.status = Status::Known(0);
        let last = match otherwise {
            Some(list) => self.list(list, state),
            None => Flow::next(state),
        };
        result.or(last)
    }

    pub(super) fn decided(&mut self, place: Option<&Place>, taken: Option<bool>) {
        if let Some(place) = place {
            let branch = Branch {
                place: place.clone(),
                taken,
            };
            if !self.branches.contains(&branch) {
                self.branches.push(branch);
            }
        }
    }

    fn while_loop(
        &mut self,
        until: bool,
        condition: &List,
        body: &List,
        command: &Command,
        state: State,
    ) -> Flow {
        let reads = reads_input(condition);
        self.rounds(state, &command.place, |this, state, _| {
            this.tested += 1;
            let mut flow = this.list(condition, state);
            this.tested -= 1;
            if until && let Some(state) = &mut flow.next {
                state.status = match state.status.clone() {
                    Status::Known(status) => Status::Known(u8::from(status == 0)),
                    Status::Assumed(mut condition) | Status::Open(mut condition) => {
                        condition.holds = !condition.holds;
                        Status::Open(condition)
                    }
                    Status::Mixed => Status::Mixed,
                };
            }
            (flow, Some(body), reads)
        })
    }

    fn for_loop(
        &mut self,
        name: &[u8],
        words: &[Word],
        body: &List,
        command: &Command,
        mut state: State,
    ) -> Flow {
        let mut items = Vec::new();
        for word in words {
            items.extend(self.fields(word, &mut state));
        }
        let mut place = command.place.clone();
        if let (Some(first), Some(last)) = (words.first(), words.last()) {
            place.span = first.place.span.to(last.place.span);
        }
        let mut items = items.into_iter();
        let mut pending: Option<Traced> = None;
        self.rounds(state, &command.place, |_, mut state, _| {
            let item = pending.take().or_else(|| items.next());
            state.status = match &item {
                None => Status::Known(1),
                // any number of rounds
                Some(item) if item.many => Status::Open(condition_at(&place)),
                Some(_) => Status::Known(0),
            };
            if let Some(item) = item {
                state.set(name, item);
            }
            (Flow::next(state), Some(body), true)
        })
    }

    /// The rounds of a loop. `test` runs what stands before a round and says
    /// with its status whether there is one, and whether the loop ends by itself.
    fn rounds<'b>(
        &mut self,
        state: State,
        place: &Place,
        mut test: impl FnMut(&mut Self, State, usize) -> (Flow, Option<&'b List>, bool),
    ) -> Flow {
        let entry = state.path.clone();
        let mut result = Flow::default();
        let mut state = state;
        let mut repeats = 0;
        for round in 0.. {
            if !self.step(place) {
                return result.or(Flow::next(state));
            }
            let before = state.clone();
            let (mut flow, body, ends) = test(self, state, round);
            let next = flow.next.take();
            result.take_jumps(flow.jumps);
            let Some(mut tested) = next else {
                return leave_loop(result);
            };
            let open = match tested.status.clone() {
                Status::Known(0) => false,
                Status::Known(_) => {
                    tested.status = Status::Known(0);
                    return leave_loop(result.or(Flow::next(tested)));
                }
                Status::Assumed(condition) | Status::Open(condition) => {
                    let mut out = tested.clone();
                    if ends {
                        out.status = Status::Known(0);
                    } else {
                        out.assume(&condition, false);
                        out.status = Status::Known(0);
                    }
                    result = result.or(Flow::next(out));
                    tested.assume(&condition, true);
                    true
                }
                Status::Mixed => true,
            };
            let mut flow = match body {
                Some(body) => self.list(body, tested),
                None => Flow::next(tested),
            };
            let next = flow.next.take();
            let again = join(next, flow.jumps.remove(&Jump::Continue(1)));
            result.take_jumps(flow.jumps);
            let Some(mut again) = again else {
                return leave_loop(result);
            };
            if open || round >= ROUNDS {
                // conditions of one round do not hold in the next
                let common = entry.iter().zip(&again.path);
                let common = common.take_while(|(a, b)| a == b).count();
                again.path.truncate(common);
                again = again.join(before.clone());
            }
            if again.same_values(&before) && (open || round > 0) {
                repeats += 1;
                if repeats > 1 && (open || round >= ROUNDS) || repeats > 2 && !ends {
                    return leave_loop(result);
                }
            }
            if round > ROUNDS + 8 {
                self.limit(place, format!("more than {ROUNDS} rounds of a loop"));
                return leave_loop(result.or(Flow::next(again)));
            }
            state = again;
        }
        result
    }

    fn case(&mut self, word: &Word, arms: &[Arm], mut state: State) -> Flow {
        let subject = self.single(word, &mut state);
        let mut result = Flow::default();
        let mut falling: Option<State> = None;
        // patterns behind the arm that matched are only noted
        let mut base = state.clone();
        let mut testing = Some(state);
        for arm in arms {
            let mut into = falling.take();
            if let Some(state) = testing.as_ref().or(into.as_ref()) {
                base = state.clone();
            }
            let fits = self.arm_fits(&subject, arm, &mut base, testing.is_some());
            if let Some(state) = testing.take() {
                match fits {
                    Some(false) => testing = Some(state),
                    Some(true) => into = join(into, Some(state)),
                    None => {
                        let condition = arm_condition(word, arm);
                        let mut inside = state.clone();
                        inside.assume(&condition, true);
                        into = join(into, Some(inside));
                        let mut past = state;
                        past.assume(&condition, false);
                        testing = Some(past);
                    }
                }
            }
            let Some(mut into) = into else { continue };
            into.status = Status::Known(0);
            let mut flow = self.list(&arm.body, into);
            match arm.end {
                ArmEnd::Leave => result = result.or(flow),
                ArmEnd::FallThrough => {
                    falling = flow.next.take();
                    result.take_jumps(flow.jumps);
                }
                ArmEnd::TestNext => {
                    testing = join(testing, flow.next.take());
                    result.take_jumps(flow.jumps);
                }
            }
        }
        if let Some(state) = falling {
            result = result.or(Flow::next(state));
        }
        if let Some(mut state) = testing {
            if arms.iter().all(|arm| arm.end != ArmEnd::TestNext) {
                state.status = Status::Known(0);
            }
            result = result.or(Flow::next(state));
        }
        result
    }

    /// Whether one of an arm's patterns matches. Comparisons are noted for arms
    /// behind the one that matched too: they are part of what the script knows.
    fn arm_fits(
        &mut self,
        subject: &Traced,
        arm: &Arm,
        state: &mut State,
        counts: bool,
    ) -> Option<bool> {
        let mut fits = Some(false);
        for word in &arm.patterns {
            let pattern = self.pattern(word, state);
            let matched = pattern.matches(subject);
            self.compared(subject, &pattern, &word.place, matched);
            fits = match (fits, matched) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (None, _) | (_, None) => None,
                _ => Some(false),
            };
        }
        if counts {
            let place = arm.patterns.first().map(|first| {
                let mut place = first.place.clone();
                if let Some(last) = arm.patterns.last() {
                    place.span = place.span.to(last.place.span);
                }
                place
            });
            self.decided(place.as_ref(), fits);
        }
        fits
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
        shebang(file.bytes())
    }
}

/// Which shell runs a file: by its first line, and `sh` for a text without one,
/// as shells do when the kernel refuses it. `None`: not a shell script.
pub(super) fn shebang(bytes: &[u8]) -> Option<Dialect> {
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
    }
}

fn arm_condition(word: &Word, arm: &Arm) -> Condition {
    let patterns: Vec<String> = arm.patterns.iter().map(|p| p.place.text()).collect();
    let place = arm.patterns.first().map_or(&word.place, |p| &p.place);
    Condition {
        place: place.clone(),
        text: format!("case {} in {})", word.place.text(), patterns.join("|")),
        holds: true,
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

/// Past a loop: its own jumps end here, outer ones lose a level.
fn leave_loop(mut flow: Flow) -> Flow {
    let mut result = Flow::default();
    result.next = join(flow.next.take(), flow.jumps.remove(&Jump::Break(1)));
    for (jump, state) in flow.jumps {
        let jump = match jump {
            Jump::Break(levels) => Jump::Break(levels.saturating_sub(1).max(1)),
            Jump::Continue(levels) => Jump::Continue(levels.saturating_sub(1).max(1)),
            other => other,
        };
        result = result.or(Flow::jump(jump, state));
    }
    result
}

/// All commands of a list.
pub(super) fn place_of(list: &List) -> Option<Place> {
    let mut place = list.first()?.place.clone();
    place.span = place.span.to(list.last()?.place.span);
    Some(place)
}

/// Whether a loop's condition reads standard input, which ends some time.
fn reads_input(condition: &List) -> bool {
    let Some(item) = condition.last() else {
        return false;
    };
    let [command] = item.first.commands.as_slice() else {
        return false;
    };
    let Kind::Simple { words, .. } = &command.kind else {
        return false;
    };
    words
        .first()
        .is_some_and(|word| word.place.bytes() == b"read")
}
