//! `comeback.toml`: one name, one place, unknown keys are errors.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::declared::{RawDeclared, declared};
use super::layout::{Layout, RawLayout, layout};
use super::roles::{RawRole, role};
use crate::fact::Unknown;
use crate::facts::declared::Declared;
use crate::fleet::Role;
use crate::rules::{Level, canonical, cards, nearest};
use crate::source::Glob;
use crate::text::{File, Place, Span};

/// The chain link of a waiver for what this program does not examine yet.
pub(super) const NOT_EXAMINED: &str = "chain-not-examined";

/// What the site decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The file it comes from.
    pub file: Option<PathBuf>,
    /// How far ahead to look, as `24h` or `7d`.
    pub horizon: Option<String>,
    /// The failing level.
    pub fail_on: Option<Level>,
    /// Where a partial tree is complete.
    pub covers: Vec<PathBuf>,
    /// Versions of programs that the tree does not tell, by package name.
    pub versions: BTreeMap<String, String>,
    /// The waivers.
    pub waivers: Vec<Waiver>,
    /// What the site decides about single rules, by id.
    pub rules: BTreeMap<String, Setting>,
    /// What holds for `guard`.
    pub guard: GuardPolicy,
    /// Hosts that stand in for each other.
    pub roles: Vec<Role>,
    /// How the repository keeps the files of its hosts.
    pub layouts: Vec<Layout>,
    /// What the site declares of its hosts.
    pub declared: Arc<Declared>,
    /// Set where the tree has a policy that could not be looked at: these are then
    /// the defaults, and nothing is clear by them.
    pub unread: Option<Unknown>,
}

/// What the site decides about one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Instead of the card's level.
    pub level: Option<Level>,
    /// Whether a waiver can silence it; the card's word where absent.
    pub ignorable: Option<bool>,
}

/// What holds for `guard`. The paths are of the machine that the guard runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuardPolicy {
    /// Whether `--accept` is taken; it is where absent.
    pub accept: Option<bool>,
    /// A file of acceptances, `ID=REASON` on each line, for hooks that hand on no options.
    pub break_glass: Option<PathBuf>,
    /// Where acceptances are logged.
    pub log: Option<PathBuf>,
    /// The socket of syslog or the journal.
    pub syslog: Option<PathBuf>,
}

/// One exception: named, reasoned, dated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The rule's id.
    pub rule: String,
    /// The host's name or a pattern; every host where absent.
    pub host: Option<String>,
    /// The finding's subject, or the path of an open question, or a pattern; any
    /// where absent.
    pub subject: Option<String>,
    /// The first day on which it no longer holds.
    pub until: jiff::civil::Date,
    /// Why.
    pub reason: String,
    /// Where it stands.
    pub place: Option<Place>,
}

