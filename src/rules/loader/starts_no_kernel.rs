//! `loader-starts-no-kernel`: the entry that boots by default starts no Linux.

use crate::boot::Loader;
use crate::fact::{Doubt, Stop, Unknown};
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::{Place, escape};

pub(in crate::rules) struct StartsNoKernel;

impl Rule for StartsNoKernel {
    fn id(&self) -> &'static str {
        "loader-starts-no-kernel"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let chosen = super::of(host)?;
        let Some(entry) = &chosen.next.entry else {
            return Err(Stop::NotApplicable("the loader starts nothing by itself"));
        };
        let mut out = Findings::new();
        let title = if entry.title.is_empty() {
            "the configuration itself".to_owned()
        } else {
            format!("the default entry, \"{}\",", escape(&entry.title))
        };
        let what = match &entry.loader {
            Loader::Linux(_) | Loader::Unified => return Ok(out),
            Loader::Chain | Loader::Menu => {
                let doubt = format!("{title} hands over to another loader, which is not followed");
                let unknown = Unknown::at(entry.place.clone(), Doubt::CannotModel(doubt));
                out.open.push(unknown);
                return Ok(out);
            }
            Loader::Other(command) => {
                let doubt = format!("{title} starts something by {command}, which is not modelled");
                let unknown = Unknown::at(entry.place.clone(), Doubt::CannotModel(doubt));
                out.open.push(unknown);
                return Ok(out);
            }
            Loader::Firmware => "goes back to the firmware",
            Loader::PowerOff => "turns the machine off or restarts it",
            Loader::Nothing => "loads no kernel, so the menu comes back and waits",
        };
        let message = format!("{title} {what}");
        let steps = chosen.next.how.iter().filter_map(|step| step.place.clone());
        let from: Vec<Place> = steps.take(4).collect();
        let how: Vec<&str> = chosen.next.how.iter().map(|s| s.text.as_str()).collect();
        let text = format!("chosen by {}", how.join(", then "));
        let subject = escape(&entry.id);
        let evidence = Evidence::span(entry.place.clone(), "the entry that starts");
        let finding = Finding::new(self.id(), subject, message, evidence);
        out.push(finding.with(Evidence::Computed { text, from }));
        Ok(out)
    }
}
