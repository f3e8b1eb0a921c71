//! Where reports go.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::PathBuf;

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
    match to {
        Output::Stdout => {
            let mut out = std::io::stdout().lock();
            match out.write_all(bytes).and_then(|()| out.flush()) {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                    Err(Error::Output(error.to_string()))
                }
                _ => Ok(()),
            }
        }
        Output::File(path) => {
            let failed = |error: std::io::Error| {
                let error = crate::source::ReadError::from_io(&error);
                Error::Output(format!("{}: {error}", crate::text::escape_path(path)))
            };
            // Beside the target first, so that a full disk leaves the old report whole.
            let mut beside = path.as_os_str().to_owned();
            beside.push(".part");
            let beside = PathBuf::from(beside);
            let written = std::fs::write(&beside, bytes)
                .and_then(|()| std::fs::rename(&beside, path))
                .map_err(failed);
            if written.is_err() {
                let _ = std::fs::remove_file(&beside);
            }
            written
        }
    }
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
