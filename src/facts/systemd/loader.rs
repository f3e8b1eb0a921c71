//! Loads units as PID 1 does: from one name to everything it refers to
//! (systemd 257 `src/core/manager.c`, `manager_load_unit`; `load-fragment.c`,
//! `unit_load_fragment`; `unit.c`, `unit_load`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::apply::{Apply, Edge};
use super::dropins;
use super::names::Names;
use super::settings::Settings;
use super::store::Store;
use super::unit::{Cause, Dep, Ix, LoadState, Refusal, Unit, Units};
use crate::fact::{Doubt, Fact, Looked, Unknown};
use crate::parse::unit::{self, NameKind, Specifiers, UnitType};
use crate::text::File;

/// Units loaded at most; a large machine has a thousand.
const MOST: usize = 20_000;

/// The units of one manager while they are loaded.
pub(super) struct Loader<'a> {
    pub(super) store: &'a Store<'a>,
    pub(super) names: &'a Names,
    pub(super) version: u32,
    /// Inside a container devices are no units.
    pub(super) container: bool,
    pub(super) host: &'a dyn Specifiers,
    pub(super) units: Units,
    pub(super) open: Vec<Unknown>,
    queue: VecDeque<Ix>,
    files: BTreeMap<PathBuf, Arc<unit::UnitFile>>,
    full: bool,
}

impl<'a> Loader<'a> {
    pub(super) fn new(
        store: &'a Store<'a>,
        names: &'a Names,
        version: u32,
        container: bool,
        host: &'a dyn Specifiers,
    ) -> Self {
        Self {
            store,
            names,
            version,
            container,
            host,
            units: Units::default(),
            open: Vec::new(),
            queue: VecDeque::new(),
            files: BTreeMap::new(),
            full: false,
        }
    }

    /// The unit of that name, loaded later; none where it is no name of a unit.
    pub(super) fn reference(&mut self, name: &str) -> Option<Ix> {
        if let Some(ix) = self.units.by_name.get(name) {
            return Some(*ix);
        }
        let kind = UnitType::of(name)?;
        let name_kind = unit::classify(name)?;
        let templates = kind.may_template();
        if name_kind == NameKind::Template || (name_kind == NameKind::Instance && !templates) {
            return None;
        }
        if self.units.list.len() >= MOST {
            if !std::mem::replace(&mut self.full, true) {
                let limit = Doubt::Limit(format!("more than {MOST} units"));
                self.open.push(Unknown::new(name, limit));
            }
            return None;
        }
        let found = self.names.find(name);
        let id = id_of(name, found.fragment.as_deref());
        let loaded = |name: &String| unit::is_valid(name) && UnitType::of(name) == Some(kind);
        let mut names: BTreeSet<String> = found.names.into_iter().filter(loaded).collect();
        names.insert(id.clone());
        let known = names.iter().find_map(|name| self.units.by_name.get(name));
        if let Some(ix) = known.copied() {
            // Found under another of its names first.
            for name in &names {
                self.units.by_name.entry(name.clone()).or_insert(ix);
            }
            if let Some(unit) = self.units.list.get_mut(ix) {
                unit.names.extend(names);
            }
            return Some(ix);
        }
        let ix = self.units.list.len();
        for name in &names {
            self.units.by_name.insert(name.clone(), ix);
        }
        self.units.list.push(Unit {
            id,
            names,
            kind,
            state: LoadState::Loaded,
            path: found.fragment,
            fragment: None,
            drop_ins: Vec::new(),
            origin: None,
            settings: Settings::new(),
            deps: BTreeMap::new(),
            open: Vec::new(),
        });
        self.queue.push_back(ix);
        Some(ix)
    }

    /// Loads everything that was referred to, and what that refers to.
    pub(super) fn drain(&mut self) {
        while let Some(ix) = self.queue.pop_front() {
            self.load(ix);
        }
    }

    /// Adds an edge and its reverse (`unit_add_dependency`).
    pub(super) fn edge(&mut self, from: Ix, dep: Dep, to: Ix, cause: Cause) {
        if from == to {
            return;
        }
        // Devices cannot be delayed.
        let kind = self.units.get(to).map(|unit| unit.kind);
        if dep == Dep::Before && kind == Some(UnitType::Device) {
            return;
        }
        if let Some(unit) = self.units.list.get_mut(from) {
            unit.deps.entry((dep, to)).or_insert_with(|| cause.clone());
        }
        if let Some(unit) = self.units.list.get_mut(to) {
            unit.deps.entry((dep.inverse(), from)).or_insert(cause);
        }
    }

    /// Edges to a unit by its name.
    pub(super) fn edges(&mut self, from: Ix, deps: &[Dep], to: &str, cause: &Cause) {
        if let Some(to) = self.reference(to) {
            for dep in deps {
                self.edge(from, *dep, to, cause.clone());
            }
        }
    }

