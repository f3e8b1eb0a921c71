//! `trigger-panic-stays-dead`: the kernel is told to panic, and nothing brings the box
//! back.

use super::evidence;
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::triggers::{What, When};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct StaysDead;

impl Rule for StaysDead {
    fn id(&self) -> &'static str {
        "trigger-panic-stays-dead"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let triggers = host.triggers();
        let mut out = Findings::new();
        for beside in &triggers.beside {
            let trigger = &beside.trigger;
            let (What::StaysDead, When::On(event)) = (beside.what, &trigger.when) else {
                continue;
            };
            out.judged += 1;
            let message = format!("the kernel stops {event}, and the box stays down");
            let mut pieces = evidence(host, trigger).into_iter();
            let Some(first) = pieces.next() else { continue };
            let at = escape_path(trigger.place.path());
            let subject = format!("{at}:{}", trigger.command_place.text());
            let nothing = "nothing reboots it: kernel.panic is 0, and there is no kdump and no \
                           hardware watchdog";
            let finding = Finding::new(self.id(), subject, message, first)
                .with_all(pieces)
                .with(Evidence::computed(nothing));
            out.push(finding);
        }
        super::gaps_below(host, &["/etc/sysctl", "/run/sysctl", "/usr"], &mut out);
        if out.judged == 0 && out.open.is_empty() && !host.kernel_settings().is_read() {
            let why = "nothing reads the kernel's settings from files";
            return Err(super::not_applicable(host, why));
        }
        Ok(out)
    }
}
