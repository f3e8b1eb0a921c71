//! What sshd takes as the value of each keyword (OpenSSH 9.2 `servconf.c`, `misc.c`,
//! `addr.c`, `auth2.c`).

use super::address::{networks, qos};
use super::keyword::{Keyword, Kind};
use super::names::{self, Verdict};
use super::{Build, World};

/// A value that is not taken, or of which that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is refused.
    Bad(String),
    /// It may be.
    Open(String),
}

fn bad<T>(why: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Bad(why.into()))
}

/// Judges the arguments of a keyword. How many of them it takes; what is left over is
/// refused by the caller.
pub(super) fn check(
    keyword: Keyword,
    args: &[Vec<u8>],
    build: Build,
    world: &dyn World,
) -> Result<usize, Fault> {
    let newer = |since: (u32, u32)| build.version.is_none_or(|version| version >= since);
    let first = args.first().filter(|arg| !arg.is_empty());
    let word = || match first {
        Some(arg) => Ok(arg.as_slice()),
        None => bad("its value is missing"),
    };
    let all = args.len();
    match keyword.kind {
        Kind::One(words) => {
            let arg = word()?;
            let is_one = words
                .iter()
                .any(|word| arg.eq_ignore_ascii_case(word.as_bytes()));
            if is_one {
                Ok(1)
            } else {
                bad(format!("{} is not one of its values", shown(arg)))
            }
        }
        Kind::Exact(words) => {
            let arg = word()?;
            let is_one = words.iter().any(|word| arg == word.as_bytes());
            if is_one {
                Ok(1)
            } else {
                bad(format!("{} is not one of its values", shown(arg)))
            }
        }
        Kind::Word => word().map(|_| 1),
        Kind::Time => time(word()?).map(|()| 1),
        Kind::TimeOrNone => {
            let arg = word()?;
            if arg.eq_ignore_ascii_case(b"none") {
                Ok(1)
            } else {
                time(arg).map(|()| 1)
            }
        }
        Kind::Int => number(word()?).map(|()| 1),
        Kind::Port => match port(word()?, world) {
            Some(1..) => Ok(1),
            _ => bad(format!("{} is no port", shown(word()?))),
        },
        Kind::Listen => listen(args, world),
        Kind::Rekey => rekey(args),
        Kind::Verbose => {
            if args.iter().any(Vec::is_empty) {
                return bad("an argument is empty");
            }
            let none = args.iter().any(|arg| arg.eq_ignore_ascii_case(b"none"));
            if none && all > 1 {
                bad("none must stand alone")
            } else {
                some(all, newer((9, 7)))
            }
        }
        Kind::Users => {
            for arg in args {
                let host = arg
                    .iter()
                    .position(|b| *b == b'@')
                    .and_then(|at| arg.get(at + 1..));
                let fits = host.is_none_or(networks);
                if arg.is_empty() || !fits {
                    return bad(format!("{} is no pattern of users", shown(arg)));
                }
            }
            some(all, newer((9, 7)))
        }
        Kind::Groups => {
            if args.iter().any(Vec::is_empty) {
                return bad("an argument is empty");
            }
            some(all, newer((9, 7)))
        }
        Kind::Names(family) => match names::check(word()?, family, build) {
            Verdict::Fine => Ok(1),
            Verdict::Bad(name) => bad(format!(
                "this sshd does not know {}",
                shown(name.as_bytes())
            )),
            Verdict::Open(name) => {
                let name = shown(name.as_bytes());
                Err(Fault::Open(format!(
                    "whether this sshd knows {name} is not known"
                )))
            }
        },
        Kind::PubkeyOptions => {
            let known = ["none", "touch-required", "verify-required"];
            let is_known =
                |arg: &Vec<u8>| known.iter().any(|k| arg.eq_ignore_ascii_case(k.as_bytes()));
            if args.iter().all(is_known) {
                Ok(all)
            } else {
                bad("an option is not known")
            }
        }
        Kind::MaxStartups => startups(word()?).map(|()| 1),
        Kind::NetBlock => {
            let parts: Vec<Option<i64>> = word()?.split(|b| *b == b':').map(int).collect();
            match parts.as_slice() {
                [Some(0..=32)] | [Some(0..=32), Some(0..=128)] => Ok(1),
                _ => bad("it is no prefix length"),
            }
        }
        Kind::PerSource => {
            let arg = word()?;
            if arg == b"none" {
                Ok(1)
            } else {
                number(arg).map(|()| 1)
            }
        }
        Kind::Penalties => penalties(args),
        Kind::Networks => {
            if networks(word()?) {
                Ok(1)
            } else {
                bad("it is no list of networks")
            }
        }
        Kind::Files => {
            if args.iter().any(Vec::is_empty) {
                return bad("an argument is empty");
            }
            some(all, newer((9, 7)))
        }
        Kind::AcceptEnv => {
            if args.iter().any(|arg| arg.is_empty() || arg.contains(&b'=')) {
                return bad("it is no name of a variable");
            }
            some(all, newer((9, 7)))
        }
        Kind::SetEnv => {
            if args.iter().any(|arg| !arg.contains(&b'=')) {
                return bad("it sets no variable");
            }
            some(all, newer((9, 7)))
        }
        Kind::Include => {
            if args.iter().any(Vec::is_empty) || args.is_empty() {
                return bad("a file name is missing");
            }
            Ok(all)
        }
        // Read by their callers.
        Kind::Match | Kind::Gone | Kind::Rest => Ok(all),
        Kind::Open | Kind::OpenListen => opens(args, keyword.kind == Kind::OpenListen, world),
        Kind::Command => {
            let arg = word()?;
            let fits = arg.starts_with(b"/") || arg.eq_ignore_ascii_case(b"none");
            if fits {
                Ok(all)
            } else {
                bad("it must be an absolute path")
            }
        }
        Kind::Methods => methods(args),
        Kind::Mask => {
            // `strtol` ends at the first digit that is none of its own.
            let digits = word()?.iter().take_while(|b| (b'0'..=b'7').contains(b));
            let digits: Vec<u64> = digits.take(12).map(|b| u64::from(b - b'0')).collect();
            let value = digits.iter().fold(0, |sum, digit| sum * 8 + digit);
            let fits = !digits.is_empty() && value <= 0o777;
            if fits {
                Ok(1)
            } else {
                bad("it is no mask in octal digits")
            }
        }
        Kind::RDomain => bad("Linux has no routing domains"),
        Kind::Subsystem => match args.get(1).filter(|arg| !arg.is_empty()) {
            Some(_) if first.is_some() => Ok(all),
            _ => bad("its command is missing"),
        },
        Kind::ChannelTimeout => {
            let none = args.iter().any(|arg| arg.eq_ignore_ascii_case(b"none"));
            if none {
                return if all == 1 {
                    Ok(1)
                } else {
                    bad("none must stand alone")
                };
            }
            for arg in args {
                let at = arg.iter().position(|b| *b == b'=').filter(|at| *at > 0);
                match at.and_then(|at| arg.get(at + 1..)) {
                    Some(span) => time(span)?,
                    None => return bad("it is no timeout of a channel"),
                }
            }
            some(all, newer((9, 7)))
        }
        Kind::IpQos => {
            for arg in args.iter().take(2) {
                if !qos(arg, newer((9, 8))) {
                    return bad(format!("{} is no class of traffic", shown(arg)));
                }
            }
            word().map(|_| all.min(2))
        }
    }
}

