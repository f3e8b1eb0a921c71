//! Headers of rpm packages as its database keeps them (rpm 4.18 `lib/header.c`): two
//! counts, an index of tags, and their data, all big-endian.

/// A package of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// `[EPOCH:]VERSION-RELEASE`.
    pub version: String,
    /// Its architecture; empty for public keys.
    pub architecture: String,
}

/// A file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The absolute path.
    pub path: Vec<u8>,
    /// Type and permissions, as `st_mode` has them.
    pub mode: u32,
    /// The checksum in hexadecimal, empty for what is no regular file.
    pub digest: Vec<u8>,
    /// Whether it is there at all: documentation and other languages may be left out, and
    /// another package may have replaced it.
    pub is_installed: bool,
    /// Whether it is configuration, `%ghost`, or not to be verified: then its content says
    /// nothing.
    pub may_change: bool,
}

/// What a header says of a file that is unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskFact {
    /// The absolute path.
    pub path: Vec<u8>,
    /// Type and permissions, as `st_mode` has them.
    pub mode: u32,
    /// Size in bytes.
    pub len: u64,
    /// Text of a link.
    pub target: Vec<u8>,
    /// Owner by number: 0 for root, 65534 for anybody else, as only names are kept.
    pub user: u32,
    /// Group, likewise.
    pub group: u32,
    /// Seconds since the epoch.
    pub mtime: i64,
    /// `RPMFILE_*` flags.
    pub flags: u32,
    /// Equal for names of one file; 0 where none is kept.
    pub inode: u32,
}

/// `RPMTAG_*` of `lib/rpmtag.h`.
mod tag {
    pub(super) const NAME: u32 = 1000;
    pub(super) const VERSION: u32 = 1001;
    pub(super) const RELEASE: u32 = 1002;
    pub(super) const EPOCH: u32 = 1003;
    pub(super) const ARCH: u32 = 1022;
    pub(super) const FILE_SIZES: u32 = 1028;
    pub(super) const FILE_STATES: u32 = 1029;
    pub(super) const FILE_MODES: u32 = 1030;
    pub(super) const FILE_MTIMES: u32 = 1034;
    pub(super) const FILE_DIGESTS: u32 = 1035;
    pub(super) const FILE_LINKS: u32 = 1036;
    pub(super) const FILE_FLAGS: u32 = 1037;
    pub(super) const FILE_USERS: u32 = 1039;
    pub(super) const FILE_GROUPS: u32 = 1040;
    pub(super) const FILE_VERIFY_FLAGS: u32 = 1045;
    pub(super) const FILE_INODES: u32 = 1096;
    pub(super) const DIR_INDEXES: u32 = 1116;
    pub(super) const BASE_NAMES: u32 = 1117;
    pub(super) const DIR_NAMES: u32 = 1118;
    pub(super) const LONG_FILE_SIZES: u32 = 5008;
    pub(super) const FILE_DIGEST_ALGO: u32 = 5011;
}

/// Most tags of a header, and most bytes of its data (`lib/header.c`).
const MAX_TAGS: usize = 0x000f_ffff;

/// One line of the index.
#[derive(Clone, Copy)]
struct Tag {
    number: u32,
    kind: u32,
    offset: usize,
    count: usize,
}

/// A header whose index was read.
pub struct Header<'a> {
    tags: Vec<Tag>,
    data: &'a [u8],
}

impl<'a> Header<'a> {
    /// The header in a blob; `None` where it is none.
    #[must_use]
    pub fn new(blob: &'a [u8]) -> Option<Self> {
        // In a package file, and in some databases, magic bytes stand before it.
        let blob = match blob.strip_prefix(&[0x8e, 0xad, 0xe8, 0x01]) {
            Some(rest) => rest.get(4..)?,
            None => blob,
        };
        let count = number(blob, 0)?;
        let size = number(blob, 4)?;
        if count == 0 || count > MAX_TAGS {
            return None;
        }
        let start = 8 + count * 16;
        let index = blob.get(8..start)?;
        let data = blob.get(start..start.checked_add(size)?)?;
        let mut tags = Vec::with_capacity(count);
        for line in index.chunks_exact(16) {
            tags.push(Tag {
                number: u32::try_from(number(line, 0)?).ok()?,
                kind: u32::try_from(number(line, 4)?).ok()?,
                // Regions have offsets of their own kind, beyond the data.
                offset: number(line, 8)?,
                count: number(line, 12)?,
            });
        }
        Some(Self { tags, data })
    }

