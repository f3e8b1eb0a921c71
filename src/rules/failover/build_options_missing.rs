//! `failover-build-options-missing`: a reproducible build of keepalived does not start
//! without the file that says how it was built.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::{Host, undecided};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct BuildOptionsMissing;

/// Where such a build looks first, and where next (keepalived 2.3.3
/// `core/main.c`, `read_config_opts`).
const FILES: [&str; 2] = [
    "/etc/keepalived/keepalived.config-opts",
    "/usr/sbin/keepalived.config-opts",
];

impl Rule for BuildOptionsMissing {
    fn id(&self) -> &'static str {
        "failover-build-options-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        super::configured(host)?;
        let [first, second] = FILES.map(Path::new);
        // Only a package that was built so ships it.
        let list = Path::new("/var/lib/dpkg/info/keepalived.list");
        let shipped = match host.tree().read(list) {
            Fact::Known(file) => file
                .bytes()
                .split(|b| *b == b'\n')
                .any(|l| l == FILES[0].as_bytes()),
            Fact::Unknown(unknown) => return Err(undecided(unknown)),
            Fact::NotCovered(why) => return Err(Stop::NotCovered(why)),
            Fact::Absent(_) | Fact::Broken(_) => false,
        };
        if !shipped {
            return Err(Stop::NotApplicable(
                "no package of keepalived brings this file",
            ));
        }
        let mut out = Findings::new();
        out.judged = 1;
        for path in [first, second] {
            match host.resolve(path) {
                // An empty one is read as missing.
                Fact::Known(found) if found.meta.len > 0 => return Ok(out),
                Fact::Known(_) | Fact::Absent(_) | Fact::Broken(_) => {}
                other => {
                    out.gap(&other);
                    return Ok(out);
                }
            }
        }
        let message = "keepalived does not start: the file with its build options is gone";
        let missing = Evidence::Missing {
            paths: FILES.map(Into::into).to_vec(),
            notes: vec!["keepalived reads it before anything else, and ends without it".into()],
        };
        out.push(Finding::new(self.id(), FILES[0], message, missing));
        Ok(out)
    }
}
