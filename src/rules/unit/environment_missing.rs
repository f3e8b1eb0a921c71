//! `unit-environment-missing`: a unit of the boot names a file, a directory or a user
//! that is not there.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::systemd::TroubleKind;
use crate::rules::{Cx, Findings, Rule};

pub(in crate::rules) struct EnvironmentMissing;

/// What it looks for.
const KINDS: [TroubleKind; 3] = [
    TroubleKind::EnvironmentFile,
    TroubleKind::Account,
    TroubleKind::Directory,
];

impl Rule for EnvironmentMissing {
    fn id(&self) -> &'static str {
        "unit-environment-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let boot = super::of(host)?;
        let mut out = Findings::new();
        out.open.extend(boot.open());
        out.gap(host.accounts());
        for (ix, trouble) in super::troubled(boot, &KINDS) {
            out.push(super::finding(self.id(), boot, ix, trouble));
        }
        Ok(out)
    }
}
