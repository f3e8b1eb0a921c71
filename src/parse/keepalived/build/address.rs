//! Lines of `virtual_ipaddress` (keepalived `vrrp_ipaddress.c`,
//! `alloc_ipaddress`).

use std::net::{IpAddr, Ipv4Addr};

use super::super::model::{Address, Family, Text};
use super::super::number::{address, integer};
use super::super::problem::ProblemKind;
use super::super::report::Report;
use super::super::version::Dialect;
use super::Given;

/// Longest interface name or label.
pub(super) const LONGEST_NAME: usize = 15;

/// Reads a line; `None` where keepalived drops the address whatever the host
/// looks like.
pub(super) fn virtual_address(
    given: Given<'_>,
    dialect: Dialect,
    report: &mut Report,
) -> Option<Address> {
    let text = given.text(given.keyword);
    let place = text.place.clone();
    let slash = text.value.iter().position(|b| *b == b'/');
    let host = text.value.get(..slash.unwrap_or(text.value.len()));
    let Some(found) = host.and_then(address) else {
        let message = "not an address: the line is dropped";
        report.problem(ProblemKind::BadAddress, place, message);
        return None;
    };
    let family = Family::of(found);
    let most = match family {
        Family::V4 => 32,
        Family::V6 => 128,
    };
    let length = slash.and_then(|at| text.value.get(at + 1..));
    let prefix = length.map(|digits| integer(digits, 0, i64::from(most)));
    let read = prefix.map(|number| number.strict().and_then(|n| u8::try_from(n).ok()));
    if read == Some(None) {
        let message = "not a prefix length: the address alone is used";
        report.problem(ProblemKind::BadOption, place.clone(), message);
    }
    let prefix = read.flatten().unwrap_or(most);
    let options = given.words();
    if dialect.reports_options() {
        unknown_options(&options, report);
    }
    let Options { dev, label } = match options_of(&options, family) {
        Ok(options) => options,
        Err(message) => {
            report.problem(ProblemKind::BadAddress, place, message);
            return None;
        }
    };
    Some(Address {
        address: found,
        prefix,
        has_prefix: slash.is_some(),
        text,
        dev,
        label,
        options,
    })
}

/// Words that take another one.
const TAKING: &[&[u8]] = &[
    b"dev",
    b"scope",
    b"broadcast",
    b"brd",
    b"label",
    b"peer",
    b"preferred_lft",
];

/// Words that stand alone.
const ALONE: &[&[u8]] = &[
    b"home",
    b"-nodad",
    b"mngtmpaddr",
    b"noprefixroute",
    b"autojoin",
    b"no_track",
    b"use_vmac",
];

/// Tells of the words that keepalived passes over.
fn unknown_options(words: &[Text], report: &mut Report) {
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if TAKING.contains(&word.value.as_slice()) {
            rest.next();
        } else if !ALONE.contains(&word.value.as_slice()) {
            let message = "an unknown word behind an address: it is ignored";
            report.problem(ProblemKind::BadOption, word.place.clone(), message);
        }
    }
}

struct Options {
    dev: Option<Text>,
    label: Option<Text>,
}

fn options_of(words: &[Text], family: Family) -> Result<Options, &'static str> {
    let mut found = Options {
        dev: None,
        label: None,
    };
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let takes = TAKING.contains(&word.value.as_slice());
        if !takes {
            continue;
        }
        let Some(value) = rest.next() else {
            return Err("an option without its value: the address is dropped");
        };
        match word.value.as_slice() {
            b"dev" if found.dev.is_some() => {
                return Err("a second dev: the address is dropped");
            }
            b"dev" => found.dev = Some(value.clone()),
            b"label" if value.value.len() > LONGEST_NAME => {
                return Err("a label of more than 15 bytes: the address is dropped");
            }
            b"label" => found.label = Some(value.clone()),
            b"broadcast" | b"brd" if family == Family::V6 => {
                return Err("a broadcast for an IPv6 address: the address is dropped");
            }
            b"broadcast" | b"brd" => {
                let sign = matches!(value.value.as_slice(), b"+" | b"-");
                if !sign && !is_ipv4(&value.value) {
                    return Err("not a broadcast address: the address is dropped");
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

fn is_ipv4(text: &[u8]) -> bool {
    let text = std::str::from_utf8(text).ok();
    text.is_some_and(|text| text.parse::<Ipv4Addr>().is_ok())
}

/// Whether both are of one family.
pub(super) fn family_of(address: IpAddr) -> Family {
    Family::of(address)
}
