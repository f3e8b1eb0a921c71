//! The head of a start script: interpreter line and LSB or OpenRC signs.

use std::sync::Arc;

use crate::text::{File, Place, Span};

/// What the first bytes of an executable say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// An ELF binary.
    Elf,
    /// `#!` with an interpreter.
    Script(Interpreter),
    /// Neither: the kernel refuses it (ENOEXEC); a shell would still read it as its own.
    Plain,
    /// No content at all.
    Empty,
}

/// The interpreter line (Linux 6.1 `fs/binfmt_script.c`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// The path after `#!`, as the kernel takes it: up to the first blank, with a
    /// carriage return as part of the name.
    pub path: Vec<u8>,
    /// The one optional argument: the rest of the line, trimmed.
    pub argument: Option<Vec<u8>>,
    /// The path's place.
    pub place: Place,
}

/// What kind of init a script is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A plain sysvinit script (LSB header or `case "$1" in start)`).
    SysV,
    /// OpenRC or the older baselayout: `openrc-run`, `runscript`.
    OpenRc,
    /// Something else.
    Other,
}

/// Bytes of the first line the kernel looks at (`BINPRM_BUF_SIZE` in
/// `include/uapi/linux/binfmts.h`).
const HEAD_BYTES: usize = 256;

/// Reads the head of `file`.
#[must_use]
pub fn head(file: &Arc<File>) -> Head {
    let bytes = file.bytes();
    if bytes.is_empty() {
        return Head::Empty;
    }
    if bytes.starts_with(b"\x7fELF") {
        return Head::Elf;
    }
    if !bytes.starts_with(b"#!") {
        return Head::Plain;
    }
    let Some((path, argument)) = interpreter_line(bytes) else {
        return Head::Plain;
    };
    Head::Script(Interpreter {
        path: bytes.get(path.start..path.end).unwrap_or(&[]).to_vec(),
        argument: argument.map(|span| bytes.get(span.start..span.end).unwrap_or(&[]).to_vec()),
        place: file.place(path),
    })
}

/// Where interpreter and argument stand; none where the kernel refuses the line
/// (ENOEXEC): no name, or one that may go on behind the bytes it looks at.
fn interpreter_line(bytes: &[u8]) -> Option<(Span, Option<Span>)> {
    let blank = |byte: u8| byte == b' ' || byte == b'\t';
    // Behind the end of a short file there are zeros.
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let first = |from: usize, end: usize, wanted: &dyn Fn(u8) -> bool| {
        (from..end).find(|index| wanted(at(*index)))
    };
    let last = HEAD_BYTES - 1;
    // The search for the end of the line stops at a zero.
    let stop = first(0, HEAD_BYTES, &|byte| byte == b'\n' || byte == 0);
    let mut end = match stop {
        Some(stop) if at(stop) == b'\n' => stop,
        _ => {
            let name = first(2, last, &|byte| !blank(byte))?;
            first(name, last, &|byte| blank(byte) || byte == 0)?;
            last
        }
    };
    while end > 2 && blank(at(end - 1)) {
        end -= 1;
    }
    let name = first(2, end, &|byte| !blank(byte))?;
    let separator = first(name, end, &|byte| blank(byte) || byte == 0);
    let name_end = separator.unwrap_or(end);
    if name_end == name {
        return None;
    }
    let argument = separator
        .filter(|index| at(*index) != 0)
        .and_then(|index| first(index, end, &|byte| !blank(byte)))
        .map(|start| {
            let zero = first(start, end, &|byte| byte == 0);
            Span::new(start, zero.unwrap_or(end))
        });
    Some((Span::new(name, name_end), argument))
}

/// For which init a start script is written.
#[must_use]
pub fn dialect(file: &Arc<File>) -> Dialect {
    if let Head::Script(interpreter) = head(file) {
        let name = interpreter.path.rsplit(|b| *b == b'/').next();
        let name = name.unwrap_or(&[]);
        let argument = interpreter.argument.as_deref();
        let is_openrc = |name: &[u8]| matches!(name, b"openrc-run" | b"runscript");
        if is_openrc(name) || (name == b"env" && argument.is_some_and(is_openrc)) {
            return Dialect::OpenRc;
        }
    }
    let has = |needle: &[u8]| file.bytes().windows(needle.len()).any(|w| w == needle);
    if has(b"### BEGIN INIT INFO") || has(b"start)") || has(b"start|") || has(b"|start") {
        Dialect::SysV
    } else {
        Dialect::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interpreter(text: &str) -> Option<(String, Option<String>)> {
        let text_of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match head(&File::new("/x", text)) {
            Head::Script(i) => Some((text_of(&i.path), i.argument.map(|a| text_of(&a)))),
            _ => None,
        }
    }

    #[test]
    fn the_interpreter_line_is_read_as_the_kernel_reads_it() {
        let some = |path: &str, argument: Option<&str>| {
            Some((path.to_owned(), argument.map(str::to_owned)))
        };
        assert_eq!(interpreter("#!/bin/sh\n"), some("/bin/sh", None));
        assert_eq!(
            interpreter("#! /bin/sh -e x \n"),
            some("/bin/sh", Some("-e x"))
        );
        assert_eq!(interpreter("#!/bin/sh\r\n"), some("/bin/sh\r", None));
        assert_eq!(interpreter("\u{feff}#!/bin/sh\n"), None);
        assert_eq!(interpreter("#!\n"), None);
        assert_eq!(interpreter("#!/bin/sh"), some("/bin/sh", None));
        assert_eq!(interpreter("#!/bin/sh\0-x\n"), some("/bin/sh", None));
    }

    #[test]
    fn a_name_that_may_be_cut_off_is_refused_and_a_cut_argument_is_not() {
        let long = format!("#!/{}", "a".repeat(300));
        assert_eq!(interpreter(&long), None);
        // 255 bytes are looked at: the name ends before that, the argument after.
        let found = interpreter(&format!("#!/bin/sh {}\n", "b".repeat(300)));
        assert_eq!(found.unwrap().1.unwrap().len(), 255 - 10);
        let fits = format!("#!/{}\n", "a".repeat(252));
        assert_eq!(interpreter(&fits).unwrap().0.len(), 253);
        assert_eq!(interpreter(&format!("#!{}", " ".repeat(300))), None);
    }

    #[test]
    fn binaries_empty_files_and_plain_text_are_told_apart() {
        assert_eq!(head(&File::new("/x", b"\x7fELF\x02".to_vec())), Head::Elf);
        assert_eq!(head(&File::new("/x", "")), Head::Empty);
        assert_eq!(head(&File::new("/x", "echo")), Head::Plain);
    }

    #[test]
    fn openrc_and_sysv_scripts_are_told_apart() {
        let dialect = |text: &str| dialect(&File::new("/x", text));
        assert_eq!(dialect("#!/sbin/openrc-run\n"), Dialect::OpenRc);
        assert_eq!(dialect("#!/sbin/runscript\n"), Dialect::OpenRc);
        assert_eq!(dialect("#!/usr/bin/env openrc-run\n"), Dialect::OpenRc);
        assert_eq!(dialect("#!/bin/sh\n### BEGIN INIT INFO\n"), Dialect::SysV);
        assert_eq!(dialect("#!/bin/sh\ncase $1 in\n start)\n"), Dialect::SysV);
        assert_eq!(dialect("#!/bin/sh\necho\n"), Dialect::Other);
    }
}
