//! Debian package archives, read as a stream (deb(5), dpkg 1.21 `src/deb/extract.c`):
//! an `ar` of `debian-binary`, `control.tar` and `data.tar`, each compressed or not.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use super::archive::{
    Compression, Fault, MAX_UNPACKED, Member, Next, Wanted, absolute, damaged, members, of_io, tar,
    unpacked,
};
use super::dpkg::md5sums;
use super::maintscript::{Calls, calls};

/// What an archive would put on the disk.
#[derive(Clone, Debug)]
pub struct Deb {
    /// The `control` file.
    pub control: Vec<u8>,
    /// `conffiles`, absolute paths.
    pub conffiles: Vec<PathBuf>,
    /// Configuration that goes when the package is upgraded, `remove-on-upgrade` of
    /// `conffiles` (deb-conffiles(5)).
    pub given_up: Vec<PathBuf>,
    /// What `preinst` has done by dpkg-maintscript-helper.
    pub calls: Calls,
    /// `md5sums`, as it will lie in `info/`.
    pub md5sums: Vec<u8>,
    /// Members of `control.tar`, such as `postinst`.
    pub parts: BTreeSet<String>,
    /// What is unpacked, in the order of the archive.
    pub members: Vec<Member>,
    /// Whether `data.tar` was read; where it was not, the members are those that have a
    /// checksum or are configuration, so that links and directories are missing.
    pub is_whole: bool,
}

/// Most bytes of one file of `control.tar`.
const MAX_CONTROL: u64 = 16 << 20;

/// Reads an archive from its beginning. `whole` says whether `data.tar` is read although
/// `md5sums` names these files.
///
/// # Errors
/// Where it is no archive, damaged, hostile or too large.
pub fn read(
    input: &mut dyn Read,
    whole: &dyn Fn(&Deb, &[PathBuf]) -> bool,
    wanted: &Wanted<'_>,
) -> Result<Deb, Fault> {
    let not_a_deb = || Fault::NotA("Debian package");
    let mut magic = [0; 8];
    input.read_exact(&mut magic).map_err(|_| not_a_deb())?;
    if &magic != b"!<arch>\n" {
        return Err(not_a_deb());
    }
    let mut deb: Option<Deb> = None;
    let mut first = true;
    loop {
        let mut head = [0; 60];
        match input.read_exact(&mut head) {
            Ok(()) => {}
            Err(_) if deb.is_some() => return Err(damaged("no data.tar")),
            Err(_) => return Err(not_a_deb()),
        }
        let (name, size) = ar_head(&head).ok_or_else(|| damaged("a member's head"))?;
        if first && name != "debian-binary" {
            return Err(not_a_deb());
        }
        first = false;
        let how = |end: &str| {
            let known = Compression::of_name(end);
            known.ok_or_else(|| Fault::Compression(end.to_owned()))
        };
        let mut member = input.take(size);
        if let Some(end) = name.strip_prefix("control.tar") {
            let inner = unpacked(Box::new(&mut member), how(end)?, MAX_CONTROL * 4)?;
            deb = Some(control(inner)?);
        } else if let Some(end) = name.strip_prefix("data.tar") {
            let mut deb = deb.ok_or_else(|| damaged("data.tar before control.tar"))?;
            let paths = named(&deb);
            // Without checksums nothing names the files.
            if deb.md5sums.is_empty() || whole(&deb, &paths) {
                let inner = unpacked(Box::new(&mut member), how(end)?, MAX_UNPACKED)?;
                deb.members = members(inner, wanted)?;
            } else {
                deb.members = paths.into_iter().map(Member::named).collect();
                deb.is_whole = false;
            }
            return Ok(deb);
        }
        io::copy(&mut member, &mut io::sink()).map_err(|e| of_io(&e))?;
        if size % 2 == 1 {
            let mut pad = [0; 1];
            input.read_exact(&mut pad).map_err(|e| of_io(&e))?;
        }
    }
}

