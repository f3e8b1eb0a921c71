//! One tree made of several, each laid over those before it, as a repository lays the
//! files of a host over those of its roles.
//!
//! Directories of one path are one directory; anything else hides what lies below it in
//! the layers under it, as with overlayfs
//! (Linux Documentation/filesystems/overlayfs.rst, "Upper and Lower").

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::{Blob, FileKind, Meta, ReadError, Source};

/// One of the trees.
pub struct Layer {
    /// The tree.
    pub source: Box<dyn Source>,
    /// Where its top stands on the host.
    pub at: PathBuf,
    /// Its directory on this machine, where it has one.
    pub dir: Option<PathBuf>,
}

/// Trees laid over each other.
pub struct LayeredSource {
    /// The first one is the uppermost.
    layers: Vec<Layer>,
}

/// What stands at a path: the uppermost layer that has it, and of a directory every layer
/// whose directory it is.
struct Standing<'a> {
    meta: Meta,
    layers: Vec<&'a Layer>,
}

impl Layer {
    /// The path inside this layer; `None` where it has nothing there, and an empty path
    /// where it only begins below.
    fn inside(&self, path: &Path) -> Option<PathBuf> {
        match path.strip_prefix(&self.at) {
            Ok(below) => Some(Path::new("/").join(below)),
            Err(_) => self.at.starts_with(path).then(PathBuf::new),
        }
    }

    fn lstat(&self, path: &Path) -> Result<Meta, ReadError> {
        match self.inside(path) {
            // A directory that is there for what it leads to.
            Some(inside) if inside.as_os_str().is_empty() => self.source.lstat(Path::new("/")),
            Some(inside) => self.source.lstat(&inside),
            None => Err(ReadError::NotFound),
        }
    }

    fn list(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
        match self.inside(path) {
            Some(inside) if inside.as_os_str().is_empty() => {
                let below = self
                    .at
                    .strip_prefix(path)
                    .map_err(|_| ReadError::NotFound)?;
                let next = below.components().next();
                Ok(next
                    .map(|part| part.as_os_str().to_owned())
                    .into_iter()
                    .collect())
            }
            Some(inside) => self.source.list(&inside, limit),
            None => Err(ReadError::NotFound),
        }
    }
}

impl LayeredSource {
    /// The layers, each laid over those before it.
    #[must_use]
    pub fn new(layers: Vec<Layer>) -> Self {
        Self {
            layers: layers.into_iter().rev().collect(),
        }
    }

    fn standing(&self, path: &Path) -> Result<Standing<'_>, ReadError> {
        let mut layers: Vec<&Layer> = self.layers.iter().collect();
        let mut at = PathBuf::from("/");
        let mut found = Self::among(&layers, &at)?;
        for component in path.components() {
            match component {
                Component::Normal(name) => at.push(name),
                Component::RootDir | Component::CurDir => continue,
                Component::ParentDir | Component::Prefix(_) => return Err(ReadError::NotFound),
            }
            if found.meta.kind != FileKind::Dir {
                return Err(ReadError::NotDir);
            }
            layers.clone_from(&found.layers);
            found = Self::among(&layers, &at)?;
        }
        Ok(found)
    }

    /// What the layers have at a path whose parent is a directory in each.
    fn among<'a>(layers: &[&'a Layer], path: &Path) -> Result<Standing<'a>, ReadError> {
        let mut found: Option<Standing<'a>> = None;
        for layer in layers {
            let meta = match layer.lstat(path) {
                Ok(meta) => meta,
                Err(ReadError::NotFound | ReadError::NotDir) => continue,
                // What is in it would lie over, or under, what others have.
                Err(error) => return Err(error),
            };
            match &mut found {
                None => {
                    let layers = vec![*layer];
                    found = Some(Standing { meta, layers });
                }
                Some(standing) if meta.kind == FileKind::Dir => standing.layers.push(layer),
                Some(_) => break,
            }
            if meta.kind != FileKind::Dir {
                break;
            }
        }
        found.ok_or(ReadError::NotFound)
    }

    /// The uppermost layer that has what stands at a path, and the path inside it.
    fn of(&self, path: &Path) -> Result<(&Layer, PathBuf), ReadError> {
        let standing = self.standing(path)?;
        let layer = standing.layers.first().copied();
        let inside = layer.and_then(|layer| Some((layer, layer.inside(path)?)));
        inside.ok_or(ReadError::NotFound)
    }
}

