//! Answers that are kept, and given again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Address, CheckEnded, Probe, ProbeError, Said, UNITS, Validator};
use crate::time::Deadline;

/// What daemons said, by address and question in one line: `127.0.0.1:6379 INFO`.
pub type Answers = BTreeMap<String, Result<Vec<u8>, ProbeError>>;

/// Answers, while they are collected.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Arc<Mutex<Answers>>);

impl Transcript {
    /// Takes the answers so far away.
    #[must_use]
    pub fn take(&self) -> Answers {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep(&self, asked: String, answer: &Result<Vec<u8>, ProbeError>) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(asked, answer.clone());
    }
}

/// Asks, and keeps the answers.
pub struct Asking {
    /// Who is asked.
    pub inner: Arc<dyn Probe>,
    /// Where the answers go.
    pub transcript: Transcript,
}

impl Probe for Asking {
    fn redis(
        &self,
        address: &Address,
        password: Option<&[u8]>,
        command: &[&str],
        deadline: Deadline,
    ) -> Result<Vec<u8>, ProbeError> {
        let answer = self.inner.redis(address, password, command, deadline);
        self.transcript.keep(redis_key(address, command), &answer);
        answer
    }

    fn systemd_units(&self, deadline: Deadline) -> Result<Vec<u8>, ProbeError> {
        let answer = self.inner.systemd_units(deadline);
        self.transcript.keep(UNITS.to_owned(), &answer);
        answer
    }

    fn site_check(
        &self,
        name: &str,
        words: &[String],
        limit: Duration,
        deadline: Deadline,
    ) -> Result<CheckEnded, ProbeError> {
        let answer = self.inner.site_check(name, words, limit, deadline);
        let kept = answer.as_ref().map(CheckEnded::written);
        self.transcript
            .keep(check_key(name), &kept.map_err(Clone::clone));
        answer
    }

    fn validate(&self, validator: &Validator, deadline: Deadline) -> Result<Said, ProbeError> {
        let answer = self.inner.validate(validator, deadline);
        let kept = answer.as_ref().map(Said::written).map_err(Clone::clone);
        self.transcript.keep(validator_key(validator), &kept);
        answer
    }
}

/// Gives answers that were given before.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The answers.
    pub answers: Answers,
    /// What a question without one comes to.
    pub otherwise: ProbeError,
}

impl Replayed {
    fn answer(&self, asked: &str) -> Result<Vec<u8>, ProbeError> {
        let answer = self.answers.get(asked).cloned();
        answer.unwrap_or_else(|| Err(self.otherwise.clone()))
    }
}

impl Probe for Replayed {
    fn redis(
        &self,
        address: &Address,
        _password: Option<&[u8]>,
        command: &[&str],
        _deadline: Deadline,
    ) -> Result<Vec<u8>, ProbeError> {
        self.answer(&redis_key(address, command))
    }

    fn systemd_units(&self, _deadline: Deadline) -> Result<Vec<u8>, ProbeError> {
        self.answer(UNITS)
    }

    fn site_check(
        &self,
        name: &str,
        _words: &[String],
        _limit: Duration,
        _deadline: Deadline,
    ) -> Result<CheckEnded, ProbeError> {
        let answer = self.answer(&check_key(name));
        answer.map(|bytes| CheckEnded::read(&bytes))
    }

    fn validate(&self, validator: &Validator, _deadline: Deadline) -> Result<Said, ProbeError> {
        self.answer(&validator_key(validator))
            .map(|bytes| Said::read(&bytes))
    }
}

pub(super) fn redis_key(address: &Address, command: &[&str]) -> String {
    format!("{address} {}", command.join(" "))
}

fn check_key(name: &str) -> String {
    format!("check {name}")
}

fn validator_key(validator: &Validator) -> String {
    format!("validator {}", validator.words.join(" "))
}
