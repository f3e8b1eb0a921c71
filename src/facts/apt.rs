//! The configuration of apt: the files of /etc/apt/apt.conf.d in the order of their
//! names, then /etc/apt/apt.conf (apt 2.6.1 `apt-pkg/init.cc`, `pkgInitConfig`).

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fact::{Fact, Listing};
use crate::parse::apt_conf::{self, Config, Included, Refusal};
use crate::source::{FileKind, Tree};
use crate::text::File;

/// What apt is told.
#[derive(Clone, Debug)]
pub struct Apt {
    /// The options, without apt's own defaults.
    pub config: Config,
    /// The first file that apt refuses: then it does nothing at all.
    pub refusal: Option<Refusal>,
    /// What could not be read.
    pub open: Listing<Arc<File>>,
}

/// Reads the configuration of apt.
#[must_use]
pub fn read(tree: &Tree) -> Apt {
    let mut files = parts(tree, Path::new("/etc/apt/apt.conf.d"));
    let main = Path::new("/etc/apt/apt.conf");
    if is_file(tree, main) {
        files.push(tree.read(main));
    }
    let mut config = Config::new();
    let mut refusal = None;
    let mut include = |name: &[u8]| included(tree, name);
    for file in &files.items {
        let refused = apt_conf::read(&mut config, file, &mut include).err();
        refusal = refusal.or(refused);
    }
    files.items.clear();
    Apt {
        config,
        refusal,
        open: files,
    }
}

fn is_file(tree: &Tree, path: &Path) -> bool {
    match tree.resolve(path) {
        Fact::Known(found) => found.meta.kind == FileKind::File,
        Fact::Unknown(_) => true,
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => false,
    }
}

/// The files of a directory that apt reads.
fn parts(tree: &Tree, dir: &Path) -> Listing<Arc<File>> {
    let mut out = Listing::new();
    for path in out.take_gaps(tree.entries(dir)) {
        let name = path.file_name().map_or(&[][..], |name| name.as_bytes());
        if apt_conf::is_read(name) && is_file(tree, &path) {
            out.push(tree.read(&path));
        }
    }
    out
}

fn included(tree: &Tree, name: &[u8]) -> Included {
    // A service runs in the root directory.
    let path: PathBuf = Path::new("/").join(std::ffi::OsStr::from_bytes(name));
    if name.len() > 2 && name.ends_with(b"/") {
        if matches!(tree.resolve(&path), Fact::Absent(_)) {
            return Included::Missing;
        }
        let files = parts(tree, &path);
        return match files.complete() {
            Ok(()) => Included::Files(files.items),
            Err(_) => Included::Unread,
        };
    }
    match tree.read(&path) {
        Fact::Known(file) => Included::Files(vec![file]),
        Fact::Absent(_) | Fact::Broken(_) => Included::Missing,
        Fact::Unknown(_) | Fact::NotCovered(_) => Included::Unread,
    }
}
