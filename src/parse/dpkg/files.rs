//! The files beside the status file: lists, checksums, diversions, overrides.

/// The paths of a `/var/lib/dpkg/info/*.list` file.
pub fn parse_list(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty())
}

/// The lines of `info/*.md5sums`: the sum in lower case, and the path without its
/// leading slash (dpkg 1.21 `src/common/filesdb-hash.c`: 32 digits, two blanks).
pub fn md5sums(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    parse_list(bytes).filter_map(|line| {
        let (sum, rest) = line.split_at_checked(32)?;
        let path = rest.strip_prefix(b"  ")?;
        let path = path.strip_prefix(b"./").unwrap_or(path);
        let hex = sum.iter().all(u8::is_ascii_hexdigit);
        (hex && !path.is_empty()).then_some((sum, path))
    })
}

/// One line of a `Conffiles:` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owned<'a> {
    /// The path.
    pub path: &'a [u8],
    /// Its checksum as shipped, or `newconffile`.
    pub sum: &'a [u8],
    /// Whether the package does not ship it any more.
    pub obsolete: bool,
}

/// The lines of a `Conffiles:` field: `PATH SUM [obsolete] [remove-on-upgrade]`.
pub fn conffiles(field: &[u8]) -> impl Iterator<Item = Owned<'_>> {
    parse_list(field).filter_map(|line| {
        let mut line = line.trim_ascii();
        let mut obsolete = false;
        for (flag, ends) in [(" remove-on-upgrade", false), (" obsolete", true)] {
            if let Some(rest) = line.strip_suffix(flag.as_bytes()) {
                line = rest;
                obsolete |= ends;
            }
        }
        let blank = line.iter().rposition(|b| *b == b' ')?;
        let (path, sum) = line.split_at(blank);
        Some(Owned {
            path,
            sum: sum.trim_ascii(),
            obsolete,
        })
    })
}

/// A diversion: whoever ships `from` gets `to` instead, but for `by`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diversion {
    /// The path as it is shipped.
    pub from: Vec<u8>,
    /// Where it goes.
    pub to: Vec<u8>,
    /// The package whose file is not diverted; nobody's where the administrator made it.
    pub by: Option<String>,
}

/// The diversions: three lines each (dpkg 1.21 `lib/dpkg/db-fsys-divert.c`).
#[must_use]
pub fn diversions(bytes: &[u8]) -> Vec<Diversion> {
    let mut lines = bytes.split(|b| *b == b'\n');
    let mut out = Vec::new();
    while let (Some(from), Some(to), Some(by)) = (lines.next(), lines.next(), lines.next()) {
        if from.is_empty() || to.is_empty() || by.is_empty() {
            break;
        }
        let by = (by != b":").then(|| String::from_utf8_lossy(by).into_owned());
        out.push(Diversion {
            from: from.to_vec(),
            to: to.to_vec(),
            by,
        });
    }
    out
}

/// Owner and mode of a path, as the administrator decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Override<'a> {
    /// A name, or `#` and a number.
    pub user: &'a [u8],
    /// The same for the group.
    pub group: &'a [u8],
    /// Permissions with setuid, setgid and sticky.
    pub mode: u32,
    /// The path as it is shipped.
    pub path: &'a [u8],
}

/// What the administrator decided: `USER GROUP MODE PATH` (dpkg 1.21
/// `lib/dpkg/db-fsys-override.c`).
pub fn statoverrides(bytes: &[u8]) -> impl Iterator<Item = Override<'_>> {
    parse_list(bytes).filter_map(|line| {
        let mut words = line.splitn(4, |b| *b == b' ');
        let (user, group) = (words.next()?, words.next()?);
        let mode = std::str::from_utf8(words.next()?).ok()?;
        Some(Override {
            user,
            group,
            mode: u32::from_str_radix(mode, 8)
                .ok()
                .filter(|mode| *mode <= 0o7777)?,
            path: words.next()?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_small_files_are_read() {
        let sums = b"0123456789abcdef0123456789abcdef  usr/bin/a b\nshort  x\n";
        let found: Vec<_> = md5sums(sums).map(|(_, path)| path.to_vec()).collect();
        assert_eq!(found, [b"usr/bin/a b".to_vec()]);
        let conf = b"\n /etc/a b 0123\n /etc/old 4567 obsolete\n /etc/new newconffile\n";
        let found: Vec<_> = conffiles(conf)
            .map(|o| (o.path.to_vec(), o.obsolete))
            .collect();
        let expected = [("/etc/a b", false), ("/etc/old", true), ("/etc/new", false)];
        assert_eq!(
            found,
            expected.map(|(path, old)| (path.as_bytes().to_vec(), old))
        );
        let diverted = diversions(b"/bin/sh\n/bin/sh.distrib\ndash\n/a\n/b\n:\n/cut\n");
        assert_eq!(diverted.len(), 2);
        assert_eq!(diverted[0].by.as_deref(), Some("dash"));
        assert_eq!(diverted[1].by, None);
        let over = b"root #7 4755 /usr/bin/x y\nroot root 99 /z\nroot\n";
        let found: Vec<_> = statoverrides(over).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].path, found[0].group),
            (&b"/usr/bin/x y"[..], &b"#7"[..])
        );
        assert_eq!(found[0].mode, 0o4755);
    }
}
