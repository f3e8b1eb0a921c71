//! `failover-check-void`: an instance that runs without the check it names.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::parse::init_script::{Head, head};
use crate::parse::keepalived::{Config, Subject, TrackScript, Tracked, Version};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::source::FileKind;
use crate::text::{Place, escape, escape_path};

use super::commands::{Started, started};

pub(in crate::rules) struct CheckVoid;

/// Whether `script` stands before `use_`, in the order of reading.
fn before(config: &Config, script: &TrackScript, use_: &Place) -> bool {
    let order = |place: &Place| {
        let file = config.files.iter().position(|f| f.path() == place.path());
        (file, place.span.start)
    };
    // A file that is included goes between the lines of the one that includes it.
    if script.header.path() != use_.path() {
        return true;
    }
    order(&script.header) < order(use_)
}

/// What is wrong with a name in `track_script`.
fn fault(config: &Config, tracked: &Tracked) -> Option<(String, &'static str, Option<Place>)> {
    let name = escape(&tracked.name.value);
    let of_name = |s: &&TrackScript| s.name.value == tracked.name.value;
    let all: Vec<&TrackScript> = config.scripts.iter().filter(of_name).collect();
    let Some(first) = all.first() else {
        return Some((
            format!("there is no vrrp_script {name}"),
            "no such script: ignored",
            None,
        ));
    };
    if !all.iter().any(|s| before(config, s, &tracked.name.place)) {
        let what = format!("vrrp_script {name} is defined behind its use");
        return Some((what, "not known yet: ignored", Some(first.header.clone())));
    }
    if all.iter().all(|s| s.command.is_none()) {
        let what = format!("vrrp_script {name} has no script");
        return Some((
            what,
            "removed for lack of a command: ignored",
            Some(first.header.clone()),
        ));
    }
    None
}

/// A script without its interpreter: the process that cannot become it ends with 0, which
/// counts as good (keepalived 2.2.7 `lib/notify.c`, `system_call_script`; tried with 1.4.5,
/// 2.2.7 and 2.4.3).
fn starts_nothing(
    id: &'static str,
    host: &Host,
    one: &Started<'_>,
    path: &Path,
    out: &mut Findings,
) -> Option<Finding> {
    let file = match host.tree().read_head(path, 512) {
        Fact::Known(file) => file,
        other => {
            out.gap(&other);
            return None;
        }
    };
    let Head::Script(interpreter) = head(&file) else {
        return None;
    };
    let name = Path::new(std::ffi::OsStr::from_bytes(&interpreter.path));
    let there = host.resolve(name);
    let Fact::Absent(looked) = &there else {
        out.gap(&there);
        return None;
    };
    let (owner, shown) = (&one.owner, escape(&interpreter.path));
    let message = format!("{owner} always succeeds: {shown} does not exist");
    let label = "cannot be started, which counts as a success";
    let at = Evidence::span(one.command.place.clone(), label);
    let wanted = Evidence::span(interpreter.place.clone(), "asks for it");
    let finding = Finding::new(id, escape_path(path), message, at);
    Some(finding.with(wanted).with(Evidence::from(looked)))
}

impl Rule for CheckVoid {
    fn id(&self) -> &'static str {
        "failover-check-void"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let config = &failover.config;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        let complete = config.open.is_empty() && failover.uncovered.is_empty();
        let instances = config
            .instances
            .iter()
            .map(|i| (Subject::Instance, &i.name, &i.track_scripts));
        let groups = config
            .groups
            .iter()
            .map(|g| (Subject::Group, &g.name, &g.track_scripts));
        for (subject, name, tracked) in instances.chain(groups) {
            for tracked in tracked {
                out.judged += 1;
                // It may stand in a file that could not be read.
                let Some((what, label, place)) = fault(config, tracked).filter(|_| complete) else {
                    continue;
                };
                let owner = super::called(subject, &name.value);
                let message = format!("{owner} runs unchecked: {what}");
                let subject = format!("{owner} {}", escape(&tracked.name.value));
                let at = Evidence::span(tracked.name.place.clone(), label);
                let mut finding = Finding::new(self.id(), subject, message, at);
                finding = finding.with_all(place.map(|p| Evidence::span(p, "defined here")));
                out.push(finding);
            }
        }
        if config.version < Version::EXEC_HOOKS {
            // A shell starts it, whose status for a missing program counts as failed.
            return Ok(out);
        }
        for one in started(config).into_iter().filter(|one| one.check) {
            let Some(path) = one.program() else { continue };
            let shown = escape_path(&path);
            let (what, evidence) = match host.resolve(&path) {
                Fact::Absent(looked) => ("does not exist", Evidence::from(&looked)),
                Fact::Known(found) if found.meta.kind != FileKind::File => (
                    "is no file",
                    Evidence::path(&found.path, found.meta.kind.noun()),
                ),
                Fact::Known(found) if !found.meta.any_execute_bit() => {
                    let mode = format!("mode {:04o}, no execute bit", found.meta.mode & 0o777);
                    ("is not executable", Evidence::path(&found.path, mode))
                }
                Fact::Known(_) => {
                    if let Some(finding) = starts_nothing(self.id(), host, &one, &path, &mut out) {
                        out.push(finding);
                    }
                    continue;
                }
                other => {
                    out.gap(&other);
                    continue;
                }
            };
            let owner = &one.owner;
            let message = format!("{owner} is dropped: {shown} {what}");
            let place = one.command.place.clone();
            let label = "dropped: whoever tracks it runs unchecked";
            let at = Evidence::span(place, label);
            let mut finding = Finding::new(self.id(), shown, message, at).with(evidence);
            finding = super::by_version(failover, finding);
            out.push(finding);
        }
        out.or_not_applicable("no instance tracks a script")
    }
}
