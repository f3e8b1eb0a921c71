//! Debian package archives, read as a stream (deb(5), dpkg 1.21 `src/deb/extract.c`):
//! an `ar` of `debian-binary`, `control.tar` and `data.tar`, each compressed or not.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use super::dpkg::md5sums;
use crate::text::FileKind;

/// Why an archive was not read to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is no package archive.
    #[error("is no Debian package")]
    NotADeb,
    /// It ends too early, or a part of it makes no sense.
    #[error("is damaged: {0}")]
    Damaged(String),
    /// A path in it leads out of the root.
    #[error("has a path that leads out of the root: {0}")]
    Outside(String),
    /// More than is unpacked.
    #[error("is larger than what is unpacked")]
    TooLarge,
    /// A compression that is not read.
    #[error("has a part that is not read: {0}")]
    Compression(String),
}

/// What an archive would put on the disk.
#[derive(Clone, Debug)]
pub struct Deb {
    /// The `control` file.
    pub control: Vec<u8>,
    /// `conffiles`, absolute paths.
    pub conffiles: Vec<PathBuf>,
    /// `md5sums`, as it will lie in `info/`.
    pub md5sums: Vec<u8>,
    /// Members of `control.tar`, such as `postinst`.
    pub parts: BTreeSet<String>,
    /// What is unpacked, in the order of the archive.
    pub members: Vec<Member>,
    /// Whether `data.tar` was read; where it was not, the members are those that have a
    /// checksum, so that links and directories are missing.
    pub is_whole: bool,
}

/// One thing that is unpacked.
#[derive(Clone, Debug)]
pub struct Member {
    /// Where.
    pub path: PathBuf,
    /// What it is.
    pub kind: FileKind,
    /// Permissions.
    pub mode: u32,
    /// Owner and group, by number.
    pub owner: (u32, u32),
    /// Seconds since the epoch.
    pub mtime: i64,
    /// Bytes of a file.
    pub len: u64,
    /// Text of a link; of a hard link, the absolute path.
    pub target: PathBuf,
    /// Whether it is another name of `target`.
    pub is_hard_link: bool,
    /// The content, where it was kept.
    pub content: Option<Vec<u8>>,
}

/// What is read of an archive.
pub struct Wanted<'a> {
    /// Whether `data.tar` is read although `md5sums` names the files.
    pub whole: &'a dyn Fn(&Path) -> bool,
    /// Whether the content of a file of this size is kept.
    pub keep: &'a dyn Fn(&Path, u64) -> bool,
    /// Asked now and then: whether to give up.
    pub expired: &'a dyn Fn() -> bool,
}

/// Most bytes that one archive may unpack to.
const MAX_UNPACKED: u64 = 16 << 30;
/// Most members of one archive.
const MAX_MEMBERS: usize = 1_000_000;
/// Most bytes of one file of `control.tar`.
const MAX_CONTROL: u64 = 16 << 20;
/// Most memory that an xz stream may ask for, bytes.
const XZ_MEMORY: u64 = 256 << 20;
/// Largest window of a zstd stream, as a power of two.
const ZSTD_WINDOW: u32 = 27;

/// Reads an archive from its beginning.
///
/// # Errors
/// Where it is no archive, damaged, hostile or too large.
pub fn read(input: &mut dyn Read, wanted: &Wanted<'_>) -> Result<Deb, Fault> {
    let mut magic = [0; 8];
    input.read_exact(&mut magic).map_err(|_| Fault::NotADeb)?;
    if &magic != b"!<arch>\n" {
        return Err(Fault::NotADeb);
    }
    let mut deb: Option<Deb> = None;
    let mut first = true;
    loop {
        let mut head = [0; 60];
        match input.read_exact(&mut head) {
            Ok(()) => {}
            Err(_) if deb.is_some() => return Err(damaged("no data.tar")),
            Err(_) => return Err(Fault::NotADeb),
        }
        let (name, size) = ar_head(&head).ok_or_else(|| damaged("a member's head"))?;
        if first && name != "debian-binary" {
            return Err(Fault::NotADeb);
        }
        first = false;
        let mut member = input.take(size);
        if let Some(end) = name.strip_prefix("control.tar") {
            deb = Some(control(&mut member, end)?);
        } else if let Some(end) = name.strip_prefix("data.tar") {
            let mut deb = deb.ok_or_else(|| damaged("data.tar before control.tar"))?;
            let paths = listed(&deb.md5sums);
            let mut named = paths.iter().chain(&deb.conffiles);
            if paths.is_empty() || named.any(|path| (wanted.whole)(path)) {
                data(&mut member, end, wanted, &mut deb)?;
            } else {
                deb.members = paths.into_iter().map(by_name).collect();
                deb.is_whole = false;
            }
            return Ok(deb);
        }
        io::copy(&mut member, &mut io::sink()).map_err(|e| damaged(&e.to_string()))?;
        if size % 2 == 1 {
            let mut pad = [0; 1];
            input
                .read_exact(&mut pad)
                .map_err(|e| damaged(&e.to_string()))?;
        }
    }
}

