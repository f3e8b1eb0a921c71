//! One table of a `SQLite` 3 database, read row by row (sqlite.org/fileformat2.html):
//! as much as the database of rpm needs. Pages come from a write-ahead log where one
//! holds them, so that what rpm committed last is seen.

use std::collections::BTreeMap;

/// Reads `len` bytes at an offset; fewer where there are fewer.
pub type ReadAt<'a> = dyn Fn(u64, usize) -> Vec<u8> + 'a;

/// Why a table could not be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The first bytes are not those of a database.
    #[error("is not a SQLite database")]
    NotADatabase,
    /// A page is not what it should be.
    #[error("is damaged: a page of it is not what it should be")]
    Damaged,
    /// There is no such table.
    #[error("has no table of that name")]
    NoTable,
    /// More than is read.
    #[error("is larger than what is read")]
    TooLarge,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `NULL`, or a number with a fraction, which nobody here asks for.
    Other,
    /// A whole number.
    Integer(i64),
    /// Text or bytes.
    Bytes(Vec<u8>),
}

/// Most bytes of one row: the header of a package with a great many files.
const MAX_ROW: u64 = 256 << 20;
/// Levels of a tree.
const MAX_DEPTH: usize = 24;
/// Most pages that are looked at.
const MAX_PAGES: u32 = 4_000_000;

/// A database whose pages are read on demand.
pub struct Database<'a> {
    read: &'a ReadAt<'a>,
    page_size: usize,
    usable: usize,
    /// Where the log holds the newest copy of a page.
    in_log: BTreeMap<u32, u64>,
    log: Option<&'a ReadAt<'a>>,
}

impl<'a> Database<'a> {
    /// A database, with its write-ahead log where there is one.
    ///
    /// # Errors
    /// [`Fault::NotADatabase`] where the header is not `SQLite`'s.
    pub fn open(read: &'a ReadAt<'a>, log: Option<&'a ReadAt<'a>>) -> Result<Self, Fault> {
        let mut in_log = BTreeMap::new();
        let mut head = read(0, 100);
        if let Some(log) = log {
            in_log = frames(log);
            // The header lies on page 1, of which the log may hold a newer copy.
            if let Some(at) = in_log.get(&1) {
                head = log(*at, 100);
            }
        }
        if head.len() < 100 || !head.starts_with(b"SQLite format 3\0") {
            return Err(Fault::NotADatabase);
        }
        let page_size = match be(&head, 16, 2) {
            1 => 65536,
            size if size >= 512 && size.is_power_of_two() => {
                usize::try_from(size).map_err(|_| Fault::NotADatabase)?
            }
            _ => return Err(Fault::NotADatabase),
        };
        let reserved = head.get(20).copied().map_or(0, usize::from);
        Ok(Self {
            read,
            page_size,
            usable: page_size.saturating_sub(reserved),
            in_log,
            log,
        })
    }

    /// Hands every row of the table to `visit`, with its number.
    ///
    /// # Errors
    /// What kept it from the end of the table; the rows so far were handed on.
    pub fn table(&self, name: &str, visit: &mut dyn FnMut(i64, Vec<Value>)) -> Result<(), Fault> {
        let mut root = None;
        let mut budget = MAX_PAGES;
        // sqlite_schema: type, name, tbl_name, rootpage, sql.
        self.walk(1, 0, &mut budget, &mut |_, row| {
            let text = |at: usize, wanted: &str| {
                matches!(row.get(at), Some(Value::Bytes(bytes)) if bytes == wanted.as_bytes())
            };
            if let (true, true, Some(Value::Integer(page))) =
                (text(0, "table"), text(1, name), row.get(3))
            {
                root = u32::try_from(*page).ok();
            }
        })?;
        let root = root.ok_or(Fault::NoTable)?;
        self.walk(root, 0, &mut budget, visit)
    }

    fn page(&self, number: u32) -> Result<Vec<u8>, Fault> {
        let bytes = match (self.in_log.get(&number), self.log) {
            (Some(at), Some(log)) => log(*at, self.page_size),
            _ => {
                let index = u64::from(number.checked_sub(1).ok_or(Fault::Damaged)?);
                let size = u64::try_from(self.page_size).map_err(|_| Fault::Damaged)?;
                (self.read)(index * size, self.page_size)
            }
        };
        if bytes.len() == self.page_size {
            Ok(bytes)
        } else {
            Err(Fault::Damaged)
        }
    }

