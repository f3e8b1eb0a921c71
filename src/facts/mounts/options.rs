//! Options that a file system refuses, by type.
//!
//! Only what is known to be refused is said: every type here takes no option but those
//! of its table (Linux 6.1: `fs/ext4/super.c`, `fs/xfs/xfs_super.c`, `fs/btrfs/super.c`,
//! `mm/shmem.c`, `fs/fat/inode.c`), those of security modules, and those that mount(8)
//! keeps for itself or turns into flags (util-linux 2.38, `libmount/src/optmap.c`).

mod values;

use crate::parse::fstab::Opt;

/// What a file system does with an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Takes it, or is not known to refuse it.
    Fine,
    /// Has none of that name.
    Unknown,
    /// Has it, but not with that value; the values it takes.
    BadValue(&'static [&'static str]),
    /// Had it once: the first release that refuses it.
    Removed(&'static str),
}

/// Flags and words of mount(8) and of systemd.
const GENERIC: [&str; 60] = [
    "ro",
    "rw",
    "exec",
    "noexec",
    "suid",
    "nosuid",
    "dev",
    "nodev",
    "sync",
    "async",
    "dirsync",
    "remount",
    "bind",
    "rbind",
    "sub",
    "nosub",
    "silent",
    "loud",
    "mand",
    "nomand",
    "atime",
    "noatime",
    "iversion",
    "noiversion",
    "diratime",
    "nodiratime",
    "relatime",
    "norelatime",
    "strictatime",
    "nostrictatime",
    "lazytime",
    "nolazytime",
    "unbindable",
    "runbindable",
    "private",
    "rprivate",
    "slave",
    "rslave",
    "shared",
    "rshared",
    "symfollow",
    "nosymfollow",
    "defaults",
    "auto",
    "noauto",
    "user",
    "nouser",
    "users",
    "nousers",
    "owner",
    "noowner",
    "group",
    "nogroup",
    "_netdev",
    "nofail",
    "fail",
    "loop",
    "uhelper",
    "helper",
    "move",
];

/// Options with a value that mount(8) keeps for itself, and those of security modules.
const GENERIC_VALUES: [&str; 15] = [
    "comment",
    "user",
    "loop",
    "offset",
    "sizelimit",
    "encryption",
    "uhelper",
    "helper",
    "context",
    "fscontext",
    "defcontext",
    "rootcontext",
    "seclabel",
    "smackfsdef",
    "pri",
];

const EXT4: [&str; 81] = [
    "bsddf",
    "minixdf",
    "grpid",
    "bsdgroups",
    "nogrpid",
    "sysvgroups",
    "resgid",
    "resuid",
    "sb",
    "errors",
    "nouid32",
    "debug",
    "oldalloc",
    "orlov",
    "user_xattr",
    "nouser_xattr",
    "acl",
    "noacl",
    "norecovery",
    "noload",
    "bh",
    "nobh",
    "commit",
    "min_batch_time",
    "max_batch_time",
    "journal_dev",
    "journal_path",
    "journal_checksum",
    "nojournal_checksum",
    "journal_async_commit",
    "abort",
    "data",
    "data_err",
    "usrjquota",
    "grpjquota",
    "jqfmt",
    "grpquota",
    "quota",
    "noquota",
    "usrquota",
    "prjquota",
    "barrier",
    "nobarrier",
    "i_version",
    "dax",
    "stripe",
    "delalloc",
    "nodelalloc",
    "warn_on_error",
    "nowarn_on_error",
    "debug_want_extra_isize",
    "mblk_io_submit",
    "nomblk_io_submit",
    "block_validity",
    "noblock_validity",
    "inode_readahead_blks",
    "journal_ioprio",
    "auto_da_alloc",
    "noauto_da_alloc",
    "dioread_nolock",
    "nodioread_nolock",
    "dioread_lock",
    "discard",
    "nodiscard",
    "init_itable",
    "noinit_itable",
    "max_dir_size_kb",
    "test_dummy_encryption",
    "inlinecrypt",
    "nombcache",
    "no_mbcache",
    "prefetch_block_bitmaps",
    "no_prefetch_block_bitmaps",
    "mb_optimize_scan",
    "check",
    "nocheck",
    "reservation",
    "noreservation",
    "journal",
    "fc_debug_force",
    "fc_debug_max_replay",
];

/// Of ext2 and ext3, beside those of ext4 that reads them in most kernels.
const EXT23: [&str; 2] = ["xip", "noextents"];

