//! Where in a tree a boot loader's paths lie: a loader names a file system and a
//! path on it, and a tree is one directory with all of them in their places.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::boot::{BootFiles, RootSpec, Written, candidates};
use crate::fact::{Doubt, Fact, Looked, Unknown};
use crate::facts::devices::{Device, Devices, Match, Spec};
use crate::parse::fstab;
use crate::source::{Found, Tree};
use crate::text::{File, escape, escape_path};

/// File system types that lie on no device of their own.
const VIRTUAL: [&[u8]; 14] = [
    b"proc",
    b"sysfs",
    b"tmpfs",
    b"devtmpfs",
    b"devpts",
    b"swap",
    b"none",
    b"overlay",
    b"autofs",
    b"cgroup2",
    b"debugfs",
    b"securityfs",
    b"efivarfs",
    b"nfs",
];

/// The file systems of a host as its fstab names them, deepest mount point first.
#[derive(Clone, Debug)]
pub struct FileSystems {
    mounts: Vec<Mounted>,
    /// The block devices, where they are known.
    devices: Option<Devices>,
}

/// One file system with a device.
#[derive(Clone, Debug)]
pub struct Mounted {
    /// Where it is mounted.
    pub at: PathBuf,
    /// What fstab says is mounted there; empty where fstab has no line for `/`.
    pub source: Vec<u8>,
    /// Its type, as fstab says.
    pub kind: Vec<u8>,
    /// The subvolume of btrfs, without slashes around it.
    pub subvolume: Option<Vec<u8>>,
    /// The device, where it is known.
    pub device: Option<Device>,
}

/// A file that a loader names, in the tree.
#[derive(Clone, Debug)]
pub struct Located {
    /// The path in the tree.
    pub path: PathBuf,
    /// What is there.
    pub found: Fact<Found>,
    /// Whether the file system it is on is known by name, not guessed from what is
    /// there.
    pub sure: bool,
}

impl FileSystems {
    /// The file systems that fstab of `tree` names, and the root; with their devices
    /// where these are known.
    pub fn read(tree: &Tree, devices: &Fact<Devices>) -> Self {
        let devices = match devices {
            Fact::Known(devices) => Some(devices.clone()),
            Fact::Absent(_) | Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => None,
        };
        let device = |source: &[u8]| match devices.as_ref()?.find(&Spec::of(source)?) {
            Match::One(device) => Some(device.clone()),
            Match::Several(_) | Match::None | Match::Hidden(_) | Match::Unread(_) => None,
        };
        let mut mounts: Vec<Mounted> = Vec::new();
        if let Fact::Known(file) = tree.read(Path::new("/etc/fstab")) {
            for entry in fstab::parse(&file) {
                let at = PathBuf::from(OsStr::from_bytes(&entry.target));
                let bind = entry.has("bind") || entry.has("rbind");
                let virtual_kind = VIRTUAL.contains(&entry.kind.as_slice());
                if !at.is_absolute() || bind || virtual_kind || mounts.iter().any(|m| m.at == at) {
                    continue;
                }
                let subvolume = entry.option("subvol").and_then(|option| option.value());
                let subvolume = subvolume.map(|name| trim_slashes(name).to_vec());
                mounts.push(Mounted {
                    at,
                    device: device(&entry.source),
                    source: entry.source,
                    kind: entry.kind,
                    subvolume: subvolume.filter(|name| !name.is_empty()),
                });
            }
        }
        if !mounts.iter().any(|m| m.at == Path::new("/")) {
            mounts.push(Mounted::without_line(Path::new("/")));
        }
        mounts.sort_by_key(|m| std::cmp::Reverse(m.at.as_os_str().len()));
        Self { mounts, devices }
    }

    /// Whether no device has this name, although all devices are known: a loader's
    /// search for it fails.
    #[must_use]
    pub fn is_nowhere(&self, spec: &RootSpec) -> bool {
        let spec = match spec {
            RootSpec::Uuid(uuid) => Spec::Uuid(uuid.clone()),
            RootSpec::Label(label) => Spec::Label(label.clone()),
            RootSpec::Loader | RootSpec::Holding(_) | RootSpec::Device(_) | RootSpec::Open => {
                return false;
            }
        };
        let Some(devices) = &self.devices else {
            return false;
        };
        devices.find(&spec) == Match::None && devices.find_in_other_case(&spec).is_none()
    }

    /// The file systems, deepest mount point first.
    #[must_use]
    pub fn mounts(&self) -> &[Mounted] {
        &self.mounts
    }

    /// The one that holds `path` of the tree.
    #[must_use]
    pub fn holding(&self, path: &Path) -> Option<&Mounted> {
        self.mounts.iter().find(|m| path.starts_with(&m.at))
    }

