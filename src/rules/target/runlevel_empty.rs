//! `target-runlevel-empty`: the runlevel that is reached starts nothing.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::init::InitKind;
use crate::facts::started::When;
use crate::facts::undecided;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::source::FileKind;
use crate::text::escape;

pub(in crate::rules) struct RunlevelEmpty;

const ID: &str = "target-runlevel-empty";

impl Rule for RunlevelEmpty {
    fn id(&self) -> &'static str {
        ID
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let mut out = Findings::new();
        match host.init_kind() {
            Some(InitKind::SysV) => sysvinit(host, &mut out)?,
            Some(InitKind::OpenRcInit | InitKind::Busybox) => {}
            _ => return Err(Stop::NotApplicable("this init has no runlevels")),
        }
        openrc(host, &mut out);
        Ok(out)
    }
}

/// No line of the table, or no directory of links, for the default runlevel.
fn sysvinit(host: &Host, out: &mut Findings) -> Result<(), Stop> {
    let table = host.inittab();
    let Some(table) = table.require()? else {
        return Ok(());
    };
    let Some((level, place)) = table.default_level() else {
        return Ok(());
    };
    if !matches!(level, '2'..='5' | '7'..='9') {
        // Told by target-default-unusable.
        return Ok(());
    }
    let started = host.started();
    let mut in_level = started.items.iter();
    let waits = in_level.find(|command| command.when == When::Level);
    let message = format!("runlevel {level} starts nothing: no services, no network, no way in");
    let finding = |evidence| {
        let label = "the default runlevel";
        Finding::new(ID, "default", message.clone(), evidence)
            .with(Evidence::span(place.clone(), label))
    };
    let Some(command) = waits else {
        started.complete()?;
        let text = format!("no wait or once line is for runlevel {level}");
        out.push(finding(Evidence::path("/etc/inittab", text)));
        return Ok(());
    };
    // sysv-rc: `/etc/init.d/rc 2` starts what is linked in /etc/rc2.d.
    let is_rc =
        command.program.ends_with("init.d/rc") || command.program == Path::new("/lib/init/rc");
    if !is_rc || !host.openrc_calls().items.is_empty() {
        started.complete()?;
        return Ok(());
    }
    let dir = format!("/etc/rc{level}.d");
    let entries = host.tree().entries(Path::new(&dir));
    let starts = |path: &std::path::PathBuf| {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| name.starts_with('S'))
    };
    if entries.any(starts)?.is_none() {
        let text = "has no links that begin with S";
        out.push(finding(Evidence::path(dir, text)));
    }
    Ok(())
}

/// OpenRC is called with a runlevel that does not exist.
fn openrc(host: &Host, out: &mut Findings) {
    let calls = host.openrc_calls();
    out.open.extend(calls.gaps.iter().cloned());
    for call in &calls.items {
        let dir = Path::new("/etc/runlevels").join(&call.level);
        let looked = match host.tree().resolve(&dir) {
            Fact::Known(found) if found.meta.kind == FileKind::Dir => continue,
            Fact::Known(_) => crate::fact::Looked::at(&dir),
            Fact::Absent(looked) => looked,
            Fact::Unknown(unknown) => {
                out.stop(undecided(unknown));
                continue;
            }
            Fact::Broken(_) | Fact::NotCovered(_) => continue,
        };
        let level = escape(call.level.as_bytes());
        let message = format!("OpenRC starts nothing in {level}: there is no such runlevel");
        let fix = "Make the runlevel again with rc-update add, or enter one that is there.";
        let mut finding = Finding::new(ID, level, message, Evidence::from(&looked))
            .follows(&["init-half-migrated"])
            .fix(fix, &[]);
        if let Some(place) = &call.place {
            finding = finding.with(Evidence::span(place.clone(), "called here"));
        }
        out.push(finding);
    }
}
