//! What is known about one question: the only road from a tree to a rule.
//!
//! "Unreadable" and "absent" are different answers, and so are "absent" and "this
//! tree could not hold it". The types here have no `Default`, no `ok()` and no
//! `unwrap_or`: a value is reached by `match` or by `?`, and `?` turns "don't
//! know" into *undecided* by itself.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::text::{Place, escape_path};

/// What is known about one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    /// Read and understood.
    Known(T),
    /// Looked everywhere it could be, and it is not there.
    Absent(Looked),
    /// It is there, but the program that reads it would reject it.
    Broken(Fault),
    /// Could not find out. This says something about us, not about the host.
    Unknown(Unknown),
    /// The tree, by its nature, cannot answer.
    NotCovered(Why),
}

/// A list that remembers what it could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// What was found.
    pub items: Vec<T>,
    /// What could not be read: "none" is no answer while this is not empty.
    pub gaps: Vec<Unknown>,
    /// What the tree does not hold by its nature.
    pub uncovered: Vec<Why>,
}

/// Where was looked for something that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The paths, as asked for.
    pub paths: Vec<PathBuf>,
    /// What stood in the way, such as a dangling link; one sentence each.
    pub notes: Vec<String>,
}

/// Something that is there and that its own consumer rejects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What it is about.
    pub path: PathBuf,
    /// The line, where there is one.
    pub place: Option<Place>,
    /// What the consumer does with it.
    pub message: String,
}

/// A question that stayed open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The path in question.
    pub path: PathBuf,
    /// The line that stopped us, where there is one.
    pub place: Option<Place>,
    /// Why it stayed open.
    pub doubt: Doubt,
}

/// Why a question stayed open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Permission denied.
    Denied,
    /// The system answered with an error.
    Io(String),
    /// Too large, too many, too deep: the sentence names the limit.
    Limit(String),
    /// Time was up.
    Deadline,
    /// Not a regular file, or one that is not opened on purpose (a FIFO, a device).
    NotRegular(&'static str),
    /// Understood as far as it goes, but beyond what is modelled: says what.
    CannotModel(String),
    /// A transaction makes it while it goes on, and nobody can tell before how it will
    /// look; names what makes it.
    WillBeMade(String),
    /// The rule itself crashed.
    Crashed(String),
}

/// Why a tree cannot answer by its nature.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A partial tree that does not hold this path.
    Partial(PathBuf),
    /// No devices, interfaces or running kernel in this tree.
    NoDevices,
    /// What is inside a device that was given is not known; says which.
    Hidden(String),
    /// No owners and modes in this tree (a checkout).
    NoOwners,
    /// No running system behind this tree.
    NoRuntime,
    /// On a file system of its own (fstab says so) that this tree does not contain.
    OtherFileSystem(PathBuf),
    /// A container or an image without a kernel: it does not boot by itself.
    Container,
    /// The kernel, and what starts it, come from outside this tree.
    KernelOutside,
    /// Running daemons are not asked (`--no-probe`).
    ProbesOff,
    /// A snapshot for which this was not read; names the path, or whom was not asked.
    NotRecorded(PathBuf),
}

/// Why a rule stopped without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The question does not arise on this host.
    NotApplicable(&'static str),
    /// It arises, and could not be answered.
    Undecided(Vec<Unknown>),
    /// The tree cannot answer it.
    NotCovered(Why),
}

impl<T> Fact<T> {
    /// The value, `None` where it is absent, or the reason to stop.
    ///
    /// # Errors
    /// [`Stop::Undecided`] where it is unknown or broken, [`Stop::NotCovered`]
    /// where the tree cannot hold it.
    pub fn require(&self) -> Result<Option<&T>, Stop> {
        match self {
            Self::Known(value) => Ok(Some(value)),
            Self::Absent(_) => Ok(None),
            Self::Broken(fault) => Err(Stop::Undecided(vec![fault.clone().into()])),
            Self::Unknown(unknown) => Err(Stop::Undecided(vec![unknown.clone()])),
            Self::NotCovered(why) => Err(Stop::NotCovered(why.clone())),
        }
    }

