//! The interfaces that ifup calls its hooks for.

use std::path::Path;

use crate::fact::Fact;
use crate::facts::Host;
use crate::parse::interfaces::Interfaces;
use crate::text::Place;

/// Calls ifupdown's hooks for the interfaces of another manager.
const FORWARDER: [&str; 2] = [
    "/etc/NetworkManager/dispatcher.d/01-ifupdown",
    "/usr/lib/NetworkManager/dispatcher.d/01-ifupdown",
];

/// The interfaces that ifup is called for; nothing where there may be others.
pub(super) fn configured<'a>(host: &Host, read: &'a Interfaces) -> Option<Vec<&'a [u8]>> {
    let forwarded = |path: &&str| matches!(host.resolve(Path::new(path)), Fact::Known(_));
    if is_open(read) || FORWARDER.iter().any(forwarded) {
        return None;
    }
    let mut names: Vec<&[u8]> = stanzas(read).map(|(name, _)| name).collect();
    names.dedup();
    (!names.is_empty()).then_some(names)
}

/// The names of stanzas, with their lines; without `lo`.
pub(super) fn stanzas(read: &Interfaces) -> impl Iterator<Item = (&[u8], &Place)> {
    let all = read.stanzas.iter().filter(|stanza| stanza.name != "lo");
    all.map(|stanza| (stanza.name.as_bytes(), &stanza.place))
}

/// Whether ifup may be called for interfaces that no stanza names.
fn is_open(read: &Interfaces) -> bool {
    let pattern = |name: &str| name.bytes().any(|b| b"/*?[=".contains(&b));
    !read.mapped.is_empty()
        || !read.problems.is_empty()
        || !read.open.is_empty()
        || !read.uncovered.is_empty()
        || read.raised.iter().any(|raised| pattern(&raised.name))
        || read.stanzas.iter().any(|stanza| pattern(&stanza.name))
}
