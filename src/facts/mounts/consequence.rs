//! What happens when a line of fstab cannot be carried out, by init.
//!
//! systemd 252: `src/fstab-generator`, `src/core/mount.c`, local-fs.target's
//! `OnFailure=emergency.target`, and real boots. Debian's initscripts 3.06:
//! checkroot.sh, checkfs.sh, mountall.sh. OpenRC 0.56: `init.d/{fsck,root,localmount}`.
//! void-runit: `core-services/03-filesystems.sh`. initramfs-tools 0.142:
//! `scripts/local`. dracut 059: `98usrmount`. util-linux 2.38: `fsck.c`, `mount -a`.

use super::{Initrd, Manager, Mounts, Plan, Role};
use crate::text::Place;

/// A way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The device does not appear.
    NoDevice,
    /// The mount itself fails: option, type, content.
    Refused,
    /// The mount point does not exist.
    NoPoint,
    /// The check leaves errors.
    Check,
}

/// How the boot ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// systemd's emergency.target: a shell on the console for root's password, no
    /// network, nothing else.
    Emergency,
    /// A shell on the console; the boot goes on when somebody leaves it.
    Shell,
    /// The initrd's shell on the console.
    InitrdShell,
    /// The boot waits for ever.
    Stuck,
    /// The boot goes on without it.
    Without,
    /// The root file system stays as the kernel mounted it: read-only, in most boots.
    RootReadOnly,
    /// Nothing happens before somebody looks at the mount point.
    OnAccess,
    /// It is not mounted at boot.
    NotTried,
    /// The line does not matter for this.
    Harmless,
}

/// How long the boot waits first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    None,
    /// So many seconds.
    Seconds(u64),
    /// For ever.
    Forever,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// How the boot ends.
    pub outcome: Outcome,
    /// How long it waits first.
    pub wait: Wait,
    /// The option or field that decided it.
    pub decided_by: Option<Place>,
}

/// systemd's wait for a device (`DefaultDeviceTimeoutSec`).
const DEVICE_WAIT: u64 = 90;
/// initramfs-tools waits that long for / and /usr (without `rootdelay=`).
const INITRD_WAIT: u64 = 30;

impl Consequence {
    const fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            wait: Wait::None,
            decided_by: None,
        }
    }

    fn after(mut self, wait: Wait) -> Self {
        self.wait = wait;
        // A wait without an end leaves nothing behind it.
        if wait == Wait::Forever && self.outcome != Outcome::OnAccess {
            self.outcome = Outcome::Stuck;
        }
        self
    }

    fn by(mut self, place: Option<&Place>) -> Self {
        self.decided_by = place.cloned();
        self
    }

    /// Whether nobody gets in without going to the console.
    #[must_use]
    pub const fn stops_the_boot(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Emergency | Outcome::Shell | Outcome::InitrdShell | Outcome::Stuck
        )
    }

    /// What happens, as the end of a sentence.
    #[must_use]
    pub fn says(&self) -> String {
        let end = match self.outcome {
            Outcome::Emergency => "the boot ends in emergency mode",
            Outcome::Shell => "the boot stops at a shell on the console",
            Outcome::InitrdShell => "the boot stops in the initrd's shell",
            Outcome::Stuck => return "the boot waits for ever".into(),
            Outcome::Without => "the boot goes on without it",
            Outcome::RootReadOnly => "the root file system stays read-only",
            Outcome::OnAccess => "nothing happens before the first access",
            Outcome::NotTried => "it is not mounted at boot",
            Outcome::Harmless => "nothing changes",
        };
        match self.wait {
            Wait::Seconds(seconds) => format!("after {seconds} s {end}"),
            Wait::None | Wait::Forever => end.into(),
        }
    }
}

impl Mounts {
    /// What happens when `plan` fails in that way; `None` for an init that is not known.
    #[must_use]
    pub fn consequence(&self, plan: &Plan, failure: Failure) -> Option<Consequence> {
        if plan.role == Role::NoPlace {
            return Some(Consequence::new(Outcome::NotTried));
        }
        if plan.role == Role::Usr
            && let Some(early) = self.usr_in_initrd(plan, failure)
        {
            return Some(early);
        }
        match self.manager {
            Manager::Systemd => Some(self.with_those_below(plan, failure)),
            Manager::Scripts => Some(by_scripts(plan, failure)),
            Manager::OpenRc => Some(by_openrc(plan, failure)),
            Manager::Void => Some(by_void(plan, failure)),
            Manager::Busybox => Some(by_busybox(plan)),
            Manager::Unknown => None,
        }
    }