    /// The same fact about something made of the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Fact<U> {
        self.and_then(|value| Fact::Known(f(value)))
    }

    /// The fact that follows from the value, or the same lack of one.
    pub fn and_then<U>(self, f: impl FnOnce(T) -> Fact<U>) -> Fact<U> {
        match self {
            Self::Known(value) => f(value),
            Self::Absent(looked) => Fact::Absent(looked),
            Self::Broken(fault) => Fact::Broken(fault),
            Self::Unknown(unknown) => Fact::Unknown(unknown),
            Self::NotCovered(why) => Fact::NotCovered(why),
        }
    }

    /// A fact about a reference.
    pub fn as_ref(&self) -> Fact<&T> {
        match self {
            Self::Known(value) => Fact::Known(value),
            Self::Absent(looked) => Fact::Absent(looked.clone()),
            Self::Broken(fault) => Fact::Broken(fault.clone()),
            Self::Unknown(unknown) => Fact::Unknown(unknown.clone()),
            Self::NotCovered(why) => Fact::NotCovered(why.clone()),
        }
    }
}

#[expect(
    clippy::new_without_default,
    reason = "a default would hide a question that was never asked"
)]
impl<T> Listing<T> {
    /// An empty, complete list.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            items: Vec::new(),
            gaps: Vec::new(),
            uncovered: Vec::new(),
        }
    }

    /// The first match. One match is proof, even when the list has gaps; no
    /// match is only an answer when there are none.
    ///
    /// # Errors
    /// Stops where nothing matches and the list is not complete.
    pub fn any(&self, mut f: impl FnMut(&T) -> bool) -> Result<Option<&T>, Stop> {
        match self.items.iter().find(|item| f(item)) {
            Some(item) => Ok(Some(item)),
            None => self.complete().map(|()| None),
        }
    }

    /// Whether nothing is missing from the list.
    ///
    /// # Errors
    /// [`Stop::Undecided`] with every gap, else [`Stop::NotCovered`] with the
    /// first part the tree does not hold.
    pub fn complete(&self) -> Result<(), Stop> {
        if !self.gaps.is_empty() {
            return Err(Stop::Undecided(self.gaps.clone()));
        }
        match self.uncovered.first() {
            Some(why) => Err(Stop::NotCovered(why.clone())),
            None => Ok(()),
        }
    }

    /// Adds what a fact says: an item, nothing, or a gap.
    pub fn push(&mut self, fact: Fact<T>) {
        let item = self.take(fact);
        self.items.extend(item);
    }

    /// The value of a fact on which items hang; the lack of one becomes a gap.
    pub fn take<U>(&mut self, fact: Fact<U>) -> Option<U> {
        match fact {
            Fact::Known(value) => return Some(value),
            Fact::Absent(_) => {}
            Fact::Broken(fault) => self.gaps.push(fault.into()),
            Fact::Unknown(unknown) => self.gaps.push(unknown),
            Fact::NotCovered(why) => self.uncovered.push(why),
        }
        None
    }

    /// Takes over everything `other` has.
    pub fn append(&mut self, other: Self) {
        self.items.extend(other.items);
        self.gaps.extend(other.gaps);
        self.uncovered.extend(other.uncovered);
    }

    /// Takes over what `other` lacks, and gives its items.
    pub fn take_gaps<U>(&mut self, other: Listing<U>) -> Vec<U> {
        self.gaps.extend(other.gaps);
        self.uncovered.extend(other.uncovered);
        other.items
    }
}

impl Looked {
    /// One path that is not there.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            paths: vec![path.into()],
            notes: Vec::new(),
        }
    }
}

impl Unknown {
    /// An open question about `path`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, doubt: Doubt) -> Self {
        Self {
            path: path.into(),
            place: None,
            doubt,
        }
    }

    /// An open question about one line.
    #[must_use]
    pub fn at(place: Place, doubt: Doubt) -> Self {
        Self {
            path: place.path().to_path_buf(),
            place: Some(place),
            doubt,
        }
    }

    /// Where it is: `path:line:column`, or the path.
    #[must_use]
    pub fn location(&self) -> String {
        match &self.place {
            Some(place) if place.path() == self.path => place.to_string(),
            // An included file: the line that asks for it is not what failed.
            Some(_) | None => escape_path(&self.path),
        }
    }

    /// Whether the question could not even be asked (denied, error, limit,
    /// deadline), as opposed to beyond the model.
    #[must_use]
    pub fn could_not_look(&self) -> bool {
        match self.doubt {
            Doubt::Denied
            | Doubt::Io(_)
            | Doubt::Limit(_)
            | Doubt::Deadline
            | Doubt::NotRegular(_)
            | Doubt::Crashed(_) => true,
            Doubt::CannotModel(_) | Doubt::WillBeMade(_) => false,
        }
    }
}

