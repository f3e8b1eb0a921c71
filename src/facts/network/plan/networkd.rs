//! What systemd-networkd will do (systemd 252 `src/network/networkd-network.c`,
//! `network_load_one` and `network_verify`; systemd.network(5); `tests/network` has what it
//! did with some files).
//!
//! Of files of one name the highest directory's counts; what is in `/run` is gone after
//! the boot. The first file in the order of names that fits an interface is the only one.
//! A file whose `[Match]` is empty is passed over, a netdev without a kind too. A port of
//! a bond gets no addresses and routes. An empty `Address=` takes nothing back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Part, Plan, Selector, Sets, address, is_everything};
use crate::fact::Fact;
use crate::facts::Host;
use crate::parse::unit::{Assignment, UnitFile, parse};
use crate::text::{File, Place};

pub(super) const OWNER: &str = "systemd-networkd";

/// Directories that stay over a boot, highest first.
const DIRS: [&str; 4] = [
    "/etc/systemd/network",
    "/usr/local/lib/systemd/network",
    "/usr/lib/systemd/network",
    "/lib/systemd/network",
];

pub(super) fn read(host: &Host, plan: &mut Plan) {
    for (name, file) in files(host, ".netdev", plan) {
        let entries = whole(host, &name, &file, plan);
        let kind = last(&entries, "NetDev", "Kind").is_some_and(|kind| !kind.value.is_empty());
        if let Some(name) = last(&entries, "NetDev", "Name").filter(|_| kind) {
            plan.made.push(name.value.text().into_owned());
        }
    }
    for (name, file) in files(host, ".network", plan) {
        let entries = whole(host, &name, &file, plan);
        plan.parts.extend(part(&file, &entries));
    }
}

/// The files of one kind by name.
fn files(host: &Host, ending: &str, plan: &mut Plan) -> BTreeMap<String, Arc<File>> {
    let mut paths: BTreeMap<String, PathBuf> = BTreeMap::new();
    for dir in DIRS {
        let found = host.tree().entries(Path::new(dir));
        plan.open.extend(found.gaps);
        for path in found.items {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
            let Some(name) = name.filter(|name| name.ends_with(ending)) else {
                continue;
            };
            paths.entry(name).or_insert(path);
        }
    }
    let mut files = BTreeMap::new();
    for (name, path) in paths {
        match host.tree().read(&path) {
            // An empty one masks those below it.
            Fact::Known(file) if !file.bytes().is_empty() => {
                files.insert(name, file);
            }
            Fact::Unknown(unknown) if unknown.could_not_look() => {
                let special = matches!(unknown.doubt, crate::fact::Doubt::NotRegular(_));
                if !special {
                    plan.open.push(unknown);
                }
            }
            _ => {}
        }
    }
    files
}

/// One assignment with the number of its section in its file, and the file's.
struct Entry {
    section: (usize, usize),
    assignment: Assignment,
}

/// The assignments of a file and of its drop-ins.
fn whole(host: &Host, name: &str, file: &Arc<File>, plan: &mut Plan) -> Vec<Entry> {
    let mut drops: BTreeMap<String, PathBuf> = BTreeMap::new();
    for dir in DIRS {
        let found = host
            .tree()
            .entries(&Path::new(dir).join(format!("{name}.d")));
        plan.open.extend(found.gaps);
        for path in found.items {
            let is_conf = path.extension().is_some_and(|end| end == "conf");
            let drop = path.file_name().map(|n| n.to_string_lossy().into_owned());
            if let Some(drop) = drop.filter(|_| is_conf) {
                drops.entry(drop).or_insert(path);
            }
        }
    }
    let mut all = vec![Arc::clone(file)];
    for path in drops.into_values() {
        if let Fact::Known(file) = host.tree().read(&path) {
            all.push(file);
        }
    }
    let parsed = all.iter().map(|file| parse(file, None)).enumerate();
    parsed
        .flat_map(|(index, file)| numbered(index, file))
        .collect()
}

/// Sections of one name stand several times, and each is one thing.
fn numbered(index: usize, parsed: UnitFile) -> Vec<Entry> {
    let heads: Vec<usize> = parsed
        .file
        .lines()
        .filter(|(_, line)| line.trim_ascii_start().starts_with(b"["))
        .map(|(span, _)| span.start)
        .collect();
    let entries = parsed.assignments.into_iter().map(|assignment| {
        let start = assignment.place.span.start;
        let number = heads.iter().filter(|head| **head < start).count();
        Entry {
            section: (index, number),
            assignment,
        }
    });
    entries.collect()
}

fn of<'a>(
    entries: &'a [Entry],
    section: &'a str,
    key: &'a str,
) -> impl DoubleEndedIterator<Item = &'a Assignment> {
    let all = entries.iter().map(|entry| &entry.assignment);
    all.filter(move |a| &*a.section == section && a.key == key)
}

fn last<'a>(entries: &'a [Entry], section: &'a str, key: &'a str) -> Option<&'a Assignment> {
    of(entries, section, key).next_back()
}

