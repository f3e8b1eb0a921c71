//! One unit as PID 1 has it in memory: its state, its settings, its edges.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::settings::Settings;
use crate::fact::{Looked, Unknown, Why};
use crate::parse::unit::UnitType;
use crate::text::{File, Place};

/// A unit by its place in [`super::Units`].
pub type Ix = usize;

/// How one unit depends on another, and the reverse of each (systemd 257
/// `src/core/unit-dependency-atom.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dep {
    /// `Requires=`: starts it; a refusal refuses both, its failure fails this.
    Requires,
    /// `Requisite=`: must be active already.
    Requisite,
    /// `Wants=`: starts it, and does not mind.
    Wants,
    /// `BindsTo=`: as Requires, and stops with it.
    BindsTo,
    /// `Upholds=`: as Wants, again and again (249 and later).
    Upholds,
    /// `Conflicts=`: stops it.
    Conflicts,
    /// `Before=`: is started first.
    Before,
    /// `After=`: is started second.
    After,
    /// `PartOf=`: stops with it.
    PartOf,
    /// `OnFailure=`: is started when this fails.
    OnFailure,
    /// `OnSuccess=`: is started when this ends well (249 and later).
    OnSuccess,
    /// `PropagatesStopTo=` (249 and later).
    PropagatesStopTo,
    /// What a socket, timer, path or automount starts.
    Triggers,
    /// Only names it, so that it is loaded.
    References,
    /// The reverse of Requires.
    RequiredBy,
    /// The reverse of Requisite.
    RequisiteOf,
    /// The reverse of Wants.
    WantedBy,
    /// The reverse of `BindsTo`.
    BoundBy,
    /// The reverse of Upholds.
    UpheldBy,
    /// The reverse of Conflicts.
    ConflictedBy,
    /// The reverse of `PartOf`.
    ConsistsOf,
    /// The reverse of `OnFailure`.
    OnFailureOf,
    /// The reverse of `OnSuccess`.
    OnSuccessOf,
    /// The reverse of `PropagatesStopTo`.
    StopPropagatedFrom,
    /// The reverse of Triggers.
    TriggeredBy,
    /// The reverse of References.
    ReferencedBy,
}

impl Dep {
    /// The edge that the other side sees.
    #[must_use]
    pub const fn inverse(self) -> Self {
        match self {
            Self::Requires => Self::RequiredBy,
            Self::Requisite => Self::RequisiteOf,
            Self::Wants => Self::WantedBy,
            Self::BindsTo => Self::BoundBy,
            Self::Upholds => Self::UpheldBy,
            Self::Conflicts => Self::ConflictedBy,
            Self::Before => Self::After,
            Self::After => Self::Before,
            Self::PartOf => Self::ConsistsOf,
            Self::OnFailure => Self::OnFailureOf,
            Self::OnSuccess => Self::OnSuccessOf,
            Self::PropagatesStopTo => Self::StopPropagatedFrom,
            Self::Triggers => Self::TriggeredBy,
            Self::References => Self::ReferencedBy,
            Self::RequiredBy => Self::Requires,
            Self::RequisiteOf => Self::Requisite,
            Self::WantedBy => Self::Wants,
            Self::BoundBy => Self::BindsTo,
            Self::UpheldBy => Self::Upholds,
            Self::ConflictedBy => Self::Conflicts,
            Self::ConsistsOf => Self::PartOf,
            Self::OnFailureOf => Self::OnFailure,
            Self::OnSuccessOf => Self::OnSuccess,
            Self::StopPropagatedFrom => Self::PropagatesStopTo,
            Self::TriggeredBy => Self::Triggers,
            Self::ReferencedBy => Self::References,
        }
    }

    /// Its name in a unit file, for those that have one.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requires => "Requires",
            Self::Requisite => "Requisite",
            Self::Wants => "Wants",
            Self::BindsTo => "BindsTo",
            Self::Upholds => "Upholds",
            Self::Conflicts => "Conflicts",
            Self::Before => "Before",
            Self::After => "After",
            Self::PartOf => "PartOf",
            Self::OnFailure => "OnFailure",
            Self::OnSuccess => "OnSuccess",
            Self::PropagatesStopTo => "PropagatesStopTo",
            Self::Triggers => "Triggers",
            Self::References => "References",
            Self::RequiredBy => "RequiredBy",
            Self::RequisiteOf => "RequisiteOf",
            Self::WantedBy => "WantedBy",
            Self::BoundBy => "BoundBy",
            Self::UpheldBy => "UpheldBy",
            Self::ConflictedBy => "ConflictedBy",
            Self::ConsistsOf => "ConsistsOf",
            Self::OnFailureOf => "OnFailureOf",
            Self::OnSuccessOf => "OnSuccessOf",
            Self::StopPropagatedFrom => "StopPropagatedFrom",
            Self::TriggeredBy => "TriggeredBy",
            Self::ReferencedBy => "ReferencedBy",
        }
    }
}