    fn tag(&self, number: u32) -> Option<Tag> {
        self.tags.iter().find(|tag| tag.number == number).copied()
    }

    /// The strings of a tag.
    fn texts(&self, number: u32) -> Vec<&'a [u8]> {
        let Some(tag) = self.tag(number).filter(|tag| matches!(tag.kind, 6 | 8 | 9)) else {
            return Vec::new();
        };
        let rest = self.data.get(tag.offset..).unwrap_or(&[]);
        rest.split(|b| *b == 0).take(tag.count).collect()
    }

    fn text(&self, number: u32) -> Option<String> {
        let texts = self.texts(number);
        let first = texts.first()?;
        Some(String::from_utf8_lossy(first).into_owned())
    }

    /// The numbers of a tag: of one, two or four bytes.
    fn numbers(&self, number: u32) -> Vec<u32> {
        let Some(tag) = self.tag(number) else {
            return Vec::new();
        };
        let width = match tag.kind {
            1 | 2 => 1,
            3 => 2,
            4 => 4,
            _ => return Vec::new(),
        };
        let end = tag.offset.saturating_add(tag.count.saturating_mul(width));
        let bytes = self.data.get(tag.offset..end).unwrap_or(&[]);
        let value = |chunk: &[u8]| {
            chunk
                .iter()
                .fold(0_u32, |value, byte| (value << 8) | u32::from(*byte))
        };
        bytes.chunks_exact(width).map(value).collect()
    }

    /// What it says of the files that are unpacked.
    #[must_use]
    pub fn disk_facts(&self) -> Vec<DiskFact> {
        let entries = self.files();
        let sizes = self.numbers(tag::FILE_SIZES);
        let long = self.longs(tag::LONG_FILE_SIZES);
        let links = self.texts(tag::FILE_LINKS);
        let users = self.texts(tag::FILE_USERS);
        let groups = self.texts(tag::FILE_GROUPS);
        let mtimes = self.numbers(tag::FILE_MTIMES);
        let flags = self.numbers(tag::FILE_FLAGS);
        let inodes = self.numbers(tag::FILE_INODES);
        let at = |list: &[u32], index: usize| list.get(index).copied().unwrap_or(0);
        let who = |names: &[&[u8]], index: usize| match names.get(index) {
            Some(name) if *name != b"root" => 65534,
            _ => 0,
        };
        let fact = |(index, entry): (usize, Entry)| DiskFact {
            path: entry.path,
            mode: entry.mode,
            len: match long.get(index) {
                Some(len) => *len,
                None => at(&sizes, index).into(),
            },
            target: links.get(index).map_or_else(Vec::new, |link| link.to_vec()),
            user: who(&users, index),
            group: who(&groups, index),
            mtime: at(&mtimes, index).into(),
            flags: at(&flags, index),
            inode: at(&inodes, index),
        };
        entries.into_iter().enumerate().map(fact).collect()
    }

    /// The numbers of eight bytes of a tag.
    fn longs(&self, number: u32) -> Vec<u64> {
        let Some(tag) = self.tag(number).filter(|tag| tag.kind == 5) else {
            return Vec::new();
        };
        let end = tag.offset.saturating_add(tag.count.saturating_mul(8));
        let bytes = self.data.get(tag.offset..end).unwrap_or(&[]);
        let eight = bytes.chunks_exact(8).filter_map(|c| c.try_into().ok());
        eight.map(u64::from_be_bytes).collect()
    }

    /// The package.
    #[must_use]
    pub fn package(&self) -> Option<Package> {
        let name = self.text(tag::NAME)?;
        let (version, release) = (self.text(tag::VERSION)?, self.text(tag::RELEASE)?);
        let version = match self.numbers(tag::EPOCH).first() {
            Some(epoch) => format!("{epoch}:{version}-{release}"),
            None => format!("{version}-{release}"),
        };
        let architecture = self.text(tag::ARCH).into_iter().collect();
        Some(Package {
            name,
            version,
            architecture,
        })
    }

    /// Its files. Checksums other than MD5 and SHA-256 are left out.
    #[must_use]
    pub fn files(&self) -> Vec<Entry> {
        let names = self.texts(tag::BASE_NAMES);
        let dirs = self.texts(tag::DIR_NAMES);
        let in_dir = self.numbers(tag::DIR_INDEXES);
        let states = self.numbers(tag::FILE_STATES);
        let modes = self.numbers(tag::FILE_MODES);
        let flags = self.numbers(tag::FILE_FLAGS);
        let verify = self.numbers(tag::FILE_VERIFY_FLAGS);
        let digests = self.texts(tag::FILE_DIGESTS);
        let algorithm = self.numbers(tag::FILE_DIGEST_ALGO).first().copied();
        let known = matches!(algorithm, None | Some(1 | 8));
        let at = |list: &[u32], index: usize| list.get(index).copied().unwrap_or(0);
        let entry = |(index, name): (usize, &&[u8])| {
            let dir = usize::try_from(*in_dir.get(index)?).ok()?;
            let mut path = dirs.get(dir)?.to_vec();
            path.extend_from_slice(name);
            let flags = at(&flags, index);
            // rpmfiles.h: CONFIG 1, MISSINGOK 8, GHOST 64; VERIFY_FILEDIGEST 1.
            let checked = verify.get(index).is_none_or(|bits| bits & 1 != 0);
            let digest = digests.get(index).copied().unwrap_or(&[]);
            Some(Entry {
                path,
                mode: at(&modes, index),
                digest: if known { digest.to_vec() } else { Vec::new() },
                is_installed: at(&states, index) == 0,
                may_change: flags & (1 | 8 | 64) != 0 || !checked,
            })
        };
        names.iter().enumerate().filter_map(entry).collect()
    }
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(four)).ok()
}

