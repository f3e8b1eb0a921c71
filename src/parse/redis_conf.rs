//! redis.conf and valkey.conf (Redis 7.0 `src/config.c`, `loadServerConfigFromString`).

use std::sync::Arc;

use crate::text::{File, Place};

/// One directive.
#[derive(Clone, Debug)]
pub struct Directive {
    /// Its name in lower case.
    pub name: String,
    /// Its words.
    pub words: Vec<Vec<u8>>,
    /// The line.
    pub place: Place,
}

/// The directives of a file in order. A line whose quotes do not close is left out:
/// Redis does not start with it, and says so itself.
#[must_use]
pub fn parse(file: &Arc<File>) -> Vec<Directive> {
    let lines = file.lines().filter_map(|(span, line)| {
        let text = line.trim_ascii();
        if text.is_empty() || text.starts_with(b"#") {
            return None;
        }
        let mut words = split(text)?.into_iter();
        let name = String::from_utf8_lossy(&words.next()?).to_ascii_lowercase();
        Some(Directive {
            name,
            words: words.collect(),
            place: file.place(span),
        })
    });
    lines.collect()
}

/// The words of a line; `None` where a quote is not closed or is followed by something
/// (`src/sds.c`, `sdssplitargs`).
fn split(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return Some(words);
        }
        let mut word = Vec::new();
        while let Some((first, tail)) = rest.split_first() {
            match first {
                b'"' | b'\'' => {
                    rest = quoted(*first, tail, &mut word)?;
                    if rest.first().is_some_and(|next| !next.is_ascii_whitespace()) {
                        return None;
                    }
                }
                blank if blank.is_ascii_whitespace() => break,
                other => {
                    word.push(*other);
                    rest = tail;
                }
            }
        }
        words.push(word);
    }
}

/// The rest behind the closing quote.
fn quoted<'a>(quote: u8, mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match rest {
            [first, tail @ ..] if *first == quote => return Some(tail),
            [b'\\', b'x', high, low, tail @ ..]
                if quote == b'"' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                let digits = [*high, *low];
                let text = std::str::from_utf8(&digits).ok()?;
                word.push(u8::from_str_radix(text, 16).ok()?);
                rest = tail;
            }
            [b'\\', next, tail @ ..] if quote == b'"' => {
                word.push(match next {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    other => *other,
                });
                rest = tail;
            }
            [b'\\', b'\'', tail @ ..] => {
                word.push(b'\'');
                rest = tail;
            }
            [first, tail @ ..] => {
                word.push(*first);
                rest = tail;
            }
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn words_are_split_as_redis_splits_them() {
        let cases: [(&str, Option<&[&str]>); 8] = [
            ("save 900 1", Some(&["save", "900", "1"])),
            ("save \"\"", Some(&["save", ""])),
            ("requirepass \"se cret\"", Some(&["requirepass", "se cret"])),
            (r#"a "\x41\n\"""#, Some(&["a", "A\n\""])),
            (r"a 'it\'s'", Some(&["a", "it's"])),
            ("a \"b", None),
            ("a \"b\"c", None),
            ("a b#c", Some(&["a", "b#c"])),
        ];
        for (line, expected) in cases {
            let found = split(line.as_bytes());
            let expected = expected.map(|words| {
                let words = words.iter().map(|w| w.as_bytes().to_vec());
                words.collect::<Vec<_>>()
            });
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn comments_and_blank_lines_are_nothing() {
        let text = "# port 1\n\n  Port 6380\n\trequirepass x # y\n";
        let file = File::new(Path::new("/etc/redis/redis.conf"), text.as_bytes().to_vec());
        let found = parse(&file);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].name, "port");
        assert_eq!(found[0].place.to_string(), "/etc/redis/redis.conf:3:1");
    }
}
