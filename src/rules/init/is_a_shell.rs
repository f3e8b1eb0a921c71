//! `init-is-a-shell`: process 1 will be a shell, because it is asked for.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::init::{Ending, InitKind};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct IsAShell;

impl Rule for IsAShell {
    fn id(&self) -> &'static str {
        "init-is-a-shell"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mut out = Findings::new();
        let Ending::Starts(candidate, program) = super::ending(host)? else {
            return Ok(out);
        };
        if program.kind != InitKind::Shell {
            return Ok(out);
        }
        let boot = &host.init().boot;
        let asked = boot.init.as_ref() == Some(&candidate.path);
        let name = escape_path(&candidate.path);
        let target = escape_path(&program.found.path);
        let message = if asked {
            format!("the boot ends in a root shell on the console: init={name}")
        } else {
            format!("the boot ends in a root shell on the console: {name} is {target}")
        };
        let first = match (&boot.place, asked) {
            (Some(place), true) => Evidence::span(place.clone(), "left from a rescue?"),
            _ => Evidence::path(&candidate.path, format!("-> {target}, a shell")),
        };
        out.push(Finding::new(self.id(), name, message, first));
        Ok(out)
    }
}
