//! `packages-set-split`: packages that move together are at different versions.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::packages::Dpkg;
use crate::parse::dpkg::{Package, Want};
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Rule};

pub(in crate::rules) struct SetSplit;

/// What of a version has to be the same.
#[derive(Clone, Copy)]
enum Same {
    /// All of it.
    Whole,
    /// The program's own version, without what the distribution adds.
    Upstream,
    /// The version of the unsigned package behind the first sign of a signed one, dashes
    /// written as plus signs: `1+2.06+13+deb12u1` of `2.06-13+deb12u1`.
    Signed,
}

/// What leads, what has to follow, and what comes of it.
const SETS: [(&str, &str, Same, &str); 9] = [
    (
        "systemd",
        "libsystemd0",
        Same::Whole,
        "systemd loads a library of another version",
    ),
    (
        "systemd",
        "libsystemd-shared",
        Same::Whole,
        "process 1 does not find its own library",
    ),
    (
        "systemd",
        "systemd-sysv",
        Same::Whole,
        "/sbin/init is of another version",
    ),
    (
        "udev",
        "libudev1",
        Same::Whole,
        "udev loads a library of another version",
    ),
    (
        "libc6",
        "libc-bin",
        Same::Upstream,
        "ldconfig and the loader are of two C libraries",
    ),
    (
        "grub-efi-amd64-bin",
        "grub-efi-amd64-signed",
        Same::Signed,
        "the signed GRUB and the modules it loads do not fit",
    ),
    (
        "grub-efi-arm64-bin",
        "grub-efi-arm64-signed",
        Same::Signed,
        "the signed GRUB and the modules it loads do not fit",
    ),
    (
        "linux-image-*",
        "linux-modules-*",
        Same::Whole,
        "the kernel refuses modules of another build",
    ),
    (
        "linux-modules-*",
        "linux-modules-extra-*",
        Same::Whole,
        "the kernel refuses modules of another build",
    ),
];

impl Rule for SetSplit {
    fn id(&self) -> &'static str {
        "packages-set-split"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let dpkg = super::dpkg(host)?;
        let mut out = Findings::new();
        for (leader, follower, same, what) in SETS {
            let prefix = leader.strip_suffix('*');
            for first in dpkg.packages.iter().filter(|p| p.is_installed()) {
                let other = match prefix {
                    None if first.name == leader => follower.to_owned(),
                    Some(prefix) => match first.name.strip_prefix(prefix) {
                        Some(rest) => format!("{}{rest}", follower.trim_end_matches('*')),
                        None => continue,
                    },
                    None => continue,
                };
                if let Some(second) = there(dpkg, &other, first) {
                    out.judged += 1;
                    if !fits(same, first.version(), second.version()) {
                        out.push(self.finding(first, second, what));
                    }
                }
            }
        }
        Ok(out)
    }
}

impl SetSplit {
    fn finding(&self, first: &Package, second: &Package, what: &str) -> Finding {
        let (a, b) = (&first.name, &second.name);
        let message = format!(
            "{a} {} and {b} {} are not of one set: {what}",
            first.version(),
            second.version()
        );
        let label = |package: &Package| {
            let held = if package.want == Want::Hold {
                ", on hold"
            } else {
                ""
            };
            format!("{} {}{held}", package.name, package.version())
        };
        let evidence = Evidence::span(first.place.clone(), label(first));
        let mut finding = Finding::new(self.id(), b.as_str(), message, evidence)
            .with(Evidence::span(second.place.clone(), label(second)));
        if a.starts_with("linux-modules") {
            finding = finding.impact(&[Impact::NoService]);
        }
        finding
    }
}

/// The installed package of that name, and of the same architecture where there are
/// several.
fn there<'a>(dpkg: &'a Dpkg, name: &'a str, beside: &Package) -> Option<&'a Package> {
    let mut found = dpkg.named(name).filter(|p| p.is_installed());
    let mut all: Vec<&Package> = found.by_ref().collect();
    if all.len() > 1 {
        all.retain(|p| p.architecture() == beside.architecture());
    }
    all.first().copied()
}

fn fits(same: Same, first: &str, second: &str) -> bool {
    match same {
        Same::Whole => first == second,
        Same::Upstream => upstream(first) == upstream(second),
        Same::Signed => {
            let plain = |text: &str| text.replace('-', "+");
            let behind = second.split_once('+').map(|(_, rest)| plain(rest));
            // A version of another make says nothing.
            behind.is_none_or(|behind| {
                let known = behind.starts_with(|c: char| c.is_ascii_digit());
                !known || behind == plain(first)
            })
        }
    }
}

/// `2.36` of `2.36-9+deb12u4`.
fn upstream(version: &str) -> &str {
    let rest = version.split_once(':').map_or(version, |(_, rest)| rest);
    rest.rsplit_once('-').map_or(rest, |(upstream, _)| upstream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_package_names_the_version_it_is_made_of() {
        let signed = |bin, signed| fits(Same::Signed, bin, signed);
        assert!(signed("2.06-13+deb12u1", "1+2.06+13+deb12u1"));
        assert!(!signed("2.06-13+deb12u1", "1+2.06+13"));
        assert!(signed("2.06-2ubuntu14.4", "1.187.6+2.06-2ubuntu14.4"));
        assert!(!signed("2.12-1ubuntu7.3", "1.202+2.12-1ubuntu7"));
        assert!(signed("2.06-13", "1"));
    }

    #[test]
    fn the_c_library_and_its_programs_share_the_upstream_version() {
        let upstream = |a, b| fits(Same::Upstream, a, b);
        assert!(upstream("2.36-9+deb12u4", "2.36-9"));
        assert!(!upstream("2.41-12", "2.36-9"));
    }
}
