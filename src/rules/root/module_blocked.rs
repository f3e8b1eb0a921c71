//! `root-module-blocked`: the command line, or modprobe's configuration in the initrd,
//! forbids a driver that the root needs.

use crate::fact::{Fact, Stop};
use crate::facts::boot::drivers::{self, Driver};
use crate::facts::boot::{InitrdFacts, InitrdKind, RootFacts, fold};
use crate::facts::{Host, undecided};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule, loader};
use crate::text::escape;

pub(in crate::rules) struct ModuleBlocked;

impl Rule for ModuleBlocked {
    fn id(&self) -> &'static str {
        "root-module-blocked"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let root = super::of(host)?;
        let Some(built_in) = drivers::built_in(host).map_err(undecided)? else {
            return Err(Stop::NotApplicable(
                "what is built into the kernel is not known",
            ));
        };
        let needed = drivers::needed(host);
        if needed.is_empty() {
            return Err(Stop::NotApplicable(
                "the root's disk and file system are not known",
            ));
        }
        let initrd = match host.initrd() {
            Fact::Known(initrd) => Some(initrd),
            _ => None,
        };
        let mut out = Findings::new();
        for driver in needed.iter().filter(|driver| !driver.is_in(&built_in)) {
            let Some((evidence, what)) = block(root, initrd, driver) else {
                continue;
            };
            let name = driver.name();
            let of = &driver.of;
            let message = format!("{what} forbids {name}, which the root needs ({of})");
            let mut finding =
                Finding::new(self.id(), name, message, evidence).with(super::told(&driver.told));
            if !driver.certain {
                finding = finding.confidence(Confidence::Likely);
            }
            if !loader::is_certain(host) {
                finding = finding.confidence(Confidence::Possible);
            }
            out.push(finding);
        }
        Ok(out)
    }
}

/// What forbids a driver, with the place, and its name for people.
fn block(
    root: &RootFacts,
    initrd: Option<&InitrdFacts>,
    driver: &Driver,
) -> Option<(Evidence, String)> {
    let is_it = |name: &[u8]| driver.is_in(&[fold(name)].into());
    let listed = |word: &str, is_meant: bool| {
        let mut words = root.words.iter().filter(|w| w.name == word.as_bytes());
        let found = words.any(|word| {
            let mut names = word
                .value
                .iter()
                .flat_map(|v| v.split(|byte| *byte == b','));
            names.any(is_it)
        });
        (is_meant && found).then(|| {
            let evidence = super::line(root, format!("{word}= lists it"));
            (evidence, format!("{word}= of the command line"))
        })
    };
    // Loaded by name, which a blacklist does not stop (kmod 30 modprobe.d(5)).
    let by_name = initrd.and_then(|initrd| initrd.content("conf/modules"));
    let by_name = by_name.is_some_and(|list| list.split(|byte| *byte == b'\n').any(is_it));
    // Only what a device asks for goes by its alias. The file system is asked for by
    // mount, and the kernel's modprobe takes no blacklist.
    let by_alias = driver.is_disk && !by_name;
    let on_line = listed("module_blacklist", true)
        .or_else(|| listed("modprobe.blacklist", by_alias))
        .or_else(|| listed("rd.driver.blacklist", by_alias && is_dracut(initrd)));
    if on_line.is_some() {
        return on_line;
    }
    for (path, entry) in initrd?.initrd.rootfs.iter() {
        let folders: [&[u8]; 3] = [
            b"etc/modprobe.d/",
            b"lib/modprobe.d/",
            b"usr/lib/modprobe.d/",
        ];
        let is_config = folders.iter().any(|folder| path.starts_with(folder));
        let (true, true, Some(content)) = (is_config, path.ends_with(b".conf"), &entry.content)
        else {
            continue;
        };
        for line in content.bytes.split(|byte| *byte == b'\n') {
            let mut words = line
                .split(u8::is_ascii_whitespace)
                .filter(|w| !w.is_empty());
            let (command, name) = (words.next(), words.next());
            let (Some(command), Some(name)) = (command, name) else {
                continue;
            };
            // What does nothing in its place, in whatever directory.
            let program = words
                .next()
                .and_then(|path| path.rsplit(|byte| *byte == b'/').next());
            let replaced = program.is_some_and(|name| matches!(name, b"false" | b"true"));
            let blocked = match command {
                b"blacklist" => by_alias,
                b"install" => replaced,
                _ => false,
            };
            if blocked && is_it(name) {
                let what = format!("/{} of the initrd", escape(path));
                let text = format!("{what} says {}", escape(line.trim_ascii()));
                return Some((Evidence::computed(text), what));
            }
        }
    }
    None
}

/// Whether the words of dracut are read.
fn is_dracut(initrd: Option<&InitrdFacts>) -> bool {
    initrd.is_some_and(|i| matches!(i.kind, InitrdKind::Dracut | InitrdKind::Systemd))
}
