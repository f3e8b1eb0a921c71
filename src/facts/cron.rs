//! The cron tables of a host, and which daemon reads them.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod daemons;
mod versions;

pub use daemons::Installed;
pub(super) use daemons::starts;

use super::Host;
use crate::fact::{Fact, Listing};
use crate::parse::crontab::{
    self, Crontab, Daemon, Directory, Effect, TableKind, TableMeta, accepted_mode, accepted_name,
    unknown_user_effect,
};
use crate::source::{FileKind, TreeKind};
use crate::text::File;

/// The cron side of a host.
#[derive(Debug)]
pub struct Cron {
    /// The daemons that may read the tables: one where it is known, several where the
    /// tree does not say which or where several are started ([`Cron::run_together`]),
    /// none where no cron daemon is installed.
    pub daemons: Vec<Daemon>,
    /// The daemons that were found, started or not.
    pub installed: Vec<Installed>,
    /// How that is known, for people.
    pub how: String,
    /// Whether the daemon is started at boot.
    pub enabled: Fact<bool>,
    /// The tables.
    pub tables: Listing<Table>,
    /// Files in the daemon's directories that it does not read.
    pub ignored: Vec<Ignored>,
}

/// One table, as each plausible daemon reads it.
#[derive(Debug)]
pub struct Table {
    /// The file.
    pub file: Arc<File>,
    /// Its kind.
    pub kind: TableKind,
    /// The user whose table it is.
    pub owner: Option<String>,
    /// What each daemon makes of it, in the order of [`Cron::daemons`].
    pub readings: Vec<(Daemon, Crontab)>,
}

/// A file that looks like a table and is not read.
#[derive(Debug)]
pub struct Ignored {
    /// The file.
    pub path: PathBuf,
    /// Its content.
    pub file: Fact<Arc<File>>,
    /// The daemon's rule, as a sentence.
    pub why: String,
    /// What stands there where it is no regular file.
    pub special: Option<&'static str>,
    /// Whether its name says that it was put aside on purpose.
    pub on_purpose: bool,
}

impl Cron {
    /// The daemons that are started at boot beside each other; fewer than two where
    /// none gets into the way of another.
    #[must_use]
    pub fn run_together(&self) -> Vec<Daemon> {
        let started = self.installed.iter();
        let started = started.filter(|i| i.enabled == Fact::Known(true));
        started.map(|i| i.daemon).collect()
    }

    /// The started daemons that read `table`: with more than one, each starts its jobs.
    #[must_use]
    pub fn started_readers(&self, table: &Table) -> Vec<Daemon> {
        let reads = |daemon: &Daemon| table.readings.iter().any(|(reader, _)| reader == daemon);
        self.run_together().into_iter().filter(reads).collect()
    }

    /// Whether what the readings of a table say holds: one daemon, or all of them run.
    #[must_use]
    pub fn is_certain(&self, table: &Table) -> bool {
        table.readings.len() == 1 || self.started_readers(table).len() == table.readings.len()
    }
}

/// Reads the tables of `host`.
pub(super) fn read(host: &Host) -> Cron {
    let mut open = Listing::new();
    let installed = daemons::find(host, &mut open);
    let (daemons, how) = if installed.is_empty() {
        usual(host, &mut open)
    } else {
        let how: Vec<&str> = installed.iter().map(|i| i.how.as_str()).collect();
        (that_count(&installed), how.join(", "))
    };
    let mut cron = Cron {
        enabled: any_enabled(host, &installed, &daemons),
        installed,
        daemons,
        how,
        tables: open,
        ignored: Vec::new(),
    };
    if cron.daemons.is_empty() {
        return cron;
    }
    let busybox = cron.daemons.contains(&Daemon::Busybox);
    let dcron = cron.daemons.contains(&Daemon::Dcron);
    let system = cron.daemons.iter().any(|daemon| reads_system(*daemon));
    if system {
        let path = PathBuf::from("/etc/crontab");
        add(host, &mut cron, path, TableKind::System, None, None);
    }
    if system || dcron {
        let lsb = cron.daemons.iter().any(|daemon| daemon.is_debian())
            && debian_lsb_names(host, &mut cron);
        directory(host, &mut cron, "/etc/cron.d", Directory::CronD { lsb });
    }
    if system {
        spool(host, &mut cron, "/var/spool/cron/tabs");
        if reads_directly(&cron) {
            spool(host, &mut cron, "/var/spool/cron");
        }
    }
    spool(host, &mut cron, "/var/spool/cron/crontabs");
    if busybox {
        spool(host, &mut cron, "/etc/crontabs");
    }
    cron
}

