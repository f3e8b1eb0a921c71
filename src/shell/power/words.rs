//! The words of a command, by option and operand.

use crate::shell::value::Value;

/// The words of a command after its program.
pub(super) struct Words<'a>(pub(super) &'a [Value]);

impl<'a> Words<'a> {
    pub(super) fn get(&self, at: usize) -> Option<&'a [u8]> {
        self.0.get(at).and_then(Value::bytes)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.0.iter().filter_map(Value::bytes)
    }

    /// Whether some word is not known, not even whether it is an option.
    pub(super) fn open(&self) -> bool {
        self.0
            .iter()
            .any(|w| w.bytes().is_none() && w.prefix().is_empty())
    }

    pub(super) fn has(&self, wanted: &[&[u8]]) -> bool {
        self.iter().any(|word| wanted.contains(&word))
    }

    /// Whether a short option is given, alone or among others.
    pub(super) fn flag(&self, letter: u8) -> bool {
        self.iter()
            .any(|w| w.starts_with(b"-") && !w.starts_with(b"--") && w.contains(&letter))
    }

    /// The first word that is no option; options in `takes` have a value behind them.
    pub(super) fn operands(&self, takes: &[&[u8]]) -> Vec<&'a Value> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(word) = self.0.get(at) {
            at += 1;
            let bytes = word.prefix();
            if bytes.len() > 1 && bytes.starts_with(b"-") {
                at += usize::from(takes.contains(&bytes));
            } else {
                found.push(word);
            }
        }
        found
    }

    /// The value of an option, behind it or after `=`.
    pub(super) fn value(&self, short: &[u8], long: &[u8]) -> Option<Value> {
        for (at, word) in self.0.iter().enumerate() {
            let bytes = word.prefix();
            if bytes == short || bytes == long {
                return self.0.get(at + 1).cloned();
            }
            let rest = bytes.strip_prefix(long).and_then(|r| r.strip_prefix(b"="));
            let rest = rest.or_else(|| bytes.strip_prefix(short).filter(|r| !r.is_empty()));
            if let Some(rest) = rest
                && !long.is_empty()
            {
                return Some(match word {
                    Value::Known(_) => Value::known(rest),
                    Value::Unknown { .. } => Value::unknown(),
                });
            }
        }
        None
    }
}
