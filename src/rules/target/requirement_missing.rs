//! `target-requirement-missing`: something the boot requires is masked, gone or refused,
//! so that systemd gives up the whole boot, or leaves a part of it out.

use std::collections::BTreeSet;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::systemd::{Comes, Failure, Ix, LoadState, Systemd};
use crate::parse::unit::UnitType;
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};

pub(in crate::rules) struct RequirementMissing;

impl Rule for RequirementMissing {
    fn id(&self) -> &'static str {
        "target-requirement-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let boot = super::systemd(host)?;
        let mut out = Findings::new();
        let Some(transaction) = &boot.plan.transaction else {
            return Ok(out);
        };
        if let Some(Failure::Refused(chain)) = &transaction.failure {
            out.list.extend(self.freezes(boot, chain));
            return Ok(out);
        }
        out.open.extend(boot.open());
        for (ix, by) in &transaction.refused {
            let kind = boot.plan.units.get(*ix).map(|unit| unit.kind);
            if by.is_some() && kind == Some(UnitType::Target) {
                out.list.extend(self.left_out(boot, *ix));
            }
        }
        for ix in transaction.lame.keys() {
            let unit = boot.plan.units.get(*ix);
            let starts = boot.course.fates.contains_key(ix);
            if starts && unit.is_some_and(|unit| unit.kind == UnitType::Target) {
                out.list.extend(self.lame(boot, *ix));
            }
        }
        Ok(out)
    }
}

impl RequirementMissing {
    fn freezes(&self, boot: &Systemd, chain: &[Ix]) -> Option<Finding> {
        let (last, rest) = chain.split_last()?;
        let unit = boot.plan.units.get(*last)?;
        let by = rest.last().map(|ix| super::name(boot, *ix));
        let id = super::name(boot, *last);
        let by = by.map_or(String::new(), |by| format!(", which {by} requires,"));
        let message = format!("systemd freezes at boot: {id}{by} {}", unit.state.words());
        self.finding(boot, chain, id, message)
    }

    /// A target that is only wanted: the boot goes on without it and what it brings.
    fn left_out(&self, boot: &Systemd, ix: Ix) -> Option<Finding> {
        let transaction = boot.plan.transaction.as_ref()?;
        let chain = transaction.chain(ix);
        let last = *chain.last()?;
        let unit = boot.plan.units.get(last)?;
        let (id, target) = (super::name(boot, last), super::name(boot, ix));
        let mut message = format!(
            "the boot leaves out {target}: {id}, which it requires, {}",
            unit.state.words()
        );
        let lost = lost_with(boot, ix);
        if !lost.is_empty() {
            message = format!("{message}; with it goes {}", super::names(boot, &lost));
        }
        let finding = self.finding(boot, &chain, target, message)?;
        Some(finding.at_most(Level::Warn).impact(&[Impact::NoService]))
    }

    /// A target that is started all the same, before 254, without what it wants.
    fn lame(&self, boot: &Systemd, ix: Ix) -> Option<Finding> {
        let chain = boot.plan.transaction.as_ref()?.chain(ix);
        let last = *chain.last()?;
        let unit = boot.plan.units.get(last)?;
        let lost = lost_with(boot, ix);
        if lost.is_empty() {
            return None;
        }
        let (id, target) = (super::name(boot, last), super::name(boot, ix));
        let message = format!(
            "the boot leaves out {}, which {target} wants: {id}, which it requires, {}",
            super::names(boot, &lost),
            unit.state.words()
        );
        let finding = self.finding(boot, &chain, target, message)?;
        Some(finding.at_most(Level::Warn).impact(&[Impact::NoService]))
    }

    fn finding(
        &self,
        boot: &Systemd,
        chain: &[Ix],
        subject: String,
        message: String,
    ) -> Option<Finding> {
        let unit = boot.plan.units.get(*chain.last()?)?;
        // The last edge is what an administrator can change; those before it say why
        // it counts.
        let mut edges: Vec<Evidence> = super::edges(boot, chain).collect();
        edges.reverse();
        let mut pieces = edges.into_iter().take(1).chain(super::state_evidence(unit));
        let first = pieces.next()?;
        let mut finding = Finding::new(self.id(), subject, message, first).with_all(pieces);
        if chain.len() > 2 {
            let names: Vec<String> = chain.iter().map(|ix| super::name(boot, *ix)).collect();
            let text = format!("required one by the next: {}", names.join(", "));
            finding = finding.with(Evidence::computed(text));
        }
        if let LoadState::Masked(_) = unit.state {
            let command = format!("systemctl unmask {}", unit.id);
            let text = "Unmask it, or remove what requires it:";
            finding = finding.fix(text, &[&command]);
        }
        Some(finding)
    }
}

/// What only this target would have started.
fn lost_with(boot: &Systemd, target: Ix) -> Vec<Ix> {
    let units = &boot.plan.units;
    let mut seen = BTreeSet::from([target]);
    let mut pending = vec![target];
    let mut lost = Vec::new();
    while let Some(ix) = pending.pop() {
        let Some(unit) = units.get(ix) else { continue };
        for next in unit.pulls() {
            let fits = units.get(next).is_some_and(|unit| !unit.state.refuses());
            let is_new = fits && seen.insert(next);
            if is_new && matches!(boot.comes(next), Comes::Not | Comes::Perhaps) {
                lost.push(next);
                pending.push(next);
            }
        }
    }
    lost.sort_unstable();
    lost
}
