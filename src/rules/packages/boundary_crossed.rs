//! `packages-boundary-crossed`: a package came to a version that no longer does what the
//! configuration asks of it.

use crate::fact::{Fact, Listing, Stop};
use crate::facts::Host;
use crate::facts::boundary::{Condition, Sign};
use crate::facts::packages::{Entry, Packages};
use crate::rules::upgrades::{Boundary, Since, upgrades};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct BoundaryCrossed;

/// A package that has come over a boundary.
struct Crossed<'a> {
    name: &'a str,
    version: &'a str,
    since: &'a Since,
    /// What it was before, where that is known and lies below.
    was: Option<String>,
}

impl Rule for BoundaryCrossed {
    fn id(&self) -> &'static str {
        "packages-boundary-crossed"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let packages = super::databases(host)?;
        let before = match cx.base.map(|base| base.packages().require()) {
            Some(Ok(before)) => before,
            Some(Err(_)) | None => None,
        };
        let mut out = Findings::new();
        for boundary in upgrades().values() {
            let Some(crossed) = crossed(host, boundary, packages, before) else {
                continue;
            };
            if !boundary.lasting && crossed.was.is_none() {
                continue;
            }
            out.judged += 1;
            if !starts(host, boundary, &mut out) {
                continue;
            }
            if let Some(signs) = signs(host, boundary, crossed.version, &mut out) {
                out.push(self.finding(boundary, &crossed, signs));
            }
        }
        Ok(out)
    }
}

impl BoundaryCrossed {
    fn finding(&self, boundary: &'static Boundary, to: &Crossed<'_>, signs: Vec<Sign>) -> Finding {
        let (name, version) = (to.name, to.version);
        let message = match &to.was {
            Some(was) => format!(
                "{name} goes from {was} to {version} and {}",
                boundary.breaks
            ),
            None => format!("{name} {version} {}", boundary.breaks),
        };
        let source = boundary.sources.first().map_or("", String::as_str);
        let text = format!(
            "boundary {}: {name} from {} on; {source}",
            boundary.id, to.since.version
        );
        let mut evidence: Vec<Evidence> = signs.into_iter().map(shown).collect();
        evidence.push(Evidence::computed(text));
        let mut evidence = evidence.into_iter();
        let first = evidence.next().unwrap_or_else(|| Evidence::computed(""));
        let mut finding = Finding::new(self.id(), boundary.id.clone(), message, first)
            .with_all(evidence)
            .at_most(boundary.level)
            .impact(&boundary.impact)
            .confidence(boundary.confidence)
            .fix(boundary.fix.clone(), &[]);
        finding.follows = boundary.told_by.as_slice();
        finding
    }
}

fn shown(sign: Sign) -> Evidence {
    match sign {
        Sign::Line(place) => Evidence::span(place, "this"),
        Sign::Path(path, what) => Evidence::path(path, what),
        Sign::Missing(looked) => Evidence::from(&looked),
        Sign::Told(text) => Evidence::computed(text),
    }
}

/// The package that is over the boundary, where one is.
fn crossed<'a>(
    host: &Host,
    boundary: &'a Boundary,
    packages: &'a Packages,
    before: Option<&Packages>,
) -> Option<Crossed<'a>> {
    let os = || match host.os() {
        Fact::Known(os) => os.id.clone(),
        _ => String::new(),
    };
    boundary.since.iter().find_map(|since| {
        let is_named = |entry: &Entry<'_>| {
            let name = since.packages.iter().any(|name| name == entry.name);
            name && entry.family.name() == since.family && entry.state.has_files()
        };
        let mut found = packages.entries().filter(is_named);
        let entry = found.find(|entry| is_over(since, entry))?;
        if !since.os.is_empty() && !since.os.contains(&os()) {
            return None;
        }
        let mut was = before.into_iter().flat_map(Packages::entries);
        let was = was.find(|old| is_named(old) && !is_over(since, old));
        Some(Crossed {
            name: entry.name,
            version: entry.version(),
            since,
            was: was.map(|old| old.version().to_owned()),
        })
    })
}

fn is_over(since: &Since, entry: &Entry<'_>) -> bool {
    let compare = |limit: &str| entry.family.compare(entry.version(), limit);
    let again = since
        .until
        .as_deref()
        .is_some_and(|end| compare(end).is_ge());
    compare(&since.version).is_ge() && !again
}

/// Whether the service in question starts at boot.
fn starts(host: &Host, boundary: &Boundary, out: &mut Findings) -> bool {
    if boundary.services.is_empty() {
        return true;
    }
    let found = host.enabled().any(|enabled| {
        let mut names = boundary.services.iter();
        let is_named = names.any(|name| match name.strip_suffix('@') {
            Some(stem) => enabled.name.split('@').next() == Some(stem),
            None => *name == enabled.name,
        });
        is_named && host.is_reached(enabled)
    });
    match found {
        Ok(found) => found.is_some(),
        Err(stop) => {
            out.stop(stop);
            false
        }
    }
}

/// The signs that all conditions hold. A condition that does not hold outweighs one that
/// could not be looked at.
fn signs(host: &Host, boundary: &Boundary, version: &str, out: &mut Findings) -> Option<Vec<Sign>> {
    let mut left = Listing::<()>::new();
    let mut signs = Vec::new();
    let ask = |condition: &Condition| condition.signs(host, version);
    for condition in &boundary.when {
        match ask(condition) {
            Fact::Absent(_) => return None,
            fact => signs.extend(left.take(fact).into_iter().flatten()),
        }
    }
    for condition in &boundary.unless {
        match ask(condition) {
            Fact::Known(_) => return None,
            fact => {
                left.take(fact);
            }
        }
    }
    match left.complete() {
        Ok(()) => Some(signs),
        Err(stop) => {
            out.stop(stop);
            None
        }
    }
}
