//! What the init is told to reach: systemd's default target with everything it
//! requires, or sysvinit's default runlevel.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Host;
use super::init::InitKind;
use super::services::UNIT_DIRS;
use crate::fact::{Fact, Looked, Unknown, Why};
use crate::parse::unit;
use crate::source::{FileKind, Tree, TreeKind};
use crate::text::{File, Place};

/// What the init is told to reach.
#[derive(Debug)]
pub enum Target {
    /// systemd's default target.
    Systemd(DefaultTarget),
    /// sysvinit's default runlevel.
    Runlevel(Runlevel),
}

/// systemd's default target.
#[derive(Debug)]
pub struct DefaultTarget {
    /// The name that counts: `default.target`, or what it is an alias of.
    pub name: String,
    /// What stands there.
    pub unit: Unit,
    /// The first strong requirement that cannot be met, and who asks for it.
    pub unmet: Option<Unmet>,
    /// Requirements that could not be looked at.
    pub open: Vec<Unknown>,
}

/// A unit as systemd would load it.
#[derive(Clone, Debug)]
pub enum Unit {
    /// A file.
    Loaded(Arc<File>),
    /// Masked: a link to /dev/null, a device, or an empty file; where.
    Masked(PathBuf),
    /// Nowhere.
    Missing(Looked),
    /// Could not look.
    Unknown(Unknown),
    /// The tree does not hold it.
    NotCovered(Why),
}

/// A requirement that cannot be met.
#[derive(Debug)]
pub struct Unmet {
    /// The unit required.
    pub unit: String,
    /// The line or link that requires it.
    pub by: By,
    /// Where it is masked; absent where it does not exist.
    pub masked: Option<PathBuf>,
}

/// What requires a unit.
#[derive(Debug)]
pub enum By {
    /// A line of a unit file.
    Line(Place),
    /// A link in a `.requires` directory.
    Link(PathBuf),
}

/// sysvinit's default runlevel.
#[derive(Debug)]
pub enum Runlevel {
    /// No inittab: init asks on the console.
    NoTable(Looked),
    /// No effective `initdefault`: init asks on the console. Lines that were meant to
    /// be one, with what is wrong with them.
    NoDefault(Vec<(Place, &'static str)>),
    /// This one.
    Level(char, Place),
}

/// What the init of `host` is told to reach; Absent for inits that are told otherwise.
pub(super) fn read(host: &Host) -> Fact<Target> {
    match host.init_kind() {
        Some(InitKind::Systemd) => Fact::Known(Target::Systemd(systemd(host))),
        Some(InitKind::SysV) => runlevel(host).map(Target::Runlevel),
        _ => Fact::Absent(Looked::at("/etc/inittab")),
    }
}

fn runlevel(host: &Host) -> Fact<Runlevel> {
    let table = match host.inittab() {
        Fact::Known(table) => table,
        Fact::Absent(looked) => return Fact::Known(Runlevel::NoTable(looked)),
        Fact::Broken(fault) => return Fact::Broken(fault),
        Fact::Unknown(unknown) => return Fact::Unknown(unknown),
        Fact::NotCovered(why) => return Fact::NotCovered(why),
    };
    if let Some((level, place)) = table.default_level() {
        return Fact::Known(Runlevel::Level(level, place.clone()));
    }
    let meant = table
        .problems
        .into_iter()
        .filter(|p| p.place.text().to_ascii_lowercase().contains("initdefault"))
        .map(|p| (p.place, p.message));
    Fact::Known(Runlevel::NoDefault(meant.collect()))
}

fn systemd(host: &Host) -> DefaultTarget {
    let tree = host.tree();
    let mut name = "default.target".to_owned();
    let unit = load(tree, &mut name);
    let mut walk = Walk {
        tree,
        seen: vec![name.clone()],
        unmet: None,
        open: Vec::new(),
    };
    if let Unit::Loaded(file) = &unit {
        walk.requirements(&name, file);
    }
    DefaultTarget {
        name,
        unit,
        unmet: walk.unmet,
        open: walk.open,
    }
}

/// Units followed at most: a transaction has a few hundred.
const MOST: usize = 2_000;

struct Walk<'a> {
    tree: &'a Tree,
    seen: Vec<String>,
    unmet: Option<Unmet>,
    open: Vec<Unknown>,
}

impl Walk<'_> {
    /// Follows what a unit requires, without recursion.
    fn requirements(&mut self, name: &str, file: &Arc<File>) {
        let mut pending = vec![(name.to_owned(), Arc::clone(file))];
        while let Some((name, file)) = pending.pop() {
            for (wanted, by) in self.required(&name, &file) {
                if self.seen.contains(&wanted) || self.seen.len() > MOST {
                    continue;
                }
                let mut real = wanted.clone();
                let unit = load(self.tree, &mut real);
                self.seen.push(wanted.clone());
                self.seen.push(real.clone());
                match unit {
                    Unit::Loaded(file) => pending.push((real, file)),
                    Unit::Masked(at) => self.unmet(wanted, by, Some(at)),
                    Unit::Missing(_) if generated(&wanted) => {}
                    Unit::Missing(_) => self.unmet(wanted, by, None),
                    Unit::Unknown(unknown) => self.open.push(unknown),
                    Unit::NotCovered(_) => {}
                }
            }
        }
    }

