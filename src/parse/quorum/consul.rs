//! Consul's `*.json` in /etc/consul.d: `server`, `retry_join`, `bootstrap_expect`
//! (Consul documentation, agent configuration). Its HCL files are not read.

use std::sync::Arc;

use serde::Deserialize;

use super::{Quorum, distinct, host_of};
use crate::text::{File, Span};

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    server: bool,
    #[serde(default)]
    retry_join: Vec<String>,
    bootstrap_expect: Option<usize>,
    datacenter: Option<String>,
}

/// The servers that a server joins; a client has no vote.
#[must_use]
pub fn consul(file: &Arc<File>) -> Option<Quorum> {
    let raw: Raw = serde_json::from_slice(file.bytes()).ok()?;
    // Words such as `provider=aws tag_key=...` name a lookup, no host.
    let hosts = raw.retry_join.iter().filter(|host| !host.contains('='));
    let voters = distinct(hosts.filter_map(|host| host_of(host)));
    if !raw.server || voters.is_empty() {
        return None;
    }
    let at = memchr::memmem::find(file.bytes(), b"\"retry_join\"").unwrap_or(0);
    Some(Quorum {
        name: raw.datacenter,
        voters,
        size: raw.bootstrap_expect,
        spare: None,
        place: file.place(Span::new(at, at + "\"retry_join\"".len())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_no_vote_and_a_lookup_is_no_host() {
        let file = |text: &str| File::new("/etc/consul.d/server.json", text);
        let text = r#"{"server": true, "retry_join": ["c1", "c2:8301", "provider=aws tag_key=x"],
            "bootstrap_expect": 3, "datacenter": "fra1"}"#;
        let found = consul(&file(text)).unwrap();
        assert_eq!(found.voters, ["c1", "c2"]);
        assert_eq!(found.size, Some(3));
        assert_eq!(found.place.bytes(), b"\"retry_join\"");
        for none in [
            r#"{"retry_join": ["c1"]}"#,
            r#"{"server": true}"#,
            "{",
            r#"{"server": true, "retry_join": "c1"}"#,
        ] {
            assert!(consul(&file(none)).is_none(), "{none}");
        }
    }
}