/// Whether a daemon reads `/etc/crontab`.
const fn reads_system(daemon: Daemon) -> bool {
    match daemon {
        Daemon::Debian
        | Daemon::Debian187
        | Daemon::Cronie
        | Daemon::Bcron
        | Daemon::SystemdCron1
        | Daemon::SystemdCron2 => true,
        Daemon::Busybox | Daemon::Dcron => false,
    }
}

/// cronie keeps its tables directly in /var/spool/cron.
fn reads_directly(cron: &Cron) -> bool {
    cron.daemons.contains(&Daemon::Cronie)
}

/// The daemons of a part of a root, where none is seen: what the distribution has.
fn usual(host: &Host, open: &mut Listing<Table>) -> (Vec<Daemon>, String) {
    if host.tree().coverage().kind != TreeKind::Partial {
        return (Vec::new(), "no cron daemon is installed".into());
    }
    *open = Listing::new();
    if let Fact::Known(os) = host.os() {
        let daemon = match os.id.as_str() {
            "debian" | "ubuntu" | "raspbian" => Some(Daemon::Debian),
            "alpine" | "openwrt" => Some(Daemon::Busybox),
            "fedora" | "rhel" | "centos" | "rocky" | "almalinux" | "arch" => Some(Daemon::Cronie),
            _ => None,
        };
        if let Some(daemon) = daemon {
            return (vec![daemon], format!("usual on {}", os.id));
        }
    }
    let alpine = matches!(host.resolve(Path::new("/etc/crontabs")), Fact::Known(_));
    let daemons = if alpine {
        vec![Daemon::Busybox]
    } else {
        vec![Daemon::Debian, Daemon::Cronie]
    };
    (daemons, "the tree does not say which".into())
}

/// The daemons that count: those that are started; where none is, those that are there.
fn that_count(installed: &[Installed]) -> Vec<Daemon> {
    let started = |i: &&Installed| i.enabled == Fact::Known(true);
    let none = !installed.iter().any(|i| started(&i));
    let kept = installed.iter().filter(|i| {
        // One whose start could not be looked at is as likely as the others.
        none || !matches!(i.enabled, Fact::Known(false))
    });
    kept.map(|i| i.daemon).collect()
}

/// Whether any of them is started.
fn any_enabled(host: &Host, installed: &[Installed], daemons: &[Daemon]) -> Fact<bool> {
    let Some(first) = installed.first() else {
        let daemon = daemons.first().copied().unwrap_or(Daemon::Debian);
        return daemons::enabled(host, daemon, &[]);
    };
    let known = installed.iter().find(|i| i.enabled == Fact::Known(true));
    let open = || installed.iter().find(|i| i.enabled != Fact::Known(false));
    known.or_else(open).unwrap_or(first).enabled.clone()
}

/// `-l` in `EXTRA_OPTS` of /etc/default/cron.
fn debian_lsb_names(host: &Host, cron: &mut Cron) -> bool {
    let read = host.tree().read(Path::new("/etc/default/cron"));
    // A partial tree without the file is judged by Debian's default.
    if matches!(read, Fact::NotCovered(_)) {
        return false;
    }
    let Some(file) = cron.tables.take(read) else {
        return false;
    };
    let settings = crate::parse::os_release::parse(file.bytes());
    let options = settings.get("EXTRA_OPTS");
    options.is_some_and(|options| options.split_whitespace().any(|option| option == "-l"))
}

fn directory(host: &Host, cron: &mut Cron, path: &str, kind: Directory) {
    let entries = cron.tables.take_gaps(host.tree().entries(Path::new(path)));
    for entry in entries {
        add(host, cron, entry, TableKind::System, Some(kind), None);
    }
}

