//! The default routes that the kernel has now (`/proc/net/route`, Linux 6.1
//! `net/ipv4/fib_trie.c`).

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
            let gateway = u32::from_str_radix(gateway, 16).unwrap_or(0);
            // The bytes stand as the network has them, read as a number of this machine.
            let bytes = if cfg!(target_endian = "big") {
                gateway
            } else {
                gateway.swap_bytes()
            };
            found.push(DefaultRoute {
                interface: (*interface).to_owned(),
                gateway: (gateway != 0).then(|| Ipv4Addr::from(bytes)),
                place: file.place(span),
            });
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
}
