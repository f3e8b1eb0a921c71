//! What scripts and hooks of rpm, pacman and apk make while a transaction goes on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::made::MODULE_INDEXES;
use super::others::{Others, paths};
use super::{Transaction, UNITS};
use crate::fact::Fact;
use crate::facts::packages::Family;
use crate::source::FileKind;

/// The packages that make an initrd, by family.
const INITRD_MAKERS: [(Family, &str); 5] = [
    (Family::Rpm, "dracut"),
    (Family::Pacman, "mkinitcpio"),
    (Family::Pacman, "dracut"),
    (Family::Pacman, "booster"),
    (Family::Apk, "mkinitfs"),
];

pub(super) fn lay_out(work: &Others<'_>, incoming: &BTreeSet<PathBuf>, out: &mut Transaction) {
    let family = work.db.family;
    let maker = INITRD_MAKERS
        .iter()
        .find(|(of, name)| *of == family && work.has_after(name))
        .map(|(_, name)| *name);
    let mut releases: BTreeSet<String> = BTreeSet::new();
    for coming in &work.coming {
        for path in paths(coming).keys() {
            releases.extend(release(path));
        }
    }
    for release in &releases {
        for dir in ["/usr/lib/modules", "/lib/modules"] {
            for index in MODULE_INDEXES {
                made(out, incoming, format!("{dir}/{release}/{index}"), "depmod");
            }
        }
    }
    match family {
        Family::Rpm => rpm(work, incoming, &releases, maker, out),
        Family::Pacman => pacman(work, incoming, !releases.is_empty(), maker, out),
        Family::Apk => {
            if let Some(by) = maker.filter(|_| !releases.is_empty()) {
                remade(work, incoming, out, by, b"initramfs-");
            }
        }
        Family::Dpkg | Family::Portage => {}
    }
}

/// kernel-install (systemd 252) and its plugins of dracut and grubby, as the scripts of
/// Fedora's kernel-core call them.
fn rpm(
    work: &Others<'_>,
    incoming: &BTreeSet<PathBuf>,
    releases: &BTreeSet<String>,
    maker: Option<&str>,
    out: &mut Transaction,
) {
    let entries = Path::new("/boot/loader/entries");
    let id = match work.tree.read(Path::new("/etc/machine-id")) {
        Fact::Known(file) => String::from_utf8_lossy(file.bytes()).trim().to_owned(),
        _ => String::new(),
    };
    let by_entries = matches!(work.tree.resolve(entries), Fact::Known(_));
    for release in releases {
        let installer = "kernel-install";
        for name in ["vmlinuz", "config", "System.map"] {
            made(out, incoming, format!("/boot/{name}-{release}"), installer);
        }
        if let Some(by) = maker {
            made(out, incoming, format!("/boot/initramfs-{release}.img"), by);
        }
        if by_entries {
            let entry = entries.join(format!("{id}-{release}.conf"));
            made(out, incoming, entry, installer);
        }
        made(out, incoming, "/boot/grub2/grubenv", installer);
    }
    let mut leaving: BTreeSet<String> = BTreeSet::new();
    for package in work.going.iter().filter_map(|at| work.db.packages.get(*at)) {
        let paths = package
            .files
            .iter()
            .filter_map(|p| std::str::from_utf8(p).ok());
        leaving.extend(paths.filter_map(|path| release(Path::new(path))));
    }
    for release in leaving.difference(releases) {
        for dir in [Path::new("/boot"), entries] {
            for path in work.tree.entries(dir).items {
                let name = path.file_name().map(|name| name.to_string_lossy());
                let ends = [
                    format!("-{release}"),
                    format!("-{release}.img"),
                    format!("-{release}.conf"),
                ];
                if name.is_some_and(|name| ends.iter().any(|end| name.ends_with(end.as_str()))) {
                    out.changes.gone.insert(path);
                }
            }
        }
        made(out, incoming, "/boot/grub2/grubenv", "kernel-install");
    }
    for coming in &work.coming {
        let is_new = work.db.replaced_by(coming).is_empty();
        // A preset may enable it (rpm's macros `%systemd_post`).
        for path in paths(coming).keys().filter(|_| is_new) {
            let unit = UNITS.iter().find_map(|dir| path.strip_prefix(dir).ok());
            let name = unit.and_then(|unit| unit.to_str());
            let name = name.filter(|name| name.ends_with(".service") && !name.contains('/'));
            if let Some(name) = name {
                let wants = "/etc/systemd/system/multi-user.target.wants";
                made(out, incoming, format!("{wants}/{name}"), &coming.name);
            }
        }
    }
}

