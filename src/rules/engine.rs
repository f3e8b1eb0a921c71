//! Runs the rules over a host and collects what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};

use super::card::{Card, Link, Scope, Status, card};
use super::chain::{BRANCHES, SEQUENCE, Summary, summaries};
use super::finding::{Evidence, Finding, Findings, Level};
use super::{AFTER, ALL, Cx, FLEET, FleetRule, JOINS, Rule, Together, VERIFY};
use crate::fact::{Doubt, Fact, Stop, Unknown, Why};
use crate::facts::triggers::Trigger;
use crate::facts::{Boots, Host};
use crate::fleet::Member;
use crate::source::{Tree, TreeKind};
use crate::text::Place;

/// Which rules run.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only these ids, where not empty.
    pub select: Vec<String>,
    /// Not these ids.
    pub ignore: Vec<String>,
    /// Preview rules and `possible` findings too.
    pub audit: bool,
}

impl Selection {
    /// Whether a rule runs.
    #[must_use]
    pub fn includes(&self, card: &Card) -> bool {
        let named = self.select.contains(&card.id);
        let wanted = self.select.is_empty() || named;
        let shown = self.audit || named || card.status != Status::Preview;
        wanted && shown && !self.ignore.contains(&card.id)
    }
}

/// How one rule ended on one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Looked, and found nothing.
    Passed,
    /// Has findings.
    Found,
    /// The question does not arise.
    NotApplicable(&'static str),
    /// Stayed open, wholly or beside its findings.
    Undecided(Vec<Unknown>),
    /// The tree cannot answer.
    NotCovered(Why),
}

/// One rule's run.
#[derive(Clone, Debug)]
pub struct Run {
    /// The rule.
    pub card: &'static Card,
    /// How it ended.
    pub ended: Ended,
}

/// What the rules said about one host, before policy.
#[derive(Debug)]
pub struct Examined {
    /// The host's name.
    pub name: String,
    /// Its operating system, for people.
    pub os: Option<String>,
    /// The moment it speaks of.
    pub now: jiff::Timestamp,
    /// Which kind of tree it is.
    pub kind: TreeKind,
    /// Whether it boots by itself.
    pub boots: Boots,
    /// The zone its times are shown in.
    pub zone: crate::time::Zone,
    /// Every rule that ran, sorted by id.
    pub runs: Vec<Run>,
    /// Every finding, in the order of the rules.
    pub findings: Vec<Finding>,
    /// What each link of the chain shows by itself.
    pub summaries: Vec<(Link, Summary)>,
    /// What takes the box down by itself, soonest first.
    pub triggers: Vec<Trigger>,
    /// A package manager at work; then nothing else was looked at.
    pub busy: Option<crate::facts::busy::Busy>,
    /// Whether a rule crashed.
    pub crashed: bool,
    /// The tree's own policy, where it could not be looked at.
    pub unread_policy: Option<Unknown>,
    /// The package managers' locks, where they could not be looked at.
    pub unread_busy: Option<Unknown>,
    /// The transaction whose result was examined.
    pub transaction: Option<Outline>,
    /// Files that findings point into and that root alone can write, or whose owners the
    /// tree does not tell: what is waived in them is root's word.
    pub trusted: BTreeSet<PathBuf>,
    /// Whether it was compared with what it was before a reboot, and nothing else.
    pub after_reboot: bool,
    /// What it is to other hosts; only where there are others.
    pub member: Option<Box<Member>>,
}

/// A transaction, for people: names of packages, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// What goes.
    pub removed: Vec<String>,
    /// What comes.
    pub installed: Vec<String>,
    /// What changes.
    pub upgraded: Vec<String>,
    /// What could not be read of it.
    pub gaps: Vec<Unknown>,
}

