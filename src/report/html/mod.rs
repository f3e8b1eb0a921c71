//! One HTML file for people: no script, no network, everything escaped.
//!
//! The reader's browser is told to fetch and run nothing. Gravest things first: the
//! verdict, the chains of all hosts side by side, what was found by rule, what goes down
//! by itself and when, then each host. Headings, tables and native `details` make it
//! usable by keyboard and by a screen reader; a word goes with every colour; on a phone
//! one column is left of it, and on paper everything is open.

mod evidence;
mod hosts;
mod rules;
mod times;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::brief::plural;
use super::markup::markup;
use super::{Outcome, Paths, ShownHost};
use crate::policy::{JudgedHost, Verdict};
use crate::rules::Level;
use crate::text::escape;

const STYLE: &str = include_str!("style.css");

/// Verdicts, gravest first.
const VERDICTS: [Verdict; 5] = [
    Verdict::Blocked,
    Verdict::Undecided,
    Verdict::Busy,
    Verdict::Nothing,
    Verdict::Clear,
];

/// The page.
#[must_use]
pub fn html(outcome: &Outcome) -> String {
    let hosts = outcome.hosts.iter().enumerate();
    let page = Page {
        outcome,
        numbers: hosts
            .map(|(at, shown)| (std::ptr::from_ref(shown), at + 1))
            .collect(),
    };
    let mut out = page.head();
    match outcome.hosts.as_slice() {
        [shown] if !outcome.fleet => out.push_str(&page.alone(shown)),
        _ => {
            out.push_str(&page.chains());
            out.push_str(&page.by_rule());
            out.push_str(&page.times());
            out.push_str(&page.details());
        }
    }
    if !outcome.stale.is_empty() {
        out.push_str("<h2>Waivers that accept nothing</h2>\n<ul class=\"plain\">\n");
        for waiver in &outcome.stale {
            let place = text(&waiver.place.to_string());
            let _ = writeln!(
                out,
                "<li><span class=\"path\">{place}</span>: {}</li>",
                text(&waiver.why)
            );
        }
        out.push_str("</ul>\n");
    }
    let _ = write!(
        out,
        "</main>\n<footer><p>comeback {}, exit status {} ({}). CLEAR says that what had to \
         be looked at was looked at, and that no blocker was found.</p></footer>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        outcome.exit.code(),
        outcome.exit.name(),
    );
    out
}

/// What the parts of the page are made from.
struct Page<'a> {
    outcome: &'a Outcome,
    /// The number of each host, from 1.
    numbers: BTreeMap<*const ShownHost, usize>,
}

