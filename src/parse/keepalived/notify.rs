//! Which hook is called when, and with what (keepalived `vrrp_notify.c`).

use super::model::{
    Address, Config, Family, FamilyHint, Instance, Notify, NotifyKind, State, SyncGroup,
};
use super::version::{Dialect, Version};

/// One call of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifyCall<'a> {
    /// Whether for an instance or a group.
    pub subject: Subject,
    /// The name of the instance or group.
    pub name: &'a [u8],
    /// The state entered.
    pub state: HookState,
    /// The hook.
    pub notify: &'a Notify,
    /// How it is started.
    pub invocation: Invocation,
}

/// What a hook is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A `vrrp_instance`.
    Instance,
    /// A `vrrp_sync_group`.
    Group,
}

/// The state or event a hook is called with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HookState {
    /// MASTER.
    Master,
    /// BACKUP.
    Backup,
    /// FAULT.
    Fault,
    /// STOP: keepalived ends.
    Stop,
    /// DELETED: the instance is gone after a reload (2.1.0).
    Deleted,
    /// A master saw an advertisement of lower priority (2.0.6).
    MasterRxLowerPri,
}

/// How a hook is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// With these arguments, without a shell (2.0.0 and later).
    Exec(Vec<Vec<u8>>),
    /// By `/bin/sh -c` (before 2.0.0).
    Shell(Vec<u8>),
    /// Not at all, and why.
    Never(&'static str),
}

impl HookState {
    const ALL: [Self; 6] = [
        Self::Master,
        Self::Backup,
        Self::Fault,
        Self::Stop,
        Self::Deleted,
        Self::MasterRxLowerPri,
    ];

    /// The word a generic hook gets.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Master => "MASTER",
            Self::Backup => "BACKUP",
            Self::Fault => "FAULT",
            Self::Stop => "STOP",
            Self::Deleted => "DELETED",
            Self::MasterRxLowerPri => "MASTER_RX_LOWER_PRI",
        }
    }

    const fn kind(self) -> NotifyKind {
        match self {
            Self::Master => NotifyKind::Master,
            Self::Backup => NotifyKind::Backup,
            Self::Fault => NotifyKind::Fault,
            Self::Stop => NotifyKind::Stop,
            Self::Deleted => NotifyKind::Deleted,
            Self::MasterRxLowerPri => NotifyKind::MasterRxLowerPri,
        }
    }
}

impl Subject {
    /// The word a generic hook gets.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Instance => "INSTANCE",
            Self::Group => "GROUP",
        }
    }
}

impl Instance {
    /// What fixed the address family first, if anything did; without it the
    /// family is IPv4.
    #[must_use]
    pub const fn fixed_family(&self) -> Option<&FamilyHint> {
        self.family.as_ref()
    }

    /// The virtual addresses of the other family, which keepalived drops with a
    /// line in the log from [`Version::ONE_FAMILY`] on. Excluded addresses may
    /// be of either family.
    pub fn dropped_addresses(&self) -> impl Iterator<Item = &Address> {
        let family = self.family.as_ref().map_or(Family::V4, |hint| hint.family);
        let addresses = self.virtual_addresses.iter();
        addresses.filter(move |address| Family::of(address.address) != family)
    }

    /// The priority it starts with: 255 for an unset one with state MASTER,
    /// else 100.
    #[must_use]
    pub fn start_priority(&self) -> u8 {
        let master = self
            .state
            .as_ref()
            .is_some_and(|s| s.value == State::Master);
        let unset = if master { 255 } else { 100 };
        self.priority.as_ref().map_or(unset, |p| p.value)
    }
}

impl Config {
    /// Every call of every hook, per state, of instances and then groups. The
    /// last argument of a generic hook is the priority the instance starts
    /// with; in operation it is the effective one.
    #[must_use]
    pub fn notify_calls(&self) -> Vec<NotifyCall<'_>> {
        let dialect = Dialect {
            version: self.version,
        };
        let mut calls = Vec::new();
        for instance in &self.instances {
            let deleted = instance.notify_deleted.is_some();
            let called = Called {
                subject: Subject::Instance,
                name: &instance.name.value,
                priority: instance.start_priority(),
                dialect,
            };
            for state in HookState::ALL {
                if state != HookState::Deleted || deleted {
                    called.add(&instance.notify, state, &mut calls);
                }
            }
        }
        for SyncGroup { name, notify, .. } in &self.groups {
            let called = Called {
                subject: Subject::Group,
                name: &name.value,
                priority: 0,
                dialect,
            };
            for state in HookState::ALL {
                if state <= HookState::Stop {
                    called.add(notify, state, &mut calls);
                }
            }
        }
        calls
    }
}

struct Called<'a> {
    subject: Subject,
    name: &'a [u8],
    priority: u8,
    dialect: Dialect,
}

impl<'a> Called<'a> {
    fn add(&self, hooks: &'a [Notify], state: HookState, calls: &mut Vec<NotifyCall<'a>>) {
        let generic_knows = match state {
            HookState::Master | HookState::Backup | HookState::Fault | HookState::Deleted => true,
            HookState::Stop => self.dialect.version >= Version::EXEC_HOOKS,
            HookState::MasterRxLowerPri => false,
        };
        for notify in hooks {
            let generic = notify.kind == NotifyKind::Notify;
            let invocation = if notify.kind == state.kind() {
                self.plain(notify)
            } else if generic && generic_knows {
                self.generic(notify, state)
            } else {
                continue;
            };
            calls.push(NotifyCall {
                subject: self.subject,
                name: self.name,
                state,
                notify,
                invocation,
            });
        }
    }

    fn plain(&self, notify: &Notify) -> Invocation {
        if self.dialect.exec_hooks() {
            Invocation::Exec(argv(notify))
        } else {
            Invocation::Shell(notify.command.line.value.clone())
        }
    }

    fn generic(&self, notify: &Notify, state: HookState) -> Invocation {
        let priority = self.priority.to_string();
        let (subject, state) = (self.subject.word(), state.word());
        if self.dialect.exec_hooks() {
            let mut argv = argv(notify);
            argv.push(subject.into());
            argv.push(self.name.to_vec());
            argv.push(state.into());
            argv.push(priority.into_bytes());
            return Invocation::Exec(argv);
        }
        let line = &notify.command.line.value;
        if line.iter().any(u8::is_ascii_whitespace) {
            return Invocation::Never(
                "before 2.0.0 the whole quoted text of a generic hook is taken for a file name",
            );
        }
        let mut shell = b"\"".to_vec();
        shell.extend_from_slice(line);
        shell.extend_from_slice(format!("\" {subject} \"").as_bytes());
        shell.extend_from_slice(self.name);
        shell.extend_from_slice(format!("\" {state} {priority}").as_bytes());
        Invocation::Shell(shell)
    }
}

fn argv(notify: &Notify) -> Vec<Vec<u8>> {
    let words = notify.command.argv.iter();
    words.map(|word| word.value.clone()).collect()
}
