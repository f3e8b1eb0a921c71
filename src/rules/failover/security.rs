//! Which scripts keepalived runs: what its user may execute, and what it trusts (keepalived
//! `lib/notify.c`, 1.3.0 and later).

use std::path::{Path, PathBuf};

use super::commands::directories;
use crate::source::{FileKind, Meta};

/// Whether an account may execute a file or go through a directory (keepalived 2.4.3
/// `lib/notify.c`, `is_executable`); not known where it depends on its groups.
pub(super) fn may_execute(meta: &Meta, uid: u32, gid: Option<u32>) -> Option<bool> {
    if uid == 0 {
        return Some(meta.kind == FileKind::Dir || meta.any_execute_bit());
    }
    if uid == meta.uid {
        return Some(meta.mode & 0o100 != 0);
    }
    match gid {
        Some(gid) if gid == meta.gid => Some(meta.mode & 0o010 != 0),
        Some(_) => Some(meta.mode & 0o001 != 0),
        None if meta.mode & 0o011 == 0 => Some(false),
        None if meta.mode & 0o011 == 0o011 => Some(true),
        None => None,
    }
}

/// Why keepalived calls a part of a path unsafe (`check_security`): it is not root's, or
/// others may write to it; a directory with the sticky bit may be anybody's to write.
pub(super) fn unsafe_part(meta: &Meta) -> Option<String> {
    let mode = meta.mode & 0o7777;
    if meta.uid != 0 {
        return Some(format!("belongs to user {}, not to root", meta.uid));
    }
    let judged = match meta.kind {
        FileKind::Dir => meta.mode & 0o1000 == 0,
        FileKind::File => true,
        _ => false,
    };
    let world = meta.mode & 0o002 != 0;
    let group = meta.gid != 0 && meta.mode & 0o020 != 0;
    match (judged, world, group) {
        (true, true, _) => Some(format!("mode {mode:04o}: everybody may write it")),
        (true, false, true) => Some(format!("mode {mode:04o}: group {} may write it", meta.gid)),
        _ => None,
    }
}

/// The parts of a path from the top, the file too.
pub(super) fn parts(path: &Path) -> Vec<PathBuf> {
    let mut all = directories(path);
    all.push(path.to_path_buf());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mode, user and group of a script, then of its directory.
    type Owned = ((u32, u32, u32), (u32, u32, u32));

    fn meta(kind: FileKind, (mode, uid, gid): (u32, u32, u32)) -> Meta {
        Meta {
            kind,
            len: 1,
            mode,
            uid,
            gid,
            nlink: 1,
            mtime: 0,
            dev: 0,
            ino: 0,
        }
    }

    /// keepalived 2.2.7 and 2.3.3 (Debian 12 and 13) ran a hook that leaves a mark, or
    /// did not.
    #[test]
    fn what_keepalived_runs_is_what_may_be_run() {
        const DIR: (u32, u32, u32) = (0o755, 0, 0);
        let cases: [(bool, u32, Owned, bool); 20] = [
            (true, 0, ((0o755, 0, 0), DIR), true),
            (true, 0, ((0o777, 0, 0), DIR), false),
            (false, 0, ((0o777, 0, 0), DIR), true),
            (true, 0, ((0o775, 0, 0), DIR), true),
            (true, 0, ((0o775, 0, 5), DIR), false),
            (true, 0, ((0o755, 1000, 0), DIR), false),
            (true, 0, ((0o755, 0, 0), (0o777, 0, 0)), false),
            (true, 0, ((0o755, 0, 0), (0o1777, 0, 0)), true),
            (true, 0, ((0o755, 0, 0), (0o775, 0, 5)), false),
            (true, 0, ((0o755, 0, 0), (0o755, 1000, 0)), false),
            (true, 0, ((0o755, 0, 0), (0o1777, 1000, 0)), false),
            (false, 105, ((0o700, 0, 0), DIR), false),
            (false, 105, ((0o755, 0, 0), DIR), true),
            (false, 105, ((0o750, 0, 105), DIR), true),
            (false, 105, ((0o754, 0, 0), DIR), false),
            (false, 105, ((0o700, 105, 0), DIR), true),
            (false, 105, ((0o077, 105, 0), DIR), false),
            (false, 105, ((0o755, 0, 0), (0o700, 0, 0)), false),
            (true, 105, ((0o777, 0, 0), DIR), true),
            (false, 0, ((0o001, 0, 0), DIR), true),
        ];
        for (asked, uid, (file, dir), ran) in cases {
            let all = [meta(FileKind::Dir, dir), meta(FileKind::File, file)];
            let may = all
                .iter()
                .all(|m| may_execute(m, uid, Some(uid)) == Some(true));
            let trusted = all.iter().all(|m| unsafe_part(m).is_none());
            let runs = may && (!asked || uid != 0 || trusted);
            assert_eq!(runs, ran, "{asked} {uid} {file:?} {dir:?}");
        }
    }

    #[test]
    fn a_user_whose_group_is_not_known_is_judged_where_groups_do_not_matter() {
        let file = |mode| meta(FileKind::File, (mode, 0, 0));
        assert_eq!(may_execute(&file(0o755), 5, None), Some(true));
        assert_eq!(may_execute(&file(0o700), 5, None), Some(false));
        assert_eq!(may_execute(&file(0o750), 5, None), None);
    }
}
