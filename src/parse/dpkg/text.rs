//! A short text that stays where it stands in its file.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::text::{File, Span};

/// Text of a field: a range of its file, so that thousands of them cost nothing.
#[derive(Clone)]
pub struct Text {
    file: Arc<File>,
    start: u32,
    end: u32,
}

impl Text {
    /// The text of `span`, blanks around it cut; none where it is no UTF-8, or beyond
    /// 4 GiB, where no file is read.
    #[must_use]
    pub fn new(file: &Arc<File>, span: Span) -> Option<Self> {
        let bytes = file.slice(span);
        let left = bytes.len() - bytes.trim_ascii_start().len();
        let len = bytes.trim_ascii().len();
        std::str::from_utf8(bytes).ok()?;
        let start = span.start + left;
        Some(Self {
            file: Arc::clone(file),
            start: u32::try_from(start).ok()?,
            end: u32::try_from(start + len).ok()?,
        })
    }

    /// An empty text.
    #[must_use]
    pub fn none(file: &Arc<File>) -> Self {
        Self {
            file: Arc::clone(file),
            start: 0,
            end: 0,
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        let at = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
        self.file.slice(Span::new(at(self.start), at(self.end)))
    }

    /// It as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Looked at when it was made.
        std::str::from_utf8(self.bytes()).unwrap_or("")
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.bytes() == other.as_bytes()
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        self.bytes() == other.as_bytes()
    }
}

impl PartialEq<Text> for String {
    fn eq(&self, other: &Text) -> bool {
        self.as_bytes() == other.bytes()
    }
}

impl From<&Text> for String {
    fn from(text: &Text) -> Self {
        text.as_str().to_owned()
    }
}
