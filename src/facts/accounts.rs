//! The accounts of /etc/passwd.

use std::collections::BTreeMap;
use std::path::Path;

use crate::fact::Fact;
use crate::source::Tree;

/// Names and numbers of the local accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    uids: BTreeMap<Vec<u8>, u32>,
    gids: BTreeMap<Vec<u8>, u32>,
}

/// Reads /etc/passwd (passwd(5)); lines without a name and a number are skipped, as
/// glibc's reader does.
pub fn read(tree: &Tree) -> Fact<Accounts> {
    tree.read(Path::new("/etc/passwd")).map(|file| {
        let lines = file.bytes().split(|b| *b == b'\n');
        let account = |line: &[u8]| {
            let mut fields = line.split(|b| *b == b':');
            let name = fields.next().filter(|name| !name.is_empty())?;
            let mut number = |skip| std::str::from_utf8(fields.nth(skip)?).ok()?.parse().ok();
            let uid: u32 = number(1)?;
            Some((name.to_vec(), uid, number(0)))
        };
        let mut accounts = Accounts {
            uids: BTreeMap::new(),
            gids: BTreeMap::new(),
        };
        for (name, uid, gid) in lines.filter_map(account) {
            if let Some(gid) = gid {
                accounts.gids.insert(name.clone(), gid);
            }
            accounts.uids.insert(name, uid);
        }
        accounts
    })
}

impl Accounts {
    /// The number of a local account.
    #[must_use]
    pub fn uid(&self, name: &[u8]) -> Option<u32> {
        self.uids.get(name).copied()
    }

    /// The group that a local account begins with.
    #[must_use]
    pub fn gid(&self, name: &[u8]) -> Option<u32> {
        self.gids.get(name).copied()
    }

    /// A local account of that number; the first by name where there are several.
    #[must_use]
    pub fn name(&self, uid: u32) -> Option<&[u8]> {
        let mut accounts = self.uids.iter();
        let (name, _) = accounts.find(|(_, own)| **own == uid)?;
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, MemSource};

    #[test]
    fn accounts_are_read_and_broken_lines_skipped() {
        let mut source = MemSource::new();
        source.file(
            "/etc/passwd",
            "root:x:0:0::/root:/bin/sh\nbad\n:x:1:1::/:\nx:x:y:1::/:\n",
        );
        let coverage = Coverage::full(true);
        let tree = Tree::for_tests(source, coverage);
        let Fact::Known(accounts) = read(&tree) else {
            panic!("not read");
        };
        assert_eq!(accounts.uid(b"root"), Some(0));
        assert_eq!(accounts.gid(b"root"), Some(0));
        assert_eq!(accounts.uid(b"x"), None);
        assert_eq!(accounts.uid(b""), None);
        assert_eq!(accounts.name(0), Some(&b"root"[..]));
        assert_eq!(accounts.name(1), None);
    }
}
