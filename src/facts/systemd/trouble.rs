//! What keeps a unit from running although systemd accepts it.

use std::path::{Path, PathBuf};

use super::conditions::{self, Machine};
use super::settings::{Run, Service, ServiceType, Step};
use super::unit::{Cause, Dep, Unit, Units};
use crate::fact::{Fact, Looked};
use crate::facts::Host;
use crate::facts::linkage::{Failure, Start};
use crate::parse::unit::{TimeSpan, UnitType};
use crate::shell::DEFAULT_DIRS;
use crate::text::Place;

/// Something that stops a unit when it is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What it is.
    pub kind: TroubleKind,
    /// The line that says so.
    pub place: Place,
    /// A sentence without a dot, about what the line names.
    pub message: String,
    /// Where was looked for what is not there.
    pub looked: Option<Looked>,
    /// What it does to the start.
    pub effect: Effect,
}

/// The kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TroubleKind {
    /// An assertion does not hold.
    Assertion,
    /// What a socket, timer, path or automount starts is refused.
    Trigger,
    /// An environment file without a dash is not there.
    EnvironmentFile,
    /// The user is not known (217/USER).
    Account,
    /// The working directory is not there (200/CHDIR).
    Directory,
    /// A program is not there, cannot be executed (203/EXEC), or ends before it begins.
    Program,
    /// A command that always fails.
    AlwaysFails,
    /// A command that never ends, without a limit on its time.
    NeverEnds,
}

/// What becomes of the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The start fails, and what requires the unit with it.
    Fails,
    /// The start counts as done, and the unit is dead at once.
    Dies,
    /// The start counts as done, and nothing was started.
    Skips,
    /// The start never ends.
    Waits,
}

/// The commands of a start, in order.
const STEPS: [Step; 4] = [
    Step::Condition,
    Step::StartPre,
    Step::Start,
    Step::StartPost,
];

/// What is known to go wrong when `unit` is started, in the order in which it happens.
pub(super) fn troubles(host: &Host, units: &Units, unit: &Unit) -> Vec<Trouble> {
    match unit.kind {
        UnitType::Service => {}
        UnitType::Socket | UnitType::Timer | UnitType::Path | UnitType::Automount => {
            return trigger(units, unit).into_iter().collect();
        }
        _ => return Vec::new(),
    }
    let here = Here { host, units, unit };
    let mut found = here.environment_files();
    let service = &unit.settings.service;
    let first = STEPS.into_iter().find_map(|step| service.first(step));
    if let Some(run) = first.filter(|run| !run.command.ignore) {
        found.extend(here.account(run));
        found.extend(here.directory(run));
    }
    // Other files than the root's may be there.
    let sees_the_root = unit.settings.exec.other_root.is_none();
    for run in STEPS.into_iter().flat_map(|step| service.step(step)) {
        if run.command.ignore || run.command.open {
            continue;
        }
        let looks = sees_the_root && !unit.settings.exec.search_path;
        let program = if looks { here.program(run) } else { None };
        found.extend(program.or_else(|| fate_of(service, run)));
    }
    found
}

/// A unit to be started that cannot be: the one that starts it refuses to begin
/// (`socket_start` and its kin).
fn trigger(units: &Units, unit: &Unit) -> Option<Trouble> {
    let per_connection = unit.kind == UnitType::Socket && unit.settings.socket.accept;
    if per_connection {
        return None;
    }
    let (ix, cause) = unit.because(Dep::Triggers).next()?;
    let other = units.get(ix).filter(|other| other.state.refuses())?;
    let place = match cause {
        Cause::Line(place) => Some(place.clone()),
        _ => None,
    };
    let whole = unit.fragment.as_ref();
    let place = place.or_else(|| whole.map(|file| file.place(file.line_span(1))))?;
    Some(Trouble {
        kind: TroubleKind::Trigger,
        place,
        message: format!("{}, which it starts, {}", other.id, other.state.words()),
        looked: None,
        effect: Effect::Fails,
    })
}

/// Assertions that do not hold.
pub(super) fn assertions(unit: &Unit, machine: &Machine<'_>) -> Vec<Trouble> {
    let list = &unit.settings.assertions;
    if conditions::holds(list, machine) != Some(false) {
        return Vec::new();
    }
    let first = conditions::first_false(list, machine).or(list.first());
    let found = first.map(|assertion| Trouble {
        kind: TroubleKind::Assertion,
        place: assertion.place.clone(),
        message: format!("Assert{} does not hold", assertion.kind),
        looked: None,
        effect: Effect::Fails,
    });
    found.into_iter().collect()
}

