//! `cron-file-ignored`: a file where cron looks, that cron does not read.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::cron::Ignored;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct FileIgnored;

impl Rule for FileIgnored {
    fn id(&self) -> &'static str {
        "cron-file-ignored"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let cron = super::cron(host)?;
        let mut out = Findings::new();
        for ignored in &cron.ignored {
            if !holds_a_job(ignored) {
                continue;
            }
            let at = escape_path(&ignored.path);
            let message = match ignored.special {
                Some(noun) => format!("cron does not read {at}: it is {noun}"),
                None => format!("cron does not read {at}"),
            };
            let evidence = Evidence::path(&ignored.path, ignored.why.clone());
            let mut finding = Finding::new(self.id(), at, message, evidence);
            if ignored.on_purpose {
                finding = finding.at_most(Level::Note);
            }
            if cron.daemons.len() > 1 {
                finding = finding.confidence(Confidence::Likely);
            }
            out.push(finding);
        }
        super::incomplete(cron, &cron.tables, &mut out);
        Ok(out)
    }
}

/// Whether the file has a line that looks like a job; `.placeholder` has none. What
/// is no file at all in a table's place was hardly meant to be there.
fn holds_a_job(ignored: &Ignored) -> bool {
    if ignored.special.is_some() {
        return true;
    }
    let Some(file) = &ignored.file else {
        return false;
    };
    file.lines().any(|(_, line)| {
        let text = String::from_utf8_lossy(line);
        let mut words = text.split_whitespace();
        let Some(first) = words.next() else {
            return false;
        };
        let starts = first.starts_with('@')
            || first == "*"
            || first.starts_with(|c: char| c.is_ascii_digit());
        starts && words.count() >= if first.starts_with('@') { 1 } else { 5 }
    })
}
