//! One finding: the sentence, what shows it, and the cure.

use std::fmt::Write as _;

use super::super::Paths;
use super::super::markup::markup;
use super::super::snippet::quote;
use super::super::spot::{cure, plain};
use super::{class_of_level, path, text, word};
use crate::policy::{Age, Judged, Standing};
use crate::rules::{Evidence, Level};
use crate::text::Place;

/// How many paths that are not there are named.
const PATHS: usize = 12;

/// A finding under a heading of `depth`, with those that only follow from it. `open` says
/// whether its evidence is shown at once.
pub(super) fn finding(
    judged: &Judged,
    also: &[&Judged],
    paths: Paths<'_>,
    depth: u8,
    open: bool,
) -> String {
    let class = class_of_level(judged.level);
    let aside = match judged.standing {
        Standing::Counts if judged.age != Some(Age::Old) => "",
        _ => " aside",
    };
    let mut out = format!(
        "<article class=\"finding {class}{aside}\">\n<h{depth}>{} <span>{}</span></h{depth}>\n",
        word(class, judged.level.word()),
        text(&judged.finding.message),
    );
    let _ = writeln!(out, "<p class=\"of\">{}</p>", about(judged));
    if let Standing::Waived { reason, until, .. } = &judged.standing {
        let until = if *until == jiff::civil::Date::MAX {
            "Accepted for this run".to_owned()
        } else {
            format!("Waived until {until}")
        };
        let _ = writeln!(out, "<p>{until}: {}</p>", text(reason));
    }
    let attribute = if open { " open" } else { "" };
    let _ = writeln!(
        out,
        "<details{attribute}><summary>Evidence and cure</summary>\n<ul class=\"evidence\">"
    );
    for evidence in &judged.finding.evidence {
        let _ = writeln!(out, "<li>{}</li>", shown(evidence, paths));
    }
    out.push_str("</ul>\n<div class=\"cure\">\n");
    let (words, commands) = cure(judged);
    let _ = writeln!(out, "<p>Cure: {}</p>", markup(&words));
    if !commands.is_empty() {
        let _ = writeln!(out, "<pre>{}</pre>", markup(&commands.join("\n")));
    }
    let why = markup(&plain(&judged.card.why));
    let _ = writeln!(out, "<p class=\"soft\">{why}</p>\n</div>\n</details>");
    if !also.is_empty() {
        out.push_str("<p class=\"of\">What follows from it:</p>\n<ul class=\"plain of\">\n");
        for follower in also {
            let rule = markup(follower.finding.rule);
            let message = text(&follower.finding.message);
            let _ = writeln!(out, "<li><code>{rule}</code> {message}</li>");
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</article>\n");
    out
}

/// The rule, what goes wrong, and how it is known.
fn about(judged: &Judged) -> String {
    let impacts: Vec<&str> = judged.impact.iter().map(|impact| impact.word()).collect();
    let mut out = format!(
        "<code>{}</code> &#183; {} &#183; {}",
        markup(judged.finding.rule),
        impacts.join(", "),
        judged.confidence.word()
    );
    if let Some(age) = judged.age {
        let _ = write!(out, " &#183; {}", age.word());
    }
    if judged.standing == Standing::Preview {
        out.push_str(" &#183; preview: does not count");
    }
    out
}

fn shown(evidence: &Evidence, at_host: Paths<'_>) -> String {
    match evidence {
        Evidence::Span { place, label } => span(place, label, at_host),
        Evidence::Missing { paths, notes } => {
            let named = paths.iter().take(PATHS);
            let named =
                named.map(|p| format!("<span class=\"path\">{}</span>", path(Paths::PLAIN, p)));
            let named: Vec<String> = named.collect();
            let mut out = format!("Not there: {}", named.join(", "));
            if paths.len() > PATHS {
                let _ = write!(out, " and {} more", paths.len() - PATHS);
            }
            for note in notes {
                let _ = write!(out, "; {}", text(note));
            }
            out
        }
        Evidence::Path { path: at, text: t } => {
            let at = path(at_host, at);
            format!("<span class=\"path\">{at}</span>: {}", text(t))
        }
        Evidence::Measure {
            path: at,
            name,
            value,
        } => format!(
            "<span class=\"path\">{}</span>: {name} {value}",
            path(at_host, at)
        ),
        Evidence::Computed { text: t, from } => {
            let mut out = text(t);
            for place in from {
                let start = place.start();
                let place = format!(
                    "{}:{}:{}",
                    at_host.show(place.path()),
                    start.line,
                    start.column
                );
                let place = markup(&place);
                let _ = write!(out, "<br><span class=\"path\">{place}</span>");
            }
            out
        }
    }
}

/// A line of a file with what matters in it marked.
fn span(place: &Place, label: &str, paths: Paths<'_>) -> String {
    let start = place.start();
    let mut out = format!(
        "<span class=\"path\">{}:{}:{}</span>",
        path(paths, place.path()),
        start.line,
        start.column
    );
    if !label.is_empty() {
        let _ = write!(out, " {}", text(label));
    }
    let quoted = quote(place);
    if quoted.text.is_empty() {
        return out;
    }
    let part = |skip: usize, take: usize| -> String {
        let part: String = quoted.text.chars().skip(skip).take(take).collect();
        markup(&part)
    };
    let _ = write!(
        out,
        "<pre><span class=\"line\">{} </span>{}<mark>{}</mark>{}</pre>",
        quoted.line,
        part(0, quoted.start),
        part(quoted.start, quoted.len),
        part(quoted.start + quoted.len, usize::MAX),
    );
    out
}

/// Whether a finding's evidence is shown at once: what decides is, and on a host alone
/// what warns, too.
pub(super) fn open_at_once(judged: &Judged, fleet: bool) -> bool {
    let counts = judged.standing == Standing::Counts && judged.age != Some(Age::Old);
    let least = if fleet { Level::Block } else { Level::Warn };
    counts && judged.level >= least
}
