//! The environment block (GRUB 2.06 `grub-core/lib/envblk.c`).

use std::sync::Arc;

use crate::text::{File, Place, Span};

const SIGNATURE: &[u8] = b"# GRUB Environment Block\n";

/// The size grub-editenv creates, in bytes.
const SIZE: usize = 1024;

/// A variable of the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name, as it stands.
    pub name: Vec<u8>,
    /// Its value, backslashes undone.
    pub value: Vec<u8>,
    /// The assignment.
    pub place: Place,
}

/// A parsed environment block.
#[derive(Clone, Debug)]
pub struct GrubEnv {
    /// The file.
    pub file: Arc<File>,
    /// The variables in order; a later one overwrites an earlier.
    pub variables: Vec<Variable>,
    /// What is wrong with it.
    pub problems: Vec<EnvProblem>,
}

/// What is wrong with an environment block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnvProblem {
    /// No signature: `load_env` fails and sets nothing.
    NoSignature,
    /// Not 1024 bytes.
    Size(usize),
    /// The last assignment does not end with a newline, so GRUB ignores it.
    Unterminated,
    /// No newline before the padding: `save_env` fails.
    NoRoom,
}

impl EnvProblem {
    /// What GRUB does with it.
    #[must_use]
    pub fn message(self) -> String {
        match self {
            Self::NoSignature => "no environment block signature: load_env fails and sets \
                 nothing, save_env fails"
                .into(),
            Self::Size(size) => format!(
                "{size} bytes instead of {SIZE}: GRUB reads it, but tools that write it may refuse"
            ),
            Self::Unterminated => {
                "the last line is not terminated: GRUB ignores its variable".into()
            }
            Self::NoRoom => "no newline before the padding: save_env fails".into(),
        }
    }
}

impl GrubEnv {
    /// Reads a block. Total.
    #[must_use]
    pub fn parse(file: &Arc<File>) -> Self {
        let mut env = Self {
            file: Arc::clone(file),
            variables: Vec::new(),
            problems: Vec::new(),
        };
        let bytes = file.bytes();
        if bytes.len() != SIZE {
            env.problems.push(EnvProblem::Size(bytes.len()));
        }
        if bytes.len() <= SIGNATURE.len() || !bytes.starts_with(SIGNATURE) {
            env.problems.push(EnvProblem::NoSignature);
            return env;
        }
        if bytes.iter().rev().find(|b| **b != b'#') != Some(&b'\n') {
            env.problems.push(EnvProblem::NoRoom);
        }
        let mut at = SIGNATURE.len();
        while let Some(byte) = bytes.get(at) {
            if *byte == b'#' {
                at = line_end(bytes, at) + 1;
                continue;
            }
            let start = at;
            let rest = bytes.get(at..).unwrap_or(&[]);
            let Some(equals) = rest.iter().position(|b| *b == b'=') else {
                if rest.iter().any(|b| !b.is_ascii_whitespace()) {
                    env.problems.push(EnvProblem::Unterminated);
                }
                break;
            };
            let value_start = at + equals + 1;
            let end = line_end(bytes, value_start);
            if end >= bytes.len() {
                env.problems.push(EnvProblem::Unterminated);
                break;
            }
            let until_nul = |bytes: &[u8]| -> Vec<u8> {
                bytes.iter().copied().take_while(|b| *b != 0).collect()
            };
            let value = unescape(file.slice(Span::new(value_start, end)));
            env.variables.push(Variable {
                name: until_nul(file.slice(Span::new(start, value_start - 1))),
                value: until_nul(&value),
                place: file.place(Span::new(start, end)),
            });
            at = end + 1;
        }
        env
    }

    /// The value that counts.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&Variable> {
        self.variables.iter().rev().find(|v| v.name == name)
    }

    /// Whether `load_env` reads it.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        !self.problems.contains(&EnvProblem::NoSignature)
    }
}

/// The newline that ends the line; a backslash hides one.
fn line_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            None => return bytes.len(),
            Some(b'\n') => return at,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

fn unescape(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => out.extend(bytes.next()),
            byte => out.push(*byte),
        }
    }
    out
}
