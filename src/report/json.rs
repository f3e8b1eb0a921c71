//! The report for programs.

use serde::Serialize;

use super::Outcome;
use super::model::{Report, SCHEMA, host};

/// One document.
///
/// # Errors
/// Those of the serialiser.
pub fn json(outcome: &Outcome) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&Report::new(outcome)).map(|text| text + "\n")
}

/// One line for each host, then one with the summary.
///
/// # Errors
/// Those of the serialiser.
pub fn jsonl(outcome: &Outcome) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Line<'a, T> {
        schema: &'a str,
        #[serde(flatten)]
        body: T,
    }
    let mut out = String::new();
    for shown in &outcome.hosts {
        let line = Line {
            schema: "comeback.host/1",
            body: host(shown),
        };
        out.push_str(&serde_json::to_string(&line)?);
        out.push('\n');
    }
    let mut summary = Report::new(outcome);
    summary.hosts.clear();
    summary.schema = String::from("comeback.summary/1");
    out.push_str(&serde_json::to_string(&summary)?);
    out.push('\n');
    Ok(out)
}

/// The JSON Schema of the report.
///
/// # Errors
/// Those of the serialiser.
pub fn schema() -> Result<String, serde_json::Error> {
    let mut schema = schemars::schema_for!(Report);
    schema.insert(
        "title".to_owned(),
        serde_json::Value::String(SCHEMA.to_owned()),
    );
    serde_json::to_string_pretty(&schema).map(|text| text + "\n")
}
