//! What happens to configuration, and to links and directories, that a package gives up
//! when it is upgraded: its scripts say it by dpkg-maintscript-helper, its `conffiles` by
//! `remove-on-upgrade` (dpkg 1.21 `src/main/unpack.c`, `pkg_remove_conffile_on_upgrade`).
//!
//! What a script does by itself is not known here.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::claims::list_of;
use super::files::{Places, stands};
use super::{Incoming, Transaction, Work};
use crate::fact::{Fact, Unknown};
use crate::facts::packages::md5_of;
use crate::parse::dpkg::{Field, Package, conffiles, parse_list};
use crate::parse::maintscript::{Calls, Change};
use crate::parse::package_version::debian;
use crate::source::{FileKind, MemSource};

/// What becomes of paths, by physical path.
#[derive(Default)]
pub(super) struct GivenUp {
    /// What goes.
    gone: BTreeSet<PathBuf>,
    /// What gets another name, by the new one.
    moved: BTreeMap<PathBuf, PathBuf>,
    /// Links that become directories.
    dirs: BTreeSet<PathBuf>,
    /// Directories that become links, with their targets.
    links: BTreeMap<PathBuf, PathBuf>,
}

/// Whose path something is.
struct Owner<'a> {
    work: &'a Work<'a>,
    packages: Vec<&'a Package>,
    /// Their paths as listed.
    paths: BTreeSet<Vec<u8>>,
}

impl GivenUp {
    pub(super) fn of(work: &Work<'_>, places: &mut Places<'_>, gaps: &mut Vec<Unknown>) -> Self {
        let mut found = Self::default();
        for one in &work.incoming {
            if one.deb.calls == Calls::default() && one.deb.given_up.is_empty() {
                continue;
            }
            let name = one.package.name.as_str();
            let Some(old) = one.replaces(work.db).or_else(|| work.db.named(name).next()) else {
                continue;
            };
            let own = Owner::named(work, name, gaps);
            for path in &one.deb.given_up {
                found.give_up(&own, path, places, |at, _| beside(at, ".dpkg-old"));
            }
            if one.deb.calls.has_unread {
                let what = format!(
                    "preinst of {name} calls dpkg-maintscript-helper in a way that is not \
                     read: configuration that it takes away or renames stays here"
                );
                gaps.push(one.archive.odd(what));
            }
            for call in &one.deb.calls.read {
                let last = call.last_version.as_deref();
                if last.is_some_and(|last| debian(old.version(), last).is_gt()) {
                    continue;
                }
                let other = call.package.as_deref().map(|name| {
                    let name = name.split(':').next().unwrap_or(name);
                    Owner::named(work, name, gaps)
                });
                let owner = other.as_ref().unwrap_or(&own);
                match &call.change {
                    Change::Remove(path) => {
                        found.give_up(owner, path, places, |at, _| beside(at, ".dpkg-bak"));
                    }
                    Change::Move(path, to) => {
                        found.give_up(owner, path, places, |_, places| places.physical(to));
                    }
                    Change::LinkToDir(path, target) => found.dir(work, path, target, places),
                    Change::DirToLink(path, target) => found.link(owner, one, path, target, places),
                }
            }
        }
        places.real.clone_from(&found.dirs);
        found
    }

    /// Whether something else comes to a path than its package ships.
    pub(super) fn takes(&self, at: &Path) -> bool {
        self.moved.contains_key(at)
    }

    /// Puts it into the changes; `comes` says of a path whether a package brings it.
    pub(super) fn lay_out(
        self,
        comes: &dyn Fn(&Path) -> bool,
        out: &mut Transaction,
        added: &mut MemSource,
    ) {
        let changes = &mut out.changes;
        let gone = self.gone.into_iter();
        changes.gone.extend(gone.filter(|path| !comes(path)));
        changes.moved.extend(self.moved);
        for dir in self.dirs {
            if added.node(&dir).is_none() {
                added.dir(&dir);
            }
            changes.gone.insert(dir);
        }
        for (path, target) in self.links {
            added.link(&path, target);
            changes.gone.insert(path);
        }
    }

