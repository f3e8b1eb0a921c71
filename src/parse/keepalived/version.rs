//! keepalived's upstream versions, and what the reader of each can do.

use std::fmt;

/// An upstream version of keepalived, such as 2.2.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The first number.
    pub major: u16,
    /// The second number.
    pub minor: u16,
    /// The third number; 0 where the text has none.
    pub patch: u16,
}

impl Version {
    /// The newest version whose behaviour is modelled; used where none is known.
    pub const CURRENT: Self = Self::new(2, 4, 3);

    /// From here on addresses of a second family are dropped from
    /// `virtual_ipaddress` (keepalived 1.2.20, `vrrp_parser.c`).
    pub const ONE_FAMILY: Self = Self::new(1, 2, 20);

    /// From here on hooks are started by `execve` with a word list; before, a
    /// shell ran them (keepalived 2.0.0, `notify.c`).
    pub const EXEC_HOOKS: Self = Self::new(2, 0, 0);

    /// The version `major.minor.patch`.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// Reads an upstream version or a Debian package version, such as
    /// `2.2.7`, `1:2.2.7-1+b2` or `1:1.2.13-1+deb8u1`; `None` where it does not
    /// begin with two numbers after the epoch.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.split_once(':').map_or(text, |(_, rest)| rest);
        let text = text.strip_prefix('v').unwrap_or(text);
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let mut numbers = text.get(..end)?.split('.');
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next()?.parse().ok()?;
        let patch = match numbers.next() {
            Some(number) if !number.is_empty() => number.parse().ok()?,
            _ => 0,
        };
        Some(Self::new(major, minor, patch))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// What the reader of one version does; every threshold is the first release
/// that has it (keepalived `lib/parser.c`, release by release).
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    pub(super) version: Version,
}

impl Dialect {
    const fn at_least(self, major: u16, minor: u16, patch: u16) -> bool {
        let (a, b) = (self.version, Version::new(major, minor, patch));
        if a.major != b.major {
            return a.major > b.major;
        }
        if a.minor != b.minor {
            return a.minor > b.minor;
        }
        a.patch >= b.patch
    }

    /// `#` and `!` start a comment in the middle of a word too.
    pub(super) const fn comments_inside_words(self) -> bool {
        self.at_least(1, 2, 20)
    }

    /// Quotes keep their content as one word, blanks and comment signs included.
    pub(super) const fn quotes_are_words(self) -> bool {
        self.at_least(1, 2, 20)
    }

    /// Comments are removed in one place, and `\#` escapes one.
    pub(super) const fn one_decomment(self) -> bool {
        self.at_least(2, 0, 9)
    }

    /// Comments are looked for again after a substitution.
    pub(super) const fn decomments_again(self) -> bool {
        self.at_least(2, 1, 5)
    }

    /// The processes that matter read a copy from which comments were removed
    /// already, and remove them again: `\#` protects nothing.
    pub(super) const fn decomments_twice(self) -> bool {
        self.at_least(2, 2, 0)
    }

    /// A backslash at the very end survives its own comment.
    pub(super) const fn keeps_commented_backslash(self) -> bool {
        self.one_decomment() && !self.at_least(2, 4, 0)
    }

    /// `global_defs` is read by the parent process only; the others skip it by
    /// counting braces. The parent also decides which others are started.
    pub(super) const fn globals_in_parent(self) -> bool {
        self.at_least(2, 0, 0)
    }

    /// Unknown keywords and misplaced braces are reported.
    pub(super) const fn reports_keywords(self) -> bool {
        self.at_least(1, 2, 20)
    }

    /// Words behind an address that it does not know are reported.
    pub(super) const fn reports_options(self) -> bool {
        self.at_least(1, 2, 20)
    }

    /// Words of a route that it does not know are reported, and the route dropped.
    pub(super) const fn reports_routes(self) -> bool {
        self.at_least(1, 3, 0)
    }

    /// Words behind what is tracked that it does not know are reported.
    pub(super) const fn reports_tracking(self) -> bool {
        self.at_least(2, 0, 0)
    }

    /// A missing argument ends the process with a message.
    pub(super) const fn stops_at_missing_parameter(self) -> bool {
        self.at_least(1, 3, 0)
    }

