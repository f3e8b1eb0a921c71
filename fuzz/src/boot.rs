//! What a machine boots from.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comeback::boot::grub::{self as grub_menu, GrubFacts, Platform};
use comeback::boot::{BootFiles, RootSpec, extlinux as extlinux_menu};
use comeback::fact::{Fact, Looked};
use comeback::parse::superblock::Window;
use comeback::parse::{
    bls, elf, extlinux, grub, grub_legacy, initrd, kernel_image, ld_cache, loader_conf, partitions,
    superblock,
};
use comeback::text::File;

use super::choice;

/// A file system with one file under every name.
struct Same(Arc<File>);

impl BootFiles for Same {
    fn file(&self, _: &RootSpec, path: &Path) -> Fact<Arc<File>> {
        if path.as_os_str().len().is_multiple_of(2) {
            return Fact::Known(Arc::clone(&self.0));
        }
        Fact::Absent(Looked::at(path))
    }

    fn exists(&self, _: &RootSpec, path: &Path) -> Fact<bool> {
        Fact::Known(path.as_os_str().len().is_multiple_of(2))
    }

    fn list(&self, _: &RootSpec, _: &Path) -> Fact<Vec<OsString>> {
        Fact::Known(vec!["a.conf".into(), "b.conf".into()])
    }
}

/// Menus of boot loaders, and what they would start.
pub fn loaders(data: &[u8]) {
    let Some((number, text)) = choice(data) else {
        return;
    };
    let file = File::new("/boot/x.conf", text);
    let files = Same(Arc::clone(&file));
    match number % 8 {
        0..=2 => {
            let _ = grub::parse(&file);
            let facts = GrubFacts {
                platform: [None, Some(Platform::Pc), Some(Platform::Efi)][number / 8 % 3],
                prefix: PathBuf::from("/boot/grub"),
                dialect: if number < 128 {
                    grub_menu::Dialect::Upstream
                } else {
                    grub_menu::Dialect::RedHat
                },
            };
            let _ = grub_menu::grub(&file, None, &files, &facts);
        }
        3 => {
            let env = grub::GrubEnv::parse(&file);
            let facts = GrubFacts {
                platform: None,
                prefix: PathBuf::from("/boot/grub"),
                dialect: grub_menu::Dialect::Upstream,
            };
            let _ = grub_menu::grub(&file, Some(&env), &files, &facts);
        }
        4 => {
            for reader in [
                extlinux_menu::Reader::Syslinux,
                extlinux_menu::Reader::UBoot,
            ] {
                let _ = extlinux_menu::extlinux(&file, Path::new("/boot"), &files, reader);
            }
            let _ = extlinux::parse(&file);
        }
        5 => {
            let _ = grub_legacy::parse(&file);
            let _ = comeback::boot::grub_legacy::grub_legacy(&file, Some(number / 8));
        }
        _ => {
            let conf = loader_conf::parse(&file);
            let entries = [Arc::clone(&file)];
            let _ = comeback::boot::systemd_boot::systemd_boot(
                &conf,
                &entries,
                &[],
                Some("x64"),
                None,
                &files,
            );
            let _ = (bls::parse_systemd(&file), bls::parse_grub(&file));
        }
    }
}

/// Initial RAM disks: archives in archives, compressed in seven ways.
pub fn initrds(data: &[u8]) {
    let limits = initrd::Limits {
        output: 8 << 20,
        entries: 4096,
        ..initrd::Limits::STANDARD
    };
    let _ = initrd::listing::read(data);
    let mut turns = 0_u32;
    let mut expired = || {
        turns += 1;
        turns > 100_000
    };
    let mut source = data;
    let read = initrd::read(&mut source, &limits, &initrd::boot_files, &mut expired);
    let entries: usize = read.segments.iter().map(|segment| segment.entries).sum();
    assert!(entries <= limits.entries);
    for problem in &read.problems {
        let _ = problem.kind.to_string();
    }
}

/// Kernels, programs, file systems, partition tables.
pub fn images(data: &[u8]) {
    let Some((number, bytes)) = choice(data) else {
        return;
    };
    let window = bytes.to_vec();
    match number % 5 {
        0 => {
            let whole = Window::len(&window);
            let image = kernel_image::read(whole, &mut |offset, len| {
                Some(window.at(offset, len)).filter(|piece| piece.len() == len)
            });
            for problem in &image.problems {
                let _ = problem.to_string();
            }
        }
        1 => drop(elf::read(bytes)),
        2 => drop(superblock::read(&window)),
        3 => drop(partitions::read(&window)),
        _ => {
            for endian in [elf::Endian::Little, elf::Endian::Big] {
                let _ = ld_cache::parse(bytes, endian);
            }
        }
    }
}
