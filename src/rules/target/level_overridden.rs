//! `target-level-overridden`: the command line sends sysvinit to a runlevel without
//! users.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::init::InitKind;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule, loader};
use crate::text::escape;

pub(in crate::rules) struct LevelOverridden;

impl Rule for LevelOverridden {
    fn id(&self) -> &'static str {
        "target-level-overridden"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        host.must_start()?;
        if host.init_kind() != Some(InitKind::SysV) {
            return Err(Stop::NotApplicable("sysvinit does not start this box"));
        }
        let Some(root) = host.root().require()? else {
            return Err(Stop::NotApplicable("there is no command line"));
        };
        let bare = root.words.iter().filter(|word| word.value.is_none());
        let names: Vec<&[u8]> = bare.map(|word| word.name.as_slice()).collect();
        let emergency = names
            .iter()
            .find(|name| matches!(**name, b"emergency" | b"-b"));
        // A later word replaces an earlier one.
        let level = names.iter().rev().find(|name| is_level(name));
        let mut out = Findings::new();
        let (word, fate) = match (emergency, level) {
            (Some(word), _) => (*word, "stops at an emergency shell on the console"),
            (None, Some(word)) => match word {
                [b'0'] => (*word, "halts the box"),
                [b'6'] => (*word, "restarts the box again and again"),
                [b'2'..=b'5' | b'7'..=b'9'] => return Ok(out),
                _ => (*word, "ends in single-user mode, a shell on the console"),
            },
            (None, None) => return Ok(out),
        };
        let shown = escape(word);
        let message = format!("`{shown}` is on the command line: the boot {fate}");
        let evidence = match &root.place {
            Some(place) => Evidence::span(place.clone(), format!("{shown} is for init")),
            None => Evidence::computed(format!("{shown} is on the command line")),
        };
        let mut finding = Finding::new(self.id(), shown, message, evidence);
        if !loader::is_certain(host) {
            finding = finding.confidence(Confidence::Possible);
        }
        out.push(finding);
        Ok(out)
    }
}

/// Words that sysvinit takes for a runlevel (3.06 `src/init.c`, `main`).
fn is_level(word: &[u8]) -> bool {
    matches!(word, b"single" | b"-s" | [b'0'..=b'9' | b's' | b'S'])
}
