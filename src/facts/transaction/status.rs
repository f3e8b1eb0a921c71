//! dpkg's own files as they will be.

use std::os::unix::ffi::OsStrExt as _;

use super::{Incoming, Work};
use crate::facts::packages::md5_of;
use crate::parse::dpkg::Package;
use crate::source::{FileKind, MemSource};

pub(super) fn lay_out(work: &Work<'_>, added: &mut MemSource) {
    let replaced: Vec<&Package> = work
        .incoming
        .iter()
        .filter_map(|incoming| incoming.replaces(work.db))
        .collect();
    let mut text: Vec<u8> = Vec::new();
    for (at, package) in work.db.packages.iter().enumerate() {
        let coming = |i: &Incoming| {
            i.package.name == package.name && i.package.architecture() == package.architecture()
        };
        if replaced.iter().any(|old| std::ptr::eq(*old, package))
            || work.incoming.iter().any(coming)
        {
            continue;
        }
        let status = match work.outgoing.get(&at) {
            None => None,
            Some(true) => continue,
            Some(false) => Some("deinstall ok config-files"),
        };
        paragraph(&mut text, package, status, b"");
    }
    for (at, incoming) in work.incoming.iter().enumerate() {
        let kept = work.kept.get(at);
        let conffiles = conffiles(incoming);
        paragraph(
            &mut text,
            &incoming.package,
            Some("install ok installed"),
            &conffiles,
        );
        let (name, architecture) = incoming.key();
        let stem = if incoming.package.is_same_arch() {
            format!("{name}:{architecture}")
        } else {
            name.to_owned()
        };
        let mut list: Vec<u8> = b"/.\n".to_vec();
        for member in &incoming.deb.members {
            let is_kept = kept.is_some_and(|kept| kept.contains(&member.path));
            if member.path.as_os_str() != "/" && (member.kind == FileKind::Dir || !is_kept) {
                list.extend_from_slice(member.path.as_os_str().as_bytes());
                list.push(b'\n');
            }
        }
        added.file(format!("/var/lib/dpkg/info/{stem}.list"), list);
        let sums = incoming.deb.md5sums.clone();
        added.file(format!("/var/lib/dpkg/info/{stem}.md5sums"), sums);
    }
    added.file("/var/lib/dpkg/status", text);
}

/// A paragraph with another `Status:`, where one is given.
fn paragraph(text: &mut Vec<u8>, package: &Package, status: Option<&str>, more: &[u8]) {
    let old = package.place.file.slice(package.paragraph);
    let is_status = |line: &[u8]| {
        line.len() >= 7
            && line
                .get(..7)
                .is_some_and(|l| l.eq_ignore_ascii_case(b"status:"))
    };
    for line in old.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        if status.is_some() && is_status(line) {
            continue;
        }
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    if let Some(status) = status {
        text.extend_from_slice(format!("Status: {status}\n").as_bytes());
    }
    text.extend_from_slice(more);
    text.push(b'\n');
}

/// The field that dpkg would write.
fn conffiles(incoming: &Incoming) -> Vec<u8> {
    let mut field = Vec::new();
    for path in &incoming.deb.conffiles {
        let shipped = incoming.deb.members.iter().any(|m| m.path == *path);
        if !shipped {
            continue;
        }
        let node = if incoming.deb.is_whole {
            let whole = incoming.archive.whole().ok();
            whole.and_then(|all| all.get(path))
        } else {
            None
        };
        // What dpkg writes where it has no sum yet.
        let sum = match node.filter(|node| super::archive::has_content(node)) {
            Some(node) => md5_of(&node.content),
            None => "newconffile".to_owned(),
        };
        if field.is_empty() {
            field.extend_from_slice(b"Conffiles:\n");
        }
        field.push(b' ');
        field.extend_from_slice(path.as_os_str().as_bytes());
        field.extend_from_slice(format!(" {sum}\n").as_bytes());
    }
    field
}
