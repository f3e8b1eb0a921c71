//! Programs that run a command when they see something: where they keep it, and whether
//! it takes the box down.

mod failover;
mod logrotate;
mod monit;
mod tables;
mod udev;

use std::path::{Path, PathBuf};

use super::Trigger;
use super::event::{Handler, add, split, words};
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::facts::paths::matching;
use crate::shell::Value;
use crate::source::TreeKind;
use crate::text::{File, Place, Span};
pub use udev::rules as udev_rules;

/// Adds what their commands do.
pub(super) fn read(host: &Host, out: &mut Listing<Trigger>) {
    logrotate::read(host, out);
    udev::read(host, out);
    monit::read(host, out);
    tables::read(host, out);
    failover::read(host, out);
}

/// Whether a program is installed; so it may be in a part of a root.
fn is_installed(host: &Host, paths: &[&str]) -> bool {
    let partial = host.tree().coverage().kind == TreeKind::Partial;
    partial
        || paths
            .iter()
            .any(|path| !matches!(host.resolve(Path::new(path)), Fact::Absent(_)))
}

/// Judges a command that is split at blanks and executed without a shell. Words with
/// one of the characters in `open` are replaced by something that is not known.
fn executed(host: &Host, handler: &Handler, text: &[u8], open: &[u8], out: &mut Listing<Trigger>) {
    let known = split(text).into_iter().map(|word| {
        let is_open = |bytes: &[u8]| bytes.iter().any(|b| open.contains(b));
        match word.bytes() {
            Some(bytes) if is_open(bytes) => Value::unknown(),
            _ => word,
        }
    });
    let call = words(known.collect());
    add(host, handler, &call, out);
}

/// A part of a line as a place: `part` is a slice of `line`, which begins at `span`.
fn part(file: &std::sync::Arc<File>, span: Span, line: &[u8], part: &[u8]) -> Place {
    let whole = line
        .windows(part.len().max(1))
        .position(|window| window == part);
    let start = span.start + whole.unwrap_or(0);
    file.place(Span::new(start, start + part.len()))
}

/// The files a pattern names.
fn globbed(host: &Host, pattern: &str, out: &mut Listing<Trigger>) -> Vec<PathBuf> {
    let found = matching(host.tree(), pattern.as_bytes());
    // A part of a root is judged by the handlers that it has.
    out.gaps.extend(found.gaps);
    found.items
}
