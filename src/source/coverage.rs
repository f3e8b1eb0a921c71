//! What a tree can answer, and which kind of tree it is.

use std::path::{Path, PathBuf};

use super::{FileKind, ReadError, Source};
use crate::fact::Why;

/// Which kind of tree is examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeKind {
    /// The running system.
    Live,
    /// A whole root: an unpacked image, a mounted disk, a chroot.
    Full,
    /// A part of one: a configuration repository.
    Partial,
}

impl TreeKind {
    /// The word the header and the JSON report use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Full => "full",
            Self::Partial => "partial",
        }
    }
}

/// What a tree can answer, by path and by dimension.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// The kind.
    pub kind: TreeKind,
    /// Where a partial tree is complete: what is absent below is absent on the host.
    pub covers: Vec<PathBuf>,
    /// Whether owners, groups and modes (beyond x) are the host's.
    pub owners: bool,
    /// Mount points of other file systems that this tree does not contain.
    pub unmounted: Vec<PathBuf>,
}

/// Directories whose content exists only on a running system.
const RUNTIME: [&str; 6] = ["/dev", "/proc", "/sys", "/run", "/var/run", "/tmp"];

impl Coverage {
    /// The running system.
    #[must_use]
    pub const fn live() -> Self {
        Self {
            kind: TreeKind::Live,
            covers: Vec::new(),
            owners: true,
            unmounted: Vec::new(),
        }
    }

    /// A whole root; `owners` says whether its files kept theirs.
    #[must_use]
    pub const fn full(owners: bool) -> Self {
        Self {
            kind: TreeKind::Full,
            covers: Vec::new(),
            owners,
            unmounted: Vec::new(),
        }
    }

    /// A part of a root, complete below `covers`.
    #[must_use]
    pub const fn partial(covers: Vec<PathBuf>) -> Self {
        Self {
            kind: TreeKind::Partial,
            covers,
            owners: false,
            unmounted: Vec::new(),
        }
    }

    /// Whether something missing at `path` is missing on the host, or why not.
    pub fn covers(&self, path: &Path) -> Result<(), Why> {
        match self.kind {
            TreeKind::Live => Ok(()),
            TreeKind::Full => {
                if RUNTIME.iter().any(|dir| path.starts_with(dir)) {
                    return Err(Why::NoRuntime);
                }
                match self.unmounted.iter().find(|dir| path.starts_with(dir)) {
                    Some(dir) => Err(Why::OtherFileSystem(dir.clone())),
                    None => Ok(()),
                }
            }
            TreeKind::Partial => {
                if self.covers.iter().any(|dir| path.starts_with(dir)) {
                    Ok(())
                } else {
                    Err(Why::partial(path))
                }
            }
        }
    }
}

/// Anything of this makes a tree a whole root, damaged or not.
const STRONG_SIGNS: [&str; 11] = [
    "/var/lib/dpkg/status",
    "/var/lib/rpm",
    "/usr/lib/sysimage/rpm",
    "/lib/apk/db/installed",
    "/usr/lib/apk/db/installed",
    "/var/lib/pacman/local",
    "/var/db/pkg",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/inittab",
    "/etc/os-release",
];

/// A tree that could be either; the user must say.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ambiguous {
    /// Parts of a root, but nothing that says whether it is a whole one.
    #[error("this could be a damaged root or a part of one: say --tree full or --tree partial")]
    Either,
    /// Nothing at all that this program reads.
    #[error("nothing here to examine")]
    Empty,
}

/// The strong signs of a whole root that `source` shows.
pub fn strong_signs(source: &dyn Source) -> Vec<&'static str> {
    let present = |sign: &&str| match source.lstat(Path::new(sign)) {
        Ok(_) | Err(ReadError::Denied | ReadError::Io(_) | ReadError::Deadline) => true,
        Err(
            ReadError::NotFound
            | ReadError::NotDir
            | ReadError::Limit(_)
            | ReadError::WillBeMade(_)
            | ReadError::Template(_)
            | ReadError::NotRecorded
            | ReadError::NotRegular(_),
        ) => false,
    };
    STRONG_SIGNS.into_iter().filter(present).collect()
}

