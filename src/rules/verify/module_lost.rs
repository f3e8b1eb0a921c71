//! `verify-module-lost`: a module that files ask for is not loaded any more.

use super::{before, was, whole};
use crate::fact::{Fact, Stop};
use crate::facts::{Host, standing};
use crate::rules::{Cx, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct ModuleLost;

impl Rule for ModuleLost {
    fn id(&self) -> &'static str {
        "verify-module-lost"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let declared = whole(standing::declared_modules(before))?;
        let then = whole(standing::loaded_modules(before))?;
        let now = whole(standing::loaded_modules(host))?;
        let mut out = Findings::new();
        for (name, _, place) in then {
            let Some((_, asked)) = declared.iter().find(|(wanted, _)| *wanted == name) else {
                continue;
            };
            out.judged += 1;
            let loaded = now.iter().any(|(other, _, _)| *other == name);
            // Another kernel may have it built in.
            if loaded || matches!(standing::has_module(host, &name), Fact::Known(())) {
                continue;
            }
            let shown = escape(name.as_bytes());
            let message = format!("the module {shown} is not loaded any more");
            let finding = Finding::new(self.id(), shown, message, was(&place, "loaded"));
            out.push(finding.with(was(asked, "asked for")));
        }
        if out.judged == 0 {
            return Err(Stop::NotApplicable(
                "no module that files ask for was loaded",
            ));
        }
        Ok(out)
    }
}
