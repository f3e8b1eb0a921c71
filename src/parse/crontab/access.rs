//! Which files a daemon reads at all: names, owners, modes, links.

use super::{Daemon, Effect, TableKind};

/// A directory whose entries are chosen by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Directory {
    /// The drop-in directory `/etc/cron.d`.
    CronD {
        /// Debian's `-l` in `EXTRA_OPTS` of `/etc/default/cron`: LSB names.
        lsb: bool,
    },
    /// The users' tables.
    Spool,
    /// `/etc/cron.daily` and the like, and the program that runs them.
    RunParts(RunParts),
}

/// A `run-parts` program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunParts {
    /// Debian's, without options (debianutils 5.7).
    Debian,
    /// Debian's with `--lsbsysinit`.
    DebianLsb,
    /// busybox's (1.37).
    Busybox,
    /// The shell script of Fedora and Red Hat (crontabs 1.11).
    Fedora,
}

/// What decides about a table besides its name and content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableMeta {
    /// Permission bits of the file, links followed: the lower 12 bits of `st_mode`.
    pub mode: u32,
    /// Owner of the file, links followed.
    pub uid: u32,
    /// Number of hard links.
    pub links: u64,
    /// Whether it is a regular file, links followed.
    pub regular: bool,
    /// Owner of the symbolic link, where the name is one.
    pub link_uid: Option<u32>,
    /// User id of the user whose table it is; `None` for system tables.
    pub user_uid: Option<u32>,
}

/// What becomes of a line in a system table whose user does not exist.
#[must_use]
pub const fn unknown_user_effect(daemon: Daemon) -> Effect {
    match daemon {
        // entry.c: "bad username" ends the table.
        Daemon::Debian => Effect::TableIgnored,
        // entry.c keeps the line with a made-up entry.
        Daemon::Cronie => Effect::RunsAnyway,
        // It has no user column.
        Daemon::Busybox => Effect::Surprise,
    }
}

/// Whether `daemon` reads a file of this name in this directory.
///
/// In the spool the name must be that of an existing user as well, which is for
/// the caller to check.
///
/// # Errors
/// The rule that excludes the name.
pub fn accepted_name(
    daemon: Daemon,
    directory: Directory,
    name: &[u8],
) -> Result<(), &'static str> {
    match (directory, daemon) {
        (Directory::RunParts(program), _) => run_parts_name(program, name),
        (_, Daemon::Cronie) => cronie_name(name),
        (Directory::CronD { lsb: false }, Daemon::Debian) => {
            if classical(name) {
                Ok(())
            } else {
                Err("Debian cron reads only names made of letters, digits, `_` and `-`")
            }
        }
        (Directory::CronD { lsb: true }, Daemon::Debian) => lsb_name(name),
        (Directory::Spool, Daemon::Debian) => {
            if name.starts_with(b".") {
                Err("Debian cron skips names that begin with a dot")
            } else {
                Ok(())
            }
        }
        (Directory::CronD { .. }, Daemon::Busybox) => Err("busybox crond reads no /etc/cron.d"),
        (Directory::Spool, Daemon::Busybox) => {
            if name.contains(&b'.') {
                Err("busybox crond skips names with a dot")
            } else {
                Ok(())
            }
        }
    }
}

/// cronie 1.7, `database.c`, `not_a_crontab`: the same for both directories.
fn cronie_name(name: &[u8]) -> Result<(), &'static str> {
    if name.starts_with(b".") || name.starts_with(b"#") {
        return Err("cronie skips names that begin with `.` or `#`");
    }
    if name.ends_with(b"~") {
        return Err("cronie skips names that end in `~`");
    }
    // A suffix counts only behind at least one byte.
    let suffixes: [&[u8]; 3] = [b".rpmsave", b".rpmorig", b".rpmnew"];
    if suffixes
        .iter()
        .any(|s| name.len() > s.len() && name.ends_with(s))
    {
        return Err("cronie skips what rpm leaves behind");
    }
    Ok(())
}

fn run_parts_name(program: RunParts, name: &[u8]) -> Result<(), &'static str> {
    match program {
        RunParts::Debian => {
            if classical(name) {
                Ok(())
            } else {
                Err("run-parts runs only names made of letters, digits, `_` and `-`")
            }
        }
        RunParts::DebianLsb => lsb_name(name),
        RunParts::Busybox => {
            let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
            if name.starts_with(b".") || !name.iter().all(word) {
                Err("run-parts runs only names made of letters, digits, `_`, `-` and inner dots")
            } else {
                Ok(())
            }
        }
        RunParts::Fedora => {
            let suffixes: [&[u8]; 8] = [
                b"~",
                b",",
                b".cfsaved",
                b".rpmsave",
                b".rpmorig",
                b".rpmnew",
                b".swp",
                b",v",
            ];
            if name.starts_with(b".") {
                Err("run-parts skips names that begin with a dot")
            } else if suffixes.iter().any(|s| name.ends_with(s)) {
                Err("run-parts skips what editors, rpm and RCS leave behind")
            } else {
                Ok(())
            }
        }
    }
}

