//! Names of units and what stands for them: the search path, aliases, templates
//! (systemd 257 `src/shared/unit-file.c`; the same since 243).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::store::{Entry, Store};
use crate::fact::{Fact, Unknown, Why};
use crate::parse::unit::{self, NameKind, UnitType};

/// Directories units are loaded from, highest first (`lookup_paths_init`). Of those
/// below /run only what generators write is there when a boot begins; /lib is a
/// directory of its own only before usr-merge.
const SEARCH: [&str; 9] = [
    "/etc/systemd/system.control",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/run/systemd/generator.late",
];

/// Those of them on disk.
pub(super) const ON_DISK: [&str; 6] = [
    "/etc/systemd/system.control",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/usr/local/lib/systemd/system",
    "/lib/systemd/system",
    "/usr/lib/systemd/system",
];

/// Directories below /run that a link may point into all the same.
const RUNTIME: [&str; 4] = [
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/system",
    "/run/systemd/system.attached",
];

/// Names followed from one alias to the next (`FOLLOW_MAX`).
const FOLLOW_MOST: usize = 8;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Id {
    /// A file, or a link to one outside of the search path.
    Fragment(PathBuf),
    /// Another name.
    Alias(String),
}

/// A link that systemd rejects, so that a directory below may supply the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rejected {
    /// The link.
    pub(super) link: PathBuf,
    /// Where it points.
    pub(super) target: PathBuf,
    /// Why.
    pub(super) why: &'static str,
}

/// Every name below the search path.
#[derive(Debug)]
pub(super) struct Names {
    /// The search path as it is in this tree, highest first.
    pub(super) search: Vec<PathBuf>,
    ids: BTreeMap<String, Id>,
    aliases: BTreeMap<String, Vec<String>>,
    /// `x.service.d`, `x.target.wants` and so on: where each is, highest first.
    subdirs: BTreeMap<String, Vec<PathBuf>>,
    /// Links that are passed over.
    pub(super) rejected: Vec<Rejected>,
    /// What could not be listed.
    pub(super) gaps: Vec<Unknown>,
    /// What the tree does not hold.
    pub(super) uncovered: Vec<Why>,
}

/// What is behind a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The file of the unit, or a link to it.
    pub(super) fragment: Option<PathBuf>,
    /// Every name of the unit, the one asked for among them.
    pub(super) names: BTreeSet<String>,
}

impl Names {
    /// Lists the search path.
    pub(super) fn read(store: &Store<'_>, version: u32, running: bool) -> Self {
        let lib = store.chase(Path::new("/lib/systemd/system"));
        let split = lib == Path::new("/lib/systemd/system");
        let search = SEARCH.map(PathBuf::from).into_iter();
        let search = search.filter(|dir| split || !dir.starts_with("/lib"));
        let search = search.flat_map(|dir| {
            // What the running system alone has goes right behind what may be on disk.
            let (control, attached) = match dir.to_str() {
                Some("/etc/systemd/system.control") => (running, false),
                Some("/etc/systemd/system.attached") => (false, running),
                _ => (false, false),
            };
            let runtime = RUNTIME.iter().enumerate();
            let runtime = runtime.filter(move |(at, _)| if *at < 2 { control } else { attached });
            std::iter::once(dir).chain(runtime.map(|(_, dir)| PathBuf::from(dir)))
        });
        let mut names = Self {
            search: search.collect(),
            ids: BTreeMap::new(),
            aliases: BTreeMap::new(),
            subdirs: BTreeMap::new(),
            rejected: Vec::new(),
            gaps: Vec::new(),
            uncovered: Vec::new(),
        };
        let expanded = names.expanded(store);
        for dir in names.search.clone() {
            let listing = store.list(&dir);
            names.gaps.extend(listing.gaps);
            names.uncovered.extend(listing.uncovered);
            for name in listing.items {
                names.entry(store, &dir, &name, &expanded, version);
            }
        }
        names.reverse(store);
        names
    }

    /// The search path with its own links followed, and where it would lie live.
    fn expanded(&self, store: &Store<'_>) -> Vec<PathBuf> {
        let mut all = self.search.clone();
        all.extend(RUNTIME.map(PathBuf::from));
        all.push(PathBuf::from("/lib/systemd/system"));
        for dir in &self.search {
            if let Fact::Known(found) = store.tree.resolve(dir)
                && !all.contains(&found.path)
            {
                all.push(found.path);
            }
        }
        all
    }

