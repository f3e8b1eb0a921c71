//! `init-missing`: nothing the kernel can start as process 1.

use std::path::{Path, PathBuf};

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::init::{Candidate, Dead, Ending, Starter, State};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::source::TreeKind;
use crate::text::escape_path;

pub(in crate::rules) struct Missing;

impl Rule for Missing {
    fn id(&self) -> &'static str {
        "init-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let init = host.init();
        let message = match super::ending(host)? {
            Ending::Starts(..) | Ending::Dies(..) => return Ok(Findings::new()),
            // Told by a rule of its own.
            Ending::Nothing(_) if init.missing_os_release().is_some() => {
                return Ok(Findings::new());
            }
            Ending::Shell(_) if init.boot.starter == Starter::Unknown => {
                "no init: the boot ends in a bare shell or a kernel panic".to_owned()
            }
            Ending::Shell(_) => {
                "no init: the boot ends in a bare root shell, as process 1".to_owned()
            }
            Ending::Nothing(Dead::Panic) => {
                "no init: the kernel will find nothing to start and panic".to_owned()
            }
            Ending::Nothing(dead) => format!("no init: {}", super::fate(dead)),
        };
        let message = match (&init.boot.init, init.candidates.as_slice()) {
            // Nothing else is tried beside what the command line names.
            (Some(named), [only]) if only.path == *named => message.replacen(
                "no init",
                &format!("init={} is not there", escape_path(named)),
                1,
            ),
            _ => message,
        };
        let mut finding = Finding::new(self.id(), "init", message, missing(&init.candidates));
        for candidate in &init.candidates {
            if let State::Unfit(failure) | State::Fails(_, failure) = &candidate.state {
                finding = finding.with_all(super::evidence(failure));
            }
        }
        if let Some(place) = &init.boot.place {
            finding = finding.with(Evidence::span(place.clone(), "tells what to start"));
        }
        if let Fact::Known(running) = host.running_init()
            && running.deleted
        {
            let program = escape_path(&running.program);
            let text = format!("running init is deleted: \"{program} (deleted)\"");
            finding = finding.with(Evidence::path("/proc/1/exe", text));
        }
        finding = finding.with_all(removals(host));
        if let Some(systemd) = systemd_behind_a_systemd_initrd(host) {
            // dracut's systemd starts this path by itself, /sbin/init or not.
            let text = "an initrd made by dracut would start this by itself";
            finding = finding
                .with(Evidence::path(systemd, text))
                .confidence(Confidence::Possible)
                .at_most(Level::Warn);
            finding.message =
                "no /sbin/init: only a dracut initrd would still start systemd".into();
        }
        if let Some((text, command)) = cure(host) {
            finding = finding.fix(text, &[&command]);
        }
        let mut out = Findings::new();
        out.push(finding);
        Ok(out)
    }
}

fn missing(candidates: &[Candidate]) -> Evidence {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut notes = Vec::new();
    for candidate in candidates {
        if let State::Missing(looked) = &candidate.state {
            paths.push(candidate.path.clone());
            notes.extend(looked.notes.iter().cloned());
        }
    }
    if paths.is_empty() {
        return Evidence::computed("none of the names the kernel tries can be started");
    }
    Evidence::Missing { paths, notes }
}

/// The latest removal of an init package in the package managers' own logs.
fn removals(host: &Host) -> Option<Evidence> {
    let logs: [(&str, &[&str]); 2] = [
        (
            "/var/log/emerge.log",
            &[
                "unmerge success: sys-apps/sysvinit",
                "unmerge success: sys-apps/openrc",
            ],
        ),
        (
            "/var/log/dpkg.log",
            &[
                " remove systemd-sysv:",
                " remove sysvinit-core:",
                " remove runit-init:",
            ],
        ),
    ];
    for (path, needles) in logs {
        let Fact::Known(file) = host.tree().read(Path::new(path)) else {
            continue;
        };
        let mut last = None;
        for (span, line) in file.lines() {
            let text = String::from_utf8_lossy(line);
            if needles.iter().any(|needle| text.contains(needle)) {
                last = Some(span);
            }
        }
        if let Some(span) = last {
            return Some(Evidence::span(file.place(span), "removed here"));
        }
    }
    None
}

fn systemd_behind_a_systemd_initrd(host: &Host) -> Option<PathBuf> {
    let has = |path: &str| matches!(host.resolve(Path::new(path)), Fact::Known(_));
    let systemd = Path::new("/usr/lib/systemd/systemd");
    let dracut = has("/usr/lib/dracut") && !has("/usr/share/initramfs-tools");
    (dracut && has("/usr/lib/systemd/systemd")).then(|| systemd.to_path_buf())
}

/// What brings an init back on this kind of system.
fn cure(host: &Host) -> Option<(&'static str, String)> {
    let Fact::Known(packages) = host.packages() else {
        return None;
    };
    let text = "install an init before the next reboot:";
    if packages.portage.is_some() {
        return Some((text, "emerge --oneshot sys-apps/sysvinit".into()));
    }
    packages.dpkg.as_ref()?;
    let name = if packages.has("systemd") {
        "systemd-sysv"
    } else if packages.has("runit") {
        "runit-init"
    } else {
        "sysvinit-core"
    };
    // What is listed as installed is only put back when told so.
    let flag = if packages.has(name) || host.tree().coverage().kind == TreeKind::Live {
        "--reinstall "
    } else {
        ""
    };
    Some((text, format!("apt-get install {flag}{name}")))
}
