//! `fleet-quorum-same-window`: a quorum loses its majority in one window.

use super::window;
use crate::fleet::GroupKind;
use crate::rules::{Cx, Examined, FleetRule, Together};

pub(in crate::rules) struct QuorumSameWindow;

impl FleetRule for QuorumSameWindow {
    fn id(&self) -> &'static str {
        "fleet-quorum-same-window"
    }

    fn check(&self, hosts: &[Examined], cx: &Cx<'_>) -> Together {
        let otherwise = "it votes in no quorum with another host of this run";
        window::check(self.id(), GroupKind::Quorum, hosts, cx, otherwise)
    }
}
