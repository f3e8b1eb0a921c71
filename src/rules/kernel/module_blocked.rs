//! `kernel-module-blocked`: the command line keeps a module from being loaded that the
//! root needs.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::{Finder, InitrdKind, Word, fold, stack};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule, loader};
use crate::text::escape;

pub(in crate::rules) struct ModuleBlocked;

impl Rule for ModuleBlocked {
    fn id(&self) -> &'static str {
        "kernel-module-blocked"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        loader::entry(host)?;
        let Some(root) = host.root().require()? else {
            return Err(Stop::NotApplicable("which kernel starts is not known"));
        };
        let needed = needed(host);
        let builtin = |name: &str| match host.modules() {
            Fact::Known(modules) => match modules.as_ref() {
                Fact::Known(modules) => modules.is_builtin(name),
                _ => false,
            },
            _ => false,
        };
        let mut out = Findings::new();
        for word in &root.words {
            let Some(effect) = blocks(word, root.finder) else {
                continue;
            };
            let names = word.value.as_deref().unwrap_or(&[]);
            for name in names.split(|b| *b == b',').filter(|name| !name.is_empty()) {
                let folded = fold(name);
                let found = needed
                    .iter()
                    .find(|(module, ..)| module.as_bytes() == folded);
                let Some((module, why, certain)) = found else {
                    continue;
                };
                if builtin(module) {
                    continue;
                }
                let shown = format!("{}={}", escape(&word.name), escape(names));
                let message =
                    format!("{shown} on the command line: {module} is not loaded, and {why}");
                let label = "keeps the module out";
                let evidence = match &root.place {
                    Some(place) => Evidence::span(place.clone(), label),
                    None => Evidence::computed(label),
                };
                let mut finding = Finding::new(self.id(), *module, message, evidence);
                if effect == Effect::Aliases {
                    // modprobe.d(5): a name that is asked for is loaded all the same.
                    finding = finding.at_most(Level::Warn).confidence(Confidence::Likely);
                } else if !certain {
                    finding = finding.confidence(Confidence::Likely);
                }
                out.push(finding);
            }
        }
        Ok(out)
    }
}

#[derive(PartialEq, Eq)]
enum Effect {
    /// The kernel refuses the module, whoever asks.
    All,
    /// modprobe does not load it for a device.
    Aliases,
}

/// Whether a word keeps modules out: the kernel's own (6.1, `kernel/module/main.c`),
/// modprobe's (kmod 30, `libkmod-config.c`), dracut's (059, `dracut.cmdline(7)`).
fn blocks(word: &Word, finder: Finder) -> Option<Effect> {
    let dracut = matches!(
        finder,
        Finder::Initrd(InitrdKind::Dracut | InitrdKind::Systemd)
    );
    match word.name.as_slice() {
        b"module_blacklist" => Some(Effect::All),
        b"modprobe.blacklist" => Some(Effect::Aliases),
        b"rd.driver.blacklist" if dracut => Some(Effect::Aliases),
        _ => None,
    }
}

/// The modules that the root needs, and what fails without; whether the devices show it.
fn needed(host: &Host) -> Vec<(&'static str, String, bool)> {
    let mut needed = Vec::new();
    for (device, driver) in stack::disk_drivers(host) {
        let why = format!("the root's disk {} never appears", device.node);
        needed.push((driver, why, true));
    }
    if let Some(kind) = stack::file_system(host)
        && let [only] = stack::modules_of(&kind.name)
    {
        let why = format!("the root, which is {only}, cannot be mounted");
        needed.push((*only, why, kind.certain));
    }
    needed
}
