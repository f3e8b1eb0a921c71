//! Scripts and files of other programs that may set what no manager of interfaces does:
//! read only where something would else be called lost, and then only for its words.

use std::path::{Path, PathBuf};

use crate::fact::Fact;
use crate::facts::Host;
use crate::source::FileKind;

/// Where scripts and such files lie.
const PLACES: [&str; 38] = [
    "/etc/network/if-pre-up.d",
    "/etc/network/if-up.d",
    "/etc/NetworkManager/dispatcher.d",
    "/etc/networkd-dispatcher",
    "/etc/rc.local",
    "/etc/rc.d/rc.local",
    "/etc/local.d",
    "/etc/conf.d",
    "/etc/default",
    "/etc/sysconfig",
    "/etc/init.d",
    "/etc/systemd/system",
    "/etc/dhcp",
    "/etc/dhcpcd.conf",
    "/etc/dhcpcd.enter-hook",
    "/etc/dhcpcd.exit-hook",
    "/etc/ppp",
    "/etc/crontab",
    "/etc/cron.d",
    "/var/spool/cron",
    "/etc/keepalived",
    "/etc/ha.d",
    "/etc/corosync",
    "/var/lib/pacemaker/cib",
    "/etc/ucarp",
    "/etc/vip-manager",
    "/etc/patroni",
    "/etc/wireguard",
    "/etc/openvpn",
    "/etc/frr",
    "/etc/bird",
    "/etc/bird.conf",
    "/etc/libvirt/qemu/networks",
    "/etc/docker",
    "/etc/lxc",
    "/etc/iptables",
    "/usr/local/sbin",
    "/usr/local/bin",
];
/// Largest file that is read, and deepest directory.
const LARGEST: u64 = 1 << 20;
const DEEPEST: usize = 4;

/// The first file of these that says all of the words.
pub(super) fn find(host: &Host, words: &[&str]) -> Option<PathBuf> {
    PLACES.iter().find_map(|place| {
        let place = Path::new(place);
        let Fact::Known(found) = host.resolve(place) else {
            return None;
        };
        if found.meta.kind == FileKind::File {
            return says(host, place, found.meta.len, words).then(|| place.to_path_buf());
        }
        let below = host.tree().walk(&found.path, DEEPEST);
        let files = below
            .items
            .into_iter()
            .filter(|item| item.meta.kind == FileKind::File);
        let mut saying = files.filter(|file| says(host, &file.path, file.meta.len, words));
        saying.next().map(|file| file.path)
    })
}

fn says(host: &Host, path: &Path, length: u64, words: &[&str]) -> bool {
    if length > LARGEST {
        return false;
    }
    match host.tree().read(path) {
        Fact::Known(file) => words.iter().all(|word| has_word(file.bytes(), word)),
        _ => false,
    }
}

/// Whether a text has a word that nothing of its own kind goes on with.
pub(super) fn has_word(text: &[u8], word: &str) -> bool {
    let inside = |byte: Option<&u8>| {
        byte.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'_'))
    };
    let finder = memchr::memmem::Finder::new(word.as_bytes());
    finder.find_iter(text).any(|at| {
        let before = at.checked_sub(1).and_then(|at| text.get(at));
        let after = text.get(at + word.len());
        // The end of a sentence is none of an address.
        let ends = after == Some(&b'.') && !inside(text.get(at + word.len() + 1));
        !inside(before) && (ends || !inside(after))
    })
}

#[cfg(test)]
mod tests {
    use super::has_word;

    #[test]
    fn a_word_is_no_part_of_a_longer_one() {
        assert!(has_word(b"ip addr add 192.0.2.1/24", "192.0.2.1"));
        assert!(has_word(b"is 192.0.2.1.", "192.0.2.1"));
        assert!(!has_word(b"192.0.2.11", "192.0.2.1"));
        assert!(!has_word(b"10.192.0.2.1", "192.0.2.1"));
        assert!(!has_word(b"2001:db8::1:2", "2001:db8::1"));
    }
}
