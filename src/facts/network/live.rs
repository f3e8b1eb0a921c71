//! The default routes and addresses that the kernel has now (`/proc/net/route` and
//! `/proc/net/fib_trie`, Linux 6.1 `net/ipv4/fib_trie.c`).

use std::net::Ipv4Addr;
use std::path::Path;

use crate::fact::{Fact, Why};
use crate::source::{Tree, TreeKind};
use crate::text::Place;

/// A default route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultRoute {
    /// The interface.
    pub interface: String,
    /// The gateway, where there is one.
    pub gateway: Option<Ipv4Addr>,
    /// The line.
    pub place: Place,
}

/// The default routes of the main table.
#[must_use]
pub fn default_routes(tree: &Tree) -> Fact<Vec<DefaultRoute>> {
    if tree.coverage().kind != TreeKind::Live {
        return Fact::NotCovered(Why::NoRuntime);
    }
    tree.read(Path::new("/proc/net/route")).map(|file| {
        let mut found = Vec::new();
        for (span, line) in file.lines().skip(1) {
            let text = String::from_utf8_lossy(line).into_owned();
            let fields: Vec<&str> = text.split_whitespace().collect();
            let [interface, target, gateway, flags, _, _, _, mask, ..] = fields.as_slice() else {
                continue;
            };
            let flags = u32::from_str_radix(flags, 16).unwrap_or(0);
            // RTF_UP, and not RTF_REJECT.
            if *target != "00000000" || *mask != "00000000" || flags & 1 == 0 || flags & 0x200 != 0
            {
                continue;
            }
            found.push(DefaultRoute {
                interface: (*interface).to_owned(),
                gateway: dotted(gateway).filter(|gateway| !gateway.is_unspecified()),
                place: file.place(span),
            });
        }
        found
    })
}

/// An address of the running system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub address: Ipv4Addr,
    /// The interface whose network it lies in, where there is one.
    pub interface: Option<String>,
    /// The line.
    pub place: Place,
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

/// The IPv4 addresses of the running system but those of the loop.
#[must_use]
pub fn addresses(tree: &Tree) -> Fact<Vec<Address>> {
    if tree.coverage().kind != TreeKind::Live {
        return Fact::NotCovered(Why::NoRuntime);
    }
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
                if address.is_loopback() || known {
                    continue;
                }
                let number = u32::from(address);
                let of = networks
                    .iter()
                    .filter(|(_, net, mask)| number & mask == *net);
                let nearest = of.max_by_key(|(_, _, mask)| *mask);
                found.push(Address {
                    address,
                    interface: nearest.map(|(interface, _, _)| interface.clone()),
                    place: file.place(span),
                });
            }
        }
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, MemSource};

    #[test]
    fn a_default_route_is_one_to_everywhere_that_is_up() {
        let mut source = MemSource::new();
        source.file(
            "/proc/net/route",
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
             eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
             eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
             *\t00000000\t00000000\t0200\t0\t0\t0\t00000000\t0\t0\t0\n",
        );
        let Fact::Known(found) = default_routes(&Tree::for_tests(source, Coverage::live())) else {
            panic!("not read");
        };
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].interface, "eth0");
        assert_eq!(found[0].gateway, Some(Ipv4Addr::new(192, 0, 2, 1)));
    }

    #[test]
    fn an_address_belongs_to_the_interface_whose_network_it_lies_in() {
        let mut source = MemSource::new();
        source
            .file(
                "/proc/net/route",
                "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                 eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n",
            )
            .file(
                "/proc/net/fib_trie",
                "Main:\n  +-- 0.0.0.0/0 2 0 2\n     |-- 192.0.2.0\n        /24 link UNICAST\n\
                 Local:\n     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 192.0.2.10\n        \
                 /32 host LOCAL\n     |-- 192.0.2.255\n        /32 link BROADCAST\n",
            );
        let Fact::Known(found) = addresses(&Tree::for_tests(source, Coverage::live())) else {
            panic!("not read");
        };
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].address, Ipv4Addr::new(192, 0, 2, 10));
        assert_eq!(found[0].interface.as_deref(), Some("eth0"));
    }
}
