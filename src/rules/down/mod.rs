//! Rules about what is lost or hangs on the way down.

mod clock_apart;
mod data_in_memory;
mod disk_full;
mod inhibited;
mod mount_hangs;
mod process_held;
mod process_stuck;
mod setting_lost;
mod somebody_logged_in;
mod stop_unlimited;
mod swap_too_full;
mod turned_read_only;
mod work_at_hand;

pub(super) use clock_apart::ClockApart;
pub(super) use data_in_memory::DataInMemory;
pub(super) use disk_full::DiskFull;
pub(super) use inhibited::Inhibited;
pub(super) use mount_hangs::MountHangs;
pub(super) use process_held::ProcessHeld;
pub(super) use process_stuck::ProcessStuck;
pub(super) use setting_lost::SettingLost;
pub(super) use somebody_logged_in::SomebodyLoggedIn;
pub(super) use stop_unlimited::StopUnlimited;
pub(super) use swap_too_full::SwapTooFull;
pub(super) use turned_read_only::TurnedReadOnly;
pub(super) use work_at_hand::WorkAtHand;

use super::Findings;
use super::chain::{LinkState, Summary};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::running::{must_run, processes, sessions};

/// The chain's line.
pub(super) fn summary(host: &Host) -> Summary {
    if let Err(Stop::NotCovered(why)) = must_run(host) {
        return Summary::new(LinkState::NotCovered, why.to_string());
    }
    let list = processes(host);
    if let Some(gap) = list.gaps.first() {
        return Summary::new(LinkState::Unknown, gap.to_string());
    }
    let programs = list.items.iter().filter(|p| !p.of_kernel).count();
    let plural = if programs == 1 { "" } else { "es" };
    let people = match sessions(host).items.len() {
        0 => "nobody else is logged in".to_owned(),
        1 => "1 other person is logged in".to_owned(),
        count => format!("{count} others are logged in"),
    };
    Summary::new(
        LinkState::Ok,
        format!("{programs} process{plural}; {people}"),
    )
}

/// The processes of the running system, with what is not known of them.
fn everyone(host: &Host) -> Result<Findings, Stop> {
    must_run(host)?;
    let mut out = Findings::new();
    let list = processes(host);
    out.judged = list.items.len();
    out.open.extend(list.gaps.iter().cloned());
    Ok(out)
}
