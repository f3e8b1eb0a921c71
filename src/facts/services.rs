//! What is enabled to start at boot, at the level of existence: links in runlevel
//! directories and in systemd's `.wants`, and the scripts behind them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::init::InitKind;
use crate::fact::{Fact, Listing};
use crate::source::{FileKind, Found, Tree};
use crate::text::File;

/// Which init's directory a link stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// `/etc/rcN.d`.
    SysV,
    /// `/etc/runlevels`, also of Gentoo's baselayout 1.
    OpenRc,
    /// `/etc/systemd/system/*.wants` and `.requires`.
    Systemd,
}

/// One enabled start script or unit.
#[derive(Debug)]
pub struct Enabled {
    /// Whose directory it is.
    pub system: System,
    /// The service's name: without `S20` or `.service`.
    pub name: String,
    /// The runlevel or target.
    pub level: String,
    /// The link.
    pub link: PathBuf,
    /// The text of the link, where it is one.
    pub target: Option<PathBuf>,
    /// What is behind it: for systemd the unit's file, found by name.
    pub found: Fact<Found>,
}

/// Directories systemd loads units from, highest first (systemd.unit(5), 252).
pub const UNIT_DIRS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Whether a link leads to nothing, which masks the unit of its name.
#[must_use]
pub fn masks(tree: &Tree, link: &Path) -> bool {
    matches!(tree.read_link(link), Fact::Known(target) if target == Path::new("/dev/null"))
}

