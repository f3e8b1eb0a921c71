//! `failover-config-broken`: keepalived refuses its configuration, and with it every
//! instance.

use super::instance_faults::{instance_faults, instance_faults_of};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::failover::{CONFIG, Failover};
use crate::parse::keepalived::{Config, ProblemKind, Version};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::{Place, Span};

pub(in crate::rules) struct ConfigBroken;

/// The version of the newest Debian, 13.
const SPREAD: Version = Version::new(2, 3, 3);

/// Further fatal lines quoted.
const SHOWN: usize = 3;

impl Rule for ConfigBroken {
    fn id(&self) -> &'static str {
        "failover-config-broken"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        out.judged = failover.config.instances.len();
        let lines = failover.config.problems.iter().filter(|p| p.fatal);
        let lines = lines.map(|p| Evidence::span(p.place.clone(), p.message.clone()));
        let unread = unread(failover);
        // What seems to be missing may stand in a file that could not be read.
        let complete = failover.config.open.is_empty() && failover.uncovered.is_empty();
        let instances = if complete {
            instance_faults(&failover.config)
        } else {
            Vec::new()
        };
        let surely = unread.is_some() || failover.config.problems.iter().any(|p| p.fatal);
        let mut fatal = unread.into_iter().chain(lines).chain(instances);
        if let Some(first) = fatal.next() {
            // The first ends it; the others wait behind that.
            let message = "keepalived ends at start: no instance will run";
            let subject = match &first {
                Evidence::Span { place, .. } => place.path().display().to_string(),
                _ => CONFIG.to_owned(),
            };
            let mut finding = Finding::new(self.id(), subject, message, first);
            finding = finding.with_all(fatal.take(SHOWN));
            if failover.version.is_none() {
                finding = finding
                    .confidence(Confidence::Likely)
                    .with(Evidence::computed(failover.version_from.clone()));
                // Where the version in most hands would start, it takes a newer one.
                if !surely && instance_faults_of(&failover.config, SPREAD).is_empty() {
                    let text = format!("keepalived {SPREAD} would start with it");
                    finding = finding.at_most(Level::Warn).with(Evidence::computed(text));
                }
            }
            out.push(finding);
        }
        let structural = failover.config.problems.iter().filter(|p| {
            use ProblemKind as Kind;
            !p.fatal
                && matches!(
                    p.kind,
                    Kind::MissingBrace
                        | Kind::ExtraBrace
                        | Kind::UnexpectedBrace
                        | Kind::MissingOpenBrace
                        | Kind::UnmatchedQuote
                        | Kind::OneLineBlock
                )
        });
        if let Some(problem) = structural.into_iter().next()
            && out.list.is_empty()
        {
            let evidence = Evidence::span(problem.place.clone(), problem.message.clone());
            let subject = problem.place.path().display().to_string();
            let lost = swallowed(&failover.config);
            let finding = if lost.is_empty() {
                let message = "keepalived.conf is not the block structure it seems to be";
                Finding::new(self.id(), subject, message, evidence).at_most(Level::Warn)
            } else {
                let message = match lost.len() {
                    1 => "a brace or quote swallows 1 instance: it will not run".to_owned(),
                    n => format!("a brace or quote swallows {n} instances: they will not run"),
                };
                let lost = lost.into_iter().take(SHOWN);
                let lost = lost.map(|place| Evidence::span(place, "not read as an instance"));
                let mut finding = Finding::new(self.id(), subject, message, evidence);
                finding = finding.with_all(lost);
                finding = super::by_version(failover, finding);
                finding
            };
            out.push(finding);
        }
        Ok(out)
    }
}

/// The main file where keepalived passes over it: it is executable (keepalived
/// `lib/parser.c`, `read_conf_file`; seen with 2.1.5 to 2.3.3).
fn unread(failover: &Failover) -> Option<Evidence> {
    let mode = failover.mode.filter(|mode| mode & 0o111 != 0)?;
    let text = format!(
        "mode {:04o}: keepalived reads no executable file",
        mode & 0o777
    );
    Some(Evidence::path(failover.file.path(), text))
}

/// Lines that begin an instance, and that keepalived does not read as one.
fn swallowed(config: &Config) -> Vec<Place> {
    let mut lost = Vec::new();
    for file in &config.files {
        let mut at = 0;
        for line in file.bytes().split_inclusive(|b| *b == b'\n') {
            let start = at + line.iter().take_while(|b| b.is_ascii_whitespace()).count();
            let end = at + line.trim_ascii_end().len();
            at += line.len();
            let Some(text) = file.bytes().get(start..end) else {
                continue;
            };
            let rest = text.strip_prefix(b"vrrp_instance").unwrap_or(b"");
            if !rest.first().is_some_and(u8::is_ascii_whitespace) {
                continue;
            }
            let here = |place: &Place| {
                place.path() == file.path() && (start..=end).contains(&place.span.start)
            };
            let read = config.instances.iter().any(|i| here(&i.header));
            let refused = config.problems.iter().any(|p| {
                let named = [ProblemKind::DuplicateInstance, ProblemKind::BadName];
                named.contains(&p.kind) && here(&p.place)
            });
            if !read && !refused {
                lost.push(file.place(Span::new(start, end)));
            }
        }
    }
    lost
}
