//! The wire structs of the JSON report, schema `comeback.report/1`.
//!
//! They are not the internal structs: an internal rename never changes them. Lines
//! and columns are 1-based, columns count characters; byte offsets are given too.
//! Every optional field is always there and `null` when empty; times are RFC 3339.

use schemars::JsonSchema;
use serde::Serialize;

use super::snippet::quote;
use super::{Outcome, ShownHost};
use crate::facts::triggers::{Trigger, action_word};
use crate::policy::{Age, Judged, Standing};
use crate::rules::{Confidence, Ended, Evidence, Impact, Level, Link, LinkState};
use crate::text::{escape, escape_path};

/// The schema's name, with its version.
pub const SCHEMA: &str = "comeback.report/1";

/// One document for a whole run.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report<'a> {
    /// Always `comeback.report/1`.
    pub schema: String,
    /// The program.
    pub tool: Tool,
    /// The run.
    pub run: Run,
    /// The verdict over all hosts.
    pub verdict: String,
    /// The exit status.
    pub exit: u8,
    /// The soonest reboot or power-off of any host.
    pub next_reboot: Option<NextReboot>,
    /// The hosts, in the order given.
    #[schemars(with = "Vec<Host>")]
    pub hosts: Hosts<'a>,
}

/// Hosts that are put into words one after the other, while they are written.
#[derive(Debug)]
pub struct Hosts<'a>(pub(super) &'a [ShownHost]);

impl Hosts<'_> {
    /// Each of them.
    pub fn each(&self) -> impl Iterator<Item = Host> {
        self.0.iter().map(host)
    }
}

impl Serialize for Hosts<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.each())
    }
}

/// The program.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tool {
    /// `comeback`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The run.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Run {
    /// The moment it speaks of.
    pub at: String,
    /// `system`, or `given` with `--now`.
    pub clock: String,
    /// How far ahead the schedules were looked at, in seconds.
    pub horizon_s: i64,
    /// The policy file in force.
    pub policy: Policy,
    /// What it was compared with: a directory, or a revision with its commit.
    pub against: Option<String>,
}

/// The policy.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Policy {
    /// Its file.
    pub file: Option<String>,
    /// Why the policy in the tree could not be read; then nothing is clear.
    pub unread: Option<String>,
    /// Waivers that accept nothing: ended, without anything to accept, not understood.
    pub stale: Vec<WireStale>,
}

/// A waiver that accepts nothing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WireStale {
    /// The rule it names, where it names one.
    pub rule: Option<String>,
    /// `path:line:column`.
    pub at: String,
    /// Why it accepts nothing.
    pub why: String,
}

/// The soonest reboot.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NextReboot {
    /// When.
    pub at: String,
    /// Of which host.
    pub host: String,
}

/// One host.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// Its operating system, for people.
    pub os: Option<String>,
    /// `live`, `full` or `partial`.
    pub tree: String,
    /// The zone its times are shown in.
    pub zone: String,
    /// Its verdict.
    pub verdict: String,
    /// How many rules and findings ended how.
    pub counts: Counts,
    /// The chain of its boot.
    pub chain: Vec<ChainLink>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What was found in the tree it was compared with and is no more.
    pub cured: Vec<Finding>,
    /// What could not be answered.
    pub undecided: Vec<Undecided>,
    /// Rules whose question does not arise.
    pub not_applicable: Vec<Reason>,
    /// Rules this tree cannot answer.
    pub not_covered: Vec<Reason>,
    /// What takes it down by itself.
    pub triggers: Vec<WireTrigger>,
    /// The package manager at work; then nothing else was looked at.
    pub busy: Option<Busy>,
    /// Why the package managers' locks could not be looked at.
    pub busy_unread: Option<String>,
    /// The transaction that was laid over the tree; then only what it newly breaks is told.
    pub transaction: Option<WireTransaction>,
}

/// A transaction: names of packages.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WireTransaction {
    /// What goes.
    pub removed: Vec<String>,
    /// What comes.
    pub installed: Vec<String>,
    /// What changes.
    pub upgraded: Vec<String>,
    /// What could not be read of it.
    pub unread: Vec<String>,
}

/// A package manager at work.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Busy {
    /// Its name.
    pub who: String,
    /// The lock it holds.
    pub lock: String,
    /// The process that holds it; 0 where the kernel does not tell.
    pub pid: u32,
}

/// How many rules and findings ended how.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Counts {
    /// Rules that found nothing.
    pub pass: usize,
    /// Findings that block.
    pub block: usize,
    /// Findings that warn.
    pub warn: usize,
    /// Findings worth a note.
    pub note: usize,
    /// Rules with an open question.
    pub undecided: usize,
    /// Rules whose question does not arise.
    pub not_applicable: usize,
    /// Rules this tree cannot answer.
    pub not_covered: usize,
    /// Findings that a waiver accepts.
    pub waived: usize,
    /// Links of the chain this version does not look at.
    pub not_examined: usize,
}

