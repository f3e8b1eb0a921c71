//! Configuration updates that a package manager left for the administrator.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::fact::Listing;
use crate::source::{FileKind, Tree};

/// What a left-over file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// A new version waits beside the one in use; the one in use still counts.
    NewVersionWaits,
    /// Unpacked and never put in place: an interrupted transaction.
    HalfUnpacked,
    /// The one in use was moved away: the program now runs with defaults, or not.
    OwnMovedAway,
}

/// One left-over file.
#[derive(Debug)]
pub struct Merge {
    /// The left-over file.
    pub path: PathBuf,
    /// The file it is meant for.
    pub for_file: PathBuf,
    /// What it means.
    pub meaning: Meaning,
    /// Whether the boot reads the file it is meant for.
    pub boot_critical: bool,
}

/// The names, by the tool that leaves them: portage (`._cfg0000_NAME`), dpkg and
/// ucf, rpm, pacman, apk.
const SUFFIXES: [(&str, Meaning); 9] = [
    (".dpkg-dist", Meaning::NewVersionWaits),
    (".dpkg-new", Meaning::HalfUnpacked),
    (".ucf-dist", Meaning::NewVersionWaits),
    (".rpmnew", Meaning::NewVersionWaits),
    (".rpmsave", Meaning::OwnMovedAway),
    (".rpmorig", Meaning::OwnMovedAway),
    (".pacnew", Meaning::NewVersionWaits),
    (".pacsave", Meaning::OwnMovedAway),
    (".apk-new", Meaning::NewVersionWaits),
];

/// What the boot or the way in reads, below /etc.
static CRITICAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^/etc/(?:fstab|crypttab|inittab|rc\.conf|passwd|group|shadow|nsswitch\.conf|sudoers",
        r"|securetty|modules|default/grub|ssh/sshd_config|mdadm(?:/mdadm)?\.conf",
        r"|(?:init\.d|conf\.d|pam\.d|network|netplan|systemd|udev|modprobe\.d|modules-load\.d",
        r"|initramfs-tools|dracut\.conf\.d|grub\.d|keepalived|lvm|sysconfig/network-scripts)/.*)$"
    ))
    .ok()
});

/// Levels below /etc that are searched.
const DEPTH: usize = 6;

/// The left-over files below /etc, in order. Packages bring no such files.
pub fn pending(tree: &Tree) -> Listing<Merge> {
    let walk = tree.walk_standing(Path::new("/etc"), DEPTH, &|path| merge(path).is_some());
    let mut out = Listing::new();
    for entry in out.take_gaps(walk) {
        if entry.meta.kind == FileKind::File {
            out.items.extend(merge(&entry.path));
        }
    }
    out
}

fn merge(path: &Path) -> Option<Merge> {
    let name = path.file_name()?.as_bytes();
    let (for_name, meaning) = portage(name).or_else(|| {
        let text = std::str::from_utf8(name).ok()?;
        let hit = |(suffix, meaning): &(&str, Meaning)| {
            let base = text.strip_suffix(suffix).filter(|base| !base.is_empty())?;
            Some((base.as_bytes(), *meaning))
        };
        SUFFIXES.iter().find_map(hit)
    })?;
    let for_file = path.with_file_name(std::ffi::OsStr::from_bytes(for_name));
    let critical = CRITICAL.as_ref();
    let boot_critical = critical.is_none_or(|c| c.is_match(for_file.as_os_str().as_bytes()));
    Some(Merge {
        path: path.to_path_buf(),
        for_file,
        meaning,
        boot_critical,
    })
}

/// `._cfg0000_NAME`.
fn portage(name: &[u8]) -> Option<(&[u8], Meaning)> {
    let rest = name.strip_prefix(b"._cfg")?;
    let (digits, rest) = rest.split_at_checked(4)?;
    let base = rest.strip_prefix(b"_").filter(|base| !base.is_empty())?;
    let numbered = digits.iter().all(u8::is_ascii_digit);
    numbered.then_some((base, Meaning::NewVersionWaits))
}

#[cfg(test)]
mod tests {
    use super::Meaning::{HalfUnpacked, NewVersionWaits, OwnMovedAway};
    use super::*;

    #[test]
    fn left_over_names_are_told_from_ordinary_ones() {
        let meaning = |path: &str| {
            let merge = merge(Path::new(path));
            merge.map(|m| (m.for_file.display().to_string(), m.meaning, m.boot_critical))
        };
        let cases = [
            (
                "/etc/init.d/._cfg0000_proftpd",
                "/etc/init.d/proftpd",
                NewVersionWaits,
                true,
            ),
            ("/etc/fstab.rpmsave", "/etc/fstab", OwnMovedAway, true),
            (
                "/etc/foo.conf.dpkg-new",
                "/etc/foo.conf",
                HalfUnpacked,
                false,
            ),
            (
                "/etc/ssh/sshd_config.ucf-dist",
                "/etc/ssh/sshd_config",
                NewVersionWaits,
                true,
            ),
        ];
        for (path, for_file, expected, critical) in cases {
            assert_eq!(
                meaning(path),
                Some((for_file.to_owned(), expected, critical)),
                "{path}"
            );
        }
        for path in [
            "/etc/._cfg00_x",
            "/etc/._cfg0000_",
            "/etc/.dpkg-new",
            "/etc/a.dpkg-old",
        ] {
            assert_eq!(meaning(path), None, "{path}");
        }
    }
}
