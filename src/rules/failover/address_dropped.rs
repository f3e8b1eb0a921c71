//! `failover-address-dropped`: a virtual address that keepalived cannot read.

use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::keepalived::ProblemKind;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct AddressDropped;

impl Rule for AddressDropped {
    fn id(&self) -> &'static str {
        "failover-address-dropped"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let config = &failover.config;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        if config.instances.is_empty() {
            return Err(Stop::NotApplicable("keepalived has no VRRP instance"));
        }
        out.judged = config.instances.len();
        let bad = |kind| matches!(kind, ProblemKind::BadAddress | ProblemKind::BadRoute);
        for instance in &config.instances {
            let inside = config.problems.iter().filter(|p| {
                let same = p.place.path() == instance.block.path();
                let (from, to) = (instance.block.span.start, instance.block.span.end);
                same && bad(p.kind) && (from..to).contains(&p.place.span.start)
            });
            let inside: Vec<_> = inside.collect();
            let Some(first) = inside.first() else {
                continue;
            };
            let name = escape(&instance.name.value);
            let message = match inside.len() {
                1 => format!("instance {name} drops 1 line with an address that it cannot read"),
                n => format!("instance {name} drops {n} lines with addresses that it cannot read"),
            };
            let at = Evidence::span(first.place.clone(), first.message.clone());
            let others = inside.iter().skip(1).take(5);
            let others = others.map(|p| Evidence::span(p.place.clone(), p.message.clone()));
            out.push(Finding::new(self.id(), name, message, at).with_all(others));
        }
        Ok(out)
    }
}
