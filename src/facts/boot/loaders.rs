//! Which boot loader starts this host, and what it starts next.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::esp::{Esp, ProgramKind};
use super::file_systems::{FileSystems, Located, Mounted, TreeFiles, bytes_of};
use super::unified;
use crate::boot::extlinux::{Reader, extlinux};
use crate::boot::grub::{Dialect, GrubFacts, Platform, grub};
use crate::boot::grub_legacy::grub_legacy;
use crate::boot::systemd_boot::{EfiVariables, systemd_boot};
use crate::boot::{self, NextBoot};
use crate::fact::{Doubt, Fact, Unknown};
use crate::facts::Host;
use crate::parse::grub::GrubEnv;
use crate::parse::loader_conf;
use crate::source::{Tree, TreeKind};
use crate::text::{File, escape_path};

/// The boot loaders told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoaderKind {
    /// GRUB 2.
    Grub,
    /// GRUB 0.97.
    GrubLegacy,
    /// systemd-boot.
    SystemdBoot,
    /// extlinux or syslinux.
    Extlinux,
    /// U-Boot with an extlinux.conf.
    UBoot,
}

impl LoaderKind {
    /// The name users know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grub => "GRUB",
            Self::GrubLegacy => "GRUB legacy",
            Self::SystemdBoot => "systemd-boot",
            Self::Extlinux => "extlinux",
            Self::UBoot => "U-Boot",
        }
    }
}

/// A loader, and what its configuration makes it start.
#[derive(Debug)]
pub struct Chosen {
    /// Which one.
    pub kind: LoaderKind,
    /// Its version, where a package tells it.
    pub version: Option<String>,
    /// Its configuration.
    pub config: PathBuf,
    /// Where its own file system is mounted.
    pub at: PathBuf,
    /// What it starts next.
    pub next: NextBoot,
    /// The files of the entry it starts.
    pub entry: Option<BootEntry>,
    /// The entries GRUB tries when that one fails, in order.
    pub fallbacks: Vec<BootEntry>,
}

/// An entry with its files found in the tree.
#[derive(Clone, Debug)]
pub struct BootEntry {
    /// The entry as the loader has it.
    pub entry: boot::Entry,
    /// The kernel, or the program with a kernel in it.
    pub kernel: Option<Located>,
    /// The initrds, in order.
    pub initrds: Vec<Located>,
    /// The kernel's command line.
    pub cmdline: Vec<u8>,
}

/// How the kernel gets started.
#[derive(Debug)]
pub enum Start {
    /// By a loader whose configuration was read.
    Loader(Box<Chosen>),
    /// A loader is installed that has no configuration.
    NoConfig {
        /// Which one.
        kind: LoaderKind,
        /// Where its configuration should be.
        config: PathBuf,
        /// What shows that it is installed.
        sign: Sign,
    },
    /// From outside this tree: a hypervisor, a network, another disk. What shows it;
    /// the command line and the kernel in use where the system is running.
    Outside(Box<Outside>),
    /// In a way that is not modelled.
    Unmodelled(Unknown),
    /// Could not look.
    Unknown(Unknown),
    /// This tree has no loader by its nature.
    NotCovered(crate::fact::Why),
}

/// What shows that a loader is installed.
#[derive(Clone, Debug)]
pub enum Sign {
    /// A file or directory of it.
    File(PathBuf),
    /// A package.
    Package(String),
}

/// A kernel that comes from outside the tree.
#[derive(Clone, Debug)]
pub struct Outside {
    /// What shows it, for people.
    pub sign: String,
    /// The entry as far as the tree tells: the newest kernel in /boot, or the command
    /// line of the running system.
    pub entry: Option<BootEntry>,
    /// The release of the running kernel.
    pub running: Option<Vec<u8>>,
}

impl Start {
    /// The entry that starts, where it is known.
    #[must_use]
    pub fn entry(&self) -> Option<&BootEntry> {
        match self {
            Self::Loader(chosen) => chosen.entry.as_ref(),
            Self::Outside(outside) => outside.entry.as_ref(),
            Self::NoConfig { .. }
            | Self::Unmodelled(_)
            | Self::Unknown(_)
            | Self::NotCovered(_) => None,
        }
    }
}

