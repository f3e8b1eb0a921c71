//! The trace that an acceptance leaves: syslog or the journal, and a log.

use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::policy::GuardPolicy;
use crate::text::{escape, escape_path};

/// Where acceptances are logged unless policy says otherwise.
pub(super) const LOG: &str = "/var/log/comeback.log";

/// The socket of syslog; the journal listens there too.
pub(super) const SYSLOG: &str = "/dev/log";

/// How old a file of acceptances may be, seconds.
const GLASS_SECONDS: i64 = 3600;

/// The longest file of acceptances, bytes.
const GLASS_BYTES: u64 = 64 << 10;

/// `authpriv.notice` of RFC 3164: 10 * 8 + 5.
const PRIORITY: u8 = 85;

/// Where a trace is left.
pub(super) struct Audit {
    log: PathBuf,
    syslog: PathBuf,
}

impl Audit {
    /// As the policy of this machine says.
    pub(super) fn new(policy: &GuardPolicy) -> Self {
        let or = |path: &Option<PathBuf>, default: &str| match path {
            Some(path) => path.clone(),
            None => PathBuf::from(default),
        };
        Self {
            log: or(&policy.log, LOG),
            syslog: or(&policy.syslog, SYSLOG),
        }
    }

    /// Writes a line to both. It is an error where neither took it: what leaves no trace
    /// is not accepted. Where one did not, its fault is told.
    pub(super) fn write(&self, now: jiff::Timestamp, line: &str) -> Result<Option<String>, String> {
        let log = self.to_log(&format!("{now} {line}\n"));
        let syslog = self.to_syslog(&format!("<{PRIORITY}>comeback: {line}"));
        let shown = |path: &Path, error: std::io::Error| format!("{}: {error}", escape_path(path));
        match (log, syslog) {
            (Ok(()), Ok(())) => Ok(None),
            // A machine without either is common, and the log has it.
            (Ok(()), Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            (Err(error), Ok(())) => Ok(Some(shown(&self.log, error))),
            (Ok(()), Err(error)) => Ok(Some(shown(&self.syslog, error))),
            (Err(log), Err(syslog)) => Err(format!(
                "{}; {}",
                shown(&self.log, log),
                shown(&self.syslog, syslog)
            )),
        }
    }

    fn to_log(&self, line: &str) -> std::io::Result<()> {
        // A FIFO would wait for ever for its reader.
        if let Ok(meta) = std::fs::metadata(&self.log) {
            let kind = meta.file_type();
            if kind.is_fifo() || kind.is_socket() || kind.is_dir() {
                return Err(std::io::Error::other("not a file"));
            }
        }
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o640)
            .open(&self.log)?;
        // One write, so that lines of two guards do not mix.
        file.write_all(line.as_bytes())?;
        match file.sync_all() {
            // A terminal or /dev/full cannot be synchronised.
            Err(error) if error.raw_os_error() == Some(22) => Ok(()),
            done => done,
        }
    }

    fn to_syslog(&self, line: &str) -> std::io::Result<()> {
        let socket = UnixDatagram::unbound()?;
        // A daemon that does not read must not hold us.
        socket.set_write_timeout(Some(Duration::from_secs(1)))?;
        socket.connect(&self.syslog)?;
        socket.send(line.as_bytes()).map(|_| ())
    }
}

/// What a file of acceptances holds: `ID=REASON` on each line.
///
/// # Errors
/// Where it is there and does not count, with why.
pub(super) fn break_glass(path: &Path, now: jiff::Timestamp) -> Result<Vec<String>, String> {
    let shown = escape_path(path);
    let refused = |why: &str| Err(format!("{shown}: {why}; nothing in it is accepted"));
    let meta = match std::fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return refused(&error.to_string()),
    };
    if !meta.is_file() {
        return refused("not a regular file");
    }
    if meta.uid() != 0 || meta.mode() & 0o022 != 0 {
        return refused("not root's alone");
    }
    let age = now.as_second() - meta.mtime();
    if !(-60..GLASS_SECONDS).contains(&age) {
        return refused("older than an hour");
    }
    if meta.size() > GLASS_BYTES {
        return refused("too long");
    }
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return refused(&error.to_string()),
    };
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

/// Who asks: the user of this process and the one that logged in (as the kernel keeps
/// it, which no variable can change), and the program that called.
pub(super) fn who() -> String {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1).map(str::to_owned)
    };
    let status = read("/proc/self/status");
    let status = status.as_deref().map_or("", |text| text);
    let uid = field(status, "Uid:").unwrap_or_else(|| "?".to_owned());
    let login = read("/proc/self/loginuid");
    let login = login.as_deref().map(str::trim);
    // 4294967295: nobody logged in, as from cron.
    let login = login.filter(|login| *login != "4294967295");
    let parent = field(status, "PPid:").unwrap_or_else(|| "?".to_owned());
    let name = read(&format!("/proc/{parent}/comm"));
    let name = name.as_deref().map_or("?", str::trim);
    format!(
        "uid {uid}, login uid {}, called by {} (process {parent})",
        login.unwrap_or("none"),
        escape(name.as_bytes())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reaches_both_and_one_of_them_is_enough() {
        let dir = tempfile::tempdir().unwrap();
        let (log, socket) = (dir.path().join("log"), dir.path().join("socket"));
        let now = jiff::Timestamp::UNIX_EPOCH;
        let audit = Audit {
            log: log.clone(),
            syslog: socket.clone(),
        };
        let daemon = UnixDatagram::bind(&socket).unwrap();
        assert_eq!(audit.write(now, "one"), Ok(None));
        let mut buffer = [0; 99];
        let len = daemon.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..len], b"<85>comeback: one");
        drop(daemon);
        let told = audit.write(now, "two").unwrap().unwrap();
        assert!(told.contains("socket: "), "{told}");
        let text = std::fs::read_to_string(&log).unwrap();
        assert_eq!(text, "1970-01-01T00:00:00Z one\n1970-01-01T00:00:00Z two\n");
        let audit = Audit {
            log: PathBuf::from("/dev/full"),
            syslog: socket,
        };
        let error = audit.write(now, "three").unwrap_err();
        assert!(error.contains("/dev/full: No space left"), "{error}");
    }
}
