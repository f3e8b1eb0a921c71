//! The command of a job: what the shell is given, after the daemon's own
//! treatment of `%`, backslashes and line joins.

use crate::text::Span;

/// The command of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What the shell is given, leading blanks cut.
    pub text: Vec<u8>,
    /// Where it is written, from its first to its last byte, any standard
    /// input included.
    pub span: Span,
    /// What the daemon writes to the command's standard input: the text after
    /// the first unescaped `%`, where the daemon cuts there.
    pub stdin: Option<Vec<u8>>,
    /// The offset in the file of the `%` that ends the command.
    pub cut: Option<usize>,
    origin: Origin,
}

/// Where the bytes of a text come from: pairs of an offset in the text and the
/// offset in the file at which a run of neighbours begins. Nearly every command is one
/// run, which takes no memory of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Origin {
    first: Option<(usize, usize)>,
    later: Vec<(usize, usize)>,
}

/// Text collected byte by byte together with its origin.
#[derive(Clone, Debug, Default)]
pub(super) struct Traced {
    pub(super) bytes: Vec<u8>,
    origin: Origin,
}

/// How a daemon reads `%` in a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Percent {
    /// Cuts; `\%` is a percent sign and `\\` a backslash (Debian, 3.0pl1-162, `do_command.c`).
    CutAndUnescape,
    /// Cuts; `\%` is a percent sign (cronie 1.7, `do_command.c`).
    Cut,
    /// An ordinary character (busybox 1.37, `crond.c`).
    Literal,
}

impl Origin {
    fn offset(&self, at: usize) -> Option<usize> {
        let later = self.later.partition_point(|(start, _)| *start <= at);
        let run = match later.checked_sub(1) {
            Some(run) => self.later.get(run).copied(),
            None => self.first.filter(|(start, _)| *start <= at),
        };
        run.map(|(start, file)| file + (at - start))
    }

    fn runs(&self) -> impl Iterator<Item = (usize, usize)> {
        self.first.into_iter().chain(self.later.iter().copied())
    }

    /// Adds a run behind the others.
    fn push(&mut self, run: (usize, usize)) {
        match self.first {
            None => self.first = Some(run),
            Some(_) => self.later.push(run),
        }
    }

    /// Forgets the runs from `length` on.
    fn cut(&mut self, length: usize) {
        while self.later.pop_if(|(start, _)| *start >= length).is_some() {}
        self.first.take_if(|(start, _)| *start >= length);
    }
}

impl Traced {
    /// The bytes of `span` as they stand in the file.
    pub(super) fn copy(bytes: &[u8], span: Span) -> Self {
        Self {
            bytes: bytes.to_vec(),
            origin: Origin {
                first: Some((0, span.start)),
                later: Vec::new(),
            },
        }
    }

    pub(super) fn push(&mut self, byte: u8, offset: usize) {
        let at = self.bytes.len();
        if self.origin.offset(at) != Some(offset) {
            self.origin.push((at, offset));
        }
        self.bytes.push(byte);
    }

    pub(super) fn pop(&mut self) {
        self.bytes.pop();
        self.origin.cut(self.bytes.len());
    }

    /// The offset in the file of the byte at `at`.
    pub(super) fn offset(&self, at: usize) -> Option<usize> {
        self.origin.offset(at)
    }

    /// The part `from..to`, with its origin.
    pub(super) fn part(&self, from: usize, to: usize) -> Self {
        let mut part = Self::default();
        let bytes = self.bytes.get(from..to).unwrap_or(&[]);
        if let Some(offset) = self.offset(from) {
            part.origin.push((0, offset));
        }
        let later = self.origin.runs().filter(|(start, _)| *start > from);
        for (start, file) in later.take_while(|(start, _)| *start < to) {
            part.origin.push((start - from, file));
        }
        part.bytes = bytes.to_vec();
        part
    }
}

impl Command {
    /// Applies the daemon's rule for `%` to the written command.
    pub(super) fn new(mut written: Traced, percent: Percent, empty_at: usize) -> Self {
        let blanks = written
            .bytes
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        if blanks > 0 {
            written = written.part(blanks, written.bytes.len());
        }
        let start = written.offset(0).filter(|_| !written.bytes.is_empty());
        let last = written.bytes.len().checked_sub(1);
        let end = last.and_then(|at| written.offset(at)).map(|at| at + 1);
        let span = match (start, end) {
            (Some(start), Some(end)) => Span::new(start, end),
            _ => Span::new(empty_at, empty_at),
        };
        let plain = !written.bytes.contains(&b'%') && !written.bytes.contains(&b'\\');
        if percent == Percent::Literal || plain {
            return Self {
                text: written.bytes,
                span,
                stdin: None,
                cut: None,
                origin: written.origin,
            };
        }
        let (text, rest) = cut(&written, percent);
        Self {
            text: text.bytes,
            span,
            stdin: rest.map(|at| stdin(written.bytes.get(at + 1..).unwrap_or(&[]))),
            cut: rest.and_then(|at| written.offset(at)),
            origin: text.origin,
        }
    }

