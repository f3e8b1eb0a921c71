//! `down-mount-hangs`: a mount does not answer.

use super::super::{Cx, Evidence, Finding, Findings, Rule};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::running::{must_run, silent};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct MountHangs;

impl Rule for MountHangs {
    fn id(&self) -> &'static str {
        "down-mount-hangs"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        must_run(host)?;
        let mut out = Findings::new();
        let silent = silent(host);
        out.open.extend(silent.gaps);
        for mounted in silent.items {
            let point = escape_path(mounted.point());
            let kind = escape(&mounted.mount.kind);
            let message =
                format!("{point} ({kind}) does not answer: its unmount at shutdown will hang");
            let evidence = Evidence::span(mounted.place, "no answer within 2 s");
            out.push(Finding::new(self.id(), point, message, evidence));
        }
        Ok(out)
    }
}