/// How the kernel of `host` gets started.
pub(super) fn read(host: &Host) -> Start {
    let tree = host.tree();
    let systems = host.file_systems();
    let esp = host.esp();
    if let Some(unknown) = image_based(tree) {
        return Start::Unmodelled(unknown);
    }
    let mut lack: Option<Fact<()>> = None;
    for read in order(host, esp) {
        match read(host, systems, esp) {
            Fact::Known(chosen) => return Start::Loader(Box::new(chosen)),
            Fact::Absent(_) => {}
            other => lack = lack.or(Some(other.map(|_| ()))),
        }
    }
    match lack {
        Some(Fact::Unknown(unknown)) => return Start::Unknown(unknown),
        Some(Fact::Broken(fault)) => return Start::Unknown(fault.into()),
        Some(Fact::NotCovered(why)) => return Start::NotCovered(why),
        Some(Fact::Known(()) | Fact::Absent(_)) | None => {}
    }
    if let Some(unknown) = unmodelled(tree, esp) {
        return Start::Unmodelled(unknown);
    }
    if let Some((kind, config, sign)) = without_config(host, esp) {
        return Start::NoConfig { kind, config, sign };
    }
    super::outside::read(host)
}

type Read = fn(&Host, &FileSystems, Option<&Esp>) -> Fact<Chosen>;

/// The loaders in the order in which they are believed.
fn order(host: &Host, esp: Option<&Esp>) -> Vec<Read> {
    let all: [Read; 4] = [
        read_grub,
        read_systemd_boot,
        read_extlinux,
        read_grub_legacy,
    ];
    let mut order = all.to_vec();
    if prefers_systemd_boot(host, esp) {
        order.swap(0, 1);
    }
    order
}

/// Whether systemd-boot comes before a GRUB that is configured too: it says of itself
/// that it ran, or it is the program that firmware falls back to, or no GRUB program
/// is on the partition.
fn prefers_systemd_boot(host: &Host, esp: Option<&Esp>) -> bool {
    if let Fact::Known(info) = efi_variable(host.tree(), "LoaderInfo") {
        return info.starts_with(b"systemd-boot");
    }
    let Some(esp) = esp.filter(|esp| esp.has(ProgramKind::SystemdBoot)) else {
        return false;
    };
    let fallback = esp.fallback().map(|program| program.kind);
    fallback == Some(ProgramKind::SystemdBoot)
        || !(esp.has(ProgramKind::Grub) || esp.has(ProgramKind::Shim))
}

// --- GRUB 2 --------------------------------------------------------------------

const GRUB_DIRS: [&str; 2] = ["/boot/grub", "/boot/grub2"];

/// The configuration GRUB reads: on the EFI system partition where that is more than
/// a pointer (Red Hat until 2021), else in /boot.
fn grub_config(tree: &Tree, esp: Option<&Esp>) -> Fact<Arc<File>> {
    let mut absent = None;
    if let Some(esp) = esp {
        for dir in esp.dirs() {
            if let Fact::Known(file) = tree.read(&dir.join("grub.cfg"))
                && !is_pointer(&file)
            {
                return Fact::Known(file);
            }
        }
    }
    for dir in GRUB_DIRS {
        match tree.read(&Path::new(dir).join("grub.cfg")) {
            Fact::Absent(looked) => absent = Some(Fact::Absent(looked)),
            fact => return fact,
        }
    }
    absent.unwrap_or_else(|| Fact::Absent(crate::fact::Looked::at("/boot/grub/grub.cfg")))
}

/// Whether a configuration only leads to another one.
#[must_use]
pub fn is_pointer(file: &File) -> bool {
    let has = |needle: &[u8]| file.bytes().windows(needle.len()).any(|w| w == needle);
    has(b"configfile") && !has(b"menuentry") && !has(b"blscfg")
}

