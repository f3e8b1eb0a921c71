//! The accounts of a host with what lets them in: passwd(5), shadow(5), group(5).

use std::path::{Path, PathBuf};

use crate::fact::Fact;
use crate::source::Tree;

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: Vec<u8>,
    /// The number.
    pub uid: u32,
    /// The number of its own group, where nobody else is in that.
    pub own_group: Option<u32>,
    /// The home directory.
    pub home: PathBuf,
    /// The shell; /bin/sh where none is named.
    pub shell: PathBuf,
    /// The names of its groups.
    pub groups: Vec<Vec<u8>>,
    /// The password.
    pub password: Password,
    /// The day it expires, counted from 1970.
    pub expires: Option<i64>,
}

/// What stands in the field of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Password {
    /// A hash.
    Set,
    /// Nothing: no password is asked for.
    Empty,
    /// A mark in front of it, or a word that no password gives.
    Locked,
    /// There is no /etc/shadow, or no line in it.
    NotThere,
}

/// Longest line that is looked at.
const MAX_LINE: usize = 64 << 10;

fn lines(bytes: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    let lines = bytes
        .split(|b| *b == b'\n')
        .filter(|line| line.len() <= MAX_LINE);
    lines.map(|line| line.split(|b| *b == b':').collect())
}

fn number<T: std::str::FromStr>(field: Option<&&[u8]>) -> Option<T> {
    std::str::from_utf8(field?).ok()?.trim().parse().ok()
}

fn path(field: Option<&&[u8]>) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(field.copied().unwrap_or(b"")))
}

fn password(field: &[u8]) -> Password {
    match field.first() {
        None => Password::Empty,
        // crypt(5): what begins so is no hash of any method.
        Some(b'!' | b'*') => Password::Locked,
        // The oldest hash has 13 characters.
        Some(_) if field.len() < 13 => Password::Locked,
        Some(_) => Password::Set,
    }
}

/// Reads the local accounts.
pub fn read(tree: &Tree) -> Fact<Vec<Person>> {
    let shadow = match tree.read(Path::new("/etc/shadow")) {
        Fact::Known(file) => Some(file),
        Fact::Absent(_) => None,
        Fact::Broken(fault) => return Fact::Broken(fault),
        Fact::Unknown(unknown) => return Fact::Unknown(unknown),
        Fact::NotCovered(why) => return Fact::NotCovered(why),
    };
    let group = match tree.read(Path::new("/etc/group")) {
        Fact::Known(file) => Some(file),
        Fact::Absent(_) | Fact::NotCovered(_) => None,
        Fact::Broken(fault) => return Fact::Broken(fault),
        Fact::Unknown(unknown) => return Fact::Unknown(unknown),
    };
    let shadow: Vec<Vec<&[u8]>> = shadow.iter().flat_map(|file| lines(file.bytes())).collect();
    let groups: Vec<Vec<&[u8]>> = group.iter().flat_map(|file| lines(file.bytes())).collect();
    tree.read(Path::new("/etc/passwd")).map(|file| {
        let people = lines(file.bytes()).filter_map(|fields| person(&fields, &shadow, &groups));
        people.collect()
    })
}

fn person(fields: &[&[u8]], shadow: &[Vec<&[u8]>], groups: &[Vec<&[u8]>]) -> Option<Person> {
    let name = *fields.first().filter(|name| !name.is_empty())?;
    let uid = number(fields.get(2))?;
    let gid: u32 = number(fields.get(3))?;
    let own = shadow.iter().find(|line| line.first() == Some(&name));
    let hash = match fields.get(1) {
        Some(field) if *field == b"x" => match own.and_then(|line| line.get(1)) {
            Some(field) => password(field),
            None => Password::NotThere,
        },
        Some(field) => password(field),
        None => Password::NotThere,
    };
    let in_group = |line: &&Vec<&[u8]>| {
        let primary = number::<u32>(line.get(2)) == Some(gid);
        let members = line.get(3).copied().unwrap_or(b"");
        primary || members.split(|b| *b == b',').any(|member| member == name)
    };
    let alone = groups
        .iter()
        .find(|line| number::<u32>(line.get(2)) == Some(gid))
        .is_none_or(|line| {
            let members = line.get(3).copied().unwrap_or(b"").split(|b| *b == b',');
            members
                .into_iter()
                .all(|member| member.is_empty() || member == name)
        });
    let groups = groups.iter().filter(in_group);
    let shell = path(fields.get(6));
    Some(Person {
        name: name.to_vec(),
        uid,
        own_group: alone.then_some(gid),
        home: path(fields.get(5)),
        shell: if shell.as_os_str().is_empty() {
            PathBuf::from("/bin/sh")
        } else {
            shell
        },
        groups: groups
            .filter_map(|line| Some((*line.first()?).to_vec()))
            .collect(),
        password: hash,
        expires: number(own.and_then(|line| line.get(7))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, MemSource};

    #[test]
    fn an_account_has_its_password_its_groups_and_its_end() {
        let mut source = MemSource::new();
        source
            .file(
                "/etc/passwd",
                "root:x:0:0::/root:\nbob:x:5:100::/home/bob:/bin/zsh\nbad:x:y\n",
            )
            .file(
                "/etc/shadow",
                "root:*:1::::::\nbob:$y$j9T$0123456789:1:::::20000:\n",
            )
            .file(
                "/etc/group",
                "root:x:0:\nusers:x:100:\nadm:x:4:syslog,bob\n",
            );
        let Fact::Known(people) = read(&Tree::for_tests(source, Coverage::full(true))) else {
            panic!("not read");
        };
        assert_eq!(people.len(), 2);
        assert_eq!(people[0].password, Password::Locked);
        assert_eq!(people[0].shell, Path::new("/bin/sh"));
        assert_eq!(people[1].password, Password::Set);
        assert_eq!(people[1].groups, [b"users".to_vec(), b"adm".to_vec()]);
        assert_eq!(people[1].expires, Some(20000));
    }
}