    /// What was changed goes `to` another name, also where the package ships something;
    /// the rest goes.
    fn give_up<'a>(
        &mut self,
        owner: &Owner<'_>,
        path: &Path,
        places: &mut Places<'a>,
        to: impl FnOnce(&Path, &mut Places<'a>) -> PathBuf,
    ) {
        let Some(is_changed) = owner.is_changed(path) else {
            return;
        };
        let at = places.physical(path);
        if is_changed {
            self.moved.insert(to(&at, places), at.clone());
        }
        self.gone.insert(at);
    }

    fn dir(&mut self, work: &Work<'_>, path: &Path, target: &Path, places: &mut Places<'_>) {
        let at = places.physical(path);
        let Fact::Known(found) = work.tree.read_link(&at) else {
            return;
        };
        let leads = |end: &Fact<crate::source::Found>| matches!(end, Fact::Known(end) if end.path == target);
        if found == target || leads(&work.tree.resolve(&at)) {
            self.dirs.insert(at);
        }
    }

    /// Not where there is configuration in it, or something of somebody else: then the
    /// upgrade fails.
    fn link(
        &mut self,
        owner: &Owner<'_>,
        one: &Incoming,
        path: &Path,
        target: &Path,
        places: &mut Places<'_>,
    ) {
        let tree = owner.work.tree;
        let at = places.physical(path);
        let is_dir = stands(tree, &at).is_some_and(|there| there.kind == FileKind::Dir);
        let below = |other: &Path| other != path && other.starts_with(path);
        if !is_dir
            || owner.has_config(&below)
            || one.deb.members.iter().any(|member| below(&member.path))
        {
            return;
        }
        let inside = tree.walk(&at, DEEPEST);
        let is_own = |found: &Path| {
            let listed = found.strip_prefix(&at).map(|rest| path.join(rest));
            listed.is_ok_and(|listed| owner.paths.contains(listed.as_os_str().as_bytes()))
        };
        if inside.gaps.is_empty() && inside.items.iter().all(|found| is_own(&found.path)) {
            self.links.insert(at, target.to_path_buf());
        }
    }
}

/// The name beside a path that ends in `suffix`.
fn beside(at: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(at.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

/// Directories in a directory that becomes a link.
const DEEPEST: usize = 40;

impl<'a> Owner<'a> {
    fn named(work: &'a Work<'a>, name: &str, gaps: &mut Vec<Unknown>) -> Self {
        let all = work.db.packages.iter();
        let packages: Vec<&Package> = all.filter(|package| package.name == name).collect();
        let mut paths = BTreeSet::new();
        for package in &packages {
            let list = list_of(work, package, gaps);
            let lines = list.iter().flat_map(|list| parse_list(list.bytes()));
            paths.extend(lines.map(<[u8]>::to_vec));
        }
        Self {
            work,
            packages,
            paths,
        }
    }

    /// Whether configuration of the owner was changed; none where it is not there, or
    /// somebody else's.
    fn is_changed(&self, path: &Path) -> Option<bool> {
        let path_bytes = path.as_os_str().as_bytes();
        if !self.paths.contains(path_bytes) {
            return None;
        }
        let sum = self.packages.iter().find_map(|package| {
            let mut known = conffiles(package.field(Field::Conffiles));
            known.find(|conf| conf.path == path_bytes)
        });
        match self.work.tree.read(path) {
            Fact::Known(file) => {
                let now = md5_of(file.bytes());
                Some(sum.is_none_or(|known| known.sum != now.as_bytes()))
            }
            Fact::Absent(_) => None,
            _ => Some(true),
        }
    }

    fn has_config(&self, below: &dyn Fn(&Path) -> bool) -> bool {
        self.packages.iter().any(|package| {
            let mut known = conffiles(package.field(Field::Conffiles));
            known.any(|conf| below(Path::new(std::ffi::OsStr::from_bytes(conf.path))))
        })
    }
}
