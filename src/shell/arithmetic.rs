//! Shell arithmetic on known numbers.

use super::evaluate::Evaluator;
use super::state::State;
use super::syntax::Word;
use super::value::Traced;

/// How deep parentheses and variables that name variables may nest.
const DEPTH: usize = 64;

impl Evaluator<'_> {
    /// The value of an expression; `None` where it is not known. Assignments in
    /// it take place.
    pub(super) fn arithmetic(&mut self, word: &Word, state: &mut State) -> Option<i64> {
        let text = self.single(word, state);
        let Some(bytes) = text.bytes() else {
            forget_assigned(word, state);
            return None;
        };
        evaluate(bytes, state)
    }
}

/// The value of an expression without expansions.
pub(super) fn evaluate(bytes: &[u8], state: &mut State) -> Option<i64> {
    let mut parser = Parser {
        text: bytes,
        at: 0,
        depth: 0,
        state,
        live: true,
    };
    parser.blanks();
    if parser.at >= bytes.len() {
        return Some(0);
    }
    let mut value = parser.assignment();
    while parser.eat(b",") {
        value = parser.assignment();
    }
    parser.blanks();
    // a syntax error is a failing command; "not known" is the careful answer
    value.filter(|_| parser.at >= bytes.len())
}

/// Where an expression is not known, what it may assign is not known either.
fn forget_assigned(word: &Word, state: &mut State) {
    let text = word.place.bytes().to_vec();
    let named = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    for name in text.split(|b| !named(b)) {
        if state.variables.contains_key(name) && text.contains(&b'=') {
            state.set(name, Traced::unknown());
        }
    }
}

struct Parser<'a, 's> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    state: &'s mut State,
    /// False in the branch that is not taken: nothing is assigned there.
    live: bool,
}

/// Binary operators by rank, the loosest first; longer ones before their beginnings.
const RANKS: &[&[&[u8]]] = &[
    &[b"||"],
    &[b"&&"],
    &[b"|"],
    &[b"^"],
    &[b"&"],
    &[b"==", b"!="],
    &[b"<=", b">=", b"<", b">"],
    &[b"<<", b">>"],
    &[b"+", b"-"],
    &[b"*", b"/", b"%"],
    &[b"**"],
];

/// All operators, to tell `<` from `<<` and `|` from `||`.
const OPERATORS: &[&[u8]] = &[
    b"<<=", b">>=", b"**", b"||", b"&&", b"==", b"!=", b"<=", b">=", b"<<", b">>", b"+=", b"-=",
    b"*=", b"/=", b"%=", b"&=", b"|=", b"^=", b"++", b"--", b"|", b"^", b"&", b"<", b">", b"+",
    b"-", b"*", b"/", b"%", b"=", b"?", b":", b",",
];

