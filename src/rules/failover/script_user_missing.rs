//! `failover-script-user-missing`: keepalived drops scripts whose user does not exist.

use crate::fact::Stop;
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape;

use super::commands::{USERS, User, started, user};

pub(in crate::rules) struct ScriptUserMissing;

impl Rule for ScriptUserMissing {
    fn id(&self) -> &'static str {
        "failover-script-user-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let config = &failover.config;
        if config.version < USERS {
            return Err(Stop::NotApplicable("this keepalived has one user for all"));
        }
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        for one in started(config) {
            let gone = match user(host, failover, &one) {
                Ok(gone) => gone,
                Err(unknown) => {
                    out.open.push(unknown);
                    continue;
                }
            };
            out.judged += 1;
            let Some(User::Gone(name, place)) = gone else {
                continue;
            };
            let (name, owner) = (escape(&name), &one.owner);
            let own = !one.words.is_empty();
            let message = match (&place, own, one.check) {
                (Some(_), true, false) => {
                    format!("{owner} is not run: {name} behind its command is taken for its user")
                }
                (Some(_), _, _) => format!("{owner} is not run: there is no user {name}"),
                (None, _, _) => {
                    format!("{owner} is not run: no script_user, and no account {name}")
                }
            };
            let at = place.or_else(|| config.globals.enable_script_security.clone());
            let at = at.unwrap_or_else(|| one.command.place.clone());
            let label = match (own, one.check) {
                (true, false) => "no such account; what belongs to the command needs quotes",
                (_, _) if config.globals.script_user.is_some() => "no such account",
                (_, _) => "asks for an account to run scripts as",
            };
            let what = if one.check {
                "removed: the instance runs without this check"
            } else {
                "ignored, with one line in the log"
            };
            let mut finding =
                Finding::new(self.id(), owner.clone(), message, Evidence::span(at, label))
                    .with(Evidence::span(one.command.place.clone(), what));
            if one.check {
                finding = finding.at_most(Level::Warn);
            }
            finding = super::by_version(failover, finding);
            out.push(finding);
        }
        out.or_not_applicable("keepalived starts no program")
    }
}
