//! Which file system types the kernel of the next boot, or a helper, can mount.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::fact::{Fact, Unknown, Why};
use crate::facts::kernels::version_in;
use crate::source::Tree;

/// What is known about a kernel's file systems.
#[derive(Debug)]
pub struct Types {
    /// The release whose modules were read, such as `6.1.0-23-amd64`.
    pub release: String,
    /// Types named by `alias fs-TYPE` lines.
    aliases: BTreeSet<String>,
    /// Modules, loadable and built in, by name.
    modules: BTreeSet<String>,
}

/// Whether a type can be mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Support {
    /// By the kernel or a helper.
    Yes,
    /// By neither; where was looked.
    No(Vec<PathBuf>),
    /// The kernel cannot do it alone, and its helper is missing; where it should be.
    NoHelper(PathBuf),
    /// Could not look.
    Unknown(Unknown),
    /// The tree does not hold the kernel's modules.
    NotCovered(Why),
}

/// Types that are part of every kernel, or of none that lacks them on purpose, and are in
/// no list of modules (Linux 6.1, `register_filesystem` under a bool option).
const BUILT_IN: [&str; 34] = [
    "anon_inodefs",
    "autofs",
    "bdev",
    "binder",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "cpuset",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "functionfs",
    "fusectl",
    "hugetlbfs",
    "ignore",
    "mqueue",
    "nfsd",
    "none",
    "pipefs",
    "proc",
    "pstore",
    "ramfs",
    "resctrl",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "smackfs",
    "sysfs",
    "tmpfs",
    "tracefs",
    "usbfs",
];

/// Types that mount(8) hands to a helper because the kernel cannot do without: their
/// addresses are resolved, or their process is started, by it.
const NEED_HELPER: [&str; 16] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "glusterfs",
    "davfs",
    "ecryptfs",
    "ntfs-3g",
    "lustre",
    "vboxsf",
    "fuse",
    "sshfs",
    "s3fs",
    "mergerfs",
    "encfs",
    "lxcfs",
];

/// Where libmount looks for `mount.TYPE` (util-linux 2.38, `FS_SEARCH_PATH`).
const HELPER_DIRS: [&str; 4] = ["/sbin", "/sbin/fs.d", "/sbin/fs", "/usr/sbin"];

impl Types {
    /// What the kernel `release` can mount; the newest of those with modules where none
    /// is named. Absent where there are no modules at all: such a kernel cannot be judged.
    pub fn read(tree: &Tree, release: Option<&str>) -> Fact<Self> {
        let release = match release {
            Some(release) => Fact::Known(release.to_owned()),
            None => newest(tree),
        };
        release.and_then(|release| of_release(tree, release))
    }

    /// Whether that kernel has the file system `kind`, loadable or built in.
    #[must_use]
    pub fn kernel_has(&self, kind: &str) -> bool {
        let module = match kind {
            "iso9660" => "isofs",
            "ext2" | "ext3" if self.modules.contains("ext4") => "ext4",
            "nfs4" => "nfsv4",
            "smb3" => "cifs",
            "fuseblk" => "fuse",
            other => other,
        };
        let normal = module.replace('-', "_");
        self.aliases.contains(kind) || self.modules.contains(&normal) || BUILT_IN.contains(&kind)
    }
}

/// Whether `kind`, the third field of a line, can be mounted; a list needs one that can.
pub(in crate::facts) fn support(tree: &Tree, types: &Fact<Types>, kind: &[u8]) -> Support {
    let text = String::from_utf8_lossy(kind).into_owned();
    if matches!(
        text.as_str(),
        "" | "auto" | "none" | "swap" | "bind" | "rbind"
    ) {
        return Support::Yes;
    }
    let mut last = Support::Yes;
    for kind in text.split(',').filter(|kind| !kind.is_empty()) {
        last = one(tree, types, kind.strip_prefix("no").map_or(kind, |_| kind));
        if last == Support::Yes {
            break;
        }
    }
    last
}

fn one(tree: &Tree, types: &Fact<Types>, kind: &str) -> Support {
    let (base, sub) = match kind.split_once('.') {
        Some((base, sub)) => (base, Some(sub)),
        None => (kind, None),
    };
    let mut names = vec![format!("mount.{kind}")];
    if sub.is_some() {
        names.push(format!("mount.{base}"));
    }
    for dir in HELPER_DIRS {
        for name in &names {
            match tree.resolve(&Path::new(dir).join(name)) {
                Fact::Known(_) => return Support::Yes,
                Fact::Unknown(unknown) => return Support::Unknown(unknown),
                Fact::NotCovered(why) => return Support::NotCovered(why),
                Fact::Absent(_) | Fact::Broken(_) => {}
            }
        }
    }
    let helper = PathBuf::from(format!("/sbin/mount.{base}"));
    if NEED_HELPER.contains(&base) {
        return Support::NoHelper(helper);
    }
    match types {
        Fact::Known(types) if types.kernel_has(base) => Support::Yes,
        Fact::Known(types) => {
            let modules = PathBuf::from(format!("/lib/modules/{}", types.release));
            Support::No(vec![modules, helper])
        }
        _ if BUILT_IN.contains(&base) => Support::Yes,
        Fact::Absent(_) => Support::NotCovered(Why::partial(Path::new("/lib/modules"))),
        Fact::Broken(fault) => Support::Unknown(fault.clone().into()),
        Fact::Unknown(unknown) => Support::Unknown(unknown.clone()),
        Fact::NotCovered(why) => Support::NotCovered(why.clone()),
    }
}