    fn unmet(&mut self, unit: String, by: By, masked: Option<PathBuf>) {
        self.unmet.get_or_insert(Unmet { unit, by, masked });
    }

    /// What a unit requires: by its file, its drop-ins, its `.requires` directories.
    fn required(&mut self, name: &str, file: &Arc<File>) -> Vec<(String, By)> {
        let mut files = vec![Arc::clone(file)];
        let mut found = Vec::new();
        let mut drop_ins: Vec<std::ffi::OsString> = Vec::new();
        for dir in UNIT_DIRS {
            let entries = self.tree.entries(&Path::new(dir).join(format!("{name}.d")));
            self.open.extend(entries.gaps);
            for path in entries.items {
                let Some(name) = path.file_name().map(std::ffi::OsStr::to_os_string) else {
                    continue;
                };
                let is_conf = path.extension().is_some_and(|e| e == "conf");
                // A drop-in hides those of its name in lower directories, and one that
                // is a link to /dev/null only hides (systemd.unit(5)).
                if !is_conf || drop_ins.contains(&name) {
                    continue;
                }
                drop_ins.push(name);
                let link = self.tree.read_link(&path);
                if matches!(link, Fact::Known(target) if target == Path::new("/dev/null")) {
                    continue;
                }
                match self.tree.read(&path) {
                    Fact::Known(file) => files.push(file),
                    Fact::Unknown(unknown) => self.open.push(unknown),
                    Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {}
                }
            }
            let requires = Path::new(dir).join(format!("{name}.requires"));
            let links = self.tree.entries(&requires);
            self.open.extend(links.gaps);
            for link in links.items {
                let is_link = matches!(
                    self.tree.lstat(&link),
                    Fact::Known(found) if found.meta.kind == FileKind::Link
                );
                if let Some(unit) = link.file_name().filter(|_| is_link) {
                    let unit = String::from_utf8_lossy(unit.as_bytes()).into_owned();
                    found.push((unit, By::Link(link)));
                }
            }
        }
        for file in files {
            let parsed = unit::parse(&file, None);
            let strong = |a: &&unit::Assignment| matches!(&*a.key, "Requires" | "BindsTo");
            for line in parsed.section("Unit").filter(strong) {
                for word in unit::split(line.value.bytes(), unit::Flags::NAMES).words {
                    let place = file.place(line.value.span_of(word.start, word.end));
                    let name = String::from_utf8_lossy(&word.bytes).into_owned();
                    found.push((name, By::Line(place)));
                }
            }
        }
        found
    }
}

