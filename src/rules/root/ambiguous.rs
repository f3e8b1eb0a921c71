//! `root-ambiguous`: several devices have the name of the root.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::devices::Match;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct Ambiguous;

impl Rule for Ambiguous {
    fn id(&self) -> &'static str {
        "root-ambiguous"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let root = super::of(host)?;
        let (value, spec) = super::named(root)?;
        let devices = super::devices(host)?;
        let mut out = Findings::new();
        let Match::Several(found) = devices.find(&spec) else {
            return Ok(out);
        };
        let nodes: Vec<&str> = found.iter().map(|device| device.node.as_str()).collect();
        let (name, nodes) = (escape(&value.text), nodes.join(", "));
        let message = format!("root={name} could be any of {nodes}");
        let evidence = super::line(root, format!("root= from {}", value.from));
        let text = format!("{} lists {nodes}", devices.from);
        let finding = Finding::new(self.id(), name, message, evidence);
        out.push(finding.with(Evidence::computed(text)));
        Ok(out)
    }
}
