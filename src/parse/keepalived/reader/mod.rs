//! From files to logical lines: long lines, comments, conditions, definitions,
//! repetitions, includes and braces (keepalived `lib/parser.c`, `read_line`).

mod braces;
mod raw;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use raw::Frame;

use super::Options;
use super::comment::decomment;
use super::definition::{
    Builtin, Definitions, Fault, LONGEST, MOST_SUBSTITUTIONS, Rest, defining, left_over, segment,
};
use super::include::{Include, include};
use super::mapped::{Line, Mapped, is_blank};
use super::problem::ProblemKind;
use super::report::Report;
use super::sequence::{Sequence, list, sequence};
use super::version::Dialect;
use crate::fact::{Doubt, Listing};
use crate::text::{File, Place, Span};

/// Includes within includes; keepalived's limit is the number of open files.
const DEEPEST: usize = 32;
/// Files read in all.
const MOST_FILES: usize = 1000;
/// Lines made by `~SEQ`, `~LST` and multi-line definitions.
const MOST_GENERATED: usize = 200_000;
/// References replaced in all.
const MOST_REPLACED: usize = 1_000_000;
/// Open blocks whose place is remembered.
const MOST_BRACES: usize = 1000;
/// Repetitions waiting at once.
const MOST_SEQUENCES: usize = 1000;

/// Reads logical lines one by one.
pub(super) struct Reader<'a> {
    dialect: Dialect,
    options: &'a Options,
    find: &'a mut dyn FnMut(&Include) -> Listing<Arc<File>>,
    frames: Vec<Frame>,
    /// Logical lines split from one line, to be handed on.
    ready: VecDeque<Line>,
    residue: Option<Line>,
    sequences: Vec<(Sequence, Line)>,
    multiline: Vec<Multiline>,
    definitions: Definitions,
    /// The name whose further lines are being read.
    defining: Option<Vec<u8>>,
    /// Substitution is over: keepalived hangs, or it is too much.
    hung: bool,
    /// References replaced in the current line, the parts it was cut into together.
    in_line: usize,
    replaced: usize,
    generated: usize,
    depth: usize,
    /// The outermost of the blocks that are open.
    open_braces: Vec<Place>,
    pub(super) files: Vec<Arc<File>>,
    pub(super) report: Report,
}

