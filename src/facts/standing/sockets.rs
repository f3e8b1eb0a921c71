//! What listens on the network now (`/proc/net/tcp` and its like, Linux 6.1
//! `net/ipv4/tcp_ipv4.c`, `net/ipv4/udp.c`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::facts::running;
use crate::text::{Place, escape};

/// A socket that waits for others.
#[derive(Clone, Debug)]
pub struct Listener {
    /// `tcp` or `udp`.
    pub protocol: &'static str,
    /// The address; unspecified for all.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
    inode: String,
    /// Its line.
    pub place: Place,
}

impl Listener {
    /// `tcp 0.0.0.0:22`.
    #[must_use]
    pub fn shown(&self) -> String {
        let socket = SocketAddr::new(self.address, self.port);
        format!("{} {socket}", self.protocol)
    }

    /// Whether this one serves whoever was served by `other`.
    #[must_use]
    pub fn serves_for(&self, other: &Self) -> bool {
        let same = self.protocol == other.protocol && self.port == other.port;
        // A socket of IPv6 for all addresses takes IPv4 as well, unless it is told not to.
        let wide =
            self.address.is_unspecified() && (self.address.is_ipv6() || other.address.is_ipv4());
        same && (self.address == other.address || wide)
    }
}

/// Ports of which programs take one where the kernel chooses, where it cannot be read.
const CHOSEN: (u16, u16) = (32768, 60999);
/// Ports that clients of DHCP use while they talk to their server.
const CLIENTS: [u16; 2] = [68, 546];

/// The sockets that listen, but for those whose port the kernel chose.
#[must_use]
pub fn listeners(host: &Host) -> Listing<Listener> {
    running::of_running(host, |out| {
        let (low, high) = chosen(host);
        for (path, protocol, state) in [
            ("/proc/net/tcp", "tcp", "0A"),
            ("/proc/net/tcp6", "tcp", "0A"),
            ("/proc/net/udp", "udp", "07"),
            ("/proc/net/udp6", "udp", "07"),
        ] {
            let Some(file) = out.take(host.tree().read(Path::new(path))) else {
                continue;
            };
            for (words, place) in super::rows(&file, 1) {
                let word = |at: usize| words.get(at).map_or("", String::as_str);
                let Some((address, port)) = local(word(1)).filter(|_| word(3) == state) else {
                    continue;
                };
                let client = protocol == "udp" && CLIENTS.contains(&port);
                if port == 0 || (low..=high).contains(&port) || client {
                    continue;
                }
                out.items.push(Listener {
                    protocol,
                    address,
                    port,
                    inode: word(9).to_owned(),
                    place,
                });
            }
        }
    })
}

/// The ports that the kernel chooses from.
fn chosen(host: &Host) -> (u16, u16) {
    let range = super::line(host, "/proc/sys/net/ipv4/ip_local_port_range");
    let Fact::Known((text, _)) = range else {
        return CHOSEN;
    };
    let mut numbers = text.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(low)), Some(Ok(high))) => (low, high),
        _ => CHOSEN,
    }
}

/// `0100007F:0016`: words of the machine's own order, then the port.
fn local(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        let digits = address.get(at * 8..at * 8 + 8)?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    let address = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let [a, b, c, d] = [word(0)?, word(1)?, word(2)?, word(3)?];
            let mut bytes = [0; 16];
            for (to, from) in bytes.iter_mut().zip([a, b, c, d].concat()) {
                *to = from;
            }
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some((address, port))
}

/// Links of one process that are looked at.
const MOST_LINKS: usize = 4096;

/// Whose socket it is: the name of the process, and its unit.
#[must_use]
pub fn owner(host: &Host, listener: &Listener) -> Option<(String, Option<String>)> {
    let wanted = format!("socket:[{}]", listener.inode);
    let list = running::processes(host).items.iter();
    let mut found = None;
    // Process 1 holds the sockets that it hands on; whoever it hands them to tells more.
    for process in list.filter(|process| !process.of_kernel) {
        let dir = format!("/proc/{}/fd", process.pid);
        let entries = host.tree().entries(Path::new(&dir)).items;
        let has = entries.iter().take(MOST_LINKS).any(|link| {
            let text = host.tree().read_link(link);
            matches!(text, Fact::Known(text) if text.as_os_str() == wanted.as_str())
        });
        if has {
            let unit = running::unit(host, process.pid);
            found = Some((escape(&process.name), unit));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_the_kernel_writes_them_here() {
        if cfg!(target_endian = "little") {
            let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
            assert_eq!(local("0100007F:0016"), Some((loopback, 22)));
            let six = local("00000000000000000000000001000000:0050");
            assert_eq!(six, Some((IpAddr::V6(Ipv6Addr::LOCALHOST), 80)));
        }
        for text in ["", "0100007F", "xx:1", "0100007F:10000", "00:1"] {
            assert_eq!(local(text), None, "{text}");
        }
    }
}
