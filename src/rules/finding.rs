//! A rule's statement about a host, with its evidence.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::fact::{Fact, Stop, Unknown, Why};
use crate::text::Place;

/// What a finding does to the verdict.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing before the window.
    Note,
    /// It comes back, but not as it was.
    Warn,
    /// Do not reboot unattended with this.
    Block,
}

/// What goes wrong.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Impact {
    /// The box does not boot.
    NoBoot,
    /// It boots without network.
    NoNetwork,
    /// Nobody can log in from outside.
    NoAccess,
    /// A service does not come back.
    NoService,
    /// It, or its peer, does not take over, or takes over wrongly.
    NoFailover,
    /// Data is lost.
    DataLoss,
    /// It goes down by itself.
    UnplannedReboot,
    /// It comes back late.
    Delay,
}

/// How we know.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// From a name or a convention only; never above `warn`.
    Possible,
    /// Inferred over one step.
    Likely,
    /// Read what the boot itself will read.
    Certain,
}

impl Level {
    /// The word in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

impl Impact {
    /// The word in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoBoot => "no-boot",
            Self::NoNetwork => "no-network",
            Self::NoAccess => "no-access",
            Self::NoService => "no-service",
            Self::NoFailover => "no-failover",
            Self::DataLoss => "data-loss",
            Self::UnplannedReboot => "unplanned-reboot",
            Self::Delay => "delay",
        }
    }
}

impl Confidence {
    /// The word in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A range of bytes in a file, and what is to be seen there.
    Span {
        /// Where.
        place: Place,
        /// What is to be seen.
        label: String,
    },
    /// Something that is not there.
    Missing {
        /// The paths looked at.
        paths: Vec<PathBuf>,
        /// What stood in the way, such as a dangling link.
        notes: Vec<String>,
    },
    /// A statement about a path that has no lines: a link's target, a mode, a name.
    Path {
        /// The path.
        path: PathBuf,
        /// The statement.
        text: String,
    },
    /// A number.
    Measure {
        /// What was measured.
        path: PathBuf,
        /// The measure's name.
        name: &'static str,
        /// Its value.
        value: u64,
    },
    /// Something that follows from other places.
    Computed {
        /// The statement.
        text: String,
        /// What it follows from.
        from: Vec<Place>,
    },
}

impl Evidence {
    /// A place and what is to be seen there.
    pub fn span(place: Place, label: impl Into<String>) -> Self {
        Self::Span {
            place,
            label: label.into(),
        }
    }

    /// A statement about a path.
    pub fn path(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self::Path {
            path: path.into(),
            text: text.into(),
        }
    }

    /// A statement that follows from other places.
    pub fn computed(text: impl Into<String>) -> Self {
        Self::Computed {
            text: text.into(),
            from: Vec::new(),
        }
    }
}

impl From<&crate::fact::Looked> for Evidence {
    fn from(looked: &crate::fact::Looked) -> Self {
        Self::Missing {
            paths: looked.paths.clone(),
            notes: looked.notes.clone(),
        }
    }
}

/// A rule's statement about this host. It cannot be made without evidence.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// What it is about: a path, a unit, a VRRP instance. Stable between runs.
    pub subject: String,
    /// A sentence about this box, without a final dot.
    pub message: String,
    /// Never above this, whatever the card says.
    pub at_most: Level,
    /// Instead of the card's impacts, where not empty.
    pub impact: Vec<Impact>,
    /// Never above the card's.
    pub confidence: Confidence,
    /// At least one.
    pub evidence: Vec<Evidence>,
    /// Instead of the card's advice.
    pub fix: Option<String>,
    /// Instead of the card's commands, where not empty.
    pub commands: Vec<String>,
    /// Rules whose finding, when there is one, has this one as a consequence.
    pub follows: &'static [&'static str],
    /// The blockers it joins (rule and subject), where it is nothing without one of
    /// them that counts.
    pub joins: Vec<(&'static str, String)>,
}

impl Finding {
    /// A finding with its first piece of evidence, as grave as its card says.
    pub fn new(
        rule: &'static str,
        subject: impl Into<String>,
        message: impl Into<String>,
        evidence: Evidence,
    ) -> Self {
        Self {
            rule,
            subject: subject.into(),
            message: message.into(),
            at_most: Level::Block,
            impact: Vec::new(),
            confidence: Confidence::Certain,
            evidence: vec![evidence],
            fix: None,
            commands: Vec::new(),
            follows: &[],
            joins: Vec::new(),
        }
    }

    /// Adds evidence.
    #[must_use]
    pub fn with(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Adds pieces of evidence.
    #[must_use]
    pub fn with_all(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// Lowers the level.
    #[must_use]
    pub const fn at_most(mut self, level: Level) -> Self {
        self.at_most = level;
        self
    }

    /// Says how it is known, where that is less than the card's.
    #[must_use]
    pub const fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// Says what goes wrong here, instead of the card.
    #[must_use]
    pub fn impact(mut self, impact: &[Impact]) -> Self {
        self.impact = impact.to_vec();
        self
    }

    /// Advice for this box, instead of the card's.
    #[must_use]
    pub fn fix(mut self, text: impl Into<String>, commands: &[&str]) -> Self {
        self.fix = Some(text.into());
        self.commands = commands.iter().map(|c| (*c).to_owned()).collect();
        self
    }

    /// Folds it under a finding of one of `rules`, when there is one.
    #[must_use]
    pub const fn follows(mut self, rules: &'static [&'static str]) -> Self {
        self.follows = rules;
        self
    }
}

/// What a rule found, and what it could not answer beside it.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The findings.
    pub list: Vec<Finding>,
    /// Questions that stayed open.
    pub open: Vec<Unknown>,
    /// Questions the tree cannot answer.
    pub uncovered: Vec<Why>,
    /// How many things were judged: a part of a list is an answer about that part.
    pub judged: usize,
}

impl Findings {
    /// Nothing found so far.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            list: Vec::new(),
            open: Vec::new(),
            uncovered: Vec::new(),
            judged: 0,
        }
    }

    /// Adds a finding.
    pub fn push(&mut self, finding: Finding) {
        self.list.push(finding);
    }

    /// Notes what a fact leaves open; one that says something leaves nothing.
    pub fn gap<T>(&mut self, fact: &Fact<T>) {
        match fact {
            Fact::Unknown(unknown) => self.open.push(unknown.clone()),
            Fact::NotCovered(why) => self.uncovered.push(why.clone()),
            Fact::Known(_) | Fact::Absent(_) | Fact::Broken(_) => {}
        }
    }

    /// These, or that the question does not arise where nothing was judged and nothing
    /// stayed open.
    ///
    /// # Errors
    /// [`Stop::NotApplicable`], for this reason.
    pub fn or_not_applicable(self, why: &'static str) -> Result<Self, Stop> {
        if self.judged == 0 && self.open.is_empty() && self.uncovered.is_empty() {
            return Err(Stop::NotApplicable(why));
        }
        Ok(self)
    }

    /// Notes why something could not be answered; the findings so far stay.
    pub fn stop(&mut self, stop: Stop) {
        match stop {
            Stop::NotApplicable(_) => {}
            Stop::Undecided(open) => self.open.extend(open),
            Stop::NotCovered(why) => self.uncovered.push(why),
        }
    }
}
