//! The devices of the running system: /sys/class/block, udev's database, the mount table.

use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use super::{Device, Devices, Kind, volume_names, volume_of};
use crate::fact::{Doubt, Fact, Unknown};
use crate::parse::udev_db::{self, Record};
use crate::parse::{mountinfo, mountinfo::Mount};
use crate::source::Tree;

const BLOCK: &str = "/sys/class/block";
const UDEV: &str = "/run/udev/data";

/// The devices of the running system, or why they are not known.
pub(super) fn read(tree: &Tree) -> Fact<Devices> {
    let names = match tree.list(Path::new(BLOCK)) {
        Fact::Known(names) => names,
        // A container without /sys: nothing says that there are no devices.
        Fact::Absent(_) => {
            let doubt = Doubt::CannotModel("is not there: the devices are not known".into());
            return Fact::Unknown(Unknown::new(BLOCK, doubt));
        }
        Fact::Broken(fault) => return Fact::Broken(fault),
        Fact::Unknown(unknown) => return Fact::Unknown(unknown),
        Fact::NotCovered(why) => return Fact::NotCovered(why),
    };
    let names: Vec<String> = names
        .iter()
        .map(|n| n.to_string_lossy().into_owned())
        .collect();
    let mut devices = Devices {
        items: Vec::new(),
        from: "/sys and udev".into(),
        names_complete: true,
        nodes_named: true,
        unread: None,
    };
    let has_udev = matches!(tree.list(Path::new(UDEV)), Fact::Known(_));
    let mut above: Vec<Vec<String>> = Vec::new();
    let mut kernel_names: Vec<String> = Vec::new();
    for name in &names {
        let Some(mut device) = of_sys(tree, name) else {
            continue;
        };
        let record = device.number.and_then(|number| record(tree, number));
        match record {
            Some(record) => add_record(&mut device, &record),
            // Without content of interest udev keeps no record of some devices; without
            // udev nothing is known of any.
            None if has_udev => {}
            None => {
                devices.names_complete = false;
                let doubt = Doubt::CannotModel("is not there: no labels and UUIDs".into());
                devices.unread = Some(Unknown::new(UDEV, doubt));
            }
        }
        above.push(parents_of(tree, name));
        kernel_names.push(name.clone());
        devices.items.push(device);
    }
    for (device, above) in devices.items.iter_mut().zip(above) {
        let index = |name: &String| kernel_names.iter().position(|n| n == name);
        device.parents = above.iter().filter_map(index).collect();
    }
    if let Fact::Known(file) = tree.read(Path::new("/proc/self/mountinfo")) {
        add_mounts(&mut devices, &mountinfo::parse(file.bytes()));
    }
    Fact::Known(devices)
}

/// What the kernel says of a device; nothing for one that is empty: a loop device
/// without a file, a drive without a medium.
fn of_sys(tree: &Tree, name: &str) -> Option<Device> {
    let dir = Path::new(BLOCK).join(name);
    let value = |below: &str| match tree.read(&dir.join(below)) {
        Fact::Known(file) => {
            let text = String::from_utf8_lossy(file.bytes()).trim().to_owned();
            (!text.is_empty()).then_some(text)
        }
        _ => None,
    };
    let sectors: u64 = value("size")?.parse().ok()?;
    if sectors == 0 {
        return None;
    }
    let (major, minor) = value("dev").and_then(|dev| {
        let (major, minor) = dev.split_once(':')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    })?;
    let mapper = value("dm/name");
    let kind = if value("partition").is_some() {
        Kind::Partition
    } else if mapper.is_some() {
        match value("dm/uuid").as_deref() {
            Some(uuid) if uuid.starts_with("LVM-") => Kind::Lvm,
            Some(uuid) if uuid.starts_with("CRYPT-") => Kind::Crypt,
            Some(uuid) if uuid.starts_with("mpath-") => Kind::Multipath,
            _ => Kind::Other,
        }
    } else if name.starts_with("md") {
        Kind::Raid
    } else if name.starts_with("loop") {
        Kind::Loop
    } else {
        Kind::Disk
    };
    // The kernel writes `!` for the slash of `cciss/c0d0`.
    let kernel_node = format!("/dev/{}", name.replace('!', "/"));
    let node = match &mapper {
        Some(mapper) => format!("/dev/mapper/{mapper}"),
        None => kernel_node.clone(),
    };
    let mut device = Device::new(node, kind);
    if kind == Kind::Lvm
        && let Some((group, volume)) = mapper.as_deref().and_then(volume_of)
    {
        device.links.extend(volume_names(&group, &volume));
    }
    device.links.push(kernel_node);
    device.links.retain(|link| *link != device.node);
    device.size = Some(sectors.saturating_mul(512));
    device.number = Some((major, minor));
    Some(device)
}

