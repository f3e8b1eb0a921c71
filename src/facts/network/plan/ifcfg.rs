//! The ifcfg files of network-scripts, which `NetworkManager` reads too where it has the
//! plugin (1.42 `src/core/settings/plugins/ifcfg-rh`; `sysconfig.txt` of initscripts).

use std::path::Path;

use super::{Part, Plan, Selector, Sets, address, networkmanager};
use crate::fact::Fact;
use crate::facts::Host;
use crate::parse::assignments::{Variable, last, parse};

const DIR: &str = "/etc/sysconfig/network-scripts";

pub(super) fn read(host: &Host, owner: &'static str, plan: &mut Plan) {
    let found = host.tree().entries(Path::new(DIR));
    plan.open.extend(found.gaps);
    let wide = match host.tree().read(Path::new("/etc/sysconfig/network")) {
        Fact::Known(file) => parse(&file),
        _ => Vec::new(),
    };
    let whole = last(&wide, "GATEWAY").and_then(|variable| address(&variable.value));
    for path in found.items {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
        let Some(name) = name else { continue };
        let Some(label) = name.strip_prefix("ifcfg-").filter(|label| *label != "lo") else {
            continue;
        };
        if ["~", ".bak", ".orig", ".rej", ".rpmnew", ".rpmsave"]
            .iter()
            .any(|e| label.ends_with(e))
        {
            continue;
        }
        match host.tree().read(&path) {
            Fact::Known(file) => {
                let mut part = part(owner, label, &parse(&file));
                part.sets
                    .extend(whole.map(|gateway| Sets::Default(Some(gateway))));
                for (prefix, is_rule) in [
                    ("rule-", true),
                    ("rule6-", true),
                    ("route-", false),
                    ("route6-", false),
                ] {
                    let beside = Path::new(DIR).join(format!("{prefix}{label}"));
                    if let Fact::Known(file) = host.tree().read(&beside) {
                        lines(&String::from_utf8_lossy(file.bytes()), is_rule, &mut part);
                    }
                }
                plan.made.extend(part.name.clone());
                plan.parts.push(part);
            }
            Fact::Unknown(unknown) => plan.open.push(unknown),
            _ => {}
        }
    }
}

fn lines(text: &str, is_rule: bool, part: &mut Part) {
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
    {
        if is_rule && !line.is_empty() {
            part.sets.push(networkmanager::rule(line));
        } else if !line.is_empty() {
            // `default via ...`, or the older ADDRESS0= and GATEWAY0=.
            part.sets
                .push(Sets::Command(format!("ip route add {line}")));
        }
    }
}

fn part(owner: &'static str, label: &str, variables: &[Variable]) -> Part {
    let value = |name: &str| last(variables, name).map(|v| v.value.trim().to_owned());
    let is = |name: &str, word: &str| value(name).is_some_and(|v| v.eq_ignore_ascii_case(word));
    let device = value("DEVICE").unwrap_or_else(|| label.to_owned());
    let mut selector = Selector::named(&device);
    if let (Some(mac), None) = (value("HWADDR"), value("DEVICE")) {
        selector.names.clear();
        selector.macs.push(mac.to_ascii_lowercase());
    }
    let place = variables.first().map(|variable| variable.place.clone());
    let mut part = Part::new(owner, selector, place);
    let device = device.split(':').next().unwrap_or(&device).to_owned();
    part.name = Some(device);
    if is("ONBOOT", "no") {
        part.owns = false;
        part.name = None;
        return part;
    }
    part.open = variables.iter().any(|variable| variable.open);
    part.dynamic = is("BOOTPROTO", "dhcp") || is("BOOTPROTO", "bootp");
    for variable in variables {
        let bare = variable.name.trim_end_matches(|c: char| c.is_ascii_digit());
        match bare {
            "IPADDR" | "IPV6ADDR" | "IPV6ADDR_SECONDARIES" => {
                let words = variable.value.split_whitespace().filter_map(address);
                let sets = |address| Sets::Address(address, variable.place.clone());
                part.sets.extend(words.map(sets));
            }
            "GATEWAY" | "IPV6_DEFAULTGW" => {
                let gateway = address(variable.value.split('%').next().unwrap_or(""));
                part.sets
                    .extend(gateway.map(|gateway| Sets::Default(Some(gateway))));
            }
            "ROUTING_RULE_" | "ROUTING_RULE6_" => {
                part.sets.push(networkmanager::rule(&variable.value));
            }
            _ => {}
        }
    }
    part
}
