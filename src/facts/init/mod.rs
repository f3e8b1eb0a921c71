//! Which init the next boot will start.

mod starter;

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::linkage::{Failure, FailureKind, Linkage, Start};
use super::world::TreeWorld;
use crate::fact::{Fact, Looked, Unknown, Why};
use crate::shell::{self, Action, Call, Dialect, Limits, Reach, Value};
use crate::source::{Found, Tree};
use crate::text::escape_path;

use starter::Test;
pub use starter::{Boot, DEFAULT_NAMES, Dead, Starter, guess};

/// The inits a boot would try, in order.
#[derive(Debug)]
pub struct Init {
    /// Who starts process 1, and what it was told.
    pub boot: Boot,
    /// The candidates but for the last resort, a shell.
    pub candidates: Vec<Candidate>,
    /// `/bin/sh`, the last resort of some.
    pub shell: Candidate,
    /// What keeps a systemd in the initrd from leaving it, whatever init there is.
    no_switch: Option<Fact<Looked>>,
}

/// One name a boot would try to start.
#[derive(Debug)]
pub struct Candidate {
    /// The name.
    pub path: PathBuf,
    /// What is there.
    pub state: State,
}

/// What stands at a candidate's name.
#[derive(Debug)]
pub enum State {
    /// Something that starts, as far as is looked at.
    Starts(Program),
    /// A regular executable file that does not start, or ends at once.
    Fails(Program, Failure),
    /// Something that is no executable file.
    Unfit(Failure),
    /// Nothing.
    Missing(Looked),
    /// Could not look.
    Unknown(Unknown),
    /// The tree does not hold it.
    NotCovered(Why),
}

/// A program that can be process 1.
#[derive(Debug)]
pub struct Program {
    /// What kind of init it is.
    pub kind: InitKind,
    /// Where it is, links followed.
    pub found: Found,
    /// Whether it is a script; its kind is then that of the init it starts in the end.
    pub is_script: bool,
}

/// What the boot comes to.
#[derive(Debug)]
pub enum Ending<'a> {
    /// This is started.
    Starts(&'a Candidate, &'a Program),
    /// This is started and ends at once, or cannot be executed after all: the kernel
    /// panics.
    Dies(&'a Candidate, &'a Program, &'a Failure),
    /// The last resort: process 1 is a shell on the console.
    Shell(&'a Candidate),
    /// Nothing is started.
    Nothing(Dead),
}

/// The init systems told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitKind {
    /// systemd.
    Systemd,
    /// sysvinit; OpenRC on top of it is told apart by its inittab.
    SysV,
    /// OpenRC's own init.
    OpenRcInit,
    /// runit.
    Runit,
    /// busybox.
    Busybox,
    /// dinit.
    Dinit,
    /// s6-linux-init.
    S6,
    /// finit.
    Finit,
    /// A shell.
    Shell,
    /// A script.
    Script,
    /// Something not known here.
    Other,
}

impl InitKind {
    /// The name users know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::SysV => "sysvinit",
            Self::OpenRcInit => "openrc-init",
            Self::Runit => "runit",
            Self::Busybox => "busybox init",
            Self::Dinit => "dinit",
            Self::S6 => "s6-linux-init",
            Self::Finit => "finit",
            Self::Shell => "a shell",
            Self::Script => "a script",
            Self::Other => "an init of unknown kind",
        }
    }
}

/// How a program is looked at.
pub type LinkageOf<'a> = &'a dyn Fn(&Path) -> Arc<Linkage>;

impl Init {
    /// Looks at every name the next boot would try.
    pub fn read(tree: &Tree, linkage: LinkageOf<'_>, boot: Boot) -> Self {
        let names = boot.starter.names(boot.init.as_deref());
        let candidates = names.iter().map(|name| {
            let candidate = candidate(tree, linkage, name);
            if boot.starter.follows_links_in_the_initramfs() {
                trapped(candidate)
            } else {
                candidate
            }
        });
        let no_switch = (boot.starter == Starter::SystemdInitrd).then(|| no_switch(tree));
        Self {
            candidates: candidates.collect(),
            shell: candidate(tree, linkage, Path::new("/bin/sh")),
            no_switch: no_switch.flatten(),
            boot,
        }
    }

