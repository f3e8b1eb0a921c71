//! `unit-rejected`: the boot asks for a unit that systemd refuses to start.

use std::collections::BTreeSet;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::systemd::{Cause, Dep, Ix, LoadState, Systemd, TroubleKind, edge_between};
use crate::parse::unit::UnitType;
use crate::rules::target::{edges, name, state_evidence};
use crate::rules::{Cx, Finding, Findings, Rule};

pub(in crate::rules) struct Rejected;

impl Rule for Rejected {
    fn id(&self) -> &'static str {
        "unit-rejected"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let boot = super::of(host)?;
        let mut out = Findings::new();
        out.open.extend(boot.open());
        for ix in asked_for(boot) {
            out.list.extend(self.refused(boot, ix));
        }
        for (ix, trouble) in super::troubled(boot, &[TroubleKind::Trigger]) {
            let finding = super::finding(self.id(), boot, ix, trouble);
            let unit = boot.plan.units.get(ix);
            let mut started = unit.into_iter().flat_map(|unit| unit.of(Dep::Triggers));
            let masked = started.any(|ix| is_masked(boot, ix));
            out.push(if masked {
                super::on_purpose(finding)
            } else {
                finding
            });
        }
        Ok(out)
    }
}

impl Rejected {
    fn refused(&self, boot: &Systemd, ix: Ix) -> Option<Finding> {
        let transaction = boot.plan.transaction.as_ref()?;
        let chain = transaction.chain(ix);
        let last = *chain.last()?;
        let (unit, id) = (boot.plan.units.get(last)?, name(boot, ix));
        let message = if last == ix {
            format!("{id} is not started at boot: it {}", unit.state.words())
        } else {
            let (needed, state) = (name(boot, last), unit.state.words());
            format!("{id} is not started at boot: {needed}, which it requires, {state}")
        };
        let mut chain_edges: Vec<_> = edges(boot, &chain).collect();
        chain_edges.reverse();
        let mut pieces = state_evidence(unit).into_iter().chain(chain_edges);
        let first = pieces.next()?;
        let finding = Finding::new(self.id(), id, message, first).with_all(pieces.take(2));
        let finding = finding.with_all(wanted(boot, ix));
        Some(if is_masked(boot, last) {
            super::on_purpose(finding)
        } else {
            finding
        })
    }
}

fn is_masked(boot: &Systemd, ix: Ix) -> bool {
    let unit = boot.plan.units.get(ix);
    unit.is_some_and(|unit| matches!(unit.state, LoadState::Masked(_)))
}

/// Who wants a unit that is not started.
fn wanted(boot: &Systemd, ix: Ix) -> Option<crate::rules::Evidence> {
    let unit = boot.plan.units.get(ix)?;
    let starts = &boot.plan.transaction.as_ref()?.starts;
    let by = unit.of(Dep::WantedBy).find(|by| starts.contains(by))?;
    let (_, cause) = edge_between(&boot.plan.units, by, ix)?;
    Some(super::because(
        cause,
        &format!("{} wants it", name(boot, by)),
    ))
}

/// Refused units that something which is started wants: what is masked or gone itself is
/// passed over, as are targets, which another rule tells of.
fn asked_for(boot: &Systemd) -> BTreeSet<Ix> {
    let mut found = BTreeSet::new();
    let Some(transaction) = &boot.plan.transaction else {
        return found;
    };
    for by in &transaction.starts {
        let Some(unit) = boot.plan.units.get(*by) else {
            continue;
        };
        for dep in [Dep::Wants, Dep::Upholds] {
            for (ix, cause) in unit.because(dep) {
                let refused = transaction.refused.contains_key(&ix);
                // systemd's own wishes, such as a slice, are no one's configuration.
                let implicit = matches!(cause, Cause::Implicit(_));
                let fits = boot.plan.units.get(ix).is_some_and(|unit| {
                    unit.kind != UnitType::Target
                        && !matches!(unit.state, LoadState::Masked(_) | LoadState::NotFound(_))
                });
                if refused && fits && !implicit {
                    found.insert(ix);
                }
            }
        }
    }
    found
}
