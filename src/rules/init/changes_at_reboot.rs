//! `init-changes-at-reboot`: the next boot starts another init than the one that runs.

use crate::fact::{Doubt, Fact, Stop, Why};
use crate::facts::init::Ending;
use crate::facts::{Boots, Host, undecided};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct ChangesAtReboot;

impl Rule for ChangesAtReboot {
    fn id(&self) -> &'static str {
        "init-changes-at-reboot"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let running = match host.running_init() {
            Fact::Known(running) => running,
            // In a container that may be nobody's to see, not even root's there.
            Fact::Unknown(unknown)
                if unknown.doubt == Doubt::Denied && !matches!(host.boots(), Boots::Yes(_)) =>
            {
                return Err(Stop::NotCovered(Why::Container));
            }
            Fact::Unknown(unknown) => return Err(undecided(unknown)),
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {
                return Err(Stop::NotApplicable("not the running system"));
            }
        };
        let mut out = Findings::new();
        let Ending::Starts(candidate, program) = super::ending(host)? else {
            return Ok(out);
        };
        // A wrapper may start any init.
        if program.is_script || program.found.path == running.program {
            return Ok(out);
        }
        let name = |path: &std::path::Path| path.file_name().map(ToOwned::to_owned);
        // The same program in another directory: a merge of /usr, or an upgrade.
        if name(&running.program) == name(&program.found.path) {
            return Ok(out);
        }
        let now = escape_path(&running.program);
        let next = escape_path(&program.found.path);
        let message = format!(
            "{now} runs now, and the next boot starts {next} ({})",
            program.kind.name()
        );
        let finding = Finding::new(
            self.id(),
            "process 1",
            message,
            Evidence::path("/proc/1/exe", format!("-> {now}")),
        );
        let text = format!("-> {next}");
        out.push(finding.with(Evidence::path(&candidate.path, text)));
        Ok(out)
    }
}
