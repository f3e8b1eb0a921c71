//! Command lines of `ExecStart=` and its kin (systemd 257
//! `src/core/load-fragment.c`, `config_parse_exec`).
//!
//! | since | what |
//! |---|---|
//! | 235 | `!` and `!!` before the path |
//! | 239 | a name without slash, looked up in a fixed list of directories |
//! | 243 | `:` before the path |
//! | 258 | `\|`: the line goes to the user's shell |

use super::name::simplify;
use super::specifier::{Specifiers, Table, expand};
use super::value::Value;
use super::words::{Flags, Word, first_word};

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program: an absolute path, or a name that is looked up.
    pub path: Vec<u8>,
    /// Whether the path has a specifier that stays open.
    pub open: bool,
    /// Its arguments, the program's own name left out.
    pub arguments: Vec<Vec<u8>>,
    /// `-`: a failure counts as success.
    pub ignore: bool,
    /// `|`: the user's shell runs the line.
    pub via_shell: bool,
    /// Where the program stands in the value: from, to.
    pub at: (usize, usize),
}

/// Why PID 1 refuses a line, and with it the unit whose fragment it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecError {
    /// What is wrong.
    pub why: &'static str,
    /// Where in the value: from, to.
    pub at: (usize, usize),
}

/// The commands of one line. Those before an error are kept, as PID 1 keeps them.
#[must_use]
pub fn commands(
    value: &Value,
    id: &str,
    host: &dyn Specifiers,
    version: Option<u32>,
) -> (Vec<Command>, Option<ExecError>) {
    let mut line = Line {
        text: value.bytes(),
        id,
        host,
        version: version.unwrap_or(u32::MAX),
        at: 0,
        out: Vec::new(),
    };
    let error = loop {
        match line.command() {
            Ok(true) => {}
            Ok(false) => break None,
            Err(error) => break Some(error),
        }
    };
    (line.out, error)
}

struct Line<'a> {
    text: &'a [u8],
    id: &'a str,
    host: &'a dyn Specifiers,
    version: u32,
    at: usize,
    out: Vec<Command>,
}

impl Line<'_> {
    /// The word at the cursor; bad escapes are kept as they stand, unbalanced quotes
    /// are an error.
    fn word(&mut self) -> Result<Option<Word>, ()> {
        let first = first_word(self.text, self.at, Flags::COMMAND);
        let found = first.or_else(|()| first_word(self.text, self.at, Flags::RELAXED))?;
        Ok(found.map(|(word, next)| {
            self.at = next;
            word
        }))
    }

    fn skip_blanks(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or(&[]);
        self.at += rest.iter().take_while(|b| super::is_blank(**b)).count();
    }

    /// Whether `token` stands alone at the cursor; the cursor is then behind it.
    fn token(&mut self, token: &[u8]) -> bool {
        let rest = self.text.get(self.at..).unwrap_or(&[]);
        let alone = rest
            .strip_prefix(token)
            .is_some_and(|rest| rest.first().is_none_or(|b| super::is_blank(*b)));
        if alone {
            self.at += token.len();
            self.skip_blanks();
        }
        alone
    }

    /// One command; whether another may follow.
    fn command(&mut self) -> Result<bool, ExecError> {
        // Quotes that never end drop the line without a word, when they begin it.
        let Ok(Some(word)) = self.word() else {
            return Ok(false);
        };
        if word.bytes == b";" {
            return Ok(true);
        }
        let (prefixes, program) = word.bytes.split_at(self.prefixes(&word.bytes));
        let has = |prefix: u8| prefixes.contains(&prefix);
        let (ignore, via_shell) = (has(b'-'), has(b'|'));
        let at = (word.start, word.end);
        let refuse = |why| {
            if ignore {
                Ok(false)
            } else {
                Err(ExecError { why, at })
            }
        };
        let (path, open) = if via_shell {
            (b"/bin/sh".to_vec(), false)
        } else {
            let Ok(expanded) = expand(program, self.id, Table::Full, self.host) else {
                return refuse("a specifier in the program's path is not known");
            };
            if let Some(why) = unfit(&expanded.bytes, self.version) {
                return refuse(why);
            }
            (simplify(&expanded.bytes), !expanded.open.is_empty())
        };
        let mut arguments: Vec<Vec<u8>> = Vec::new();
        if via_shell && !program.is_empty() {
            arguments.push(program.to_vec());
        }
        let mut own_name = has(b'@') && !via_shell;
        let mut goes_on = false;
        self.skip_blanks();
        while self.at < self.text.len() {
            if self.token(b";") {
                goes_on = true;
                break;
            }
            if self.token(b"\\;") {
                arguments.push(b";".to_vec());
                continue;
            }
            match self.word() {
                Ok(Some(word)) => {
                    let Ok(word) = expand(&word.bytes, self.id, Table::Full, self.host) else {
                        return refuse("a specifier in an argument is not known");
                    };
                    if own_name {
                        own_name = false;
                    } else {
                        arguments.push(word.bytes);
                    }
                }
                Ok(None) => break,
                Err(()) => return refuse("quotes that do not end"),
            }
            self.skip_blanks();
        }
        if own_name {
            return refuse("\"@\" without a name behind the program");
        }
        self.out.push(Command {
            path,
            open,
            arguments,
            ignore,
            via_shell,
            at,
        });
        Ok(goes_on)
    }

    /// How many bytes before the program are prefixes.
    fn prefixes(&self, word: &[u8]) -> usize {
        let mut seen = 0;
        for byte in word {
            let before = word.get(..seen).unwrap_or(&[]);
            let first = !before.contains(byte);
            let shouts: u8 = before.iter().map(|b| u8::from(*b == b'!')).sum();
            let has_plus = before.contains(&b'+');
            let counts = match byte {
                b'-' | b'@' => first,
                b':' => first && self.version >= 243,
                b'|' => first && self.version >= 258,
                b'+' => first && shouts == 0,
                b'!' => !has_plus && shouts < 2 && self.version >= 235,
                _ => false,
            };
            if !counts {
                break;
            }
            seen += 1;
        }
        seen
    }
}

/// What PID 1 refuses about a program's path.
fn unfit(path: &[u8], version: u32) -> Option<&'static str> {
    let part = |path: &[u8]| path.rsplit(|b| *b == b'/').next().map(<[u8]>::to_vec);
    let last = part(path);
    let special = |b: &u8| matches!(*b, 1..=0x1f | 0x7f | b'"' | b'\'' | b'\\');
    if path.is_empty() {
        return Some("the command line names no program");
    }
    if path.iter().any(special) {
        return Some("the program's path has quotes or control characters");
    }
    if matches!(last.as_deref(), Some(b"" | b"." | b"..")) {
        return Some("the program's path is a directory");
    }
    let absolute = path.first() == Some(&b'/');
    let too_long = path.split(|b| *b == b'/').any(|part| part.len() > 255);
    if too_long || path.len() >= 4096 {
        return Some("the program's path is too long");
    }
    if absolute {
        None
    } else if version < 239 {
        Some("the program's path is not absolute")
    } else if path.contains(&b'/') {
        Some("the program is neither an absolute path nor a plain name")
    } else {
        None
    }
}