fn read_grub(host: &Host, systems: &FileSystems, esp: Option<&Esp>) -> Fact<Chosen> {
    let tree = host.tree();
    grub_config(tree, esp).and_then(|main| {
        let config = main.path().to_path_buf();
        let Some((dir, at)) = config
            .parent()
            .and_then(|dir| Some((dir, systems.holding(dir)?)))
        else {
            return Fact::Absent(crate::fact::Looked::at(&config));
        };
        let files = TreeFiles::new(tree, systems, at);
        let env = match tree.read(&dir.join("grubenv")) {
            Fact::Known(file) => Some(GrubEnv::parse(&file)),
            // Whoever reads it will say so: load_env asks again.
            Fact::Absent(_) | Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => None,
        };
        let facts = GrubFacts {
            platform: grub_platform(host, dir),
            prefix: at.inside(dir),
            dialect: grub_dialect(&main),
        };
        let next = grub(&main, env.as_ref(), &files, &facts);
        let version = host.version_of_any(&["grub-common", "grub2-common", "sys-boot/grub"]);
        Fact::Known(chosen(LoaderKind::Grub, version, config, at, next, &files))
    })
}

/// Which firmware GRUB runs on: what runs now, or the modules beside its
/// configuration.
fn grub_platform(host: &Host, dir: &Path) -> Option<Platform> {
    let tree = host.tree();
    let has = |path: &Path| matches!(tree.lstat(path), Fact::Known(_));
    if tree.coverage().kind == TreeKind::Live && has(Path::new("/sys/firmware")) {
        let efi = has(Path::new("/sys/firmware/efi"));
        return Some(if efi { Platform::Efi } else { Platform::Pc });
    }
    let pc = has(&dir.join("i386-pc"));
    let efi = ["x86_64-efi", "arm64-efi", "i386-efi"]
        .iter()
        .any(|name| has(&dir.join(name)));
    match (pc, efi) {
        (true, false) => Some(Platform::Pc),
        (false, true) => Some(Platform::Efi),
        (true, true) | (false, false) => None,
    }
}

/// Red Hat's GRUB where the configuration uses what only that has.
fn grub_dialect(main: &File) -> Dialect {
    let words = main.bytes().split(u8::is_ascii_whitespace);
    let mut words = words.filter(|word| !word.is_empty());
    let only_there = |word: &[u8]| matches!(word, b"blscfg" | b"increment" | b"decrement");
    if words.any(only_there) {
        Dialect::RedHat
    } else {
        Dialect::Upstream
    }
}

// --- systemd-boot --------------------------------------------------------------

fn read_systemd_boot(host: &Host, systems: &FileSystems, esp: Option<&Esp>) -> Fact<Chosen> {
    let tree = host.tree();
    let none = || Fact::Absent(crate::fact::Looked::at("/boot/loader/loader.conf"));
    let Some(esp) = esp else { return none() };
    let conf = esp.at.join("loader/loader.conf");
    let is_there = |path: &Path| !matches!(tree.lstat(path), Fact::Absent(_));
    let used = esp.has(ProgramKind::SystemdBoot) || is_there(&conf);
    if !used {
        return none();
    }
    let conf_file = match tree.read(&conf) {
        Fact::Known(file) => file,
        Fact::Absent(_) => File::new(&conf, Vec::new()),
        Fact::Broken(fault) => return Fact::Broken(fault),
        Fact::Unknown(unknown) => return Fact::Unknown(unknown),
        Fact::NotCovered(why) => return Fact::NotCovered(why),
    };
    let mut at = Mounted::without_line(&esp.at);
    if let Some(known) = systems.mounts().iter().find(|m| m.at == esp.at) {
        at = known.clone();
    }
    // $BOOT may be a second partition (XBOOTLDR) beside the EFI system partition.
    let extended = Path::new("/boot");
    let mut dirs = vec![esp.at.join("loader/entries")];
    let mut images = vec![esp.at.join("EFI/Linux")];
    let mut files = TreeFiles::new(tree, systems, &at);
    let second = systems.mounts().iter().find(|m| m.at == extended);
    if let Some(second) = second.filter(|_| esp.at != extended) {
        dirs.push(extended.join("loader/entries"));
        images.push(extended.join("EFI/Linux"));
        files = files.or_on(second);
    }
    let mut open = Vec::new();
    let mut entries = Vec::new();
    for dir in dirs {
        let listing = tree.entries(&dir);
        open.extend(listing.gaps);
        for path in listing.items {
            match tree.read(&path) {
                Fact::Known(file) => entries.push(file),
                Fact::Unknown(unknown) => open.push(unknown),
                Fact::Broken(fault) => open.push(fault.into()),
                Fact::Absent(_) | Fact::NotCovered(_) => {}
            }
        }
    }
    let mut unified = Vec::new();
    for dir in images {
        let listing = tree.entries(&dir);
        open.extend(listing.gaps);
        for path in listing.items {
            let image = tree
                .open(&path)
                .and_then(|file| unified::describe(&file, &esp.at));
            match image {
                Fact::Known(image) => unified.push(image),
                Fact::Unknown(unknown) => open.push(unknown),
                Fact::Broken(_) | Fact::Absent(_) | Fact::NotCovered(_) => {}
            }
        }
    }
    let variables = efi_variables(tree);
    let conf = loader_conf::parse(&conf_file);
    let mut next = systemd_boot(&conf, &entries, &unified, None, variables.as_ref(), &files);
    next.open.extend(open);
    let version = host.version_of_any(&["systemd-boot", "systemd-boot-efi", "systemd"]);
    let config = conf_file.path().to_path_buf();
    let kind = LoaderKind::SystemdBoot;
    Fact::Known(chosen(kind, version, config, &at, next, &files))
}

