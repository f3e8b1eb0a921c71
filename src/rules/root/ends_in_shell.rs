//! `root-ends-in-shell`: the command line asks for a shell in place of a boot.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::boot::{Finder, InitrdKind, Word};
use crate::rules::{Cx, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct EndsInShell;

impl Rule for EndsInShell {
    fn id(&self) -> &'static str {
        "root-ends-in-shell"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let root = super::of(host)?;
        let mut out = Findings::new();
        for word in &root.words {
            let Some(what) = stops(word, root.finder) else {
                continue;
            };
            let mut shown = escape(&word.name);
            if let Some(value) = &word.value {
                shown = format!("{shown}={}", escape(value));
            }
            let message = format!("{shown} on the command line: {what}");
            let evidence = super::line(root, format!("{shown} is on it"));
            out.push(Finding::new(self.id(), shown, message, evidence));
        }
        Ok(out)
    }
}

/// What the word stops, where it does. `init=` is judged with init,
/// words for systemd and sysvinit where the target is.
fn stops(word: &Word, finder: Finder) -> Option<&'static str> {
    let value = word.value.as_deref();
    let name = word.name.as_slice();
    match (name, finder) {
        // initramfs-tools 0.142 init: `break=*` and `break`.
        (b"break", Finder::Initrd(InitrdKind::InitramfsTools | InitrdKind::Mkinitcpio)) => {
            Some("the initrd stops in its shell")
        }
        // dracut.cmdline(7).
        (b"rd.break", Finder::Initrd(InitrdKind::Dracut | InitrdKind::Systemd)) => {
            Some("the initrd stops in its shell")
        }
        (b"rd.systemd.unit", Finder::Initrd(InitrdKind::Systemd))
            if matches!(value, Some(b"rescue.target" | b"emergency.target")) =>
        {
            Some("systemd in the initrd stops in a shell")
        }
        (b"rdinit", _) if value.is_some_and(is_shell) => Some("the kernel starts a shell"),
        _ => None,
    }
}

fn is_shell(path: &[u8]) -> bool {
    let name = path.rsplit(|b| *b == b'/').next().unwrap_or(path);
    matches!(
        name,
        b"sh" | b"bash" | b"dash" | b"ash" | b"zsh" | b"ksh" | b"sulogin"
    )
}
