//! Clock, zone of the tree, schedules.
//!
//! The only module that reads a clock. The zone is a fact of the examined tree,
//! never that of the machine this runs on.

pub mod calendar;
pub mod cron;

mod clock;
mod deadline;
mod horizon;
mod zone;

pub use clock::{Clock, Watch, parse_now};
pub use deadline::Deadline;
pub use horizon::{parse_duration, relative};
pub use zone::Zone;

use thiserror::Error;

/// A time, duration or zone that cannot be understood.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TimeError {
    /// Not a point in time.
    #[error(
        "`{0}` is no point in time; expected such as 2011-09-29T21:40:00-05:00, \
         or 2011-09-29T21:40 in the tree's own time zone"
    )]
    Now(String),
    /// Not a duration.
    #[error("`{0}` is no duration; expected such as 24h, 7d or 90m, at most 36500d")]
    Horizon(String),
    /// Not a time zone.
    #[error("time zone `{name}` cannot be read: {why}")]
    Zone {
        /// The zone's name.
        name: String,
        /// What is wrong with its data.
        why: String,
    },
}
