//! Where reports go.

use std::io::{BufWriter, ErrorKind, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use super::Error;
use super::args::ColorWord;

/// A destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Standard output.
    Stdout,
    /// A file, written whole or not at all.
    File(PathBuf),
}

/// Writes all of `bytes`. A reader that went away is no error: the verdict's exit
/// status must reach the shell all the same.
pub(super) fn write_out(to: &Output, bytes: &[u8]) -> Result<(), Error> {
    write_by(to, &|out| out.write_all(bytes))
}

/// The same for what is written piece by piece, as it may be too large to be held.
pub(super) fn write_by(to: &Output, write: &Writer<'_>) -> Result<(), Error> {
    match to {
        Output::Stdout => {
            let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
            match write(&mut out).and_then(|()| out.flush()) {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                    Err(Error::Output(error.to_string()))
                }
                _ => Ok(()),
            }
        }
        Output::File(path) => write_whole(path, write, None),
    }
}

/// What writes a report.
pub(super) type Writer<'a> = dyn Fn(&mut dyn Write) -> std::io::Result<()> + 'a;

/// Writes all of `bytes` to a file that only its owner may read, whole or not at all.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_whole(path, &|out| out.write_all(bytes), Some(0o600))
}

/// Writes a file whole or not at all, with these permissions where some are told.
fn write_whole(path: &Path, write: &Writer<'_>, mode: Option<u32>) -> Result<(), Error> {
    let failed = |error: std::io::Error| {
        let error = crate::source::ReadError::from_io(&error);
        Error::Output(format!("{}: {error}", crate::text::escape_path(path)))
    };
    // A device, a FIFO or a link (/dev/null, /dev/stdout, `>(...)`) is written to,
    // never replaced: as root that would take /dev/null away from the system.
    let plain = match std::fs::symlink_metadata(path) {
        Ok(meta) => meta.is_file(),
        Err(error) => error.kind() == ErrorKind::NotFound,
    };
    if !plain {
        let opened = std::fs::File::create(path);
        return opened
            .and_then(|file| fill(file, write))
            .map(drop)
            .map_err(failed);
    }
    // Beside the target first, so that a full disk leaves the old one whole.
    let beside = beside(path);
    let written = write_new(&beside, write, mode).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written.map_err(failed)
}

/// The name under which a file is written before it takes its own: hidden, with this
/// process's number, so that two runs do not meet and no collector of files reads it.
fn beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or(path.as_os_str()));
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

/// A file that was not there: what is left under its name, or was laid there as a link
/// by somebody else, is taken away and not followed.
fn write_new(path: &Path, write: &Writer<'_>, mode: Option<u32>) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let new = || {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        if let Some(mode) = mode {
            options.mode(mode);
        }
        options.open(path)
    };
    let file = match new() {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            std::fs::remove_file(path)?;
            new()?
        }
        other => other?,
    };
    fill(file, write)?.sync_all()
}

/// Writes all of it.
fn fill(file: std::fs::File, write: &Writer<'_>) -> std::io::Result<std::fs::File> {
    let mut out = BufWriter::with_capacity(1 << 16, file);
    write(&mut out)?;
    out.into_inner()
        .map_err(std::io::IntoInnerError::into_error)
}

/// Writes a file that must not be there.
pub(super) fn write_fresh(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::File::create_new(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}

/// Decides about colours once, for this run.
pub(super) fn decide_colours(when: ColorWord) {
    let on = match when {
        ColorWord::Always => true,
        ColorWord::Never => false,
        ColorWord::Auto => {
            let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
            let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            wanted && !dumb && std::io::stdout().is_terminal()
        }
    };
    colored::control::set_override(on);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_replaces_a_file_and_writes_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("report"), dir.path().join("link"));
        std::fs::write(&file, "old report").unwrap();
        std::os::unix::fs::symlink("report", &link).unwrap();
        write_out(&Output::File(link.clone()), b"new").unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        write_out(&Output::File(file.clone()), b"newer").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"newer");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_private_file_is_read_by_its_owner_alone_and_written_through_no_link_beside_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let (file, other) = (dir.path().join("before.json"), dir.path().join("other"));
        std::fs::write(&other, "theirs").unwrap();
        std::os::unix::fs::symlink(&other, beside(&file)).unwrap();
        std::fs::write(&file, "old").unwrap();
        write_private(&file, b"new").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert_eq!(std::fs::read(&other).unwrap(), b"theirs");
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        let none = write_private(&dir.path().join("none/x"), b"new");
        assert!(matches!(none, Err(Error::Output(_))));
    }

    #[test]
    fn a_link_laid_beside_a_report_is_not_followed_and_nothing_is_left_over() {
        let dir = tempfile::tempdir().unwrap();
        let (file, other) = (dir.path().join("r.prom"), dir.path().join("other"));
        std::fs::write(&other, "untouched").unwrap();
        std::os::unix::fs::symlink(&other, beside(&file)).unwrap();
        write_out(&Output::File(file.clone()), b"new").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert_eq!(std::fs::read(&other).unwrap(), b"untouched");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_fifo_is_written_to_and_stays_one() {
        use std::os::unix::fs::FileTypeExt as _;
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.unwrap().success());
        let reader = std::thread::spawn({
            let fifo = fifo.clone();
            move || std::fs::read(fifo).unwrap()
        });
        write_out(&Output::File(fifo.clone()), b"report").unwrap();
        assert_eq!(reader.join().unwrap(), b"report");
        assert!(std::fs::metadata(&fifo).unwrap().file_type().is_fifo());
    }
}