/// A list that since 9.7 must not be empty.
fn some(count: usize, must: bool) -> Result<usize, Fault> {
    if count == 0 && must {
        bad("its value is missing")
    } else {
        Ok(count)
    }
}

fn shown(bytes: &[u8]) -> String {
    crate::text::escape(bytes)
}

/// A whole number as `scanf` takes it.
fn int(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `strtonum` to the largest `int`.
fn number(text: &[u8]) -> Result<(), Fault> {
    match int(text) {
        Some(0..=0x7fff_ffff) => Ok(()),
        _ => bad(format!("{} is no number", shown(text))),
    }
}

/// `a2port`: a number, or the name of a service.
pub(super) fn port(text: &[u8], world: &dyn World) -> Option<u16> {
    match int(text) {
        Some(number) => u16::try_from(number).ok(),
        None => world.service(text),
    }
}

/// `convtime`: numbers, each with a unit or without.
pub(super) fn time(text: &[u8]) -> Result<(), Fault> {
    let wrong = || bad(format!("{} is no span of time", shown(text)));
    let mut rest = text;
    let mut total: u64 = 0;
    if rest.is_empty() {
        return wrong();
    }
    while !rest.is_empty() {
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (number, behind) = rest.split_at(digits);
        let Some(seconds) = int(number).and_then(|n| u64::try_from(n).ok()) else {
            return wrong();
        };
        let (unit, behind) = match behind.split_first() {
            None => (1, behind),
            Some((letter, behind)) => match letter.to_ascii_lowercase() {
                b's' => (1, behind),
                b'm' => (60, behind),
                b'h' => (3600, behind),
                b'd' => (86400, behind),
                b'w' => (604_800, behind),
                _ => return wrong(),
            },
        };
        total = total.saturating_add(seconds.saturating_mul(unit));
        if total > 0x7fff_ffff {
            return wrong();
        }
        rest = behind;
    }
    Ok(())
}

/// An address and a port of `ListenAddress`: what is taken before the port.
pub(super) fn split_host(text: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let colons = text.split(|b| *b == b':').skip(2).count();
    if !text.contains(&b'[') && colons > 0 {
        return Some((text.to_vec(), None));
    }
    let end = if text.starts_with(b"[") {
        text.iter().position(|b| *b == b']')? + 1
    } else {
        let end = text.iter().position(|b| matches!(b, b':' | b'/'));
        end.unwrap_or(text.len())
    };
    let (host, rest) = text.split_at(end);
    let host = host
        .strip_prefix(b"[")
        .and_then(|h| h.strip_suffix(b"]"))
        .unwrap_or(host);
    match rest.split_first() {
        None => Some((host.to_vec(), None)),
        Some((b':', port)) => Some((host.to_vec(), Some(port.to_vec()))),
        Some(_) => None,
    }
}

fn listen(args: &[Vec<u8>], world: &dyn World) -> Result<usize, Fault> {
    let Some(first) = args.first().filter(|arg| !arg.is_empty()) else {
        return bad("its address is missing");
    };
    match split_host(first) {
        None => return bad(format!("{} is no address", shown(first))),
        Some((_, Some(text))) if !matches!(port(&text, world), Some(1..)) => {
            return bad(format!("{} is no port", shown(&text)));
        }
        Some(_) => {}
    }
    // `rdomain` is for OpenBSD and, by a table of its own, for Linux's VRF devices.
    match args.get(1) {
        None => Ok(1),
        Some(word) if word == b"rdomain" && args.len() > 2 => {
            Err(Fault::Open("routing domains are not followed".to_owned()))
        }
        Some(_) => bad("something stands behind the address"),
    }
}

fn rekey(args: &[Vec<u8>]) -> Result<usize, Fault> {
    let Some(first) = args.first().filter(|arg| !arg.is_empty()) else {
        return bad("its value is missing");
    };
    if first != b"default" {
        // `scan_scaled`: a number, perhaps with a fraction, and a letter.
        let text = String::from_utf8_lossy(first).to_ascii_lowercase();
        let scaled = text.trim_end_matches(['b', 'k', 'm', 'g', 't', 'p', 'e']);
        let letters = text.len() - scaled.len();
        let Some(value) = scaled.parse::<f64>().ok().filter(|_| letters <= 1) else {
            return bad(format!("{} is no amount of data", shown(first)));
        };
        let small = letters == 0 || text.ends_with('b');
        if value != 0.0 && value < 16.0 && small {
            return bad("it is too small");
        }
    }
    match args.get(1) {
        None => Ok(1),
        Some(word) if word == b"none" => Ok(2),
        Some(span) => time(span).map(|()| 2),
    }
}

fn startups(text: &[u8]) -> Result<(), Fault> {
    let parts: Vec<Option<i64>> = text.split(|b| *b == b':').map(int).collect();
    match parts.as_slice() {
        [Some(1..)] => Ok(()),
        [Some(begin @ 1..), Some(1..=100), Some(full @ 1..)] if begin <= full => Ok(()),
        _ => bad(format!("{} is no limit of connections", shown(text))),
    }
}

fn penalties(args: &[Vec<u8>]) -> Result<usize, Fault> {
    for arg in args {
        let text = String::from_utf8_lossy(arg).into_owned();
        if text.eq_ignore_ascii_case("yes") || text.eq_ignore_ascii_case("no") {
            if arg != args.last().unwrap_or(arg) {
                return bad("yes and no must stand alone");
            }
            continue;
        }
        let (name, value) = text.split_once(':').unwrap_or((&text, ""));
        match name {
            "crash" | "authfail" | "noauth" | "grace-exceeded" | "refuseconnection" | "max"
            | "min" | "invaliduser" => time(value.as_bytes())?,
            "max-sources4" | "max-sources6" => number(value.as_bytes())?,
            "overflow" | "overflow6" if matches!(value, "deny-all" | "permissive") => {}
            _ => return bad(format!("{} is no penalty", shown(arg))),
        }
    }
    some(args.len(), true)
}

fn opens(args: &[Vec<u8>], listen: bool, world: &dyn World) -> Result<usize, Fault> {
    let Some(first) = args.first().filter(|arg| !arg.is_empty()) else {
        return bad("its value is missing");
    };
    if matches!(first.as_slice(), b"any" | b"none") {
        return Ok(1);
    }
    let is_port = |text: &[u8]| text == b"*" || port(text, world).is_some();
    for arg in args {
        let fits = if listen && !arg.contains(&b':') {
            is_port(arg)
        } else {
            matches!(split_host(arg), Some((_, Some(port))) if is_port(&port))
        };
        if !fits {
            return bad(format!("{} has no port", shown(arg)));
        }
    }
    Ok(args.len())
}

/// Methods of authentication of Debian's build (`auth2.c`).
const METHODS: [&str; 7] = [
    "none",
    "publickey",
    "password",
    "keyboard-interactive",
    "hostbased",
    "gssapi-with-mic",
    "gssapi-keyex",
];

fn methods(args: &[Vec<u8>]) -> Result<usize, Fault> {
    if args.is_empty() {
        return bad("its value is missing");
    }
    let any = args.iter().any(|arg| arg == b"any");
    if any && args.len() > 1 {
        return bad("any must stand alone");
    }
    for list in args.iter().filter(|_| !any) {
        for method in list.split(|b| *b == b',') {
            let name = method.split(|b| *b == b':').next().unwrap_or(method);
            if !METHODS.iter().any(|known| known.as_bytes() == name) {
                return bad(format!("{} is no method", shown(method)));
            }
        }
    }
    Ok(args.len())
}
