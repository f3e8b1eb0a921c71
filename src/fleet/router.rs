//! A VRRP instance among those of other hosts, and why two of them would both be master.
//!
//! Each difference was tried with two routers of keepalived 2.2.7 on one wire: both
//! became master and kept the address. Alike they were one master and one backup, also
//! with another order or prefix of the addresses, with passwords that differ behind
//! the eighth byte, with another `advert_int` in version 3, and with equal priorities.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::parse::keepalived::{Config, Family, Instance, State};
use crate::text::{Place, escape};

/// How many bytes of a password count (RFC 3768, section 5.3.6; keepalived 2.2.7).
const PASSWORD: usize = 8;

/// The interval where none is given, microseconds.
const SECOND: u64 = 1_000_000;

/// A VRRP instance.
#[derive(Clone, Debug)]
pub struct Router {
    /// The instance.
    pub instance: Instance,
    /// Its family.
    pub family: Family,
    /// The version of VRRP it speaks.
    pub version: u8,
    /// The addresses that its adverts name.
    pub addresses: BTreeSet<IpAddr>,
    /// Whether all of its file was read: else nothing is concluded from what is missing.
    pub whole: bool,
}

/// What two routers of one address disagree about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What, as in `the virtual_router_id`.
    pub what: &'static str,
    /// How it is on the first, and where.
    pub first: (String, Place),
    /// How it is on the second, and where.
    pub second: (String, Place),
}

/// The instances of a host.
pub(super) fn read(host: &Host) -> Listing<Router> {
    let mut out = Listing::new();
    match host.failover() {
        Fact::Known(failover) => {
            let config = &failover.config;
            let whole = config.open.is_empty() && failover.uncovered.is_empty();
            out.gaps.extend(config.open.iter().cloned());
            let routers = config.instances.iter();
            out.items
                .extend(routers.map(|instance| Router::of(instance, config, whole)));
        }
        Fact::Unknown(unknown) => out.gaps.push(unknown.clone()),
        Fact::Broken(fault) => out.gaps.push(fault.clone().into()),
        Fact::Absent(_) | Fact::NotCovered(_) => {}
    }
    out
}

impl Router {
    fn of(instance: &Instance, config: &Config, whole: bool) -> Self {
        let family = instance.family.as_ref().map_or(Family::V4, |f| f.family);
        let version = instance.version.as_ref();
        let version = version.or(config.globals.vrrp_version.as_ref());
        let version = match family {
            Family::V4 => version.map_or(2, |v| v.value),
            // There is no version 2 of it.
            Family::V6 => 3,
        };
        let dropped: Vec<IpAddr> = instance.dropped_addresses().map(|a| a.address).collect();
        let addresses = instance.virtual_addresses.iter().map(|a| a.address);
        Self {
            addresses: addresses.filter(|a| !dropped.contains(a)).collect(),
            instance: instance.clone(),
            family,
            version,
            whole,
        }
    }

    /// Its name, for people.
    #[must_use]
    pub fn name(&self) -> String {
        escape(&self.instance.name.value)
    }

    /// The priority it starts with.
    #[must_use]
    pub fn priority(&self) -> u8 {
        self.instance.start_priority()
    }

    /// Whether it says of itself that it is the master.
    #[must_use]
    pub fn is_master(&self) -> bool {
        let state = self.instance.state.as_ref();
        state.is_some_and(|state| state.value == State::Master)
    }

    /// Whether both hold an address.
    #[must_use]
    pub fn shares_with(&self, other: &Self) -> bool {
        self.addresses
            .intersection(&other.addresses)
            .next()
            .is_some()
    }

    /// Where its number stands, else its name.
    #[must_use]
    pub fn place(&self) -> Place {
        let id = self.instance.virtual_router_id.as_ref();
        id.map_or(&self.instance.header, |id| &id.place).clone()
    }

