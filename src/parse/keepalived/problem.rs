//! What keepalived objects to in its configuration.

use crate::text::Place;

/// Something keepalived does not take as it was meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The word or line in question; its text is not repeated in the message,
    /// as a broken line may hold a part of a password.
    pub place: Place,
    /// What is wrong.
    pub kind: ProblemKind,
    /// What keepalived does with it.
    pub message: String,
    /// Whether keepalived ends (or hangs) because of it.
    pub fatal: bool,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// No such keyword in this block and version.
    UnknownKeyword,
    /// A keyword that opens a block is not followed by `{`.
    MissingOpenBrace,
    /// A `{` where none can be, so that the next `}` closes the block around it.
    UnexpectedBrace,
    /// A block is still open at the end.
    MissingBrace,
    /// A `}` without `{`.
    ExtraBrace,
    /// An odd number of quotes.
    UnmatchedQuote,
    /// A keyword without its argument.
    MissingParameter,
    /// Words between a block's keyword and its `{`.
    ExtraParameters,
    /// Braces inside a line, which this version does not see.
    OneLineBlock,
    /// A block without, or with more than, one name; it is skipped.
    BadName,
    /// Blocks of this sort are hidden from the process that starts the others, so
    /// that nobody reads them.
    ProcessNotStarted,
    /// A second block of the same name; it is skipped.
    DuplicateInstance,
    /// A second hook of the same kind.
    DuplicateNotify,
    /// A second block that may be given once.
    DuplicateBlock,
    /// A number that is none, or out of range.
    BadNumber,
    /// A state other than `MASTER` and `BACKUP`, or one that is ignored.
    BadState,
    /// Not an address, or options that make keepalived drop it.
    BadAddress,
    /// A word behind an address that keepalived passes over; the address stands.
    BadOption,
    /// A word in a route or rule that makes keepalived drop it.
    BadRoute,
    /// Neither true nor false, or not one of the words the keyword knows.
    BadWord,
    /// A hook that cannot be split into words.
    BadCommand,
    /// No file matches an include.
    IncludeMissing,
    /// A file includes itself.
    IncludeLoop,
    /// 1023 bytes or more before the line ends.
    LineTooLong,
    /// A NUL byte, which hides the rest of its line.
    EmbeddedNul,
    /// A `${NAME}` that is not defined stays as it is; its braces split the line.
    UndefinedReference,
    /// A definition that refers to itself: keepalived never ends.
    SelfReference,
    /// A substitution that makes the line longer than the buffer.
    SubstitutionTooLong,
    /// A `~SEQ` or `~LST` that does not follow the grammar.
    BadSequence,
}

impl ProblemKind {
    /// The name used in tables and measurements.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownKeyword => "unknown-keyword",
            Self::MissingOpenBrace => "missing-open-brace",
            Self::UnexpectedBrace => "unexpected-brace",
            Self::MissingBrace => "missing-brace",
            Self::ExtraBrace => "extra-brace",
            Self::UnmatchedQuote => "unmatched-quote",
            Self::MissingParameter => "missing-parameter",
            Self::ExtraParameters => "extra-parameters",
            Self::OneLineBlock => "one-line-block",
            Self::BadName => "bad-name",
            Self::ProcessNotStarted => "process-not-started",
            Self::DuplicateInstance => "duplicate-instance",
            Self::DuplicateNotify => "duplicate-notify",
            Self::DuplicateBlock => "duplicate-block",
            Self::BadNumber => "bad-number",
            Self::BadState => "bad-state",
            Self::BadAddress => "bad-address",
            Self::BadOption => "bad-option",
            Self::BadRoute => "bad-route",
            Self::BadWord => "bad-word",
            Self::BadCommand => "bad-command",
            Self::IncludeMissing => "include-missing",
            Self::IncludeLoop => "include-loop",
            Self::LineTooLong => "line-too-long",
            Self::EmbeddedNul => "embedded-nul",
            Self::UndefinedReference => "undefined-reference",
            Self::SelfReference => "self-reference",
            Self::SubstitutionTooLong => "substitution-too-long",
            Self::BadSequence => "bad-sequence",
        }
    }
}