impl Examined {
    /// A host of which there was nothing to look at: one empty directory among others
    /// spoils its own answer, not theirs.
    #[must_use]
    pub fn nothing(name: String, now: jiff::Timestamp) -> Self {
        let boots = Boots::NotCovered(Why::partial(std::path::Path::new("/")));
        let zone = crate::time::Zone::utc();
        Self::new(name, now, TreeKind::Partial, boots, zone)
    }

    /// A host of which nothing was examined yet.
    const fn new(
        name: String,
        now: jiff::Timestamp,
        kind: TreeKind,
        boots: Boots,
        zone: crate::time::Zone,
    ) -> Self {
        Self {
            name,
            os: None,
            now,
            kind,
            boots,
            zone,
            runs: Vec::new(),
            findings: Vec::new(),
            summaries: Vec::new(),
            triggers: Vec::new(),
            busy: None,
            crashed: false,
            unread_policy: None,
            unread_busy: None,
            transaction: None,
            trusted: BTreeSet::new(),
            after_reboot: false,
            member: None,
        }
    }

    fn take(&mut self, (card, (findings, ended, crashed)): (&'static Card, Checked)) {
        self.crashed |= crashed;
        self.findings.extend(findings);
        self.runs.push(Run { card, ended });
    }

    /// What the verdict needs besides the rules and could not be looked at.
    pub fn unread(&self) -> impl Iterator<Item = (&'static str, &Unknown)> {
        let policy = self.unread_policy.as_ref();
        let busy = self.unread_busy.as_ref();
        let policy = policy.map(|unknown| ("what this site accepts", unknown));
        let busy = busy.map(|unknown| ("whether a package manager is at work", unknown));
        let gaps = self.transaction.iter().flat_map(|outline| &outline.gaps);
        let gaps = gaps.map(|unknown| ("what the transaction brings", unknown));
        policy.into_iter().chain(busy).chain(gaps)
    }

    /// Leaves only what was not there before: findings that are new or graver, and
    /// questions that the transaction opened. What it makes while it goes on is no open
    /// question: nobody can look at it before.
    pub fn only_new(&mut self, before: &Self) {
        let known = |finding: &Finding| {
            before.findings.iter().any(|old| {
                let same = old.subject == finding.subject || old.message == finding.message;
                old.rule == finding.rule && same && old.at_most >= finding.at_most
            })
        };
        // Where the box did not come up, what lies behind that is looked at for the first
        // time: a repair has not done it.
        let stopped = before
            .findings
            .iter()
            .filter(|old| old.at_most == Level::Block);
        let stopped = stopped.filter_map(|old| in_sequence(old.rule)).min();
        let is_first_look = |finding: &Finding| {
            let run = before.runs.iter().find(|old| old.card.id == finding.rule);
            let looked = run.is_some_and(|old| matches!(old.ended, Ended::Passed | Ended::Found));
            let at = in_sequence(finding.rule).or_else(|| behind(finding.rule));
            !looked && stopped.is_some_and(|stopped| at.is_some_and(|at| at > stopped))
        };
        self.findings
            .retain(|finding| !known(finding) && !is_first_look(finding));
        for run in &mut self.runs {
            let left = |rule: &str| self.findings.iter().any(|finding| finding.rule == rule);
            let ended = match &run.ended {
                Ended::Found => Ended::Found,
                Ended::Undecided(open) => {
                    let old = before.runs.iter().find(|old| old.card.id == run.card.id);
                    let old = old.map(|old| &old.ended);
                    let was_open = |unknown: &Unknown| matches!(old, Some(Ended::Undecided(old)) if old.contains(unknown));
                    let is_new = |unknown: &&Unknown| {
                        !matches!(unknown.doubt, Doubt::WillBeMade(_)) && !was_open(unknown)
                    };
                    let open: Vec<Unknown> = open.iter().filter(is_new).cloned().collect();
                    if open.is_empty() {
                        Ended::Found
                    } else {
                        Ended::Undecided(open)
                    }
                }
                _ => continue,
            };
            run.ended = match ended {
                Ended::Found if !left(&run.card.id) => Ended::Passed,
                ended => ended,
            };
        }
    }

    /// When it next goes down by itself, and how.
    #[must_use]
    pub fn next_down(&self) -> Option<&Trigger> {
        self.triggers
            .iter()
            .find(|trigger| trigger.next_at().is_some())
    }
}

/// Where the link that a rule judges stands among those that follow each other.
fn in_sequence(rule: &str) -> Option<usize> {
    let link = card(rule)?.link;
    SEQUENCE.iter().position(|known| *known == link)
}

/// The same for what comes behind all of these.
fn behind(rule: &str) -> Option<usize> {
    let link = card(rule)?.link;
    BRANCHES.contains(&link).then_some(SEQUENCE.len())
}

/// A rule and what its card says of it.
type Carded = (&'static dyn Rule, &'static Card);

/// The rules of every host, those that join findings of others last, each with its card:
/// looked up once for thousands of hosts.
static HOST_RULES: LazyLock<[Vec<Carded>; 2]> =
    LazyLock::new(|| [ALL, JOINS].map(|rules| carded(rules).collect()));

/// The rules that have a card, with it.
fn carded(rules: &'static [&'static dyn Rule]) -> impl Iterator<Item = Carded> {
    let with_card = |rule: &&'static dyn Rule| card(rule.id()).map(|card| (*rule, card));
    rules.iter().filter_map(with_card)
}

