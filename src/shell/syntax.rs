//! The shell syntax the evaluator works on. Nothing here depends on the parser
//! library: `library.rs` is the only file to change when it is swapped.

use std::sync::Arc;

use crate::text::Place;

/// Commands one after the other.
pub(super) type List = Vec<Item>;

/// An and-or list, perhaps started in the background.
#[derive(Debug)]
pub(super) struct Item {
    /// The first pipeline.
    pub(super) first: Pipeline,
    /// What follows it.
    pub(super) rest: Vec<(AndOr, Pipeline)>,
    /// Whether it ends with `&`.
    pub(super) background: bool,
    /// The whole of it.
    pub(super) place: Place,
}

/// How a pipeline depends on the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AndOr {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Commands joined by `|`.
#[derive(Debug)]
pub(super) struct Pipeline {
    /// Whether `!` stands before it.
    pub(super) negated: bool,
    /// At least one command.
    pub(super) commands: Vec<Command>,
    /// The whole of it, without the `!`.
    pub(super) place: Place,
}

/// One command with its redirections.
#[derive(Debug)]
pub(super) struct Command {
    /// What it is.
    pub(super) kind: Kind,
    /// Its redirections, in order.
    pub(super) redirects: Vec<Redirect>,
    /// The whole of it.
    pub(super) place: Place,
}

/// The kinds of commands.
#[derive(Debug)]
pub(super) enum Kind {
    /// Assignments and words.
    Simple {
        /// `A=b` before the first word.
        assignments: Vec<Assignment>,
        /// The words; none for plain assignments.
        words: Vec<Word>,
        /// `NAME=value` arguments of `export`, `local` and their like, which are
        /// not among the words.
        declared: Vec<Assignment>,
    },
    /// `if`, every `elif`, and `else`.
    If {
        /// Conditions and what they lead to.
        arms: Vec<(List, List)>,
        /// After `else`.
        otherwise: Option<List>,
    },
    /// `while` and `until`.
    Loop {
        /// Whether it is `until`.
        until: bool,
        /// The condition.
        condition: List,
        /// The body.
        body: List,
    },
    /// `for NAME in WORDS`.
    For {
        /// The variable.
        name: Vec<u8>,
        /// The words.
        words: Vec<Word>,
        /// The body.
        body: List,
    },
    /// `for ((a; b; c))`.
    ForArithmetic {
        /// Before the first round.
        first: Word,
        /// Before each round.
        condition: Word,
        /// After each round.
        step: Word,
        /// The body.
        body: List,
    },
    /// `case WORD in`.
    Case {
        /// The word.
        word: Word,
        /// The arms.
        arms: Vec<Arm>,
    },
    /// A function definition.
    Function {
        /// Its name.
        name: Vec<u8>,
        /// Its body.
        body: Arc<Command>,
    },
    /// `( ... )`
    Subshell(List),
    /// `{ ...; }`
    Group(List),
    /// `[[ ... ]]`
    Conditional(Condition),
    /// `(( ... ))`
    Arithmetic(Word),
    /// Something that is parsed but not modelled: says what.
    Other(&'static str),
}

/// One arm of `case`.
#[derive(Debug)]
pub(super) struct Arm {
    /// The patterns between `|`.
    pub(super) patterns: Vec<Word>,
    /// What they lead to.
    pub(super) body: List,
    /// How it ends.
    pub(super) end: ArmEnd,
}

/// How an arm of `case` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArmEnd {
    /// `;;`
    Leave,
    /// `;&`
    FallThrough,
    /// `;;&`
    TestNext,
}

/// The inside of `[[ ]]`.
#[derive(Debug)]
pub(super) enum Condition {
    /// Both.
    And(Box<Condition>, Box<Condition>),
    /// Either.
    Or(Box<Condition>, Box<Condition>),
    /// Not.
    Not(Box<Condition>),
    /// `-f WORD` and the like.
    Unary(Vec<u8>, Word),
    /// `WORD = WORD` and the like.
    Binary(Vec<u8>, Word, Word),
    /// Not understood.
    Other,
}

