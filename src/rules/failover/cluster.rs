//! What the rules about Pacemaker and corosync share.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::cluster::{cib, corosync, starts};
use crate::parse::cib::Cib;
use crate::parse::corosync::{Corosync, Node};

/// Pacemaker's configuration, where the boot starts it.
pub(super) fn pacemaker(host: &Host) -> Result<Cib, Stop> {
    let cib = match cib(host) {
        Fact::Known(cib) => cib,
        Fact::Absent(_) => return Err(Stop::NotApplicable("there is no Pacemaker cluster")),
        other => return Err(stopped(&other)),
    };
    starts(host, &["pacemaker"], "nothing starts Pacemaker")?;
    Ok(cib)
}

/// corosync's configuration, where the boot starts it and it lists nodes.
pub(super) fn nodes(host: &Host) -> Result<(Corosync, Vec<Node>), Stop> {
    let conf = match corosync(host) {
        Fact::Known(conf) => conf,
        Fact::Absent(_) => return Err(Stop::NotApplicable("corosync is not configured")),
        other => return Err(stopped(&other)),
    };
    let nodes = conf.nodes();
    if nodes.is_empty() {
        return Err(Stop::NotApplicable("corosync has no list of nodes"));
    }
    starts(host, &["corosync", "pacemaker"], "nothing starts corosync")?;
    Ok((conf, nodes))
}

/// Why a fact without a value stops a rule.
fn stopped<T>(fact: &Fact<T>) -> Stop {
    match fact.require() {
        Err(stop) => stop,
        Ok(_) => Stop::NotApplicable("there is no cluster"),
    }
}

/// Whether a node of the cluster is this box, by its whole name or its first part.
pub(super) fn is_here(host: &str, node: &str) -> bool {
    let short = |name: &str| name.split('.').next().unwrap_or(name).to_owned();
    host == node || short(host) == node || short(node) == host
}
