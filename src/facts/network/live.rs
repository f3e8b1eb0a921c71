//! The interfaces, addresses, routes and rules that the kernel has now: from its own
//! socket (see `source::LiveSource`), or from `/proc/net` where that was not asked (Linux
//! 6.1 `net/ipv4/fib_trie.c`).

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use crate::fact::{Fact, Why};
use crate::source::{Tree, TreeKind};
use crate::text::{File, Place};

/// A default route of the main table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultRoute {
    /// The interface.
    pub interface: String,
    /// The gateway, where there is one.
    pub gateway: Option<IpAddr>,
    /// Whether it is one of IPv6.
    pub v6: bool,
    /// Who made it, where that is known: `boot` is ip(8), `dhcp`, `ra`, `static`.
    pub protocol: Option<String>,
    /// The line.
    pub place: Place,
}

/// An address of the running system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub address: IpAddr,
    /// The interface whose network it lies in, where there is one.
    pub interface: Option<String>,
    /// Whether it is only lent, as DHCP and routers do; none where that is not known.
    pub lent: Option<bool>,
    /// The line.
    pub place: Place,
}

/// An interface of the running system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// Whether it is up.
    pub up: bool,
    /// Whether it is an Ethernet.
    pub ether: bool,
    /// What made it: `vlan`, `bridge`, `bond`, `veth`, `tun`; none for hardware.
    pub kind: Option<String>,
    /// The bridge or bond that it is a port of.
    pub port_of: Option<String>,
    /// Its hardware address.
    pub mac: Option<String>,
    /// The hardware address that it was made with, where the kernel tells.
    pub permanent: Option<String>,
    /// The line.
    pub place: Place,
}

/// A policy rule of the running system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `from`, `to`, `iif` and so on with their values, in order.
    pub selectors: Vec<(String, String)>,
    /// The table that it leads to.
    pub table: String,
    /// Who made it, where the kernel knows.
    pub protocol: Option<String>,
    /// The line.
    pub place: Place,
}

impl Rule {
    /// `from 192.0.2.0/24 lookup 100`.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        for (name, value) in &self.selectors {
            words.push(format!("{name} {value}"));
        }
        words.push(format!("lookup {}", self.table));
        words.join(" ")
    }
}

const fn is_live(tree: &Tree) -> bool {
    matches!(tree.coverage().kind, TreeKind::Live)
}

/// The answer of the kernel's socket, where there is one.
fn answer(tree: &Tree, name: &str) -> Option<Arc<File>> {
    match tree.read(&Path::new("/netlink").join(name)) {
        Fact::Known(file) => Some(file),
        _ => None,
    }
}

/// The words of each line that is not empty, with its place.
fn lines(file: &Arc<File>) -> Vec<(Vec<String>, Place)> {
    let of = file.lines().map(|(span, line)| {
        let text = String::from_utf8_lossy(line).into_owned();
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        (words, file.place(span))
    });
    of.filter(|(words, _)| !words.is_empty()).collect()
}

/// The word behind another one.
fn behind<'a>(words: &'a [String], name: &str) -> Option<&'a str> {
    let at = words.iter().position(|word| word == name)?;
    words.get(at + 1).map(String::as_str)
}

/// The default routes of the main table.
#[must_use]
pub fn default_routes(tree: &Tree) -> Fact<Vec<DefaultRoute>> {
    if !is_live(tree) {
        return Fact::NotCovered(Why::NoRuntime);
    }
    if let Some(file) = answer(tree, "routes") {
        let mut found = Vec::new();
        for (words, place) in lines(&file) {
            let main = behind(&words, "table") == Some("254");
            let (Some(dev), true) = (behind(&words, "dev"), main) else {
                continue;
            };
            if words.get(1).map(String::as_str) != Some("default") {
                continue;
            }
            found.push(DefaultRoute {
                interface: dev.to_owned(),
                gateway: behind(&words, "via").and_then(|word| word.parse().ok()),
                v6: words.first().is_some_and(|word| word == "inet6"),
                protocol: behind(&words, "protocol").map(str::to_owned),
                place,
            });
        }
        return Fact::Known(found);
    }
    tree.read(Path::new("/proc/net/route")).map(|file| {
        let mut found = Vec::new();
        for (words, place) in lines(&file).into_iter().skip(1) {
            let [interface, target, gateway, flags, _, _, _, mask, ..] = words.as_slice() else {
                continue;
            };
            let flags = u32::from_str_radix(flags, 16).unwrap_or(0);
            // RTF_UP, and not RTF_REJECT.
            if target != "00000000" || mask != "00000000" || flags & 1 == 0 || flags & 0x200 != 0 {
                continue;
            }
            let gateway = dotted(gateway).filter(|gateway| !gateway.is_unspecified());
            found.push(DefaultRoute {
                interface: interface.clone(),
                gateway: gateway.map(IpAddr::V4),
                v6: false,
                protocol: None,
                place,
            });
        }
        found
    })
}

