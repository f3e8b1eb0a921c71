//! `failover-renamed-on-one-side`: a name changed in keepalived.conf, and what it is a
//! contract with still has the old one.

use std::path::Path;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::failover::{Failover, Handling, HookCall};
use crate::facts::renames::{Kind, Rename, renames, units};
use crate::parse::keepalived::HookState;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::shell::{Action, Effect, Input, Value};
use crate::text::{Place, escape};

pub(in crate::rules) struct RenamedOnOneSide;

/// Where the old name still stands.
struct Left {
    place: Place,
    /// Whether nothing is done for a new name that was done for the old one.
    lost: bool,
    /// The script that knows the old name from somewhere else.
    silent: Option<std::path::PathBuf>,
}

impl Rule for RenamedOnOneSide {
    fn id(&self) -> &'static str {
        "failover-renamed-on-one-side"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = cx
            .base
            .ok_or(Stop::NotApplicable("compared with nothing"))?;
        let now = super::configured(host)?;
        let base = before.failover().require()?;
        let base = base.ok_or(Stop::NotApplicable("keepalived was not configured before"))?;
        let mut out = Findings::new();
        super::open_parts(now, &mut out);
        super::open_parts(base, &mut out);
        let units = units(before, host, now);
        for rename in renames(base, now).into_iter().chain(units) {
            out.judged += 1;
            let mut told: Vec<std::path::PathBuf> = Vec::new();
            for left in left(&rename, base, now) {
                // One line of a file is enough to find the others.
                let path = left.place.path().to_path_buf();
                if !told.contains(&path) {
                    out.push(finding(self.id(), &rename, &left));
                    told.push(path);
                }
            }
        }
        Ok(out)
    }
}

fn left(rename: &Rename, base: &Failover, now: &Failover) -> Vec<Left> {
    match rename.kind {
        Kind::Instance => {
            let members = now.config.groups.iter().flat_map(|group| &group.members);
            let members = members.filter(|member| member.value == rename.old);
            let members = members.map(|member| Left {
                place: member.place.clone(),
                lost: false,
                silent: None,
            });
            hooks(rename, base, now)
                .into_iter()
                .chain(members)
                .collect()
        }
        Kind::Group => hooks(rename, base, now),
        Kind::Interface | Kind::Address | Kind::Unit => effects(rename, base, now),
    }
}

/// Hooks that do nothing for a new name when it becomes MASTER, and did, or do, for the
/// old one. What a hook does for both names is no fault, nor what it never did.
fn hooks(rename: &Rename, base: &Failover, now: &Failover) -> Vec<Left> {
    let new = |call: &&HookCall| {
        let named = rename.new.iter().any(|name| name.value == call.name);
        named && call.state == HookState::Master
    };
    let mut all = Vec::new();
    for call in now.calls.iter().filter(new) {
        let Handling::Nothing(misses) = &call.handling else {
            continue;
        };
        let about_name = |input: &Input| Some(input) == call.name_at.map(Input::Argument).as_ref();
        let compared = misses.iter().map(|miss| (&miss.comparison, miss.would_act));
        let mut compared = compared.filter(|(c, _)| c.literal == rename.old);
        let place = compared.find(|(c, acts)| *acts && about_name(&c.input));
        // It may know the name in a way that is no comparison.
        let (place, silent) = match place {
            Some((comparison, _)) => (comparison.place.clone(), None),
            None if did(rename, base, call) => (call.command.place.clone(), call.path.clone()),
            None => continue,
        };
        all.push(Left {
            place,
            lost: true,
            silent,
        });
    }
    all
}

/// Whether the same program did something for the old name.
fn did(rename: &Rename, base: &Failover, call: &HookCall) -> bool {
    base.calls.iter().any(|old| {
        old.name == rename.old
            && old.state == call.state
            && old.path == call.path
            && matches!(old.handling, Handling::Handled(_))
    })
}

/// What hooks still do to the old interface or address, as they did before.
fn effects(rename: &Rename, base: &Failover, now: &Failover) -> Vec<Left> {
    let uses = |failover: &Failover| -> Vec<Effect> {
        let handled = failover
            .calls
            .iter()
            .filter_map(|call| match &call.handling {
                Handling::Handled(effects) => Some(effects),
                _ => None,
            });
        let of_old = handled
            .flatten()
            .filter(|effect| names(effect, &rename.old));
        of_old.cloned().collect()
    };
    let before = uses(base);
    let still = uses(now).into_iter().filter(|effect| {
        let mut before = before.iter();
        before.any(|old| old.action == effect.action)
    });
    still
        .map(|effect| Left {
            place: effect.place,
            lost: false,
            silent: None,
        })
        .collect()
}

/// Whether a program is called with the name as a word, or as an address with a length.
fn names(effect: &Effect, name: &[u8]) -> bool {
    let Action::Run { argv, .. } = &effect.action else {
        return false;
    };
    let is = |word: &[u8]| {
        word.strip_prefix(name)
            .is_some_and(|rest| rest.first().is_none_or(|b| *b == b'/'))
    };
    argv.iter().skip(1).filter_map(Value::bytes).any(is)
}

fn finding(id: &'static str, rename: &Rename, left: &Left) -> Finding {
    let old = escape(&rename.old);
    let new: Vec<String> = rename.new.iter().map(|name| escape(&name.value)).collect();
    let new = new.join(", ");
    let (kind, at) = (rename.kind.word(), short(&left.place));
    let name = |path: &Path| {
        let name = path.file_name().unwrap_or(path.as_os_str());
        crate::text::escape_path(Path::new(name))
    };
    let (message, label) = match &left.silent {
        None => (
            format!("{kind}{old} was renamed to {new}; {at} still expects {old}"),
            format!("still {old}"),
        ),
        Some(script) => {
            let script = name(script);
            (
                format!(
                    "{kind}{old} was renamed to {new}; {script} acted for {old} and does \
                     nothing now"
                ),
                "called here".to_owned(),
            )
        }
    };
    let first = Evidence::span(left.place.clone(), label);
    let subject = format!("{old} {}", left.place.path().display());
    let mut finding = Finding::new(id, subject, message, first);
    let listed = rename.new.iter().filter(|_| rename.kind != Kind::Unit);
    for name in listed.take(4) {
        let label = format!("was {kind}{old}");
        finding = finding.with(Evidence::span(name.place.clone(), label));
    }
    let file = left.silent.as_deref().map_or(at, name);
    let finding = finding.fix(
        format!(
            "Write {new} for {old} in {file} too. Then force a failover in daylight: \
             a reload calls no hook for an instance that only changed its name."
        ),
        &[],
    );
    if left.lost {
        finding
    } else {
        finding.at_most(Level::Warn).confidence(Confidence::Likely)
    }
}

/// `route.sh:7`
fn short(place: &Place) -> String {
    let path: &Path = place.path();
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = crate::text::escape_path(Path::new(name));
    format!("{name}:{}", place.start().line)
}
