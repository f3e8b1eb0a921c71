//! `target-ordering-cycle`: units of the boot come before each other, and systemd drops
//! one of them.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::systemd::{Cycle, Dep, Failure, Ix, Systemd};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Impact, Level, Rule};

pub(in crate::rules) struct OrderingCycle;

impl Rule for OrderingCycle {
    fn id(&self) -> &'static str {
        "target-ordering-cycle"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let boot = super::systemd(host)?;
        let mut out = Findings::new();
        out.open.extend(boot.open());
        let Some(transaction) = &boot.plan.transaction else {
            return Ok(out);
        };
        if let Some(Failure::Cycle(circle)) = &transaction.failure {
            let message = format!(
                "systemd freezes at boot: {} come before each other, and all are required",
                super::names(boot, circle)
            );
            out.list.extend(self.finding(boot, circle, message));
        }
        for cycle in &transaction.cycles {
            out.list.extend(self.broken(boot, cycle));
        }
        Ok(out)
    }
}

impl OrderingCycle {
    /// A cycle that systemd breaks.
    fn broken(&self, boot: &Systemd, cycle: &Cycle) -> Option<Finding> {
        let (victim, more) = cycle.victims.split_first()?;
        let message = if more.is_empty() {
            let mut message = format!(
                "systemd does not start {} at boot, to break a cycle",
                super::name(boot, *victim)
            );
            if !cycle.with.is_empty() {
                message = format!(
                    "{message}; with it goes {}",
                    super::names(boot, &cycle.with)
                );
            }
            message
        } else {
            format!(
                "systemd drops one of {} at boot, to break a cycle: which is left to chance",
                super::names(boot, &cycle.victims)
            )
        };
        let finding = self.finding(boot, &cycle.units, message)?;
        let finding = finding.at_most(Level::Warn).impact(&[Impact::NoService]);
        Some(if more.is_empty() {
            finding
        } else {
            finding.confidence(Confidence::Likely)
        })
    }

    fn finding(&self, boot: &Systemd, circle: &[Ix], message: String) -> Option<Finding> {
        // The same circle is found from any of its units: the smallest name stands for it.
        let subject = circle.iter().map(|ix| super::name(boot, *ix)).min()?;
        let next = circle.iter().skip(1).chain(circle.first());
        let mut pieces = circle.iter().zip(next).filter_map(|(from, to)| {
            let unit = boot.plan.units.get(*from)?;
            let cause = unit.deps.get(&(Dep::Before, *to))?;
            let label = format!(
                "{} comes before {}",
                super::name(boot, *from),
                super::name(boot, *to)
            );
            Some(super::because(cause, &label))
        });
        let first = pieces.next()?;
        let pieces: Vec<Evidence> = pieces.take(MOST).collect();
        Some(Finding::new(self.id(), subject, message, first).with_all(pieces))
    }
}

/// Edges of a circle that are shown, beside the first.
const MOST: usize = 5;