/// A number of `/proc/net/route`, whose bytes stand as the network has them.
fn dotted(text: &str) -> Option<Ipv4Addr> {
    let number = u32::from_str_radix(text, 16).ok()?;
    let number = if cfg!(target_endian = "big") {
        number
    } else {
        number.swap_bytes()
    };
    Some(Ipv4Addr::from(number))
}

/// The networks that interfaces are in: interface, network, mask.
fn networks(text: &str) -> Vec<(String, u32, u32)> {
    let mut found = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [interface, target, gateway, _, _, _, _, mask, ..] = fields.as_slice() else {
            continue;
        };
        let (Some(target), Some(mask)) = (dotted(target), dotted(mask)) else {
            continue;
        };
        if *gateway == "00000000" && u32::from(mask) != 0 {
            found.push(((*interface).to_owned(), target.into(), mask.into()));
        }
    }
    found
}

/// Whether an address is one that every box gives itself.
fn is_own(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unicast_link_local(),
    }
}

/// The addresses of the running system but those of the loop and of one link alone.
#[must_use]
pub fn addresses(tree: &Tree) -> Fact<Vec<Address>> {
    if !is_live(tree) {
        return Fact::NotCovered(Why::NoRuntime);
    }
    if let Some(file) = answer(tree, "addresses") {
        let mut found = Vec::new();
        for (words, place) in lines(&file) {
            let address = words.get(1).and_then(|word| word.split('/').next());
            let Some(address) = address.and_then(|word| word.parse().ok()) else {
                continue;
            };
            if is_own(address) {
                continue;
            }
            found.push(Address {
                address,
                interface: behind(&words, "dev").map(str::to_owned),
                lent: Some(words.last().is_some_and(|word| word == "dynamic")),
                place,
            });
        }
        return Fact::Known(found);
    }
    from_proc(tree)
}

fn from_proc(tree: &Tree) -> Fact<Vec<Address>> {
    let routes = match tree.read(Path::new("/proc/net/route")) {
        Fact::Known(file) => String::from_utf8_lossy(file.bytes()).into_owned(),
        other => return other.map(|_| Vec::new()),
    };
    let networks = networks(&routes);
    tree.read(Path::new("/proc/net/fib_trie")).map(|file| {
        let mut found: Vec<Address> = Vec::new();
        let mut leaf = None;
        for (span, line) in file.lines() {
            let text = String::from_utf8_lossy(line).into_owned();
            let text = text.trim();
            if let Some(rest) = text.strip_prefix("|-- ") {
                leaf = rest.parse::<Ipv4Addr>().ok().map(|address| (address, span));
            } else if text == "/32 host LOCAL" {
                let Some((address, span)) = leaf else {
                    continue;
                };
                // The table is shown twice where rules share it.
                let known = found.iter().any(|other| other.address == address);
                if is_own(address.into()) || known {
                    continue;
                }
                let number = u32::from(address);
                let of = networks
                    .iter()
                    .filter(|(_, net, mask)| number & mask == *net);
                let nearest = of.max_by_key(|(_, _, mask)| *mask);
                found.push(Address {
                    address: address.into(),
                    interface: nearest.map(|(interface, _, _)| interface.clone()),
                    lent: None,
                    place: file.place(span),
                });
            }
        }
        found
    })
}

/// The interfaces of the running system.
#[must_use]
pub fn links(tree: &Tree) -> Fact<Vec<Link>> {
    if !is_live(tree) {
        return Fact::NotCovered(Why::NoRuntime);
    }
    tree.read(Path::new("/netlink/links")).map(|file| {
        let link = |(words, place): (Vec<String>, Place)| {
            let name = words.first()?.clone();
            let path = Path::new("/sys/class/net").join(&name).join("address");
            let mac = match tree.read(&path) {
                Fact::Known(file) => {
                    let text = String::from_utf8_lossy(file.bytes()).into_owned();
                    Some(text.trim().to_ascii_lowercase())
                }
                _ => None,
            };
            Some(Link {
                up: words.get(1).is_some_and(|word| word == "up"),
                ether: behind(&words, "type") == Some("ether"),
                kind: behind(&words, "kind").map(str::to_owned),
                port_of: behind(&words, "port-of").map(str::to_owned),
                permanent: behind(&words, "made-with").map(str::to_owned),
                mac,
                name,
                place,
            })
        };
        lines(&file).into_iter().filter_map(link).collect()
    })
}

