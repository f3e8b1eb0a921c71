//! Who votes with whom: the members that etcd, `ZooKeeper`, Galera, Consul and corosync
//! are told of.

mod consul;
mod corosync;
mod etcd;
mod galera;
mod zookeeper;

pub use consul::consul;
pub use corosync::corosync;
pub use etcd::etcd;
pub use galera::galera;
pub use zookeeper::zookeeper;

use crate::text::Place;

/// A node's view of its quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// The name the members share, where the format has one.
    pub name: Option<String>,
    /// Every voter that is named: a host's name or an address, in small letters, each once.
    pub voters: Vec<String>,
    /// How many voters there are meant to be, where that is said besides.
    pub size: Option<usize>,
    /// How many of them may be down at once, where that is not any number below half.
    pub spare: Option<usize>,
    /// Where they are named.
    pub place: Place,
}

/// The host of `HOST`, `HOST:PORT` or `[V6]:PORT`, in small letters.
fn host_of(text: &str) -> Option<String> {
    let text = text.trim();
    let host = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        // More than one colon is an address of IPv6 without a port.
        None if text.matches(':').count() > 1 => text,
        None => text.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.trim_end_matches('.').to_ascii_lowercase())
}

/// Each name once, in the order met.
fn distinct(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    let mut names: Vec<String> = names.into_iter().collect();
    names.retain(|name| seen.insert(name.clone()));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_what_stands_before_its_port() {
        let cases = [
            ("db1:2380", Some("db1")),
            ("DB1.example.", Some("db1.example")),
            ("[fe80::1]:2380", Some("fe80::1")),
            ("fe80::1", Some("fe80::1")),
            ("[fe80::1", None),
            (":2380", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(host_of(text).as_deref(), expected, "{text}");
        }
    }
}
