//! One host: a tree, a point in time, and its facts, each read on first use.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::access::people::{self, Person};
use super::access::{self, Access};
use super::accounts::{self, Accounts};
use super::boot::Boot;
use super::busy::{self, Busy};
use super::cron::{self, Cron};
use super::crypt::{self, Crypt};
use super::declared::{self, Declared};
use super::devices::{self, Devices};
use super::failover::{self, Failover};
use super::identity::{self, Os};
use super::init::{self, Init, InitKind, Running};
use super::kernels::{self, Kernel};
use super::linkage::{Linkage, Linker, Machine, level_of};
use super::merges::{self, Merge};
use super::mounts::{self, Mounts, Support, Types};
use super::network::plan::Plan;
use super::network::{self, Network};
use super::packages::{self, Owners, Packages, Sums};
use super::programs::{self, Needed};
use super::running::{self, Process};
use super::services::{self, Enabled, System};
use super::standing;
use super::started::{self, Makefile, Openrc, Started, Table};
use super::stores::redis::{self, Server};
use super::systemd::Systemd;
use super::target::{self, Target};
use super::triggers::{self, Triggers};
use super::zone;
use crate::fact::{Fact, Listing, Stop, Unknown, Why};
use crate::parse::elf::{self, Architecture};
use crate::parse::fstab;
use crate::probe::Probes;
use crate::source::{Found, Tree, TreeKind};
use crate::time::Zone;

/// What the user said about a host.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// A name for the host where the tree has none: the directory's.
    pub label: Option<String>,
    /// `--tree full`: judge the init although nothing shows that this boots.
    pub told_full: bool,
    /// Versions of programs that policy declares, by package name.
    pub versions: BTreeMap<String, String>,
    /// The block devices, where a listing or disk images were given.
    pub devices: Option<Devices>,
    /// How long is waited between two looks at a process that hangs.
    pub between_looks: Duration,
    /// Who asks running daemons.
    pub probes: Probes,
    /// What policy declares of the site's hosts.
    pub declared: declared::Shared,
    /// Processes that called us: a lock of theirs is no reason to wait.
    pub callers: Vec<u32>,
}

/// One host.
pub struct Host {
    tree: Tree,
    now: jiff::Timestamp,
    given: Given,
    os: OnceLock<Fact<Os>>,
    packages: OnceLock<Fact<Packages>>,
    sums: Arc<Sums>,
    owners: Owners,
    init: OnceLock<Init>,
    kernels: OnceLock<Listing<Kernel>>,
    enabled: OnceLock<Listing<Enabled>>,
    merges: OnceLock<Listing<Merge>>,
    boots: OnceLock<Boots>,
    access: OnceLock<Access>,
    network: OnceLock<Network>,
    network_plan: OnceLock<Plan>,
    accounts: OnceLock<Fact<Accounts>>,
    people: OnceLock<Fact<Vec<Person>>>,
    cron: OnceLock<Cron>,
    processes: OnceLock<Listing<Process>>,
    redis: OnceLock<Listing<Server>>,
    crypt: OnceLock<Crypt>,
    devices: OnceLock<Fact<Devices>>,
    mounts: OnceLock<Mounts>,
    mount_types: OnceLock<Fact<Types>>,
    triggers: OnceLock<Triggers>,
    zone: OnceLock<Zone>,
    failover: OnceLock<Fact<Failover>>,
    target: OnceLock<Fact<Target>>,
    systemd: OnceLock<Fact<Systemd>>,
    boot: Boot,
    linker: Linker,
    machine: OnceLock<Machine>,
    started: OnceLock<Listing<Started>>,
    openrc_calls: OnceLock<Listing<Openrc>>,
    units: OnceLock<Fact<Vec<standing::Unit>>>,
}

/// Whether this tree boots by itself.
#[derive(Clone, Debug)]
pub enum Boots {
    /// It does; the sign that shows it.
    Yes(String),
    /// A container with an init of its own: no loader to root, but an init; the sign.
    InitOnly(String),
    /// A container or an image without a kernel; the sign.
    No(String),
    /// A partial tree cannot tell.
    NotCovered(Why),
}

