//! GRUB 2: the script language of `grub.cfg` and the environment block `grubenv`.
//!
//! The grammar is that of GRUB 2.06 (`grub-core/script/yylex.l`, `parser.y`); what
//! a script does is for [`crate::boot::grub`].

pub mod ast;
mod env;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;

pub use env::{EnvProblem, GrubEnv, Variable};

use crate::text::{File, Span};

/// A parsed script.
#[derive(Clone, Debug)]
pub struct Script {
    /// What GRUB runs, in order.
    pub statements: Vec<ast::Statement>,
    /// What it drops with an error message.
    pub problems: Vec<SyntaxProblem>,
}

/// Lines GRUB drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxProblem {
    /// All that is dropped.
    pub span: Span,
    /// The token at which GRUB gives up.
    pub at: Span,
    /// Why.
    pub fault: Fault,
}

/// Why lines are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The file ends inside a block.
    EndOfFile,
    /// The file ends inside quotes, or after a backslash.
    OpenQuote,
    /// A `}` that closes nothing, or an empty block.
    ExtraBrace,
    /// A `$` without a name.
    Dollar,
    /// A word or sign that cannot stand there.
    Unexpected,
    /// More than 100 blocks inside each other.
    TooDeep,
}

impl Fault {
    /// What GRUB does with it.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::EndOfFile => "the file ends inside a block: GRUB drops the whole block",
            Self::OpenQuote => "the file ends inside quotes: GRUB drops the whole statement",
            Self::ExtraBrace => {
                "a closing brace without a command before it: GRUB drops the statement"
            }
            Self::Dollar => "a dollar sign without a name: GRUB drops the statement",
            Self::Unexpected => "syntax error: GRUB drops the statement",
            Self::TooDeep => "more than 100 blocks inside each other: GRUB gives up",
        }
    }
}

/// Reads a script. Total: any bytes give a script and its problems.
#[must_use]
pub fn parse(file: &File) -> Script {
    parser::parse(file.bytes())
}
