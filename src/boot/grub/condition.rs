//! `test` and `[` (GRUB 2.06 `grub-core/commands/test.c`).

use super::default::{Number, number};
use super::value::{is_open, shown};

/// What a command answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Success or failure.
    Known(bool),
    /// Only the machine knows: the question, as a clause with `whether`.
    Open(String),
}

/// Tests on files `test` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileTest {
    /// `-d`
    Directory,
    /// `-e`
    Exists,
    /// `-f`
    Regular,
    /// `-s`
    NotEmpty,
}

/// Most parentheses inside each other.
const DEPTH: usize = 32;

struct Tester<'a, F> {
    arguments: &'a [Vec<u8>],
    at: usize,
    files: F,
}

/// The state of one level.
struct Level {
    or: Status,
    and: Status,
    invert: bool,
}

/// Evaluates the arguments of `test`, a last `]` taken away.
pub(super) fn test(arguments: &[Vec<u8>], files: impl Fn(FileTest, &[u8]) -> Status) -> Status {
    let arguments = match arguments.split_last() {
        Some((last, rest)) if last == b"]" => rest,
        _ => arguments,
    };
    let mut tester = Tester {
        arguments,
        at: 0,
        files,
    };
    tester.parse(0)
}

impl<F: Fn(FileTest, &[u8]) -> Status> Tester<'_, F> {
    fn parse(&mut self, depth: usize) -> Status {
        let mut level = Level {
            or: Status::Known(false),
            and: Status::Known(true),
            invert: false,
        };
        while let Some(first) = self.arguments.get(self.at) {
            let second = self.arguments.get(self.at + 1);
            let third = self.arguments.get(self.at + 2);
            if let (Some(operator), Some(right)) = (second, third)
                && let Some(status) = compare(first, operator, right)
            {
                level.update(status);
                self.at += 3;
                continue;
            }
            if let Some(operand) = second
                && let Some(status) = self.unary(first, operand)
            {
                level.update(status);
                self.at += 2;
                continue;
            }
            self.at += 1;
            match first.as_slice() {
                b")" => return or(level.or, level.and),
                b"(" => {
                    let inner = if depth < DEPTH {
                        self.parse(depth + 1)
                    } else {
                        Status::Open("whether the test holds".into())
                    };
                    level.update(inner);
                }
                b"!" => level.invert = !level.invert,
                b"-a" => {}
                b"-o" => {
                    let and = std::mem::replace(&mut level.and, Status::Known(true));
                    let before = std::mem::replace(&mut level.or, Status::Known(false));
                    level.or = or(before, and);
                }
                _ => level.update(not_empty(first)),
            }
        }
        or(level.or, level.and)
    }

    fn unary(&self, operator: &[u8], operand: &[u8]) -> Option<Status> {
        Some(match operator {
            b"-d" => (self.files)(FileTest::Directory, operand),
            b"-e" => (self.files)(FileTest::Exists, operand),
            b"-f" => (self.files)(FileTest::Regular, operand),
            b"-s" => (self.files)(FileTest::NotEmpty, operand),
            b"-n" => not_empty(operand),
            b"-z" => negate(not_empty(operand)),
            _ => return None,
        })
    }
}

impl Level {
    fn update(&mut self, status: Status) {
        let status = if self.invert { negate(status) } else { status };
        self.invert = false;
        let before = std::mem::replace(&mut self.and, Status::Known(true));
        self.and = match (before, status) {
            (Status::Known(false), _) | (_, Status::Known(false)) => Status::Known(false),
            (Status::Known(true), status) => status,
            (open, _) => open,
        };
    }
}

fn or(a: Status, b: Status) -> Status {
    match (a, b) {
        (Status::Known(true), _) | (_, Status::Known(true)) => Status::Known(true),
        (Status::Known(false), status) => status,
        (open, _) => open,
    }
}

/// The opposite; an open question keeps its own text, with a mark in front.
pub(super) fn negate(status: Status) -> Status {
    match status {
        Status::Known(value) => Status::Known(!value),
        Status::Open(question) => Status::Open(match question.strip_prefix(NOT) {
            Some(inner) => inner.to_owned(),
            None => format!("{NOT}{question}"),
        }),
    }
}

/// Stands before a question whose answer counts the other way round.
pub(super) const NOT: &str = "not: ";

fn not_empty(text: &[u8]) -> Status {
    // A known part beside an unknown one is enough.
    let known = text.split(|b| *b == 0).step_by(2);
    if known.into_iter().any(|part| !part.is_empty()) {
        Status::Known(true)
    } else if is_open(text) {
        Status::Open(format!("whether {} is empty", shown(text)))
    } else {
        Status::Known(false)
    }
}

fn compare(left: &[u8], operator: &[u8], right: &[u8]) -> Option<Status> {
    let text: Option<bool> = match operator {
        b"=" | b"==" => Some(left == right),
        b"!=" => Some(left != right),
        b"<" => Some(left < right),
        b"<=" => Some(left <= right),
        b">" => Some(left > right),
        b">=" => Some(left >= right),
        _ => None,
    };
    let value = text.or_else(|| compare_numbers(left, operator, right));
    if operator.starts_with(b"-nt") || operator.starts_with(b"-ot") {
        return Some(open(left, operator, right));
    }
    let value = value?;
    if is_open(left) || is_open(right) {
        return Some(open(left, operator, right));
    }
    Some(Status::Known(value))
}

fn open(left: &[u8], operator: &[u8], right: &[u8]) -> Status {
    let text = [shown(left), shown(operator), shown(right)].join(" ");
    Status::Open(format!("whether {text}"))
}

fn compare_numbers(left: &[u8], operator: &[u8], right: &[u8]) -> Option<bool> {
    let (a, b) = (signed(left), signed(right));
    Some(match operator {
        b"-eq" => a == b,
        b"-ge" => a >= b,
        b"-gt" => a > b,
        b"-le" => a <= b,
        b"-lt" => a < b,
        b"-ne" => a != b,
        b"-pgt" | b"-plt" => {
            let same = left.iter().zip(right).take_while(|(a, b)| a == b).count();
            // Back to the start of the digits the difference lies in.
            let digits = left.get(..same).unwrap_or(&[]).iter().rev();
            let start = same - digits.take_while(|b| b.is_ascii_digit()).count();
            let value = |text: &[u8]| unsigned(text.get(start..).unwrap_or(&[]));
            let (a, b) = (value(left), value(right));
            if operator == b"-pgt" { a > b } else { a < b }
        }
        _ => return None,
    })
}

fn unsigned(text: &[u8]) -> u64 {
    match number(text) {
        Number::Value(value, _) => value,
        Number::None => 0,
        Number::Overflow => u64::MAX,
    }
}

/// As GRUB's `grub_strtosl`: an `int`.
fn signed(text: &[u8]) -> i64 {
    match text.strip_prefix(b"-") {
        Some(rest) => super::default::to_int(unsigned(rest).wrapping_neg()),
        None => super::default::to_int(unsigned(text)),
    }
}
