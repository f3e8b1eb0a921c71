//! What the kernel was told: settings, modules, swap, packet filters.

use std::path::Path;

use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::facts::running;
use crate::facts::sysctl::Sysctl;
use crate::parse::sysctl::Reader;
use crate::source::TreeKind;
use crate::text::Place;

/// Settings that are made by hand more often than in a file.
const KNOWN: [&str; 8] = [
    "kernel/panic",
    "net/core/somaxconn",
    "net/ipv4/conf/all/forwarding",
    "net/ipv4/ip_nonlocal_bind",
    "net/ipv6/conf/all/forwarding",
    "vm/max_map_count",
    "vm/overcommit_memory",
    "vm/swappiness",
];

/// The settings worth comparing, as paths below /proc/sys: those that files set, and a
/// few that are made by hand.
#[must_use]
pub fn setting_keys(host: &Host) -> Listing<String> {
    running::of_running(host, |out| {
        let files = Sysctl::read(host.tree(), Reader::Procps);
        out.gaps.extend(files.gaps);
        let lines = files.lines.iter().filter(|line| !line.is_glob());
        out.items.extend(lines.map(|line| line.key.clone()));
        out.items.extend(KNOWN.map(str::to_owned));
        out.items.sort();
        out.items.dedup();
    })
}

/// The value of a setting now, with its place.
#[must_use]
pub fn setting(host: &Host, key: &str) -> Fact<(String, Place)> {
    super::line(host, &format!("/proc/sys/{key}"))
}

/// Where modules are named that are loaded at boot (modules-load.d(5), modules(5)).
const DECLARED: [&str; 5] = [
    "/etc/modules-load.d",
    "/run/modules-load.d",
    "/usr/local/lib/modules-load.d",
    "/usr/lib/modules-load.d",
    "/lib/modules-load.d",
];

/// Modules that files name for the boot, as the kernel writes their names.
#[must_use]
pub fn declared_modules(host: &Host) -> Listing<(String, Place)> {
    let mut out = Listing::new();
    let mut files = vec![Path::new("/etc/modules").to_path_buf()];
    for dir in DECLARED {
        let found = out.take_gaps(host.tree().entries(Path::new(dir)));
        let conf = |path: &std::path::PathBuf| path.extension().is_some_and(|e| e == "conf");
        files.extend(found.into_iter().filter(conf));
    }
    for path in files {
        let Some(file) = out.take(host.tree().read(&path)) else {
            continue;
        };
        for (words, place) in super::rows(&file, 0) {
            let name = words.first().filter(|word| !word.starts_with(['#', ';']));
            let name = name.map(|name| name.replace('-', "_"));
            out.items.extend(name.map(|name| (name, place)));
        }
    }
    out
}

/// The modules that are loaded: name, and how often each is used.
#[must_use]
pub fn loaded_modules(host: &Host) -> Listing<(String, u32, Place)> {
    running::of_running(host, |out| {
        let Some(file) = out.take(host.tree().read(Path::new("/proc/modules"))) else {
            return;
        };
        for (words, place) in super::rows(&file, 0) {
            let used = words.get(2).and_then(|word| word.parse().ok());
            if let (Some(name), Some(used)) = (words.first(), used) {
                out.items.push((name.clone(), used, place));
            }
        }
    })
}

/// Whether the kernel has a module, loaded or built in.
#[must_use]
pub fn has_module(host: &Host, name: &str) -> Fact<()> {
    let path = format!("/sys/module/{name}");
    host.tree().lstat(Path::new(&path)).map(|_| ())
}

/// One area of swap.
#[derive(Clone, Debug)]
pub struct Swap {
    /// The device or file.
    pub path: String,
    /// Its size, KiB.
    pub size: u64,
    /// Its line.
    pub place: Place,
}

/// The swap in use (Linux 6.1 `mm/swapfile.c`, `swap_show`).
#[must_use]
pub fn swaps(host: &Host) -> Listing<Swap> {
    running::of_running(host, |out| {
        let Some(file) = out.take(host.tree().read(Path::new("/proc/swaps"))) else {
            return;
        };
        for (words, place) in super::rows(&file, 1) {
            let size = words.get(2).and_then(|word| word.parse().ok());
            if let (Some(path), Some(size)) = (words.first(), size) {
                let path = path.clone();
                out.items.push(Swap { path, size, place });
            }
        }
    })
}

/// Signs that packets are filtered: the tables of iptables, each as `ip filter`, and
/// `nftables` where its part of the kernel is in use.
#[must_use]
pub fn firewall(host: &Host) -> Listing<(String, Place)> {
    let mut out = Listing::new();
    if host.tree().coverage().kind != TreeKind::Live {
        return running::of_running(host, |_| {});
    }
    for (path, family) in [
        ("/proc/net/ip_tables_names", "ip"),
        ("/proc/net/ip6_tables_names", "ip6"),
    ] {
        let Some(file) = out.take(host.tree().read(Path::new(path))) else {
            continue;
        };
        for (words, place) in super::rows(&file, 0) {
            out.items.extend(
                words
                    .first()
                    .map(|name| (format!("{family} {name}"), place)),
            );
        }
    }
    for (name, used, place) in out.take_gaps(loaded_modules(host)) {
        // Each rule and set holds it.
        if name == "nf_tables" && used > 0 {
            out.items.push(("nftables".to_owned(), place));
        }
    }
    out
}
