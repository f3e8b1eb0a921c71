//! `~SEQ(...)` and `~LST(...)`: the rest of the line, once per value
//! (keepalived `lib/parser.c`, `add_seq`, `add_lst`).

use super::mapped::{Mapped, is_blank};

/// A line that is still being repeated.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    values: Values,
    /// What is repeated.
    pub(super) text: Mapped,
}

#[derive(Clone, Debug)]
enum Values {
    Numbers {
        name: Vec<u8>,
        next: Option<i64>,
        last: i64,
        step: i64,
        hexadecimal: bool,
    },
    Rows {
        names: Vec<Vec<u8>>,
        rows: std::vec::IntoIter<Vec<Vec<u8>>>,
    },
}

impl Sequence {
    /// The definitions of the next round, or `None` after the last one.
    pub(super) fn next(&mut self) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
        match &mut self.values {
            Values::Numbers {
                name,
                next,
                last,
                step,
                hexadecimal,
            } => {
                let number = (*next)?;
                let following = number.checked_add(*step);
                let goes_on = |n: &i64| if *step > 0 { *n <= *last } else { *n >= *last };
                *next = following.filter(goes_on);
                let text = if *hexadecimal {
                    format!("{number:x}")
                } else {
                    number.to_string()
                };
                Some(vec![(name.clone(), text.into_bytes())])
            }
            Values::Rows { names, rows } => {
                let row = rows.next()?;
                Some(names.iter().cloned().zip(row).collect())
            }
        }
    }
}

/// Reads a `~SEQ` line; `substitute` replaces references in its numbers.
/// `None` where keepalived says "Invalid ~SEQ specification".
pub(super) fn sequence(
    line: &Mapped,
    substitute: impl FnOnce(&mut Mapped) -> bool,
) -> Option<Sequence> {
    let bytes = line.bytes();
    let mut at = "~SEQ".len();
    let hexadecimal = bytes.get(at) == Some(&b'x');
    if hexadecimal {
        at += 1;
    }
    at = skip_blanks(bytes, at);
    if bytes.get(at) != Some(&b'(') {
        return None;
    }
    at = skip_blanks(bytes, at + 1);
    let name_end = find(bytes, at, |b| matches!(b, b' ' | b'\t' | b',' | b')'));
    let name = bytes.get(at..name_end)?.to_vec();
    at = skip_blanks(bytes, name_end);
    if name.is_empty() || !matches!(bytes.get(at), Some(b) if *b != b')') {
        return None;
    }
    at = skip_blanks(bytes, at + 1);
    let close = find(bytes, at, |b| b == b')');
    if close >= bytes.len() {
        return None;
    }
    let mut numbers = line.sub(at..close);
    if !substitute(&mut numbers) {
        return None;
    }
    let numbers = numbers.bytes().split(|b| *b == b',').map(number);
    let numbers: Option<Vec<i64>> = numbers.collect();
    let (first, step, last) = match numbers?.as_slice() {
        [last] => {
            let down = *last < 1;
            let first = if *last < 0 { -1 } else { 1 };
            (first, if down { -1 } else { 1 }, *last)
        }
        [first, last] => (*first, if first <= last { 1 } else { -1 }, *last),
        [first, step, last] => {
            let away = (first < last && *step < 0) || (first > last && *step > 0);
            if *step == 0 || away {
                return None;
            }
            (*first, *step, *last)
        }
        _ => return None,
    };
    if hexadecimal && (first < 0 || last < 0) {
        return None;
    }
    let text = skip_blanks(bytes, close + 1);
    Some(Sequence {
        values: Values::Numbers {
            name,
            next: Some(first),
            last,
            step,
            hexadecimal,
        },
        text: line.sub(text..bytes.len()),
    })
}

/// Reads a `~LST` line; `None` where keepalived says "Invalid ~LST specification".
pub(super) fn list(line: &Mapped) -> Option<Sequence> {
    let bytes = line.bytes();
    let mut at = skip_blanks(bytes, "~LST".len());
    if bytes.get(at) != Some(&b'(') {
        return None;
    }
    at = skip_blanks(bytes, at + 1);
    let (names, after) = items(bytes, at, b" \t,}", false)?;
    at = after;
    if bytes.get(at) != Some(&b',') {
        return None;
    }
    at = skip_blanks(bytes, at + 1);
    let mut rows = Vec::new();
    loop {
        let (mut row, after) = items(bytes, at, b" \t,})", true)?;
        if row.len() > names.len() {
            return None;
        }
        row.resize(names.len(), Vec::new());
        rows.push(row);
        at = after;
        match bytes.get(at) {
            Some(b')') => break,
            Some(b',') => at = skip_blanks(bytes, at + 1),
            _ => return None,
        }
    }
    let text = skip_blanks(bytes, at + 1);
    Some(Sequence {
        values: Values::Rows {
            names,
            rows: rows.into_iter(),
        },
        text: line.sub(text..bytes.len()),
    })
}

