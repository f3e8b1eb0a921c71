//! `verify-user-service-lost`: a service of a person who need not log in is gone.

use super::{before, whole};
use crate::fact::{Fact, Stop};
use crate::facts::{Host, standing};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct UserServiceLost;

impl Rule for UserServiceLost {
    fn id(&self) -> &'static str {
        "verify-user-service-lost"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let then = whole(standing::user_services(before))?;
        if then.is_empty() {
            return Err(Stop::NotApplicable("nobody's services ran without a login"));
        }
        let mut out = Findings::new();
        for (person, service, group) in then {
            match host.tree().lstat(&group) {
                Fact::Known(_) => continue,
                Fact::Absent(_) => {}
                other => {
                    out.gap(&other);
                    continue;
                }
            }
            let (who, what) = (escape(person.as_bytes()), escape(service.as_bytes()));
            let message = format!("{what} of {who} does not run any more");
            let evidence = Evidence::path(group, "its control group is gone");
            let mut finding = Finding::new(self.id(), format!("{who} {what}"), message, evidence);
            let linger = std::path::Path::new("/var/lib/systemd/linger").join(&person);
            if let Fact::Absent(looked) = host.tree().lstat(&linger) {
                finding = finding.with(Evidence::from(&looked));
            }
            out.push(finding);
        }
        Ok(out)
    }
}
