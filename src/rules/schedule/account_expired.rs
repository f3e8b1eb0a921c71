//! `cron-account-expired`: PAM refuses the jobs of an account that has expired.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use super::jobs;
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::parse::crontab::Daemon;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::{Place, escape};

pub(in crate::rules) struct AccountExpired;

/// Stacks that a service's own file includes.
const STACKS: [&str; 3] = [
    "/etc/pam.d/common-account",
    "/etc/pam.d/password-auth",
    "/etc/pam.d/system-auth",
];

impl Rule for AccountExpired {
    fn id(&self) -> &'static str {
        "cron-account-expired"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let cron = super::cron(host)?;
        let service = match cron.daemons.as_slice() {
            [Daemon::Debian | Daemon::Debian187] => "/etc/pam.d/cron",
            [Daemon::Cronie] => "/etc/pam.d/crond",
            _ => return Err(Stop::NotApplicable("this cron asks no PAM")),
        };
        let mut out = Findings::new();
        super::incomplete(&cron.tables, &mut out);
        if !asks_for_age(host, service, &mut out) {
            return Ok(out);
        }
        // The first job and the number of jobs of each user.
        let mut users: BTreeMap<Vec<u8>, (Place, usize)> = BTreeMap::new();
        for live in jobs::live(cron) {
            let owner = live.table.owner.as_ref();
            let user = live.job.user.as_ref().map(|(name, _)| name.clone());
            let user = user.or_else(|| owner.map(|name| name.clone().into_bytes()));
            let place = live.table.file.place(live.job.line);
            let entry = users.entry(user.unwrap_or_else(|| b"root".to_vec()));
            entry.or_insert((place, 0)).1 += 1;
        }
        out.judged = users.len();
        let shadow = host.tree().read(Path::new("/etc/shadow"));
        out.gap(&shadow);
        let Fact::Known(shadow) = shadow else {
            return Ok(out);
        };
        let today = host.now().duration_since(Timestamp::UNIX_EPOCH).as_hours() / 24;
        for (user, (place, jobs)) in users {
            let mut lines = shadow.lines();
            let line = lines.find(|(_, line)| line.split(|b| *b == b':').next() == Some(&user));
            let Some((span, why)) =
                line.and_then(|(span, line)| Some((span, expired(line, today)?)))
            else {
                continue;
            };
            let user = escape(&user);
            let mend = if why.starts_with("the account") {
                format!("chage --expiredate -1 {user}")
            } else {
                format!("chage --maxdays -1 {user}")
            };
            let jobs = if jobs == 1 {
                "job".to_owned()
            } else {
                format!("{jobs} jobs")
            };
            let message = format!("PAM refuses the {jobs} of {user}: {why}");
            let secret = format!("line {} says so", shadow.position(span.start).line);
            let evidence = Evidence::path(shadow.path(), secret);
            let finding = Finding::new(self.id(), user, message, evidence);
            let finding = finding.with(Evidence::span(place, "is not run"));
            let text = "Take the age limit off the account, or set a new password.";
            let finding = finding.fix(text, &[&mend]);
            out.push(if cron.daemons.iter().all(|daemon| daemon.is_debian()) {
                finding
            } else {
                finding.confidence(Confidence::Likely)
            });
        }
        Ok(out)
    }
}

/// Whether the account part of the daemon's PAM stack looks at /etc/shadow.
fn asks_for_age(host: &Host, service: &str, out: &mut Findings) -> bool {
    let mut text = String::new();
    let own = host.tree().read(Path::new(service));
    out.gap(&own);
    let Fact::Known(own) = own else { return false };
    text.push_str(&String::from_utf8_lossy(own.bytes()));
    for path in STACKS {
        let name = path.rsplit('/').next().unwrap_or(path);
        if !text.contains(name) {
            continue;
        }
        let stack = host.tree().read(Path::new(path));
        out.gap(&stack);
        if let Fact::Known(stack) = stack {
            text.push('\n');
            text.push_str(&String::from_utf8_lossy(stack.bytes()));
        }
    }
    text.lines().any(|line| {
        let line = line.trim();
        line.starts_with("account")
            && line.contains("pam_unix.so")
            && !line.contains("no_pass_expiry")
    })
}

/// Why an account is refused on a day counted from 1970 (Linux-PAM 1.5.2
/// `modules/pam_unix/passverify.c`, `check_shadow_expiry`).
fn expired(line: &[u8], today: i64) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    let fields: Vec<&str> = text.split(':').collect();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<i64>().ok());
    if let Some(end) = number(7).filter(|end| *end >= 0 && today > *end) {
        return Some(format!("the account expired {}", ago(today - end)));
    }
    let changed = number(2)?;
    if changed == 0 {
        return Some("a new password must be set first".to_owned());
    }
    let most = number(4).filter(|most| *most >= 0)?;
    let over = today.checked_sub(changed)?.checked_sub(most)?;
    (over > 0).then(|| format!("the password expired {}", ago(over)))
}

fn ago(days: i64) -> String {
    match days {
        1 => "yesterday".to_owned(),
        days => format!("{days} days ago"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_expires_by_its_own_date_or_by_the_age_of_its_password() {
        let today = 20_000;
        let why = |rest: &str| expired(format!("u:{rest}").as_bytes(), today);
        let said = |rest: &str| why(rest).unwrap();
        assert_eq!(
            said("*:19990:0:99999:7::19999:"),
            "the account expired yesterday"
        );
        assert_eq!(
            said("*:19900:0:30:7:::"),
            "the password expired 70 days ago"
        );
        assert_eq!(said("*:0:0:99999:7:::"), "a new password must be set first");
        for fine in [
            "*:19990:0:99999:7:::",
            "*:19990:0:30:7:::",
            "*::0:30:7:::",
            "!",
            "*:x:0:1::::",
        ] {
            assert_eq!(why(fine), None, "{fine}");
        }
        assert_eq!(why("*:19990:0:10:7::20000:"), None);
    }
}
