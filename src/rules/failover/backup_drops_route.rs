//! `failover-backup-drops-route`: a hook that takes the box's own default route away
//! whenever keepalived starts.

use std::net::IpAddr;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::failover::{Failover, HookCall};
use crate::parse::interfaces::Stanza;
use crate::parse::keepalived::{HookState, Subject};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::{Place, escape};

use super::change::{Change, change, effects};

pub(in crate::rules) struct BackupDropsRoute;

/// Whether the call comes at each start: an instance begins as BACKUP, but for the owner
/// of the address (keepalived 2.2.7 `vrrp_scheduler.c`, `vrrp_init_state`).
fn at_start(failover: &Failover, call: &HookCall) -> bool {
    let owner = |name: &[u8]| {
        let mut all = failover.config.instances.iter();
        all.any(|i| i.name.value == name && i.start_priority() == 255)
    };
    let all_owned = match call.subject {
        Subject::Instance => owner(&call.name),
        Subject::Group => {
            let mut groups = failover.config.groups.iter();
            let group = groups.find(|group| group.name.value == call.name);
            group.is_some_and(|group| group.members.iter().any(|m| owner(&m.value)))
        }
    };
    call.state == HookState::Backup && !all_owned
}

/// Whether a change is about a default route of the main table.
fn is_default(change: &Change<'_>) -> bool {
    let defaults: [&[u8]; 3] = [b"default", b"0.0.0.0/0", b"::/0"];
    let main = change.options.iter().all(|(key, value)| match *key {
        b"table" => *value == b"main" || *value == b"254",
        _ => true,
    });
    change.kind == "route" && defaults.contains(&change.what) && main
}

/// Whether taking `change` away takes the route of a stanza.
fn hits(change: &Change<'_>, stanza: &Stanza, gateway: IpAddr) -> bool {
    let narrowed = change.options.iter().all(|(key, value)| match *key {
        b"via" => std::str::from_utf8(value).ok().and_then(|v| v.parse().ok()) == Some(gateway),
        b"dev" => *value == stanza.name.as_bytes(),
        b"table" => true,
        b"metric" => {
            let metric = stanza.get("metric").map(|option| option.value.trim());
            metric.map(str::as_bytes) == Some(*value)
        }
        _ => false,
    });
    narrowed && change.six == gateway.is_ipv6()
}

/// Where a call takes a default route away and sets none again.
fn dropped(call: &HookCall, fits: impl Fn(&Change<'_>) -> bool) -> Option<Place> {
    let mut gone: Option<(Place, bool)> = None;
    for (effect, words) in effects(call) {
        let Some(change) = change(&words).filter(is_default) else {
            continue;
        };
        if change.sets {
            gone = gone.filter(|(_, six)| *six != change.six);
        } else if gone.is_none() && fits(&change) {
            gone = Some((effect.place.clone(), change.six));
        }
    }
    gone.map(|(place, _)| place)
}

impl Rule for BackupDropsRoute {
    fn id(&self) -> &'static str {
        "failover-backup-drops-route"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (failover, mut out) = super::hooks(host)?;
        super::unread_hooks(failover, &mut out);
        let ifupdown = &host.network().ifupdown;
        match &ifupdown.interfaces {
            Fact::Known(read) => out.open.extend(read.open.iter().cloned()),
            Fact::Absent(_) => {
                return Err(Stop::NotApplicable("ifupdown sets no default route"));
            }
            other => out.gap(other),
        }
        let raised = ifupdown.raised();
        let gateways: Vec<_> = raised
            .iter()
            .filter_map(|stanza| stanza.gateway().map(|(to, place)| (*stanza, to, place)))
            .collect();
        if gateways.is_empty() && out.open.is_empty() {
            return Err(Stop::NotApplicable("ifupdown sets no default route"));
        }
        let calls = failover.calls.iter().filter(|c| at_start(failover, c));
        for call in calls {
            let hit = gateways.iter().find_map(|(stanza, gateway, place)| {
                let at = dropped(call, |change| hits(change, stanza, *gateway))?;
                Some((at, *stanza, (*place).clone()))
            });
            let Some((at, stanza, place)) = hit else {
                continue;
            };
            let owner = super::called(call.subject, &call.name);
            let interface = escape(stanza.name.as_bytes());
            let message = format!(
                "the default route of {interface} goes whenever keepalived starts: {owner} \
                 begins as BACKUP"
            );
            let finding = Finding::new(
                self.id(),
                escape(&call.name),
                message,
                Evidence::span(at, "done for BACKUP"),
            )
            .with(Evidence::span(place, "set by ifup before"))
            .with(Evidence::span(call.command.place.clone(), "the hook"));
            out.push(finding.confidence(Confidence::Likely));
            // The route goes once.
            break;
        }
        Ok(out)
    }
}
