//! The syntax tree of a GRUB script.

use std::sync::Arc;

use crate::text::Span;

/// A part of a word, as GRUB's lexer cuts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Unquoted text, backslashes taken away.
    Text(Vec<u8>),
    /// Text in single or double quotes: never empty away, never split.
    Quoted(Vec<u8>),
    /// `$name` outside quotes: split at blanks.
    Variable(Vec<u8>),
    /// `$name` in double quotes: one piece.
    QuotedVariable(Vec<u8>),
    /// `$"text"`: translated text with its own expansion of variables.
    Translated(Vec<u8>),
}

/// A word: what one argument is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The parts, joined without blanks.
    pub parts: Vec<Part>,
    /// Where the word stands.
    pub span: Span,
}

/// A command with its arguments.
#[derive(Clone, Debug)]
pub struct Simple {
    /// The command and its arguments; never empty.
    pub words: Vec<Word>,
    /// The block in braces after the arguments (`menuentry ... { ... }`).
    pub block: Option<Arc<Vec<Command>>>,
    /// From the first word to the last, or to the brace that closes the block.
    pub span: Span,
}

/// One arm of an `if`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// The commands whose last status decides.
    pub condition: Vec<Command>,
    /// What runs where that status is 0.
    pub body: Vec<Command>,
}

/// A command.
#[derive(Clone, Debug)]
pub enum Command {
    /// A command, a function call or an assignment.
    Simple(Simple),
    /// `if`, `elif` in order, `else`.
    If {
        /// The conditions and what they guard.
        arms: Vec<Arm>,
        /// The last part; empty where there is none.
        otherwise: Vec<Command>,
    },
    /// `for NAME in WORDS; do ... done`.
    For {
        /// The variable.
        name: Vec<u8>,
        /// The words, not expanded.
        words: Vec<Word>,
        /// What is repeated.
        body: Vec<Command>,
    },
    /// `while` or `until`.
    While {
        /// What decides.
        condition: Vec<Command>,
        /// What is repeated.
        body: Vec<Command>,
        /// Whether it goes on while the condition fails.
        until: bool,
        /// The keyword.
        span: Span,
    },
}

/// A statement on the top level of a file.
#[derive(Clone, Debug)]
pub enum Statement {
    /// Something to run.
    Run(Command),
    /// `function NAME { ... }`; defined when it is read.
    Function {
        /// Its name.
        name: Vec<u8>,
        /// Its body.
        body: Arc<Vec<Command>>,
    },
}
