//! keepalived.conf, by its own reader's rules.
//!
//! keepalived reads lines, not a grammar: comments, conditions, definitions and
//! includes are worked off line by line, braces cut lines in pieces, and a
//! misspelt block makes the next `}` close the block around it. This module
//! follows that road step by step, for the version at hand, so that what it
//! returns is what the daemon would work with, not what was meant.
//!
//! The rules are those of keepalived's `lib/parser.c` and keyword handlers,
//! releases 1.2.13 to 2.4.3.

mod build;
mod comment;
mod definition;
mod include;
mod keyword;
mod machine;
mod mapped;
mod model;
mod notify;
mod number;
mod problem;
mod reader;
mod report;
mod sequence;
mod version;
mod words;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::fact::Listing;
use crate::text::File;

pub use include::{Include, IncludeKind};
pub use model::{
    Address, Authentication, Command, Config, Family, FamilyHint, FamilySource, Fifo, FifoKind,
    FifoScript, Globals, Instance, Notify, NotifyKind, Password, RawBlock, RealServer, Setting,
    Spanned, State, SyncGroup, Text, TrackScript, Tracked, VirtualServer,
};
pub use notify::{HookState, Invocation, NotifyCall, Subject};
pub use problem::{Problem, ProblemKind};
pub use version::Version;

use keyword::Process;
use machine::Machine;
use mapped::Line;
use problem::ProblemKind as Kind;
use reader::Reader;
use report::Report;
use version::Dialect;
use words::{Words, words};

/// What the reading depends on besides the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The upstream version; [`Version::CURRENT`] where it is not known.
    pub version: Option<Version>,
    /// The identity `@ID` lines are compared with: the option `-i`, else the
    /// host name up to its first dot.
    pub config_id: Option<Vec<u8>>,
}

/// Reads the configuration that begins in `main`.
///
/// `include` answers one pattern met in a folder: the matching regular files
/// without any execute bit, in glob(3) order. It never fails: what keepalived
/// objects to is in [`Config::problems`], what could not be read in
/// [`Config::open`].
pub fn parse(
    main: &Arc<File>,
    options: &Options,
    include: &mut dyn FnMut(&Include) -> Listing<Arc<File>>,
) -> Config {
    let version = options.version.unwrap_or(Version::CURRENT);
    let dialect = Dialect { version };
    let mut reader = Reader::new(main, dialect, options, include);
    let mut parent = Machine::new(Process::Parent, dialect);
    let mut checker = Machine::new(Process::Checker, dialect);
    let mut vrrp = Machine::new(Process::Vrrp, dialect);
    let mut last = None;
    while let Some(line) = reader.next_line() {
        let found = words(&line.text, dialect);
        tell_unmatched(&line, &found, dialect, &mut reader.report);
        if found.words.is_empty() {
            continue;
        }
        for machine in [&mut parent, &mut checker, &mut vrrp] {
            machine.line(&line, &found.words);
        }
        last = Some(line);
    }
    reader.finish();
    let mut report = reader.report;
    if let Some(line) = last.filter(|_| !dialect.braces_anywhere() && vrrp.depth() > 0) {
        let message = "a block is still open at the end";
        report.problem(Kind::MissingBrace, line.whole(), message);
    }
    let globals_in_parent = dialect.globals_in_parent();
    for (process, machine) in [(Process::Vrrp, &mut vrrp), (Process::Checker, &mut checker)] {
        if globals_in_parent && !parent.starts(process) {
            let first = machine.builder.first_header();
            // The process for BFD complains of what is for it in the same words.
            if first.is_none() && parent.starts_bfd() {
                continue;
            }
            *machine = Machine::new(process, dialect);
            if let Some(place) = first {
                let message = "keepalived's first look at its files misses this, and no other block of this sort is found: it is not read at all";
                report.problem(Kind::ProcessNotStarted, place, message);
            }
        }
    }
    report.append(vrrp.report);
    report.append(checker.report);
    report.append(parent.report);
    let (globals, settings) = if globals_in_parent {
        (parent.builder.globals, parent.builder.settings)
    } else {
        (vrrp.builder.globals, vrrp.builder.settings)
    };
    let problems = in_order(report.problems, &reader.files);
    Config {
        version,
        globals,
        instances: vrrp.builder.instances,
        groups: vrrp.builder.groups,
        scripts: vrrp.builder.scripts,
        virtual_servers: checker.builder.servers,
        static_blocks: vrrp.builder.static_blocks,
        settings,
        files: reader.files,
        problems,
        open: report.open,
    }
}

/// Tells about a quote that is open at the end of a line, once per line.
fn tell_unmatched(line: &Line, found: &Words, dialect: Dialect, report: &mut Report) {
    let Some(span) = found.unmatched.filter(|_| !line.open_quote) else {
        return;
    };
    let first = found.words.first();
    let hook = first.is_some_and(|w| {
        let names: [&[u8]; 4] = [b"notify", b"script", b"misc_path", b"quorum_"];
        names.iter().any(|name| w.text.starts_with(name))
    });
    if dialect.keeps_escapes_in_hooks() && hook && found.words.len() > 1 {
        return;
    }
    let message = "the double quotes of this line do not pair: the words before the last one stand";
    report.problem(Kind::UnmatchedQuote, line.file.place(span), message);
}

/// Sorts problems by file, in the order of reading, and place; each process
/// of keepalived may have told the same one.
fn in_order(mut problems: Vec<Problem>, files: &[Arc<File>]) -> Vec<Problem> {
    let mut order: HashMap<&Path, usize> = HashMap::new();
    for (index, file) in files.iter().enumerate() {
        order.entry(file.path()).or_insert(index);
    }
    problems.sort_by_cached_key(|problem| {
        let index = order.get(problem.place.path()).copied();
        let index = index.unwrap_or(usize::MAX);
        (index, problem.place.span, problem.kind, !problem.fatal)
    });
    problems.dedup_by(|b, a| b.kind == a.kind && b.place == a.place);
    problems
}
