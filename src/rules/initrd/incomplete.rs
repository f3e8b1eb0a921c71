//! `initrd-incomplete`: the initrd lacks a part without which its own scripts do not
//! reach the root.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::{InitrdFacts, InitrdKind, drivers, fold};
use crate::parse::elf;
use crate::parse::initrd::Lookup;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct Incomplete;

impl Rule for Incomplete {
    fn id(&self) -> &'static str {
        "initrd-incomplete"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let facts = super::whole(host)?;
        if facts.kind != InitrdKind::InitramfsTools {
            return Err(Stop::NotApplicable("not made by initramfs-tools"));
        }
        let mut out = Findings::new();
        let Some(file) = facts.files.last() else {
            return Ok(out);
        };
        let boot = boot_script(host, facts);
        let needed = [
            b"scripts/functions".to_vec(),
            [b"scripts/", boot.as_slice()].concat(),
        ];
        let is_there = |path: &[u8]| {
            let lookup = facts.initrd.rootfs.resolve(path);
            matches!(lookup, Lookup::Found { .. })
        };
        let lack = match needed.iter().find(|path| !is_there(path)) {
            Some(path) => Some((
                format!("has no /{}", escape(path)),
                "its /init ends there and the kernel panics",
            )),
            None => no_events(host, facts)
                .map(|lack| (lack, "the root's disk gets no driver and is not found")),
        };
        if let Some((lack, effect)) = lack {
            let message = format!("the initrd {lack}: {effect}");
            let evidence = Evidence::path(&file.path, lack);
            let subject = escape_path(&file.path);
            out.push(Finding::new(self.id(), subject, message, evidence));
        }
        Ok(out)
    }
}

/// The script that mounts the root: `boot=` of the command line, else `BOOT=` of the
/// configuration inside (init of initramfs-tools 0.142; `local` where none says).
fn boot_script(host: &Host, facts: &InitrdFacts) -> Vec<u8> {
    if let Fact::Known(root) = host.root()
        && let Some(boot) = root.last("boot")
    {
        return boot.to_vec();
    }
    let paths = facts.initrd.rootfs.iter();
    let is_config =
        |path: &[u8]| path == b"conf/initramfs.conf" || path.starts_with(b"conf/conf.d/");
    let files = paths.filter(|(path, _)| is_config(path));
    let contents = files.filter_map(|(_, entry)| entry.content.as_ref());
    let lines = contents.flat_map(|content| content.bytes.split(|byte| *byte == b'\n'));
    let values = lines.filter_map(|line| line.trim_ascii().strip_prefix(b"BOOT="));
    let value = values.last().unwrap_or(b"local");
    let inner = value.iter().copied().filter(|byte| !b"\"'".contains(byte));
    inner.collect()
}

/// Why no driver is loaded by itself, where the root needs one: without udev nothing
/// answers the kernel's events.
fn no_events(host: &Host, facts: &InitrdFacts) -> Option<String> {
    let built_in = drivers::built_in(host).ok().flatten()?;
    // Loaded by name, before udev is started (load_modules of scripts/functions).
    let by_name = facts.content("conf/modules").unwrap_or(b"");
    let by_name = by_name.split(|byte| *byte == b'\n').map(fold).collect();
    let needed = drivers::needed(host);
    let mut disks = needed.iter().filter(|driver| driver.is_disk);
    if !disks.any(|driver| !driver.is_in(&built_in) && !driver.is_in(&by_name)) {
        return None;
    }
    let programs: [&[u8]; 7] = [
        b"lib/systemd/systemd-udevd",
        b"usr/lib/systemd/systemd-udevd",
        b"sbin/udevd",
        b"usr/sbin/udevd",
        b"bin/udevadm",
        b"usr/bin/udevadm",
        b"lib/udev/udevd",
    ];
    let rootfs = &facts.initrd.rootfs;
    let found = programs.iter().find_map(|path| match rootfs.resolve(path) {
        Lookup::Found { path, entry } => Some((path, entry)),
        _ => None,
    });
    let Some((path, entry)) = found else {
        return Some("has no udev".to_owned());
    };
    let content = entry.content.as_ref().filter(|content| content.whole)?;
    let elf = elf::read(&content.bytes).ok()?;
    let library = super::missing_library(facts, &elf)?;
    let (path, library) = (escape(&path), escape(library));
    Some(format!("has no {library}, which /{path} needs"))
}