/// The newest release that has modules.
fn newest(tree: &Tree) -> Fact<String> {
    tree.list(Path::new("/lib/modules")).and_then(|names| {
        let names = names.iter().map(|n| n.to_string_lossy().into_owned());
        let versions = names.filter_map(|name| version_in(&name).map(|v| (v, name)));
        match versions.max() {
            Some((_, name)) => Fact::Known(name),
            None => Fact::Absent(crate::fact::Looked::at("/lib/modules")),
        }
    })
}

fn of_release(tree: &Tree, release: String) -> Fact<Types> {
    let dir = Path::new("/lib/modules").join(&release);
    let mut types = Types {
        release,
        aliases: BTreeSet::new(),
        modules: BTreeSet::new(),
    };
    // Both lists are needed: what is in neither is not there.
    for name in ["modules.dep", "modules.builtin"] {
        let file = match tree.read(&dir.join(name)) {
            Fact::Known(file) => file,
            other => return other.and_then(|_| Fact::Absent(crate::fact::Looked::at(&dir))),
        };
        for line in String::from_utf8_lossy(file.bytes()).lines() {
            let path = line.split(':').next().unwrap_or(line);
            let base = path.rsplit('/').next().unwrap_or(path);
            let base = base.split(".ko").next().unwrap_or(base);
            types.modules.insert(base.replace('-', "_"));
        }
    }
    if let Fact::Known(file) = tree.read(&dir.join("modules.alias")) {
        for line in String::from_utf8_lossy(file.bytes()).lines() {
            let mut words = line.split_whitespace().skip(1);
            let alias = words.next().and_then(|alias| alias.strip_prefix("fs-"));
            types.aliases.extend(alias.map(str::to_owned));
        }
    }
    if let Fact::Known(file) = tree.read(&dir.join("modules.builtin.modinfo")) {
        for entry in file.bytes().split(|b| *b == 0) {
            let text = String::from_utf8_lossy(entry);
            let alias = text
                .split_once(".alias=fs-")
                .map(|(_, alias)| alias.to_owned());
            types.aliases.extend(alias);
        }
    }
    Fact::Known(types)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, MemSource};

    fn tree(source: MemSource) -> Tree {
        let coverage = Coverage::full(true);
        Tree::for_tests(source, coverage)
    }

    fn sample() -> MemSource {
        let mut source = MemSource::new();
        let dir = "/lib/modules/6.1.0-23-amd64";
        source
            .file(
                format!("{dir}/modules.dep"),
                "kernel/fs/xfs/xfs.ko: kernel/lib/x.ko\nkernel/fs/isofs/isofs.ko.xz:\n",
            )
            .file(format!("{dir}/modules.builtin"), "kernel/fs/ext4/ext4.ko\n")
            .file(
                format!("{dir}/modules.alias"),
                "alias fs-xfs xfs\nalias fs-iso9660 isofs\n",
            )
            .file("/sbin/mount.nfs", "")
            .dir("/lib/modules/5.10.0-1-amd64");
        source
    }

    #[test]
    fn a_type_is_mounted_by_the_newest_kernel_or_by_a_helper() {
        let tree = tree(sample());
        let types = Types::read(&tree, None);
        for kind in [
            "ext4",
            "ext2",
            "xfs",
            "iso9660",
            "tmpfs",
            "auto",
            "nosuch,xfs",
            "nfs",
            "proc",
        ] {
            assert_eq!(
                support(&tree, &types, kind.as_bytes()),
                Support::Yes,
                "{kind}"
            );
        }
        for kind in ["nosuch", "btrfs", "btrfs,nosuch"] {
            assert!(
                matches!(support(&tree, &types, kind.as_bytes()), Support::No(_)),
                "{kind}"
            );
        }
        for (kind, helper) in [
            ("cifs", "/sbin/mount.cifs"),
            ("fuse.sshfs", "/sbin/mount.fuse"),
        ] {
            let expected = Support::NoHelper(helper.into());
            assert_eq!(support(&tree, &types, kind.as_bytes()), expected);
        }
    }

    #[test]
    fn without_a_list_of_modules_a_type_is_not_judged() {
        let mut source = sample();
        source.remove("/lib/modules/6.1.0-23-amd64/modules.dep");
        let tree = tree(source);
        let types = Types::read(&tree, None);
        assert!(matches!(
            support(&tree, &types, b"btrfs"),
            Support::NotCovered(_)
        ));
        assert_eq!(support(&tree, &types, b"tmpfs"), Support::Yes);
        let named = Types::read(&tree, Some("5.10.0-1-amd64"));
        assert!(matches!(named, Fact::Absent(_)));
    }
}
