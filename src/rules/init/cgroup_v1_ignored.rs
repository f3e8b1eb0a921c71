//! `init-cgroup-v1-ignored`: the command line asks for control groups that this systemd
//! no longer offers.

use crate::fact::{Fact, Stop};
use crate::facts::{Boots, Host};
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Rule, target};

pub(in crate::rules) struct CgroupV1Ignored;

impl Rule for CgroupV1Ignored {
    fn id(&self) -> &'static str {
        "init-cgroup-v1-ignored"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let boot = target::systemd(host)?;
        if matches!(host.boots(), Boots::InitOnly(_)) {
            return Err(Stop::NotApplicable(
                "a container has its host's control groups",
            ));
        }
        let Some(words) = &boot.words else {
            return Err(Stop::NotApplicable(
                "the kernel's command line is not known",
            ));
        };
        let mut out = Findings::new();
        let version = match &boot.plan.version {
            Fact::Known(version) => version,
            other => {
                out.gap(other);
                return Ok(out);
            }
        };
        let asks = !words.switch("systemd.unified_cgroup_hierarchy", true);
        let forced = words.switch("SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE", false);
        let fate = match version.major {
            ..256 => return Ok(out),
            256 | 257 if forced => return Ok(out),
            256 | 257 => "waits 30 s at boot, and then uses version 2",
            _ => "uses version 2 all the same",
        };
        if !asks {
            return Ok(out);
        }
        let major = version.major;
        let message =
            format!("systemd {major} {fate}: the command line asks for control groups version 1");
        let evidence = target::word_evidence(host, "systemd.unified_cgroup_hierarchy=0");
        let mut finding = Finding::new(self.id(), "cgroup", message, evidence).with(
            Evidence::computed(format!("systemd's version: {}", version.sign)),
        );
        if major > 257 {
            finding = finding.impact(&[Impact::NoService]);
        }
        out.push(finding);
        Ok(out)
    }
}
