//! Lines of `virtual_routes` and `static_routes` (keepalived `vrrp_iproute.c`,
//! `alloc_route`).

use std::sync::Arc;

use super::super::number::address;
use super::super::problem::ProblemKind;
use super::super::report::Report;
use super::super::words::Word;
use crate::text::File;

/// Keywords that take one word.
const TAKING: &[&[u8]] = &[
    b"src",
    b"from",
    b"tos",
    b"dsfield",
    b"table",
    b"protocol",
    b"scope",
    b"metric",
    b"priority",
    b"preference",
    b"dev",
    b"oif",
    b"expires",
    b"mtu",
    b"hoplimit",
    b"advmss",
    b"rtt",
    b"rttvar",
    b"reordering",
    b"window",
    b"cwnd",
    b"ssthresh",
    b"realms",
    b"rto_min",
    b"initcwnd",
    b"initrwnd",
    b"features",
    b"quickack",
    b"congctl",
    b"pref",
    b"ttl-propagate",
    b"fastopen_no_cookie",
    b"or",
    b"track_group",
    b"vrf",
];

/// Keywords that stand alone.
const ALONE: &[&[u8]] = &[
    b"inet",
    b"inet6",
    b"as",
    b"onlink",
    b"add",
    b"prepend",
    b"append",
    b"no_track",
];

/// Types of routes (rtnetlink).
const TYPES: &[&[u8]] = &[
    b"unicast",
    b"local",
    b"broadcast",
    b"anycast",
    b"multicast",
    b"blackhole",
    b"unreachable",
    b"prohibit",
    b"throw",
    b"nat",
];

/// Tells of a route that keepalived drops whatever the host looks like; a word that is
/// neither a keyword nor a destination is the common case.
pub(super) fn check(file: &Arc<File>, words: &[Word], report: &mut Report) {
    let mut rest = words.iter();
    let mut destination = false;
    while let Some(word) = rest.next() {
        let text = word.text.as_slice();
        match text {
            // What follows has a grammar of its own.
            b"nexthop" | b"encap" => return,
            b"via" | b"gw" => {
                let family = rest.next();
                if family.is_some_and(|w| matches!(w.text.as_slice(), b"inet" | b"inet6")) {
                    rest.next();
                }
            }
            _ if ALONE.contains(&text) => {}
            _ if TAKING.contains(&text) => {
                let value = rest.next();
                if value.is_some_and(|w| w.is(b"lock")) {
                    rest.next();
                }
            }
            _ => {
                let mut word = Some(word);
                if text == b"to" {
                    word = rest.next();
                }
                if word.is_some_and(|w| TYPES.contains(&w.text.as_slice())) {
                    word = rest.next();
                }
                let Some(word) = word else { break };
                if !is_destination(&word.text) {
                    let message = "neither a keyword nor a destination: the route is dropped";
                    report.problem(ProblemKind::BadRoute, file.place(word.span), message);
                    return;
                }
                destination = true;
            }
        }
    }
    if let (false, Some(first)) = (destination, words.first()) {
        let message = "a route without a destination: it is dropped";
        report.problem(ProblemKind::BadRoute, file.place(first.span), message);
    }
}

/// `default`, `default6`, or an address with or without a length.
fn is_destination(text: &[u8]) -> bool {
    let end = text.iter().position(|b| *b == b'/');
    let host = text.get(..end.unwrap_or(text.len())).unwrap_or(text);
    matches!(text, b"default" | b"default6") || address(host).is_some()
}
