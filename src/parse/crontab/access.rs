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
    /// Debian's with `--lsbsysinit`, before debianutils 5.10.
    DebianLsb,
    /// The same since 5.10, which takes `_` in plain names as well.
    DebianLsb510,
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
        Daemon::Debian | Daemon::Debian187 => Effect::TableIgnored,
        // entry.c keeps the line with a made-up entry.
        Daemon::Cronie => Effect::RunsAnyway,
        // It has no user column.
        Daemon::Busybox | Daemon::Dcron => Effect::Surprise,
        // crontab.c asks for the user while it reads the line.
        Daemon::Bcron => Effect::LineIgnored,
        // The service is made, and fails when it is started.
        Daemon::SystemdCron1 | Daemon::SystemdCron2 => Effect::RunsAnyway,
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
        (Directory::CronD { lsb: false }, Daemon::Debian | Daemon::Debian187) => {
            if classical(name) {
                Ok(())
            } else {
                Err("Debian cron reads only names made of letters, digits, `_` and `-`")
            }
        }
        (Directory::CronD { lsb: true }, Daemon::Debian | Daemon::Debian187) => {
            lsb_name(name, false, cron_leftover)
        }
        (Directory::Spool, Daemon::Debian | Daemon::Debian187) => {
            if name.starts_with(b".") {
                Err("Debian cron skips names that begin with a dot")
            } else {
                Ok(())
            }
        }
        (Directory::CronD { .. }, Daemon::Busybox) => Err("busybox crond reads no /etc/cron.d"),
        (_, Daemon::Bcron) => {
            if name.starts_with(b".") {
                Err("bcron skips names that begin with a dot")
            } else {
                Ok(())
            }
        }
        (_, Daemon::Dcron) => {
            if name.contains(&b'.') {
                Err("dcron skips names with a dot")
            } else {
                Ok(())
            }
        }
        (Directory::Spool, Daemon::SystemdCron1 | Daemon::SystemdCron2) => {
            if name.contains(&b'.') {
                Err("systemd-cron skips names with a dot")
            } else {
                Ok(())
            }
        }
        (Directory::CronD { .. }, Daemon::SystemdCron1 | Daemon::SystemdCron2) => {
            timer_name(daemon, name)
        }
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

/// systemd-cron 1.15.19 and 2.5.1: files of `/etc/cron.d` that become timers, and
/// scripts of `/etc/cron.daily` and the like.
fn timer_name(daemon: Daemon, name: &[u8]) -> Result<(), &'static str> {
    let contains = |part: &[u8]| name.windows(part.len()).any(|window| window == part);
    if name.starts_with(b".") {
        return Err("systemd-cron skips names that begin with a dot");
    }
    if contains(b".dpkg-") || contains(b"~") {
        return Err("systemd-cron skips what dpkg and editors leave behind");
    }
    if daemon == Daemon::SystemdCron2 && (contains(b".rpm") || name == b"0anacron") {
        return Err("systemd-cron skips what rpm leaves behind, and 0anacron");
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
        RunParts::DebianLsb => lsb_name(name, false, run_parts_leftover),
        RunParts::DebianLsb510 => lsb_name(name, true, run_parts_leftover),
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

/// Names of the LSB: hierarchical ones unless `left_behind`, or plain lower-case
/// ones, with or without `_` (Debian cron's `valid_name` with `-l`, `run-parts
/// --lsbsysinit`).
fn lsb_name(
    name: &[u8],
    underscores: bool,
    left_behind: impl Fn(&[u8]) -> bool,
) -> Result<(), &'static str> {
    let inner = |part: &[u8]| {
        let known = |b: &u8| lower_or_digit(*b) || matches!(b, b'_' | b'.');
        !part.is_empty() && part.iter().all(known)
    };
    let mut parts = name.rsplit(|b| *b == b'-');
    let last = parts.next().unwrap_or(b"");
    let mut head = parts.peekable();
    let tail = !last.is_empty() && last.iter().all(|b| lower_or_digit(*b));
    if tail && head.peek().is_some() && head.all(inner) {
        return if left_behind(name) {
            Err("what dpkg leaves behind is skipped")
        } else {
            Ok(())
        };
    }
    let plain = name.first().is_some_and(|b| lower_or_digit(*b))
        && name
            .iter()
            .all(|b| lower_or_digit(*b) || *b == b'-' || (underscores && *b == b'_'));
    if plain {
        Ok(())
    } else if underscores {
        Err("LSB names have lower-case letters, digits, `_` and `-`, with `.` only before a `-`")
    } else {
        Err("LSB names have lower-case letters, digits and `-`, with `_` and `.` only before a `-`")
    }
}

