//! `down-inhibited`: a program asked that the box stay up.

use super::super::{Cx, Evidence, Finding, Findings, Rule};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::running::{inhibitors, must_run};
use crate::text::escape;

pub(in crate::rules) struct Inhibited;

impl Rule for Inhibited {
    fn id(&self) -> &'static str {
        "down-inhibited"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        must_run(host)?;
        let mut out = Findings::new();
        let list = inhibitors(host);
        out.open.extend(list.gaps);
        out.judged = list.items.len();
        // A delay is over within seconds: NetworkManager and others always ask for one.
        for inhibitor in list.items.into_iter().filter(|i| i.blocks) {
            let who = escape(inhibitor.who.as_bytes());
            let why = escape(inhibitor.why.as_bytes());
            let message = format!("{who} asked that this box stay up: {why}");
            let evidence = Evidence::span(inhibitor.place, "asked of logind");
            out.push(Finding::new(self.id(), who, message, evidence));
        }
        Ok(out)
    }
}
