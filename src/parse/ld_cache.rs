//! `/etc/ld.so.cache`, in which glibc's loader finds libraries (glibc 2.36
//! `sysdeps/generic/dl-cache.h` and `elf/dl-cache.c`).
//!
//! | quirk | what the loader does |
//! |---|---|
//! | neither magic, or fewer entries than the header says | goes on without the cache |
//! | written for the other order of bytes | goes on without the cache |
//! | old format (`ld.so-1.7.0`) before the new | takes the new one behind it |
//! | names | compared with digits as numbers: `libx.so.10` is after `libx.so.9` |
//! | entries out of order | not found: it is a binary search |
//! | entries of another architecture | passed over, by their flags |
//! | entries for a level of the processor | first, where the processor has it |

use std::cmp::Ordering;

use super::elf::Endian;

const MAGIC_OLD: &[u8] = b"ld.so-1.7.0";
const MAGIC_NEW: &[u8] = b"glibc-ld.so.cache1.1";
/// Length of the old header: the magic, a byte to align, the count.
const HEADER_OLD: usize = 16;
/// Length of an entry of the old format.
const ENTRY_OLD: usize = 12;
/// Length of the new header.
const HEADER_NEW: usize = 48;
/// Length of an entry of the new format.
const ENTRY_NEW: usize = 24;
/// Magic number of the directory of extensions.
const EXTENSIONS: u32 = 0xeaa4_2174;
/// The section of extensions that names `glibc-hwcaps` directories.
const TAG_HWCAPS: u32 = 1;
/// An entry below `glibc-hwcaps` (bit 62), whatever level (10 bits from 32 on).
const EXTENSION_MASK: u64 = !0x3ff << 32;
const EXTENSION: u64 = 1 << 62;
/// Longest name or path that is looked at, bytes.
const MAX_TEXT: usize = 4096;

/// A cache the loader would use.
#[derive(Clone, Debug)]
pub struct Cache {
    bytes: Vec<u8>,
    endian: Endian,
    /// Offset that names and paths count from.
    strings: usize,
    /// Offset of the first entry.
    entries: usize,
    count: usize,
    entry_len: usize,
    /// Offsets of the names of `glibc-hwcaps` directories.
    levels: Vec<u32>,
}

/// Why the loader goes on without the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unused {
    /// No magic, or cut off.
    #[error("is no cache of libraries, or cut off: the loader passes over it")]
    Broken,
    /// For the other order of bytes.
    #[error("is for the other order of bytes: the loader passes over it")]
    Endian,
}

/// What is searched for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The library, such as `libc.so.6`.
    pub name: &'a [u8],
    /// The flags of entries for this architecture, the exact one first; empty where
    /// they are not known: then any will do.
    pub flags: &'a [u32],
    /// The `glibc-hwcaps` directories the processor can use, best first.
    pub levels: &'a [&'a str],
}

/// Reads a cache for a loader of this order of bytes.
///
/// # Errors
/// Where the loader goes on without it.
pub fn parse(bytes: &[u8], endian: Endian) -> Result<Cache, Unused> {
    let mut cache = Cache {
        bytes: bytes.to_vec(),
        endian,
        strings: 0,
        entries: 0,
        count: 0,
        entry_len: ENTRY_NEW,
        levels: Vec::new(),
    };
    if bytes.starts_with(MAGIC_NEW) {
        cache.read_new(0)?;
        return Ok(cache);
    }
    if !bytes.starts_with(MAGIC_OLD) {
        return Err(Unused::Broken);
    }
    let count = cache.count_at(12)?;
    let end = count
        .checked_mul(ENTRY_OLD)
        .and_then(|len| len.checked_add(HEADER_OLD))
        .filter(|end| *end <= bytes.len())
        .ok_or(Unused::Broken)?;
    let aligned = end.next_multiple_of(8);
    let behind = bytes.get(aligned..).unwrap_or(&[]);
    if behind.starts_with(MAGIC_NEW) && behind.len() >= HEADER_NEW {
        cache.read_new(aligned)?;
        return Ok(cache);
    }
    cache.strings = end;
    cache.entries = HEADER_OLD;
    cache.count = count;
    cache.entry_len = ENTRY_OLD;
    Ok(cache)
}

