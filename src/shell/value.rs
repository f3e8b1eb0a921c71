//! Values that are known or not, and what is known about where they come from.

use crate::text::Place;

/// Longest value that is kept, in bytes; a longer one counts as not known.
const LONGEST: usize = 128 << 10;

/// A string of the shell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Known to the byte.
    Known(Vec<u8>),
    /// Not known, except for how it begins.
    Unknown {
        /// The leading bytes that are known; mostly none.
        prefix: Vec<u8>,
    },
}

/// Something the caller gave.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// `$1` and so on of the call.
    Argument(usize),
    /// A variable of the environment.
    Variable(Vec<u8>),
    /// Standard input.
    Stdin,
}

impl Value {
    /// A known value.
    #[must_use]
    pub fn known(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Known(bytes.into())
    }

    /// A value of which nothing is known.
    #[must_use]
    pub const fn unknown() -> Self {
        Self::Unknown { prefix: Vec::new() }
    }

    /// The bytes, where they are known.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Known(bytes) => Some(bytes),
            Self::Unknown { .. } => None,
        }
    }

    /// The bytes it is known to begin with.
    #[must_use]
    pub fn prefix(&self) -> &[u8] {
        match self {
            Self::Known(bytes) | Self::Unknown { prefix: bytes } => bytes,
        }
    }

    /// Whether it is known to be exactly this.
    #[must_use]
    pub fn is(&self, bytes: &[u8]) -> bool {
        self.bytes() == Some(bytes)
    }

    /// One after the other.
    pub(super) fn append(&mut self, other: &Self) {
        if let Self::Known(bytes) = self {
            bytes.extend_from_slice(other.prefix());
            let long = bytes.len() > LONGEST;
            if let (Self::Unknown { .. }, _) | (_, true) = (other, long) {
                let mut prefix = std::mem::take(bytes);
                prefix.truncate(LONGEST / 32);
                *self = Self::Unknown { prefix };
            }
        }
    }

    /// What is known when it is one or the other.
    pub(super) fn join(self, other: &Self) -> Self {
        if self == *other {
            return self;
        }
        let common = self
            .prefix()
            .iter()
            .zip(other.prefix())
            .take_while(|(a, b)| a == b)
            .count();
        let prefix = self.prefix().get(..common).unwrap_or(&[]).to_vec();
        Self::Unknown { prefix }
    }
}

/// A value with its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Traced {
    /// The value.
    pub(super) value: Value,
    /// The inputs it was made of, sorted.
    pub(super) inputs: Vec<Input>,
    /// Where it is written, for words of the script.
    pub(super) place: Option<Place>,
    /// Whether it may be any number of words (an unquoted unknown).
    pub(super) many: bool,
}

impl Traced {
    /// A value without history.
    pub(super) const fn new(value: Value) -> Self {
        Self {
            value,
            inputs: Vec::new(),
            place: None,
            many: false,
        }
    }

    /// A known value without history.
    pub(super) fn known(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Value::known(bytes))
    }

    /// An unknown value without history.
    pub(super) const fn unknown() -> Self {
        Self::new(Value::unknown())
    }

    /// A value given by the caller.
    pub(super) fn input(value: Value, input: Input) -> Self {
        Self {
            inputs: vec![input],
            ..Self::new(value)
        }
    }

    /// The bytes, where they are known.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        self.value.bytes()
    }

    /// A value made of this one.
    pub(super) fn derived(&self, value: Value) -> Self {
        Self {
            value,
            inputs: self.inputs.clone(),
            place: self.place.clone(),
            many: false,
        }
    }

    /// The result of a known change; unknown stays unknown.
    pub(super) fn change(&self, change: impl FnOnce(&[u8]) -> Vec<u8>) -> Self {
        self.derived(match self.bytes() {
            Some(bytes) => Value::Known(change(bytes)),
            None => Value::unknown(),
        })
    }

    /// One after the other.
    pub(super) fn append(&mut self, other: &Self) {
        self.value.append(&other.value);
        self.take_inputs(other);
    }

    /// Takes over where `other` came from.
    pub(super) fn take_inputs(&mut self, other: &Self) {
        for input in &other.inputs {
            if let Err(at) = self.inputs.binary_search(input) {
                self.inputs.insert(at, input.clone());
            }
        }
    }

    /// What is known when it is one or the other.
    pub(super) fn join(mut self, other: &Self) -> Self {
        self.take_inputs(other);
        self.many |= other.many;
        if self.place != other.place {
            self.place = None;
        }
        self.value = self.value.join(&other.value);
        self
    }
}
