//! `hook-skipped`: an executable file in a directory of hooks that its runner leaves out.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::hooks::hooks;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct Skipped;

impl Rule for Skipped {
    fn id(&self) -> &'static str {
        "hook-skipped"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let hooks = hooks(host);
        if hooks.items.is_empty() && hooks.gaps.is_empty() {
            return Err(Stop::NotApplicable("there are no directories of hooks"));
        }
        let mut out = Findings::new();
        out.judged = hooks.items.len();
        out.open.extend(hooks.gaps);
        for hook in hooks.items {
            let Some(why) = hook.skipped else { continue };
            let shown = escape_path(&hook.path);
            let runner = hook.runner.name();
            let message = format!("{runner} never runs {shown}");
            let evidence = Evidence::path(&hook.found.path, why);
            out.push(Finding::new(self.id(), shown, message, evidence));
        }
        Ok(out)
    }
}
