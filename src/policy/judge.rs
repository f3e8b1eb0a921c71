//! What the rules said, weighed by policy: levels, waivers, follow-ups, the chain,
//! the verdict.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::against::Age;
use super::config::{NOT_EXAMINED, Setting, Waiver};
use super::inline::{Inline, collect, places};
use super::verdict::{Exit, Verdict};
use crate::fact::{Unknown, Why};
use crate::rules::{BRANCHES, SEQUENCE};
use crate::rules::{
    Card, ChainLine, Confidence, Ended, Examined, Finding, Impact, Level, Link, LinkState, Status,
    card,
};

/// How a finding stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Counts,
    /// Waived: the reason, and until when.
    Waived {
        /// Why.
        reason: String,
        /// The first day on which it counts again.
        until: jiff::civil::Date,
        /// Whether the waiver stands in the file itself.
        inline: bool,
    },
    /// It only follows from the finding at this index.
    Follows(usize),
    /// A preview rule's: shown, never decides.
    Preview,
}

/// A finding, weighed.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The finding.
    pub finding: Finding,
    /// Its rule's card.
    pub card: &'static Card,
    /// Its level here.
    pub level: Level,
    /// What goes wrong here.
    pub impact: Vec<Impact>,
    /// How it is known.
    pub confidence: Confidence,
    /// How it stands.
    pub standing: Standing,
    /// Whether it was there before, where there is a base to tell.
    pub age: Option<Age>,
}

/// A rule that stayed open on a host.
#[derive(Clone, Debug)]
pub struct OpenRule {
    /// The rule.
    pub card: &'static Card,
    /// The open questions that no waiver accepts.
    pub open: Vec<Unknown>,
    /// Those that one does, with its reason.
    pub accepted: Vec<(Unknown, String)>,
    /// Whether what is open keeps the host from being clear.
    pub decides: bool,
    /// Whether all of it was open before, where there is a base to tell.
    pub old: bool,
}

/// What is asked of the verdict.
#[derive(Clone, Debug)]
pub struct Judgement<'a> {
    /// The failing level.
    pub fail_on: Level,
    /// The waivers.
    pub waivers: &'a [Waiver],
    /// What the site decides about single rules.
    pub rules: &'a BTreeMap<String, Setting>,
    /// Whether a link that is not examined keeps a host from being clear.
    pub whole_chain: bool,
    /// Findings of `possible` confidence too.
    pub audit: bool,
}

/// A host, weighed.
#[derive(Debug)]
pub struct JudgedHost {
    /// What was examined.
    pub examined: Examined,
    /// The findings, gravest first.
    pub findings: Vec<Judged>,
    /// What stayed open.
    pub open: Vec<OpenRule>,
    /// The chain.
    pub chain: Vec<ChainLine>,
    /// Links that are not examined and that no waiver accepts.
    pub not_examined: Vec<Link>,
    /// The waivers that stand in its files, above what was found.
    pub inline: Vec<Inline>,
    /// Whether it was compared with what it was.
    pub compared: bool,
    /// What was found in the base and is no more.
    pub cured: Vec<Judged>,
    /// The verdict.
    pub verdict: Verdict,
    /// The exit status this host asks for.
    pub exit: Exit,
}

/// Weighs what was examined.
#[must_use]
pub fn judge(mut examined: Examined, how: &Judgement<'_>) -> JudgedHost {
    let today = examined.zone.at(examined.now).date();
    let active: Vec<&Waiver> = how.waivers.iter().filter(|w| w.holds(today)).collect();
    let inline = collect(&examined);
    let accepting = Accepting {
        waivers: &active,
        inline: &inline,
        rules: how.rules,
        today,
    };
    let findings = std::mem::take(&mut examined.findings);
    let mut findings: Vec<Judged> = findings
        .into_iter()
        .filter_map(|finding| weigh(finding, &examined.name, &accepting))
        .filter(|judged| {
            how.audit || judged.confidence > Confidence::Possible || judged.level > Level::Note
        })
        .collect();
    unjoin(&mut findings);
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    fold(&mut findings);

    let open = open_rules(&examined, &active, how);
    let chain = chain(&examined, &findings, &open);
    let not_examined: Vec<Link> = chain
        .iter()
        .filter(|line| line.state == LinkState::NotExamined)
        .map(|line| line.link)
        .filter(|link| {
            let accepts = |w: &&Waiver| {
                w.covers(NOT_EXAMINED, &examined.name) && w.covers_subject(link.word())
            };
            !active.iter().any(accepts)
        })
        .collect();

    let mut host = JudgedHost {
        examined,
        findings,
        open,
        chain,
        not_examined,
        inline,
        compared: false,
        cured: Vec::new(),
        verdict: Verdict::Nothing,
        exit: Exit::Nothing,
    };
    (host.verdict, host.exit) = verdict(&host, how);
    host
}

