//! Branches and loops: `if`, `case`, `while`, `until`, `for`.

use super::Branch;
use super::Condition;
use super::evaluate::{Evaluator, condition_at, place_of};
use super::state::{Flow, Jump, State, Status, join};
use super::syntax::{Arm, ArmEnd, Command, Kind, List, Word};
use super::value::Traced;
use crate::text::Place;

/// Rounds of one loop before differing variables are taken as unknown.
const ROUNDS: usize = 128;

impl Evaluator<'_> {
    pub(super) fn branch(
        &mut self,
        arms: &[(List, List)],
        otherwise: Option<&List>,
        state: State,
    ) -> Flow {
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

    pub(super) fn while_loop(
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
                state.status = state.status.negated();
            }
            (flow, Some(body), reads)
        })
    }

    pub(super) fn for_loop(
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
    pub(super) fn rounds<'b>(
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

    pub(super) fn case(&mut self, word: &Word, arms: &[Arm], mut state: State) -> Flow {
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
                        let condition = arm_condition(word, arm, !subject.inputs.is_empty());
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
}

fn arm_condition(word: &Word, arm: &Arm, input: bool) -> Condition {
    let patterns: Vec<String> = arm.patterns.iter().map(|p| p.place.text()).collect();
    let place = arm.patterns.first().map_or(&word.place, |p| &p.place);
    Condition {
        place: place.clone(),
        text: format!("case {} in {})", word.place.text(), patterns.join("|")),
        holds: true,
        input,
    }
}

/// Past a loop: its own jumps end here, outer ones lose a level.
fn leave_loop(mut flow: Flow) -> Flow {
    let mut result = Flow {
        next: join(flow.next.take(), flow.jumps.remove(&Jump::Break(1))),
        ..Flow::default()
    };
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
