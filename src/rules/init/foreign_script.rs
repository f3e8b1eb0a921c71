//! `init-foreign-script`: a service whose only start script is for another init.

use std::path::{Path, PathBuf};

use crate::fact::{Fact, Listing, Stop};
use crate::facts::Host;
use crate::facts::init::InitKind;
use crate::facts::services::{System, unit_file};
use crate::parse::init_script::{Dialect, dialect};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct ForeignScript;

impl Rule for ForeignScript {
    fn id(&self) -> &'static str {
        "init-foreign-script"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mut out = Findings::new();
        openrc_scripts(host, &mut out)?;
        upstart_jobs(host, &mut out)?;
        Ok(out)
    }
}

/// Scripts for OpenRC on a box that OpenRC does not start.
fn openrc_scripts(host: &Host, out: &mut Findings) -> Result<(), Stop> {
    let openrc = [
        "/sbin/openrc-run",
        "/usr/sbin/openrc-run",
        "/usr/bin/openrc-run",
    ];
    for path in openrc {
        match host.resolve(Path::new(path)) {
            // OpenRC is here: its scripts are at home.
            Fact::Known(_) => return Ok(()),
            Fact::Unknown(unknown) => return Err(crate::facts::undecided(unknown)),
            Fact::NotCovered(why) => return Err(Stop::NotCovered(why)),
            Fact::Absent(_) | Fact::Broken(_) => {}
        }
    }
    // baselayout 1 and OpenRC before 0.52 ran `runscript`.
    let runscript = match host.resolve(Path::new("/sbin/runscript")) {
        Fact::Known(_) => true,
        Fact::Unknown(unknown) => return Err(crate::facts::undecided(unknown)),
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => false,
    };
    out.open.extend(host.enabled().gaps.iter().cloned());
    for entry in &host.enabled().items {
        if entry.system == System::Systemd {
            continue;
        }
        let file = match entry.script(host.tree()) {
            Fact::Known(file) => file,
            Fact::Unknown(unknown) => {
                out.open.push(unknown);
                continue;
            }
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => continue,
        };
        if dialect(&file) != Dialect::OpenRc {
            continue;
        }
        let wants_runscript = file.slice(file.line_span(1)).ends_with(b"runscript");
        if wants_runscript && runscript {
            continue;
        }
        let path = entry.points_at().unwrap_or_else(|| entry.link.clone());
        let script = crate::text::File::new(path, file.bytes());
        let label = "written for OpenRC, which is not installed";
        let place = script.place(script.line_span(1));
        let message = format!("{}'s start script is for another init (OpenRC)", entry.name);
        let finding = Finding::new("init-foreign-script", entry.name.clone(), message, {
            Evidence::span(place, label)
        });
        out.push(finding.follows(&["init-script-interpreter-missing"]));
    }
    Ok(())
}

/// Upstart jobs that nothing starts: no unit and no script of the same name.
fn upstart_jobs(host: &Host, out: &mut Findings) -> Result<(), Stop> {
    let upstart = ["/sbin/initctl", "/usr/sbin/initctl"];
    let has_upstart = |path: &&str| matches!(host.resolve(Path::new(path)), Fact::Known(_));
    if upstart.iter().any(has_upstart) || host.init_kind() == Some(InitKind::Other) {
        return Ok(());
    }
    let jobs: Listing<PathBuf> = host.tree().entries(Path::new("/etc/init"));
    for path in &jobs.items {
        let Some(name) = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_suffix(".conf"))
        else {
            continue;
        };
        let file = match host.tree().read(path) {
            Fact::Known(file) => file,
            Fact::Unknown(unknown) => {
                out.open.push(unknown);
                continue;
            }
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => continue,
        };
        let mut lines = file.lines();
        let start = lines.find(|(_, line)| line.starts_with(b"start on"));
        let Some((span, _)) = start else { continue };
        let script = host.resolve(&Path::new("/etc/init.d").join(name));
        let unit = unit_file(host.tree(), &format!("{name}.service"));
        // Ubuntu's own packages left such jobs behind when they moved on; only a job
        // that nothing replaces means a service that stays down.
        if !matches!((&script, &unit), (Fact::Absent(_), Fact::Absent(_))) {
            continue;
        }
        if host.is_shipped(path) {
            continue;
        }
        let message = format!("{name} has only an upstart job, and upstart is not installed");
        let evidence = Evidence::span(file.place(span), "nothing reads this any more");
        let finding = Finding::new("init-foreign-script", name, message, evidence);
        out.push(finding.confidence(Confidence::Likely));
    }
    match jobs.complete() {
        Err(Stop::NotCovered(_)) | Ok(()) => Ok(()),
        Err(stop) => Err(stop),
    }
}
