//! `crypt-mapper-not-unlocked`: fstab mounts a mapper device that nothing makes.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::devices::{Kind, Match, Spec, volume_of};
use crate::facts::mounts::{Failure, Manager, Outcome, Role};
use crate::rules::mount::{field, weigh};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct MapperNotUnlocked;

/// What else makes mapper devices.
const OTHER_MAKERS: [&str; 4] = [
    "/etc/multipath.conf",
    "/etc/multipath",
    "/usr/sbin/dmraid",
    "/etc/veritytab",
];

impl Rule for MapperNotUnlocked {
    fn id(&self) -> &'static str {
        "crypt-mapper-not-unlocked"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        host.must_start()?;
        let mounts = host.mounts();
        if !matches!(
            mounts.manager,
            Manager::Systemd | Manager::Scripts | Manager::Void
        ) {
            return Err(Stop::NotApplicable("crypttab is not what this init reads"));
        }
        mounts.fstab.require()?;
        let mut out = Findings::new();
        if let Some(unread) = host.crypt().unread() {
            out.open.push(unread);
            return Ok(out);
        }
        let there = |path: &&str| matches!(host.tree().resolve(Path::new(path)), Fact::Known(_));
        let others = OTHER_MAKERS.iter().any(there);
        for plan in &mounts.plans {
            out.judged += 1;
            let Some(Spec::Node(node)) = &plan.device else {
                continue;
            };
            let name = String::from_utf8_lossy(node).into_owned();
            let spec = Spec::Node(node.clone());
            let is_mapper = name.starts_with("/dev/mapper/");
            // The root is unlocked before anybody reads crypttab here, and names from the
            // command line begin so.
            let early = plan.role == Role::Root || name.starts_with("/dev/mapper/luks-");
            if !is_mapper || early || host.crypt().making(&spec).is_some() {
                continue;
            }
            let device = match host.devices() {
                Fact::Known(devices) => match devices.find(&spec) {
                    Match::One(device) => Some(device.kind),
                    _ => None,
                },
                _ => None,
            };
            let known = device == Some(Kind::Crypt) && volume_of(&name).is_none();
            if !known && (device.is_some() || volume_of(&name).is_some() || others) {
                continue;
            }
            let Some(consequence) = mounts.consequence(plan, Failure::NoDevice) else {
                continue;
            };
            if matches!(consequence.outcome, Outcome::NotTried | Outcome::Harmless) {
                continue;
            }
            let subject = plan.subject();
            let shown = escape(node);
            let message = format!(
                "{subject} cannot be mounted: no line of crypttab makes {shown}; {}",
                consequence.says()
            );
            let (level, impact) = weigh(&consequence);
            let evidence = Evidence::span(field(plan, 0), "not in crypttab");
            let crypttab = match &host.crypt().file {
                Fact::Absent(looked) => looked.into(),
                _ => Evidence::path("/etc/crypttab", "has no line of that name"),
            };
            let finding = Finding::new(self.id(), subject, message, evidence)
                .with(crypttab)
                .at_most(level)
                .impact(impact)
                .follows(&["mount-device-missing"]);
            out.push(if known {
                finding
            } else {
                finding.confidence(Confidence::Likely)
            });
        }
        Ok(out)
    }
}
