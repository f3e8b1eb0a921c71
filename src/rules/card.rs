//! Rule cards: a rule's words and numbers, one TOML file each, inside the binary.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use include_dir::{Dir, include_dir};
use serde::Deserialize;

use super::finding::{Confidence, Impact, Level};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// How settled a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Shown only with `--audit`; never decides.
    Preview,
    /// Counts.
    Stable,
    /// Counts, and will go.
    Deprecated,
}

/// Whether a rule looks at one host or at all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// One host.
    Host,
    /// All hosts of the run.
    Fleet,
}

/// The links of a boot and what stands beside them, in the order they are shown.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// The boot loader and its default entry.
    Loader,
    /// The kernel image and its modules.
    Kernel,
    /// The initial RAM disk.
    Initrd,
    /// The root file system.
    Root,
    /// Process 1.
    Init,
    /// The other file systems.
    Mounts,
    /// The default target or runlevel.
    Target,
    /// Interfaces, addresses, routes.
    Network,
    /// A way in.
    Access,
    /// Services.
    Services,
    /// VRRP and what hangs on it.
    Failover,
    /// What is lost or hangs on the way down.
    GoingDown,
    /// The package database.
    Packages,
    /// What takes the box down by itself.
    Triggers,
    /// Several hosts at once.
    Fleet,
    /// The policy itself.
    Policy,
}

impl Link {
    /// The word in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Loader => "loader",
            Self::Kernel => "kernel",
            Self::Initrd => "initrd",
            Self::Root => "root",
            Self::Init => "init",
            Self::Mounts => "mounts",
            Self::Target => "target",
            Self::Network => "network",
            Self::Access => "access",
            Self::Services => "services",
            Self::Failover => "failover",
            Self::GoingDown => "going-down",
            Self::Packages => "packages",
            Self::Triggers => "triggers",
            Self::Fleet => "fleet",
            Self::Policy => "policy",
        }
    }
}

/// A rule's words and numbers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// `family-pattern`, naming the bad state; never changes its meaning.
    pub id: String,
    /// The release that brought it.
    pub since: String,
    /// How settled it is.
    pub status: Status,
    /// One host or all.
    pub scope: Scope,
    /// The chain link it judges.
    pub link: Link,
    /// How grave its findings are at most.
    pub level: Level,
    /// What goes wrong.
    pub impact: Vec<Impact>,
    /// How its findings are known at best.
    pub confidence: Confidence,
    /// The facts it asks for.
    pub needs: Vec<String>,
    /// Its kind, in a few words.
    pub title: String,
    /// What it says.
    pub what: String,
    /// How the box fails to come back, or not as it was.
    pub why: String,
    /// What it stays silent about.
    pub not_flagged: String,
    /// The cure.
    pub fix: String,
    /// The cure as commands.
    #[serde(default)]
    pub fix_commands: Vec<String>,
    /// Where the facts come from.
    pub references: Vec<String>,
    /// Old ids.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Whether a waiver can silence it.
    pub ignorable: bool,
    /// What a stable rule was run on before it was promoted.
    #[serde(default)]
    pub proven: String,
}

/// A card that is no card: a mistake in this program, shown by its tests.
#[derive(Debug, thiserror::Error)]
#[error("rules/{file}: {error}")]
pub struct BadCard {
    /// The file.
    pub file: String,
    /// What is wrong.
    pub error: String,
}

/// Every card file, parsed.
///
/// # Errors
/// The first file that is no card.
pub fn parse_all() -> Result<BTreeMap<String, Card>, BadCard> {
    let mut cards = BTreeMap::new();
    for file in FILES.files() {
        let name = file.path().display().to_string();
        let bad = |error: String| BadCard {
            file: name.clone(),
            error,
        };
        let text = file
            .contents_utf8()
            .ok_or_else(|| bad("not UTF-8".into()))?;
        let card: Card = toml::from_str(text).map_err(|e| bad(e.to_string()))?;
        if name != format!("{}.toml", card.id) {
            return Err(bad(format!("the file of {}", card.id)));
        }
        cards.insert(card.id.clone(), card);
    }
    Ok(cards)
}

static CARDS: LazyLock<BTreeMap<String, Card>> = LazyLock::new(|| {
    // Unreachable in a build whose tests passed; without cards no rule runs, which
    // ends as "nothing examined", never as clear.
    parse_all().unwrap_or_else(|_| BTreeMap::new())
});

/// The card of a rule.
#[must_use]
pub fn card(id: &str) -> Option<&'static Card> {
    CARDS.get(id)
}

/// All cards, by id.
#[must_use]
pub fn cards() -> &'static BTreeMap<String, Card> {
    &CARDS
}

/// The id a user meant: an id itself, or an alias of one.
#[must_use]
pub fn canonical(id: &str) -> Option<&'static str> {
    if let Some((id, _)) = CARDS.get_key_value(id) {
        return Some(id);
    }
    let with_alias = CARDS.values().find(|c| c.aliases.iter().any(|a| a == id));
    with_alias.map(|card| card.id.as_str())
}

/// The id nearest to a mistyped one, if one is near.
#[must_use]
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.into_iter().map(|id| (distance(typed, id), id));
    let best = scored.min();
    best.filter(|(distance, id)| *distance <= 1 + id.len() / 5)
        .map(|(_, id)| id)
}

/// Levenshtein distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let substituted = diagonal + usize::from(x != y);
            diagonal = *cell;
            left = substituted.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_id_finds_its_neighbour_and_nonsense_finds_none() {
        let known = ["init-missing", "cron-line-ignored"];
        assert_eq!(nearest("init-mising", known), Some("init-missing"));
        assert_eq!(nearest("zzz", known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