fn spool(host: &Host, cron: &mut Cron, path: &str) {
    let mut entries = host.tree().entries(Path::new(path));
    if let Fact::Absent(_) = host.tree().resolve(Path::new(path)) {
        entries.uncovered.clear();
    }
    let here: Vec<PathBuf> = cron.tables.take_gaps(entries);
    for entry in here {
        let is_dir = host.tree().resolve(&entry);
        if matches!(&is_dir, Fact::Known(found) if found.meta.kind == FileKind::Dir) {
            continue;
        }
        let name = entry
            .file_name()
            .map_or(Vec::new(), |n| n.as_bytes().to_vec());
        let owner = String::from_utf8_lossy(&name).into_owned();
        let kind = TableKind::User {
            root: name == b"root",
        };
        add(host, cron, entry, kind, Some(Directory::Spool), Some(owner));
    }
}

/// Reads one file, or notes why no daemon does.
fn add(
    host: &Host,
    cron: &mut Cron,
    path: PathBuf,
    kind: TableKind,
    directory: Option<Directory>,
    owner: Option<String>,
) {
    let Some(found) = cron.tables.take(host.resolve(&path)) else {
        return;
    };
    if found.meta.kind == FileKind::Dir {
        return;
    }
    let name = path
        .file_name()
        .map_or(Vec::new(), |n| n.as_bytes().to_vec());
    let mut why_not = Vec::new();
    let mut readers = Vec::new();
    for daemon in cron.daemons.clone() {
        if has_timer(host, daemon, directory, &name) {
            continue;
        }
        let by_name = directory.map_or(Ok(()), |dir| accepted_name(daemon, dir, &name));
        let verdict = by_name
            .map_err(str::to_owned)
            .and_then(|()| known_user(host, daemon, owner.as_deref()))
            .and_then(|()| readable(host, daemon, kind, &path, &found, owner.as_deref()));
        match verdict {
            Ok(()) => readers.push(daemon),
            Err(why) => why_not.push(why),
        }
    }
    let file = host.tree().read(&path);
    if readers.is_empty() {
        if let Some(why) = why_not.into_iter().next() {
            cron.ignored.push(Ignored {
                on_purpose: put_aside(&name),
                path,
                file,
                special: (found.meta.kind != FileKind::File).then(|| found.meta.kind.noun()),
                why,
            });
        }
        return;
    }
    cron.tables.push(file.map(|file| {
        let readings = readers.iter().map(|daemon| {
            let mut reading = crontab::parse(&file, kind, *daemon);
            unknown_users(host, *daemon, &mut reading);
            if *daemon == Daemon::Cronie {
                versions::cronie(host, &file, &mut reading);
            }
            if is_systemd_cron(*daemon) && path == Path::new("/etc/crontab") {
                reading.jobs.retain(|job| !is_stock(file.slice(job.line)));
            }
            (*daemon, reading)
        });
        Table {
            readings: readings.collect(),
            file: Arc::clone(&file),
            kind,
            owner,
        }
    }));
}

const fn is_systemd_cron(daemon: Daemon) -> bool {
    matches!(daemon, Daemon::SystemdCron1 | Daemon::SystemdCron2)
}

/// Directories whose lines of /etc/crontab systemd-cron passes over: it has timers for
/// them.
pub(super) const STOCK: [&str; 4] = [
    "/etc/cron.hourly",
    "/etc/cron.daily",
    "/etc/cron.weekly",
    "/etc/cron.monthly",
];

fn is_stock(line: &[u8]) -> bool {
    let names = |dir: &str| line.windows(dir.len()).any(|part| part == dir.as_bytes());
    STOCK.iter().any(|dir| names(dir))
}

/// Whether systemd-cron leaves a file to the timer that is called like it, masked or
/// not: nothing is amiss then, as packages bring both.
fn has_timer(host: &Host, daemon: Daemon, directory: Option<Directory>, name: &[u8]) -> bool {
    if !is_systemd_cron(daemon) || !matches!(directory, Some(Directory::CronD { .. })) {
        return false;
    }
    let unit = format!("{}.timer", String::from_utf8_lossy(name));
    let dirs = ["/lib", "/etc", "/run"].map(|dir| Path::new(dir).join("systemd/system"));
    let is = |dir: &PathBuf| matches!(host.tree().lstat(&dir.join(&unit)), Fact::Known(_));
    dirs.iter().any(is)
}