impl Host {
    /// A host over `tree` at `now`.
    #[must_use]
    pub fn new(mut tree: Tree, now: jiff::Timestamp, given: Given) -> Self {
        if tree.coverage().kind == TreeKind::Full {
            let points = unmounted(&tree);
            if !points.is_empty() {
                tree.set_unmounted(points);
            }
        }
        Self {
            tree,
            now,
            given,
            os: OnceLock::new(),
            packages: OnceLock::new(),
            sums: Arc::default(),
            owners: Owners::default(),
            init: OnceLock::new(),
            kernels: OnceLock::new(),
            enabled: OnceLock::new(),
            merges: OnceLock::new(),
            boots: OnceLock::new(),
            access: OnceLock::new(),
            network: OnceLock::new(),
            network_plan: OnceLock::new(),
            accounts: OnceLock::new(),
            people: OnceLock::new(),
            cron: OnceLock::new(),
            processes: OnceLock::new(),
            redis: OnceLock::new(),
            crypt: OnceLock::new(),
            devices: OnceLock::new(),
            mounts: OnceLock::new(),
            mount_types: OnceLock::new(),
            triggers: OnceLock::new(),
            zone: OnceLock::new(),
            failover: OnceLock::new(),
            target: OnceLock::new(),
            systemd: OnceLock::new(),
            boot: Boot::default(),
            linker: Linker::default(),
            machine: OnceLock::new(),
            started: OnceLock::new(),
            openrc_calls: OnceLock::new(),
            units: OnceLock::new(),
        }
    }

    /// The tree.
    #[must_use]
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Says which moment it speaks of.
    pub const fn set_now(&mut self, now: jiff::Timestamp) {
        self.now = now;
    }

    /// Says which processes called us.
    pub fn set_callers(&mut self, callers: Vec<u32>) {
        self.given.callers = callers;
    }

    /// Has what was summed of `other` not summed again.
    pub fn share_sums(&mut self, other: &Self) {
        self.sums = Arc::clone(&other.sums);
    }

    /// The checksums of its files, as far as somebody asked.
    #[must_use]
    pub fn sums(&self) -> &Sums {
        &self.sums
    }

    /// What is known of its boot so far.
    pub(super) const fn boot(&self) -> &Boot {
        &self.boot
    }

    /// The moment the run speaks of.
    #[must_use]
    pub const fn now(&self) -> jiff::Timestamp {
        self.now
    }

    /// The host's name for reports; what the user called it comes first.
    #[must_use]
    pub fn name(&self) -> String {
        if let Some(label) = &self.given.label {
            return label.clone();
        }
        match identity::hostname(&self.tree) {
            Fact::Known(name) => name,
            _ => "localhost".to_owned(),
        }
    }

    /// What the user calls it.
    #[must_use]
    pub fn label(&self) -> Option<String> {
        self.given.label.clone()
    }

    /// The host's own name, where the tree knows it.
    pub fn hostname(&self) -> Fact<String> {
        identity::hostname(&self.tree)
    }

    /// The operating system.
    pub fn os(&self) -> &Fact<Os> {
        self.os.get_or_init(|| identity::os(&self.tree))
    }

    /// The package databases.
    pub fn packages(&self) -> &Fact<Packages> {
        self.packages.get_or_init(|| packages::read(&self.tree))
    }

    /// The package that ships `path`.
    pub fn owner(&self, path: &Path) -> Fact<String> {
        self.packages()
            .as_ref()
            .and_then(|packages| self.owners.of(&self.tree, packages, path))
    }

    /// The inits the next boot would try.
    pub fn init(&self) -> &Init {
        self.init.get_or_init(|| {
            let linkage = |path: &Path| self.linkage(path);
            Init::read(&self.tree, &linkage, self.init_boot())
        })
    }

    /// The init that would start, where one would and that is known.
    #[must_use]
    pub fn init_kind(&self) -> Option<InitKind> {
        let winner = self.init().winner();
        winner.ok().flatten().map(|(_, program)| program.kind)
    }

