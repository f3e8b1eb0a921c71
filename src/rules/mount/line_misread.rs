//! `mount-line-misread`: a line of fstab that a reader ignores or takes otherwise.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::mounts::{Manager, Mounts, Plan, Role};
use crate::parse::fstab::Trouble;
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};
use crate::text::{Place, escape};

pub(in crate::rules) struct LineMisread;

impl Rule for LineMisread {
    fn id(&self) -> &'static str {
        "mount-line-misread"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        let mut out = Findings::new();
        out.judged += mounts.plans.len();
        let by_systemd = mounts.manager == Manager::Systemd;
        for problem in &mounts.problems {
            let place = &problem.place;
            let line = place.start().line;
            let says = problem.trouble.says();
            let mut message = format!("line {line} of fstab {says}");
            let mut level = Level::Warn;
            match problem.trouble {
                // The generator trims what it does not act on; a last option that it does
                // act on is lost, and with nofail the boot.
                Trouble::CarriageReturn => {
                    let Some(option) = lost_option(mounts, place).filter(|_| by_systemd) else {
                        continue;
                    };
                    message = format!(
                        "line {line} of fstab ends in a carriage return: systemd does not see \
                         its {option}"
                    );
                }
                // It guesses the type, and mounts.
                Trouble::NoType if by_systemd => level = Level::Note,
                Trouble::BadFreq | Trouble::BadPassno if by_systemd => {
                    // systemd takes it for zero; fields that shifted say more elsewhere.
                    level = Level::Note;
                }
                Trouble::OneField | Trouble::ExtraFields => level = Level::Note,
                Trouble::ByteOrderMark if is_comment(place) => continue,
                _ => {}
            }
            let subject = format!("line {line}");
            let evidence = Evidence::span(place.clone(), label(problem.trouble));
            let finding = Finding::new(self.id(), subject, message, evidence);
            out.push(finding.at_most(level));
        }
        for plan in mounts
            .plans
            .iter()
            .filter(|plan| plan.role == Role::NoPlace)
        {
            out.list.extend(no_place(self.id(), plan));
        }
        Ok(out)
    }
}

/// A mount point that is no path: a shifted field, or words.
fn no_place(rule: &'static str, plan: &Plan) -> Option<Finding> {
    let entry = &plan.entry;
    // A line of `none` is how some write what has no mount point.
    if matches!(entry.target.as_slice(), b"none" | b"swap" | b"") || entry.kind.is_empty() {
        return None;
    }
    let line = entry.place.start().line;
    let target = escape(&entry.target);
    let message = format!("line {line} of fstab is ignored: {target} is no mount point");
    let place = super::field(plan, 1);
    let evidence = Evidence::span(place, "not an absolute path");
    let finding = Finding::new(rule, format!("line {line}"), message, evidence);
    Some(finding.impact(&[Impact::NoService]))
}

/// The option at the end of the line that the carriage return spoils, where it is one
/// that the generator acts on.
fn lost_option(mounts: &Mounts, place: &Place) -> Option<String> {
    let plan = mounts.plans.iter().find(|plan| {
        let mut fields = plan.entry.fields.iter();
        fields.any(|field| field.span == place.span)
    })?;
    let last = plan.entry.options.last()?;
    let text = last.text.strip_suffix(b"\r")?;
    let text = String::from_utf8_lossy(text).into_owned();
    let acted_on = ["nofail", "noauto", "_netdev", "bg"].contains(&text.as_str())
        || text.starts_with("x-systemd.");
    acted_on.then_some(text)
}

fn is_comment(place: &Place) -> bool {
    let after = place.span.end;
    place.file.bytes().get(after) == Some(&b'#')
}

const fn label(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::OneField => "only one field",
        Trouble::NoType => "no type",
        Trouble::BadFreq | Trouble::BadPassno => "not a number",
        Trouble::ExtraFields => "a seventh field",
        Trouble::CarriageReturn => "ends in a carriage return",
        Trouble::ByteOrderMark => "byte order mark",
        Trouble::CutOff => "too long",
        Trouble::Nul => "has a NUL byte",
    }
}
