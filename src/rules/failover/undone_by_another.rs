//! `failover-undone-by-another`: one instance takes away what another set up.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::failover::{Handling, HookCall};
use crate::parse::keepalived::{Config, HookState, Subject};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::shell::{Action, Effect, Reach, Scope, Value};
use crate::text::escape;

pub(in crate::rules) struct UndoneByAnother;

/// What a command sets up or takes down.
#[derive(Debug, PartialEq, Eq)]
struct Change<'a> {
    /// Whether it sets it up.
    sets: bool,
    /// `route`, `address`, `service`.
    kind: &'static str,
    /// What: the target of a route, an address, a service.
    what: &'a [u8],
    /// Whether it is of IPv6.
    six: bool,
    /// What a route is narrowed to: `via`, `dev`, `table`.
    options: Vec<(&'a [u8], &'a [u8])>,
}

/// The change that a command makes (ip-route(8), ip-address(8), systemctl(1)).
fn change<'a>(words: &[&'a [u8]]) -> Option<Change<'a>> {
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
    /// Whether this takes away what `set` sets: it asks for nothing else than that has.
    fn undoes(&self, set: &Change<'_>) -> bool {
        let same = self.kind == set.kind && self.what == set.what && self.six == set.six;
        let table = |of: &Change<'_>| {
            let named = of.options.iter().find(|(key, _)| *key == b"table");
            named.map(|(_, value)| value.to_vec())
        };
        let within = self
            .options
            .iter()
            .all(|option| set.options.contains(option));
        same && !self.sets && set.sets && within && table(self) == table(set)
    }
}

/// What a call does whatever happens.
fn effects(call: &HookCall) -> impl Iterator<Item = (&Effect, Vec<&[u8]>)> {
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
fn together(config: &Config, a: &[u8], b: &[u8]) -> bool {
    let mut groups = config.groups.iter();
    groups.any(|group| {
        let has = |name: &[u8]| group.members.iter().any(|m| m.value == name);
        has(a) && has(b)
    })
}

impl Rule for UndoneByAnother {
    fn id(&self) -> &'static str {
        "failover-undone-by-another"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (failover, mut out) = super::hooks(host)?;
        super::unread_hooks(failover, &mut out);
        let of = |states: &'static [HookState]| {
            let all = failover.calls.iter();
            all.filter(move |c| c.subject == Subject::Instance && states.contains(&c.state))
        };
        let mut told: Vec<(&[u8], &[u8])> = Vec::new();
        for setter in of(&[HookState::Master]) {
            let leaving = of(&[HookState::Backup, HookState::Fault]);
            for other in leaving.filter(|other| other.name != setter.name) {
                let pair = (setter.name.as_slice(), other.name.as_slice());
                if told.contains(&pair) || together(&failover.config, pair.0, pair.1) {
                    continue;
                }
                let clash = effects(setter).find_map(|(set, words)| {
                    let set_up = change(&words)?;
                    effects(other).find_map(|(taken, words)| {
                        let down = change(&words)?;
                        let what = escape(down.what);
                        let hit = down.undoes(&set_up);
                        hit.then(|| (set, taken, format!("{} {what}", down.kind)))
                    })
                });
                let Some((set, taken, what)) = clash else {
                    continue;
                };
                told.push(pair);
                let (a, b) = (escape(&setter.name), escape(&other.name));
                let state = other.state.word();
                let message = format!("{b}, when it becomes {state}, takes away {what} of {a}");
                let at = Evidence::span(taken.place.clone(), format!("done for {b} {state}"));
                let label = format!("done for {a} MASTER");
                let finding = Finding::new(self.id(), format!("{a} {b}"), message, at)
                    .with(Evidence::span(set.place.clone(), label))
                    .with(Evidence::computed("no sync group has both of them"));
                out.push(finding.confidence(Confidence::Likely));
            }
        }
        Ok(out)
    }
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