impl Page<'_> {
    /// Everything up to the first section.
    fn head(&self) -> String {
        let outcome = self.outcome;
        let word = outcome.exit.verdict();
        let single = outcome.hosts.first().filter(|_| !outcome.fleet);
        let title = match single {
            Some(shown) => name(shown),
            None => plural(outcome.hosts.len(), "host"),
        };
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{title}: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <header>\n<h1>{} {title}</h1>\n",
            word.word(),
            badge(word),
        );
        if let Some(shown) = single {
            if let Some(sentence) = super::text::sentence(outcome, &shown.host) {
                let _ = writeln!(out, "<p class=\"lead\">{}</p>", text(&sentence));
            }
        } else {
            out.push_str(&self.shares());
            out.push_str(&self.first_down());
        }
        out.push_str("<dl>\n");
        for (key, value) in self.about(single) {
            let _ = writeln!(out, "<div><dt>{key}</dt><dd>{}</dd></div>", text(&value));
        }
        out.push_str("</dl>\n");
        if single.is_none() {
            out.push_str(&self.contents());
        }
        out.push_str("</header>\n");
        out
    }

    /// What run this is.
    fn about(&self, single: Option<&ShownHost>) -> Vec<(&'static str, String)> {
        let outcome = self.outcome;
        let mut rows = Vec::new();
        if let Some(shown) = single {
            let examined = &shown.host.examined;
            if let Some(os) = &examined.os {
                rows.push(("system", escape(os.as_bytes())));
            }
            rows.push(("tree", examined.kind.word().to_owned()));
            rows.push(("moment", examined.zone.show(outcome.now)));
        } else {
            let moment = outcome.now.strftime("%Y-%m-%d %H:%M UTC");
            rows.push(("moment", moment.to_string()));
        }
        let policy = super::text::policy_words(outcome);
        let policy = policy.trim_start_matches("policy: ").to_owned();
        rows.push(("policy", policy));
        if let Some(base) = &outcome.against {
            rows.push(("compared with", escape(base.as_bytes())));
        }
        if let Some(shown) = single {
            rows.push(("rules", super::text::counts(&shown.host)));
        }
        rows
    }

    /// How many hosts have which verdict: as a bar, and in words.
    fn shares(&self) -> String {
        let mut bar = String::new();
        let mut words = Vec::new();
        for verdict in VERDICTS {
            let of = self.outcome.hosts.iter();
            let count = of.filter(|shown| shown.host.verdict == verdict).count();
            if count > 0 {
                let class = class_of(verdict);
                let _ = write!(
                    bar,
                    "<span class=\"{class}\" style=\"flex:{count}\"></span>"
                );
                words.push(format!("{count} {}", verdict.word().to_ascii_lowercase()));
            }
        }
        format!(
            "<div class=\"shares\" aria-hidden=\"true\">{bar}</div>\n<p class=\"lead\">{}</p>\n",
            words.join(", ")
        )
    }

    /// Which of the hosts that are not clear goes down first by itself.
    fn first_down(&self) -> String {
        let coming = self.coming();
        let mut coming = coming.iter();
        let first = coming.find(|(_, shown, _)| shown.host.verdict != Verdict::Clear);
        let Some((at, shown, _)) = first else {
            return String::new();
        };
        format!(
            "<p class=\"lead\">Of those not clear, {} goes down by itself first: {} ({})</p>\n",
            self.link(shown),
            text(&shown.host.examined.zone.show(*at)),
            markup(&crate::time::relative(self.outcome.now, *at)),
        )
    }

    /// Links to the sections.
    fn contents(&self) -> String {
        let mut parts = vec![("#chains", "Hosts")];
        if !self.rules().is_empty() {
            parts.push(("#rules", "Findings by rule"));
        }
        if !self.coming().is_empty() {
            parts.push(("#times", "Coming reboots"));
        }
        if self.told().next().is_some() {
            parts.push(("#hosts", "Host by host"));
        }
        let links = parts.iter();
        let links = links.map(|(to, word)| format!("<li><a href=\"{to}\">{word}</a></li>\n"));
        let links: String = links.collect();
        format!("<nav aria-label=\"Sections\"><ul>\n{links}</ul></nav>\n")
    }

    /// A host's place in the page: its number, as names are not ours. Nothing where it
    /// has no section of its own.
    fn anchor(&self, shown: &ShownHost) -> Option<String> {
        let number = self.numbers.get(&std::ptr::from_ref(shown))?;
        self.is_told(shown).then(|| format!("host-{number}"))
    }

    /// A host's name, with a link to its section where it has one.
    fn link(&self, shown: &ShownHost) -> String {
        match self.anchor(shown) {
            Some(anchor) => format!("<a href=\"#{anchor}\">{}</a>", name(shown)),
            None => name(shown),
        }
    }
}

/// Text that holds no control character any more, or is made harmless here.
fn text(text: &str) -> String {
    markup(&escape(text.as_bytes()))
}

fn name(shown: &ShownHost) -> String {
    text(&shown.host.examined.name)
}

/// What stands in a path's place.
fn path(paths: Paths<'_>, path: &std::path::Path) -> String {
    markup(&paths.show(path))
}

const fn class_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Clear => "good",
        Verdict::Blocked => "bad",
        Verdict::Undecided | Verdict::Busy | Verdict::Nothing => "odd",
    }
}

fn badge(verdict: Verdict) -> String {
    word(class_of(verdict), verdict.word())
}

/// A word that carries a meaning of its own, with a colour that helps.
fn word(class: &str, word: &str) -> String {
    format!("<span class=\"w {class}\">{word}</span>")
}

const fn class_of_level(level: Level) -> &'static str {
    match level {
        Level::Block => "bad",
        Level::Warn => "odd",
        Level::Note => "rest",
    }
}

/// How grave a host's verdict is, the gravest first.
fn rank(host: &JudgedHost) -> usize {
    let mut verdicts = VERDICTS.iter();
    let at = verdicts.position(|verdict| *verdict == host.verdict);
    at.unwrap_or(VERDICTS.len())
}