impl Cache {
    fn read_new(&mut self, at: usize) -> Result<(), Unused> {
        let behind = self.bytes.get(at..).unwrap_or(&[]);
        if behind.len() <= HEADER_NEW {
            return Err(Unused::Broken);
        }
        let fits = (behind.len() - HEADER_NEW) / ENTRY_NEW;
        let written_for = behind.get(28).map_or(0, |flags| flags & 3);
        let own = match self.endian {
            Endian::Little => 2,
            Endian::Big => 3,
        };
        if written_for != 0 && written_for != own {
            return Err(Unused::Endian);
        }
        let count = self.count_at(at + 20)?;
        if count > fits {
            return Err(Unused::Broken);
        }
        self.strings = at;
        self.entries = at + HEADER_NEW;
        self.count = count;
        self.entry_len = ENTRY_NEW;
        if let Some(levels) = self.read_levels(at) {
            self.levels = levels;
        }
        Ok(())
    }

    /// The names of `glibc-hwcaps` directories; none where the table is not sound.
    fn read_levels(&self, at: usize) -> Option<Vec<u32>> {
        // Offsets of extensions count from the start of the file.
        let directory = usize::try_from(self.int(at + 32)?).ok()?;
        if directory == 0 || self.int(directory)? != EXTENSIONS {
            return None;
        }
        let sections = usize::try_from(self.int(directory + 4)?).ok()?;
        for index in 0..sections.min(64) {
            let section = directory + 8 + index * 16;
            if self.int(section)? != TAG_HWCAPS {
                continue;
            }
            let start = usize::try_from(self.int(section + 8)?).ok()?;
            let len = usize::try_from(self.int(section + 12)?).ok()?;
            let offsets = (0..(len / 4).min(1024)).map(|i| self.int(start + i * 4));
            return offsets.collect();
        }
        None
    }

    /// How many entries it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The path the loader would open for a library.
    #[must_use]
    pub fn lookup(&self, wanted: &Wanted<'_>) -> Option<&[u8]> {
        let middle = self.search(wanted.name)?;
        // The first of the entries with this name.
        let mut first = middle;
        while first > 0
            && self
                .key(first - 1)
                .is_some_and(|key| same(wanted.name, key))
        {
            first -= 1;
        }
        let mut best: Option<(usize, &[u8])> = None;
        for index in first..self.count {
            if !self.key(index).is_some_and(|key| same(wanted.name, key)) {
                break;
            }
            let at = self.entries + index * self.entry_len;
            let flags = self.int(at)?;
            let fits = wanted.flags.is_empty() || wanted.flags.contains(&flags);
            let Some(path) = self.value(at).filter(|_| fits) else {
                continue;
            };
            let hwcap = self.hwcap(at);
            if hwcap & EXTENSION_MASK == EXTENSION {
                let rank = self.rank(hwcap, wanted.levels);
                if let Some(rank) = rank
                    && best.is_none_or(|(known, _)| rank < known)
                {
                    best = Some((rank, path));
                }
                continue;
            }
            // Those below glibc-hwcaps come first, and end here.
            if best.is_some() && self.entry_len == ENTRY_NEW {
                break;
            }
            // Entries of older kinds of hardware directories: passed over.
            if hwcap != 0 {
                continue;
            }
            best = Some((usize::MAX, path));
            if wanted.flags.first().is_none_or(|exact| *exact == flags) {
                break;
            }
        }
        best.map(|(_, path)| path)
    }

    /// Any entry with this name, by binary search.
    fn search(&self, name: &[u8]) -> Option<usize> {
        let (mut left, mut right) = (0, self.count);
        while left < right {
            let middle = left.midpoint(right - 1);
            match compare(name, self.key(middle)?) {
                Ordering::Equal => return Some(middle),
                // Sorted from high to low.
                Ordering::Less => left = middle + 1,
                Ordering::Greater => right = middle,
            }
        }
        None
    }

    /// The place of an entry's `glibc-hwcaps` directory among those that can be used.
    fn rank(&self, hwcap: u64, levels: &[&str]) -> Option<usize> {
        let index = usize::try_from(hwcap & 0xffff_ffff).ok()?;
        let at = usize::try_from(*self.levels.get(index)?).ok()?;
        let name = self.text(at)?;
        levels.iter().position(|level| level.as_bytes() == name)
    }

    fn key(&self, index: usize) -> Option<&[u8]> {
        let at = self.int(self.entries + index * self.entry_len + 4)?;
        self.text(self.strings + usize::try_from(at).ok()?)
    }

    fn value(&self, entry: usize) -> Option<&[u8]> {
        let at = self.int(entry + 8)?;
        self.text(self.strings + usize::try_from(at).ok()?)
    }

    fn hwcap(&self, entry: usize) -> u64 {
        if self.entry_len != ENTRY_NEW {
            return 0;
        }
        let (Some(first), Some(second)) = (self.int(entry + 16), self.int(entry + 20)) else {
            return 0;
        };
        let (low, high) = match self.endian {
            Endian::Little => (first, second),
            Endian::Big => (second, first),
        };
        u64::from(high) << 32 | u64::from(low)
    }

