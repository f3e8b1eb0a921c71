//! `declared-check-failed`: a check of the site's own says that something is wrong.

use super::super::{Cx, Evidence, Findings, Rule};
use crate::fact::{Doubt, Fact, Stop, Unknown};
use crate::facts::Host;
use crate::facts::declared::run_checks;
use crate::facts::running;

pub(in crate::rules) struct CheckFailed;

impl Rule for CheckFailed {
    fn id(&self) -> &'static str {
        "declared-check-failed"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (mut out, checks) = super::of(host, &host.declared().checks, |check| &check.common)?;
        // What runs is of this machine: nothing of a tree is ever run.
        running::must_run(host)?;
        for (check, ended) in run_checks(host, &checks) {
            let name = &check.common.name;
            let ended = match ended {
                Fact::Known(ended) => ended,
                other => {
                    out.judged -= 1;
                    match other.require() {
                        Ok(_) => {}
                        Err(stop) => out.stop(stop),
                    }
                    continue;
                }
            };
            let said = if ended.text.is_empty() {
                "it says nothing".to_owned()
            } else {
                ended.text.clone()
            };
            match ended.status {
                Some(0) => {}
                Some(1) => {
                    let message = format!("check \"{name}\" fails: {said}");
                    let program = check.command.first().map_or("", String::as_str);
                    let evidence = Evidence::path(program, "exit status 1");
                    out.push(super::finding(self.id(), &check.common, message, evidence));
                }
                status => {
                    let how = status.map_or_else(
                        || "was ended by a signal".to_owned(),
                        |status| format!("ended with status {status}"),
                    );
                    let doubt = Doubt::CannotModel(format!("{how}: {said}"));
                    out.open.push(Unknown::new(format!("check {name}"), doubt));
                }
            }
        }
        Ok(out)
    }
}
