//! What is known to break when a package crosses a version: `rules/upgrades/*.toml`,
//! inside the binary. `rules/upgrades/README.md` tells how to add one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use include_dir::{Dir, include_dir};
use serde::Deserialize;

use super::card::{BadCard, card};
use super::finding::{Confidence, Impact, Level};
use crate::facts::boundary::Condition;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules/upgrades");

/// A version from which on something is not as it was.
#[derive(Clone, Debug)]
pub struct Boundary {
    /// The name of its file.
    pub id: String,
    /// What breaks: a sentence that goes on behind a package's name.
    pub breaks: String,
    /// What is to be done about it.
    pub fix: String,
    /// How grave it is at most.
    pub level: Level,
    /// What goes wrong.
    pub impact: Vec<Impact>,
    /// How it is known.
    pub confidence: Confidence,
    /// Whether it fails at every start from then on, and not only when the version is
    /// crossed.
    pub lasting: bool,
    /// It counts only where one of these services starts at boot; always, where none is
    /// named.
    pub services: Vec<String>,
    /// Rules that tell of the same by themselves.
    pub told_by: Vec<&'static str>,
    /// Which packages, from which version on.
    pub since: Vec<Since>,
    /// All of these hold.
    pub when: Vec<Condition>,
    /// None of these does.
    pub unless: Vec<Condition>,
    /// Who says so.
    pub sources: Vec<String>,
    /// On what it was tried.
    pub proven: String,
}

/// The version in one family of packages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// Who keeps the packages: `dpkg`, `rpm`, `pacman`, `apk`, `portage`.
    pub family: String,
    /// The `ID` of os-release, where other distributions count otherwise.
    #[serde(default)]
    pub os: Vec<String>,
    /// Their names.
    pub packages: Vec<String>,
    /// The first version that is different.
    pub version: String,
    /// The first that is as before again.
    pub until: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    breaks: String,
    fix: String,
    level: Level,
    impact: Vec<Impact>,
    confidence: Confidence,
    #[serde(default = "lasting")]
    lasting: bool,
    #[serde(default)]
    services: Vec<String>,
    #[serde(default)]
    told_by: Vec<String>,
    since: Vec<Since>,
    when: Vec<Condition>,
    #[serde(default)]
    unless: Vec<Condition>,
    sources: Vec<String>,
    proven: String,
}

const fn lasting() -> bool {
    true
}

/// Every boundary, sorted by id.
///
/// # Errors
/// The first file that is none.
pub fn parse_upgrades() -> Result<BTreeMap<String, Boundary>, BadCard> {
    let mut out = BTreeMap::new();
    for file in FILES.files() {
        let name = file.path().display().to_string();
        let Some(id) = name.strip_suffix(".toml") else {
            continue;
        };
        let bad = |error: String| BadCard {
            file: format!("upgrades/{name}"),
            error,
        };
        let text = file
            .contents_utf8()
            .ok_or_else(|| bad("not UTF-8".into()))?;
        let raw: Raw = toml::from_str(text).map_err(|e| bad(e.to_string()))?;
        let mut told_by = Vec::new();
        for rule in &raw.told_by {
            let known = card(rule).ok_or_else(|| bad(format!("told_by: no rule {rule}")))?;
            told_by.push(known.id.as_str());
        }
        let boundary = Boundary {
            id: id.to_owned(),
            breaks: joined(&raw.breaks),
            fix: joined(&raw.fix),
            level: raw.level,
            impact: raw.impact,
            confidence: raw.confidence,
            lasting: raw.lasting,
            services: raw.services,
            told_by,
            since: raw.since,
            when: raw.when,
            unless: raw.unless,
            sources: raw.sources,
            proven: raw.proven,
        };
        out.insert(boundary.id.clone(), boundary);
    }
    Ok(out)
}

/// A text in one line.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

static UPGRADES: LazyLock<BTreeMap<String, Boundary>> = LazyLock::new(|| {
    // Unreachable in a build whose tests passed.
    parse_upgrades().unwrap_or_else(|_| BTreeMap::new())
});

/// Every boundary, by id.
#[must_use]
pub fn upgrades() -> &'static BTreeMap<String, Boundary> {
    &UPGRADES
}
