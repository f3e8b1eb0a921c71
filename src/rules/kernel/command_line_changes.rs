//! `kernel-command-line-changes`: the next boot has other parameters than this one.

use std::path::Path;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::running;
use crate::parse::cmdline;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule, root};
use crate::text::escape;

pub(in crate::rules) struct CommandLineChanges;

/// Words that loaders add by themselves: GRUB the kernel's file, the EFI stub its initrd.
const OF_LOADERS: [&[u8]; 2] = [b"BOOT_IMAGE", b"initrd"];

impl Rule for CommandLineChanges {
    fn id(&self) -> &'static str {
        "kernel-command-line-changes"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        running::must_run(host)?;
        host.must_boot()?;
        let file = host.tree().read(Path::new("/proc/cmdline"));
        let Some(file) = file.require()? else {
            return Err(Stop::NotApplicable(
                "the running kernel does not tell its parameters",
            ));
        };
        let Some(next) = host.root().require()? else {
            return Err(Stop::NotApplicable(
                "the next boot's parameters are not known",
            ));
        };
        if next.words.is_empty() {
            return Err(Stop::NotApplicable(
                "the next boot's parameters are not known",
            ));
        }
        let own = |name: &[u8]| !OF_LOADERS.contains(&name);
        let now: Vec<(Vec<u8>, Option<Vec<u8>>)> = cmdline::parse(file.bytes())
            .into_iter()
            .filter(|(name, _)| own(name))
            .collect();
        let then: Vec<(Vec<u8>, Option<Vec<u8>>)> = next
            .words
            .iter()
            .filter(|word| own(&word.name))
            .map(|word| (word.name.clone(), word.value.clone()))
            .collect();
        let comes = words(&then, &now);
        let goes = words(&now, &then);
        let mut out = Findings::new();
        out.judged = 1;
        if comes.is_empty() && goes.is_empty() {
            return Ok(out);
        }
        let parts = [("with ", &comes), ("without ", &goes)];
        let parts = parts.iter().filter(|(_, list)| !list.is_empty());
        let parts: Vec<String> = parts
            .map(|(how, list)| format!("{how}{}", list.join(" ")))
            .collect();
        let message = format!("the next boot is the first {}", parts.join(" and "));
        let running = Evidence::span(file.place(file.line_span(1)), "this boot");
        let finding = Finding::new(self.id(), "command line", message, running)
            .with(root::line(next, "the next boot"));
        out.push(finding);
        Ok(out)
    }
}

/// The words of one line that the other has not.
fn words(of: &[(Vec<u8>, Option<Vec<u8>>)], other: &[(Vec<u8>, Option<Vec<u8>>)]) -> Vec<String> {
    let missing = of.iter().filter(|word| !other.contains(word));
    let mut shown: Vec<String> = missing
        .map(|(name, value)| match value {
            Some(value) => format!("{}={}", escape(name), escape(value)),
            None => escape(name),
        })
        .collect();
    shown.dedup();
    shown
}