/// The blobs of an ndb database, `Packages.db` (rpm 4.18 `lib/backend/ndb/rpmpkg.c`):
/// pages of slots, each of which points at blocks of 16 bytes, all little-endian.
///
/// `None` where it is no such file, or a slot points at no blob.
#[must_use]
pub fn ndb_blobs(read: &super::sqlite::ReadAt<'_>) -> Option<Vec<Vec<u8>>> {
    let head = read(0, 32);
    let le = |bytes: &[u8], at: usize| {
        let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(four))
    };
    if !head.starts_with(b"RpmP") {
        return None;
    }
    let pages = usize::try_from(le(&head, 12)?).ok()?;
    if pages == 0 || pages > 1 << 16 {
        return None;
    }
    let slots = read(0, pages * 4096);
    let mut blobs = Vec::new();
    // Two slots' room is taken by the head.
    for slot in slots.chunks_exact(16).skip(2) {
        if !slot.starts_with(b"Slot") {
            return None;
        }
        let (index, block) = (le(slot, 4)?, le(slot, 8)?);
        if index == 0 || block == 0 {
            continue;
        }
        let at = u64::from(block) * 16;
        let head = read(at, 16);
        if !head.starts_with(b"BlbS") || le(&head, 4) != Some(index) {
            return None;
        }
        let len = usize::try_from(le(&head, 12)?).ok()?;
        let blob = read(at + 16, len);
        if blob.len() != len {
            return None;
        }
        blobs.push(blob);
    }
    Some(blobs)
}

