//! `failover-password-cut`: a comment sign inside `auth_pass`.

use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::keepalived::Version;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape;

pub(in crate::rules) struct PasswordCut;

/// From here on `!` and `#` begin a comment in the middle of a word too.
const INSIDE: Version = Version::new(1, 2, 20);

impl Rule for PasswordCut {
    fn id(&self) -> &'static str {
        "failover-password-cut"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        let version = failover.config.version;
        for instance in &failover.config.instances {
            let authentication = instance.authentication.as_ref();
            let Some(password) = authentication.and_then(|a| a.password.as_ref()) else {
                continue;
            };
            out.judged += 1;
            let text = password.place.file.slice(password.place.span);
            // Older versions take the sign for a letter, as long as no blank is before it.
            let old = version < INSIDE && text.iter().any(|b| matches!(b, b'!' | b'#'));
            if !(password.cut || old) {
                continue;
            }
            let name = escape(&instance.name.value);
            let message = if old {
                format!(
                    "instance {name} has another password after an upgrade: a comment begins in it"
                )
            } else {
                format!("instance {name} has only a part of its password: a comment begins in it")
            };
            let label = if old {
                "keepalived 1.2.20 and later end it at the sign"
            } else {
                "what follows is a comment"
            };
            let at = Evidence::span(password.place.clone(), label);
            let mut finding = Finding::new(self.id(), name, message, at)
                .with(Evidence::computed(failover.version_from.clone()));
            if !old {
                // Its peer reads the same line in the same way.
                finding = finding.at_most(Level::Note);
            }
            out.push(finding);
        }
        out.or_not_applicable("no instance has a password")
    }
}
