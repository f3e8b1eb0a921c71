//! `failover-cluster-fencing-missing`: a cluster that wants to fence and cannot, or that
//! was told not to.

use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::cib::{Cib, is_true};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};

pub(in crate::rules) struct ClusterFencingMissing;

/// Whether anything can fence: a device, or each node's own watchdog (pacemaker 2.1.5
/// `lib/pengine/unpack.c`, `unpack_config`).
fn can_fence(cib: &Cib) -> bool {
    let device = cib.primitives.iter().any(|(class, _)| class == "stonith");
    let watchdog = cib.option(&["stonith-watchdog-timeout", "fencing-watchdog-timeout"]);
    let set = watchdog.is_some_and(|pair| !pair.value.trim().trim_start_matches('0').is_empty());
    device || cib.has_watchdog && set
}

impl Rule for ClusterFencingMissing {
    fn id(&self) -> &'static str {
        "failover-cluster-fencing-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let cib = super::cluster::pacemaker(host)?;
        if cib.primitives.is_empty() {
            return Err(Stop::NotApplicable("the cluster has no resources"));
        }
        let mut out = Findings::new();
        out.judged = 1;
        let enabled = cib.option(&["stonith-enabled", "stonith_enabled", "fencing-enabled"]);
        let fencing = "fencing";
        match enabled {
            Some(pair) if !is_true(&pair.value) => {
                let message = "the cluster does not fence: a node that hangs keeps what the \
                               other one starts too";
                let at = Evidence::span(pair.place.clone(), "switched off");
                let finding = Finding::new(self.id(), fencing, message, at);
                out.push(finding.at_most(Level::Note));
            }
            _ if can_fence(&cib) || cib.ruled => {}
            other => {
                let message = "Pacemaker starts no resource: it is to fence and has no device";
                let place = other.map_or(&cib.place, |pair| &pair.place).clone();
                let at = Evidence::span(place, "stonith-enabled is true unless told otherwise");
                out.push(Finding::new(self.id(), fencing, message, at));
            }
        }
        Ok(out)
    }
}
