//! What is wrong or surprising in a table, and what the daemon makes of it.

use std::fmt;

use super::fields::Field;
use crate::text::Span;

/// Something a reader of the table should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The bytes it is about.
    pub span: Span,
    /// What it is.
    pub kind: ProblemKind,
    /// What it does to the line or the table.
    pub effect: Effect,
    /// What the daemon does, in one sentence.
    pub message: String,
}

/// What a problem does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The daemon ignores this line.
    LineIgnored,
    /// The daemon ignores every line of the table.
    TableIgnored,
    /// The daemon logs an error and runs the line on what it understood.
    RunsAnyway,
    /// Accepted, but it does not do what it seems to say.
    Surprise,
}

/// What a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// The daemon reads no such table at all.
    NotRead,
    /// A time field does not parse.
    BadField(Field),
    /// The daemon does not know this `@word`.
    BadMacro,
    /// An option before the schedule or the command is not allowed here.
    BadOption,
    /// A job line has no command, or a sixth field of stars.
    BadCommand,
    /// The line has too few words to be a job.
    TooFewWords,
    /// The user column cannot be a user name.
    BadUser,
    /// The user does not exist.
    UnknownUser,
    /// The command is longer than the daemon's buffer.
    CommandTooLong,
    /// The last line has no newline.
    NoFinalNewline,
    /// `NAME=` with nothing behind it.
    EmptyAssignment,
    /// A quote in an assignment is not closed, or text follows the closing one.
    UnbalancedQuote,
    /// The table exceeds a limit of the daemon.
    TooLarge,
    /// The file begins with a UTF-8 byte order mark.
    ByteOrderMark,
    /// Lines end with a carriage return.
    CarriageReturn,
    /// A NUL byte, which ends a string in the daemon.
    NulByte,
    /// A range is written backwards.
    ReversedRange,
    /// The tail of a field is skipped.
    SkippedTail,
    /// A step is larger than its range.
    LargeStep,
    /// The daemon draws the value when it loads the table.
    RandomValue,
    /// The line is accepted and never fires.
    NeverFires,
    /// An unescaped `%` ends the command.
    PercentCuts,
    /// `\%` keeps its backslash.
    PercentKept,
    /// A `#` ends the line.
    HashCuts,
    /// A backslash at the end of the line joins nothing.
    NoContinuation,
    /// The daemon does not know this variable.
    VariableIgnored,
    /// `$` in a value is not expanded.
    NoExpansion,
    /// A `#` in a value belongs to the value.
    HashInValue,
    /// A value the daemon refuses.
    BadValue,
}

impl ProblemKind {
    /// A short, stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotRead => "not-read",
            Self::BadField(Field::Minute) => "bad-minute",
            Self::BadField(Field::Hour) => "bad-hour",
            Self::BadField(Field::DayOfMonth) => "bad-day-of-month",
            Self::BadField(Field::Month) => "bad-month",
            Self::BadField(Field::DayOfWeek) => "bad-day-of-week",
            Self::BadMacro => "bad-macro",
            Self::BadOption => "bad-option",
            Self::BadCommand => "bad-command",
            Self::TooFewWords => "too-few-words",
            Self::BadUser => "bad-user",
            Self::UnknownUser => "unknown-user",
            Self::CommandTooLong => "command-too-long",
            Self::NoFinalNewline => "no-final-newline",
            Self::EmptyAssignment => "empty-assignment",
            Self::UnbalancedQuote => "unbalanced-quote",
            Self::TooLarge => "too-large",
            Self::ByteOrderMark => "byte-order-mark",
            Self::CarriageReturn => "carriage-return",
            Self::NulByte => "nul-byte",
            Self::ReversedRange => "reversed-range",
            Self::SkippedTail => "skipped-tail",
            Self::LargeStep => "large-step",
            Self::RandomValue => "random-value",
            Self::NeverFires => "never-fires",
            Self::PercentCuts => "percent-cuts",
            Self::PercentKept => "percent-kept",
            Self::HashCuts => "hash-cuts",
            Self::NoContinuation => "no-continuation",
            Self::VariableIgnored => "variable-ignored",
            Self::NoExpansion => "no-expansion",
            Self::HashInValue => "hash-in-value",
            Self::BadValue => "bad-value",
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
