//! `root-no-file-system`: root= names a device with no file system on it.

use crate::fact::Stop;
use crate::facts::devices::Match;
use crate::facts::{Host, undecided};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule, loader};
use crate::text::escape;

pub(in crate::rules) struct NoFileSystem;

impl Rule for NoFileSystem {
    fn id(&self) -> &'static str {
        "root-no-file-system"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let root = super::of(host)?;
        let (value, spec) = super::named(root)?;
        let devices = super::devices(host)?;
        let Match::One(device) = devices.find(&spec) else {
            return Err(Stop::NotApplicable("the root's device is not known"));
        };
        if let Some(unknown) = &devices.unread {
            return Err(undecided(unknown.clone()));
        }
        let mut out = Findings::new();
        let (node, name) = (&device.node, escape(&value.text));
        let holds = match device.fs.as_deref() {
            // What blkid does not know, other devices show that it was asked.
            None if devices.items.iter().any(|other| other.fs.is_some()) => {
                "no file system that is known".to_owned()
            }
            Some("swap") => "swap".to_owned(),
            None | Some(_) => return Ok(out),
        };
        let message = format!("root={name} is {node}, which holds {holds}: it is not mounted");
        let evidence = super::line(root, format!("root= from {}", value.from));
        let text = format!("{} has {holds} on {node}", devices.from);
        let mut finding =
            Finding::new(self.id(), name, message, evidence).with(Evidence::computed(text));
        if !loader::is_certain(host) {
            finding = finding.confidence(Confidence::Possible);
        }
        out.push(finding);
        Ok(out)
    }
}