/// Name and size (ar(5)).
fn ar_head(head: &[u8; 60]) -> Option<(String, u64)> {
    let text = std::str::from_utf8(head).ok()?;
    let name = text.get(..16)?.trim_end().trim_end_matches('/');
    let size = text.get(48..58)?.trim_end().parse().ok()?;
    (text.get(58..)? == "`\n").then(|| (name.to_owned(), size))
}

fn control(input: Box<dyn Read + '_>) -> Result<Deb, Fault> {
    let mut deb = Deb {
        control: Vec::new(),
        conffiles: Vec::new(),
        given_up: Vec::new(),
        calls: Calls::default(),
        md5sums: Vec::new(),
        parts: BTreeSet::new(),
        members: Vec::new(),
        is_whole: true,
    };
    tar(input, &mut |entry, content| {
        let path = absolute(&entry.path)?;
        let name = path.strip_prefix("/").unwrap_or(&path).to_string_lossy();
        if entry.len > MAX_CONTROL {
            return Err(Fault::TooLarge);
        }
        let mut text = Vec::new();
        if matches!(
            name.as_ref(),
            "control" | "conffiles" | "md5sums" | "preinst"
        ) {
            content.read_to_end(&mut text).map_err(|e| of_io(&e))?;
        }
        match name.as_ref() {
            "control" => deb.control = text,
            "md5sums" => deb.md5sums = text,
            "preinst" => deb.calls = calls(&text),
            "conffiles" => {
                for line in text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii) {
                    let path = |bytes: &[u8]| PathBuf::from(OsStr::from_bytes(bytes));
                    match line.strip_prefix(b"remove-on-upgrade ") {
                        Some(rest) => deb.given_up.push(path(rest.trim_ascii())),
                        None if line.starts_with(b"/") => deb.conffiles.push(path(line)),
                        None => {}
                    }
                }
            }
            _ => {}
        }
        deb.parts.insert(name.into_owned());
        Ok(Next::GoOn)
    })?;
    if deb.control.is_empty() {
        return Err(damaged("no control file"));
    }
    Ok(deb)
}

