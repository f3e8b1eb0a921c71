//! Devices from a listing: `lsblk -J -O`, or what blkid prints.

use std::path::PathBuf;

use super::{Device, Devices, Kind, volume_names, volume_of};
use crate::parse::blkid::{self, Listed};
use crate::parse::lsblk::{self, Row};

/// A text that is no listing of devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither the JSON of lsblk -J -O nor the output of blkid")]
pub struct NotAListing;

impl Devices {
    /// The devices of a listing: `lsblk -J -O`, `blkid -o export` or plain `blkid`,
    /// told apart by their content.
    ///
    /// # Errors
    /// Where it is none of them.
    pub fn from_listing(text: &[u8]) -> Result<Self, NotAListing> {
        if text.trim_ascii_start().starts_with(b"{") {
            let rows = lsblk::parse(text).ok_or(NotAListing)?;
            return Ok(Self {
                items: rows.into_iter().map(from_row).collect(),
                from: "lsblk".into(),
                names_complete: false,
                nodes_named: true,
                unread: None,
            });
        }
        let listed = blkid::parse(text).ok_or(NotAListing)?;
        Ok(Self {
            items: listed.iter().map(from_listed).collect(),
            from: "blkid".into(),
            names_complete: false,
            nodes_named: true,
            unread: None,
        })
    }
}

fn from_row(row: Row) -> Device {
    let kind = match row.kind.as_str() {
        "disk" => Kind::Disk,
        "part" => Kind::Partition,
        "lvm" => Kind::Lvm,
        "crypt" => Kind::Crypt,
        "loop" => Kind::Loop,
        "mpath" => Kind::Multipath,
        raid if raid.starts_with("raid") || raid == "linear" || raid == "md" => Kind::Raid,
        _ => Kind::Other,
    };
    let mapped =
        matches!(kind, Kind::Lvm | Kind::Crypt | Kind::Multipath) || row.kname.starts_with("dm-");
    let node = row.path.unwrap_or_else(|| {
        let dir = if mapped { "/dev/mapper" } else { "/dev" };
        format!("{dir}/{}", row.name)
    });
    let mut links = vec![format!("/dev/{}", row.kname)];
    if kind == Kind::Lvm
        && let Some((group, volume)) = volume_of(&node)
    {
        links.extend(volume_names(&group, &volume));
    }
    links.retain(|link| *link != node);
    let bytes = |text: Option<String>| text.map(String::into_bytes);
    Device {
        links,
        size: row.size,
        fs: row.fs,
        uuid: bytes(row.uuid),
        label: bytes(row.label),
        part_uuid: bytes(row.part_uuid),
        part_label: bytes(row.part_label),
        part_type: row.part_type,
        parents: row.parents,
        number: row.number,
        mounted: row.mounted.into_iter().map(PathBuf::from).collect(),
        ..Device::new(node, kind)
    }
}

