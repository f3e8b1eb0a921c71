//! What filters packets: the chains that the kernel has now, and the files that the boot
//! loads.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Host;
use super::network::plan::said_by;
use super::network::{State, state};
use super::running::of_running;
use super::services::bare_names;
use super::systemd::Systemd;
use crate::fact::{Fact, Listing};
use crate::parse::packet_filter::{Chain, Table, iptables, nft};
use crate::text::{File, Place};

/// A chain of now that does something with packets.
#[derive(Clone, Debug)]
pub struct Filter {
    /// `inet filter input`.
    pub name: String,
    /// How many rules it has.
    pub rules: u32,
    /// Whether it drops what no rule decides on.
    pub drops: bool,
    /// Its line.
    pub place: Place,
}

/// Tables that programs make for their own, by how their names begin: keepalived's, those
/// of systemd-networkd and `NetworkManager`, of containers and virtual machines, of what
/// shuts out whoever guesses passwords.
const OWN: [&str; 14] = [
    "keepalived",
    "io.systemd.",
    "nm-",
    "firewalld",
    "lxc",
    "lxd",
    "incus",
    "libvirt",
    "netavark",
    "ts-",
    "f2b",
    "crowdsec",
    "kube",
    "cilium",
];

/// The chains of nftables, also those that iptables makes there, that do something.
#[must_use]
pub fn live(host: &Host) -> Listing<Filter> {
    of_running(host, |out| {
        let Some(file) = out.take(host.tree().read(Path::new("/netlink/chains"))) else {
            return;
        };
        for (span, line) in file.lines() {
            let text = String::from_utf8_lossy(line).into_owned();
            let words: Vec<&str> = text.split_whitespace().collect();
            let [
                family,
                table,
                chain,
                "hook",
                _,
                "type",
                _,
                "policy",
                policy,
                "rules",
                count,
            ] = words.as_slice()
            else {
                continue;
            };
            let (rules, drops) = (count.parse().unwrap_or(0), *policy == "drop");
            let is_own = OWN.iter().any(|own| table.starts_with(own));
            if !is_own && (rules > 0 || drops) {
                out.items.push(Filter {
                    name: format!("{family} {table} {chain}"),
                    rules,
                    drops,
                    place: file.place(span),
                });
            }
        }
    })
}

/// Programs that load rules when they start, as units and scripts call them.
const LOADERS: [&str; 37] = [
    "nftables",
    "netfilter-persistent",
    "iptables",
    "iptables-persistent",
    "ip6tables",
    "ufw",
    "firewalld",
    "shorewall",
    "shorewall6",
    "ferm",
    "firehol",
    "arno-iptables-firewall",
    "uruk",
    "csf",
    "lfd",
    "docker",
    "containerd",
    "podman",
    "netavark-firewalld-reload",
    "libvirtd",
    "virtnetworkd",
    "lxc-net",
    "lxd",
    "incus",
    "fail2ban",
    "sshguard",
    "crowdsec-firewall-bouncer",
    "kubelet",
    "k3s",
    "k3s-agent",
    "rke2-server",
    "rke2-agent",
    "tailscaled",
    "wg-quick",
    "openvpn",
    "strongswan",
    "opensnitch",
];

/// The programs that change rules.
const TOOLS: [&str; 6] = [
    "nft",
    "iptables",
    "iptables-restore",
    "ip6tables",
    "ip6tables-restore",
    "ebtables",
];

/// What loads rules at the next boot, or may: a program that is enabled, a unit's command,
/// a script.
#[must_use]
pub fn loader(host: &Host) -> Option<String> {
    let named = bare_names(host).find(|name| LOADERS.contains(name));
    if let Some(name) = named {
        return Some(name.to_owned());
    }
    if let Fact::Known(boot) = host.systemd()
        && let Some(unit) = by_unit(boot)
    {
        return Some(unit);
    }
    let plan = host.network_plan();
    if TOOLS.iter().any(|tool| plan.says(&[tool])) {
        return Some("a command of an interface".to_owned());
    }
    let found = TOOLS.iter().find_map(|tool| said_by(host, &[tool]));
    found.map(|path| crate::text::escape_path(&path))
}

/// A unit of the boot that runs one of the tools.
fn by_unit(boot: &Systemd) -> Option<String> {
    let starts = &boot.plan.transaction.as_ref()?.starts;
    let runs = |ix: &&_| {
        let unit = boot.plan.units.get(**ix);
        let mut runs = unit
            .into_iter()
            .flat_map(|unit| &unit.settings.service.runs);
        runs.any(|run| {
            let says = |word: &[u8]| {
                let word = word.rsplit(|b| *b == b'/').next().unwrap_or(word);
                TOOLS.iter().any(|tool| tool.as_bytes() == word)
            };
            let mut words = run.command.arguments.iter();
            says(&run.command.path)
                || words.any(|word| word.split(u8::is_ascii_whitespace).any(says))
        })
    };
    let found = starts.iter().find(runs)?;
    Some(boot.plan.units.id(*found).to_owned())
}

