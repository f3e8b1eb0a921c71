//! `include` lines (keepalived `lib/parser.c`, `is_include`, `check_include`).

use std::path::PathBuf;

use super::mapped::{Line, is_blank};
use super::version::Dialect;
use super::words::words;
use crate::text::Place;

/// An include line met while reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// The glob(3) pattern as written; braces are alternatives since 1.3.8.
    pub pattern: Vec<u8>,
    /// The folder a relative pattern starts from: that of the including file.
    pub cwd: PathBuf,
    /// How strict keepalived is about it.
    pub kind: IncludeKind,
    /// The whole line.
    pub place: Place,
}

/// The variants of include; all but the first since 2.2.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncludeKind {
    /// `include`: a missing file is told and passed over.
    Plain,
    /// `includer`: matches must be readable.
    Readable,
    /// `includem`: the pattern must match, unless it has wildcards.
    Match,
    /// `includew`: wildcards must match too.
    Wildcards,
    /// `includeb`: every alternative in braces must match.
    Braces,
    /// `includea`: all of these.
    All,
}

/// The pattern and kind of an include line, `None` for any other line.
pub(super) fn include(line: &Line, dialect: Dialect) -> Option<(Vec<u8>, IncludeKind)> {
    let rest = line.text.bytes().strip_prefix(b"include")?;
    let ends = |byte: Option<&u8>| byte.is_some_and(|b| super::mapped::is_space(*b));
    if !dialect.include_takes_rest() {
        let words = words(&line.text, dialect).words;
        let [keyword, pattern] = words.as_slice() else {
            return None;
        };
        let plain = keyword.is(b"include");
        return plain.then(|| (pattern.text.clone(), IncludeKind::Plain));
    }
    let (kind, rest) = if ends(rest.first()) {
        (IncludeKind::Plain, rest)
    } else {
        let kind = match rest.first()? {
            b'r' => IncludeKind::Readable,
            b'm' => IncludeKind::Match,
            b'w' => IncludeKind::Wildcards,
            b'b' => IncludeKind::Braces,
            b'a' => IncludeKind::All,
            _ => return None,
        };
        (kind, rest.get(1..).filter(|rest| ends(rest.first()))?)
    };
    let pattern = rest.get(1..).unwrap_or(&[]);
    let blanks = pattern.iter().take_while(|b| is_blank(**b)).count();
    Some((pattern.get(blanks..).unwrap_or(&[]).to_vec(), kind))
}

#[cfg(test)]
mod tests {
    use super::super::mapped::Mapped;
    use super::super::version::Version;
    use super::*;
    use crate::text::File;

    fn run(text: &str, version: Version) -> Option<(String, IncludeKind)> {
        let line = Line {
            file: File::new("/x", text),
            text: Mapped::from_file(text.as_bytes(), 0),
            open_quote: false,
            unfinished: false,
        };
        let (pattern, kind) = include(&line, Dialect { version })?;
        Some((String::from_utf8_lossy(&pattern).into_owned(), kind))
    }

    #[test]
    fn since_2_2_0_all_that_follows_is_the_pattern_quotes_too() {
        let cases = [
            (
                "include conf.d/*.conf",
                Some(("conf.d/*.conf", IncludeKind::Plain)),
            ),
            (
                "include \"a.conf\"",
                Some(("\"a.conf\"", IncludeKind::Plain)),
            ),
            ("include a b", Some(("a b", IncludeKind::Plain))),
            ("includem  x", Some(("x", IncludeKind::Match))),
            ("includea x", Some(("x", IncludeKind::All))),
            ("includex x", None),
            ("include", None),
            ("include_check x", None),
            ("includes", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(p, k)| (p.to_string(), k));
            assert_eq!(run(text, Version::CURRENT), expected, "{text}");
        }
    }

    #[test]
    fn before_2_2_0_an_include_is_two_words_and_quotes_are_quotes() {
        let old = Version::new(2, 1, 5);
        assert_eq!(
            run("include \"a b.conf\"", old),
            Some(("a b.conf".into(), IncludeKind::Plain))
        );
        assert_eq!(run("include a b", old), None);
        assert_eq!(run("includem a", old), None);
    }
}
