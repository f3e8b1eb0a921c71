//! `packages-running-modules-removed`: the modules of the running kernel are gone.

use std::path::Path;

use crate::fact::{Fact, Stop, Why};
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::source::TreeKind;
use crate::text::escape;

pub(in crate::rules) struct RunningModulesRemoved;

impl Rule for RunningModulesRemoved {
    fn id(&self) -> &'static str {
        "packages-running-modules-removed"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        if host.tree().coverage().kind != TreeKind::Live {
            return Err(Stop::NotCovered(Why::NoRuntime));
        }
        host.must_boot()?;
        let read = |path: &str| host.tree().read(Path::new(path));
        let release = read("/proc/sys/kernel/osrelease");
        let (Some(release), Some(loaded)) = (
            release.require()?,
            read("/proc/modules").require()?.cloned(),
        ) else {
            return Err(Stop::NotApplicable("the running kernel loads no modules"));
        };
        let mut out = Findings::new();
        let release = escape(release.bytes().trim_ascii());
        let dirs = ["/lib/modules", "/usr/lib/modules"].map(|dir| Path::new(dir).join(&release));
        let mut looked = crate::fact::Looked {
            paths: Vec::new(),
            notes: Vec::new(),
        };
        for dir in dirs {
            match host.tree().resolve(&dir) {
                Fact::Absent(more) => looked.paths.extend(more.paths),
                Fact::Known(_) => return Ok(out),
                other => {
                    out.gap(&other);
                    return Ok(out);
                }
            }
        }
        let count = loaded.line_count();
        let message = format!(
            "the modules of the running kernel {release} are removed: until the reboot \
             nothing can be loaded"
        );
        let text = format!("{count} modules are loaded");
        let finding = Finding::new(self.id(), release, message, Evidence::from(&looked));
        out.push(finding.with(Evidence::path("/proc/modules", text)));
        Ok(out)
    }
}