impl Parser<'_, '_> {
    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or(&[])
    }

    fn blanks(&mut self) {
        let blank = self.rest().iter().take_while(|b| b.is_ascii_whitespace());
        self.at += blank.count();
    }

    fn operator(&mut self) -> Option<&'static [u8]> {
        self.blanks();
        let rest = self.rest();
        OPERATORS.iter().copied().find(|o| rest.starts_with(o))
    }

    fn eat(&mut self, wanted: &[u8]) -> bool {
        let found = self.operator() == Some(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    fn name(&mut self) -> Option<Vec<u8>> {
        self.blanks();
        let rest = self.rest();
        let first = rest.first()?;
        if !(first.is_ascii_alphabetic() || *first == b'_') {
            return None;
        }
        let named = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_';
        let name: Vec<u8> = rest.iter().take_while(named).copied().collect();
        self.at += name.len();
        Some(name)
    }

    fn assignment(&mut self) -> Option<i64> {
        let start = self.at;
        if let Some(name) = self.name() {
            let operator = self.operator();
            if let Some(operator) = operator
                && operator.len() > usize::from(operator != b"=")
                && operator.ends_with(b"=")
                && !matches!(operator, b"==" | b"!=" | b"<=" | b">=")
            {
                self.at += operator.len();
                let right = self.assignment();
                let before = operator.get(..operator.len() - 1).unwrap_or(&[]);
                let value = if before.is_empty() {
                    right
                } else {
                    apply(before, self.variable(&name), right)
                };
                self.assign(&name, value);
                return value;
            }
            self.at = start;
        }
        self.ternary()
    }

    fn assign(&mut self, name: &[u8], value: Option<i64>) {
        if self.live {
            let value = value.map_or_else(Traced::unknown, |v| Traced::known(v.to_string()));
            self.state.set(name, value);
        }
    }

    fn ternary(&mut self) -> Option<i64> {
        let condition = self.binary(0);
        if !self.eat(b"?") {
            return condition;
        }
        let live = self.live;
        self.live = live && condition.is_some_and(|c| c != 0);
        let first = self.assignment();
        if !self.eat(b":") {
            return None;
        }
        self.live = live && condition == Some(0);
        let second = self.assignment();
        self.live = live;
        match condition? {
            0 => second,
            _ => first,
        }
    }

    fn binary(&mut self, rank: usize) -> Option<i64> {
        let Some(operators) = RANKS.get(rank) else {
            return self.unary();
        };
        let mut left = self.binary(rank + 1);
        while let Some(operator) = self.operator().filter(|o| operators.contains(o)) {
            self.at += operator.len();
            let live = self.live;
            let skipped = match operator {
                b"||" => left != Some(0),
                b"&&" => left == Some(0),
                _ => false,
            };
            self.live = live && !skipped;
            let right = self.binary(rank + 1);
            self.live = live;
            left = apply(operator, left, right);
        }
        left
    }

    fn unary(&mut self) -> Option<i64> {
        self.depth += 1;
        let value = if self.depth > DEPTH {
            None
        } else {
            self.unary_inner()
        };
        self.depth -= 1;
        value
    }

    fn unary_inner(&mut self) -> Option<i64> {
        self.blanks();
        if let Some(operator) = self.operator()
            && matches!(operator, b"++" | b"--" | b"+" | b"-")
        {
            self.at += operator.len();
            if operator.len() == 2 {
                let name = self.name()?;
                let step = if operator == b"++" { 1 } else { -1 };
                let value = self.variable(&name).and_then(|v| v.checked_add(step));
                self.assign(&name, value);
                return value;
            }
            let value = self.unary()?;
            return if operator == b"-" {
                value.checked_neg()
            } else {
                Some(value)
            };
        }
        match self.rest().first() {
            Some(b'!') => {
                self.at += 1;
                self.unary().map(|v| i64::from(v == 0))
            }
            Some(b'~') => {
                self.at += 1;
                self.unary().map(|v| !v)
            }
            Some(b'(') => {
                self.at += 1;
                let value = self.assignment();
                self.blanks();
                if self.rest().first() != Some(&b')') {
                    return None;
                }
                self.at += 1;
                value
            }
            Some(b) if b.is_ascii_digit() => self.number(),
            _ => {
                let name = self.name()?;
                let value = self.variable(&name);
                let operator = self.operator();
                if let Some(operator @ (b"++" | b"--")) = operator {
                    self.at += 2;
                    let step = if operator == b"++" { 1 } else { -1 };
                    let after = value.and_then(|v| v.checked_add(step));
                    self.assign(&name, after);
                }
                value
            }
        }
    }

    fn number(&mut self) -> Option<i64> {
        let alphanumeric = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'#';
        let digits: Vec<u8> = self
            .rest()
            .iter()
            .take_while(alphanumeric)
            .copied()
            .collect();
        self.at += digits.len();
        number(&digits)
    }

    fn variable(&mut self, name: &[u8]) -> Option<i64> {
        match self.state.variables.get(name) {
            None if self.state.tainted => None,
            None => Some(0),
            Some(variable) => {
                let value = variable.value();
                let bytes = value.bytes()?.trim_ascii().to_vec();
                if bytes.is_empty() {
                    return Some(0);
                }
                number(&bytes).or_else(|| {
                    self.depth += 8;
                    let known = self.depth < DEPTH && bytes.is_ascii();
                    let value = if known && bytes != name {
                        evaluate(&bytes, self.state)
                    } else {
                        None
                    };
                    self.depth -= 8;
                    value
                })
            }
        }
    }
}

/// A constant: decimal, `0x`, octal, `base#digits`.
pub(super) fn number(bytes: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(bytes).ok()?;
    if let Some(rest) = text.strip_prefix('-') {
        return number(rest.as_bytes()).and_then(i64::checked_neg);
    }
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok();
    }
    if let Some((base, digits)) = text.split_once('#') {
        let base: u32 = base.parse().ok().filter(|b| (2..=36).contains(b))?;
        return i64::from_str_radix(digits, base).ok();
    }
    if text.len() > 1 && text.starts_with('0') {
        return i64::from_str_radix(text, 8).ok();
    }
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

fn apply(operator: &[u8], left: Option<i64>, right: Option<i64>) -> Option<i64> {
    match (operator, left, right) {
        (b"&&", Some(0), _) | (b"&&", _, Some(0)) => return Some(0),
        (b"||", Some(value), _) | (b"||", _, Some(value)) if value != 0 => return Some(1),
        _ => {}
    }
    let (left, right) = (left?, right?);
    let shift = || u32::try_from(right).ok();
    match operator {
        b"||" => Some(i64::from(left != 0 || right != 0)),
        b"&&" => Some(i64::from(left != 0 && right != 0)),
        b"|" => Some(left | right),
        b"^" => Some(left ^ right),
        b"&" => Some(left & right),
        b"==" => Some(i64::from(left == right)),
        b"!=" => Some(i64::from(left != right)),
        b"<=" => Some(i64::from(left <= right)),
        b">=" => Some(i64::from(left >= right)),
        b"<" => Some(i64::from(left < right)),
        b">" => Some(i64::from(left > right)),
        b"<<" => left.checked_shl(shift()?),
        b">>" => left.checked_shr(shift()?),
        b"+" => Some(left.wrapping_add(right)),
        b"-" => Some(left.wrapping_sub(right)),
        b"*" => Some(left.wrapping_mul(right)),
        b"/" => left.checked_div(right),
        b"%" => left.checked_rem(right),
        b"**" => left.checked_pow(shift()?),
        _ => None,
    }
}
