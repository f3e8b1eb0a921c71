//! `init-program-broken`: a program that the boot needs does not start.

use std::collections::BTreeMap;

use crate::fact::{Looked, Stop};
use crate::facts::Host;
use crate::facts::init::InitKind;
use crate::facts::linkage::{Failure, FailureKind, Start};
use crate::facts::programs::{Needed, Weight};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Impact, Level, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct ProgramBroken;

impl Rule for ProgramBroken {
    fn id(&self) -> &'static str {
        "init-program-broken"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let mut out = Findings::new();
        let needed = host.needed_programs();
        out.open.extend(host.started().gaps.iter().cloned());
        out.open.extend(host.openrc_calls().gaps.iter().cloned());
        // One library that is missing is one cause, however many programs ask for it.
        let mut causes: BTreeMap<String, Vec<(&Needed, Broken)>> = BTreeMap::new();
        for needed in &needed {
            let linkage = host.linkage(&needed.program);
            let broken = match &linkage.start {
                Start::Runs => continue,
                Start::Refused(failure)
                    if needed.shell_reads_it && failure.kind == FailureKind::NotAProgram =>
                {
                    continue;
                }
                Start::Refused(failure) | Start::Dies(failure) => Broken::Failure(failure.clone()),
                Start::Missing(looked) if needed.must_exist && !told_elsewhere(host, needed) => {
                    Broken::Missing(looked.clone())
                }
                Start::Missing(_) => continue,
                Start::Unknown(unknown) => {
                    out.open.push(unknown.clone());
                    continue;
                }
                Start::NotCovered(why) => {
                    out.uncovered.push(why.clone());
                    continue;
                }
            };
            causes
                .entry(broken.cause())
                .or_default()
                .push((needed, broken));
            out.judged += 1;
        }
        for programs in causes.into_values() {
            out.list.extend(finding(&programs));
        }
        Ok(out)
    }
}

/// Whether init-half-migrated tells of a command of the inittab that does not exist.
fn told_elsewhere(host: &Host, needed: &Needed) -> bool {
    let plain = |place: &crate::text::Place| !place.text().contains(['~', '`', '$', '&', '|', ';']);
    host.init_kind() == Some(InitKind::SysV)
        && needed.weight == Weight::Boot
        && needed.shell_reads_it
        && needed.place.as_ref().is_some_and(plain)
}

/// What is wrong with a program.
enum Broken {
    Failure(Failure),
    Missing(Looked),
}

impl Broken {
    /// What is the same for all programs that suffer from it.
    fn cause(&self) -> String {
        match self {
            Self::Failure(failure) => match failure.message.split_once(" needs ") {
                Some((_, what)) => what.to_owned(),
                None => failure.message.clone(),
            },
            Self::Missing(looked) => format!("{:?}", looked.paths),
        }
    }

    fn sentence(&self, needed: &Needed) -> String {
        match self {
            Self::Failure(failure) => failure.message.clone(),
            Self::Missing(_) => format!("{} does not exist", escape_path(&needed.program)),
        }
    }
}

/// Whether a script fails for its interpreter's sake.
fn is_script(needed: &Needed, broken: &Broken) -> bool {
    match broken {
        Broken::Failure(failure) => {
            failure.kind == FailureKind::InterpreterMissing || failure.object != needed.program
        }
        Broken::Missing(_) => false,
    }
}

/// Programs named in one finding.
const SHOWN: usize = 6;

fn finding(programs: &[(&Needed, Broken)]) -> Option<Finding> {
    // The gravest loss leads.
    let (worst, broken) = programs.iter().max_by_key(|(needed, _)| needed.weight)?;
    let name = escape_path(&worst.program);
    let message = format!("{}: {}", broken.sentence(worst), worst.loss);
    let mut pieces = match broken {
        Broken::Failure(failure) => super::evidence(failure),
        Broken::Missing(looked) => vec![Evidence::from(looked)],
    }
    .into_iter();
    let first = pieces.next()?;
    let mut finding = Finding::new("init-program-broken", name, message, first)
        .with_all(pieces)
        .follows(if is_script(worst, broken) {
            &["init-missing", "init-cannot-start", "init-shell-missing"]
        } else {
            &["init-missing", "init-cannot-start", "init-half-migrated"]
        });
    if let Some(place) = &worst.place {
        finding = finding.with(Evidence::span(place.clone(), "started here"));
    }
    let mut others = Vec::new();
    for (needed, _) in programs {
        if needed.program != worst.program {
            others.push(format!("{}: {}", escape_path(&needed.program), needed.loss));
        }
    }
    let more = others.len().saturating_sub(SHOWN);
    others.truncate(SHOWN);
    finding = finding.with_all(others.into_iter().map(Evidence::computed));
    if more > 0 {
        finding = finding.with(Evidence::computed(format!("and {more} more programs")));
    }
    Some(match worst.weight {
        Weight::Boot => finding,
        Weight::Network => finding
            .impact(&[Impact::NoNetwork, Impact::NoAccess])
            .confidence(Confidence::Likely),
        Weight::Access => finding.impact(&[Impact::NoAccess]),
        Weight::Part => finding.impact(&[Impact::NoService]).at_most(Level::Warn),
    })
}
