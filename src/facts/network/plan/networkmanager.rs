//! What `NetworkManager` will do (1.42 `src/core/settings/plugins/keyfile`;
//! nm-settings-keyfile(5), `NetworkManager`.conf(5); `tests/network` has what it did with
//! some files).
//!
//! Below `/etc` a profile needs no ending. Names that begin with a dot or end as those of
//! editors and certificates do are passed over, and so is a file with a line that is none.
//! A profile in `/run` is gone after the boot. An Ethernet without a profile gets one of
//! its own, by DHCP, unless `no-auto-default` says otherwise. On Debian, what
//! `/etc/network/interfaces` names is left alone.

use std::path::Path;

use super::{Part, Plan, Selector, Sets, address, ifcfg, is_everything};
use crate::fact::Fact;
use crate::facts::Host;
use crate::parse::keyfile::{KeyFile, parse};
use crate::source::FileKind;

pub(super) const OWNER: &str = "NetworkManager";

/// Directories of profiles that stay over a boot.
const PROFILES: [&str; 2] = [
    "/etc/NetworkManager/system-connections",
    "/usr/lib/NetworkManager/system-connections",
];
/// Directories of configuration, the later over the earlier.
const CONFIG: [&str; 2] = [
    "/usr/lib/NetworkManager/conf.d",
    "/etc/NetworkManager/conf.d",
];

pub(super) fn read(host: &Host, plan: &mut Plan) {
    let config = config(host, plan);
    for dir in PROFILES {
        let found = host.tree().entries(Path::new(dir));
        plan.open.extend(found.gaps);
        for path in found.items {
            let owners = host.tree().coverage().owners;
            if is_passed_over(&path) {
                continue;
            }
            let Fact::Known(real) = host.resolve(&path) else {
                continue;
            };
            // Another rule names what it passes over.
            let private = real.meta.uid == 0 && (real.meta.mode & 0o077) < 1;
            if real.meta.kind != FileKind::File || (owners && !private) {
                continue;
            }
            match host.tree().read(&path) {
                Fact::Known(file) => {
                    let profile = parse(&file);
                    if profile.refused.is_none() {
                        plan.parts
                            .extend(part(&profile, plan_made(&profile, &mut plan.made)));
                    }
                }
                Fact::Unknown(unknown) => plan.open.push(unknown),
                _ => {}
            }
        }
    }
    // What the initrd leaves in /run it may leave there again.
    let left = host
        .tree()
        .entries(Path::new("/run/NetworkManager/system-connections"));
    if !left.items.is_empty() {
        let everything = Selector {
            ethernet: true,
            more: true,
            ..Selector::default()
        };
        plan.parts.push(Part::new(OWNER, everything, None));
    }
    ifcfg::read(host, OWNER, plan);
    let (mut auto, mut plain) = (true, true);
    let mut interfaces = false;
    for file in &config {
        if let Some(entry) = file.get("main", "no-auto-default") {
            auto = entry.value.is_empty();
        }
        if let Some(entry) = file.get("keyfile", "unmanaged-devices") {
            for word in entry.value.split([';', ',']).map(str::trim) {
                match word.strip_prefix("interface-name:") {
                    Some(name) => plan
                        .left_alone
                        .push(name.trim_start_matches('=').to_owned()),
                    None if word.is_empty() => {}
                    None => plain = false,
                }
            }
        }
        let groups = file
            .entries
            .iter()
            .filter(|e| e.group.starts_with("device"));
        plain &= groups.filter(|entry| entry.key == "managed").count() == 0;
        interfaces |= file
            .get("ifupdown", "managed")
            .is_some_and(|e| e.value == "true");
    }
    if !interfaces && let Fact::Known(found) = &host.network().ifupdown.interfaces {
        let names = found.stanzas.iter().map(|stanza| stanza.name.clone());
        plan.left_alone.extend(names);
    }
    for part in plan.parts.iter_mut().filter(|part| part.owner == OWNER) {
        part.selector.more |= !plain;
    }
    if auto {
        let everything = Selector {
            ethernet: true,
            more: !plain,
            ..Selector::default()
        };
        let mut part = Part::new(OWNER, everything, None);
        (part.dynamic, part.fallback) = (true, true);
        plan.parts.push(part);
    }
}

/// Whether a name is no profile's (1.42 `src/libnm-core-impl/nm-keyfile-utils.c`,
/// `nm_keyfile_utils_ignore_filename`).
fn is_passed_over(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return true;
    };
    let ends = ["~", ".pem", ".der", ".swp", ".swpx", ".nmmeta"];
    let whole = path.starts_with("/etc") || name.ends_with(".nmconnection");
    name.starts_with('.') || !whole || ends.iter().any(|end| name.ends_with(end))
}

