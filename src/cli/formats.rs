//! `--format`: which reports, and where each goes.

use std::path::PathBuf;

use super::Error;
use super::args::CheckArgs;
use super::output::Output;
use crate::report::{self, Outcome};

/// A report to write.
pub(super) struct Wanted {
    /// How.
    pub(super) format: Format,
    /// Where to.
    pub(super) to: Output,
}

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Brief,
    Json,
    Jsonl,
    Sarif,
    Github,
    Gitlab,
    Junit,
    Nagios,
    Prometheus,
    Html,
}

impl Format {
    /// Every format with its name, in the order of the manual.
    const ALL: [(&'static str, Self); 11] = [
        ("text", Self::Text),
        ("brief", Self::Brief),
        ("json", Self::Json),
        ("jsonl", Self::Jsonl),
        ("sarif", Self::Sarif),
        ("github", Self::Github),
        ("gitlab", Self::Gitlab),
        ("junit", Self::Junit),
        ("nagios", Self::Nagios),
        ("prometheus", Self::Prometheus),
        ("html", Self::Html),
    ];

    fn named(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, format)| *format).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            let name = crate::text::escape(name.as_bytes());
            Error::Usage(format!(
                "--format {name}: choose one of {}",
                names.join(" ")
            ))
        })
    }
}

/// `--format` and `-q`, with at most one report on standard output and one in a file.
pub(super) fn wanted(args: &CheckArgs) -> Result<Vec<Wanted>, Error> {
    let mut wanted: Vec<Wanted> = Vec::new();
    for text in &args.format {
        let (name, to) = match text.split_once('=') {
            Some((_, "")) => {
                return Err(Error::Usage(format!(
                    "--format {text}: no file name after ="
                )));
            }
            Some((name, file)) => (name, Output::File(PathBuf::from(file))),
            None => (text.as_str(), Output::Stdout),
        };
        let format = Format::named(name)?;
        if to != Output::Stdout && wanted.iter().any(|other| other.to == to) {
            return Err(Error::Usage(format!(
                "--format {text}: another report goes to that file"
            )));
        }
        wanted.push(Wanted { format, to });
    }
    let on_stdout = wanted.iter().filter(|w| w.to == Output::Stdout).count();
    if on_stdout > 1 {
        return Err(Error::Usage(
            "--format: only one report fits on standard output".into(),
        ));
    }
    if args.quiet && on_stdout > 0 {
        return Err(Error::Usage(
            "-q says only the verdict; it does not go with --format".into(),
        ));
    }
    if on_stdout == 0 {
        wanted.push(Wanted {
            format: if args.quiet {
                Format::Brief
            } else {
                Format::Text
            },
            to: Output::Stdout,
        });
    }
    Ok(wanted)
}

/// Writes one report.
///
/// # Errors
/// Those of `out`.
pub(super) fn render(
    outcome: &Outcome,
    format: Format,
    out: &mut dyn std::io::Write,
) -> std::io::Result<()> {
    let text = match format {
        Format::Json => return Ok(report::json(outcome, out)?),
        Format::Jsonl => return Ok(report::jsonl(outcome, out)?),
        Format::Sarif => return Ok(report::sarif(outcome, out)?),
        Format::Gitlab => return Ok(report::gitlab(outcome, out)?),
        Format::Junit => return report::junit(outcome, out),
        Format::Text => report::text(outcome),
        Format::Brief => report::brief(outcome),
        Format::Github => report::github(outcome),
        Format::Nagios => report::nagios(outcome),
        Format::Prometheus => report::prometheus(outcome),
        Format::Html => report::html(outcome),
    };
    out.write_all(text.as_bytes())
}
