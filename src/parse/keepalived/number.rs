//! Numbers, truth values and addresses as keepalived reads them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A number read from a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number<T> {
    /// As it should be.
    Good(T),
    /// Something follows the digits: where keepalived is lenient, the digits
    /// count, except in its test mode.
    Prefix(T),
    /// Not a number, or out of range.
    Bad,
}

impl<T> Number<T> {
    /// The number where a prefix counts too.
    pub(super) fn lenient(self) -> Option<T> {
        match self {
            Self::Good(number) | Self::Prefix(number) => Some(number),
            Self::Bad => None,
        }
    }

    /// The number where it must be all of the word.
    pub(super) fn strict(self) -> Option<T> {
        match self {
            Self::Good(number) => Some(number),
            Self::Prefix(_) | Self::Bad => None,
        }
    }
}

/// A decimal number (`read_int`, `read_unsigned`).
pub(super) fn integer(text: &[u8], least: i64, most: i64) -> Number<i64> {
    let text = text.trim_ascii_start();
    let (minus, digits) = match text.first() {
        Some(b'-') => (true, text.get(1..).unwrap_or(&[])),
        Some(b'+') => (false, text.get(1..).unwrap_or(&[])),
        _ => (false, text),
    };
    let end = digits.iter().position(|b| !b.is_ascii_digit());
    let value = digits.get(..end.unwrap_or(digits.len())).unwrap_or(&[]);
    let value = value.iter().fold(0_i64, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
    });
    let value = if minus { -value } else { value };
    if !(least..=most).contains(&value) {
        return Number::Bad;
    }
    // C's strtol reads nothing at all as 0, and finds nothing wrong with it; a
    // sign alone is a tail.
    match end {
        None if !digits.is_empty() || text.is_empty() => Number::Good(value),
        _ => Number::Prefix(value),
    }
}

/// Seconds with up to six decimals, in microseconds (`read_decimal_unsigned`).
pub(super) fn seconds(text: &[u8], least: u64, most: u64) -> Number<u64> {
    let text = text.trim_ascii_start();
    let mut value = 0_u64;
    let mut decimals = 0;
    let mut point = false;
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        match byte {
            b'0'..=b'9' if decimals < 6 => {
                value = value.saturating_mul(10);
                value = value.saturating_add(u64::from(byte - b'0'));
                decimals += u32::from(point);
            }
            // Further decimals are rounded away.
            b'0'..=b'9' => {}
            b'.' if !point => point = true,
            _ => break,
        }
        rest = after;
    }
    let value = value.saturating_mul(10_u64.pow(6 - decimals));
    if !(least..=most).contains(&value) || text.is_empty() {
        return Number::Bad;
    }
    if rest.is_empty() {
        Number::Good(value)
    } else {
        Number::Prefix(value)
    }
}

/// `true|on|yes`, `false|off|no`; anything else is neither.
pub(super) fn truth(text: &[u8]) -> Option<bool> {
    match text {
        b"true" | b"on" | b"yes" => Some(true),
        b"false" | b"off" | b"no" => Some(false),
        _ => None,
    }
}

/// An address as `inet_pton` takes it; a colon decides the family.
pub(super) fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    if text.contains(':') {
        text.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
    } else {
        text.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
    }
}

/// The address of a peer or source: a range (`-`) or length (`/`) behind it is
/// ignored (`inet_stosockaddr`).
pub(super) fn host_address(text: &[u8]) -> Option<IpAddr> {
    let end = text.iter().position(|b| *b == b'-');
    let end = end.or_else(|| text.iter().position(|b| *b == b'/'));
    address(text.get(..end.unwrap_or(text.len()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_decimal_and_may_have_a_tail_where_keepalived_is_lenient() {
        let cases: [(&str, Number<i64>); 10] = [
            ("100", Number::Good(100)),
            (" 7", Number::Good(7)),
            ("+5", Number::Good(5)),
            ("100\\", Number::Prefix(100)),
            ("0x10", Number::Bad),
            ("256", Number::Bad),
            ("0", Number::Bad),
            ("-1", Number::Bad),
            ("", Number::Bad),
            ("99999999999999999999999", Number::Bad),
        ];
        for (text, expected) in cases {
            assert_eq!(integer(text.as_bytes(), 1, 255), expected, "{text}");
        }
        assert_eq!(integer(b"-20", -253, 253), Number::Good(-20));
        assert_eq!(integer(b"", 0, 32), Number::Good(0));
        assert_eq!(integer(b"x", 0, 32), Number::Prefix(0));
        assert_eq!(integer(b"+", 0, 32), Number::Prefix(0));
    }

    #[test]
    fn timers_are_seconds_with_six_decimals() {
        let cases: [(&str, Number<u64>); 7] = [
            ("1", Number::Good(1_000_000)),
            ("0.5", Number::Good(500_000)),
            (".25", Number::Good(250_000)),
            ("1.1234567", Number::Good(1_123_456)),
            ("1s", Number::Prefix(1_000_000)),
            ("0", Number::Bad),
            ("256", Number::Bad),
        ];
        for (text, expected) in cases {
            let number = seconds(text.as_bytes(), 10_000, 255_000_000);
            assert_eq!(number, expected, "{text}");
        }
    }

    #[test]
    fn truth_values_are_lower_case_words() {
        assert_eq!(truth(b"on"), Some(true));
        assert_eq!(truth(b"no"), Some(false));
        assert_eq!(truth(b"True"), None);
        assert_eq!(truth(b"1"), None);
    }

    #[test]
    fn an_address_is_what_inet_pton_takes() {
        let cases = [
            ("10.0.0.1", true),
            ("2001:db8::1", true),
            ("::ffff:10.0.0.1", true),
            ("10.0.0", false),
            ("10.0.0.01", false),
            ("host", false),
            ("fe80::1%eth0", false),
        ];
        for (text, good) in cases {
            assert_eq!(address(text.as_bytes()).is_some(), good, "{text}");
        }
        assert!(host_address(b"10.0.0.1/24").is_some());
        assert!(host_address(b"10.0.0.1-9").is_some());
    }
}
