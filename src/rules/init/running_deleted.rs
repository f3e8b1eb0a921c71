//! `init-running-deleted`: process 1 runs from a file that is gone.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::{Host, undecided};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct RunningDeleted;

impl Rule for RunningDeleted {
    fn id(&self) -> &'static str {
        "init-running-deleted"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        let running = match host.running_init() {
            Fact::Known(running) => running,
            Fact::Absent(_) => {
                return Err(Stop::NotApplicable("no running process 1 in this tree"));
            }
            Fact::Broken(fault) => return Err(undecided(fault.into())),
            Fact::Unknown(unknown) => return Err(undecided(unknown)),
            Fact::NotCovered(_) => {
                return Err(Stop::NotApplicable("not the running system"));
            }
        };
        let mut out = Findings::new();
        if !running.deleted {
            return Ok(out);
        }
        let program = escape_path(&running.program);
        let evidence = Evidence::path("/proc/1/exe", format!("points at \"{program} (deleted)\""));
        let finding = Finding::new(self.id(), "process 1", "", evidence).follows(&["init-missing"]);
        // An upgrade replaces the file under its name; until the next reboot the old
        // one runs on. That is ordinary; a name that is gone is not.
        out.push(match host.resolve(Path::new(&running.program)) {
            Fact::Known(_) => Finding {
                message: format!("process 1 still runs the replaced {program}"),
                ..finding.at_most(Level::Note)
            },
            Fact::Unknown(unknown) => return Err(undecided(unknown)),
            Fact::Absent(looked) => Finding {
                message: format!("process 1 runs from {program}, which is gone"),
                ..finding.with(Evidence::from(&looked))
            },
            Fact::Broken(_) | Fact::NotCovered(_) => Finding {
                message: format!("process 1 runs from {program}, which was deleted"),
                ..finding.confidence(Confidence::Likely)
            },
        });
        Ok(out)
    }
}
