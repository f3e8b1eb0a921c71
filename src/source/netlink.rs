//! Questions to the kernel's socket for the network (rtnetlink(7)), and its answers as
//! lines of text.

mod chains;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_REQUEST, NetlinkDeserializable, NetlinkHeader, NetlinkMessage,
    NetlinkPayload, NetlinkSerializable,
};
use netlink_packet_route::address::{AddressAttribute, AddressHeaderFlags, AddressMessage};
use netlink_packet_route::link::{
    InfoData, InfoVlan, LinkAttribute, LinkFlags, LinkInfo, LinkLayerType, LinkMessage,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteMessage, RouteProtocol, RouteType,
};
use netlink_packet_route::rule::{RuleAttribute, RuleMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage as Message};
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};

use super::ReadError;
use crate::text::escape;

/// Most messages of one answer: a router of the whole internet has a million routes.
const MOST: usize = 4_000_000;
/// Most lines of one answer.
const MOST_LINES: usize = 100_000;
/// Largest part of an answer (`NLMSG_GOODSIZE` and what the kernel may grow it to).
const PART: usize = 1 << 16;

/// The answer to a question, if it is one.
pub(super) fn ask(name: &str) -> Option<Result<String, ReadError>> {
    let lines = match name {
        "links" => links().map(|found| found.into_values().collect()),
        "addresses" => addresses(),
        "chains" => chains::read(),
        "routes" => routes(),
        "rules" => rules(),
        _ => return None,
    };
    Some(lines.map(|lines: Vec<String>| {
        let mut text = lines.join("\n");
        text.push('\n');
        text
    }))
}

/// Sends one question and gives every message of the answer to `take`.
fn dump(question: Message, take: impl FnMut(Message)) -> Result<(), ReadError> {
    dump_of(NETLINK_ROUTE, question, take)
}

/// Sends one question to a part of the kernel.
fn dump_of<M: NetlinkSerializable + NetlinkDeserializable>(
    part: isize,
    question: M,
    mut take: impl FnMut(M),
) -> Result<(), ReadError> {
    let failed = |error: std::io::Error| ReadError::from_io(&error);
    let odd = |error: netlink_packet_core::DecodeError| ReadError::Io(error.to_string());
    let mut socket = Socket::new(part).map_err(failed)?;
    socket.bind_auto().map_err(failed)?;
    socket.connect(&SocketAddr::new(0, 0)).map_err(failed)?;
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let mut packet = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(question));
    packet.finalize();
    let mut bytes = vec![0; packet.buffer_len()];
    packet.serialize(&mut bytes);
    socket.send(&bytes, 0).map_err(failed)?;
    let mut seen = 0;
    let mut buffer = vec![0_u8; PART];
    loop {
        let mut room = buffer.as_mut_slice();
        let size = socket.recv(&mut room, 0).map_err(failed)?;
        let mut left = buffer.get(..size).unwrap_or(&[]);
        if left.is_empty() {
            return Err(ReadError::Io("the kernel's answer ends early".to_owned()));
        }
        while !left.is_empty() {
            seen += 1;
            if seen > MOST {
                return Err(ReadError::Limit(format!("more than {MOST} answers")));
            }
            let message = NetlinkMessage::<M>::deserialize(left).map_err(odd)?;
            let length = usize::try_from(message.header.length).unwrap_or(left.len());
            // Messages begin at multiples of four.
            left = left.get(length.max(1).next_multiple_of(4)..).unwrap_or(&[]);
            match message.payload {
                NetlinkPayload::Done(_) => return Ok(()),
                NetlinkPayload::Error(error) => return Err(ReadError::from_io(&error.to_io())),
                NetlinkPayload::InnerMessage(inner) => take(inner),
                _ => {}
            }
        }
    }
}

/// Keeps a line, as long as there are not too many.
fn keep(lines: &mut Vec<String>, line: String) {
    if lines.len() < MOST_LINES {
        lines.push(line);
    }
}

const fn family(family: AddressFamily) -> Option<&'static str> {
    match family {
        AddressFamily::Inet => Some("inet"),
        AddressFamily::Inet6 => Some("inet6"),
        _ => None,
    }
}

