//! `declared-file-unfit`: a file that the site requires is not there, too old or too
//! small.

use super::super::{Cx, Evidence, Findings, Rule};
use crate::fact::{Doubt, Fact, Stop, Unknown};
use crate::facts::Host;
use crate::facts::declared::{Fit, fit};
use crate::text::{escape_path, size};

pub(in crate::rules) struct FileUnfit;

impl Rule for FileUnfit {
    fn id(&self) -> &'static str {
        "declared-file-unfit"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (mut out, files) = super::of(host, &host.declared().files, |file| &file.common)?;
        for file in files {
            let shown = escape_path(&file.path);
            let (message, evidence) = match fit(host, file) {
                Fact::Known(Fit::Fits) => continue,
                Fact::Known(Fit::Missing) => {
                    let missing = Evidence::Missing {
                        paths: vec![file.path.clone()],
                        notes: Vec::new(),
                    };
                    (format!("{shown} is not there"), missing)
                }
                Fact::Known(Fit::TooOld(path, age)) => {
                    let limit = file.max_age.map_or(0, |age| age.as_secs());
                    let limit = span(i64::try_from(limit).unwrap_or(i64::MAX));
                    let is = if path == file.path {
                        shown
                    } else {
                        format!("the newest of {shown}")
                    };
                    let message = format!("{is} is {} old, and may be {limit}", span(age));
                    (message, Evidence::path(path, format!("{} old", span(age))))
                }
                Fact::Known(Fit::TooSmall(path, bytes)) => {
                    let least = size(file.min_size.unwrap_or(0));
                    let is = if path == file.path {
                        shown
                    } else {
                        format!("the largest of {shown}")
                    };
                    let message = format!("{is} has {}, and should have {least}", size(bytes));
                    let measure = Evidence::Measure {
                        path,
                        name: "bytes",
                        value: bytes,
                    };
                    (message, measure)
                }
                Fact::NotCovered(why) => {
                    out.judged -= 1;
                    out.uncovered.push(why);
                    continue;
                }
                Fact::Unknown(unknown) => {
                    out.open.push(unknown);
                    continue;
                }
                Fact::Broken(fault) => {
                    out.open.push(fault.into());
                    continue;
                }
                Fact::Absent(_) => {
                    let doubt = Doubt::CannotModel("could not be told".to_owned());
                    out.open.push(Unknown::new(&file.path, doubt));
                    continue;
                }
            };
            let found = super::finding(self.id(), &file.common, message, evidence);
            out.push(found);
        }
        Ok(out)
    }
}

/// A span of time, rounded down to its two largest parts.
fn span(seconds: i64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    let parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")];
    let first = parts.iter().position(|(number, _)| *number > 0);
    let Some(first) = first else {
        return "0 s".to_owned();
    };
    let shown = parts.iter().skip(first).take(2);
    let shown = shown.filter(|(number, _)| *number > 0);
    let shown: Vec<String> = shown.map(|(n, unit)| format!("{n} {unit}")).collect();
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_their_two_largest_parts() {
        for (seconds, text) in [
            (0, "0 s"),
            (61, "1 min 1 s"),
            (3600, "1 h"),
            (90_061, "1 d 1 h"),
            (172_800, "2 d"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }
}
