//! ext2, ext3 and ext4 (Linux 6.1, `fs/ext4/ext4.h`; names by libblkid's `ext.c`).

use super::{Content, Window, le16, le32, text, uuid};

/// What the superblock says of the state, for fsck and for boot loaders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ext {
    /// `s_state`: 1 unmounted cleanly, 2 errors found, 4 orphans being recovered.
    pub state: u16,
    /// `s_errors`: 1 continue, 2 remount read-only, 3 panic.
    pub errors: u16,
    /// Mounts since the last check.
    pub mounts: u16,
    /// A check is due after that many; not above zero means never.
    pub max_mounts: i16,
    /// Seconds since the epoch.
    pub last_check: u32,
    /// A check is due after that many seconds; 0 never.
    pub check_interval: u32,
    /// `s_feature_compat`.
    pub compat: u32,
    /// `s_feature_incompat`.
    pub incompat: u32,
    /// `s_feature_ro_compat`.
    pub ro_compat: u32,
    /// Errors that the kernel counted.
    pub error_count: u32,
}

impl Ext {
    /// Whether errors were found that no check has mended.
    #[must_use]
    pub const fn has_errors(&self) -> bool {
        self.state & 2 != 0
    }

    /// Whether the journal is to be replayed: mounted now, or not unmounted.
    #[must_use]
    pub const fn needs_recovery(&self) -> bool {
        self.incompat & 4 != 0
    }

    /// Whether e2fsck would check it all, for its age or its mounts, at this moment.
    #[must_use]
    pub fn check_is_due(&self, now: i64) -> bool {
        let mounted = i32::from(self.mounts);
        let by_mounts = self.max_mounts > 0 && mounted >= i32::from(self.max_mounts);
        let due = i64::from(self.last_check) + i64::from(self.check_interval);
        by_mounts || (self.check_interval > 0 && now >= due)
    }

    /// Incompatible features that the ext2 driver of GRUB 2.06 refuses; 2.12, and 2.06
    /// as Debian 12 has it, read `metadata_csum_seed` and `large_dir` too
    /// (`grub-core/fs/ext2.c`, `EXT2_DRIVER_SUPPORTED_INCOMPAT` and
    /// `EXT2_DRIVER_IGNORED_INCOMPAT`).
    #[must_use]
    pub const fn unread_by_grub(&self, has_2_12: bool) -> u32 {
        // filetype, recover, meta_bg, extents, 64bit, flex_bg, encrypt; ignored: mmp.
        let mut read = 0x2 | 0x4 | 0x10 | 0x40 | 0x80 | 0x200 | 0x1_0000 | 0x100;
        if has_2_12 {
            read |= 0x2000 | 0x4000;
        }
        self.incompat & !read
    }
}

pub(super) fn read(window: &dyn Window) -> Option<Content> {
    let head = window.at(1024, 1024);
    if le16(&head, 0x38)? != 0xef53 {
        return None;
    }
    let ext = Ext {
        state: le16(&head, 0x3a)?,
        errors: le16(&head, 0x3c)?,
        mounts: le16(&head, 0x34)?,
        max_mounts: i16::from_le_bytes(le16(&head, 0x36)?.to_le_bytes()),
        last_check: le32(&head, 0x40)?,
        check_interval: le32(&head, 0x44)?,
        compat: le32(&head, 0x5c)?,
        incompat: le32(&head, 0x60)?,
        ro_compat: le32(&head, 0x64)?,
        error_count: le32(&head, 0x194).unwrap_or(0),
    };
    let journal = ext.compat & 4 != 0;
    let kind = if ext.incompat & 8 != 0 {
        "jbd"
    } else if ext.ro_compat & !7 != 0 || ext.incompat & !0x16 != 0 {
        "ext4"
    } else if journal {
        "ext3"
    } else if ext.incompat & !0x12 != 0 {
        "ext4"
    } else {
        "ext2"
    };
    let mut content = Content::new(kind, uuid(&head, 0x68), Some(text(&head, 0x78, 16)));
    content.ext = (kind != "jbd").then_some(ext);
    Some(content)
}
