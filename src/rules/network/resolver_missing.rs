//! `network-resolver-missing`: /etc/resolv.conf is a link to a file that nothing makes.

use std::path::{Component, Path, PathBuf};

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::network::{State, state};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct ResolverMissing;

/// Who makes what is below these directories: for people, units, scripts.
type Maker = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const MAKERS: [Maker; 3] = [
    (
        "/run/systemd/resolve",
        "systemd-resolved",
        &["systemd-resolved.service"],
        &["systemd-resolved"],
    ),
    (
        "/run/NetworkManager",
        "NetworkManager",
        &["NetworkManager.service"],
        &["NetworkManager", "network-manager"],
    ),
    (
        "/run/connman",
        "connman",
        &["connman.service"],
        &["connman"],
    ),
];

impl Rule for ResolverMissing {
    fn id(&self) -> &'static str {
        "network-resolver-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let path = Path::new("/etc/resolv.conf");
        let link = host.tree().read_link(path);
        let Some(target) = link.require()? else {
            return Err(Stop::NotApplicable("/etc/resolv.conf is no link"));
        };
        let target = absolute(target);
        let mut out = Findings::new();
        let shown = escape_path(&target);
        let maker = MAKERS.iter().find(|(dir, ..)| target.starts_with(dir));
        let why = match maker {
            Some((_, name, units, scripts)) => match state(host, units, scripts) {
                State::Starts(_) => return Ok(out),
                State::Unknown(open) => return Err(Stop::Undecided(open)),
                State::NotModelled => {
                    return Err(Stop::NotApplicable("what this init starts is not followed"));
                }
                State::No => format!("{name}, which makes {shown}, is not started"),
            },
            None if target.starts_with("/run") => {
                return Err(Stop::NotApplicable("who makes the file is not known"));
            }
            None => match host.resolve(path) {
                Fact::Absent(_) => format!("{shown} does not exist"),
                other => {
                    out.gap(&other);
                    return Ok(out);
                }
            },
        };
        let message = format!("no names are resolved after the boot: {why}");
        let evidence = Evidence::path(path, format!("is a link to {shown}"));
        out.push(Finding::new(
            self.id(),
            "/etc/resolv.conf",
            message,
            evidence,
        ));
        Ok(out)
    }
}

/// The text of a link in /etc as a path from the root; `/var/run` is `/run`.
fn absolute(target: &Path) -> PathBuf {
    let mut path = PathBuf::from("/etc");
    for component in target.components() {
        match component {
            Component::RootDir => path = PathBuf::from("/"),
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            Component::CurDir | Component::Prefix(_) => {}
        }
    }
    match path.strip_prefix("/var/run") {
        Ok(rest) => Path::new("/run").join(rest),
        Err(_) => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_followed_from_where_it_stands() {
        for (target, expected) in [
            (
                "../run/systemd/resolve/stub-resolv.conf",
                "/run/systemd/resolve/stub-resolv.conf",
            ),
            ("/var/run/x", "/run/x"),
            ("resolv.conf.site", "/etc/resolv.conf.site"),
        ] {
            assert_eq!(absolute(Path::new(target)), Path::new(expected));
        }
    }
}
