//! Whether a file system is checked, and by which unit (systemd 257
//! `src/shared/generator.c`, `generator_write_fsck_deps`).

use std::path::Path;

use super::{UNITS, Writer};
use crate::fact::Fact;
use crate::parse::unit;
use crate::shell::DEFAULT_DIRS;
use crate::text::Place;

/// Whether a program of that name is there, or may be.
fn has_program(w: &Writer<'_>, name: &str) -> bool {
    DEFAULT_DIRS.iter().any(|dir| {
        let found = w.context.tree.resolve(&Path::new(dir).join(name));
        match found {
            Fact::Known(found) => found.meta.any_execute_bit(),
            Fact::Absent(_) | Fact::Broken(_) => false,
            Fact::Unknown(_) | Fact::NotCovered(_) => true,
        }
    })
}

/// The lines about fsck in the `[Unit]` section of a mount.
pub(super) fn lines(
    w: &mut Writer<'_>,
    what: &str,
    target: &str,
    fs_type: &str,
    origin: Option<&Place>,
) -> String {
    let is_device = ["/dev/", "/sys/"].iter().any(|dir| {
        let rest = what.strip_prefix(dir);
        rest.is_some_and(|rest| !rest.is_empty())
    });
    if !is_device {
        return String::new();
    }
    let of_type = !fs_type.is_empty() && fs_type != "auto";
    let checks = if of_type {
        let helper = format!("fsck.{fs_type}");
        has_program(w, "fsck") && has_program(w, &helper)
    } else {
        w.context.version < 250 || has_program(w, "fsck")
    };
    if !checks {
        return String::new();
    }
    if target == "/" {
        let unit = format!("{UNITS}/systemd-fsck-root.service");
        w.pull("local-fs.target", "wants", &unit, origin);
        return String::new();
    }
    let Some(escaped) = unit::escape_path(what.as_bytes()) else {
        return String::new();
    };
    let name = format!("systemd-fsck@{escaped}.service");
    let how = if target == "/usr" {
        "Wants"
    } else {
        "Requires"
    };
    format!("{how}={name}\nAfter={name}\n")
}
