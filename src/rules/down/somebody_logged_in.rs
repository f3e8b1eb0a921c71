//! `down-somebody-logged-in`: others work on the box.

use super::super::{Cx, Evidence, Finding, Findings, Rule};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::running::{Session, must_run, sessions};

/// Sessions that are named.
const NAMED: usize = 3;

pub(in crate::rules) struct SomebodyLoggedIn;

impl Rule for SomebodyLoggedIn {
    fn id(&self) -> &'static str {
        "down-somebody-logged-in"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        must_run(host)?;
        let mut out = Findings::new();
        let list = sessions(host);
        out.open.extend(list.gaps);
        out.judged = list.items.len();
        if list.items.is_empty() {
            return Ok(out);
        }
        let shown: Vec<String> = list.items.iter().take(NAMED).map(Session::shown).collect();
        let more = list.items.len().saturating_sub(NAMED);
        let more = match more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!("somebody else is logged in: {}{more}", shown.join(", "));
        let evidence = Evidence::computed(shown.join(", "));
        out.push(Finding::new(self.id(), "sessions", message, evidence));
        Ok(out)
    }
}
