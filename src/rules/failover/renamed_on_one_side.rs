//! `failover-renamed-on-one-side`: a name changed in keepalived.conf, and what it is a
//! contract with still has the old one.

use std::path::Path;

use super::left_over::{Left, left};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::renames::{Kind, Rename, renames, units};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::{Place, escape};

pub(in crate::rules) struct RenamedOnOneSide;

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
            for left in left(host, &rename, base, now) {
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
