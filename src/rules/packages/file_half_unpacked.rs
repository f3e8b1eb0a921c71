//! `packages-file-half-unpacked`: files that a package manager was writing are left.

use std::path::Path;

use crate::fact::Stop;
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::source::FileKind;
use crate::text::escape_path;

pub(in crate::rules) struct FileHalfUnpacked;

/// Directories of what the boot runs.
const DIRS: [&str; 12] = [
    "/bin",
    "/boot",
    "/lib",
    "/sbin",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib/systemd",
    "/usr/lib/systemd/system",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib64",
    "/usr/sbin",
];

/// Named in the evidence.
const SHOWN: usize = 4;

impl Rule for FileHalfUnpacked {
    fn id(&self) -> &'static str {
        "packages-file-half-unpacked"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        let mut out = Findings::new();
        for dir in DIRS.map(Path::new) {
            // /bin and the like are links where /usr is merged.
            let itself = host.tree().lstat(dir);
            if let Some(found) = itself.require()?
                && found.meta.kind != FileKind::Dir
            {
                continue;
            }
            let entries = host.tree().files(dir);
            out.open.extend(entries.gaps);
            let left: Vec<_> = entries
                .items
                .into_iter()
                .filter(|path| {
                    let name = path.file_name().map_or(&[][..], |n| n.as_encoded_bytes());
                    is_left_over(name)
                })
                .collect();
            out.judged += 1;
            let Some(first) = left.first() else { continue };
            let (shown, count) = (escape_path(dir), left.len());
            let files = if count == 1 { "file" } else { "files" };
            let message = format!("{count} {files} of an unfinished unpacking left in {shown}");
            let evidence = Evidence::path(first, "was being unpacked");
            let more = left.iter().skip(1).take(SHOWN - 1);
            let more = more.map(|path| Evidence::path(path, "was being unpacked"));
            out.push(Finding::new(self.id(), shown, message, evidence).with_all(more));
        }
        Ok(out)
    }
}

/// dpkg 1.21 writes `NAME.dpkg-new` and renames it, and keeps the old as
/// `NAME.dpkg-tmp` meanwhile (`src/main/archives.c`); rpm 4.18 writes `NAME;` and eight
/// hexadecimal digits (`lib/fsm.c`).
fn is_left_over(name: &[u8]) -> bool {
    if name.ends_with(b".dpkg-new") || name.ends_with(b".dpkg-tmp") {
        return true;
    }
    let semicolon = name.iter().rposition(|b| *b == b';');
    let digits = semicolon.and_then(|at| name.get(at + 1..));
    digits.is_some_and(|rest| rest.len() == 8 && rest.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_both_package_managers_are_known_and_others_are_not() {
        assert!(is_left_over(b"libc.so.6.dpkg-new"));
        assert!(is_left_over(b"bash;64f0a1b2"));
        assert!(!is_left_over(b"what;ever"));
        assert!(!is_left_over(b"fstab.dpkg-dist"));
    }
}
