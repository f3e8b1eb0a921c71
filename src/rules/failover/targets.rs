//! What a command of a hook or check is about.

/// The service that a command starts.
pub(super) fn unit(words: &[&[u8]]) -> Option<String> {
    let (first, rest) = words.split_first()?;
    let base = first.rsplit(|b| *b == b'/').next().unwrap_or(first);
    let quiet = |word: &&&[u8]| !matches!(**word, b"--no-block" | b"-q" | b"--quiet");
    let rest: Vec<&[u8]> = rest.iter().filter(quiet).copied().collect();
    let start: [&[u8]; 3] = [b"start", b"restart", b"reload-or-restart"];
    let (verb, name) = match (base, rest.as_slice()) {
        (b"systemctl", [verb, name]) | (b"service", [name, verb]) => (*verb, *name),
        _ => return None,
    };
    if !start.contains(&verb) {
        return None;
    }
    let name = std::str::from_utf8(name).ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-@:".contains(c);
    if name.is_empty() || name.starts_with('-') || !name.chars().all(plain) {
        return None;
    }
    let ends = [
        ".target", ".timer", ".socket", ".path", ".mount", ".slice", ".scope",
    ];
    if ends.iter().any(|end| name.ends_with(end)) {
        return None;
    }
    Some(name.strip_suffix(".service").unwrap_or(name).to_owned())
}

/// The interface that a command is about.
pub(super) fn interface<'a>(words: &[&'a [u8]]) -> Option<&'a [u8]> {
    let (first, rest) = words.split_first()?;
    let base = first.rsplit(|b| *b == b'/').next().unwrap_or(first);
    let behind = |key: &[u8]| {
        let at = rest.iter().position(|word| *word == key)?;
        rest.get(at + 1).copied()
    };
    match base {
        b"ip" if rest.contains(&&b"link"[..]) && rest.contains(&&b"add"[..]) => None,
        b"ip" => behind(b"dev").or_else(|| behind(b"set").filter(|w| *w != b"dev")),
        b"ping" | b"arping" | b"ping6" => behind(b"-I"),
        b"ethtool" => rest.last().copied(),
        b"cat" => {
            let path = rest.first()?.strip_prefix(b"/sys/class/net/")?;
            path.split(|b| *b == b'/').next()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<&[u8]> {
        line.split_whitespace().map(str::as_bytes).collect()
    }

    #[test]
    fn a_service_is_named_where_one_is_started() {
        let name = |line: &str| unit(&words(line));
        let squid = Some("squid".to_owned());
        assert_eq!(name("/bin/systemctl --no-block start squid.service"), squid);
        assert_eq!(name("service squid restart"), squid);
        for line in [
            "systemctl stop squid",
            "systemctl start --user squid",
            "systemctl start a b",
            "systemctl start web.target",
            "systemctl start squid*",
            "squid start",
        ] {
            assert_eq!(name(line), None, "{line}");
        }
    }

    #[test]
    fn an_interface_is_named_by_the_tools_of_the_network() {
        let name = |line: &str| {
            let words = words(line);
            interface(&words).map(|name| String::from_utf8_lossy(name).into_owned())
        };
        for line in [
            "ip route add default dev eth7",
            "ip link set eth7 up",
            "ip link set dev eth7 up",
            "ping -I eth7 192.0.2.1",
            "ethtool eth7",
            "cat /sys/class/net/eth7/carrier",
        ] {
            assert_eq!(name(line).as_deref(), Some("eth7"), "{line}");
        }
        for line in [
            "ip link add eth7 type dummy",
            "ip route del default",
            "cat /etc/motd",
        ] {
            assert_eq!(name(line), None, "{line}");
        }
    }
}