    /// Whether the program at `path` gets what it needs to start: interpreter, loader,
    /// libraries and their versions. Each program is looked at once.
    #[must_use]
    pub fn linkage(&self, path: &Path) -> Arc<Linkage> {
        let machine = *self.machine.get_or_init(|| self.find_machine());
        self.linker.of(&self.tree, machine, path)
    }

    /// What the next init starts by its own table; for systemd nothing.
    pub fn started(&self) -> &Listing<Started> {
        self.started.get_or_init(|| started::started(self))
    }

    /// How the next boot calls OpenRC; nothing where it does not.
    pub fn openrc_calls(&self) -> &Listing<Openrc> {
        self.openrc_calls
            .get_or_init(|| started::openrc_calls(self))
    }

    /// The programs that the next boot starts, apart from the init and /bin/sh.
    #[must_use]
    pub fn needed_programs(&self) -> Vec<Needed> {
        programs::needed(self)
    }

    /// sysvinit's table; Absent where there is none.
    pub fn inittab(&self) -> Fact<Table> {
        started::table(&self.tree)
    }

    /// Terminals on which somebody can log in, by an init that is not systemd.
    #[must_use]
    pub fn consoles(&self) -> Listing<String> {
        started::consoles(self)
    }

    /// What startpar starts; Absent where it is not used.
    pub fn makefile(&self) -> Fact<Makefile> {
        started::makefile(self)
    }

    /// What programs run on: the processor below a running system, and the kernel that
    /// boots. A kernel that does not fit the shell is no measure for single programs: it
    /// is the kernel that is wrong then, and a rule of its own says so.
    fn find_machine(&self) -> Machine {
        let level = match self.tree.coverage().kind {
            TreeKind::Live => match self.tree.read(Path::new("/proc/cpuinfo")) {
                Fact::Known(file) => level_of(file.bytes()),
                Fact::Absent(_) | Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => None,
            },
            TreeKind::Full | TreeKind::Partial => None,
        };
        let kernel = match self.kernel() {
            Fact::Known(kernel) => kernel.image.architecture,
            Fact::Absent(_) | Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => None,
        };
        let shell = match self.tree.read(Path::new("/bin/sh")) {
            Fact::Known(file) => elf::read(file.bytes()).ok(),
            Fact::Absent(_) | Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => None,
        };
        let shell = shell.and_then(|elf| elf.architecture());
        let fits = |kernel: &Architecture| shell.is_some_and(|shell| shell.runs_on(*kernel));
        Machine {
            kernel: kernel.filter(fits),
            level,
        }
    }

    /// What runs as process 1 now.
    pub fn running_init(&self) -> Fact<Running> {
        init::running(&self.tree)
    }

    /// The kernels in /boot, by name.
    pub fn kernels(&self) -> &Listing<Kernel> {
        self.kernels.get_or_init(|| kernels::read(&self.tree))
    }

    /// What is enabled to start at boot.
    pub fn enabled(&self) -> &Listing<Enabled> {
        self.enabled
            .get_or_init(|| services::enabled(&self.tree, self.init_kind()))
    }

    /// Whether the next boot comes to the runlevel an entry is enabled in; so it does
    /// where that is not known.
    #[must_use]
    pub fn is_reached(&self, enabled: &Enabled) -> bool {
        let calls = self.openrc_calls();
        enabled.system != System::OpenRc
            || calls.items.is_empty()
            || calls.items.iter().any(|call| call.level == enabled.level)
    }

    /// Left-over configuration updates.
    pub fn merges(&self) -> &Listing<Merge> {
        self.merges.get_or_init(|| merges::pending(&self.tree))
    }

    /// Who gets in, and by what.
    pub fn access(&self) -> &Access {
        self.access.get_or_init(|| access::read(self))
    }

    /// What sets up the network.
    pub fn network(&self) -> &Network {
        self.network.get_or_init(|| network::read(self))
    }

    /// What each program that sets up interfaces will do.
    pub fn network_plan(&self) -> &Plan {
        self.network_plan.get_or_init(|| network::read_plan(self))
    }

    /// The local accounts with what lets them in.
    pub fn people(&self) -> &Fact<Vec<Person>> {
        self.people.get_or_init(|| people::read(&self.tree))
    }

