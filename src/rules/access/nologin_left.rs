//! `access-nologin-left`: a file that keeps everybody but root out.

use std::path::Path;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::access::doors::{State, doors};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};

pub(in crate::rules) struct NologinLeft;

impl Rule for NologinLeft {
    fn id(&self) -> &'static str {
        "access-nologin-left"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let sshd = super::coming(host)?;
        let path = Path::new("/etc/nologin");
        let mut out = Findings::new();
        if host.resolve(path).require()?.is_none() {
            return Ok(out);
        }
        // sysvinit's scripts take away the one that a boot makes, which is a link there.
        let is_link = matches!(host.tree().read_link(path), crate::fact::Fact::Known(_));
        if is_link {
            return Err(Stop::NotApplicable(
                "it is a link to one that the boot takes away",
            ));
        }
        let finding = |message: &str| {
            let evidence = Evidence::path(path, "neither PAM nor sshd lets an account but root in");
            Finding::new(self.id(), "/etc/nologin", message, evidence)
        };
        let config = super::config(sshd)?;
        let root_gets_in = match host.people().require()? {
            Some(people) => doors(host, config, people)
                .iter()
                .any(|door| door.name == "root" && !matches!(door.state, State::Shut(..))),
            None => true,
        };
        out.push(if root_gets_in {
            let message = "only root can log in after the boot: /etc/nologin is there";
            finding(message).at_most(Level::Warn)
        } else {
            let message = "nobody can log in after the boot: /etc/nologin keeps everybody but root \
                           out, and sshd does not let root in";
            super::weighed(host, finding(message))
        });
        Ok(out)
    }
}
