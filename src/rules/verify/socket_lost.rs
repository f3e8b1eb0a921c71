//! `verify-socket-lost`: nothing listens any more where something did.

use super::{before, was, whole};
use crate::fact::{Fact, Stop};
use crate::facts::{Host, standing};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct SocketLost;

impl Rule for SocketLost {
    fn id(&self) -> &'static str {
        "verify-socket-lost"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let now = whole(standing::listeners(host))?;
        let then = whole(standing::listeners(before))?;
        if then.is_empty() {
            return Err(Stop::NotApplicable("nothing listened"));
        }
        // Without systemd every socket speaks for itself.
        let known = super::unit_lost::lost(host, before).ok();
        let lost = known.iter().flat_map(|(lost, _)| lost);
        let lost: Vec<&str> = lost.map(|lost| lost.unit.name.as_str()).collect();
        let open = known.as_ref().map_or(&[][..], |(_, open)| open);
        let mut out = Findings::new();
        for socket in then {
            if now.iter().any(|other| other.serves_for(&socket)) {
                continue;
            }
            let by = standing::owner(before, &socket);
            let (program, unit) = match &by {
                Some((program, unit)) => (Some(program), unit.as_deref()),
                None => (None, None),
            };
            // Said with its unit, or not known yet.
            let waits = open
                .iter()
                .find(|open| Some(open.path.as_os_str()) == unit.map(AsRef::as_ref));
            if let Some(waits) = waits {
                out.open.push(waits.clone());
                continue;
            }
            if unit.is_some_and(|unit| lost.contains(&unit)) {
                continue;
            }
            let whose = match (program, unit) {
                (Some(program), Some(unit)) => format!("; {program} of {unit} did"),
                (Some(program), None) => format!("; {program} did"),
                (None, _) => String::new(),
            };
            let shown = socket.shown();
            let message = format!("nothing listens on {shown} any more{whose}");
            let evidence = was(&socket.place, "it listened");
            let mut finding = Finding::new(self.id(), shown, message, evidence);
            if let (Some(unit), Fact::Known(units)) = (unit, standing::units(host))
                && let Some(unit) = units.iter().find(|other| other.name == unit)
            {
                finding = finding.with(Evidence::span(unit.place.clone(), "its unit now"));
            }
            out.push(finding);
        }
        Ok(out)
    }
}
