//! `packages-file-altered`: files of the boot are not as their package ships them.

use std::collections::BTreeMap;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::packages::{Altered, Wrong, altered};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Impact, Rule};

pub(in crate::rules) struct FileAltered;

/// Packages that are looked at: what runs before, as and just after process 1, by
/// dpkg's and by rpm's names.
const PACKAGES: [&str; 44] = [
    "bash",
    "busybox",
    "coreutils",
    "cryptsetup",
    "cryptsetup-bin",
    "dash",
    "dmsetup",
    "e2fsprogs",
    "glibc",
    "ifupdown",
    "init-system-helpers",
    "initscripts",
    "insserv",
    "iproute",
    "iproute2",
    "kmod",
    "libblkid1",
    "libc6",
    "libkmod2",
    "libmount1",
    "libpam-modules",
    "libpam0g",
    "libselinux1",
    "libsystemd-shared",
    "libsystemd0",
    "libudev1",
    "login",
    "lvm2",
    "mdadm",
    "mount",
    "network-manager",
    "NetworkManager",
    "openrc",
    "openssh-server",
    "runit",
    "startpar",
    "systemd",
    "systemd-libs",
    "systemd-sysv",
    "systemd-udev",
    "sysv-rc",
    "sysvinit-core",
    "udev",
    "util-linux",
];

/// Where their programs, libraries and units are.
const DIRS: [&[u8]; 9] = [
    b"/bin/",
    b"/lib/",
    b"/lib32/",
    b"/lib64/",
    b"/sbin/",
    b"/usr/bin/",
    b"/usr/lib/",
    b"/usr/lib64/",
    b"/usr/sbin/",
];

/// What is left out by those who make images small, and what no boot reads.
const NOT: [&[u8]; 4] = [b"/locale", b"/firmware/", b"/debug/", b"/.build-id"];

/// Named in the evidence.
const SHOWN: usize = 5;

impl Rule for FileAltered {
    fn id(&self) -> &'static str {
        "packages-file-altered"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let packages = super::databases(host)?;
        if packages.dpkg.is_none() && packages.rpm.is_none() {
            return Err(Stop::NotApplicable("no checksums that are read"));
        }
        if packages.has("prelink") {
            return Err(Stop::NotApplicable("prelink changes programs on purpose"));
        }
        let name = |name: &str| PACKAGES.contains(&name);
        let path = |path: &[u8]| {
            let inside = DIRS.iter().any(|dir| path.starts_with(dir));
            inside && !NOT.iter().any(|not| contains(path, not))
        };
        let found = altered(host.tree(), host.sums(), packages, &name, &path);
        let mut out = Findings::new();
        out.open.extend(found.gaps);
        out.uncovered.extend(found.uncovered);
        let mut by: BTreeMap<(&str, Wrong), Vec<&Altered>> = BTreeMap::new();
        for one in found.items.iter().filter(|one| !one.is_config) {
            by.entry((&one.package, one.wrong)).or_default().push(one);
        }
        for ((package, wrong), files) in by {
            let count = files.len();
            let (message, text) = match (wrong, count) {
                (Wrong::Missing, 1) => (
                    format!("a file of package {package} is missing"),
                    "is missing",
                ),
                (Wrong::Missing, _) => (
                    format!("{count} files of package {package} are missing"),
                    "is missing",
                ),
                (Wrong::Changed, 1) => (
                    format!("a file of package {package} is not what it shipped"),
                    "has another checksum",
                ),
                (Wrong::Changed, _) => (
                    format!("{count} files of package {package} are not what it shipped"),
                    "has another checksum",
                ),
            };
            let shown = files.iter().take(SHOWN);
            let mut evidence = shown.map(|one| Evidence::path(&one.path, text));
            let Some(first) = evidence.next() else {
                continue;
            };
            let mut finding = Finding::new(self.id(), package, message, first)
                .with_all(evidence)
                .follows(&["init-missing", "init-program-broken"]);
            if count > SHOWN {
                let text = format!("and {} more", count - SHOWN);
                finding = finding.with(Evidence::computed(text));
            }
            if wrong == Wrong::Changed {
                finding = finding.confidence(Confidence::Likely);
            }
            if package == "openssh-server" {
                finding = finding.impact(&[Impact::NoAccess]);
            }
            let command = if packages.dpkg.is_some() {
                format!("apt-get install --reinstall {package}")
            } else {
                format!("dnf reinstall {package}")
            };
            out.push(finding.fix("Put them back as shipped:", &[&command]));
        }
        Ok(out)
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}
