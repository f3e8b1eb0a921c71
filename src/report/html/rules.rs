//! What was found, rule by rule: of many hosts the shortest way to what they share.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::ShownHost;
use super::super::brief::plural;
use super::super::markup::markup;
use super::super::spot::{counts, plain};
use super::{Page, class_of_level, text, word};
use crate::policy::{Age, Judged};
use crate::rules::Level;

/// How many different sentences of one rule are told.
const SENTENCES: usize = 40;

/// A rule's findings of one gravity.
type Of<'a> = BTreeMap<(Reverse<Level>, &'a str), Vec<(&'a ShownHost, &'a Judged)>>;

impl Page<'_> {
    /// What counts, by gravity and rule.
    pub(super) fn rules(&self) -> Of<'_> {
        let mut rules: Of<'_> = BTreeMap::new();
        for shown in &self.outcome.hosts {
            for judged in shown.host.findings.iter().filter(|judged| counts(judged)) {
                let key = (Reverse(judged.level), judged.finding.rule);
                rules.entry(key).or_default().push((shown, judged));
            }
        }
        rules
    }

    /// The section: one line for each rule, with the rest behind it.
    pub(super) fn by_rule(&self) -> String {
        let rules = self.rules();
        if rules.is_empty() {
            return String::new();
        }
        let mut out = String::from("<section aria-labelledby=\"rules\">\n");
        let new = if self.outcome.against.is_some() {
            "New findings by rule"
        } else {
            "Findings by rule"
        };
        let _ = writeln!(out, "<h2 id=\"rules\">{new}</h2>");
        for ((level, rule), found) in &rules {
            out.push_str(&self.of_rule(level.0, rule, found));
        }
        out.push_str("</section>\n");
        out
    }

    fn of_rule(&self, level: Level, rule: &str, found: &[(&ShownHost, &Judged)]) -> String {
        let Some((_, first)) = found.first() else {
            return String::new();
        };
        let card = first.card;
        let mut sentences: BTreeMap<&str, Vec<&ShownHost>> = BTreeMap::new();
        let mut hosts: Vec<&ShownHost> = Vec::new();
        for (shown, judged) in found {
            let message = judged.finding.message.as_str();
            sentences.entry(message).or_default().push(shown);
            if !hosts.last().is_some_and(|last| std::ptr::eq(*last, *shown)) {
                hosts.push(shown);
            }
        }
        let new = if first.age == Some(Age::New) {
            " new"
        } else {
            ""
        };
        let mut out = format!(
            "<details class=\"rule\"><summary>{}{new} <code>{}</code> <span>{}</span> \
             <span class=\"n\">{}</span></summary>\n<div>\n<p class=\"soft\">{}</p>\n\
             <p>Cure: {}</p>\n",
            word(class_of_level(level), level.word()),
            markup(rule),
            markup(&plain(&card.title)),
            plural(hosts.len(), "host"),
            markup(&plain(&card.why)),
            markup(&plain(&card.fix)),
        );
        out.push_str("<ul class=\"plain\">\n");
        let mut sentences: Vec<(&str, Vec<&ShownHost>)> = sentences.into_iter().collect();
        sentences.sort_by_key(|(_, of)| Reverse(of.len()));
        for (sentence, of) in sentences.iter().take(SENTENCES) {
            let mut names: Vec<String> = of.iter().map(|shown| self.link(shown)).collect();
            names.dedup();
            let names: Vec<String> = names.iter().map(|n| format!("<li>{n}</li>")).collect();
            let _ = writeln!(
                out,
                "<li>{}\n<ul class=\"names\">{}</ul></li>",
                text(sentence),
                names.concat()
            );
        }
        let more = sentences.len().saturating_sub(SENTENCES);
        if more > 0 {
            let _ = writeln!(out, "<li>{}</li>", plural(more, "more finding"));
        }
        out.push_str("</ul>\n</div>\n</details>\n");
        out
    }
}