const XFS: [&str; 45] = [
    "logbufs",
    "logbsize",
    "logdev",
    "rtdev",
    "wsync",
    "noalign",
    "swalloc",
    "sunit",
    "swidth",
    "nouuid",
    "grpid",
    "nogrpid",
    "bsdgroups",
    "sysvgroups",
    "allocsize",
    "norecovery",
    "inode64",
    "inode32",
    "ikeep",
    "noikeep",
    "largeio",
    "nolargeio",
    "attr2",
    "noattr2",
    "filestreams",
    "quota",
    "noquota",
    "usrquota",
    "grpquota",
    "prjquota",
    "uquota",
    "gquota",
    "pquota",
    "uqnoenforce",
    "gqnoenforce",
    "pqnoenforce",
    "qnoenforce",
    "discard",
    "nodiscard",
    "dax",
    "lifetime",
    "nolifetime",
    "max_atomic_write",
    "max_open_zones",
    "errortag",
];

/// Dropped from XFS.
const XFS_REMOVED: [(&str, &str); 8] = [
    ("barrier", "4.19"),
    ("nobarrier", "4.19"),
    ("delaylog", "4.19"),
    ("nodelaylog", "4.19"),
    ("ihashsize", "4.0"),
    ("osyncisdsync", "4.0"),
    ("osyncisosync", "4.0"),
    ("biosize", "5.4"),
];

const BTRFS: [&str; 63] = [
    "acl",
    "noacl",
    "clear_cache",
    "commit",
    "compress",
    "compress-force",
    "degraded",
    "device",
    "fatal_errors",
    "flushoncommit",
    "noflushoncommit",
    "inode_cache",
    "noinode_cache",
    "max_inline",
    "barrier",
    "nobarrier",
    "datacow",
    "nodatacow",
    "datasum",
    "nodatasum",
    "autodefrag",
    "noautodefrag",
    "discard",
    "nodiscard",
    "norecovery",
    "metadata_ratio",
    "rescan_uuid_tree",
    "skip_balance",
    "space_cache",
    "nospace_cache",
    "ssd",
    "nossd",
    "ssd_spread",
    "nossd_spread",
    "subvol",
    "subvolid",
    "thread_pool",
    "treelog",
    "notreelog",
    "user_subvol_rm_allowed",
    "rescue",
    "nologreplay",
    "usebackuproot",
    "recovery",
    "check_int",
    "check_int_data",
    "check_int_print_mask",
    "enospc_debug",
    "noenospc_debug",
    "fragment",
    "ref_verify",
    "alloc_start",
    "subvolrootid",
    "nouser_subvol_rm_allowed",
    "nodegraded",
    "noclear_cache",
    "compress_force",
    "nocompress",
    "norescan_uuid_tree",
    "noskip_balance",
    "nocompress-force",
    "noref_verify",
    "nocheck_int",
];

const TMPFS: [&str; 19] = [
    "gid",
    "huge",
    "mode",
    "mpol",
    "nr_blocks",
    "nr_inodes",
    "size",
    "uid",
    "inode32",
    "inode64",
    "noswap",
    "quota",
    "usrquota",
    "grpquota",
    "usrquota_block_hardlimit",
    "usrquota_inode_hardlimit",
    "grpquota_block_hardlimit",
    "grpquota_inode_hardlimit",
    "casefold",
];

const FAT: [&str; 43] = [
    "check",
    "uid",
    "gid",
    "umask",
    "dmask",
    "fmask",
    "allow_utime",
    "codepage",
    "usefree",
    "nocase",
    "quiet",
    "showexec",
    "debug",
    "sys_immutable",
    "flush",
    "tz",
    "time_offset",
    "errors",
    "discard",
    "nfs",
    "dos1xfloppy",
    "conv",
    "fat",
    "blocksize",
    "cvf_format",
    "cvf_options",
    "posix",
    "iocharset",
    "shortname",
    "utf8",
    "uni_xlate",
    "nonumtail",
    "rodir",
    "nodots",
    "dotsOK",
    "dots",
    "rmode",
    "nouni_xlate",
    "noutf8",
    "nonumtail_no",
    "numtail",
    "nodiscard",
    "noflush",
];

