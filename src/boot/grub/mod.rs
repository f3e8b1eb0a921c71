//! GRUB 2: what its configuration makes it boot (GRUB 2.06; Red Hat's GRUB where the
//! dialect says so).
//!
//! The script is run. Where a condition depends on the machine itself, it is run
//! once for each answer, up to a limit; when all of these choose the same entry the
//! choice is known, else the others are given as alternatives and the questions as
//! open.

mod blscfg;
mod choice;
mod command;
mod condition;
mod decision;
pub mod default;
mod loading;
mod machine;
mod options;
#[cfg(test)]
mod tests;
mod value;

use std::path::PathBuf;
use std::sync::Arc;

use crate::boot::{BootFiles, NextBoot, Problem, ProblemKind, Timeout};
use crate::fact::{Doubt, Unknown};
use crate::parse::grub::GrubEnv;
use crate::text::{File, Span};
use decision::Decisions;
use machine::Machine;

/// The firmware GRUB runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// PC BIOS.
    Pc,
    /// UEFI.
    Efi,
}

/// Whose GRUB it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Upstream and Debian.
    Upstream,
    /// Red Hat's, also Fedora's: `blscfg`, names before numbers in `default`.
    RedHat,
}

/// What is known about the GRUB that runs.
#[derive(Clone, Debug)]
pub struct GrubFacts {
    /// `None` where it is not known: both are tried.
    pub platform: Option<Platform>,
    /// GRUB's directory on its own file system, such as `/boot/grub` or, on a file
    /// system of its own, `/grub`.
    pub prefix: PathBuf,
    /// Which commands and rules it has.
    pub dialect: Dialect,
}

impl Platform {
    /// The value of `$grub_platform`.
    #[must_use]
    pub const fn name(self) -> &'static [u8] {
        match self {
            Self::Pc => b"pc",
            Self::Efi => b"efi",
        }
    }
}

/// Evaluations of one configuration.
const RUNS: usize = 32;
/// Commands run in all of them.
const STEPS: usize = 400_000;

/// What GRUB boots next by `main`, its configuration. `env` is the environment block
/// beside it; without, `load_env` asks `files`.
#[must_use]
pub fn grub(
    main: &Arc<File>,
    env: Option<&GrubEnv>,
    files: &dyn BootFiles,
    facts: &GrubFacts,
) -> NextBoot {
    let mut decisions = Decisions::default();
    let mut steps = 0;
    let mut result: Option<NextBoot> = None;
    for run in 0.. {
        let mut machine = Machine::new(main, env, files, facts, decisions);
        machine.run_file(main);
        let (next, machine) = choice::finish(machine, run == 0);
        steps += machine.steps;
        let left = machine.decisions.next();
        let first = match &mut result {
            None => result.insert(next),
            Some(first) => {
                merge(first, next, &machine.decisions);
                first
            }
        };
        match left {
            None => break,
            Some(_) if run + 1 >= RUNS || steps > STEPS => {
                let doubt = format!("more than {RUNS} combinations of what only the machine knows");
                let place = main.place(Span::new(0, 0));
                first.open.push(Unknown::at(place, Doubt::Limit(doubt)));
                if let Some(entry) = &mut first.entry {
                    entry.certain = false;
                }
                break;
            }
            Some(left) => decisions = left,
        }
    }
    let mut next = result.unwrap_or_else(NextBoot::nothing);
    look_at_the_end(main, &mut next);
    next
}

/// Adds what another set of answers leads to.
fn merge(first: &mut NextBoot, other: NextBoot, decisions: &Decisions) {
    let same = match (&first.entry, &other.entry) {
        (Some(a), Some(b)) => a.starts_the_same(b),
        (None, None) => true,
        _ => false,
    };
    let stops = first.stops_at_prompt.is_some() == other.stops_at_prompt.is_some();
    let waits = first.timeout == other.timeout;
    if same && stops && waits {
        return;
    }
    // The question answered differently last is the one that makes the difference.
    let last = decisions.made().last();
    if let Some(decision) = last {
        let doubt = Doubt::CannotModel(format!(
            "only the machine knows {}, and what boots depends on it",
            decision.question
        ));
        let unknown = Unknown::at(decision.place.clone(), doubt);
        if !first.open.contains(&unknown) {
            first.open.push(unknown);
        }
    }
    if !waits {
        first.timeout = Timeout::Open;
    }
    if !same {
        if let Some(entry) = &mut first.entry {
            entry.certain = false;
        }
        if let Some(entry) = other.entry
            && !first.alternatives.iter().any(|e| e.starts_the_same(&entry))
        {
            first.alternatives.push(entry);
        }
    }
}

/// Whether the file ends where grub-mkconfig ends it.
fn look_at_the_end(main: &Arc<File>, next: &mut NextBoot) {
    let bytes = main.bytes();
    let blank = bytes.iter().all(u8::is_ascii_whitespace);
    let whole = Span::new(0, bytes.len());
    if blank {
        next.problems.push(Problem {
            kind: ProblemKind::Empty,
            place: main.place(whole),
            message: "the configuration is empty: GRUB stops at its command line".into(),
        });
        return;
    }
    let mut open = None;
    for (span, line) in main.lines() {
        if let Some(name) = line.strip_prefix(b"### BEGIN ") {
            open = Some((span, name.to_vec()));
        } else if let Some(name) = line.strip_prefix(b"### END ")
            && open.as_ref().is_some_and(|(_, begun)| begun == name)
        {
            open = None;
        }
    }
    let known = next
        .problems
        .iter()
        .any(|p| p.kind == ProblemKind::Truncated);
    if let Some((span, _)) = open
        && !known
    {
        next.problems.push(Problem {
            kind: ProblemKind::Truncated,
            place: main.place(span),
            message: "the end mark of this snippet is missing: the file was cut off, or its \
                 writer ended half-way"
                .into(),
        });
    }
}
