//! Programs that network configuration starts by their path.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fact::{Fact, Listing, Looked, Unknown};
use crate::facts::Host;
use crate::shell::DEFAULT_DIRS;
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

/// What wg-quick's commands mostly are, looked up along the path that systemd gives
/// services; a shell knows other words by itself.
const BY_NAME: [&[u8]; 12] = [
    b"ip",
    b"iptables",
    b"ip6tables",
    b"nft",
    b"ipset",
    b"ufw",
    b"firewall-cmd",
    b"resolvconf",
    b"resolvectl",
    b"sysctl",
    b"tc",
    b"conntrack",
];

/// The programs with an absolute path that wg-quick, `OpenVPN` and udev would start; what
/// ifup runs is a matter of its own.
#[must_use]
pub fn commanded(host: &Host) -> Listing<Commanded> {
    let mut out = Listing::new();
    let mut add = |by, then, program: &[u8], place: Place| {
        use std::os::unix::ffi::OsStrExt as _;
        let program = PathBuf::from(std::ffi::OsStr::from_bytes(program));
        let found = if program.is_absolute() {
            host.resolve(&program)
        } else {
            along_path(host, &program)
        };
        out.items.push(Commanded {
            by,
            then,
            program,
            place,
            found,
        });
    };
    let mut gaps = Vec::new();
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
    for path in udev_rules(host, &mut gaps) {
        match host.tree().read(&path) {
            Fact::Known(file) => {
                for (program, place) in udev_commands(&file) {
                    add("udev", "udev then logs it and goes on", &program, place);
                }
            }
            Fact::Unknown(unknown) => gaps.push(unknown),
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {}
        }
    }
    out.gaps = gaps;
    out
}

/// What is at a name along the path that systemd gives services (systemd.exec(5)).
fn along_path(host: &Host, name: &Path) -> Fact<Found> {
    let mut looked = Looked {
        paths: Vec::new(),
        notes: Vec::new(),
    };
    for dir in DEFAULT_DIRS {
        let path = Path::new(dir).join(name);
        match host.resolve(&path) {
            Fact::Absent(_) => looked.paths.push(path),
            other => return other,
        }
    }
    Fact::Absent(looked)
}

/// The lines of each configuration of `OpenVPN`, comments left out.
#[must_use]
pub fn openvpn_files(host: &Host) -> Listing<Vec<(Vec<u8>, Place)>> {
    let mut out = Listing::new();
    for dir in ["/etc/openvpn", "/etc/openvpn/client", "/etc/openvpn/server"] {
        let files = configurations(host, Path::new(dir));
        out.gaps.extend(files.gaps);
        out.items.extend(files.items.iter().map(lines));
    }
    out
}

/// The site's own rules of udev; those of packages may name what is not installed.
fn udev_rules(host: &Host, gaps: &mut Vec<Unknown>) -> Vec<PathBuf> {
    let entries = host.tree().entries(Path::new("/etc/udev/rules.d"));
    gaps.extend(entries.gaps);
    let rules = |path: &PathBuf| path.extension().is_some_and(|end| end == "rules");
    entries.items.into_iter().filter(rules).collect()
}

/// The programs of `RUN` in rules for interfaces (udev(7)), but where the rule asks
/// whether a file is there.
fn udev_commands(file: &Arc<File>) -> Vec<(Vec<u8>, Place)> {
    let mut found = Vec::new();
    for (text, place) in lines(file) {
        let text = String::from_utf8_lossy(&text).into_owned();
        if !text.contains("\"net\"") || text.contains("TEST") {
            continue;
        }
        let mut rest = text.as_str();
        while let Some(at) = rest.find("RUN") {
            rest = rest.get(at + 3..).unwrap_or("");
            let value = rest.strip_prefix("{program}").unwrap_or(rest).trim_start();
            let value = value.trim_start_matches(['+', ':']);
            let value = value.strip_prefix('=').map(str::trim_start);
            let value = value.and_then(|value| value.strip_prefix('"'));
            let command = value.and_then(|value| value.split('"').next());
            let program = command.and_then(|command| first_program(command.as_bytes()));
            found.extend(program.map(|program| (program.to_vec(), place.clone())));
        }
    }
    found
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

/// `PostUp = COMMAND` and its like in wg-quick(8).
fn wireguard_command(line: &[u8]) -> Option<&[u8]> {
    let cut = line.iter().position(|b| *b == b'=')?;
    let (keyword, command) = line.split_at(cut);
    let keyword = keyword.trim_ascii().to_ascii_lowercase();
    let known = matches!(keyword.as_slice(), b"preup" | b"postup");
    if !known {
        return None;
    }
    first_program(command.get(1..)?).or_else(|| by_name(command.get(1..)?))
}

/// The program that is named without its path, where it is one of [`BY_NAME`] and its
/// failure is not provided for.
fn by_name(command: &[u8]) -> Option<&[u8]> {
    let command = command.trim_ascii();
    let end = command.iter().position(u8::is_ascii_whitespace);
    let program = command.get(..end.unwrap_or(command.len()))?;
    let provided = command.windows(2).any(|pair| pair == b"||");
    (BY_NAME.contains(&program) && !provided).then_some(program)
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
        let up = |line: &str| first_program(line.as_bytes()).map(<[u8]>::to_vec);
        assert_eq!(
            up("/usr/local/sbin/x eth0"),
            Some(b"/usr/local/sbin/x".to_vec())
        );
        for line in [
            "ip route add default",
            "/x || true",
            "[ -x /x ] && /x",
            "192.0.2.1",
            "",
            "$X/y",
        ] {
            assert_eq!(up(line), None, "{line}");
        }
        let wg = wireguard_command(b"PostUp = /etc/wireguard/up.sh %i");
        assert_eq!(wg, Some(&b"/etc/wireguard/up.sh"[..]));
        let name = wireguard_command(b"PostUp = iptables -A FORWARD -i %i -j ACCEPT");
        assert_eq!(name, Some(&b"iptables"[..]));
        for line in [
            "PostUp = echo 1",
            "PostUp = iptables -A X || true",
            "PostDown = iptables -D X",
        ] {
            assert_eq!(wireguard_command(line.as_bytes()), None, "{line}");
        }
        let vpn = openvpn_command(b"up \"/etc/openvpn/up.sh a\"");
        assert_eq!(vpn, Some(&b"/etc/openvpn/up.sh"[..]));
        assert_eq!(openvpn_command(b"remote /x"), None);
    }

    #[test]
    fn rules_of_udev_name_programs_for_interfaces() {
        let programs = |text: &str| {
            let found = udev_commands(&File::new("/etc/udev/rules.d/a.rules", text));
            let text = |(program, _): &(Vec<u8>, Place)| String::from_utf8(program.clone());
            found.iter().map(|p| text(p).unwrap()).collect::<Vec<_>>()
        };
        let rule =
            "SUBSYSTEM==\"net\", ACTION==\"add\", RUN+=\"/sbin/a %k\", RUN{program}=\"/b\"\n";
        assert_eq!(programs(rule), ["/sbin/a", "/b"]);
        for rule in [
            "SUBSYSTEM==\"block\", RUN+=\"/a\"\n",
            "SUBSYSTEM==\"net\", TEST==\"/a\", RUN+=\"/a\"\n",
            "SUBSYSTEM==\"net\", RUN{builtin}+=\"kmod\"\n",
            "#SUBSYSTEM==\"net\", RUN+=\"/a\"\n",
            "SUBSYSTEM==\"net\", RUN",
        ] {
            assert!(programs(rule).is_empty(), "{rule}");
        }
    }
}