impl From<Fault> for Unknown {
    fn from(fault: Fault) -> Self {
        Self {
            path: fault.path,
            place: fault.place,
            doubt: Doubt::CannotModel(fault.message),
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied => f.write_str("permission denied"),
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::Limit(limit) => write!(f, "over a limit: {limit}"),
            Self::Deadline => f.write_str("not read before the deadline"),
            Self::NotRegular(kind) => write!(f, "is {kind}, not a regular file; not opened"),
            Self::CannotModel(what) => f.write_str(what),
            Self::WillBeMade(by) => write!(f, "will be made by {by}, so it is not known yet"),
            Self::Crashed(message) => write!(f, "the rule crashed: {message}"),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.location();
        match &self.place {
            Some(place) if place.path() != self.path => {
                write!(f, "{at}: {} (asked for at {place})", self.doubt)
            }
            _ => write!(f, "{at}: {}", self.doubt),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Partial(path) => write!(f, "{} is outside this partial tree", escape_path(path)),
            Self::NoDevices => f.write_str("an offline tree has no devices"),
            Self::Hidden(what) => f.write_str(what),
            Self::NoOwners => f.write_str("a checkout has no owners and modes"),
            Self::NoRuntime => f.write_str("no running system behind this tree"),
            Self::OtherFileSystem(path) => {
                let path = escape_path(path);
                write!(f, "{path} is a file system of its own and not mounted here")
            }
            Self::Container => f.write_str("a container or image does not boot by itself"),
            Self::KernelOutside => f.write_str("the kernel comes from outside this tree"),
            Self::NotRecorded(path) => {
                write!(f, "{} is not in the snapshot", escape_path(path))
            }
            Self::ProbesOff => f.write_str("no running daemon was asked (--no-probe)"),
        }
    }
}

impl Why {
    /// A partial tree that does not hold `path`.
    #[must_use]
    pub fn partial(path: &Path) -> Self {
        Self::Partial(path.to_path_buf())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied() -> Unknown {
        Unknown::new("/x", Doubt::Denied)
    }

    #[test]
    fn absence_needs_a_complete_list() {
        let mut list = Listing::<u8>::new();
        list.push(Fact::Known(1));
        assert_eq!(list.any(|i| *i == 2), Ok(None));
        list.push(Fact::Unknown(denied()));
        assert_eq!(list.any(|i| *i == 2), Err(Stop::Undecided(vec![denied()])));
        assert_eq!(list.any(|i| *i == 1), Ok(Some(&1)));
    }

    #[test]
    fn what_the_tree_does_not_hold_is_not_absent() {
        let mut list = Listing::<u8>::new();
        list.push(Fact::NotCovered(Why::NoDevices));
        assert_eq!(list.any(|_| true), Err(Stop::NotCovered(Why::NoDevices)));
    }

    #[test]
    fn a_gap_outweighs_an_uncovered_part() {
        let mut list = Listing::<u8>::new();
        list.push(Fact::NotCovered(Why::NoDevices));
        list.push(Fact::Unknown(denied()));
        assert_eq!(list.complete(), Err(Stop::Undecided(vec![denied()])));
    }

    #[test]
    fn only_absence_lets_a_rule_go_on_without_a_value() {
        assert_eq!(Fact::Known(1).require(), Ok(Some(&1)));
        assert_eq!(Fact::<u8>::Absent(Looked::at("/x")).require(), Ok(None));
        assert!(matches!(
            Fact::<u8>::Unknown(denied()).require(),
            Err(Stop::Undecided(_))
        ));
        let fault = Fault {
            path: "/x".into(),
            place: None,
            message: "unbalanced brace".into(),
        };
        assert!(matches!(
            Fact::<u8>::Broken(fault).require(),
            Err(Stop::Undecided(_))
        ));
    }
}
