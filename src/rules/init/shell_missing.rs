//! `init-shell-missing`: /bin/sh is not there, or does not start.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::init::{InitKind, State};
use crate::facts::undecided;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Impact, Level, Rule};

pub(in crate::rules) struct ShellMissing;

impl Rule for ShellMissing {
    fn id(&self) -> &'static str {
        "init-shell-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let mut out = Findings::new();
        let (what, pieces) = match &host.init().shell.state {
            State::Starts(_) => return Ok(out),
            State::Missing(looked) => ("/bin/sh is missing".to_owned(), vec![looked.into()]),
            State::Unfit(failure) | State::Fails(_, failure) => (
                format!("/bin/sh does not start: {}", failure.message),
                super::evidence(failure),
            ),
            State::Unknown(unknown) => return Err(undecided(unknown.clone())),
            State::NotCovered(why) => return Err(Stop::NotCovered(why.clone())),
        };
        let mut pieces = pieces.into_iter();
        let Some(first) = pieces.next() else {
            return Ok(out);
        };
        let by_systemd = host.init_kind() == Some(InitKind::Systemd);
        let mut enabled = host.enabled().items.iter();
        let ifupdown = enabled.any(|e| e.name == "networking" || e.name.starts_with("net."));
        let fate = match (by_systemd, ifupdown) {
            (true, true) => "no start script runs, nor what brings up the network",
            (true, false) => "no script of a unit, of cron or of a hook runs",
            (false, _) => "no start script runs",
        };
        let message = format!("{what}: {fate}");
        let finding = Finding::new(self.id(), "/bin/sh", message, first)
            .with_all(pieces)
            .with(Evidence::computed(
                "every script that begins with #!/bin/sh needs it",
            ))
            .follows(&["init-missing", "init-cannot-start"]);
        out.push(match (by_systemd, ifupdown) {
            (true, true) => finding
                .impact(&[Impact::NoNetwork, Impact::NoAccess])
                .confidence(Confidence::Likely),
            (true, false) => finding.impact(&[Impact::NoService]).at_most(Level::Warn),
            (false, _) => finding,
        });
        Ok(out)
    }
}
