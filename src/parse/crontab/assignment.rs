//! `NAME=value` lines of the Vixie family (Debian cron 3.0pl1-162 and cronie
//! 1.7, `env.c`).

/// A line read as an assignment, or why it is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// An assignment.
    Assignment {
        /// The name, one pair of quotes stripped.
        name: Vec<u8>,
        /// The value, quotes and trailing blanks stripped.
        value: Vec<u8>,
        /// Whether the value was quoted.
        quoted: bool,
    },
    /// Not an assignment: a job, or nonsense.
    Other,
    /// `NAME=` with nothing behind it, where the daemon wants quotes.
    Empty,
    /// The value's quote is not closed, or something follows the closing one.
    Quote,
}

/// What the daemons disagree about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// `NAME=` is an assignment (cronie).
    pub(super) empty: bool,
    /// A second pair of quotes inside the first is stripped too (Debian).
    pub(super) quotes_twice: bool,
}

/// C's `isspace` in the C locale.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

const fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'')
}

/// Reads `line`, which holds no newline and no NUL.
pub(super) fn read(line: &[u8], style: Style) -> Line {
    let Some((name, rest)) = name(line) else {
        return Line::Other;
    };
    let blanks = rest.iter().take_while(|b| is_space(**b)).count();
    let written = rest.get(blanks..).unwrap_or(&[]);
    let (value, quoted) = match written.split_first() {
        None if style.empty => (&[][..], false),
        None => return Line::Empty,
        Some((quote, inside)) if is_quote(*quote) => {
            let Some(end) = inside.iter().position(|b| b == quote) else {
                return Line::Quote;
            };
            let (inside, after) = inside.split_at(end);
            if !after.iter().skip(1).all(|b| is_space(*b)) {
                return Line::Quote;
            }
            (inside, true)
        }
        Some(_) => (trim_end(written), false),
    };
    let value = match trim_end_if(value, style.quotes_twice) {
        [first, inside @ .., last] if style.quotes_twice && is_quote(*first) && first == last => {
            inside
        }
        value => value,
    };
    Line::Assignment {
        name,
        value: value.to_vec(),
        quoted,
    }
}

/// The name, and what follows the `=`.
fn name(line: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (first, inside) = line.split_first()?;
    let (name, rest) = if is_quote(*first) {
        let end = inside.iter().position(|b| b == first || *b == b'=')?;
        let (name, rest) = inside.split_at(end);
        // An `=` before the closing quote is an error.
        (name, rest.strip_prefix(&[*first])?)
    } else {
        let end = line.iter().position(|b| is_space(*b) || *b == b'=')?;
        line.split_at(end)
    };
    let blanks = rest.iter().take_while(|b| is_space(**b)).count();
    let rest = rest.get(blanks..)?.strip_prefix(b"=")?;
    Some((name.to_vec(), rest))
}

fn trim_end(value: &[u8]) -> &[u8] {
    let end = value
        .iter()
        .rposition(|b| !is_space(*b))
        .map_or(0, |at| at + 1);
    value.get(..end).unwrap_or(&[])
}

/// Debian trims the end of a quoted value as well.
fn trim_end_if(value: &[u8], trim: bool) -> &[u8] {
    if trim { trim_end(value) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBIAN: Style = Style {
        empty: false,
        quotes_twice: true,
    };
    const CRONIE: Style = Style {
        empty: true,
        quotes_twice: false,
    };

    fn show(line: Line) -> String {
        match line {
            Line::Assignment { name, value, .. } => format!(
                "{}={}",
                String::from_utf8_lossy(&name),
                String::from_utf8_lossy(&value)
            ),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn assignments_are_read_as_each_daemon_reads_them() {
        for (line, debian, cronie) in [
            ("A=b", "A=b", "A=b"),
            ("A = b c  \r", "A=b c", "A=b c"),
            ("A=b # c", "A=b # c", "A=b # c"),
            ("A=\" b \"  ", "A= b", "A= b "),
            ("'A'=\"b\"", "A=b", "A=b"),
            ("A='\"b\"'", "A=b", "A=\"b\""),
            ("A=\"\"", "A=", "A="),
            ("=b", "=b", "=b"),
            ("MAILTO=", "Empty", "MAILTO="),
            ("MAILTO=\r", "Empty", "MAILTO="),
            ("A=\"b", "Quote", "Quote"),
            ("A=\"", "Quote", "Quote"),
            ("A=\"b\" c", "Quote", "Quote"),
            ("'A=b'=c", "Other", "Other"),
            ("5 3 * * * A=b", "Other", "Other"),
            ("\r", "Other", "Other"),
            ("\"", "Other", "Other"),
            ("", "Other", "Other"),
        ] {
            assert_eq!(show(read(line.as_bytes(), DEBIAN)), debian, "{line}");
            assert_eq!(show(read(line.as_bytes(), CRONIE)), cronie, "{line}");
        }
    }
}
