//! The time zone a host's daemons run in.

use std::path::{Path, PathBuf};

use crate::fact::Fact;
use crate::source::{Tree, TreeKind};
use crate::time::Zone;

/// Where compiled zone files are (tzdata on every distribution).
const ZONEINFO: &str = "/usr/share/zoneinfo";

/// The zone of `/etc/localtime`. Without that file the C library takes UTC; a
/// partial tree that lacks it leaves the zone assumed.
#[must_use]
pub fn read(tree: &Tree) -> Zone {
    let localtime = Path::new("/etc/localtime");
    let named = name_of(tree);
    match tree.read(localtime) {
        Fact::Known(file) => {
            let name = named.unwrap_or_else(|| "localtime".to_owned());
            let zone = Zone::tzif(&name, file.bytes());
            zone.unwrap_or_else(|_| Zone::utc().assumed())
        }
        Fact::Absent(_) if tree.coverage().kind != TreeKind::Partial => {
            // A link to a zone file that is not there: the same for the C library.
            Zone::utc()
        }
        _ => {
            let by_name = named.and_then(|name| called(tree, &name));
            by_name.unwrap_or_else(|| Zone::utc().assumed())
        }
    }
}

/// The zone's name: where the link points, else what Debian's /etc/timezone says.
fn name_of(tree: &Tree) -> Option<String> {
    if let Fact::Known(target) = tree.read_link(Path::new("/etc/localtime")) {
        let text = target.to_string_lossy().into_owned();
        if let Some((_, name)) = text.split_once("zoneinfo/") {
            return Some(name.to_owned());
        }
    }
    match tree.read(Path::new("/etc/timezone")) {
        Fact::Known(file) => {
            let text = String::from_utf8_lossy(file.bytes()).trim().to_owned();
            (!text.is_empty()).then_some(text)
        }
        _ => None,
    }
}

/// The zone file of that name in the tree.
pub(super) fn called(tree: &Tree, name: &str) -> Option<Zone> {
    let relative = PathBuf::from(name);
    let plain = |part| matches!(part, std::path::Component::Normal(_));
    if name.is_empty() || !relative.components().all(plain) {
        return None;
    }
    if matches!(name, "UTC" | "Etc/UTC" | "Universal" | "Zulu") {
        return Some(Zone::utc());
    }
    match tree.read(&Path::new(ZONEINFO).join(relative)) {
        Fact::Known(file) => Zone::tzif(name, file.bytes()).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, Limits, MemSource};
    use crate::time::Deadline;

    #[test]
    fn without_localtime_a_whole_root_is_in_utc_and_a_part_is_not_known() {
        let zone = |coverage| {
            let source = Box::new(MemSource::new());
            read(&Tree::new(
                source,
                coverage,
                Limits::STANDARD,
                Deadline::none(),
            ))
        };
        assert!(!zone(Coverage::full(true)).is_assumed());
        assert!(zone(Coverage::partial(Vec::new())).is_assumed());
    }

    #[test]
    fn a_zone_name_cannot_lead_out_of_the_zone_directory() {
        let mut source = MemSource::new();
        source.file("/etc/passwd", "x");
        let coverage = Coverage::full(true);
        let tree = Tree::for_tests(source, coverage);
        assert!(called(&tree, "../../../etc/passwd").is_none());
        assert!(called(&tree, "/etc/passwd").is_none());
        assert!(called(&tree, "UTC").is_some());
    }
}
