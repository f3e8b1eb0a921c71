//! What makes the kernel panic, and what comes after (Linux 6.1 `kernel/panic.c`).

use super::event::{Handler, is_enabled, optional};
use super::watchdog::Watchdogs;
use super::{Beside, Trigger, What};
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::facts::shipped::is_vendors;
use crate::facts::sysctl::{Kernel, Setting};
use crate::parse::{cmdline, os_release};
use crate::shell::power::Kind;
use crate::text::Place;

/// What sets a source off on the command line: a word, and the value it stands for
/// where it has none of its own.
type Words = &'static [(&'static str, Option<i64>)];

/// What makes the kernel panic where it is not 0.
const SOURCES: [(&str, Words, &str); 10] = [
    (
        "kernel/panic_on_oops",
        &[("oops=panic", Some(1))],
        "when the kernel trips over a bug (an oops)",
    ),
    (
        "kernel/panic_on_warn",
        &[("panic_on_warn", Some(1))],
        "when the kernel prints a warning",
    ),
    (
        "kernel/hung_task_panic",
        &[("hung_task_panic", None)],
        "when a task hangs in the kernel",
    ),
    (
        "kernel/softlockup_panic",
        &[("softlockup_panic", None)],
        "when a processor is stuck in the kernel",
    ),
    (
        "kernel/hardlockup_panic",
        &[("nmi_watchdog=panic", Some(1))],
        "when a processor takes no interrupts",
    ),
    (
        "kernel/panic_on_rcu_stall",
        &[],
        "when a processor stalls the kernel (RCU)",
    ),
    (
        "kernel/panic_on_io_nmi",
        &[],
        "when the hardware reports an I/O error (NMI)",
    ),
    (
        "kernel/panic_on_unrecovered_nmi",
        &[],
        "when the hardware reports an error (NMI)",
    ),
    (
        "kernel/unknown_nmi_panic",
        &[("unknown_nmi_panic", Some(1))],
        "when the hardware sends an unknown interrupt (NMI)",
    ),
    ("vm/panic_on_oom", &[], "when the memory runs out"),
];

/// Adds what a panic does to the box.
pub(super) fn read(
    host: &Host,
    watchdogs: &Watchdogs,
    out: &mut Listing<Trigger>,
    beside: &mut Vec<Beside>,
) {
    let kernel = host.kernel_settings();
    out.gaps.extend(kernel.gaps().iter().cloned());
    let dumps = kdump(host, out);
    if let Some(trigger) = &dumps {
        beside.push(Beside::new(What::Purpose, trigger.clone()));
    }
    let timeout = timeout(host, &kernel);
    for (key, words, event) in SOURCES {
        let set = kernel.get(key, words).filter(|set| set.value != 0);
        let Some(set) = set.filter(|set| !is_vendors(set.place.path())) else {
            continue;
        };
        let handler = Handler::new("a kernel panic", "a panic", event, set.place.clone());
        let by_timeout = timeout.as_ref().filter(|timeout| timeout.value != 0);
        let way = match (by_timeout, &dumps) {
            (Some(timeout), _) => Some(Some(timeout.place.clone())),
            (None, Some(dump)) => Some(Some(dump.place.clone())),
            (None, None) => watchdogs.resets.clone().map(Some),
        };
        let Some(way) = way else {
            let mut trigger = handler.plain(Kind::Crash);
            trigger
                .via
                .extend(timeout.as_ref().map(|timeout| timeout.place.clone()));
            beside.push(Beside::new(What::StaysDead, trigger));
            continue;
        };
        let mut trigger = handler.plain(Kind::Reboot);
        trigger
            .via
            .extend(way.filter(|place| *place != trigger.place));
        out.items.push(trigger);
    }
}

/// Seconds after which a panic ends in a reboot; 0 is never. Nothing where neither a
/// file nor the command line says so and the kernel was built without.
fn timeout(host: &Host, kernel: &Kernel<'_>) -> Option<Setting> {
    let told = kernel.get("kernel/panic", &[("panic", None)]);
    told.or_else(|| {
        let Fact::Known(config) = host.kernel_config() else {
            return kernel.now("kernel/panic");
        };
        let text = String::from_utf8_lossy(config.get("PANIC_TIMEOUT")?).into_owned();
        let value = text.parse().ok().filter(|value| *value != 0)?;
        let Fact::Known(file) = host.tree().read(&config.path) else {
            return None;
        };
        let place: Place = file.place(file.line_span(1));
        Some(Setting { value, place })
    })
}

/// kdump (kdump-tools 1.8.1, kexec-tools 2.0.25): a second kernel waits for a crash,
/// writes a dump and reboots, or does what it is told.
fn kdump(host: &Host, out: &mut Listing<Trigger>) -> Option<Trigger> {
    let entry = host.start().entry()?;
    let mut words = cmdline::parse(&entry.cmdline).into_iter();
    words.find(|(name, value)| name == b"crashkernel" && value.is_some())?;
    if !is_enabled(host, &["kdump-tools", "kdump"]) {
        return None;
    }
    let line = entry.entry.cmdline.as_ref();
    let mut place = line.map_or_else(|| entry.entry.place.clone(), |line| line.place.clone());
    let mut kind = Kind::Reboot;
    if let Some(file) = optional(host, "/etc/default/kdump-tools", out) {
        let settings = os_release::parse(file.bytes());
        if settings.get("USE_KDUMP").is_none_or(|used| used == "0") {
            return None;
        }
    }
    if let Some(file) = optional(host, "/etc/kdump.conf", out) {
        for (span, line) in file.lines() {
            let text = String::from_utf8_lossy(line);
            let mut words = text.split_whitespace();
            if words.next() != Some("final_action") {
                continue;
            }
            place = file.place(span);
            kind = match words.next() {
                Some("halt") => Kind::Halt,
                Some("poweroff") => Kind::PowerOff,
                _ => Kind::Reboot,
            };
        }
    }
    let event = "when the kernel crashes, after a dump is written";
    Some(Handler::new("kdump", "kdump", event, place).plain(kind))
}