/// A file of rules that the boot loads.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What loads it.
    pub by: String,
    /// What is in it.
    pub tables: Vec<Table>,
}

/// What loads, its units, its scripts, and the files that it may read: the first counts.
type Source = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

/// nftables 1.0.6 of Debian and of Fedora; iptables-persistent 1.0.20; iptables-services of
/// Fedora and iptables of Arch.
const SOURCES: [Source; 3] = [
    (
        "nftables",
        &["nftables.service"],
        &["nftables"],
        &["/etc/nftables.conf", "/etc/sysconfig/nftables.conf"],
    ),
    (
        "netfilter-persistent",
        &["netfilter-persistent.service"],
        &["netfilter-persistent", "iptables-persistent"],
        &["/etc/iptables/rules.v4"],
    ),
    (
        "iptables",
        &["iptables.service"],
        &["iptables"],
        &["/etc/sysconfig/iptables", "/etc/iptables/iptables.rules"],
    ),
];

/// The files of rules that the boot loads, and that are understood.
#[must_use]
pub fn loaded(host: &Host) -> Listing<Loaded> {
    let mut out = Listing::new();
    for (by, units, scripts, paths) in SOURCES {
        if !starts(host, units, scripts, &mut out) {
            continue;
        }
        for path in paths {
            let Some(file) = out.take(host.tree().read(Path::new(path))) else {
                continue;
            };
            let tables = if by == "nftables" {
                nft::parse(&file)
            } else {
                Some(vec![iptables::parse(&file, "ip")])
            };
            let by = by.to_owned();
            out.items.extend(tables.map(|tables| Loaded { by, tables }));
            break;
        }
    }
    if starts(host, &["ufw.service"], &["ufw"], &mut out) {
        let found = ufw(host, &mut out);
        out.items.extend(found);
    }
    out
}

fn starts(host: &Host, units: &[&str], scripts: &[&str], out: &mut Listing<Loaded>) -> bool {
    match state(host, units, scripts) {
        State::Starts(_) => true,
        State::Unknown(open) => {
            out.gaps.extend(open);
            false
        }
        State::No | State::NotModelled => false,
    }
}

/// ufw 0.36 (`src/backend_iptables.py`, `src/ufw-init-functions`): enabled by ufw.conf, its
/// policy in /etc/default/ufw, a comment in user.rules for each rule that was made.
fn ufw(host: &Host, out: &mut Listing<Loaded>) -> Option<Loaded> {
    let mut read = |path: &str| out.take(host.tree().read(&PathBuf::from(path)));
    let switch = read("/etc/ufw/ufw.conf")?;
    setting(&switch, "ENABLED").filter(|(value, _)| value.eq_ignore_ascii_case("yes"))?;
    let policy = read("/etc/default/ufw")?;
    let (value, place) = setting(&policy, "DEFAULT_INPUT_POLICY")?;
    let (rules, before) = (read("/etc/ufw/user.rules")?, read("/etc/ufw/before.rules")?);
    // Whatever the site wrote into the rules around them may let somebody in.
    let around = String::from_utf8_lossy(before.bytes()).into_owned();
    let of_old = |line: &str| {
        !line.contains("-j ACCEPT")
            || ["-i lo", "RELATED,ESTABLISHED", "icmp", "-p udp"]
                .iter()
                .any(|own| line.contains(own))
    };
    if value == "ACCEPT"
        || !around
            .lines()
            .filter(|l| l.starts_with("-A ufw-before-input"))
            .all(of_old)
    {
        return None;
    }
    let mut table = iptables::parse(&rules, "inet");
    for chain in &mut table.chains {
        chain.is_input = chain.name == "ufw-user-input";
        chain.drops = chain.is_input.then(|| place.clone());
    }
    let table = Table {
        chains: table.chains.into_iter().filter(is_followed).collect(),
        ..table
    };
    Some(Loaded {
        by: "ufw".to_owned(),
        tables: vec![table],
    })
}

/// Jumps lead into ufw's own chains that limit: what is let through there comes in.
fn is_followed(chain: &Chain) -> bool {
    chain.name == "ufw-user-input"
}

/// The last value of a shell's assignment, without quotes.
fn setting(file: &Arc<File>, key: &str) -> Option<(String, Place)> {
    let lines = file.lines().filter_map(|(span, line)| {
        let text = String::from_utf8_lossy(line).into_owned();
        let value = text.trim().strip_prefix(key)?.strip_prefix('=')?;
        let value = value.trim().trim_matches(['"', '\'']).to_owned();
        Some((value, file.place(span)))
    });
    lines.last()
}
