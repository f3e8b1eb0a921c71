//! What boots next: from parsed loader configurations to the entries and the one
//! that is started when nobody touches a key.
//!
//! Pure evaluation. Paths are given as the configuration writes them, with the file
//! system the loader takes them from ([`Root`]); mapping both to a path in a tree
//! is for the caller, who starts with [`candidates`].

pub mod extlinux;
pub mod grub;
pub mod grub_legacy;
pub mod systemd_boot;
mod version;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fact::{Fact, Unknown};
use crate::text::{File, Place};

pub use version::{compare_bls_grub, compare_systemd};

/// What the evaluation may ask about the machine's files. Paths are absolute, as
/// the loader writes them, on the file system given with them.
pub trait BootFiles {
    /// A file's content.
    fn file(&self, root: &RootSpec, path: &Path) -> Fact<Arc<File>>;
    /// Whether something of any kind is there.
    fn exists(&self, root: &RootSpec, path: &Path) -> Fact<bool>;
    /// The names in a directory, in any order.
    fn list(&self, root: &RootSpec, dir: &Path) -> Fact<Vec<OsString>>;
}

/// Which file system a path is on, as the configuration names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RootSpec {
    /// The one the loader's own files are on.
    Loader,
    /// By file system UUID.
    Uuid(Vec<u8>),
    /// By file system label.
    Label(Vec<u8>),
    /// The first that holds this file.
    Holding(Vec<u8>),
    /// By the loader's name for a device, such as `hd0,msdos1`.
    Device(Vec<u8>),
    /// Only known on the machine itself.
    Open,
}

/// A file system and how the configuration came to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The file system.
    pub spec: RootSpec,
    /// What stays in force where the search for it finds nothing.
    pub otherwise: Option<RootSpec>,
    /// The command that names it.
    pub place: Option<Place>,
}

/// A path as written, without the device in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The path.
    pub path: Vec<u8>,
    /// The file system it is on.
    pub root: Root,
    /// The command or line.
    pub place: Place,
}

/// What an entry starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loader {
    /// A Linux kernel, by the command or key that loads it.
    Linux(String),
    /// An EFI program or another loader's boot sector.
    Chain,
    /// A unified kernel image: kernel, initrd and command line in one EFI program.
    Unified,
    /// Another menu.
    Menu,
    /// The firmware's own choice or setup: the loader gives up control.
    Firmware,
    /// Power off or restart.
    PowerOff,
    /// Something else, by the command that loads it.
    Other(String),
    /// Nothing: the entry runs and the menu comes back.
    Nothing,
}

/// The command line of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// The arguments as the kernel gets them, without what the loader itself puts
    /// in front (`BOOT_IMAGE=`).
    pub text: Vec<u8>,
    /// Where it stands.
    pub place: Place,
}

/// An entry of a loader's menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The text shown.
    pub title: Vec<u8>,
    /// The name a default can select; the title where none is given.
    pub id: Vec<u8>,
    /// Its position in each menu, outermost first.
    pub position: Vec<usize>,
    /// The titles of the submenus around it.
    pub submenus: Vec<Vec<u8>>,
    /// What it starts.
    pub loader: Loader,
    /// The kernel or program.
    pub kernel: Option<Written>,
    /// Every initrd, in order.
    pub initrds: Vec<Written>,
    /// The command line, where the loader gives one.
    pub cmdline: Option<CommandLine>,
    /// A device tree, or the directory it is looked for in.
    pub devicetree: Option<Written>,
    /// Who must log in before it starts; empty: a superuser. `None`: nobody.
    pub login: Option<Vec<u8>>,
    /// Whether nothing about it depends on what could not be found out.
    pub certain: bool,
    /// Where it is defined.
    pub place: Place,
}

/// How long the loader waits before it starts the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// So many seconds; 0: at once.
    Seconds(u32),
    /// Until somebody presses a key.
    Forever,
    /// Depends on what could not be found out.
    Open,
}

/// One reason for the choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Such as `default "0"`.
    pub text: String,
    /// Where it stands.
    pub place: Option<Place>,
}

/// Something the loader does not take as it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind.
    pub kind: ProblemKind,
    /// The line or file.
    pub place: Place,
    /// What the loader does with it.
    pub message: String,
}

/// Kinds of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// The configuration is empty.
    Empty,
    /// It ends in the middle: an open block, or no end mark of the last snippet.
    Truncated,
    /// Lines the loader drops with an error.
    Syntax,
    /// No entry at all.
    NoEntries,
    /// An entry that starts nothing.
    NothingLoaded,
    /// Two entries one name selects; only the first is found.
    DuplicateId,
    /// The environment block is not as it should be.
    EnvBlock,
    /// The default selects nothing, so another entry is taken.
    DefaultUnmatched,
    /// A default that begins with a digit counts as a number.
    DefaultIsNumber,
    /// A command the loader does not have.
    UnknownCommand,
    /// A file that is named and not there.
    FileMissing,
    /// An entry file the loader ignores.
    EntryIgnored,
    /// A one-shot choice is pending.
    OneShot,
    /// The loader asks for a passphrase.
    Passphrase,
}

