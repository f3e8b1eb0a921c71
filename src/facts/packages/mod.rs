//! The package databases: which packages are there, in which state, and whose a file
//! is.

mod apk;
mod dpkg;
mod owners;
mod pacman;
mod portage;
mod rpm;
mod sums;
pub(in crate::facts) mod verify;

use std::path::Path;

pub use dpkg::{Complaint, Dpkg};
pub use owners::Owners;
pub use portage::{Ebuild, Portage, RESUME, left_to_merge};
pub use rpm::Rpm;
pub(crate) use sums::sum_of;
pub use sums::{Sums, md5_of};
pub use verify::{Altered, Wrong, altered};

use crate::fact::{Doubt, Fact, Looked, Unknown, Why};
use crate::parse;
use crate::source::Tree;

/// Void's database.
const XBPS: &str = "/var/db/xbps";

/// What the package databases of a tree say.
#[derive(Debug)]
pub struct Packages {
    /// dpkg's, where there is one.
    pub dpkg: Option<Dpkg>,
    /// Portage's, where there is one.
    pub portage: Option<Portage>,
    /// apk's packages, where there is such a database.
    pub apk: Option<Vec<parse::apk::Package>>,
    /// pacman's packages, where there is such a database.
    pub pacman: Option<Vec<pacman::Package>>,
    /// rpm's, where there is one.
    pub rpm: Option<Rpm>,
    /// Databases that are there and that are not read: which, and why.
    pub unread: Vec<(&'static str, String)>,
}

/// The package manager that keeps a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Debian and what comes of it.
    Dpkg,
    /// Gentoo.
    Portage,
    /// Alpine.
    Apk,
    /// Arch.
    Pacman,
    /// Fedora, Red Hat, SUSE.
    Rpm,
}

/// One package, whatever keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Who keeps it.
    pub family: Family,
    /// Its name; for Gentoo without the category.
    pub name: &'a str,
    /// How far it came; the other families know only what is installed.
    pub state: parse::dpkg::State,
    version: Version<'a>,
}

/// Where the version of an [`Entry`] stands.
#[derive(Clone, Copy, Debug)]
enum Version<'a> {
    Text(&'a str),
    /// In a paragraph that is looked through when somebody asks.
    Dpkg(&'a parse::dpkg::Package),
}

impl<'a> Entry<'a> {
    /// Its version, in the family's own words.
    #[must_use]
    pub fn version(&self) -> &'a str {
        match self.version {
            Version::Text(text) => text,
            Version::Dpkg(package) => package.version(),
        }
    }
}

impl Family {
    /// The name of the program.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dpkg => "dpkg",
            Self::Portage => "portage",
            Self::Apk => "apk",
            Self::Pacman => "pacman",
            Self::Rpm => "rpm",
        }
    }

    /// In which order two versions of the family stand.
    #[must_use]
    pub fn compare(self, a: &str, b: &str) -> std::cmp::Ordering {
        use parse::package_version::{alpm, debian, rpm_evr};
        match self {
            Self::Dpkg => debian(a, b),
            Self::Pacman => alpm(a, b),
            // apk's and Gentoo's order differs from rpm's in the words behind a version
            // (_rc, _p) alone, and nobody asks for those.
            Self::Rpm | Self::Apk | Self::Portage => rpm_evr(a, b),
        }
    }
}

/// One database's answer, while they are read.
struct Answers {
    looked: Looked,
    uncovered: Option<Why>,
    unread: Vec<(&'static str, String)>,
}

impl Answers {
    /// The value of a database that is there. One that cannot be read ends it all: what
    /// it would have said is not known.
    fn take<T>(&mut self, fact: Fact<T>) -> Result<Option<T>, Box<Fact<Packages>>> {
        match fact {
            Fact::Known(value) => Ok(Some(value)),
            Fact::Absent(looked) => {
                self.looked.paths.extend(looked.paths);
                Ok(None)
            }
            Fact::NotCovered(why) => {
                self.uncovered.get_or_insert(why);
                Ok(None)
            }
            Fact::Broken(fault) => Err(Box::new(Fact::Broken(fault))),
            Fact::Unknown(unknown) => Err(Box::new(Fact::Unknown(unknown))),
        }
    }

