//! `down-clock-apart`: the clock that the boot begins with is far from the time of now.

use std::path::Path;

use super::super::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::fact::{Doubt, Fact, Stop, Unknown};
use crate::facts::Host;
use crate::facts::running::{booted, must_run};
use crate::text::File;

pub(in crate::rules) struct ClockApart;

/// The clock that the kernel sets its own by (`CONFIG_RTC_HCTOSYS_DEVICE`, `rtc0`
/// everywhere).
const CLOCK: &str = "/sys/class/rtc/rtc0/since_epoch";
/// Seconds that Kerberos bears, and beyond which certificates and logs go wrong.
const NOTED: u64 = 300;
const GRAVE: u64 = 3600;

impl Rule for ClockApart {
    fn id(&self) -> &'static str {
        "down-clock-apart"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        must_run(host)?;
        let clock = host.tree().read(Path::new(CLOCK));
        let clock = clock.require()?;
        let Some(clock) = clock else {
            return Err(Stop::NotApplicable("there is no hardware clock"));
        };
        // hwclock(8): kept in local time, it is put right by the zone.
        if let Fact::Known(file) = host.tree().read(Path::new("/etc/adjtime"))
            && file.lines().any(|(_, line)| line.trim_ascii() == b"LOCAL")
        {
            return Err(Stop::NotApplicable("the hardware clock has local time"));
        }
        let number = |file: &File| -> Option<i64> {
            let text = String::from_utf8_lossy(file.bytes()).into_owned();
            let text = text.split(['.', ' ', '\n']).next()?.to_owned();
            text.parse().ok()
        };
        let up = host.tree().read(Path::new("/proc/uptime"));
        let up = up.require()?.and_then(|file| number(file));
        let (Some(up), Some(booted), Some(then)) = (up, booted(host), number(clock)) else {
            let doubt = Doubt::CannotModel("no time can be read of it".to_owned());
            return Err(Stop::Undecided(vec![Unknown::new(CLOCK, doubt)]));
        };
        let mut out = Findings::new();
        out.judged = 1;
        let now = booted.saturating_add(up);
        let apart = now.abs_diff(then);
        if apart > NOTED {
            let side = if then < now { "behind" } else { "ahead of" };
            let message = format!(
                "the hardware clock is {} {side} the time of now: the boot begins with it",
                worded(apart)
            );
            let evidence = Evidence::span(clock.place(clock.line_span(1)), "seconds since 1970");
            let text = format!("it would be {now} by the clock of the kernel");
            let finding = Finding::new(self.id(), "rtc0", message, evidence);
            let finding = finding.with(Evidence::computed(text));
            out.push(if apart > GRAVE {
                finding
            } else {
                finding.at_most(Level::Note)
            });
        }
        Ok(out)
    }
}

fn worded(seconds: u64) -> String {
    if seconds < 7200 {
        format!("{} minutes", seconds / 60)
    } else if seconds < 172_800 {
        format!("{} hours", seconds / 3600)
    } else {
        format!("{} days", seconds / 86400)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_time_is_told_in_the_unit_that_fits_it() {
        let told = super::worded;
        assert_eq!([told(300), told(7199)], ["5 minutes", "119 minutes"]);
        assert_eq!([told(7200), told(172_799)], ["2 hours", "47 hours"]);
        assert_eq!(told(172_800), "2 days");
    }
}