    /// `@ID` lines.
    pub(super) const fn conditions(self) -> bool {
        self.at_least(1, 3, 0)
    }

    /// `@^ID` lines, blanks before `@`, and the host name as default identity.
    pub(super) const fn negated_conditions(self) -> bool {
        self.at_least(1, 3, 9)
    }

    /// `$NAME=` definitions.
    pub(super) const fn definitions(self) -> bool {
        self.at_least(1, 4, 0)
    }

    /// `{` and `}` are found anywhere in a line.
    pub(super) const fn braces_anywhere(self) -> bool {
        self.at_least(1, 4, 2)
    }

    /// `~SEQ`.
    pub(super) const fn sequences(self) -> bool {
        self.at_least(2, 0, 9)
    }

    /// `~LST`.
    pub(super) const fn lists(self) -> bool {
        self.at_least(2, 1, 0)
    }

    /// An empty line ends a multi-line definition.
    pub(super) const fn blank_ends_definition(self) -> bool {
        self.at_least(2, 0, 15)
    }

    /// A line that came from a multi-line definition repeats before the next
    /// line of that definition is read.
    pub(super) const fn sequences_first(self) -> bool {
        self.at_least(2, 0, 15)
    }

    /// Whatever follows `include` is the pattern, quotes and blanks included,
    /// and the `includer` family exists.
    pub(super) const fn include_takes_rest(self) -> bool {
        self.at_least(2, 2, 0)
    }

    /// An include without a match ends the process.
    pub(super) const fn stops_at_missing_include(self) -> bool {
        self.at_least(1, 3, 2) && !self.at_least(1, 3, 8)
    }

    /// A line of 1023 bytes or more loses its first part, and a NUL its line.
    pub(super) const fn drops_long_lines(self) -> bool {
        self.at_least(2, 4, 0)
    }

    /// The first split of a hook keeps escapes for the second one, and an odd
    /// quote after its command is no longer complained about.
    pub(super) const fn keeps_escapes_in_hooks(self) -> bool {
        self.at_least(2, 3, 2)
    }

    /// A second hook of one kind is ignored; before, it replaced the first.
    pub(super) const fn first_hook_wins(self) -> bool {
        self.at_least(1, 3, 9)
    }

    /// Hooks are started by `execve`.
    pub(super) const fn exec_hooks(self) -> bool {
        self.at_least(2, 0, 0)
    }

    /// Words three and four of a hook are its user and group.
    pub(super) const fn hook_users(self) -> bool {
        self.at_least(1, 3, 0)
    }

    /// `${NAME}` takes words as parameters, not only numbers.
    pub(super) const fn word_parameters(self) -> bool {
        self.at_least(2, 4, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_package_versions_are_read_without_epoch_and_revision() {
        let cases = [
            ("1:2.2.7-1+b2", Some((2, 2, 7))),
            ("1:1.2.13-1+deb8u1", Some((1, 2, 13))),
            ("2.0.10", Some((2, 0, 10))),
            ("1:2.3.3-1~bpo12+1", Some((2, 3, 3))),
            ("v2.4.3", Some((2, 4, 3))),
            ("2.3", Some((2, 3, 0))),
            ("1:2.2.8+dfsg-1", Some((2, 2, 8))),
            ("", None),
            ("1:", None),
            ("2", None),
            ("x.y", None),
            ("99999999.1.1", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(a, b, c)| Version::new(a, b, c));
            assert_eq!(Version::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn versions_are_ordered_by_number_not_by_text() {
        assert!(Version::new(1, 2, 20) > Version::new(1, 2, 9));
        assert!(Version::new(2, 0, 0) > Version::new(1, 4, 5));
        assert_eq!(Version::new(2, 2, 7).to_string(), "2.2.7");
    }

    #[test]
    fn one_line_blocks_begin_with_1_4_2() {
        let dialect = |a, b, c| Dialect {
            version: Version::new(a, b, c),
        };
        assert!(!dialect(1, 4, 1).braces_anywhere());
        assert!(dialect(1, 4, 2).braces_anywhere());
        assert!(dialect(2, 0, 0).braces_anywhere());
    }
}
