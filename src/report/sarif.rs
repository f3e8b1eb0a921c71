//! SARIF 2.1.0 (OASIS, with errata 01): one run, its rules from the cards.
//!
//! What counts is a result, what only follows is told at its cause, what is waived is
//! suppressed, and an open question is a notification of the run: as a result it would
//! become an alert about the host.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::each::Each;
use super::spot::{Spot, counts, cure, identities, plain, sentence, spots, uri};
use super::{Outcome, ShownHost};
use crate::policy::{Age, Judged, Standing};
use crate::rules::{Card, Confidence, Level};
use crate::text::{escape, escape_path};

/// The schema that a log names.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/\
                      sarif-schema-2.1.0.json";

/// The base of relative URIs: the directory of the run, which is the repository's in CI.
const BASE: &str = "%SRCROOT%";

#[derive(Serialize)]
struct Log<R> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [R; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<N, R> {
    tool: Value,
    automation_details: Value,
    column_kind: &'static str,
    original_uri_base_ids: Value,
    invocations: [Invocation<N>; 1],
    results: R,
    properties: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<N> {
    execution_successful: bool,
    exit_code: u8,
    exit_code_description: &'static str,
    end_time_utc: String,
    tool_execution_notifications: N,
    tool_configuration_notifications: Vec<Value>,
}

/// One log with one run, written host by host: that of 10,000 hosts is hundreds of
/// megabytes.
///
/// # Errors
/// Those of `out` and of the serialiser.
pub fn sarif(outcome: &Outcome, out: &mut dyn Write) -> Result<(), serde_json::Error> {
    let cards = cards(outcome);
    let index: BTreeMap<&str, usize> = cards.keys().copied().zip(0..).collect();
    let hosts = &outcome.hosts;
    let name = match hosts.as_slice() {
        [shown] if !outcome.fleet => escape(shown.host.examined.name.as_bytes()),
        _ => "fleet".to_owned(),
    };
    let exit = outcome.exit;
    let stale = outcome.stale.iter().map(|waiver| {
        let text = format!("{}: a waiver accepts nothing: {}", waiver.place, waiver.why);
        json!({ "level": "warning", "message": { "text": message(&text) } })
    });
    let invocation = Invocation {
        execution_successful: matches!(exit.code(), 0 | 1 | 4),
        exit_code: exit.code(),
        exit_code_description: exit.name(),
        end_time_utc: outcome.now.to_string(),
        tool_execution_notifications: Each(|| hosts.iter().flat_map(|shown| open(shown, &index))),
        tool_configuration_notifications: stale.collect(),
    };
    let run = Run {
        tool: json!({ "driver": {
            "name": env!("CARGO_PKG_NAME"),
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": cards.values().map(|card| rule(card)).collect::<Vec<_>>(),
        } }),
        automation_details: json!({ "id": format!("comeback/{name}/") }),
        column_kind: "unicodeCodePoints",
        original_uri_base_ids: json!({ BASE: {
            "description": { "text": "The directory in which comeback was run." },
        } }),
        invocations: [invocation],
        results: Each(|| {
            hosts
                .iter()
                .flat_map(|shown| results(outcome, shown, &index))
        }),
        properties: json!({
            "verdict": exit.verdict().word().to_ascii_lowercase(),
            "policy": outcome.policy.as_deref().map(escape_path),
            "against": outcome.against,
        }),
    };
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [run],
    };
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n").map_err(serde_json::Error::io)
}

/// What is told of a host: what counts, and what is waived.
fn results(outcome: &Outcome, shown: &ShownHost, index: &BTreeMap<&str, usize>) -> Vec<Value> {
    let identities = identities(shown);
    let findings = shown.host.findings.iter().enumerate().zip(&identities);
    findings
        .filter(|((_, judged), _)| !matches!(judged.standing, Standing::Follows(_)))
        .map(|((at, judged), identity)| result(outcome, shown, (at, judged, identity), index))
        .collect()
}

/// The cards of every rule that ran or found something, by id.
fn cards(outcome: &Outcome) -> BTreeMap<&'static str, &'static Card> {
    let hosts = || outcome.hosts.iter().map(|shown| &shown.host);
    let ran = hosts().flat_map(|host| host.examined.runs.iter().map(|run| run.card));
    let found = hosts().flat_map(|host| host.findings.iter().map(|judged| judged.card));
    ran.chain(found)
        .map(|card| (card.id.as_str(), card))
        .collect()
}

/// Text in a message: braces would be placeholders, and `[a](b)` a link (3.11.5, 3.11.6).
fn message(text: &str) -> String {
    let text = text.replace('{', "{{").replace('}', "}}");
    text.replace("](", "\\](")
}

fn rule(card: &Card) -> Value {
    let help = cure_of(card);
    json!({
        "id": card.id,
        "shortDescription": { "text": message(&plain(&card.title)) },
        "fullDescription": {
            "text": message(&format!("{} {}", plain(&card.what), plain(&card.why))),
        },
        "help": { "text": message(&help) },
        "defaultConfiguration": {
            "level": level(card.level),
            "rank": rank(card.confidence),
        },
        "properties": {
            "tags": tags(card),
            "precision": match card.confidence {
                Confidence::Certain => "very-high",
                Confidence::Likely => "high",
                Confidence::Possible => "low",
            },
            "problem.severity": match card.level {
                Level::Block => "error",
                Level::Warn => "warning",
                Level::Note => "recommendation",
            },
        },
    })
}

fn cure_of(card: &Card) -> String {
    let mut text = plain(&card.fix);
    for command in &card.fix_commands {
        text.push('\n');
        text.push_str(command);
    }
    text
}

fn tags(card: &Card) -> Vec<&str> {
    let family = card.id.split('-').next();
    let impacts = card.impact.iter().map(|impact| impact.word());
    family.into_iter().chain(impacts).collect()
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Block => "error",
        Level::Warn => "warning",
        Level::Note => "note",
    }
}