/// One item, or several in braces; returns the position behind them. Where
/// `closable`, a `)` ends a single one.
fn items(
    bytes: &[u8],
    mut at: usize,
    stops: &[u8],
    closable: bool,
) -> Option<(Vec<Vec<u8>>, usize)> {
    let braces = bytes.get(at) == Some(&b'{');
    if braces {
        at = skip_blanks(bytes, at + 1);
    }
    let mut found = Vec::new();
    loop {
        let end = find(bytes, at, |b| stops.contains(&b));
        found.push(bytes.get(at..end)?.to_vec());
        at = skip_blanks(bytes, end);
        match bytes.get(at)? {
            b'}' if braces => return Some((found, skip_blanks(bytes, at + 1))),
            b',' if !braces => return Some((found, at)),
            b')' if !braces && closable => return Some((found, at)),
            b',' => at = skip_blanks(bytes, at + 1),
            _ => return None,
        }
    }
}

fn find(bytes: &[u8], from: usize, stops: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or(&[]);
    let found = rest.iter().position(|b| stops(*b));
    from + found.unwrap_or(rest.len())
}

fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    find(bytes, from, |b| !is_blank(b))
}

/// A number as C's `strtol` with base 0 reads it, blanks around it allowed;
/// nothing at all is 0.
fn number(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let (minus, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() {
        return Some(0);
    }
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.strip_prefix("0x") {
        Some(digits) => (16, digits),
        None if lower.len() > 1 && lower.starts_with('0') => (8, lower.as_str()),
        None => (10, lower.as_str()),
    };
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let value = i64::from_str_radix(digits, radix).unwrap_or(i64::MAX);
    Some(if minus { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Option<Vec<String>> {
        let line = Mapped::from_file(text.as_bytes(), 0);
        let mut found = if text.starts_with("~SEQ") {
            sequence(&line, |_| true)?
        } else {
            list(&line)?
        };
        let mut rounds = Vec::new();
        while let Some(round) = found.next() {
            let pairs = round.iter().map(|(name, value)| {
                format!(
                    "{}={}",
                    String::from_utf8_lossy(name),
                    String::from_utf8_lossy(value)
                )
            });
            rounds.push(pairs.collect::<Vec<_>>().join(" "));
            if rounds.len() > 9 {
                break;
            }
        }
        rounds.push(String::from_utf8_lossy(found.text.bytes()).into_owned());
        Some(rounds)
    }

    #[test]
    fn a_sequence_counts_from_one_or_between_bounds_with_a_step() {
        let cases: [(&str, Option<&[&str]>); 12] = [
            ("~SEQ(v,3) x $v", Some(&["v=1", "v=2", "v=3", "x $v"])),
            ("~SEQ(v, 2, 4) x", Some(&["v=2", "v=3", "v=4", "x"])),
            ("~SEQ(v,0,5,10)x", Some(&["v=0", "v=5", "v=10", "x"])),
            ("~SEQ(v,3,1) x", Some(&["v=3", "v=2", "v=1", "x"])),
            ("~SEQ(v,-2) x", Some(&["v=-1", "v=-2", "x"])),
            ("~SEQx(v,0xa,11) x", Some(&["v=a", "v=b", "x"])),
            ("~SEQ(v,010,9) x", Some(&["v=8", "v=9", "x"])),
            ("~SEQx(v,-1,1) x", None),
            ("~SEQ(v,1,-1,5) x", None),
            ("~SEQ(v,1,0,5) x", None),
            ("~SEQ(v) x", None),
            ("~SEQ(v,1 x", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|e| e.iter().map(ToString::to_string).collect());
            assert_eq!(values(text), expected, "{text}");
        }
    }

    #[test]
    fn a_list_gives_one_or_several_names_their_values() {
        let cases: [(&str, Option<&[&str]>); 6] = [
            ("~LST(a, x , y) $a", Some(&["a=x", "a=y", "$a"])),
            (
                "~LST({a,b},{1,2},{3,4}) $a",
                Some(&["a=1 b=2", "a=3 b=4", "$a"]),
            ),
            ("~LST({a,b},{1},{3,4}) t", Some(&["a=1 b=", "a=3 b=4", "t"])),
            ("~LST({a,b},{1,2,3}) t", None),
            ("~LST(a) t", None),
            ("~LST(a,x t", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|e| e.iter().map(ToString::to_string).collect());
            assert_eq!(values(text), expected, "{text}");
        }
    }

    #[test]
    fn a_sequence_to_the_end_of_the_numbers_does_not_overflow() {
        let text = "~SEQ(v,9223372036854775806,9223372036854775807) x";
        let rounds = values(text).unwrap();
        assert_eq!(rounds.len(), 3);
        assert!(values("~SEQ(v,1,9223372036854775807,9223372036854775807) x").is_some());
    }
}