/// The names of services whose unit file has this command, of those that are there.
#[must_use]
pub fn services_with(tree: &Tree, command: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for dir in UNIT_DIRS {
        for path in tree.entries(Path::new(dir)).items {
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(name) = name.filter(|name| name.ends_with(".service")) else {
                continue;
            };
            let same = command_of(tree, name).is_some_and(|other| other == command);
            if same && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names.sort();
    names
}

/// The command of a service, as written.
#[must_use]
pub fn command_of(tree: &Tree, name: &str) -> Option<Vec<u8>> {
    let Fact::Known(found) = unit_file(tree, name) else {
        return None;
    };
    let Fact::Known(file) = tree.read(&found.path) else {
        return None;
    };
    let mut lines = file.bytes().split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    let command = lines.find_map(|line| line.strip_prefix(b"ExecStart="));
    command.map(<[u8]>::to_vec)
}

/// What is enabled, by bare names: `wg-quick` of `wg-quick@wg0.service`.
pub fn bare_names(host: &super::Host) -> impl Iterator<Item = &str> {
    let names = host.enabled().items.iter().map(|enabled| &*enabled.name);
    names.map(|name| name.split(['@', '.']).next().unwrap_or(name))
}

/// Whether `name`'s unit file, or its template's, is in one of [`UNIT_DIRS`].
pub fn unit_file(tree: &Tree, name: &str) -> Fact<Found> {
    let mut names = vec![name.to_owned()];
    if let (Some(at), Some(dot)) = (name.find('@'), name.rfind('.'))
        && at < dot
    {
        names.push(format!("{}@{}", &name[..at], &name[dot..]));
    }
    let mut last = None;
    for name in &names {
        for dir in UNIT_DIRS {
            let path = Path::new(dir).join(name);
            // A link to /dev/null is a mask, which is a unit file too.
            match tree.lstat(&path) {
                // A link to a unit elsewhere that is gone is none (systemd loads nothing).
                Fact::Known(found) if found.meta.kind == FileKind::Link => {
                    match tree.resolve(&path) {
                        dangling @ Fact::Absent(_) => last = Some(dangling),
                        _ => return Fact::Known(found),
                    }
                }
                Fact::Known(found) => return Fact::Known(found),
                Fact::NotCovered(why) if dir.starts_with("/run") => {
                    // Nothing enabled on disk lives only there.
                    let _ = why;
                }
                other => last = Some(other),
            }
        }
    }
    match last {
        Some(Fact::Absent(mut looked)) => {
            looked.paths = names
                .iter()
                .flat_map(|name| UNIT_DIRS.map(|dir| Path::new(dir).join(name)))
                .collect();
            Fact::Absent(looked)
        }
        Some(other) => other,
        None => Fact::Absent(crate::fact::Looked::at(name)),
    }
}

/// The enabled services that matter for `init`; all of them where it is not known.
pub fn enabled(tree: &Tree, init: Option<InitKind>) -> Listing<Enabled> {
    let mut all = Listing::new();
    // A wrapper, a shell or an init of unknown kind may start any of them.
    let open = [
        InitKind::Script,
        InitKind::Shell,
        InitKind::Dinit,
        InitKind::S6,
        InitKind::Finit,
        InitKind::Other,
    ];
    let is = |kind: InitKind| init.is_none_or(|init| init == kind || open.contains(&init));
    if is(InitKind::Systemd) {
        all.append(systemd(tree));
    }
    let openrc = openrc(tree);
    // OpenRC runs below its own init, sysvinit or busybox; its directories decide.
    let runs_openrc = !openrc.items.is_empty() && init != Some(InitKind::Systemd);
    if runs_openrc {
        all.append(openrc);
        return all;
    }
    if init != Some(InitKind::Systemd) {
        // Runlevels that could not be read are no sign that OpenRC is not used.
        all.gaps.extend(openrc.gaps);
    }
    // Debian's runit runs the same links in its second stage.
    if is(InitKind::SysV) || init == Some(InitKind::Runit) {
        all.append(sysv(tree));
    }
    all
}

fn openrc(tree: &Tree) -> Listing<Enabled> {
    let mut out = Listing::new();
    let mut levels = Listing::<PathBuf>::new();
    levels.append(tree.entries(Path::new("/etc/runlevels")));
    for level in out.take_gaps(levels) {
        let Some(level_name) = text(level.file_name()) else {
            continue;
        };
        match tree.resolve(&level) {
            Fact::Known(found) if found.meta.kind == FileKind::Dir => {}
            Fact::Known(_) | Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => continue,
            Fact::Unknown(unknown) => {
                out.gaps.push(unknown);
                continue;
            }
        }
        for link in out.take_gaps(tree.entries(&level)) {
            let Some(name) = text(link.file_name()).filter(|name| !name.starts_with('.')) else {
                continue;
            };
            out.items.push(Enabled {
                system: System::OpenRc,
                name,
                level: level_name.clone(),
                target: link_text(tree, &link),
                found: tree.resolve(&link),
                link,
            });
        }
    }
    out
}

fn sysv(tree: &Tree) -> Listing<Enabled> {
    let mut out = Listing::new();
    for level in ["S", "2", "3", "4", "5"] {
        let dir = PathBuf::from(format!("/etc/rc{level}.d"));
        for link in out.take_gaps(tree.entries(&dir)) {
            let Some(file_name) = text(link.file_name()) else {
                continue;
            };
            // `SNNname`: started on entering the runlevel.
            let digits = file_name.get(1..3).unwrap_or("");
            let starts = file_name.starts_with('S') && digits.bytes().all(|b| b.is_ascii_digit());
            let name = file_name.get(3..).unwrap_or("");
            if !starts || digits.len() != 2 || name.is_empty() {
                continue;
            }
            out.items.push(Enabled {
                system: System::SysV,
                name: name.to_owned(),
                level: level.to_owned(),
                target: link_text(tree, &link),
                found: tree.resolve(&link),
                link,
            });
        }
    }
    out
}

fn systemd(tree: &Tree) -> Listing<Enabled> {
    let mut out = Listing::new();
    let top = Path::new("/etc/systemd/system");
    for dir in out.take_gaps(tree.entries(top)) {
        let Some(dir_name) = text(dir.file_name()) else {
            continue;
        };
        let level = dir_name
            .strip_suffix(".wants")
            .or_else(|| dir_name.strip_suffix(".requires"));
        let Some(level) = level else { continue };
        for link in out.take_gaps(tree.entries(&dir)) {
            let Some(unit) = text(link.file_name()) else {
                continue;
            };
            // Only links count (systemd 252 `load-dropin.c`); the entry's name decides,
            // and the target only for a unit linked from elsewhere.
            let target = match tree.read_link(&link) {
                Fact::Known(target) => target,
                Fact::Unknown(unknown) => {
                    out.gaps.push(unknown);
                    continue;
                }
                Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => continue,
            };
            let by_name = unit_file(tree, &unit);
            let found = match by_name {
                Fact::Absent(looked) => match tree.resolve(&link) {
                    Fact::Absent(_) => Fact::Absent(looked),
                    other => other,
                },
                other => other,
            };
            out.items.push(Enabled {
                system: System::Systemd,
                name: unit.strip_suffix(".service").unwrap_or(&unit).to_owned(),
                level: level.to_owned(),
                target: Some(target),
                found,
                link,
            });
        }
    }
    out
}

impl Enabled {
    /// The script, for the systems that run one.
    pub fn script(&self, tree: &Tree) -> Fact<Arc<File>> {
        tree.read(&self.link)
    }

    /// Where the link points, absolute in the tree, without looking whether it is there.
    #[must_use]
    pub fn points_at(&self) -> Option<PathBuf> {
        let target = self.target.as_ref()?;
        if target.is_absolute() {
            return Some(target.clone());
        }
        let mut path = self.link.parent()?.to_path_buf();
        for component in target.components() {
            match component {
                std::path::Component::ParentDir => {
                    path.pop();
                }
                std::path::Component::Normal(name) => path.push(name),
                _ => {}
            }
        }
        Some(path)
    }
}

fn text(name: Option<&OsStr>) -> Option<String> {
    name.map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned())
}

fn link_text(tree: &Tree, link: &Path) -> Option<PathBuf> {
    match tree.read_link(link) {
        Fact::Known(target) => Some(target),
        Fact::Absent(_) | Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, FaultSource, Injected, MemSource};

    fn names(source: MemSource, init: Option<InitKind>) -> Vec<(String, bool)> {
        let coverage = Coverage::full(true);
        let tree = Tree::for_tests(source, coverage);
        let listing = enabled(&tree, init);
        assert_eq!(listing.complete(), Ok(()));
        let items = listing.items.into_iter();
        items
            .map(|e| (e.name, matches!(e.found, Fact::Known(_))))
            .collect()
    }

    #[test]
    fn systemd_finds_a_unit_by_the_links_name_wherever_it_points() {
        let mut source = MemSource::new();
        source
            .file("/lib/systemd/system/cron.service", "")
            .file("/lib/systemd/system/getty@.service", "")
            .link("/etc/systemd/system/masked.service", "/dev/null")
            .link(
                "/etc/systemd/system/a.target.wants/cron.service",
                "/gone/cron.service",
            )
            .link(
                "/etc/systemd/system/a.target.wants/getty@tty1.service",
                "/gone",
            )
            .link("/etc/systemd/system/a.target.wants/masked.service", "/gone")
            .link("/etc/systemd/system/a.target.wants/lost.service", "/gone")
            .link("/etc/systemd/system/site.service", "/opt/gone/site.service")
            .link(
                "/etc/systemd/system/a.target.wants/site.service",
                "/etc/systemd/system/site.service",
            )
            .file("/etc/systemd/system/a.target.wants/plain.service", "");
        let expected = [
            ("cron", true),
            ("getty@tty1", true),
            ("lost", false),
            ("masked", true),
            ("site", false),
        ];
        assert_eq!(
            names(source, Some(InitKind::Systemd)),
            expected.map(|(name, here)| (name.to_owned(), here))
        );
    }

    #[test]
    fn openrc_runlevels_replace_rc_directories_and_kill_links_do_not_start() {
        let mut source = MemSource::new();
        source
            .file("/etc/init.d/cron", "#!/bin/sh\n")
            .link("/etc/rc2.d/S01cron", "../init.d/cron")
            .link("/etc/rc2.d/K01cron", "../init.d/cron")
            .link("/etc/rc2.d/S01gone", "../init.d/gone");
        let sysv = names(source.clone(), Some(InitKind::SysV));
        assert_eq!(
            sysv,
            [("cron".to_owned(), true), ("gone".to_owned(), false)]
        );
        source.link("/etc/runlevels/default/sshd", "/etc/init.d/sshd");
        let openrc = names(source, Some(InitKind::SysV));
        assert_eq!(openrc, [("sshd".to_owned(), false)]);
    }

    fn gaps(source: MemSource, denied: &str, init: InitKind) -> usize {
        let faults = [(PathBuf::from(denied), Injected::Denied)];
        let tree = Tree::for_tests(FaultSource::new(source, faults), Coverage::full(true));
        enabled(&tree, Some(init)).gaps.len()
    }

    #[test]
    fn what_cannot_be_read_is_a_gap_and_not_nothing() {
        let mut source = MemSource::new();
        source
            .link("/etc/systemd/system/a.target.wants/x.service", "/gone")
            .link("/etc/runlevels/default/sshd", "/etc/init.d/sshd");
        let link = "/etc/systemd/system/a.target.wants/x.service";
        assert_eq!(gaps(source.clone(), link, InitKind::Systemd), 1);
        for denied in ["/etc/runlevels", "/etc/runlevels/default"] {
            assert_eq!(gaps(source.clone(), denied, InitKind::SysV), 1, "{denied}");
            assert_eq!(gaps(source.clone(), denied, InitKind::Systemd), 0);
        }
    }

    #[test]
    fn an_init_of_unknown_kind_may_start_whatever_is_enabled() {
        let mut source = MemSource::new();
        source
            .file("/etc/init.d/cron", "#!/bin/sh\n")
            .link("/etc/rc2.d/S01cron", "../init.d/cron");
        for init in [InitKind::Script, InitKind::Other] {
            let found = names(source.clone(), Some(init));
            assert_eq!(found, [("cron".to_owned(), true)]);
        }
    }
}
