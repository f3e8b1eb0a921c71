//! Devices from disk images: partition tables and superblocks, and what lies inside
//! volumes and arrays as far as one image shows it.

use super::{Device, Devices, Kind, volume_names};
use crate::fact::{Doubt, Unknown};
use crate::parse::partitions::{self, Table};
use crate::parse::superblock::{self, Content, Window};
use crate::source::Pieces;

/// A part of an image.
struct Part<'a> {
    image: &'a Pieces,
    start: u64,
    len: u64,
}

impl Window for Part<'_> {
    fn len(&self) -> u64 {
        self.len
    }

    fn at(&self, offset: u64, len: usize) -> Vec<u8> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        self.image
            .bytes(self.start.saturating_add(offset), len.min(left))
    }
}

impl Part<'_> {
    /// A part of this part.
    fn inside(&self, start: u64, len: u64) -> Self {
        Self {
            image: self.image,
            start: self.start.saturating_add(start),
            len: len.min(self.len.saturating_sub(start)),
        }
    }
}

/// Why an image is refused: what its first bytes show.
#[must_use]
pub fn refused(head: &[u8]) -> Option<&'static str> {
    let kinds: [(&[u8], &str); 5] = [
        (
            b"QFI\xfb",
            "is a qcow2 image: convert it with qemu-img convert -O raw",
        ),
        (
            b"KDMV",
            "is a VMDK image: convert it with qemu-img convert -O raw",
        ),
        (
            b"vhdxfile",
            "is a VHDX image: convert it with qemu-img convert -O raw",
        ),
        (
            b"conectix",
            "is a VHD image: convert it with qemu-img convert -O raw",
        ),
        (b"\x1f\x8b", "is compressed: unpack it first"),
    ];
    kinds
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|(_, why)| *why)
}

impl Devices {
    /// The devices on disk images, each with the name it is called by.
    #[must_use]
    pub fn from_images(images: &[(String, Pieces)]) -> Self {
        let mut devices = Self {
            items: Vec::new(),
            from: "disk images".into(),
            names_complete: false,
            nodes_named: false,
            unread: None,
        };
        for (name, image) in images {
            let whole = Part {
                image,
                start: 0,
                len: image.len(),
            };
            devices.add_disk(name, &whole);
            if let Some(failed) = image.failed() {
                devices.unread = Some(failed);
            } else if image.expired() {
                devices.unread = Some(Unknown::new(image.path(), Doubt::Deadline));
            }
        }
        devices
    }

    fn add_disk(&mut self, name: &str, disk: &Part<'_>) {
        let table = partitions::read(disk);
        let content = superblock::read(disk);
        let list = match table {
            Table::Gpt(list, _) => list,
            // A file system of FAT or NTFS begins like an MBR.
            Table::Mbr(list) if content.is_none() => list,
            Table::Mbr(_) | Table::None => Vec::new(),
        };
        let is_disk = !list.is_empty();
        let mut device = Device::new(name, Kind::Disk);
        device.size = Some(disk.len);
        let index = self.items.len();
        self.items.push(device);
        if !is_disk {
            self.add_content(index, disk, content);
            return;
        }
        for partition in list {
            let mut device = Device::new(format!("{name}{}", partition.number), Kind::Partition);
            device.size = Some(partition.len);
            device.part_uuid = Some(partition.uuid.into_bytes());
            device.part_label = partition.label;
            device.part_type = Some(partition.kind);
            device.parents = vec![index];
            let at = self.items.len();
            self.items.push(device);
            let part = disk.inside(partition.start, partition.len);
            let content = superblock::read(&part);
            self.add_content(at, &part, content);
        }
    }

    /// What is on the device `index`, and what it makes.
    fn add_content(&mut self, index: usize, part: &Part<'_>, content: Option<Content>) {
        let Some(content) = content else {
            return;
        };
        if let Some(device) = self.items.get_mut(index) {
            set(device, &content);
        }
        if let Some(lvm) = &content.lvm {
            for volume in &lvm.volumes {
                let [mapper, short] = volume_names(&lvm.group, &volume.name);
                if let Some(known) = self.items.iter_mut().find(|d| d.node == mapper) {
                    // Described by another of its physical volumes already.
                    known.parents.push(index);
                    if known.fs.is_some() || volume.start.is_none() {
                        continue;
                    }
                }
                let mut device = Device::new(mapper, Kind::Lvm);
                device.links = vec![short];
                device.parents = vec![index];
                let inside = volume.start.map(|start| part.inside(start, u64::MAX));
                if let Some(content) = inside.and_then(|inside| superblock::read(&inside)) {
                    set(&mut device, &content);
                }
                self.items.retain(|known| known.node != device.node);
                self.items.push(device);
            }
        }
        if let Some(raid) = &content.raid {
            let name = String::from_utf8_lossy(&raid.name).into_owned();
            let short = name.rsplit(':').next().unwrap_or(&name);
            let node = match short {
                "" => format!("/dev/md/{}", raid.uuid),
                short => format!("/dev/md/{short}"),
            };
            if let Some(known) = self.items.iter_mut().find(|d| d.node == node) {
                known.parents.push(index);
                return;
            }
            let mut device = Device::new(node, Kind::Raid);
            device.parents = vec![index];
            if short.chars().all(|c| c.is_ascii_digit()) && !short.is_empty() {
                device.links.push(format!("/dev/md{short}"));
            }
            // Only a mirror has its file system as it stands.
            if raid.level == 1 {
                // Without the end, where some versions have their own superblock.
                let tail = match raid.version {
                    "0.90" | "1.0" => 0x2_0000,
                    _ => 0,
                };
                let inside = part.inside(raid.data_offset, part.len.saturating_sub(tail));
                let found = superblock::read(&inside).filter(|c| c.raid.is_none());
                if let Some(content) = found {
                    set(&mut device, &content);
                }
            }
            self.items.push(device);
        }
    }
}

