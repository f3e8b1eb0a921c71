//! `target-default-unusable`: the boot ends at a prompt, in rescue, or off.

use crate::fact::Stop;
use crate::facts::target::{Runlevel, Target, Unit};
use crate::facts::{Host, undecided};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct DefaultUnusable;

/// Targets nobody boots a server into.
const DEAD_ENDS: [(&str, &str); 7] = [
    ("rescue.target", "stops in rescue mode"),
    ("emergency.target", "stops in emergency mode"),
    ("halt.target", "halts"),
    ("poweroff.target", "powers off"),
    ("reboot.target", "reboots, for ever"),
    ("kexec.target", "reboots, for ever"),
    ("runlevel1.target", "stops in rescue mode"),
];

/// The cure for sysvinit.
const INITTAB: &str =
    "Put a line such as id:2:initdefault: into /etc/inittab, before any other initdefault.";

impl Rule for DefaultUnusable {
    fn id(&self) -> &'static str {
        "target-default-unusable"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mut out = Findings::new();
        let finding = |message: String, evidence: Evidence| {
            Finding::new(self.id(), "default", message, evidence)
        };
        let by_inittab =
            |message: String, evidence: Evidence| finding(message, evidence).fix(INITTAB, &[]);
        match super::of(host)? {
            Target::Systemd(target) => {
                let name = escape(target.name.as_bytes());
                match &target.unit {
                    Unit::Loaded(file) => {
                        let dead_end = DEAD_ENDS.iter().find(|(end, _)| *end == target.name);
                        if let Some((_, fate)) = dead_end {
                            let message = format!("the boot {fate}: the default target is {name}");
                            let place = file.place(file.line_span(1));
                            let label = "the unit systemd is told to reach";
                            out.push(finding(message, Evidence::span(place, label)));
                        }
                    }
                    Unit::Masked(path) => {
                        let message = format!("the boot stops in rescue mode: {name} is masked");
                        out.push(finding(message, Evidence::path(path, "this masks it")));
                    }
                    Unit::Missing(looked) => {
                        let message =
                            format!("the boot stops in rescue mode: {name} does not exist");
                        out.push(finding(message, Evidence::from(looked)));
                    }
                    Unit::Unknown(unknown) => return Err(undecided(unknown.clone())),
                    Unit::NotCovered(why) => return Err(Stop::NotCovered(why.clone())),
                }
            }
            Target::Runlevel(Runlevel::NoTable(looked)) => {
                let message = "no /etc/inittab: init asks for a runlevel and waits for ever";
                out.push(by_inittab(message.to_owned(), Evidence::from(looked)));
            }
            Target::Runlevel(Runlevel::NoDefault(meant)) => {
                let message = "no default runlevel: init asks for one and waits for ever";
                let mut pieces = meant
                    .iter()
                    .map(|(place, why)| Evidence::span(place.clone(), *why));
                let first = pieces.next();
                let none = || Evidence::path("/etc/inittab", "has no initdefault line");
                let found = by_inittab(message.to_owned(), first.unwrap_or_else(none));
                out.push(found.with_all(pieces));
            }
            Target::Runlevel(Runlevel::Level(level, place)) => {
                let fate = match level {
                    '0' => Some("halts"),
                    '6' => Some("reboots, for ever"),
                    '1' | 'S' | 's' => Some("stops in single-user mode"),
                    '2'..='5' | '7'..='9' => None,
                    _ => Some("stops: init knows no such runlevel"),
                };
                if let Some(fate) = fate {
                    let message = format!("the boot {fate}: the default runlevel is {level}");
                    let label = "the first initdefault counts, and its highest level";
                    out.push(by_inittab(message, Evidence::span(place.clone(), label)));
                }
            }
        }
        Ok(out)
    }
}