    /// The same beside a database that answers: Debian has /var/lib/rpm beside its own,
    /// and what is wrong with that is no question of the boot.
    fn beside<T>(
        &mut self,
        kind: &'static str,
        alone: bool,
        fact: Fact<T>,
    ) -> Result<Option<T>, Box<Fact<Packages>>> {
        match fact {
            Fact::Broken(fault) => {
                self.unread.push((kind, fault.message));
                Ok(None)
            }
            Fact::Unknown(unknown) if alone => Err(Box::new(Fact::Unknown(unknown))),
            Fact::Unknown(unknown) => {
                self.unread.push((kind, unknown.doubt.to_string()));
                Ok(None)
            }
            other => self.take(other),
        }
    }
}

/// Where the databases are that dpkg has nothing to do with.
pub(in crate::facts) fn other_places() -> impl Iterator<Item = &'static Path> {
    let places = apk::PLACES.into_iter().chain(rpm::DIRS);
    places
        .chain([pacman::DIR, portage::DIR, XBPS])
        .map(Path::new)
}

/// Reads the databases of `tree`.
pub fn read(tree: &Tree) -> Fact<Packages> {
    match read_all(tree) {
        Ok(packages) => Fact::Known(packages),
        Err(fact) => *fact,
    }
}

fn read_all(tree: &Tree) -> Result<Packages, Box<Fact<Packages>>> {
    let mut answers = Answers {
        looked: Looked {
            paths: Vec::new(),
            notes: Vec::new(),
        },
        uncovered: None,
        unread: Vec::new(),
    };
    let dpkg = answers.take(dpkg::read(tree))?;
    let portage = answers.take(portage::read(tree))?;
    let alone = dpkg.is_none() && portage.is_none();
    let apk = answers.beside("apk", alone, apk::read(tree))?;
    let pacman = answers.beside("pacman", alone, pacman::read(tree))?;
    let rpm = answers.beside("rpm", alone, rpm::read(tree))?;
    if let Fact::Known(_) = tree.resolve(Path::new(XBPS)) {
        answers.unread.push(("xbps", "is not read yet".to_owned()));
    }
    let none = alone && apk.is_none() && pacman.is_none() && rpm.is_none();
    if none && answers.unread.is_empty() {
        return Err(Box::new(match answers.uncovered {
            Some(why) => Fact::NotCovered(why),
            None => Fact::Absent(answers.looked),
        }));
    }
    Ok(Packages {
        dpkg,
        portage,
        apk,
        pacman,
        rpm,
        unread: answers.unread,
    })
}

