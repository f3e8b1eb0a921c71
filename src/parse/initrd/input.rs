//! A stream with a look ahead and a position.

use std::io::{ErrorKind, Read};

const BUFFER: usize = 256 << 10;

/// The file being read.
pub(super) struct Input<'a> {
    source: &'a mut dyn Read,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    is_over: bool,
    error: Option<String>,
}

impl<'a> Input<'a> {
    pub(super) fn new(source: &'a mut dyn Read) -> Self {
        Self {
            source,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            offset: 0,
            is_over: false,
            error: None,
        }
    }

    /// How many bytes were consumed.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// What comes next: at least `len` bytes, or all there are.
    pub(super) fn want(&mut self, len: usize) -> &[u8] {
        let len = len.min(BUFFER);
        if self.end - self.start < len && !self.is_over {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            while self.end < len && !self.is_over {
                self.fill();
            }
        }
        self.buffer.get(self.start..self.end).unwrap_or(&[])
    }

    pub(super) fn consume(&mut self, len: usize) {
        let len = len.min(self.end - self.start);
        self.start += len;
        self.offset += u64::try_from(len).unwrap_or(0);
    }

    /// Whether the file could not be read to its end.
    pub(super) fn has_error(&self) -> bool {
        self.error.is_some()
    }

    pub(super) fn take_error(&mut self) -> Option<String> {
        self.error.take()
    }

    fn fill(&mut self) {
        let Some(room) = self.buffer.get_mut(self.end..) else {
            self.is_over = true;
            return;
        };
        match self.source.read(room) {
            Ok(0) => self.is_over = true,
            Ok(len) => self.end += len.min(BUFFER - self.end),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                self.error = Some(error.to_string());
                self.is_over = true;
            }
        }
    }
}
