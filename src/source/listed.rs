//! A part of a root, each directory of which is read once.
//!
//! Nearly all that is asked of a part of a root is about paths that are not there. The
//! names of a directory answer that for everything below it, so that thousands of small
//! trees cost little more than reading what they hold. Whatever a list of names does not
//! settle is asked of the files themselves: what is there, what cannot be read, and what
//! lies in a directory of very many entries.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::dir::{DirSource, Named};
use super::template::{by_content, by_name, refusal};
use super::{Blob, FileKind, Meta, ReadError, Source, Usage};

/// Directories with more entries are not kept.
const MOST_ENTRIES: usize = 4096;

/// Deeper directories are not kept; no program's configuration lies so deep.
const DEEPEST: usize = 16;

/// A tree below a directory of this machine, each directory of which is read once.
///
/// It shows each directory as it was when something in it was first asked for.
pub struct ListedSource {
    files: DirSource,
    /// Whether templates are shown as the files that they become.
    templates: bool,
    top: Level,
}

/// What is known of a directory: nothing yet, or that it is not kept, or its entries.
type Level = OnceLock<Option<Box<Directory>>>;

/// A directory that was read, sorted by name.
struct Directory {
    entries: Vec<Entry>,
}

struct Entry {
    /// The name that is shown.
    name: OsString,
    /// Of a template its own name, and whose it is.
    template: Option<(OsString, &'static str)>,
    meta: Meta,
    below: Level,
}

/// What the lists say of a path.
enum Place<'a> {
    /// The entry that stands there.
    There(&'a Entry),
    /// Nothing does.
    Nothing,
    /// They do not tell.
    Ask,
}

impl ListedSource {
    /// The tree of `files`.
    #[must_use]
    pub fn new(files: DirSource) -> Self {
        Self {
            files,
            templates: false,
            top: Level::new(),
        }
    }

    /// The same, each template shown as the file that it becomes, whose content is not
    /// known.
    #[must_use]
    pub fn with_templates(self) -> Self {
        Self {
            files: self.files,
            templates: true,
            top: Level::new(),
        }
    }

    /// The files themselves.
    #[must_use]
    pub const fn files(&self) -> &DirSource {
        &self.files
    }

    /// The tree without what was read of it.
    #[must_use]
    pub fn into_files(self) -> DirSource {
        self.files
    }

    /// The directory at a physical path, `level` being what is known of it.
    fn directory<'a>(&self, path: &Path, level: &'a Level) -> Option<&'a Directory> {
        let read = || {
            let named = self.files.names(path, MOST_ENTRIES)?;
            let mut entries: Vec<Entry> = Vec::with_capacity(named.len());
            for Named { name, meta } in named {
                let template = by_name(name.as_bytes()).filter(|_| {
                    self.templates && matches!(meta.kind, FileKind::File | FileKind::Link)
                });
                let (name, template) = match template {
                    Some((stem, engine)) => {
                        (OsStr::from_bytes(stem).to_owned(), Some((name, engine)))
                    }
                    None => (name, None),
                };
                entries.push(Entry {
                    name,
                    template,
                    meta,
                    below: Level::new(),
                });
            }
            // The file itself goes before a template of it.
            let by_name = |a: &Entry, b: &Entry| {
                let names = a.name.as_bytes().cmp(b.name.as_bytes());
                names.then(a.template.is_some().cmp(&b.template.is_some()))
            };
            if entries.iter().any(|entry| entry.template.is_some()) {
                entries.sort_by(by_name);
                entries.dedup_by(|later, first| later.name == first.name);
            }
            Some(Box::new(Directory { entries }))
        };
        level.get_or_init(read).as_deref()
    }

    /// The entry at a physical path that is not the root.
    fn find(&self, path: &Path) -> Place<'_> {
        let bytes = path.as_os_str().as_bytes();
        if bytes.first() != Some(&b'/') {
            return Place::Ask;
        }
        let mut level = &self.top;
        // Where the name begins that is looked for.
        let mut from = 1;
        for _ in 0..DEEPEST {
            let rest = bytes.get(from..).unwrap_or(&[]);
            let end = memchr::memchr(b'/', rest);
            let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest);
            if matches!(name, b"" | b"." | b"..") {
                break;
            }
            let above = bytes.get(..from.max(2) - 1).unwrap_or(bytes);
            let Some(directory) = self.directory(Path::new(OsStr::from_bytes(above)), level) else {
                break;
            };
            let Some(entry) = directory.entry(name) else {
                return Place::Nothing;
            };
            let Some(end) = end else {
                return Place::There(entry);
            };
            if entry.meta.kind != FileKind::Dir {
                break;
            }
            from += end + 1;
            level = &entry.below;
        }
        Place::Ask
    }

    /// The directory at a physical path, where it is kept.
    fn listed(&self, path: &Path) -> Result<Option<&Directory>, ReadError> {
        if path == Path::new("/") {
            return Ok(self.directory(path, &self.top));
        }
        match self.find(path) {
            Place::There(entry) if entry.meta.kind == FileKind::Dir => {
                Ok(self.directory(path, &entry.below))
            }
            Place::Nothing => Err(ReadError::NotFound),
            Place::There(_) | Place::Ask => Ok(None),
        }
    }

    /// Where the file that is shown at `path` may be read.
    fn expect(&self, path: &Path) -> Result<(), ReadError> {
        match self.find(path) {
            Place::Nothing => Err(ReadError::NotFound),
            Place::There(Entry {
                template: Some((_, engine)),
                ..
            }) => Err(refusal(engine)),
            Place::There(_) | Place::Ask => Ok(()),
        }
    }

    /// What was read, unless it is a template.
    fn plain(&self, bytes: Vec<u8>) -> Result<Vec<u8>, ReadError> {
        match by_content(&bytes).filter(|_| self.templates) {
            Some(engine) => Err(refusal(engine)),
            None => Ok(bytes),
        }
    }
}

