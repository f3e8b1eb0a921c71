//! Comments: where a line really ends (keepalived `lib/parser.c`, `decomment`).

use super::mapped::Mapped;
use super::version::Dialect;

/// Removes blanks around the line and its comment. True where an odd number of
/// double quotes is left, which keepalived calls "Unterminated quote".
pub(super) fn decomment(line: &mut Mapped, dialect: Dialect) -> bool {
    line.trim_start();
    if !dialect.comments_inside_words() {
        cut_at_word_start(line);
        return false;
    }
    let Scan {
        comment,
        escaped,
        open,
        backslash,
    } = scan(line.bytes(), dialect.one_decomment());
    // Up to 2.3.4 a backslash at the very end survives its own comment:
    // "# text \" leaves a line that holds nothing but the backslash.
    let backslash = match comment {
        Some(_) if !dialect.keeps_commented_backslash() => None,
        _ => backslash,
    };
    let kept = backslash.map(|at| line.sub(at..at + 1));
    let end = comment.or(backslash).unwrap_or(line.len());
    line.truncate(end);
    if !escaped.is_empty() {
        let mut rest = Mapped::default();
        let mut from = 0;
        for at in escaped.into_iter().filter(|at| *at < end) {
            rest.append(&line.sub(from..at));
            from = at + 1;
        }
        rest.append(&line.sub(from..end));
        *line = rest;
    }
    line.trim_end();
    if let Some(kept) = kept {
        line.append(&kept);
    }
    open && dialect.one_decomment()
}

/// What one walk over a line finds.
#[derive(Default)]
struct Scan {
    /// Where the comment begins.
    comment: Option<usize>,
    /// Backslashes that only protect a comment sign.
    escaped: Vec<usize>,
    /// A double quote is still open.
    open: bool,
    /// A backslash that is the last byte.
    backslash: Option<usize>,
}

fn scan(bytes: &[u8], escapes: bool) -> Scan {
    let mut found = Scan::default();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, bytes.get(at + 1)) {
            (b'"', _) if found.comment.is_none() => found.open = !found.open,
            (b'\\', Some(next)) if escapes => {
                if !found.open && matches!(next, b'#' | b'!') {
                    found.escaped.push(at);
                }
                at += 1;
            }
            (b'\\', None) if escapes => found.backslash = Some(at),
            (b'#' | b'!', _) if !found.open && found.comment.is_none() => {
                found.comment = Some(at);
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Up to 1.2.19 a comment begins only where a word could, quotes or not.
fn cut_at_word_start(line: &mut Mapped) {
    let bytes = line.bytes();
    let starts = |at: usize| match at.checked_sub(1).and_then(|i| bytes.get(i)) {
        Some(before) => super::mapped::is_space(*before) || *before == b'"',
        None => true,
    };
    let comment =
        (0..bytes.len()).find(|at| matches!(bytes.get(*at), Some(b'#' | b'!')) && starts(*at));
    if let Some(at) = comment {
        line.truncate(at);
    }
    line.trim_end();
}

#[cfg(test)]
mod tests {
    use super::super::version::Version;
    use super::*;

    fn run(text: &str, version: (u16, u16, u16)) -> (String, bool) {
        let version = Version::new(version.0, version.1, version.2);
        let mut line = Mapped::from_file(text.as_bytes(), 0);
        let open = decomment(&mut line, Dialect { version });
        (String::from_utf8_lossy(line.bytes()).into_owned(), open)
    }

    #[test]
    fn a_comment_sign_counts_anywhere_outside_double_quotes() {
        let cases = [
            ("  state MASTER  # lead", "state MASTER"),
            ("auth_pass ab!cd#ef", "auth_pass ab"),
            ("auth_pass \"ab!cd#ef\"", "auth_pass \"ab!cd#ef\""),
            ("script 'a # b'", "script 'a"),
            ("! all of it", ""),
            ("# all of it", ""),
            ("\t \t", ""),
            ("a\tb \t ", "a\tb"),
        ];
        for (text, expected) in cases {
            assert_eq!(run(text, (2, 2, 7)), (expected.into(), false), "{text}");
        }
    }

    #[test]
    fn a_backslash_protects_a_comment_sign_only_outside_quotes() {
        let cases = [
            ("auth_pass a\\#b", "auth_pass a#b"),
            ("auth_pass a\\!b\\#c", "auth_pass a!b#c"),
            ("x \"a\\#b\"", "x \"a\\#b\""),
            ("x a\\nb # c", "x a\\nb"),
            ("x \\\\# c", "x \\\\"),
        ];
        for (text, expected) in cases {
            assert_eq!(run(text, (2, 2, 7)), (expected.into(), false), "{text}");
        }
    }

    #[test]
    fn a_backslash_at_the_end_stays_even_behind_a_comment() {
        let cases = [
            ("priority 100 \\", "priority 100\\"),
            ("$X=a  \\", "$X=a\\"),
            ("# comment \\", "\\"),
            ("state # comment \\", "state\\"),
        ];
        for (text, expected) in cases {
            assert_eq!(run(text, (2, 2, 7)), (expected.into(), false), "{text}");
        }
        assert_eq!(run("# comment \\", (2, 4, 0)).0, "");
        assert_eq!(run("$X=a  \\", (2, 4, 0)).0, "$X=a\\");
    }

    #[test]
    fn an_escaped_quote_does_not_end_a_quote_but_an_odd_one_is_told() {
        assert_eq!(run(r#"x "a\"b" # c"#, (2, 2, 7)).0, r#"x "a\"b""#);
        assert!(run("x \"open # not a comment", (2, 2, 7)).1);
        assert_eq!(run("x # \"open", (2, 2, 7)), ("x".into(), false));
    }

    #[test]
    fn up_to_1_2_19_a_comment_begins_only_at_a_word() {
        let cases = [
            ("auth_pass ab!cd#ef", "auth_pass ab!cd#ef"),
            ("auth_pass ab #cd", "auth_pass ab"),
            ("#x", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(run(text, (1, 2, 19)).0, expected, "{text}");
        }
        assert_eq!(run("auth_pass ab!cd", (1, 2, 20)).0, "auth_pass ab");
    }

    #[test]
    fn before_2_0_9_a_comment_sign_cannot_be_escaped() {
        assert_eq!(run("auth_pass a\\#b", (2, 0, 8)).0, "auth_pass a\\");
        assert_eq!(run("auth_pass a\\#b", (2, 0, 9)).0, "auth_pass a#b");
    }
}
