//! `test`, `[ ]` and `[[ ]]`.

use std::path::Path;

use super::FileTest;
use super::evaluate::{Evaluator, condition_at};
use super::expand::Pattern;
use super::pattern::Element;
use super::state::{Contents, State, Status};
use super::syntax::Condition;
use super::value::{Traced, Value};
use crate::fact::Fact;
use crate::text::Place;

/// How deep parentheses and `!` may nest in `[ ]`.
const DEPTH: usize = 40;

impl Evaluator<'_> {
    /// `[[ ... ]]`
    pub(super) fn conditional(
        &mut self,
        condition: &Condition,
        place: &Place,
        state: &mut State,
    ) -> Status {
        let before = std::mem::take(&mut self.asked);
        let holds = self.holds(condition, state);
        self.answered(holds, place, before)
    }

    /// The status of a test, which remembers what it was asked of.
    fn answered(&mut self, holds: Option<bool>, place: &Place, before: bool) -> Status {
        let asked = std::mem::replace(&mut self.asked, before);
        match status(holds, place) {
            Status::Open(condition) => Status::Open(super::Condition {
                input: asked,
                ..condition
            }),
            status => status,
        }
    }

    /// Notes that a test of this stayed open.
    fn open(&mut self, holds: Option<bool>, operands: &[&Traced]) -> Option<bool> {
        self.asked |= holds.is_none() && operands.iter().any(|o| !o.inputs.is_empty());
        holds
    }

    fn holds(&mut self, condition: &Condition, state: &mut State) -> Option<bool> {
        match condition {
            Condition::And(left, right) => match self.holds(left, state) {
                Some(false) => Some(false),
                left => both(left, self.holds(right, state)),
            },
            Condition::Or(left, right) => match self.holds(left, state) {
                Some(true) => Some(true),
                left => either(left, self.holds(right, state)),
            },
            Condition::Not(inner) => self.holds(inner, state).map(|b| !b),
            Condition::Unary(operator, word) => {
                let operand = self.single(word, state);
                self.unary(operator, &operand, state)
            }
            Condition::Binary(operator, left, right) => {
                let subject = self.single(left, state);
                match operator.as_slice() {
                    b"=" | b"==" | b"!=" => {
                        let pattern = self.pattern(right, state);
                        let matched = self.equal(&subject, &pattern, &right.place, &left.place);
                        matched.map(|m| m == (operator != b"!="))
                    }
                    b"=~" => {
                        let pattern = self.pattern(right, state);
                        self.regex(&subject, &pattern, &right.place, state)
                    }
                    _ => {
                        let other = self.single(right, state);
                        self.binary(operator, &subject, &other, true, state)
                    }
                }
            }
            Condition::Other => None,
        }
    }

    fn equal(
        &mut self,
        subject: &Traced,
        pattern: &Pattern,
        right: &Place,
        left: &Place,
    ) -> Option<bool> {
        let matched = pattern.matches(subject);
        self.open(matched, &[subject, &pattern.text]);
        self.compared(subject, pattern, right, matched);
        if subject.inputs.is_empty()
            && let Some(literal) = subject.bytes()
        {
            self.compare(&pattern.text, literal, left, false, matched);
        }
        matched
    }

    /// `=~` where the expression means the same to the regular expression
    /// library as to the shell.
    fn regex(
        &mut self,
        subject: &Traced,
        pattern: &Pattern,
        place: &Place,
        state: &mut State,
    ) -> Option<bool> {
        let matched = Self::regex_matches(subject, pattern, state);
        self.open(matched, &[subject, &pattern.text]);
        if let Some(literal) = pattern.text.bytes() {
            self.compare(subject, literal, place, true, matched);
        }
        matched
    }

    fn regex_matches(subject: &Traced, pattern: &Pattern, state: &mut State) -> Option<bool> {
        let unknown = |state: &mut State| {
            state.set(b"BASH_REMATCH", Traced::unknown());
        };
        let (Some(text), Some(_)) = (subject.bytes(), &pattern.elements) else {
            unknown(state);
            return None;
        };
        let mut expression = String::new();
        for (byte, quoted) in &pattern.bytes {
            let c = char::from(*byte);
            if !byte.is_ascii() {
                unknown(state);
                return None;
            }
            if *quoted {
                expression.push_str(&regex::escape(&c.to_string()));
            } else {
                expression.push(c);
            }
        }
        let Some(found) = posix(&expression).map(|regex| {
            regex.captures(text).map(|captures| {
                let groups = captures
                    .iter()
                    .map(|group| group.map_or(&b""[..], |g| g.as_bytes()));
                groups.map(<[u8]>::to_vec).collect::<Vec<_>>()
            })
        }) else {
            unknown(state);
            return None;
        };
        let entries = found.iter().flatten().enumerate().map(|(index, group)| {
            let key = (u64::try_from(index).unwrap_or(u64::MAX), Vec::new());
            (key, subject.derived(Value::known(group.clone())))
        });
        let entries = entries.collect();
        state.set(b"BASH_REMATCH", Traced::unknown());
        if let Some(variable) = state.variables.get_mut(b"BASH_REMATCH".as_slice()) {
            variable.contents = Contents::Array {
                entries,
                associative: false,
            };
        }
        Some(found.is_some())
    }

    /// `[ ... ]` and `test ...`; the words without the program and the bracket.
    pub(super) fn test(&mut self, words: &[Traced], place: &Place, state: &mut State) -> Status {
        let before = std::mem::take(&mut self.asked);
        let mut reader = Reader {
            words,
            at: 0,
            depth: 0,
        };
        let holds = match words {
            [] => Some(false),
            [one] => self.open(not_empty(one), &[one]),
            [not, one] if not.value.is(b"!") => self.open(not_empty(one), &[one]).map(|b| !b),
            [operator, one] => match operator.bytes() {
                Some(bytes) if bytes.starts_with(b"-") => {
                    let bytes = bytes.to_vec();
                    self.unary(&bytes, one, state)
                }
                _ => None,
            },
            _ => {
                let holds = self.alternatives(&mut reader, state);
                // words left over: the command fails with status 2
                if reader.at < words.len() { None } else { holds }
            }
        };
        self.answered(holds, place, before)
    }

    fn alternatives(&mut self, reader: &mut Reader<'_>, state: &mut State) -> Option<bool> {
        let mut left = self.conjunction(reader, state);
        while reader.eat(b"-o") {
            left = either(left, self.conjunction(reader, state));
        }
        left
    }

    fn conjunction(&mut self, reader: &mut Reader<'_>, state: &mut State) -> Option<bool> {
        let mut left = self.primary(reader, state);
        while reader.eat(b"-a") {
            left = both(left, self.primary(reader, state));
        }
        left
    }

    fn primary(&mut self, reader: &mut Reader<'_>, state: &mut State) -> Option<bool> {
        reader.depth += 1;
        if reader.depth > DEPTH {
            return None;
        }
        let first = reader.words.get(reader.at)?;
        if let (Some(operator), Some(right)) = (
            reader.words.get(reader.at + 1),
            reader.words.get(reader.at + 2),
        ) && let Some(operator) = operator.bytes()
            && is_binary(operator)
        {
            let operator = operator.to_vec();
            reader.at += 3;
            return self.binary(&operator, first, right, false, state);
        }
        if reader.eat(b"!") {
            return self.primary(reader, state).map(|b| !b);
        }
        if reader.eat(b"(") {
            let inner = self.alternatives(reader, state);
            return if reader.eat(b")") { inner } else { None };
        }
        reader.at += 1;
        let operator = first
            .bytes()
            .filter(|b| b.len() == 2 && b.starts_with(b"-"));
        if let (Some(operator), Some(operand)) = (operator, reader.words.get(reader.at)) {
            let operator = operator.to_vec();
            reader.at += 1;
            return self.unary(&operator, operand, state);
        }
        not_empty(first)
    }

    fn unary(&mut self, operator: &[u8], operand: &Traced, state: &State) -> Option<bool> {
        let holds = self.unary_holds(operator, operand, state);
        self.open(holds, &[operand])
    }

    fn unary_holds(&mut self, operator: &[u8], operand: &Traced, state: &State) -> Option<bool> {
        let what = match operator {
            b"-n" => return self.emptiness(operand).map(|b| !b),
            b"-z" => return self.emptiness(operand),
            b"-v" => return self.is_set(operand, state),
            b"-e" | b"-a" => FileTest::Exists,
            b"-f" => FileTest::Regular,
            b"-d" => FileTest::Directory,
            b"-L" | b"-h" => FileTest::Link,
            b"-s" => FileTest::NotEmpty,
            b"-r" => FileTest::Readable,
            b"-w" => FileTest::Writable,
            b"-x" => FileTest::Executable,
            b"-b" => FileTest::Block,
            b"-c" => FileTest::Character,
            b"-p" => FileTest::Fifo,
            b"-S" => FileTest::Socket,
            _ => return None,
        };
        let path = operand.bytes()?;
        if path.is_empty() {
            return Some(false);
        }
        if state.scope != super::Scope::Here {
            return None;
        }
        let path = super::follow::absolute(path, &state.cwd)?;
        match self.world.test(what, Path::new(&path)) {
            Fact::Known(answer) => Some(answer),
            Fact::Absent(_) => Some(false),
            // A file named after what the caller gave is no flag that comes and goes.
            Fact::Unknown(_) if !operand.inputs.is_empty() && self.world.lacks(&path) => {
                Some(false)
            }
            Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => None,
        }
    }

    /// `-v NAME`, and `-v NAME[KEY]` of a table.
    fn is_set(&mut self, operand: &Traced, state: &State) -> Option<bool> {
        let text = operand.bytes()?;
        let cut = text.iter().position(|b| *b == b'[');
        let name = text.get(..cut.unwrap_or(text.len()))?;
        let variable = state.variables.get(name);
        let Some(cut) = cut else {
            return (!state.tainted).then_some(variable.is_some());
        };
        let key = text.get(cut + 1..)?.strip_suffix(b"]")?.to_vec();
        let Some(variable) = variable else {
            return (!state.tainted).then_some(false);
        };
        match &variable.contents {
            Contents::Array {
                entries,
                associative: true,
            } => {
                let found = entries.contains_key(&(0, key.clone()));
                let names = entries.keys().map(|(_, name)| name.as_slice());
                let key = operand.derived(Value::Known(key));
                self.looked_up_key(&key, names);
                Some(found)
            }
            Contents::Array { .. } | Contents::Scalar(_) => None,
        }
    }

    fn emptiness(&mut self, operand: &Traced) -> Option<bool> {
        let empty = not_empty(operand).map(|b| !b);
        if let Some(place) = operand.place.clone() {
            self.compare(operand, b"", &place, false, empty);
        }
        empty
    }

    fn binary(
        &mut self,
        operator: &[u8],
        left: &Traced,
        right: &Traced,
        double: bool,
        state: &mut State,
    ) -> Option<bool> {
        let holds = self.binary_holds(operator, left, right, double, state);
        self.open(holds, &[left, right])
    }

    fn binary_holds(
        &mut self,
        operator: &[u8],
        left: &Traced,
        right: &Traced,
        double: bool,
        state: &mut State,
    ) -> Option<bool> {
        match operator {
            b"=" | b"==" | b"!=" => {
                let elements = |b: &[u8]| b.iter().map(|b| Element::Byte(*b)).collect();
                let pattern = Pattern {
                    elements: right.bytes().map(elements),
                    text: right.clone(),
                    bytes: Vec::new(),
                };
                let place = right.place.clone().or_else(|| left.place.clone())?;
                let left_place = left.place.clone().unwrap_or_else(|| place.clone());
                let matched = self.equal(left, &pattern, &place, &left_place);
                matched.map(|m| m == (operator != b"!="))
            }
            b"<" | b"\\<" => Some(left.bytes()? < right.bytes()?),
            b">" | b"\\>" => Some(left.bytes()? > right.bytes()?),
            b"-eq" | b"-ne" | b"-lt" | b"-le" | b"-gt" | b"-ge" => {
                let (a, b) = (number(left, double, state)?, number(right, double, state)?);
                Some(match operator {
                    b"-eq" => a == b,
                    b"-ne" => a != b,
                    b"-lt" => a < b,
                    b"-le" => a <= b,
                    b"-gt" => a > b,
                    _ => a >= b,
                })
            }
            _ => None,
        }
    }
}

