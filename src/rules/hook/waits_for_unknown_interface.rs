//! `hook-waits-for-unknown-interface`: a hook acts only for an interface that there is not.

use std::path::Path;

use crate::fact::{Fact, Stop, Unknown};
use crate::facts::Host;
use crate::facts::hooks::{Hook, Runner, called_for, hooks};
use crate::facts::network::names;
use crate::parse::interfaces::Interfaces;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::shell::Comparison;
use crate::text::{escape, escape_path};

use super::ifup::{configured, stanzas};

pub(in crate::rules) struct WaitsForUnknownInterface;

/// Most interfaces a hook is tried with; with more of them it is not judged.
const MOST: usize = 32;

impl Rule for WaitsForUnknownInterface {
    fn id(&self) -> &'static str {
        "hook-waits-for-unknown-interface"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let all = hooks(host);
        let run = |hook: &&Hook| hook.skipped.is_none();
        let of_ifup = |hook: &&Hook| hook.runner == Runner::Ifupdown;
        let (ifup, others): (Vec<&Hook>, Vec<&Hook>) =
            all.items.iter().filter(run).partition(of_ifup);
        if ifup.is_empty() && others.is_empty() && all.gaps.is_empty() {
            return Err(Stop::NotApplicable("nothing calls hooks for interfaces"));
        }
        let mut out = Findings::new();
        out.open.extend(all.gaps.iter().cloned());
        if let Some(read) = host.network().ifupdown.interfaces.require()?
            && let Some(names) = configured(host, read)
        {
            out.judged += ifup.len();
            for hook in ifup {
                match waits(host, hook, &names, &|_| true) {
                    Ok(Some(comparison)) => {
                        out.push(finding(self.id(), hook, &comparison, read, cx));
                    }
                    Ok(None) => {}
                    Err(unknown) => out.open.push(unknown),
                }
            }
        }
        let running = names::running(host.tree());
        let live = running.gaps.is_empty() && running.uncovered.is_empty();
        if !others.is_empty() {
            out.open.extend(running.gaps.iter().cloned());
        }
        let passing = |name: &Vec<u8>| name == b"lo" || name.starts_with(b"veth");
        let there = running.items.iter().filter(|name| !passing(name));
        let there: Vec<&[u8]> = there.map(Vec::as_slice).collect();
        // Any interface may come up, but for those of hardware that is not there.
        let gone = |name: &[u8]| {
            let known = running.items.iter().any(|other| other == name);
            names::is_lasting(name) && !known && !names::is_configured(host.tree(), name)
        };
        for hook in others.into_iter().filter(|_| live) {
            out.judged += 1;
            match waits(host, hook, &there, &gone) {
                Ok(Some(comparison)) => out.push(not_there(self.id(), hook, &comparison)),
                Ok(None) => {}
                Err(unknown) => out.open.push(unknown),
            }
        }
        if out.judged == 0 && out.open.is_empty() {
            return Err(Stop::NotApplicable(
                "other interfaces than those named may come up",
            ));
        }
        Ok(out)
    }
}

/// The name a hook waits for, where it does nothing for any interface there is. What it
/// does without asking for a name is no matter of names.
fn waits(
    host: &Host,
    hook: &Hook,
    names: &[&[u8]],
    gone: &dyn Fn(&[u8]) -> bool,
) -> Result<Option<Comparison>, Unknown> {
    if names.len() > MOST {
        return Ok(None);
    }
    let mut compared: Vec<Comparison> = Vec::new();
    let mut open: Option<Unknown> = None;
    for name in names {
        let Some(called) = called_for(host, hook, name)? else {
            return Ok(None);
        };
        compared.extend(called.comparisons);
        match called.acts {
            Fact::Known(false) => {}
            Fact::Unknown(unknown) => open = Some(unknown),
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
        let special = matches!(c.literal.as_slice(), b"lo" | b"--all" | b"none");
        let word = !c.pattern && word && c.literal.iter().all(name) && !special;
        word && !fits(c) && gone(&c.literal)
    };
    for comparison in compared.iter().filter(candidate) {
        let tried = called_for(host, hook, &comparison.literal)?;
        if tried.is_some_and(|called| matches!(called.acts, Fact::Known(true))) {
            return open.map_or_else(|| Ok(Some(comparison.clone())), Err);
        }
    }
    match open {
        // Scripts that ask more than a name are the rule among the others.
        Some(unknown) if hook.runner == Runner::Ifupdown => Err(unknown),
        _ => Ok(None),
    }
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
    let mut finding = first(id, hook, comparison, message);
    for (name, place) in stanzas(read).take(3) {
        let label = format!("called for {}", escape(name));
        finding = finding.with(Evidence::span(place.clone(), label));
    }
    finding
}

/// A hook of another runner.
fn not_there(id: &'static str, hook: &Hook, comparison: &Comparison) -> Finding {
    let literal = escape(&comparison.literal);
    let (shown, runner) = (escape_path(&hook.path), hook.runner.name());
    let message = format!("{shown} of {runner} acts only for {literal}, which is not there");
    let there = Evidence::path(names::RUNNING, format!("has no {literal}"));
    first(id, hook, comparison, message).with(there)
}

fn first(id: &'static str, hook: &Hook, comparison: &Comparison, message: String) -> Finding {
    let literal = escape(&comparison.literal);
    let at = Evidence::span(comparison.place.clone(), format!("waits for {literal}"));
    let subject = format!("{} {literal}", escape_path(&hook.path));
    Finding::new(id, subject, message, at).confidence(Confidence::Likely)
}

/// What came instead of an interface that the base had.
fn renamed(old: &[u8], read: &Interfaces, cx: &Cx<'_>) -> Vec<String> {
    let base = cx.base.map(|base| &base.network().ifupdown.interfaces);
    let Some(Fact::Known(before)) = base else {
        return Vec::new();
    };
    let had = |name: &[u8]| stanzas(before).any(|(known, _)| known == name);
    if !had(old) {
        return Vec::new();
    }
    let come = stanzas(read).filter(|(name, _)| !had(name));
    let mut come: Vec<String> = come.map(|(name, _)| escape(name)).collect();
    come.dedup();
    come
}
