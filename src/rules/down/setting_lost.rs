//! `down-setting-lost`: a kernel setting that the network needs is not what the boot sets.

use super::super::{Cx, Evidence, Finding, Findings, Rule};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::network::plan::said_by;
use crate::facts::running::must_run;
use crate::facts::services::bare_names;
use crate::rules::Impact;

pub(in crate::rules) struct SettingLost;

/// Settings that make the box what it is, their value at the start of the kernel (Linux
/// 6.1 `Documentation/networking/ip-sysctl.rst`, `Documentation/admin-guide/sysctl`), and
/// what does without.
const WATCHED: [(&str, i64, &str); 5] = [
    ("net/ipv4/ip_forward", 0, "it stops passing packets on"),
    (
        "net/ipv6/conf/all/forwarding",
        0,
        "it stops passing packets of IPv6 on",
    ),
    (
        "net/ipv4/ip_nonlocal_bind",
        0,
        "services cannot bind addresses that it does not hold",
    ),
    (
        "vm/overcommit_memory",
        0,
        "programs that ask for much memory fail",
    ),
    (
        "net/ipv6/conf/all/disable_ipv6",
        0,
        "IPv6 comes back or goes",
    ),
];

/// Programs that set some of them by themselves.
const SETTERS: [&str; 20] = [
    "docker",
    "containerd",
    "podman",
    "libvirtd",
    "virtnetworkd",
    "lxc-net",
    "lxd",
    "incus",
    "kubelet",
    "k3s",
    "k3s-agent",
    "rke2-server",
    "rke2-agent",
    "tailscaled",
    "firewalld",
    "ufw",
    "shorewall",
    "tuned",
    "wg-quick",
    "NetworkManager",
];

impl Rule for SettingLost {
    fn id(&self) -> &'static str {
        "down-setting-lost"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        must_run(host)?;
        host.must_start()?;
        if bare_names(host).any(|name| SETTERS.contains(&name)) {
            return Err(Stop::NotApplicable("a program sets some by itself"));
        }
        let settings = host.kernel_settings();
        let mut out = Findings::new();
        out.open.extend(settings.gaps().iter().cloned());
        for (key, start, loss) in WATCHED {
            let Some(now) = settings.now(key) else {
                continue;
            };
            out.judged += 1;
            let set = settings.get(key, &[]);
            let next = set.as_ref().map_or(start, |setting| setting.value);
            let name = key.replace('/', ".");
            let last = key.rsplit('/').next().unwrap_or(key);
            if next == now.value || (set.is_none() && said_by(host, &[last]).is_some()) {
                continue;
            }
            let message = format!(
                "{name} is {} now and {next} after the boot: {loss}",
                now.value
            );
            let evidence = Evidence::span(now.place, "as it is now");
            let finding = Finding::new(self.id(), name, message, evidence);
            let finding = finding.impact(&[Impact::NoService]);
            out.push(match set {
                Some(set) => finding.with(Evidence::span(set.place, "what the boot sets")),
                None => finding.with(Evidence::computed("no file sets it".to_owned())),
            });
        }
        Ok(out)
    }
}