/// The policy rules of the running system but those that the kernel begins with.
#[must_use]
pub fn rules(tree: &Tree) -> Fact<Vec<Rule>> {
    if !is_live(tree) {
        return Fact::NotCovered(Why::NoRuntime);
    }
    tree.read(Path::new("/netlink/rules")).map(|file| {
        let rule = |(words, place): (Vec<String>, Place)| {
            let table = behind(&words, "table")?.to_owned();
            let mut selectors = Vec::new();
            for name in ["from", "to", "iif", "oif", "fwmark"] {
                if let Some(value) = behind(&words, name) {
                    selectors.push((name.to_owned(), value.to_owned()));
                }
            }
            for name in ["l3mdev", "uidrange"] {
                if words.iter().any(|word| word == name) {
                    selectors.push((name.to_owned(), String::new()));
                }
            }
            // 0 local, 32766 main, 32767 default: every kernel begins with them.
            if selectors.is_empty() && matches!(table.as_str(), "255" | "254" | "253") {
                return None;
            }
            Some(Rule {
                selectors,
                table,
                protocol: behind(&words, "protocol").map(str::to_owned),
                place,
            })
        };
        lines(&file).into_iter().filter_map(rule).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, MemSource};

    const ROUTES: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
         eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
         eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
         *\t00000000\t00000000\t0200\t0\t0\t0\t00000000\t0\t0\t0\n";

    #[test]
    fn a_default_route_is_one_to_everywhere_that_is_up() {
        let mut source = MemSource::new();
        source.file("/proc/net/route", ROUTES);
        let Fact::Known(found) = default_routes(&Tree::for_tests(source, Coverage::live())) else {
            panic!("not read");
        };
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].interface, "eth0");
        assert_eq!(found[0].gateway, Some("192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn an_address_belongs_to_the_interface_whose_network_it_lies_in() {
        let mut source = MemSource::new();
        source.file("/proc/net/route", ROUTES).file(
            "/proc/net/fib_trie",
            "Main:\n  +-- 0.0.0.0/0 2 0 2\n     |-- 192.0.2.0\n        /24 link UNICAST\n\
             Local:\n     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 192.0.2.10\n        \
             /32 host LOCAL\n     |-- 192.0.2.255\n        /32 link BROADCAST\n",
        );
        let Fact::Known(found) = addresses(&Tree::for_tests(source, Coverage::live())) else {
            panic!("not read");
        };
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].address, "192.0.2.10".parse::<IpAddr>().unwrap());
        assert_eq!(found[0].interface.as_deref(), Some("eth0"));
    }

    #[test]
    fn the_answers_of_the_socket_come_first() {
        let mut source = MemSource::new();
        source
            .file("/proc/net/route", ROUTES)
            .file(
                "/netlink/routes",
                "inet default via 192.0.2.7 dev eth1 table 254 protocol dhcp\n\
                 inet default via 192.0.2.8 dev eth1 table 100 protocol boot\n\
                 inet6 default via fe80::1 dev eth1 table 254 protocol ra\n",
            )
            .file(
                "/netlink/addresses",
                "inet 127.0.0.1/8 dev lo permanent\ninet 192.0.2.9/24 dev eth1 dynamic\n\
                 inet6 fe80::2/64 dev eth1 permanent\n",
            )
            .file(
                "/netlink/rules",
                "inet 0 table 255 protocol kernel\ninet 32765 from 192.0.2.0/24 table 100 protocol boot\n",
            )
            .file("/netlink/links", "eth1 up type ether\nbr0 up type ether kind bridge\n");
        let tree = Tree::for_tests(source, Coverage::live());
        let Fact::Known(routes) = default_routes(&tree) else {
            panic!("not read");
        };
        let shown: Vec<_> = routes
            .iter()
            .map(|r| (r.protocol.as_deref(), r.v6))
            .collect();
        assert_eq!(shown, [(Some("dhcp"), false), (Some("ra"), true)]);
        let Fact::Known(found) = addresses(&tree) else {
            panic!("not read");
        };
        assert_eq!((found.len(), found[0].lent), (1, Some(true)));
        let Fact::Known(found) = rules(&tree) else {
            panic!("not read");
        };
        assert_eq!(found[0].shown(), "from 192.0.2.0/24 lookup 100");
        let Fact::Known(found) = links(&tree) else {
            panic!("not read");
        };
        assert_eq!((found.len(), found[1].kind.as_deref()), (2, Some("bridge")));
    }
}