    /// The one that a loader would find by this name; none where fstab names none so.
    #[must_use]
    pub fn named(&self, spec: &RootSpec) -> Option<&Mounted> {
        let is = |m: &&Mounted| match spec {
            RootSpec::Uuid(uuid) => m.has_id(b"UUID=", b"/dev/disk/by-uuid/", uuid),
            RootSpec::Label(label) => m.has_id(b"LABEL=", b"/dev/disk/by-label/", label),
            RootSpec::Loader | RootSpec::Holding(_) | RootSpec::Device(_) | RootSpec::Open => false,
        };
        self.mounts.iter().find(is)
    }
}

impl Mounted {
    /// A file system that fstab has no line for.
    #[must_use]
    pub fn without_line(at: &Path) -> Self {
        Self {
            at: at.to_path_buf(),
            source: Vec::new(),
            kind: Vec::new(),
            subvolume: None,
            device: None,
        }
    }

    fn has_id(&self, tag: &[u8], link: &[u8], id: &[u8]) -> bool {
        let own = strip_tag(&self.source, tag).or_else(|| self.source.strip_prefix(link));
        let read = self.device.as_ref().and_then(|device| match tag {
            b"UUID=" => device.uuid.as_deref(),
            _ => device.label.as_deref(),
        });
        // GRUB compares UUIDs without regard to case; labels that differ in case only
        // do not stand beside each other.
        own.or(read).is_some_and(|own| own.eq_ignore_ascii_case(id))
    }

    /// `path` of the tree as a path on this file system, as a loader writes it.
    #[must_use]
    pub fn inside(&self, path: &Path) -> PathBuf {
        let below = path.strip_prefix(&self.at).unwrap_or(path);
        let mut inside = PathBuf::from("/");
        if let Some(subvolume) = &self.subvolume {
            inside.push(OsStr::from_bytes(subvolume));
        }
        inside.join(below)
    }

    /// A path on this file system, as a loader writes it, in the tree; `None` where it
    /// lies in another subvolume.
    #[must_use]
    pub fn outside(&self, path: &[u8]) -> Option<PathBuf> {
        let mut names = path
            .split(|b| *b == b'/')
            .filter(|name| !name.is_empty() && *name != b".")
            .peekable();
        if let Some(subvolume) = &self.subvolume {
            for part in subvolume.split(|b| *b == b'/') {
                names.next_if_eq(&part)?;
            }
        }
        let mut outside = self.at.clone();
        outside.extend(names.map(OsStr::from_bytes));
        Some(outside)
    }
}

/// The value behind a tag such as `UUID=`, whose case does not count; quotes taken
/// away.
fn strip_tag<'a>(source: &'a [u8], tag: &[u8]) -> Option<&'a [u8]> {
    let (head, value) = source.split_at_checked(tag.len())?;
    head.eq_ignore_ascii_case(tag).then_some(())?;
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    Some(value.strip_suffix(b"\"").unwrap_or(value))
}

fn trim_slashes(path: &[u8]) -> &[u8] {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    path.strip_suffix(b"/").unwrap_or(path)
}

/// The files of a tree as a boot loader asks for them.
pub(super) struct TreeFiles<'a> {
    tree: &'a Tree,
    systems: &'a FileSystems,
    /// The file system the loader's own files are on.
    loader: &'a Mounted,
    /// Another one on which its files may be.
    second: Option<&'a Mounted>,
}

impl<'a> TreeFiles<'a> {
    /// For a loader whose own files are on the file system mounted at `loader`.
    #[must_use]
    pub(super) const fn new(tree: &'a Tree, systems: &'a FileSystems, loader: &'a Mounted) -> Self {
        Self {
            tree,
            systems,
            loader,
            second: None,
        }
    }

    /// The same, with a second file system for what the first does not hold.
    #[must_use]
    pub(super) const fn or_on(mut self, second: &'a Mounted) -> Self {
        self.second = Some(second);
        self
    }

    /// The file a configuration names. Where the search for its file system fails, GRUB
    /// says so, waits, and stays where it was (2.06 `grub-core/commands/search.c`).
    #[must_use]
    pub(super) fn written(&self, written: &Written) -> Located {
        match &written.root.otherwise {
            Some(before) if self.systems.is_nowhere(&written.root.spec) => {
                self.locate(before, &written.path)
            }
            Some(_) | None => self.locate(&written.root.spec, &written.path),
        }
    }

    /// The file at `path` of the file system `spec`.
    #[must_use]
    pub(super) fn locate(&self, spec: &RootSpec, path: &[u8]) -> Located {
        let (known, second) = match spec {
            RootSpec::Loader => (Some(self.loader), self.second),
            _ => (self.systems.named(spec), None),
        };
        let on = |mounted: &Mounted| {
            let path = mounted.outside(path)?;
            let found = self.resolve(Some(mounted), &path);
            let sure = true;
            Some(Located { path, found, sure })
        };
        let first = known.and_then(on);
        let second = second.and_then(on).filter(Located::is_there);
        match first {
            Some(first) if first.is_there() => first,
            Some(first) => second.unwrap_or(first),
            None if self.systems.is_nowhere(spec) => nowhere(spec, path),
            None => second.unwrap_or_else(|| self.guess(spec, path)),
        }
    }

