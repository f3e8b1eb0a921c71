//! What a running box has that must be there again after a reboot.
//!
//! Each part is read of one host; rules compare what was with what is. A snapshot asks
//! for all of it once, so that there is something to compare with.

mod network;
mod settings;
mod sockets;
mod units;

use std::path::Path;

pub use network::{Route, addresses6, all_routes, leased, nameservers};
pub use settings::{
    Swap, declared_modules, firewall, has_module, loaded_modules, setting, setting_keys, swaps,
};
pub use sockets::{Listener, listeners, owner};
pub use units::{Unit, units, user_services};

use super::Host;
use super::running;
use crate::fact::{Fact, Stop};
use crate::facts::network::live;
use crate::text::{File, Place};

/// The one line of a file of the kernel, without blanks around it, with its place.
#[must_use]
pub fn line(host: &Host, path: &str) -> Fact<(String, Place)> {
    if let Err(Stop::NotCovered(why)) = running::must_run(host) {
        return Fact::NotCovered(why);
    }
    host.tree().read(Path::new(path)).map(|file| {
        let text = String::from_utf8_lossy(file.bytes()).into_owned();
        let place = file.place(file.line_span(1));
        (text.trim().to_owned(), place)
    })
}

/// The boot that a host is in, as the kernel names it.
#[must_use]
pub fn boot(host: &Host) -> Fact<(String, Place)> {
    line(host, "/proc/sys/kernel/random/boot_id")
}

/// The release of the kernel that runs.
#[must_use]
pub fn kernel(host: &Host) -> Fact<(String, Place)> {
    line(host, "/proc/sys/kernel/osrelease")
}

/// The name that the kernel has for the host.
#[must_use]
pub fn name(host: &Host) -> Fact<(String, Place)> {
    line(host, "/proc/sys/kernel/hostname")
}

/// Reads all that is compared, for a snapshot.
pub fn observe(host: &Host) {
    let _ = (boot(host), kernel(host), name(host), units(host));
    let listeners = listeners(host);
    let _ = listeners.items.first().map(|first| owner(host, first));
    let _ = (
        live::addresses(host.tree()),
        live::default_routes(host.tree()),
    );
    let _ = (addresses6(host), all_routes(host), nameservers(host));
    let _ = leased(host, std::net::IpAddr::from([0, 0, 0, 0]));
    let _ = (running::mounted(host), swaps(host), firewall(host));
    for key in setting_keys(host).items {
        let _ = setting(host, &key);
    }
    let _ = (declared_modules(host), loaded_modules(host));
    let _ = user_services(host);
}

/// The words of every line of a table, after its heading.
fn rows(file: &std::sync::Arc<File>, heading: usize) -> Vec<(Vec<String>, Place)> {
    let rows = file.lines().skip(heading).map(|(span, line)| {
        let text = String::from_utf8_lossy(line).into_owned();
        let words = text.split_whitespace().map(str::to_owned).collect();
        (words, file.place(span))
    });
    rows.collect()
}
