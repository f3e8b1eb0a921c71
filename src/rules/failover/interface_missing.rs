//! `failover-interface-missing`: keepalived ends where an interface it names is not there.

use std::path::Path;

use crate::fact::{Fact, Stop, Why};
use crate::facts::Host;
use crate::parse::keepalived::{Instance, Text, Version};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::{File, escape};

pub(in crate::rules) struct InterfaceMissing;

/// Where the running system lists its interfaces.
const RUNNING: &str = "/sys/class/net";

/// Where interfaces are configured: directories whose files may name them.
const CONFIGURED: [&str; 7] = [
    "/etc/network/interfaces.d",
    "/etc/systemd/network",
    "/run/systemd/network",
    "/etc/NetworkManager/system-connections",
    "/etc/netplan",
    "/etc/sysconfig/network-scripts",
    "/etc/sysconfig/network",
];

/// From here on an interface that is not there ends the daemon.
const FATAL: Version = Version::new(1, 3, 0);

/// The interfaces that an instance needs; those that it makes itself are left out.
fn needed(instance: &Instance) -> Vec<&Text> {
    let mut all: Vec<&Text> = instance.interface.iter().collect();
    let tracked = instance.track_interfaces.iter();
    all.extend(tracked.map(|t| &t.name));
    let addresses = instance.virtual_addresses.iter().chain(&instance.excluded);
    all.extend(addresses.filter_map(|a| a.dev.as_ref()));
    if let Some(vmac) = &instance.use_vmac {
        let id = instance.virtual_router_id.as_ref().map_or(0, |id| id.value);
        let default = format!("vrrp.{id}").into_bytes();
        let own = |name: &Text| {
            name.value == default || vmac.words.iter().any(|word| word.value == name.value)
        };
        all.retain(|name| !own(name));
    }
    all
}

/// Whether `file` has `name` as a word.
fn names(file: &File, name: &[u8]) -> bool {
    let part = |b: &u8| !b.is_ascii_alphanumeric() && !b"._-@".contains(b);
    file.bytes().split(part).any(|word| word == name)
}

/// Whether something configures an interface of that name.
fn is_configured(host: &Host, name: &[u8]) -> bool {
    let tree = host.tree();
    let read = |path: &Path| match tree.read(path) {
        Fact::Known(file) => names(&file, name),
        _ => false,
    };
    let file = |path: &Path| {
        let text = path
            .file_name()
            .map_or(Vec::new(), |n| n.as_encoded_bytes().to_vec());
        text.ends_with(name) || read(path)
    };
    read(Path::new("/etc/network/interfaces"))
        || CONFIGURED.iter().any(|dir| {
            tree.entries(Path::new(dir))
                .items
                .iter()
                .any(|path| file(path))
        })
}

impl Rule for InterfaceMissing {
    fn id(&self) -> &'static str {
        "failover-interface-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let config = &failover.config;
        if config.instances.is_empty() {
            return Err(Stop::NotApplicable("keepalived has no VRRP instance"));
        }
        if config.globals.dynamic_interfaces.is_some() {
            return Err(Stop::NotApplicable("keepalived waits for its interfaces"));
        }
        let elsewhere = b"net_namespace".as_slice();
        if config.settings.iter().any(|s| s.keyword.value == elsewhere) {
            return Err(Stop::NotApplicable(
                "keepalived runs in a namespace of its own",
            ));
        }
        let running = host.tree().entries(Path::new(RUNNING));
        if running.items.is_empty() && running.gaps.is_empty() {
            return Err(Stop::NotCovered(Why::NoRuntime));
        }
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        out.judged = config.instances.len();
        if !running.gaps.is_empty() {
            out.open.extend(running.gaps);
            return Ok(out);
        }
        let there = |name: &[u8]| {
            let listed = running.items.iter();
            listed
                .filter_map(|path| path.file_name())
                .any(|n| n.as_encoded_bytes() == name)
        };
        let mut told: Vec<&[u8]> = Vec::new();
        for instance in &config.instances {
            for name in needed(instance) {
                if there(&name.value) || told.contains(&name.value.as_slice()) {
                    continue;
                }
                told.push(&name.value);
                let shown = escape(&name.value);
                let configured = is_configured(host, &name.value);
                let what = if configured {
                    "is not there now"
                } else {
                    "is not there, and nothing configures it"
                };
                let message = format!("keepalived ends at start: interface {shown} {what}");
                let at = Evidence::span(name.place.clone(), "no such interface");
                let mut finding = Finding::new(self.id(), shown, message, at)
                    .with(Evidence::path(RUNNING, "has no such entry"))
                    .confidence(Confidence::Likely);
                if configured || config.version < FATAL {
                    finding = finding.at_most(Level::Warn);
                }
                out.push(finding);
            }
        }
        Ok(out)
    }
}