/// Values of options that take a few words only.
const VALUES: [(&str, &str, &[&str]); 6] = [
    ("ext4", "errors", &["continue", "remount-ro", "panic"]),
    ("ext4", "data", &["journal", "ordered", "writeback"]),
    ("ext4", "data_err", &["abort", "ignore"]),
    ("ext4", "jqfmt", &["vfsold", "vfsv0", "vfsv1"]),
    ("vfat", "errors", &["continue", "remount-ro", "panic"]),
    (
        "tmpfs",
        "huge",
        &["never", "always", "within_size", "advise", "deny", "force"],
    ),
];

/// What the file system `kind` does with an option.
#[must_use]
pub fn judge(kind: &[u8], option: &Opt) -> Judged {
    judge_text(kind, &option.text)
}

/// What the file system `kind` does with an option of this text.
#[must_use]
pub fn judge_text(kind: &[u8], text: &[u8]) -> Judged {
    let (Ok(kind), Ok(text)) = (std::str::from_utf8(kind), std::str::from_utf8(text)) else {
        return Judged::Fine;
    };
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    // Comments for other programs.
    let comment = name.starts_with("x-") || name.starts_with("X-");
    // systemd's unit parser trims a CR at the end of the options; others do not, and
    // that has a rule of its own.
    let is_generic = match value {
        None => GENERIC.contains(&name),
        Some(_) => GENERIC_VALUES.contains(&name),
    };
    let quoted = text.contains('"') || text.contains('\\') || text.contains('\r');
    if comment || is_generic || quoted || name.starts_with("verity.") {
        return Judged::Fine;
    }
    let known: Vec<&[&str]> = match kind {
        "ext4" => vec![&EXT4],
        "ext2" | "ext3" => vec![&EXT4, &EXT23],
        "xfs" => vec![&XFS],
        "btrfs" => vec![&BTRFS],
        "tmpfs" => vec![&TMPFS],
        "vfat" | "msdos" => vec![&FAT],
        _ => return Judged::Fine,
    };
    if kind == "xfs"
        && let Some((_, release)) = XFS_REMOVED.iter().find(|(old, _)| *old == name)
    {
        return Judged::Removed(release);
    }
    if !known.iter().any(|table| table.contains(&name)) {
        return Judged::Unknown;
    }
    let family = if matches!(kind, "ext2" | "ext3") {
        "ext4"
    } else {
        kind
    };
    let mut values = VALUES.iter();
    let values = values.find(|(of, option, _)| *of == family && *option == name);
    match (values, value) {
        (Some((_, _, values)), Some(value)) if !values.contains(&value) => Judged::BadValue(values),
        _ => values::of(family, name).map_or(Judged::Fine, |form| form.judge(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::fstab;
    use crate::text::File;

    fn judged(kind: &str, option: &str) -> Judged {
        let file = File::new("/etc/fstab", format!("a /b {kind} {option}\n"));
        let entry = fstab::parse(&file).remove(0);
        judge(&entry.kind, &entry.options[0])
    }

    #[test]
    fn options_of_a_type_of_mount_and_of_others_are_fine() {
        for (kind, option) in [
            ("ext4", "errors=remount-ro"),
            ("ext4", "x-systemd.device-timeout=5"),
            ("ext3", "noatime"),
            ("xfs", "inode64"),
            ("btrfs", "subvol=@home"),
            ("tmpfs", "size=50%"),
            ("vfat", "umask=0077"),
            ("ext4", "comment=old"),
            ("ext4", "context=system_u:x"),
            ("nosuch", "bogus"),
            ("ntfs", "bogus"),
            ("ext4", "nofail\r"),
            ("ext4", "_netdev"),
            ("tmpfs", "_netdev"),
        ] {
            assert_eq!(judged(kind, option), Judged::Fine, "{kind} {option}");
        }
    }

    #[test]
    fn what_a_type_does_not_take_is_told_with_its_reason() {
        assert_eq!(judged("tmpfs", "bogus_option"), Judged::Unknown);
        assert_eq!(judged("ext4", "noattime"), Judged::Unknown);
        assert_eq!(judged("xfs", "nobarrier"), Judged::Removed("4.19"));
        assert_eq!(judged("xfs", "errors=remount-ro"), Judged::Unknown);
        assert!(matches!(
            judged("ext4", "errors=remount_ro"),
            Judged::BadValue(_)
        ));
        assert_eq!(judged("ext4", "ro=1"), Judged::Unknown);
        for kind in ["ext4", "tmpfs"] {
            assert_eq!(judged(kind, "sw"), Judged::Unknown);
            assert_eq!(judged(kind, "_rnetdev"), Judged::Unknown);
        }
    }
}