    /// The local accounts.
    pub fn accounts(&self) -> &Fact<Accounts> {
        self.accounts.get_or_init(|| accounts::read(&self.tree))
    }

    /// Whether users may come from elsewhere than /etc/passwd (nsswitch.conf(5)); so
    /// they may where that could not be looked at.
    #[must_use]
    pub fn foreign_users(&self) -> bool {
        let file = match self.tree.read(Path::new("/etc/nsswitch.conf")) {
            Fact::Known(file) => file,
            Fact::Absent(_) => return false,
            Fact::NotCovered(_) | Fact::Broken(_) | Fact::Unknown(_) => return true,
        };
        let text = String::from_utf8_lossy(file.bytes()).into_owned();
        let sources = text
            .lines()
            .find_map(|line| line.trim().strip_prefix("passwd:"));
        let local = ["files", "compat", "systemd", "db"];
        let mut words = sources.unwrap_or("").split_whitespace();
        words.any(|word| !word.starts_with('[') && !local.contains(&word))
    }

    /// The processes of the running system.
    pub(super) fn processes(&self) -> &Listing<Process> {
        self.processes.get_or_init(|| running::read_processes(self))
    }

    /// The running servers of Redis, asked once.
    pub fn redis(&self) -> &Listing<Server> {
        self.redis.get_or_init(|| redis::servers(self))
    }

    /// Who asks running daemons.
    #[must_use]
    pub const fn probes(&self) -> &Probes {
        &self.given.probes
    }

    /// Says who asks running daemons.
    pub fn set_probes(&mut self, probes: Probes) {
        self.given.probes = probes;
    }

    /// What the site declares.
    #[must_use]
    pub fn declared(&self) -> &Declared {
        &self.given.declared
    }

    /// Whether the user said that it is a whole root.
    #[must_use]
    pub const fn told_full(&self) -> bool {
        self.given.told_full
    }

    /// Waits as long as two looks at a process that hangs lie apart.
    pub(super) fn wait_between_looks(&self) {
        self.tree.deadline().wait(self.given.between_looks);
    }

    /// The cron tables.
    pub fn cron(&self) -> &Cron {
        self.cron.get_or_init(|| cron::read(self))
    }

    /// The block devices: those given, else the running system's.
    pub fn devices(&self) -> &Fact<Devices> {
        self.devices.get_or_init(|| match &self.given.devices {
            Some(devices) => Fact::Known(devices.clone()),
            None => devices::read(&self.tree),
        })
    }

    /// What crypttab unlocks.
    pub fn crypt(&self) -> &Crypt {
        self.crypt.get_or_init(|| crypt::read(self))
    }

    /// What the init will mount.
    pub fn mounts(&self) -> &Mounts {
        self.mounts.get_or_init(|| mounts::read(self))
    }

    /// The file systems of the kernel that gets started; of the one with the newest
    /// modules, where that is not known.
    pub fn mount_types(&self) -> &Fact<Types> {
        self.mount_types.get_or_init(|| {
            let release = match self.release() {
                Fact::Known(release) => Some(String::from_utf8_lossy(&release).into_owned()),
                _ => None,
            };
            Types::read(&self.tree, release.as_deref())
        })
    }

    /// Whether the kernel or a helper mounts a type, or one of a list of types.
    #[must_use]
    pub fn can_mount(&self, kind: &[u8]) -> Support {
        mounts::support(&self.tree, self.mount_types(), kind)
    }

    /// What takes the box down by itself, soonest first.
    pub fn triggers(&self) -> &Triggers {
        self.triggers.get_or_init(|| triggers::read(self))
    }

    /// What the init is told to reach.
    pub fn target(&self) -> &Fact<Target> {
        self.target.get_or_init(|| target::read(self))
    }

    /// What is known of systemd's boot so far.
    pub(super) const fn systemd_cell(&self) -> &OnceLock<Fact<Systemd>> {
        &self.systemd
    }

    /// What the running systemd has loaded, so far as it was asked.
    pub(super) const fn units_cell(&self) -> &OnceLock<Fact<Vec<standing::Unit>>> {
        &self.units
    }

