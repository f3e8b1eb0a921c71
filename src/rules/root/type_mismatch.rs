//! `root-type-mismatch`: `rootfstype=` names another file system than the root is.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::devices::{Match, Spec};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule, loader};
use crate::text::escape;

pub(in crate::rules) struct TypeMismatch;

impl Rule for TypeMismatch {
    fn id(&self) -> &'static str {
        "root-type-mismatch"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let root = super::of(host)?;
        let Some(asked) = root.last("rootfstype") else {
            return Err(Stop::NotApplicable("no rootfstype= is given"));
        };
        let spec = root
            .value
            .as_ref()
            .and_then(|value| Spec::of_root(&value.text));
        let Some(spec) = spec else {
            return Err(Stop::NotApplicable("root= names no block device"));
        };
        let devices = super::devices(host)?;
        let mut out = Findings::new();
        let Match::One(device) = devices.find(&spec) else {
            return Err(Stop::NotApplicable("the root's device is not known"));
        };
        let Some(own) = &device.fs else {
            return Err(Stop::NotApplicable(
                "what is on the root's device is not known",
            ));
        };
        let mut names = asked.split(|b| *b == b',');
        let fits = |name: &[u8]| {
            let name = String::from_utf8_lossy(name);
            // ext4 mounts what ext2 and ext3 wrote, and the kernel has ext4 take both names.
            name == *own || name == "auto" || (name.starts_with("ext") && own.starts_with("ext"))
        };
        if asked.is_empty() || names.any(fits) {
            return Ok(out);
        }
        let shown = escape(asked);
        let message = format!("rootfstype={shown}, and the root is {own}: it is not mounted");
        let evidence = super::line(root, format!("rootfstype={shown}"));
        let mut finding = Finding::new(self.id(), shown, message, evidence);
        let text = format!("{} has {} on {}", devices.from, own, device.node);
        finding = finding.with(Evidence::computed(text));
        if !loader::is_certain(host) {
            finding = finding.confidence(Confidence::Possible);
        }
        out.push(finding);
        Ok(out)
    }
}
