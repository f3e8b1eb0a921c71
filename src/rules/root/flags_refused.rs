//! `root-flags-refused`: the file system of the root refuses an option of `rootflags=`.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::stack;
use crate::facts::mounts::{Judged, judge_option};
use crate::parse::fstab::Opt;
use crate::rules::{Confidence, Cx, Finding, Findings, Rule};
use crate::text::{File, Span, escape};

pub(in crate::rules) struct FlagsRefused;

impl Rule for FlagsRefused {
    fn id(&self) -> &'static str {
        "root-flags-refused"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let root = super::of(host)?;
        let Some(flags) = root.last("rootflags") else {
            return Err(Stop::NotApplicable("no rootflags= is given"));
        };
        let Some(kind) = stack::file_system(host) else {
            return match host.devices() {
                Fact::Unknown(unknown) => Err(Stop::Undecided(vec![unknown.clone()])),
                _ => Err(Stop::NotApplicable("the root's file system is not known")),
            };
        };
        let mut out = Findings::new();
        // A place of its own for each option; the line's place is the evidence.
        let text = File::new("rootflags", flags.to_vec());
        let nowhere = text.place(Span::new(0, 0));
        for flag in flags.split(|b| *b == b',').filter(|flag| !flag.is_empty()) {
            let option = Opt {
                text: flag.to_vec(),
                place: nowhere.clone(),
            };
            let what = match judge_option(kind.name.as_bytes(), &option) {
                // When an option went away is another question than whether it is right.
                Judged::Fine | Judged::Removed(_) => continue,
                Judged::Unknown => "has no option",
                Judged::BadValue(_) => "does not take",
            };
            let shown = escape(flag);
            let name = &kind.name;
            let message = format!(
                "rootflags={}: {name} {what} {shown}, and the root is not mounted",
                escape(flags)
            );
            let evidence = super::line(root, format!("{name} {what} {shown}"));
            let finding =
                Finding::new(self.id(), shown, message, evidence).with(super::told(&kind.told));
            out.push(if kind.certain {
                finding
            } else {
                finding.confidence(Confidence::Likely)
            });
            break;
        }
        Ok(out)
    }
}