/// A configuration that cannot be used: the user's mistake.
#[derive(Debug, thiserror::Error)]
#[error("config: {at}: {message}")]
pub struct ConfigError {
    /// `path:line:column`.
    pub at: String,
    /// What is wrong, with a suggestion where there is one.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    required_version: Option<toml::Spanned<String>>,
    horizon: Option<String>,
    fail_on: Option<Level>,
    tree: Option<RawTree>,
    #[serde(default)]
    versions: BTreeMap<String, String>,
    #[serde(default)]
    waiver: Vec<toml::Spanned<RawWaiver>>,
    #[serde(default)]
    rules: BTreeMap<toml::Spanned<String>, RawRule>,
    guard: Option<RawGuard>,
    #[serde(default)]
    role: Vec<toml::Spanned<RawRole>>,
    #[serde(default)]
    layout: Vec<RawLayout>,
    declared: Option<RawDeclared>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    level: Option<Level>,
    ignorable: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGuard {
    accept: Option<bool>,
    break_glass: Option<toml::Spanned<PathBuf>>,
    log: Option<toml::Spanned<PathBuf>>,
    syslog: Option<toml::Spanned<PathBuf>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTree {
    #[serde(default)]
    covers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWaiver {
    rule: toml::Spanned<String>,
    host: Option<String>,
    subject: Option<String>,
    until: toml::Spanned<toml::Value>,
    reason: toml::Spanned<String>,
}

impl Config {
    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`] at the first thing that is not understood.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ConfigError> {
        let file = File::new(path, bytes);
        let error = |span: Option<std::ops::Range<usize>>, message: String| {
            let span = span.map_or(Span::default(), |span| Span::new(span.start, span.end));
            ConfigError {
                at: file.place(span).to_string(),
                message,
            }
        };
        let text = std::str::from_utf8(bytes)
            .map_err(|e| error(Some(e.valid_up_to()..e.valid_up_to()), "not UTF-8".into()))?;
        let raw: Raw = toml::from_str(text).map_err(|e| error(e.span(), explain(e.message())))?;
        if let Some(wanted) = &raw.required_version {
            enough(wanted.get_ref()).map_err(|why| error(Some(wanted.span()), why))?;
        }
        let mut rules = BTreeMap::new();
        for (name, rule) in raw.rules {
            let (id, setting) =
                setting(name.get_ref(), &rule).map_err(|why| error(Some(name.span()), why))?;
            rules.insert(id, setting);
        }
        let guard = raw
            .guard
            .map(|guard| guard_policy(guard, &error))
            .transpose()?;
        let mut waivers = Vec::new();
        for spanned in raw.waiver {
            let span = spanned.span();
            waivers.push(waiver(&file, span, spanned.into_inner(), &error)?);
        }
        let mut roles: Vec<Role> = Vec::new();
        for spanned in raw.role {
            let span = spanned.span();
            let place = file.place(Span::new(span.start, span.end));
            let made = role(spanned.into_inner(), place);
            let made = made.map_err(|(span, why)| error(Some(span), why))?;
            if roles.iter().any(|known| known.name == made.name) {
                let why = format!("there are two roles {}", made.name);
                return Err(error(Some(span), why));
            }
            roles.push(made);
        }
        let layouts = raw.layout.into_iter().map(layout);
        let layouts: Result<Vec<Layout>, _> = layouts.collect();
        let layouts = layouts.map_err(|(span, why)| error(Some(span), why))?;
        let tree = raw.tree.map(|tree| tree.covers);
        let declared = raw.declared.map(|raw| declared(&file, raw, &error));
        let declared = declared.transpose()?;
        Ok(Self {
            file: Some(path.to_path_buf()),
            horizon: raw.horizon,
            fail_on: raw.fail_on,
            covers: tree
                .into_iter()
                .flatten()
                .map(|dir| Path::new("/").join(dir))
                .collect(),
            versions: raw.versions,
            waivers,
            rules,
            guard: guard.unwrap_or(GuardPolicy::NONE),
            roles,
            layouts,
            declared: declared.map_or_else(|| Arc::new(Declared::default()), Arc::new),
            unread: None,
        })
    }
}

impl GuardPolicy {
    /// Nothing decided.
    pub const NONE: Self = Self {
        accept: None,
        break_glass: None,
        log: None,
        syslog: None,
    };
}

/// Where what went wrong is, and what it is.
type At<'a> = &'a dyn Fn(Option<std::ops::Range<usize>>, String) -> ConfigError;

fn guard_policy(raw: RawGuard, error: At<'_>) -> Result<GuardPolicy, ConfigError> {
    let absolute = |path: Option<toml::Spanned<PathBuf>>| match path {
        Some(path) if path.get_ref().is_absolute() => Ok(Some(path.into_inner())),
        Some(path) => Err(error(Some(path.span()), "must be an absolute path".into())),
        None => Ok(None),
    };
    Ok(GuardPolicy {
        accept: raw.accept,
        break_glass: absolute(raw.break_glass)?,
        log: absolute(raw.log)?,
        syslog: absolute(raw.syslog)?,
    })
}

/// Whether this program is new enough for `">=1.2"` or `"1.2.3"`.
fn enough(wanted: &str) -> Result<(), String> {
    let numbers = |text: &str| -> Option<Vec<u64>> {
        text.split('.').map(|part| part.parse().ok()).collect()
    };
    let own = env!("CARGO_PKG_VERSION");
    let bare = wanted.trim().trim_start_matches(">=").trim();
    let Some(least) = numbers(bare).filter(|parts| parts.len() <= 3) else {
        return Err("must be a version such as \">=0.1\"".to_owned());
    };
    match numbers(own) {
        Some(own) if own >= least => Ok(()),
        _ => Err(format!("needs comeback {bare} or newer; this is {own}")),
    }
}

/// The id a rule's table is about, and what it says.
fn setting(name: &str, raw: &RawRule) -> Result<(String, Setting), String> {
    let Some(id) = canonical(name) else {
        return Err(unknown_rule(name));
    };
    if let Some(card) = cards().get(id) {
        let lowered = raw.level.is_some_and(|level| level < card.level);
        // That would be a waiver of everything, without a reason and without an end.
        if lowered && card.level == Level::Block {
            return Err(format!(
                "{id} blocks: a waiver with a reason and an end can accept it, a lower level cannot"
            ));
        }
        if raw.ignorable == Some(true) && !card.ignorable {
            return Err(format!("{id} cannot be waived"));
        }
    }
    let setting = Setting {
        level: raw.level,
        ignorable: raw.ignorable,
    };
    Ok((id.to_owned(), setting))
}

fn unknown_rule(name: &str) -> String {
    let known = cards().keys().map(String::as_str);
    let hint =
        nearest(name, known).map_or_else(String::new, |near| format!(", did you mean \"{near}\"?"));
    format!("unknown rule \"{name}\"{hint}")
}

fn waiver(
    file: &Arc<File>,
    span: std::ops::Range<usize>,
    raw: RawWaiver,
    error: At<'_>,
) -> Result<Waiver, ConfigError> {
    let rule = raw.rule.get_ref();
    let id = if rule == NOT_EXAMINED {
        NOT_EXAMINED.to_owned()
    } else {
        let Some(id) = canonical(rule) else {
            return Err(error(Some(raw.rule.span()), unknown_rule(rule)));
        };
        let ignorable = cards().get(id).is_none_or(|card| card.ignorable);
        if !ignorable {
            let message = format!("{id} cannot be waived");
            return Err(error(Some(raw.rule.span()), message));
        }
        id.to_owned()
    };
    if raw.reason.get_ref().trim().is_empty() {
        return Err(error(
            Some(raw.reason.span()),
            "a waiver needs a reason".into(),
        ));
    }
    let until = match raw.until.get_ref() {
        toml::Value::Datetime(date) => date.to_string(),
        toml::Value::String(text) => text.clone(),
        _ => String::new(),
    };
    let Ok(until) = until.parse::<jiff::civil::Date>() else {
        let message = "until must be a date such as 2026-10-01".to_owned();
        return Err(error(Some(raw.until.span()), message));
    };
    for pattern in [&raw.host, &raw.subject].into_iter().flatten() {
        if Glob::parse(pattern).is_none() {
            let message = format!("\"{pattern}\" is not a valid pattern");
            return Err(error(Some(span), message));
        }
    }
    Ok(Waiver {
        rule: id,
        host: raw.host,
        subject: raw.subject,
        until,
        reason: raw.reason.into_inner(),
        place: Some(file.place(Span::new(span.start, span.end))),
    })
}

/// The parser's message, with a suggestion for a mistyped key.
fn explain(message: &str) -> String {
    let message = message.trim();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let (Some(typed), true) = (quoted.next(), message.starts_with("unknown field")) else {
        return message.to_owned();
    };
    match nearest(typed, quoted) {
        Some(near) => format!("unknown key \"{typed}\", did you mean \"{near}\"?"),
        None => message
            .replace('`', "\"")
            .replace("unknown field", "unknown key"),
    }
}

/// How far ahead the end of a waiver that accepts a blocker may lie, in days: somebody
/// must look at it again. A clock that stands in the past accepts nothing by it either.
pub(super) const LONGEST_DAYS: i64 = 90;

impl Waiver {
    /// Whether it holds on a day at all.
    #[must_use]
    pub fn holds(&self, today: jiff::civil::Date) -> bool {
        self.until > today
    }

    /// Whether it may accept a blocker on a day: what was accepted for one run may, and
    /// what ends within 90 days.
    #[must_use]
    pub fn may_block(&self, today: jiff::civil::Date) -> bool {
        let last = today.checked_add(jiff::Span::new().days(LONGEST_DAYS));
        self.until == jiff::civil::Date::MAX || last.is_ok_and(|last| self.until <= last)
    }

    /// Whether it speaks of this rule on this host.
    #[must_use]
    pub fn covers(&self, rule: &str, host: &str) -> bool {
        self.rule == rule && matches_pattern(self.host.as_deref(), host)
    }

    /// Whether it speaks of this subject.
    #[must_use]
    pub fn covers_subject(&self, subject: &str) -> bool {
        matches_pattern(self.subject.as_deref(), subject)
    }
}

fn matches_pattern(pattern: Option<&str>, text: &str) -> bool {
    let Some(pattern) = pattern else { return true };
    pattern == text || Glob::parse(pattern).is_some_and(|regex| regex.is_match(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let parsed = Config::parse(Path::new("/c.toml"), text.as_bytes());
        parsed.err().map_or_else(String::new, |e| e.to_string())
    }

    #[test]
    fn a_waiver_has_a_rule_a_reason_and_an_end() {
        let text = "[[waiver]]\nrule = \"init-missing\"\nhost = \"lab*\"\n\
            until = 2026-10-01\nreason = \"being rebuilt\"\n";
        let config = Config::parse(Path::new("/c.toml"), text.as_bytes()).unwrap();
        let waiver = &config.waivers[0];
        assert!(waiver.covers("init-missing", "lab1"));
        assert!(!waiver.covers("init-missing", "web1"));
        assert!(waiver.covers_subject("anything"));
        assert_eq!(waiver.until, jiff::civil::date(2026, 10, 1));
        assert_eq!(waiver.place.as_ref().unwrap().start().line, 1);
    }

    #[test]
    fn mistakes_are_errors_with_their_place_and_a_suggestion() {
        let waiver = |line: &str| {
            let lines = [
                "rule = \"init-missing\"",
                "until = 2026-10-01",
                "reason = \"r\"",
            ];
            let key = line.split(' ').next().unwrap();
            let kept = lines.iter().filter(|l| !l.starts_with(key));
            let kept: Vec<&str> = kept.copied().collect();
            format!("[[waiver]]\n{line}\n{}\n", kept.join("\n"))
        };
        assert_eq!(
            error(&waiver("rule = \"init-mising\"")),
            "config: /c.toml:2:8: unknown rule \"init-mising\", did you mean \"init-missing\"?"
        );
        assert_eq!(
            error(&waiver("reason = \" \"")),
            "config: /c.toml:2:10: a waiver needs a reason"
        );
        assert_eq!(
            error(&waiver("until = \"soon\"")),
            "config: /c.toml:2:9: until must be a date such as 2026-10-01"
        );
        assert_eq!(
            error("horizn = \"7d\"\n"),
            "config: /c.toml:1:1: unknown key \"horizn\", did you mean \"horizon\"?"
        );
        assert!(error("[[waiver]]\nrule = \"init-missing\"\n").contains("missing field"));
        assert!(error("x = [").starts_with("config: /c.toml:1:"));
    }
}