    fn walk(
        &self,
        number: u32,
        depth: usize,
        budget: &mut u32,
        visit: &mut dyn FnMut(i64, Vec<Value>),
    ) -> Result<(), Fault> {
        *budget = budget.checked_sub(1).ok_or(Fault::TooLarge)?;
        if depth > MAX_DEPTH {
            return Err(Fault::Damaged);
        }
        let page = self.page(number)?;
        let head = if number == 1 { 100 } else { 0 };
        let kind = page.get(head).copied().ok_or(Fault::Damaged)?;
        let cells = usize::try_from(be(&page, head + 3, 2)).map_err(|_| Fault::Damaged)?;
        let pointers = match kind {
            5 => head + 12,
            13 => head + 8,
            _ => return Err(Fault::Damaged),
        };
        if pointers + cells * 2 > page.len() {
            return Err(Fault::Damaged);
        }
        for cell in 0..cells {
            let at = be(&page, pointers + cell * 2, 2);
            let at = usize::try_from(at).map_err(|_| Fault::Damaged)?;
            if kind == 5 {
                let child = u32::try_from(be(&page, at, 4)).map_err(|_| Fault::Damaged)?;
                self.walk(child, depth + 1, budget, visit)?;
            } else {
                let (id, payload) = self.cell(&page, at, budget)?;
                visit(id, record(&payload).ok_or(Fault::Damaged)?);
            }
        }
        if kind == 5 {
            let last = u32::try_from(be(&page, head + 8, 4)).map_err(|_| Fault::Damaged)?;
            self.walk(last, depth + 1, budget, visit)?;
        }
        Ok(())
    }

    /// A cell of a leaf, with what lies on overflow pages.
    fn cell(&self, page: &[u8], at: usize, budget: &mut u32) -> Result<(i64, Vec<u8>), Fault> {
        let (size, at) = varint(page, at).ok_or(Fault::Damaged)?;
        let (id, at) = varint(page, at).ok_or(Fault::Damaged)?;
        let size = u64::try_from(size).map_err(|_| Fault::Damaged)?;
        if size > MAX_ROW {
            return Err(Fault::TooLarge);
        }
        let size = usize::try_from(size).map_err(|_| Fault::TooLarge)?;
        let most = self.usable.saturating_sub(35);
        let local = if size <= most {
            size
        } else {
            let least = (self.usable.saturating_sub(12)) * 32 / 255;
            let least = least.saturating_sub(23);
            let fits = least + (size - least) % self.usable.saturating_sub(4).max(1);
            if fits <= most { fits } else { least }
        };
        let kept = page.get(at..at + local).ok_or(Fault::Damaged)?;
        let mut payload = kept.to_vec();
        if local < size {
            let mut next = be(page, at + local, 4);
            while payload.len() < size {
                *budget = budget.checked_sub(1).ok_or(Fault::TooLarge)?;
                let number = u32::try_from(next).map_err(|_| Fault::Damaged)?;
                let page = self.page(number)?;
                next = be(&page, 0, 4);
                let left = (size - payload.len()).min(self.usable.saturating_sub(4));
                let part = page.get(4..4 + left).filter(|part| !part.is_empty());
                payload.extend_from_slice(part.ok_or(Fault::Damaged)?);
            }
        }
        Ok((id, payload))
    }
}

/// Where each page of the committed part of a log begins (fileformat2, section 4). A
/// frame whose salt is not the log's is left over from before, and ends it.
fn frames(log: &ReadAt<'_>) -> BTreeMap<u32, u64> {
    let head = log(0, 32);
    let mut pages = BTreeMap::new();
    if !matches!(be(&head, 0, 4), 0x377f_0682 | 0x377f_0683) {
        return pages;
    }
    let page_size = be(&head, 8, 4);
    if page_size < 512 {
        return pages;
    }
    let mut uncommitted: Vec<(u32, u64)> = Vec::new();
    let mut at = 32;
    for _ in 0..MAX_PAGES {
        let frame = log(at, 24);
        if frame.len() < 24 || frame.get(8..16) != head.get(16..24) {
            break;
        }
        if let Ok(number) = u32::try_from(be(&frame, 0, 4)) {
            uncommitted.push((number, at + 24));
        }
        // The size of the database stands on the last frame of a commit.
        if be(&frame, 4, 4) != 0 {
            pages.extend(uncommitted.drain(..));
        }
        at += 24 + page_size;
    }
    pages
}

