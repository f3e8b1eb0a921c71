//! What a change did: each finding is new, old or cured, by rule and subject.

use super::judge::{Judged, JudgedHost, Judgement, Standing, verdict};
use crate::fact::Unknown;
use crate::rules::{Ended, Level};

/// Whether a finding was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// It was not, or not as grave.
    New,
    /// It was: same rule, same subject, at least the same level.
    Old,
}

impl Age {
    /// The word in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Old => "old",
        }
    }
}

/// Marks what was there before, names what is cured, and gives the verdict over what
/// is new. Without a base everything is new: the host was not there.
///
/// What the base could not decide it did not have, so a finding of now is then new. An
/// open question is old where the base has it too, at the same path for the same
/// reason, and no longer decides.
pub fn compare(host: &mut JudgedHost, base: Option<&JudgedHost>, how: &Judgement<'_>) {
    let mut before = match base {
        Some(base) => base.findings.iter().map(Some).collect(),
        None => Vec::new(),
    };
    // The same words first, so that of several with one subject the right one is left.
    for exact in [true, false] {
        for judged in &mut host.findings {
            if judged.age == Some(Age::Old) {
                continue;
            }
            let old = before.iter_mut().find(|slot| {
                let same = |old: &Judged| {
                    identity(old) == identity(judged)
                        && old.level >= judged.level
                        && (!exact || old.finding.message == judged.finding.message)
                };
                slot.is_some_and(same)
            });
            judged.age = Some(match old {
                Some(slot) => {
                    *slot = None;
                    Age::Old
                }
                None => Age::New,
            });
        }
    }
    let left = before.into_iter().flatten();
    let cured = left.filter(|old| {
        let still = host.findings.iter().any(|j| identity(j) == identity(old));
        old.standing == Standing::Counts && !still && answered(host, old.finding.rule)
    });
    host.cured = cured.cloned().collect();
    host.compared = true;
    for rule in &mut host.open {
        let known = base.into_iter().flat_map(|base| &base.open);
        let known = known.filter(|old| old.card.id == rule.card.id);
        let known: Vec<&Unknown> = known.flat_map(|old| &old.open).collect();
        let old = |open: &Unknown| {
            let same = |old: &&Unknown| old.path == open.path && old.doubt == open.doubt;
            known.iter().any(same)
        };
        rule.old = !rule.open.is_empty() && rule.open.iter().all(old);
        rule.decides &= !rule.old;
    }
    (host.verdict, host.exit) = verdict(host, how);
}

/// What stays the same from one run to the next.
fn identity(judged: &Judged) -> (&'static str, &str) {
    (judged.finding.rule, &judged.finding.subject)
}

/// Whether a rule came to an answer, so that what it does not find is not there.
fn answered(host: &JudgedHost, rule: &str) -> bool {
    let mut runs = host.examined.runs.iter();
    runs.find(|run| run.card.id == rule).is_some_and(|run| {
        matches!(
            run.ended,
            Ended::Passed | Ended::Found | Ended::NotApplicable(_)
        )
    })
}

impl JudgedHost {
    /// How many findings that count were there before.
    #[must_use]
    pub fn old(&self) -> usize {
        let old = |j: &&Judged| j.standing == Standing::Counts && j.age == Some(Age::Old);
        self.findings.iter().filter(old).count()
    }

    /// How many findings of `level` count and are new, or all that count without a base.
    #[must_use]
    pub fn fresh(&self, level: Level) -> usize {
        let fresh = |j: &&Judged| {
            j.level == level && j.standing == Standing::Counts && j.age != Some(Age::Old)
        };
        self.findings.iter().filter(fresh).count()
    }
}