/// The hooks of Arch's mkinitcpio (`90-mkinitcpio-install.hook`, and
/// `60-mkinitcpio-remove.hook` before it).
fn pacman(
    work: &Others<'_>,
    incoming: &BTreeSet<PathBuf>,
    kernels_come: bool,
    maker: Option<&str>,
    out: &mut Transaction,
) {
    let boot = Path::new("/boot");
    let of_image =
        |path: &Path| path.file_name() == Some("vmlinuz".as_ref()) && release(path).is_some();
    let leaves = work.going.iter().filter_map(|at| work.db.packages.get(*at));
    for package in leaves {
        let has_image = package
            .files
            .iter()
            .filter_map(|path| std::str::from_utf8(path).ok())
            .any(|path| of_image(Path::new(path)));
        let comes_again = work.coming.iter().any(|coming| coming.name == package.name);
        if !has_image || comes_again {
            continue;
        }
        let name = &package.name;
        for path in [
            format!("vmlinuz-{name}"),
            format!("initramfs-{name}.img"),
            format!("initramfs-{name}-fallback.img"),
        ] {
            let path = boot.join(path);
            if matches!(work.tree.lstat(&path), Fact::Known(_)) {
                out.changes.gone.insert(path);
            }
        }
    }
    let Some(by) = maker else { return };
    for coming in &work.coming {
        if coming.files.iter().any(|one| of_image(&one.member.path)) {
            let name = &coming.name;
            made(out, incoming, boot.join(format!("vmlinuz-{name}")), by);
            made(
                out,
                incoming,
                boot.join(format!("initramfs-{name}.img")),
                by,
            );
        }
    }
    let of_initrd = |path: &PathBuf| path.starts_with("/usr/lib/initcpio");
    if kernels_come || incoming.iter().any(of_initrd) {
        remade(work, incoming, out, by, b"initramfs-");
    }
}

/// What is in /boot under such a name is made again.
fn remade(
    work: &Others<'_>,
    incoming: &BTreeSet<PathBuf>,
    out: &mut Transaction,
    by: &str,
    begins: &[u8],
) {
    for path in work.tree.entries(Path::new("/boot")).items {
        let name = path.file_name().map_or(&[][..], |n| n.as_encoded_bytes());
        let is_file = matches!(
            work.tree.lstat(&path),
            Fact::Known(found) if found.meta.kind == FileKind::File
        );
        if is_file && name.starts_with(begins) && !out.changes.gone.contains(&path) {
            made(out, incoming, path, by);
        }
    }
}

/// What a package ships is not made by it.
fn made(out: &mut Transaction, incoming: &BTreeSet<PathBuf>, path: impl Into<PathBuf>, by: &str) {
    let path = path.into();
    let is_boot = path.starts_with("/boot");
    if is_boot || !incoming.contains(&path) {
        out.changes.made.insert(path, by.to_owned());
    }
}

/// The release of a kernel that has its image at `path`.
fn release(path: &Path) -> Option<String> {
    let dirs = ["/usr/lib/modules", "/lib/modules"];
    let rest = dirs.iter().find_map(|dir| path.strip_prefix(dir).ok());
    if let Some(rest) = rest {
        let image = ["vmlinuz", "vmlinux"]
            .iter()
            .any(|name| rest.ends_with(name));
        let mut names = rest.iter();
        let release = names.next()?.to_str()?;
        return (image && names.count() == 1).then(|| release.to_owned());
    }
    let name = path.strip_prefix("/boot").ok()?.to_str()?;
    name.strip_prefix("vmlinuz-").map(str::to_owned)
}
