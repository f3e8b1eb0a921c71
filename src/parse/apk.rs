//! apk's `lib/apk/db/installed` (apk-tools 2.14 `src/database.c`, `apk_db_index_read`):
//! a line for each field, a letter, a colon and the value; an empty line ends a package.
//! apk 3 writes the same.

use std::sync::Arc;

use crate::text::{File, Place};

/// An installed package.
#[derive(Clone, Debug)]
pub struct Package {
    /// `P:`.
    pub name: String,
    /// `V:`.
    pub version: String,
    /// `A:`.
    pub architecture: String,
    /// `f:` flags of what went wrong: its files (`f`), its scripts (`s`), its extended
    /// attributes (`x`), its checksum (`S`).
    pub broken: String,
    /// `o:` the source package.
    pub origin: String,
    /// Its `P:` line.
    pub place: Place,
    /// Its files, `F:` and `R:`, absolute.
    pub files: Vec<Vec<u8>>,
}

/// The packages, in file order. Unknown fields are passed over, as apk passes over
/// those in lower case.
#[must_use]
pub fn parse(file: &Arc<File>) -> Vec<Package> {
    let mut packages: Vec<Package> = Vec::new();
    let mut open = false;
    let mut dir: Vec<u8> = Vec::new();
    for (span, line) in file.lines() {
        if line.is_empty() {
            open = false;
            continue;
        }
        let (Some(letter), Some(b':')) = (line.first(), line.get(1)) else {
            continue;
        };
        let value = line.get(2..).unwrap_or(&[]);
        let text = || String::from_utf8_lossy(value).into_owned();
        if !open {
            open = true;
            dir.clear();
            packages.push(Package {
                name: String::new(),
                version: String::new(),
                architecture: String::new(),
                broken: String::new(),
                origin: String::new(),
                place: file.place(span),
                files: Vec::new(),
            });
        }
        let Some(package) = packages.last_mut() else {
            continue;
        };
        match letter {
            b'P' => {
                package.name = text();
                package.place = file.place(span);
            }
            b'V' => package.version = text(),
            b'A' => package.architecture = text(),
            b'o' => package.origin = text(),
            b'f' => package.broken = text(),
            b'F' => {
                dir.clear();
                dir.push(b'/');
                dir.extend_from_slice(value);
            }
            b'R' => {
                let mut path = dir.clone();
                if path.last() != Some(&b'/') {
                    path.push(b'/');
                }
                path.extend_from_slice(value);
                package.files.push(path);
            }
            _ => {}
        }
    }
    packages.retain(|package| !package.name.is_empty());
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_their_files_are_read() {
        let text = "C:Q1x\nP:busybox\nV:1.36.1-r5\nA:x86_64\no:busybox\nF:bin\nR:busybox\n\
            a:0:0:755\nF:\nR:top\n\nP:openrc\nV:0.52-r1\nf:s\n";
        let packages = parse(&File::new("/lib/apk/db/installed", text));
        assert_eq!(packages.len(), 2);
        assert_eq!(
            packages[0].files,
            [b"/bin/busybox".to_vec(), b"/top".to_vec()]
        );
        assert_eq!(packages[1].broken, "s");
        assert_eq!(packages[1].place.start().line, 12);
    }
}
