//! `failover-addresses-foreign`: a manager of the network that takes away what keepalived
//! set when it is started again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::parse::unit;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::source::Glob;
use crate::text::{File, Place, escape};

pub(in crate::rules) struct AddressesForeign;

/// Where systemd-networkd reads, the first file of a name counts (systemd.network(5)).
const DIRECTORIES: [&str; 4] = [
    "/etc/systemd/network",
    "/run/systemd/network",
    "/usr/local/lib/systemd/network",
    "/usr/lib/systemd/network",
];

/// A file of systemd-networkd, and what is laid over it.
struct Network {
    file: Arc<File>,
    over: Vec<Arc<File>>,
}

/// The files of one name-ending in some directories: the first of a name counts.
fn listed(host: &Host, dirs: &[PathBuf], end: &[u8], out: &mut Findings) -> Vec<Arc<File>> {
    let mut named: Vec<(Vec<u8>, Arc<File>)> = Vec::new();
    for dir in dirs {
        let entries = host.tree().entries(dir);
        out.open.extend(entries.gaps);
        for path in entries.items {
            let name = path.file_name().map_or(&[][..], |n| n.as_encoded_bytes());
            if !name.ends_with(end) || named.iter().any(|(known, _)| known == name) {
                continue;
            }
            match host.tree().read(&path) {
                Fact::Known(file) => named.push((name.to_vec(), file)),
                other => out.gap(&other),
            }
        }
    }
    named.sort_by(|a, b| a.0.cmp(&b.0));
    named.into_iter().map(|(_, file)| file).collect()
}

/// The files of systemd-networkd in the order in which they are tried.
fn files(host: &Host, out: &mut Findings) -> Vec<Network> {
    let dirs = DIRECTORIES.map(PathBuf::from);
    let files = listed(host, &dirs, b".network", out);
    let over = |file: &Arc<File>, out: &mut Findings| {
        let name = file.path().file_name().map_or_else(Default::default, |n| {
            let mut name = n.to_os_string();
            name.push(".d");
            name
        });
        let dirs: Vec<PathBuf> = DIRECTORIES
            .iter()
            .map(|dir| Path::new(dir).join(&name))
            .collect();
        listed(host, &dirs, b".conf", out)
    };
    files
        .into_iter()
        .map(|file| Network {
            over: over(&file, out),
            file,
        })
        .collect()
}

/// What a file says of an interface.
enum Match {
    /// It is asked for by its name, here.
    Named(Place),
    /// It may be meant by something else: an address, a driver, a kind.
    Perhaps,
    /// Another one is meant, or none (an empty `[Match]` matches nothing).
    No,
}

fn matched(file: &Arc<File>, interface: &str) -> Match {
    let parsed = unit::parse(file, None);
    let mut found = Match::No;
    for line in parsed.section("Match") {
        if line.key != "Name" {
            if matches!(found, Match::No) {
                found = Match::Perhaps;
            }
            continue;
        }
        let value = line.value.text().into_owned();
        if value.starts_with('!') {
            return Match::Perhaps;
        }
        let fits = |word: &str| Glob::parse(word).is_some_and(|r| r.is_match(interface.as_bytes()));
        if !value.split_whitespace().any(fits) {
            return Match::No;
        }
        found = Match::Named(line.place.clone());
    }
    found
}

impl Network {
    /// The last value of a key, of the file or of what is laid over it.
    fn last(&self, section: &str, key: &str) -> Option<String> {
        let all = std::iter::once(&self.file).chain(&self.over);
        let mut value = None;
        for file in all {
            let parsed = unit::parse(file, None);
            let lines = parsed.section(section).filter(|line| line.key == key);
            value = lines
                .last()
                .map(|l| l.value.text().trim().to_ascii_lowercase())
                .or(value);
        }
        value
    }

    /// Whether it keeps the addresses that it did not set, or leaves the interface alone
    /// (systemd 252 src/network/networkd-link.c, `link_drop_foreign_config`).
    fn keeps(&self) -> bool {
        const YES: [&str; 6] = ["1", "yes", "y", "true", "t", "on"];
        let yes = |value: &String| YES.contains(&value.as_str());
        let keep = self.last("Network", "KeepConfiguration");
        keep.is_some_and(|value| value == "static" || yes(&value))
            || self
                .last("Link", "Unmanaged")
                .is_some_and(|value| yes(&value))
    }
}

impl Rule for AddressesForeign {
    fn id(&self) -> &'static str {
        "failover-addresses-foreign"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let networkd = |name: &str| name == "systemd-networkd";
        if !host.network().others().any(|m| networkd(&m.name)) {
            return Err(Stop::NotApplicable("systemd-networkd does not run"));
        }
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        let files = files(host, &mut out);
        for instance in &failover.config.instances {
            let Some(interface) = &instance.interface else {
                continue;
            };
            out.judged += 1;
            let name = escape(&interface.value);
            let first = files
                .iter()
                .find_map(|network| match matched(&network.file, &name) {
                    Match::No => None,
                    Match::Perhaps => Some(None),
                    Match::Named(place) => Some(Some((network, place))),
                });
            // What may be another file's is nobody's.
            let Some((network, place)) = first.flatten() else {
                continue;
            };
            if network.keeps() {
                continue;
            }
            let owner = escape(&instance.name.value);
            let message =
                format!("a restart of systemd-networkd takes the addresses of {owner} from {name}");
            let at = Evidence::span(place, "without KeepConfiguration=");
            let moves = Evidence::span(interface.place.clone(), "keepalived's addresses are here");
            out.push(Finding::new(self.id(), owner, message, at).with(moves));
        }
        Ok(out)
    }
}