/// The vendor of systemd-boot's variables.
const LOADER_VENDOR: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// The text of an EFI variable of systemd-boot.
fn efi_variable(tree: &Tree, name: &str) -> Fact<Vec<u8>> {
    let path = format!("/sys/firmware/efi/efivars/{name}-{LOADER_VENDOR}");
    tree.read(Path::new(&path)).map(|file| {
        // Four bytes of attributes, then UTF-16 with a NUL at its end.
        let units = file.bytes().get(4..).unwrap_or(&[]).chunks_exact(2);
        let units: Vec<u16> = units
            .map(|pair| {
                u16::from_le_bytes([
                    pair.first().copied().unwrap_or(0),
                    pair.get(1).copied().unwrap_or(0),
                ])
            })
            .take_while(|unit| *unit != 0)
            .collect();
        String::from_utf16_lossy(&units).into_bytes()
    })
}

/// The variables that choose an entry; `None` where there are none to be read.
fn efi_variables(tree: &Tree) -> Option<EfiVariables> {
    let readable = matches!(
        tree.list(Path::new("/sys/firmware/efi/efivars")),
        Fact::Known(_)
    );
    if !readable {
        return None;
    }
    let get = |name: &str| match efi_variable(tree, name) {
        Fact::Known(value) => Some(value),
        _ => None,
    };
    Some(EfiVariables {
        one_shot: get("LoaderEntryOneShot"),
        default: get("LoaderEntryDefault"),
        saved: get("LoaderEntryLastBooted"),
        timeout: get("LoaderConfigTimeout"),
        timeout_one_shot: get("LoaderConfigTimeoutOneShot"),
    })
}

// --- extlinux, GRUB legacy -------------------------------------------------------

fn read_extlinux(host: &Host, systems: &FileSystems, _esp: Option<&Esp>) -> Fact<Chosen> {
    let tree = host.tree();
    let places = [
        "/boot/extlinux/extlinux.conf",
        "/extlinux/extlinux.conf",
        "/boot/extlinux.conf",
        "/extlinux.conf",
        "/boot/syslinux/syslinux.cfg",
        "/boot/syslinux/extlinux.conf",
        "/syslinux/syslinux.cfg",
    ];
    first_config(tree, &places).and_then(|main| {
        let config = main.path().to_path_buf();
        let Some(at) = systems.holding(&config) else {
            return Fact::Absent(crate::fact::Looked::at(&config));
        };
        let uses_u_boot = |name: &str| matches!(host.packages(), Fact::Known(p) if p.has(name));
        let reader = if ["u-boot-menu", "u-boot-tools"].into_iter().any(uses_u_boot) {
            Reader::UBoot
        } else {
            Reader::Syslinux
        };
        let kind = match reader {
            Reader::UBoot => LoaderKind::UBoot,
            Reader::Syslinux => LoaderKind::Extlinux,
        };
        let files = TreeFiles::new(tree, systems, at);
        let dir = at.inside(config.parent().unwrap_or(&config));
        let next = extlinux(&main, &dir, &files, reader);
        let version = host.version_of_any(&["extlinux", "syslinux", "u-boot-menu"]);
        Fact::Known(chosen(kind, version, config, at, next, &files))
    })
}

