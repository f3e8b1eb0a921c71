//! What a site declares in its policy: facts of its own that must hold on a host.
//!
//! The policy is read elsewhere; here it is held against a host. What cannot be told is
//! unknown, never fine: a pattern that matches nothing, a file that is not there, a text
//! that is no number.

mod expression;
mod number;
mod service;
mod value;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use expression::{Comparison, Expression, Operation, Term, is_name};
pub use number::Number;
pub use service::{Running, Starting, coming, running, starting};
pub use value::{Picked, pick};

use super::Host;
use super::standing::Listener;
use crate::fact::{Doubt, Fact, Listing, Unknown, Why};
use crate::probe::{CheckEnded, ProbeError};
use crate::source::{FileKind, Found, Glob, TreeKind};
use crate::text::Place;

/// What a site declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Numbers that are picked from files.
    pub values: Vec<Value>,
    /// What must be between them.
    pub relations: Vec<Relation>,
    /// Files that must be there.
    pub files: Vec<Required>,
    /// Services that must be started, and run.
    pub services: Vec<Service>,
    /// Ports on which something must listen.
    pub ports: Vec<Port>,
    /// Packages that must be installed.
    pub packages: Vec<Package>,
    /// Checks of the site's own.
    pub checks: Vec<Check>,
    /// Why its checks are not run, where they are not.
    pub refused: Option<String>,
}

/// What every declaration has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Common {
    /// What it is called.
    pub name: String,
    /// The hosts that it is about, as a pattern; all where absent.
    pub host: Option<String>,
    /// How grave it is where it does not hold.
    pub weight: Weight,
    /// What then goes wrong.
    pub why: Option<String>,
    /// Where it is declared.
    pub place: Place,
}

/// How grave something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Worth knowing.
    Note,
    /// The box comes back, but not as it should.
    Warn,
    /// No reboot with this.
    Block,
}

/// A number in a file, or in each of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// What relations call it.
    pub name: String,
    /// The file; its last parts may be a pattern.
    pub file: PathBuf,
    /// Where it stands in the file.
    pub pick: Pick,
    /// Which counts where it stands there several times.
    pub take: Take,
    /// Where it is declared.
    pub place: Place,
}

/// Where a number stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// In the one group of a regular expression.
    Match(String),
    /// Behind a path of keys.
    Key(Form, Vec<String>),
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Sections of `name = value`.
    Ini,
    /// JSON.
    Json,
    /// TOML.
    Toml,
    /// YAML.
    Yaml,
}

/// Which of several counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Take {
    /// There is only one; several that differ are unclear.
    Only,
    /// The first, files by name.
    First,
    /// The last.
    Last,
    /// All, added up.
    Sum,
}

/// Something that must be between values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// What it has in common with other declarations.
    pub common: Common,
    /// As it was written.
    pub text: String,
    /// What it says.
    pub holds: Expression,
}

/// A file that must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Required {
    /// What it has in common with other declarations.
    pub common: Common,
    /// The path; its last parts may be a pattern, of which one file must do.
    pub path: PathBuf,
    /// How old it may be.
    pub max_age: Option<Duration>,
    /// How many bytes it has at least.
    pub min_size: Option<u64>,
}

/// A service that must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// What it has in common with other declarations; its name is the unit's.
    pub common: Common,
    /// Whether the boot must start it.
    pub enabled: bool,
    /// Whether it must run now.
    pub running: bool,
}

/// A port on which something must listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// What it has in common with other declarations.
    pub common: Common,
    /// `tcp` or `udp`.
    pub protocol: Protocol,
    /// The address; any where absent.
    pub address: Option<std::net::IpAddr>,
    /// The port.
    pub port: u16,
}

/// A protocol with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// As the kernel's tables call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// A package that must be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// What it has in common with other declarations; its name is the package's.
    pub common: Common,
}

/// A check of the site's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it has in common with other declarations.
    pub common: Common,
    /// The program, absolute, and its arguments.
    pub command: Vec<String>,
    /// How long it may take.
    pub deadline: Duration,
}

