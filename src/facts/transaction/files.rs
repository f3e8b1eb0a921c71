//! Which files a transaction takes away, and which it brings.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use super::{Incoming, Transaction, Work};
use crate::fact::Fact;
use crate::parse::deb::{self, Member};
use crate::parse::dpkg::{Field, Package, conffiles, parse_list};
use crate::source::{FileKind, Later, MemSource, Node, ReadError, open_given};
use crate::time::Deadline;

/// Finds where a path of a package really is: links in its parents are followed, as
/// dpkg's unpacking follows them.
struct Places<'a> {
    work: &'a Work<'a>,
    dirs: BTreeMap<PathBuf, PathBuf>,
}

impl Places<'_> {
    fn physical(&mut self, path: &Path) -> PathBuf {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return path.to_path_buf();
        };
        if let Some(dir) = self.dirs.get(parent) {
            return dir.join(name);
        }
        let dir = match self.work.tree.resolve(parent) {
            Fact::Known(found) => found.path,
            _ => self.physical(parent),
        };
        self.dirs.insert(parent.to_path_buf(), dir.clone());
        dir.join(name)
    }
}

pub(super) fn lay_out(work: &Work<'_>, out: &mut Transaction, added: &mut MemSource) {
    let mut places = Places {
        work,
        dirs: BTreeMap::new(),
    };
    let mut incoming: BTreeSet<PathBuf> = BTreeSet::new();
    for one in &work.incoming {
        bring(work, one, &mut places, out, added, &mut incoming);
    }
    // What another package ships too stays: dpkg counts owners.
    let leaving: BTreeSet<usize> = work.outgoing.keys().copied().collect();
    // With each path whether its package is known only by the names of its files.
    let mut candidates: BTreeMap<Vec<u8>, bool> = BTreeMap::new();
    let old = |one: &Incoming| {
        let by_name = !one.deb.is_whole;
        one.replaces(work.db).map(|old| (old, by_name))
    };
    let replaced: Vec<(&Package, bool)> = work.incoming.iter().filter_map(old).collect();
    let going = work
        .leaving()
        .map(|(package, purge)| (package, purge, false));
    let changing = replaced
        .iter()
        .map(|(package, by_name)| (*package, false, *by_name));
    for (package, purge, by_name) in going.chain(changing) {
        let is_upgrade = replaced.iter().any(|(old, _)| std::ptr::eq(*old, package));
        let Some(list) = list_of(work, package, out) else {
            continue;
        };
        let configs: BTreeSet<&[u8]> = conffiles(package.field(Field::Conffiles))
            .map(|conf| conf.path)
            .collect();
        for path in parse_list(list.bytes()).filter(|path| *path != b"/.") {
            // Configuration stays when a package goes, and when it no longer ships it.
            if configs.contains(path) && (is_upgrade || !purge) {
                continue;
            }
            candidates.insert(path.to_vec(), by_name);
        }
    }
    if candidates.is_empty() {
        return;
    }
    for (at, package) in work.db.packages.iter().enumerate() {
        let changes = replaced.iter().any(|(old, _)| std::ptr::eq(*old, package));
        if leaving.contains(&at) || changes || !package.state.has_files() {
            continue;
        }
        if let Some(list) = list_of(work, package, out) {
            for path in parse_list(list.bytes()) {
                candidates.remove(path);
            }
        }
    }
    for (path, by_name) in &candidates {
        let path = Path::new(OsStr::from_bytes(path));
        let at = diverted(work, path).unwrap_or_else(|| path.to_path_buf());
        let at = places.physical(&at);
        if incoming.contains(&at) {
            continue;
        }
        match work.tree.lstat(&at) {
            Fact::Known(found) if found.meta.kind == FileKind::Dir => {
                out.changes.emptied.insert(at);
            }
            // Of a package of which only the files are known, the links may stay.
            Fact::Known(found) if found.meta.kind == FileKind::Link && *by_name => {}
            Fact::Known(_) => {
                out.changes.gone.insert(at);
            }
            _ => {}
        }
    }
}

/// Where everybody's file of that path was sent, but for the diverter's own.
fn diverted(work: &Work<'_>, path: &Path) -> Option<PathBuf> {
    let path = path.as_os_str().as_bytes();
    let found = work.db.diversions.iter().find(|d| d.from == path)?;
    let by_leaving = |by: &String| work.leaving().any(|(package, _)| package.name == *by);
    if found.by.as_ref().is_some_and(by_leaving) {
        return None;
    }
    Some(PathBuf::from(OsStr::from_bytes(&found.to)))
}

/// The file list of an installed package.
fn list_of(
    work: &Work<'_>,
    package: &Package,
    out: &mut Transaction,
) -> Option<Arc<crate::text::File>> {
    let dir = Path::new("/var/lib/dpkg/info");
    let with = format!("{}:{}.list", package.name, package.architecture);
    for name in [format!("{}.list", package.name), with] {
        match work.tree.read(&dir.join(name)) {
            Fact::Known(file) => return Some(file),
            Fact::Unknown(unknown) => out.gaps.push(unknown),
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {}
        }
    }
    None
}

