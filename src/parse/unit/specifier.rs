//! Specifiers such as `%i` (systemd 257 `src/core/unit-printf.c`,
//! `src/shared/specifier.c`; systemd.unit(5)).

use super::name::{instance, path_unescape, prefix, unescape};

/// What the host answers for specifiers that no file of the unit tells.
pub trait Specifiers {
    /// The value of `%x`; none where it stays open.
    fn host(&self, specifier: char) -> Option<String>;
}

/// Which specifiers a setting knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Names of units: no unescaped forms, no directories (`unit_name_printf`).
    Names,
    /// Everything else (`unit_full_printf`).
    Full,
}

/// A text with its specifiers replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expanded {
    /// The text; what stays open is left as written.
    pub bytes: Vec<u8>,
    /// Specifiers that stay open.
    pub open: Vec<char>,
}

/// Replaces the specifiers in `text` for the unit `id`; an error where systemd
/// refuses: a letter that is no specifier, or an escape that cannot be undone.
pub fn expand(
    text: &[u8],
    id: &str,
    table: Table,
    host: &dyn Specifiers,
) -> Result<Expanded, char> {
    let mut out = Expanded {
        bytes: Vec::with_capacity(text.len()),
        open: Vec::new(),
    };
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'%' {
            out.bytes.push(*first);
            continue;
        }
        let Some((letter, tail)) = rest.split_first() else {
            out.bytes.push(b'%');
            break;
        };
        rest = tail;
        let letter = char::from(*letter);
        match of_unit(letter, id, table) {
            Answer::Is(bytes) => out.bytes.extend(bytes),
            Answer::Refused => return Err(letter),
            Answer::Host => match host.host(letter) {
                Some(value) => out.bytes.extend(value.into_bytes()),
                None => {
                    out.open.push(letter);
                    out.bytes.extend([b'%']);
                    let mut buffer = [0; 4];
                    out.bytes.extend(letter.encode_utf8(&mut buffer).bytes());
                }
            },
            Answer::None if letter.is_ascii_alphanumeric() => return Err(letter),
            Answer::None => {
                out.bytes.push(b'%');
                let mut buffer = [0; 4];
                out.bytes.extend(letter.encode_utf8(&mut buffer).bytes());
            }
        }
    }
    Ok(out)
}

enum Answer {
    Is(Vec<u8>),
    Refused,
    Host,
    None,
}

fn of_unit(letter: char, id: &str, table: Table) -> Answer {
    let is = |text: &str| Answer::Is(text.as_bytes().to_vec());
    let last = || prefix(id).rsplit('-').next().unwrap_or("").to_owned();
    let undone = |text: &str| unescape(text).map_or(Answer::Refused, Answer::Is);
    match letter {
        '%' => is("%"),
        'i' => is(instance(id).unwrap_or("")),
        'j' => is(&last()),
        'n' => is(id),
        'N' => is(id.rsplit_once('.').map_or(id, |(stem, _)| stem)),
        'p' => is(prefix(id)),
        // Of the system: both tables know them.
        'a' | 'A' | 'b' | 'B' | 'H' | 'l' | 'q' | 'm' | 'M' | 'o' | 'v' | 'w' | 'W' => Answer::Host,
        'u' | 'g' => is("root"),
        'U' | 'G' => is("0"),
        _ if table == Table::Names => Answer::None,
        'I' => undone(instance(id).unwrap_or("")),
        'J' => undone(&last()),
        'P' => undone(prefix(id)),
        'f' => match instance(id) {
            Some(instance) => path_unescape(instance).map_or(Answer::Refused, Answer::Is),
            None => path_unescape(prefix(id)).map_or(Answer::Refused, Answer::Is),
        },
        't' => is("/run"),
        'S' => is("/var/lib"),
        'C' => is("/var/cache"),
        'L' => is("/var/log"),
        'E' => is("/etc"),
        'D' => is("/usr/share"),
        'h' => is("/root"),
        's' => is("/bin/sh"),
        'T' => is("/tmp"),
        'V' => is("/var/tmp"),
        'c' | 'd' | 'r' | 'R' | 'y' | 'Y' => Answer::Host,
        _ => Answer::None,
    }
}
