//! One HTML file for people: no script, no network, everything escaped.
//!
//! The reader's browser is told to fetch and run nothing. Headings, tables and native
//! `details` make it usable by keyboard and by a screen reader; one column is left of it
//! on a phone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::brief::plural;
use super::markup::markup;
use super::spot::plain;
use super::{Outcome, ShownHost};
use crate::facts::triggers::action_word;
use crate::policy::{Judged, Standing, Verdict};
use crate::rules::{Level, LinkState};
use crate::text::{escape, escape_path};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:auto;padding:1rem}\
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}h3{font-size:1rem;margin:1rem 0 0}\
table{border-collapse:collapse}th,td{text-align:left;vertical-align:top;\
padding:.2rem .8rem .2rem 0}\
.wide{overflow-x:auto}\
pre{overflow-x:auto;padding:.6rem;border:1px solid #8888;border-radius:.3rem;\
font-size:.85rem}\
summary{cursor:pointer}\
.v{font-weight:bold;padding:0 .4rem;border:2px solid;border-radius:.3rem}\
.bad{color:#b00020}.odd{color:#8a5a00}.good{color:#1b6e2d}\
@media(prefers-color-scheme:dark){.bad{color:#ff7a85}.odd{color:#ffc266}\
.good{color:#7ddc92}}";

/// The page.
#[must_use]
pub fn html(outcome: &Outcome) -> String {
    let mut out = String::new();
    let title = match outcome.hosts.as_slice() {
        [shown] if !outcome.fleet => name(shown),
        hosts => plural(hosts.len(), "host"),
    };
    let word = outcome.exit.verdict();
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{} {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n",
        word.word(),
        title,
    );
    let _ = writeln!(out, "<h1>{} {title}</h1>", badge(word));
    out.push_str(&header(outcome));
    if outcome.fleet {
        out.push_str(&overview(outcome));
        out.push_str(&by_rule(outcome));
    }
    out.push_str(&times(outcome));
    for shown in &outcome.hosts {
        out.push_str(&host(outcome, shown));
    }
    if !outcome.stale.is_empty() {
        let rows = outcome.stale.iter();
        let rows = rows.map(|waiver| (waiver.place.to_string(), markup(&waiver.why)));
        let _ = write!(out, "<h2>Waivers that accept nothing</h2>\n{}", table(rows));
    }
    let _ = write!(
        out,
        "</main>\n<footer><p>comeback {}; exit status {} ({}). CLEAR says that what had to \
         be looked at was looked at and no blocker was found.</p></footer>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        outcome.exit.code(),
        outcome.exit.name(),
    );
    out
}

fn name(shown: &ShownHost) -> String {
    markup(&escape(shown.host.examined.name.as_bytes()))
}

fn badge(verdict: Verdict) -> String {
    let class = match verdict {
        Verdict::Clear => "good",
        Verdict::Blocked => "bad",
        Verdict::Undecided | Verdict::Busy | Verdict::Nothing => "odd",
    };
    format!("<span class=\"v {class}\">{}</span>", verdict.word())
}

fn header(outcome: &Outcome) -> String {
    let policy = outcome.policy.as_deref().map_or("none".into(), escape_path);
    let mut rows = vec![
        (
            "moment",
            outcome.now.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        ),
        ("policy", policy),
    ];
    if let Some(base) = &outcome.against {
        rows.push(("compared with", escape(base.as_bytes())));
    }
    table(
        rows.into_iter()
            .map(|(key, value)| (key.to_owned(), markup(&value))),
    )
}

/// Rows of a heading and a value, which is marked up already.
fn table(rows: impl Iterator<Item = (String, String)>) -> String {
    let rows = rows.map(|(key, value)| {
        let key = markup(&key);
        format!("<tr><th scope=\"row\">{key}</th><td>{value}</td></tr>\n")
    });
    let rows: String = rows.collect();
    format!("<div class=\"wide\"><table>\n{rows}</table></div>\n")
}

/// Every host on one line.
fn overview(outcome: &Outcome) -> String {
    let mut out = String::from(
        "<h2>Hosts</h2>\n<div class=\"wide\"><table>\n<tr><th scope=\"col\">host</th>\
         <th scope=\"col\">verdict</th><th scope=\"col\">blockers</th>\
         <th scope=\"col\">warnings</th><th scope=\"col\">undecided</th></tr>\n",
    );
    let mut hosts: Vec<(usize, &ShownHost)> = outcome.hosts.iter().enumerate().collect();
    let rank = |verdict: Verdict| match verdict {
        Verdict::Blocked => 0,
        Verdict::Undecided => 1,
        Verdict::Busy => 2,
        Verdict::Nothing => 3,
        Verdict::Clear => 4,
    };
    hosts.sort_by_key(|(_, shown)| rank(shown.host.verdict));
    for (_, shown) in hosts {
        let host = &shown.host;
        let _ = writeln!(
            out,
            "<tr><td><a href=\"#{}\">{}</a></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            anchor(outcome, shown),
            name(shown),
            badge(host.verdict),
            host.fresh(Level::Block),
            host.fresh(Level::Warn),
            host.undecided(),
        );
    }
    out.push_str("</table></div>\n");
    out
}

/// A host's place in the page: its number, as names are not ours.
fn anchor(outcome: &Outcome, shown: &ShownHost) -> String {
    let at = outcome.hosts.iter().position(|s| std::ptr::eq(s, shown));
    at.map_or_else(String::new, |at| format!("host-{}", at + 1))
}

/// Which hosts each rule speaks of.
fn by_rule(outcome: &Outcome) -> String {
    let mut rules: BTreeMap<(std::cmp::Reverse<Level>, &str), Vec<&ShownHost>> = BTreeMap::new();
    for shown in &outcome.hosts {
        for judged in shown
            .host
            .findings
            .iter()
            .filter(|j| super::spot::counts(j))
        {
            let key = (std::cmp::Reverse(judged.level), judged.finding.rule);
            let hosts = rules.entry(key).or_default();
            if !hosts.iter().any(|known| std::ptr::eq(*known, shown)) {
                hosts.push(shown);
            }
        }
    }
    if rules.is_empty() {
        return String::new();
    }
    let rows = rules.iter().map(|((level, rule), hosts)| {
        let links = hosts.iter().map(|shown| {
            let (anchor, name) = (anchor(outcome, shown), name(shown));
            format!("<a href=\"#{anchor}\">{name}</a>")
        });
        let links: Vec<String> = links.collect();
        (format!("{} {rule}", level.0.word()), links.join(" "))
    });
    format!("<h2>Findings by rule</h2>\n{}", table(rows))
}

/// What goes down by itself, soonest first.
fn times(outcome: &Outcome) -> String {
    let mut coming = Vec::new();
    for shown in &outcome.hosts {
        for trigger in &shown.host.examined.triggers {
            if let Some(at) = trigger.next_at() {
                coming.push((at, shown, trigger));
            }
        }
    }
    coming.sort_by_key(|(at, _, _)| *at);
    if coming.is_empty() {
        return String::new();
    }
    let rows = coming.into_iter().map(|(at, shown, trigger)| {
        let when = shown.host.examined.zone.show(at);
        let in_words = crate::time::relative(outcome.now, at);
        let what = format!(
            "{}: {}, {}, {}",
            name(shown),
            action_word(trigger.action),
            markup(&in_words),
            markup(&trigger.place.to_string()),
        );
        (when, what)
    });
    format!("<h2>Coming reboots</h2>\n{}", table(rows))
}

fn host(outcome: &Outcome, shown: &ShownHost) -> String {
    let host = &shown.host;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<section>\n<h2 id=\"{}\">{} {}</h2>",
        anchor(outcome, shown),
        name(shown),
        badge(host.verdict)
    );
    let os = host.examined.os.as_deref().unwrap_or("");
    let _ = writeln!(
        out,
        "<p>{}, {} tree; {}</p>",
        markup(&escape(os.as_bytes())),
        host.examined.kind.word(),
        markup(super::one_line(shown).trim_start_matches("comeback: ")),
    );
    if !host.chain.is_empty() {
        let rows = host.chain.iter().map(|line| {
            let class = match line.state {
                LinkState::Ok => "good",
                LinkState::Broken => "bad",
                LinkState::Degraded | LinkState::Delayed | LinkState::Unknown => "odd",
                _ => "",
            };
            let summary = markup(&escape(line.summary.as_bytes()));
            let state = line.state.word();
            let value = format!("<strong class=\"{class}\">{state}</strong> {summary}");
            (line.link.word().to_owned(), value)
        });
        let open = if outcome.fleet { "" } else { " open" };
        let _ = writeln!(
            out,
            "<details{open}><summary>Chain of the boot</summary>\n{}</details>",
            table(rows)
        );
    }
    for judged in &host.findings {
        if !matches!(judged.standing, Standing::Follows(_)) {
            out.push_str(&finding(shown, judged));
        }
    }
    for rule in host.open.iter().filter(|rule| !rule.open.is_empty()) {
        let _ = writeln!(
            out,
            "<h3><span class=\"odd\">undecided</span> {}: {}</h3>\n<ul>",
            markup(&rule.card.id),
            markup(&plain(&rule.card.title))
        );
        for unknown in &rule.open {
            let text = markup(&escape(unknown.to_string().as_bytes()));
            let _ = writeln!(out, "<li>{text}</li>");
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</section>\n");
    out
}

fn finding(shown: &ShownHost, judged: &Judged) -> String {
    let class = match judged.level {
        Level::Block => "bad",
        Level::Warn => "odd",
        Level::Note => "",
    };
    let standing = match &judged.standing {
        Standing::Waived { reason, until, .. } => format!(
            "<p>Waived until {until}: {}</p>\n",
            markup(&escape(reason.as_bytes()))
        ),
        Standing::Preview => "<p>Preview: does not count.</p>\n".to_owned(),
        Standing::Counts | Standing::Follows(_) => String::new(),
    };
    let age = judged
        .age
        .map_or(String::new(), |age| format!(" ({})", age.word()));
    format!(
        "<h3><span class=\"{class}\">{}</span>{age} {}: {}</h3>\n{standing}\
         <details><summary>Evidence and cure</summary>\n<pre>{}</pre>\n<p>{}</p>\n</details>\n",
        judged.level.word(),
        markup(judged.finding.rule),
        markup(&escape(judged.finding.message.as_bytes())),
        markup(&super::text::plain_finding(judged, shown.paths())),
        markup(&plain(&judged.card.why)),
    )
}
