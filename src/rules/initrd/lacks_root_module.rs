//! `initrd-lacks-root-module`: neither the kernel nor the initrd has the file system of
//! the root.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::stack;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule, root};
use crate::text::escape_path;

pub(in crate::rules) struct LacksRootModule;

impl Rule for LacksRootModule {
    fn id(&self) -> &'static str {
        "initrd-lacks-root-module"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let facts = super::of(host)?;
        if !super::is_whole(facts) {
            return Err(Stop::NotApplicable("the initrd is not whole"));
        }
        let release = host.release();
        let Some(release) = release.require()? else {
            return Err(Stop::NotApplicable("the image tells no release"));
        };
        let modules = host.modules_of(release);
        let Fact::Known(modules) = modules.as_ref() else {
            return Err(Stop::NotApplicable(
                "what is built into the kernel is not known",
            ));
        };
        let Some(builtin) = &modules.builtin else {
            return Err(Stop::NotApplicable(
                "what is built into the kernel is not known",
            ));
        };
        let Some(kind) = stack::file_system(host) else {
            return Err(Stop::NotApplicable("the root's file system is not known"));
        };
        let names = stack::modules_of(&kind.name);
        let mut out = Findings::new();
        let has = |name: &&str| {
            let name = name.as_bytes().to_vec();
            builtin.contains(&name) || facts.modules.contains(&name)
        };
        if names.is_empty() || names.iter().any(has) {
            return Ok(out);
        }
        let Some(file) = facts.files.last() else {
            return Ok(out);
        };
        let name = &kind.name;
        let message =
            format!("the root is {name}, and neither the kernel nor the initrd has {name}");
        let evidence = Evidence::path(&file.path, format!("has no {name} module"));
        let list = modules.dir.join("modules.builtin");
        let finding = Finding::new(self.id(), escape_path(&file.path), message, evidence)
            .with(root::told(&kind.told))
            .with(Evidence::path(list, "does not list it"));
        out.push(if kind.certain {
            finding
        } else {
            finding.confidence(Confidence::Likely)
        });
        Ok(out)
    }
}
