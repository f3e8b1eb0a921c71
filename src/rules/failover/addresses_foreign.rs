//! `failover-addresses-foreign`: a manager of the network that takes away what keepalived
//! set when it is started again.

use std::path::Path;
use std::sync::Arc;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::parse::unit;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::source::glob_to_regex;
use crate::text::{File, Place, escape};

pub(in crate::rules) struct AddressesForeign;

/// Where systemd-networkd reads, the first file of a name counts (systemd.network(5)).
const DIRECTORIES: [&str; 4] = [
    "/etc/systemd/network",
    "/run/systemd/network",
    "/usr/local/lib/systemd/network",
    "/usr/lib/systemd/network",
];

/// The files of systemd-networkd in the order in which they are tried.
fn files(host: &Host, out: &mut Findings) -> Vec<Arc<File>> {
    let mut named: Vec<(Vec<u8>, Arc<File>)> = Vec::new();
    for dir in DIRECTORIES {
        let entries = host.tree().entries(Path::new(dir));
        out.open.extend(entries.gaps);
        for path in entries.items {
            let name = path.file_name().map_or(&[][..], |n| n.as_encoded_bytes());
            if !name.ends_with(b".network") || named.iter().any(|(known, _)| known == name) {
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

/// Where a file asks for an interface by its name, if it does.
fn matched(file: &Arc<File>, interface: &str) -> Option<Place> {
    let parsed = unit::parse(file, None);
    for line in parsed.section("Match").filter(|line| line.key == "Name") {
        let value = line.value.text().into_owned();
        let fits =
            |word: &str| glob_to_regex(word).is_some_and(|r| r.is_match(interface.as_bytes()));
        if value.split_whitespace().any(fits) {
            return Some(line.place.clone());
        }
    }
    None
}

/// Whether a file keeps what it did not set.
fn keeps(file: &Arc<File>) -> bool {
    let parsed = unit::parse(file, None);
    let mut lines = parsed.section("Network");
    lines.any(|line| {
        let value = line.value.text().into_owned();
        line.key == "KeepConfiguration" && matches!(value.trim(), "yes" | "true" | "1" | "static")
    })
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
            let Some((file, place)) = files.iter().find_map(|f| Some((f, matched(f, &name)?)))
            else {
                continue;
            };
            if keeps(file) {
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
