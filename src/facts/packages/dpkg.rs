//! dpkg's database: the status file, and the journal that is not merged into it yet.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::fact::{Fact, Looked};
use crate::parse::dpkg::{
    Alternative, Diversion, Field, Kind, Package, Problem, State, alternatives, diversions, parse,
    problems,
};
use crate::source::Tree;
use crate::text::File;

/// dpkg's database, as dpkg itself would read it now.
#[derive(Debug)]
pub struct Dpkg {
    /// Its packages, the journal taken in.
    pub packages: Vec<Package>,
    /// The files it was read from.
    pub files: Vec<(Arc<File>, Kind)>,
    /// Files of `updates/` that a dpkg at work left: it was stopped, not finished.
    pub journal: Vec<PathBuf>,
    /// The diversions.
    pub diversions: Vec<Diversion>,
    /// What is provided, taken apart when it is first asked for.
    provided: OnceLock<BTreeMap<String, Vec<Option<String>>>>,
}

/// What `dpkg --audit` says of a package (dpkg 1.21 `src/main/enquiry.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Complaint {
    /// "must be reinstalled", or "only half installed ... but must be reinstalled".
    MustBeReinstalled,
    /// "unpacked but not yet configured".
    Unpacked,
    /// "only half configured".
    HalfConfigured,
    /// "only half installed".
    HalfInstalled,
    /// "awaiting processing of triggers".
    TriggersAwaited,
    /// "triggered, but the trigger processing has not yet been done".
    TriggersPending,
}

/// Where it is.
const DIR: &str = "/var/lib/dpkg";

pub(super) fn read(tree: &Tree) -> Fact<Dpkg> {
    let mut db = Dpkg {
        packages: Vec::new(),
        files: Vec::new(),
        provided: OnceLock::new(),
        journal: Vec::new(),
        diversions: Vec::new(),
    };
    let at = |name: &str| Path::new(DIR).join(name);
    let missing = match tree.read(&at("status")) {
        Fact::Known(file) => {
            db.packages = parse(&file, Kind::Status);
            db.files.push((file, Kind::Status));
            None
        }
        Fact::Broken(fault) => return Fact::Broken(fault),
        Fact::Unknown(unknown) => return Fact::Unknown(unknown),
        fact => Some(fact),
    };
    let journal = match journal_names(tree) {
        Fact::Known(names) => names,
        Fact::Absent(_) | Fact::NotCovered(_) => Vec::new(),
        Fact::Broken(fault) => return Fact::Broken(fault),
        Fact::Unknown(unknown) => return Fact::Unknown(unknown),
    };
    // status.d is what images without dpkg have; dpkg itself never looks there.
    let loose = match &missing {
        Some(_) => tree.entries(&at("status.d")),
        None => crate::fact::Listing::new(),
    };
    if let Some(gap) = loose.gaps.into_iter().next() {
        return Fact::Unknown(gap);
    }
    let loose = loose.items.into_iter();
    let loose = loose.filter(|path| path.extension().is_none_or(|end| end != "md5sums"));
    let loose: Vec<(PathBuf, Kind)> = loose.map(|path| (path, Kind::StatusD)).collect();
    if let (Some(fact), true, true) = (missing, loose.is_empty(), journal.is_empty()) {
        return match fact {
            Fact::NotCovered(why) => Fact::NotCovered(why),
            Fact::Absent(looked) => Fact::Absent(looked),
            _ => Fact::Absent(Looked::at(at("status"))),
        };
    }
    db.journal.clone_from(&journal);
    let updates = journal.into_iter().map(|path| (path, Kind::Status));
    for (path, kind) in loose.into_iter().chain(updates) {
        match tree.read(&path) {
            Fact::Known(file) => {
                for package in parse(&file, kind) {
                    db.put(package);
                }
                db.files.push((file, kind));
            }
            Fact::Absent(_) | Fact::NotCovered(_) => {}
            Fact::Broken(fault) => return Fact::Broken(fault),
            Fact::Unknown(unknown) => return Fact::Unknown(unknown),
        }
    }
    match tree.read(&at("diversions")) {
        Fact::Known(file) => db.diversions = diversions(file.bytes()),
        Fact::Absent(_) | Fact::NotCovered(_) => {}
        Fact::Broken(fault) => return Fact::Broken(fault),
        Fact::Unknown(unknown) => return Fact::Unknown(unknown),
    }
    Fact::Known(db)
}

