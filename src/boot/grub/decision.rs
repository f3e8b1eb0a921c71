//! Questions only the machine can answer: every evaluation takes one set of
//! answers, and evaluations are repeated until no question that was asked is left
//! with one answer only.

use std::collections::BTreeMap;

use crate::text::Place;

/// A question and the answer taken.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    pub(super) question: String,
    pub(super) place: Place,
    pub(super) answer: bool,
    /// Whether the other answer was tried before.
    flipped: bool,
}

/// The answers of one evaluation.
#[derive(Clone, Debug, Default)]
pub(super) struct Decisions {
    made: Vec<Decision>,
    asked: usize,
    known: BTreeMap<String, bool>,
    /// Whether new questions get their likely answer without being tried both ways.
    pub(super) settled: bool,
    /// Whether a question was asked while settled.
    pub(super) guessed: bool,
}

impl Decisions {
    /// The answer in this evaluation; the same question has the same answer.
    pub(super) fn ask(&mut self, question: &str, place: &Place, likely: bool) -> bool {
        if self.settled {
            self.guessed = true;
        }
        if let Some(answer) = self.known.get(question) {
            return *answer;
        }
        let answer = if self.settled {
            likely
        } else if let Some(decision) = self.made.get(self.asked) {
            self.asked += 1;
            decision.answer
        } else {
            self.asked += 1;
            self.made.push(Decision {
                question: question.to_owned(),
                place: place.clone(),
                answer: likely,
                flipped: false,
            });
            likely
        };
        self.known.insert(question.to_owned(), answer);
        answer
    }

    /// The answers for the next evaluation; `None` when all were tried.
    pub(super) fn next(&self) -> Option<Self> {
        let mut made = self.made.clone();
        while let Some(last) = made.last_mut() {
            if last.flipped {
                made.pop();
                continue;
            }
            last.answer = !last.answer;
            last.flipped = true;
            return Some(Self {
                made,
                ..Self::default()
            });
        }
        None
    }

    /// The questions asked, in order.
    pub(super) fn made(&self) -> &[Decision] {
        &self.made
    }
}
