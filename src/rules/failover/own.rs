//! The addresses that the box has by itself.

use std::net::IpAddr;

use crate::fact::Fact;
use crate::facts::Host;
use crate::facts::network::plan::written;
use crate::rules::Findings;
use crate::text::Place;

/// An address in another program's hands.
pub(super) struct Own {
    /// The address.
    pub(super) address: IpAddr,
    /// Who gives it.
    pub(super) by: &'static str,
    /// Where.
    pub(super) place: Place,
}

/// The addresses that the boot's own managers give to interfaces.
pub(super) fn own(host: &Host, out: &mut Findings) -> Vec<Own> {
    if let other @ Fact::NotCovered(_) = &host.network().ifupdown.interfaces {
        out.gap(other);
    }
    let plan = written(host);
    // What a program makes of a file that could be read is no reason to know nothing.
    let unread = plan.open.iter().filter(|unknown| unknown.could_not_look());
    out.open.extend(unread.cloned());
    let own = plan.addresses().map(|(address, by, place)| Own {
        address,
        by: if by == "ifupdown" { "ifup" } else { by },
        place: place.clone(),
    });
    own.collect()
}
