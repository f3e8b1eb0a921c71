//! The tree of options.

use super::{truth, words};
use crate::text::Place;

/// One option: a name, a value, and options below it.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its name below its parent; empty for an entry of a list.
    pub tag: Vec<u8>,
    /// Its value; empty where it has none.
    pub value: Vec<u8>,
    /// The statement that set it last; nothing where only options below it were set.
    pub place: Option<Place>,
    /// Indices of the options below it.
    children: Vec<usize>,
}

impl Setting {
    const fn new(tag: Vec<u8>) -> Self {
        Self {
            tag,
            value: Vec::new(),
            place: None,
            children: Vec::new(),
        }
    }
}

/// All options. Names are compared without case, as apt does.
#[derive(Clone, Debug)]
pub struct Config {
    /// The first is the root, which has no name.
    nodes: Vec<Setting>,
}

impl Config {
    /// No options at all: not even apt's own.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "a default would hide that nothing was read"
    )]
    pub fn new() -> Self {
        Self {
            nodes: vec![Setting::new(Vec::new())],
        }
    }

    fn node(&self, index: usize) -> Option<&Setting> {
        self.nodes.get(index)
    }

    fn child(&self, parent: usize, tag: &[u8]) -> Option<usize> {
        // An empty name is no option's: each is an entry of its own.
        let children = self.node(parent).filter(|_| !tag.is_empty())?;
        let mut children = children.children.iter().copied();
        children.find(|index| {
            let node = self.node(*index);
            node.is_some_and(|node| node.tag.eq_ignore_ascii_case(tag))
        })
    }

    fn lookup(&self, name: &[u8]) -> Option<usize> {
        let mut parts = parts(name).into_iter();
        parts.try_fold(0, |at, tag| self.child(at, tag))
    }

    /// Sets an option, with all above it.
    pub(super) fn set(&mut self, name: &[u8], value: Vec<u8>, place: Option<Place>) {
        let mut at = 0;
        for tag in parts(name) {
            at = self.child(at, tag).unwrap_or_else(|| {
                let new = self.nodes.len();
                self.nodes.push(Setting::new(tag.to_vec()));
                if let Some(parent) = self.nodes.get_mut(at) {
                    parent.children.push(new);
                }
                new
            });
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.value = value;
            node.place = place;
        }
    }

    /// Empties an option and takes away all below it.
    pub(super) fn clear(&mut self, name: &[u8]) {
        let found = self.lookup(name);
        if let Some(node) = found.and_then(|index| self.nodes.get_mut(index)) {
            node.value.clear();
            node.children.clear();
        }
    }

    /// An option that was mentioned, with or without a value: it stays after `#clear`.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&Setting> {
        self.lookup(name.as_bytes())
            .and_then(|index| self.node(index))
    }

    /// An option that has a value (`Find`).
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Setting> {
        self.option(name).filter(|option| !option.value.is_empty())
    }

    /// A yes or no; the default where the option is not set or says neither (`FindB`).
    #[must_use]
    pub fn is_set(&self, name: &str, default: bool) -> bool {
        let value = self.value(name).and_then(|option| truth(&option.value));
        value.unwrap_or(default)
    }

    /// A number (`FindI`).
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        let value = self.value(name)?;
        words::integer(&value.value).map(|(number, _)| number)
    }

    /// The options right below one, in order: the entries of a list.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<&Setting> {
        let found = self.option(name).map(|option| &option.children);
        let entries = found.into_iter().flatten();
        entries.filter_map(|index| self.node(*index)).collect()
    }

    /// All options with their full names, in apt's own order: what `apt-config dump`
    /// shows.
    #[must_use]
    pub fn all(&self) -> Vec<(Vec<u8>, &Setting)> {
        let mut out = Vec::new();
        // Right before left, so that the leftmost is taken first.
        let below = |index: usize| {
            let children = self.node(index).map(|node| node.children.as_slice());
            children.unwrap_or(&[]).iter().rev().copied()
        };
        let mut pending: Vec<(usize, Vec<u8>)> = below(0).map(|i| (i, Vec::new())).collect();
        while let Some((index, prefix)) = pending.pop() {
            let Some(node) = self.node(index) else {
                continue;
            };
            let mut name = prefix;
            name.extend_from_slice(&node.tag);
            let mut inner = name.clone();
            inner.extend(b"::");
            pending.extend(below(index).map(|child| (child, inner.clone())));
            out.push((name, node));
        }
        out
    }
}

/// The parts of a full name (`Lookup`). The byte behind a `::` begins a part even
/// where it is a colon.
fn parts(name: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while name.get(at..at + 2).is_some() {
        if name.get(at..at + 2) == Some(b"::") {
            out.push(name.get(start..at).unwrap_or(&[]));
            start = at + 2;
            at = start;
        }
        at += 1;
    }
    out.push(name.get(start..).unwrap_or(&[]));
    out
}
