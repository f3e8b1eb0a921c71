//! Which keywords each block knows, since which release, and what each takes.
//!
//! The tables follow the `install_keyword` calls of keepalived's releases from
//! 1.2.2 to 2.4.3. Keywords that depend on how the package was built count as
//! known: Debian builds with everything.

mod checker;
mod globals;
mod vrrp;

use super::version::{Dialect, Version};

pub(super) use vrrp::ROOT;

/// Stands for "in every release looked at", 1.2.2 being the first.
const OLD: Version = Version::new(0, 0, 0);

/// A keyword of one block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keyword {
    pub(super) name: &'static str,
    since: Version,
    /// The first release without it.
    until: Option<Version>,
    pub(super) shape: Shape,
    /// Which of keepalived's processes look at it; the others skip its block.
    reader: Reader,
}

/// What a keyword takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Any number of words.
    Free,
    /// At least one word; keepalived ends without it.
    One,
    /// A command with an optional user and group; keepalived ends without it.
    Hook,
    /// The same, but it may be missing.
    HookOrNone,
    /// A command; without it the script does not exist.
    Script,
    /// Raw lines up to the next `}`.
    Values,
    /// A block with keywords of its own.
    Block {
        block: Block,
        name: Name,
        tables: &'static [&'static [Keyword]],
    },
}

/// Whether a block is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// Not looked at.
    Free,
    /// Keepalived ends where it is missing.
    Needed,
    /// Exactly one, or the block is skipped.
    Exact,
}

/// The blocks whose content means something to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    Root,
    Globals,
    Instance,
    Group,
    Script,
    Authentication,
    Secrets,
    VirtualServer,
    RealServer,
    MiscCheck,
    Other,
}

/// keepalived reads its file once in each process, and each skips what is for
/// another; so one broken block can end differently in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    Parent,
    Checker,
    Vrrp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    All,
    /// The parent at the start; its children, before 2.0.0.
    Globals,
    Children,
    Only(Process),
}

impl Keyword {
    pub(super) fn known_in(&self, version: Version) -> bool {
        version >= self.since && self.until.is_none_or(|until| version < until)
    }

    pub(super) fn active_in(&self, process: Process, dialect: Dialect) -> bool {
        match self.reader {
            Reader::Globals => (process == Process::Parent) == dialect.globals_in_parent(),
            Reader::All => true,
            Reader::Children => process != Process::Parent,
            Reader::Only(only) => process == only,
        }
    }

    const fn until(mut self, until: Version) -> Self {
        self.until = Some(until);
        self
    }

    const fn only(mut self, process: Process) -> Self {
        self.reader = Reader::Only(process);
        self
    }

    const fn only_globals(mut self) -> Self {
        self.reader = Reader::Globals;
        self
    }

    const fn only_children(mut self) -> Self {
        self.reader = Reader::Children;
        self
    }

    const fn needs_name(mut self) -> Self {
        if let Shape::Block { block, tables, .. } = self.shape {
            self.shape = Shape::Block {
                block,
                name: Name::Needed,
                tables,
            };
        }
        self
    }
}

/// Looks `name` up in the tables of a block.
pub(super) fn find(
    tables: &'static [&'static [Keyword]],
    name: &[u8],
    version: Version,
) -> Option<&'static Keyword> {
    let mut keywords = tables.iter().flat_map(|table| table.iter());
    keywords.find(|k| k.name.as_bytes() == name && k.known_in(version))
}

const fn v(major: u16, minor: u16, patch: u16) -> Version {
    Version::new(major, minor, patch)
}

const fn keyword(name: &'static str, since: Version, shape: Shape) -> Keyword {
    Keyword {
        name,
        since,
        until: None,
        shape,
        reader: Reader::All,
    }
}

const fn free(name: &'static str, since: Version) -> Keyword {
    keyword(name, since, Shape::Free)
}

const fn one(name: &'static str, since: Version) -> Keyword {
    keyword(name, since, Shape::One)
}

const fn hook(name: &'static str, since: Version) -> Keyword {
    keyword(name, since, Shape::Hook)
}

const fn hook_or_none(name: &'static str, since: Version) -> Keyword {
    keyword(name, since, Shape::HookOrNone)
}

const fn script(name: &'static str, since: Version) -> Keyword {
    keyword(name, since, Shape::Script)
}

const fn values(name: &'static str, since: Version) -> Keyword {
    keyword(name, since, Shape::Values)
}

const fn block(
    name: &'static str,
    since: Version,
    block: Block,
    tables: &'static [&'static [Keyword]],
) -> Keyword {
    let shape = Shape::Block {
        block,
        name: Name::Free,
        tables,
    };
    keyword(name, since, shape)
}

const fn named(
    name: &'static str,
    since: Version,
    block: Block,
    tables: &'static [&'static [Keyword]],
) -> Keyword {
    let shape = Shape::Block {
        block,
        name: Name::Exact,
        tables,
    };
    keyword(name, since, shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(name: &str, version: (u16, u16, u16)) -> bool {
        let Some(Keyword {
            shape: Shape::Block { tables, .. },
            ..
        }) = find(&[ROOT], b"vrrp_instance", Version::CURRENT)
        else {
            return false;
        };
        let version = v(version.0, version.1, version.2);
        find(tables, name.as_bytes(), version).is_some()
    }

    #[test]
    fn a_keyword_is_known_from_its_first_release_on() {
        let cases = [
            ("use_vmac", (1, 2, 2), false),
            ("use_vmac", (1, 2, 7), true),
            ("unicast_peer", (1, 2, 13), true),
            ("notify_deleted", (2, 0, 20), false),
            ("notify_deleted", (2, 1, 0), true),
            ("no_virtual_ipaddress", (2, 2, 7), false),
            ("auth_hmac", (2, 4, 0), true),
            ("lvs_sync_daemon_inteface", (2, 4, 3), false),
            ("Priority", (2, 4, 3), false),
        ];
        for (name, version, known) in cases {
            assert_eq!(instance(name, version), known, "{name} {version:?}");
        }
    }

    #[test]
    fn nat_mask_was_removed_after_1_2_19() {
        let server = find(&[ROOT], b"virtual_server", Version::CURRENT).unwrap();
        let Shape::Block { tables, .. } = server.shape else {
            panic!("a block")
        };
        assert!(find(tables, b"nat_mask", v(1, 2, 19)).is_some());
        assert!(find(tables, b"nat_mask", v(1, 2, 20)).is_none());
    }

    #[test]
    fn each_process_skips_what_is_for_another() {
        let in_version = |name: &[u8], process, version| {
            let keyword = find(&[ROOT], name, version).unwrap();
            keyword.active_in(process, Dialect { version })
        };
        let active = |name: &[u8], process| in_version(name, process, Version::CURRENT);
        assert!(active(b"vrrp_instance", Process::Vrrp));
        assert!(!active(b"vrrp_instance", Process::Checker));
        assert!(active(b"virtual_server", Process::Checker));
        assert!(!active(b"virtual_server", Process::Parent));
        assert!(active(b"global_defs", Process::Parent));
        assert!(!active(b"global_defs", Process::Vrrp));
        assert!(in_version(b"global_defs", Process::Vrrp, v(1, 4, 5)));
        assert!(!active(b"track_file", Process::Parent));
    }
}