fn damaged(what: &str) -> Fault {
    Fault::Damaged(what.to_owned())
}

/// Name and size (ar(5)).
fn ar_head(head: &[u8; 60]) -> Option<(String, u64)> {
    let text = std::str::from_utf8(head).ok()?;
    let name = text.get(..16)?.trim_end().trim_end_matches('/');
    let size = text.get(48..58)?.trim_end().parse().ok()?;
    (text.get(58..)? == "`\n").then(|| (name.to_owned(), size))
}

/// The stream behind a compression, counted.
fn unpacked<'a>(input: &'a mut dyn Read, end: &str) -> Result<Box<dyn Read + 'a>, Fault> {
    let odd = |error: io::Error| damaged(&error.to_string());
    Ok(match end {
        "" => Box::new(input),
        ".gz" => Box::new(flate2::read::MultiGzDecoder::new(input)),
        ".xz" | ".lzma" => {
            let stream = if end == ".xz" {
                liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, 0)
            } else {
                liblzma::stream::Stream::new_lzma_decoder(XZ_MEMORY)
            };
            let stream = stream.map_err(|error| damaged(&error.to_string()))?;
            Box::new(liblzma::read::XzDecoder::new_stream(input, stream))
        }
        ".bz2" => Box::new(bzip2::read::MultiBzDecoder::new(input)),
        ".zst" => {
            let mut decoder = zstd::stream::read::Decoder::new(input).map_err(odd)?;
            decoder.window_log_max(ZSTD_WINDOW).map_err(odd)?;
            Box::new(decoder)
        }
        other => return Err(Fault::Compression(other.to_owned())),
    })
}

/// A stream that ends in an error where it is longer than what is unpacked.
struct Counted<'a> {
    inner: Box<dyn Read + 'a>,
    left: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let taken = u64::try_from(read).unwrap_or(u64::MAX);
        match self.left.checked_sub(taken) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other(Fault::TooLarge)),
        }
        Ok(read)
    }
}

/// An error of the tar reader, in our words.
fn of_io(error: &io::Error) -> Fault {
    let fault = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Fault>());
    match fault {
        Some(fault) => fault.clone(),
        None => damaged(&error.to_string()),
    }
}

fn control(input: &mut dyn Read, end: &str) -> Result<Deb, Fault> {
    let inner = unpacked(input, end)?;
    let counted = Counted {
        inner,
        left: MAX_CONTROL * 4,
    };
    let mut deb = Deb {
        control: Vec::new(),
        conffiles: Vec::new(),
        md5sums: Vec::new(),
        parts: BTreeSet::new(),
        members: Vec::new(),
        is_whole: true,
    };
    let mut archive = tar::Archive::new(counted);
    for entry in archive.entries().map_err(|e| of_io(&e))? {
        let mut entry = entry.map_err(|e| of_io(&e))?;
        let path = absolute(&entry.path_bytes())?;
        let name = path.strip_prefix("/").unwrap_or(&path).to_string_lossy();
        let name = name.into_owned();
        if entry.size() > MAX_CONTROL {
            return Err(Fault::TooLarge);
        }
        let mut content = Vec::new();
        if matches!(name.as_str(), "control" | "conffiles" | "md5sums") {
            entry.read_to_end(&mut content).map_err(|e| of_io(&e))?;
        }
        match name.as_str() {
            "control" => deb.control = content,
            "md5sums" => deb.md5sums = content,
            "conffiles" => {
                let lines = content.split(|b| *b == b'\n');
                let lines = lines.filter(|line| line.starts_with(b"/"));
                let paths = lines.map(|line| PathBuf::from(OsStr::from_bytes(line.trim_ascii())));
                deb.conffiles = paths.collect();
            }
            _ => {}
        }
        deb.parts.insert(name);
    }
    if deb.control.is_empty() {
        return Err(damaged("no control file"));
    }
    Ok(deb)
}