impl Declared {
    /// Whether nothing is declared.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
            && self.relations.is_empty()
            && self.files.is_empty()
            && self.services.is_empty()
            && self.ports.is_empty()
            && self.packages.is_empty()
            && self.checks.is_empty()
    }

    /// The value that relations call so.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|value| value.name == name)
    }
}

impl Port {
    /// Whether a socket serves whoever comes to this port.
    #[must_use]
    pub fn is_served_by(&self, socket: &Listener) -> bool {
        let same = socket.protocol == self.protocol.word() && socket.port == self.port;
        let there = self.address.is_none_or(|address| {
            let own = socket.address;
            // One of IPv6 for all addresses takes IPv4 as well, unless it is told not to.
            let wide = own.is_unspecified() && (own.is_ipv6() || address.is_ipv4());
            own == address || wide
        });
        same && there
    }
}

impl Common {
    /// Whether it is about a host of that name.
    #[must_use]
    pub fn is_about(&self, host: &str) -> bool {
        let Some(pattern) = &self.host else {
            return true;
        };
        let fits = |glob: Glob| glob.is_match(host.as_bytes());
        pattern == host || Glob::parse(pattern).is_some_and(fits)
    }
}

/// The declarations of one kind that are about a host.
pub fn about<'a, T>(host: &Host, list: &'a [T], common: impl Fn(&T) -> &Common) -> Vec<&'a T> {
    let name = host.name();
    let about = list.iter().filter(|item| common(item).is_about(&name));
    about.collect()
}

/// The things at a path whose last parts may be a pattern, sorted; without a pattern the
/// one thing, or none.
pub fn matching(host: &Host, path: &Path) -> Listing<Found> {
    let tree = host.tree();
    let mut out = Listing::new();
    let text = path.to_string_lossy();
    let Some(first) = text.find(['*', '?', '[']) else {
        out.push(tree.resolve(path));
        return out;
    };
    let fixed = text.get(..first).and_then(|text| text.rsplit_once('/'));
    let (fixed, rest) = fixed.map_or(("/", text.as_ref()), |(dir, _)| {
        (dir, text.get(dir.len() + 1..).unwrap_or(""))
    });
    let fixed = if fixed.is_empty() { "/" } else { fixed };
    let mut level = vec![PathBuf::from(fixed)];
    for part in rest.split('/').filter(|part| !part.is_empty()) {
        let Some(regex) = Glob::parse(part) else {
            let doubt = Doubt::CannotModel("is not a valid pattern".to_owned());
            out.gaps.push(Unknown::new(path, doubt));
            return out;
        };
        let mut next = Vec::new();
        for dir in level {
            for entry in out.take_gaps(tree.entries(&dir)) {
                let name = entry.file_name().map(std::ffi::OsStr::as_encoded_bytes);
                // As in a shell, a star does not find what is hidden.
                let shown = part.starts_with('.') || name.is_some_and(|n| !n.starts_with(b"."));
                if shown && name.is_some_and(|name| regex.is_match(name)) {
                    next.push(entry);
                }
            }
        }
        level = next;
    }
    level.sort();
    for path in level {
        let found = tree.resolve(&path);
        // Shown as it was found, not where its link leads.
        out.push(found.map(|found| Found { path, ..found }));
    }
    out
}

/// Whether a file does as it is required, by name and in words where it does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It does.
    Fits,
    /// There is none.
    Missing,
    /// The newest of those that are large enough is this old, seconds.
    TooOld(PathBuf, i64),
    /// The largest has so many bytes.
    TooSmall(PathBuf, u64),
}