    /// What the boot comes to.
    ///
    /// # Errors
    /// The open question that comes before any answer.
    pub fn ending(&self) -> Result<Ending<'_>, Fact<()>> {
        let starter = self.boot.starter;
        match &self.no_switch {
            Some(Fact::Known(_)) => return Ok(Ending::Nothing(Dead::Emergency)),
            Some(Fact::Unknown(unknown)) => return Err(Fact::Unknown(unknown.clone())),
            Some(_) | None => {}
        }
        let mut all_missing = true;
        for candidate in &self.candidates {
            match (&candidate.state, starter.test()) {
                (State::Starts(program), _) => return Ok(Ending::Starts(candidate, program)),
                (State::Fails(program, failure), test) => {
                    let passed_over = test == Test::Execute && refused(failure);
                    if !passed_over {
                        return Ok(Ending::Dies(candidate, program, failure));
                    }
                    all_missing &= is_missing(failure);
                }
                (State::Missing(_), _) => {}
                (State::Unfit(_), _) => all_missing = false,
                (State::Unknown(unknown), _) => return Err(Fact::Unknown(unknown.clone())),
                (State::NotCovered(why), _) => return Err(Fact::NotCovered(why.clone())),
            }
        }
        let given = self.boot.init.is_some();
        if !starter.has_last_resort(given) {
            return Ok(Ending::Nothing(starter.dead()));
        }
        if starter == Starter::SystemdInitrd && !all_missing {
            return Ok(Ending::Nothing(Dead::Freeze));
        }
        match &self.shell.state {
            State::Starts(_) => Ok(Ending::Shell(&self.shell)),
            State::Fails(_, failure) if starter.test() == Test::Execute && refused(failure) => {
                Ok(Ending::Nothing(starter.dead()))
            }
            State::Fails(program, failure) => Ok(Ending::Dies(&self.shell, program, failure)),
            State::Missing(_) | State::Unfit(_) => Ok(Ending::Nothing(starter.dead())),
            State::Unknown(unknown) => Err(Fact::Unknown(unknown.clone())),
            State::NotCovered(why) => Err(Fact::NotCovered(why.clone())),
        }
    }

    /// The candidate that is taken, whether or not it then lives.
    ///
    /// # Errors
    /// The open question that comes before any answer.
    pub fn winner(&self) -> Result<Option<(&Candidate, &Program)>, Fact<()>> {
        Ok(match self.ending()? {
            Ending::Starts(candidate, program) | Ending::Dies(candidate, program, _) => {
                Some((candidate, program))
            }
            Ending::Shell(_) | Ending::Nothing(_) => None,
        })
    }

    /// Where was looked for the os-release without which a systemd in the initrd does
    /// not leave it.
    #[must_use]
    pub const fn missing_os_release(&self) -> Option<&Looked> {
        match &self.no_switch {
            Some(Fact::Known(looked)) => Some(looked),
            _ => None,
        }
    }
}

/// Whether the kernel refuses it, so that whoever executes it can go on.
const fn refused(failure: &Failure) -> bool {
    matches!(
        failure.kind,
        FailureKind::NotRegular
            | FailureKind::NotExecutable
            | FailureKind::Empty
            | FailureKind::NotAProgram
            | FailureKind::WrongArchitecture
            | FailureKind::InterpreterMissing
            | FailureKind::InterpreterLoop
            | FailureKind::LoaderMissing
            | FailureKind::LoaderBroken
    )
}

/// Whether the kernel's answer is ENOENT.
const fn is_missing(failure: &Failure) -> bool {
    matches!(
        failure.kind,
        FailureKind::InterpreterMissing | FailureKind::LoaderMissing
    )
}

/// os-release of the new root (systemd 252 `src/basic/os-util.c`, `path_is_os_tree`):
/// where was looked for it, if it is not there.
fn no_switch(tree: &Tree) -> Option<Fact<Looked>> {
    let mut paths = Vec::new();
    for path in ["/etc/os-release", "/usr/lib/os-release"] {
        match tree.resolve(Path::new(path)) {
            Fact::Known(_) | Fact::NotCovered(_) => return None,
            Fact::Absent(_) | Fact::Broken(_) => paths.push(PathBuf::from(path)),
            Fact::Unknown(unknown) => return Some(Fact::Unknown(unknown)),
        }
    }
    Some(Fact::Known(Looked {
        paths,
        notes: Vec::new(),
    }))
}

/// A candidate seen from inside the initramfs: an absolute link leads to a file of the
/// initramfs, and an init is not in there.
fn trapped(candidate: Candidate) -> Candidate {
    let found = match &candidate.state {
        State::Starts(program) | State::Fails(program, _) => &program.found,
        _ => return candidate,
    };
    let Some(hop) = found.hops.iter().find(|hop| hop.target.has_root()) else {
        return candidate;
    };
    let (link, target) = (escape_path(&hop.link), escape_path(&hop.target));
    let note = format!("{link} -> {target}, which is looked for in the initramfs");
    Candidate {
        state: State::Missing(Looked {
            paths: vec![candidate.path.clone()],
            notes: vec![note],
        }),
        path: candidate.path,
    }
}

fn candidate(tree: &Tree, linkage: LinkageOf<'_>, path: &Path) -> Candidate {
    let state = match tree.resolve(path) {
        Fact::Known(found) => fitness(tree, linkage, path, found),
        Fact::Absent(looked) => State::Missing(looked),
        Fact::Broken(fault) => State::Unknown(fault.into()),
        Fact::Unknown(unknown) => State::Unknown(unknown),
        // Devices and /run are made at every boot, and hold no init then.
        Fact::NotCovered(Why::NoRuntime) => {
            let note = format!(
                "{} leads into a directory that is empty at boot",
                escape_path(path)
            );
            State::Missing(Looked {
                paths: vec![path.to_path_buf()],
                notes: vec![note],
            })
        }
        Fact::NotCovered(why) => State::NotCovered(why),
    };
    Candidate {
        path: path.to_path_buf(),
        state,
    }
}

