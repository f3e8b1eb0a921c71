//! What the root lies on, as far as the files of a tree tell.

use crate::fact::Fact;
use crate::facts::Host;
use crate::facts::boot::{RootFacts, RootForm};
use crate::facts::devices::{Device, Kind, Match, Spec};
use crate::parse::fstab;
use crate::text::Place;

/// What tells something about the root.
#[derive(Clone, Debug)]
pub enum Told {
    /// This device.
    Device(String),
    /// The command line, where it has a place, with what is to be seen there.
    Line(Option<Place>, &'static str),
    /// This line of fstab.
    Fstab(Place),
}

impl Told {
    fn by_line(root: &RootFacts, what: &'static str) -> Self {
        Self::Line(root.place.clone(), what)
    }
}

/// The root's file system.
pub struct FileSystem {
    /// Its type.
    pub name: String,
    /// What tells it.
    pub told: Told,
    /// Whether the device itself tells it, not a configuration.
    pub certain: bool,
}

/// A layer below the root's file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// An open LUKS volume.
    Luks,
    /// A logical volume.
    Lvm,
    /// An array.
    Raid,
}

impl LayerKind {
    /// The name users know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Luks => "an encrypted volume",
            Self::Lvm => "LVM",
            Self::Raid => "software RAID",
        }
    }
}

/// A layer and what shows it.
pub struct Layer {
    /// What it is.
    pub kind: LayerKind,
    /// What shows it.
    pub told: Told,
    /// Whether the devices themselves show it, not a configuration.
    pub certain: bool,
}

/// The root's device, where devices are known and one is it.
#[must_use]
pub fn device(host: &Host) -> Option<&Device> {
    let (Fact::Known(root), Fact::Known(devices)) = (host.root(), host.devices()) else {
        return None;
    };
    let value = root.value.as_ref()?;
    match devices.find(&Spec::of_root(&value.text)?) {
        Match::One(device) => Some(device),
        Match::Several(_) | Match::None | Match::Hidden(_) | Match::Unread(_) => None,
    }
}

/// The type of the root's file system: the device's own, `rootfstype=`, else fstab's
/// line for `/`.
#[must_use]
pub fn file_system(host: &Host) -> Option<FileSystem> {
    if let Some(device) = device(host)
        && let Some(name) = &device.fs
    {
        return Some(FileSystem {
            name: name.clone(),
            told: Told::Device(device.node.clone()),
            certain: true,
        });
    }
    if let Fact::Known(root) = host.root()
        && let Some(kind) = root.last("rootfstype")
        && !kind.contains(&b',')
    {
        return Some(FileSystem {
            name: String::from_utf8_lossy(kind).into_owned(),
            told: Told::by_line(root, "rootfstype= says it"),
            certain: true,
        });
    }
    let Fact::Known(file) = host.tree().read("/etc/fstab".as_ref()) else {
        return None;
    };
    let entry = fstab::parse(&file).into_iter().find(|e| e.target == b"/")?;
    let name = String::from_utf8_lossy(&entry.kind).into_owned();
    if matches!(name.as_str(), "auto" | "none" | "rootfs" | "") {
        return None;
    }
    Some(FileSystem {
        name,
        told: Told::Fstab(entry.place),
        certain: false,
    })
}

/// Modules that can mount a file system of this type; empty for what is not known.
#[must_use]
pub fn modules_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "ext2" => &["ext4", "ext2"],
        "ext3" => &["ext4", "ext3"],
        "ext4" => &["ext4"],
        "xfs" => &["xfs"],
        "btrfs" => &["btrfs"],
        "f2fs" => &["f2fs"],
        "jfs" => &["jfs"],
        "reiserfs" => &["reiserfs"],
        "nilfs2" => &["nilfs2"],
        "squashfs" => &["squashfs"],
        "erofs" => &["erofs"],
        "bcachefs" => &["bcachefs"],
        "zfs" => &["zfs"],
        _ => &[],
    }
}

/// The layers below the root: those of its device, else those that configuration
/// shows (its name, and crypttab).
#[must_use]
pub fn layers(host: &Host) -> Vec<Layer> {
    let mut layers = Vec::new();
    if let (Some(device), Fact::Known(devices)) = (device(host), host.devices()) {
        let mut left = vec![device];
        // As deep as any stack goes, and an end for a list that leads in a circle.
        for _ in 0..64 {
            let Some(device) = left.pop() else { break };
            let kind = match device.kind {
                Kind::Crypt => Some(LayerKind::Luks),
                Kind::Lvm => Some(LayerKind::Lvm),
                Kind::Raid => Some(LayerKind::Raid),
                Kind::Disk | Kind::Partition | Kind::Loop | Kind::Multipath | Kind::Other => None,
            };
            if let Some(kind) = kind {
                layers.push(Layer {
                    kind,
                    told: Told::Device(device.node.clone()),
                    certain: true,
                });
            }
            left.extend(
                device
                    .parents
                    .iter()
                    .filter_map(|at| devices.items.get(*at)),
            );
        }
        if !layers.is_empty() {
            return layers;
        }
    }
    let Fact::Known(root) = host.root() else {
        return layers;
    };
    let Some(value) = &root.value else {
        return layers;
    };
    if value.form != RootForm::StableName {
        return layers;
    }
    let name = value.text.strip_prefix(b"/dev/").unwrap_or(&value.text);
    let mut add = |kind, label: &'static str| {
        layers.push(Layer {
            kind,
            told: Told::by_line(root, label),
            certain: false,
        });
    };
    if name.starts_with(b"md/") {
        add(LayerKind::Raid, "root= names an array");
    }
    let mapped = name.strip_prefix(b"mapper/");
    if mapped.is_some_and(|name| is_in_crypttab(host, name)) {
        add(LayerKind::Luks, "root= names a volume of /etc/crypttab");
    } else if mapped.is_some_and(has_single_dash)
        || (mapped.is_none() && !name.starts_with(b"md/") && !name.starts_with(b"disk/"))
    {
        add(LayerKind::Lvm, "root= names a logical volume");
    }
    layers
}

/// `VG-LV`: a dash that is not doubled (lvm(8), "VALID NAMES").
fn has_single_dash(name: &[u8]) -> bool {
    let pairs = String::from_utf8_lossy(name).replace("--", "");
    pairs.contains('-')
}

fn is_in_crypttab(host: &Host, name: &[u8]) -> bool {
    let Fact::Known(file) = host.tree().read("/etc/crypttab".as_ref()) else {
        return false;
    };
    let mut lines = file.lines();
    lines.any(|(_, line)| {
        let mut words = line
            .split(u8::is_ascii_whitespace)
            .filter(|w| !w.is_empty());
        words.next() == Some(name)
    })
}