/// What a device lies on: the disk of a partition, the slaves of the rest.
fn parents_of(tree: &Tree, name: &str) -> Vec<String> {
    let dir = Path::new(BLOCK).join(name);
    let text = |name: &std::ffi::OsStr| name.to_string_lossy().into_owned();
    if let Fact::Known(slaves) = tree.list(&dir.join("slaves"))
        && !slaves.is_empty()
    {
        return slaves.iter().map(|slave| text(slave)).collect();
    }
    match tree.resolve(&dir) {
        Fact::Known(found) => {
            let parent = found.path.parent().and_then(Path::file_name).map(text);
            // Above a whole disk stands `block`, or the device's controller.
            let is_disk = |parent: &String| {
                matches!(tree.lstat(&Path::new(BLOCK).join(parent)), Fact::Known(_))
            };
            parent.filter(is_disk).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn record(tree: &Tree, (major, minor): (u32, u32)) -> Option<Record> {
    let path = Path::new(UDEV).join(format!("b{major}:{minor}"));
    match tree.read(&path) {
        Fact::Known(file) => Some(udev_db::parse(file.bytes())),
        _ => None,
    }
}

fn add_record(device: &mut Device, record: &Record) {
    for link in &record.links {
        let link = format!("/dev/{link}");
        if link != device.node && !device.links.contains(&link) {
            device.links.push(link);
        }
    }
    let text = |name: &str| record.property(name).map(str::to_owned);
    device.fs = text("ID_FS_TYPE");
    device.uuid = record.exact("ID_FS_UUID");
    device.label = record.exact("ID_FS_LABEL");
    device.part_uuid = record
        .property("ID_PART_ENTRY_UUID")
        .map(|v| v.as_bytes().to_vec());
    let name = record.property("ID_PART_ENTRY_NAME");
    device.part_label = name.map(|name| udev_db::decode(name.as_bytes()));
    device.part_type = text("ID_PART_ENTRY_TYPE");
}

/// File systems of several devices have no number of one of them: there the source tells.
fn add_mounts(devices: &mut Devices, mounts: &[Mount]) {
    for mount in mounts {
        let device = devices
            .items
            .iter_mut()
            .find(|device| device.number == Some(mount.number) || device.is_called(&mount.source));
        if let Some(device) = device {
            let point = PathBuf::from(std::ffi::OsString::from_vec(mount.point.clone()));
            if !device.mounted.contains(&point) && point.as_os_str().as_bytes() != b"" {
                device.mounted.push(point);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Match, Spec};
    use super::*;
    use crate::source::{Coverage, MemSource};

    fn tree(source: MemSource) -> Tree {
        let coverage = Coverage::live();
        Tree::for_tests(source, coverage)
    }

    fn sample() -> MemSource {
        let mut source = MemSource::new();
        let disk = "/sys/devices/pci/block/sda";
        source
            .file(format!("{disk}/dev"), "8:0\n")
            .file(format!("{disk}/size"), "4096\n")
            .file(format!("{disk}/sda1/dev"), "8:1\n")
            .file(format!("{disk}/sda1/size"), "2048\n")
            .file(format!("{disk}/sda1/partition"), "1\n")
            .link("/sys/class/block/sda", "../../devices/pci/block/sda")
            .link("/sys/class/block/sda1", "../../devices/pci/block/sda/sda1")
            .file("/sys/class/block/dm-0/dev", "253:0\n")
            .file("/sys/class/block/dm-0/size", "1024\n")
            .file("/sys/class/block/dm-0/dm/name", "my--vg-root\n")
            .file("/sys/class/block/dm-0/dm/uuid", "LVM-abc\n")
            .file("/sys/class/block/dm-0/slaves/sda1", "")
            .file("/sys/class/block/loop0/dev", "7:0\n")
            .file("/sys/class/block/loop0/size", "0\n")
            .file(
                "/run/udev/data/b8:1",
                "E:ID_FS_TYPE=LVM2_member\nS:disk/by-id/x-part1\n",
            )
            .file(
                "/run/udev/data/b253:0",
                "E:ID_FS_UUID_ENC=1-2\nE:ID_FS_TYPE=ext4\n",
            )
            .file(
                "/proc/self/mountinfo",
                "1 0 253:0 / / rw - ext4 /dev/root rw\n",
            );
        source
    }

    #[test]
    fn devices_are_read_with_what_they_lie_on_and_where_they_are_mounted() {
        let Fact::Known(devices) = read(&tree(sample())) else {
            panic!("not known");
        };
        let nodes: Vec<&str> = devices.items.iter().map(|d| d.node.as_str()).collect();
        assert_eq!(nodes, ["/dev/mapper/my--vg-root", "/dev/sda", "/dev/sda1"]);
        let root = &devices.items[0];
        assert_eq!((root.kind, root.parents.as_slice()), (Kind::Lvm, &[2][..]));
        assert_eq!(devices.items[2].parents, [1]);
        assert_eq!(root.mounted, [Path::new("/")]);
        for spec in ["UUID=1-2", "/dev/my-vg/root", "/dev/dm-0", "253:0"] {
            let found = devices.find(&Spec::of_root(spec.as_bytes()).unwrap());
            assert_eq!(found, Match::One(root), "{spec}");
        }
        assert_eq!(devices.find(&Spec::Id(b"none".to_vec())), Match::None);
        assert_eq!(devices.find(&Spec::Uuid(b"9".to_vec())), Match::None);
    }

    #[test]
    fn without_udev_a_label_that_is_not_found_is_not_missing() {
        let mut source = sample();
        source.remove("/run/udev");
        let Fact::Known(devices) = read(&tree(source)) else {
            panic!("not known");
        };
        let label = devices.find(&Spec::Label(b"x".to_vec()));
        assert!(matches!(label, Match::Unread(_)));
        let node = devices.find(&Spec::Node(b"/dev/sdz".to_vec()));
        assert_eq!(node, Match::None);
    }

    #[test]
    fn without_sys_nothing_is_known() {
        assert!(matches!(read(&tree(MemSource::new())), Fact::Unknown(_)));
    }
}
