//! Host directories named by a pattern such as `hosts/*`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::text::escape_path;

/// A pattern with `*`, `?` and `[...]`, none of which matches `/` (glob(7)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Vec<Token>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// This byte.
    Byte(u8),
    /// Any byte but a slash.
    Any,
    /// Any bytes but slashes.
    Star,
    /// A byte in one of these ranges, or in none of them.
    Set { not: bool, ranges: Vec<(u8, u8)> },
}

impl Glob {
    /// Reads a pattern; `None` where it is no valid one.
    #[must_use]
    pub fn parse(pattern: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut rest = pattern.as_bytes();
        while let Some((first, tail)) = rest.split_first() {
            rest = tail;
            match first {
                b'*' if tokens.last() == Some(&Token::Star) => {}
                b'*' => tokens.push(Token::Star),
                b'?' => tokens.push(Token::Any),
                b'[' => {
                    let (set, tail) = set(rest)?;
                    tokens.push(set);
                    rest = tail;
                }
                byte => tokens.push(Token::Byte(*byte)),
            }
        }
        Some(Self(tokens))
    }

    /// Whether it matches the whole of `text`.
    #[must_use]
    pub fn is_match(&self, text: &[u8]) -> bool {
        let (mut tokens, mut rest) = (self.0.as_slice(), text);
        // Behind the last star, and where its match may end; a star before it can only be
        // followed by a slash that it does not pass, or has found the first that fits.
        let mut star: Option<(&[Token], &[u8])> = None;
        loop {
            match (tokens.split_first(), rest.split_first()) {
                (None, None) => return true,
                (Some((Token::Star, behind)), _) => {
                    tokens = behind;
                    star = Some((behind, rest));
                    continue;
                }
                (Some((token, behind)), Some((byte, tail))) if token.takes(*byte) => {
                    (tokens, rest) = (behind, tail);
                    continue;
                }
                _ => {}
            }
            let Some((behind, from)) = star else {
                return false;
            };
            match from.split_first() {
                Some((byte, tail)) if *byte != b'/' => {
                    star = Some((behind, tail));
                    (tokens, rest) = (behind, tail);
                }
                _ => return false,
            }
        }
    }
}

impl Token {
    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Byte(own) => *own == byte,
            Self::Any => byte != b'/',
            Self::Set { not, ranges } => {
                let inside = ranges
                    .iter()
                    .any(|(from, to)| (*from..=*to).contains(&byte));
                byte != b'/' && inside != *not
            }
            Self::Star => false,
        }
    }
}

/// What stands behind a `[`, and what follows its `]`; a `]` that comes first is one of
/// the set.
fn set(text: &[u8]) -> Option<(Token, &[u8])> {
    let bare = text.strip_prefix(b"!").or(text.strip_prefix(b"^"));
    let inside = bare.unwrap_or(text);
    let end = inside.iter().skip(1).position(|b| *b == b']')? + 1;
    let (mut members, tail) = inside.split_at(end);
    let mut ranges = Vec::new();
    while let Some((from, after)) = members.split_first() {
        if !from.is_ascii() {
            return None;
        }
        members = after;
        let to = match members {
            [b'-', to, after @ ..] => {
                members = after;
                *to
            }
            _ => *from,
        };
        if to < *from {
            return None;
        }
        ranges.push((*from, to));
    }
    let not = bare.is_some();
    Some((Token::Set { not, ranges }, tail.get(1..)?))
}

