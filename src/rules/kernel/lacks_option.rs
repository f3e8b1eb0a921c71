//! `kernel-lacks-option`: the kernel was built without what the boot needs of it.

use crate::fact::{Fact, Stop};
use crate::facts::boot::Config;
use crate::facts::init::InitKind;
use crate::facts::{Host, undecided};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule, loader};

pub(in crate::rules) struct LacksOption;

/// What systemd and its udev cannot do without (systemd 252 README, "REQUIREMENTS").
const SYSTEMD: [&str; 10] = [
    "DEVTMPFS",
    "CGROUPS",
    "INOTIFY_USER",
    "SIGNALFD",
    "TIMERFD",
    "EPOLL",
    "UNIX",
    "SYSFS",
    "PROC_FS",
    "FHANDLE",
];

/// What every init and initrd of today is made of.
const ALWAYS: [&str; 3] = ["BINFMT_ELF", "PROC_FS", "TMPFS"];

impl Rule for LacksOption {
    fn id(&self) -> &'static str {
        "kernel-lacks-option"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let entry = loader::entry(host)?;
        let config = match host.kernel_config() {
            Fact::Known(config) => config,
            Fact::Absent(_) | Fact::Broken(_) => {
                return Err(Stop::NotApplicable("no configuration of this kernel"));
            }
            Fact::Unknown(unknown) => return Err(undecided(unknown.clone())),
            Fact::NotCovered(why) => return Err(Stop::NotCovered(why.clone())),
        };
        let mut needs: Vec<(&str, &str)> = ALWAYS.map(|name| (name, "every program")).to_vec();
        if !entry.initrds.is_empty() {
            needs.push(("BLK_DEV_INITRD", "the initrd"));
            needs.push(("DEVTMPFS", "the initrd"));
            needs.push(("BINFMT_SCRIPT", "the initrd"));
        }
        if host.init_kind() == Some(InitKind::Systemd) {
            needs.extend(SYSTEMD.map(|name| (name, "systemd")));
        }
        let mut out = Findings::new();
        let mut told: Vec<&str> = Vec::new();
        for (name, who) in needs {
            if told.contains(&name) || is_there(config, name) {
                continue;
            }
            told.push(name);
            let message = format!("the kernel was built without CONFIG_{name}, which {who} needs");
            let evidence = Evidence::path(&config.path, format!("CONFIG_{name} is not set"));
            let mut finding = Finding::new(self.id(), name, message, evidence);
            if !loader::is_certain(host) {
                finding = finding.confidence(Confidence::Possible);
            }
            out.push(finding);
        }
        Ok(out)
    }
}

/// Built in; for sockets, a module will do.
fn is_there(config: &Config, name: &str) -> bool {
    match name {
        "UNIX" => config.has(name),
        // Without CONFIG_EXPERT these are not even asked for, and always on.
        _ => config.is_builtin(name),
    }
}
