//! What the init is told to reach: systemd's default target, or sysvinit's default
//! runlevel.

use super::Host;
use super::init::InitKind;
use crate::fact::{Fact, Looked};
use crate::text::Place;

/// What the init is told to reach.
#[derive(Debug)]
pub enum Target {
    /// A unit of systemd: [`Host::systemd`] tells which.
    Systemd,
    /// sysvinit's default runlevel.
    Runlevel(Runlevel),
}

/// sysvinit's default runlevel.
#[derive(Debug)]
pub enum Runlevel {
    /// No inittab: init asks on the console.
    NoTable(Looked),
    /// No effective `initdefault`: init asks on the console. Lines that were meant to
    /// be one, with what is wrong with them.
    NoDefault(Vec<(Place, &'static str)>),
    /// This one.
    Level(char, Place),
}

/// What the init of `host` is told to reach; Absent for inits that are told otherwise.
pub(super) fn read(host: &Host) -> Fact<Target> {
    match host.init_kind() {
        Some(InitKind::Systemd) => Fact::Known(Target::Systemd),
        Some(InitKind::SysV) => runlevel(host).map(Target::Runlevel),
        _ => Fact::Absent(Looked::at("/etc/inittab")),
    }
}

fn runlevel(host: &Host) -> Fact<Runlevel> {
    let table = match host.inittab() {
        Fact::Known(table) => table,
        Fact::Absent(looked) => return Fact::Known(Runlevel::NoTable(looked)),
        Fact::Broken(fault) => return Fact::Broken(fault),
        Fact::Unknown(unknown) => return Fact::Unknown(unknown),
        Fact::NotCovered(why) => return Fact::NotCovered(why),
    };
    if let Some((level, place)) = table.default_level() {
        return Fact::Known(Runlevel::Level(level, place.clone()));
    }
    let meant = table
        .problems
        .into_iter()
        .filter(|p| p.place.text().to_ascii_lowercase().contains("initdefault"))
        .map(|p| (p.place, p.message));
    Fact::Known(Runlevel::NoDefault(meant.collect()))
}
