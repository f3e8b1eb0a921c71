//! After the reboot: what a snapshot from before shows and the running box lacks.

mod address_lost;
mod clock_behind;
mod firewall_lost;
mod hostname_changed;
mod kernel_unexpected;
mod module_lost;
mod mount_lost;
mod not_rebooted;
mod replica_behind;
mod resolver_lost;
mod route_lost;
mod setting_changed;
mod socket_lost;
mod swap_lost;
mod target_not_reached;
mod unit_failed;
mod unit_lost;
mod user_service_lost;

pub(super) use address_lost::AddressLost;
pub(super) use clock_behind::ClockBehind;
pub(super) use firewall_lost::FirewallLost;
pub(super) use hostname_changed::HostnameChanged;
pub(super) use kernel_unexpected::KernelUnexpected;
pub(super) use module_lost::ModuleLost;
pub(super) use mount_lost::MountLost;
pub(super) use not_rebooted::NotRebooted;
pub(super) use replica_behind::ReplicaBehind;
pub(super) use resolver_lost::ResolverLost;
pub(super) use route_lost::RouteLost;
pub(super) use setting_changed::SettingChanged;
pub(super) use socket_lost::SocketLost;
pub(super) use swap_lost::SwapLost;
pub(super) use target_not_reached::TargetNotReached;
pub(super) use unit_failed::UnitFailed;
pub(super) use unit_lost::UnitLost;
pub(super) use user_service_lost::UserServiceLost;

use super::{Cx, Evidence};
use crate::fact::{Listing, Stop, Unknown};
use crate::facts::{Host, standing};
use crate::text::Place;

/// The host as it was recorded, where it has rebooted since.
///
/// # Errors
/// Where there is nothing to compare with, or no reboot in between.
fn before<'a>(host: &Host, cx: &Cx<'a>) -> Result<&'a Host, Stop> {
    let Some(before) = cx.base else {
        return Err(Stop::NotApplicable("there is nothing to compare with"));
    };
    let (now, then) = (standing::boot(host), standing::boot(before));
    match (now.require()?, then.require()?) {
        (Some((now, _)), Some((then, _))) if now == then => {
            Err(Stop::NotApplicable("the box has not rebooted since"))
        }
        _ => Ok(before),
    }
}

/// What was there, with its place in the snapshot.
fn was(place: &Place, label: &str) -> Evidence {
    Evidence::span(place.clone(), format!("{label}, before the reboot"))
}

/// A list that must be whole to say that something is not in it.
fn whole<T>(listing: Listing<T>) -> Result<Vec<T>, Stop> {
    listing.complete()?;
    Ok(listing.items)
}

/// A unit of which nobody knows yet whether it comes.
fn still_coming(name: &str) -> Unknown {
    let text = "is still being started; --settle waits for it".to_owned();
    Unknown::new(name, crate::fact::Doubt::CannotModel(text))
}