/// Puts what an archive brings where dpkg would.
fn bring(
    work: &Work<'_>,
    one: &Incoming,
    places: &mut Places<'_>,
    out: &mut Transaction,
    added: &mut MemSource,
    incoming: &mut BTreeSet<PathBuf>,
) {
    let old = one.replaces(work.db);
    for member in &one.deb.members {
        let shipped = diverted(work, &member.path)
            .filter(|_| !is_diverter(work, one, &member.path))
            .unwrap_or_else(|| member.path.clone());
        let at = places.physical(&shipped);
        incoming.insert(at.clone());
        let there = match work.tree.lstat(&at) {
            Fact::Known(found) => Some(found.meta.kind),
            _ => None,
        };
        match (member.kind, there) {
            // A directory that is there stays as it is, also where it is a link to one.
            (FileKind::Dir, Some(FileKind::Dir | FileKind::Link)) => continue,
            // dpkg never puts a link in the place of a directory.
            (FileKind::Link, Some(FileKind::Dir)) => continue,
            _ => {}
        }
        if one.deb.conffiles.contains(&member.path) && keeps_config(work, old, member, there) {
            continue;
        }
        let mut has_content = false;
        if one.deb.is_whole {
            let node = node(one, member);
            let kept = u64::try_from(node.content.len()).unwrap_or(0);
            has_content = member.kind != FileKind::File || kept == node.meta.len;
            added.insert(&at, node);
        }
        if !has_content {
            out.changes.later.insert(at, later(work, one));
        }
    }
}

fn is_diverter(work: &Work<'_>, one: &Incoming, path: &Path) -> bool {
    let path = path.as_os_str().as_bytes();
    let found = work.db.diversions.iter().find(|d| d.from == path);
    found.is_some_and(|d| d.by.as_deref() == Some(one.package.name.as_str()))
}

/// Whether dpkg leaves a configuration file as it is: the administrator changed it, or
/// took it away (dpkg 1.21 `src/main/configure.c`, `conffoptcells`, without an answer).
fn keeps_config(
    work: &Work<'_>,
    old: Option<&Package>,
    member: &Member,
    there: Option<FileKind>,
) -> bool {
    let path = member.path.as_os_str().as_bytes();
    let known = old.and_then(|old| {
        let mut known = conffiles(old.field(Field::Conffiles));
        known
            .find(|conf| conf.path == path)
            .map(|conf| conf.sum.to_vec())
    });
    match (there, known) {
        (None, known) => known.is_some(),
        (Some(_), None) => true,
        (Some(_), Some(sum)) => match work.tree.read(&member.path) {
            Fact::Known(file) => crate::facts::packages::md5_of(file.bytes()).as_bytes() != sum,
            _ => true,
        },
    }
}

/// The node of a member; its content may be fetched later.
fn node(one: &Incoming, member: &Member) -> Node {
    let mut source = member;
    if member.is_hard_link {
        let first = |m: &&Member| m.path == member.target && !m.is_hard_link;
        source = one.deb.members.iter().find(first).unwrap_or(member);
    }
    let mut node = Node::new(member.kind, source.mode);
    node.meta.len = source.len;
    if let Some(content) = &source.content {
        node.content.clone_from(content);
    }
    node.target.clone_from(&member.target);
    (node.meta.uid, node.meta.gid) = source.owner;
    node.meta.mtime = source.mtime;
    node
}

/// Fetches one file of an archive when somebody asks for it.
fn later(work: &Work<'_>, one: &Incoming) -> Later {
    let (file, deadline) = (one.file.clone(), work.deadline);
    let contents = Arc::clone(&one.contents);
    Arc::new(move |path: &Path| {
        let mut contents = contents.lock().unwrap_or_else(PoisonError::into_inner);
        let members = match &mut *contents {
            Some(members) => members,
            empty => empty.insert(read_whole(&file, deadline)?),
        };
        // The root may have its directories elsewhere, as /lib in /usr/lib.
        let shipped = |member: &Member| member.path.strip_prefix("/").map(Path::to_path_buf);
        let fits = |member: &&Member| {
            member.path == path
                || path
                    .strip_prefix("/usr")
                    .is_ok_and(|p| shipped(member).is_ok_and(|s| s == p))
        };
        let found = members.iter().find(fits).ok_or(ReadError::NotFound)?;
        let mut source = found;
        if found.is_hard_link {
            let first = |m: &&Member| m.path == found.target && !m.is_hard_link;
            source = members.iter().find(first).unwrap_or(found);
        }
        let mut node = Node::new(found.kind, source.mode);
        node.meta.len = source.len;
        node.target.clone_from(&found.target);
        match (&source.content, found.kind) {
            (Some(content), _) => node.content.clone_from(content),
            (None, FileKind::File) => {
                return Err(ReadError::Limit(
                    "too large to be read of an archive".into(),
                ));
            }
            (None, _) => {}
        }
        Ok(node)
    })
}

/// The members of an archive with their contents, as far as they are kept.
fn read_whole(file: &Path, deadline: Deadline) -> Result<Vec<Member>, ReadError> {
    let archive = open_given(file, deadline)?;
    let mut reader = std::io::BufReader::with_capacity(1 << 18, archive.reader_from(0));
    let kept = Cell::new(0_u64);
    let wanted = deb::Wanted {
        whole: &|_| true,
        keep: &|_, len| {
            let total = kept.get().saturating_add(len);
            let keeps = len <= super::FETCHED_FILE && total <= super::KEPT;
            if keeps {
                kept.set(total);
            }
            keeps
        },
        expired: &|| deadline.passed(),
    };
    let read = deb::read(&mut reader, &wanted);
    let deb = read.map_err(|fault| ReadError::Io(fault.to_string()))?;
    Ok(deb.members)
}