/// A multi-line definition being expanded.
struct Multiline {
    rest: Rest,
    /// The reference, which all its lines stand for.
    span: Span,
    file: Arc<File>,
    /// Repetitions that were there before it; they wait for its end.
    sequences: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        main: &Arc<File>,
        dialect: Dialect,
        options: &'a Options,
        find: &'a mut dyn FnMut(&Include) -> Listing<Arc<File>>,
    ) -> Self {
        Self {
            dialect,
            options,
            find,
            frames: vec![Frame {
                file: Arc::clone(main),
                at: 0,
                waiting: VecDeque::new(),
            }],
            ready: VecDeque::new(),
            residue: None,
            sequences: Vec::new(),
            multiline: Vec::new(),
            definitions: Definitions::new(dialect),
            defining: None,
            hung: false,
            in_line: 0,
            replaced: 0,
            generated: 0,
            depth: 0,
            open_braces: Vec::new(),
            files: vec![Arc::clone(main)],
            report: Report::default(),
        }
    }

    /// The next logical line: never empty, and a brace alone since 1.4.2.
    pub(super) fn next_line(&mut self) -> Option<Line> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                self.count_brace(&line);
                return Some(line);
            }
            let line = self.raw_line()?;
            if let Some(name) = self.defining.take() {
                self.define_on(name, &line.text);
                continue;
            }
            let Some(line) = self.preprocess(line) else {
                continue;
            };
            if !self.include(&line) {
                self.split_braces(line);
            }
        }
    }

    /// Tells about blocks that were never closed; to be called at the end.
    pub(super) fn finish(&mut self) {
        let Some(first) = self.open_braces.first().cloned() else {
            return;
        };
        let count = self.depth;
        let message = match count {
            1 => "this block is still open at the end".to_owned(),
            _ => format!("{count} blocks are still open at the end, the first from here"),
        };
        self.report
            .problem(ProblemKind::MissingBrace, first, message);
    }

    fn decommented(&mut self, mut line: Line) -> Line {
        let place = line.whole();
        let told = line.open_quote;
        if decomment(&mut line.text, self.dialect) && !told {
            line.open_quote = true;
            let message = "the double quotes of this line do not pair: what looks like a comment in it may be none";
            self.report
                .problem(ProblemKind::UnmatchedQuote, place, message);
        }
        line
    }

    /// A further line of a multi-line definition.
    fn define_on(&mut self, name: Vec<u8>, line: &Mapped) {
        if let Some(text) = line.bytes().strip_suffix(b"\\") {
            self.definitions.extend(&name, &segment(text));
            self.defining = Some(name);
        } else {
            self.definitions.extend(&name, line.bytes());
            self.definitions.finish(&name);
        }
    }

    /// Conditions, definitions, repetitions and substitution. `None` where the
    /// line is used up.
    fn preprocess(&mut self, mut line: Line) -> Option<Line> {
        loop {
            if line.text.first() == Some(b'@') && self.dialect.conditions() {
                line = self.condition(line)?;
            }
            if self.dialect.definitions()
                && let Some(found) = defining(line.text.bytes())
            {
                let multiline = found.multiline;
                let name = found.name.clone();
                self.definitions.set(found.name, found.value, multiline);
                self.defining = multiline.then_some(name);
                return None;
            }
            let start = line.text.bytes().get(..4);
            if start == Some(b"~SEQ") && self.dialect.sequences()
                || start == Some(b"~LST") && self.dialect.lists()
            {
                self.repeat(&line);
                return None;
            }
            if line.text.is_empty() {
                return None;
            }
            if line.text.first() == Some(b'~') && self.dialect.sequences() {
                break;
            }
            if !self.substitute(&mut line) {
                break;
            }
            if self.dialect.decomments_again() {
                line = self.decommented(line);
            }
            let again = line.text.first() == Some(b'@') || line.text.bytes().contains(&b'$');
            if !again {
                break;
            }
        }
        if line.text.is_empty() {
            return None;
        }
        self.tell_left_over(&line);
        Some(line)
    }

    /// Keeps what follows `@ID` where the identity is, or with `@^ID` is not, ID.
    fn condition(&mut self, mut line: Line) -> Option<Line> {
        let bytes = line.text.bytes();
        let negated = bytes.get(1) == Some(&b'^') && self.dialect.negated_conditions();
        let start = if negated { 2 } else { 1 };
        let rest = bytes.get(start..).unwrap_or(&[]);
        let end = start + rest.iter().position(|b| is_blank(*b))?;
        let wanted = bytes.get(start..end).unwrap_or(&[]);
        let identity = self.options.config_id.as_deref();
        let matches = identity == Some(wanted);
        if identity.is_none() {
            let doubt = "the host name is not known, so neither is whether this line counts";
            self.report
                .open(line.whole(), Doubt::CannotModel(doubt.into()));
        }
        if matches == negated {
            return None;
        }
        line.text = line.text.sub(end..line.text.len());
        line.text.trim_start();
        Some(line)
    }

    fn repeat(&mut self, line: &Line) {
        let folder = self.folder();
        let found = if line.text.bytes().starts_with(b"~LST") {
            list(&line.text)
        } else {
            let identity = self.options.config_id.as_deref();
            let definitions = &self.definitions;
            sequence(&line.text, |numbers| {
                let done = definitions.substitute(
                    numbers,
                    path_bytes(&folder),
                    identity,
                    MOST_SUBSTITUTIONS,
                );
                done.fault.is_none() && done.rests.is_empty()
            })
        };
        let Some(found) = found else {
            let message = "not a valid ~SEQ or ~LST: the line is ignored";
            self.report
                .problem(ProblemKind::BadSequence, line.whole(), message);
            return;
        };
        if self.sequences.len() >= MOST_SEQUENCES {
            let limit = format!("more than {MOST_SEQUENCES} repetitions within each other");
            self.report.open(line.whole(), Doubt::Limit(limit));
            return;
        }
        self.sequences.push((found, line.clone()));
    }

    /// Replaces references; false where nothing changed.
    fn substitute(&mut self, line: &mut Line) -> bool {
        if self.hung || !self.dialect.definitions() || !line.text.bytes().contains(&b'$') {
            return false;
        }
        let folder = self.folder();
        let before = line.whole();
        let identity = self.options.config_id.as_deref();
        let folder = path_bytes(&folder);
        let done = self.definitions.substitute(
            &mut line.text,
            folder,
            identity,
            MOST_SUBSTITUTIONS.saturating_sub(self.in_line),
        );
        self.in_line += done.count;
        self.replaced += done.count;
        if self.replaced > MOST_REPLACED && done.fault != Some(Fault::SelfReference) {
            self.hung = true;
            let limit = format!("more than {MOST_REPLACED} references to definitions");
            self.report.open(before.clone(), Doubt::Limit(limit));
        }
        match done.fault {
            Some(Fault::SelfReference) => {
                self.hung = true;
                let message = "a definition refers to itself: keepalived never gets past this line";
                self.report
                    .fatal(ProblemKind::SelfReference, before.clone(), message);
                let doubt = "read without substitution from here on".to_string();
                self.report.open(before.clone(), Doubt::CannotModel(doubt));
            }
            Some(Fault::TooLong) => {
                let message = format!(
                    "the substitution makes the line longer than {LONGEST} bytes and stops"
                );
                self.report
                    .problem(ProblemKind::SubstitutionTooLong, before.clone(), message);
            }
            None => {}
        }
        line.unfinished = done.unfinished;
        for (builtin, range) in done.unknown {
            let doubt = match builtin {
                Builtin::Identity => "the host name is not known",
                Builtin::Random => "a random number, chosen at each start",
                _ => "a variable of keepalived's environment",
            };
            let place = line.place(range);
            self.report.open(place, Doubt::CannotModel(doubt.into()));
        }
        for rest in done.rests {
            if self.multiline.len() >= MOST_SEQUENCES {
                let limit = format!("more than {MOST_SEQUENCES} definitions within each other");
                self.report.open(before.clone(), Doubt::Limit(limit));
                break;
            }
            self.multiline.push(Multiline {
                rest,
                span: before.span,
                file: Arc::clone(&line.file),
                sequences: self.sequences.len(),
            });
        }
        done.changed
    }

    fn tell_left_over(&mut self, line: &Line) {
        if !self.dialect.definitions() || !self.dialect.braces_anywhere() {
            return;
        }
        if let Some(range) = left_over(line.text.bytes(), self.dialect) {
            let message = "not defined: stays as it is, and its braces are taken for a block's";
            let place = line.place(range);
            self.report
                .problem(ProblemKind::UndefinedReference, place, message);
        }
    }

    /// The folder of the file being read.
    fn folder(&self) -> PathBuf {
        let file = self.frames.last().map(|frame| frame.file.path());
        let folder = file.and_then(Path::parent);
        folder.unwrap_or(Path::new("/")).to_path_buf()
    }

    /// Handles an include line; false for any other.
    fn include(&mut self, line: &Line) -> bool {
        let Some((pattern, kind)) = include(line, self.dialect) else {
            return false;
        };
        let place = line.whole();
        let asked = Include {
            pattern,
            cwd: self.folder(),
            kind,
            place: place.clone(),
        };
        if self.frames.len() >= DEEPEST {
            let limit = format!("includes deeper than {DEEPEST}");
            self.report.open(place, Doubt::Limit(limit));
            return true;
        }
        let found = (self.find)(&asked);
        if found.items.is_empty() && found.complete().is_ok() {
            let stops = self.dialect.stops_at_missing_include();
            let message = if stops {
                "no file matches: keepalived ends"
            } else {
                "no file matches: keepalived goes on without it"
            };
            self.report.add(
                ProblemKind::IncludeMissing,
                place.clone(),
                message.into(),
                stops,
            );
        }
        for mut gap in found.gaps {
            gap.place.get_or_insert_with(|| place.clone());
            self.report.open.push(gap);
        }
        for why in found.uncovered {
            self.report
                .open(place.clone(), Doubt::CannotModel(why.to_string()));
        }
        let mut waiting = VecDeque::new();
        for file in found.items {
            let path = file.path();
            if self.frames.iter().any(|frame| frame.file.path() == path) {
                let message = "a file includes itself: keepalived reads it again and again until it runs out of open files";
                self.report
                    .problem(ProblemKind::IncludeLoop, place.clone(), message);
            } else if self.files.len() + waiting.len() >= MOST_FILES {
                let limit = format!("more than {MOST_FILES} files");
                self.report.open(place.clone(), Doubt::Limit(limit));
                break;
            } else {
                waiting.push_back(file);
            }
        }
        if let Some(file) = waiting.pop_front() {
            self.files.push(Arc::clone(&file));
            self.frames.push(Frame {
                file,
                at: 0,
                waiting,
            });
        }
        true
    }
}

fn path_bytes(path: &Path) -> &[u8] {
    std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str())
}
