//! The Code Quality report of GitLab: a JSON array.
//!
//! Each entry needs a description, the name of the check, a fingerprint, a severity and
//! a place with a path and a line; of several with one fingerprint GitLab shows the
//! first.

use std::io::Write;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::each::Each;
use super::spot::{counts, file, identities, sentence, spots};
use super::{Outcome, ShownHost};
use crate::rules::Level;
use crate::text::{escape, escape_path};

/// What counts, and the open questions that decide, written host by host.
///
/// # Errors
/// Those of `out` and of the serialiser.
pub fn gitlab(outcome: &Outcome, out: &mut dyn Write) -> Result<(), serde_json::Error> {
    let of_hosts = || {
        outcome
            .hosts
            .iter()
            .flat_map(|shown| entries(outcome, shown))
    };
    serde_json::to_writer_pretty(&mut *out, &Each(of_hosts))?;
    out.write_all(b"\n").map_err(serde_json::Error::io)
}

fn entries(outcome: &Outcome, shown: &ShownHost) -> Vec<Value> {
    let identities = identities(shown);
    let findings = shown.host.findings.iter().zip(&identities);
    let mut all = Vec::new();
    for (judged, identity) in findings.filter(|(judged, _)| counts(judged)) {
        let spots = spots(judged);
        let Some(spot) = spots.first() else { continue };
        let (begin, end) = spot
            .region
            .as_ref()
            .map_or((1, 1), |region| (region.line, region.end_line));
        all.push(json!({
            "description": sentence(shown, judged, outcome.fleet),
            "check_name": judged.finding.rule,
            "fingerprint": fingerprint(identity),
            "severity": severity(judged.level),
            "location": {
                "path": file(shown, &spot.path),
                "lines": { "begin": begin, "end": end },
            },
        }));
    }
    all.extend(open(shown));
    all
}

fn open(shown: &ShownHost) -> Vec<Value> {
    let host = &shown.host;
    let name = escape(host.examined.name.as_bytes());
    let mut all = Vec::new();
    for rule in host.open.iter().filter(|rule| rule.decides) {
        for unknown in &rule.open {
            let path = escape_path(&unknown.path);
            let id = &rule.card.id;
            let why = escape(unknown.to_string().as_bytes());
            let line = match &unknown.place {
                Some(place) if place.path() == unknown.path => place.start().line,
                Some(_) | None => 1,
            };
            all.push(json!({
                "description": format!("{name}: could not decide: {why}"),
                "check_name": id,
                "fingerprint": fingerprint(&format!("{name} {id} open {path} {why}")),
                "severity": "critical",
                "location": {
                    "path": file(shown, &unknown.path),
                    "lines": { "begin": line, "end": line },
                },
            }));
        }
    }
    all
}

const fn severity(level: Level) -> &'static str {
    match level {
        Level::Block => "blocker",
        Level::Warn => "major",
        Level::Note => "info",
    }
}

/// The digest of what identifies an entry, in hex.
fn fingerprint(identity: &str) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(identity.as_bytes());
    digest.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
