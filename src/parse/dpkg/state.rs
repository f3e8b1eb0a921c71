//! The words of `Status:` (dpkg 1.21 `lib/dpkg/parsehelp.c`).

/// What the administrator wants of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Nothing was said yet.
    Unknown,
    /// It shall be there.
    Install,
    /// It shall stay as it is.
    Hold,
    /// It shall go, its configuration may stay.
    Deinstall,
    /// It shall go, with its configuration.
    Purge,
}

/// How far a package came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Not there.
    NotInstalled,
    /// Only its configuration is there.
    ConfigFiles,
    /// Its unpacking, or its removal, began and did not end.
    HalfInstalled,
    /// Its files are there, and it was never configured.
    Unpacked,
    /// Its configuration began and did not end.
    HalfConfigured,
    /// It waits for what another package does for it.
    TriggersAwaited,
    /// It has still to do something for others.
    TriggersPending,
    /// All of it is there.
    Installed,
}

impl Want {
    pub(super) fn from_word(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"unknown" => Self::Unknown,
            b"install" => Self::Install,
            b"hold" => Self::Hold,
            b"deinstall" => Self::Deinstall,
            b"purge" => Self::Purge,
            _ => return None,
        })
    }
}

/// Every state, with its word in the file.
const WORDS: [(State, &str); 8] = [
    (State::NotInstalled, "not-installed"),
    (State::ConfigFiles, "config-files"),
    (State::HalfInstalled, "half-installed"),
    (State::Unpacked, "unpacked"),
    (State::HalfConfigured, "half-configured"),
    (State::TriggersAwaited, "triggers-awaited"),
    (State::TriggersPending, "triggers-pending"),
    (State::Installed, "installed"),
];

impl State {
    pub(super) fn from_word(word: &[u8]) -> Option<Self> {
        let found = WORDS.iter().find(|(_, known)| known.as_bytes() == word);
        found.map(|(state, _)| *state)
    }

    /// The word in the status file.
    #[must_use]
    pub fn word(self) -> &'static str {
        let found = WORDS.iter().find(|(state, _)| *state == self);
        found.map_or("", |(_, word)| word)
    }

    /// Whether the files are on disk and the package's scripts have run.
    #[must_use]
    pub const fn is_installed(self) -> bool {
        matches!(
            self,
            Self::TriggersAwaited | Self::TriggersPending | Self::Installed
        )
    }

    /// Whether files of the package may be on disk, its configuration aside.
    #[must_use]
    pub const fn has_files(self) -> bool {
        !matches!(self, Self::NotInstalled | Self::ConfigFiles)
    }
}