const fn rank(confidence: Confidence) -> u8 {
    match confidence {
        Confidence::Certain => 90,
        Confidence::Likely => 60,
        Confidence::Possible => 30,
    }
}

fn result(
    outcome: &Outcome,
    shown: &ShownHost,
    (at, judged, identity): (usize, &Judged, &str),
    index: &BTreeMap<&str, usize>,
) -> Value {
    let spots = spots(judged);
    let (first, others) = match spots.split_first() {
        Some((first, others)) => (Some(first), others),
        None => (None, &[][..]),
    };
    let locations = first.map(|spot| location(shown, spot, None));
    let mut related: Vec<Value> = others
        .iter()
        .map(|spot| location(shown, spot, Some(&spot.label)))
        .collect();
    // What only follows is told here, at its own place.
    for follower in &shown.host.findings {
        if follower.standing == Standing::Follows(at) {
            let said = sentence(shown, follower, false);
            let said = format!("{}: {said}", follower.finding.rule);
            let place = self::spots(follower).into_iter().next();
            related.extend(place.map(|spot| location(shown, &spot, Some(&said))));
        }
    }
    for (id, location) in related.iter_mut().enumerate() {
        if let Some(map) = location.as_object_mut() {
            map.insert("id".to_owned(), json!(id + 1));
        }
    }
    let (fix, commands) = cure(judged);
    // A preview never decides, so it must not look like what does.
    let preview = judged.standing == Standing::Preview;
    let shown_level = if preview { Level::Note } else { judged.level };
    let mut result = Map::new();
    let mut set = |key: &str, value: Value| result.insert(key.to_owned(), value);
    set("ruleId", json!(judged.finding.rule));
    if let Some(index) = index.get(judged.finding.rule) {
        set("ruleIndex", json!(index));
    }
    set("kind", json!("fail"));
    set("level", json!(level(shown_level)));
    set("rank", json!(rank(judged.confidence)));
    let text = message(&sentence(shown, judged, outcome.fleet));
    set("message", json!({ "text": text }));
    set(
        "locations",
        json!(locations.into_iter().collect::<Vec<_>>()),
    );
    if !related.is_empty() {
        set("relatedLocations", json!(related));
    }
    set(
        "partialFingerprints",
        json!({ "comeback/subject/v1": identity }),
    );
    if let Some(age) = judged.age {
        let state = match age {
            Age::New => "new",
            Age::Old => "unchanged",
        };
        set("baselineState", json!(state));
    }
    if let Standing::Waived { reason, inline, .. } = &judged.standing {
        let justification = escape(reason.as_bytes());
        let kind = if *inline { "inSource" } else { "external" };
        let suppression = json!({
            "kind": kind, "status": "accepted", "justification": justification,
        });
        set("suppressions", json!([suppression]));
    }
    let impacts: Vec<&str> = judged.impact.iter().map(|impact| impact.word()).collect();
    set(
        "properties",
        json!({
            "host": escape(shown.host.examined.name.as_bytes()),
            "subject": escape(judged.finding.subject.as_bytes()),
            "impact": impacts,
            "confidence": judged.confidence.word(),
            "decides": counts(judged) && judged.level >= outcome.fail_on,
            "preview": preview,
            "fixText": fix,
            "fixCommands": commands,
        }),
    );
    Value::Object(result)
}

