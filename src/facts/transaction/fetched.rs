//! Archives that a simulation names without saying where they are: each manager keeps
//! what it fetched.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::fact::{Doubt, Unknown};
use crate::parse::transaction::{Action, Plan};
use crate::source::{FileKind, Tree};

/// Where archives are kept, and how many levels below: `Dir::Cache::archives` of apt
/// 2.6, `packagesdir` of libzypp 17 (a folder for each repository), `CacheDir` of pacman
/// 6.0, apk-cache(5) of apk-tools 2.14. With each what fetches them.
const KEPT: [(&str, &str, usize, &str); 5] = [
    (
        ".deb",
        "/var/cache/apt/archives",
        1,
        "apt-get --download-only",
    ),
    (
        ".rpm",
        "/var/cache/zypp/packages",
        6,
        "zypper --download-only",
    ),
    (".apk", "/etc/apk/cache", 1, "apk cache download"),
    (".apk", "/var/cache/apk", 1, "apk cache download"),
    ("", "/var/cache/pacman/pkg", 1, "pacman -Sw"),
];

/// The plan with the archives that are there; what it lacks is left out and said.
///
/// `root` is where the tree is on this machine.
#[must_use]
pub fn locate(tree: &Tree, root: &Path, mut plan: Plan) -> (Plan, Vec<Unknown>) {
    let mut gaps = Vec::new();
    let mut kept: BTreeMap<&str, Vec<PathBuf>> = BTreeMap::new();
    plan.steps.retain_mut(|step| {
        let Action::Fetched { file, upgrade } = &step.action else {
            return true;
        };
        let mut first = None;
        for (end, dir, depth, how) in KEPT {
            let ends = file.ends_with(end) && (!end.is_empty() || first.is_none());
            if !ends {
                continue;
            }
            first.get_or_insert((dir, how));
            let there = kept.entry(dir).or_insert_with(|| {
                let all = tree.walk(Path::new(dir), depth);
                gaps.extend(all.gaps);
                let files = all.items.into_iter();
                let files = files.filter(|found| found.meta.kind == FileKind::File);
                files.map(|found| found.path).collect()
            });
            let found = there.iter().find(|path| is_named(path, file));
            if let Some(path) = found {
                let path = root.join(path.strip_prefix("/").unwrap_or(path));
                step.action = if *upgrade {
                    Action::Upgrade(path)
                } else {
                    Action::Install(path)
                };
                return true;
            }
        }
        if let Some((dir, how)) = first {
            let what =
                format!("{file} is not there: fetch it first ({how}), or what comes is not known");
            gaps.push(Unknown::new(dir, Doubt::CannotModel(what)));
        }
        false
    });
    (plan, gaps)
}

/// Whether that is the file; a `*` stands for eight digits of a checksum.
fn is_named(path: &Path, file: &str) -> bool {
    let name = path.file_name().map_or(&b""[..], |name| name.as_bytes());
    match file.split_once('*') {
        None => name == file.as_bytes(),
        Some((start, end)) => {
            let rest = name.strip_prefix(start.as_bytes());
            let sum = rest.and_then(|rest| rest.strip_suffix(end.as_bytes()));
            sum.is_some_and(|sum| sum.len() == 8 && sum.iter().all(u8::is_ascii_hexdigit))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::transaction::parse;
    use crate::source::{Coverage, MemSource};

    #[test]
    fn archives_are_found_where_their_managers_keep_them() {
        let mut source = MemSource::new();
        for path in [
            "/var/cache/apt/archives/hello_1%3a2.10-3_amd64.deb",
            "/var/cache/zypp/packages/r2/noarch/cc-1-1.noarch.rpm",
            "/var/cache/apk/busybox-1.36.1-r5.0123abcd.apk",
            "/var/cache/apk/musl-1-r5.x.apk",
            "/var/cache/pacman/pkg/linux-6.1-1-x86_64.pkg.tar.zst",
        ] {
            source.file(path, "");
        }
        let tree = Tree::for_tests(source, Coverage::full(true));
        let located = |text: &str| {
            let (plan, gaps) = locate(&tree, Path::new("/mnt"), parse(text.as_bytes()).unwrap());
            let steps = plan.steps.into_iter().map(|step| step.action);
            (steps.collect::<Vec<_>>(), gaps.len())
        };
        let install = |path: &str| Action::Install(PathBuf::from(path));
        let upgrade = |path: &str| Action::Upgrade(PathBuf::from(path));
        assert_eq!(
            located("Remv x [1]\nInst hello (1:2.10-3 D:12 [amd64])\nInst no (1 D:12 [all])\n"),
            (
                vec![
                    Action::Remove,
                    install("/mnt/var/cache/apt/archives/hello_1%3a2.10-3_amd64.deb")
                ],
                1
            )
        );
        assert_eq!(
            located("(1/2) Upgrading busybox (1 -> 1.36.1-r5)\n(2/2) Installing musl (1-r5)\n"),
            (
                vec![upgrade("/mnt/var/cache/apk/busybox-1.36.1-r5.0123abcd.apk")],
                1
            )
        );
        assert_eq!(
            located("https://m/linux-6.1-1-x86_64.pkg.tar.zst\n"),
            (
                vec![upgrade(
                    "/mnt/var/cache/pacman/pkg/linux-6.1-1-x86_64.pkg.tar.zst"
                )],
                0
            )
        );
        let zypper = "<stream><install-summary><to-install><solvable type='package' name='cc' \
            edition='3:1-1' arch='noarch'/></to-install></install-summary></stream>";
        let file = "/mnt/var/cache/zypp/packages/r2/noarch/cc-1-1.noarch.rpm";
        assert_eq!(located(zypper), (vec![install(file)], 0));
    }
}