/// One link of the chain.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChainLink {
    /// Its name.
    pub link: Link,
    /// How it stands.
    pub state: LinkState,
    /// A few words of substance.
    pub summary: String,
    /// The rules that found something about it.
    pub findings: Vec<String>,
}

/// One finding.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// What it is about; stable between runs.
    pub subject: String,
    /// `counts`, `follows`, `waived` or `preview`.
    pub status: String,
    /// `new` or `old` (or `cured`, of what is no more), where it was compared with
    /// something; what is old does not decide.
    pub age: Option<String>,
    /// Its level.
    pub level: Level,
    /// What goes wrong.
    pub impact: Vec<Impact>,
    /// How it is known.
    pub confidence: Confidence,
    /// A sentence about this host.
    pub message: String,
    /// The rule and subject it follows from.
    pub follows: Option<String>,
    /// At least one.
    pub evidence: Vec<WireEvidence>,
    /// The cure.
    pub fix: Fix,
    /// The waiver that accepts it.
    pub waiver: Option<WireWaiver>,
}

/// The cure.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Fix {
    /// In words.
    pub text: String,
    /// As commands.
    pub commands: Vec<String>,
}

/// A waiver.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WireWaiver {
    /// Why.
    pub reason: String,
    /// The first day on which it no longer holds.
    pub until: String,
}

/// One piece of evidence.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum WireEvidence {
    /// A range of bytes in a file.
    Span {
        /// The file.
        file: String,
        /// First line.
        line: usize,
        /// First column.
        column: usize,
        /// Last line.
        end_line: usize,
        /// The column just after the last character.
        end_column: usize,
        /// Offset of the first byte.
        start_byte: usize,
        /// Offset just after the last byte.
        end_byte: usize,
        /// The first line of it, escaped, secrets hidden.
        text: String,
        /// What is to be seen there.
        label: String,
        /// Whether a secret was hidden.
        redacted: bool,
        /// Whether it is the finding's first place.
        primary: bool,
    },
    /// Something that is not there.
    Missing {
        /// The paths looked at.
        looked: Vec<String>,
        /// What stood in the way.
        notes: Vec<String>,
    },
    /// A statement about a path.
    Path {
        /// The path.
        path: String,
        /// The statement.
        text: String,
    },
    /// A number.
    Measure {
        /// What was measured.
        path: String,
        /// The measure's name.
        name: String,
        /// Its value.
        value: u64,
    },
    /// A statement that follows from other places.
    Computed {
        /// The statement.
        text: String,
        /// The places, as `path:line:column`.
        from: Vec<String>,
    },
}

/// A rule with an open question.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Undecided {
    /// The rule.
    pub rule: String,
    /// Whether it keeps the host from being clear.
    pub decides: bool,
    /// `new` or `old`, where it was compared with something; what is old does not decide.
    pub age: Option<String>,
    /// The open questions.
    pub open: Vec<OpenQuestion>,
}

/// An open question.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OpenQuestion {
    /// The path, or `path:line:column`.
    pub at: String,
    /// Why it stayed open.
    pub why: String,
    /// The reason of the waiver that accepts it.
    pub accepted: Option<String>,
}

/// A rule and why it has nothing to say.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Reason {
    /// The rule.
    pub rule: String,
    /// Why.
    pub why: String,
}

/// Something that takes the host down by itself.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WireTrigger {
    /// `reboot`, `soft-reboot`, `kexec`, `power-off`, `halt` or `crash`.
    pub action: String,
    /// The next time, where there is one.
    pub next: Option<String>,
    /// The latest such time, where chance decides within a window.
    pub latest: Option<String>,
    /// When it fires, in words.
    pub when: String,
    /// The schedule as written.
    pub schedule: String,
    /// Whether the time is certain: one daemon, a known zone.
    pub certain: bool,
    /// `path:line:column` of what asks for it.
    pub at: String,
    /// The command there.
    pub command: String,
    /// What starts it, in a word: `cron`, `at`, the name of a timer.
    pub starter: String,
    /// The program that starts it, and as whom.
    pub by: String,
    /// Conditions it depends on, as written.
    pub conditions: Vec<String>,
    /// The places on the way to the command, outermost first.
    pub via: Vec<String>,
    /// The guard in front of it.
    pub guard: Option<String>,
}

