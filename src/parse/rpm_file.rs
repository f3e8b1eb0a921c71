//! Package files of rpm (rpm 4.18 `docs/manual/format.md`): a lead, a header of signatures,
//! the header that will lie in the database, and a compressed cpio of the files.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::PathBuf;

use super::archive::{
    Compression, Fault, MAX_UNPACKED, Member, Wanted, absolute, damaged, of_io, unpacked,
};
use super::rpm::Header;
use crate::text::FileKind;

/// What a package file would put on the disk.
#[derive(Clone, Debug)]
pub struct RpmFile {
    /// The header, as the database keeps it.
    pub header: Vec<u8>,
    /// What is unpacked, in the order of the header.
    pub members: Vec<Shipped>,
}

/// A member, and what the header says of it.
#[derive(Clone, Debug)]
pub struct Shipped {
    /// It.
    pub member: Member,
    /// Whether it is configuration.
    pub is_config: bool,
    /// Whether configuration that was changed stays (`%config(noreplace)`).
    pub stays: bool,
    /// Whether it is only owned, and not in the package (`%ghost`).
    pub is_ghost: bool,
}

/// Most bytes of a header (rpm 4.18 `lib/header.c`, `headerMaxbytes`).
const MAX_HEADER: usize = 256 << 20;
/// Longest path of a member of the payload, bytes.
const MAX_PATH: usize = 1 << 16;

/// Reads a package file; its payload where `contents` says so.
///
/// # Errors
/// Where it is no package, damaged, hostile or too large.
pub fn read(input: &mut dyn Read, contents: bool, wanted: &Wanted<'_>) -> Result<RpmFile, Fault> {
    let not_an_rpm = || Fault::NotA("rpm package");
    let lead = exact(input, 96).map_err(|_| not_an_rpm())?;
    if !lead.starts_with(&[0xed, 0xab, 0xee, 0xdb]) {
        return Err(not_an_rpm());
    }
    let signatures = blob(input)?;
    // The header begins at a multiple of eight bytes.
    exact(input, signatures.len().wrapping_neg() % 8)?;
    let header = blob(input)?;
    let parsed = Header::new(&header).ok_or_else(|| damaged("the header"))?;
    let mut members = shipped(&parsed)?;
    if contents {
        let mut head = [0; 6];
        let mut read = 0;
        while let Some(rest) = head.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match input.read(rest).map_err(|e| of_io(&e))? {
                0 => break,
                more => read += more,
            }
        }
        let start = head.get(..read).unwrap_or(&[]);
        let input = start.chain(input);
        let inner = unpacked(Box::new(input), Compression::detect(&head), MAX_UNPACKED)?;
        payload(inner, wanted, &mut members)?;
    }
    Ok(RpmFile { header, members })
}

fn exact(input: &mut dyn Read, len: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let wanted = u64::try_from(len).unwrap_or(u64::MAX);
    let read = input.take(wanted).read_to_end(&mut bytes);
    match read.map_err(|e| of_io(&e))? {
        read if read == len => Ok(bytes),
        _ => Err(damaged("it ends too early")),
    }
}

/// A header with its magic cut.
fn blob(input: &mut dyn Read) -> Result<Vec<u8>, Fault> {
    let head = exact(input, 16)?;
    let number = |at: usize| {
        let four: [u8; 4] = head.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(four)).ok()
    };
    if !head.starts_with(&[0x8e, 0xad, 0xe8, 0x01]) {
        return Err(damaged("no header where one should be"));
    }
    let (Some(tags), Some(size)) = (number(8), number(12)) else {
        return Err(damaged("the header"));
    };
    let len = tags.saturating_mul(16).saturating_add(size);
    if len > MAX_HEADER {
        return Err(Fault::TooLarge);
    }
    let mut bytes = head.get(8..).unwrap_or(&[]).to_vec();
    bytes.extend(exact(input, len)?);
    Ok(bytes)
}

