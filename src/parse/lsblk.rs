//! `lsblk -J -O`, of any util-linux (checked with 2.38; older ones print numbers as
//! texts, one mount point, and no `path`).

use serde_json::Value;

/// One row of the tree of devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The kernel's name, such as `sda1` or `dm-0`.
    pub kname: String,
    /// The name shown, such as `vg-root`.
    pub name: String,
    /// The node, where the version prints it.
    pub path: Option<String>,
    /// Major and minor number.
    pub number: Option<(u32, u32)>,
    /// `disk`, `part`, `lvm`, `crypt`, `raid1`, `loop`, `rom`, `mpath`, `dm`.
    pub kind: String,
    /// Size in bytes, where it is printed in bytes.
    pub size: Option<u64>,
    /// File system type.
    pub fs: Option<String>,
    /// Of the file system.
    pub uuid: Option<String>,
    /// Of the file system.
    pub label: Option<String>,
    /// Of the partition.
    pub part_uuid: Option<String>,
    /// Of the partition.
    pub part_label: Option<String>,
    /// Type of the partition: a GUID, or `0x83`.
    pub part_type: Option<String>,
    /// Where it is mounted.
    pub mounted: Vec<String>,
    /// Rows above it, by index: more than one for a RAID.
    pub parents: Vec<usize>,
}

/// Rows at most, and how deep they may be nested: a real machine has a few hundred rows,
/// five deep.
const MOST: usize = 100_000;
const DEEPEST: usize = 40;

/// The rows of a listing, parents first; nothing where the text is none.
#[must_use]
pub fn parse(text: &[u8]) -> Option<Vec<Row>> {
    let root: Value = serde_json::from_slice(text).ok()?;
    let devices = root.get("blockdevices")?.as_array()?;
    let mut rows = Vec::new();
    for device in devices {
        add(device, None, 0, &mut rows)?;
    }
    Some(rows)
}

fn add(device: &Value, parent: Option<usize>, depth: usize, rows: &mut Vec<Row>) -> Option<()> {
    if rows.len() >= MOST || depth > DEEPEST {
        return None;
    }
    let text = |key: &str| match device.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let name = text("name")?;
    let kname = text("kname").unwrap_or_else(|| name.clone());
    let number = text("maj:min").and_then(|text| {
        let (major, minor) = text.trim().split_once(':')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    });
    // A RAID stands below each of its members.
    let known = rows.iter().position(|row| row.kname == kname);
    let index = known.unwrap_or(rows.len());
    if known.is_none() {
        rows.push(Row {
            kname,
            name,
            path: text("path"),
            number,
            kind: text("type").unwrap_or_else(String::new),
            size: text("size").and_then(|size| size.parse().ok()),
            fs: text("fstype"),
            uuid: text("uuid"),
            label: text("label"),
            part_uuid: text("partuuid"),
            part_label: text("partlabel"),
            part_type: text("parttype"),
            mounted: mounted(device),
            parents: Vec::new(),
        });
    }
    if let (Some(parent), Some(row)) = (parent, rows.get_mut(index))
        && parent != index
        && !row.parents.contains(&parent)
    {
        row.parents.push(parent);
    }
    if known.is_none()
        && let Some(children) = device.get("children").and_then(Value::as_array)
    {
        for child in children {
            add(child, Some(index), depth + 1, rows)?;
        }
    }
    Some(())
}

/// `mountpoints`, or the one `mountpoint` of versions before 2.37.
fn mounted(device: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match device.get("mountpoints").and_then(Value::as_array) {
        Some(list) => list.iter().filter_map(text).collect(),
        None => device
            .get("mountpoint")
            .and_then(text)
            .into_iter()
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const OLD: &str = r#"{"blockdevices": [
        {"name": "sda", "kname": "sda", "maj:min": "8:0", "fstype": null, "type": "disk", "size": "20G",
         "children": [
            {"name": "sda1", "kname": "sda1", "maj:min": "8:1", "fstype": "linux_raid_member",
             "type": "part", "children": [
                {"name": "md0", "kname": "md0", "maj:min": "9:0", "fstype": "ext4", "uuid": "1-2",
                 "mountpoint": "/", "type": "raid1"}]}]},
        {"name": "sdb", "kname": "sdb", "maj:min": "8:16", "type": "disk", "children": [
            {"name": "sdb1", "kname": "sdb1", "maj:min": "8:17", "fstype": "linux_raid_member",
             "type": "part", "children": [
                {"name": "md0", "kname": "md0", "maj:min": "9:0", "fstype": "ext4", "uuid": "1-2",
                 "mountpoint": "/", "type": "raid1"}]}]}]}"#;

    #[test]
    fn nested_rows_are_laid_flat_and_a_raid_stands_once_below_its_members() {
        let rows = parse(OLD.as_bytes()).unwrap();
        let names: Vec<&str> = rows.iter().map(|row| row.kname.as_str()).collect();
        assert_eq!(names, ["sda", "sda1", "md0", "sdb", "sdb1"]);
        assert_eq!(rows[2].parents, [1, 4]);
        assert_eq!(rows[2].number, Some((9, 0)));
        assert_eq!(rows[2].mounted, ["/"]);
        assert_eq!(rows[0].size, None);
    }

    #[test]
    fn newer_versions_print_numbers_paths_and_several_mount_points() {
        let text = r#"{"blockdevices": [{"name": "vg-r", "kname": "dm-0", "path": "/dev/mapper/vg-r",
            "maj:min": "253:0", "size": 1048576, "type": "lvm", "label": "",
            "mountpoints": ["/", null, "/srv"]}]}"#;
        let rows = parse(text.as_bytes()).unwrap();
        assert_eq!(rows[0].size, Some(1_048_576));
        assert_eq!(rows[0].path.as_deref(), Some("/dev/mapper/vg-r"));
        assert_eq!(rows[0].mounted, ["/", "/srv"]);
        assert_eq!(rows[0].label, None);
    }

    #[test]
    fn other_texts_are_no_listing_and_no_nesting_is_too_deep() {
        assert_eq!(parse(b"[]"), None);
        assert_eq!(parse(b"{\"filesystems\": []}"), None);
        assert_eq!(parse(b"{\"blockdevices\": [{\"kname\": \"x\"}]}"), None);
        let deep = 60;
        let mut text = String::from("{\"blockdevices\": [");
        for n in 0..deep {
            let _ = write!(text, "{{\"name\": \"d{n}\", \"children\": [");
        }
        text += &"]}".repeat(deep);
        text += "]}";
        assert_eq!(parse(text.as_bytes()), None);
    }
}
