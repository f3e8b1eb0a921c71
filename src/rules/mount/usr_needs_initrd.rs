//! `mount-usr-needs-initrd`: the init lies on a /usr that nobody mounts before it.

use std::path::Path;

use super::field;
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::Finder;
use crate::facts::mounts::Role;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct UsrNeedsInitrd;

impl Rule for UsrNeedsInitrd {
    fn id(&self) -> &'static str {
        "mount-usr-needs-initrd"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        let mounts = host.mounts();
        mounts.fstab.require()?;
        let plans = mounts.plans.iter();
        let mut own = plans.filter(|p| p.role == Role::Usr && p.device.is_some() && !p.is_bind());
        let Some(plan) = own.next_back() else {
            return Err(Stop::NotApplicable("/usr is no file system of its own"));
        };
        let Some(root) = host.root().require()? else {
            return Err(Stop::NotApplicable("which kernel starts is not known"));
        };
        let mut out = Findings::new();
        if root.finder != Finder::Kernel {
            return Ok(out);
        }
        let mut on_usr = None;
        // Linux 6.1 init/main.c: the names that are tried; one that does not need /usr is
        // enough.
        for name in ["/sbin/init", "/etc/init", "/bin/init", "/bin/sh"] {
            let first = host.tree().lstat(Path::new("/sbin"));
            out.gap(&first);
            match leads_to_usr(host, Path::new(name)) {
                Some(true) => on_usr = on_usr.or(Some(name)),
                Some(false) => return Ok(out),
                None => {}
            }
        }
        let Some(init) = on_usr else {
            return Ok(out);
        };
        let message = format!(
            "/usr is a file system of its own and there is no initrd to mount it: the kernel does \
             not find {init}, which lies on it"
        );
        let evidence = Evidence::span(field(plan, 1), "mounted by the init, which is on it");
        let finding = Finding::new(self.id(), "/usr", message, evidence);
        let link = Path::new(init).parent().unwrap_or(Path::new("/"));
        let text = format!("{} leads to /usr", escape_path(link));
        out.push(finding.with(Evidence::path(init, text)));
        Ok(out)
    }
}

/// Whether a name leads to a file below /usr; `None` where nothing is there.
fn leads_to_usr(host: &Host, name: &Path) -> Option<bool> {
    match host.resolve(name) {
        Fact::Known(found) => Some(found.path.starts_with("/usr")),
        // A /usr that this tree does not hold: the directory's link tells.
        Fact::NotCovered(_) => {
            let dir = name.parent()?;
            let target = host.tree().read_link(dir);
            matches!(&target, Fact::Known(to) if Path::new("/").join(to).starts_with("/usr"))
                .then_some(true)
        }
        Fact::Absent(_) | Fact::Broken(_) | Fact::Unknown(_) => None,
    }
}
