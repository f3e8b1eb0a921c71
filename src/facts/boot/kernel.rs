//! The kernel that starts, its modules and its configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::loaders::Start;
use super::unified;
use crate::fact::{Doubt, Fact, Looked, Unknown, Why};
use crate::facts::Host;
use crate::parse::kernel_image::{KernelImage, Release};
use crate::source::{FileKind, Tree};
use crate::text::escape;

/// The kernel of the entry that starts.
#[derive(Debug)]
pub struct Kernel {
    /// The file.
    pub path: PathBuf,
    /// Its length, bytes.
    pub len: u64,
    /// What it says of itself.
    pub image: KernelImage,
    /// What `uname -r` will say, where the image tells it or the system runs it.
    pub release: Option<Vec<u8>>,
}

/// The kernel that `start` leads to; absent where its file is.
pub(super) fn read(host: &Host, start: &Start) -> Fact<Kernel> {
    let located = match start {
        Start::NotCovered(why) => return Fact::NotCovered(why.clone()),
        Start::Unknown(unknown) | Start::Unmodelled(unknown) => {
            return Fact::Unknown(unknown.clone());
        }
        Start::NoConfig { config, .. } => return Fact::Absent(Looked::at(config)),
        Start::Loader(_) | Start::Outside(_) => start.entry().and_then(|e| e.kernel.as_ref()),
    };
    let Some(located) = located else {
        return match start {
            Start::Outside(_) => Fact::NotCovered(Why::KernelOutside),
            _ => Fact::Absent(Looked::at("/boot")),
        };
    };
    let tree = host.tree();
    let found = match &located.found {
        Fact::Known(found) => found,
        Fact::Absent(looked) => return Fact::Absent(looked.clone()),
        Fact::Broken(fault) => return Fact::Broken(fault.clone()),
        Fact::Unknown(unknown) => return Fact::Unknown(unknown.clone()),
        Fact::NotCovered(why) => return Fact::NotCovered(why.clone()),
    };
    tree.open(&found.path).and_then(|file| {
        unified::image(&file).map(|image| Kernel {
            path: located.path.clone(),
            len: file.len(),
            release: match &image.release {
                Release::Known(release) => Some(release.clone()),
                Release::NotFound => None,
            },
            image,
        })
    })
}

/// The modules of one kernel.
#[derive(Debug)]
pub struct Modules {
    /// Their directory, links followed.
    pub dir: PathBuf,
    /// The index modprobe reads: `modules.dep.bin`, else `modules.dep`.
    pub index: Index,
    /// Names of the modules that are files, `-` written as `_`; empty without an index.
    pub loadable: BTreeSet<Vec<u8>>,
    /// Names of the modules inside the kernel; `None` where nothing tells them.
    pub builtin: Option<BTreeSet<Vec<u8>>>,
    /// Whether there are module files at all.
    pub has_files: bool,
}

/// The state of a directory's index (modprobe(8), kmod 30: the text file is only read
/// where the binary one is not there).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// There.
    Present,
    /// Neither form is there, or both are empty.
    Missing,
}

/// The modules of the kernel with this release.
pub(super) fn modules(tree: &Tree, release: &[u8]) -> Fact<Modules> {
    if release.is_empty() || release.contains(&b'/') || release.contains(&0) {
        return Fact::Absent(Looked::at("/lib/modules"));
    }
    let name = OsStr::from_bytes(release);
    let dirs = ["/lib/modules", "/usr/lib/modules"].map(|dir| Path::new(dir).join(name));
    let mut absent: Option<Looked> = None;
    for dir in &dirs {
        match tree.resolve(dir) {
            Fact::Known(found) if found.meta.kind == FileKind::Dir => {
                return directory(tree, &found.path);
            }
            Fact::Known(_) => {}
            Fact::Absent(looked) => {
                absent = Some(match absent {
                    Some(mut all) => {
                        all.paths.extend(looked.paths);
                        all
                    }
                    None => looked,
                });
            }
            Fact::Broken(fault) => return Fact::Broken(fault),
            Fact::Unknown(unknown) => return Fact::Unknown(unknown),
            Fact::NotCovered(why) => return Fact::NotCovered(why),
        }
    }
    Fact::Absent(absent.unwrap_or_else(|| Looked::at(&dirs[0])))
}

