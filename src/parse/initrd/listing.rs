//! What was read of an initrd, as a file of its own: a snapshot keeps that in place of the
//! archive, which may hold keys. Only of one that nothing is wrong with: what is wrong is
//! to be seen in its bytes alone.

use serde::{Deserialize, Serialize};

use super::rootfs::{Content, Entry, Rootfs};
use super::{Compression, Initrd, Limits, Packing, Segment, generator};
use crate::text::FileKind;

/// Where a snapshot keeps it.
pub const PATH: &str = "/recorded/initrd.json";

/// The name and version of the form.
const FORM: &str = "comeback.initrd/1";

/// The whole of it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    form: String,
    segments: Vec<WireSegment>,
    inodes: Vec<WireInode>,
    /// Paths, each with the number of its inode.
    names: Vec<(String, usize)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSegment {
    /// `cpio`, or what it is packed with.
    packing: String,
    offset: u64,
    len: u64,
    unpacked: u64,
    entries: usize,
    trailer: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireInode {
    kind: FileKind,
    mode: u32,
    size: u64,
    segment: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(default)]
    whole: bool,
}

/// Bytes as text: each is the character of its number.
fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|mark| u8::try_from(u32::from(mark)).ok())
        .collect()
}

/// The listing of an initrd; `veil` hides in a kept content, by its path, what is nobody's
/// business. None where something is wrong with the initrd.
#[must_use]
pub fn write(initrd: &Initrd, veil: &dyn Fn(&[u8], &mut [u8])) -> Option<Vec<u8>> {
    if !initrd.problems.is_empty() || initrd.left_out > 0 {
        return None;
    }
    let (inodes, names) = initrd.rootfs.parts();
    let names: Vec<(String, usize)> = names.map(|(path, at)| (text(path), at)).collect();
    let path_of = |inode: usize| names.iter().find(|(_, at)| *at == inode);
    let inode = |(at, entry): (usize, &Entry)| {
        let content = entry.content.as_ref().map(|content| {
            let mut kept = content.bytes.clone();
            if let Some(path) = path_of(at).and_then(|(path, _)| bytes(path)) {
                veil(&path, &mut kept);
            }
            text(&kept)
        });
        WireInode {
            kind: entry.kind,
            mode: entry.mode,
            size: entry.size,
            segment: entry.segment,
            target: entry.target.as_ref().map(|target| text(target)),
            content,
            whole: entry.content.as_ref().is_some_and(|content| content.whole),
        }
    };
    let segment = |segment: &Segment| WireSegment {
        packing: segment.packing.to_string(),
        offset: segment.offset,
        len: segment.len,
        unpacked: segment.unpacked,
        entries: segment.entries,
        trailer: segment.has_trailer,
    };
    let document = Document {
        form: FORM.to_owned(),
        segments: initrd.segments.iter().map(segment).collect(),
        inodes: inodes.iter().enumerate().map(inode).collect(),
        names,
    };
    serde_json::to_vec(&document).ok()
}

/// The initrd of a listing; none where it is none that this version reads.
#[must_use]
pub fn read(listing: &[u8]) -> Option<Initrd> {
    let document: Document = serde_json::from_slice(listing).ok()?;
    if document.form != FORM || document.names.len() > Limits::STANDARD.entries {
        return None;
    }
    let segment = |wire: WireSegment| {
        Some(Segment {
            packing: packing(&wire.packing)?,
            offset: wire.offset,
            len: wire.len,
            unpacked: wire.unpacked,
            entries: wire.entries,
            has_trailer: wire.trailer,
        })
    };
    let segments: Option<Vec<Segment>> = document.segments.into_iter().map(segment).collect();
    let entry = |wire: WireInode| {
        let content = match wire.content {
            Some(content) => Some(Content {
                bytes: bytes(&content)?,
                whole: wire.whole,
            }),
            None => None,
        };
        let target = match wire.target {
            Some(target) => Some(bytes(&target)?),
            None => None,
        };
        Some(Entry {
            kind: wire.kind,
            mode: wire.mode,
            size: wire.size,
            target,
            content,
            segment: wire.segment,
        })
    };
    let inodes: Option<Vec<Entry>> = document.inodes.into_iter().map(entry).collect();
    let name = |(path, inode): (String, usize)| Some((bytes(&path)?, inode));
    let names: Option<Vec<(Vec<u8>, usize)>> = document.names.into_iter().map(name).collect();
    let rootfs = Rootfs::of_parts(inodes?, names?)?;
    Some(Initrd {
        generator: generator::detect(&rootfs),
        segments: segments?,
        rootfs,
        problems: Vec::new(),
        left_out: 0,
    })
}

fn packing(name: &str) -> Option<Packing> {
    if name == Packing::Plain.to_string() {
        return Some(Packing::Plain);
    }
    let found = Compression::ALL.iter().find(|one| one.to_string() == name);
    found.map(|one| Packing::Compressed(*one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Initrd {
        let entry = |kind, target: Option<&[u8]>, content: Option<&[u8]>| Entry {
            kind,
            mode: 0o755,
            size: 7,
            target: target.map(<[u8]>::to_vec),
            content: content.map(|bytes| Content {
                bytes: bytes.to_vec(),
                whole: true,
            }),
            segment: 0,
        };
        let inodes = vec![
            entry(FileKind::Dir, None, None),
            entry(FileKind::File, None, Some(b"#!/bin/sh\n\xff\0")),
            entry(FileKind::Link, Some(b"usr/\xe9"), None),
        ];
        let names = ["conf", "init", "linuxrc", "sbin"];
        let names = names.iter().map(|name| name.as_bytes().to_vec());
        let rootfs = Rootfs::of_parts(inodes, names.zip([0, 1, 1, 2]).collect()).unwrap();
        Initrd {
            generator: generator::detect(&rootfs),
            segments: vec![Segment {
                packing: Packing::Compressed(Compression::Zstd),
                offset: 512,
                len: 9,
                unpacked: 90,
                entries: 4,
                has_trailer: true,
            }],
            rootfs,
            problems: Vec::new(),
            left_out: 0,
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let initrd = sample();
        let listing = write(&initrd, &|_, _| ()).unwrap();
        assert_eq!(read(&listing), Some(initrd));
        for cut in 0..listing.len() {
            assert_eq!(read(&listing[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn a_secret_is_hidden_by_the_path_that_it_is_kept_at() {
        let hide = |path: &[u8], kept: &mut [u8]| {
            if path == b"init" {
                kept.fill(b'x');
            }
        };
        let listing = write(&sample(), &hide).unwrap();
        let read = read(&listing).unwrap();
        let content = read.rootfs.get(b"linuxrc").unwrap().content.clone();
        assert_eq!(content.unwrap().bytes, b"xxxxxxxxxxxx");
    }

    #[test]
    fn one_with_something_wrong_has_no_listing_and_a_name_without_inode_is_none() {
        let mut initrd = sample();
        initrd.left_out = 1;
        assert_eq!(write(&initrd, &|_, _| ()), None);
        assert_eq!(Rootfs::of_parts(Vec::new(), vec![(b"x".to_vec(), 0)]), None);
    }
}