impl Packages {
    /// Every package, in the order of the databases.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        use parse::dpkg::State::Installed;
        let dpkg = self.dpkg.iter().flat_map(|db| &db.packages).map(|p| Entry {
            family: Family::Dpkg,
            name: &p.name,
            version: Version::Dpkg(p),
            state: p.state,
        });
        let other = |family, name, version| Entry {
            family,
            name,
            version: Version::Text(version),
            state: Installed,
        };
        let portage = self.portage.iter().flat_map(|db| &db.packages);
        let portage = portage.map(move |p| other(Family::Portage, &*p.name, &*p.version));
        let apk = self.apk.iter().flatten();
        let apk = apk.map(move |p| other(Family::Apk, &*p.name, &*p.version));
        let pacman = self.pacman.iter().flatten();
        let pacman = pacman.map(move |p| other(Family::Pacman, &*p.name, &*p.version));
        let rpm = self.rpm.iter().flat_map(|db| &db.packages);
        let rpm = rpm.map(move |p| other(Family::Rpm, &*p.name, &*p.version));
        dpkg.chain(portage).chain(apk).chain(pacman).chain(rpm)
    }

    /// The version of an installed package by its name; for Gentoo its plain name. Of
    /// several, which only kernels have, the first.
    #[must_use]
    pub fn version_of(&self, name: &str) -> Option<&str> {
        let mut found = self.entries().filter(|entry| entry.name == name);
        let found = found.find(|entry| entry.state.is_installed());
        found.map(|entry| entry.version())
    }

    /// Whether a package of that name is installed, as far as the databases are read.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.version_of(name).is_some()
    }

    /// How many packages each family has installed.
    pub fn counts(&self) -> impl Iterator<Item = (Family, usize)> {
        let mut counts: Vec<(Family, usize)> = Vec::new();
        let there = [
            (Family::Dpkg, self.dpkg.is_some()),
            (Family::Portage, self.portage.is_some()),
            (Family::Apk, self.apk.is_some()),
            (Family::Pacman, self.pacman.is_some()),
            (Family::Rpm, self.rpm.is_some()),
        ];
        for (family, there) in there {
            if there {
                let of_it = self.entries().filter(|entry| entry.family == family);
                let installed = of_it.filter(|entry| entry.state.is_installed()).count();
                counts.push((family, installed));
            }
        }
        counts.into_iter()
    }

    /// Whether every database found was read.
    ///
    /// # Errors
    /// The open question, where one was not.
    pub fn all_read(&self) -> Result<(), Unknown> {
        match self.unread.first() {
            Some((kind, why)) => {
                let what = format!("the {kind} database {why}");
                Err(Unknown::new("/", Doubt::CannotModel(what)))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, MemSource};

    fn tree(source: MemSource) -> Tree {
        Tree::for_tests(source, Coverage::full(true))
    }

    #[test]
    fn all_databases_answer_for_versions_and_owners() {
        let mut source = MemSource::new();
        source
            .file(
                "/var/lib/dpkg/status",
                "Package: cron\nStatus: install ok installed\nVersion: 3.0\n\n\
                 Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n",
            )
            .file(
                "/var/lib/dpkg/info/cron:amd64.list",
                "/.\n/etc/init.d/cron\n/etc/init/cron.conf\n/bin/crontab\n",
            )
            .link("/bin", "usr/bin")
            .dir("/usr/bin")
            .file(
                "/var/db/pkg/net-ftp/vsftpd-2.3.4/CONTENTS",
                "dir /etc/init.d\nobj /etc/init.d/vsftpd 0123 1317\n",
            )
            .dir("/var/db/pkg/sys-apps/-MERGING-openrc-0.9")
            .file(
                "/lib/apk/db/installed",
                "P:busybox\nV:1.36.1-r5\nF:bin\nR:busybox\n",
            )
            .file(
                "/var/lib/pacman/local/linux-6.1-1/desc",
                "%NAME%\nlinux\n\n%VERSION%\n6.1-1\n",
            )
            .file(
                "/var/lib/pacman/local/linux-6.1-1/files",
                "%FILES%\nboot/\nboot/vmlinuz-linux\n",
            );
        let tree = tree(source);
        let Fact::Known(packages) = read(&tree) else {
            panic!("no database");
        };
        assert_eq!(packages.version_of("cron"), Some("3.0"));
        assert_eq!(packages.version_of("vsftpd"), Some("2.3.4"));
        assert_eq!(packages.version_of("busybox"), Some("1.36.1-r5"));
        assert_eq!(packages.version_of("linux"), Some("6.1-1"));
        assert!(!packages.has("gone"));
        let owners = Owners::default();
        let owner = |path: &str| owners.of(&tree, &packages, Path::new(path));
        for (path, expected) in [
            ("/etc/init.d/cron", "cron"),
            ("/etc/init/cron.conf", "cron"),
            // Shipped below /bin, which the merge of /usr made a link.
            ("/usr/bin/crontab", "cron"),
            ("/etc/init.d/vsftpd", "net-ftp/vsftpd"),
            ("/bin/busybox", "busybox"),
            ("/boot/vmlinuz-linux", "linux"),
        ] {
            assert_eq!(owner(path), Fact::Known(expected.into()), "{path}");
        }
        assert!(matches!(owner("/etc/init.d/x"), Fact::Absent(_)));
        assert!(matches!(owner("/etc/init.d/cro"), Fact::Absent(_)));
        let merging = packages.portage.map(|p| p.merging);
        assert_eq!(
            merging,
            Some(vec!["/var/db/pkg/sys-apps/openrc-0.9".into()])
        );
    }

    #[test]
    fn a_database_that_cannot_be_read_is_seen_and_said_not_to_be_read() {
        for path in [
            "/var/lib/rpm/Packages",
            "/usr/lib/sysimage/rpm/rpmdb.sqlite",
        ] {
            let mut source = MemSource::new();
            source.file(path, "x");
            let Fact::Known(packages) = read(&tree(source)) else {
                panic!("no database");
            };
            assert_eq!(packages.unread[0].0, "rpm");
            assert!(packages.all_read().is_err());
        }
    }
}
