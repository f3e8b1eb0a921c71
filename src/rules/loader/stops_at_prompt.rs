//! `loader-stops-at-prompt`: the loader waits for somebody to press a key.

use crate::boot::{Loader, ProblemKind};
use crate::fact::Stop;
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct StopsAtPrompt;

impl Rule for StopsAtPrompt {
    fn id(&self) -> &'static str {
        "loader-stops-at-prompt"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let chosen = super::of(host)?;
        let next = &chosen.next;
        let mut out = Findings::new();
        let loads_nothing = next
            .entry
            .as_ref()
            .is_some_and(|entry| entry.loader == Loader::Nothing);
        let prompt = match &next.stops_at_prompt {
            // Other rules speak of a menu without entries and of an entry without a kernel.
            Some(prompt) if !next.entries.is_empty() && !loads_nothing => prompt,
            _ => {
                let asks = next.problems.iter();
                let mut asks = asks.filter(|p| p.kind == ProblemKind::Passphrase);
                if let Some(problem) = asks.next() {
                    let message = format!(
                        "{} asks for a passphrase before it can read its files",
                        chosen.kind.name()
                    );
                    let label = &*problem.message;
                    let evidence = Evidence::span(problem.place.clone(), label);
                    let subject = escape_path(&chosen.config);
                    out.push(Finding::new(self.id(), subject, message, evidence));
                }
                return Ok(out);
            }
        };
        let name = chosen.kind.name();
        let message = format!("{name} waits for a key and starts nothing by itself");
        let evidence = match &prompt.place {
            Some(place) => Evidence::span(place.clone(), &*prompt.why),
            None => Evidence::path(&chosen.config, &*prompt.why),
        };
        let subject = escape_path(&chosen.config);
        out.push(Finding::new(self.id(), subject, message, evidence));
        Ok(out)
    }
}