fn shipped(header: &Header<'_>) -> Result<Vec<Shipped>, Fault> {
    let facts = header.disk_facts();
    let mut last_of: BTreeMap<u32, usize> = BTreeMap::new();
    let mut members = Vec::with_capacity(facts.len());
    for (at, fact) in facts.iter().enumerate() {
        let kind = match fact.mode & 0o170_000 {
            0o040_000 => FileKind::Dir,
            0o120_000 => FileKind::Link,
            0o010_000 => FileKind::Fifo,
            0o140_000 => FileKind::Socket,
            0o020_000 => FileKind::CharDevice,
            0o060_000 => FileKind::BlockDevice,
            _ => FileKind::File,
        };
        if kind == FileKind::File && fact.inode != 0 {
            last_of.insert(fact.inode, at);
        }
        members.push(Shipped {
            member: Member {
                path: absolute(&fact.path)?,
                kind,
                mode: fact.mode & 0o7777,
                owner: (fact.user, fact.group),
                mtime: fact.mtime,
                len: if kind == FileKind::File { fact.len } else { 0 },
                target: if kind == FileKind::Link {
                    PathBuf::from(std::ffi::OsString::from(
                        String::from_utf8_lossy(&fact.target).into_owned(),
                    ))
                } else {
                    PathBuf::new()
                },
                is_hard_link: false,
                content: None,
            },
            // rpmfiles.h: CONFIG 1, NOREPLACE 16, GHOST 64.
            is_config: fact.flags & 1 != 0,
            stays: fact.flags & 16 != 0,
            is_ghost: fact.flags & 64 != 0,
        });
    }
    // The last name of a file has its content.
    let paths: Vec<PathBuf> = members.iter().map(|one| one.member.path.clone()).collect();
    for (at, (one, fact)) in members.iter_mut().zip(&facts).enumerate() {
        let last = last_of.get(&fact.inode).copied();
        let other = last.filter(|last| *last != at && one.member.kind == FileKind::File);
        if let Some(path) = other.and_then(|last| paths.get(last)) {
            one.member.is_hard_link = true;
            one.member.target.clone_from(path);
        }
    }
    Ok(members)
}

/// The content of the files, out of a cpio (rpm 4.18 `lib/cpio.c`): `070701`, or `07070X`
/// with nothing but the number of the file.
fn payload(
    mut input: Box<dyn Read + '_>,
    wanted: &Wanted<'_>,
    members: &mut [Shipped],
) -> Result<(), Fault> {
    let by_path: BTreeMap<PathBuf, usize> = members
        .iter()
        .enumerate()
        .map(|(at, one)| (one.member.path.clone(), at))
        .collect();
    loop {
        if (wanted.expired)() {
            return Err(Fault::Late);
        }
        let magic = exact(&mut input, 6)?;
        let (at, len) = match magic.as_slice() {
            b"070701" | b"070702" => {
                let fields = exact(&mut input, 104)?;
                let field = |number: usize| hex(fields.get(number * 8..number * 8 + 8)?);
                let odd = || damaged("a member's head");
                let len = field(6).ok_or_else(odd)?;
                let name_len = field(11).and_then(|len| usize::try_from(len).ok());
                let name_len = name_len.filter(|len| (1..=MAX_PATH).contains(len));
                let name_len = name_len.ok_or_else(odd)?;
                let mut name = exact(&mut input, name_len)?;
                name.pop();
                exact(&mut input, (110 + name_len).wrapping_neg() % 4)?;
                if name == b"TRAILER!!!" {
                    return Ok(());
                }
                (by_path.get(&absolute(&name)?).copied(), len)
            }
            b"07070X" => {
                let number = exact(&mut input, 8)?;
                let number = hex(&number).and_then(|at| usize::try_from(at).ok());
                exact(&mut input, 2)?;
                let number = number.filter(|at| *at < members.len());
                let at = number.ok_or_else(|| damaged("a member that no header describes"))?;
                let has_content = members
                    .get(at)
                    .is_some_and(|one| one.member.kind == FileKind::File);
                let linked = members.get(at).is_some_and(|one| one.member.is_hard_link);
                let len = members.get(at).map_or(0, |one| one.member.len);
                (Some(at), if has_content && !linked { len } else { 0 })
            }
            _ => return Err(damaged("no member where one should be")),
        };
        let mut content = (&mut input).take(len);
        let one = at.and_then(|at| members.get_mut(at));
        if let Some(one) = one {
            let member = &mut one.member;
            let is_file = member.kind == FileKind::File && !member.is_hard_link;
            if is_file && len == member.len && (wanted.keep)(&member.path, len) {
                let mut bytes = Vec::new();
                content.read_to_end(&mut bytes).map_err(|e| of_io(&e))?;
                if u64::try_from(bytes.len()).is_ok_and(|read| read == len) {
                    member.content = Some(bytes);
                } else {
                    return Err(damaged("it ends too early"));
                }
            }
            let enough = (wanted.enough)(&member.path);
            if enough && is_file {
                return Ok(());
            }
        }
        io::copy(&mut content, &mut io::sink()).map_err(|e| of_io(&e))?;
        if content.limit() > 0 {
            return Err(damaged("it ends too early"));
        }
        let pad = usize::try_from(len % 4).unwrap_or(0);
        exact(&mut input, (4 - pad) % 4)?;
    }
}

fn hex(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    u64::from_str_radix(text, 16).ok()
}

