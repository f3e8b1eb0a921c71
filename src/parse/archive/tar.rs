//! Members of a tar as they come: ustar, GNU's long names (GNU tar 1.34 `src/list.c`)
//! and pax headers (POSIX.1-2017, pax, "pax Header Block").
//!
//! The library reads the blocks. What stands in front of a member to describe it is read
//! here, as the library would read as much of it into memory as it claims to have.

use std::io::Read;

use super::{Fault, damaged, of_io};
use crate::text::FileKind;

/// A member, as its header describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path, as written.
    pub path: Vec<u8>,
    /// Text of a link, or the path of the other name.
    pub target: Vec<u8>,
    /// What it is; none for what is only about other members.
    pub kind: Option<FileKind>,
    /// Whether it is another name of `target`.
    pub is_hard_link: bool,
    /// Permissions.
    pub mode: u32,
    /// Owner and group, by number.
    pub owner: (u32, u32),
    /// Seconds since the epoch.
    pub mtime: i64,
    /// Bytes of its content.
    pub len: u64,
}

/// Whether the next member is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is.
    GoOn,
    /// No more is of interest.
    Stop,
}

/// Longest description in front of a member, bytes: paths and extended attributes.
const MAX_EXTENSION: u64 = 1 << 20;

/// What stood in front of a member.
#[derive(Default)]
struct Before {
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    len: Option<u64>,
}

/// Hands every member to `visit` with its content.
///
/// # Errors
/// Where the archive is damaged, and those of `visit`.
pub fn tar(
    input: Box<dyn Read + '_>,
    visit: &mut dyn FnMut(&Entry, &mut dyn Read) -> Result<Next, Fault>,
) -> Result<(), Fault> {
    let mut archive = ::tar::Archive::new(input);
    let mut before = Before::default();
    for raw in archive.entries().map_err(|e| of_io(&e))?.raw(true) {
        let mut raw = raw.map_err(|e| of_io(&e))?;
        let kind = raw.header().entry_type();
        let is_pax = kind.is_pax_local_extensions();
        if is_pax || kind.is_gnu_longname() || kind.is_gnu_longlink() {
            let text = extension(&mut raw)?;
            match () {
                () if is_pax => pax(&text, &mut before)?,
                () if kind.is_gnu_longname() => before.path = Some(until_nul(&text)),
                () => before.target = Some(until_nul(&text)),
            }
            continue;
        }
        let before = std::mem::take(&mut before);
        // The blocks were counted by the header: a file of more than 8 GiB.
        if before.len.is_some_and(|len| len != raw.size()) {
            return Err(Fault::TooLarge);
        }
        let entry = entry(&raw, before)?;
        if visit(&entry, &mut raw)? == Next::Stop {
            return Ok(());
        }
    }
    Ok(())
}

fn entry(raw: &::tar::Entry<'_, impl Read>, before: Before) -> Result<Entry, Fault> {
    use ::tar::EntryType;
    let header = raw.header();
    let written = header.entry_type();
    let kind = match written {
        EntryType::Directory => Some(FileKind::Dir),
        EntryType::Symlink => Some(FileKind::Link),
        EntryType::Regular | EntryType::Continuous | EntryType::Link => Some(FileKind::File),
        EntryType::Fifo => Some(FileKind::Fifo),
        EntryType::Char => Some(FileKind::CharDevice),
        EntryType::Block => Some(FileKind::BlockDevice),
        _ => None,
    };
    let number = |value: std::io::Result<u64>| value.ok().and_then(|v| u32::try_from(v).ok());
    let path = before
        .path
        .unwrap_or_else(|| header.path_bytes().into_owned());
    // Before ustar a directory was a file with a slash at its end.
    let is_old_dir = written == EntryType::Regular && path.ends_with(b"/");
    let target = before.target.unwrap_or_else(|| {
        let link = header.link_name_bytes();
        link.map_or_else(Vec::new, std::borrow::Cow::into_owned)
    });
    Ok(Entry {
        path,
        target,
        kind: if is_old_dir {
            Some(FileKind::Dir)
        } else {
            kind
        },
        is_hard_link: written == EntryType::Link,
        mode: header.mode().map_err(|e| of_io(&e))?,
        owner: (
            number(header.uid()).unwrap_or(0),
            number(header.gid()).unwrap_or(0),
        ),
        mtime: header
            .mtime()
            .ok()
            .and_then(|time| i64::try_from(time).ok())
            .unwrap_or(0),
        len: raw.size(),
    })
}

fn extension(raw: &mut ::tar::Entry<'_, impl Read>) -> Result<Vec<u8>, Fault> {
    if raw.size() > MAX_EXTENSION {
        return Err(Fault::TooLarge);
    }
    let mut text = Vec::new();
    raw.read_to_end(&mut text).map_err(|e| of_io(&e))?;
    Ok(text)
}