fn read_grub_legacy(host: &Host, systems: &FileSystems, _esp: Option<&Esp>) -> Fact<Chosen> {
    let tree = host.tree();
    let places = [
        "/boot/grub/menu.lst",
        "/boot/grub/grub.conf",
        "/etc/grub.conf",
    ];
    first_config(tree, &places).and_then(|main| {
        let config = main.path().to_path_buf();
        let Some(at) = systems.holding(&config) else {
            return Fact::Absent(crate::fact::Looked::at(&config));
        };
        let files = TreeFiles::new(tree, systems, at);
        let saved = match tree.read(Path::new("/boot/grub/default")) {
            Fact::Known(file) => saved_number(file.bytes()),
            _ => None,
        };
        let next = grub_legacy(&main, saved);
        let version = host.version_of_any(&["grub-legacy", "grub"]);
        let kind = LoaderKind::GrubLegacy;
        Fact::Known(chosen(kind, version, config, at, next, &files))
    })
}

/// The number `savedefault` left: the first line of the file.
fn saved_number(bytes: &[u8]) -> Option<usize> {
    let line = bytes.split(|b| *b == b'\n').next()?;
    std::str::from_utf8(line).ok()?.trim().parse().ok()
}

/// The first configuration of `places` that is there, or why none can be read.
fn first_config(tree: &Tree, places: &[&str]) -> Fact<Arc<File>> {
    let mut lack = None;
    for place in places {
        match tree.read(Path::new(place)) {
            Fact::Known(file) => return Fact::Known(file),
            Fact::Absent(_) => {}
            other => lack = lack.or(Some(other)),
        }
    }
    lack.unwrap_or_else(|| Fact::Absent(crate::fact::Looked::at(places.first().unwrap_or(&"/"))))
}

// --- what is common ---------------------------------------------------------------

fn chosen(
    kind: LoaderKind,
    version: Option<String>,
    config: PathBuf,
    at: &Mounted,
    next: NextBoot,
    files: &TreeFiles<'_>,
) -> Chosen {
    let entry = next.entry.as_ref().map(|entry| located(entry, files));
    let fallbacks = next.fallback.iter().filter_map(|index| {
        let mut entries = next.entries.iter();
        entries.find(|entry| entry.position == [*index])
    });
    let fallbacks = fallbacks.map(|entry| located(entry, files)).collect();
    Chosen {
        kind,
        version,
        config,
        at: at.at.clone(),
        entry,
        fallbacks,
        next,
    }
}

fn located(entry: &boot::Entry, files: &TreeFiles<'_>) -> BootEntry {
    let cmdline = entry.cmdline.as_ref();
    BootEntry {
        kernel: entry.kernel.as_ref().map(|written| files.written(written)),
        initrds: entry.initrds.iter().map(|w| files.written(w)).collect(),
        cmdline: cmdline.map_or_else(Vec::new, |line| line.text.clone()),
        entry: entry.clone(),
    }
}

/// A system whose root is a directory of an image store: what boots is another tree
/// than the one that is seen.
fn image_based(tree: &Tree) -> Option<Unknown> {
    let signs = [
        ("/run/ostree-booted", "ostree"),
        ("/ostree/deploy", "ostree"),
        ("/sysroot/ostree/deploy", "ostree"),
        ("/etc/NIXOS", "NixOS"),
        ("/run/current-system/configuration.scm", "Guix System"),
        ("/etc/guix", "Guix System"),
    ];
    let (sign, name) = signs
        .into_iter()
        .find(|(path, _)| matches!(tree.lstat(Path::new(path)), Fact::Known(_)))?;
    let doubt = format!("{name} boots a deployment of its own store, which is not modelled");
    Some(Unknown::new(sign, Doubt::CannotModel(doubt)))
}

