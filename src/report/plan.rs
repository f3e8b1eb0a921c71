//! A plan of reboots: for people, for programs, and as an inventory of Ansible.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;

use super::Outcome;
use super::brief::plural;
use super::wrap::wrap;
use crate::fleet::{Constraint, Plan};
use crate::policy::{Judged, JudgedHost, Standing, Verdict};
use crate::rules::Level;
use crate::text::{escape, escape_path};

/// The name and version of the format.
const SCHEMA: &str = "comeback.plan/1";

/// A plan and what it was made from.
#[derive(Clone, Copy, Debug)]
pub struct Planned<'a> {
    /// The hosts, examined.
    pub outcome: &'a Outcome,
    /// What bounds the waves.
    pub constraints: &'a [Constraint],
    /// The waves.
    pub plan: &'a Plan,
}

/// A plan of reboots.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Document {
    /// Always `comeback.plan/1`.
    schema: String,
    /// The moment it speaks of.
    now: String,
    /// The waves, in order. Go on to the next one only when every host of this one is
    /// back.
    waves: Vec<WaveOf>,
    /// Hosts that are in no wave.
    left_out: Vec<LeftOut>,
    /// Why the waves are so.
    constraints: Vec<Bound>,
}

#[derive(Debug, Serialize, schemars::JsonSchema)]
struct WaveOf {
    hosts: Vec<HostOf>,
}

#[derive(Debug, Serialize, schemars::JsonSchema)]
struct HostOf {
    name: String,
    /// The directory or snapshot it was read from.
    from: String,
}

#[derive(Debug, Serialize, schemars::JsonSchema)]
struct LeftOut {
    name: String,
    from: String,
    /// Why, in words.
    why: String,
}

#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Bound {
    /// `pair`, `quorum`, `role` or `need`.
    kind: String,
    name: String,
    hosts: Vec<String>,
    /// How many of them may be down at once.
    may_be_down: usize,
    /// The one that goes last, as it is the active one.
    last: Option<String>,
    /// Whether that could not be kept: hosts are active for each other.
    unordered: bool,
}

impl Planned<'_> {
    fn host(&self, index: usize) -> Option<&JudgedHost> {
        self.outcome.hosts.get(index).map(|shown| &shown.host)
    }

    fn name(&self, index: usize) -> String {
        let host = self.host(index);
        host.map_or_else(String::new, |host| escape(host.examined.name.as_bytes()))
    }

    fn from(&self, index: usize) -> String {
        let host = self.outcome.hosts.get(index);
        host.map_or_else(String::new, |shown| match &shown.root {
            Some(root) => escape_path(root),
            None => "/".to_owned(),
        })
    }

    /// The hosts in no wave, and why.
    fn left_out(&self) -> Vec<(usize, String)> {
        let mut out = Vec::new();
        for (index, shown) in self.outcome.hosts.iter().enumerate() {
            let host = &shown.host;
            let never = self.plan.never.iter().find(|(host, _)| *host == index);
            if host.verdict != Verdict::Clear {
                let ids = deciding(host, self.outcome.fail_on);
                let word = host.verdict.word();
                let why = if ids.is_empty() {
                    word.to_owned()
                } else {
                    format!("{word}: {}", ids.join(", "))
                };
                out.push((index, why));
            } else if let Some(bound) = never.and_then(|(_, at)| self.constraints.get(*at)) {
                let stay = bound.hosts.len().saturating_sub(bound.may_be_down);
                let why = format!(
                    "takes down too much of {}, of which {stay} must stay up",
                    title(bound)
                );
                out.push((index, why));
            }
        }
        out
    }

    /// The constraints that bound a host of a wave.
    fn bounds(&self) -> impl Iterator<Item = (usize, &Constraint)> {
        let placed: BTreeSet<usize> = self.plan.waves.iter().flatten().copied().collect();
        self.constraints
            .iter()
            .enumerate()
            .filter(move |(_, bound)| bound.hosts.iter().any(|host| placed.contains(host)))
    }
}

/// The rules for which a host is not clear, each once.
fn deciding(host: &JudgedHost, fail_on: Level) -> Vec<&str> {
    let counts = |judged: &&Judged| judged.standing == Standing::Counts && judged.level >= fail_on;
    let found = host.findings.iter().filter(counts);
    let open = host.open.iter().filter(|rule| rule.decides);
    let ids = found.map(|judged| judged.finding.rule);
    let ids: BTreeSet<&str> = ids.chain(open.map(|rule| rule.card.id.as_str())).collect();
    ids.into_iter().collect()
}

/// What a constraint is called.
fn title(bound: &Constraint) -> String {
    match bound.kind {
        Some(kind) => format!("{} {}", kind.word(), bound.name),
        None => bound.name.clone(),
    }
}