/// What is known of `host` before any rule ran.
fn begun(host: &Host) -> Examined {
    let os = match host.os() {
        Fact::Known(os) => Some(os.name.clone()),
        _ => None,
    };
    let (kind, boots) = (host.tree().coverage().kind, host.boots().clone());
    let zone = host.zone().clone();
    Examined {
        os,
        ..Examined::new(host.name(), host.now(), kind, boots, zone)
    }
}

/// Runs the selected rules on `host`.
#[must_use]
pub fn examine(host: &Host, selection: &Selection, horizon: jiff::SignedDuration) -> Examined {
    examine_against(host, None, selection, horizon)
}

/// Compares `host` with what it was before it rebooted.
#[must_use]
pub fn examine_after(
    host: &Host,
    before: &Host,
    selection: &Selection,
    horizon: jiff::SignedDuration,
) -> Examined {
    let mut examined = Examined {
        after_reboot: true,
        ..begun(host)
    };
    let cx = Cx {
        horizon,
        before: &[],
        base: Some(before),
    };
    for rule in carded(AFTER).chain(carded(VERIFY)) {
        if let Some(one) = checked(rule, host, &cx, selection) {
            examined.take(one);
        }
    }
    examined
}

/// Runs the selected rules on `host`, which the rules may compare with what it was.
#[must_use]
pub fn examine_against(
    host: &Host,
    base: Option<&Host>,
    selection: &Selection,
    horizon: jiff::SignedDuration,
) -> Examined {
    examine_on(None, host, base, selection, horizon)
}

/// The same with the rules side by side on a pool, which pays where a fact takes seconds.
#[must_use]
pub fn examine_on(
    pool: Option<&rayon::ThreadPool>,
    host: &Host,
    base: Option<&Host>,
    selection: &Selection,
    horizon: jiff::SignedDuration,
) -> Examined {
    let mut examined = begun(host);
    match host.busy() {
        Fact::Known(busy) => {
            examined.busy = Some(busy);
            return examined;
        }
        Fact::Unknown(unknown) => examined.unread_busy = Some(unknown),
        Fact::Broken(fault) => examined.unread_busy = Some(fault.into()),
        Fact::Absent(_) | Fact::NotCovered(_) => {}
    }
    for rules in HOST_RULES.iter() {
        let before = examined.findings.clone();
        let cx = Cx {
            horizon,
            before: &before,
            base,
        };
        let check = |rule: &Carded| checked(*rule, host, &cx, selection);
        let all: Vec<_> = match pool {
            Some(pool) => side_by_side(pool, rules, check),
            None => rules.iter().map(check).collect(),
        };
        for one in all.into_iter().flatten() {
            examined.take(one);
        }
    }
    examined.trusted = trusted(host, &examined.findings);
    examined.runs.sort_by(|a, b| a.card.id.cmp(&b.card.id));
    // What crashed a rule would crash its summary too; the rules have told of it.
    let (lines, crashed) = shielded(|| summaries(host));
    examined.summaries = lines.unwrap_or_else(Vec::new);
    examined.crashed |= crashed;
    let (triggers, crashed) = shielded(|| host.triggers().list.items.clone());
    examined.triggers = triggers.unwrap_or_else(Vec::new);
    examined.crashed |= crashed;
    examined
}

