//! Commands that load a kernel, an initrd or another program.

use std::os::unix::ffi::OsStrExt as _;

use super::condition::Status;
use super::machine::Machine;
use crate::boot::{CommandLine, Loader, Written};
use crate::text::Place;

const LINUX: [&[u8]; 5] = [b"linux", b"linux16", b"linuxefi", b"linux32", b"linux_xen"];
const INITRD: [&[u8]; 3] = [b"initrd", b"initrd16", b"initrdefi"];
const CHAIN: [&[u8]; 2] = [b"chainloader", b"pxechainloader"];
/// Other loaders, by the program they start.
const OTHER: [&[u8]; 16] = [
    b"multiboot",
    b"multiboot2",
    b"xen_hypervisor",
    b"kfreebsd",
    b"knetbsd",
    b"kopenbsd",
    b"xnu_kernel",
    b"xnu_kernel64",
    b"xnu_resume",
    b"freedos",
    b"ntldr",
    b"plan9",
    b"truecrypt",
    b"legacy_kernel",
    b"uki",
    b"appleloader",
];
/// What belongs to those loaders and decides nothing.
const PARTS: [&[u8]; 18] = [
    b"xen_module",
    b"xen_initrd",
    b"xen_linux",
    b"xen_xsm",
    b"kfreebsd_loadenv",
    b"kfreebsd_module",
    b"kfreebsd_module_elf",
    b"knetbsd_module",
    b"knetbsd_module_elf",
    b"kopenbsd_ramdisk",
    b"legacy_initrd",
    b"legacy_initrd_nounzip",
    b"xnu_devprop_load",
    b"xnu_kext",
    b"xnu_kextdir",
    b"xnu_mkext",
    b"xnu_ramdisk",
    b"xnu_uuid",
];

impl Machine<'_> {
    /// Runs a loading command; `None` where it is none.
    pub(super) fn loading(
        &mut self,
        name: &[u8],
        rest: &[Vec<u8>],
        place: &Place,
    ) -> Option<Status> {
        let known = LINUX.contains(&name)
            || INITRD.contains(&name)
            || CHAIN.contains(&name)
            || OTHER.contains(&name)
            || PARTS.contains(&name)
            || name == b"devicetree";
        if !known {
            return None;
        }
        if PARTS.contains(&name) {
            return Some(Status::Known(true));
        }
        let Some(first) = rest.first() else {
            return Some(Status::Known(false));
        };
        if LINUX.contains(&name) {
            self.loaded = super::machine::Loaded {
                loader: Some(Loader::Linux(String::from_utf8_lossy(name).into_owned())),
                kernel: Some(self.written(first, place)),
                cmdline: Some(CommandLine {
                    text: command_line(rest.get(1..).unwrap_or(&[])),
                    place: place.clone(),
                }),
                ..Default::default()
            };
        } else if INITRD.contains(&name) {
            if !matches!(self.loaded.loader, Some(Loader::Linux(_))) {
                // "you need to load the kernel first"
                return Some(Status::Known(false));
            }
            self.loaded.initrds = rest.iter().map(|word| self.initrd(word, place)).collect();
        } else if name == b"devicetree" {
            self.loaded.devicetree = Some(self.written(first, place));
        } else {
            let loader = if CHAIN.contains(&name) {
                Loader::Chain
            } else {
                Loader::Other(String::from_utf8_lossy(name).into_owned())
            };
            let path = rest.iter().find(|word| !word.starts_with(b"--"));
            let kernel = path.map(|path| self.written(path, place));
            self.loaded = super::machine::Loaded {
                loader: Some(loader),
                kernel,
                ..Default::default()
            };
        }
        Some(Status::Known(true))
    }

    pub(super) fn written(&self, name: &[u8], place: &Place) -> Written {
        let (root, path) = self.locate(name);
        Written {
            path: path.as_os_str().as_bytes().to_vec(),
            root,
            place: place.clone(),
        }
    }

    /// A file for the initrd: `newc:NAME:PATH` puts one file into an archive
    /// (`grub-core/loader/linux.c`).
    fn initrd(&self, word: &[u8], place: &Place) -> Written {
        let path = match word.strip_prefix(b"newc:") {
            Some(rest) => match rest.iter().position(|b| *b == b':') {
                Some(colon) => rest.get(colon + 1..).unwrap_or(&[]),
                None => word,
            },
            None => word,
        };
        self.written(path, place)
    }
}

/// Arguments as one line: blanks put a word in quotes, quotes and backslashes get a
/// backslash (`grub-core/lib/cmdline.c`). Unknown parts stay as `?`.
fn command_line(words: &[Vec<u8>]) -> Vec<u8> {
    let mut line = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if at > 0 {
            line.push(b' ');
        }
        let quoted = word.contains(&b' ');
        if quoted {
            line.push(b'"');
        }
        for (at, part) in word.split(|b| *b == 0).enumerate() {
            if at % 2 == 1 {
                line.push(b'?');
                continue;
            }
            for byte in part {
                if matches!(byte, b'\\' | b'\'' | b'"') {
                    line.push(b'\\');
                }
                line.push(*byte);
            }
        }
        if quoted {
            line.push(b'"');
        }
    }
    line
}
