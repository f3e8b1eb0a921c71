//! Generators of other packages, as far as they add units to a boot.

use std::path::{Path, PathBuf};

use super::{DIR, EARLY, GENERATOR_DIRS, UNITS, Writer};
use crate::fact::{Fact, Listing};
use crate::parse::unit::{self, UnitType};
use crate::source::Tree;

/// Names of generators whose effect on a boot is known: modelled, or only more of what
/// a boot does not hang on.
const KNOWN: [&str; 31] = [
    "anaconda-generator",
    "chromeos-generator",
    "cloud-init-generator",
    "friendly-recovery",
    "kdump-dep-generator.sh",
    "lvm2-activation-generator",
    "netplan",
    "nfs-server-generator",
    "openvpn-generator",
    "ostree-system-generator",
    "podman-system-generator",
    "postgresql-generator",
    "rpc-pipefs-generator",
    "selinux-autorelabel-generator.sh",
    "snapd-generator",
    "systemd-bless-boot-generator",
    "systemd-crontab-generator",
    "systemd-cryptsetup-generator",
    "systemd-debug-generator",
    "systemd-factory-reset-generator",
    "systemd-fstab-generator",
    "systemd-getty-generator",
    "systemd-hibernate-resume-generator",
    "systemd-import-generator",
    "systemd-integritysetup-generator",
    "systemd-rc-local-generator",
    "systemd-run-generator",
    "systemd-ssh-generator",
    "systemd-system-update-generator",
    "systemd-sysv-generator",
    "systemd-tpm2-generator",
];

/// More of them, whose name says enough.
const KNOWN_TOO: [&str; 6] = [
    "systemd-veritysetup-generator",
    "systemd-gpt-auto-generator",
    "systemd-bootchart-generator",
    "zfs-mount-generator",
    "zram-generator",
    "ssh-socket-generator",
];

/// Generators in the tree that nothing is known of.
pub(in super::super) fn unknown(tree: &Tree) -> Listing<PathBuf> {
    let mut out = Listing::new();
    let mut seen: Vec<std::ffi::OsString> = Vec::new();
    for dir in GENERATOR_DIRS {
        let listing = tree.entries(Path::new(dir));
        out.gaps.extend(listing.gaps);
        for path in listing.items {
            let Some(name) = path.file_name() else {
                continue;
            };
            if seen.iter().any(|known| known == name) {
                continue;
            }
            seen.push(name.to_os_string());
            let known = |list: &[&str]| list.iter().any(|known| name == *known);
            let runs = matches!(tree.resolve(&path), Fact::Known(found) if found.meta.is_program());
            if runs && !known(&KNOWN) && !known(&KNOWN_TOO) {
                out.items.push(path);
            }
        }
    }
    out
}

/// A socket for ssh between the machine and its host (systemd 256 and later).
pub(super) fn ssh(w: &mut Writer<'_>) {
    let sshd = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"];
    let there = |path: &&str| matches!(w.context.tree.resolve(Path::new(path)), Fact::Known(_));
    if !w.context.words.switch("systemd.ssh_auto", true) || !sshd.iter().any(there) {
        return;
    }
    let name = "sshd-unix-local.socket";
    let body = "[Unit]\nDocumentation=man:systemd-ssh-generator(8)\n\n[Socket]\n\
         ListenStream=/run/ssh-unix-local/socket\nAccept=yes\nPollLimitIntervalSec=30s\n\
         PollLimitBurst=50\n";
    w.file(DIR, name, body, None);
    w.pull("sockets.target", "wants", name, None);
}

/// Where NFS has its pipes, where that is not the default (nfs-utils 2.6
/// `systemd/rpc-pipefs-generator.c`).
pub(super) fn pipes(w: &mut Writer<'_>) {
    let Fact::Known(file) = w.context.tree.read(Path::new("/etc/nfs.conf")) else {
        return;
    };
    let text = String::from_utf8_lossy(file.bytes()).into_owned();
    let mut inside = false;
    let mut dir = None;
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            inside = section.trim_end_matches(']').trim() == "general";
        } else if inside
            && let Some((key, value)) = line.split_once('=')
            && key.trim().eq_ignore_ascii_case("pipefs-directory")
        {
            dir = Some(
                value
                    .trim()
                    .trim_matches('"')
                    .trim_end_matches('/')
                    .to_owned(),
            );
        }
    }
    let Some(dir) = dir.filter(|dir| dir.starts_with('/')) else {
        return;
    };
    if dir == "/var/lib/nfs/rpc_pipefs" {
        return;
    }
    let Some(mount) = unit::from_path(dir.as_bytes(), UnitType::Mount) else {
        return;
    };
    let body = format!(
        "[Unit]\nDefaultDependencies=no\nAfter=systemd-tmpfiles-setup.service\n\
         Conflicts=umount.target\n\n[Mount]\nWhat=sunrpc\nWhere={dir}\nType=rpc_pipefs\n"
    );
    w.file(DIR, &mount, &body, None);
    let body = format!("[Unit]\nRequires={mount}\nAfter={mount}\n");
    w.file(DIR, "rpc_pipefs.target", &body, None);
}

/// cloud-init, unless it is switched off; it also looks for a data source, which is
/// taken as found.
pub(super) fn cloud_init(w: &mut Writer<'_>) {
    let off = Path::new("/etc/cloud/cloud-init.disabled");
    let told = w.context.words.last("cloud-init").flatten();
    if matches!(w.context.tree.lstat(off), Fact::Known(_)) || told == Some("disabled") {
        return;
    }
    let link = Path::new(EARLY).join("multi-user.target.wants/cloud-init.target");
    w.out
        .link(&link, format!("{UNITS}/cloud-init.target"), w.by, None);
}

/// netplan starts networkd where it is not told to leave that to `NetworkManager`.
pub(super) fn netplan(w: &mut Writer<'_>) {
    let mut networkd = false;
    for dir in ["/etc/netplan", "/usr/lib/netplan", "/lib/netplan"] {
        for path in w.context.tree.entries(Path::new(dir)).items {
            if path.extension().is_none_or(|end| end != "yaml") {
                continue;
            }
            if let Fact::Known(file) = w.context.tree.read(&path) {
                let text = String::from_utf8_lossy(file.bytes()).into_owned();
                networkd |= !text.contains("renderer: NetworkManager");
            }
        }
    }
    if networkd {
        let unit = format!("{UNITS}/systemd-networkd.service");
        w.pull("multi-user.target", "wants", &unit, None);
        let wait = format!("{UNITS}/systemd-networkd-wait-online.service");
        w.pull("network-online.target", "wants", &wait, None);
    }
}