/// A user's table needs that user (Debian's cron calls the others orphans).
fn known_user(host: &Host, daemon: Daemon, owner: Option<&str>) -> Result<(), String> {
    let Some(owner) = owner else { return Ok(()) };
    match host.accounts() {
        Fact::Known(accounts)
            if accounts.uid(owner.as_bytes()).is_none() && !host.foreign_users() =>
        {
            Err(format!(
                "{daemon} reads a user's table only where the user {owner} exists"
            ))
        }
        _ => Ok(()),
    }
}

fn readable(
    host: &Host,
    daemon: Daemon,
    kind: TableKind,
    path: &Path,
    found: &crate::source::Found,
    owner: Option<&str>,
) -> Result<(), String> {
    // The kind of a file is known also where its owner and mode are not.
    if found.meta.kind != FileKind::File && !matches!(daemon, Daemon::Busybox | Daemon::Dcron) {
        return Err(format!("{daemon} reads regular files only"));
    }
    if !host.tree().coverage().owners {
        return Ok(());
    }
    let link_uid = match host.tree().lstat(path) {
        Fact::Known(own) if own.meta.kind == FileKind::Link => Some(own.meta.uid),
        _ => None,
    };
    let user_uid = match (owner, host.accounts()) {
        (Some(owner), Fact::Known(accounts)) => accounts.uid(owner.as_bytes()),
        _ => None,
    };
    if owner.is_some() && user_uid.is_none() {
        return Ok(());
    }
    let meta = TableMeta {
        mode: found.meta.mode,
        uid: found.meta.uid,
        links: found.meta.nlink,
        regular: found.meta.kind == FileKind::File,
        link_uid,
        user_uid,
    };
    accepted_mode(daemon, kind, &meta)
}

/// Lines for users who do not exist, where the tree knows its users.
fn unknown_users(host: &Host, daemon: Daemon, reading: &mut Crontab) {
    let Fact::Known(accounts) = host.accounts() else {
        return;
    };
    if host.foreign_users() {
        return;
    }
    let effect = unknown_user_effect(daemon);
    let unknown: Vec<_> = reading
        .jobs
        .iter()
        .filter_map(|job| job.user.as_ref())
        .filter(|(name, _)| accounts.uid(name).is_none())
        .cloned()
        .collect();
    for (name, span) in unknown {
        let name = crate::text::escape(&name);
        let message = match effect {
            Effect::TableIgnored => {
                format!("the user {name} does not exist: {daemon} ignores the whole table")
            }
            _ => format!("the user {name} does not exist: {daemon} cannot start the job"),
        };
        reading.unknown_user(span, effect, message);
    }
}

