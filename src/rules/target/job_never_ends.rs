//! `target-job-never-ends`: something the boot waits for has no end.

use std::collections::BTreeSet;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::systemd::{Effect, End, Fate, Ix, ServiceType, Step, Systemd, Unit, fall_of};
use crate::parse::unit::{TimeSpan, UnitType};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Impact, Level, Rule};

pub(in crate::rules) struct JobNeverEnds;

impl Rule for JobNeverEnds {
    fn id(&self) -> &'static str {
        "target-job-never-ends"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let boot = super::systemd(host)?;
        let mut out = Findings::new();
        out.open.extend(boot.open());
        for (ix, fate) in &boot.course.fates {
            if *fate == Fate::NeverEnds {
                out.list.extend(self.waits(boot, *ix));
            }
        }
        for ix in before_login(boot) {
            out.list.extend(self.unlimited(boot, ix));
        }
        Ok(out)
    }
}

impl JobNeverEnds {
    fn waits(&self, boot: &Systemd, ix: Ix) -> Option<Finding> {
        let mut troubles = boot.troubles.get(&ix)?.iter();
        let trouble = troubles.find(|trouble| trouble.effect == Effect::Waits)?;
        let id = super::name(boot, ix);
        let fall = fall_of(&boot.course.fates, ix);
        let stays_up = boot.comes_up();
        let message = if stays_up {
            let waiting = super::names(boot, &fall);
            if fall.is_empty() {
                format!("{id} never ends, and the boot never settles")
            } else {
                format!("{id} never ends, and for ever waits for it: {waiting}")
            }
        } else {
            format!("the boot waits for ever for {id}, before anybody can log in")
        };
        let evidence = Evidence::span(trouble.place.clone(), &*trouble.message);
        let mut finding = Finding::new(self.id(), id, message, evidence);
        if !stays_up {
            let text = format!("waiting: {}", super::names(boot, &fall));
            finding = finding.with(Evidence::computed(text));
        }
        let finding = finding.fix(FIX, &[]);
        Some(
            if stays_up && !matches!(boot.course.end, End::Emergency(_)) {
                finding.at_most(Level::Warn).impact(&[Impact::NoService])
            } else {
                finding
            },
        )
    }

    /// One that may take its time.
    fn unlimited(&self, boot: &Systemd, ix: Ix) -> Option<Finding> {
        let unit = boot.plan.units.get(ix)?;
        let run = unit.settings.service.first(Step::Start)?;
        let id = super::name(boot, ix);
        let message = format!("{id} may take for ever, and nobody can log in before it ends");
        let label = "without a limit on its time";
        let evidence = Evidence::span(run.place.clone(), label);
        let finding = Finding::new(self.id(), id, message, evidence).fix(FIX, &[]);
        let finding = finding.at_most(Level::Note).impact(&[Impact::Delay]);
        Some(finding.confidence(Confidence::Possible))
    }
}

/// The cure.
const FIX: &str = "Give it TimeoutStartSec=, or start it after the logins.";

/// Units of the administrator's own that have no limit on their time and that
/// basic.target waits for.
fn before_login(boot: &Systemd) -> Vec<Ix> {
    let units = &boot.plan.units;
    let (Some(transaction), Some(basic)) = (&boot.plan.transaction, units.find("basic.target"))
    else {
        return Vec::new();
    };
    let mut seen = BTreeSet::from([basic]);
    let mut pending = vec![basic];
    while let Some(ix) = pending.pop() {
        let earlier = transaction.before(units, ix);
        pending.extend(earlier.filter(|ix| seen.insert(*ix)));
    }
    let fits = |ix: &Ix| {
        let starts = boot.course.fates.get(ix) == Some(&Fate::Starts);
        starts && units.get(*ix).is_some_and(is_own_and_unlimited)
    };
    seen.into_iter().filter(fits).collect()
}

fn is_own_and_unlimited(unit: &Unit) -> bool {
    let service = &unit.settings.service;
    let own = unit.path.as_ref().is_some_and(|path| {
        path.starts_with("/etc/systemd/system") || path.starts_with("/usr/local/lib/systemd")
    });
    unit.kind == UnitType::Service
        && own
        && service.effective() == ServiceType::Oneshot
        && service.start_limit() == TimeSpan::Infinite
}