    /// A mount requires those that its mount point and its source lie on
    /// (systemd.mount(5), "Implicit Dependencies"), so it fails with one that may fail.
    fn with_those_below(&self, plan: &Plan, failure: Failure) -> Consequence {
        let own = by_systemd(plan, failure);
        if plan.role != Role::Data || own.outcome != Outcome::Without {
            return own;
        }
        let below = |path: &[u8]| {
            let rest = path.strip_prefix(plan.entry.target.as_slice());
            rest.is_some_and(|rest| rest.first() == Some(&b'/'))
        };
        let needs = |other: &&Plan| {
            let source = other.device.is_none() && below(&other.entry.source);
            other.role == Role::Data && (below(&other.entry.target) || source)
        };
        let others = self.plans.iter().filter(needs);
        let mut grave = others
            .filter(|other| by_systemd(other, Failure::Refused).outcome == Outcome::Emergency);
        let Some(other) = grave.next() else {
            return own;
        };
        let wait = match failure {
            Failure::NoDevice => device_wait(plan).0,
            Failure::Refused | Failure::NoPoint | Failure::Check => own.wait,
        };
        Consequence::new(Outcome::Emergency)
            .after(wait)
            .by(other.entry.fields.get(1))
    }

    /// /usr is mounted, and its failure decided, before the init runs. Both initrds read
    /// fstab themselves and know neither nofail nor noauto.
    fn usr_in_initrd(&self, plan: &Plan, failure: Failure) -> Option<Consequence> {
        let shell = Consequence::new(Outcome::InitrdShell).by(plan.entry.fields.get(1));
        match (self.initrd, failure) {
            (Initrd::InitramfsTools, Failure::NoDevice) => {
                Some(shell.after(Wait::Seconds(INITRD_WAIT)))
            }
            (Initrd::InitramfsTools | Initrd::Dracut, _) => Some(shell),
            (Initrd::Other, _) => None,
        }
    }
}

fn by_systemd(plan: &Plan, failure: Failure) -> Consequence {
    let entry = &plan.entry;
    match plan.role {
        Role::Api => return Consequence::new(Outcome::Harmless),
        Role::Root => return root(plan, failure),
        Role::Swap => return swap_by_systemd(plan, failure),
        Role::Usr | Role::Data | Role::NoPlace => {}
    }
    if failure == Failure::NoPoint {
        // It makes the directory.
        return Consequence::new(Outcome::Harmless);
    }
    let wait = match failure {
        Failure::NoDevice => device_wait(plan),
        _ => (Wait::None, None),
    };
    if let Some(automount) = automount(plan) {
        return Consequence::new(Outcome::OnAccess).by(Some(&automount));
    }
    let wanted: Vec<_> = entry
        .options
        .iter()
        .filter(|o| o.name() == b"x-systemd.wanted-by")
        .collect();
    let required: Vec<_> = entry
        .options
        .iter()
        .filter(|o| o.name() == b"x-systemd.required-by")
        .collect();
    let local = |options: &[&crate::parse::fstab::Opt]| {
        let mut options = options.iter();
        options
            .find(|o| o.value() == Some(b"local-fs.target"))
            .map(|o| o.place.clone())
    };
    if !wanted.is_empty() || !required.is_empty() {
        if let Some(place) = local(&required) {
            return Consequence::new(Outcome::Emergency)
                .after(wait.0)
                .by(Some(&place));
        }
        return Consequence::new(Outcome::Without);
    }
    if let Some((true, option)) = entry.switch("noauto", "auto") {
        return Consequence::new(Outcome::NotTried).by(Some(&option.place));
    }
    // A background mount of NFS is rewritten to one that may fail.
    let nfs = matches!(entry.kind.as_slice(), b"nfs" | b"nfs4");
    if let (true, Some((true, option))) = (nfs, entry.switch("bg", "fg")) {
        return Consequence::new(Outcome::Without).by(Some(&option.place));
    }
    if let Some((true, option)) = entry.switch("nofail", "fail") {
        return Consequence::new(Outcome::Without).by(Some(&option.place));
    }
    if plan.is_network() {
        let place = entry.option("_netdev").map(|o| &o.place);
        let place = place.or(entry.fields.get(2));
        return Consequence::new(Outcome::Without).after(wait.0).by(place);
    }
    Consequence::new(Outcome::Emergency)
        .after(wait.0)
        .by(wait.1.as_ref())
}

