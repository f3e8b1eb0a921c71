//! `init-name-ignored`: the command line names an init that cannot be started, and
//! another one is started instead.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::init::{Ending, State};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct NameIgnored;

impl Rule for NameIgnored {
    fn id(&self) -> &'static str {
        "init-name-ignored"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let ending = super::ending(host)?;
        let init = host.init();
        let Some(named) = &init.boot.init else {
            return Err(Stop::NotApplicable("no init= on the command line"));
        };
        let mut out = Findings::new();
        let taken = match ending {
            Ending::Starts(candidate, program) if candidate.path != *named => {
                Some((candidate, program))
            }
            _ => None,
        };
        let Some((candidate, program)) = taken else {
            return Ok(out);
        };
        let mut named_one = init.candidates.iter().filter(|c| c.path == *named);
        let (first, rest) = match named_one.next().map(|candidate| &candidate.state) {
            Some(State::Missing(looked)) => (Evidence::from(looked), Vec::new()),
            Some(State::Unfit(failure) | State::Fails(_, failure)) => {
                let mut pieces = super::evidence(failure).into_iter();
                let first = pieces.next();
                let first = first.unwrap_or_else(|| Evidence::path(named, "does not start"));
                (first, pieces.collect())
            }
            _ => return Ok(out),
        };
        let shown = escape_path(named);
        let other = escape_path(&candidate.path);
        let message = format!(
            "init={shown} cannot be started: {other} ({}) is started instead",
            program.kind.name()
        );
        let mut finding = Finding::new(self.id(), shown, message, first).with_all(rest);
        if let Some(place) = &init.boot.place {
            finding = finding.with(Evidence::span(place.clone(), "asked for here"));
        }
        out.push(finding);
        Ok(out)
    }
}