/// The files that have a checksum or are configuration: all that are no links, where the
/// checksums were made as debhelper's `dh_md5sums` 13.11 makes them.
fn named(deb: &Deb) -> Vec<PathBuf> {
    let paths = md5sums(&deb.md5sums).map(|(_, path)| absolute(path));
    let mut paths: Vec<PathBuf> = paths.filter_map(Result::ok).collect();
    let known: BTreeSet<&PathBuf> = paths.iter().collect();
    let more = deb.conffiles.iter().filter(|path| !known.contains(path));
    let more: Vec<PathBuf> = more.cloned().collect();
    paths.extend(more);
    paths
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::archive::tarball;
    use super::*;

    /// A member of an `ar`.
    fn member(name: &str, bytes: &[u8]) -> Vec<u8> {
        let out = format!(
            "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
            0,
            0,
            0,
            644,
            bytes.len()
        );
        let mut out = out.into_bytes();
        out.extend_from_slice(bytes);
        if bytes.len() % 2 == 1 {
            out.push(b'\n');
        }
        out
    }

    fn deb(data: &[(&str, u8, &str, &[u8])]) -> Vec<u8> {
        let control = tarball(&[
            ("./control", b'0', "", b"Package: a\nVersion: 1\n"),
            ("./conffiles", b'0', "", b"/etc/a\n"),
            ("./postinst", b'0', "", b"#!/bin/sh\n"),
        ]);
        let mut out = b"!<arch>\n".to_vec();
        out.extend(member("debian-binary", b"2.0\n"));
        out.extend(member("control.tar", &control));
        out.extend(member("data.tar", &tarball(data)));
        out
    }

    fn read_all(bytes: &[u8]) -> Result<Deb, Fault> {
        let wanted = Wanted {
            enough: &|_| false,
            keep: &|_, len| len < 1000,
            expired: &|| false,
        };
        read(&mut &bytes[..], &|_, _| true, &wanted)
    }

    #[test]
    fn files_links_and_hard_links_are_read() {
        let bytes = deb(&[
            ("./usr/", b'5', "", b""),
            ("./usr/bin/a", b'0', "", b"hello"),
            ("./usr/bin/b", b'2', "a", b""),
            ("./usr/bin/c", b'1', "./usr/bin/a", b""),
        ]);
        let deb = read_all(&bytes).unwrap();
        assert_eq!(deb.conffiles, [PathBuf::from("/etc/a")]);
        assert!(deb.parts.contains("postinst"));
        let paths: Vec<&Path> = deb.members.iter().map(|m| m.path.as_path()).collect();
        assert_eq!(
            paths,
            ["/usr", "/usr/bin/a", "/usr/bin/b", "/usr/bin/c"].map(Path::new)
        );
        assert_eq!(deb.members[1].content.as_deref(), Some(&b"hello"[..]));
        assert_eq!(deb.members[2].target, Path::new("a"));
        assert!(deb.members[3].is_hard_link);
        assert_eq!(deb.members[3].target, Path::new("/usr/bin/a"));
    }

    #[test]
    fn data_is_left_alone_where_the_names_are_enough_and_read_as_far_as_it_is_asked_for() {
        let sum = b"0123456789abcdef0123456789abcdef  usr/bin/a\n";
        let control = tarball(&[
            ("./control", b'0', "", b"Package: a\nVersion: 1\n"),
            (
                "./conffiles",
                b'0',
                "",
                b"/etc/a\nremove-on-upgrade /etc/b\n",
            ),
            ("./md5sums", b'0', "", sum),
        ]);
        let data = tarball(&[
            ("./etc/a", b'0', "", b"conf"),
            ("./usr/bin/a", b'0', "", b"hello"),
            ("./usr/bin/b", b'2', "a", b""),
        ]);
        let mut bytes = b"!<arch>\n".to_vec();
        bytes.extend(member("debian-binary", b"2.0\n"));
        bytes.extend(member("control.tar", &control));
        bytes.extend(member("data.tar", &data));
        let read = |whole: bool, last: &str| {
            let wanted = Wanted {
                enough: &|path| path == Path::new(last),
                keep: &|_, _| true,
                expired: &|| false,
            };
            let whole = |deb: &Deb, paths: &[PathBuf]| {
                assert_eq!((deb.conffiles.len(), paths.len()), (1, 2));
                assert_eq!(deb.given_up, [Path::new("/etc/b")]);
                whole
            };
            let deb = super::read(&mut bytes.as_slice(), &whole, &wanted).unwrap();
            let paths = deb.members.iter().map(|m| m.path.display().to_string());
            (deb.is_whole, paths.collect::<Vec<_>>().join(" "))
        };
        assert_eq!(read(false, ""), (false, "/usr/bin/a /etc/a".into()));
        assert_eq!(read(true, "/usr/bin/a"), (true, "/etc/a /usr/bin/a".into()));
        assert_eq!(
            read(true, ""),
            (true, "/etc/a /usr/bin/a /usr/bin/b".into())
        );
    }

    #[test]
    fn a_path_out_of_the_root_is_refused_and_an_absolute_one_is_below_it() {
        for name in ["../etc/passwd", "./a/../../etc/passwd"] {
            let bytes = deb(&[(name, b'0', "", b"x")]);
            assert!(matches!(read_all(&bytes), Err(Fault::Outside(_))), "{name}");
        }
        let bytes = deb(&[("./a", b'1', "../../b", b"")]);
        assert!(matches!(read_all(&bytes), Err(Fault::Outside(_))));
        let bytes = deb(&[("/etc/x", b'0', "", b"x")]);
        assert_eq!(
            read_all(&bytes).unwrap().members[0].path,
            Path::new("/etc/x")
        );
    }

    #[test]
    fn an_archive_cut_anywhere_is_an_error_not_a_part() {
        let bytes = deb(&[("./usr/bin/a", b'0', "", b"hello")]);
        let whole = bytes.len() - 1024;
        for end in (0..whole).step_by(13) {
            assert!(read_all(&bytes[..end]).is_err(), "{end}");
        }
        assert_eq!(read_all(b"PK").err(), Some(Fault::NotA("Debian package")));
    }
}