/// Rules that read for long what no other rule needs: they begin first where rules run side
/// by side, as the others wait for each other's facts.
const LONG: [&str; 2] = ["packages-file-altered", "packages-config-merge-pending"];

/// What `check` says of each rule, in their order.
fn side_by_side<T: Send + Sync>(
    pool: &rayon::ThreadPool,
    rules: &[Carded],
    check: impl Fn(&Carded) -> T + Sync,
) -> Vec<T> {
    let slots: Vec<OnceLock<T>> = rules.iter().map(|_| OnceLock::new()).collect();
    let (long, other): (Vec<usize>, Vec<usize>) = (0..rules.len()).partition(|at| {
        rules
            .get(*at)
            .is_some_and(|(rule, _)| LONG.contains(&rule.id()))
    });
    let (slots_of, check) = (&slots, &check);
    pool.in_place_scope_fifo(|scope| {
        for at in long.into_iter().chain(other) {
            if let (Some(rule), Some(slot)) = (rules.get(at), slots_of.get(at)) {
                scope.spawn_fifo(move |_| {
                    slot.get_or_init(|| check(rule));
                });
            }
        }
    });
    slots.into_iter().filter_map(OnceLock::into_inner).collect()
}

/// Those files of the findings in which a waiver counts. Only a file that speaks of one
/// is looked at.
fn trusted(host: &Host, findings: &[Finding]) -> BTreeSet<PathBuf> {
    let tree = host.tree();
    let mut files: BTreeMap<PathBuf, bool> = BTreeMap::new();
    for evidence in findings.iter().flat_map(|finding| &finding.evidence) {
        let places: Vec<&Place> = match evidence {
            Evidence::Span { place, .. } => vec![place],
            Evidence::Computed { from, .. } => from.iter().collect(),
            Evidence::Missing { .. } | Evidence::Path { .. } | Evidence::Measure { .. } => continue,
        };
        for place in places {
            if files.contains_key(place.path()) {
                continue;
            }
            let speaks = memchr::memmem::find(place.file.bytes(), b"comeback:").is_some();
            let roots = speaks && (!tree.coverage().owners || roots_alone(tree, place.path()));
            files.insert(place.path().to_path_buf(), roots);
        }
    }
    let trusted = files.into_iter().filter(|(_, trusted)| *trusted);
    trusted.map(|(path, _)| path).collect()
}

/// Whether root alone can write a file and replace it in its directory.
fn roots_alone(tree: &Tree, path: &Path) -> bool {
    let roots = |path: &Path| match tree.lstat(path) {
        Fact::Known(found) => found.meta.uid == 0 && found.meta.mode & 0o022 == 0,
        Fact::Absent(_) | Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => false,
    };
    roots(path) && path.parent().is_some_and(roots)
}

/// The value, unless making it crashed.
fn shielded<T>(make: impl FnOnce() -> T) -> (Option<T>, bool) {
    match catch_unwind(AssertUnwindSafe(make)) {
        Ok(value) => (Some(value), false),
        Err(_) => (None, true),
    }
}