/// Why an edge is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A word of a unit file.
    Line(Place),
    /// A link in a `.wants`, `.requires` or `.upholds` directory.
    Link(PathBuf),
    /// A generator makes it, because of this line where there is one.
    Generated {
        /// The generator.
        by: &'static str,
        /// The line, such as one of fstab.
        origin: Option<Place>,
    },
    /// systemd adds it by itself; why.
    Implicit(&'static str),
}

/// What loading a unit came to.
#[derive(Clone, Debug)]
pub enum LoadState {
    /// It can be started.
    Loaded,
    /// Nothing is there.
    NotFound(Looked),
    /// Masked: an empty file, a link to /dev/null; where.
    Masked(PathBuf),
    /// The unit is refused (`bad-setting`, before 240 `error`).
    BadSetting(Refusal),
    /// Its file was given up (`error`).
    Error(Refusal),
    /// Could not look.
    Unknown(Unknown),
    /// The tree does not hold it.
    NotCovered(Why),
}

/// Why a unit is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// One sentence without a dot.
    pub why: String,
    /// The line, where one is to blame.
    pub place: Option<Place>,
}

impl LoadState {
    /// Whether a start of the unit is refused for certain.
    #[must_use]
    pub const fn refuses(&self) -> bool {
        match self {
            Self::NotFound(_) | Self::Masked(_) | Self::BadSetting(_) | Self::Error(_) => true,
            Self::Loaded | Self::Unknown(_) | Self::NotCovered(_) => false,
        }
    }

    /// The state in a sentence: "ssh.service ...".
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Loaded => "is loaded".to_owned(),
            Self::NotFound(_) => "does not exist".to_owned(),
            Self::Masked(_) => "is masked".to_owned(),
            Self::BadSetting(refusal) | Self::Error(refusal) => {
                format!("is refused: {}", refusal.why)
            }
            Self::Unknown(unknown) => format!("could not be read: {}", unknown.doubt),
            Self::NotCovered(why) => format!("is not in this tree: {why}"),
        }
    }
}

/// One unit.
#[derive(Debug)]
pub struct Unit {
    /// The name that counts: that of its file.
    pub id: String,
    /// Every name, the one that counts among them.
    pub names: BTreeSet<String>,
    /// Its type.
    pub kind: UnitType,
    /// What loading it came to.
    pub state: LoadState,
    /// The path of its file, or of the link to it.
    pub path: Option<PathBuf>,
    /// Its file.
    pub fragment: Option<Arc<File>>,
    /// The drop-ins that were read, in order.
    pub drop_ins: Vec<Arc<File>>,
    /// The line a generator made it from.
    pub origin: Option<Place>,
    /// What its files say.
    pub settings: Settings,
    /// Its edges, in both directions.
    pub deps: BTreeMap<(Dep, Ix), Cause>,
    /// Parts of it that could not be looked at.
    pub open: Vec<Unknown>,
}

impl Unit {
    /// The units on the other end of its edges of one kind.
    pub fn of(&self, dep: Dep) -> impl Iterator<Item = Ix> + '_ {
        let edges = self.deps.range((dep, 0)..=(dep, Ix::MAX));
        edges.map(|((_, other), _)| *other)
    }

    /// The same with why each is there.
    pub fn because(&self, dep: Dep) -> impl Iterator<Item = (Ix, &Cause)> {
        let edges = self.deps.range((dep, 0)..=(dep, Ix::MAX));
        edges.map(|((_, other), cause)| (*other, cause))
    }

    /// The units that are started with it.
    pub fn pulls(&self) -> impl Iterator<Item = Ix> + '_ {
        let deps = [Dep::Requires, Dep::BindsTo, Dep::Wants, Dep::Upholds];
        deps.into_iter().flat_map(|dep| self.of(dep))
    }

    /// Whether there is such an edge.
    #[must_use]
    pub fn has(&self, dep: Dep, other: Ix) -> bool {
        self.deps.contains_key(&(dep, other))
    }

    /// Whether a unit is always there (`perpetual`).
    #[must_use]
    pub fn is_perpetual(&self) -> bool {
        matches!(
            self.id.as_str(),
            "-.slice" | "-.mount" | "init.scope" | "system.slice"
        )
    }
}

/// Every unit that PID 1 would have loaded.
#[derive(Debug, Default)]
pub struct Units {
    pub(super) list: Vec<Unit>,
    pub(super) by_name: BTreeMap<String, Ix>,
}

impl Units {
    /// The unit of that name or alias, where it was loaded.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Ix> {
        self.by_name.get(name).copied()
    }

    /// A unit.
    #[must_use]
    pub fn get(&self, ix: Ix) -> Option<&Unit> {
        self.list.get(ix)
    }

    /// Every unit with its place.
    pub fn iter(&self) -> impl Iterator<Item = (Ix, &Unit)> {
        self.list.iter().enumerate()
    }

    /// Where mount units mount something, but for the root.
    pub fn mount_points(&self) -> impl Iterator<Item = &str> {
        let mounts = self.list.iter().filter(|unit| unit.id != "-.mount");
        mounts.filter_map(|unit| Some(unit.settings.mount.target.as_ref()?.0.as_str()))
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The name that counts.
    #[must_use]
    pub fn id(&self, ix: Ix) -> &str {
        self.get(ix).map_or("", |unit| &unit.id)
    }
}
