//! `access-nobody-gets-in`: sshd lets in none of those who have a password or a key.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::access::doors::{Door, State, doors};
use crate::rules::target::listed;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct NobodyGetsIn;

impl Rule for NobodyGetsIn {
    fn id(&self) -> &'static str {
        "access-nobody-gets-in"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let sshd = super::coming(host)?;
        let config = super::config(sshd)?;
        if host.foreign_users() {
            return Err(Stop::NotApplicable("accounts come from elsewhere too"));
        }
        let agents = [
            "cloud-init",
            "google-guest-agent",
            "walinuxagent",
            "amazon-ssm-agent",
        ];
        let is_agent = |name: &str| agents.iter().any(|agent| name.starts_with(agent));
        if host
            .enabled()
            .items
            .iter()
            .any(|enabled| is_agent(&enabled.name))
        {
            return Err(Stop::NotApplicable(
                "what runs at boot makes accounts and keys",
            ));
        }
        let Some(people) = host.people().require()? else {
            return Err(Stop::NotApplicable("there is no /etc/passwd"));
        };
        let doors = doors(host, config, people);
        let mut out = Findings::new();
        let meant: Vec<&Door> = doors.iter().filter(|door| door.has_means).collect();
        if meant.is_empty() {
            return Err(Stop::NotApplicable("no account has a password or a key"));
        }
        for door in &doors {
            match &door.state {
                State::Open(_) | State::Perhaps(_) => return Ok(Findings::new()),
                State::Unknown(unknown) => out.open.push(unknown.clone()),
                State::Shut(..) => {}
            }
        }
        if !out.open.is_empty() {
            return Ok(out);
        }
        let names: Vec<&str> = meant.iter().map(|door| door.name.as_str()).collect();
        let names = listed(&names).unwrap_or_else(|| "nothing".to_owned());
        let message = format!("sshd lets nobody in: it refuses {names}");
        let mut evidence = meant.iter().take(4).filter_map(|door| shut(door));
        let first = evidence.next();
        let first = first.unwrap_or_else(|| Evidence::path(&sshd.path, "lets nobody in"));
        out.push(Finding::new(self.id(), "accounts", message, first).with_all(evidence));
        Ok(out)
    }
}

fn shut(door: &Door) -> Option<Evidence> {
    let State::Shut(why, place) = &door.state else {
        return None;
    };
    let text = format!("{}: {why}", door.name);
    Some(match place {
        Some(place) => Evidence::span(place.clone(), text),
        None => Evidence::computed(text),
    })
}
