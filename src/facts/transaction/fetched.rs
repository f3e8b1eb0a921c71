//! Archives that a simulation names without saying where they are: each manager keeps
//! what it fetched.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::others::family_of;
use crate::fact::{Doubt, Unknown};
use crate::facts::packages::Family;
use crate::parse::transaction::{Action, Plan};
use crate::source::{FileKind, Tree};

/// Where a manager keeps archives, with how many levels of folders, and what fetches them:
/// `Dir::Cache::archives` of apt 2.6, `packagesdir` of libzypp 17 (a folder for each
/// repository), `CacheDir` of pacman 6.0, apk-cache(5) of apk-tools 2.14.
fn kept_in(family: Family) -> (&'static [&'static str], usize, &'static str) {
    match family {
        Family::Dpkg => (&["/var/cache/apt/archives"], 1, "apt-get --download-only"),
        Family::Rpm => (&["/var/cache/zypp/packages"], 6, "zypper --download-only"),
        Family::Apk => (
            &["/etc/apk/cache", "/var/cache/apk"],
            1,
            "apk cache download",
        ),
        Family::Pacman | Family::Portage => (&["/var/cache/pacman/pkg"], 1, "pacman -Sw"),
    }
}

/// The plan with the archives that are there; what it lacks is left out and said.
///
/// `root` is where the tree is on this machine.
pub(super) fn locate(tree: &Tree, root: &Path, plan: &Plan) -> (Plan, Vec<Unknown>) {
    let mut plan = plan.clone();
    let mut gaps = Vec::new();
    let mut kept: BTreeMap<&str, BTreeMap<OsString, PathBuf>> = BTreeMap::new();
    plan.steps.retain_mut(|step| {
        let Action::Fetched { file, upgrade } = &step.action else {
            return true;
        };
        let (dirs, depth, how) = kept_in(family_of(file.as_bytes()));
        for dir in dirs {
            let there = kept
                .entry(dir)
                .or_insert_with(|| files(tree, Path::new(dir), depth, &mut gaps));
            if let Some(path) = named(there, file) {
                let path = root.join(path.strip_prefix("/").unwrap_or(path));
                step.action = if *upgrade {
                    Action::Upgrade(path)
                } else {
                    Action::Install(path)
                };
                return true;
            }
        }
        let what =
            format!("{file} is not there: fetch it first ({how}), or what comes is not known");
        let dir = dirs.first().copied().unwrap_or("/");
        gaps.push(Unknown::new(dir, Doubt::CannotModel(what)));
        false
    });
    (plan, gaps)
}

/// The files below a directory, by their names; of one name the first.
fn files(
    tree: &Tree,
    dir: &Path,
    depth: usize,
    gaps: &mut Vec<Unknown>,
) -> BTreeMap<OsString, PathBuf> {
    let all = tree.walk(dir, depth);
    gaps.extend(all.gaps);
    let mut files = BTreeMap::new();
    for found in all.items {
        if let (FileKind::File, Some(name)) = (found.meta.kind, found.path.file_name()) {
            files.entry(name.to_owned()).or_insert(found.path);
        }
    }
    files
}

/// The file of that name; a `*` stands for eight digits of a checksum.
fn named<'a>(there: &'a BTreeMap<OsString, PathBuf>, file: &str) -> Option<&'a PathBuf> {
    let Some((start, end)) = file.split_once('*') else {
        return there.get(OsStr::new(file));
    };
    let mut from = there
        .range(OsString::from(start)..)
        .map_while(|(name, path)| Some((name.as_bytes().strip_prefix(start.as_bytes())?, path)));
    let is_sum = |sum: &[u8]| sum.len() == 8 && sum.iter().all(u8::is_ascii_hexdigit);
    let found = from.find(|(rest, _)| rest.strip_suffix(end.as_bytes()).is_some_and(is_sum));
    found.map(|(_, path)| path)
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
            let (plan, gaps) = locate(&tree, Path::new("/mnt"), &parse(text.as_bytes()).unwrap());
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
