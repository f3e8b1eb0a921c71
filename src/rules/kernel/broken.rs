//! `kernel-broken`: the kernel image is empty, cut off, or no kernel.

use crate::fact::Stop;
use crate::fact::{Doubt, Unknown};
use crate::facts::{Host, undecided};
use crate::parse::kernel_image::Problem;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule, loader};
use crate::text::escape_path;

pub(in crate::rules) struct Broken;

impl Rule for Broken {
    fn id(&self) -> &'static str {
        "kernel-broken"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let kernel = super::of(host)?;
        let mut out = Findings::new();
        let path = escape_path(&kernel.path);
        for problem in &kernel.image.problems {
            let (what, grave) = match problem {
                Problem::Empty => ("is empty: the loader refuses it", true),
                Problem::Truncated { .. } => ("is cut off: it dies while it unpacks itself", true),
                Problem::BadMagic(_) => ("is no kernel: the loader refuses it", true),
                Problem::OldProtocol(_) => ("is too old for the loader", true),
                Problem::NotLoadedHigh => ("is of a kind that today's loaders refuse", true),
                Problem::BadElf(_) => ("has a header that makes no sense", true),
                Problem::BadPayload(_) => ("cannot be unpacked", true),
                Problem::SignatureCut { .. } => ("has lost a part of its signature", false),
                Problem::Unreadable(offset) => {
                    let doubt = Doubt::Io(format!("not read at byte {offset}"));
                    return Err(undecided(Unknown::new(&kernel.path, doubt)));
                }
            };
            let message = format!("the kernel that boots by default {what}");
            let evidence = Evidence::path(&kernel.path, problem.to_string());
            let mut finding = Finding::new(self.id(), path.clone(), message, evidence);
            if !grave {
                finding = finding.at_most(Level::Warn);
            }
            if !loader::is_certain(host) {
                finding = finding.confidence(Confidence::Possible);
            }
            out.push(finding);
            if grave {
                break;
            }
        }
        Ok(out)
    }
}