    /// Why this and another router of the same address do not hear each other; `None`
    /// where they do, or where that cannot be told.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<Difference> {
        let (a, b) = (&self.instance, &other.instance);
        if self.family != other.family || !self.whole || !other.whole {
            return None;
        }
        let differ = |what, first: (String, Place), second: (String, Place)| {
            (first.0 != second.0).then_some(Difference {
                what,
                first,
                second,
            })
        };
        if let (Some(first), Some(second)) = (&a.virtual_router_id, &b.virtual_router_id)
            && let found @ Some(_) = differ(
                "the virtual_router_id",
                (first.value.to_string(), first.place.clone()),
                (second.value.to_string(), second.place.clone()),
            )
        {
            return found;
        }
        let version = |router: &Self| {
            let stated = router.instance.version.as_ref();
            let place = stated.map_or(&router.instance.header, |v| &v.place);
            (router.version.to_string(), place.clone())
        };
        let found = differ("the version of VRRP", version(self), version(other));
        if found.is_some() {
            return found;
        }
        if self.version == 2 {
            let interval = |instance: &Instance| {
                let stated = instance.advert_int.as_ref();
                let micros = stated.map_or(SECOND, |v| v.value);
                let place = stated.map_or(&instance.header, |v| &v.place).clone();
                (format!("{} s", micros / SECOND), place)
            };
            let found = differ("advert_int", interval(a), interval(b));
            if found.is_some() {
                return found;
            }
            if let Some(found) = passwords(a, b) {
                return Some(found);
            }
        }
        let listed = |router: &Self| {
            let first = router.instance.virtual_addresses.first();
            let place = first.map_or(&router.instance.header, |a| &a.text.place);
            let texts: Vec<String> = router.addresses.iter().map(ToString::to_string).collect();
            (texts.join(" "), place.clone())
        };
        let found = differ("virtual_ipaddress", listed(self), listed(other));
        if found.is_some() {
            return found;
        }
        self.unheard(other)
    }

    /// Whether one speaks to others than the other one.
    fn unheard(&self, other: &Self) -> Option<Difference> {
        let way = |router: &Self| match &router.instance.unicast {
            Some(place) if !router.instance.unicast_peers.is_empty() => {
                ("unicast".to_owned(), place.clone())
            }
            _ => ("multicast".to_owned(), router.instance.header.clone()),
        };
        let (first, second) = (way(self), way(other));
        if first.0 != second.0 {
            return Some(Difference {
                what: "how they speak",
                first,
                second,
            });
        }
        if first.0 == "multicast" {
            return None;
        }
        for (router, peer, swapped) in [(self, other, false), (other, self, true)] {
            // Without a source of its own it takes an address of its interface, of which
            // there may be more than the files tell.
            let Some(source) = &peer.instance.unicast_src_ip else {
                continue;
            };
            let listed = &router.instance.unicast_peers;
            if listed.iter().any(|ip| ip.value == source.value) {
                continue;
            }
            let texts: Vec<String> = listed.iter().map(|ip| ip.value.to_string()).collect();
            let place = listed
                .first()
                .map_or(&router.instance.header, |ip| &ip.place);
            let first = (texts.join(" "), place.clone());
            let second = (format!("from {}", source.value), source.place.clone());
            let (first, second) = if swapped {
                (second, first)
            } else {
                (first, second)
            };
            return Some(Difference {
                what: "unicast_peer",
                first,
                second,
            });
        }
        None
    }
}

/// Whether they authenticate differently; a password is never shown.
fn passwords(a: &Instance, b: &Instance) -> Option<Difference> {
    let of = |instance: &Instance| -> Option<(Option<String>, Vec<u8>, Place)> {
        let Some(authentication) = &instance.authentication else {
            return Some((None, Vec::new(), instance.header.clone()));
        };
        let kind = authentication.kind.as_ref()?;
        let password = authentication.password.as_ref()?;
        let text = password.place.bytes();
        let quoted = text.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\""));
        let text = quoted.unwrap_or(text).iter().take(PASSWORD).copied();
        let kind = escape(&kind.value);
        Some((Some(kind), text.collect(), password.place.clone()))
    };
    let (first, second) = (of(a)?, of(b)?);
    let word = |kind: &Option<String>| kind.clone().unwrap_or_else(|| "none".to_owned());
    if first.0 != second.0 {
        return Some(Difference {
            what: "auth_type",
            first: (word(&first.0), first.2),
            second: (word(&second.0), second.2),
        });
    }
    (first.1 != second.1).then(|| Difference {
        what: "auth_pass",
        first: ("one password".to_owned(), first.2),
        second: ("another".to_owned(), second.2),
    })
}
