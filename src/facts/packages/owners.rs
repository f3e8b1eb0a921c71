//! Whose a file is, by the file lists.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use memchr::memmem;

use super::Packages;
use crate::fact::{Fact, Looked, Unknown};
use crate::source::Tree;
use crate::text::File;

/// Whose a file is; the lists are read on the first question.
#[derive(Default)]
pub struct Owners {
    lists: OnceLock<Lists>,
}

/// The file lists of all packages. They are searched, not indexed: few paths are asked
/// for, and a search runs at the speed of memory.
struct Lists {
    dpkg: Vec<(String, Arc<File>)>,
    portage: Vec<(String, Arc<File>)>,
    pacman: Vec<(String, Arc<File>)>,
    /// Of databases that keep them in another form.
    indexed: BTreeMap<Vec<u8>, String>,
    gaps: Vec<Unknown>,
}

impl Owners {
    /// The package that ships what stands at `path`; absent where none does.
    ///
    /// Lists name a file as its package ships it: a diversion may have moved it, and the
    /// merge of /usr made the directory a link.
    pub fn of(&self, tree: &Tree, packages: &Packages, path: &Path) -> Fact<String> {
        let mut names = vec![path.as_os_str().as_bytes().to_vec()];
        let parent = path.parent().map(|parent| tree.resolve(parent));
        if let (Some(Fact::Known(parent)), Some(name)) = (parent, path.file_name()) {
            names.push(parent.path.join(name).as_os_str().as_bytes().to_vec());
        }
        for name in names.clone() {
            match name.strip_prefix(b"/usr") {
                Some(rest) => names.push(rest.to_vec()),
                None => names.push([b"/usr", name.as_slice()].concat()),
            }
        }
        names.dedup();
        let lists = self.lists(tree, packages);
        for name in &names {
            if let Some(owner) = lists.physical(packages, name) {
                return Fact::Known(owner);
            }
        }
        match lists.gaps.first() {
            Some(gap) => Fact::Unknown(gap.clone()),
            None => Fact::Absent(Looked::at(path)),
        }
    }

    /// The packages whose list names exactly this path, as `dpkg -S` and `rpm -qf` find
    /// them, in the order of the databases.
    pub fn listed(&self, tree: &Tree, packages: &Packages, path: &Path) -> Vec<String> {
        let lists = self.lists(tree, packages);
        lists.listed(path.as_os_str().as_bytes())
    }

    fn lists(&self, tree: &Tree, packages: &Packages) -> &Lists {
        self.lists.get_or_init(|| Lists::read(tree, packages))
    }
}

impl Lists {
    fn read(tree: &Tree, packages: &Packages) -> Self {
        let mut lists = Self {
            dpkg: Vec::new(),
            portage: Vec::new(),
            pacman: Vec::new(),
            indexed: BTreeMap::new(),
            gaps: Vec::new(),
        };
        if packages.dpkg.is_some() {
            let info = tree.entries(Path::new("/var/lib/dpkg/info"));
            lists.gaps.extend(info.gaps);
            let is_list = |path: &PathBuf| path.extension().is_some_and(|end| end == "list");
            for path in info.items.into_iter().filter(is_list) {
                let name = path.file_stem().map(|n| n.to_string_lossy().into_owned());
                let file = lists.file(tree, &path);
                lists.dpkg.extend(name.zip(file));
            }
        }
        for ebuild in packages.portage.iter().flat_map(|db| &db.packages) {
            let name = format!("{}/{}", ebuild.category, ebuild.name);
            let file = lists.file(tree, &ebuild.path.join("CONTENTS"));
            lists.portage.extend(Some(name).zip(file));
        }
        for package in packages.pacman.iter().flatten() {
            let file = lists.file(tree, &package.path.join("files"));
            lists.pacman.extend(Some(package.name.clone()).zip(file));
        }
        for package in packages.apk.iter().flatten() {
            for path in &package.files {
                lists.indexed.insert(path.clone(), package.name.clone());
            }
        }
        if let Some(rpm) = &packages.rpm {
            let indexed = &mut lists.indexed;
            let read = rpm.each_file_list(tree, &mut |package, files| {
                for file in files {
                    indexed
                        .entry(file.path)
                        .or_insert_with(|| package.name.clone());
                }
            });
            if let Fact::Unknown(unknown) = read {
                lists.gaps.push(unknown);
            }
        }
        lists
    }