/// The interfaces by number, each with its line.
fn links() -> Result<BTreeMap<u32, String>, ReadError> {
    let mut found: BTreeMap<u32, LinkMessage> = BTreeMap::new();
    dump(Message::GetLink(LinkMessage::default()), |message| {
        if let Message::NewLink(link) = message {
            found.insert(link.header.index, link);
        }
    })?;
    let names: BTreeMap<u32, String> = found.iter().map(|(ix, l)| (*ix, name(l))).collect();
    let line = |(index, link): (&u32, &LinkMessage)| (*index, link_line(link, &names));
    Ok(found.iter().map(line).collect())
}

fn name(link: &LinkMessage) -> String {
    let name = link
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            LinkAttribute::IfName(name) => Some(name.as_str()),
            _ => None,
        });
    escape(name.unwrap_or("?").as_bytes())
}

/// `eth0.5 up type ether kind vlan id 5 on eth0 port-of br0`; hardware ends with
/// `made-with 02:00:00:00:00:01`, its own address, on Linux 5.6 and later.
fn link_line(link: &LinkMessage, names: &BTreeMap<u32, String>) -> String {
    let up = link.header.flags.contains(LinkFlags::Up);
    let layer = match link.header.link_layer_type {
        LinkLayerType::Ether => "ether".to_owned(),
        LinkLayerType::Loopback => "loopback".to_owned(),
        other => format!("{other:?}").to_ascii_lowercase(),
    };
    let state = if up { "up" } else { "down" };
    let mut line = format!("{} {state} type {layer}", name(link));
    let named = |index: &u32| names.get(index).map_or("?", String::as_str).to_owned();
    for attribute in &link.attributes {
        match attribute {
            LinkAttribute::LinkInfo(infos) => {
                for info in infos {
                    match info {
                        LinkInfo::Kind(kind) => {
                            let _ = write!(line, " kind {}", escape(kind.to_string().as_bytes()));
                        }
                        LinkInfo::Data(InfoData::Vlan(vlan)) => {
                            for part in vlan {
                                if let InfoVlan::Id(id) = part {
                                    let _ = write!(line, " id {id}");
                                }
                            }
                        }
                        _ => {}
                    }
                }
            }
            LinkAttribute::Link(index) => {
                let _ = write!(line, " on {}", named(index));
            }
            LinkAttribute::Controller(index) => {
                let _ = write!(line, " port-of {}", named(index));
            }
            // What it was made with; the kernel shows none for most of what is made.
            LinkAttribute::PermAddress(bytes) => {
                let pairs: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
                let _ = write!(line, " made-with {}", pairs.join(":"));
            }
            _ => {}
        }
    }
    line
}

/// The names of the interfaces by number.
fn names() -> Result<BTreeMap<u32, String>, ReadError> {
    let mut found = BTreeMap::new();
    dump(Message::GetLink(LinkMessage::default()), |message| {
        if let Message::NewLink(link) = message {
            found.insert(link.header.index, name(&link));
        }
    })?;
    Ok(found)
}

/// `inet 192.0.2.10/24 dev eth0 permanent`.
fn addresses() -> Result<Vec<String>, ReadError> {
    let names = names()?;
    let mut lines = Vec::new();
    dump(Message::GetAddress(AddressMessage::default()), |message| {
        let Message::NewAddress(address) = message else {
            return;
        };
        // Of a link between two, the first is the own one.
        let pick = |own: bool| {
            address.attributes.iter().find_map(|part| match part {
                AddressAttribute::Local(ip) if own => Some(*ip),
                AddressAttribute::Address(ip) if !own => Some(*ip),
                _ => None,
            })
        };
        let (Some(family), Some(ip)) = (
            family(address.header.family),
            pick(true).or_else(|| pick(false)),
        ) else {
            return;
        };
        let dev = names.get(&address.header.index).map_or("?", String::as_str);
        let stays = address.header.flags.contains(AddressHeaderFlags::Permanent);
        let how = if stays { "permanent" } else { "dynamic" };
        let length = address.header.prefix_len;
        keep(
            &mut lines,
            format!("{family} {ip}/{length} dev {dev} {how}"),
        );
    })?;
    Ok(lines)
}

const fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(ip) => Some(IpAddr::V4(*ip)),
        RouteAddress::Inet6(ip) => Some(IpAddr::V6(*ip)),
        _ => None,
    }
}