/// An ndb database with these headers, each without its magic; [`ndb_blobs`] reads it
/// again. For a tree as it will be: the checks that rpm makes of one are left out.
#[must_use]
pub fn ndb(headers: &[Vec<u8>]) -> Vec<u8> {
    let slots = headers.len() + 2;
    let pages = slots.div_ceil(256).max(1);
    let mut head = b"RpmP".to_vec();
    head.resize(12, 0);
    head.extend(u32::try_from(pages).unwrap_or(u32::MAX).to_le_bytes());
    head.resize(32, 0);
    let mut blobs: Vec<u8> = Vec::new();
    for (index, header) in headers.iter().enumerate() {
        let index = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let block = u32::try_from((pages * 4096 + blobs.len()) / 16).unwrap_or(u32::MAX);
        head.extend_from_slice(b"Slot");
        head.extend(index.to_le_bytes());
        head.extend(block.to_le_bytes());
        head.extend([0; 4]);
        blobs.extend_from_slice(b"BlbS");
        blobs.extend(index.to_le_bytes());
        blobs.extend([0; 4]);
        blobs.extend(
            u32::try_from(header.len())
                .unwrap_or(u32::MAX)
                .to_le_bytes(),
        );
        blobs.extend_from_slice(header);
        blobs.resize(blobs.len().next_multiple_of(16), 0);
    }
    while head.len() < pages * 4096 {
        head.extend_from_slice(b"Slot");
        head.extend([0; 12]);
    }
    head.extend(blobs);
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut data = Vec::new();
        let mut index = Vec::new();
        let mut tag = |number: u32, kind: u32, count: u32, bytes: &[u8]| {
            for word in [number, kind, u32::try_from(data.len()).unwrap(), count] {
                index.extend_from_slice(&word.to_be_bytes());
            }
            data.extend_from_slice(bytes);
        };
        tag(tag::NAME, 6, 1, b"bash\0");
        tag(tag::VERSION, 6, 1, b"5.2\0");
        tag(tag::RELEASE, 6, 1, b"1.fc37\0");
        tag(tag::EPOCH, 4, 1, &[0, 0, 0, 2]);
        tag(tag::BASE_NAMES, 8, 2, b"bash\0bashrc\0");
        tag(tag::DIR_NAMES, 8, 2, b"/usr/bin/\0/etc/\0");
        tag(tag::DIR_INDEXES, 4, 2, &[0, 0, 0, 0, 0, 0, 0, 1]);
        tag(tag::FILE_FLAGS, 4, 2, &[0, 0, 0, 0, 0, 0, 0, 1]);
        tag(tag::FILE_MODES, 3, 2, &[0x81, 0xed, 0x81, 0xa4]);
        let mut blob = Vec::new();
        blob.extend_from_slice(&9_u32.to_be_bytes());
        blob.extend_from_slice(&u32::try_from(data.len()).unwrap().to_be_bytes());
        blob.extend_from_slice(&index);
        blob.extend_from_slice(&data);
        blob
    }

    #[test]
    fn a_header_tells_package_and_files() {
        let blob = sample();
        let header = Header::new(&blob).unwrap();
        assert_eq!(header.package().unwrap().version, "2:5.2-1.fc37");
        let files = header.files();
        assert_eq!(files[0].path, b"/usr/bin/bash");
        assert_eq!(files[0].mode, 0o100_755);
        assert_eq!(files[1].path, b"/etc/bashrc");
        assert!(!files[0].may_change && files[1].may_change);
    }

    #[test]
    fn a_database_that_was_written_reads_the_same() {
        for count in [0, 1, 300] {
            let headers = vec![sample(); count];
            let bytes = ndb(&headers);
            let read = |offset: u64, len: usize| {
                let start = usize::try_from(offset).unwrap().min(bytes.len());
                bytes[start..bytes.len().min(start + len)].to_vec()
            };
            assert_eq!(ndb_blobs(&read), Some(headers));
        }
    }

    #[test]
    fn a_header_cut_or_changed_anywhere_is_never_a_crash() {
        let blob = sample();
        for end in 0..blob.len() {
            assert!(Header::new(&blob[..end]).is_none());
        }
        for index in 0..blob.len() {
            let mut blob = blob.clone();
            blob[index] = 0xff;
            if let Some(header) = Header::new(&blob) {
                let _ = (header.package(), header.files().len() <= 2);
            }
        }
        assert!(ndb_blobs(&|_, _| vec![0xff; 64]).is_none());
    }
}
