//! Where one can log in at the machine itself.

use super::cmdline::Words;
use super::{Comes, Fate, Ix, Systemd};
use crate::parse::unit;

/// A place to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// What people call it: `tty1`, `ttyS0`, `the console`, `a display manager`.
    pub name: String,
    /// The kind.
    pub kind: LoginKind,
    /// The unit.
    pub unit: Ix,
    /// What becomes of it.
    pub fate: Fate,
}

/// Kinds of logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginKind {
    /// A getty on a virtual terminal, which needs a screen and a keyboard.
    Virtual,
    /// A getty on a serial or virtual machine's console.
    Serial,
    /// A getty on the console of a container.
    Container,
    /// A graphical login.
    Graphical,
}

/// The consoles a kernel command line names, without their options.
pub(super) fn named_consoles(words: &Words) -> Vec<String> {
    let values = words.iter().filter(|(key, _)| *key == "console");
    let names = values.filter_map(|(_, value)| value?.split(',').next());
    let names = names.map(|name| name.strip_prefix("/dev/").unwrap_or(name));
    let real = |name: &&str| !matches!(*name, "" | "null" | "ttynull") && !name.starts_with("uart");
    names.filter(real).map(str::to_owned).collect()
}

/// Every login that the boot is to bring up, in the order of the units' names.
pub(super) fn logins(systemd: &Systemd) -> Vec<Login> {
    let mut found = Vec::new();
    for (ix, fate) in &systemd.course.fates {
        let id = systemd.plan.units.id(*ix);
        let instance = unit::instance(id).filter(|i| !i.is_empty());
        let terminal = || {
            let path = instance.and_then(unit::path_unescape);
            let path = path.map(|path| String::from_utf8_lossy(&path).into_owned());
            path.map(|path| path.trim_start_matches('/').to_owned())
        };
        let (kind, name) = match (unit::prefix(id), instance) {
            ("getty" | "autovt", Some(_)) => (LoginKind::Virtual, terminal()),
            ("serial-getty", Some(_)) => (LoginKind::Serial, terminal()),
            ("container-getty", Some(_)) => (
                LoginKind::Container,
                terminal().map(|name| format!("pts/{name}")),
            ),
            ("console-getty", None) => (LoginKind::Container, Some("the console".to_owned())),
            _ => {
                let unit = systemd.plan.units.get(*ix);
                let graphical =
                    unit.is_some_and(|unit| unit.names.contains("display-manager.service"));
                let name = graphical.then(|| id.trim_end_matches(".service").to_owned());
                (LoginKind::Graphical, name)
            }
        };
        let is_service = id.ends_with(".service");
        if let Some(name) = name.filter(|_| is_service) {
            found.push(Login {
                name,
                kind,
                unit: *ix,
                fate: fate.clone(),
            });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

impl Systemd {
    /// The consoles of the kernel that its command line names, /dev/console last, where
    /// the line is known.
    #[must_use]
    pub fn consoles(&self) -> Option<Vec<String>> {
        self.words.as_ref().map(named_consoles)
    }

    /// Whether the command line has the root mounted writable from the start.
    #[must_use]
    pub fn root_is_writable(&self) -> bool {
        let words = self.words.iter().flat_map(Words::iter);
        let last = words.filter(|(key, value)| value.is_none() && matches!(*key, "ro" | "rw"));
        last.last().is_some_and(|(key, _)| key == "rw")
    }

    /// Whether systemd-logind starts a getty on each virtual terminal that somebody
    /// switches to.
    #[must_use]
    pub fn spawns_gettys(&self) -> bool {
        self.is_in_boot("systemd-logind.service") == Comes::Starts
    }

    /// The names of the logins that come up.
    #[must_use]
    pub fn login_names(&self) -> Vec<&str> {
        let up = self
            .logins
            .iter()
            .filter(|login| login.fate == Fate::Starts);
        up.map(|login| login.name.as_str()).collect()
    }
}