impl<'a> Report<'a> {
    /// The report of a run.
    #[must_use]
    pub fn new(outcome: &'a Outcome) -> Self {
        let soonest = outcome.hosts.iter().filter_map(|shown| {
            let at = shown.host.examined.next_down()?.next_at()?;
            Some((at, shown))
        });
        let next_reboot = soonest
            .min_by_key(|(at, _)| *at)
            .map(|(at, shown)| NextReboot {
                at: at.to_string(),
                host: escape(shown.host.examined.name.as_bytes()),
            });
        Self {
            schema: SCHEMA.to_owned(),
            tool: Tool {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            run: Run {
                at: outcome.now.to_string(),
                clock: if outcome.now_given { "given" } else { "system" }.to_owned(),
                horizon_s: outcome.horizon.as_secs(),
                policy: Policy {
                    file: outcome.policy.as_deref().map(escape_path),
                    unread: outcome.hosts.iter().find_map(|shown| {
                        let unread = shown.host.examined.unread_policy.as_ref()?;
                        Some(escape(unread.to_string().as_bytes()))
                    }),
                    stale: outcome.stale.iter().map(stale).collect(),
                },
                against: outcome.against.clone(),
            },
            verdict: outcome.exit.verdict().word().to_ascii_lowercase(),
            exit: outcome.exit.code(),
            next_reboot,
            hosts: Hosts(&outcome.hosts),
        }
    }
}

fn stale(waiver: &crate::policy::StaleWaiver) -> WireStale {
    WireStale {
        rule: waiver.rule.clone(),
        at: waiver.place.to_string(),
        why: waiver.why.clone(),
    }
}

/// One host of the report.
pub(super) fn host(shown: &ShownHost) -> Host {
    let host = &shown.host;
    let examined = &host.examined;
    let of_link = |link: Link| {
        let findings = host.findings.iter().filter(|j| j.card.link == link);
        let mut ids: Vec<String> = findings.map(|j| j.finding.rule.to_owned()).collect();
        ids.dedup();
        ids
    };
    let reasons = |f: &dyn Fn(&Ended) -> Option<String>| {
        let runs = examined.runs.iter();
        let found = runs.filter_map(|run| {
            Some(Reason {
                rule: run.card.id.clone(),
                why: f(&run.ended)?,
            })
        });
        found.collect::<Vec<_>>()
    };
    Host {
        name: escape(examined.name.as_bytes()),
        os: examined.os.as_ref().map(|os| escape(os.as_bytes())),
        tree: examined.kind.word().to_owned(),
        zone: examined.zone.name().to_owned(),
        verdict: host.verdict.word().to_ascii_lowercase(),
        counts: Counts {
            pass: host.ended(|e| *e == Ended::Passed),
            block: host.count(Level::Block),
            warn: host.count(Level::Warn),
            note: host.count(Level::Note),
            undecided: host.undecided(),
            not_applicable: host.ended(|e| matches!(e, Ended::NotApplicable(_))),
            not_covered: host.ended(|e| matches!(e, Ended::NotCovered(_))),
            waived: host.waived(),
            not_examined: host.not_examined.len(),
        },
        chain: host
            .chain
            .iter()
            .map(|line| ChainLink {
                link: line.link,
                state: line.state,
                summary: escape(line.summary.as_bytes()),
                findings: of_link(line.link),
            })
            .collect(),
        findings: host.findings.iter().map(|j| finding(j, host)).collect(),
        cured: host.cured.iter().map(|j| cured(j, host)).collect(),
        undecided: host.open.iter().map(|rule| undecided(rule, host)).collect(),
        not_applicable: reasons(&|ended| match ended {
            Ended::NotApplicable(why) => Some((*why).to_owned()),
            _ => None,
        }),
        not_covered: reasons(&|ended| match ended {
            Ended::NotCovered(why) => Some(why.to_string()),
            _ => None,
        }),
        triggers: examined.triggers.iter().map(trigger).collect(),
        busy: examined.busy.as_ref().map(|busy| Busy {
            who: busy.who.to_owned(),
            lock: busy.lock.to_owned(),
            pid: busy.pid,
        }),
        busy_unread: examined.unread_busy.as_ref().map(|unread| {
            let text = unread.to_string();
            escape(text.as_bytes())
        }),
        transaction: examined.transaction.as_ref().map(|outline| {
            let names = |list: &[String]| list.iter().map(|n| escape(n.as_bytes())).collect();
            let unread = outline.gaps.iter();
            WireTransaction {
                removed: names(&outline.removed),
                installed: names(&outline.installed),
                upgraded: names(&outline.upgraded),
                unread: unread
                    .map(|gap| escape(gap.to_string().as_bytes()))
                    .collect(),
            }
        }),
    }
}

/// A finding of the base; what it followed from is not told.
fn cured(judged: &Judged, host: &crate::policy::JudgedHost) -> Finding {
    Finding {
        age: Some("cured".to_owned()),
        ..finding(judged, host)
    }
}

fn undecided(rule: &crate::policy::OpenRule, host: &crate::policy::JudgedHost) -> Undecided {
    let open = rule.open.iter().map(|unknown| (unknown, None));
    let accepted = rule
        .accepted
        .iter()
        .map(|(u, reason)| (u, Some(reason.clone())));
    Undecided {
        rule: rule.card.id.clone(),
        decides: rule.decides,
        age: host.compared.then(|| {
            let age = if rule.old { Age::Old } else { Age::New };
            age.word().to_owned()
        }),
        open: open
            .chain(accepted)
            .map(|(unknown, accepted)| OpenQuestion {
                at: unknown.location(),
                why: escape(unknown.doubt.to_string().as_bytes()),
                accepted: accepted.map(|reason| escape(reason.as_bytes())),
            })
            .collect(),
    }
}

fn finding(judged: &Judged, host: &crate::policy::JudgedHost) -> Finding {
    let inner = &judged.finding;
    let own_fix = inner.fix.is_some();
    let (status, follows, waiver) = match &judged.standing {
        Standing::Counts => ("counts", None, None),
        Standing::Preview => ("preview", None, None),
        Standing::Follows(cause) => {
            let cause = host.findings.get(*cause);
            let cause = cause.map(|j| format!("{} {}", j.finding.rule, j.finding.subject));
            ("follows", cause, None)
        }
        Standing::Waived { reason, until, .. } => {
            let waiver = WireWaiver {
                reason: escape(reason.as_bytes()),
                until: until.to_string(),
            };
            ("waived", None, Some(waiver))
        }
    };
    let mut primary = true;
    let evidence = inner.evidence.iter().map(|e| evidence(e, &mut primary));
    Finding {
        rule: inner.rule.to_owned(),
        subject: escape(inner.subject.as_bytes()),
        status: status.to_owned(),
        age: judged.age.map(|age| age.word().to_owned()),
        level: judged.level,
        impact: judged.impact.clone(),
        confidence: judged.confidence,
        message: escape(inner.message.as_bytes()),
        follows: follows.map(|text| escape(text.as_bytes())),
        evidence: evidence.collect(),
        fix: Fix {
            text: one_line(inner.fix.as_ref().unwrap_or(&judged.card.fix)),
            commands: if own_fix {
                inner.commands.clone()
            } else {
                judged.card.fix_commands.clone()
            },
        },
        waiver,
    }
}

/// A card's text without its line breaks.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    escape(words.join(" ").as_bytes())
}

