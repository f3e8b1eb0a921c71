//! `initrd-broken`: the initrd is empty, cut off or damaged.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::boot::drivers;
use crate::parse::initrd::{Compression, Cut, ProblemKind};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule, loader};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct Broken;

impl Rule for Broken {
    fn id(&self) -> &'static str {
        "initrd-broken"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let facts = super::of(host)?;
        let initrd = &facts.initrd;
        let mut out = Findings::new();
        let grave = initrd.problems.iter().find(|problem| match &problem.kind {
            // A rule of its own speaks of what is whole and refused.
            ProblemKind::Refused { .. } => false,
            _ if super::is_behind_the_end(facts, problem) => false,
            ProblemKind::Empty => true,
            kind => kind.stops_the_kernel(),
        });
        let slight = || {
            let mut slight = initrd.problems.iter();
            slight.find(|p| {
                super::is_behind_the_end(facts, p)
                    || matches!(
                        p.kind,
                        ProblemKind::TrailerMissing | ProblemKind::CrcMismatch
                    )
            })
        };
        let Some(problem) = grave.or_else(slight) else {
            if initrd.is_microcode_only() {
                let path = facts
                    .files
                    .first()
                    .map_or("/boot".as_ref(), |f| f.path.as_path());
                let message = "the initrd holds microcode for the processor and nothing else";
                let evidence = Evidence::path(path, "only kernel/x86/microcode");
                let finding = Finding::new(self.id(), escape_path(path), message, evidence);
                out.push(grade(host, finding));
            }
            return Ok(out);
        };
        let Some(file) = facts.file_at(problem.offset) else {
            return Ok(out);
        };
        let path = escape_path(&file.path);
        let what = match &problem.kind {
            ProblemKind::Empty => "is empty",
            ProblemKind::Truncated(_) => "is cut off",
            ProblemKind::TrailerMissing => "lacks its end",
            ProblemKind::CrcMismatch => "has a wrong checksum",
            _ if grave.is_none() => "has something behind its end",
            _ => "is damaged",
        };
        let then = match &problem.kind {
            _ if grave.is_none() && problem.kind.stops_the_kernel() => {
                "the kernel complains, and has all that stands before it"
            }
            kind => kind.consequence(),
        };
        let message = format!("the initrd {path} {what}: {then}");
        let evidence = Evidence::path(
            &file.path,
            format!("{} at byte {}", problem.kind, problem.offset),
        );
        let mut finding = Finding::new(self.id(), path, message, evidence);
        if let crate::fact::Fact::Known(release) = host.release() {
            let commands = super::missing::cure(host, &escape(&release));
            let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
            if !commands.is_empty() {
                finding = finding.fix("Make it again before the next reboot:", &commands);
            }
        }
        let hangs = matches!(
            problem.kind,
            ProblemKind::Truncated(Cut::Compressed(Compression::Lz4))
        );
        out.push(if grave.is_none() {
            finding.at_most(Level::Warn)
        } else if hangs {
            certain_only_by_loader(host, finding)
        } else {
            grade(host, finding)
        });
        Ok(out)
    }
}

/// A kernel that finds its root alone boots without an initrd, too.
fn grade(host: &Host, finding: Finding) -> Finding {
    if drivers::kernel_can_mount(host) {
        return finding.at_most(Level::Warn);
    }
    certain_only_by_loader(host, finding)
}

fn certain_only_by_loader(host: &Host, finding: Finding) -> Finding {
    if loader::is_certain(host) {
        finding
    } else {
        finding.confidence(Confidence::Possible)
    }
}
