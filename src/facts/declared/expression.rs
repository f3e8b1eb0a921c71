//! Relations that a site declares: `workers * 2 + 10 <= connections`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::number::Number;

/// How deep parentheses may stand.
const DEPTH: usize = 16;
/// Longest text of a relation, bytes.
const LONGEST: usize = 1024;

/// A sum, a product, a number or a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// A number.
    Constant(Number),
    /// A declared value.
    Name(String),
    /// One, an operation, another.
    Both(Box<Term>, Operation, Box<Term>),
}

/// What is done with two terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Their sum.
    Plus,
    /// Their difference.
    Minus,
    /// Their product.
    Times,
}

/// What must be between two terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `==`
    Same,
    /// `!=`
    Other,
}

/// Two terms and what must be between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// Left of the sign.
    pub left: Term,
    /// The sign.
    pub comparison: Comparison,
    /// Right of it.
    pub right: Term,
}

impl Comparison {
    /// The two characters that are looked for first, then the one.
    const SIGNS: [(&'static str, Self); 6] = [
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("==", Self::Same),
        ("!=", Self::Other),
        ("<", Self::Below),
        (">", Self::Above),
    ];

    const fn holds(self, order: Ordering) -> bool {
        match self {
            Self::AtMost => order.is_le(),
            Self::Below => order.is_lt(),
            Self::AtLeast => order.is_ge(),
            Self::Above => order.is_gt(),
            Self::Same => order.is_eq(),
            Self::Other => order.is_ne(),
        }
    }
}

impl Expression {
    /// Reads a relation.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("longer than {LONGEST} bytes"));
        }
        let mut reader = Reader { rest: text };
        let left = reader.sum(0)?;
        let mut signs = Comparison::SIGNS.into_iter();
        let sign = signs.find(|(sign, _)| reader.take(sign));
        let (_, comparison) = sign.ok_or_else(|| reader.unexpected("<=, >=, <, >, == or !="))?;
        let right = reader.sum(0)?;
        if !reader.rest.trim().is_empty() {
            return Err(reader.unexpected("the end"));
        }
        Ok(Self {
            left,
            comparison,
            right,
        })
    }

    /// The names in it, in order, each once.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.left.collect(&mut names);
        self.right.collect(&mut names);
        names
    }

    /// Both sides, and whether it holds; none where a number gets too large.
    #[must_use]
    pub fn reckon(&self, values: &BTreeMap<&str, Number>) -> Option<(Number, Number, bool)> {
        let (left, right) = (self.left.reckon(values)?, self.right.reckon(values)?);
        let holds = self.comparison.holds(left.compare(right)?);
        Some((left, right, holds))
    }
}

impl Term {
    fn collect<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::Constant(_) => {}
            Self::Name(name) if names.contains(&name.as_str()) => {}
            Self::Name(name) => names.push(name),
            Self::Both(left, _, right) => {
                left.collect(names);
                right.collect(names);
            }
        }
    }

    fn reckon(&self, values: &BTreeMap<&str, Number>) -> Option<Number> {
        match self {
            Self::Constant(number) => Some(*number),
            Self::Name(name) => values.get(name.as_str()).copied(),
            Self::Both(left, operation, right) => {
                let (left, right) = (left.reckon(values)?, right.reckon(values)?);
                match operation {
                    Operation::Plus => left.plus(right),
                    Operation::Minus => left.minus(right),
                    Operation::Times => left.times(right),
                }
            }
        }
    }
}

/// Whether a text may name a value.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn take(&mut self, sign: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn unexpected(&self, wanted: &str) -> String {
        let rest = self.rest.trim();
        if rest.is_empty() {
            format!("it ends where {wanted} should be")
        } else {
            format!("\"{rest}\" where {wanted} should be")
        }
    }

    fn sum(&mut self, depth: usize) -> Result<Term, String> {
        let mut term = self.product(depth)?;
        loop {
            let operation = if self.take("+") {
                Operation::Plus
            } else if self.take("-") {
                Operation::Minus
            } else {
                return Ok(term);
            };
            let other = self.product(depth)?;
            term = Term::Both(Box::new(term), operation, Box::new(other));
        }
    }

    fn product(&mut self, depth: usize) -> Result<Term, String> {
        let mut term = self.one(depth)?;
        while self.take("*") {
            let other = self.one(depth)?;
            term = Term::Both(Box::new(term), Operation::Times, Box::new(other));
        }
        Ok(term)
    }

    fn one(&mut self, depth: usize) -> Result<Term, String> {
        if self.take("(") {
            if depth >= DEPTH {
                return Err(format!("more than {DEPTH} parentheses deep"));
            }
            let term = self.sum(depth + 1)?;
            if !self.take(")") {
                return Err(self.unexpected("a closing parenthesis"));
            }
            return Ok(term);
        }
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !"_.".contains(c));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let term = if is_name(word) {
            Term::Name(word.to_owned())
        } else if let Some(number) = Number::parse(word) {
            Term::Constant(number)
        } else {
            return Err(self.unexpected("a name or a number"));
        };
        self.rest = rest;
        Ok(term)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reckon(text: &str) -> (String, String, bool) {
        let numbers = [("a", 3), ("b_2", 10)].map(|(name, n)| (name, Number::whole(n)));
        let expression = Expression::parse(text).unwrap();
        let (left, right, holds) = expression.reckon(&BTreeMap::from(numbers)).unwrap();
        (left.to_string(), right.to_string(), holds)
    }

    #[test]
    fn products_bind_closer_than_sums_and_the_sign_decides() {
        assert_eq!(reckon("a*2+1 <= b_2"), ("7".into(), "10".into(), true));
        assert_eq!(
            reckon("2 * (a + 1) > b_2"),
            ("8".into(), "10".into(), false)
        );
        assert_eq!(reckon("b_2 - a - 1 == 6.0"), ("6".into(), "6".into(), true));
        assert_eq!(reckon("a!=3"), ("3".into(), "3".into(), false));
        assert_eq!(reckon("a >= 3"), ("3".into(), "3".into(), true));
        assert_eq!(reckon("a < b_2"), ("3".into(), "10".into(), true));
    }

    #[test]
    fn names_are_told_in_order_and_once() {
        let expression = Expression::parse("b * a + b < c").unwrap();
        assert_eq!(expression.names(), ["b", "a", "c"]);
    }

    #[test]
    fn what_is_no_relation_is_an_error_that_says_where() {
        let error = |text: &str| Expression::parse(text).unwrap_err();
        assert_eq!(
            error("a + <= b"),
            "\"<= b\" where a name or a number should be"
        );
        assert_eq!(error("a"), "it ends where <=, >=, <, >, == or != should be");
        assert_eq!(error("a <= b c"), "\"c\" where the end should be");
        assert_eq!(
            error("(a <= b"),
            "\"<= b\" where a closing parenthesis should be"
        );
        assert!(error(&"(".repeat(40)).contains("parentheses deep"));
        assert!(error(&"1+".repeat(600)).contains("longer"));
        assert!(error("1k < 2").contains("1k < 2"));
    }
}