    /// The time zone its daemons run in.
    pub fn zone(&self) -> &Zone {
        self.zone.get_or_init(|| zone::read(&self.tree))
    }

    /// The time zone of that name, by the tree's own zone files.
    #[must_use]
    pub fn zone_called(&self, name: &str) -> Option<Zone> {
        zone::called(&self.tree, name)
    }

    /// keepalived, where it is configured.
    pub fn failover(&self) -> &Fact<Failover> {
        self.failover.get_or_init(|| {
            let declared = self.given.versions.get("keepalived");
            failover::read(self, declared.map(String::as_str))
        })
    }

    /// The package manager at work on this tree, if one is.
    pub fn busy(&self) -> Fact<Busy> {
        busy::read(&self.tree, &self.given.callers)
    }

    /// Whether this tree boots by itself.
    pub fn boots(&self) -> &Boots {
        self.boots.get_or_init(|| self.find_boots())
    }

    /// Stops a rule about the boot chain where the tree does not boot by itself.
    ///
    /// # Errors
    /// [`Stop::NotCovered`] for containers, images without a kernel, and partial trees.
    pub fn must_boot(&self) -> Result<(), Stop> {
        match self.boots() {
            Boots::Yes(_) => Ok(()),
            Boots::InitOnly(_) | Boots::No(_) => Err(Stop::NotCovered(Why::Container)),
            Boots::NotCovered(why) => Err(Stop::NotCovered(why.clone())),
        }
    }

