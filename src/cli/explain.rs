//! `comeback rules` and `comeback explain`.

use std::fmt::Write as _;

use super::Error;
use super::args::{ExplainArgs, ListFormat, RulesArgs};
use super::output::{Output, write_out};
use super::run::rule_id;
use crate::policy::Exit;
use crate::report::paragraph;
use crate::rules::{Card, Scope, Status, cards};

pub(super) fn rules(args: &RulesArgs) -> Result<Exit, Error> {
    let text = match args.format {
        ListFormat::Text => {
            let mut out = String::new();
            for card in cards().values() {
                let status = status(card);
                let level = card.level.word();
                let _ = writeln!(
                    out,
                    "{:<40} {level:<6} {status:<8} {}",
                    card.id,
                    card.link.word()
                );
                let _ = writeln!(out, "    {}", card.title);
            }
            out
        }
        ListFormat::Json => {
            let list: Vec<serde_json::Value> = cards().values().map(wire).collect();
            let document = serde_json::json!({ "schema": "comeback.rules/1", "rules": list });
            serde_json::to_string_pretty(&document).map_err(|e| Error::Output(e.to_string()))?
                + "\n"
        }
    };
    write_out(&Output::Stdout, text.as_bytes())?;
    Ok(Exit::Clear)
}

fn wire(card: &Card) -> serde_json::Value {
    serde_json::json!({
        "id": card.id,
        "since": card.since,
        "status": status(card),
        "scope": scope(card),
        "link": card.link,
        "level": card.level,
        "impact": card.impact,
        "confidence": card.confidence,
        "title": card.title,
        "aliases": card.aliases,
        "ignorable": card.ignorable,
    })
}

const fn status(card: &Card) -> &'static str {
    match card.status {
        Status::Preview => "preview",
        Status::Stable => "stable",
        Status::Deprecated => "deprecated",
    }
}

const fn scope(card: &Card) -> &'static str {
    match card.scope {
        Scope::Host => "host",
        Scope::Fleet => "fleet",
    }
}

pub(super) fn explain(args: &ExplainArgs) -> Result<Exit, Error> {
    let id = rule_id(&args.rule)?;
    let Some(card) = cards().get(&id) else {
        return Err(Error::Usage(format!("unknown rule \"{id}\"")));
    };
    write_out(&Output::Stdout, page(card).as_bytes())?;
    Ok(Exit::Clear)
}

/// One rule's page.
fn page(card: &Card) -> String {
    let mut out = String::new();
    let title = format!("{}: {}", card.id, card.title);
    let _ = writeln!(out, "{}\n", paragraph(&title, 0));
    let impacts: Vec<&str> = card.impact.iter().map(|i| i.word()).collect();
    let summary = format!(
        "level {}, impact {}, confidence {}, link {}, {} since {}",
        card.level.word(),
        impacts.join(" "),
        card.confidence.word(),
        card.link.word(),
        status(card),
        card.since
    );
    let _ = writeln!(out, "{}", paragraph(&summary, 0));
    let mut section = |title: &str, text: &str| {
        let _ = writeln!(out, "\n{title}");
        for part in text.trim().split("\n\n") {
            let _ = writeln!(out, "{}", paragraph(part, 2));
        }
    };
    section("What it says", &card.what);
    section("Why", &card.why);
    section("What it does not flag", &card.not_flagged);
    section("What to do", &card.fix);
    if !card.proven.is_empty() {
        section("What it was run on", &card.proven);
    }
    for command in &card.fix_commands {
        let _ = writeln!(out, "      {command}");
    }
    if !card.aliases.is_empty() {
        let _ = writeln!(out, "\nFormerly {}", card.aliases.join(", "));
    }
    if !card.ignorable {
        let _ = writeln!(out, "\nNo waiver silences this rule.");
    }
    let _ = writeln!(out, "\nReferences");
    for reference in &card.references {
        let _ = writeln!(out, "  {reference}");
    }
    out
}
