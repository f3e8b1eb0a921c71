//! `initrd-incomplete`: the initrd lacks parts that its own script cannot do without.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::boot::{InitrdFacts, InitrdKind, RootForm};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct Incomplete;

/// Where the daemon of udev is, and has been.
const UDEVD: [&str; 4] = [
    "usr/lib/systemd/systemd-udevd",
    "lib/systemd/systemd-udevd",
    "usr/sbin/udevd",
    "sbin/udevd",
];

impl Rule for Incomplete {
    fn id(&self) -> &'static str {
        "initrd-incomplete"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let facts = super::of(host)?;
        if !super::is_whole(facts) {
            return Err(Stop::NotApplicable("the initrd is not whole"));
        }
        if facts.kind != InitrdKind::InitramfsTools {
            return Err(Stop::NotApplicable("not an initrd of initramfs-tools"));
        }
        let mut out = Findings::new();
        let Some(file) = facts.files.last() else {
            return Ok(out);
        };
        let subject = escape_path(&file.path);
        for (paths, fate) in lacks(host, facts) {
            let Some(path) = paths.first() else { continue };
            let message = format!("the initrd lacks {path}: {fate}");
            let evidence = Evidence::path(&file.path, format!("has no {}", paths.join(", no ")));
            let finding = Finding::new(self.id(), subject.clone(), message, evidence);
            out.push(finding.fix(
                "Make it again, and look at what the tool says:",
                &["update-initramfs -u -k all"],
            ));
        }
        Ok(out)
    }
}

/// What is not in it, and how that ends (initramfs-tools 0.142, `init`: it sources
/// scripts/functions, scripts/local and scripts/nfs, and the one that `boot=` names; and
/// real boots).
fn lacks(host: &Host, facts: &InitrdFacts) -> Vec<(Vec<String>, &'static str)> {
    let root = host.root();
    let root = match root {
        crate::fact::Fact::Known(root) => Some(root),
        _ => None,
    };
    let mut lacks = Vec::new();
    let mut scripts = vec!["functions".to_owned(), "local".to_owned()];
    if let Some(boot) = root.and_then(|root| root.last("boot"))
        && !boot.contains(&b'/')
    {
        scripts.push(escape(boot));
    }
    for script in scripts {
        let path = format!("scripts/{script}");
        if !facts.has_any(&[&path]) {
            lacks.push((vec![path], "its script ends, and the kernel panics"));
        }
    }
    let by_udev = root
        .and_then(|root| root.value.as_ref())
        .is_some_and(|value| matches!(value.form, RootForm::Tag(..) | RootForm::StableName));
    if by_udev && !facts.has_any(&UDEVD) {
        let paths = UDEVD.iter().map(|path| (*path).to_owned()).collect();
        lacks.push((paths, "no driver is loaded, and it stops in its shell"));
    }
    lacks
}
