//! `target-requirement-missing`: something the default target requires is masked or
//! gone, so that systemd gives up the whole boot.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::target::{By, Target};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct RequirementMissing;

impl Rule for RequirementMissing {
    fn id(&self) -> &'static str {
        "target-requirement-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let Target::Systemd(target) = super::of(host)? else {
            return Err(Stop::NotApplicable("only systemd's targets require units"));
        };
        let mut out = Findings::new();
        out.open.extend(target.open.iter().cloned());
        let Some(unmet) = &target.unmet else {
            return Ok(out);
        };
        let unit = escape(unmet.unit.as_bytes());
        let what = match &unmet.masked {
            Some(_) => "is masked",
            None => "does not exist",
        };
        let name = escape(target.name.as_bytes());
        let message = format!("systemd freezes at boot: {unit}, which {name} requires, {what}");
        let evidence = match &unmet.by {
            By::Line(place) => Evidence::span(place.clone(), "required here"),
            By::Link(link) => Evidence::path(link, "requires it"),
        };
        let mut finding = Finding::new(self.id(), unit, message, evidence);
        if let Some(path) = &unmet.masked {
            let command = format!("systemctl unmask {}", unmet.unit);
            let text = "Unmask it, or remove what requires it:";
            finding = finding
                .with(Evidence::path(path, "masks it"))
                .fix(text, &[&command]);
        }
        out.push(finding);
        Ok(out)
    }
}