/// Units that have no file: systemd makes them, or a generator does.
fn generated(name: &str) -> bool {
    let suffixes = [
        ".device",
        ".mount",
        ".swap",
        ".slice",
        ".scope",
        ".automount",
    ];
    suffixes.iter().any(|suffix| name.ends_with(suffix)) || name.contains('%')
}

/// Links of an alias chain at most (systemd 252 `unit-file.c`).
const ALIASES: usize = 8;

/// The unit called `name`; an alias replaces the name by what it stands for.
fn load(tree: &Tree, name: &mut String) -> Unit {
    for _ in 0..ALIASES {
        match step(tree, name) {
            Step::Alias(target) => *name = target,
            Step::Is(unit) => return unit,
        }
    }
    Unit::Missing(Looked {
        paths: vec![PathBuf::from(name.as_str())],
        notes: vec![format!("more than {ALIASES} aliases: a loop")],
    })
}

enum Step {
    Alias(String),
    Is(Unit),
}

fn step(tree: &Tree, name: &str) -> Step {
    let mut names = vec![name.to_owned()];
    if let (Some(at), Some(dot)) = (name.find('@'), name.rfind('.'))
        && at < dot
    {
        names.push(format!("{}@{}", &name[..at], &name[dot..]));
    }
    let suffix = |name: &str| name.rsplit('.').next().map(str::to_owned);
    let mut looked = Looked {
        paths: Vec::new(),
        notes: Vec::new(),
    };
    for name in &names {
        for dir in UNIT_DIRS {
            if dir.starts_with("/run") && tree.coverage().kind != TreeKind::Live {
                continue;
            }
            let path = Path::new(dir).join(name);
            let found = match tree.lstat(&path) {
                Fact::Known(found) => found,
                Fact::Absent(_) | Fact::Broken(_) => {
                    looked.paths.push(path);
                    continue;
                }
                Fact::Unknown(unknown) => return Step::Is(Unit::Unknown(unknown)),
                Fact::NotCovered(why) => return Step::Is(Unit::NotCovered(why)),
            };
            match found.meta.kind {
                FileKind::CharDevice => return Step::Is(Unit::Masked(path)),
                FileKind::File if found.meta.len == 0 => return Step::Is(Unit::Masked(path)),
                FileKind::Link => {
                    let target = match tree.read_link(&path) {
                        Fact::Known(target) => target,
                        Fact::Unknown(unknown) => return Step::Is(Unit::Unknown(unknown)),
                        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => continue,
                    };
                    if target == Path::new("/dev/null") {
                        return Step::Is(Unit::Masked(path));
                    }
                    let base = target.file_name().map(|n| n.to_string_lossy().into_owned());
                    let Some(base) = base else { continue };
                    if suffix(&base) != suffix(name) {
                        // "incompatible suffix, rejecting": the next directory counts.
                        continue;
                    }
                    if base != *name {
                        return Step::Alias(base);
                    }
                }
                _ => {}
            }
            match tree.read(&path) {
                Fact::Known(file) if file.bytes().is_empty() => {
                    return Step::Is(Unit::Masked(path));
                }
                Fact::Known(file) => return Step::Is(Unit::Loaded(file)),
                // A link to nowhere under its own name: the fragment cannot be opened.
                Fact::Absent(more) => {
                    looked.paths.push(path);
                    looked.notes.extend(more.notes);
                    return Step::Is(Unit::Missing(looked));
                }
                Fact::Broken(_) => return Step::Is(Unit::Missing(looked)),
                Fact::Unknown(unknown) => return Step::Is(Unit::Unknown(unknown)),
                Fact::NotCovered(why) => return Step::Is(Unit::NotCovered(why)),
            }
        }
    }
    Step::Is(Unit::Missing(looked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Given;
    use crate::facts::elf_maker::Elf;
    use crate::source::{Coverage, Limits, MemSource};
    use crate::time::Deadline;

    fn healthy() -> MemSource {
        let mut source = MemSource::new();
        source
            .file_mode("/lib/systemd/systemd", Elf::default().bytes(), 0o755)
            .link("/sbin/init", "/lib/systemd/systemd")
            .file("/boot/vmlinuz-6.1.0", "x")
            .link("/lib/systemd/system/default.target", "graphical.target")
            .file(
                "/lib/systemd/system/graphical.target",
                "[Unit]\nRequires=multi-user.target\n",
            )
            .file(
                "/lib/systemd/system/multi-user.target",
                "[Unit]\nRequires=basic.target\n",
            )
            .file(
                "/lib/systemd/system/basic.target",
                "[Unit]\nRequires=sysinit.target\n",
            )
            .file(
                "/lib/systemd/system/sysinit.target",
                "[Unit]\nWants=local-fs.target\n",
            );
        source
    }

    /// The target's name, what it is, and the requirement that is not met.
    fn target(source: MemSource) -> (String, String, Option<String>) {
        let coverage = Coverage::full(true);
        let tree = Tree::new(
            Box::new(source),
            coverage,
            Limits::STANDARD,
            Deadline::none(),
        );
        let host = Host::new(tree, jiff::Timestamp::UNIX_EPOCH, Given::default());
        match read(&host) {
            Fact::Known(Target::Systemd(target)) => {
                let unit = match target.unit {
                    Unit::Loaded(_) => "loaded".to_owned(),
                    Unit::Masked(_) => "masked".to_owned(),
                    Unit::Missing(_) => "missing".to_owned(),
                    other => format!("{other:?}"),
                };
                (target.name, unit, target.unmet.map(|unmet| unmet.unit))
            }
            other => (String::new(), format!("{other:?}"), None),
        }
    }

    #[test]
    fn the_vendors_default_target_holds_with_all_it_requires() {
        let expected = ("graphical.target".to_owned(), "loaded".to_owned(), None);
        assert_eq!(target(healthy()), expected);
    }

    #[test]
    fn what_real_boots_showed_of_default_targets() {
        // Each row was booted: the mutation, then how systemd 252 took it.
        let mut masked = healthy();
        masked.link("/etc/systemd/system/default.target", "/dev/null");
        assert_eq!(target(masked).1, "masked");

        let mut empty = healthy();
        empty.file("/etc/systemd/system/default.target", "");
        assert_eq!(target(empty).1, "masked");

        let mut gone = healthy();
        gone.remove("/lib/systemd/system/default.target");
        assert_eq!(target(gone).1, "missing");

        let mut dangling = healthy();
        dangling.link(
            "/etc/systemd/system/default.target",
            "/lib/systemd/system/gone.target",
        );
        assert_eq!(target(dangling).1, "missing");

        let mut service = healthy();
        service.link(
            "/etc/systemd/system/default.target",
            "/lib/systemd/system/ssh.service",
        );
        assert_eq!(target(service).0, "graphical.target");

        let mut elsewhere = healthy();
        elsewhere.link(
            "/etc/systemd/system/default.target",
            "/no/dir/multi-user.target",
        );
        assert_eq!(target(elsewhere).0, "multi-user.target");

        for unit in ["multi-user.target", "basic.target", "sysinit.target"] {
            let mut source = healthy();
            source.link(format!("/etc/systemd/system/{unit}"), "/dev/null");
            assert_eq!(target(source).2.as_deref(), Some(unit));
        }

        let mut wanted = healthy();
        wanted.link(
            "/etc/systemd/system/multi-user.target.wants/x.service",
            "/gone",
        );
        assert_eq!(target(wanted).2, None);

        let mut required = healthy();
        required.link(
            "/etc/systemd/system/multi-user.target.requires/x.service",
            "/gone",
        );
        assert_eq!(target(required).2.as_deref(), Some("x.service"));

        let mut local = healthy();
        local
            .file("/lib/systemd/system/local-fs.target", "[Unit]\n")
            .link(
                "/etc/systemd/system/local-fs.target.requires/x.mount",
                "/gone",
            );
        assert_eq!(target(local).2, None);
    }
}
