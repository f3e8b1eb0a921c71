//! `failover-check-too-shallow`: checks that a hung service passes.

use crate::fact::Stop;
use crate::facts::{Host, checks};
use crate::parse::keepalived::{Config, Tracked};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::{Place, escape};

use super::trackers::trackers;

pub(in crate::rules) struct CheckTooShallow;

/// How much a command sees of a service.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// That a process exists, or a port is open: both hold for a stopped process.
    Shell(&'static str),
    /// Nothing of it either way: it reports, or pauses.
    Aside,
    /// More, or something else.
    More,
}

const EXISTS: &str = "a process exists";
const LISTENS: &str = "a port is open";

/// What a command looks at. A stopped web server passed all of the first two sorts.
fn sight(argv: &[Vec<u8>]) -> Sight {
    let Some(first) = argv.first() else {
        return Sight::Aside;
    };
    let base = first.rsplit(|b| *b == b'/').next().unwrap_or(first);
    let has = |word: &[u8]| argv.iter().any(|w| w == word);
    let starts = |start: &[u8]| argv.iter().skip(1).any(|w| w.starts_with(start));
    match base {
        b"pidof" | b"pgrep" | b"ps" => Sight::Shell(EXISTS),
        b"killall" | b"kill" | b"pkill" | b"killall5" => {
            let asks = has(b"-0") || (has(b"-s") || has(b"--signal")) && has(b"0");
            if asks {
                Sight::Shell(EXISTS)
            } else {
                Sight::Aside
            }
        }
        b"systemctl" if has(b"is-active") || has(b"status") => Sight::Shell(EXISTS),
        b"service" | b"rc-service" if has(b"status") => Sight::Shell(EXISTS),
        b"nc" | b"ncat" | b"netcat" if starts(b"-z") || starts(b"-vz") || starts(b"-nz") => {
            Sight::Shell(LISTENS)
        }
        b"ss" | b"netstat" | b"lsof" | b"fuser" => Sight::Shell(LISTENS),
        b"echo" | b"printf" | b"logger" | b"sleep" | b"true" | b"false" | b"exit" | b"date"
        | b"grep" | b"egrep" | b"wc" | b"awk" | b"sed" | b"cut" | b"head" | b"tail" | b"cat"
        | b"test" | b"[" | b"tr" | b"systemctl" | b"service" | b"mail" => Sight::Aside,
        _ => Sight::More,
    }
}

/// What a tracked script sees, and where it is defined.
fn script(host: &Host, config: &Config, tracked: &Tracked) -> Option<(Sight, Place)> {
    let found = config
        .scripts
        .iter()
        .find(|s| s.name.value == tracked.name.value)?;
    let command = found.command.as_ref()?;
    let argv: Vec<Vec<u8>> = command.argv.iter().map(|w| w.value.clone()).collect();
    let first = argv.first()?;
    let sees = if first.starts_with(b"</dev/tcp/") {
        Sight::Shell(LISTENS)
    } else {
        match sight(&argv) {
            Sight::More => {
                let commands = checks::commands(host, &argv)?;
                let all: Vec<Sight> = commands.iter().map(|argv| sight(argv)).collect();
                let shell = all.iter().find(|s| matches!(s, Sight::Shell(_)));
                match shell {
                    Some(shell) if !all.contains(&Sight::More) => *shell,
                    _ => Sight::More,
                }
            }
            other => other,
        }
    };
    Some((sees, command.place.clone()))
}

impl Rule for CheckTooShallow {
    fn id(&self) -> &'static str {
        "failover-check-too-shallow"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let config = &failover.config;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        for instance in &config.instances {
            let found = trackers(config, instance);
            if found.scripts.is_empty() && found.processes.is_empty() {
                continue;
            }
            out.judged += 1;
            let mut seen: Vec<(&str, Place)> = Vec::new();
            let mut more = false;
            for tracked in &found.scripts {
                match script(host, config, tracked) {
                    Some((Sight::Shell(what), place)) => seen.push((what, place)),
                    // A check that is not known may see all there is.
                    Some((Sight::More, _)) | None => more = true,
                    Some((Sight::Aside, _)) => {}
                }
            }
            for process in &instance.track_processes {
                seen.push((EXISTS, process.name.place.clone()));
            }
            let Some((what, place)) = seen.first().filter(|_| !more) else {
                continue;
            };
            let name = escape(&instance.name.value);
            let message = format!("instance {name} does not notice a service that hangs");
            let label = format!("asks only whether {what}");
            let at = Evidence::span(place.clone(), label);
            let others = seen.iter().skip(1).take(3);
            let others = others.map(|(what, place)| {
                Evidence::span(place.clone(), format!("so does this: {what}"))
            });
            out.push(
                Finding::new(self.id(), name, message, at)
                    .with_all(others)
                    .confidence(Confidence::Likely)
                    .at_most(Level::Warn),
            );
        }
        out.or_not_applicable("no instance has a check")
    }
}
