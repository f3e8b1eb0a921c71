//! `hook-program-missing`: a line of network configuration starts a program that is not
//! there.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::hooks::commanded;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::source::FileKind;
use crate::text::escape_path;

pub(in crate::rules) struct ProgramMissing;

impl Rule for ProgramMissing {
    fn id(&self) -> &'static str {
        "hook-program-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let commands = commanded(host);
        if commands.items.is_empty() && commands.gaps.is_empty() {
            return Err(Stop::NotApplicable(
                "no network configuration starts a program by its path",
            ));
        }
        let mut out = Findings::new();
        out.open.extend(commands.gaps);
        for command in commands.items {
            let shown = escape_path(&command.program);
            let by = command.by;
            let (what, evidence) = match &command.found {
                Fact::Absent(looked) => ("does not exist", Evidence::from(looked)),
                Fact::Known(found)
                    if found.meta.kind == FileKind::File && !found.meta.any_execute_bit() =>
                {
                    let mode = found.meta.mode & 0o777;
                    let text = format!("mode {mode:04o}, no execute bit");
                    ("is not executable", Evidence::path(&found.path, text))
                }
                Fact::Known(_) => {
                    out.judged += 1;
                    continue;
                }
                other => {
                    out.gap(other);
                    continue;
                }
            };
            out.judged += 1;
            let message = format!("{by} starts {shown}, which {what}");
            let first = Evidence::span(command.place, command.then);
            out.push(Finding::new(self.id(), shown, message, first).with(evidence));
        }
        Ok(out)
    }
}