/// Packages for tests.
#[cfg(test)]
pub(crate) mod samples {
    /// Tags, their kinds and their data, as a header without magic.
    fn header(tags: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
        let (mut index, mut data) = (Vec::new(), Vec::new());
        for (number, kind, count, bytes) in tags {
            for word in [*number, *kind, u32::try_from(data.len()).unwrap(), *count] {
                index.extend_from_slice(&word.to_be_bytes());
            }
            data.extend_from_slice(bytes);
        }
        let mut out = u32::try_from(tags.len()).unwrap().to_be_bytes().to_vec();
        out.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        out.extend(index);
        out.extend(data);
        out
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn cpio(name: &str, content: &[u8]) -> Vec<u8> {
        let mut out = b"070701".to_vec();
        let name_len = name.len() + 1;
        for field in [
            1,
            0o100_644,
            0,
            0,
            1,
            0,
            content.len(),
            0,
            0,
            0,
            0,
            name_len,
            0,
        ] {
            out.extend(format!("{field:08x}").bytes());
        }
        out.extend_from_slice(name.as_bytes());
        out.push(0);
        out.resize(out.len().next_multiple_of(4), 0);
        out.extend_from_slice(content);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    /// A package `bash` 5.2-1 with a file of two names, a link and a ghost.
    pub(crate) fn package() -> Vec<u8> {
        let mut out = vec![0; 96];
        out[..4].copy_from_slice(&[0xed, 0xab, 0xee, 0xdb]);
        let magic = [0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0];
        let signatures = header(&[(1000, 4, 1, &[0, 0, 0, 1])]);
        out.extend_from_slice(&magic);
        out.extend_from_slice(&signatures);
        out.resize(out.len().next_multiple_of(8), 0);
        out.extend_from_slice(&magic);
        out.extend(header(&[
            (1000, 6, 1, b"bash\0"),
            (1001, 6, 1, b"5.2\0"),
            (1002, 6, 1, b"1\0"),
            (1022, 6, 1, b"noarch\0"),
            (1028, 4, 4, &words(&[5, 5, 4, 0])),
            (
                1030,
                3,
                4,
                &[0x81, 0xed, 0x81, 0xed, 0xa1, 0xff, 0x41, 0xed],
            ),
            (1036, 8, 4, b"\0\0bash\0\0"),
            (1037, 4, 4, &words(&[0, 17, 0, 64])),
            (1039, 8, 4, b"root\0root\0root\0root\0"),
            (1096, 4, 4, &words(&[7, 7, 8, 9])),
            (1116, 4, 4, &words(&[0, 0, 0, 0])),
            (1117, 8, 4, b"bash\0bash.conf\0sh\0ghost\0"),
            (1118, 8, 1, b"/usr/bin/\0"),
        ]));
        out.extend(cpio("./usr/bin/bash", b""));
        out.extend(cpio("./usr/bin/bash.conf", b"hello"));
        out.extend(cpio("./usr/bin/sh", b"bash"));
        out.extend(cpio("TRAILER!!!", b""));
        out
    }

    /// The header of a package with one file.
    pub(crate) fn header_of(name: &str, version: &str, dir: &str, file: &str) -> Vec<u8> {
        let text = |text: &str| [text.as_bytes(), b"\0"].concat();
        header(&[
            (1000, 6, 1, &text(name)),
            (1001, 6, 1, &text(version)),
            (1002, 6, 1, b"1\0"),
            (1022, 6, 1, b"noarch\0"),
            (1030, 3, 1, &[0x81, 0xed]),
            (1116, 4, 1, &words(&[0])),
            (1117, 8, 1, &text(file)),
            (1118, 8, 1, &text(dir)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn read_all(bytes: &[u8]) -> Result<RpmFile, Fault> {
        let wanted = Wanted {
            enough: &|_| false,
            keep: &|_, _| true,
            expired: &|| false,
        };
        read(&mut &bytes[..], true, &wanted)
    }

    #[test]
    fn the_header_describes_what_the_payload_holds() {
        let file = read_all(&samples::package()).unwrap();
        let package = Header::new(&file.header).unwrap().package().unwrap();
        assert_eq!((&*package.name, &*package.version), ("bash", "5.2-1"));
        let member = |at: usize| &file.members[at].member;
        assert!(member(0).is_hard_link);
        assert_eq!(member(0).target, Path::new("/usr/bin/bash.conf"));
        assert_eq!(member(1).content.as_deref(), Some(&b"hello"[..]));
        assert!(file.members[1].is_config && file.members[1].stays);
        assert_eq!(member(2).kind, FileKind::Link);
        assert_eq!(member(2).target, Path::new("bash"));
        assert!(file.members[3].is_ghost);
        assert_eq!(member(3).kind, FileKind::Dir);
    }

    #[test]
    fn a_package_cut_or_changed_anywhere_is_never_a_crash() {
        let bytes = samples::package();
        for end in 0..bytes.len() - 124 {
            assert!(read_all(&bytes[..end]).is_err(), "{end}");
        }
        for at in 0..bytes.len() {
            for value in [0, 0xff] {
                let mut bytes = bytes.clone();
                bytes[at] = value;
                let _ = read_all(&bytes).is_ok();
            }
        }
        assert_eq!(read_all(b"PK").err(), Some(Fault::NotA("rpm package")));
    }
}
