//! `failover-haproxy-address-moves`: haproxy listens on an address that is only there
//! while this box is MASTER.

use std::net::IpAddr;
use std::path::Path;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::cluster::starts;
use crate::facts::failover::{Failover, Handling};
use crate::parse::haproxy;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::shell::{Action, Value};
use crate::text::escape;

pub(in crate::rules) struct HaproxyAddressMoves;

const CONFIG: &str = "/etc/haproxy/haproxy.cfg";

/// Whether a hook starts haproxy, which then finds the address.
fn started_by_hook(failover: &Failover) -> bool {
    failover.calls.iter().any(|call| match &call.handling {
        Handling::Handled(effects) => effects.iter().any(|effect| match &effect.action {
            Action::Run { argv, .. } => argv
                .iter()
                .filter_map(Value::bytes)
                .any(|word| word.windows(7).any(|part| part == b"haproxy")),
            Action::Write { .. } => false,
        }),
        Handling::Undecided(_) => true,
        Handling::Nothing(_) | Handling::NotCalled(_) => false,
    })
}

/// Whether the kernel lets anybody listen on an address that is not there.
fn may_bind(host: &Host, address: IpAddr, out: &mut Findings) -> bool {
    let key = match address {
        IpAddr::V4(_) => "net/ipv4/ip_nonlocal_bind",
        IpAddr::V6(_) => "net/ipv6/ip_nonlocal_bind",
    };
    let kernel = host.kernel_settings();
    if kernel.get(key, &[]).is_some_and(|set| set.value != 0) {
        return true;
    }
    out.open.extend(kernel.gaps().iter().cloned());
    false
}

impl Rule for HaproxyAddressMoves {
    fn id(&self) -> &'static str {
        "failover-haproxy-address-moves"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let file = host.tree().read(Path::new(CONFIG));
        let file = file.require()?;
        let file = file.ok_or(Stop::NotApplicable("haproxy is not configured"))?;
        starts(host, &["haproxy"], "nothing starts haproxy at boot")?;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        let waits = started_by_hook(failover);
        for line in haproxy::parse(file) {
            for address in haproxy::addresses(&line) {
                let moves = failover.config.instances.iter().find_map(|instance| {
                    let mut all = instance.virtual_addresses.iter().chain(&instance.excluded);
                    let own = all.find(|other| other.address == address)?;
                    Some((instance, own))
                });
                let Some((instance, own)) = moves else {
                    continue;
                };
                out.judged += 1;
                let free = line.words.iter().any(|word| word == "transparent");
                let owner = instance.start_priority() == 255;
                if free || waits || owner || may_bind(host, address, &mut out) {
                    continue;
                }
                let name = escape(&instance.name.value);
                let message = format!(
                    "haproxy does not start after a reboot: {address} is only here while \
                     {name} is MASTER"
                );
                let at = Evidence::span(line.place.clone(), "cannot bind what is not there");
                let moves = Evidence::span(own.text.place.clone(), "comes with the instance");
                let without = "no net.ipv4.ip_nonlocal_bind and no transparent on the line";
                let finding = Finding::new(self.id(), address.to_string(), message, at)
                    .with(moves)
                    .with(Evidence::computed(without));
                out.push(finding.confidence(Confidence::Likely));
            }
        }
        out.or_not_applicable("haproxy listens on no address that moves")
    }
}