/// Whether `found` can be process 1.
fn fitness(tree: &Tree, of: LinkageOf<'_>, path: &Path, found: Found) -> State {
    let linkage = of(path);
    match &linkage.start {
        Start::Runs => {
            let kind = kind_of(tree, path, &found, &linkage);
            let is_script = linkage.steps.len() > 1;
            let kind = if kind == InitKind::Script {
                wrapped(tree, of, path).unwrap_or(kind)
            } else {
                kind
            };
            State::Starts(Program {
                kind,
                found,
                is_script,
            })
        }
        Start::Missing(looked) => State::Missing(looked.clone()),
        Start::Refused(failure) | Start::Dies(failure) => {
            if !found.meta.is_program() {
                return State::Unfit(failure.clone());
            }
            let kind = kind_of(tree, path, &found, &linkage);
            let program = Program {
                kind,
                found,
                is_script: linkage.steps.len() > 1,
            };
            State::Fails(program, failure.clone())
        }
        Start::Unknown(unknown) => State::Unknown(unknown.clone()),
        Start::NotCovered(why) => State::NotCovered(why.clone()),
    }
}

/// The kind of the init that a script starts in the end, where it always comes to one.
fn wrapped(tree: &Tree, of: LinkageOf<'_>, path: &Path) -> Option<InitKind> {
    let call = Call {
        program: shell::Program::Script(path.to_path_buf()),
        args: Vec::new(),
        env: BTreeMap::new(),
        cwd: Value::known("/"),
        stdin: None,
        dialect: Dialect::Sh,
    };
    let outcome = shell::evaluate(&call, &TreeWorld::new(tree), &Limits::default());
    let last = outcome.effects.last()?;
    let Action::Run { argv, .. } = &last.action else {
        return None;
    };
    let program = argv.first().and_then(Value::bytes)?;
    let program = Path::new(std::ffi::OsStr::from_bytes(program));
    if last.reach != Reach::Always || !program.is_absolute() {
        return None;
    }
    let Fact::Known(found) = tree.resolve(program) else {
        return None;
    };
    let linkage = of(program);
    let kind = kind_of(tree, program, &found, &linkage);
    let is_init = !matches!(kind, InitKind::Script | InitKind::Shell | InitKind::Other);
    (linkage.start == Start::Runs && is_init).then_some(kind)
}

/// What kind of init a program is: by its name, else by what is written in it.
fn kind_of(tree: &Tree, asked: &Path, found: &Found, linkage: &Linkage) -> InitKind {
    if linkage.steps.len() > 1 {
        // The init of s6 is a script, written by its own maker.
        let s6 = Path::new("/etc/s6-linux-init");
        return if found.path.starts_with(s6) {
            InitKind::S6
        } else {
            InitKind::Script
        };
    }
    let name = found.path.file_name().map(|n| n.to_string_lossy());
    match name.as_deref() {
        Some("systemd") => return InitKind::Systemd,
        Some("openrc-init") => return InitKind::OpenRcInit,
        Some("runit-init" | "runit") => return InitKind::Runit,
        Some("busybox") => return InitKind::Busybox,
        Some("dinit") => return InitKind::Dinit,
        Some("finit") => return InitKind::Finit,
        Some("s6-linux-init") => return InitKind::S6,
        Some("sh" | "bash" | "dash" | "ash") => return InitKind::Shell,
        _ => {}
    }
    if asked == Path::new("/bin/sh") {
        return InitKind::Shell;
    }
    let file = match tree.read(asked) {
        Fact::Known(file) => file,
        Fact::Absent(_) | Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => {
            return InitKind::Other;
        }
    };
    let bytes = file.bytes();
    let names = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    // sysvinit's binary is called plain `init`; it names its own table, as others do.
    if names(b"BusyBox ") {
        InitKind::Busybox
    } else if names(b"/etc/finit.conf") {
        InitKind::Finit
    } else if names(b"/etc/runit/stopit") || names(b"/run/runit.stopit") {
        InitKind::Runit
    } else if names(b"/etc/inittab") {
        InitKind::SysV
    } else {
        InitKind::Other
    }
}

/// What runs as process 1 now.
#[derive(Debug, PartialEq, Eq)]
pub struct Running {
    /// What `/proc/1/exe` points at, without the mark of a deleted file.
    pub program: PathBuf,
    /// Whether that file was deleted since.
    pub deleted: bool,
}

/// Reads `/proc/1/exe` of a live tree.
pub fn running(tree: &Tree) -> Fact<Running> {
    tree.read_link(Path::new("/proc/1/exe")).map(|target| {
        let bytes = target.as_os_str().as_bytes();
        match bytes.strip_suffix(b" (deleted)") {
            Some(program) => Running {
                program: PathBuf::from(std::ffi::OsStr::from_bytes(program)),
                deleted: true,
            },
            None => Running {
                program: target,
                deleted: false,
            },
        }
    })
}

#[cfg(test)]
mod tests;
