//! Package files that are a tar with their description in it: of pacman (libalpm 13
//! `lib/libalpm/be_package.c`), and of apk before its third format (apk-tools 2.14
//! `src/package.c`), which are three of them one after the other.

use std::io::Read;
use std::path::Path;

use super::archive::{
    Compression, Fault, MAX_UNPACKED, Member, Wanted, damaged, members, of_io, unpacked,
};

/// What a package file would put on the disk.
#[derive(Clone, Debug)]
pub struct PackageFile {
    /// `.PKGINFO`: keys and values, in order.
    pub info: Vec<(String, String)>,
    /// What is unpacked.
    pub members: Vec<Member>,
}

/// Longest description, bytes.
const MAX_INFO: u64 = 4 << 20;
/// Where the description stands.
const INFO: &str = "/.PKGINFO";

impl PackageFile {
    /// The first value of a key.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        let found = self.info.iter().find(|(known, _)| known == key)?;
        Some(&found.1)
    }

    /// All values of a key.
    pub fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let same = self.info.iter().filter(move |(known, _)| known == key);
        same.map(|(_, value)| value.as_str())
    }
}

/// Reads a package file to its end, or as far as is wanted.
///
/// # Errors
/// Where it is no package, damaged, hostile or too large.
pub fn read(input: &mut dyn Read, wanted: &Wanted<'_>) -> Result<PackageFile, Fault> {
    let mut head = Vec::new();
    let begun = input.take(6).read_to_end(&mut head);
    begun.map_err(|e| of_io(&e))?;
    // Plain, deflated, and compressed as it says (apk-tools 3.0 `src/adb_comp.c`).
    if [b"ADB.", b"ADBd", b"ADBc"]
        .iter()
        .any(|magic| head.starts_with(*magic))
    {
        return Err(Fault::Compression("the format of apk 3".to_owned()));
    }
    let how = Compression::detect(&head);
    let inner = unpacked(Box::new(head.as_slice().chain(input)), how, MAX_UNPACKED)?;
    let wanted = Wanted {
        keep: &|path, len| {
            if path == Path::new(INFO) {
                len <= MAX_INFO
            } else {
                (wanted.keep)(path, len)
            }
        },
        ..*wanted
    };
    let mut all = members(inner, &wanted)?;
    let info = all
        .iter_mut()
        .find(|member| member.path == Path::new(INFO))
        .and_then(|member| member.content.take())
        .ok_or(Fault::NotA("package: it has no .PKGINFO"))?;
    // What describes the package stays out of the root.
    all.retain(|member| {
        let mut names = member.path.iter().skip(1);
        let first = names.next().map(std::ffi::OsStr::as_encoded_bytes);
        names.next().is_some() || first.is_some_and(|name| !name.starts_with(b"."))
    });
    let info = pkginfo(&info);
    if !info.iter().any(|(key, _)| key == "pkgname") {
        return Err(damaged(".PKGINFO names no package"));
    }
    Ok(PackageFile { info, members: all })
}

/// `KEY = VALUE` on each line; a hash begins a comment.
fn pkginfo(bytes: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(" = "));
    pairs
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::archive::tarball;
    use super::*;

    fn read_all(bytes: &[u8]) -> Result<PackageFile, Fault> {
        let wanted = Wanted {
            enough: &|_| false,
            keep: &|_, len| len < 100,
            expired: &|| false,
        };
        read(&mut &bytes[..], &wanted)
    }

    const INFO_TEXT: &[u8] =
        b"# made\npkgname = linux\npkgver = 6.1-1\nbackup = etc/a\nbackup = etc/b\n";

    fn sample() -> Vec<u8> {
        tarball(&[
            (".PKGINFO", b'0', "", INFO_TEXT),
            (".MTREE", b'0', "", b"x"),
            ("etc/", b'5', "", b""),
            ("etc/.hidden", b'0', "", b"kept"),
            ("usr/bin/sh", b'2', "bash", b""),
        ])
    }

    #[test]
    fn a_package_of_apk_3_is_called_by_its_name() {
        for start in ["ADB.", "ADBd", "ADBc"] {
            let fault = read_all(format!("{start}pckg and more").as_bytes()).unwrap_err();
            let said = "has a part that is not read: the format of apk 3";
            assert_eq!(fault.to_string(), said, "{start}");
        }
    }

    #[test]
    fn the_description_and_the_files_are_told_apart() {
        let package = read_all(&sample()).unwrap();
        assert_eq!(package.value("pkgver"), Some("6.1-1"));
        assert_eq!(
            package.values("backup").collect::<Vec<_>>(),
            ["etc/a", "etc/b"]
        );
        let paths = package.members.iter().map(|m| m.path.display().to_string());
        assert_eq!(
            paths.collect::<Vec<_>>(),
            ["/etc", "/etc/.hidden", "/usr/bin/sh"]
        );
    }

    #[test]
    fn three_streams_one_after_the_other_are_one_archive() {
        use std::io::Write as _;
        let tar = |entries: &[(&str, u8, &str, &[u8])], cut: bool| {
            let mut bytes = tarball(entries);
            if cut {
                bytes.truncate(bytes.len() - 1024);
            }
            let level = flate2::Compression::fast();
            let mut out = flate2::write::GzEncoder::new(Vec::new(), level);
            out.write_all(&bytes).unwrap();
            out.finish().unwrap()
        };
        let mut bytes = tar(&[(".SIGN.RSA.key", b'0', "", b"signed")], true);
        bytes.extend(tar(&[(".PKGINFO", b'0', "", INFO_TEXT)], true));
        bytes.extend(tar(&[("bin/busybox", b'0', "", b"x")], false));
        let package = read_all(&bytes).unwrap();
        assert_eq!(package.members.len(), 1);
        assert_eq!(package.value("pkgname"), Some("linux"));
    }

    #[test]
    fn what_is_no_package_is_said_to_be_none() {
        for bytes in [&b""[..], b"PK", b"ADBd.pckg"] {
            assert!(read_all(bytes).is_err());
        }
        let bytes = tarball(&[("a", b'0', "", b"x")]);
        assert_eq!(
            read_all(&bytes).err(),
            Some(Fault::NotA("package: it has no .PKGINFO"))
        );
        let whole = sample();
        for end in (0..whole.len() - 1024).step_by(97) {
            assert!(read_all(&whole[..end]).is_err(), "{end}");
        }
    }
}