/// swap.target is only wanted, but everything waits for it; nofail changes nothing.
fn swap_by_systemd(plan: &Plan, failure: Failure) -> Consequence {
    if let Some((true, option)) = plan.entry.switch("noauto", "auto") {
        return Consequence::new(Outcome::NotTried).by(Some(&option.place));
    }
    let wait = match failure {
        Failure::NoDevice => device_wait(plan),
        _ => (Wait::None, None),
    };
    Consequence::new(Outcome::Without)
        .after(wait.0)
        .by(wait.1.as_ref())
}

/// The wait for a device, and the option that sets it; there is none for what is no
/// device.
fn device_wait(plan: &Plan) -> (Wait, Option<Place>) {
    if plan.device.is_none() {
        return (Wait::None, None);
    }
    let names = ["x-systemd.device-timeout", "comment=systemd.device-timeout"];
    let option = names.iter().find_map(|name| plan.entry.option(name));
    let seconds = option.and_then(|o| seconds(o.value()?));
    match (option, seconds) {
        (Some(option), Some(wait)) => (wait, Some(option.place.clone())),
        _ => (Wait::Seconds(DEVICE_WAIT), None),
    }
}

fn automount(plan: &Plan) -> Option<Place> {
    let mut options = plan.entry.options.iter();
    let option = options
        .find(|o| o.name() == b"x-systemd.automount" || o.text == b"comment=systemd.automount");
    option.map(|o| o.place.clone())
}

/// A span of time as systemd.time(7) writes it; 0 is for ever here.
fn seconds(text: &[u8]) -> Option<Wait> {
    let text = std::str::from_utf8(text).ok()?.trim();
    if text == "infinity" {
        return Some(Wait::Forever);
    }
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let number: u64 = number.parse().ok()?;
        let tail = tail.trim_start();
        let letters = tail
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let millis = match unit {
            "" | "s" | "sec" | "second" | "seconds" => 1000,
            "ms" | "msec" => 1,
            "m" | "min" | "minute" | "minutes" => 60_000,
            "h" | "hr" | "hour" | "hours" => 3_600_000,
            "d" | "day" | "days" => 86_400_000,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(millis)?)?;
        rest = tail.trim_start();
    }
    if text.is_empty() {
        return None;
    }
    Some(match total {
        0 => Wait::Forever,
        millis => Wait::Seconds(millis.div_ceil(1000)),
    })
}

/// The root file system is there already: what fails is the remount that makes it
/// writable. It fails for a tag that cannot be resolved, and for options that the file
/// system refuses; a path that does not exist and a wrong type are not looked at
/// (mount(8) of util-linux 2.38, tried).
fn root(plan: &Plan, failure: Failure) -> Consequence {
    match failure {
        Failure::NoDevice if plan.entry.source.starts_with(b"/") => {
            Consequence::new(Outcome::Harmless)
        }
        Failure::NoDevice | Failure::Refused => {
            let field = match failure {
                Failure::NoDevice => 0,
                _ => 3,
            };
            Consequence::new(Outcome::RootReadOnly).by(plan.entry.fields.get(field))
        }
        Failure::NoPoint => Consequence::new(Outcome::Harmless),
        Failure::Check => Consequence::new(Outcome::Emergency),
    }
}

/// fsck(8) with `-A` takes every line with a pass number, `noauto` too, and fails where
/// the device is missing, but for `nofail`.
fn fsck_stops(plan: &Plan, skips_network: bool) -> bool {
    let entry = &plan.entry;
    let kind = entry.kind.as_slice();
    // Types it knows to need no check, and those without a program for it; `auto` of
    // a device that is not there is no type.
    let checked = matches!(
        kind,
        b"ext2"
            | b"ext3"
            | b"ext4"
            | b"vfat"
            | b"msdos"
            | b"xfs"
            | b"btrfs"
            | b"f2fs"
            | b"jfs"
            | b"reiserfs"
            | b"exfat"
            | b"minix"
    );
    let netdev = skips_network && entry.has("_netdev");
    entry.passno != 0 && checked && !plan.is_bind() && !entry.has("nofail") && !netdev
}

fn by_scripts(plan: &Plan, failure: Failure) -> Consequence {
    let entry = &plan.entry;
    let passno = entry.fields.get(5);
    match plan.role {
        Role::Root => {
            return match failure {
                Failure::Check => Consequence::new(Outcome::Shell).by(passno),
                other => root(plan, other),
            };
        }
        Role::Swap => return Consequence::new(Outcome::Without),
        Role::Api | Role::NoPlace | Role::Usr | Role::Data => {}
    }
    if matches!(failure, Failure::NoDevice | Failure::Check) && fsck_stops(plan, false) {
        return Consequence::new(Outcome::Shell).by(passno);
    }
    noauto_or(plan, Outcome::Without)
}