    /// Stops a rule about process 1 where the tree starts none by itself, or where it
    /// could not be looked at: which one it is decides what is read.
    ///
    /// # Errors
    /// [`Stop::NotCovered`] for images without an init, and partial trees;
    /// [`Stop::Undecided`] where a candidate cannot be read.
    pub fn must_start(&self) -> Result<(), Stop> {
        match self.boots() {
            Boots::InitOnly(_) => {}
            Boots::Yes(_) | Boots::No(_) | Boots::NotCovered(_) => self.must_boot()?,
        }
        match self.init().winner() {
            Err(Fact::Unknown(unknown)) if unknown.could_not_look() => Err(undecided(unknown)),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn find_boots(&self) -> Boots {
        if self.tree.coverage().kind == TreeKind::Partial {
            return Boots::NotCovered(Why::partial(Path::new("/sbin/init")));
        }
        if self.given.told_full {
            return Boots::Yes("--tree full was given".into());
        }
        if let Some(kernel) = self.kernels().items.first() {
            return Boots::Yes(format!("{} is there", kernel.path.display()));
        }
        if let Some(marker) = self.container_marker() {
            let has_init = matches!(self.packages(), Fact::Known(packages)
                if INIT_PACKAGES.iter().any(|(name, _)| packages.has(name)));
            return if has_init {
                Boots::InitOnly(marker)
            } else {
                Boots::No(marker)
            };
        }
        // A kernel cannot be ruled out: what boots is judged, not passed over.
        if let Some(gap) = self.kernels().gaps.first() {
            return Boots::Yes(gap.to_string());
        }
        for sign in [
            "/boot/grub/grub.cfg",
            "/boot/grub2/grub.cfg",
            "/boot/loader",
            "/etc/inittab",
        ] {
            if matches!(self.tree.lstat(Path::new(sign)), Fact::Known(_)) {
                return Boots::Yes(format!("{sign} is there"));
            }
        }
        let runlevels = self.tree.entries(Path::new("/etc/runlevels"));
        if !runlevels.items.is_empty() {
            return Boots::Yes("/etc/runlevels has runlevels".into());
        }
        if let Some(sign) = self.fstab_root() {
            return Boots::Yes(sign);
        }
        if let Fact::Known(packages) = self.packages() {
            let names = INIT_PACKAGES.iter().map(|(name, _)| *name);
            // systemd's own package has no /sbin/init, but nobody installs it for less.
            let mut names = names.chain(["systemd"]);
            if let Some(name) = names.find(|name| packages.has(name)) {
                return Boots::Yes(format!("package {name} is installed"));
            }
        }
        let live = self.tree.coverage().kind == TreeKind::Live;
        if live || matches!(self.init().winner(), Ok(Some(_))) {
            return Boots::Yes("there is an init".into());
        }
        Boots::No("no kernel, boot loader or init package".into())
    }

    /// An fstab that names the root file system: images of containers have none, or
    /// an empty one.
    fn fstab_root(&self) -> Option<String> {
        let Fact::Known(file) = self.tree.read(Path::new("/etc/fstab")) else {
            return None;
        };
        let mut entries = fstab::parse(&file).into_iter();
        let named = entries.any(|entry| entry.target == b"/");
        named.then(|| "/etc/fstab names the root file system".into())
    }

    /// What shows that this is the root of a container.
    fn container_marker(&self) -> Option<String> {
        for marker in [
            "/.dockerenv",
            "/run/.containerenv",
            "/run/systemd/container",
        ] {
            if matches!(self.tree.lstat(Path::new(marker)), Fact::Known(_)) {
                return Some(format!("{marker} is there, and no kernel in /boot"));
            }
        }
        if let Fact::Known(environ) = self.tree.read(Path::new("/proc/1/environ")) {
            let mut variables = environ.bytes().split(|b| *b == 0);
            if variables.any(|v| v.starts_with(b"container=")) {
                return Some("process 1 has container= in its environment".into());
            }
        }
        None
    }

    /// What `path` is, links followed.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> Fact<Found> {
        self.tree.resolve(path)
    }
}

/// Packages that bring process 1, and what they bring: Debian's and Gentoo's names.
pub const INIT_PACKAGES: [(&str, &str); 9] = [
    ("systemd-sysv", "systemd"),
    ("sysvinit-core", "sysvinit"),
    ("sysvinit", "sysvinit"),
    ("runit-init", "runit"),
    ("openrc-init", "openrc-init"),
    ("finit-sysv", "finit"),
    ("dinit-sysv", "dinit"),
    ("busybox-init", "busybox init"),
    ("upstart", "upstart"),
];

/// Mount points of fstab that are empty or missing in an offline root: the files
/// below them are on a file system that is not here.
fn unmounted(tree: &Tree) -> Vec<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    let Fact::Known(file) = tree.read(Path::new("/etc/fstab")) else {
        return Vec::new();
    };
    let mut points = Vec::new();
    for entry in fstab::parse(&file) {
        let point = PathBuf::from(std::ffi::OsStr::from_bytes(&entry.target));
        let own = point.is_absolute() && point != Path::new("/");
        let bind = entry.has("bind") || entry.has("rbind");
        if !own || bind || entry.kind == b"swap" {
            continue;
        }
        let empty = match tree.list(&point) {
            Fact::Known(names) => names.is_empty() || names.iter().all(|n| n == "lost+found"),
            Fact::Absent(_) => true,
            Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => false,
        };
        if empty {
            points.push(point);
        }
    }
    points
}

/// One open question as a stop.
#[must_use]
pub fn undecided(unknown: Unknown) -> Stop {
    Stop::Undecided(vec![unknown])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, FaultSource, Injected, MemSource, Source};

    fn boots(source: impl Source + 'static) -> bool {
        let tree = Tree::for_tests(source, Coverage::full(true));
        let host = Host::new(tree, jiff::Timestamp::UNIX_EPOCH, Given::default());
        matches!(host.boots(), Boots::Yes(_))
    }

    #[test]
    fn a_root_named_in_fstab_boots_also_when_boot_and_usr_are_gone() {
        let mut source = MemSource::new();
        source.file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
        assert!(!boots(source.clone()));
        source.file("/etc/fstab", "# UNCONFIGURED FSTAB\n");
        assert!(!boots(source.clone()));
        source.file("/etc/fstab", "UUID=a / ext4 defaults 0 1\n");
        assert!(boots(source));
    }

    #[test]
    fn a_boot_directory_that_cannot_be_read_may_hold_a_kernel() {
        let mut source = MemSource::new();
        source.file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
        source.file("/boot/vmlinuz-6.1.0", "");
        let denied = [(PathBuf::from("/boot"), Injected::Denied)];
        assert!(boots(FaultSource::new(source, denied)));
    }
}
