//! `init-half-migrated`: a move to another init or udev that stopped half-way.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::init::InitKind;
use crate::facts::kernels::Version;
use crate::parse::inittab;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct HalfMigrated;

const ID: &str = "init-half-migrated";

impl Rule for HalfMigrated {
    fn id(&self) -> &'static str {
        ID
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        let mut out = Findings::new();
        kernel_too_old(host, &mut out);
        inittab_of_another_init(host, &mut out);
        openrc_without_sysinit(host, &mut out);
        Ok(out)
    }
}

/// Programs that refuse kernels older than this: package, version from which,
/// oldest kernel, source. The highest row that applies counts.
const MINIMUM: [(&str, u32, Version, &str); 4] = [
    (
        "udev",
        151,
        Version(2, 6, 25),
        "sys-fs/udev-151-r4 ebuild: signalfd",
    ),
    (
        "udev",
        171,
        Version(2, 6, 32),
        "sys-fs/udev-171-r2 ebuild: KV_min",
    ),
    ("systemd", 255, Version(3, 15, 0), "systemd 255 README"),
    (
        "eudev",
        3,
        Version(2, 6, 39),
        "sys-fs/eudev-3 ebuilds: KV_min",
    ),
];

fn kernel_too_old(host: &Host, out: &mut Findings) {
    let packages = match host.packages() {
        Fact::Known(packages) => packages,
        Fact::Unknown(unknown) => {
            out.open.push(unknown.clone());
            return;
        }
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => return,
    };
    let rows = MINIMUM
        .iter()
        .rev()
        .filter_map(|(package, from, kernel, source)| {
            let installed = packages.version_of(package)?;
            let number = installed.split(|c: char| !c.is_ascii_digit()).next()?;
            let number: u32 = number.parse().ok()?;
            (number >= *from).then_some((package, installed, kernel, source))
        });
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let kernels = host.kernels();
    out.open.extend(kernels.gaps.iter().cloned());
    if kernels.complete().is_err() {
        return;
    }
    // One kernel of unknown version may be new enough.
    let versions: Option<Vec<Version>> = kernels.items.iter().map(|k| k.version).collect();
    let Some(newest) = versions.and_then(|versions| versions.into_iter().max()) else {
        return;
    };
    for (package, installed, kernel, source) in rows {
        if newest >= *kernel {
            continue;
        }
        let message = format!(
            "{package} {installed} needs kernel {kernel}, and the newest in /boot is {newest}"
        );
        let mut finding = Finding::new(
            ID,
            *package,
            message,
            Evidence::computed(format!(
                "{package} {installed} wants {kernel} or newer ({source})"
            )),
        );
        for found in &kernels.items {
            finding = finding.with(Evidence::path(&found.path, "older than that, by its name"));
        }
        out.push(finding.confidence(Confidence::Likely).fix(
            format!("Install a kernel of {kernel} or newer and boot it, or take {package} back."),
            &[],
        ));
        return;
    }
}

/// What inittab starts before anything else does not exist.
fn inittab_of_another_init(host: &Host, out: &mut Findings) {
    let sysv_is_next = matches!(host.init_kind(), Some(InitKind::SysV));
    let none_is_next = match host.init().winner() {
        Ok(winner) => winner.is_none(),
        Err(Fact::Unknown(unknown)) => {
            out.open.push(unknown);
            return;
        }
        Err(_) => return,
    };
    if !sysv_is_next && !none_is_next {
        return;
    }
    let file = match host.tree().read(Path::new("/etc/inittab")) {
        Fact::Known(file) => file,
        Fact::Unknown(unknown) => {
            out.open.push(unknown);
            return;
        }
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => return,
    };
    let (entries, _) = inittab::parse(&file);
    let early = ["sysinit", "boot", "bootwait", "wait"];
    for entry in entries
        .iter()
        .filter(|e| early.contains(&e.action.as_str()))
    {
        let program = entry.program();
        // A command with shell characters runs through a shell (init.c, `spawn`).
        if !program.starts_with('/') || entry.process.contains(['~', '`', '$', '&', '|', ';']) {
            continue;
        }
        if let Fact::Absent(looked) = host.resolve(Path::new(program)) {
            let at = escape_path(Path::new(program));
            let message = format!("/etc/inittab starts {at}, which does not exist");
            let place = entry.process_place.clone();
            let evidence = Evidence::span(place, "belongs to an init that is not here");
            let finding = Finding::new(ID, at, message, evidence).with(Evidence::from(&looked));
            out.push(finding);
            // The other lines of the same table tell the same.
            return;
        }
    }
}

/// OpenRC is installed, and nothing was moved into its first runlevel.
fn openrc_without_sysinit(host: &Host, out: &mut Findings) {
    let openrc = ["/sbin/openrc", "/usr/sbin/openrc", "/usr/bin/openrc"];
    // Before 0.12 it was called /sbin/rc, as baselayout 1 called its own.
    let is_openrc = matches!(host.packages(), Fact::Known(packages) if packages.has("openrc"));
    let old = is_openrc.then_some("/sbin/rc");
    let found = openrc
        .into_iter()
        .chain(old)
        .find(|path| matches!(host.resolve(Path::new(path)), Fact::Known(_)));
    let runs_openrc = matches!(
        host.init_kind(),
        Some(InitKind::OpenRcInit | InitKind::SysV | InitKind::Busybox)
    );
    let (Some(openrc), true) = (found, runs_openrc) else {
        return;
    };
    let inittab = host.tree().read(Path::new("/etc/inittab"));
    let calls_openrc = match &inittab {
        Fact::Known(file) => {
            let (entries, _) = inittab::parse(file);
            entries
                .iter()
                .any(|e| e.action == "sysinit" && e.program() == openrc)
        }
        _ => host.init_kind() == Some(InitKind::OpenRcInit),
    };
    if !calls_openrc {
        return;
    }
    let sysinit = Path::new("/etc/runlevels/sysinit");
    let entries = host.tree().entries(sysinit);
    if entries.complete().is_ok() && entries.items.is_empty() {
        let message = "OpenRC starts this box, and its runlevel sysinit is empty".to_owned();
        let evidence = Evidence::path(sysinit, "no devices, no /dev, no udev will be started");
        out.push(Finding::new(ID, "sysinit", message, evidence).fix(
            "Move the boot services into OpenRC's runlevels before the reboot:",
            &["rc-update add devfs sysinit", "rc-update add udev sysinit"],
        ));
    }
}