/// The verdict, and the exit status it asks for; what was there before counts for
/// neither.
pub(super) fn verdict(host: &JudgedHost, how: &Judgement<'_>) -> (Verdict, Exit) {
    let counts = |j: &&Judged| j.standing == Standing::Counts && j.age != Some(Age::Old);
    let mut counting = host.findings.iter().filter(counts);
    let blocked = counting.any(|j| j.level >= how.fail_on);
    let examined = &host.examined;
    let undecided = host.open.iter().any(|rule| rule.decides)
        || examined.unread().next().is_some()
        || (how.whole_chain && !host.not_examined.is_empty());
    let ran = examined
        .runs
        .iter()
        .any(|run| !matches!(run.ended, Ended::NotApplicable(_) | Ended::NotCovered(_)));
    if examined.busy.is_some() {
        (Verdict::Busy, Exit::Busy)
    } else if !ran {
        (Verdict::Nothing, Exit::Nothing)
    } else if blocked {
        (Verdict::Blocked, Exit::Blocked)
    } else if examined.crashed {
        (Verdict::Undecided, Exit::Internal)
    } else if undecided {
        (Verdict::Undecided, Exit::Undecided)
    } else {
        (Verdict::Clear, Exit::Clear)
    }
}

/// Gravest and surest first, then along the chain, then by rule and subject.
fn order(judged: &Judged) -> (Reverse<Level>, bool, Reverse<Confidence>, Link, &str, &str) {
    let finding = &judged.finding;
    (
        Reverse(judged.level),
        // What joins other findings comes after them.
        !finding.joins.is_empty(),
        Reverse(judged.confidence),
        judged.card.link,
        finding.rule,
        &finding.subject,
    )
}

/// What accepts findings on one host on one day.
struct Accepting<'a> {
    waivers: &'a [&'a Waiver],
    inline: &'a [Inline],
    rules: &'a BTreeMap<String, Setting>,
    today: jiff::civil::Date,
}

impl Accepting<'_> {
    /// The waiver that accepts a finding of this level, and whether it stands in the
    /// file itself.
    fn of(&self, finding: &Finding, host: &str, level: Level) -> Option<(&Waiver, bool)> {
        let far = |waiver: &Waiver| level < Level::Block || waiver.may_block(self.today);
        let mut policy = self.waivers.iter().copied();
        let policy = policy
            .find(|w| w.covers(finding.rule, host) && w.covers_subject(&finding.subject) && far(w));
        if let Some(waiver) = policy {
            return Some((waiver, false));
        }
        let above = |inline: &&Inline| {
            let mut places = finding.evidence.iter().flat_map(places);
            places.any(|place| {
                place.path() == inline.place.path() && place.start().line == inline.line
            })
        };
        let comments = self.inline.iter().filter(above);
        let waivers = comments.flat_map(|inline| inline.parsed.iter().flatten());
        waivers
            .filter(|w| w.rule == finding.rule && w.holds(self.today) && far(w))
            .map(|waiver| (waiver, true))
            .next()
    }
}

/// Whether the site and the card let a waiver silence a rule.
fn ignorable(card: &Card, rules: &BTreeMap<String, Setting>) -> bool {
    let setting = rules.get(&card.id).and_then(|setting| setting.ignorable);
    card.ignorable && setting != Some(false)
}

/// A rule's level at this site.
fn site_level(card: &Card, rules: &BTreeMap<String, Setting>) -> Level {
    let setting = rules.get(&card.id).and_then(|setting| setting.level);
    setting.unwrap_or(card.level)
}

