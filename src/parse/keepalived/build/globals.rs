//! `global_defs` (keepalived `global_parser.c`).

use super::super::model::{Fifo, FifoKind, FifoScript};
use super::super::number::truth;
use super::super::report::Report;
use super::command::command;
use super::instance::lenient;
use super::{Builder, Given};

impl Builder {
    pub(super) fn global_setting(
        &mut self,
        name: &'static str,
        given: Given<'_>,
        report: &mut Report,
    ) {
        let dialect = self.dialect;
        let globals = &mut self.globals;
        let on = || {
            let off = given.rest.first().and_then(|word| truth(&word.text)) == Some(false);
            (!off).then(|| given.keyword_place())
        };
        let mut hook = || {
            if given.rest.is_empty() {
                None
            } else {
                command(given, true, dialect, report)
            }
        };
        match name {
            "router_id" => globals.router_id = given.first().or(globals.router_id.take()),
            "default_interface" => {
                globals.default_interface = given.first().or(globals.default_interface.take());
            }
            "script_user" if !given.rest.is_empty() => {
                globals.script_user = Some(given.words());
            }
            "enable_script_security" => {
                globals.enable_script_security = Some(given.keyword_place());
            }
            "use_symlink_paths" => globals.use_symlink_paths = on(),
            "vrrp_strict" => globals.vrrp_strict = Some(given.keyword_place()),
            "dynamic_interfaces" => globals.dynamic_interfaces = on(),
            "vrrp_version" => {
                let number = lenient(given, 2, 3, "neither 2 nor 3: ignored", report);
                globals.vrrp_version = number.or(globals.vrrp_version.take());
            }
            "notify_fifo" | "vrrp_notify_fifo" | "lvs_notify_fifo" => {
                let kind = fifo_kind(name);
                let taken = globals.fifos.iter().any(|fifo| fifo.kind == kind);
                if let (false, Some(path)) = (taken, given.first()) {
                    globals.fifos.push(Fifo { kind, path });
                }
            }
            "notify_fifo_script" | "vrrp_notify_fifo_script" | "lvs_notify_fifo_script" => {
                let kind = fifo_kind(name);
                let taken = globals
                    .fifo_scripts
                    .iter()
                    .any(|script| script.kind == kind);
                if let (false, Some(command)) = (taken, hook()) {
                    globals.fifo_scripts.push(FifoScript { kind, command });
                }
            }
            "startup_script" if globals.startup_script.is_none() => {
                globals.startup_script = hook();
            }
            "shutdown_script" if globals.shutdown_script.is_none() => {
                globals.shutdown_script = hook();
            }
            _ => globals.settings.push(given.setting()),
        }
    }
}

fn fifo_kind(name: &str) -> FifoKind {
    if name.starts_with("vrrp") {
        FifoKind::Vrrp
    } else if name.starts_with("lvs") {
        FifoKind::Lvs
    } else {
        FifoKind::All
    }
}
