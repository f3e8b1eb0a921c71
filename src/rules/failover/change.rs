//! What a hook sets up and takes down.

use crate::facts::failover::{Handling, HookCall};
use crate::parse::keepalived::Config;
use crate::shell::{Action, Effect, Reach, Scope, Value};

/// What a command sets up or takes down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change<'a> {
    /// Whether it sets it up.
    pub(super) sets: bool,
    /// `route`, `address`, `service`.
    pub(super) kind: &'static str,
    /// What: the target of a route, an address, a service.
    pub(super) what: &'a [u8],
    /// Whether it is of IPv6.
    pub(super) six: bool,
    /// What a route is narrowed to: `via`, `dev`, `table`.
    pub(super) options: Vec<(&'a [u8], &'a [u8])>,
}

/// The change that a command makes (ip-route(8), ip-address(8), systemctl(1)).
pub(super) fn change<'a>(words: &[&'a [u8]]) -> Option<Change<'a>> {
    let (first, rest) = words.split_first()?;
    let base = first.rsplit(|b| *b == b'/').next().unwrap_or(first);
    let plain = |sets, kind, what, six| Change {
        sets,
        kind,
        what,
        six,
        options: Vec::new(),
    };
    match (base, rest) {
        (b"systemctl", [verb, name]) | (b"service", [name, verb]) => match *verb {
            b"start" => Some(plain(true, "service", name, false)),
            b"stop" => Some(plain(false, "service", name, false)),
            _ => None,
        },
        (b"ip", rest) => {
            let six = rest.contains(&&b"-6"[..]);
            let mut words = rest.iter().copied().filter(|word| !word.starts_with(b"-"));
            let kind = match words.next()? {
                b"route" | b"ro" | b"r" => "route",
                b"addr" | b"address" | b"a" => "address",
                _ => return None,
            };
            let sets = match words.next()? {
                b"add" | b"replace" | b"change" | b"append" => true,
                b"del" | b"delete" => false,
                _ => return None,
            };
            let what = words.next()?;
            let six = six || what.contains(&b':');
            let mut options = Vec::new();
            while let (Some(key), Some(value)) = (words.next(), words.next()) {
                options.push((key, value));
            }
            Some(Change {
                options,
                ..plain(sets, kind, what, six)
            })
        }
        _ => None,
    }
}

impl Change<'_> {
    /// The table of a route, where one is named.
    fn table(&self) -> Option<&[u8]> {
        let mut options = self.options.iter();
        options
            .find(|(key, _)| *key == b"table")
            .map(|(_, value)| *value)
    }

    /// Whether both are about the same thing.
    pub(super) fn same(&self, other: &Change<'_>) -> bool {
        let same = self.kind == other.kind && self.what == other.what && self.six == other.six;
        same && self.table() == other.table()
    }

    /// Whether this takes away what `set` sets: it asks for nothing else than that has.
    pub(super) fn undoes(&self, set: &Change<'_>) -> bool {
        let within = self
            .options
            .iter()
            .all(|option| set.options.contains(option));
        self.same(set) && !self.sets && set.sets && within
    }
}

/// What a call does whatever happens.
pub(super) fn effects(call: &HookCall) -> impl Iterator<Item = (&Effect, Vec<&[u8]>)> {
    let all = match &call.handling {
        Handling::Handled(effects) => effects.as_slice(),
        _ => &[],
    };
    all.iter().filter_map(|effect| {
        let sure = effect.scope == Scope::Here && effect.reach == Reach::Always;
        let Action::Run { argv, .. } = &effect.action else {
            return None;
        };
        let words: Option<Vec<&[u8]>> = argv.iter().map(Value::bytes).collect();
        words.filter(|_| sure).map(|words| (effect, words))
    })
}

/// Whether two instances change their state together.
pub(super) fn together(config: &Config, a: &[u8], b: &[u8]) -> bool {
    let mut groups = config.groups.iter();
    groups.any(|group| {
        let has = |name: &[u8]| group.members.iter().any(|m| m.value == name);
        has(a) && has(b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<&[u8]> {
        line.split_whitespace().map(str::as_bytes).collect()
    }

    #[test]
    fn a_route_is_undone_by_one_that_asks_for_no_more() {
        let set = words("ip route replace default via 192.0.2.1 dev eth0");
        let set = change(&set).unwrap();
        let undoes = |line: &str| change(&words(line)).is_some_and(|down| down.undoes(&set));
        assert!(undoes("/sbin/ip route del default"));
        assert!(undoes("ip route delete default via 192.0.2.1"));
        for line in [
            "ip -6 route del default",
            "ip route del default via 192.0.2.9",
            "ip route del default table 5",
            "ip route add default",
            "ip route del 10.0.0.0/8",
            "ip addr del default",
        ] {
            assert!(!undoes(line), "{line}");
        }
    }

    #[test]
    fn a_service_is_undone_by_stopping_it() {
        let (start, stop) = (words("systemctl start a"), words("service a stop"));
        let (start, stop) = (change(&start).unwrap(), change(&stop).unwrap());
        assert!(stop.undoes(&start) && !start.undoes(&stop));
    }
}
