//! Where the next line comes from: a split line, a repetition, a multi-line
//! definition or a file.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::definition::LONGEST;
use super::super::mapped::{Line, Mapped};
use super::super::problem::ProblemKind;
use super::{MOST_GENERATED, Reader};
use crate::fact::Doubt;
use crate::text::{File, Place, Span};

/// A file being read, and those of the same include that wait behind it.
pub(super) struct Frame {
    pub(super) file: Arc<File>,
    pub(super) at: usize,
    pub(super) waiting: VecDeque<Arc<File>>,
}

impl Reader<'_> {
    /// The rest of a split line, the next repetition, the next line of a
    /// multi-line definition or the next line of a file, in this order.
    pub(super) fn raw_line(&mut self) -> Option<Line> {
        if let Some(line) = self.residue.take() {
            return Some(line);
        }
        self.in_line = 0;
        if self.generated > MOST_GENERATED {
            return self.file_line();
        }
        let sequences_wait = self.multiline.last().map_or(0, |m| m.sequences);
        let sequences_first = self.dialect.sequences_first() || self.multiline.is_empty();
        if sequences_first && self.sequences.len() > sequences_wait {
            return self.repeated_line();
        }
        if !self.multiline.is_empty() {
            return self.definition_line();
        }
        self.file_line()
    }

    fn count_generated(&mut self, place: Place) {
        self.generated += 1;
        if self.generated > MOST_GENERATED {
            let limit = format!("definitions and sequences make more than {MOST_GENERATED} lines");
            self.report.open(place, Doubt::Limit(limit));
            self.sequences.clear();
            self.multiline.clear();
        }
    }

    fn repeated_line(&mut self) -> Option<Line> {
        let (sequence, origin) = self.sequences.last_mut()?;
        let mut line = origin.clone();
        line.text = Mapped::default();
        if let Some(round) = sequence.next() {
            line.text = sequence.text.clone();
            for (name, value) in round {
                self.definitions.set(name, value, false);
            }
            self.count_generated(line.whole());
        } else {
            self.sequences.pop();
        }
        Some(line)
    }

    fn definition_line(&mut self) -> Option<Line> {
        let current = self.multiline.last_mut()?;
        let rest = current.rest.value.get(current.rest.at..).unwrap_or(&[]);
        let end = rest.iter().position(|b| *b == b'\n');
        let text = rest.get(..end.unwrap_or(rest.len())).unwrap_or(&[]);
        let line = Line {
            file: Arc::clone(&current.file),
            text: Mapped::standing_for(text, current.span),
            open_quote: false,
            unfinished: false,
        };
        let place = current.file.place(current.span);
        match end {
            Some(end) => current.rest.at += end + 1,
            None => drop(self.multiline.pop()),
        }
        self.count_generated(place);
        Some(line)
    }

    /// The next line of the innermost file that has something left, comments
    /// removed.
    fn file_line(&mut self) -> Option<Line> {
        loop {
            let frame = self.frames.last_mut()?;
            let Some(piece) = frame.piece() else {
                self.defining = None;
                match frame.waiting.pop_front() {
                    Some(file) => {
                        self.files.push(Arc::clone(&file));
                        frame.file = file;
                        frame.at = 0;
                    }
                    None => drop(self.frames.pop()),
                }
                continue;
            };
            let file = Arc::clone(&frame.file);
            let drops = self.dialect.drops_long_lines();
            if piece.too_long && (drops || !piece.newline_follows) {
                let message = if drops {
                    "a line of 1023 bytes or more: this part is ignored, the rest is read as a new line"
                } else {
                    "a line of 1023 bytes or more is read as two"
                };
                let place = file.place(piece.span);
                self.report
                    .problem(ProblemKind::LineTooLong, place, message);
            }
            if piece.nul {
                let message = if drops {
                    "a NUL byte: the line is ignored"
                } else {
                    "a NUL byte hides the rest of the line"
                };
                let place = file.place(piece.span);
                self.report
                    .problem(ProblemKind::EmbeddedNul, place, message);
            }
            if drops && (piece.nul || piece.too_long) {
                continue;
            }
            if piece.span.is_empty() {
                if self.dialect.blank_ends_definition()
                    && let Some(name) = self.defining.take()
                {
                    self.definitions.finish(&name);
                }
                continue;
            }
            let text = Mapped::from_file(file.slice(piece.span), piece.span.start);
            let mut line = self.decommented(Line {
                file,
                text,
                open_quote: false,
                unfinished: false,
            });
            if self.dialect.decomments_twice() && !line.text.is_empty() {
                line = self.decommented(line);
            }
            if !line.text.is_empty() {
                return Some(line);
            }
        }
    }
}

/// One `fgets` worth of a file.
struct Piece {
    /// Without line end and what a NUL hides.
    span: Span,
    too_long: bool,
    newline_follows: bool,
    nul: bool,
}

impl Frame {
    fn piece(&mut self) -> Option<Piece> {
        let bytes = self.file.bytes();
        let rest = bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let most = rest.get(..LONGEST).unwrap_or(rest);
        let newline = most.iter().position(|b| *b == b'\n');
        let taken = newline.map_or(most.len(), |at| at + 1);
        let nul = most.get(..taken)?.iter().position(|b| *b == 0);
        let shown = most.get(..nul.or(newline).unwrap_or(taken))?;
        let keep = shown.iter().rposition(|b| !matches!(b, b'\r' | b'\n'));
        let start = self.at;
        self.at += taken;
        Some(Piece {
            span: Span::new(start, start + keep.map_or(0, |at| at + 1)),
            too_long: newline.is_none() && taken == LONGEST,
            newline_follows: rest.get(taken) == Some(&b'\n'),
            nul: nul.is_some(),
        })
    }
}