    fn entry(
        &mut self,
        store: &Store<'_>,
        dir: &Path,
        name: &str,
        expanded: &[PathBuf],
        version: u32,
    ) {
        let is_unit = unit::classify(name).is_some();
        let is_subdir = is_dir_name(name);
        if !is_unit && !is_subdir {
            return;
        }
        let path = dir.join(name);
        let kind = match store.kind(&path) {
            Fact::Known(kind) => kind,
            Fact::Unknown(unknown) => {
                self.gaps.push(unknown);
                return;
            }
            Fact::NotCovered(why) => {
                self.uncovered.push(why);
                return;
            }
            Fact::Absent(_) | Fact::Broken(_) => return,
        };
        let to_dir = kind == Entry::Link && !is_unit && store.is_dir(&path);
        if is_subdir && (kind == Entry::Dir || to_dir) {
            self.subdirs.entry(name.to_owned()).or_default().push(path);
            return;
        }
        if !is_unit || self.ids.contains_key(name) {
            return;
        }
        let id = match kind {
            Entry::File { .. } => Id::Fragment(path),
            // Device nodes were masks before the names were listed in one go.
            Entry::Device if version < 243 => Id::Fragment(path),
            Entry::Link => match self.link(store, &path, name, expanded, version) {
                Some(id) => id,
                None => return,
            },
            Entry::Dir | Entry::Device | Entry::Other => return,
        };
        self.ids.insert(name.to_owned(), id);
    }

    /// What a link stands for; none where it is passed over.
    fn link(
        &mut self,
        store: &Store<'_>,
        path: &Path,
        name: &str,
        expanded: &[PathBuf],
        version: u32,
    ) -> Option<Id> {
        let target = match store.read_link(path) {
            Fact::Known(_) => store.link_end(path)?,
            Fact::Unknown(unknown) => {
                self.gaps.push(unknown);
                return None;
            }
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => return None,
        };
        let inside = expanded.iter().any(|dir| target.starts_with(dir));
        if !inside {
            return Some(Id::Fragment(path.to_path_buf()));
        }
        let end = target.file_name()?.to_string_lossy().into_owned();
        // Up to 242 a link was followed: where it led had to be there.
        let dangling = || matches!(store.tree.resolve(&target), Fact::Absent(_));
        let fault = alias_fault(name, &end).or_else(|| {
            (version < 243 && dangling()).then_some("points at nothing, which systemd follows")
        });
        match fault {
            None => Some(Id::Alias(end)),
            // A link to its own name is passed over without a word.
            Some("") => None,
            Some(why) => {
                self.rejected.push(Rejected {
                    link: path.to_path_buf(),
                    target,
                    why,
                });
                None
            }
        }
    }

    /// Which names stand for which file.
    fn reverse(&mut self, store: &Store<'_>) {
        let mut aliases: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in self.ids.keys() {
            let Some(fragment) = self.fragment(name) else {
                continue;
            };
            // What is masked has no aliases.
            if store.is_mask(fragment).unwrap_or(false) {
                continue;
            }
            let Some(file) = fragment.file_name().and_then(|n| n.to_str()) else {
                continue;
            };
            let instance = unit::instance(name).filter(|i| !i.is_empty());
            let of = match (unit::classify(file), instance) {
                (Some(NameKind::Template), Some(instance)) => {
                    unit::replace_instance(file, instance)
                }
                _ => Some(file.to_owned()),
            };
            if let Some(of) = of {
                aliases.entry(of).or_default().push(name.clone());
            }
        }
        self.aliases = aliases;
    }

    /// The file a name leads to (`unit_ids_map_get`); none where there is none, or
    /// where the aliases go in circles.
    fn fragment(&self, name: &str) -> Option<&Path> {
        let mut id = name;
        let mut first = true;
        for _ in 0..FOLLOW_MOST {
            let next = match self.ids.get(id) {
                Some(next) => next,
                None if first => return None,
                None => self.ids.get(&unit::template(id)?)?,
            };
            first = false;
            match next {
                Id::Fragment(path) => return Some(path),
                Id::Alias(name) => id = name,
            }
        }
        None
    }