fn until_nul(text: &[u8]) -> Vec<u8> {
    text.split(|byte| *byte == 0).next().unwrap_or(&[]).to_vec()
}

/// `LENGTH KEY=VALUE\n`, the length with everything.
fn pax(text: &[u8], before: &mut Before) -> Result<(), Fault> {
    let odd = || damaged("a pax header");
    let mut rest = text;
    while !rest.is_empty() {
        let blank = rest.iter().position(|b| *b == b' ').ok_or_else(odd)?;
        let digits = rest.get(..blank).and_then(|d| std::str::from_utf8(d).ok());
        let len: usize = digits.and_then(|d| d.parse().ok()).ok_or_else(odd)?;
        let record = rest.get(blank + 1..len).ok_or_else(odd)?;
        let record = record.strip_suffix(b"\n").ok_or_else(odd)?;
        let equals = record.iter().position(|b| *b == b'=').ok_or_else(odd)?;
        let (key, value) = record.split_at(equals);
        let value = value.get(1..).unwrap_or(&[]);
        match key {
            b"path" => before.path = Some(value.to_vec()),
            b"linkpath" => before.target = Some(value.to_vec()),
            b"size" => {
                let size = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
                before.len = Some(size.ok_or_else(odd)?);
            }
            _ => {}
        }
        rest = rest.get(len..).unwrap_or(&[]);
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A tar of files, as raw headers: the library would refuse hostile names.
    pub(crate) fn tarball(entries: &[(&str, u8, &str, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, kind, link, content) in entries {
            let mut header = ::tar::Header::new_ustar();
            let raw = header.as_mut_bytes();
            raw[..name.len()].copy_from_slice(name.as_bytes());
            raw[157..157 + link.len()].copy_from_slice(link.as_bytes());
            header.set_mode(0o755);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(1);
            header.set_size(u64::try_from(content.len()).unwrap());
            header.set_entry_type(::tar::EntryType::new(*kind));
            header.set_cksum();
            out.extend_from_slice(header.as_bytes());
            out.extend_from_slice(content);
            out.resize(out.len().next_multiple_of(512), 0);
        }
        out.resize(out.len() + 1024, 0);
        out
    }

    fn listed(bytes: &[u8]) -> Result<Vec<Entry>, Fault> {
        let mut out = Vec::new();
        tar(Box::new(bytes), &mut |entry, _| {
            out.push(entry.clone());
            Ok(Next::GoOn)
        })?;
        Ok(out)
    }

    #[test]
    fn what_stands_in_front_of_a_member_names_it() {
        let bytes = tarball(&[
            ("././@LongLink", b'L', "", b"./a/very/long/name\0"),
            ("././@LongLink", b'K', "", b"the/target\0"),
            ("./a/very", b'2', "the", b""),
            (
                "pax",
                b'x',
                "",
                b"19 path=./b/longer\n13 size=0005\n22 mtime=1700000000.5\n",
            ),
            ("./b", b'0', "", b"12345"),
            ("global", b'g', "", b"12 comment=x\n"),
            ("./c/", b'0', "", b""),
        ]);
        let found = listed(&bytes).unwrap();
        let shown = found.iter().map(|e| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (text(&e.path), text(&e.target), e.kind, e.len)
        });
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [
                (
                    "./a/very/long/name".to_owned(),
                    "the/target".to_owned(),
                    Some(FileKind::Link),
                    0
                ),
                (
                    "./b/longer".to_owned(),
                    String::new(),
                    Some(FileKind::File),
                    5
                ),
                ("global".to_owned(), String::new(), None, 13),
                ("./c/".to_owned(), String::new(), Some(FileKind::Dir), 0),
            ]
        );
    }

    #[test]
    fn a_description_that_lies_or_has_no_end_is_refused() {
        let lie = tarball(&[
            ("pax", b'x', "", b"13 size=9999\n"),
            ("./b", b'0', "", b"12345"),
        ]);
        assert_eq!(listed(&lie), Err(Fault::TooLarge));
        for text in [
            "9 path",
            "99999 path=x\n",
            "x path=x\n",
            "7 path\n",
            "0 a=b\n",
        ] {
            let bytes = tarball(&[("pax", b'x', "", text.as_bytes())]);
            assert!(matches!(listed(&bytes), Err(Fault::Damaged(_))), "{text}");
        }
        let mut long = tarball(&[("././@LongLink", b'L', "", b"")]);
        // Sixteen gigabytes of a name.
        let mut header = ::tar::Header::from_byte_slice(&long[..512]).clone();
        header.set_size(16 << 30);
        header.set_cksum();
        long[..512].copy_from_slice(header.as_bytes());
        assert_eq!(listed(&long), Err(Fault::TooLarge));
    }
}