/// A redirection.
#[derive(Debug)]
pub(super) struct Redirect {
    /// The descriptor, `None` for the operator's own.
    pub(super) fd: Option<u32>,
    /// What it does.
    pub(super) kind: RedirectKind,
}

/// What a redirection does.
#[derive(Debug)]
pub(super) enum RedirectKind {
    /// `< WORD`
    Read(Word),
    /// `> WORD`, `>> WORD`, `>| WORD`
    Write {
        /// The file.
        path: Word,
        /// Whether it appends.
        append: bool,
        /// Whether it takes standard error along (`&>`).
        both: bool,
    },
    /// A here-document or here-string; true where a newline is added.
    Text(Word, bool),
    /// `>&N` and the like, with the target's text.
    Duplicate(Vec<u8>),
}

/// `NAME=WORD`
#[derive(Debug)]
pub(super) struct Assignment {
    /// The variable.
    pub(super) name: Vec<u8>,
    /// The subscript of `NAME[SUBSCRIPT]=`.
    pub(super) subscript: Option<Word>,
    /// Whether it is `+=`.
    pub(super) append: bool,
    /// The value.
    pub(super) value: AssignedValue,
}

/// What is assigned.
#[derive(Debug)]
pub(super) enum AssignedValue {
    /// One word.
    Word(Word),
    /// `(a b [k]=v)`
    Array(Vec<(Option<Word>, Word)>),
}

/// A word before expansion.
#[derive(Clone, Debug)]
pub(super) struct Word {
    /// Its parts.
    pub(super) parts: Vec<Part>,
    /// Where it is.
    pub(super) place: Place,
}

/// A part of a word.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// What it is.
    pub(super) kind: PartKind,
    /// Whether it stands in quotes.
    pub(super) quoted: bool,
}

/// What a part of a word is.
#[derive(Clone, Debug)]
pub(super) enum PartKind {
    /// Characters, quotes removed.
    Literal(Vec<u8>),
    /// `$x`, `${x...}`
    Parameter(Box<Parameter>),
    /// `$( ... )` and backticks; `None` where the inside can't be parsed.
    Command(Option<Arc<List>>),
    /// `$(( ... ))`
    Arithmetic(Word),
    /// `<( ... )`, `>( ... )`
    Process(Option<Arc<List>>),
    /// `~` or `~user` at the start.
    Home(Vec<u8>),
}

/// A parameter expansion.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    /// The parameter: a name, a number or one of `@ * # ? - $ ! _`.
    pub(super) name: Vec<u8>,
    /// `${name[...]}`
    pub(super) subscript: Option<Word>,
    /// What is done with it.
    pub(super) operation: Operation,
}

/// What is done with a parameter.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    /// Its value.
    Value,
    /// `${#x}`
    Length,
    /// `${!x}`
    Indirect,
    /// `${!x[@]}`
    Keys,
    /// `${x:-w}`, `${x-w}`, `${x:=w}`, `${x:+w}`, `${x:?w}`
    Default {
        /// Whether empty counts as unset.
        colon: bool,
        /// One of `- = + ?`.
        kind: u8,
        /// The word.
        word: Word,
    },
    /// `${x#w}`, `${x##w}`, `${x%w}`, `${x%%w}`
    Trim {
        /// Whether at the end.
        suffix: bool,
        /// Whether as much as possible.
        longest: bool,
        /// The pattern.
        pattern: Word,
    },
    /// `${x/p/r}`, `${x//p/r}`, `${x/#p/r}`, `${x/%p/r}`
    Replace {
        /// Whether every match.
        all: bool,
        /// `#` or `%` where it is anchored.
        anchor: Option<u8>,
        /// The pattern.
        pattern: Word,
        /// The replacement.
        replacement: Word,
    },
    /// `${x:offset:length}`
    Substring {
        /// The offset, an arithmetic expression.
        offset: Word,
        /// The length, an arithmetic expression.
        length: Option<Word>,
    },
    /// `${x^}`, `${x^^}`, `${x,}`, `${x,,}`
    Case {
        /// Whether to upper case.
        upper: bool,
        /// Whether every character.
        all: bool,
    },
    /// Not modelled.
    Other,
}