fn by_openrc(plan: &Plan, failure: Failure) -> Consequence {
    match plan.role {
        Role::Root => {
            return match failure {
                Failure::Check => Consequence::new(Outcome::Shell).by(plan.entry.fields.get(5)),
                other => root(plan, other),
            };
        }
        Role::Swap => return Consequence::new(Outcome::Without),
        _ => {}
    }
    // A check that cannot find the device ends with 8, which is passed over.
    if failure == Failure::Check && fsck_stops(plan, true) {
        return Consequence::new(Outcome::Shell).by(plan.entry.fields.get(5));
    }
    noauto_or(plan, Outcome::Without)
}

fn by_void(plan: &Plan, failure: Failure) -> Consequence {
    match plan.role {
        Role::Root => {
            return match failure {
                Failure::NoPoint => Consequence::new(Outcome::Harmless),
                Failure::NoDevice if plan.entry.source.starts_with(b"/") => {
                    Consequence::new(Outcome::Harmless)
                }
                _ => Consequence::new(Outcome::Shell),
            };
        }
        Role::Swap => return Consequence::new(Outcome::Without),
        _ => {}
    }
    if matches!(failure, Failure::NoDevice | Failure::Check) && fsck_stops(plan, true) {
        return Consequence::new(Outcome::Shell).by(plan.entry.fields.get(5));
    }
    let nofail = plan.entry.options.iter().find(|o| o.text == b"nofail");
    if let (Failure::NoDevice, Some(option)) = (failure, nofail) {
        return Consequence::new(Outcome::Without).by(Some(&option.place));
    }
    let later: [&[u8]; 5] = [b"sysfs", b"nfs", b"nfs4", b"smbfs", b"cifs"];
    if later.contains(&plan.entry.kind.as_slice()) || plan.entry.has("_netdev") {
        return Consequence::new(Outcome::Without);
    }
    noauto_or(plan, Outcome::Shell)
}

fn by_busybox(plan: &Plan) -> Consequence {
    match plan.role {
        Role::Root => Consequence::new(Outcome::Harmless),
        _ => noauto_or(plan, Outcome::Without),
    }
}

