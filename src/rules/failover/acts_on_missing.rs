//! `failover-acts-on-missing`: a hook or check that names a service or an interface that
//! is not there.

use crate::fact::{Fact, Looked, Stop};
use crate::facts::failover::{Failover, Handling};
use crate::facts::init::InitKind;
use crate::facts::network::names;
use crate::facts::services::unit_file;
use crate::facts::{Host, checks};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::shell::{Action, Effect, Reach, Scope, Value};
use crate::text::{Place, escape, escape_path};

use super::commands::started;
use super::targets::{interface, unit};

pub(in crate::rules) struct ActsOnMissing;

/// Where a service would be, if it is nowhere.
fn no_service(host: &Host, name: &str, out: &mut Findings) -> Option<Looked> {
    let script = std::path::Path::new("/etc/init.d").join(name);
    match host.resolve(&script) {
        Fact::Absent(_) => {}
        other => {
            out.gap(&other);
            return None;
        }
    }
    match unit_file(host.tree(), &format!("{name}.service")) {
        Fact::Absent(looked) => Some(looked),
        other => {
            out.gap(&other);
            None
        }
    }
}

/// Whether the line provides for a failure of its command.
fn provides(place: &Place) -> bool {
    let line = place.file.line_span(place.start().line);
    let text = place.file.bytes().get(line.start..line.end).unwrap_or(&[]);
    text.windows(2).any(|pair| pair == b"||")
}

/// The words of what a hook does whatever happens.
fn words(effect: &Effect) -> Option<Vec<&[u8]>> {
    let here = effect.scope == Scope::Here && effect.reach == Reach::Always;
    let Action::Run { argv, .. } = &effect.action else {
        return None;
    };
    if !here || provides(&effect.place) {
        return None;
    }
    argv.iter().map(Value::bytes).collect()
}

/// Whether an interface is neither there nor configured, of those that hardware brings.
fn is_gone(host: &Host, there: &[Vec<u8>], name: &[u8]) -> bool {
    names::is_lasting(name)
        && !there.iter().any(|known| known == name)
        && !names::is_configured(host.tree(), name)
}

/// What the hooks do, each once.
fn done(failover: &Failover) -> Vec<&Effect> {
    let mut all: Vec<&Effect> = Vec::new();
    for call in &failover.calls {
        let Handling::Handled(effects) = &call.handling else {
            continue;
        };
        for effect in effects {
            let same = |e: &&Effect| e.place == effect.place && e.action == effect.action;
            if !all.iter().any(same) {
                all.push(effect);
            }
        }
    }
    all
}

impl Rule for ActsOnMissing {
    fn id(&self) -> &'static str {
        "failover-acts-on-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        super::unread_hooks(failover, &mut out);
        let running = names::running(host.tree());
        let live = running.gaps.is_empty() && running.uncovered.is_empty();
        out.open.extend(running.gaps.iter().cloned());
        let systemd = host.init_kind() == Some(InitKind::Systemd);
        let mut told: Vec<String> = Vec::new();
        for effect in done(failover) {
            let Some(words) = words(effect) else { continue };
            let file = escape_path(effect.place.path());
            if let Some(name) = unit(&words).filter(|_| systemd) {
                out.judged += 1;
                let Some(looked) = no_service(host, &name, &mut out) else {
                    continue;
                };
                let subject = format!("{file} {name}");
                let message = format!("a hook starts {name}, and there is no such service");
                let at = Evidence::span(effect.place.clone(), "fails, and nobody is told");
                let finding = Finding::new(self.id(), subject.clone(), message, at)
                    .follows(&["failover-renamed-on-one-side"]);
                if !told.contains(&subject) {
                    out.push(finding.with(Evidence::from(&looked)));
                    told.push(subject);
                }
            }
            let Some(name) = interface(&words).filter(|_| live) else {
                continue;
            };
            out.judged += 1;
            let subject = format!("{file} {}", escape(name));
            if is_gone(host, &running.items, name) && !told.contains(&subject) {
                let name = escape(name);
                let message = format!("a hook is about interface {name}, which is not there");
                let at = Evidence::span(effect.place.clone(), "fails, and nobody is told");
                let there = Evidence::path(names::RUNNING, "has no such entry");
                let finding = Finding::new(self.id(), subject.clone(), message, at).with(there);
                out.push(finding.confidence(Confidence::Likely));
                told.push(subject);
            }
        }
        let checks = started(&failover.config).into_iter();
        for one in checks.filter(|one| one.check && live) {
            let argv: Vec<Vec<u8>> = one.command.argv.iter().map(|w| w.value.clone()).collect();
            for command in checks::commands(host, &argv).unwrap_or_else(|| vec![argv.clone()]) {
                let words: Vec<&[u8]> = command.iter().map(Vec::as_slice).collect();
                let Some(name) = interface(&words) else {
                    continue;
                };
                out.judged += 1;
                if is_gone(host, &running.items, name) {
                    let (name, owner) = (escape(name), &one.owner);
                    let message = format!("{owner} looks at interface {name}: it is not there");
                    let at = Evidence::span(one.command.place.clone(), "cannot succeed");
                    let there = Evidence::path(names::RUNNING, "has no such entry");
                    let finding = Finding::new(self.id(), owner.clone(), message, at).with(there);
                    out.push(finding.confidence(Confidence::Likely));
                    break;
                }
            }
        }
        out.or_not_applicable("no hook is about a service or interface")
    }
}
