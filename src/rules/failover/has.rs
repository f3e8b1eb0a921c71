//! Whether the box has an address by itself.

use std::net::IpAddr;

use crate::fact::Fact;
use crate::facts::Host;
use crate::facts::network::{Reader, State, live};
use crate::parse::interfaces::Stanza;
use crate::rules::Findings;
use crate::source::TreeKind;

use super::own::own;

/// Whether the addresses that the boot gives are known to be all: Debian's ifupdown
/// alone does it, and nothing is asked for one.
fn complete(host: &Host, out: &mut Findings) -> bool {
    let network = host.network();
    let Fact::Known(read) = &network.ifupdown.interfaces else {
        return false;
    };
    if network.ifupdown.reader == Reader::Other {
        // Which program reads the file is told by the packages.
        out.gap(host.packages());
        return false;
    }
    let alone = matches!(network.ifupdown.state, State::Starts(_))
        && network.others().next().is_none()
        && read.open.is_empty()
        && read.uncovered.is_empty()
        && read.mapped.is_empty();
    // A command of a stanza may set an address.
    let plain = |stanza: &Stanza| {
        let silent = ["pre-up", "up"]
            .iter()
            .all(|n| stanza.commands(n).next().is_none());
        matches!(stanza.method, "static" | "manual" | "loopback") && silent
    };
    alone && read.stanzas.iter().all(plain)
}

/// Whether the box will have an address by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Has {
    /// Something gives it, or the kernel has it.
    Yes,
    /// Nothing does.
    No,
    /// Not known: a server may give it.
    Perhaps,
}

/// Whether the box will have `address` by itself.
pub(super) fn has(host: &Host, address: IpAddr, out: &mut Findings) -> Has {
    let own = own(host, out);
    if own.iter().any(|own| own.address == address) {
        return Has::Yes;
    }
    if let IpAddr::V4(four) = address
        && host.tree().coverage().kind == TreeKind::Live
    {
        match live::addresses(host.tree()) {
            Fact::Known(now) if now.iter().any(|a| a.address == four) => return Has::Yes,
            Fact::Known(_) => return Has::No,
            other => out.gap(&other),
        }
    }
    if complete(host, out) {
        Has::No
    } else {
        Has::Perhaps
    }
}
