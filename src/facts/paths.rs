//! The paths that a pattern names in a tree.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use crate::fact::{Doubt, Fact, Listing, Unknown};
use crate::source::{Glob, Tree};

/// The paths that match an absolute pattern, in the order of bytes (glob(3) without
/// flags, in the C locale): a leading dot must be written out.
pub(super) fn matching(tree: &Tree, pattern: &[u8]) -> Listing<PathBuf> {
    let mut out = Listing::new();
    let pattern = Path::new(std::ffi::OsStr::from_bytes(pattern));
    let mut found = vec![PathBuf::from("/")];
    for component in pattern.components() {
        let name = match component {
            Component::Normal(name) => name,
            Component::ParentDir => {
                for path in &mut found {
                    path.push("..");
                }
                continue;
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => continue,
        };
        let bytes = name.as_bytes();
        if !bytes
            .iter()
            .any(|b| matches!(b, b'*' | b'?' | b'[' | b'\\'))
        {
            for path in &mut found {
                path.push(name);
            }
            continue;
        }
        let regex = name
            .to_str()
            .filter(|name| !name.contains('\\'))
            .and_then(Glob::parse);
        let Some(regex) = regex else {
            let doubt = Doubt::CannotModel("a pattern that is not understood".to_owned());
            out.gaps.push(Unknown::new(pattern, doubt));
            return out;
        };
        let hidden = bytes.starts_with(b".");
        let mut next = Vec::new();
        for dir in found {
            for entry in out.take_gaps(tree.entries(&dir)) {
                let name = entry.file_name().map_or(&[][..], |name| name.as_bytes());
                if regex.is_match(name) && (hidden || !name.starts_with(b".")) {
                    next.push(entry);
                }
            }
        }
        found = next;
    }
    for path in found {
        match tree.lstat(&path) {
            Fact::Known(_) => out.items.push(path),
            Fact::Absent(_) => {}
            Fact::Broken(fault) => out.gaps.push(fault.into()),
            Fact::Unknown(unknown) => out.gaps.push(unknown),
            Fact::NotCovered(why) => out.uncovered.push(why),
        }
    }
    out
}
