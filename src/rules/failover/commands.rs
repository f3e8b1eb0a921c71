//! The commands of a configuration, and the user each of them runs as.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::fact::{Fact, Unknown};
use crate::facts::Host;
use crate::facts::failover::Failover;
use crate::parse::keepalived::{Command, Config, Subject, Text, Version};
use crate::text::{Place, escape};

/// From here on words three and four of a hook are its user and group, and scripts may
/// have a user of their own.
pub(super) const USERS: Version = Version::new(1, 3, 0);

/// The account that scripts run as unless told otherwise, where it exists.
pub(super) const ACCOUNT: &[u8] = b"keepalived_script";

/// A command that keepalived starts.
pub(super) struct Started<'a> {
    /// `the hook of instance gw`, `the check web`.
    pub(super) owner: String,
    /// The command.
    pub(super) command: &'a Command,
    /// User and group of its own.
    pub(super) words: &'a [Text],
    /// Whether it is a check: without it the instance runs unchecked.
    pub(super) check: bool,
}

/// Who runs a command.
pub(super) enum User {
    /// An account with this number.
    Id(u32),
    /// An account that does not exist, named here; nowhere, if the default is missing.
    Gone(Vec<u8>, Option<Place>),
}

impl Started<'_> {
    /// The program, where the command names one by its path.
    pub(super) fn program(&self) -> Option<PathBuf> {
        let first = self.command.argv.first()?.value.as_slice();
        let first = first.split(u8::is_ascii_whitespace).next()?;
        let path = PathBuf::from(std::ffi::OsStr::from_bytes(first));
        path.is_absolute().then_some(path)
    }
}

/// Every hook and every tracked check, in the order of the configuration.
pub(super) fn started(config: &Config) -> Vec<Started<'_>> {
    let mut all = Vec::new();
    let hooks = config
        .instances
        .iter()
        .map(|i| (Subject::Instance, &i.name, &i.notify));
    let groups = config
        .groups
        .iter()
        .map(|g| (Subject::Group, &g.name, &g.notify));
    for (subject, name, hooks) in hooks.chain(groups) {
        for hook in hooks {
            let command = &hook.command;
            all.push(Started {
                owner: format!("the hook of {}", super::called(subject, &name.value)),
                command,
                words: &command.user,
                check: false,
            });
        }
    }
    for script in &config.scripts {
        let Some(command) = &script.command else {
            continue;
        };
        let tracks = |list: &[crate::parse::keepalived::Tracked]| {
            list.iter().any(|t| t.name.value == script.name.value)
        };
        let used = config.instances.iter().any(|i| tracks(&i.track_scripts))
            || config.groups.iter().any(|g| tracks(&g.track_scripts));
        if used {
            all.push(Started {
                owner: format!("the check {}", escape(&script.name.value)),
                command,
                words: script.user.as_deref().unwrap_or(&[]),
                check: true,
            });
        }
    }
    all
}

/// Who would run it (keepalived `lib/notify.c`, `set_script_uid_gid` and
/// `get_default_script_user`).
pub(super) fn user(
    host: &Host,
    failover: &Failover,
    started: &Started<'_>,
) -> Result<Option<User>, Unknown> {
    let globals = &failover.config.globals;
    let accounts = match host.accounts() {
        Fact::Known(accounts) => accounts,
        Fact::Unknown(unknown) => return Err(unknown.clone()),
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => return Ok(None),
    };
    let named = started.words.first();
    let named = named.or_else(|| globals.script_user.as_ref()?.first());
    if let Some(name) = named {
        return Ok(match accounts.uid(&name.value) {
            Some(id) => Some(User::Id(id)),
            None if host.foreign_users() => None,
            None => Some(User::Gone(name.value.clone(), Some(name.place.clone()))),
        });
    }
    if let Some(id) = accounts.uid(ACCOUNT) {
        return Ok(Some(User::Id(id)));
    }
    if globals.enable_script_security.is_none() {
        return Ok(Some(User::Id(0)));
    }
    if host.foreign_users() {
        return Ok(None);
    }
    Ok(Some(User::Gone(ACCOUNT.to_vec(), None)))
}

/// The group that would run it, where that is known without /etc/group: the one that
/// its account begins with.
pub(super) fn group(host: &Host, failover: &Failover, started: &Started<'_>) -> Option<u32> {
    let Fact::Known(accounts) = host.accounts() else {
        return None;
    };
    let words = match started.words {
        [] => failover
            .config
            .globals
            .script_user
            .as_deref()
            .unwrap_or(&[]),
        words => words,
    };
    match words {
        [] if accounts.uid(ACCOUNT).is_some() => accounts.gid(ACCOUNT),
        [] => Some(0),
        [user] => accounts.gid(&user.value),
        _ => None,
    }
}

/// The directories that a path goes through, from the top.
pub(super) fn directories(path: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = path.ancestors().skip(1).map(Path::to_path_buf).collect();
    all.reverse();
    all
}