/// Whether a tree was unpacked rather than checked out, wherever it lies: git keeps
/// no empty directories, and every root has these to mount the kernel's trees on.
pub fn is_unpacked(source: &dyn Source) -> bool {
    let is_dir = |path: &&str| {
        let meta = source.lstat(Path::new(path));
        meta.is_ok_and(|meta| meta.kind == FileKind::Dir)
    };
    ["/proc", "/sys", "/dev"].iter().all(is_dir) && !strong_signs(source).is_empty()
}

/// Whether an offline tree is a whole root or a part of one.
///
/// `in_checkout`: its files are kept in git.
///
/// # Errors
/// [`Ambiguous`] where only the user can tell.
pub fn detect_kind(source: &dyn Source, in_checkout: bool) -> Result<TreeKind, Ambiguous> {
    let has = |path: &str| source.lstat(Path::new(path)).is_ok();
    if in_checkout {
        let top = source.list(Path::new("/"), 10_000);
        let anything = top.is_ok_and(|names| names.iter().any(|name| name != ".git"));
        return if anything {
            Ok(TreeKind::Partial)
        } else {
            Err(Ambiguous::Empty)
        };
    }
    if !strong_signs(source).is_empty() {
        return Ok(TreeKind::Full);
    }
    let rest = ["/bin", "/sbin", "/usr", "/lib", "/boot", "/proc", "/dev"];
    if rest.iter().any(|dir| has(dir)) {
        return Err(Ambiguous::Either);
    }
    if has("/etc") || has("/var") {
        return Ok(TreeKind::Partial);
    }
    Err(Ambiguous::Empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::MemSource;

    fn tree(paths: &[&str]) -> MemSource {
        let mut source = MemSource::new();
        for path in paths {
            source.file(path, "x");
        }
        source
    }

    #[test]
    fn a_damaged_root_stays_a_root() {
        let kind = |paths: &[&str]| detect_kind(&tree(paths), false);
        assert_eq!(kind(&["/etc/passwd"]), Ok(TreeKind::Full));
        assert_eq!(kind(&["/var/lib/dpkg/status"]), Ok(TreeKind::Full));
        assert_eq!(kind(&["/etc/inittab", "/bin/sh"]), Ok(TreeKind::Full));
        assert_eq!(kind(&["/var/db/pkg/a/b"]), Ok(TreeKind::Full));
    }

    #[test]
    fn configuration_alone_is_partial_and_a_checkout_always_is() {
        let cron = tree(&["/etc/cron.d/x"]);
        assert_eq!(detect_kind(&cron, false), Ok(TreeKind::Partial));
        let root = tree(&["/etc/passwd", "/var/lib/dpkg/status"]);
        assert_eq!(detect_kind(&root, true), Ok(TreeKind::Partial));
    }

    #[test]
    fn a_root_unpacked_in_a_checkout_is_none() {
        let mut root = tree(&["/etc/passwd", "/var/lib/dpkg/status"]);
        root.dir("/proc").dir("/sys");
        assert!(!is_unpacked(&root));
        root.dir("/dev");
        assert!(is_unpacked(&root));
        let mut bare = tree(&["/etc/hosts"]);
        bare.dir("/proc").dir("/sys").dir("/dev");
        assert!(!is_unpacked(&bare));
    }

    #[test]
    fn what_could_be_either_is_asked_and_nothing_is_nothing() {
        assert_eq!(
            detect_kind(&tree(&["/usr/bin/x", "/etc/hosts"]), false),
            Err(Ambiguous::Either)
        );
        assert_eq!(
            detect_kind(&tree(&["/README"]), false),
            Err(Ambiguous::Empty)
        );
        assert_eq!(detect_kind(&tree(&[]), true), Err(Ambiguous::Empty));
    }

    #[test]
    fn an_offline_root_does_not_answer_for_runtime_directories() {
        let full = Coverage::full(true);
        assert_eq!(full.covers(Path::new("/run/x")), Err(Why::NoRuntime));
        assert_eq!(full.covers(Path::new("/etc/x")), Ok(()));
        assert_eq!(Coverage::live().covers(Path::new("/run/x")), Ok(()));
    }

    #[test]
    fn a_partial_tree_answers_only_below_what_it_covers() {
        let partial = Coverage::partial(vec!["/etc/cron.d".into()]);
        assert_eq!(partial.covers(Path::new("/etc/cron.d/x")), Ok(()));
        assert!(partial.covers(Path::new("/etc/cron.daily")).is_err());
    }
}
