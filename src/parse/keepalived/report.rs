//! Where problems and open questions are gathered while reading.

use super::problem::{Problem, ProblemKind};
use crate::fact::{Doubt, Unknown};
use crate::text::Place;

/// More problems than this are not listed one by one.
const MOST: usize = 10_000;

/// What was found wrong, and what could not be found out.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) problems: Vec<Problem>,
    pub(super) open: Vec<Unknown>,
}

impl Report {
    pub(super) fn problem(&mut self, kind: ProblemKind, place: Place, message: impl Into<String>) {
        self.add(kind, place, message.into(), false);
    }

    pub(super) fn fatal(&mut self, kind: ProblemKind, place: Place, message: impl Into<String>) {
        self.add(kind, place, message.into(), true);
    }

    pub(super) fn add(&mut self, kind: ProblemKind, place: Place, message: String, fatal: bool) {
        if self.problems.len() == MOST {
            let limit = Doubt::Limit(format!("more than {MOST} problems, the rest is not listed"));
            self.open(place.clone(), limit);
        }
        // One too many is kept: it marks that the limit was told.
        if self.problems.len() <= MOST {
            self.problems.push(Problem {
                place,
                kind,
                message,
                fatal,
            });
        }
    }

    pub(super) fn open(&mut self, place: Place, doubt: Doubt) {
        if self.open.len() <= MOST {
            self.open.push(Unknown::at(place, doubt));
        }
    }

    pub(super) fn append(&mut self, other: Self) {
        self.problems.extend(other.problems);
        self.open.extend(other.open);
    }
}