/// Who made a route, as ip-route(8) calls it.
fn protocol(protocol: RouteProtocol) -> String {
    match protocol {
        RouteProtocol::Dhcp => "dhcp".to_owned(),
        RouteProtocol::KeepAlived => "keepalived".to_owned(),
        RouteProtocol::Other(number) => number.to_string(),
        other => other.to_string(),
    }
}

/// `inet default via 192.0.2.1 dev eth0 table 254 protocol static`.
fn routes() -> Result<Vec<String>, ReadError> {
    let names = names()?;
    let mut lines = Vec::new();
    dump(Message::GetRoute(RouteMessage::default()), |message| {
        let Message::NewRoute(route) = message else {
            return;
        };
        let header = &route.header;
        let Some(family) = family(header.address_family) else {
            return;
        };
        let is_default = header.destination_prefix_length == 0;
        let by_hand = matches!(
            header.protocol,
            RouteProtocol::Unspec | RouteProtocol::Boot | RouteProtocol::Static
        );
        if header.kind != RouteType::Unicast || !(is_default || by_hand) {
            return;
        }
        let mut table = u32::from(header.table);
        let (mut target, mut hops) = ("default".to_owned(), Vec::new());
        let mut hop = (None, None);
        for part in &route.attributes {
            match part {
                RouteAttribute::Destination(address) => {
                    if let Some(ip) = ip(address).filter(|_| !is_default) {
                        target = format!("{ip}/{}", header.destination_prefix_length);
                    }
                }
                RouteAttribute::Table(number) => table = *number,
                RouteAttribute::Gateway(address) => hop.0 = ip(address),
                RouteAttribute::Oif(index) => hop.1 = Some(*index),
                RouteAttribute::MultiPath(several) => {
                    for one in several {
                        let gateway = one.attributes.iter().find_map(|part| match part {
                            RouteAttribute::Gateway(address) => ip(address),
                            _ => None,
                        });
                        hops.push((gateway, Some(one.interface_index)));
                    }
                }
                _ => {}
            }
        }
        if hops.is_empty() {
            hops.push(hop);
        }
        for (gateway, index) in hops {
            let mut line = format!("{family} {target}");
            if let Some(gateway) = gateway {
                let _ = write!(line, " via {gateway}");
            }
            if let Some(dev) = index.and_then(|index| names.get(&index)) {
                let _ = write!(line, " dev {dev}");
            }
            let _ = write!(
                line,
                " table {table} protocol {}",
                protocol(header.protocol)
            );
            keep(&mut lines, line);
        }
    })?;
    Ok(lines)
}

/// `inet 32765 from 192.0.2.0/24 table 100 protocol boot`.
fn rules() -> Result<Vec<String>, ReadError> {
    let mut lines = Vec::new();
    dump(Message::GetRule(RuleMessage::default()), |message| {
        let Message::NewRule(rule) = message else {
            return;
        };
        let Some(family) = family(rule.header.family) else {
            return;
        };
        let mut number = 0;
        let mut table = u32::from(rule.header.table);
        let mut words = String::new();
        let mut made = None;
        for part in &rule.attributes {
            let _ = match part {
                RuleAttribute::Priority(priority) => {
                    number = *priority;
                    Ok(())
                }
                RuleAttribute::Table(of) => {
                    table = *of;
                    Ok(())
                }
                RuleAttribute::Protocol(by) => {
                    made = Some(protocol(*by));
                    Ok(())
                }
                RuleAttribute::Source(ip) => {
                    write!(words, " from {ip}/{}", rule.header.src_len)
                }
                RuleAttribute::Destination(ip) => {
                    write!(words, " to {ip}/{}", rule.header.dst_len)
                }
                RuleAttribute::Iifname(name) => write!(words, " iif {}", escape(name.as_bytes())),
                RuleAttribute::Oifname(name) => write!(words, " oif {}", escape(name.as_bytes())),
                RuleAttribute::FwMark(mark) => write!(words, " fwmark {mark:#x}"),
                RuleAttribute::L3MDev(true) => write!(words, " l3mdev"),
                RuleAttribute::UidRange(_) => write!(words, " uidrange"),
                _ => Ok(()),
            };
        }
        let made = made.map_or(String::new(), |by| format!(" protocol {by}"));
        keep(
            &mut lines,
            format!("{family} {number}{words} table {table}{made}"),
        );
    })?;
    Ok(lines)
}