impl ProblemKind {
    /// The name used in tables and measurements.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Truncated => "truncated",
            Self::Syntax => "syntax",
            Self::NoEntries => "no-entries",
            Self::NothingLoaded => "nothing-loaded",
            Self::DuplicateId => "duplicate-id",
            Self::EnvBlock => "env-block",
            Self::DefaultUnmatched => "default-unmatched",
            Self::DefaultIsNumber => "default-is-number",
            Self::UnknownCommand => "unknown-command",
            Self::FileMissing => "file-missing",
            Self::EntryIgnored => "entry-ignored",
            Self::OneShot => "one-shot",
            Self::Passphrase => "passphrase",
        }
    }
}

/// Why and where a loader stops until somebody comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// One sentence.
    pub why: String,
    /// The line that makes it so, where there is one.
    pub place: Option<Place>,
}

/// What a loader does next.
#[derive(Clone, Debug)]
pub struct NextBoot {
    /// The entry that starts; `None` where nothing does, or where it stayed open.
    pub entry: Option<Entry>,
    /// Other entries it could be, where a question stayed open.
    pub alternatives: Vec<Entry>,
    /// How it was chosen.
    pub how: Vec<Step>,
    /// How long the loader waits.
    pub timeout: Timeout,
    /// Why it waits for somebody, where it does.
    pub stops_at_prompt: Option<Prompt>,
    /// Every entry that could be found, in order.
    pub entries: Vec<Entry>,
    /// The entries tried when the chosen one fails, in order.
    pub fallback: Vec<usize>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What could not be found out and matters for the choice.
    pub open: Vec<Unknown>,
}

impl NextBoot {
    pub(crate) const fn nothing() -> Self {
        Self {
            entry: None,
            alternatives: Vec::new(),
            how: Vec::new(),
            timeout: Timeout::Seconds(0),
            stops_at_prompt: None,
            entries: Vec::new(),
            fallback: Vec::new(),
            problems: Vec::new(),
            open: Vec::new(),
        }
    }
}

impl Root {
    /// The loader's own file system.
    #[must_use]
    pub const fn loader() -> Self {
        Self {
            spec: RootSpec::Loader,
            otherwise: None,
            place: None,
        }
    }
}

impl Entry {
    /// An entry that starts nothing yet.
    pub(crate) fn new(title: Vec<u8>, id: Vec<u8>, place: Place) -> Self {
        Self {
            title,
            id,
            position: Vec::new(),
            submenus: Vec::new(),
            loader: Loader::Nothing,
            kernel: None,
            initrds: Vec::new(),
            cmdline: None,
            devicetree: None,
            login: None,
            certain: true,
            place,
        }
    }

    /// Whether both start the same thing.
    #[must_use]
    pub fn starts_the_same(&self, other: &Self) -> bool {
        let paths = |e: &Self| -> Vec<(Vec<u8>, RootSpec)> {
            let all = e.kernel.iter().chain(&e.initrds).chain(&e.devicetree);
            all.map(|w| (w.path.clone(), w.root.spec.clone())).collect()
        };
        let text = |e: &Self| e.cmdline.as_ref().map(|c| c.text.clone());
        self.place == other.place
            && self.id == other.id
            && self.loader == other.loader
            && self.login == other.login
            && paths(self) == paths(other)
            && text(self) == text(other)
    }
}

/// Where a written path can be in a tree, likeliest first: under `/boot` where that
/// is a file system of its own, as it stands, on an EFI system partition, and, for
/// btrfs, without the subvolume in front (`/@/boot/x`). Accept a unique hit only.
#[must_use]
pub fn candidates(path: &[u8], root: &RootSpec) -> Vec<PathBuf> {
    let clean: Vec<&[u8]> = path
        .split(|b| *b == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
        .collect();
    let join = |base: &str, parts: &[&[u8]]| {
        let mut path = PathBuf::from(base);
        path.extend(parts.iter().map(|part| OsStr::from_bytes(part)));
        path
    };
    let in_boot = clean.first() == Some(&&b"boot"[..]);
    let mut found = Vec::new();
    if in_boot {
        found.push(join("/", &clean));
        found.push(join("/boot", &clean));
    } else {
        found.push(join("/boot", &clean));
        found.push(join("/", &clean));
    }
    if matches!(
        root,
        RootSpec::Loader | RootSpec::Uuid(_) | RootSpec::Label(_)
    ) {
        found.push(join("/boot/efi", &clean));
        found.push(join("/efi", &clean));
    }
    // A subvolume's name stands before /boot; ZFS writes /DATASET@/boot.
    let boot = clean.iter().position(|part| *part == b"boot");
    if let Some(boot) = boot.filter(|at| *at > 0) {
        found.push(join("/", clean.get(boot..).unwrap_or(&[])));
    }
    if clean
        .first()
        .is_some_and(|part| part.starts_with(b"@") || part.ends_with(b"@"))
    {
        found.push(join("/boot", clean.get(1..).unwrap_or(&[])));
        found.push(join("/", clean.get(1..).unwrap_or(&[])));
    }
    let mut seen = Vec::new();
    found.retain(|path| {
        !seen.contains(path) && {
            seen.push(path.clone());
            true
        }
    });
    found
}