fn from_listed(listed: &Listed) -> Device {
    let node = listed.node.clone();
    let bytes = |name: &str| listed.tag(name).map(<[u8]>::to_vec);
    let text = |name: &str| {
        let value = listed.tag(name);
        value.map(|v| String::from_utf8_lossy(v).into_owned())
    };
    let mut links = Vec::new();
    let part_uuid = bytes("PARTUUID").or_else(|| bytes("PART_ENTRY_UUID"));
    let kind = if let Some(name) = node.strip_prefix("/dev/mapper/") {
        // blkid does not say what a mapper device is; a name of LVM's form has the other
        // names of a volume.
        match volume_of(name) {
            Some((group, volume)) => {
                links.extend(volume_names(&group, &volume));
                Kind::Lvm
            }
            None => Kind::Crypt,
        }
    } else if node.starts_with("/dev/md") {
        Kind::Raid
    } else if node.starts_with("/dev/loop") {
        Kind::Loop
    } else if part_uuid.is_some() {
        Kind::Partition
    } else {
        Kind::Other
    };
    links.retain(|link| *link != node);
    Device {
        links,
        fs: text("TYPE"),
        uuid: bytes("UUID"),
        label: bytes("LABEL"),
        part_uuid,
        part_label: bytes("PARTLABEL").or_else(|| bytes("PART_ENTRY_NAME")),
        part_type: text("PART_ENTRY_TYPE"),
        ..Device::new(node, kind)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Match, Spec};
    use super::*;

    const EXPORT: &str = "DEVNAME=/dev/vda1\nUUID=ABCD-1234\nTYPE=vfat\nPARTUUID=a-01\n\n\
        DEVNAME=/dev/vda2\nUUID=1111\nLABEL=my\\ root\nTYPE=ext4\nPARTUUID=a-02\nPARTLABEL=r\n\n\
        DEVNAME=/dev/vda3\nUUID=pppp\nTYPE=LVM2_member\nPARTUUID=a-03\n\n\
        DEVNAME=/dev/mapper/my--vg-data\nUUID=2222\nTYPE=xfs\n\n\
        DEVNAME=/dev/vdb\nUUID=3333\nUUID_SUB=1\nTYPE=btrfs\n\n\
        DEVNAME=/dev/vdc\nUUID=3333\nUUID_SUB=2\nTYPE=btrfs\n\n\
        DEVNAME=/dev/vdd\nUUID=4444\nTYPE=ext4\n\n\
        DEVNAME=/dev/vde\nUUID=4444\nTYPE=ext4\n";

    fn find(devices: &Devices, spec: &str) -> String {
        match devices.find(&Spec::of_root(spec.as_bytes()).unwrap()) {
            Match::One(device) => device.node.clone(),
            Match::Several(devices) => format!("{} devices", devices.len()),
            Match::None => "none".into(),
            Match::Hidden(why) => why,
            Match::Unread(unknown) => unknown.to_string(),
        }
    }

    #[test]
    fn every_form_of_a_name_finds_its_device() {
        let devices = Devices::from_listing(EXPORT.as_bytes()).unwrap();
        for (spec, expected) in [
            ("UUID=ABCD-1234", "/dev/vda1"),
            ("UUID=abcd-1234", "none"),
            ("/dev/disk/by-label/my\\x20root", "/dev/vda2"),
            ("PARTUUID=a-02", "/dev/vda2"),
            ("PARTUUID=A-01/PARTNROFF=1", "/dev/vda2"),
            ("PARTUUID=A-01/PARTNROFF=9", "none"),
            ("PARTLABEL=r", "/dev/vda2"),
            ("/dev/my-vg/data", "/dev/mapper/my--vg-data"),
            ("/dev/mapper/my--vg-data", "/dev/mapper/my--vg-data"),
            ("/dev/mapper/my--vg-none", "none"),
            ("/dev/vda2", "/dev/vda2"),
            ("/dev/sda1", "none"),
            ("UUID=3333", "/dev/vdb"),
            ("UUID=4444", "2 devices"),
            // A member's id makes no link.
            ("UUID=pppp", "none"),
            ("8:1", "blkid does not list such names"),
            ("ID=x", "blkid does not list such names"),
            ("/dev/disk/by-path/x", "blkid does not list such names"),
            ("/dev/sr0", "/dev/sr0 may be made, or put in, later"),
        ] {
            assert_eq!(find(&devices, spec), expected, "{spec}");
        }
        let slip = Spec::Uuid(b"abcd-1234".to_vec());
        let other = devices.find_in_other_case(&slip).unwrap();
        assert_eq!(other.node, "/dev/vda1");
    }

    #[test]
    fn what_a_closed_container_may_hold_is_not_missing() {
        let text =
            "DEVNAME=/dev/sda1\nUUID=1\nTYPE=ext4\n\nDEVNAME=/dev/sda2\nUUID=2\nTYPE=crypto_LUKS\n";
        let devices = Devices::from_listing(text.as_bytes()).unwrap();
        let hidden = "what is inside /dev/sda2 (crypto_LUKS) is not known";
        assert_eq!(find(&devices, "UUID=3"), hidden);
        assert_eq!(find(&devices, "/dev/mapper/x"), hidden);
        assert_eq!(find(&devices, "PARTUUID=3"), "none");
        let open = format!("{text}\nDEVNAME=/dev/mapper/x\nUUID=4\nTYPE=ext4\n");
        let devices = Devices::from_listing(open.as_bytes()).unwrap();
        assert_eq!(find(&devices, "UUID=3"), "none");
        assert_eq!(find(&devices, "UUID=4"), "/dev/mapper/x");
    }

    #[test]
    fn rows_of_lsblk_have_their_parents_and_numbers() {
        let text = r#"{"blockdevices": [{"name": "sda", "kname": "sda", "maj:min": "8:0", "type": "disk",
            "children": [{"name": "sda1", "kname": "sda1", "maj:min": "8:1", "type": "part",
              "fstype": "LVM2_member", "partuuid": "a", "children": [
              {"name": "vg-r", "kname": "dm-0", "maj:min": "253:0", "type": "lvm", "fstype": "ext4",
               "uuid": "1", "mountpoint": "/"}]}]}]}"#;
        let devices = Devices::from_listing(text.as_bytes()).unwrap();
        assert_eq!(find(&devices, "253:0"), "/dev/mapper/vg-r");
        assert_eq!(find(&devices, "/dev/vg/r"), "/dev/mapper/vg-r");
        assert_eq!(find(&devices, "/dev/dm-0"), "/dev/mapper/vg-r");
        assert_eq!(devices.items[2].parents, [1]);
        assert_eq!(find(&devices, "UUID=2"), "none");
        assert_eq!(Devices::from_listing(b"x"), Err(NotAListing));
    }
}
