//! Packages and the databases of them that are not text.

use std::cell::Cell;

use comeback::parse::archive::Wanted;
use comeback::parse::rpm::{self, Header};
use comeback::parse::superblock::Window as _;
use comeback::parse::{archive, deb, package_file, rpm_file, sqlite};

use super::choice;

/// Package archives, and the databases of rpm.
pub fn packages(data: &[u8]) {
    let Some((number, bytes)) = choice(data) else {
        return;
    };
    let turns = Cell::new(0_u32);
    let expired = || {
        turns.set(turns.get() + 1);
        turns.get() > 2000
    };
    let wanted = Wanted {
        enough: &|_| false,
        keep: &|_, len| len < 4096,
        expired: &expired,
    };
    let window = bytes.to_vec();
    let piece = |offset: u64, len: usize| window.at(offset, len);
    let mut input = bytes;
    match number % 8 {
        0 => drop(deb::read(&mut input, &|_, _| true, &wanted)),
        1 => drop(deb::read(&mut input, &|_, _| false, &wanted)),
        2 => drop(rpm_file::read(&mut input, true, &wanted)),
        3 => drop(package_file::read(&mut input, &wanted)),
        4 => drop(archive::members(Box::new(bytes), &wanted)),
        5 => {
            if let Some(header) = Header::new(bytes) {
                let _ = (header.package(), header.files());
            }
        }
        6 => {
            for blob in rpm::ndb_blobs(&piece).into_iter().flatten() {
                let _ = Header::new(&blob).map(|header| header.package());
            }
        }
        _ => {
            if let Ok(database) = sqlite::Database::open(&piece, None) {
                let _ = database.table("Packages", &mut |_, row| drop(row));
            }
        }
    }
}