fn data(input: &mut dyn Read, end: &str, wanted: &Wanted<'_>, deb: &mut Deb) -> Result<(), Fault> {
    let inner = unpacked(input, end)?;
    let counted = Counted {
        inner,
        left: MAX_UNPACKED,
    };
    let mut archive = tar::Archive::new(counted);
    for entry in archive.entries().map_err(|e| of_io(&e))? {
        if deb.members.len() >= MAX_MEMBERS || (wanted.expired)() {
            return Err(Fault::TooLarge);
        }
        let mut entry = entry.map_err(|e| of_io(&e))?;
        let path = absolute(&entry.path_bytes())?;
        let header = entry.header();
        let kind = match header.entry_type() {
            tar::EntryType::Directory => FileKind::Dir,
            tar::EntryType::Symlink => FileKind::Link,
            tar::EntryType::Regular | tar::EntryType::Continuous | tar::EntryType::Link => {
                FileKind::File
            }
            tar::EntryType::Fifo => FileKind::Fifo,
            tar::EntryType::Char => FileKind::CharDevice,
            tar::EntryType::Block => FileKind::BlockDevice,
            _ => continue,
        };
        let is_hard_link = header.entry_type() == tar::EntryType::Link;
        let number = |value: io::Result<u64>| value.ok().and_then(|v| u32::try_from(v).ok());
        let (uid, gid) = (number(header.uid()), number(header.gid()));
        let mode = header.mode().map_err(|e| of_io(&e))? & 0o7777;
        let mtime = header.mtime().ok().and_then(|t| i64::try_from(t).ok());
        let target = match entry.link_name_bytes() {
            Some(bytes) if is_hard_link => absolute(&bytes)?,
            Some(bytes) => PathBuf::from(OsStr::from_bytes(&bytes)),
            None => PathBuf::new(),
        };
        let len = if kind == FileKind::File {
            entry.size()
        } else {
            0
        };
        let mut content = None;
        if kind == FileKind::File && !is_hard_link && (wanted.keep)(&path, len) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(|e| of_io(&e))?;
            content = Some(bytes);
        }
        deb.members.push(Member {
            path,
            kind,
            mode,
            owner: (uid.unwrap_or(0), gid.unwrap_or(0)),
            mtime: mtime.unwrap_or(0),
            len,
            target,
            is_hard_link,
            content,
        });
    }
    Ok(())
}

/// A path of an archive as a path of the root.
fn absolute(bytes: &[u8]) -> Result<PathBuf, Fault> {
    let mut path = PathBuf::from("/");
    for component in Path::new(OsStr::from_bytes(bytes)).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                let shown = crate::text::escape(bytes);
                return Err(Fault::Outside(shown));
            }
        }
    }
    Ok(path)
}

/// The files that have a checksum.
fn listed(sums: &[u8]) -> Vec<PathBuf> {
    let paths = md5sums(sums).map(|(_, path)| absolute(path));
    paths.filter_map(Result::ok).collect()
}

/// A member of which only the name is known.
fn by_name(path: PathBuf) -> Member {
    Member {
        path,
        kind: FileKind::File,
        mode: 0o755,
        owner: (0, 0),
        mtime: 0,
        len: 0,
        target: PathBuf::new(),
        is_hard_link: false,
        content: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A member of an `ar`.
    fn member(name: &str, bytes: &[u8]) -> Vec<u8> {
        let mut out = format!(
            "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
            0,
            0,
            0,
            644,
            bytes.len()
        );
        if bytes.len() % 2 == 1 {
            out.push_str("");
        }
        let mut out = out.into_bytes();
        out.extend_from_slice(bytes);
        if bytes.len() % 2 == 1 {
            out.push(b'\n');
        }
        out
    }

    /// A tar of files, as raw headers: the library would refuse hostile names.
    fn tarball(entries: &[(&str, u8, &str, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, kind, link, content) in entries {
            let mut header = tar::Header::new_ustar();
            let raw = header.as_mut_bytes();
            raw[..name.len()].copy_from_slice(name.as_bytes());
            raw[157..157 + link.len()].copy_from_slice(link.as_bytes());
            header.set_mode(0o755);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(1);
            header.set_size(u64::try_from(content.len()).unwrap());
            header.set_entry_type(tar::EntryType::new(*kind));
            header.set_cksum();
            out.extend_from_slice(header.as_bytes());
            out.extend_from_slice(content);
            out.resize(out.len().next_multiple_of(512), 0);
        }
        out.resize(out.len() + 1024, 0);
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
            whole: &|_| true,
            keep: &|_, len| len < 1000,
            expired: &|| false,
        };
        read(&mut &bytes[..], &wanted)
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
        assert_eq!(read_all(b"PK").err(), Some(Fault::NotADeb));
    }
}
