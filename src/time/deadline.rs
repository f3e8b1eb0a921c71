//! How long there is left.

use std::time::{Duration, Instant};

/// A point in time after which nothing is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Option<Instant>,
}

impl Deadline {
    /// No deadline.
    #[must_use]
    pub const fn none() -> Self {
        Self { at: None }
    }

    /// `limit` from now; a limit beyond the clock's range is none.
    #[must_use]
    pub fn after(limit: Duration) -> Self {
        Self {
            at: Instant::now().checked_add(limit),
        }
    }

    /// Time left; [`Duration::MAX`] without a deadline.
    #[must_use]
    pub fn left(self) -> Duration {
        match self.at {
            Some(at) => at.saturating_duration_since(Instant::now()),
            None => Duration::MAX,
        }
    }

    /// Waits for `span`, or for what is left where that is less.
    pub fn wait(self, span: Duration) {
        std::thread::sleep(span.min(self.left()));
    }

    /// Whether time is up.
    #[must_use]
    pub fn passed(self) -> bool {
        self.left().is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_of_nothing_has_passed_and_none_never_does() {
        assert!(Deadline::after(Duration::ZERO).passed());
        assert!(!Deadline::none().passed());
        assert!(!Deadline::after(Duration::from_hours(1)).passed());
    }
}
