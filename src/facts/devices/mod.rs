//! The block devices of a host: from its own /sys and udev, from a listing that was
//! given, or from disk images.
//!
//! An offline tree has no devices. What could not be looked into (a LUKS container that
//! is closed, an array that is not assembled) may hold any file system: a name that is
//! found nowhere is then not missing.

mod find;
mod imaged;
mod listed;
mod live;
mod spec;

use std::path::PathBuf;

use crate::fact::{Fact, Unknown, Why};
use crate::parse::superblock::Ext;
use crate::source::{Tree, TreeKind};

pub use find::Match;
pub use imaged::refused;
pub use listed::NotAListing;
pub use spec::Spec;

/// The block devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Devices {
    /// Every device.
    pub items: Vec<Device>,
    /// Where they come from, in words: `lsblk`, `blkid`.
    pub from: String,
    /// Whether names below /dev/disk/by-id and by-path, and nodes without any content,
    /// are known too.
    pub names_complete: bool,
    /// Whether disks are called by the names they have on the machine.
    pub nodes_named: bool,
    /// Why the labels and UUIDs of some devices could not be read.
    pub unread: Option<Unknown>,
}

/// The devices of a tree to which none were given: those of the running system.
pub(super) fn read(tree: &Tree) -> Fact<Devices> {
    match tree.coverage().kind {
        TreeKind::Live => live::read(tree),
        TreeKind::Full | TreeKind::Partial => Fact::NotCovered(Why::NoDevices),
    }
}

/// One block device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its node, such as `/dev/sda1` or `/dev/mapper/vg-root`.
    pub node: String,
    /// Other names below /dev, without those that follow from its tags.
    pub links: Vec<String>,
    /// What it is.
    pub kind: Kind,
    /// Size in bytes.
    pub size: Option<u64>,
    /// What is on it: `ext4`, `swap`, `crypto_LUKS`, `LVM2_member`, by blkid's names.
    pub fs: Option<String>,
    /// Of what is on it.
    pub uuid: Option<Vec<u8>>,
    /// Of what is on it.
    pub label: Option<Vec<u8>>,
    /// Of the partition.
    pub part_uuid: Option<Vec<u8>>,
    /// Of the partition.
    pub part_label: Option<Vec<u8>>,
    /// The partition's type: a GUID, or `0x83`.
    pub part_type: Option<String>,
    /// What it lies on, by index into [`Devices::items`].
    pub parents: Vec<usize>,
    /// Major and minor number.
    pub number: Option<(u32, u32)>,
    /// Where it is mounted now.
    pub mounted: Vec<PathBuf>,
    /// What the superblock of ext2, ext3 or ext4 says, where it was read.
    pub ext: Option<Ext>,
}

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole disk.
    Disk,
    /// A partition.
    Partition,
    /// A logical volume.
    Lvm,
    /// An open encrypted device.
    Crypt,
    /// A RAID array.
    Raid,
    /// A loop device.
    Loop,
    /// Several paths to one disk.
    Multipath,
    /// Anything else, or not known.
    Other,
}

impl Kind {
    /// The word in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Partition => "partition",
            Self::Lvm => "lvm",
            Self::Crypt => "crypt",
            Self::Raid => "raid",
            Self::Loop => "loop",
            Self::Multipath => "multipath",
            Self::Other => "device",
        }
    }
}

impl Device {
    /// A device of which only the node is known.
    #[must_use]
    pub fn new(node: impl Into<String>, kind: Kind) -> Self {
        Self {
            node: node.into(),
            links: Vec::new(),
            kind,
            size: None,
            fs: None,
            uuid: None,
            label: None,
            part_uuid: None,
            part_label: None,
            part_type: None,
            parents: Vec::new(),
            number: None,
            mounted: Vec::new(),
            ext: None,
        }
    }

    /// One line about it.
    #[must_use]
    pub fn shown(&self) -> String {
        use crate::text::escape;
        let mut words = vec![escape(self.node.as_bytes()), self.kind.word().to_owned()];
        words.extend(self.fs.iter().map(|fs| escape(fs.as_bytes())));
        let tags = [
            ("UUID", &self.uuid),
            ("LABEL", &self.label),
            ("PARTUUID", &self.part_uuid),
            ("PARTLABEL", &self.part_label),
        ];
        for (name, value) in tags {
            words.extend(value.iter().map(|v| format!("{name}={}", escape(v))));
        }
        let mounted = self.mounted.iter();
        words.extend(mounted.map(|point| format!("on {}", crate::text::escape_path(point))));
        words.join(" ")
    }

    /// Whether it goes by that name below /dev.
    #[must_use]
    pub fn is_called(&self, node: &[u8]) -> bool {
        let mut names = std::iter::once(&self.node).chain(&self.links);
        names.any(|name| name.as_bytes() == node)
    }

    /// Whether what is on it is a part of something larger, so that its UUID and label
    /// make no link (systemd 252, `60-persistent-storage.rules`: `ID_FS_USAGE` is raid).
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.fs.as_deref().is_some_and(|fs| {
            fs.ends_with("_raid_member")
                || matches!(
                    fs,
                    "LVM2_member" | "LVM1_member" | "DRBD" | "mpath_member" | "drbd"
                )
        })
    }
}

/// `/dev/mapper/VG-LV` and `/dev/VG/LV` of a logical volume: dashes inside the names are
/// doubled in the first (LVM 2.03, `dm_build_dm_name`).
#[must_use]
pub fn volume_names(group: &str, volume: &str) -> [String; 2] {
    let doubled = |name: &str| name.replace('-', "--");
    [
        format!("/dev/mapper/{}-{}", doubled(group), doubled(volume)),
        format!("/dev/{group}/{volume}"),
    ]
}

/// The group and volume in a mapper name, where it is one of LVM.
#[must_use]
pub fn volume_of(mapper: &str) -> Option<(String, String)> {
    let name = mapper.strip_prefix("/dev/mapper/").unwrap_or(mapper);
    // The one dash that is not doubled separates them.
    let bytes = name.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'-' {
            if bytes.get(at + 1) != Some(&b'-') {
                let undoubled = |part: &str| part.replace("--", "-");
                let (group, volume) = (name.get(..at)?, name.get(at + 1..)?);
                let both = !group.is_empty() && !volume.is_empty();
                return both.then(|| (undoubled(group), undoubled(volume)));
            }
            at += 1;
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_in_the_names_of_volumes_are_doubled_and_undoubled() {
        let names = volume_names("my-vg", "lv-1");
        assert_eq!(names, ["/dev/mapper/my--vg-lv--1", "/dev/my-vg/lv-1"]);
        for (group, volume) in [
            ("vg", "root"),
            ("my-vg", "lv-1"),
            ("a-", "b"),
            ("a--b", "-c"),
        ] {
            let [mapper, _] = volume_names(group, volume);
            let back = volume_of(&mapper).unwrap();
            if !volume.starts_with('-') {
                assert_eq!(back, (group.to_owned(), volume.to_owned()));
            }
        }
        assert_eq!(volume_of("/dev/mapper/data"), None);
        assert_eq!(volume_of("/dev/mapper/a--b"), None);
    }
}