/// A loader that is there and not modelled.
fn unmodelled(tree: &Tree, esp: Option<&Esp>) -> Option<Unknown> {
    let there = |path: &str| matches!(tree.lstat(Path::new(path)), Fact::Known(_));
    let all_there = |paths: &[&str]| paths.iter().all(|path| there(path));
    let signs: [(&[&str], &str); 9] = [
        (
            &["/etc/lilo.conf", "/boot/map"],
            "LILO boots by block lists",
        ),
        (
            &["/etc/zipl.conf", "/boot/bootmap"],
            "zipl boots by block lists",
        ),
        (
            &["/boot/firmware/config.txt"],
            "the Raspberry Pi's firmware starts the kernel",
        ),
        (
            &["/boot/config.txt", "/boot/bootcode.bin"],
            "the Raspberry Pi's firmware starts the kernel",
        ),
        (
            &["/boot/config.txt", "/boot/start4.elf"],
            "the Raspberry Pi's firmware starts the kernel",
        ),
        (&["/boot/boot.scr"], "U-Boot runs a script"),
        (&["/boot/limine.conf"], "Limine starts the kernel"),
        (&["/boot/boot/limine.conf"], "Limine starts the kernel"),
        (&["/etc/yaboot.conf"], "yaboot starts the kernel"),
    ];
    let known = signs.into_iter().find(|(paths, _)| all_there(paths));
    if let Some((paths, what)) = known {
        let sign = paths.first().copied().unwrap_or("/");
        let doubt = Doubt::CannotModel(format!("{what}: which one is not modelled"));
        return Some(Unknown::new(sign, doubt));
    }
    let esp = esp?;
    let direct = esp.programs.items.iter().find(|p| {
        matches!(p.kind, ProgramKind::Kernel | ProgramKind::Unified)
            && !p.path.starts_with(esp.at.join("EFI/Linux"))
    });
    let program = direct.or_else(|| {
        let refind = |name: &OsStr| name.as_bytes().to_ascii_lowercase().starts_with(b"refind");
        esp.programs
            .items
            .iter()
            .find(|p| p.path.file_name().is_some_and(refind))
    })?;
    let doubt = format!(
        "the firmware starts {} by a boot variable, which is not modelled",
        escape_path(&program.path)
    );
    Some(Unknown::new(&program.path, Doubt::CannotModel(doubt)))
}

/// A GRUB that is installed and has nothing to read.
fn without_config(host: &Host, esp: Option<&Esp>) -> Option<(LoaderKind, PathBuf, Sign)> {
    let tree = host.tree();
    for dir in GRUB_DIRS {
        let config = Path::new(dir).join("grub.cfg");
        for part in ["i386-pc/core.img", "x86_64-efi", "arm64-efi", "i386-pc"] {
            let path = Path::new(dir).join(part);
            if matches!(tree.lstat(&path), Fact::Known(_)) {
                return Some((LoaderKind::Grub, config, Sign::File(path)));
            }
        }
    }
    let config = PathBuf::from("/boot/grub/grub.cfg");
    let program = esp.and_then(|esp| {
        let mut programs = esp.programs.items.iter();
        programs.find(|program| program.kind == ProgramKind::Grub)
    });
    if let Some(program) = program {
        return Some((LoaderKind::Grub, config, Sign::File(program.path.clone())));
    }
    // A kernel that is to be started belongs to it: a chroot has the package alone.
    if host.kernels().items.is_empty() {
        return None;
    }
    let Fact::Known(packages) = host.packages() else {
        return None;
    };
    let names = [
        "grub-pc",
        "grub-efi-amd64",
        "grub-efi-arm64",
        "grub-efi-ia32",
    ];
    let package = names.into_iter().find(|name| packages.has(name))?;
    Some((LoaderKind::Grub, config, Sign::Package(package.into())))
}

/// A path of the tree as the entry of an assumed loader has it.
pub(super) fn assumed(tree: &Tree, path: &Path) -> Located {
    Located {
        path: path.to_path_buf(),
        found: tree.resolve(path),
        sure: true,
    }
}

/// `path` as bytes; see [`assumed`].
pub(super) fn as_bytes(path: &Path) -> Vec<u8> {
    bytes_of(path.to_path_buf())
}
