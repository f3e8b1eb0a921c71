//! `unit-executable-missing`: a unit of the boot has a program that cannot be executed.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::systemd::TroubleKind;
use crate::rules::{Cx, Findings, Rule};

pub(in crate::rules) struct ExecutableMissing;

impl Rule for ExecutableMissing {
    fn id(&self) -> &'static str {
        "unit-executable-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let boot = super::of(host)?;
        let mut out = Findings::new();
        out.open.extend(boot.open());
        for (ix, trouble) in super::troubled(boot, &[TroubleKind::Program]) {
            out.push(super::finding(self.id(), boot, ix, trouble));
        }
        Ok(out)
    }
}