/// The files of its configuration in the order in which they count.
fn config(host: &Host, plan: &mut Plan) -> Vec<KeyFile> {
    let mut paths = Vec::new();
    for dir in CONFIG {
        let found = host.tree().entries(Path::new(dir));
        plan.open.extend(found.gaps);
        if dir.starts_with("/etc") {
            paths.push(Path::new("/etc/NetworkManager/NetworkManager.conf").to_path_buf());
        }
        let is_conf = |path: &std::path::PathBuf| path.extension().is_some_and(|e| e == "conf");
        paths.extend(found.items.into_iter().filter(is_conf));
    }
    let mut out = Vec::new();
    for path in paths {
        match host.tree().read(&path) {
            Fact::Known(file) => out.push(parse(&file)),
            Fact::Unknown(unknown) if unknown.could_not_look() => plan.open.push(unknown),
            _ => {}
        }
    }
    out
}

/// The name of the interface that a profile makes.
fn plan_made(profile: &KeyFile, made: &mut Vec<String>) -> Option<String> {
    let value = |group: &str, key: &str| profile.get(group, key).map(|e| e.value.clone());
    let name = value("connection", "interface-name");
    let name = name.or_else(|| {
        let (parent, id) = (value("vlan", "parent")?, value("vlan", "id")?);
        Some(format!("{parent}.{id}"))
    });
    made.extend(name.clone());
    name
}

fn part(profile: &KeyFile, name: Option<String>) -> Option<Part> {
    let value = |group: &str, key: &str| profile.get(group, key).map(|e| e.value.as_str());
    if value("connection", "autoconnect") == Some("false") {
        return None;
    }
    let mut selector = Selector {
        names: name.iter().cloned().collect(),
        ..Selector::default()
    };
    for group in ["ethernet", "802-3-ethernet", "wifi", "802-11-wireless"] {
        selector
            .macs
            .extend(value(group, "mac-address").map(str::to_ascii_lowercase));
    }
    if let Some(names) = value("match", "interface-name") {
        selector.names.extend(
            names
                .split([';', ','])
                .filter(|n| !n.is_empty())
                .map(str::to_owned),
        );
    }
    selector.ethernet = selector.names.is_empty() && selector.macs.is_empty();
    let place = profile.entries.first().map(|entry| entry.place.clone());
    let mut part = Part::new(OWNER, selector, place);
    part.name = name;
    part.tried = true;
    part.aside = matches!(value("connection", "type"), Some("dummy" | "loopback"));
    part.dynamic = value("ipv4", "method").is_none_or(|method| method == "auto");
    // It takes an address of its own choice there.
    part.open = value("ipv4", "method") == Some("shared");
    // A port of a bond or a bridge has no addresses of its own.
    let is_port = ["master", "controller", "slave-type", "port-type"];
    if is_port.iter().any(|key| value("connection", key).is_some()) {
        part.dynamic = false;
    }
    for group in ["ipv4", "ipv6"] {
        for entry in profile.of(group) {
            let bare = entry.key.trim_end_matches(|c: char| c.is_ascii_digit());
            let fields: Vec<&str> = entry.value.split([',', ';']).map(str::trim).collect();
            // Several in one line are an older form.
            part.open |= bare.starts_with("address") && entry.value.contains(';');
            match bare {
                "address" | "addresses" => {
                    let own = fields.first().and_then(|a| address(a));
                    let sets = |address| Sets::Address(address, entry.place.clone());
                    part.sets.extend(own.map(sets));
                    let gateway = fields.get(1).and_then(|a| address(a));
                    part.sets
                        .extend(gateway.map(|gateway| Sets::Default(Some(gateway))));
                }
                "gateway" => {
                    let gateway = address(&entry.value);
                    part.sets
                        .extend(gateway.map(|gateway| Sets::Default(Some(gateway))));
                }
                "route" | "routes" if fields.first().is_some_and(|to| is_everything(to)) => {
                    part.sets
                        .push(Sets::Default(fields.get(1).and_then(|a| address(a))));
                }
                "routing-rule" => part.sets.push(rule(&entry.value)),
                _ => {}
            }
        }
    }
    Some(part)
}

/// `priority 5 from 192.0.2.0/24 table 100`, also of netifrc and of rule files.
pub(super) fn rule(text: &str) -> Sets {
    let words: Vec<&str> = text
        .split([' ', '\t', ','])
        .filter(|w| !w.is_empty())
        .collect();
    let behind = |names: &[&str]| {
        let at = words.iter().position(|word| names.contains(word))?;
        words.get(at + 1).map(|word| (*word).to_owned())
    };
    Sets::Rule {
        from: behind(&["from"]),
        to: behind(&["to"]),
        table: behind(&["table", "lookup"]),
    }
}
