//! Who has a file that two packages ship (dpkg 1.21 `src/main/archives.c`, `tarobject`): the
//! one that comes, unless the other one replaces it and is not replaced in turn.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use memchr::memmem;

use super::{Incoming, Work};
use crate::fact::{Listing, Unknown};
use crate::facts::packages::verify::info;
use crate::parse::archive::Member;
use crate::parse::dpkg::{Field, Operator, Package, alternatives, parse_list};
use crate::parse::package_version::debian;
use crate::source::{FileKind, MemSource};
use crate::text::File;

/// Packages with a `Replaces:`, by what they replace.
struct Replacers<'a>(HashMap<String, Vec<Replacer<'a>>>);

struct Replacer<'a> {
    package: &'a Package,
    /// Its place among what comes; none where it is there.
    incoming: Option<usize>,
    version: Option<(Operator, String)>,
}

/// For each archive that comes the paths as shipped that are not unpacked.
pub(super) fn kept(work: &Work<'_>, gaps: &mut Vec<Unknown>) -> Vec<HashSet<PathBuf>> {
    let replacers = Replacers::of(work);
    let each = work.incoming.iter().enumerate();
    each.map(|(at, one)| replacers.wins_over(work, at, one, gaps))
        .collect()
}

impl<'a> Replacers<'a> {
    fn of(work: &'a Work<'_>) -> Self {
        let mut found = Self(HashMap::new());
        for (at, package) in work.db.packages.iter().enumerate() {
            if package.state.has_files() && !work.outgoing.contains_key(&at) {
                found.add(package, None);
            }
        }
        for (at, one) in work.incoming.iter().enumerate() {
            found.add(&one.package, Some(at));
        }
        found
    }

    fn add(&mut self, package: &'a Package, incoming: Option<usize>) {
        for one in alternatives(package.field(Field::Replaces))
            .into_iter()
            .flatten()
        {
            self.0.entry(one.name).or_default().push(Replacer {
                package,
                incoming,
                version: one.version,
            });
        }
    }

    fn replaces(&self, by: &Package, of: &Package) -> bool {
        let found = self.0.get(of.name.as_str()).into_iter().flatten();
        let mut found = found.filter(|replacer| std::ptr::eq(replacer.package, by));
        found.any(|replacer| replacer.accepts(of))
    }

    fn wins_over(
        &self,
        work: &Work<'_>,
        at: usize,
        one: &Incoming,
        gaps: &mut Vec<Unknown>,
    ) -> HashSet<PathBuf> {
        let mut kept = HashSet::new();
        for replacer in self.0.get(one.package.name.as_str()).into_iter().flatten() {
            let other = replacer.package;
            if other.name == one.package.name
                || !replacer.accepts(&one.package)
                || self.replaces(&one.package, other)
            {
                continue;
            }
            match replacer.incoming {
                // What comes later is not there yet.
                Some(index) if index >= at => {}
                Some(index) => {
                    let members = work.incoming.get(index).into_iter();
                    let members = members.flat_map(|other| &other.deb.members);
                    kept.extend(members.map(|member| member.path.clone()));
                }
                None => {
                    let sooner = work.incoming.iter().take(at);
                    if sooner
                        .filter_map(|i| i.replaces(work.db))
                        .any(|p| std::ptr::eq(p, other))
                    {
                        continue;
                    }
                    let list = list_of(work, other, gaps);
                    let lines = list.iter().flat_map(|list| parse_list(list.bytes()));
                    kept.extend(lines.map(|line| PathBuf::from(std::ffi::OsStr::from_bytes(line))));
                }
            }
        }
        kept
    }
}

impl Replacer<'_> {
    fn accepts(&self, package: &Package) -> bool {
        let version = self.version.as_ref();
        version.is_none_or(|(operator, asked)| operator.accepts(debian(package.version(), asked)))
    }
}

/// What comes in place of files of packages that stay, by its path as shipped.
#[derive(Default)]
pub(super) struct Taken(HashSet<Vec<u8>>);

impl Taken {
    pub(super) fn note(&mut self, member: &Member) {
        if member.kind != FileKind::Dir {
            self.0.insert(member.path.as_os_str().as_bytes().to_vec());
        }
    }

    /// Writes the list of a package without what was taken of it (dpkg 1.21
    /// `src/main/unpack.c`, `pkg_remove_files_from_others`).
    pub(super) fn rewrite(
        &self,
        work: &Work<'_>,
        package: &Package,
        list: &File,
        added: &mut MemSource,
    ) {
        let is_taken = |path: &[u8]| {
            self.0.contains(path)
                && !work
                    .incoming
                    .iter()
                    .any(|one| one.package.name == package.name)
                && !work.db.diversions.iter().any(|d| d.from == path)
        };
        if !parse_list(list.bytes()).any(is_taken) {
            return;
        }
        let mut text = Vec::new();
        for path in parse_list(list.bytes()).filter(|path| !is_taken(path)) {
            text.extend_from_slice(path);
            text.push(b'\n');
        }
        added.file(list.path(), text);
    }
}

/// The file list of an installed package.
pub(super) fn list_of(
    work: &Work<'_>,
    package: &Package,
    gaps: &mut Vec<Unknown>,
) -> Option<Arc<File>> {
    info_of(work, package, "list", gaps)
}

/// A file that dpkg keeps of an installed package, by its extension.
fn info_of(
    work: &Work<'_>,
    package: &Package,
    kind: &str,
    gaps: &mut Vec<Unknown>,
) -> Option<Arc<File>> {
    let mut out = Listing::<()>::new();
    let found = info(work.tree, package, kind, &mut out);
    for gap in out.gaps {
        if !gaps.contains(&gap) {
            gaps.push(gap);
        }
    }
    found
}

/// The packages that go and end their diversions then, as their scripts say.
pub(super) fn undiverting(work: &Work<'_>, gaps: &mut Vec<Unknown>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (package, _) in work.leaving() {
        let is_by = |by: &String| *by == package.name;
        let mut diversions = work.db.diversions.iter();
        if !diversions.any(|diversion| diversion.by.as_ref().is_some_and(is_by)) {
            continue;
        }
        let mut speaks = |kind| {
            let script = info_of(work, package, kind, gaps);
            script.is_some_and(|file| memmem::find(file.bytes(), b"dpkg-divert").is_some())
        };
        if speaks("prerm") || speaks("postrm") {
            found.insert(package.name.as_str().to_owned());
        }
    }
    found
}

/// Diversions that end: where the file of everybody else stands, and its name afterwards.
pub(super) fn undiverted(work: &Work<'_>) -> BTreeMap<PathBuf, PathBuf> {
    let path = |bytes: &[u8]| PathBuf::from(std::ffi::OsStr::from_bytes(bytes));
    let diversions = work.db.diversions.iter();
    let ended = diversions.filter(|diversion| work.ends(diversion));
    ended.map(|d| (path(&d.to), path(&d.from))).collect()
}