/// The paths that match `pattern`, sorted; none where nothing does.
///
/// # Errors
/// The text of the first directory that could not be read, or of a bad pattern.
pub fn glob_hosts(pattern: &str) -> Result<Vec<PathBuf>, String> {
    use std::os::unix::ffi::OsStrExt as _;
    let pattern = pattern.trim_end_matches('/');
    let special = |part: &&str| part.contains(['*', '?', '[']);
    let parts: Vec<&str> = pattern.split('/').collect();
    let fixed = parts.iter().take_while(|part| !special(part)).count();
    let (prefix, rest) = parts.split_at(fixed.min(parts.len()));
    let prefix = prefix.join("/");
    let base = match (prefix.is_empty(), pattern.starts_with('/')) {
        (true, true) => PathBuf::from("/"),
        (true, false) => PathBuf::from("."),
        (false, _) => PathBuf::from(&prefix),
    };
    if rest.is_empty() {
        let here = std::fs::symlink_metadata(&base).is_ok();
        return Ok(if here { vec![base] } else { Vec::new() });
    }
    if std::fs::symlink_metadata(&base).is_err() {
        return Ok(Vec::new());
    }
    let glob = Glob::parse(&rest.join("/")).ok_or("not a valid pattern")?;
    let depth = rest.len();
    // Only the directories that hold the last names are read: those named may be
    // thousands, and each is read by whoever examines it.
    let holders = WalkDir::new(&base)
        .min_depth(depth - 1)
        .max_depth(depth - 1)
        .follow_links(false)
        .sort_by_file_name();
    let mut found = Vec::new();
    for entry in holders {
        let entry = entry.map_err(|error| error.to_string())?;
        let holder = entry.path();
        // The fixed part may be a link; what was looked for may not.
        let is_dir = match entry.depth() {
            0 => holder.is_dir(),
            _ => entry.file_type().is_dir(),
        };
        if !is_dir {
            continue;
        }
        for name in names(holder).map_err(|error| format!("{}: {error}", escape_path(holder)))? {
            let path = holder.join(name);
            let below = path.strip_prefix(&base).unwrap_or(&path);
            if glob.is_match(below.as_os_str().as_bytes()) {
                found.push(tidy(&path));
            }
        }
    }
    Ok(found)
}

/// The names in a directory, in byte order.
fn names(dir: &Path) -> std::io::Result<Vec<OsString>> {
    let entries = std::fs::read_dir(dir)?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    let mut names: Vec<OsString> = names.collect::<Result<_, _>>()?;
    names.sort();
    Ok(names)
}

/// Without a leading `./`.
fn tidy(path: &Path) -> PathBuf {
    path.strip_prefix(".").unwrap_or(path).to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_inside_one_directory_and_sets_are_sets() {
        let cases = [
            ("web*", "web1", true),
            ("web*", "web1/x", false),
            ("w?b", "web", true),
            ("[a-c]x", "bx", true),
            ("[!a]x", "ax", false),
            ("[^a]x", "bx", true),
            ("[]x]", "]", true),
            ("[a-]", "-", true),
            ("[!a]", "/", false),
            ("a.b", "aXb", false),
            ("*", "", true),
            ("**", "abc", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("*/*x", "ab/cdx", true),
            ("*/*x", "a/b/x", false),
            ("*ab", "aab", true),
            ("?", "/", false),
            ("", "", true),
            ("", "a", false),
            ("\u{e4}?", "\u{e4}x", true),
        ];
        for (pattern, text, expected) in cases {
            let glob = Glob::parse(pattern).unwrap();
            assert_eq!(glob.is_match(text.as_bytes()), expected, "{pattern} {text}");
        }
        for wrong in ["[a", "[", "[]", "[!]", "[z-a]", "[\u{e4}]"] {
            assert_eq!(Glob::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_is_answered_at_once() {
        let glob = Glob::parse(&"*a".repeat(200)).unwrap();
        assert!(!glob.is_match("a".repeat(199).as_bytes()));
        assert!(!glob.is_match(format!("{}b", "a".repeat(5_000)).as_bytes()));
        assert!(glob.is_match("a".repeat(200).as_bytes()));
    }

    proptest::proptest! {
        #[test]
        fn it_matches_as_the_same_regular_expression(
            pattern in "[ab/*?]{0,8}",
            text in "[ab/]{0,8}",
        ) {
            let same = pattern.replace('*', "[^/]*").replace('?', "[^/]");
            let same = regex::Regex::new(&format!("^{same}$")).unwrap();
            let glob = Glob::parse(&pattern).unwrap();
            proptest::prop_assert_eq!(glob.is_match(text.as_bytes()), same.is_match(&text));
        }
    }

    #[test]
    fn hosts_come_sorted_and_a_pattern_may_have_several_levels() {
        let dir = tempfile::tempdir().unwrap();
        for host in ["b/etc", "a/etc", "c"] {
            std::fs::create_dir_all(dir.path().join(host)).unwrap();
        }
        let base = dir.path().display();
        let found = glob_hosts(&format!("{base}/*/etc")).unwrap();
        let expected = ["a/etc", "b/etc"].map(|host| dir.path().join(host));
        assert_eq!(found, expected);
        let none = glob_hosts(&format!("{base}/none/*")).unwrap();
        assert!(none.is_empty());
    }
}