    /// The offset in the file of the byte at `offset` in `text`; just past the
    /// command for offsets beyond it.
    #[must_use]
    pub fn file_offset(&self, offset: usize) -> usize {
        if offset >= self.text.len() {
            return self.cut.unwrap_or(self.span.end);
        }
        self.origin.offset(offset).unwrap_or(self.span.start)
    }

    /// The bytes of the file that `range` of `text` was made of.
    #[must_use]
    pub fn file_span(&self, range: std::ops::Range<usize>) -> Span {
        let start = self.file_offset(range.start);
        match range.end.checked_sub(1).filter(|last| *last >= range.start) {
            Some(last) => Span::new(start, self.file_offset(last) + 1),
            None => Span::new(start, start),
        }
    }
}

/// The command before the first unescaped `%`, and where that is.
fn cut(written: &Traced, percent: Percent) -> (Traced, Option<usize>) {
    let mut text = Traced::default();
    let mut escaped = false;
    let mut runs = written.origin.runs().peekable();
    let mut run = (0, 0);
    for (at, byte) in written.bytes.iter().enumerate() {
        if let Some(next) = runs.next_if(|(start, _)| *start == at) {
            run = next;
        }
        let offset = run.1 + (at - run.0);
        if escaped {
            escaped = false;
            let unescape = match percent {
                Percent::CutAndUnescape => matches!(byte, b'%' | b'\\'),
                Percent::Cut | Percent::Literal => *byte == b'%',
            };
            if unescape {
                text.pop();
            }
        } else if *byte == b'%' {
            return (text, Some(at));
        } else {
            escaped = *byte == b'\\';
        }
        text.push(*byte, offset);
    }
    (text, None)
}

/// The standard input a Vixie daemon makes of the text after `%`: `%` becomes
/// a newline, `\%` a percent sign, and a last newline is added.
fn stdin(rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(rest.len() + 1);
    let mut escaped = false;
    for byte in rest {
        match byte {
            b'%' if escaped => out.push(b'%'),
            b'%' => out.push(b'\n'),
            byte => {
                if escaped {
                    out.push(b'\\');
                }
                if *byte != b'\\' {
                    out.push(*byte);
                }
            }
        }
        escaped = *byte == b'\\';
    }
    if escaped {
        out.push(b'\\');
    }
    if !out.is_empty() && out.last() != Some(&b'\n') {
        out.push(b'\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(text: &str, percent: Percent) -> Command {
        let span = Span::new(10, 10 + text.len());
        Command::new(Traced::copy(text.as_bytes(), span), percent, 10)
    }

    #[test]
    fn an_unescaped_percent_ends_the_command_where_the_daemon_cuts() {
        use Percent::{Cut, CutAndUnescape, Literal};
        for (written, percent, text, stdin) in [
            ("date +%F && reboot", Cut, "date +", Some("F && reboot\n")),
            (
                "date +%F && reboot",
                CutAndUnescape,
                "date +",
                Some("F && reboot\n"),
            ),
            ("date +%F && reboot", Literal, "date +%F && reboot", None),
            (r"date +\%F", Cut, "date +%F", None),
            (r"date +\%F", Literal, r"date +\%F", None),
            (r"a \\ b", CutAndUnescape, r"a \ b", None),
            (r"a \\ b", Cut, r"a \\ b", None),
            (r"a\\%b", CutAndUnescape, r"a\", Some("b\n")),
            ("mail%one%two", Cut, "mail", Some("one\ntwo\n")),
            (r"mail%50\% \x\", Cut, "mail", Some("50% \\x\\\n")),
            ("mail%", Cut, "mail", Some("")),
            (r"a\", Cut, r"a\", None),
        ] {
            let command = command(written, percent);
            assert_eq!(String::from_utf8_lossy(&command.text), text, "{written}");
            let input = command.stdin.map(|s| String::from_utf8(s).unwrap());
            assert_eq!(input.as_deref(), stdin, "{written}");
        }
    }

    #[test]
    fn an_offset_in_the_text_leads_back_to_the_file() {
        let command = command(r"  echo \%a; reboot%x", Percent::Cut);
        assert_eq!(command.text, b"echo %a; reboot");
        let reboot = command.text.len() - 6;
        assert_eq!(
            command.file_span(reboot..reboot + 6),
            Span::new(10 + 12, 10 + 18)
        );
        assert_eq!(command.file_offset(5), 10 + 8);
        assert_eq!(command.file_offset(99), 10 + 18);
        assert_eq!(command.cut, Some(28));
        assert_eq!(command.span, Span::new(12, 30));
    }
}
