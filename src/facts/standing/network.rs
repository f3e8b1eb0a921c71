//! Addresses, routes and resolvers of the running system beyond what
//! [`crate::facts::network::live`] reads.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::facts::running;
use crate::text::Place;

/// An address of IPv6 of global reach: it, its interface, its line. Temporary ones and
/// those that a router's announcement made are left out (Linux 6.1
/// `net/ipv6/addrconf.c`, `if6_seq_show`).
#[must_use]
pub fn addresses6(host: &Host) -> Listing<(Ipv6Addr, String, Place)> {
    running::of_running(host, |out| {
        let Some(file) = out.take(host.tree().read(Path::new("/proc/net/if_inet6"))) else {
            return;
        };
        for (words, place) in super::rows(&file, 0) {
            let [address, _, _, scope, flags, interface] = words.as_slice() else {
                continue;
            };
            let number = u128::from_str_radix(address, 16).ok();
            let flags = u32::from_str_radix(flags, 16).unwrap_or(0);
            // IFA_F_PERMANENT alone, without IFA_F_TEMPORARY and IFA_F_MANAGETEMPADDR.
            let own = flags & 0x80 != 0 && flags & 0x01 == 0;
            if let Some(number) = number.filter(|_| scope == "00" && own) {
                let address = Ipv6Addr::from(number);
                out.items.push((address, interface.clone(), place));
            }
        }
    })
}

/// A route through a gateway.
#[derive(Clone, Debug)]
pub struct Route {
    /// Where to: `default`, or the network.
    pub to: String,
    /// The gateway.
    pub via: IpAddr,
    /// The interface.
    pub interface: String,
    /// Its line.
    pub place: Place,
}

/// The routes of the main tables that lead through a gateway; of IPv6 without those that
/// a router announced (Linux 6.1 `net/ipv4/fib_trie.c`, `net/ipv6/route.c`).
#[must_use]
pub fn all_routes(host: &Host) -> Listing<Route> {
    running::of_running(host, |out| {
        if let Some(file) = out.take(host.tree().read(Path::new("/proc/net/route"))) {
            for (words, place) in super::rows(&file, 1) {
                out.items.extend(route4(&words, place));
            }
        }
        if let Some(file) = out.take(host.tree().read(Path::new("/proc/net/ipv6_route"))) {
            for (words, place) in super::rows(&file, 0) {
                out.items.extend(route6(&words, place));
            }
        }
    })
}

fn route4(words: &[String], place: Place) -> Option<Route> {
    let [interface, to, via, flags, _, _, _, mask, ..] = words else {
        return None;
    };
    let number = |text: &str| u32::from_str_radix(text, 16).ok();
    let address = |text: &str| number(text).map(|n| Ipv4Addr::from(n.to_ne_bytes()));
    // RTF_UP and RTF_GATEWAY, and none that a redirect made.
    let flags = number(flags)?;
    if flags & 3 != 3 || flags & 0x10 != 0 {
        return None;
    }
    let (to, bits) = (address(to)?, u32::from(address(mask)?).count_ones());
    Some(Route {
        to: shown(to.into(), bits),
        via: address(via)?.into(),
        interface: interface.clone(),
        place,
    })
}

fn route6(words: &[String], place: Place) -> Option<Route> {
    let [to, bits, _, _, via, _, _, _, flags, interface] = words else {
        return None;
    };
    let address = |text: &str| u128::from_str_radix(text, 16).ok().map(Ipv6Addr::from);
    let flags = u32::from_str_radix(flags, 16).ok()?;
    // RTF_UP and RTF_GATEWAY; not RTF_ADDRCONF, RTF_CACHE, RTF_DYNAMIC.
    if flags & 3 != 3 || flags & 0x0104_0010 != 0 {
        return None;
    }
    Some(Route {
        to: shown(address(to)?.into(), u32::from_str_radix(bits, 16).ok()?),
        via: address(via)?.into(),
        interface: interface.clone(),
        place,
    })
}

fn shown(to: IpAddr, bits: u32) -> String {
    if bits == 0 {
        "default".to_owned()
    } else {
        format!("{to}/{bits}")
    }
}

/// Directories of leases, and what stands before an address in them: systemd-networkd,
/// dhclient, `NetworkManager`.
const LEASES: [(&str, &str); 4] = [
    ("/run/systemd/netif/leases", "ADDRESS="),
    ("/var/lib/dhcp", "fixed-address "),
    ("/var/lib/NetworkManager", "fixed-address "),
    ("/var/lib/NetworkManager", "ADDRESS="),
];

/// Whether a client of DHCP was given an address: another may be given next time.
#[must_use]
pub fn leased(host: &Host, address: IpAddr) -> bool {
    LEASES.iter().any(|(dir, word)| {
        let wanted = format!("{word}{address}");
        host.tree()
            .entries(Path::new(dir))
            .items
            .iter()
            .any(|path| {
                let Fact::Known(file) = host.tree().read(path) else {
                    return false;
                };
                file.lines().any(|(_, line)| {
                    let line = String::from_utf8_lossy(line.trim_ascii()).into_owned();
                    line.trim_end_matches(';') == wanted
                })
            })
    })
}

/// The servers that the resolver asks (resolv.conf(5)), each with its line; Absent where
/// there is no file.
pub fn nameservers(host: &Host) -> Fact<Vec<(String, Place)>> {
    host.tree().read(Path::new("/etc/resolv.conf")).map(|file| {
        let rows = super::rows(&file, 0).into_iter();
        let server = |(words, place): (Vec<String>, Place)| match words.as_slice() {
            [word, server, ..] if word == "nameserver" => Some((server.clone(), place)),
            _ => None,
        };
        rows.filter_map(server).collect()
    })
}
