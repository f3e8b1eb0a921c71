//! Programs that network configuration starts by their path.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::interfaces::interfaces;
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::source::Found;
use crate::text::{File, Place, Span};

/// A program that a line of configuration starts.
#[derive(Clone, Debug)]
pub struct Commanded {
    /// Who starts it.
    pub by: &'static str,
    /// What becomes of that when it cannot be started.
    pub then: &'static str,
    /// Its path.
    pub program: PathBuf,
    /// The line.
    pub place: Place,
    /// What is at the path.
    pub found: Fact<Found>,
}

/// The options of `OpenVPN` that name a script; it refuses to start where one is not
/// there (openvpn 2.6, src/openvpn/options.c, `check_cmd_access`).
const OPENVPN: [&[u8]; 10] = [
    b"up",
    b"down",
    b"route-up",
    b"route-pre-down",
    b"ipchange",
    b"client-connect",
    b"client-disconnect",
    b"learn-address",
    b"tls-verify",
    b"auth-user-pass-verify",
];

/// The programs with an absolute path that ifup, wg-quick and `OpenVPN` would start.
#[must_use]
pub fn commanded(host: &Host) -> Listing<Commanded> {
    let mut out = Listing::new();
    let mut add = |by, then, program: &[u8], place: Place| {
        use std::os::unix::ffi::OsStrExt as _;
        let program = PathBuf::from(std::ffi::OsStr::from_bytes(program));
        let found = host.resolve(&program);
        out.items.push(Commanded {
            by,
            then,
            program,
            place,
            found,
        });
    };
    let mut gaps = Vec::new();
    match interfaces(host) {
        Fact::Known(read) => {
            for (line, place) in &read.lines {
                if let Some(program) = ifup_command(line) {
                    let then = "ifup then says that the interface failed";
                    add("ifup", then, program, place.clone());
                }
            }
        }
        Fact::Unknown(unknown) => gaps.push(unknown),
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {}
    }
    for (dir, wireguard) in [
        ("/etc/wireguard", true),
        ("/etc/openvpn", false),
        ("/etc/openvpn/client", false),
        ("/etc/openvpn/server", false),
    ] {
        let files = configurations(host, Path::new(dir));
        gaps.extend(files.gaps);
        for file in &files.items {
            for (text, place) in lines(file) {
                let command = if wireguard {
                    wireguard_command(&text)
                } else {
                    openvpn_command(&text)
                };
                let Some(program) = command else { continue };
                let (by, then) = if wireguard {
                    ("wg-quick", "wg-quick then takes the interface down again")
                } else {
                    ("OpenVPN", "OpenVPN then does not start")
                };
                add(by, then, program, place);
            }
        }
    }
    out.gaps = gaps;
    out
}

fn configurations(host: &Host, dir: &Path) -> Listing<Arc<File>> {
    let mut out = Listing::new();
    let entries = host.tree().entries(dir);
    out.gaps.extend(entries.gaps);
    let named = entries.items.iter();
    for path in named.filter(|path| path.extension().is_some_and(|end| end == "conf")) {
        out.push(host.tree().read(path));
    }
    out
}

fn lines(file: &Arc<File>) -> Vec<(Vec<u8>, Place)> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in file.bytes().split_inclusive(|b| *b == b'\n') {
        let text = line.trim_ascii();
        let lead = line.len() - line.trim_ascii_start().len();
        if !text.is_empty() && !text.starts_with(b"#") && !text.starts_with(b";") {
            let from = start + lead;
            let place = file.place(Span::new(from, from + text.len()));
            lines.push((text.to_vec(), place));
        }
        start += line.len();
    }
    lines
}

/// The program a shell starts first, where it is named by its path and its failure is
/// not provided for.
fn first_program(command: &[u8]) -> Option<&[u8]> {
    let command = command.trim_ascii();
    let end = command.iter().position(u8::is_ascii_whitespace);
    let program = command.get(..end.unwrap_or(command.len()))?;
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"/._-+".contains(b);
    let provided = command.windows(2).any(|pair| pair == b"||");
    let good = program.starts_with(b"/") && program.iter().all(plain) && !provided;
    good.then_some(program)
}

/// `up COMMAND` and its like in interfaces(5).
fn ifup_command(line: &[u8]) -> Option<&[u8]> {
    let end = line.iter().position(u8::is_ascii_whitespace)?;
    let (keyword, command) = line.split_at(end);
    let known = matches!(keyword, b"pre-up" | b"up" | b"post-up");
    first_program(command).filter(|_| known)
}

/// `PostUp = COMMAND` and its like in wg-quick(8).
fn wireguard_command(line: &[u8]) -> Option<&[u8]> {
    let cut = line.iter().position(|b| *b == b'=')?;
    let (keyword, command) = line.split_at(cut);
    let keyword = keyword.trim_ascii().to_ascii_lowercase();
    let known = matches!(keyword.as_slice(), b"preup" | b"postup");
    first_program(command.get(1..)?).filter(|_| known)
}

/// `up COMMAND` and its like in openvpn(8).
fn openvpn_command(line: &[u8]) -> Option<&[u8]> {
    let end = line.iter().position(u8::is_ascii_whitespace)?;
    let (keyword, rest) = line.split_at(end);
    if !OPENVPN.contains(&keyword) {
        return None;
    }
    let rest = rest.trim_ascii();
    let quote = rest.first().copied().filter(|b| matches!(b, b'"' | b'\''));
    let rest = match quote {
        Some(quote) => {
            let inner = rest.get(1..)?;
            inner.get(..inner.iter().position(|b| *b == quote)?)?
        }
        None => rest,
    };
    first_program(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_named_by_their_path_are_taken() {
        let up = |line: &str| ifup_command(line.as_bytes()).map(<[u8]>::to_vec);
        assert_eq!(
            up("up /usr/local/sbin/x eth0"),
            Some(b"/usr/local/sbin/x".to_vec())
        );
        for line in [
            "up ip route add default",
            "up /x || true",
            "up [ -x /x ] && /x",
            "address 192.0.2.1",
            "down /x",
            "up",
            "up $X/y",
        ] {
            assert_eq!(up(line), None, "{line}");
        }
        let wg = wireguard_command(b"PostUp = /etc/wireguard/up.sh %i");
        assert_eq!(wg, Some(&b"/etc/wireguard/up.sh"[..]));
        assert_eq!(wireguard_command(b"PostUp = iptables -A FORWARD"), None);
        let vpn = openvpn_command(b"up \"/etc/openvpn/up.sh a\"");
        assert_eq!(vpn, Some(&b"/etc/openvpn/up.sh"[..]));
        assert_eq!(openvpn_command(b"remote /x"), None);
    }
}
