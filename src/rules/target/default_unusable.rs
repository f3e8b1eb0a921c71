//! `target-default-unusable`: the boot ends at a prompt, in rescue, or off.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::systemd::{Asked, End, Systemd};
use crate::facts::target::{Runlevel, Target};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule, loader};
use crate::text::escape;

pub(in crate::rules) struct DefaultUnusable;

/// The cure for sysvinit.
const INITTAB: &str =
    "Put a line such as id:2:initdefault: into /etc/inittab, before any other initdefault.";

impl Rule for DefaultUnusable {
    fn id(&self) -> &'static str {
        "target-default-unusable"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mut out = Findings::new();
        match super::of(host)? {
            Target::Systemd => {
                let boot = super::systemd(host)?;
                out.open.extend(boot.open());
                let found = self.systemd(host, boot);
                if found.is_some() {
                    out.open.clear();
                }
                out.list.extend(found);
            }
            Target::Runlevel(runlevel) => out.list.extend(self.runlevel(runlevel)),
        }
        Ok(out)
    }
}

impl DefaultUnusable {
    fn systemd(&self, host: &Host, boot: &Systemd) -> Option<Finding> {
        let first = boot.plan.units.get(boot.plan.first)?;
        let id = escape(first.id.as_bytes());
        let (who, word) = match &boot.plan.asked {
            Asked::Word(word) => {
                let evidence = super::word_evidence(host, word);
                (format!("the command line asks for {id}"), Some(evidence))
            }
            Asked::Default => (format!("the default target is {id}"), None),
        };
        let (message, evidence) = if first.state.refuses() {
            let state = first.state.words();
            let message = match (&word, boot.plan.anchor) {
                (None, Some(_)) => format!("the boot stops in rescue mode: {id} {state}"),
                (Some(_), Some(_)) => {
                    format!("the boot stops in rescue mode: {who}, which {state}")
                }
                (_, None) => {
                    format!("systemd freezes at boot: {id} {state}, and there is no rescue.target")
                }
            };
            (message, super::state_evidence(first))
        } else {
            let fate = match &boot.course.end {
                End::Rescue => "stops in rescue mode",
                End::Emergency(None) => "stops in emergency mode",
                End::PowersOff(None) => "ends with the machine off",
                End::Reboots(None) => "reboots, for ever",
                _ => return None,
            };
            let file = first.fragment.as_ref();
            let label = "the unit systemd is told to reach";
            let evidence = file.map(|file| Evidence::span(file.place(file.line_span(1)), label));
            (format!("the boot {fate}: {who}"), evidence)
        };
        let mut pieces = word.into_iter().chain(evidence);
        let evidence = pieces.next()?;
        let mut finding = Finding::new(self.id(), "default", message, evidence).with_all(pieces);
        if let Asked::Word(word) = &boot.plan.asked {
            let text = format!("Take {} off the command line.", escape(word.as_bytes()));
            finding = finding.fix(text, &[]);
            if !loader::is_certain(host) {
                finding = finding.confidence(Confidence::Possible);
            }
        }
        Some(finding)
    }

    fn runlevel(&self, runlevel: &Runlevel) -> Option<Finding> {
        let finding = |message: String, evidence: Evidence| {
            Finding::new(self.id(), "default", message, evidence).fix(INITTAB, &[])
        };
        match runlevel {
            Runlevel::NoTable(looked) => {
                let message = "no /etc/inittab: init asks for a runlevel and waits for ever";
                Some(finding(message.to_owned(), Evidence::from(looked)))
            }
            Runlevel::NoDefault(meant) => {
                let message = "no default runlevel: init asks for one and waits for ever";
                let mut pieces = meant
                    .iter()
                    .map(|(place, why)| Evidence::span(place.clone(), *why));
                let first = pieces.next();
                let none = || Evidence::path("/etc/inittab", "has no initdefault line");
                let found = finding(message.to_owned(), first.unwrap_or_else(none));
                Some(found.with_all(pieces))
            }
            Runlevel::Level(level, place) => {
                let fate = match level {
                    '0' => "halts",
                    '6' => "reboots, for ever",
                    '1' | 'S' | 's' => "stops in single-user mode",
                    '2'..='5' | '7'..='9' => return None,
                    _ => "stops: init knows no such runlevel",
                };
                let message = format!("the boot {fate}: the default runlevel is {level}");
                let label = "the first initdefault counts, and its highest level";
                Some(finding(message, Evidence::span(place.clone(), label)))
            }
        }
    }
}