/// For people: the waves, who is in none, and why.
#[must_use]
pub fn plan_text(planned: &Planned<'_>) -> String {
    let plan = planned.plan;
    let placed: usize = plan.waves.iter().map(Vec::len).sum();
    let left_out = planned.left_out();
    let mut out = format!(
        "{}   {placed} in {}   {} left out\n",
        plural(planned.outcome.hosts.len(), "host"),
        plural(plan.waves.len(), "wave"),
        left_out.len()
    );
    for (number, wave) in plan.waves.iter().enumerate() {
        let names: Vec<String> = wave.iter().map(|host| planned.name(*host)).collect();
        let head = format!("wave {}", number + 1);
        let indent = head.len() + 3;
        let text = wrap(&names.join(" "), indent, indent);
        let _ = write!(out, "\n{head}   {text}\n");
    }
    if !left_out.is_empty() {
        out.push_str("\nleft out\n");
        for (host, why) in &left_out {
            let name = planned.name(*host);
            let indent = name.len() + 5;
            let _ = writeln!(out, "  {name}   {}", wrap(why, indent, 6));
        }
    }
    let mut bounds = planned.bounds().peekable();
    if bounds.peek().is_some() {
        out.push_str("\nwhy\n");
    }
    for (index, bound) in bounds {
        let names: Vec<String> = bound.hosts.iter().map(|host| planned.name(*host)).collect();
        let mut text = format!(
            "{}: {}: {} may be down at once",
            title(bound),
            names.join(" "),
            bound.may_be_down
        );
        if let Some(last) = bound.last {
            let name = planned.name(last);
            if plan.unordered.contains(&index) {
                let _ = write!(text, "; {name} is active, and standby of another one here");
            } else {
                let _ = write!(text, "; {name} is active and goes last");
            }
        }
        let _ = writeln!(out, "  {}", wrap(&text, 2, 6));
    }
    if plan.waves.len() > 1 {
        out.push_str("\nGo on to the next wave only when every host of this one is back.\n");
    }
    out
}

/// For programs.
///
/// # Errors
/// Those of the serialiser.
pub fn plan_json(planned: &Planned<'_>) -> Result<String, serde_json::Error> {
    let host = |index: &usize| HostOf {
        name: planned.name(*index),
        from: planned.from(*index),
    };
    let waves = planned.plan.waves.iter();
    let document = Document {
        schema: SCHEMA.to_owned(),
        now: planned.outcome.now.to_string(),
        waves: waves
            .map(|wave| WaveOf {
                hosts: wave.iter().map(host).collect(),
            })
            .collect(),
        left_out: planned
            .left_out()
            .into_iter()
            .map(|(index, why)| LeftOut {
                name: planned.name(index),
                from: planned.from(index),
                why,
            })
            .collect(),
        constraints: planned
            .bounds()
            .map(|(index, bound)| Bound {
                kind: bound.kind.map_or("need", |kind| kind.word()).to_owned(),
                name: bound.name.clone(),
                hosts: bound.hosts.iter().map(|host| planned.name(*host)).collect(),
                may_be_down: bound.may_be_down,
                last: bound.last.map(|host| planned.name(host)),
                unordered: planned.plan.unordered.contains(&index),
            })
            .collect(),
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

/// An inventory (ansible.builtin.ini) with one group for each wave; those that are left
/// out are named in comments. `serial: 0` of each wave is all of it.
#[must_use]
pub fn plan_ansible(planned: &Planned<'_>) -> String {
    let mut out = String::from("# Reboot wave after wave; go on only when every host is back.\n");
    for (host, why) in planned.left_out() {
        let _ = writeln!(out, "# left out: {}: {why}", planned.name(host));
    }
    let width = planned.plan.waves.len().to_string().len().max(2);
    for (number, wave) in planned.plan.waves.iter().enumerate() {
        let _ = write!(out, "\n[wave_{:0width$}]\n", number + 1);
        for host in wave {
            let name = planned.name(*host);
            // A name of other letters would be read as a pattern or a variable.
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if !name.is_empty() && name.chars().all(plain) {
                let _ = writeln!(out, "{name}");
            } else {
                let _ = writeln!(out, "# not a host name: {name}");
            }
        }
    }
    out
}

/// The JSON Schema of a plan.
///
/// # Errors
/// Those of the serialiser.
pub fn plan_schema() -> Result<String, serde_json::Error> {
    let mut schema = schemars::schema_for!(Document);
    schema.insert(
        "title".to_owned(),
        serde_json::Value::String(SCHEMA.to_owned()),
    );
    serde_json::to_string_pretty(&schema).map(|text| text + "\n")
}
