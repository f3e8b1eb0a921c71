//! Decimal numbers, exact: what is compared must not be rounded.

use std::cmp::Ordering;
use std::fmt;

/// A decimal number: `mantissa / 10^scale`. Equal are two that were written alike; see
/// [`Number::compare`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    mantissa: i128,
    scale: u32,
}

/// Most digits behind the point; more is beyond what is reckoned.
const FINEST: u32 = 18;

impl Number {
    /// A whole number.
    #[must_use]
    pub const fn whole(number: i128) -> Self {
        Self {
            mantissa: number,
            scale: 0,
        }
    }

    /// The number of a text such as `-12`, `+3.50` or `1_000`; none where it is none, or
    /// too long.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
        let begins = whole.starts_with(|c: char| c.is_ascii_digit());
        let ends = digits.ends_with(|c: char| c.is_ascii_digit());
        if !begins || !ends || !plain(whole) || !plain(part) {
            return None;
        }
        let part = part.replace('_', "");
        let scale = u32::try_from(part.len()).ok().filter(|n| *n <= FINEST)?;
        let text = format!("{}{part}", whole.replace('_', ""));
        let mantissa: i128 = text.parse().ok()?;
        let mantissa = if negative { -mantissa } else { mantissa };
        Some(Self { mantissa, scale })
    }

    /// The sum; none where it is too large.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        let (left, right, scale) = self.aligned(other)?;
        let mantissa = left.checked_add(right)?;
        Some(Self { mantissa, scale })
    }

    /// The difference; none where it is too large.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        let mantissa = other.mantissa.checked_neg()?;
        self.plus(Self { mantissa, ..other })
    }

    /// The product; none where it is too large, or too fine.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        let scale = self.scale + other.scale;
        if scale > FINEST {
            return None;
        }
        let mantissa = self.mantissa.checked_mul(other.mantissa)?;
        Some(Self { mantissa, scale })
    }

    /// Which is the greater; none where they lie too far apart to tell.
    #[must_use]
    pub fn compare(self, other: Self) -> Option<Ordering> {
        let (left, right, _) = self.aligned(other)?;
        Some(left.cmp(&right))
    }

    fn aligned(self, other: Self) -> Option<(i128, i128, u32)> {
        let scale = self.scale.max(other.scale);
        let raised = |number: Self| {
            let factor = 10_i128.checked_pow(scale - number.scale)?;
            number.mantissa.checked_mul(factor)
        };
        Some((raised(self)?, raised(other)?, scale))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let digits = self.mantissa.unsigned_abs().to_string();
        let scale = usize::try_from(self.scale).unwrap_or(0);
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (whole, part) = digits.split_at(digits.len() - scale);
        let part = part.trim_end_matches('0');
        let point = if part.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{part}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_reckoned_exactly_and_shown_without_needless_digits() {
        let number = |text: &str| Number::parse(text).unwrap();
        let sum = number("0.1").plus(number("0.2")).unwrap();
        assert_eq!(sum.compare(number("0.3")), Some(Ordering::Equal));
        assert_eq!(sum.to_string(), "0.3");
        assert_eq!(number("-1_000.50").to_string(), "-1000.5");
        assert_eq!(number("2.50").times(number("4")).unwrap().to_string(), "10");
        let less = number("1").minus(number("1.25")).unwrap();
        assert_eq!(less.to_string(), "-0.25");
    }

    #[test]
    fn what_is_no_number_or_too_large_is_none() {
        for text in [
            "", "-", "x", "1k", "0x10", "1.", ".5", "_1", "1e3", "1..2", " 1",
        ] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
        let huge = Number::whole(i128::MAX);
        assert!(huge.plus(Number::whole(1)).is_none());
        assert!(huge.times(huge).is_none());
        assert!(Number::parse(&"9".repeat(60)).is_none());
    }
}
