//! One `iface` stanza.

use std::net::IpAddr;

use super::next;
use crate::text::{Place, escape};

/// Families and the methods of each (`inet.defn` and its like, 0.8.41).
const METHODS: [(&str, &[&str]); 4] = [
    (
        "inet",
        &[
            "loopback", "static", "manual", "dhcp", "bootp", "tunnel", "ppp", "wvdial", "ipv4ll",
        ],
    ),
    (
        "inet6",
        &[
            "auto", "loopback", "static", "manual", "dhcp", "v4tunnel", "6to4",
        ],
    ),
    ("can", &["static"]),
    ("ipx", &["static", "dynamic"]),
];

/// An option of a stanza.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The name; `post-up` is `up`, and `pre-down` is `down`.
    pub name: String,
    /// The value.
    pub value: String,
    /// The line.
    pub place: Place,
}

/// A stanza.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stanza {
    /// The interface, or the name that another one inherits.
    pub name: String,
    /// `inet`, `inet6`, `can`, `ipx`.
    pub family: &'static str,
    /// `static`, `dhcp` and so on.
    pub method: &'static str,
    /// The options, in order.
    pub options: Vec<Choice>,
    /// The `iface` line.
    pub place: Place,
}

fn family(word: &str) -> Option<(&'static str, &'static [&'static str])> {
    METHODS.iter().find(|(name, _)| *name == word).copied()
}

/// Reads what stands behind `iface`.
pub(super) fn head(rest: &[u8], place: &Place, before: &[Stanza]) -> Result<Stanza, String> {
    let too_few = || "the line of the interface is too short".to_owned();
    let (name, rest) = next(rest).ok_or_else(too_few)?;
    let mut words = Vec::new();
    let mut left = rest;
    while let Some((word, behind)) = next(left) {
        words.push(word);
        left = behind;
    }
    let mut words = words.into_iter().peekable();
    let known = words.peek().and_then(|word| family(word));
    if known.is_some() {
        words.next();
    }
    let method = known.and_then(|(_, methods)| {
        let word = words.peek()?;
        methods.iter().find(|method| *method == word).copied()
    });
    if method.is_some() {
        words.next();
    }
    let inherits = words.peek().is_some_and(|word| word == "inherits");
    let wrong = words.peek().map(|word| escape(word.as_bytes()));
    if !inherits {
        // A word too much behind a method is only complained about.
        let Some(((family, _), method)) = known.zip(method) else {
            return Err(match wrong {
                Some(word) if known.is_some() => format!("{word} is no method"),
                Some(word) => format!("{word} is no kind of address"),
                None => too_few(),
            });
        };
        return Ok(Stanza {
            name,
            family,
            method,
            options: Vec::new(),
            place: place.clone(),
        });
    }
    words.next();
    let from = words.next().ok_or("inherits names no stanza")?;
    let same = |stanza: &&Stanza| {
        stanza.name == from && known.is_none_or(|(family, _)| family == stanza.family)
    };
    let Some(other) = before.iter().find(same) else {
        return Err(format!(
            "there is no stanza {} to inherit from",
            escape(from.as_bytes())
        ));
    };
    Ok(Stanza {
        name,
        family: known.map_or(other.family, |(family, _)| family),
        method: method.unwrap_or(other.method),
        options: other.options.clone(),
        place: place.clone(),
    })
}

impl Stanza {
    /// Adds an option; one that is there already gets a second line, but for commands.
    pub(super) fn set(&mut self, name: &str, value: &str, place: &Place) {
        let name = match name {
            "post-up" => "up",
            "pre-down" => "down",
            name => name,
        };
        let command = matches!(name, "pre-up" | "up" | "down" | "post-down");
        let there = self
            .options
            .iter_mut()
            .find(|option| option.name == name && !command);
        match there {
            Some(option) => {
                option.value.push('\n');
                option.value.push_str(value);
            }
            None => self.options.push(Choice {
                name: name.to_owned(),
                value: value.to_owned(),
                place: place.clone(),
            }),
        }
    }

    /// The first option of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Choice> {
        self.options.iter().find(|option| option.name == name)
    }

    /// The commands of `pre-up`, `up`, `down` or `post-down`, in order.
    pub fn commands<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a Place)> {
        let of = self
            .options
            .iter()
            .filter(move |option| option.name == name);
        of.map(|option| (option.value.as_str(), &option.place))
    }

    /// The address and the length of its prefix, where they are written so that ifupdown
    /// takes them.
    #[must_use]
    pub fn address(&self) -> Option<(IpAddr, u8)> {
        let value = self.get("address")?.value.lines().next()?;
        let (text, length) = value.split_once('/').unwrap_or((value, ""));
        let address: IpAddr = text.split_whitespace().next()?.parse().ok()?;
        let digits: String = length.chars().take_while(char::is_ascii_digit).collect();
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = match digits.parse::<u8>() {
            Ok(length) => length,
            Err(_) => match self.get("netmask") {
                Some(mask) => mask_length(mask.value.lines().next()?.trim())?,
                None => match address {
                    // The classes of old (`compute_v4_mask`).
                    IpAddr::V4(v4) => match v4.octets() {
                        [0..=127, ..] => 8,
                        [128..=191, ..] => 16,
                        [192..=223, ..] => 24,
                        _ => 32,
                    },
                    IpAddr::V6(_) => 128,
                },
            },
        };
        (length <= most).then_some((address, length))
    }

    /// The address, where it is written like one of IPv4 and ip(8) refuses it.
    #[must_use]
    pub fn refused_address(&self) -> Option<&str> {
        let text = self.get("address")?.value.split_whitespace().next()?;
        is_no_address(text).then_some(text)
    }

    /// The address of its `gateway`.
    #[must_use]
    pub fn gateway(&self) -> Option<(IpAddr, &Place)> {
        let option = self.get("gateway")?;
        let word = option.value.split_whitespace().next()?;
        Some((word.parse().ok()?, &option.place))
    }
}