fn directory(tree: &Tree, dir: &Path) -> Fact<Modules> {
    let length = |name: &str| match tree.resolve(&dir.join(name)) {
        Fact::Known(found) => Fact::Known(found.meta.len),
        other => other.map(|found| found.meta.len),
    };
    let text = match tree.read(&dir.join("modules.dep")) {
        Fact::Known(file) => Some(file),
        Fact::Unknown(unknown) => return Fact::Unknown(unknown),
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => None,
    };
    let binary = match length("modules.dep.bin") {
        Fact::Known(len) => len > 0,
        Fact::Unknown(unknown) => return Fact::Unknown(unknown),
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => false,
    };
    let loadable: BTreeSet<Vec<u8>> = text.as_ref().map_or_else(BTreeSet::new, |file| {
        let lines = file.bytes().split(|b| *b == b'\n');
        let paths = lines.filter_map(|line| line.split(|b| *b == b':').next());
        paths.filter_map(module_name).collect()
    });
    let has_text = text.is_some_and(|file| !file.bytes().is_empty());
    let builtin = match tree.read(&dir.join("modules.builtin")) {
        Fact::Known(file) => {
            let lines = file.bytes().split(|b| *b == b'\n');
            Some(lines.filter_map(module_name).collect())
        }
        Fact::Unknown(unknown) => return Fact::Unknown(unknown),
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => None,
    };
    let files = ["kernel", "updates", "extra", "misc"]
        .iter()
        .any(|name| matches!(tree.list(&dir.join(name)), Fact::Known(names) if !names.is_empty()));
    Fact::Known(Modules {
        dir: dir.to_path_buf(),
        index: if binary || has_text {
            Index::Present
        } else {
            Index::Missing
        },
        loadable,
        builtin,
        has_files: files,
    })
}

/// The name of a module by its path: without directories and `.ko` and what may
/// follow, `-` as `_`.
#[must_use]
pub fn module_name(path: &[u8]) -> Option<Vec<u8>> {
    let file = path.rsplit(|b| *b == b'/').next()?;
    let suffixes: [&[u8]; 4] = [b".ko", b".ko.gz", b".ko.xz", b".ko.zst"];
    let stem = suffixes
        .iter()
        .find_map(|suffix| file.strip_suffix(*suffix))?;
    Some(fold(stem))
}

/// A module's name with `-` as `_`: the kernel and modprobe take both for the same.
#[must_use]
pub fn fold(name: &[u8]) -> Vec<u8> {
    let underscore = |b: &u8| if *b == b'-' { b'_' } else { *b };
    name.iter().map(underscore).collect()
}

impl Modules {
    /// Whether the kernel has this module inside.
    #[must_use]
    pub fn is_builtin(&self, name: &str) -> bool {
        let name = fold(name.as_bytes());
        self.builtin.as_ref().is_some_and(|all| all.contains(&name))
    }
}

/// The options a kernel was built with, by name without `CONFIG_`.
#[derive(Debug)]
pub struct Config {
    /// The file.
    pub path: PathBuf,
    options: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Config {
    /// The value of an option; `None` where it is not set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.options.get(name.as_bytes()).map(Vec::as_slice)
    }

    /// Whether an option is built in.
    #[must_use]
    pub fn is_builtin(&self, name: &str) -> bool {
        self.get(name) == Some(b"y")
    }

    /// Whether an option is built in or a module.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        matches!(self.get(name), Some(b"y" | b"m"))
    }
}

/// Longest configuration that is believed, options.
const OPTIONS: usize = 50_000;

/// The options of the kernel with this release.
pub(super) fn config(tree: &Tree, release: &[u8]) -> Fact<Config> {
    let name = String::from_utf8_lossy(release).into_owned();
    let places = [
        format!("/boot/config-{name}"),
        format!("/lib/modules/{name}/config"),
        format!("/usr/lib/modules/{name}/config"),
        format!("/lib/modules/{name}/build/.config"),
    ];
    let mut looked = Looked {
        paths: Vec::new(),
        notes: Vec::new(),
    };
    for place in &places {
        match tree.read(Path::new(place)) {
            Fact::Known(file) => {
                let options = options(file.bytes());
                let path = PathBuf::from(place);
                // A file that holds no option at all is none.
                if options.len() < 10 {
                    let doubt = Doubt::CannotModel("no kernel configuration".into());
                    return Fact::Unknown(Unknown::new(path, doubt));
                }
                return Fact::Known(Config { path, options });
            }
            Fact::Absent(more) => looked.paths.extend(more.paths),
            Fact::Broken(fault) => return Fact::Broken(fault),
            Fact::Unknown(unknown) => return Fact::Unknown(unknown),
            Fact::NotCovered(why) => return Fact::NotCovered(why),
        }
    }
    Fact::Absent(looked)
}

fn options(bytes: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let lines = bytes.split(|b| *b == b'\n');
    let set = lines.filter_map(|line| {
        let rest = line.strip_prefix(b"CONFIG_")?;
        let equals = rest.iter().position(|b| *b == b'=')?;
        let (name, value) = rest.split_at(equals);
        Some((name.to_vec(), value.get(1..).unwrap_or(&[]).to_vec()))
    });
    set.take(OPTIONS).collect()
}

impl Kernel {
    /// The release for people; the file's name where the image does not tell it.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.release {
            Some(release) => escape(release),
            None => crate::text::escape_path(&self.path),
        }
    }
}
