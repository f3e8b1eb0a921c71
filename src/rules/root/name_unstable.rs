//! `root-name-unstable`: the root is named by the order in which disks are found.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::boot::RootForm;
use crate::rules::{Cx, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct NameUnstable;

impl Rule for NameUnstable {
    fn id(&self) -> &'static str {
        "root-name-unstable"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let root = super::of(host)?;
        let Some(value) = &root.value else {
            return Err(Stop::NotApplicable("no root= is given"));
        };
        let mut out = Findings::new();
        let name = value.text.strip_prefix(b"/dev/").unwrap_or(&[]);
        let by_order = [&b"sd"[..], b"hd", b"vd", b"xvd", b"nvme", b"mmcblk"];
        let unstable = value.form == RootForm::KernelName
            && by_order.iter().any(|prefix| name.starts_with(prefix));
        if !unstable {
            return Ok(out);
        }
        let shown = escape(&value.text);
        let message = format!("root={shown} is whatever disk is found in that place next time");
        let evidence = super::line(root, format!("root= from {}", value.from));
        out.push(Finding::new(self.id(), shown, message, evidence));
        Ok(out)
    }
}
