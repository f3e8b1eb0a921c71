//! How sshd takes a line apart (OpenSSH `misc.c`).

/// `WHITESPACE` of `misc.c`.
const WHITESPACE: &[u8] = b" \t\r\n";

fn is_white(byte: u8) -> bool {
    WHITESPACE.contains(&byte)
}

/// The next word of `strdelim`, and what is left behind it. It ends at white space, at
/// one `=` with what is around it, and at a quote, which opens a word to the next one.
/// `None` where a quote is not closed.
pub(super) fn strdelim(text: &[u8]) -> Option<(Vec<u8>, Option<&[u8]>)> {
    let ends = |b: &u8| is_white(*b) || matches!(b, b'"' | b'=');
    let Some(at) = text.iter().position(ends) else {
        return Some((text.to_vec(), None));
    };
    let (word, rest) = text.split_at(at);
    let (&end, rest) = rest.split_first()?;
    if end == b'"' {
        let close = rest.iter().position(|b| *b == b'"')?;
        let (inner, rest) = rest.split_at(close);
        let word = [word, inner].concat();
        return Some((word, Some(skip(rest.get(1..).unwrap_or(&[])))));
    }
    let mut rest = skip(rest);
    if end != b'='
        && let Some((b'=', behind)) = rest.split_first()
    {
        rest = skip(behind);
    }
    Some((word.to_vec(), Some(rest)))
}

fn skip(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|b| !is_white(*b));
    text.get(start.unwrap_or(text.len())..).unwrap_or(&[])
}

/// The words that repeated `strdelim` gives, to the first empty one, which ends every
/// loop of the versions before 8.7. A word that is not closed ends them too.
pub(super) fn old_words(text: Option<&[u8]>) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(text) = rest {
        let Some((word, behind)) = strdelim(text) else {
            break;
        };
        if word.is_empty() {
            break;
        }
        words.push(word);
        rest = behind;
    }
    words
}

/// `argv_split` of 8.7 and later, which ends at a comment; `None` where a quote is not
/// closed.
pub(super) fn argv_split(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut bytes = text.iter().copied().peekable();
    while let Some(first) = bytes.peek().copied() {
        if matches!(first, b' ' | b'\t') {
            bytes.next();
            continue;
        }
        if first == b'#' {
            break;
        }
        let mut word = Vec::new();
        let mut quote = None;
        while let Some(byte) = bytes.peek().copied() {
            match (byte, quote) {
                (b'\\', _) => {
                    bytes.next();
                    let escapes = |next: u8| {
                        matches!(next, b'\'' | b'"' | b'\\') || (quote.is_none() && next == b' ')
                    };
                    match bytes.peek().copied() {
                        Some(next) if escapes(next) => word.push(next),
                        _ => {
                            word.push(b'\\');
                            continue;
                        }
                    }
                }
                (b' ' | b'\t', None) => break,
                (b'"' | b'\'', None) => quote = Some(byte),
                (_, Some(open)) if byte == open => quote = None,
                _ => word.push(byte),
            }
            bytes.next();
        }
        if quote.is_some() {
            return None;
        }
        words.push(word);
    }
    Some(words)
}

/// Whether `text` matches a pattern with `*` and `?` (`match_pattern`).
pub(super) fn matches(text: &[u8], pattern: &[u8]) -> bool {
    // The place to go back to: behind the last star, and what it has swallowed so far.
    let (mut t, mut p) = (0, 0);
    let mut star = None;
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(b'?') => (t, p) = (t + 1, p + 1),
            Some(want) if want == byte => (t, p) = (t + 1, p + 1),
            _ => match star {
                Some((behind, taken)) => {
                    star = Some((behind, taken + 1));
                    (t, p) = (taken + 1, behind);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or(&[]).iter().all(|b| *b == b'*')
}

/// Whether `text` is in a list of patterns (`match_pattern_list`): one with `!` that
/// matches ends it.
pub(super) fn in_list(text: &[u8], list: &[u8]) -> bool {
    let mut found = false;
    for item in list.split(|b| *b == b',') {
        match item.strip_prefix(b"!") {
            Some(not) if matches(text, not) => return false,
            Some(_) => {}
            None => found |= matches(text, item),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_ends_at_white_space_a_quote_or_one_sign() {
        for (text, word, rest) in [
            ("Port 22", "Port", Some("22")),
            ("Port=22", "Port", Some("22")),
            ("Port = 22", "Port", Some("22")),
            ("Port == 22", "Port", Some("= 22")),
            ("\"Port\" 22", "Port", Some("22")),
            ("Port", "Port", None),
        ] {
            let found = strdelim(text.as_bytes()).unwrap();
            assert_eq!(found, (word.into(), rest.map(str::as_bytes)), "{text}");
        }
        assert_eq!(strdelim(b"\"Port 22"), None);
    }

    #[test]
    fn quotes_and_escapes_are_taken_out_of_arguments() {
        let words = |text: &str| {
            let words = argv_split(text.as_bytes())?;
            Some(
                words
                    .iter()
                    .map(|w| String::from_utf8_lossy(w).into_owned())
                    .collect::<Vec<_>>(),
            )
        };
        let some = |list: &[&str]| Some(list.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(words("a 'b c' \"d\" # e"), some(&["a", "b c", "d"]));
        assert_eq!(words("a#b"), some(&["a#b"]));
        assert_eq!(words("a\\ b \\x ''"), some(&["a b", "\\x", ""]));
        assert_eq!(words("'a"), None);
    }

    #[test]
    fn patterns_have_stars_and_marks_and_a_negation_ends_a_list() {
        for (text, list, expected) in [
            ("root", "root", true),
            ("root", "r*t", true),
            ("root", "ro?", false),
            ("", "*", true),
            ("ab", "*b*", true),
            ("root", "*,!root", false),
            ("x", "!root", false),
            ("admin", "root,adm*", true),
        ] {
            let found = in_list(text.as_bytes(), list.as_bytes());
            assert_eq!(found, expected, "{text} {list}");
        }
    }
}
