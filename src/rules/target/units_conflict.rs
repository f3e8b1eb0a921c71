//! `target-units-conflict`: units of the boot exclude each other.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::systemd::{Conflict, Dep, Failure, Ix, Systemd};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Impact, Level, Rule};

pub(in crate::rules) struct UnitsConflict;

impl Rule for UnitsConflict {
    fn id(&self) -> &'static str {
        "target-units-conflict"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let boot = super::systemd(host)?;
        let mut out = Findings::new();
        out.open.extend(boot.open());
        let Some(transaction) = &boot.plan.transaction else {
            return Ok(out);
        };
        if let Some(Failure::Conflict(a, b)) = &transaction.failure {
            let message = format!(
                "systemd freezes at boot: {} conflicts with {}, and both are required",
                super::name(boot, *a),
                super::name(boot, *b)
            );
            out.push(self.finding(boot, *a, *b, message));
        }
        for conflict in &transaction.conflicts {
            out.push(self.lost(boot, conflict));
        }
        Ok(out)
    }
}

impl UnitsConflict {
    fn lost(&self, boot: &Systemd, conflict: &Conflict) -> Finding {
        let (loser, winner) = (conflict.loser, conflict.winner);
        let (lost, won) = (super::name(boot, loser), super::name(boot, winner));
        let mut message = if conflict.by_chance {
            format!("one of {won} and {lost} is not started at boot: each conflicts with the other")
        } else {
            format!("{lost} is not started at boot: {won} conflicts with it")
        };
        if !conflict.with.is_empty() {
            let with = super::names(boot, &conflict.with);
            message = format!("{message}; with it goes {with}");
        }
        let finding = self.finding(boot, winner, loser, message);
        let finding = finding.at_most(Level::Warn).impact(&[Impact::NoService]);
        if conflict.by_chance {
            finding.confidence(Confidence::Likely)
        } else {
            finding
        }
    }

    fn finding(&self, boot: &Systemd, by: Ix, with: Ix, message: String) -> Finding {
        let label = format!(
            "{} conflicts with {}",
            super::name(boot, by),
            super::name(boot, with)
        );
        let units = &boot.plan.units;
        let cause = |from: Ix, to: Ix| units.get(from)?.deps.get(&(Dep::Conflicts, to));
        let evidence = match cause(by, with).or_else(|| cause(with, by)) {
            Some(cause) => super::because(cause, &label),
            None => Evidence::computed(label),
        };
        let subject = super::name(boot, with);
        Finding::new(self.id(), subject, message, evidence)
    }
}
