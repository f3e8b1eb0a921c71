//! The names in `/etc/network/interfaces`, as far as hooks need them.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::text::{File, Place, Span};

/// Files included inside each other, and files in all.
const MOST_FILES: usize = 200;

/// The interfaces that ifup may be called for.
#[derive(Debug, Default)]
pub struct Interfaces {
    /// Their names with the place of each `iface`, `lo` too.
    pub names: Vec<(Vec<u8>, Place)>,
    /// Whether there may be others: patterns, mappings, files that were not found.
    pub open: bool,
    /// The lines, continued ones joined, with their places.
    pub lines: Vec<(Vec<u8>, Place)>,
}

/// Reads `/etc/network/interfaces` and what it includes (interfaces(5)).
#[must_use]
pub fn interfaces(host: &Host) -> Fact<Interfaces> {
    let main = host.tree().read(Path::new("/etc/network/interfaces"));
    main.map(|file| {
        let mut found = Interfaces::default();
        let mut files = vec![file];
        let mut read = 0;
        while let Some(file) = files.pop() {
            read += 1;
            if read > MOST_FILES {
                found.open = true;
                break;
            }
            one(host, &file, &mut found, &mut files);
        }
        found
    })
}

fn one(host: &Host, file: &Arc<File>, found: &mut Interfaces, files: &mut Vec<Arc<File>>) {
    for (line, place) in lines(file) {
        let words: Vec<&[u8]> = line
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty())
            .collect();
        match words.as_slice() {
            [b"iface", name, ..] => found.names.push((name.to_vec(), place.clone())),
            [b"mapping" | b"rename" | b"template", ..] => found.open = true,
            [b"auto", names @ ..] => {
                let odd = |name: &&[u8]| name.iter().any(|b| b"/*?[=".contains(b));
                found.open |= names.iter().any(odd);
            }
            [b"source" | b"source-directory", paths @ ..] => {
                for path in paths {
                    let included = included(host, path);
                    found.open |= !included.gaps.is_empty() || !included.uncovered.is_empty();
                    files.extend(included.items);
                }
            }
            _ => {}
        }
        found.lines.push((line, place));
    }
    let pattern = |(name, _): &(Vec<u8>, Place)| name.iter().any(|b| b"/*?[".contains(b));
    found.open |= found.names.iter().any(pattern);
}

/// A file, or the files of a directory: `/etc/network/interfaces.d/*` and its like.
fn included(host: &Host, path: &[u8]) -> Listing<Arc<File>> {
    let mut out = Listing::new();
    let text = Path::new(std::ffi::OsStr::from_bytes(path));
    let text = Path::new("/etc/network").join(text);
    let dir = match text.file_name().map(OsStrExt::as_bytes) {
        Some(b"*") => text.parent().map(Path::to_path_buf),
        _ => Some(text.clone()),
    };
    let Some(dir) = dir else { return out };
    let entries = host.tree().entries(&dir);
    if entries.items.is_empty() && dir == text {
        out.push(host.tree().read(&text));
        return out;
    }
    out.gaps.extend(entries.gaps);
    out.uncovered.extend(entries.uncovered);
    for path in &entries.items {
        out.push(host.tree().read(path));
    }
    out
}

/// The lines without comments, those that end in a backslash joined with the next.
fn lines(file: &Arc<File>) -> Vec<(Vec<u8>, Place)> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut joined: Option<(usize, Vec<u8>)> = None;
    for line in file.bytes().split_inclusive(|b| *b == b'\n') {
        let end = start + line.len();
        let text = line.trim_ascii();
        let (from, mut whole) = joined.take().unwrap_or((start, Vec::new()));
        if let Some(part) = text.strip_suffix(b"\\") {
            whole.extend_from_slice(part);
            joined = Some((from, whole));
        } else {
            whole.extend_from_slice(text);
            if !whole.is_empty() && !whole.starts_with(b"#") {
                let skip = file.bytes().get(from..end).unwrap_or(&[]);
                let skip = skip.iter().take_while(|b| b.is_ascii_whitespace()).count();
                let stop = end - (line.len() - line.trim_ascii_end().len());
                let place = file.place(Span::new(from + skip, stop.max(from + skip)));
                lines.push((whole, place));
            }
        }
        start = end;
    }
    lines
}