/// The words of a list, which an empty value begins anew.
fn words(entries: &[Entry], section: &str, key: &str) -> Vec<String> {
    let mut out = Vec::new();
    for assignment in of(entries, section, key) {
        let text = assignment.value.text().into_owned();
        if text.is_empty() {
            out.clear();
        }
        out.extend(text.split_whitespace().map(str::to_owned));
    }
    out
}

fn part(file: &Arc<File>, entries: &[Entry]) -> Option<Part> {
    let selector = selector(entries)?;
    if last(entries, "Link", "Unmanaged").is_some_and(|a| is_yes(&a.value.text())) {
        // It fits, and the file says to do nothing.
        let mut part = Part::new(OWNER, selector, Some(head(file)));
        part.owns = false;
        return Some(part);
    }
    let mut part = Part::new(OWNER, selector, Some(head(file)));
    part.tried = true;
    if last(entries, "Network", "Bond").is_some_and(|bond| !bond.value.is_empty()) {
        return Some(part);
    }
    if let Some(dhcp) = last(entries, "Network", "DHCP") {
        let text = dhcp.value.text().to_ascii_lowercase();
        part.dynamic = is_yes(&text) || matches!(text.as_str(), "ipv4" | "v4" | "both");
    }
    for section in ["Network", "Address"] {
        let values = of(entries, section, "Address").filter_map(|a| {
            let address = address(&a.value.text())?;
            Some(Sets::Address(address, a.place.clone()))
        });
        part.sets.extend(values);
    }
    // `0.0.0.0/24` takes a network that nobody has.
    let any = |sets: &Sets| matches!(sets, Sets::Address(address, _) if address.is_unspecified());
    part.open = part.sets.iter().any(any);
    for gateway in of(entries, "Network", "Gateway") {
        part.sets.extend(gateways(&gateway.value.text()));
    }
    for group in groups(entries, "Route") {
        let value = |key: &str| find(&group, key);
        let target = value("Destination");
        if target.as_deref().is_none_or(is_everything) && value("Table").is_none() {
            match value("Gateway") {
                Some(text) => part.sets.extend(gateways(&text)),
                None => part.sets.push(Sets::Default(None)),
            }
        }
    }
    for group in groups(entries, "RoutingPolicyRule") {
        part.sets.push(Sets::Rule {
            from: find(&group, "From"),
            to: find(&group, "To"),
            table: find(&group, "Table"),
        });
    }
    Some(part)
}

/// `192.0.2.1`, or `_dhcp4`, which leaves it to the lease.
fn gateways(text: &str) -> Option<Sets> {
    address(text).map(|gateway| Sets::Default(Some(gateway)))
}

fn find(group: &[&Assignment], key: &str) -> Option<String> {
    let found = group.iter().rev().find(|assignment| assignment.key == key);
    found.map(|assignment| assignment.value.text().into_owned())
}

/// The sections of a name, each with its assignments.
fn groups<'a>(entries: &'a [Entry], section: &str) -> Vec<Vec<&'a Assignment>> {
    let mut found: BTreeMap<(usize, usize), Vec<&Assignment>> = BTreeMap::new();
    for entry in entries.iter().filter(|e| &*e.assignment.section == section) {
        found
            .entry(entry.section)
            .or_default()
            .push(&entry.assignment);
    }
    found.into_values().collect()
}

/// `[Match]`; none where it says nothing.
fn selector(entries: &[Entry]) -> Option<Selector> {
    let mut selector = Selector::default();
    let all = entries.iter().map(|entry| &entry.assignment);
    let mut keys: Vec<&str> = all
        .filter(|a| &*a.section == "Match" && !a.value.is_empty())
        .map(|a| a.key.as_str())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        return None;
    }
    for key in keys {
        let list = words(entries, "Match", key);
        match key {
            "Name" => selector.names = list,
            "MACAddress" => selector.macs = list.iter().map(|mac| mac.replace('-', ":")).collect(),
            "PermanentMACAddress" => {
                selector.permanent = list.iter().map(|mac| mac.replace('-', ":")).collect();
            }
            // Ethernets of every kind are one type; only hardware has no kind.
            "Type" if list.iter().any(|word| word == "ether") => {}
            // Radio, tunnels and the like: none of what is looked at here.
            "Type" if list.iter().all(|word| !word.starts_with('!')) => {
                selector.names = vec!["!*".to_owned()];
                return Some(selector);
            }
            "Kind" if list == ["!*"] => selector.hardware = true,
            _ => selector.more = true,
        }
    }
    Some(selector)
}

fn is_yes(text: &str) -> bool {
    ["1", "yes", "y", "true", "t", "on"].contains(&text.to_ascii_lowercase().as_str())
}

fn head(file: &Arc<File>) -> Place {
    let mut lines = file.lines();
    let name = lines.find(|(_, line)| {
        let line = line.trim_ascii();
        line.starts_with(b"[Match]")
    });
    file.place(name.map_or_else(|| file.line_span(1), |(span, _)| span))
}