fn location(shown: &ShownHost, spot: &Spot, said: Option<&str>) -> Value {
    let uri = uri(shown, &spot.path);
    let mut artifact = Map::new();
    artifact.insert("uri".to_owned(), json!(uri.text));
    if uri.relative {
        artifact.insert("uriBaseId".to_owned(), json!(BASE));
    }
    let region = match &spot.region {
        Some(region) => json!({
            "startLine": region.line,
            "startColumn": region.column,
            "endLine": region.end_line,
            "endColumn": region.end_column,
            "snippet": { "text": region.text },
        }),
        // GitHub refuses a location without a line.
        None => json!({ "startLine": 1 }),
    };
    let name = escape(shown.host.examined.name.as_bytes());
    let mut location = json!({
        "physicalLocation": { "artifactLocation": artifact, "region": region },
        "logicalLocations": [{ "name": name, "kind": "machine" }],
    });
    if let (Some(said), Some(map)) = (said, location.as_object_mut()) {
        map.insert("message".to_owned(), json!({ "text": message(said) }));
    }
    location
}

/// What could not be answered, as notifications of the run.
fn open(shown: &ShownHost, index: &BTreeMap<&str, usize>) -> Vec<Value> {
    let host = &shown.host;
    let name = escape(host.examined.name.as_bytes());
    let mut all = Vec::new();
    for rule in &host.open {
        for unknown in &rule.open {
            let text = escape(unknown.to_string().as_bytes());
            let spot = match &unknown.place {
                Some(place) if place.path() == unknown.path => Spot {
                    path: unknown.path.clone(),
                    region: Some(super::spot::Region {
                        line: place.start().line,
                        column: place.start().column,
                        end_line: place.end().line,
                        end_column: place.end().column,
                        text: super::snippet::quote(place).text,
                    }),
                    label: String::new(),
                },
                Some(_) | None => Spot {
                    path: unknown.path.clone(),
                    region: None,
                    label: String::new(),
                },
            };
            let id = rule.card.id.as_str();
            let mut associated = Map::new();
            associated.insert("id".to_owned(), json!(id));
            if let Some(index) = index.get(id) {
                associated.insert("index".to_owned(), json!(index));
            }
            all.push(json!({
                "level": if rule.decides { "warning" } else { "note" },
                "message": { "text": message(&format!("{name}: could not decide {id}: {text}")) },
                "associatedRule": associated,
                "locations": [location(shown, &spot, None)],
            }));
        }
    }
    for (what, unread) in host.examined.unread() {
        let text = escape(format!("{name}: {what}: {unread}").as_bytes());
        all.push(json!({ "level": "error", "message": { "text": message(&text) } }));
    }
    if let Some(busy) = &host.examined.busy {
        let text = format!(
            "{name}: {} is at work; nothing else was looked at",
            busy.who
        );
        all.push(json!({ "level": "error", "message": { "text": message(&text) } }));
    }
    all
}
