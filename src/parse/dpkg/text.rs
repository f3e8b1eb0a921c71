//! A short text that stays where it stands in its file.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::text::{File, Span};

/// Text of a field: a copy where it is short, and a range of its file where it is not, so
/// that thousands of them cost next to nothing.
#[derive(Clone)]
pub struct Text(Held);

#[derive(Clone)]
enum Held {
    Short { bytes: [u8; SHORT], len: u8 },
    Long { file: Arc<File>, span: Span },
}

/// Longest text that is copied, bytes: most names and versions.
const SHORT: usize = 30;

impl Text {
    /// The text of `span`, blanks around it cut; none where it is no UTF-8.
    #[must_use]
    pub fn new(file: &Arc<File>, span: Span) -> Option<Self> {
        let bytes = file.slice(span);
        let text = bytes.trim_ascii();
        if !text.is_ascii() {
            std::str::from_utf8(text).ok()?;
        }
        let start = span.start + (bytes.len() - bytes.trim_ascii_start().len());
        if let (..=SHORT, Ok(len)) = (text.len(), u8::try_from(text.len())) {
            // What stands behind it is copied as well: a copy of a known length is quicker.
            let behind = file.bytes().get(start..).and_then(<[u8]>::first_chunk);
            let bytes = behind.copied().unwrap_or_else(|| {
                let mut bytes = [0; SHORT];
                bytes
                    .iter_mut()
                    .zip(text)
                    .for_each(|(to, from)| *to = *from);
                bytes
            });
            return Some(Self(Held::Short { bytes, len }));
        }
        Some(Self(Held::Long {
            file: Arc::clone(file),
            span: Span::new(start, start + text.len()),
        }))
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Held::Short { bytes, len } => bytes.get(..usize::from(*len)).unwrap_or(&[]),
            Held::Long { file, span } => file.slice(*span),
        }
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
