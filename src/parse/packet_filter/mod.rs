//! Files with rules for packets, as far as it takes to tell whether a port can be reached
//! at all: what nft(8) and iptables-restore(8) load. What is not understood lets packets
//! in, so that "shut" is said only where each rule was.

pub mod iptables;
pub mod nft;

use crate::text::Place;

/// Most jumps inside each other that are followed.
const DEPTH: usize = 8;

/// The rules of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// `ip`, `ip6` or `inet`, which is both.
    pub family: String,
    /// Its chains.
    pub chains: Vec<Chain>,
}

/// One chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// Its name.
    pub name: String,
    /// Whether it sees what is sent to the box.
    pub is_input: bool,
    /// What drops the packets that no rule decides on.
    pub drops: Option<Place>,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it does with a packet.
    pub verdict: Verdict,
    /// The packets it is for: each must hold.
    pub bounds: Vec<Bound>,
    /// Whether it is for every packet.
    pub is_for_all: bool,
    /// The rule.
    pub place: Place,
}

/// What a rule does with a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Lets it in, or may.
    Accepts,
    /// Has other chains decide.
    Jumps(Vec<String>),
    /// Ends its way.
    Drops,
    /// Goes on.
    Nothing,
}

/// Which packets a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// None that begins a connection over TCP from another box.
    NoBeginning,
    /// Those to some ports.
    Ports(Vec<Ports>),
}

/// Ports, from the first to the last.
pub type Ports = (u16, u16);

impl Rule {
    /// Whether it can be for a packet that begins a connection to `port`.
    fn sees(&self, port: u16) -> bool {
        !self.bounds.iter().any(|bound| match bound {
            Bound::NoBeginning => true,
            Bound::Ports(list) => !list.iter().any(|(from, to)| (*from..=*to).contains(&port)),
        })
    }
}

impl Table {
    fn chain(&self, name: &str) -> Option<&Chain> {
        self.chains.iter().find(|chain| chain.name == name)
    }

    /// Whether a chain may let a packet to `port` in, and what drops it for certain.
    fn way<'a>(&'a self, chain: &'a Chain, port: u16, depth: usize) -> (bool, Option<&'a Place>) {
        for rule in chain.rules.iter().filter(|rule| rule.sees(port)) {
            match &rule.verdict {
                Verdict::Accepts => return (true, None),
                Verdict::Drops if rule.is_for_all => return (false, Some(&rule.place)),
                Verdict::Jumps(names) => {
                    let may = names.iter().any(|name| match self.chain(name) {
                        Some(next) if depth < DEPTH => self.way(next, port, depth + 1).0,
                        Some(_) | None => true,
                    });
                    if may {
                        return (true, None);
                    }
                }
                Verdict::Drops | Verdict::Nothing => {}
            }
        }
        (false, chain.drops.as_ref())
    }

    /// What drops every connection to a port of the box; none where one may come in.
    #[must_use]
    pub fn shuts(&self, port: u16) -> Option<&Place> {
        let inputs = self.chains.iter().filter(|chain| chain.is_input);
        let mut ways = inputs.map(|chain| self.way(chain, port, 0));
        ways.find_map(|(may, drops)| drops.filter(|_| !may))
    }
}

/// A port by its number or by one of the names that everybody has (services(5)); none
/// where it is not known.
fn port(text: &str) -> Option<u16> {
    let known = [
        ("ssh", 22),
        ("smtp", 25),
        ("domain", 53),
        ("http", 80),
        ("ntp", 123),
        ("imap2", 143),
        ("https", 443),
        ("submission", 587),
        ("imaps", 993),
        ("pop3s", 995),
    ];
    let named = known.iter().find(|(name, _)| *name == text);
    named
        .map(|(_, number)| *number)
        .or_else(|| text.parse().ok())
}

/// Ports that are listed, a range with this mark in it; none where one is not known.
fn ports(list: &[&str], mark: char) -> Option<Vec<Ports>> {
    let range = |text: &&str| match text.split_once(mark) {
        Some((from, to)) => Some((
            if from.is_empty() { 0 } else { port(from)? },
            if to.is_empty() { u16::MAX } else { port(to)? },
        )),
        None => port(text).map(|port| (port, port)),
    };
    list.iter().map(range).collect()
}

/// Whether packets of this protocol never are TCP.
fn is_other_protocol(text: &str) -> bool {
    const OTHERS: [&str; 20] = [
        "udp",
        "udplite",
        "icmp",
        "icmpv6",
        "ipv6-icmp",
        "igmp",
        "esp",
        "ah",
        "gre",
        "vrrp",
        "ospf",
        "sctp",
        "1",
        "2",
        "17",
        "47",
        "50",
        "51",
        "58",
        "112",
    ];
    OTHERS.contains(&text)
}

/// Whether a packet in this state never begins a connection.
fn is_no_beginning(state: &str) -> bool {
    let state = state.to_ascii_lowercase();
    matches!(state.as_str(), "established" | "related" | "invalid")
}
