//! `menu.lst` of GRUB Legacy (GRUB 0.97 `stage2/stage2.c`, `stage2/cmdline.c`).

use std::sync::Arc;

use crate::text::{File, Place};

/// A command with the rest of its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The command.
    pub command: String,
    /// What follows the blank or the `=` after it.
    pub value: Vec<u8>,
    /// The line.
    pub place: Place,
}

/// The commands of a file, in order; comments and blank lines are passed over.
#[must_use]
pub fn parse(file: &Arc<File>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (span, line) in file.lines() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let end = |b: &u8| matches!(b, b' ' | b'\t' | b'=');
        let end = line.iter().position(end).unwrap_or(line.len());
        let (command, value) = line.split_at(end);
        let skip = |b: &&u8| matches!(**b, b' ' | b'\t' | b'=');
        let blanks = value.iter().take_while(skip).count();
        lines.push(Line {
            command: String::from_utf8_lossy(command).into_owned(),
            value: value.get(blanks..).unwrap_or(&[]).to_vec(),
            place: file.place(span),
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_ends_at_a_blank_or_an_equals_sign() {
        let file = File::new("/menu.lst", "# c\ndefault=1\n timeout  5\ntitle A = B\n");
        let found: Vec<(String, Vec<u8>)> = parse(&file)
            .into_iter()
            .map(|line| (line.command, line.value))
            .collect();
        let want = [("default", "1"), ("timeout", "5"), ("title", "A = B")];
        let want = want.map(|(k, v)| (k.to_owned(), v.as_bytes().to_vec()));
        assert_eq!(found, want);
    }
}
