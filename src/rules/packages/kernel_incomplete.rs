//! `packages-kernel-incomplete`: an installed kernel lacks its image or its initrd.

use std::path::{Path, PathBuf};

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::parse::dpkg::Package;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct KernelIncomplete;

/// Packages that make an initrd for each kernel.
const MAKERS: [&str; 2] = ["initramfs-tools", "dracut"];

impl Rule for KernelIncomplete {
    fn id(&self) -> &'static str {
        "packages-kernel-incomplete"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        let dpkg = super::dpkg(host)?;
        let packages = super::databases(host)?;
        let mut out = Findings::new();
        let installed = dpkg.packages.iter().filter(|p| p.is_installed());
        let kernels: Vec<_> = installed
            .filter_map(|package| Some((package, release(&package.name)?)))
            .collect();
        if kernels.len() < 2 {
            // The only one is the one that boots, and its loader's rules speak of it.
            return Err(Stop::NotApplicable("there are not several kernels"));
        }
        for (package, release) in kernels {
            out.judged += 1;
            let images = ["vmlinuz", "vmlinux"].map(|name| format!("/boot/{name}-{release}"));
            if let Some(paths) = missing(host, &images, &mut out) {
                out.push(self.finding(package, "its image", release, paths));
            }
            let maker = MAKERS.iter().find(|name| packages.has(name));
            if maker.is_some() && makes_initrds(host, &mut out) {
                let paths = [format!("/boot/initrd.img-{release}")];
                if let Some(paths) = missing(host, &paths, &mut out) {
                    out.push(self.finding(package, "its initrd", release, paths));
                }
            }
        }
        Ok(out)
    }
}

impl KernelIncomplete {
    fn finding(
        &self,
        package: &Package,
        what: &str,
        release: &str,
        paths: Vec<PathBuf>,
    ) -> Finding {
        let message = format!("kernel {release} is installed, and {what} is not there");
        let evidence = Evidence::span(package.place.clone(), format!("package {}", package.name));
        let subject = paths
            .first()
            .map_or_else(String::new, |path| escape_path(path));
        let commands = match what {
            "its initrd" => format!("update-initramfs -c -k {release}"),
            _ => format!("apt-get install --reinstall {}", package.name),
        };
        let looked = crate::fact::Looked {
            paths,
            notes: Vec::new(),
        };
        Finding::new(self.id(), subject, message, evidence)
            .with(Evidence::from(&looked))
            .follows(&[
                "kernel-missing",
                "initrd-missing",
                "packages-half-configured",
            ])
            .fix("Make it again, or remove this kernel:", &[&commands])
    }
}

/// The paths, where none of them is there.
fn missing(host: &Host, paths: &[String], out: &mut Findings) -> Option<Vec<PathBuf>> {
    for path in paths {
        let found = host.tree().lstat(Path::new(path));
        out.gap(&found);
        if !matches!(found, Fact::Absent(_)) {
            return None;
        }
    }
    Some(paths.iter().map(PathBuf::from).collect())
}

/// Whether the site lets an initrd be made by itself: `update_initramfs=no` says no
/// (initramfs-tools 0.142 `update-initramfs.conf`).
fn makes_initrds(host: &Host, out: &mut Findings) -> bool {
    let file = host
        .tree()
        .read(Path::new("/etc/initramfs-tools/update-initramfs.conf"));
    out.gap(&file);
    let Fact::Known(file) = file else {
        return !matches!(file, Fact::Unknown(_));
    };
    !file
        .lines()
        .any(|(_, line)| line.trim_ascii() == b"update_initramfs=no")
}

/// `6.1.0-23-amd64` of `linux-image-6.1.0-23-amd64`; nothing of a package that only
/// depends on the newest, such as `linux-image-amd64`.
fn release(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("linux-image-")?;
    let rest = rest.strip_prefix("unsigned-").unwrap_or(rest);
    let is_release = rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains('.');
    (is_release && !rest.ends_with("-dbg") && !rest.ends_with("-dbgsym")).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::release;

    #[test]
    fn only_real_kernels_have_a_release() {
        assert_eq!(
            release("linux-image-6.1.0-23-amd64"),
            Some("6.1.0-23-amd64")
        );
        assert_eq!(
            release("linux-image-unsigned-6.5.0-14-generic"),
            Some("6.5.0-14-generic")
        );
        assert_eq!(release("linux-image-amd64"), None);
        assert_eq!(release("linux-image-6.1.0-23-amd64-dbg"), None);
        assert_eq!(release("linux-image-686-pae"), None);
    }
}