fn set(device: &mut Device, content: &Content) {
    device.fs = Some(content.kind.clone());
    device.uuid = content.uuid.clone().map(String::into_bytes);
    device.label.clone_from(&content.label);
    device.ext = content.ext;
}

#[cfg(test)]
mod tests {
    use super::super::{Match, Spec};
    use super::*;
    use crate::source::open_given;
    use crate::time::Deadline;

    fn image(dir: &tempfile::TempDir, name: &str, bytes: &[u8]) -> (String, Pieces) {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        (
            name.to_owned(),
            open_given(&path, Deadline::none()).unwrap(),
        )
    }

    /// 64 KiB with the superblock of an ext2 that has this label.
    fn ext2(label: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 64 << 10];
        bytes[1024 + 0x38..1024 + 0x3a].copy_from_slice(&[0x53, 0xef]);
        bytes[1024 + 0x3a] = 1;
        bytes[1024 + 0x68..1024 + 0x78].copy_from_slice(&[0x11; 16]);
        bytes[1024 + 0x78..1024 + 0x78 + label.len()].copy_from_slice(label);
        bytes
    }

    /// A disk of one primary partition at sector 8.
    fn disk(content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 4096];
        bytes[440..444].copy_from_slice(&[0x78, 0x56, 0x34, 0x12]);
        bytes[450] = 0x83;
        bytes[454] = 8;
        bytes[458..460].copy_from_slice(&128_u16.to_le_bytes());
        bytes[510..512].copy_from_slice(&[0x55, 0xaa]);
        bytes.extend(content);
        bytes
    }

    #[test]
    fn a_partition_and_what_is_on_it_are_found_by_their_tags() {
        let dir = tempfile::tempdir().unwrap();
        let images = [
            image(&dir, "a.img", &disk(&ext2(b"root"))),
            image(&dir, "b.img", &ext2(b"data")),
        ];
        let devices = Devices::from_images(&images);
        let nodes: Vec<&str> = devices.items.iter().map(|d| d.node.as_str()).collect();
        assert_eq!(nodes, ["a.img", "a.img1", "b.img"]);
        let found = |spec: &str| match devices.find(&Spec::of(spec.as_bytes()).unwrap()) {
            Match::One(device) => device.node.clone(),
            Match::Several(_) => "several".to_owned(),
            Match::None => "none".to_owned(),
            Match::Hidden(why) => why,
            Match::Unread(unknown) => unknown.to_string(),
        };
        assert_eq!(found("LABEL=root"), "a.img1");
        assert_eq!(found("PARTUUID=12345678-01"), "a.img1");
        assert_eq!(found("LABEL=data"), "b.img");
        assert_eq!(
            found("UUID=11111111-1111-1111-1111-111111111111"),
            "several"
        );
        assert_eq!(found("LABEL=none"), "none");
        assert_eq!(
            found("/dev/sda1"),
            "disk images do not say what the disks are called"
        );
        let ext = devices.items[1].ext.unwrap();
        assert!(!ext.has_errors() && !ext.needs_recovery());
    }

    #[test]
    fn other_formats_are_refused_with_a_word() {
        assert!(refused(b"QFI\xfb\0\0\0\x03").unwrap().contains("qemu-img"));
        assert_eq!(refused(&[0; 16]), None);
    }

    #[test]
    fn an_image_cut_anywhere_is_read_as_far_as_it_goes() {
        let dir = tempfile::tempdir().unwrap();
        let whole = disk(&ext2(b"root"));
        for len in [0, 1, 446, 511, 512, 4096, 5000, 6144, 60_000] {
            let images = [image(&dir, "cut.img", &whole[..len])];
            let devices = Devices::from_images(&images);
            assert_eq!(devices.unread, None, "{len}");
            assert!(devices.items.len() <= 2, "{len}");
        }
    }
}