    fn text(&self, at: usize) -> Option<&[u8]> {
        let rest = self.bytes.get(at..)?;
        let rest = rest.get(..rest.len().min(MAX_TEXT))?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        rest.get(..end)
    }

    fn int(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?;
        let bytes: [u8; 4] = bytes.try_into().ok()?;
        Some(match self.endian {
            Endian::Little => u32::from_le_bytes(bytes),
            Endian::Big => u32::from_be_bytes(bytes),
        })
    }

    fn count_at(&self, at: usize) -> Result<usize, Unused> {
        let count = self.int(at).ok_or(Unused::Broken)?;
        usize::try_from(count).map_err(|_| Unused::Broken)
    }
}

fn same(a: &[u8], b: &[u8]) -> bool {
    compare(a, b) == Ordering::Equal
}

/// The order of names (`_dl_cache_libcmp`): digits count as numbers, and are above
/// everything else.
fn compare(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        match (a.split_first(), b.split_first()) {
            (None, None) => return Ordering::Equal,
            (Some((x, rest_a)), Some((y, rest_b))) => {
                match (x.is_ascii_digit(), y.is_ascii_digit()) {
                    (true, true) => {
                        let (number_a, number_b) = (number(&mut a), number(&mut b));
                        if number_a != number_b {
                            return number_a.wrapping_sub(number_b).cmp(&0);
                        }
                    }
                    (true, false) => return Ordering::Greater,
                    (false, true) => return Ordering::Less,
                    (false, false) if x != y => return x.cmp(y),
                    (false, false) => (a, b) = (rest_a, rest_b),
                }
            }
            (Some(_), None) => return Ordering::Greater,
            (None, Some(_)) => return Ordering::Less,
        }
    }
}

