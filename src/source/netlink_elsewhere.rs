//! What only the kernel of Linux tells of itself: nothing, on another system.

use super::ReadError;

/// The answer to a question, if it is one.
pub(super) fn ask(_name: &str) -> Option<Result<String, ReadError>> {
    let why = "this is no Linux, whose kernel would tell".to_owned();
    Some(Err(ReadError::Io(why)))
}