/// How a required file stands.
pub fn fit(host: &Host, required: &Required) -> Fact<Fit> {
    let list = matching(host, &required.path);
    let now = host.now().as_second();
    let age = |found: &Found| now.saturating_sub(found.meta.mtime);
    let large = |found: &&Found| {
        required
            .min_size
            .is_none_or(|least| found.meta.len >= least)
    };
    let regular = |found: &&Found| {
        // Of a directory neither age nor size tell anything.
        let plain = required.max_age.is_none() && required.min_size.is_none();
        plain || found.meta.kind == FileKind::File
    };
    let here: Vec<&Found> = list.items.iter().filter(regular).collect();
    let limit = required
        .max_age
        .map(|age| i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    // A file that fits is proof, whatever else could not be looked at.
    if limit.is_some() && host.tree().coverage().kind == TreeKind::Partial {
        return Fact::NotCovered(Why::NoRuntime);
    }
    let enough: Vec<&Found> = here.iter().copied().filter(|found| large(found)).collect();
    let newest = enough.iter().min_by_key(|found| age(found));
    if let Some(newest) = newest {
        match limit {
            None => return Fact::Known(Fit::Fits),
            // Clocks differ by minutes; more than a day ahead says nothing.
            Some(_) if age(newest) < -86_400 => {
                let text = "its time lies in the future, so its age is not known".to_owned();
                return Fact::Unknown(Unknown::new(&newest.path, Doubt::CannotModel(text)));
            }
            Some(limit) if age(newest) <= limit => return Fact::Known(Fit::Fits),
            Some(_) => {}
        }
    }
    if let Some(gap) = list.gaps.into_iter().next() {
        return Fact::Unknown(gap);
    }
    if let Some(why) = list.uncovered.into_iter().next() {
        return Fact::NotCovered(why);
    }
    Fact::Known(
        match (newest, here.iter().max_by_key(|found| found.meta.len)) {
            (Some(newest), _) => Fit::TooOld(newest.path.clone(), age(newest)),
            (None, Some(largest)) => Fit::TooSmall(largest.path.clone(), largest.meta.len),
            (None, None) => Fit::Missing,
        },
    )
}

/// What the checks about this host came to, side by side, each once; they run on the
/// running system alone.
pub fn run_checks<'a>(host: &'a Host, checks: &[&'a Check]) -> Vec<(&'a Check, Fact<CheckEnded>)> {
    let about = |check: &Check| PathBuf::from(format!("check {}", check.common.name));
    let refused = host.declared().refused.as_ref();
    let Some(probe) = &host.probes().0 else {
        let off = |check: &&'a Check| (*check, Fact::NotCovered(Why::ProbesOff));
        return checks.iter().map(off).collect();
    };
    if let Some(why) = refused {
        let closed = |check: &&'a Check| {
            let doubt = Doubt::CannotModel(format!("was not run: {why}"));
            (*check, Fact::Unknown(Unknown::new(about(check), doubt)))
        };
        return checks.iter().map(closed).collect();
    }
    let deadline = host.tree().deadline();
    let one = |check: &Check| {
        let (name, words) = (check.common.name.as_str(), check.command.as_slice());
        match probe.site_check(name, words, check.deadline, deadline) {
            Ok(ended) => Fact::Known(ended),
            Err(ProbeError::NotRecorded) => Fact::NotCovered(Why::NotRecorded(about(check))),
            Err(ProbeError::Silent) => {
                let text = format!(
                    "did not end in time, at most {} s",
                    check.deadline.as_secs()
                );
                Fact::Unknown(Unknown::new(about(check), Doubt::CannotModel(text)))
            }
            Err(error) => {
                let doubt = Doubt::CannotModel(format!("could not be run: {error}"));
                Fact::Unknown(Unknown::new(about(check), doubt))
            }
        }
    };
    std::thread::scope(|scope| {
        let started: Vec<_> = checks
            .iter()
            .map(|check| (*check, scope.spawn(|| one(check))))
            .collect();
        let ended = started.into_iter().map(|(check, thread)| {
            let crashed = |_| {
                let doubt = Doubt::Crashed("while the check was run".to_owned());
                Fact::Unknown(Unknown::new(about(check), doubt))
            };
            (check, thread.join().unwrap_or_else(crashed))
        });
        ended.collect()
    })
}

/// Declarations that can be shared.
pub type Shared = Arc<Declared>;