/// `^[a-z0-9-].*dpkg-(old|dist)$`, as Debian cron has it.
fn cron_leftover(name: &[u8]) -> bool {
    name.split_first().is_some_and(|(first, rest)| {
        (lower_or_digit(*first) || *first == b'-')
            && (rest.ends_with(b"dpkg-old") || rest.ends_with(b"dpkg-dist"))
    })
}

/// What `run-parts --lsbsysinit` skips (measured with debianutils 5.7 and 5.23.1).
fn run_parts_leftover(name: &[u8]) -> bool {
    let suffixes: [&[u8]; 4] = [b".dpkg-old", b".dpkg-dist", b".dpkg-new", b".dpkg-tmp"];
    name.split_first().is_some_and(|(first, rest)| {
        (lower_or_digit(*first) || *first == b'-') && suffixes.iter().any(|s| rest.ends_with(s))
    })
}

/// Whether `daemon` reads a table with this owner, mode and links.
///
/// # Errors
/// The rule that excludes it.
pub fn accepted_mode(daemon: Daemon, kind: TableKind, meta: &TableMeta) -> Result<(), String> {
    // The others look at nothing but, at most, the owner.
    let careless = !daemon.is_debian() && daemon != Daemon::Cronie;
    if !meta.regular && !matches!(daemon, Daemon::Busybox | Daemon::Dcron) {
        return Err(format!("{daemon} reads regular files only"));
    }
    let user = match kind {
        TableKind::System => false,
        TableKind::User { .. } => true,
    };
    let trusted = meta.uid == 0 || (user && Some(meta.uid) == meta.user_uid);
    if !trusted && !careless {
        let owner = if user { "the user or root" } else { "root" };
        return Err(format!(
            "{daemon} wants {owner} as owner, not uid {}",
            meta.uid
        ));
    }
    let mode = meta.mode & 0o7777;
    match daemon {
        Daemon::Debian | Daemon::Debian187 => debian_mode(user, mode, meta),
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
        Daemon::Busybox | Daemon::Dcron if meta.uid != 0 => Err(format!(
            "{daemon} wants root as owner, not uid {}, and says nothing",
            meta.uid
        )),
        Daemon::Busybox
        | Daemon::Dcron
        | Daemon::Bcron
        | Daemon::SystemdCron1
        | Daemon::SystemdCron2 => Ok(()),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The names out of `all` that are accepted.
    fn accepted(daemon: Daemon, directory: Directory, all: &str) -> String {
        let names = all.split_whitespace();
        let kept = names.filter(|n| accepted_name(daemon, directory, n.as_bytes()).is_ok());
        kept.collect::<Vec<_>>().join(" ")
    }

    const NAMES: &str = "reboot 0anacron reboot_now Reboot reboot.sh foo.bak foo.dpkg-old \
        foo.dpkg-new foo.rpmsave com.example-job _lanana.example.org-job foo~ foo,v #foo# a+b \
        .hidden -foo dpkg-old x-dpkg-old a--b";

    #[test]
    fn run_parts_programs_choose_their_names() {
        // Measured with debianutils 5.7 and 5.23.1 and busybox 1.35, but for Fedora.
        for (program, expected) in [
            (
                RunParts::Debian,
                "reboot 0anacron reboot_now Reboot -foo dpkg-old x-dpkg-old a--b",
            ),
            (
                RunParts::DebianLsb,
                "reboot 0anacron com.example-job _lanana.example.org-job dpkg-old x-dpkg-old a--b",
            ),
            (
                RunParts::DebianLsb510,
                "reboot 0anacron reboot_now com.example-job _lanana.example.org-job dpkg-old \
                 x-dpkg-old a--b",
            ),
            (
                RunParts::Busybox,
                "reboot 0anacron reboot_now Reboot reboot.sh foo.bak foo.dpkg-old foo.dpkg-new \
                 foo.rpmsave com.example-job _lanana.example.org-job -foo dpkg-old x-dpkg-old a--b",
            ),
            (
                RunParts::Fedora,
                "reboot 0anacron reboot_now Reboot reboot.sh foo.bak foo.dpkg-old foo.dpkg-new \
                 com.example-job _lanana.example.org-job #foo# a+b -foo dpkg-old x-dpkg-old a--b",
            ),
        ] {
            let directory = Directory::RunParts(program);
            assert_eq!(
                accepted(Daemon::Debian, directory, NAMES),
                expected,
                "{program:?}"
            );
        }
    }

    #[test]
    fn daemons_choose_the_names_of_their_tables() {
        let drop_in = Directory::CronD { lsb: false };
        for (daemon, directory, expected) in [
            (
                Daemon::Debian,
                drop_in,
                "reboot 0anacron reboot_now Reboot -foo dpkg-old x-dpkg-old a--b",
            ),
            (
                Daemon::Debian,
                Directory::CronD { lsb: true },
                "reboot 0anacron foo.dpkg-new com.example-job _lanana.example.org-job dpkg-old a--b",
            ),
            (
                Daemon::Cronie,
                drop_in,
                "reboot 0anacron reboot_now Reboot reboot.sh foo.bak foo.dpkg-old foo.dpkg-new \
                 com.example-job _lanana.example.org-job foo,v a+b -foo dpkg-old x-dpkg-old a--b",
            ),
            (Daemon::Busybox, drop_in, ""),
            (
                Daemon::Busybox,
                Directory::Spool,
                "reboot 0anacron reboot_now Reboot foo~ foo,v #foo# a+b -foo dpkg-old x-dpkg-old \
                 a--b",
            ),
        ] {
            let names = accepted(daemon, directory, NAMES);
            assert_eq!(names, expected, "{daemon} {directory:?}");
        }
        assert!(accepted_name(Daemon::Debian, Directory::Spool, b".x").is_err());
        assert!(accepted_name(Daemon::Debian, Directory::Spool, b"john.doe").is_ok());
        assert!(accepted_name(Daemon::Debian, drop_in, b"").is_err());
    }

    const ROOTS: TableMeta = TableMeta {
        mode: 0o644,
        uid: 0,
        links: 1,
        regular: true,
        link_uid: None,
        user_uid: None,
    };

    fn reads(daemon: Daemon, kind: TableKind, meta: TableMeta) -> bool {
        accepted_mode(daemon, kind, &meta).is_ok()
    }

    #[test]
    fn modes_of_system_tables_differ_between_daemons() {
        for (mode, debian, cronie) in [
            (0o644, true, true),
            (0o600, true, true),
            (0o444, true, true),
            (0o755, true, false),
            (0o664, false, false),
            (0o646, false, false),
            (0o4644, true, false),
            (0o000, true, false),
        ] {
            let meta = TableMeta { mode, ..ROOTS };
            let kind = TableKind::System;
            assert_eq!(reads(Daemon::Debian, kind, meta), debian, "{mode:o}");
            assert_eq!(reads(Daemon::Cronie, kind, meta), cronie, "{mode:o}");
        }
    }

    #[test]
    fn tables_in_the_spool_belong_to_their_user_or_root() {
        let kind = TableKind::User { root: false };
        let own = TableMeta {
            mode: 0o600,
            uid: 1000,
            user_uid: Some(1000),
            ..ROOTS
        };
        let foreign = TableMeta { uid: 1001, ..own };
        let readable = TableMeta { mode: 0o644, ..own };
        let linked = TableMeta { links: 2, ..own };
        let link = TableMeta {
            link_uid: Some(0),
            ..own
        };
        let roots = TableMeta { uid: 0, ..own };
        for (meta, debian, cronie, busybox) in [
            (own, true, true, false),
            (foreign, false, false, false),
            (readable, false, true, false),
            (linked, false, false, false),
            (link, false, true, false),
            (roots, true, true, true),
        ] {
            assert_eq!(reads(Daemon::Debian, kind, meta), debian, "{meta:?}");
            assert_eq!(reads(Daemon::Cronie, kind, meta), cronie, "{meta:?}");
            assert_eq!(reads(Daemon::Busybox, kind, meta), busybox, "{meta:?}");
        }
    }

    #[test]
    fn links_in_the_drop_in_directory_must_be_roots_at_both_ends() {
        let link = |link_uid, uid| TableMeta {
            link_uid: Some(link_uid),
            uid,
            ..ROOTS
        };
        let kind = TableKind::System;
        assert!(reads(Daemon::Debian, kind, link(0, 0)));
        assert!(!reads(Daemon::Debian, kind, link(1000, 0)));
        assert!(!reads(Daemon::Debian, kind, link(0, 1000)));
        assert!(reads(Daemon::Cronie, kind, link(1000, 0)));
        let hard = TableMeta { links: 2, ..ROOTS };
        assert!(!reads(Daemon::Debian, kind, hard) && reads(Daemon::Cronie, kind, hard));
        let folder = TableMeta {
            regular: false,
            ..ROOTS
        };
        assert!(!reads(Daemon::Debian, kind, folder) && !reads(Daemon::Cronie, kind, folder));
    }
}
