//! XML that programs of the system write, read within limits.

use roxmltree::{Document, Error, ParsingOptions};

/// More elements than such a file has.
const MOST: u32 = 1_000_000;

/// The document, which may declare no entities of its own.
///
/// # Errors
/// What is wrong with the XML, and where.
pub(super) fn document(text: &str) -> Result<Document<'_>, Error> {
    let limits = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MOST,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, limits)
}