    fn parsed(&mut self, file: &Arc<File>) -> Arc<unit::UnitFile> {
        let path = file.path().to_path_buf();
        if let Some(parsed) = self.files.get(&path) {
            return Arc::clone(parsed);
        }
        let parsed = Arc::new(unit::parse(file, Some(self.version)));
        self.files.insert(path, Arc::clone(&parsed));
        parsed
    }

    fn load(&mut self, ix: Ix) {
        let Some(unit) = self.units.get(ix) else {
            return;
        };
        let (id, kind, path) = (unit.id.clone(), unit.kind, unit.path.clone());
        let needs_file = !matches!(kind, UnitType::Device | UnitType::Slice)
            && !matches!(id.as_str(), "-.mount" | "init.scope");
        let mut settings = Settings::new();
        if matches!(id.as_str(), "-.mount" | "-.slice" | "init.scope")
            || (id == "system.slice" && self.version >= 235)
        {
            settings.default_dependencies = false;
        }
        let mut state = LoadState::Loaded;
        let mut fragment = None;
        if kind == UnitType::Scope && id != "init.scope" {
            state = LoadState::NotFound(looked(&id, "scopes have no files"));
        } else if let Some(path) = &path {
            match self.fragment(path) {
                Ok(file) => fragment = Some(file),
                Err(LoadState::Masked(_)) if self.is_perpetual(ix) => {}
                // A slice or device whose file cannot be opened is as one without.
                Err(LoadState::NotFound(_)) if !needs_file => {}
                Err(other) => state = other,
            }
        } else if needs_file {
            let mut places = looked(&id, "");
            places.paths = self.names.places(&id);
            if let Some(template) = unit::template(&id) {
                places.paths.extend(self.names.places(&template));
            }
            places.notes.clear();
            if self.names.is_loop(&id) {
                places.notes.push("its aliases go in circles".to_owned());
            }
            let rejected = self.names.rejected.iter();
            let own = rejected.filter(|r| r.link.file_name().is_some_and(|n| n == id.as_str()));
            places.notes.extend(own.map(|r| {
                let (link, target) = (r.link.display(), r.target.display());
                format!("{link} -> {target} is rejected: it {}", r.why)
            }));
            // It may be in a directory that could not be listed.
            state = match self.names.gaps.first() {
                Some(gap) => LoadState::Unknown(gap.clone()),
                None => LoadState::NotFound(places),
            };
        }
        let mut edges: Vec<Edge> = Vec::new();
        let mut drop_ins = Vec::new();
        let mut open = Vec::new();
        if matches!(state, LoadState::Loaded) {
            let from_template = path
                .as_deref()
                .and_then(Path::file_name)
                .and_then(|name| name.to_str())
                .is_some_and(|name| unit::classify(name) == Some(NameKind::Template));
            let host = self.host;
            let fragment_file = fragment.as_ref().map(|file| self.parsed(file));
            self.links(ix, &mut edges, &mut open);
            let drop_in_files = self.drop_ins(ix, &mut open);
            let drop_in_files: Vec<_> = drop_in_files
                .iter()
                .map(|file| (Arc::clone(file), self.parsed(file)))
                .collect();
            let mut apply = Apply {
                id: &id,
                kind,
                version: self.version,
                host,
                from_template,
                settings: &mut settings,
                edges: Vec::new(),
                triggered: false,
            };
            if let Some(file) = &fragment_file {
                state = match (apply.file(file), &file.fatal) {
                    (Err(refusal), _) => LoadState::BadSetting(refusal),
                    (Ok(()), Some((place, why))) => LoadState::Error(Refusal {
                        why: (*why).to_owned(),
                        place: Some(place.clone()),
                    }),
                    (Ok(()), None) => LoadState::Loaded,
                };
            }
            if matches!(state, LoadState::Loaded) {
                for (file, parsed) in drop_in_files {
                    // What is refused in a drop-in ends the drop-in, not the unit.
                    let _ = apply.file(&parsed);
                    drop_ins.push(file);
                }
            }
            edges.append(&mut apply.edges);
        }
        let origin = path.as_deref().and_then(|path| self.store.origin(path));
        let loaded = matches!(state, LoadState::Loaded);
        if let Some(unit) = self.units.list.get_mut(ix) {
            unit.settings = settings;
            unit.state = state;
            unit.fragment = fragment;
            unit.drop_ins = drop_ins;
            unit.origin = origin;
            unit.open = open;
        }
        for Edge { dep, to, cause } in edges {
            let to = resolve_template(&id, to);
            if let Some(to) = self.reference(&to) {
                self.edge(ix, dep, to, cause);
            }
        }
        if loaded {
            self.extras(ix);
        }
    }