/// What a command that cannot be executed does to the start of its unit.
fn effect(service: &Service, step: Step) -> Effect {
    let at_once = matches!(service.effective(), ServiceType::Simple | ServiceType::Idle);
    match step {
        // Every status below 255 only skips the unit.
        Step::Condition => Effect::Skips,
        Step::Start if at_once => Effect::Dies,
        _ => Effect::Fails,
    }
}

/// What a command that is executed and fails does.
fn effect_of_death(service: &Service, step: Step) -> Effect {
    if step == Step::Start && service.effective() == ServiceType::Exec {
        return Effect::Dies;
    }
    effect(service, step)
}

fn is_made_at_boot(path: &str) -> bool {
    ["/run/", "/var/run/", "/tmp/", "/dev/", "/proc/", "/sys/"]
        .iter()
        .any(|dir| path.starts_with(dir))
}

struct Here<'a> {
    host: &'a Host,
    units: &'a Units,
    unit: &'a Unit,
}

impl Here<'_> {
    /// Whether something else may be mounted over `path`, or made there, once the unit
    /// is started.
    fn may_change(&self, path: &str) -> bool {
        let below = |point: &str| Path::new(path).starts_with(point) && point != "/";
        let exec = &self.unit.settings.exec;
        let own = exec.directories.iter().any(|dir| below(dir));
        own || is_made_at_boot(path) || self.units.mount_points().any(below)
    }

    fn environment_files(&self) -> Vec<Trouble> {
        let mut found = Vec::new();
        for (path, missing_ok, place) in &self.unit.settings.exec.environment_files {
            let globs = path.contains(['*', '?', '[']);
            if *missing_ok || globs || path.contains('%') || self.may_change(path) {
                continue;
            }
            if let Fact::Absent(looked) = self.host.tree().resolve(Path::new(path)) {
                found.push(Trouble {
                    kind: TroubleKind::EnvironmentFile,
                    place: place.clone(),
                    message: format!("EnvironmentFile {path} does not exist"),
                    looked: Some(looked),
                    effect: Effect::Fails,
                });
            }
        }
        found
    }

    /// A user that nobody knows.
    fn account(&self, run: &Run) -> Option<Trouble> {
        let exec = &self.unit.settings.exec;
        let (name, place) = exec.user.as_ref()?;
        // systemd knows these by itself.
        let built_in = matches!(name.as_str(), "root" | "nobody");
        let numeric = name.bytes().all(|b| b.is_ascii_digit());
        let elsewhere = exec.dynamic_user || exec.other_root.is_some() || self.host.foreign_users();
        if built_in || numeric || elsewhere || name.contains('%') {
            return None;
        }
        let Fact::Known(accounts) = self.host.accounts() else {
            return None;
        };
        if accounts.uid(name.as_bytes()).is_some() || is_made_by_sysusers(self.host, name) {
            return None;
        }
        Some(Trouble {
            kind: TroubleKind::Account,
            place: place.clone(),
            message: format!("nobody is called {name} in /etc/passwd, and sysusers.d makes no one"),
            looked: None,
            effect: effect(&self.unit.settings.service, run.step),
        })
    }

    /// A working directory that is not there.
    fn directory(&self, run: &Run) -> Option<Trouble> {
        let exec = &self.unit.settings.exec;
        let (path, missing_ok, place) = exec.working_directory.as_ref()?;
        // Programs and tmpfiles.d make directories for variable data.
        let variable = path.starts_with("/var/") || path.contains('%');
        let other = exec.other_root.is_some() || !exec.roots.is_empty();
        if *missing_ok || variable || other || self.may_change(path) {
            return None;
        }
        let Fact::Absent(looked) = self.host.tree().resolve(Path::new(path)) else {
            return None;
        };
        Some(Trouble {
            kind: TroubleKind::Directory,
            place: place.clone(),
            message: format!("the working directory {path} does not exist"),
            looked: Some(looked),
            effect: effect(&self.unit.settings.service, run.step),
        })
    }

    /// A program that cannot be executed, or ends before it begins.
    fn program(&self, run: &Run) -> Option<Trouble> {
        let name = String::from_utf8_lossy(&run.command.path).into_owned();
        if run.command.via_shell || self.may_change(&name) {
            return None;
        }
        let service = &self.unit.settings.service;
        let trouble = |message: String, looked: Option<Looked>, effect: Effect| Trouble {
            kind: TroubleKind::Program,
            place: run.place.clone(),
            message,
            looked,
            effect,
        };
        let paths: Vec<PathBuf> = if name.starts_with('/') {
            vec![PathBuf::from(&name)]
        } else {
            DEFAULT_DIRS
                .iter()
                .map(|dir| Path::new(dir).join(&name))
                .collect()
        };
        let mut notes = Vec::new();
        for path in &paths {
            let linkage = self.host.linkage(path);
            let (failure, effect) = match &linkage.start {
                Start::Missing(looked) => {
                    notes.extend(looked.notes.iter().cloned());
                    continue;
                }
                Start::Refused(failure) => (failure, effect(service, run.step)),
                Start::Dies(failure) => (failure, effect_of_death(service, run.step)),
                Start::Runs | Start::Unknown(_) | Start::NotCovered(_) => return None,
            };
            let Failure {
                message, looked, ..
            } = failure;
            return Some(trouble(message.clone(), looked.clone(), effect));
        }
        let message = format!("{name} does not exist");
        let looked = Looked { paths, notes };
        Some(trouble(message, Some(looked), effect(service, run.step)))
    }
}