    fn file(&mut self, tree: &Tree, path: &Path) -> Option<Arc<File>> {
        match tree.read(path) {
            Fact::Known(file) => return Some(file),
            Fact::Absent(_) | Fact::NotCovered(_) => {}
            Fact::Broken(fault) => self.gaps.push(fault.into()),
            Fact::Unknown(unknown) => self.gaps.push(unknown),
        }
        None
    }

    /// Every package whose list has the path.
    fn listed(&self, path: &[u8]) -> Vec<String> {
        let mut owners = Vec::new();
        let mut line = path.to_vec();
        line.push(b'\n');
        let finder = memmem::Finder::new(&line);
        for (name, file) in &self.dpkg {
            if has_line(file.bytes(), &finder, path) {
                owners.push(name.clone());
            }
        }
        if !self.portage.is_empty() {
            // `obj PATH MD5 MTIME`, `sym PATH -> TARGET MTIME`, `dir PATH`.
            for (kind, end) in [("obj ", " "), ("sym ", " -> ")] {
                let needle = [kind.as_bytes(), path, end.as_bytes()].concat();
                let finder = memmem::Finder::new(&needle);
                for (name, file) in &self.portage {
                    if at_line_start(file.bytes(), &finder) {
                        owners.push(name.clone());
                    }
                }
            }
        }
        if let Some(relative) = path.strip_prefix(b"/") {
            let finder = memmem::Finder::new(line.get(1..).unwrap_or(&[]));
            for (name, file) in &self.pacman {
                if has_line(file.bytes(), &finder, relative) {
                    owners.push(name.clone());
                }
            }
        }
        owners.extend(self.indexed.get(path).cloned());
        owners
    }

    /// The package whose file really stands at a path: with a diversion, the diverter's
    /// at its place and everybody else's where they were sent.
    fn physical(&self, packages: &Packages, path: &[u8]) -> Option<String> {
        let plain = |name: &String| name.split(':').next().unwrap_or(name).to_owned();
        let diversions = packages.dpkg.iter().flat_map(|db| &db.diversions);
        for diversion in diversions {
            let is_by = |name: &String| diversion.by.as_ref() == Some(&plain(name));
            if diversion.from == path {
                let owners = self.listed(path);
                return owners.iter().find(|name| is_by(name)).map(plain);
            }
            if diversion.to == path {
                let owners = self.listed(&diversion.from);
                return owners.iter().find(|name| !is_by(name)).map(plain);
            }
        }
        self.listed(path).first().map(plain)
    }
}

/// Whether a line of `text` is `path`; the last one may lack its end.
fn has_line(text: &[u8], finder: &memmem::Finder<'_>, path: &[u8]) -> bool {
    at_line_start(text, finder)
        || text
            .strip_suffix(path)
            .is_some_and(|before| before.is_empty() || before.ends_with(b"\n"))
}

fn at_line_start(text: &[u8], finder: &memmem::Finder<'_>) -> bool {
    finder.find_iter(text).any(|at| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        before.is_none_or(|byte| *byte == b'\n')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, MemSource};

    #[test]
    fn a_diversion_decides_whose_the_file_is() {
        let mut source = MemSource::new();
        source
            .file(
                "/var/lib/dpkg/status",
                "Package: a\nStatus: install ok installed\n\n\
                 Package: b\nStatus: install ok installed\n",
            )
            .file("/var/lib/dpkg/info/a.list", "/.\n/bin/x\n/bin/y")
            .file("/var/lib/dpkg/info/b:amd64.list", "/.\n/bin/x\n")
            .file(
                "/var/lib/dpkg/diversions",
                "/bin/x\n/bin/x.distrib\nb\n/bin/y\n/bin/y.old\n:\n",
            );
        let tree = Tree::for_tests(source, Coverage::full(true));
        let Fact::Known(packages) = super::super::read(&tree) else {
            panic!("no database");
        };
        let owners = Owners::default();
        let of = |path: &str| owners.of(&tree, &packages, Path::new(path));
        assert_eq!(of("/bin/x"), Fact::Known("b".into()));
        assert_eq!(of("/bin/x.distrib"), Fact::Known("a".into()));
        assert_eq!(of("/bin/y.old"), Fact::Known("a".into()));
        assert!(matches!(of("/bin/y"), Fact::Absent(_)));
        let listed = owners.listed(&tree, &packages, Path::new("/bin/x"));
        assert_eq!(listed, ["a", "b:amd64"]);
    }
}