/// What a check came to: its findings, how it ended, and whether it crashed.
type Checked = (Vec<Finding>, Ended, bool);

/// What a selected rule says.
fn checked(
    (rule, card): Carded,
    host: &Host,
    cx: &Cx<'_>,
    selection: &Selection,
) -> Option<(&'static Card, Checked)> {
    let is_selected = selection.includes(card);
    is_selected.then(|| (card, outcome(|| rule.check(host, cx))))
}

fn outcome(check: impl FnOnce() -> Result<Findings, Stop>) -> Checked {
    match catch_unwind(AssertUnwindSafe(check)) {
        Ok(Ok(findings)) => {
            let ended = if !findings.open.is_empty() {
                Ended::Undecided(tidy(findings.open))
            } else if !findings.list.is_empty() {
                Ended::Found
            } else {
                match findings.uncovered.into_iter().next() {
                    Some(why) if findings.judged == 0 => Ended::NotCovered(why),
                    _ => Ended::Passed,
                }
            };
            (findings.list, ended, false)
        }
        Ok(Err(Stop::NotApplicable(why))) => (Vec::new(), Ended::NotApplicable(why), false),
        Ok(Err(Stop::Undecided(open))) => (Vec::new(), Ended::Undecided(tidy(open)), false),
        Ok(Err(Stop::NotCovered(why))) => (Vec::new(), Ended::NotCovered(why), false),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            let text = text.unwrap_or_else(|| "no message".to_owned());
            let open = Unknown::new("/", Doubt::Crashed(text));
            (Vec::new(), Ended::Undecided(vec![open]), true)
        }
    }
}

/// Each open question once, in the order met.
fn tidy(mut open: Vec<Unknown>) -> Vec<Unknown> {
    let mut seen = BTreeSet::new();
    open.retain(|unknown| seen.insert(unknown.to_string()));
    open
}

/// Runs the fleet's rules over what was found on each host and adds their findings
/// to the hosts they name.
pub fn examine_fleet(
    hosts: &mut [Examined],
    rules: &[&dyn FleetRule],
    selection: &Selection,
    horizon: jiff::SignedDuration,
) {
    let cx = Cx {
        horizon,
        before: &[],
        base: None,
    };
    for rule in rules {
        let Some(card) = card(rule.id()).filter(|card| selection.includes(card)) else {
            continue;
        };
        if card.scope != Scope::Fleet {
            continue;
        }
        let mut found = Together::new("");
        let (_, ended, crashed) = outcome(|| {
            found = rule.check(hosts, &cx);
            Ok(Findings::new())
        });
        let mut of_host: BTreeMap<usize, Vec<Finding>> = BTreeMap::new();
        for (index, finding) in found.list {
            of_host.entry(index).or_default().push(finding);
        }
        let mut open: BTreeMap<usize, Vec<Unknown>> = BTreeMap::new();
        for (index, unknown) in found.open {
            open.entry(index).or_default().push(unknown);
        }
        for (index, host) in hosts.iter_mut().enumerate() {
            // Nothing was looked at where there was nothing, or a package manager at work.
            if host.runs.is_empty() {
                continue;
            }
            host.crashed |= crashed;
            let findings = of_host.remove(&index).into_iter().flatten();
            let findings: Vec<Finding> = findings.collect();
            let ended = match (crashed, open.remove(&index), findings.is_empty()) {
                (true, _, _) => ended.clone(),
                (false, Some(open), _) => Ended::Undecided(tidy(open)),
                (false, None, false) => Ended::Found,
                (false, None, true) if found.judged.contains(&index) => Ended::Passed,
                (false, None, true) => Ended::NotApplicable(found.otherwise),
            };
            host.findings.extend(findings);
            host.runs.push(Run { card, ended });
        }
    }
    for host in hosts {
        host.runs.sort_by(|a, b| a.card.id.cmp(&b.card.id));
    }
}