/// Commands whose end is known.
fn fate_of(service: &Service, run: &Run) -> Option<Trouble> {
    let name = run.command.path.rsplit(|b| *b == b'/').next()?;
    let words: Vec<String> = run
        .command
        .arguments
        .iter()
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    let first = words.first().map_or("", String::as_str);
    let shown = String::from_utf8_lossy(&run.command.path).into_owned();
    let trouble = |kind, message, effect| Trouble {
        kind,
        place: run.place.clone(),
        message,
        looked: None,
        effect,
    };
    if name == b"false" {
        return Some(trouble(
            TroubleKind::AlwaysFails,
            format!("{shown} always fails"),
            effect_of_death(service, run.step),
        ));
    }
    let for_ever = match name {
        b"sleep" => words.iter().any(|word| word == "infinity" || word == "inf"),
        b"tail" => words.iter().any(|word| word == "-f" || word == "-F"),
        b"yes" => true,
        _ => false,
    };
    let before_up = run.step != Step::Start
        || matches!(
            service.effective(),
            ServiceType::Oneshot | ServiceType::Forking
        );
    let asks = first == "--help" || first == "--version";
    if !for_ever || !before_up || asks {
        return None;
    }
    let line = format!("{shown} {}", words.join(" "));
    let line = line.trim();
    Some(if service.start_limit() == TimeSpan::Infinite {
        let message = format!("{line} never ends");
        trouble(TroubleKind::NeverEnds, message, Effect::Waits)
    } else {
        let message = format!("{line} never ends: it is killed after its time limit");
        trouble(TroubleKind::AlwaysFails, message, effect(service, run.step))
    })
}

/// Whether sysusers.d(5) or a user record makes an account at boot.
fn is_made_by_sysusers(host: &Host, name: &str) -> bool {
    let dirs = [
        "/etc/sysusers.d",
        "/usr/local/lib/sysusers.d",
        "/usr/lib/sysusers.d",
    ];
    for dir in dirs {
        let listing = host.tree().entries(Path::new(dir));
        if !listing.gaps.is_empty() || !listing.uncovered.is_empty() {
            return true;
        }
        for path in listing.items {
            let Fact::Known(file) = host.tree().read(&path) else {
                continue;
            };
            let text = String::from_utf8_lossy(file.bytes()).into_owned();
            let makes = |line: &str| {
                let mut words = line.split_whitespace();
                let kind = words.next().is_some_and(|word| word.starts_with('u'));
                kind && words
                    .next()
                    .is_some_and(|word| word.trim_matches('"') == name)
            };
            if text.lines().any(makes) {
                return true;
            }
        }
    }
    let records = ["/etc/userdb", "/usr/lib/userdb"];
    records.iter().any(|dir| {
        let record = Path::new(dir).join(format!("{name}.user"));
        matches!(host.tree().lstat(&record), Fact::Known(_))
    })
}