fn evidence(evidence: &Evidence, primary: &mut bool) -> WireEvidence {
    match evidence {
        Evidence::Span { place, label } => {
            let quoted = quote(place);
            let (start, end) = (place.start(), place.end());
            WireEvidence::Span {
                file: escape_path(place.path()),
                line: start.line,
                column: start.column,
                end_line: end.line,
                end_column: end.column,
                start_byte: place.span.start,
                end_byte: place.span.end,
                text: quoted.text,
                label: escape(label.as_bytes()),
                redacted: quoted.redacted,
                primary: std::mem::replace(primary, false),
            }
        }
        Evidence::Missing { paths, notes } => WireEvidence::Missing {
            looked: paths.iter().map(|p| escape_path(p)).collect(),
            notes: notes.iter().map(|n| escape(n.as_bytes())).collect(),
        },
        Evidence::Path { path, text } => WireEvidence::Path {
            path: escape_path(path),
            text: escape(text.as_bytes()),
        },
        Evidence::Measure { path, name, value } => WireEvidence::Measure {
            path: escape_path(path),
            name: (*name).to_owned(),
            value: *value,
        },
        Evidence::Computed { text, from } => WireEvidence::Computed {
            text: escape(text.as_bytes()),
            from: from.iter().map(ToString::to_string).collect(),
        },
    }
}

/// One trigger of the report.
pub(super) fn trigger(trigger: &Trigger) -> WireTrigger {
    WireTrigger {
        action: action_word(trigger.action).to_owned(),
        next: trigger.next_at().map(|at| at.to_string()),
        latest: trigger.latest_at().map(|at| at.to_string()),
        when: trigger.when_words(),
        schedule: trigger.schedule.clone(),
        certain: trigger.certain,
        at: trigger.place.to_string(),
        command: trigger.command_place.text(),
        starter: trigger.starter.name(),
        by: trigger.by.clone(),
        conditions: trigger
            .conditions
            .iter()
            .map(|c| escape(c.as_bytes()))
            .collect(),
        via: trigger.via.iter().map(ToString::to_string).collect(),
        guard: trigger.guard.clone(),
    }
}