fn weigh(finding: Finding, host: &str, accepting: &Accepting<'_>) -> Option<Judged> {
    let card = card(finding.rule)?;
    let confidence = finding.confidence.min(card.confidence);
    let site = site_level(card, accepting.rules);
    // What a rule itself calls less grave than it may be stays so.
    let mut level = if finding.at_most < card.level {
        site.min(finding.at_most)
    } else {
        site
    };
    if confidence == Confidence::Possible {
        level = level.min(Level::Warn);
    }
    let impact = if finding.impact.is_empty() {
        card.impact.clone()
    } else {
        finding.impact.clone()
    };
    let waiver = accepting
        .of(&finding, host, level)
        .filter(|_| ignorable(card, accepting.rules));
    let standing = match (waiver, card.status) {
        (_, Status::Preview) => Standing::Preview,
        (Some((waiver, inline)), _) => Standing::Waived {
            reason: waiver.reason.clone(),
            until: waiver.until,
            inline,
        },
        (None, Status::Stable | Status::Deprecated) => Standing::Counts,
    };
    Some(Judged {
        finding,
        card,
        level,
        impact,
        confidence,
        standing,
        age: None,
    })
}

/// Takes out what joins blockers of which none counts any more.
fn unjoin(findings: &mut Vec<Judged>) {
    let standing: BTreeSet<(&'static str, String)> = findings
        .iter()
        .filter(|j| j.standing == Standing::Counts && j.level == Level::Block)
        .map(|j| (j.finding.rule, j.finding.subject.clone()))
        .collect();
    findings.retain(|judged| {
        let joins = &judged.finding.joins;
        joins.is_empty() || joins.iter().any(|join| standing.contains(join))
    });
}

/// Marks what only follows from another finding that counts: the same subject
/// first, else any of the rule's.
fn fold(findings: &mut [Judged]) {
    // The first two of each rule (one of them is another than the one that asks), and
    // the first of each rule and subject.
    let mut of_rule: BTreeMap<&'static str, Vec<usize>> = BTreeMap::new();
    let mut of_subject: BTreeMap<(&'static str, &str), Vec<usize>> = BTreeMap::new();
    for (index, judged) in findings.iter().enumerate() {
        if judged.standing != Standing::Counts {
            continue;
        }
        let (rule, subject) = (judged.finding.rule, judged.finding.subject.as_str());
        for known in [
            of_rule.entry(rule).or_default(),
            of_subject.entry((rule, subject)).or_default(),
        ] {
            if known.len() < 2 {
                known.push(index);
            }
        }
    }
    let cause = |(index, judged): (usize, &Judged)| {
        if judged.standing != Standing::Counts {
            return None;
        }
        let follows = judged.finding.follows.iter().copied();
        let subject = judged.finding.subject.as_str();
        let other = |known: Option<&Vec<usize>>| {
            let known = known.map_or(&[][..], Vec::as_slice);
            known.iter().copied().find(|at| *at != index)
        };
        let same = follows
            .clone()
            .filter_map(|rule| other(of_subject.get(&(rule, subject))));
        let any = follows.filter_map(|rule| other(of_rule.get(rule)));
        same.min().or_else(|| any.min())
    };
    let causes: Vec<Option<usize>> = findings.iter().enumerate().map(cause).collect();
    for (judged, cause) in findings.iter_mut().zip(causes) {
        if let Some(cause) = cause {
            judged.standing = Standing::Follows(cause);
        }
    }
    // A cause that itself follows hands its followers on to its own cause.
    for _ in 0..findings.len() {
        let standings: Vec<Standing> = findings.iter().map(|j| j.standing.clone()).collect();
        let mut changed = false;
        for judged in findings.iter_mut() {
            if let Standing::Follows(cause) = judged.standing
                && let Some(Standing::Follows(further)) = standings.get(cause)
                && *further != cause
            {
                judged.standing = Standing::Follows(*further);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
}

fn open_rules(examined: &Examined, waivers: &[&Waiver], how: &Judgement<'_>) -> Vec<OpenRule> {
    let mut rules = Vec::new();
    for run in &examined.runs {
        let Ended::Undecided(unknowns) = &run.ended else {
            continue;
        };
        let mut open = Vec::new();
        let mut accepted = Vec::new();
        for unknown in unknowns {
            let subject = unknown.path.to_string_lossy();
            let waiver = waivers
                .iter()
                .find(|w| w.covers(&run.card.id, &examined.name) && w.covers_subject(&subject));
            match waiver.filter(|_| ignorable(run.card, how.rules)) {
                Some(waiver) => accepted.push((unknown.clone(), waiver.reason.clone())),
                None => open.push(unknown.clone()),
            }
        }
        // What could not even be looked at breaks the promise of exit 0 whatever
        // rule asked; what is beyond the model only where the rule could have failed.
        let failing = site_level(run.card, how.rules) >= how.fail_on;
        let decides = run.card.status != Status::Preview
            && open
                .iter()
                .any(|unknown| failing || unknown.could_not_look());
        rules.push(OpenRule {
            card: run.card,
            open,
            accepted,
            decides,
            old: false,
        });
    }
    rules
}

/// The chain: what each link shows by itself, then what the findings say of it.
fn chain(examined: &Examined, findings: &[Judged], open: &[OpenRule]) -> Vec<ChainLine> {
    let mut lines: Vec<ChainLine> = Vec::new();
    let mut broken_before = false;
    for (link, summary) in &examined.summaries {
        let of_link = |judged: &&Judged| judged.card.link == *link;
        let counts =
            |judged: &&Judged| matches!(judged.standing, Standing::Counts | Standing::Follows(_));
        // They are sorted, the gravest and surest first; a cause tells more than what
        // follows from it.
        let worst = findings.iter().filter(of_link).filter(counts);
        let worst = worst.min_by_key(|j| (Reverse(j.level), j.standing != Standing::Counts));
        let reached = !(broken_before && (SEQUENCE.contains(link) || BRANCHES.contains(link)));
        let is_open = open
            .iter()
            .any(|rule| rule.card.link == *link && rule.decides);
        let (state, text) = if reached {
            match worst.map(|j| (j.level, j)) {
                // A reboot on its way is no broken link; the line says when.
                Some((Level::Block | Level::Warn, _)) if *link == Link::Triggers => {
                    (LinkState::Degraded, summary.text.clone())
                }
                Some((Level::Block, judged)) => (LinkState::Broken, judged.finding.message.clone()),
                Some((Level::Warn, judged)) => {
                    let late = judged.impact == [Impact::Delay];
                    let state = if late {
                        LinkState::Delayed
                    } else {
                        LinkState::Degraded
                    };
                    (state, judged.finding.message.clone())
                }
                _ if is_open && summary.state != LinkState::NotCovered => {
                    (LinkState::Unknown, summary.text.clone())
                }
                _ => (summary.state, summary.text.clone()),
            }
        } else {
            (LinkState::NotReached, String::new())
        };
        if SEQUENCE.contains(link) && state == LinkState::Broken {
            broken_before = true;
        }
        lines.push(ChainLine {
            link: *link,
            state,
            summary: text,
        });
    }
    lines
}

impl JudgedHost {
    /// How many findings of `level` count.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        let of_level = self.findings.iter().filter(|j| j.level == level);
        of_level.filter(|j| j.standing == Standing::Counts).count()
    }

    /// How many findings are waived.
    #[must_use]
    pub fn waived(&self) -> usize {
        let waived = |j: &&Judged| matches!(j.standing, Standing::Waived { .. });
        self.findings.iter().filter(waived).count()
    }

    /// What waivers accept here: findings, open questions, links that are not
    /// examined; each id once.
    #[must_use]
    pub fn accepted(&self) -> Vec<&str> {
        let waived = |j: &&Judged| matches!(j.standing, Standing::Waived { .. });
        let mut ids: Vec<&str> = Vec::new();
        let findings = self.findings.iter().filter(waived);
        ids.extend(findings.map(|j| j.finding.rule));
        let open = self.open.iter().filter(|rule| !rule.accepted.is_empty());
        ids.extend(open.map(|rule| rule.card.id.as_str()));
        let of_chain = |line: &ChainLine| {
            line.state == LinkState::NotExamined && !self.not_examined.contains(&line.link)
        };
        if self.chain.iter().any(of_chain) {
            ids.push(NOT_EXAMINED);
        }
        let mut once: Vec<&str> = Vec::new();
        for id in ids {
            if !once.contains(&id) {
                once.push(id);
            }
        }
        once
    }

    /// How many rules ended in a way.
    #[must_use]
    pub fn ended(&self, f: impl Fn(&Ended) -> bool) -> usize {
        self.examined
            .runs
            .iter()
            .filter(|run| f(&run.ended))
            .count()
    }

    /// How many rules are undecided: with an open question that nothing accepts.
    #[must_use]
    pub fn undecided(&self) -> usize {
        self.open
            .iter()
            .filter(|rule| !rule.open.is_empty())
            .count()
    }

    /// Why the tree could not answer the rules that are not covered, each reason once.
    #[must_use]
    pub fn not_covered(&self) -> Vec<&Why> {
        let mut reasons: Vec<&Why> = Vec::new();
        for run in &self.examined.runs {
            if let Ended::NotCovered(why) = &run.ended
                && !reasons.contains(&why)
            {
                reasons.push(why);
            }
        }
        reasons
    }
}
