//! `verify-resolver-lost`: the box knows no server of names any more.

use super::{before, was};
use crate::fact::Stop;
use crate::facts::{Host, standing};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct ResolverLost;

impl Rule for ResolverLost {
    fn id(&self) -> &'static str {
        "verify-resolver-lost"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let (now, then) = (standing::nameservers(host), standing::nameservers(before));
        let then = then.require()?.map_or(&[][..], Vec::as_slice);
        let Some((_, place)) = then.first() else {
            return Err(Stop::NotApplicable("no server of names was known"));
        };
        let absent = match &now {
            crate::fact::Fact::Absent(looked) => Some(Evidence::from(looked)),
            _ => None,
        };
        let now = now.require()?.map_or(&[][..], Vec::as_slice);
        let mut out = Findings::new();
        if now.is_empty() {
            let names: Vec<&str> = then.iter().map(|(name, _)| name.as_str()).collect();
            let names = crate::text::escape(names.join(", ").as_bytes());
            let message = format!("no server of names is known any more; it was {names}");
            let finding = Finding::new(
                self.id(),
                "resolv.conf",
                message,
                was(place, "it was there"),
            );
            out.push(finding.with_all(absent));
        }
        Ok(out)
    }
}
