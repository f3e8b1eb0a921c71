//! `root-flags-refused`: `rootflags=` has an option that the root's file system refuses.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::stack;
use crate::facts::kernels::version_in;
use crate::facts::mounts::{Judged, judge_option_text};
use crate::rules::{Confidence, Cx, Finding, Findings, Rule, loader};
use crate::text::escape;

pub(in crate::rules) struct FlagsRefused;

impl Rule for FlagsRefused {
    fn id(&self) -> &'static str {
        "root-flags-refused"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let root = super::of(host)?;
        let Some(flags) = root.last("rootflags") else {
            return Err(Stop::NotApplicable("no rootflags= is given"));
        };
        let Some(kind) = stack::file_system(host) else {
            return Err(Stop::NotApplicable("the root's file system is not known"));
        };
        let mut out = Findings::new();
        for flag in flags.split(|byte| *byte == b',').filter(|f| !f.is_empty()) {
            let refused = match judge_option_text(kind.name.as_bytes(), flag) {
                Judged::Fine => false,
                Judged::Unknown | Judged::BadValue(_) => true,
                Judged::Removed(release) => !is_older(host, release),
            };
            if !refused {
                continue;
            }
            let (name, shown) = (&kind.name, escape(flag));
            let message = format!(
                "the root is {name}, which refuses {shown} of rootflags=: it is not mounted"
            );
            let evidence = super::line(root, format!("{name} has no {shown}"));
            let mut finding =
                Finding::new(self.id(), shown, message, evidence).with(super::told(&kind.told));
            if !kind.certain {
                finding = finding.confidence(Confidence::Likely);
            }
            if !loader::is_certain(host) {
                finding = finding.confidence(Confidence::Possible);
            }
            out.push(finding);
            // One is enough to fail the mount.
            break;
        }
        Ok(out)
    }
}

/// Whether the kernel that starts is from before `release`; so it is held to be where
/// its release is not known.
fn is_older(host: &Host, release: &str) -> bool {
    match host.release() {
        Fact::Known(own) => version_in(&String::from_utf8_lossy(&own)) < version_in(release),
        _ => true,
    }
}
