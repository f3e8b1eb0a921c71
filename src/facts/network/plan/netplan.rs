//! What netplan will have the program do that it writes for (netplan 0.106 to 1.2
//! `src/parse.c`, `src/networkd.c`, `src/generate.c`; `tests/network` has what came of some
//! files): its generator runs at every boot, before any unit.
//!
//! One broken file, and nothing is written at all; the generator of 1.2 goes on with the
//! rest. What is in `/run` is gone after the boot. Of files of one name that below `/etc`
//! counts. A hardware address is the one that the interface was made with, unless
//! `NetworkManager` is written for. For that 0.106 writes no policy rules, and here they
//! are taken for written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Part, Plan, Selector, Sets, address, is_everything, not_followed};
use crate::fact::Fact;
use crate::facts::Host;
use crate::parse::netplan::{Leaf, is_true, parse};

/// Its generator.
const GENERATORS: [&str; 2] = [
    "/usr/lib/systemd/system-generators/netplan",
    "/lib/systemd/system-generators/netplan",
];
/// Directories that stay over a boot, highest first.
const DIRS: [&str; 2] = ["/etc/netplan", "/lib/netplan"];

/// Kinds of interfaces that are made.
const VIRTUAL: [&str; 6] = [
    "bonds",
    "bridges",
    "vlans",
    "vrfs",
    "tunnels",
    "dummy-devices",
];

pub(super) fn read(host: &Host, plan: &mut Plan) {
    let there = |path: &&str| matches!(host.resolve(Path::new(path)), Fact::Known(_));
    if !GENERATORS.iter().any(there) {
        return;
    }
    let mut paths: BTreeMap<std::ffi::OsString, PathBuf> = BTreeMap::new();
    for dir in DIRS {
        let found = host.tree().entries(Path::new(dir));
        plan.open.extend(found.gaps);
        for path in found.items {
            if path.extension().is_some_and(|end| end == "yaml")
                && let Some(name) = path.file_name().map(std::ffi::OsStr::to_os_string)
            {
                paths.entry(name).or_insert(path);
            }
        }
    }
    let mut manager = false;
    // Interface by kind and name, with what all files say of it.
    let mut found: BTreeMap<(String, String), Vec<Leaf>> = BTreeMap::new();
    for path in paths.into_values() {
        let file = match host.tree().read(&path) {
            Fact::Known(file) => file,
            Fact::Unknown(unknown) => {
                plan.open.push(unknown);
                continue;
            }
            _ => continue,
        };
        let read = parse(&file);
        if let Some((place, problem)) = read.problem {
            plan.open.push(not_followed(
                place,
                &format!("netplan may refuse it: {problem}"),
            ));
            return;
        }
        for leaf in read.leaves {
            let renderer = leaf.path.last().is_some_and(|key| key == "renderer");
            manager |= renderer && leaf.value == "NetworkManager";
            let [root, kind, name, ..] = leaf.path.as_slice() else {
                continue;
            };
            if root == "network" {
                found
                    .entry((kind.clone(), name.clone()))
                    .or_default()
                    .push(leaf);
            }
        }
    }
    for ((kind, name), leaves) in found {
        let virt = VIRTUAL.contains(&kind.as_str());
        if !virt && !matches!(kind.as_str(), "ethernets" | "wifis" | "modems") {
            continue;
        }
        if virt {
            plan.made.push(name.clone());
        }
        plan.parts.push(part(&name, &leaves, manager));
    }
}

fn part(name: &str, leaves: &[Leaf], manager: bool) -> Part {
    // The keys below the interface.
    let below = |leaf: &Leaf| leaf.path.get(3..).unwrap_or(&[]).join(".");
    let value = |key: &str| {
        let mut found = leaves.iter().rev().filter(|leaf| below(leaf) == key);
        found
            .find(|leaf| !leaf.value.is_empty())
            .map(|leaf| leaf.value.as_str())
    };
    let matched = leaves.iter().any(|leaf| below(leaf).starts_with("match."));
    let mut selector = Selector::named(name);
    if matched {
        selector.names = value("set-name")
            .or_else(|| value("match.name"))
            .map(str::to_owned)
            .into_iter()
            .collect();
        let mac = value("match.macaddress").map(str::to_ascii_lowercase);
        selector.more =
            value("match.driver").is_some() || (selector.names.is_empty() && mac.is_none());
        if manager {
            // Either address will do for it.
            selector.macs.extend(mac);
        } else {
            selector.permanent.extend(mac);
        }
    }
    let place = leaves.first().map(|leaf| leaf.place.clone());
    let mut part = Part::new("netplan", selector, place);
    part.name = Some(name.to_owned());
    part.tried = true;
    part.dynamic = value("dhcp4").is_some_and(is_true);
    let mut rules: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut routes: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for leaf in leaves {
        let keys: Vec<&str> = leaf.path.iter().skip(3).map(String::as_str).collect();
        match keys.as_slice() {
            // An address may have options of its own below it.
            ["addresses", _, ..] => {
                let own = keys.get(2).copied().filter(|word| word.contains('/'));
                let text = own.unwrap_or(&leaf.value);
                let sets = |address| Sets::Address(address, leaf.place.clone());
                part.sets.extend(address(text).map(sets));
            }
            ["gateway4" | "gateway6"] => {
                let gateway = address(&leaf.value);
                part.sets
                    .extend(gateway.map(|gateway| Sets::Default(Some(gateway))));
            }
            ["routes", at, key] => {
                let one = routes.entry((*at).to_owned()).or_default();
                one.insert((*key).to_owned(), leaf.value.clone());
            }
            ["routing-policy", at, key] => {
                let one = rules.entry((*at).to_owned()).or_default();
                one.insert((*key).to_owned(), leaf.value.clone());
            }
            _ => {}
        }
    }
    for route in routes.values() {
        if route.get("to").is_some_and(|to| is_everything(to)) && !route.contains_key("table") {
            part.sets
                .push(Sets::Default(route.get("via").and_then(|via| address(via))));
        }
    }
    for rule in rules.values() {
        part.sets.push(Sets::Rule {
            from: rule.get("from").cloned(),
            to: rule.get("to").cloned(),
            table: rule.get("table").cloned(),
        });
    }
    part
}
