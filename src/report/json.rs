//! The report for programs.

use std::io::Write;

use serde::Serialize;

use super::Outcome;
use super::model::{Hosts, Report, SCHEMA, host};

/// One document, written host by host: that of 10,000 hosts is hundreds of megabytes.
///
/// # Errors
/// Those of `out` and of the serialiser.
pub fn json(outcome: &Outcome, out: &mut dyn Write) -> Result<(), serde_json::Error> {
    serde_json::to_writer_pretty(&mut *out, &Report::new(outcome))?;
    out.write_all(b"\n").map_err(serde_json::Error::io)
}

/// One line for each host, then one with the summary.
///
/// # Errors
/// Those of `out` and of the serialiser.
pub fn jsonl(outcome: &Outcome, out: &mut dyn Write) -> Result<(), serde_json::Error> {
    #[derive(Serialize)]
    struct Line<'a, T> {
        schema: &'a str,
        #[serde(flatten)]
        body: T,
    }
    for shown in &outcome.hosts {
        let line = Line {
            schema: "comeback.host/1",
            body: host(shown),
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n").map_err(serde_json::Error::io)?;
    }
    let mut summary = Report::new(outcome);
    summary.hosts = Hosts(&[]);
    summary.schema = String::from("comeback.summary/1");
    serde_json::to_writer(&mut *out, &summary)?;
    out.write_all(b"\n").map_err(serde_json::Error::io)
}

/// The JSON Schema of the report.
///
/// # Errors
/// Those of the serialiser.
pub fn schema() -> Result<String, serde_json::Error> {
    let mut schema = schemars::schema_for!(Report<'static>);
    schema.insert(
        "title".to_owned(),
        serde_json::Value::String(SCHEMA.to_owned()),
    );
    serde_json::to_string_pretty(&schema).map(|text| text + "\n")
}