struct Reader<'a> {
    words: &'a [Traced],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn eat(&mut self, wanted: &[u8]) -> bool {
        let found = self.words.get(self.at).is_some_and(|w| w.value.is(wanted));
        self.at += usize::from(found);
        found
    }
}

/// A POSIX extended regular expression, where the library reads it alike.
pub(super) fn posix(expression: &str) -> Option<regex::bytes::Regex> {
    // back references, and escapes that only one of both knows
    let mut characters = expression.chars();
    while let Some(c) = characters.next() {
        if c == '\\'
            && characters
                .next()
                .is_none_or(|next| next.is_ascii_alphanumeric())
        {
            return None;
        }
    }
    regex::bytes::RegexBuilder::new(expression)
        .size_limit(1 << 20)
        .unicode(false)
        .dot_matches_new_line(true)
        .build()
        .ok()
}

pub(super) fn status(holds: Option<bool>, place: &Place) -> Status {
    match holds {
        Some(holds) => Status::Known(u8::from(!holds)),
        None => Status::Open(condition_at(place)),
    }
}

fn not_empty(value: &Traced) -> Option<bool> {
    match &value.value {
        Value::Known(bytes) => Some(!bytes.is_empty()),
        Value::Unknown { prefix } => (!prefix.is_empty()).then_some(true),
    }
}

/// An integer; in `[[ ]]` an arithmetic expression. Not a number is an error
/// with a status of its own, which "not known" stands for here.
fn number(value: &Traced, double: bool, state: &mut State) -> Option<i64> {
    let bytes = value.bytes()?.trim_ascii();
    if double {
        if bytes.is_empty() {
            return Some(0);
        }
        return super::arithmetic::evaluate(bytes, state);
    }
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn either(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    both(a.map(|a| !a), b.map(|b| !b)).map(|c| !c)
}

fn is_binary(operator: &[u8]) -> bool {
    matches!(
        operator,
        b"=" | b"=="
            | b"!="
            | b"<"
            | b">"
            | b"-eq"
            | b"-ne"
            | b"-lt"
            | b"-le"
            | b"-gt"
            | b"-ge"
            | b"-nt"
            | b"-ot"
            | b"-ef"
    )
}
