//! `fleet-role-same-window`: too few holders of a role stay up in one window.

use super::window;
use crate::fleet::GroupKind;
use crate::rules::{Cx, Examined, FleetRule, Together};

pub(in crate::rules) struct RoleSameWindow;

impl FleetRule for RoleSameWindow {
    fn id(&self) -> &'static str {
        "fleet-role-same-window"
    }

    fn check(&self, hosts: &[Examined], cx: &Cx<'_>) -> Together {
        let otherwise = "policy gives it no role";
        window::check(self.id(), GroupKind::Role, hosts, cx, otherwise)
    }
}
