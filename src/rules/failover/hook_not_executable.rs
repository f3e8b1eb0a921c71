//! `failover-hook-not-executable`: a hook keepalived cannot start.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::parse::init_script::{Head, head};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::source::FileKind;
use crate::text::{escape, escape_path};

pub(in crate::rules) struct HookNotExecutable;

impl Rule for HookNotExecutable {
    fn id(&self) -> &'static str {
        "failover-hook-not-executable"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (failover, mut out) = super::hooks(host)?;
        for (path, call) in super::programs(failover) {
            let Fact::Known(found) = &call.program else {
                out.gap(&call.program);
                continue;
            };
            let shown = escape_path(path);
            let owner = super::called(call.subject, &call.name);
            let place = call.command.place.clone();
            let finding = |message: String, evidence: Evidence| {
                let label = "called here, and silently not run";
                Finding::new(self.id(), shown.clone(), message, evidence)
                    .with(Evidence::span(place.clone(), label))
            };
            if found.meta.kind != FileKind::File {
                let what = found.meta.kind.noun();
                let message = format!("the hook of {owner} is {what}: {shown}");
                out.push(finding(message, Evidence::path(&found.path, what)));
                continue;
            }
            if !found.meta.any_execute_bit() {
                let mode = found.meta.mode & 0o777;
                let message = format!("the hook of {owner} is not executable: {shown}");
                let text = format!("mode {mode:04o}, no execute bit");
                let found = finding(message, Evidence::path(&found.path, text));
                let chmod = format!("chmod 755 {shown}");
                out.push(found.fix("Make it executable:", &[&chmod]));
                continue;
            }
            let file = match host.tree().read_head(path, 512) {
                Fact::Known(file) => file,
                Fact::Unknown(unknown) => {
                    out.open.push(unknown);
                    continue;
                }
                Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => continue,
            };
            match head(&file) {
                Head::Elf => {}
                Head::Script(interpreter) => {
                    let name = Path::new(std::ffi::OsStr::from_bytes(&interpreter.path));
                    match host.resolve(name) {
                        Fact::Absent(_) => {}
                        Fact::Unknown(unknown) => {
                            out.open.push(unknown);
                            continue;
                        }
                        Fact::NotCovered(_) | Fact::Known(_) | Fact::Broken(_) => continue,
                    }
                    let shown = escape(&interpreter.path);
                    let message =
                        format!("the hook of {owner} needs {shown}, which does not exist");
                    let place = interpreter.place.clone();
                    out.push(finding(
                        message,
                        Evidence::span(place, "no such interpreter"),
                    ));
                }
                // execve refuses both; keepalived 2 runs hooks without a shell.
                Head::Plain
                    if failover.config.version >= crate::parse::keepalived::Version::EXEC_HOOKS =>
                {
                    let message = format!("the hook of {owner} has no interpreter line: {shown}");
                    let place = file.place(file.line_span(1));
                    out.push(finding(
                        message,
                        Evidence::span(place, "the kernel cannot tell how to run this"),
                    ));
                }
                Head::Plain => {}
                Head::Empty => {
                    let message = format!("the hook of {owner} is empty: {shown}");
                    out.push(finding(message, Evidence::path(&found.path, "0 bytes")));
                }
            }
        }
        Ok(out)
    }
}
