//! `fleet-pair-same-window`: all routers of one address go down in one window.

use super::window;
use crate::fleet::GroupKind;
use crate::rules::{Cx, Examined, FleetRule, Together};

pub(in crate::rules) struct PairSameWindow;

impl FleetRule for PairSameWindow {
    fn id(&self) -> &'static str {
        "fleet-pair-same-window"
    }

    fn check(&self, hosts: &[Examined], cx: &Cx<'_>) -> Together {
        let otherwise = "it shares no VRRP address with another host of this run";
        window::check(self.id(), GroupKind::Pair, hosts, cx, otherwise)
    }
}