/// Whether ip(8) refuses what is written like an address of IPv4 (iproute2 6.1
/// `lib/utils.c`, `get_addr_ipv4`: up to four numbers, each of at most 255).
fn is_no_address(text: &str) -> bool {
    let written = |c: char| c.is_ascii_digit() || matches!(c, '.' | '/');
    if !text.contains('.') || !text.chars().all(written) {
        return false;
    }
    let (address, length) = text.split_once('/').unwrap_or((text, "32"));
    let is_part = |part: &str| part.parse::<u32>().is_ok_and(|number| number <= 255);
    let parts = address.split('.');
    let is_length = length.contains('.') || length.parse::<u32>().is_ok_and(|bits| bits <= 32);
    parts.clone().count() > 4 || !parts.into_iter().all(is_part) || !is_length
}

/// `255.255.255.0` or `24`.
fn mask_length(text: &str) -> Option<u8> {
    if let Ok(length) = text.parse() {
        return Some(length);
    }
    let mask: std::net::Ipv4Addr = text.parse().ok()?;
    let ones = u32::from(mask).leading_ones();
    let whole = u32::from(mask).count_ones() == ones;
    whole.then(|| u8::try_from(ones).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::is_no_address;

    #[test]
    fn an_address_is_refused_for_a_number_that_is_too_large_and_for_nothing_unknown() {
        for refused in [
            "192.0.2.300",
            "192.0.2.10/33",
            "1.2.3.4.5/24",
            "192.0..2/24",
            "256.1",
        ] {
            assert!(is_no_address(refused), "{refused}");
        }
        let taken = [
            "192.0.2.10",
            "192.0.2.10/24",
            "192.0.2.10/255.255.255.0",
            "10.1",
            "192.000.002.001",
            "2001:db8::1/64",
            "$ADDRESS",
            "host.example.org",
        ];
        for taken in taken {
            assert!(!is_no_address(taken), "{taken}");
        }
    }
}
