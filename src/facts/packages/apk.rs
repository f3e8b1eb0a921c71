//! apk's database.

use std::path::Path;

use crate::fact::{Fact, Looked};
use crate::parse::apk::{Package, parse};
use crate::source::Tree;

/// Where it is: below /usr since apk-tools 2.14.5 on a merged root.
pub(super) const PLACES: [&str; 2] = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"];

pub(super) fn read(tree: &Tree) -> Fact<Vec<Package>> {
    let mut looked = Looked {
        paths: Vec::new(),
        notes: Vec::new(),
    };
    for place in PLACES {
        match tree.read(Path::new(place)) {
            Fact::Known(file) => return Fact::Known(parse(&file)),
            Fact::Absent(more) => looked.paths.extend(more.paths),
            Fact::Broken(fault) => return Fact::Broken(fault),
            Fact::Unknown(unknown) => return Fact::Unknown(unknown),
            Fact::NotCovered(why) => return Fact::NotCovered(why),
        }
    }
    Fact::Absent(looked)
}