/// The ids of all rules, of every scope, sorted.
#[must_use]
pub fn all_ids() -> Vec<&'static str> {
    let hosts = ALL.iter().chain(JOINS).chain(VERIFY);
    let hosts = hosts.map(|rule| rule.id());
    let mut ids: Vec<&str> = hosts.chain(FLEET.iter().map(|rule| rule.id())).collect();
    ids.sort_unstable();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Evidence;

    #[test]
    fn a_rule_that_panics_becomes_undecided_and_is_remembered() {
        let (findings, ended, crashed) = outcome(|| panic!("boom {}", 1));
        assert!(findings.is_empty() && crashed);
        let expected = Unknown::new("/", Doubt::Crashed("boom 1".into()));
        assert_eq!(ended, Ended::Undecided(vec![expected]));
    }

    #[test]
    fn side_by_side_the_answers_stand_in_the_order_of_the_rules() {
        let [rules, _] = &*HOST_RULES;
        let ids: Vec<&str> = rules.iter().map(|(rule, _)| rule.id()).collect();
        assert!(LONG.iter().all(|long| ids.contains(long)));
        let pool = crate::facts::pool().unwrap();
        assert_eq!(side_by_side(&pool, rules, |(rule, _)| rule.id()), ids);
    }

    #[test]
    fn findings_stay_when_something_beside_them_is_open() {
        let (findings, ended, _) = outcome(|| {
            let mut out = Findings::new();
            out.push(Finding::new("x-y", "s", "m", Evidence::computed("e")));
            out.open.push(Unknown::new("/a", Doubt::Denied));
            out.open.push(Unknown::new("/a", Doubt::Denied));
            Ok(out)
        });
        assert_eq!(findings.len(), 1);
        let once = vec![Unknown::new("/a", Doubt::Denied)];
        assert_eq!(ended, Ended::Undecided(once));
    }

    #[test]
    fn a_part_that_was_judged_is_a_pass_of_that_part() {
        let (_, ended, _) = outcome(|| {
            let mut out = Findings::new();
            out.judged = 1;
            out.uncovered.push(Why::NoOwners);
            Ok(out)
        });
        assert_eq!(ended, Ended::Passed);
    }

    #[test]
    fn what_the_tree_does_not_hold_is_no_pass() {
        let (_, ended, _) = outcome(|| {
            let mut out = Findings::new();
            out.uncovered.push(Why::NoOwners);
            Ok(out)
        });
        assert_eq!(ended, Ended::NotCovered(Why::NoOwners));
    }

    /// What was said of a host by these rules, and how one of them ended.
    fn said(rules: &[&'static str], id: &str, ended: Ended) -> Examined {
        let mut examined = Examined::nothing("h".into(), jiff::Timestamp::UNIX_EPOCH);
        let found = |id: &&'static str| Finding::new(id, "s", "m", Evidence::computed("e"));
        examined.findings = rules.iter().map(found).collect();
        let card = card(id).unwrap();
        examined.runs.push(Run { card, ended });
        examined
    }

    #[test]
    fn a_repair_has_not_done_what_nobody_could_look_at_before() {
        let network = "network-default-route-lost";
        let not_asked = || Ended::NotApplicable("no init");
        let left = |before: &[&'static str], ended: Ended| {
            let mut after = said(&[network], network, Ended::Found);
            after.only_new(&said(before, network, ended));
            after.findings.len()
        };
        assert_eq!(left(&["init-missing"], not_asked()), 0);
        // Where somebody looked, and where the box came up, it is new.
        assert_eq!(left(&["init-missing"], Ended::Passed), 1);
        assert_eq!(left(&[], not_asked()), 1);
        // What lies before the break was in reach.
        let mut after = said(&["kernel-missing"], "kernel-missing", Ended::Found);
        after.only_new(&said(&["init-missing"], "kernel-missing", not_asked()));
        assert_eq!(after.findings.len(), 1);
    }
}