impl Source for LayeredSource {
    fn lstat(&self, path: &Path) -> Result<Meta, ReadError> {
        self.standing(path).map(|standing| standing.meta)
    }

    fn is_laid_out(&self) -> bool {
        true
    }

    fn origin(&self, path: &Path) -> Option<PathBuf> {
        let (layer, inside) = self.of(path).ok()?;
        layer.source.origin(&inside).or_else(|| {
            let below = inside.strip_prefix("/").ok()?;
            Some(layer.dir.as_ref()?.join(below))
        })
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ReadError> {
        let (layer, inside) = self.of(path)?;
        layer.source.read_link(&inside)
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        let (layer, inside) = self.of(path)?;
        layer.source.read(&inside, limit)
    }

    fn read_head(&self, path: &Path, len: u64) -> Result<Vec<u8>, ReadError> {
        let (layer, inside) = self.of(path)?;
        layer.source.read_head(&inside, len)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Blob>, ReadError> {
        let (layer, inside) = self.of(path)?;
        layer.source.open(&inside)
    }

    fn list(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
        let standing = self.standing(path)?;
        if standing.meta.kind != FileKind::Dir {
            return Err(ReadError::NotDir);
        }
        let mut names = BTreeSet::new();
        for layer in standing.layers {
            names.extend(layer.list(path, limit)?);
            if names.len() > limit {
                return Err(ReadError::Limit(format!("more than {limit} entries")));
            }
        }
        Ok(names.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::MemSource;

    fn layer(files: &[(&str, &str)], at: &str) -> Layer {
        let mut source = MemSource::new();
        for (path, text) in files {
            source.file(path, *text);
        }
        Layer {
            source: Box::new(source),
            at: at.into(),
            dir: Some("/repo".into()),
        }
    }

    #[test]
    fn what_is_laid_later_hides_what_was_there_and_directories_are_one() {
        let role = layer(
            &[("/etc/a", "role"), ("/etc/b", "role"), ("/etc/d/x", "role")],
            "/",
        );
        let mut own = MemSource::new();
        own.file("/etc/b", "host")
            .file("/etc/c", "host")
            .link("/etc/d", "c");
        let own = Layer {
            source: Box::new(own),
            at: "/".into(),
            dir: None,
        };
        let source = LayeredSource::new(vec![role, own]);
        let read = |path: &str| source.read(Path::new(path), 10);
        assert_eq!(read("/etc/a"), Ok(b"role".to_vec()));
        assert_eq!(read("/etc/b"), Ok(b"host".to_vec()));
        assert_eq!(read("/etc/c"), Ok(b"host".to_vec()));
        let names = source.list(Path::new("/etc"), 10).unwrap();
        assert_eq!(names, ["a", "b", "c", "d"]);
        assert!(source.list(Path::new("/etc"), 3).is_err());
        // The link hides the directory of the role, and what is in it.
        assert_eq!(
            source.lstat(Path::new("/etc/d")).unwrap().kind,
            FileKind::Link
        );
        assert_eq!(read("/etc/d/x"), Err(ReadError::NotDir));
        assert_eq!(read("/etc/no"), Err(ReadError::NotFound));
        assert_eq!(
            source.origin(Path::new("/etc/a")),
            Some("/repo/etc/a".into())
        );
        assert_eq!(source.origin(Path::new("/etc/c")), None);
    }

    #[test]
    fn a_layer_may_stand_anywhere_on_the_host() {
        let flat = layer(
            &[("/keepalived.conf", "x"), ("/sub/y", "y")],
            "/etc/keepalived",
        );
        let other = layer(&[("/etc/hostname", "lb1")], "/");
        let source = LayeredSource::new(vec![other, flat]);
        assert_eq!(source.list(Path::new("/"), 9).unwrap(), ["etc"]);
        let names = source.list(Path::new("/etc"), 9).unwrap();
        assert_eq!(names, ["hostname", "keepalived"]);
        let path = Path::new("/etc/keepalived/keepalived.conf");
        assert_eq!(source.read(path, 9), Ok(b"x".to_vec()));
        assert_eq!(source.origin(path), Some("/repo/keepalived.conf".into()));
        assert_eq!(source.lstat(Path::new("/etc")).unwrap().kind, FileKind::Dir);
        assert!(source.lstat(Path::new("/usr")).is_err());
        assert!(source.lstat(Path::new("/etc/../etc")).is_err());
    }
}