/// Names that say "not in use".
fn put_aside(name: &[u8]) -> bool {
    let suffixes: [&[u8]; 12] = [
        b"~",
        b".bak",
        b".old",
        b".orig",
        b".disabled",
        b".off",
        b".save",
        b".dpkg-old",
        b".dpkg-dist",
        b".dpkg-new",
        b".rpmsave",
        b".rpmnew",
    ];
    name.starts_with(b".") || suffixes.iter().any(|suffix| name.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Given;
    use crate::source::{Coverage, FaultSource, Injected, MemSource, Source, Tree};

    #[test]
    fn names_that_say_not_in_use_are_on_purpose() {
        for name in [&b".placeholder"[..], b"job.bak", b"job~", b"job.dpkg-old"] {
            assert!(put_aside(name));
        }
        for name in [&b"job.sh"[..], b"backup.daily", b"reboot"] {
            assert!(!put_aside(name));
        }
    }

    fn host(source: impl Source + 'static) -> Host {
        let tree = Tree::for_tests(source, Coverage::full(true));
        Host::new(tree, jiff::Timestamp::UNIX_EPOCH, Given::default())
    }

    fn sample() -> MemSource {
        let mut source = MemSource::new();
        source
            .file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
            .file("/etc/inittab", "id:2:initdefault:\n")
            .file("/etc/crontab", "0 3 * * * root /sbin/reboot\n");
        source
    }

    #[test]
    fn a_daemon_that_is_not_readable_is_no_absence() {
        let mut source = sample();
        assert!(host(source.clone()).cron().tables.complete().is_ok());
        let denied = [(PathBuf::from("/usr/sbin"), Injected::Denied)];
        source.file("/usr/sbin/crond", "x");
        let hidden = host(FaultSource::new(source.clone(), denied));
        assert!(!hidden.cron().tables.gaps.is_empty());
    }

    #[test]
    fn settings_that_cannot_be_read_leave_names_and_users_open() {
        let mut source = sample();
        source
            .file_mode("/usr/sbin/cron", b"\x7fELF".to_vec(), 0o755)
            .file("/etc/default/cron", "EXTRA_OPTS=\"-l\"\n")
            .file("/etc/nsswitch.conf", "passwd: files\n");
        let open = host(source.clone());
        assert!(open.cron().tables.complete().is_ok());
        assert!(!open.foreign_users());
        let hidden = host(FaultSource::new(
            source,
            ["/etc/default/cron", "/etc/nsswitch.conf"]
                .map(|path| (PathBuf::from(path), Injected::Io)),
        ));
        assert_eq!(hidden.cron().tables.gaps.len(), 1);
        assert!(hidden.foreign_users());
    }

    #[test]
    fn a_daemon_is_off_only_where_links_tell_what_starts() {
        let enabled = |init: &str| {
            let mut source = sample();
            source
                .file_mode("/usr/sbin/crond", b"\x7fELF".to_vec(), 0o755)
                .file_mode("/sbin/init", init.as_bytes().to_vec(), 0o755);
            host(source).cron().enabled.clone()
        };
        assert_eq!(enabled("\x7fELF /etc/inittab"), Fact::Known(false));
        assert_eq!(enabled("\x7fELF upstart"), Fact::Known(true));
    }

    /// A root under systemd with two daemons.
    fn two(enabled: &[&str]) -> MemSource {
        let mut source = sample();
        source
            .file_mode("/usr/lib/systemd/systemd", b"\x7fELF".to_vec(), 0o755)
            .link("/sbin/init", "/usr/lib/systemd/systemd")
            .file_mode("/usr/sbin/cron", b"\x7fELF".to_vec(), 0o755)
            .file_mode("/usr/sbin/crond", b"\x7fELF".to_vec(), 0o755);
        for name in enabled {
            let unit = format!("/usr/lib/systemd/system/{name}.service");
            let wants = "/etc/systemd/system/multi-user.target.wants";
            source
                .file(&unit, "[Service]\n")
                .link(format!("{wants}/{name}.service"), &unit);
        }
        source
    }

    #[test]
    fn of_two_daemons_the_started_one_reads_and_two_started_ones_both() {
        let one = host(two(&["cron"]));
        assert_eq!(one.cron().daemons, [Daemon::Debian]);
        assert!(one.cron().run_together().len() == 1);
        let both = host(two(&["cron", "crond"]));
        let cron = both.cron();
        assert_eq!(cron.daemons.len(), 2);
        let table = &cron.tables.items[0];
        assert_eq!(cron.started_readers(table).len(), 2);
        assert!(cron.is_certain(table));
    }

    #[test]
    fn without_packages_the_release_tells_the_dialect_of_debians_cron() {
        let daemons = |version: u32| {
            let mut source = two(&["cron"]);
            let release = format!("NAME=\"Debian GNU/Linux\"\nVERSION_ID={version}\nID=debian\n");
            source.file("/etc/os-release", release);
            host(source).cron().daemons.clone()
        };
        assert_eq!(daemons(12), [Daemon::Debian]);
        assert_eq!(daemons(13), [Daemon::Debian187]);
    }

    #[test]
    fn a_masked_daemon_is_not_started() {
        let mut source = two(&["cron"]);
        source.link("/etc/systemd/system/cron.service", "/dev/null");
        assert_eq!(host(source).cron().enabled, Fact::Known(false));
    }
}