    /// A file on a file system that fstab does not name: the one place it can be.
    fn guess(&self, spec: &RootSpec, path: &[u8]) -> Located {
        let tries = candidates(path, spec);
        let shown = tries.first().cloned().unwrap_or_else(|| "/".into());
        let mut hits: Vec<(PathBuf, Found)> = Vec::new();
        let mut lack: Option<Fact<Found>> = None;
        for at in &tries {
            match self.tree.resolve(at) {
                Fact::Known(found) => {
                    if !hits.iter().any(|(_, hit)| hit.path == found.path) {
                        hits.push((at.clone(), found));
                    }
                }
                Fact::Absent(_) => {}
                other => lack = lack.or(Some(other)),
            }
        }
        let (path, found) = match (hits.len(), hits.pop(), lack) {
            (1, Some((at, found)), _) => (at, Fact::Known(found)),
            (_, Some(_), _) => {
                let name = escape(path);
                let doubt = format!("{name} is there in several places, and any could be meant");
                let unknown = Unknown::new(&shown, Doubt::CannotModel(doubt));
                (shown, Fact::Unknown(unknown))
            }
            (_, None, Some(lack)) => (shown, lack),
            (_, None, None) => {
                let notes = Vec::new();
                let paths = tries;
                (shown, Fact::Absent(Looked { paths, notes }))
            }
        };
        let sure = false;
        Located { path, found, sure }
    }

    /// What is at `path`; on FAT, whatever the case of its letters.
    fn resolve(&self, on: Option<&Mounted>, path: &Path) -> Fact<Found> {
        let found = self.tree.resolve(path);
        let fat = |m: &Mounted| matches!(m.kind.as_slice(), b"vfat" | b"msdos" | b"fat");
        match (&found, on) {
            (Fact::Absent(_), Some(mounted)) if fat(mounted) => {
                match fold_case(self.tree, &mounted.at, path) {
                    Some(folded) => self.tree.resolve(&folded),
                    None => found,
                }
            }
            _ => found,
        }
    }
}

/// A file on a file system that no device has.
fn nowhere(spec: &RootSpec, path: &[u8]) -> Located {
    let name = match spec {
        RootSpec::Uuid(id) => format!("UUID {}", escape(id)),
        RootSpec::Label(id) => format!("label {}", escape(id)),
        RootSpec::Loader | RootSpec::Holding(_) | RootSpec::Device(_) | RootSpec::Open => {
            "that name".to_owned()
        }
    };
    let path = candidates(path, spec).into_iter().next();
    let path = path.unwrap_or_else(|| "/".into());
    Located {
        found: Fact::Absent(Looked {
            paths: vec![path.clone()],
            notes: vec![format!("no device has a file system with {name}")],
        }),
        path,
        sure: true,
    }
}

/// `path` as it is spelt below `base`, where it differs in case only.
pub(super) fn fold_case(tree: &Tree, base: &Path, path: &Path) -> Option<PathBuf> {
    let mut at = base.to_path_buf();
    for name in path.strip_prefix(base).ok()? {
        let Fact::Known(names) = tree.list(&at) else {
            return None;
        };
        let same = names.iter().find(|n| n.eq_ignore_ascii_case(name))?;
        at.push(same);
    }
    Some(at)
}

impl BootFiles for TreeFiles<'_> {
    fn file(&self, root: &RootSpec, path: &Path) -> Fact<Arc<File>> {
        let located = self.locate(root, path.as_os_str().as_bytes());
        located.found.and_then(|found| self.tree.read(&found.path))
    }

    fn exists(&self, root: &RootSpec, path: &Path) -> Fact<bool> {
        let located = self.locate(root, path.as_os_str().as_bytes());
        located.found.map(|_| true)
    }

    fn list(&self, root: &RootSpec, dir: &Path) -> Fact<Vec<OsString>> {
        let located = self.locate(root, dir.as_os_str().as_bytes());
        let names = located.found.and_then(|found| self.tree.list(&found.path));
        names.map(|names| names.to_vec())
    }
}

/// A path as bytes, as a loader would write it.
pub(super) fn bytes_of(path: PathBuf) -> Vec<u8> {
    path.into_os_string().into_vec()
}

impl Located {
    /// Whether the file is there.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        matches!(self.found, Fact::Known(_))
    }

    /// The path for people.
    #[must_use]
    pub fn shown(&self) -> String {
        escape_path(&self.path)
    }
}
