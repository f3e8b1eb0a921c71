//! The names of interfaces: those that are there, and those that something configures.

use std::path::Path;

use crate::fact::{Fact, Listing, Why};
use crate::source::Tree;
use crate::text::File;

/// Where the running system lists its interfaces.
pub const RUNNING: &str = "/sys/class/net";

/// Where interfaces are configured: directories whose files may name them.
const CONFIGURED: [&str; 12] = [
    "/etc/network/interfaces.d",
    "/etc/systemd/network",
    "/run/systemd/network",
    "/usr/lib/systemd/network",
    "/etc/NetworkManager/system-connections",
    "/run/NetworkManager/system-connections",
    "/etc/netplan",
    "/etc/sysconfig/network-scripts",
    "/etc/sysconfig/network",
    "/etc/udev/rules.d",
    "/etc/wireguard",
    "/etc/openvpn",
];

/// How the names of interfaces that hardware brings begin (systemd.net-naming-scheme(7),
/// the kernel's own names, and what bonds and bridges are mostly called). Others come
/// and go: tunnels, containers.
const LASTING: [&[u8]; 9] = [
    b"eth", b"eno", b"ens", b"enp", b"enx", b"bond", b"ib", b"wlan", b"wlp",
];

/// The interfaces of the running system; not covered where none is behind the tree.
#[must_use]
pub fn running(tree: &Tree) -> Listing<Vec<u8>> {
    let entries = tree.entries(Path::new(RUNNING));
    let mut names = Listing::new();
    let paths = entries.items.iter().filter_map(|path| path.file_name());
    names.items = paths.map(|name| name.as_encoded_bytes().to_vec()).collect();
    names.gaps = entries.gaps;
    names.uncovered = entries.uncovered;
    if names.items.is_empty() && names.gaps.is_empty() && names.uncovered.is_empty() {
        names.uncovered.push(Why::NoRuntime);
    }
    names
}

/// Whether hardware brings interfaces of such a name, so that one that is not there now
/// and that nothing configures will not be there later.
#[must_use]
pub fn is_lasting(name: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"._-@".contains(b);
    let begins = |start: &&[u8]| name.starts_with(start) && name.len() > start.len();
    name.len() < 16 && name.iter().all(plain) && LASTING.iter().any(begins)
}

/// Whether `file` has `name` as a word.
fn names(file: &File, name: &[u8]) -> bool {
    let part = |b: &u8| !b.is_ascii_alphanumeric() && !b"._-@".contains(b);
    file.bytes().split(part).any(|word| word == name)
}

/// Whether something configures an interface of that name.
#[must_use]
pub fn is_configured(tree: &Tree, name: &[u8]) -> bool {
    let read = |path: &Path| match tree.read(path) {
        Fact::Known(file) => names(&file, name),
        _ => false,
    };
    let file = |path: &Path| {
        let text = path
            .file_name()
            .map_or(Vec::new(), |n| n.as_encoded_bytes().to_vec());
        text.ends_with(name) || read(path)
    };
    let there = |dir: &&str| {
        let entries = tree.entries(Path::new(dir));
        entries.items.iter().any(|path| file(path))
    };
    read(Path::new("/etc/network/interfaces")) || CONFIGURED.iter().any(there)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_hardware_brings_are_told_from_those_that_come_and_go() {
        for name in [
            "eth0",
            "eno1",
            "enp3s0f1",
            "bond0",
            "enx001122334455",
            "eth0.20",
        ] {
            assert!(is_lasting(name.as_bytes()), "{name}");
        }
        for name in [
            "tun0", "wg0", "docker0", "veth12", "eth", "lo", "eth0 x", "",
        ] {
            assert!(!is_lasting(name.as_bytes()), "{name}");
        }
    }
}