/// The values of a record.
fn record(payload: &[u8]) -> Option<Vec<Value>> {
    let (header, mut at) = varint(payload, 0)?;
    let header = usize::try_from(header).ok()?;
    let mut body = header;
    let mut values = Vec::new();
    while at < header {
        let (kind, next) = varint(payload, at)?;
        at = next;
        let kind = usize::try_from(kind).ok()?;
        let width = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => (kind - 12) / 2,
        };
        let bytes = payload.get(body..body.checked_add(width)?)?;
        body += width;
        values.push(match kind {
            1..=6 => Value::Integer(signed(bytes)),
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            0 | 7 => Value::Other,
            _ => Value::Bytes(bytes.to_vec()),
        });
    }
    Some(values)
}

/// A big-endian number with its sign.
fn signed(bytes: &[u8]) -> i64 {
    let first = bytes.first().copied().unwrap_or(0);
    let start: i64 = if first & 0x80 == 0 { 0 } else { -1 };
    bytes
        .iter()
        .fold(start, |value, byte| (value << 8) | i64::from(*byte))
}

/// A big-endian number of `len` bytes at `at`; 0 past the end.
fn be(bytes: &[u8], at: usize, len: usize) -> u64 {
    let part = bytes.get(at..at.saturating_add(len)).unwrap_or(&[]);
    part.iter()
        .fold(0, |value, byte| (value << 8) | u64::from(*byte))
}

/// A number of one to nine bytes, and where what follows it begins.
fn varint(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let mut value: i64 = 0;
    for index in 0..9 {
        let byte = *bytes.get(at.checked_add(index)?)?;
        if index == 8 {
            return Some(((value << 8) | i64::from(byte), at + 9));
        }
        value = (value << 7) | i64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, at + index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(bytes: &[u8]) -> impl Fn(u64, usize) -> Vec<u8> + '_ {
        move |offset, len| {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            let rest = bytes.get(start..).unwrap_or(&[]);
            rest[..len.min(rest.len())].to_vec()
        }
    }

    /// Made by sqlite3 3.40: pages of 512 bytes, `t(n INTEGER PRIMARY KEY, b BLOB)` with
    /// rows of 1, 40, 700 and 3000 bytes, then in the log a row of 5 bytes.
    const FILE: &[u8] = include_bytes!("../../tests/packages/recorded/small.sqlite");
    const LOG: &[u8] = include_bytes!("../../tests/packages/recorded/small.sqlite-wal");

    fn lengths(file: &[u8], log: Option<&[u8]>) -> Result<Vec<(i64, usize)>, Fault> {
        let read = at(file);
        let log = log.map(at);
        let log: Option<&ReadAt<'_>> = match &log {
            Some(log) => Some(log),
            None => None,
        };
        let database = Database::open(&read, log)?;
        let mut rows = Vec::new();
        database.table("t", &mut |id, row| {
            let len = match row.get(1) {
                Some(Value::Bytes(bytes)) => bytes.len(),
                _ => 0,
            };
            rows.push((id, len));
        })?;
        Ok(rows)
    }

    #[test]
    fn rows_are_read_across_overflow_pages_and_from_the_log() {
        let rows = lengths(FILE, None).unwrap();
        assert_eq!(rows, [(1, 1), (2, 40), (3, 700), (4, 3000)]);
        let rows = lengths(FILE, Some(LOG)).unwrap();
        assert_eq!(rows, [(1, 1), (2, 40), (3, 700), (4, 3000), (5, 5)]);
    }

    #[test]
    fn a_log_cut_anywhere_tells_only_what_was_committed() {
        for end in 0..LOG.len() {
            let rows = lengths(FILE, Some(&LOG[..end]));
            assert!(
                rows.is_err() || rows.is_ok_and(|rows| rows.len() == 4),
                "{end}"
            );
        }
    }

    #[test]
    fn a_database_cut_or_changed_anywhere_is_never_a_crash() {
        assert_eq!(lengths(b"no", None), Err(Fault::NotADatabase));
        for end in (0..FILE.len()).step_by(7) {
            let _ = lengths(&FILE[..end], None);
        }
        for index in 0..FILE.len() {
            let mut bytes = FILE.to_vec();
            bytes[index] ^= 0xff;
            let rows = lengths(&bytes, None);
            assert!(
                rows.is_err() || rows.is_ok_and(|rows| rows.len() < 1000),
                "{index}"
            );
        }
    }
}
