//! Generated files that are checked in: compared, or rewritten on request.

use std::path::{Path, PathBuf};

/// A path of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Fails unless the file holds exactly `text`; with `COMEBACK_BLESS=1` in the
/// environment it is rewritten instead.
#[allow(dead_code)] // each test program that includes this module uses what it needs
pub(crate) fn same_as_file(path: &str, text: &str) {
    let file = repository(path);
    if std::env::var_os("COMEBACK_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&file, text).unwrap();
        return;
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    if stored == text {
        return;
    }
    let differs = stored.lines().zip(text.lines()).position(|(a, b)| a != b);
    let shorter = stored.lines().count().min(text.lines().count());
    let line = differs.unwrap_or(shorter);
    panic!(
        "{path}:{}: stale\n  stored:   {:?}\n  expected: {:?}\n\
         COMEBACK_BLESS=1 cargo test rewrites it; read the difference before you commit",
        line + 1,
        stored.lines().nth(line),
        text.lines().nth(line),
    );
}
