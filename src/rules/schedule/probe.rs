//! Programs that ask the network, and wait as long as it takes.

use crate::fact::Fact;
use crate::facts::Host;
use crate::shell::{Action, Effect, Outcome, Scope};
use crate::text::Place;

/// A command that may hang.
pub(super) struct Probe {
    pub(super) place: Place,
    /// The program.
    pub(super) name: String,
    /// What would limit it, and is not there.
    pub(super) why: &'static str,
    /// Whether something else depends on what it says.
    pub(super) decides: bool,
}

/// The first probe of a call that nothing limits; `around` are the lines that start it.
pub(super) fn probe(host: &Host, outcome: &Outcome, around: &[&Place]) -> Option<Probe> {
    // A limit anywhere on the way is one, whatever its name.
    let limited = |place: &Place| {
        let text = place.bytes().to_ascii_lowercase();
        let words: [&[u8]; 3] = [b"timeout", b"timelimit", b"max-time"];
        words
            .iter()
            .any(|word| text.windows(word.len()).any(|part| part == *word))
    };
    if around.iter().any(|place| limited(place)) {
        return None;
    }
    let mut effects = outcome.effects.iter();
    effects.find_map(|effect| {
        let (name, why) = unlimited(host, effect)?;
        if limited(&effect.place) || effect.via.iter().any(&limited) {
            return None;
        }
        let words = String::from_utf8_lossy(effect.place.bytes()).into_owned();
        let asks = |other: &Effect| {
            let mut conditions = other.reach.conditions().iter();
            conditions.any(|condition| condition.text.contains(words.trim()))
        };
        Some(Probe {
            place: effect.place.clone(),
            name,
            why,
            decides: outcome.effects.iter().any(asks),
        })
    })
}

fn unlimited(host: &Host, effect: &Effect) -> Option<(String, &'static str)> {
    let Action::Run { argv, .. } = &effect.action else {
        return None;
    };
    if effect.scope != Scope::Here {
        return None;
    }
    // A word that is not known may be the limit.
    let words: Option<Vec<&[u8]>> = argv.iter().map(|word| word.bytes()).collect();
    let known = words.is_some();
    let words: Vec<&[u8]> = argv.iter().map_while(|word| word.bytes()).collect();
    let (first, rest) = words.split_first()?;
    let base = first.rsplit(|b| *b == b'/').next()?;
    let why = why(base, rest, known)?;
    if base == b"df" && !hard_network_mount(host) {
        return None;
    }
    Some((String::from_utf8_lossy(base).into_owned(), why))
}

/// What would limit a program, where nothing does.
fn why(base: &[u8], words: &[&[u8]], known: bool) -> Option<&'static str> {
    let short = |letters: &[u8]| {
        words.iter().any(|word| {
            let cluster = word.starts_with(b"-") && !word.starts_with(b"--");
            cluster && letters.iter().any(|letter| word.contains(letter))
        })
    };
    let long = |names: &[&[u8]]| {
        words
            .iter()
            .any(|word| names.iter().any(|name| word.starts_with(name)))
    };
    let asks = words.iter().any(|word| !word.starts_with(b"-"));
    match base {
        // curl(1): without --max-time a transfer may take for ever.
        b"curl" => {
            let limits: [&[u8]; 6] = [
                b"--max-time",
                b"--connect-timeout",
                b"--speed",
                b"--config",
                b"--version",
                b"--help",
            ];
            let free = known && asks && !short(b"myYKVh") && !long(&limits);
            free.then_some("has no --max-time")
        }
        // ping(8) of iputils: without -c or -w it goes on until it is interrupted.
        b"ping" | b"ping6" => {
            let limits: [&[u8]; 3] = [b"--count", b"--help", b"--version"];
            let free = known && asks && !short(b"cwhV") && !long(&limits);
            free.then_some("has neither -c nor -w: it never ends")
        }
        // nc(1): without -w an open connection is kept.
        b"nc" | b"netcat" | b"ncat" => {
            let limits: [&[u8]; 3] = [b"--wait", b"--idle", b"--help"];
            let free = known && asks && !short(b"wzlhi") && !long(&limits);
            free.then_some("has no -w")
        }
        // df(1) asks every file system for its size; a hard NFS mount waits for ever.
        b"df" => {
            let bound = short(b"lt") || long(&[b"--local", b"--type"]) || asks;
            (known && !bound).then_some("asks every file system, hard network mounts too")
        }
        _ => None,
    }
}

/// Whether fstab has a network file system that waits for its server for ever (nfs(5):
/// `hard` is what is taken where `soft` or `softerr` is not given).
fn hard_network_mount(host: &Host) -> bool {
    if !matches!(host.mounts().fstab, Fact::Known(_)) {
        return false;
    }
    host.mounts().plans.iter().any(|plan| {
        let nfs = matches!(plan.entry.kind.as_slice(), b"nfs" | b"nfs4");
        let mut options = plan.entry.option_text.split(|b| *b == b',');
        nfs && !options.any(|option| matches!(option, b"soft" | b"softerr" | b"noauto"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hangs(line: &str) -> bool {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let (first, rest) = words.split_first().unwrap();
        why(first, rest, true).is_some()
    }

    #[test]
    fn a_probe_with_any_limit_does_not_hang() {
        for line in [
            "curl -s http://app/health",
            "curl -fsS https://app/",
            "ping 192.0.2.1",
            "nc app 80",
            "df -h",
            "df",
        ] {
            assert!(hangs(line), "{line}");
        }
        for line in [
            "curl -m 5 http://app/",
            "curl -sSfm5 http://app/",
            "curl --max-time=5 http://app/",
            "curl --connect-timeout 5 http://app/",
            "curl --version",
            "curl -y 10 http://app/",
            "ping -c 3 192.0.2.1",
            "ping -qc3 192.0.2.1",
            "ping -w 5 192.0.2.1",
            "nc -w 3 app 80",
            "nc -zv app 80",
            "df -l",
            "df /",
            "wget -q http://app/",
            "logger x",
        ] {
            assert!(!hangs(line), "{line}");
        }
    }
}