/// The journal's files, in the order in which dpkg takes them in: names of digits
/// only (dpkg 1.21 `lib/dpkg/dbmodify.c`, `ulist_select`).
fn journal_names(tree: &Tree) -> Fact<Vec<PathBuf>> {
    let dir = Path::new(DIR).join("updates");
    let digits = |name: &&OsString| {
        let name = name.as_bytes();
        !name.is_empty() && name.iter().all(u8::is_ascii_digit)
    };
    tree.list(&dir).map(|names| {
        names
            .iter()
            .filter(digits)
            .map(|name| dir.join(name))
            .collect()
    })
}

impl Dpkg {
    /// Takes in a paragraph that replaces what was said of the package before.
    pub(crate) fn put(&mut self, package: Package) {
        let same_name = |p: &&mut Package| p.name == package.name;
        let exact = |p: &Package| p.architecture() == package.architecture();
        let mut named: Vec<&mut Package> = self.packages.iter_mut().filter(same_name).collect();
        let at = named.iter().position(|p| exact(p));
        // One of another architecture is another package only among co-installable ones.
        let alone = named.len() == 1 && !package.is_same_arch();
        match at.or(alone.then_some(0)).and_then(|at| named.get_mut(at)) {
            Some(known) => **known = package,
            None => self.packages.push(package),
        }
    }

    /// The packages that `dpkg --audit` names, each with what it says first.
    pub fn audit(&self) -> impl Iterator<Item = (&Package, Complaint)> {
        self.packages.iter().filter_map(|package| {
            let complaint = match package.state {
                _ if package.must_be_reinstalled => Complaint::MustBeReinstalled,
                State::Unpacked => Complaint::Unpacked,
                State::HalfConfigured => Complaint::HalfConfigured,
                State::HalfInstalled => Complaint::HalfInstalled,
                State::TriggersAwaited => Complaint::TriggersAwaited,
                State::TriggersPending => Complaint::TriggersPending,
                State::NotInstalled | State::ConfigFiles | State::Installed => return None,
            };
            Some((package, complaint))
        })
    }

