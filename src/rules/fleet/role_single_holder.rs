//! `fleet-role-single-holder`: a role whose only holder cannot go down.

use super::{members, name};
use crate::fleet::GroupKind;
use crate::rules::{Cx, Evidence, Examined, Finding, FleetRule, Together};

pub(in crate::rules) struct RoleSingleHolder;

impl FleetRule for RoleSingleHolder {
    fn id(&self) -> &'static str {
        "fleet-role-single-holder"
    }

    fn check(&self, hosts: &[Examined], _cx: &Cx<'_>) -> Together {
        let mut out = Together::new("policy gives it no role");
        let members = members(hosts);
        for group in GroupKind::Role.groups(&members) {
            out.judged.extend(group.seats.iter().map(|seat| seat.host));
            let [seat] = group.seats.as_slice() else {
                continue;
            };
            // A host without a name may hold it too.
            let unnamed = members.iter().flatten().filter_map(|m| m.unnamed.as_ref());
            let mut unnamed = unnamed
                .map(|unknown| (seat.host, unknown.clone()))
                .peekable();
            if unnamed.peek().is_some() {
                out.open.extend(unnamed);
                continue;
            }
            let host = name(hosts, seat.host);
            let message = format!(
                "{host} alone holds the role {}: nobody stands in",
                group.name
            );
            let place = seat.place.as_ref().map(|place| {
                let path = crate::text::escape_path(place.path());
                format!("{path}:{}: role {}", place.start().line, group.name)
            });
            let text = place.unwrap_or_else(|| format!("role {}", group.name));
            let subject = format!("role {}", group.name);
            let finding = Finding::new(self.id(), subject, message, Evidence::computed(text));
            out.list.push((seat.host, finding));
        }
        out
    }
}
