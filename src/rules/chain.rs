//! The chain of a boot, one line for each link.

use super::card::Link;
use super::failover;
use super::schedule;
use crate::fact::{Fact, Why};
use crate::facts::packages::Family;
use crate::facts::{Boots, Host};

/// How a link stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    /// Looked at, and it holds.
    Ok,
    /// It does not hold.
    Broken,
    /// It holds with something missing.
    Degraded,
    /// It holds, late.
    Delayed,
    /// Could not look.
    Unknown,
    /// Nothing of the kind is configured.
    None,
    /// The tree cannot answer.
    NotCovered,
    /// A link before it is broken.
    NotReached,
    /// This program does not look at it yet.
    NotExamined,
}

impl LinkState {
    /// The word in the text report.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Broken => "BROKEN",
            Self::Degraded => "degraded",
            Self::Delayed => "delayed",
            Self::Unknown => "unknown",
            Self::None => "none",
            Self::NotCovered => "not covered",
            Self::NotReached => "not reached",
            Self::NotExamined => "not examined",
        }
    }
}

/// One line of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainLine {
    /// The link.
    pub link: Link,
    /// How it stands.
    pub state: LinkState,
    /// A few words of substance; may be empty.
    pub summary: String,
}

/// What a link shows by itself, before any finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How it stands as far as the facts say.
    pub state: LinkState,
    /// A few words of substance.
    pub text: String,
}

impl Summary {
    /// A state and its words.
    pub fn new(state: LinkState, text: impl Into<String>) -> Self {
        Self {
            state,
            text: text.into(),
        }
    }

    fn not_covered(why: &Why) -> Self {
        Self::new(LinkState::NotCovered, why.to_string())
    }
}

/// The links that follow each other; what is broken stops those behind it.
pub(crate) const SEQUENCE: [Link; 7] = [
    Link::Loader,
    Link::Kernel,
    Link::Initrd,
    Link::Root,
    Link::Init,
    Link::Mounts,
    Link::Target,
];

/// The links beside each other behind the sequence.
pub(crate) const BRANCHES: [Link; 4] =
    [Link::Network, Link::Access, Link::Services, Link::Failover];

/// What every link shows, in the order of the report.
pub(super) fn summaries(host: &Host) -> Vec<(Link, Summary)> {
    let order = SEQUENCE.into_iter().chain(BRANCHES).chain([
        Link::GoingDown,
        Link::Packages,
        Link::Triggers,
    ]);
    order
        .map(|link| {
            let summary = match link {
                Link::Loader => boot_link(host, super::loader::summary),
                Link::Kernel => boot_link(host, super::kernel::summary),
                Link::Initrd => boot_link(host, super::initrd::summary),
                Link::Root => boot_link(host, super::root::summary),
                Link::Init => init(host),
                Link::Mounts => boot_link(host, super::mount::summary),
                Link::Target => target(host),
                Link::Services => services(host),
                Link::Failover => failover::summary(host),
                Link::Packages => packages(host),
                Link::GoingDown => super::down::summary(host),
                Link::Triggers => schedule::summary(host),
                Link::Access => after_boot(host, super::access::summary),
                Link::Network => after_boot(host, super::network::summary),
                _ => Summary::new(LinkState::NotExamined, ""),
            };
            (link, summary)
        })
        .collect()
}

/// A link of the boot, or why this tree does not have it.
fn boot_link(host: &Host, summary: impl Fn(&Host) -> Summary) -> Summary {
    match host.boots() {
        Boots::Yes(_) => summary(host),
        Boots::InitOnly(sign) | Boots::No(sign) => {
            Summary::new(LinkState::NotCovered, sign.clone())
        }
        Boots::NotCovered(why) => Summary::not_covered(why),
    }
}

fn init(host: &Host) -> Summary {
    match host.boots() {
        Boots::Yes(_) | Boots::InitOnly(_) => {}
        Boots::No(_) | Boots::NotCovered(_) => return boot_link(host, nothing),
    }
    super::init::summary(host)
}

/// The target, where the tree boots by itself.
fn target(host: &Host) -> Summary {
    match host.boots() {
        Boots::Yes(_) | Boots::InitOnly(_) => super::target::summary(host),
        Boots::No(_) | Boots::NotCovered(_) => boot_link(host, nothing),
    }
}

/// A link behind the target, where the tree starts an init.
fn after_boot(host: &Host, summary: impl Fn(&Host) -> Summary) -> Summary {
    match host.boots() {
        Boots::Yes(_) | Boots::InitOnly(_) => summary(host),
        Boots::No(_) | Boots::NotCovered(_) => boot_link(host, nothing),
    }
}

/// What a tree that does not boot has to say.
fn nothing(_host: &Host) -> Summary {
    Summary::new(LinkState::NotCovered, "")
}

fn services(host: &Host) -> Summary {
    let enabled = host.enabled();
    if let Some(gap) = enabled.gaps.first() {
        return Summary::new(LinkState::Unknown, gap.to_string());
    }
    if enabled.items.is_empty() {
        return match enabled.uncovered.first() {
            Some(why) => Summary::not_covered(why),
            None => Summary::new(LinkState::None, "nothing is enabled to start at boot"),
        };
    }
    let there = enabled.items.iter();
    let there = there.filter(|e| matches!(e.found, Fact::Known(_))).count();
    let all = enabled.items.len();
    let text = if there == all {
        format!("{all} enabled start scripts and units are there")
    } else {
        format!("{there} of {all} enabled start scripts and units are there")
    };
    Summary::new(LinkState::Ok, text)
}

fn packages(host: &Host) -> Summary {
    match host.packages() {
        Fact::Known(packages) => {
            let mut parts = Vec::new();
            if let Some(dpkg) = &packages.dpkg {
                let installed = dpkg.packages.iter().filter(|p| p.is_installed()).count();
                let between = dpkg.packages.iter().filter(|p| p.is_in_between()).count();
                parts.push(if between == 0 {
                    format!("dpkg: {installed} installed, none half-way")
                } else {
                    format!("dpkg: {installed} installed, {between} half-way")
                });
            }
            for (family, count) in packages.counts() {
                if family != Family::Dpkg {
                    parts.push(format!("{}: {count} installed", family.name()));
                }
            }
            let unread = packages.unread.iter();
            let unread: Vec<String> = unread.map(|(kind, why)| format!("{kind}: {why}")).collect();
            if parts.is_empty() {
                return Summary::new(LinkState::NotExamined, unread.join("; "));
            }
            parts.extend(unread);
            Summary::new(LinkState::Ok, parts.join("; "))
        }
        Fact::Absent(_) => Summary::new(LinkState::None, "no package database"),
        Fact::Broken(fault) => Summary::new(LinkState::Unknown, fault.message.clone()),
        Fact::Unknown(unknown) => Summary::new(LinkState::Unknown, unknown.to_string()),
        Fact::NotCovered(why) => Summary::not_covered(why),
    }
}
