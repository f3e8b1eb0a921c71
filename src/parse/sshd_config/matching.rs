//! `Match` lines: what they ask, and whether that holds for a user.

use super::address::networks;
use super::value;
use super::words::{in_list, strdelim};
use super::{Build, World};
use crate::text::{Place, escape};

/// A `Match` line.
#[derive(Clone, Debug)]
pub struct Block {
    /// What it asks; all of it must hold.
    pub criteria: Vec<Criterion>,
    /// The line.
    pub place: Place,
}

/// One thing a `Match` line asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// Nothing.
    All,
    /// A user of this list of patterns.
    User(Vec<u8>),
    /// A user with a group of this list of patterns.
    Group(Vec<u8>),
    /// A version, and whether it is this sshd's.
    Version(bool),
    /// Where the connection comes from or goes to.
    Connection,
    /// A user that does not exist.
    InvalidUser,
}

/// Who logs in.
#[derive(Clone, Copy, Debug)]
pub struct User<'a> {
    /// The name.
    pub name: &'a [u8],
    /// The names of the groups.
    pub groups: &'a [Vec<u8>],
}

/// Whether something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holds {
    /// It does not.
    No,
    /// That hangs on the connection.
    Perhaps,
    /// It does.
    Yes,
}

impl Holds {
    /// What holds where all of it must.
    #[must_use]
    pub fn all(parts: impl Iterator<Item = Self>) -> Self {
        parts.min().unwrap_or(Self::Yes)
    }
}

impl Block {
    /// Whether it holds for every connection, so that sshd takes what stands below it as
    /// its own when it starts.
    #[must_use]
    pub fn is_all(&self) -> bool {
        let holds = |c: &Criterion| matches!(c, Criterion::All | Criterion::Version(true));
        self.criteria.iter().all(holds)
    }

    /// Whether it holds for a connection of `user`.
    #[must_use]
    pub fn holds(&self, user: &User<'_>) -> Holds {
        Holds::all(self.criteria.iter().map(|criterion| match criterion {
            Criterion::All | Criterion::Version(true) => Holds::Yes,
            Criterion::User(list) if in_list(user.name, list) => Holds::Yes,
            Criterion::Group(list) if in_groups(user, list) => Holds::Yes,
            Criterion::Connection => Holds::Perhaps,
            Criterion::User(_)
            | Criterion::Group(_)
            | Criterion::Version(false)
            | Criterion::InvalidUser => Holds::No,
        }))
    }
}

/// `ga_match_pattern_list`: a negation that matches any group ends it.
fn in_groups(user: &User<'_>, list: &[u8]) -> bool {
    let negated = |group: &Vec<u8>| {
        let items = list.split(|b| *b == b',');
        let mut not = items.filter_map(|item| item.strip_prefix(b"!"));
        not.any(|not| super::words::matches(group, not))
    };
    !user.groups.iter().any(negated) && user.groups.iter().any(|group| in_list(group, list))
}

/// Reads what stands behind `Match`: `text` before 9.9, `args` since.
pub(super) fn read(
    text: &[u8],
    args: &[Vec<u8>],
    build: Build,
    world: &dyn World,
) -> Result<Vec<Criterion>, String> {
    let newer = |since: (u32, u32)| build.version.is_none_or(|version| version >= since);
    let mut words = Vec::new();
    if newer((9, 9)) {
        for arg in args {
            match split(arg) {
                Some((name, value)) => words.extend([name.to_vec(), value.to_vec()]),
                None => words.push(arg.clone()),
            }
        }
    } else {
        let mut rest = Some(text);
        while let Some(text) = rest {
            let Some((word, behind)) = strdelim(text) else {
                return Err("a quote is not closed".to_owned());
            };
            if word.is_empty() {
                break;
            }
            // 8.7 and later end at a comment.
            if word.starts_with(b"#") && newer((8, 7)) {
                break;
            }
            words.push(word);
            rest = behind;
        }
    }
    let mut words = words.into_iter();
    let mut criteria = Vec::new();
    while let Some(name) = words.next() {
        let lower = name.to_ascii_lowercase();
        if lower == b"all" {
            if !criteria.is_empty() || words.next().is_some() {
                return Err("all cannot stand beside other conditions".to_owned());
            }
            return Ok(vec![Criterion::All]);
        }
        if lower == b"invalid-user" && newer((9, 9)) {
            criteria.push(Criterion::InvalidUser);
            continue;
        }
        let shown = escape(&name);
        let Some(value) = words.next().filter(|value| !value.is_empty()) else {
            return Err(format!("{shown} has no value"));
        };
        criteria.push(match lower.as_slice() {
            b"user" => Criterion::User(value),
            b"group" => Criterion::Group(value),
            b"address" | b"localaddress" if !networks(&value) => {
                return Err(format!("{} is no list of networks", escape(&value)));
            }
            b"localport" if value::port(&value, world).is_none() => {
                return Err(format!("{} is no port", escape(&value)));
            }
            b"host" | b"address" | b"localaddress" | b"localport" => Criterion::Connection,
            b"rdomain" if newer((7, 7)) => Criterion::Connection,
            b"version" if newer((10, 0)) => match build.version {
                Some((major, minor)) => {
                    let name = format!("OpenSSH_{major}.{minor}p1");
                    Criterion::Version(in_list(name.as_bytes(), &value))
                }
                None => Criterion::Connection,
            },
            _ => return Err(format!("{shown} is no condition")),
        });
    }
    if criteria.is_empty() {
        return Err("Match has no condition".to_owned());
    }
    Ok(criteria)
}

/// `user=root` as one word (9.9 and later).
fn split(arg: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = arg.iter().position(|b| *b == b'=')?;
    let (name, value) = (arg.get(..at)?, arg.get(at + 1..)?);
    let known: [&[u8]; 8] = [
        b"user",
        b"group",
        b"host",
        b"address",
        b"localaddress",
        b"localport",
        b"rdomain",
        b"version",
    ];
    let is_known = known.iter().any(|k| name.eq_ignore_ascii_case(k));
    is_known.then_some((name, value))
}
