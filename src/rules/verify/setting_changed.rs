//! `verify-setting-changed`: a setting of the kernel has another value.

use super::{before, was};
use crate::fact::{Fact, Stop};
use crate::facts::{Host, standing};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct SettingChanged;

impl Rule for SettingChanged {
    fn id(&self) -> &'static str {
        "verify-setting-changed"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let keys = standing::setting_keys(before);
        keys.complete()?;
        let mut out = Findings::new();
        for key in keys.items {
            let then = standing::setting(before, &key);
            // One that the kernel does not have, or does not show, is no setting.
            let Fact::Known((then, earlier)) = then else {
                continue;
            };
            let now = standing::setting(host, &key);
            let shown = escape(key.replace('/', ".").as_bytes());
            let old = escape(then.as_bytes());
            match now {
                Fact::Known((now, _)) if now == then => out.judged += 1,
                Fact::Known((now, place)) => {
                    let new = escape(now.as_bytes());
                    let message = format!("{shown} is {new}; it was {old}");
                    let evidence = Evidence::span(place, "the value of now");
                    let finding = Finding::new(self.id(), shown, message, evidence);
                    out.push(finding.with(was(&earlier, "the value")));
                }
                Fact::Absent(looked) => {
                    let message = format!("the kernel has no {shown} any more; it was {old}");
                    let evidence = Evidence::from(&looked);
                    let finding = Finding::new(self.id(), shown, message, evidence);
                    out.push(finding.with(was(&earlier, "the value")));
                }
                other => out.gap(&other),
            }
        }
        Ok(out)
    }
}
