//! The verdict and the exit status, fixed before the first release.

/// What is said about a host.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything that had to be looked at was looked at, and nothing blocks.
    Clear,
    /// At least one finding at the failing level.
    Blocked,
    /// No blocker found, but something that had to be answered was not.
    Undecided,
    /// A package manager is at work.
    Busy,
    /// Nothing was examined.
    Nothing,
}

impl Verdict {
    /// The word that stands last in the text report.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Clear => "CLEAR",
            Self::Blocked => "BLOCKED",
            Self::Undecided => "UNDECIDED",
            Self::Busy => "BUSY",
            Self::Nothing => "NOTHING",
        }
    }
}

/// The exit status of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: decided, and nothing at the failing level.
    Clear,
    /// 1: at least one unwaived finding at or above the failing level.
    Blocked,
    /// 2: bad option, configuration, rule id or waiver.
    Usage,
    /// 3: nothing examined.
    Nothing,
    /// 4: a question at the failing level stayed open.
    Undecided,
    /// 5: a package manager is at work.
    Busy,
    /// 70: a rule crashed or the report could not be written.
    Internal,
    /// 126: the guarded command is there and cannot be executed.
    CommandNotExecutable,
    /// 127: the guarded command is not there.
    CommandNotFound,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Clear => 0,
            Self::Blocked => 1,
            Self::Usage => 2,
            Self::Nothing => 3,
            Self::Undecided => 4,
            Self::Busy => 5,
            Self::Internal => 70,
            Self::CommandNotExecutable => 126,
            Self::CommandNotFound => 127,
        }
    }

    /// The name in the manual.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Blocked => "blocked",
            Self::Usage => "usage",
            Self::Nothing => "nothing examined",
            Self::Undecided => "undecided",
            Self::Busy => "busy",
            Self::Internal => "internal",
            Self::CommandNotExecutable => "command not executable",
            Self::CommandNotFound => "command not found",
        }
    }

    /// The verdict it stands for.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Clear => Verdict::Clear,
            Self::Blocked => Verdict::Blocked,
            Self::Busy => Verdict::Busy,
            Self::Undecided | Self::Internal => Verdict::Undecided,
            Self::Usage | Self::Nothing | Self::CommandNotExecutable | Self::CommandNotFound => {
                Verdict::Nothing
            }
        }
    }

    /// Those a check can end with, in the order of the manual.
    pub const ALL: [Self; 7] = [
        Self::Clear,
        Self::Blocked,
        Self::Usage,
        Self::Nothing,
        Self::Undecided,
        Self::Busy,
        Self::Internal,
    ];

    /// Which one counts when several hold: the first of this order.
    const fn rank(self) -> u8 {
        match self {
            Self::CommandNotExecutable | Self::CommandNotFound | Self::Usage => 0,
            Self::Nothing => 1,
            Self::Busy => 2,
            Self::Blocked => 3,
            Self::Internal => 4,
            Self::Undecided => 5,
            Self::Clear => 6,
        }
    }
}

/// The one that counts among several; nothing at all is [`Exit::Nothing`].
#[must_use]
pub fn worst(exits: impl IntoIterator<Item = Exit>) -> Exit {
    let worst = exits.into_iter().min_by_key(|exit| exit.rank());
    worst.unwrap_or(Exit::Nothing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_several_exits_is_fixed() {
        use Exit::{Blocked, Busy, Clear, Internal, Nothing, Undecided, Usage};
        let order = [Usage, Nothing, Busy, Blocked, Internal, Undecided, Clear];
        for pair in order.windows(2) {
            assert_eq!(worst(pair.iter().copied()), pair[0]);
            assert_eq!(worst(pair.iter().rev().copied()), pair[0]);
        }
        assert_eq!(worst([]), Nothing);
        let codes: Vec<u8> = Exit::ALL.map(Exit::code).to_vec();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 70]);
    }
}