/// The digits at the front as the loader's `int`, which wraps.
fn number(text: &mut &[u8]) -> i32 {
    let mut value = 0_i32;
    while let Some((digit, rest)) = text.split_first()
        && digit.is_ascii_digit()
    {
        value = value.wrapping_mul(10).wrapping_add(i32::from(digit - b'0'));
        *text = rest;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AMD64: &[u32] = &[0x303];

    /// A cache in the new format: flags, name, path and hardware word of each entry,
    /// in the order given.
    fn cache(entries: &[(u32, &str, &str, u64)], levels: &[&str]) -> Vec<u8> {
        let strings_at = HEADER_NEW + entries.len() * ENTRY_NEW;
        let mut strings: Vec<u8> = Vec::new();
        let mut put = |text: &str| {
            let at = strings_at + strings.len();
            strings.extend(text.as_bytes());
            strings.push(0);
            u32::try_from(at).unwrap()
        };
        let mut table = Vec::new();
        for (flags, name, path, hwcap) in entries {
            let (name, path) = (put(name), put(path));
            for int in [*flags, name, path, 0] {
                table.extend(int.to_le_bytes());
            }
            table.extend(hwcap.to_le_bytes());
        }
        let levels: Vec<u32> = levels.iter().map(|level| put(level)).collect();
        let count = u32::try_from(entries.len()).unwrap();
        let strings_len = u32::try_from(strings.len()).unwrap();
        let directory = (strings_at + strings.len()).next_multiple_of(4);
        let extensions = u32::try_from(directory).unwrap();
        let mut bytes = MAGIC_NEW.to_vec();
        for int in [count, strings_len, 2, extensions, 0, 0, 0] {
            bytes.extend(int.to_le_bytes());
        }
        bytes.extend(table);
        bytes.extend(strings);
        bytes.resize(directory, 0);
        let size = u32::try_from(levels.len() * 4).unwrap();
        for int in [EXTENSIONS, 1, TAG_HWCAPS, 0, extensions + 24, size] {
            bytes.extend(int.to_le_bytes());
        }
        for level in levels {
            bytes.extend(level.to_le_bytes());
        }
        bytes
    }

    fn found(bytes: &[u8], name: &str, flags: &[u32], levels: &[&str]) -> Option<String> {
        let cache = parse(bytes, Endian::Little).unwrap();
        let name = name.as_bytes();
        let wanted = Wanted {
            name,
            flags,
            levels,
        };
        let path = cache.lookup(&wanted)?;
        Some(String::from_utf8(path.to_vec()).unwrap())
    }

    #[test]
    fn a_name_is_found_for_its_own_architecture_only() {
        let bytes = cache(
            &[
                (0x303, "libz.so.1", "/lib64/libz.so.1", 0),
                (0x3, "libz.so.1", "/lib/libz.so.1", 0),
                (0x303, "libc.so.6", "/lib64/libc.so.6", 0),
                (0x3, "liba.so.1", "/lib/liba.so.1", 0),
            ],
            &[],
        );
        let find = |name, flags| found(&bytes, name, flags, &[]);
        assert_eq!(find("libz.so.1", AMD64).unwrap(), "/lib64/libz.so.1");
        assert_eq!(find("libz.so.1", &[3, 1]).unwrap(), "/lib/libz.so.1");
        assert_eq!(find("libc.so.6", AMD64).unwrap(), "/lib64/libc.so.6");
        assert_eq!(find("liba.so.1", AMD64), None);
        assert_eq!(find("libb.so.1", AMD64), None);
    }

    #[test]
    fn numbers_in_names_are_compared_as_numbers() {
        let bytes = cache(
            &[
                (0x303, "libx.so.10", "/l/10", 0),
                (0x303, "libx.so.9", "/l/9", 0),
                (0x303, "libx.so.2", "/l/2", 0),
            ],
            &[],
        );
        for version in ["10", "9", "2"] {
            let name = format!("libx.so.{version}");
            let path = format!("/l/{version}");
            assert_eq!(found(&bytes, &name, AMD64, &[]), Some(path));
        }
    }

    #[test]
    fn a_better_processor_gets_the_library_made_for_it() {
        let level = |index: u64| EXTENSION | index;
        let bytes = cache(
            &[
                (0x303, "libz.so.1", "/l/v3/libz.so.1", level(1)),
                (0x303, "libz.so.1", "/l/v2/libz.so.1", level(0)),
                (0x303, "libz.so.1", "/l/libz.so.1", 0),
            ],
            &["x86-64-v2", "x86-64-v3"],
        );
        let find = |levels: &[&str]| found(&bytes, "libz.so.1", AMD64, levels).unwrap();
        assert_eq!(find(&[]), "/l/libz.so.1");
        assert_eq!(find(&["x86-64-v2"]), "/l/v2/libz.so.1");
        assert_eq!(find(&["x86-64-v3", "x86-64-v2"]), "/l/v3/libz.so.1");
    }

    #[test]
    fn the_old_format_is_read_and_the_new_one_behind_it_goes_first() {
        let mut bytes = MAGIC_OLD.to_vec();
        bytes.push(0);
        for int in [1_u32, 3, 0, 10] {
            bytes.extend(int.to_le_bytes());
        }
        let header = bytes.clone();
        bytes.extend(b"libc.so.6\0/lib/libc.so.6\0");
        assert_eq!(
            found(&bytes, "libc.so.6", &[3, 1], &[]).unwrap(),
            "/lib/libc.so.6"
        );
        let mut both = header;
        both.resize(both.len().next_multiple_of(8), 0);
        both.extend(cache(&[(3, "libc.so.6", "/new/libc.so.6", 0)], &[]));
        assert_eq!(
            found(&both, "libc.so.6", &[3, 1], &[]).unwrap(),
            "/new/libc.so.6"
        );
    }

    #[test]
    fn a_cache_the_loader_passes_over() {
        let good = cache(&[(0x303, "libc.so.6", "/l", 0)], &[]);
        let parsed = |bytes: &[u8], endian| parse(bytes, endian).map(|cache| cache.len());
        assert_eq!(parsed(&good, Endian::Little), Ok(1));
        assert_eq!(parsed(&good, Endian::Big), Err(Unused::Endian));
        assert_eq!(parsed(b"", Endian::Little), Err(Unused::Broken));
        assert_eq!(parsed(b"garbage", Endian::Little), Err(Unused::Broken));
        assert_eq!(parsed(&good[..40], Endian::Little), Err(Unused::Broken));
        let mut many = good;
        many[20] = 200;
        assert_eq!(parsed(&many, Endian::Little), Err(Unused::Broken));
    }

    proptest! {
        #[test]
        fn any_bytes_end(
            noise in proptest::collection::vec(any::<u8>(), 0..200),
            at in 20_usize..200,
        ) {
            let mut bytes = cache(&[(0x303, "libc.so.6", "/l", 0), (3, "a", "/m", 1)], &["v"]);
            let at = at.min(bytes.len());
            let end = (at + noise.len()).min(bytes.len());
            bytes[at..end].copy_from_slice(&noise[..end - at]);
            if let Ok(cache) = parse(&bytes, Endian::Little) {
                let wanted = Wanted { name: b"libc.so.6", flags: AMD64, levels: &["v"] };
                let path = cache.lookup(&wanted);
                prop_assert!(path.is_none_or(|path| path.len() < MAX_TEXT));
            }
        }
    }
}
