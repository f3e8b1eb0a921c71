//! The chains of nftables that see packets, asked of the kernel (Linux 6.1
//! `include/uapi/linux/netfilter/nf_tables.h`, `net/netfilter/nf_tables_api.c`,
//! `nf_tables_fill_chain_info`).

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;

use netlink_packet_core::{
    NetlinkDeserializable, NetlinkHeader, NetlinkSerializable, NlasIterator,
};
use netlink_sys::protocols::NETLINK_NETFILTER;

use crate::source::ReadError;
use crate::text::escape;

/// `NFT_MSG_GETCHAIN` and `NFT_MSG_NEWCHAIN` of `NFNL_SUBSYS_NFTABLES`.
const ASK: u16 = 0x0a04;
const TELL: u16 = 0x0a03;
/// Length of `struct nfgenmsg`.
const HEAD: usize = 4;
/// `NFTA_CHAIN_*`.
const TABLE: u16 = 1;
const NAME: u16 = 3;
const HOOK: u16 = 4;
const POLICY: u16 = 5;
const USE: u16 = 6;
const TYPE: u16 = 7;
/// `NFTA_HOOK_HOOKNUM`.
const NUMBER: u16 = 1;

/// A message as it is.
struct Raw {
    kind: u16,
    bytes: Vec<u8>,
}

impl NetlinkSerializable for Raw {
    fn message_type(&self) -> u16 {
        self.kind
    }

    fn buffer_len(&self) -> usize {
        self.bytes.len()
    }

    fn serialize(&self, buffer: &mut [u8]) {
        for (to, from) in buffer.iter_mut().zip(&self.bytes) {
            *to = *from;
        }
    }
}

impl NetlinkDeserializable for Raw {
    type Error = Infallible;

    fn deserialize(header: &NetlinkHeader, payload: &[u8]) -> Result<Self, Infallible> {
        Ok(Self {
            kind: header.message_type,
            bytes: payload.to_vec(),
        })
    }
}

/// `inet filter input hook input type filter policy drop rules 5`; nothing where the
/// kernel has no nftables: to ask would load it.
pub(super) fn read() -> Result<Vec<String>, ReadError> {
    if !is_there(Path::new("/proc/modules")) {
        return Ok(Vec::new());
    }
    let mut lines = Vec::new();
    let question = Raw {
        kind: ASK,
        bytes: vec![0; HEAD],
    };
    let asked = super::dump_of(NETLINK_NETFILTER, question, |message: Raw| {
        if message.kind == TELL
            && let Some(line) = line(&message.bytes)
        {
            super::keep(&mut lines, line);
        }
    });
    match asked {
        Ok(()) => Ok(lines),
        // A kernel without it.
        Err(ReadError::Io(text)) if text.contains("not supported") => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Whether asking loads no module: it is loaded, or this kernel has none at all.
fn is_there(modules: &Path) -> bool {
    match std::fs::read_to_string(modules) {
        Ok(text) => text.lines().any(|line| line.starts_with("nf_tables ")),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// The attributes of a message or of one of them, by their kind.
fn attributes(bytes: &[u8]) -> BTreeMap<u16, Vec<u8>> {
    let all = NlasIterator::new(bytes);
    all.map_while(Result::ok)
        .map(|nla| (nla.kind(), nla.value().to_vec()))
        .collect()
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

fn text(bytes: &[u8]) -> String {
    escape(bytes.strip_suffix(b"\0").unwrap_or(bytes))
}

fn line(message: &[u8]) -> Option<String> {
    // `enum nfproto`.
    let family = match message.first()? {
        1 => "inet",
        2 => "ip",
        3 => "arp",
        5 => "netdev",
        7 => "bridge",
        10 => "ip6",
        _ => return None,
    };
    let all = attributes(message.get(HEAD..)?);
    let hook = attributes(all.get(&HOOK)?);
    // `enum nf_inet_hooks`.
    let hook = match (family, number(hook.get(&NUMBER)?)?) {
        ("inet" | "ip" | "ip6", 0) => "prerouting",
        ("inet" | "ip" | "ip6", 1) => "input",
        ("inet" | "ip" | "ip6", 2) => "forward",
        ("inet" | "ip" | "ip6", 3) => "output",
        ("inet" | "ip" | "ip6", 4) => "postrouting",
        _ => "other",
    };
    let policy = match all.get(&POLICY).and_then(|bytes| number(bytes)) {
        Some(0) => "drop",
        _ => "accept",
    };
    let rules = all.get(&USE).and_then(|bytes| number(bytes)).unwrap_or(0);
    let kind = all.get(&TYPE).map_or_else(String::new, |bytes| text(bytes));
    let (table, name) = (text(all.get(&TABLE)?), text(all.get(&NAME)?));
    Some(format!(
        "{family} {table} {name} hook {hook} type {kind} policy {policy} rules {rules}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len() + 4).unwrap();
        let mut out = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
        out.extend(value);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    #[test]
    fn a_chain_with_a_hook_has_a_line_and_half_a_message_has_none() {
        let hook = [attribute(1, &[0, 0, 0, 1]), attribute(2, &[0; 4])].concat();
        let message = [
            vec![1, 0, 0, 0],
            attribute(TABLE, b"filter\0"),
            attribute(NAME, b"input\0"),
            attribute(HOOK, &hook),
            attribute(POLICY, &[0; 4]),
            attribute(USE, &[0, 0, 0, 5]),
            attribute(TYPE, b"filter\0"),
        ]
        .concat();
        let expected = "inet filter input hook input type filter policy drop rules 5";
        assert_eq!(line(&message).as_deref(), Some(expected));
        // The last byte pads an attribute of seven.
        for cut in 0..message.len() - 1 {
            let cut = line(message.get(..cut).unwrap());
            assert_ne!(cut.as_deref(), Some(expected));
        }
        assert_eq!(
            line(&[&[1, 0, 0, 0][..], &attribute(NAME, b"x\0")].concat()),
            None
        );
    }

    #[test]
    fn a_kernel_whose_nftables_is_not_loaded_is_not_asked() {
        let dir = tempfile::tempdir().unwrap();
        let modules = dir.path().join("modules");
        assert!(is_there(&modules));
        std::fs::write(&modules, "ext4 1 1 - Live 0x0\n").unwrap();
        assert!(!is_there(&modules));
        std::fs::write(&modules, "nf_tables 1 1 - Live 0x0\n").unwrap();
        assert!(is_there(&modules));
    }
}
