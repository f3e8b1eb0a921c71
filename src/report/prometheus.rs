//! Metrics in the text format of Prometheus 0.0.4, for the textfile collector of
//! `node_exporter`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Outcome, ShownHost};
use crate::policy::{JudgedHost, Verdict};
use crate::rules::Level;
use crate::text::escape;

/// One sample: its labels, and its value.
type Sample = (Vec<(&'static str, String)>, String);

/// One family: its name, its help, and its samples.
struct Family {
    name: &'static str,
    help: &'static str,
    samples: Vec<Sample>,
}

/// The metrics of a run.
#[must_use]
pub fn prometheus(outcome: &Outcome) -> String {
    let of_host = |f: &dyn Fn(&ShownHost) -> Vec<Sample>| {
        outcome.hosts.iter().flat_map(f).collect::<Vec<_>>()
    };
    let mut called: BTreeMap<&str, usize> = BTreeMap::new();
    for shown in &outcome.hosts {
        *called.entry(&shown.host.examined.name).or_default() += 1;
    }
    let host = |shown: &ShownHost| {
        let name = shown.host.examined.name.as_str();
        // The same labels twice would spoil the whole file, and one would hide the other.
        let often = called.get(name).is_some_and(|count| *count > 1);
        let text = if often && !shown.prefix.is_empty() {
            shown.prefix.clone()
        } else {
            escape(name.as_bytes())
        };
        vec![("host", text)]
    };
    let families = [
        Family {
            name: "comeback_clear",
            help: "Whether the last verdict about the host was CLEAR.",
            samples: of_host(&|shown| {
                let clear = shown.host.verdict == Verdict::Clear;
                vec![(host(shown), u8::from(clear).to_string())]
            }),
        },
        Family {
            name: "comeback_verdict",
            help: "The last verdict about the host: 1 for the one that holds.",
            samples: of_host(&|shown| {
                let all = [
                    Verdict::Clear,
                    Verdict::Blocked,
                    Verdict::Undecided,
                    Verdict::Busy,
                    Verdict::Nothing,
                ];
                let one = |verdict: Verdict| {
                    let mut labels = host(shown);
                    labels.push(("verdict", verdict.word().to_ascii_lowercase()));
                    (labels, u8::from(shown.host.verdict == verdict).to_string())
                };
                all.map(one).to_vec()
            }),
        },
        Family {
            name: "comeback_exit_status",
            help: "The exit status of the last run.",
            samples: vec![(Vec::new(), outcome.exit.code().to_string())],
        },
        Family {
            name: "comeback_findings",
            help: "How many findings count, by level.",
            samples: of_host(&|shown| {
                let one = |level: Level| {
                    let mut labels = host(shown);
                    labels.push(("level", level.word().to_owned()));
                    (labels, shown.host.fresh(level).to_string())
                };
                [Level::Block, Level::Warn, Level::Note].map(one).to_vec()
            }),
        },
        Family {
            name: "comeback_rule_findings",
            help: "How many findings of a rule count, where there are any.",
            samples: of_host(&|shown| {
                let per_rule = by_rule(&shown.host).into_iter();
                let one = |((rule, level), count): ((&str, Level), usize)| {
                    let mut labels = host(shown);
                    labels.push(("rule", rule.to_owned()));
                    labels.push(("level", level.word().to_owned()));
                    (labels, count.to_string())
                };
                per_rule.map(one).collect()
            }),
        },
        Family {
            name: "comeback_undecided_rules",
            help: "How many rules could not be decided.",
            samples: of_host(&|shown| vec![(host(shown), shown.host.undecided().to_string())]),
        },
        Family {
            name: "comeback_waived_findings",
            help: "How many findings a waiver accepts.",
            samples: of_host(&|shown| vec![(host(shown), shown.host.waived().to_string())]),
        },
        Family {
            name: "comeback_next_reboot_timestamp_seconds",
            help: "When the host next goes down by itself, where that is known.",
            samples: of_host(&|shown| {
                let next = shown.host.examined.next_down();
                let at = next.and_then(crate::facts::triggers::Trigger::next_at);
                let one = |at: jiff::Timestamp| (host(shown), at.as_second().to_string());
                at.map(one).into_iter().collect()
            }),
        },
        Family {
            name: "comeback_last_run_timestamp_seconds",
            help: "The moment the last run speaks of.",
            samples: vec![(Vec::new(), outcome.now.as_second().to_string())],
        },
    ];
    let mut out = String::new();
    for family in families {
        if family.samples.is_empty() {
            continue;
        }
        let _ = writeln!(out, "# HELP {} {}", family.name, family.help);
        let _ = writeln!(out, "# TYPE {} gauge", family.name);
        for (labels, value) in family.samples {
            let labels: Vec<String> = labels
                .iter()
                .map(|(name, text)| format!("{name}=\"{}\"", label(text)))
                .collect();
            let labels = if labels.is_empty() {
                String::new()
            } else {
                format!("{{{}}}", labels.join(","))
            };
            let _ = writeln!(out, "{}{labels} {value}", family.name);
        }
    }
    out
}

fn by_rule(host: &JudgedHost) -> BTreeMap<(&'static str, Level), usize> {
    let mut count = BTreeMap::new();
    for judged in host.findings.iter().filter(|j| super::spot::counts(j)) {
        *count
            .entry((judged.finding.rule, judged.level))
            .or_insert(0) += 1;
    }
    count
}

/// The value of a label.
fn label(text: &str) -> String {
    let text = text.replace('\\', "\\\\");
    text.replace('"', "\\\"").replace('\n', "\\n")
}
