//! `initrd-resume-missing`: the initrd waits for a swap that is not there.

use crate::fact::{Fact, Stop};
use crate::facts::boot::{InitrdFacts, InitrdKind, RootFacts};
use crate::facts::devices::{Match, Spec};
use crate::facts::{Host, undecided};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule, root};
use crate::text::escape;

pub(in crate::rules) struct ResumeMissing;

impl Rule for ResumeMissing {
    fn id(&self) -> &'static str {
        "initrd-resume-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let facts = super::of(host)?;
        if facts.kind != InitrdKind::InitramfsTools {
            return Err(Stop::NotApplicable("not an initrd of initramfs-tools"));
        }
        let Some(root) = host.root().require()? else {
            return Err(Stop::NotApplicable("which kernel starts is not known"));
        };
        // scripts/local-premount/resume ends at once without /sys/power/resume.
        if let Fact::Known(config) = host.kernel_config()
            && !config.has("HIBERNATION")
        {
            return Err(Stop::NotApplicable("the kernel has no hibernation"));
        }
        let Some((value, from)) = resume(facts, root) else {
            return Err(Stop::NotApplicable("nothing names a swap to resume from"));
        };
        let Some(spec) = Spec::of_root(&value) else {
            return Err(Stop::NotApplicable("no name of a device"));
        };
        let devices = root::devices(host)?;
        let mut out = Findings::new();
        match devices.find(&spec) {
            Match::One(_) | Match::Several(_) => return Ok(out),
            Match::Hidden(what) => {
                return Err(Stop::NotCovered(crate::fact::Why::Hidden(what)));
            }
            Match::Unread(unknown) => return Err(undecided(unknown)),
            Match::None => {}
        }
        let shown = escape(&value);
        let message =
            format!("the initrd looks half a minute for {shown} to resume from, and goes on");
        let evidence = match (from, facts.files.last(), &root.place) {
            (None, _, Some(place)) => Evidence::span(place.clone(), "resume= is on it"),
            (Some(path), Some(file), _) => Evidence::path(&file.path, format!("has it in {path}")),
            _ => Evidence::computed("the initrd names it"),
        };
        let text = format!(
            "none of {} devices ({}) has it",
            devices.items.len(),
            devices.from
        );
        let finding = Finding::new(self.id(), shown, message, evidence);
        out.push(finding.with(Evidence::computed(text)).fix(
            "Name the swap that is there in /etc/initramfs-tools/conf.d/resume, or none:",
            &["update-initramfs -u -k all"],
        ));
        Ok(out)
    }
}

/// What is resumed from, and the file of the initrd that says so; none for the command
/// line (initramfs-tools 0.142, `init`: the files of conf/conf.d in the order of their
/// names, then the command line).
fn resume(facts: &InitrdFacts, root: &RootFacts) -> Option<(Vec<u8>, Option<String>)> {
    if root.has("noresume") {
        return None;
    }
    if let Some(value) = root.last("resume") {
        return (!value.is_empty()).then(|| (value.to_vec(), None));
    }
    let mut names: Vec<Vec<u8>> = facts
        .initrd
        .rootfs
        .names(b"conf/conf.d")
        .map(<[u8]>::to_vec)
        .collect();
    names.sort();
    let mut last = None;
    for name in names {
        let path = format!("conf/conf.d/{}", String::from_utf8_lossy(&name));
        for line in facts.content(&path)?.split(|b| *b == b'\n') {
            if let Some(value) = line.trim_ascii().strip_prefix(b"RESUME=") {
                let quotes = |b: &u8| *b != b'"' && *b != b'\'';
                let value: Vec<u8> = value.iter().copied().filter(quotes).collect();
                last = Some((value, Some(path.clone())));
            }
        }
    }
    last.filter(|(value, _)| !matches!(value.as_slice(), b"" | b"none" | b"auto"))
}
