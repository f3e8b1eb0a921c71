//! What the benches share.

use std::io::{self, Write as _};
use std::process::ExitCode;

/// The status of a bench that is within its limits, above one, or could not be run.
pub(crate) fn ended(done: io::Result<bool>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nothing is left to be done where this fails too.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// A number of the environment, or the usual one.
pub(crate) fn number(name: &str, usual: usize) -> usize {
    let told = std::env::var(name).ok();
    told.and_then(|text| text.parse().ok()).unwrap_or(usual)
}
