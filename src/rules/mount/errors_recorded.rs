//! `mount-errors-recorded`: an ext2, ext3 or ext4 says of itself that errors were found.

use std::path::Path;

use super::field;
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::devices::{Device, Match};
use crate::facts::mounts::{Failure, Plan, Role};
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};

pub(in crate::rules) struct ErrorsRecorded;

impl Rule for ErrorsRecorded {
    fn id(&self) -> &'static str {
        "mount-errors-recorded"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        let mut out = Findings::new();
        for (plan, device) in with_devices(host, &mut out) {
            let counted = counted(host, device);
            let says = device
                .ext
                .as_ref()
                .is_some_and(crate::parse::superblock::Ext::has_errors);
            if device.ext.is_none() && counted.is_none() {
                continue;
            }
            out.judged += 1;
            if !says && counted.is_none_or(|count| count == 0) {
                continue;
            }
            let (subject, node) = (plan.subject(), &device.node);
            let panics = device.ext.as_ref().is_some_and(|ext| ext.errors == 3)
                || plan
                    .entry
                    .option_text
                    .split(|b| *b == b',')
                    .any(|o| o == b"errors=panic");
            let fate = match mounts.consequence(plan, Failure::Check) {
                Some(consequence) if consequence.stops_the_boot() && plan.entry.passno != 0 => {
                    format!(
                        "the boot checks all of it, and where that cannot mend it by itself {}",
                        consequence.says()
                    )
                }
                _ if panics => "nothing checks it, and the kernel panics at the next error".into(),
                _ => "nothing checks it at boot".to_owned(),
            };
            let message = format!("{subject} on {node} has errors: {fate}");
            let evidence = Evidence::span(field(plan, 0), format!("is {node}"));
            let text = match counted {
                Some(count) if count > 0 => format!("the kernel counted {count} errors on {node}"),
                _ => format!("the superblock of {node} says that errors were found"),
            };
            let mut finding = Finding::new(self.id(), subject, message, evidence)
                .with(Evidence::computed(text))
                .at_most(Level::Warn);
            if panics {
                let text = "errors=panic: the kernel panics when it meets an error";
                finding = finding.with(Evidence::computed(text));
                finding = finding.impact(&[Impact::NoBoot]);
            }
            out.push(finding);
        }
        Ok(out)
    }
}

/// The lines that the boot mounts, each with the one device it names; what could not be
/// looked at goes to `out`.
pub(super) fn with_devices<'a>(host: &'a Host, out: &mut Findings) -> Vec<(&'a Plan, &'a Device)> {
    let mut found = Vec::new();
    let mounts = host.mounts();
    let devices = match host.devices() {
        Fact::Known(devices) => devices,
        other => {
            out.gap(other);
            return found;
        }
    };
    for plan in &mounts.plans {
        let mounted = matches!(plan.role, Role::Root | Role::Usr | Role::Data);
        if !mounted || plan.entry.is_noauto() || plan.is_bind() {
            continue;
        }
        let Some(spec) = &plan.device else { continue };
        if let Match::One(device) = devices.find(spec) {
            found.push((plan, device));
        }
    }
    found
}

/// What the running kernel counted (Linux 6.1, `fs/ext4/sysfs.c`, `errors_count`).
fn counted(host: &Host, device: &Device) -> Option<u64> {
    let name = device.node.strip_prefix("/dev/")?;
    let path = format!("/sys/fs/ext4/{name}/errors_count");
    let Fact::Known(file) = host.tree().read(Path::new(&path)) else {
        return None;
    };
    std::str::from_utf8(file.bytes()).ok()?.trim().parse().ok()
}
