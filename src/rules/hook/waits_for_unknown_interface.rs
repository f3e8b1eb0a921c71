//! `hook-waits-for-unknown-interface`: a hook of ifupdown acts only for an interface that
//! `/etc/network/interfaces` does not have.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::hooks::{Hook, Interfaces, Runner, called_for, hooks, interfaces};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::shell::Comparison;
use crate::text::{escape, escape_path};

pub(in crate::rules) struct WaitsForUnknownInterface;

/// Most interfaces a hook is tried with.
const MOST: usize = 16;

/// Calls ifupdown's hooks for the interfaces of another manager.
const FORWARDER: [&str; 2] = [
    "/etc/NetworkManager/dispatcher.d/01-ifupdown",
    "/usr/lib/NetworkManager/dispatcher.d/01-ifupdown",
];

impl Rule for WaitsForUnknownInterface {
    fn id(&self) -> &'static str {
        "hook-waits-for-unknown-interface"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let all = hooks(host);
        let own = |hook: &&Hook| hook.runner == Runner::Ifupdown && hook.skipped.is_none();
        let hooks: Vec<&Hook> = all.items.iter().filter(own).collect();
        if hooks.is_empty() && all.gaps.is_empty() {
            return Err(Stop::NotApplicable("ifup has no hooks"));
        }
        let fact = interfaces(host);
        let read = fact.require()?;
        let read = read.ok_or(Stop::NotApplicable("there is no /etc/network/interfaces"))?;
        let forwarded = |path: &&str| matches!(host.resolve(Path::new(path)), Fact::Known(_));
        if read.open || FORWARDER.iter().any(forwarded) {
            let why = "other interfaces than those named may come up";
            return Err(Stop::NotApplicable(why));
        }
        let mut names: Vec<&[u8]> = read.names.iter().map(|(name, _)| name.as_slice()).collect();
        names.retain(|name| *name != b"lo");
        names.dedup();
        if names.is_empty() {
            return Err(Stop::NotApplicable("ifup brings up no interface"));
        }
        let mut out = Findings::new();
        out.open.extend(all.gaps.iter().cloned());
        out.judged = hooks.len();
        for hook in hooks {
            match waits(host, hook, &names) {
                Ok(Some(comparison)) => {
                    out.push(finding(self.id(), hook, &comparison, read, cx));
                }
                Ok(None) => {}
                Err(unknown) => out.open.push(unknown),
            }
        }
        Ok(out)
    }
}

/// The name a hook waits for, where it does nothing for any interface there is.
fn waits(
    host: &Host,
    hook: &Hook,
    names: &[&[u8]],
) -> Result<Option<Comparison>, crate::fact::Unknown> {
    let mut compared: Vec<Comparison> = Vec::new();
    for name in names.iter().take(MOST) {
        let Some(called) = called_for(host, &hook.path, name) else {
            return Ok(None);
        };
        match called.acts {
            Fact::Known(false) => compared.extend(called.comparisons),
            Fact::Unknown(unknown) => return Err(unknown),
            _ => return Ok(None),
        }
    }
    let fits = |c: &Comparison| {
        let mut all = compared.iter();
        all.any(|o| o.place == c.place && o.literal == c.literal && o.matched == Some(true))
    };
    let candidate = |c: &&Comparison| {
        let word = !c.literal.is_empty() && c.literal.len() < 16;
        let name = |b: &u8| b.is_ascii_graphic() && *b != b'/';
        let special = matches!(c.literal.as_slice(), b"lo" | b"--all");
        !c.pattern && word && c.literal.iter().all(name) && !special && !fits(c)
    };
    for comparison in compared.iter().filter(candidate) {
        let tried = called_for(host, &hook.path, &comparison.literal);
        if tried.is_some_and(|called| matches!(called.acts, Fact::Known(true))) {
            return Ok(Some(comparison.clone()));
        }
    }
    Ok(None)
}

fn finding(
    id: &'static str,
    hook: &Hook,
    comparison: &Comparison,
    read: &Interfaces,
    cx: &Cx<'_>,
) -> Finding {
    let literal = escape(&comparison.literal);
    let file = hook.path.file_name().unwrap_or(hook.path.as_os_str());
    let file = escape_path(Path::new(file));
    let line = comparison.place.start().line;
    let new = renamed(&comparison.literal, read, cx);
    let message = if new.is_empty() {
        format!("{file} acts only for {literal}, which /etc/network/interfaces does not have")
    } else {
        let new = new.join(", ");
        format!("interface {literal} was renamed to {new}; {file}:{line} still expects {literal}")
    };
    let first = Evidence::span(comparison.place.clone(), format!("waits for {literal}"));
    let subject = format!("{} {literal}", escape_path(&hook.path));
    let mut finding = Finding::new(id, subject, message, first).confidence(Confidence::Likely);
    let names = read.names.iter().filter(|(name, _)| name != b"lo");
    for (name, place) in names.take(3) {
        let label = format!("called for {}", escape(name));
        finding = finding.with(Evidence::span(place.clone(), label));
    }
    finding
}

/// What came instead of an interface that the base had.
fn renamed(old: &[u8], read: &Interfaces, cx: &Cx<'_>) -> Vec<String> {
    let Some(Fact::Known(before)) = cx.base.map(interfaces) else {
        return Vec::new();
    };
    let had = |name: &[u8]| before.names.iter().any(|(known, _)| known == name);
    if !had(old) {
        return Vec::new();
    }
    let come = read.names.iter().filter(|(name, _)| !had(name));
    come.map(|(name, _)| escape(name)).collect()
}