impl Directory {
    fn entry(&self, name: &[u8]) -> Option<&Entry> {
        let by_name = |entry: &Entry| entry.name.as_bytes().cmp(name);
        let at = self.entries.binary_search_by(by_name).ok()?;
        self.entries.get(at)
    }
}

impl Source for ListedSource {
    fn lstat(&self, path: &Path) -> Result<Meta, ReadError> {
        match self.find(path) {
            Place::There(entry) => Ok(entry.meta),
            Place::Nothing => Err(ReadError::NotFound),
            Place::Ask => self.files.lstat(path),
        }
    }

    fn at_once(&self, path: &Path) -> Option<Result<Meta, ReadError>> {
        match self.find(path) {
            Place::There(entry) => Some(Ok(entry.meta)),
            Place::Nothing => Some(Err(ReadError::NotFound)),
            Place::Ask => None,
        }
    }

    fn origin(&self, path: &Path) -> Option<PathBuf> {
        match self.find(path) {
            Place::There(Entry {
                template: Some((name, _)),
                ..
            }) => Some(self.files.on_machine(&path.with_file_name(name))),
            Place::There(_) | Place::Nothing | Place::Ask => None,
        }
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ReadError> {
        self.expect(path)?;
        self.files.read_link(path)
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        self.expect(path)?;
        let read = match self.find(path) {
            Place::There(entry) if entry.meta.kind == FileKind::File => {
                let read = self.files.read_known(path, limit);
                // What it is now, if it is no file any more.
                read.or_else(|_| self.files.read(path, limit))
            }
            Place::There(_) | Place::Nothing | Place::Ask => self.files.read(path, limit),
        };
        self.plain(read?)
    }

    fn read_head(&self, path: &Path, len: u64) -> Result<Vec<u8>, ReadError> {
        self.expect(path)?;
        self.plain(self.files.read_head(path, len)?)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Blob>, ReadError> {
        self.expect(path)?;
        self.files.open(path)
    }

    fn list(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
        let Some(directory) = self.listed(path)? else {
            return self.files.list(path, limit);
        };
        if directory.entries.len() > limit {
            return Err(ReadError::Limit(format!("more than {limit} entries")));
        }
        let names = directory.entries.iter().map(|entry| entry.name.clone());
        Ok(names.collect())
    }

    fn usage(&self, path: &Path) -> Result<Usage, ReadError> {
        self.files.usage(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Deadline;
    use std::os::unix::fs::symlink;

    /// A part of a root with one of each kind, and a directory that is not kept.
    fn sample() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::create_dir_all(root.join("etc/sub/empty")).unwrap();
        std::fs::create_dir_all(root.join("etc/many")).unwrap();
        std::fs::write(root.join("etc/a"), b"content").unwrap();
        std::fs::write(root.join("etc/sub/b"), b"b").unwrap();
        for number in 0..=MOST_ENTRIES {
            std::fs::write(root.join(format!("etc/many/{number}")), b"").unwrap();
        }
        symlink("a", root.join("etc/link")).unwrap();
        symlink("/etc", root.join("dirlink")).unwrap();
        symlink("nowhere", root.join("etc/dangling")).unwrap();
        let fifo = std::process::Command::new("mkfifo")
            .arg(root.join("etc/fifo"))
            .status();
        assert!(fifo.unwrap().success());
        dir
    }

    fn files(dir: &tempfile::TempDir) -> DirSource {
        DirSource::open(dir.path(), None, Deadline::none()).unwrap()
    }

    const PATHS: [&str; 22] = [
        "/",
        "/etc",
        "/etc/",
        "//etc/a",
        "/etc/./a",
        "/etc/a",
        "/etc/a/x",
        "/etc/b",
        "/etc/sub",
        "/etc/sub/b",
        "/etc/sub/empty",
        "/etc/sub/empty/x",
        "/etc/sub/../a",
        "/etc/link",
        "/etc/link/x",
        "/etc/dangling",
        "/etc/fifo",
        "/etc/many/7",
        "/etc/many/no",
        "/dirlink/a",
        "/no/such/path",
        "etc/a",
    ];

    #[test]
    fn it_says_of_every_path_what_the_files_say() {
        let dir = sample();
        let (files, listed) = (files(&dir), ListedSource::new(files(&dir)));
        for path in PATHS.map(Path::new) {
            assert_eq!(listed.lstat(path), files.lstat(path), "{}", path.display());
            assert_eq!(
                listed.read_link(path),
                files.read_link(path),
                "{}",
                path.display()
            );
            for limit in [3, 100] {
                assert_eq!(listed.read(path, limit), files.read(path, limit));
                assert_eq!(listed.read_head(path, limit), files.read_head(path, limit));
            }
            for limit in [1, 1000] {
                assert_eq!(
                    listed.list(path, limit),
                    files.list(path, limit),
                    "{}",
                    path.display()
                );
            }
            let open = |source: &dyn Source| source.open(path).map(|blob| blob.len());
            assert_eq!(open(&listed), open(&files), "{}", path.display());
            if let Some(at_once) = listed.at_once(path) {
                assert_eq!(at_once, files.lstat(path), "{}", path.display());
            }
        }
    }

    #[test]
    fn a_template_stands_where_its_file_will_and_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("etc/sub.j2")).unwrap();
        for (name, text) in [
            ("vrrp.conf.j2", "priority 7\n"),
            ("ntp.conf.erb", "server <%= @server %>\n"),
            ("both", "x\n"),
            ("both.j2", "y\n"),
            ("filled", "priority {{ priority }}\n"),
        ] {
            std::fs::write(dir.path().join("etc").join(name), text).unwrap();
        }
        let listed = ListedSource::new(files(&dir)).with_templates();
        let names = listed.list(Path::new("/etc"), 10).unwrap();
        assert_eq!(names, ["both", "filled", "ntp.conf", "sub.j2", "vrrp.conf"]);
        let read = |path: &str| listed.read(Path::new(path), 100);
        assert_eq!(read("/etc/both"), Ok(b"x\n".to_vec()));
        for (path, engine) in [
            ("/etc/vrrp.conf", "Jinja2"),
            ("/etc/ntp.conf", "ERB"),
            ("/etc/filled", "Jinja2"),
        ] {
            let refused = Err(ReadError::Template(engine.to_owned()));
            assert_eq!(read(path), refused, "{path}");
            assert_eq!(listed.read_head(Path::new(path), 50), refused, "{path}");
            let meta = listed.lstat(Path::new(path)).unwrap();
            assert_eq!(meta.kind, FileKind::File, "{path}");
        }
        assert_eq!(read("/etc/vrrp.conf.j2"), Err(ReadError::NotFound));
        let origin = |path: &str| listed.origin(Path::new(path));
        let real = dir.path().canonicalize().unwrap();
        assert_eq!(
            origin("/etc/vrrp.conf"),
            Some(real.join("etc/vrrp.conf.j2"))
        );
        assert_eq!(origin("/etc/both"), None);
        // To the rest of the world they are files like any other.
        let plain = ListedSource::new(files(&dir));
        assert!(plain.read(Path::new("/etc/vrrp.conf.j2"), 100).is_ok());
        assert!(plain.read(Path::new("/etc/filled"), 100).is_ok());
    }

    #[test]
    fn what_lies_behind_a_link_is_not_known_at_once() {
        let dir = sample();
        let listed = ListedSource::new(files(&dir));
        for path in ["/dirlink/a", "/etc/link/x", "/etc/a/x", "/etc/sub/../a"] {
            assert_eq!(listed.at_once(Path::new(path)), None, "{path}");
        }
        let absent = listed.at_once(Path::new("/no/such/path"));
        assert_eq!(absent, Some(Err(ReadError::NotFound)));
    }

    #[test]
    fn a_file_that_was_a_file_and_is_a_fifo_now_is_not_read() {
        let dir = sample();
        let listed = ListedSource::new(files(&dir));
        assert!(listed.lstat(Path::new("/etc/a")).is_ok());
        std::fs::remove_file(dir.path().join("etc/a")).unwrap();
        std::fs::rename(dir.path().join("etc/fifo"), dir.path().join("etc/a")).unwrap();
        let read = listed.read(Path::new("/etc/a"), 100);
        assert_eq!(read, Err(ReadError::NotRegular(FileKind::Fifo)));
        std::fs::remove_file(dir.path().join("etc/sub/b")).unwrap();
        symlink("/etc/passwd", dir.path().join("etc/sub/b")).unwrap();
        let read = listed.read(Path::new("/etc/sub/b"), 1 << 20);
        assert_eq!(read, Err(ReadError::NotRegular(FileKind::Link)));
        std::fs::rename(dir.path().join("etc/sub"), dir.path().join("moved")).unwrap();
        symlink("../moved", dir.path().join("etc/sub")).unwrap();
        assert!(listed.read(Path::new("/etc/sub/b"), 100).is_err());
    }
}