fn noauto_or(plan: &Plan, outcome: Outcome) -> Consequence {
    if let Some((true, option)) = plan.entry.switch("noauto", "auto") {
        return Consequence::new(Outcome::NotTried).by(Some(&option.place));
    }
    if let Some((true, option)) = plan.entry.switch("nofail", "fail")
        && outcome == Outcome::Without
    {
        return Consequence::new(outcome).by(Some(&option.place));
    }
    Consequence::new(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Fact, Looked};
    use crate::parse::fstab;
    use crate::text::File;

    const MANAGERS: [Manager; 5] = [
        Manager::Systemd,
        Manager::Scripts,
        Manager::OpenRc,
        Manager::Void,
        Manager::Busybox,
    ];

    fn outcome(manager: Manager, line: &str, failure: Failure) -> (Outcome, Wait) {
        let file = File::new("/etc/fstab", format!("{line}\n"));
        let mounts = Mounts {
            manager,
            initrd: Initrd::InitramfsTools,
            fstab: Fact::Absent(Looked::at("/etc/fstab")),
            plans: Vec::new(),
            problems: Vec::new(),
        };
        let entry = fstab::parse(&file).remove(0);
        let plan = super::super::plan(entry, manager);
        let consequence = mounts.consequence(&plan, failure).unwrap();
        (consequence.outcome, consequence.wait)
    }

    /// The outcome with every init, in the order of `MANAGERS`.
    fn row(line: &str, failure: Failure) -> [Outcome; 5] {
        MANAGERS.map(|manager| outcome(manager, line, failure).0)
    }

    #[test]
    fn the_same_missing_device_stops_some_inits_and_not_others() {
        use Outcome::{Emergency, NotTried, OnAccess, Shell, Without};
        for (line, expected) in [
            (
                "UUID=1 /d ext4 defaults 0 2",
                [Emergency, Shell, Without, Shell, Without],
            ),
            (
                "UUID=1 /d ext4 defaults 0 0",
                [Emergency, Without, Without, Shell, Without],
            ),
            (
                "UUID=1 /d ext4 nofail 0 2",
                [Without, Without, Without, Without, Without],
            ),
            (
                "UUID=1 /d ext4 noauto 0 0",
                [NotTried, NotTried, NotTried, NotTried, NotTried],
            ),
            // fsck -A does not know noauto.
            (
                "UUID=1 /d ext4 noauto 0 2",
                [NotTried, Shell, NotTried, Shell, NotTried],
            ),
            (
                "UUID=1 /d ext4 _netdev 0 2",
                [Without, Shell, Without, Without, Without],
            ),
            (
                "UUID=1 /d auto defaults 0 2",
                [Emergency, Without, Without, Shell, Without],
            ),
            (
                "UUID=1 /d ext4 x-systemd.automount 0 0",
                [OnAccess, Without, Without, Shell, Without],
            ),
            (
                "UUID=1 none swap sw 0 0",
                [Without, Without, Without, Without, Without],
            ),
            (
                "srv:/x /d nfs bg 0 0",
                [Without, Without, Without, Without, Without],
            ),
        ] {
            assert_eq!(row(line, Failure::NoDevice), expected, "{line}");
        }
    }

    #[test]
    fn a_check_that_leaves_errors_stops_all_but_busybox() {
        use Outcome::{Emergency, Shell, Without};
        let expected = [Emergency, Shell, Shell, Shell, Without];
        assert_eq!(row("UUID=1 /d ext4 defaults 0 2", Failure::Check), expected);
    }

    #[test]
    fn a_line_of_the_root_that_fails_leaves_it_read_only() {
        use Outcome::{Harmless, RootReadOnly, Shell};
        let expected = [RootReadOnly, RootReadOnly, RootReadOnly, Shell, Harmless];
        for failure in [Failure::NoDevice, Failure::Refused] {
            assert_eq!(row("UUID=1 / ext4 nofail 0 1", failure), expected);
        }
        let by_path = row("/dev/sdz1 / ext4 defaults 0 1", Failure::NoDevice);
        assert_eq!(by_path, [Harmless; 5]);
    }

    #[test]
    fn usr_is_decided_in_the_initrd() {
        let line = "UUID=1 /usr ext4 nofail,noauto 0 2";
        for manager in MANAGERS {
            let found = outcome(manager, line, Failure::NoDevice);
            assert_eq!(found, (Outcome::InitrdShell, Wait::Seconds(30)));
        }
    }

    #[test]
    fn systemd_waits_as_long_as_it_is_told() {
        for (options, expected) in [
            ("defaults", (Outcome::Emergency, Wait::Seconds(90))),
            (
                "x-systemd.device-timeout=5",
                (Outcome::Emergency, Wait::Seconds(5)),
            ),
            (
                "x-systemd.device-timeout=1min 30s",
                (Outcome::Emergency, Wait::Seconds(90)),
            ),
            (
                "x-systemd.device-timeout=2h",
                (Outcome::Emergency, Wait::Seconds(7200)),
            ),
            (
                "x-systemd.device-timeout=0",
                (Outcome::Stuck, Wait::Forever),
            ),
            (
                "x-systemd.device-timeout=infinity",
                (Outcome::Stuck, Wait::Forever),
            ),
            (
                "x-systemd.device-timeout=x",
                (Outcome::Emergency, Wait::Seconds(90)),
            ),
            (
                "_netdev,x-systemd.device-timeout=9",
                (Outcome::Without, Wait::Seconds(9)),
            ),
            (
                "nofail,x-systemd.device-timeout=0",
                (Outcome::Without, Wait::None),
            ),
            (
                "noauto,x-systemd.required-by=local-fs.target",
                (Outcome::Emergency, Wait::Seconds(90)),
            ),
            (
                "x-systemd.wanted-by=x.service",
                (Outcome::Without, Wait::None),
            ),
        ] {
            let line = format!("UUID=1 /d ext4 {} 0 0", options.replace(' ', "\\040"));
            let found = outcome(Manager::Systemd, &line, Failure::NoDevice);
            assert_eq!(found, expected, "{options}");
        }
        let swap = outcome(
            Manager::Systemd,
            "UUID=1 none swap nofail",
            Failure::NoDevice,
        );
        assert_eq!(swap, (Outcome::Without, Wait::Seconds(90)));
        let refused = outcome(Manager::Systemd, "t /d tmpfs bogus", Failure::Refused);
        assert_eq!(refused, (Outcome::Emergency, Wait::None));
    }
}