    fn is_perpetual(&self, ix: Ix) -> bool {
        self.units.get(ix).is_some_and(Unit::is_perpetual)
    }

    /// The file of a unit, or the state it leaves the unit in.
    fn fragment(&self, path: &Path) -> Result<Arc<File>, LoadState> {
        match self.store.is_mask(path) {
            Ok(true) => return Err(LoadState::Masked(path.to_path_buf())),
            Ok(false) => {}
            Err(unknown) => return Err(LoadState::Unknown(unknown)),
        }
        match self.store.read(path) {
            Fact::Known(file) if file.bytes().is_empty() => {
                Err(LoadState::Masked(path.to_path_buf()))
            }
            Fact::Known(file) => Ok(file),
            Fact::Absent(looked) => Err(LoadState::NotFound(looked)),
            Fact::Broken(fault) => Err(LoadState::NotFound(Looked {
                paths: vec![path.to_path_buf()],
                notes: vec![fault.message],
            })),
            Fact::Unknown(unknown) => Err(LoadState::Unknown(unknown)),
            Fact::NotCovered(why) => Err(LoadState::NotCovered(why)),
        }
    }

    /// The links beside a unit (`process_deps`).
    fn links(&self, ix: Ix, edges: &mut Vec<Edge>, open: &mut Vec<Unknown>) {
        let Some(unit) = self.units.get(ix) else {
            return;
        };
        let kinds = [
            (".wants", Dep::Wants),
            (".requires", Dep::Requires),
            (".upholds", Dep::Upholds),
        ];
        for (suffix, dep) in kinds {
            if dep == Dep::Upholds && self.version < 254 {
                continue;
            }
            let found = self.beside(unit, suffix);
            open.extend(found.gaps);
            for path in found.paths {
                let Some(name) = path.file_name().and_then(|n| n.to_str()) else {
                    continue;
                };
                match self.store.is_mask(&path) {
                    Ok(false) => {}
                    Ok(true) => continue,
                    Err(unknown) => {
                        open.push(unknown);
                        continue;
                    }
                }
                match self.store.read_link(&path) {
                    Fact::Known(_) => {}
                    Fact::Unknown(unknown) => {
                        open.push(unknown);
                        continue;
                    }
                    // Only links count.
                    Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => continue,
                }
                let to = unit::classify(name).map(|_| name.to_owned());
                let made = self.store.output.made.get(&path);
                let cause = match made {
                    Some(made) => Cause::Generated {
                        by: made.by,
                        origin: made.origin.clone(),
                    },
                    None => Cause::Link(path.clone()),
                };
                edges.extend(to.map(|to| Edge { dep, to, cause }));
            }
        }
    }

    fn beside(&self, unit: &Unit, suffix: &str) -> dropins::Files {
        dropins::files(
            self.store,
            self.names,
            &unit.id,
            &unit.names,
            suffix,
            self.version,
        )
    }

    fn drop_ins(&self, ix: Ix, open: &mut Vec<Unknown>) -> Vec<Arc<File>> {
        let Some(unit) = self.units.get(ix) else {
            return Vec::new();
        };
        let found = self.beside(unit, ".d");
        open.extend(found.gaps);
        let mut files = Vec::new();
        for path in found.paths {
            if self.store.is_mask(&path) == Ok(true) {
                continue;
            }
            match self.store.read(&path) {
                Fact::Known(file) => files.push(file),
                Fact::Unknown(unknown) => open.push(unknown),
                Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {}
            }
        }
        files
    }
}

/// A template that is named gets the instance of the unit that names it, or its prefix
/// (`resolve_template`).
fn resolve_template(id: &str, name: String) -> String {
    if unit::classify(&name) != Some(NameKind::Template) {
        return name;
    }
    let instance = unit::instance(id).filter(|i| !i.is_empty());
    let instance = instance.unwrap_or_else(|| unit::prefix(id));
    unit::replace_instance(&name, instance).unwrap_or(name)
}

/// The name that counts: that of the file, with the instance where it is a template.
fn id_of(name: &str, fragment: Option<&Path>) -> String {
    let file = fragment.and_then(Path::file_name).and_then(|n| n.to_str());
    let instance = unit::instance(name).filter(|i| !i.is_empty());
    let id = match (file, file.and_then(unit::classify), instance) {
        (Some(file), Some(NameKind::Template), Some(instance)) => {
            unit::replace_instance(file, instance)
        }
        (Some(file), Some(NameKind::Plain | NameKind::Instance), _) => Some(file.to_owned()),
        _ => None,
    };
    id.unwrap_or_else(|| name.to_owned())
}

fn looked(name: &str, note: &str) -> Looked {
    Looked {
        paths: vec![PathBuf::from(name)],
        notes: vec![note.to_owned()],
    }
}