    /// The packages of a name, whatever their architecture and state.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Package> {
        self.packages.iter().filter(move |p| p.name == name)
    }

    /// The relations of a package that no installed package meets: what would have done,
    /// one group each (dpkg 1.21 `src/main/depcon.c`, `deppossi_ok_found`).
    #[must_use]
    pub fn unmet(&self, package: &Package) -> Vec<Vec<Alternative>> {
        let fields = [Field::PreDepends, Field::Depends];
        let groups = fields
            .iter()
            .flat_map(|field| alternatives(package.field(*field)));
        groups
            .filter(|group| !group.iter().any(|wanted| self.meets(wanted)))
            .collect()
    }

    fn meets(&self, wanted: &Alternative) -> bool {
        use crate::parse::package_version::debian;
        // By name first: most are met so, and what is provided has to be taken apart.
        let by_name = self.named(&wanted.name).filter(|p| p.is_installed());
        let mut by_name = by_name.map(|package| match &wanted.version {
            None => true,
            Some((operator, asked)) => operator.accepts(debian(package.version(), asked)),
        });
        if by_name.any(|met| met) {
            return true;
        }
        let provided = self.provided.get_or_init(|| self.provided());
        let mut versions = provided.get(&wanted.name).into_iter().flatten();
        // A version is met only by a versioned provision (since dpkg 1.17.11).
        versions.any(|there| match (&wanted.version, there) {
            (None, _) => true,
            (Some((operator, asked)), Some(there)) => operator.accepts(debian(there, asked)),
            (Some(_), None) => false,
        })
    }

    /// What the installed packages provide under other names, with the versions.
    fn provided(&self) -> BTreeMap<String, Vec<Option<String>>> {
        let mut out: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
        for package in self.packages.iter().filter(|p| p.is_installed()) {
            for one in alternatives(package.field(Field::Provides))
                .into_iter()
                .flatten()
            {
                let version = one.version.map(|(_, version)| version);
                out.entry(one.name).or_default().push(version);
            }
        }
        out
    }

    /// What of its files dpkg itself would refuse.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let files = self.files.iter();
        files
            .flat_map(|(file, kind)| problems(file, *kind))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, MemSource};

    fn db(files: &[(&str, &str)]) -> Dpkg {
        let mut source = MemSource::new();
        for (path, text) in files {
            source.file(path, *text);
        }
        let tree = Tree::for_tests(source, Coverage::full(true));
        match read(&tree) {
            Fact::Known(db) => db,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_journal_replaces_what_the_status_file_says() {
        let db = db(&[
            (
                "/var/lib/dpkg/status",
                "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n\
                 Package: b\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\
                 Multi-Arch: same\n",
            ),
            (
                "/var/lib/dpkg/updates/0000",
                "Package: a\nStatus: install ok unpacked\nVersion: 2\nArchitecture: amd64\n",
            ),
            (
                "/var/lib/dpkg/updates/0001",
                "Package: a\nStatus: install ok half-configured\nVersion: 2\n\
                 Architecture: amd64\n\nPackage: b\nStatus: install ok installed\nVersion: 1\n\
                 Architecture: i386\nMulti-Arch: same\n",
            ),
            ("/var/lib/dpkg/updates/tmp.i", "Package: c\n"),
        ]);
        let said: Vec<(&str, &str, State)> = db
            .packages
            .iter()
            .map(|p| (p.name.as_str(), p.architecture(), p.state))
            .collect();
        let expected = [
            ("a", "amd64", State::HalfConfigured),
            ("b", "amd64", State::Installed),
            ("b", "i386", State::Installed),
        ];
        assert_eq!(said, expected);
        assert_eq!(db.journal.len(), 2);
        let complaints: Vec<_> = db.audit().map(|(p, c)| (p.name.as_str(), c)).collect();
        assert_eq!(complaints, [("a", Complaint::HalfConfigured)]);
    }

    #[test]
    fn a_relation_is_met_by_name_version_and_provision() {
        let db = db(&[(
            "/var/lib/dpkg/status",
            "Package: a\nStatus: install ok installed\nVersion: 2\n\
             Depends: b (>= 1.5), c, d (= 3) | e, virtual, versioned (>= 2)\n\n\
             Package: b\nStatus: install ok installed\nVersion: 1.5~rc1\n\n\
             Package: e\nStatus: install ok triggers-pending\nVersion: 1\n\
             Provides: virtual, versioned (= 2.1)\n\n\
             Package: c\nStatus: deinstall ok config-files\nVersion: 1\n",
        )]);
        let unmet = db.unmet(&db.packages[0]);
        let names: Vec<&str> = unmet.iter().map(|group| group[0].name.as_str()).collect();
        assert_eq!(names, ["b", "c"]);
    }

    #[test]
    fn images_without_dpkg_list_what_is_installed_in_status_d() {
        let db = db(&[
            (
                "/var/lib/dpkg/status.d/base",
                "Package: base-files\nVersion: 12\n",
            ),
            ("/var/lib/dpkg/status.d/base.md5sums", "0  x\n"),
        ]);
        assert_eq!(db.packages.len(), 1);
        assert!(db.packages[0].is_installed());
    }
}