fn classical(name: &[u8]) -> bool {
    let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    !name.is_empty() && name.iter().all(word)
}

const fn lower_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Debian cron's `valid_name` with `-l` (`database.c`): hierarchical names unless
/// dpkg left them behind, or plain lower-case names.
fn lsb_name(name: &[u8]) -> Result<(), &'static str> {
    let inner = |part: &[u8]| {
        !part.is_empty()
            && part
                .iter()
                .all(|b| lower_or_digit(*b) || matches!(b, b'_' | b'.'))
    };
    let mut parts = name.rsplit(|b| *b == b'-');
    let last = parts.next().unwrap_or(b"");
    let mut head = parts.peekable();
    let tail = !last.is_empty() && last.iter().all(|b| lower_or_digit(*b));
    let hierarchical = tail && head.peek().is_some() && head.all(inner);
    if hierarchical {
        let left = name.ends_with(b"dpkg-old") || name.ends_with(b"dpkg-dist");
        let first = name
            .first()
            .is_some_and(|b| lower_or_digit(*b) || *b == b'-');
        return if left && first && !name.starts_with(b"dpkg-") {
            Err("names that dpkg leaves behind are skipped")
        } else {
            Ok(())
        };
    }
    let plain = name.first().is_some_and(|b| lower_or_digit(*b))
        && name.iter().all(|b| lower_or_digit(*b) || *b == b'-');
    if plain {
        Ok(())
    } else {
        Err(
            "LSB names are made of lower-case letters, digits and `-`, with `_` and `.` only before a `-`",
        )
    }
}

/// Whether `daemon` reads a table with this owner, mode and links.
///
/// # Errors
/// The rule that excludes it.
pub fn accepted_mode(daemon: Daemon, kind: TableKind, meta: &TableMeta) -> Result<(), String> {
    if !meta.regular && daemon != Daemon::Busybox {
        return Err(format!("{daemon} reads regular files only"));
    }
    let user = match kind {
        TableKind::System => false,
        TableKind::User { .. } => true,
    };
    let trusted = meta.uid == 0 || (user && Some(meta.uid) == meta.user_uid);
    if !trusted && daemon != Daemon::Busybox {
        let owner = if user { "the user or root" } else { "root" };
        return Err(format!(
            "{daemon} wants {owner} as owner, not uid {}",
            meta.uid
        ));
    }
    let mode = meta.mode & 0o7777;
    match daemon {
        Daemon::Debian => debian_mode(user, mode, meta),
        Daemon::Cronie => {
            if mode & 0o7533 != 0o400 {
                return Err(format!(
                    "cronie wants the owner to read, nobody to execute, only the owner to write: \
                     mode {mode:04o}"
                ));
            }
            if user && meta.links != 1 {
                return Err(format!("cronie wants one hard link, not {}", meta.links));
            }
            Ok(())
        }
        Daemon::Busybox if meta.uid != 0 => Err(format!(
            "busybox crond wants root as owner, not uid {}, and says nothing",
            meta.uid
        )),
        Daemon::Busybox => Ok(()),
    }
}

/// Debian cron 3.0pl1-162, `database.c`, `process_crontab`.
fn debian_mode(user: bool, mode: u32, meta: &TableMeta) -> Result<(), String> {
    match (user, meta.link_uid) {
        (true, Some(_)) => {
            return Err("Debian cron follows no symbolic link in the spool".into());
        }
        (false, Some(uid)) if uid != 0 => {
            return Err(format!(
                "Debian cron wants root as owner of the link, not uid {uid}"
            ));
        }
        _ => {}
    }
    if user && mode != 0o600 {
        return Err(format!(
            "Debian cron wants mode 0600 in the spool, not {mode:04o}"
        ));
    }
    if mode & 0o022 != 0 {
        return Err(format!(
            "Debian cron wants only root to write it: mode {mode:04o}"
        ));
    }
    if meta.links != 1 {
        return Err(format!(
            "Debian cron wants one hard link, not {}",
            meta.links
        ));
    }
    Ok(())
}