    /// Whether the aliases of a name go in circles.
    pub(super) fn is_loop(&self, name: &str) -> bool {
        let mut id = name;
        for _ in 0..FOLLOW_MOST {
            match self.ids.get(id) {
                Some(Id::Alias(next)) => id = next,
                _ => return false,
            }
        }
        true
    }

    /// What is behind `name` (`unit_file_find_fragment`).
    pub(super) fn find(&self, name: &str) -> Found {
        let instance = unit::instance(name).filter(|i| !i.is_empty());
        let mut names = BTreeSet::new();
        self.add_names(name, instance, None, &mut names);
        let template = || unit::template(name).filter(|_| instance.is_some());
        let fragment = match self.fragment(name) {
            Some(path) => Some(path),
            None => template().and_then(|template| self.fragment(&template)),
        };
        if let Some(file) = fragment.and_then(Path::file_name).and_then(|n| n.to_str())
            && file != name
        {
            self.add_names(file, instance, Some(file), &mut names);
        }
        names.insert(name.to_owned());
        Found {
            fragment: fragment.map(Path::to_path_buf),
            names,
        }
    }

    fn add_names(
        &self,
        name: &str,
        instance: Option<&str>,
        file: Option<&str>,
        out: &mut BTreeSet<String>,
    ) {
        match (unit::classify(name), instance) {
            (Some(NameKind::Template), Some(instance)) => {
                out.extend(unit::replace_instance(name, instance));
            }
            (Some(NameKind::Template) | None, None) => {}
            _ => {
                out.insert(name.to_owned());
            }
        }
        for alias in self.aliases.get(name).into_iter().flatten() {
            match (unit::classify(alias), instance) {
                (Some(NameKind::Template), Some(instance)) => {
                    let Some(alias) = unit::replace_instance(alias, instance) else {
                        continue;
                    };
                    // One of that name may lead elsewhere.
                    let leads = self.fragment(&alias).and_then(Path::file_name);
                    let elsewhere = match (leads.and_then(|n| n.to_str()), file) {
                        (Some(leads), Some(file)) => leads != file,
                        _ => false,
                    };
                    if !elsewhere {
                        out.insert(alias);
                    }
                }
                _ => {
                    out.insert(alias.clone());
                }
            }
        }
    }

    /// Where a directory such as `x.service.d` is, highest first.
    pub(super) fn subdirs(&self, name: &str) -> &[PathBuf] {
        self.subdirs.get(name).map_or(&[], Vec::as_slice)
    }

    /// Where a file called `name` would be looked for on disk.
    pub(super) fn places(&self, name: &str) -> Vec<PathBuf> {
        let on_disk = self.search.iter().filter(|dir| !dir.starts_with("/run"));
        let usual = on_disk.filter(|dir| !dir.to_string_lossy().contains("system."));
        usual.map(|dir| dir.join(name)).collect()
    }
}

/// Whether a name is one of a directory that belongs to units (`directory_name_is_valid`).
fn is_dir_name(name: &str) -> bool {
    [".wants", ".requires", ".upholds", ".d"]
        .iter()
        .any(|suffix| {
            name.strip_suffix(suffix).is_some_and(|stem| {
                unit::classify(stem).is_some() || UnitType::from_word(stem).is_some()
            })
        })
}

/// Why the link `name` may not stand for `end`; nothing to say of one to itself
/// (`unit_validate_alias_symlink_or_warn`).
fn alias_fault(name: &str, end: &str) -> Option<&'static str> {
    let kind = unit::classify(name)?;
    let own = UnitType::of(name)?;
    if !own.may_alias() {
        return Some("units of this type may have no alias");
    }
    if kind != NameKind::Plain && !own.may_template() {
        return Some("units of this type have no templates");
    }
    if name == end {
        return Some("");
    }
    let Some(end_kind) = unit::classify(end) else {
        return Some("points at what is no name of a unit");
    };
    let to_template = kind == NameKind::Instance && end_kind == NameKind::Template;
    if kind != end_kind && !to_template {
        return Some("points at a name of another kind (template or not)");
    }
    if end_kind == NameKind::Instance && unit::instance(name) != unit::instance(end) {
        return Some("points at another instance");
    }
    if UnitType::of(end) != Some(own) {
        return Some("points at a unit with another suffix");
    }
    None
}
