//! The options of an entry, and questions about them.

use std::sync::Arc;

use super::Entry;
use crate::text::{File, Place, Span};

/// One option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opt {
    /// The option, escapes undone: `ro`, or `key=value`.
    pub text: Vec<u8>,
    /// Where it stands.
    pub place: Place,
}

impl Opt {
    /// What stands before the first `=`.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        let mut parts = self.text.splitn(2, |b| *b == b'=');
        parts.next().unwrap_or(&[])
    }

    /// What stands behind the first `=`, where there is one.
    #[must_use]
    pub fn value(&self) -> Option<&[u8]> {
        self.text.splitn(2, |b| *b == b'=').nth(1)
    }
}

impl Entry {
    /// Whether `option` stands among the options, just so.
    #[must_use]
    pub fn has(&self, option: &str) -> bool {
        has(&self.options, option)
    }

    /// The last option of that name, with or without a value.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&Opt> {
        last(&self.options, name)
    }

    /// Which of an option and its opposite comes last.
    #[must_use]
    pub fn switch(&self, yes: &str, no: &str) -> Option<(bool, &Opt)> {
        switch(&self.options, yes, no)
    }

    /// `noauto` as the last word on it.
    #[must_use]
    pub fn is_noauto(&self) -> bool {
        self.switch("noauto", "auto").is_some_and(|(on, _)| on)
    }

    /// `nofail` as the last word on it.
    #[must_use]
    pub fn is_nofail(&self) -> bool {
        self.switch("nofail", "fail").is_some_and(|(on, _)| on)
    }
}

/// Whether `option` stands among the options, just so.
pub(in crate::parse) fn has(options: &[Opt], option: &str) -> bool {
    options.iter().any(|o| o.text == option.as_bytes())
}

/// The last option of that name, with or without a value.
pub(in crate::parse) fn last<'a>(options: &'a [Opt], name: &str) -> Option<&'a Opt> {
    let mut from_last = options.iter().rev();
    from_last.find(|o| o.name() == name.as_bytes())
}

/// Which of an option and its opposite comes last, as systemd's
/// `fstab_test_yes_no_option` asks (252, `src/shared/fstab-util.c`).
pub(in crate::parse) fn switch<'a>(
    options: &'a [Opt],
    yes: &str,
    no: &str,
) -> Option<(bool, &'a Opt)> {
    let mut from_last = options.iter().rev();
    from_last.find_map(|o| {
        let on = o.name() == yes.as_bytes();
        let off = o.name() == no.as_bytes();
        (on || off).then_some((on, o))
    })
}

/// Split at commas that no backslash stands before, as systemd does.
pub(in crate::parse) fn split_escaped(file: &Arc<File>, text: &[(u8, usize)]) -> Vec<Opt> {
    let mut escaped = false;
    split(file, text, |byte| {
        let ends = byte == b',' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// Split at commas outside double quotes, as libmount does.
pub(super) fn split_quoted(file: &Arc<File>, text: &[(u8, usize)]) -> Vec<Opt> {
    let mut quoted = false;
    split(file, text, |byte| {
        quoted ^= byte == b'"';
        byte == b',' && !quoted
    })
}

fn split(file: &Arc<File>, text: &[(u8, usize)], mut ends: impl FnMut(u8) -> bool) -> Vec<Opt> {
    let parts = text.split(|(byte, _)| ends(*byte));
    let options = parts.filter_map(|part| {
        let (_, first) = part.first()?;
        let (_, last) = part.last()?;
        Some(Opt {
            text: super::bytes(part),
            place: file.place(Span::new(*first, last + 1)),
        })
    });
    options.collect()
}
