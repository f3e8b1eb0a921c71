//! Which device a name means.

use super::{Device, Devices, Kind, Spec};
use crate::fact::Unknown;

/// Which device a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match<'a> {
    /// This one.
    One(&'a Device),
    /// Several: which of them is used is chance.
    Several(Vec<&'a Device>),
    /// None of them.
    None,
    /// None that is known, but the list, by its nature, cannot rule it out: why.
    Hidden(String),
    /// None that is known, but something could not be read.
    Unread(Unknown),
}

impl Devices {
    /// Which device a name means.
    ///
    /// Values are compared as they stand, as the links below /dev/disk are.
    #[must_use]
    pub fn find(&self, spec: &Spec) -> Match<'_> {
        let found = self.matching(spec);
        match found.as_slice() {
            [] => self.not_found(spec),
            [one] => Match::One(one),
            _ => Match::Several(found),
        }
    }

    fn not_found(&self, spec: &Spec) -> Match<'_> {
        let by_content = matches!(spec, Spec::Uuid(_) | Spec::Label(_));
        let by_link = matches!(spec, Spec::PartUuid(_) | Spec::PartLabel(_) | Spec::Id(_));
        if let Some(unread) = &self.unread
            && (by_content || by_link)
        {
            return Match::Unread(unread.clone());
        }
        self.unknown(spec).map_or(Match::None, Match::Hidden)
    }

    /// A device that the name would mean in other case: the usual slip with the serial
    /// numbers of FAT and NTFS.
    #[must_use]
    pub fn find_in_other_case(&self, spec: &Spec) -> Option<&Device> {
        let in_other_case = |device: &&Device| {
            let (own, value) = match spec {
                Spec::Uuid(value) => (&device.uuid, value),
                Spec::PartUuid(value) => (&device.part_uuid, value),
                Spec::Label(value) => (&device.label, value),
                Spec::PartLabel(value) => (&device.part_label, value),
                _ => return false,
            };
            own.as_ref()
                .is_some_and(|own| own.eq_ignore_ascii_case(value))
        };
        self.items.iter().find(in_other_case)
    }

    fn matching(&self, spec: &Spec) -> Vec<&Device> {
        let is = |own: &Option<Vec<u8>>, value: &[u8]| own.as_deref() == Some(value);
        let found: Vec<&Device> = match spec {
            Spec::Uuid(v) => self.all(|d| is(&d.uuid, v) && !d.is_member()),
            Spec::Label(v) => self.all(|d| is(&d.label, v) && !d.is_member()),
            Spec::PartUuid(v) => self.all(|d| is(&d.part_uuid, v)),
            Spec::PartLabel(v) => self.all(|d| is(&d.part_label, v)),
            Spec::PartUuidPlus(v, offset) => return self.neighbour(v, *offset),
            Spec::Id(v) => {
                let mut link = b"/dev/disk/by-id/".to_vec();
                link.extend(v);
                self.all(|d| d.is_called(&link))
            }
            Spec::Node(node) => self.all(|d| d.is_called(node)),
            Spec::Number(major, minor) => self.all(|d| d.number == Some((*major, *minor))),
        };
        self.collapsed(found)
    }

    fn all(&self, matches: impl Fn(&Device) -> bool) -> Vec<&Device> {
        self.items.iter().filter(|d| matches(d)).collect()
    }

    /// The kernel looks for the partition by the letters of its id, whatever their case,
    /// and counts on from its number (6.1, `devt_from_partuuid`).
    fn neighbour(&self, uuid: &[u8], offset: i32) -> Vec<&Device> {
        let own = |d: &&Device| {
            let own = d.part_uuid.as_deref();
            own.is_some_and(|own| own.eq_ignore_ascii_case(uuid))
        };
        let Some(base) = self.items.iter().find(own) else {
            return Vec::new();
        };
        let digits = base.node.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = base
            .node
            .get(digits.len()..)
            .and_then(|n| n.parse::<i32>().ok());
        let Some(number) = number.and_then(|n| n.checked_add(offset)) else {
            return Vec::new();
        };
        let node = format!("{digits}{number}");
        self.all(|d| d.node == node)
    }

    /// Devices that lie on one another, the members of one btrfs, and the paths below a
    /// multipath device share their tags by nature.
    fn collapsed<'a>(&self, found: Vec<&'a Device>) -> Vec<&'a Device> {
        if found.len() < 2 {
            return found;
        }
        let first = found.first().copied();
        if found.iter().all(|d| d.fs.as_deref() == Some("btrfs")) {
            return first.into_iter().collect();
        }
        let is_below = |lower: &Device, upper: &Device| {
            let mut left = upper.parents.clone();
            let mut steps = 0;
            while let Some(index) = left.pop() {
                steps += 1;
                let Some(parent) = self.items.get(index).filter(|_| steps < 1000) else {
                    continue;
                };
                if parent.node == lower.node {
                    return true;
                }
                left.extend(&parent.parents);
            }
            false
        };
        let kept = found.iter().filter(|lower| {
            let mut others = found.iter();
            !others.any(|upper| is_below(lower, upper))
        });
        kept.copied().collect()
    }

    /// Why a name that nothing goes by may exist all the same.
    fn unknown(&self, spec: &Spec) -> Option<String> {
        match spec {
            Spec::Id(_) | Spec::Number(..) if !self.names_complete => {
                return Some(format!("{} does not list such names", self.from));
            }
            Spec::Node(node) => {
                let node = String::from_utf8_lossy(node);
                if let Some(why) = self.node_cannot_tell(&node) {
                    return Some(why);
                }
            }
            _ => {}
        }
        self.hidden(spec)
    }

    fn node_cannot_tell(&self, node: &str) -> Option<String> {
        let below = node.strip_prefix("/dev/").unwrap_or(node);
        // Made by programs of the boot itself, or there only with a medium.
        let made_late = [
            "zram", "loop", "nbd", "rbd", "drbd", "bcache", "zvol/", "ram", "sr", "cdrom", "dvd",
            "fd", "zd", "root", "nfs", "mtd", "ubi", "mmcblk", "shm", "pts", "fuse",
        ];
        let kernels = ["sd", "hd", "vd", "xvd", "nvme"];
        if !self.nodes_named && kernels.iter().any(|prefix| below.starts_with(prefix)) {
            return Some(format!(
                "{} do not say what the disks are called",
                self.from
            ));
        }
        let late = made_late.iter().any(|prefix| below.starts_with(prefix));
        if late {
            return Some(format!("{node} may be made, or put in, later"));
        }
        let by = below.starts_with("disk/");
        if by && !self.names_complete {
            return Some(format!("{} does not list such names", self.from));
        }
        // A bare partition without content is in no listing of blkid, and is of no use
        // as a mount either; one with an unknown link is.
        let plain = ["sd", "hd", "vd", "xvd", "nvme", "dm-", "mapper/", "md"];
        let is_plain = plain.iter().any(|prefix| below.starts_with(prefix));
        let is_volume = below.split('/').count() == 2;
        if !self.names_complete && !is_plain && !is_volume {
            return Some(format!("{} does not list such names", self.from));
        }
        None
    }

    /// What may lie inside a device that could not be looked into.
    fn hidden(&self, spec: &Spec) -> Option<String> {
        let wanted_inside = matches!(spec, Spec::Uuid(_) | Spec::Label(_));
        let wanted_node = match spec {
            Spec::Node(node) => {
                let name = String::from_utf8_lossy(node);
                ["/dev/mapper/", "/dev/md", "/dev/dm-"]
                    .iter()
                    .any(|p| name.starts_with(p))
                    || name.split('/').count() == 4
            }
            _ => false,
        };
        if !wanted_inside && !wanted_node {
            return None;
        }
        let has_child = |index: usize| self.items.iter().any(|d| d.parents.contains(&index));
        let closed = self.items.iter().enumerate().find(|(index, device)| {
            let fs = device.fs.as_deref().unwrap_or("");
            // Of an image, a volume whose beginning is elsewhere.
            let made = matches!(device.kind, Kind::Lvm | Kind::Raid | Kind::Crypt);
            if !self.nodes_named && made && device.fs.is_none() {
                return true;
            }
            match fs {
                // What is open is listed beside it; blkid does not say as what.
                "crypto_LUKS" | "BitLocker" => !has_child(*index) && !self.has_open(Kind::Crypt),
                "LVM2_member" | "LVM1_member" => !has_child(*index) && !self.has_open(Kind::Lvm),
                _ if fs.ends_with("_raid_member") => {
                    !has_child(*index) && !self.has_open(Kind::Raid)
                }
                _ => false,
            }
        });
        closed.map(|(_, device)| {
            let fs = device.fs.as_deref().unwrap_or_else(|| device.kind.word());
            format!("what is inside {} ({fs}) is not known", device.node)
        })
    }

    /// Whether the list has an open device of that kind whose parent it does not know.
    fn has_open(&self, kind: Kind) -> bool {
        let mut items = self.items.iter();
        items.any(|d| d.kind == kind && d.parents.is_empty())
    }
}
