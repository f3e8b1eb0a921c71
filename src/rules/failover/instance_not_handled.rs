//! `failover-instance-not-handled`: a hook that does nothing for the name it is
//! called with.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::failover::{Handling, HookCall, Miss};
use crate::parse::keepalived::HookState;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct InstanceNotHandled;

impl Rule for InstanceNotHandled {
    fn id(&self) -> &'static str {
        "failover-instance-not-handled"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (failover, mut out) = super::hooks(host)?;
        // One finding for each program: the names it leaves out have one cause.
        let mut missed: BTreeMap<PathBuf, Vec<(&HookCall, &Miss)>> = BTreeMap::new();
        for call in &failover.calls {
            // Taking over is what a hook is for; what a state does not do may be meant.
            if call.state != HookState::Master {
                continue;
            }
            match &call.handling {
                Handling::Handled(_) => {}
                Handling::Undecided(open) => out.open.extend(open.iter().cloned()),
                Handling::NotCalled(_) => {
                    if let Fact::NotCovered(why) = &call.program {
                        out.uncovered.push(why.clone());
                    }
                }
                Handling::Nothing(misses) => {
                    let acting = misses.iter().find(|miss| miss.would_act);
                    if let (Some(miss), Some(path)) = (acting, &call.path) {
                        missed.entry(path.clone()).or_default().push((call, miss));
                    }
                }
            }
        }
        for (path, calls) in missed {
            out.push(finding(self.id(), &path, &calls, failover));
        }
        Ok(out)
    }
}

fn finding(
    id: &'static str,
    path: &std::path::Path,
    calls: &[(&HookCall, &Miss)],
    failover: &crate::facts::failover::Failover,
) -> Finding {
    let script = path.file_name().map_or_else(
        || escape_path(path),
        |name| name.to_string_lossy().into_owned(),
    );
    let mut words: Vec<String> = calls.iter().map(|(_, miss)| escape(&miss.word)).collect();
    words.dedup();
    let mut known: Vec<String> = calls
        .iter()
        .flat_map(|(call, _)| match &call.handling {
            Handling::Nothing(misses) => misses.iter().filter(|m| m.would_act).collect(),
            _ => Vec::new(),
        })
        .map(|miss| escape(&miss.comparison.literal))
        .collect();
    known.sort();
    known.dedup();
    let message = format!(
        "{script} does nothing when {} becomes MASTER; it knows only {}",
        words.join(" or "),
        known.join(", ")
    );
    let mut evidence: Vec<Evidence> = Vec::new();
    for (call, _) in calls {
        let name = escape(&call.name);
        let owner = super::called(call.subject, &call.name);
        let header = failover
            .config
            .instances
            .iter()
            .find(|i| i.name.value == call.name)
            .map(|i| i.name.place.clone());
        let header = header.or_else(|| {
            let group = failover
                .config
                .groups
                .iter()
                .find(|g| g.name.value == call.name);
            group.map(|g| g.name.place.clone())
        });
        let label = format!("{owner} calls it with {name}");
        let place = header.unwrap_or_else(|| call.command.place.clone());
        evidence.push(Evidence::span(place, label));
    }
    let mut seen = Vec::new();
    for (call, _) in calls {
        let Handling::Nothing(misses) = &call.handling else {
            continue;
        };
        for miss in misses.iter().filter(|miss| miss.would_act) {
            if seen.contains(&miss.comparison.place) {
                continue;
            }
            seen.push(miss.comparison.place.clone());
            let label = format!("acts only for {}", escape(&miss.comparison.literal));
            evidence.push(Evidence::span(miss.comparison.place.clone(), label));
        }
    }
    let mut evidence = evidence.into_iter();
    let first = evidence
        .next()
        .unwrap_or_else(|| Evidence::path(path, "does nothing"));
    let finding = Finding::new(id, escape_path(path), message, first)
        .with_all(evidence)
        .follows(&["failover-renamed-on-one-side"]);
    let names = words.join(", ");
    let finding = finding.fix(
        format!(
            "Teach {script} the name{} {names}, or make it independent of the name \
             (virtual_routes set routes without any script). Then force a failover \
             in daylight: a reload does not call the hook.",
            if words.len() == 1 { "" } else { "s" }
        ),
        &[],
    );
    // One group beside instances that do the work is often only told.
    let all_groups = calls
        .iter()
        .all(|(call, _)| matches!(call.subject, crate::parse::keepalived::Subject::Group));
    let instances_handled = failover.calls.iter().any(|call| {
        matches!(call.subject, crate::parse::keepalived::Subject::Instance)
            && matches!(call.handling, Handling::Handled(_))
            && call.state == HookState::Master
    });
    // A pattern may be meant to leave some names out.
    let by_literal = calls.iter().any(|(call, _)| match &call.handling {
        Handling::Nothing(misses) => misses.iter().any(|m| m.would_act && !m.comparison.pattern),
        _ => false,
    });
    if !by_literal {
        finding.at_most(Level::Warn).confidence(Confidence::Likely)
    } else if all_groups && instances_handled {
        finding.at_most(Level::Warn)
    } else {
        finding
    }
}
