//! Which init the next boot will start.
//!
//! The names tried are those of the kernel (Linux 6.1 `init/main.c`, `kernel_init`)
//! and of initramfs-tools (0.142 `init`, `validate_init`), which agree but for the
//! handling of a bad `init=`.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::fact::{Fact, Looked, Unknown, Why};
use crate::parse::elf;
use crate::parse::init_script::{Head, head};
use crate::source::{FileKind, Found, Tree};
use crate::text::escape_path;

/// The inits a boot would try, in order.
#[derive(Debug)]
pub struct Init {
    /// The candidates but for the last resort, a shell.
    pub candidates: Vec<Candidate>,
    /// `/bin/sh`, the last resort.
    pub shell: Candidate,
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
    /// Something that can be started, as far as its head shows.
    Starts(Program),
    /// Nothing.
    Missing(Looked),
    /// Something that cannot be started; the sentence says why.
    Unfit(String),
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
            Self::Shell => "a shell",
            Self::Script => "a script",
            Self::Other => "an init of unknown kind",
        }
    }
}

/// The names tried after a command line's own `init=`.
pub const DEFAULT_NAMES: [&str; 3] = ["/sbin/init", "/etc/init", "/bin/init"];

impl Init {
    /// Looks at every name the next boot would try; `from_cmdline` is the value of
    /// `init=`, where one is known.
    pub fn read(tree: &Tree, from_cmdline: Option<&Path>) -> Self {
        let mut names: Vec<&Path> = Vec::new();
        names.extend(from_cmdline);
        for name in DEFAULT_NAMES {
            if !names.contains(&Path::new(name)) {
                names.push(Path::new(name));
            }
        }
        let candidates = names.into_iter().map(|name| candidate(tree, name));
        Self {
            candidates: candidates.collect(),
            shell: candidate(tree, Path::new("/bin/sh")),
        }
    }

    /// The first candidate that can be started.
    ///
    /// # Errors
    /// The open question that comes before any answer.
    pub fn winner(&self) -> Result<Option<(&Candidate, &Program)>, Fact<()>> {
        for candidate in &self.candidates {
            match &candidate.state {
                State::Starts(program) => return Ok(Some((candidate, program))),
                State::Missing(_) | State::Unfit(_) => {}
                State::Unknown(unknown) => return Err(Fact::Unknown(unknown.clone())),
                State::NotCovered(why) => return Err(Fact::NotCovered(why.clone())),
            }
        }
        Ok(None)
    }
}

fn candidate(tree: &Tree, path: &Path) -> Candidate {
    let state = match tree.resolve(path) {
        Fact::Known(found) => fitness(tree, path, found),
        Fact::Absent(looked) => State::Missing(looked),
        Fact::Broken(fault) => State::Unfit(fault.message),
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

/// Whether `found` can be executed as process 1, as far as its first bytes show.
fn fitness(tree: &Tree, path: &Path, found: Found) -> State {
    let at = escape_path(&found.path);
    if found.meta.kind != FileKind::File {
        return State::Unfit(format!("{at} is {}", found.meta.kind.noun()));
    }
    if found.meta.len == 0 {
        return State::Unfit(format!("{at} is empty"));
    }
    if !found.meta.any_execute_bit() {
        let mode = found.meta.mode;
        return State::Unfit(format!("{at} is not executable (mode {mode:04o})"));
    }
    let file = match tree.read(path) {
        Fact::Known(file) => file,
        Fact::Absent(looked) => return State::Missing(looked),
        Fact::Broken(fault) => return State::Unfit(fault.message),
        Fact::Unknown(unknown) => return State::Unknown(unknown),
        Fact::NotCovered(why) => return State::NotCovered(why),
    };
    match head(&file) {
        Head::Elf => {
            let kind = binary_kind(&found.path, path, file.bytes());
            let program = Program { kind, found };
            match elf::read(file.bytes()).map(|elf| elf.interpreter) {
                Ok(Some(name)) => started_by(tree, &name, &at, program),
                // What more than the head shows of a binary is not judged here.
                Ok(None) | Err(_) => State::Starts(program),
            }
        }
        Head::Script(interpreter) => {
            let kind = InitKind::Script;
            started_by(tree, &interpreter.path, &at, Program { kind, found })
        }
        Head::Plain => State::Unfit(format!("{at} is neither a program nor a script")),
        Head::Empty => State::Unfit(format!("{at} is empty")),
    }
}

/// A program that the kernel starts through another: a script's interpreter, or the
/// loader of a dynamic ELF binary.
fn started_by(tree: &Tree, interpreter: &[u8], at: &str, program: Program) -> State {
    let name = Path::new(std::ffi::OsStr::from_bytes(interpreter));
    match tree.resolve(name) {
        Fact::Known(_) => State::Starts(program),
        Fact::Absent(_) => {
            let name = escape_path(name);
            State::Unfit(format!(
                "{at} needs the interpreter {name}, which is missing"
            ))
        }
        Fact::Broken(fault) => State::Unfit(fault.message),
        Fact::Unknown(unknown) => State::Unknown(unknown),
        Fact::NotCovered(why) => State::NotCovered(why),
    }
}

fn binary_kind(physical: &Path, asked: &Path, bytes: &[u8]) -> InitKind {
    let name = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
    match name(physical).as_deref() {
        Some("systemd") => return InitKind::Systemd,
        Some("openrc-init") => return InitKind::OpenRcInit,
        Some("runit-init" | "runit") => return InitKind::Runit,
        Some("busybox") => return InitKind::Busybox,
        Some("sh" | "bash" | "dash" | "ash") => return InitKind::Shell,
        _ => {}
    }
    if asked == Path::new("/bin/sh") {
        return InitKind::Shell;
    }
    // sysvinit's binary is called plain `init`; it names its own table.
    let names_inittab = bytes.windows(12).any(|window| window == b"/etc/inittab");
    let is_busybox = bytes.windows(8).any(|window| window == b"BusyBox ");
    match (names_inittab, is_busybox) {
        (_, true) => InitKind::Busybox,
        (true, false) => InitKind::SysV,
        (false, false) => InitKind::Other,
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
mod tests {
    use super::*;
    use crate::source::{Coverage, Limits, MemSource};
    use crate::time::Deadline;

    fn read(source: &MemSource, cmdline: Option<&str>) -> Init {
        let coverage = Coverage::full(true);
        let source = Box::new(source.clone());
        let tree = Tree::new(source, coverage, Limits::STANDARD, Deadline::none());
        Init::read(&tree, cmdline.map(Path::new))
    }

    fn kind(init: &Init) -> Option<(&Path, InitKind)> {
        let winner = init.winner().unwrap();
        winner.map(|(candidate, program)| (candidate.path.as_path(), program.kind))
    }

    #[test]
    fn the_first_name_that_can_be_started_wins() {
        let mut source = MemSource::new();
        source
            .file_mode("/lib/systemd/systemd", b"\x7fELF".to_vec(), 0o755)
            .link("/sbin/init", "/lib/systemd/systemd")
            .file_mode("/bin/init", b"\x7fELF /etc/inittab".to_vec(), 0o755);
        let found = read(&source, None);
        assert_eq!(
            kind(&found),
            Some((Path::new("/sbin/init"), InitKind::Systemd))
        );
        source.remove("/sbin/init");
        let found = read(&source, None);
        assert_eq!(kind(&found), Some((Path::new("/bin/init"), InitKind::SysV)));
        let found = read(&source, Some("/no/such"));
        assert_eq!(kind(&found), Some((Path::new("/bin/init"), InitKind::SysV)));
    }

    #[test]
    fn empty_not_executable_and_interpreterless_files_cannot_be_started() {
        let mut source = MemSource::new();
        source
            .file_mode("/sbin/init", "", 0o755)
            .file_mode("/etc/init", b"\x7fELF".to_vec(), 0o644)
            .file_mode("/bin/init", "#!/no/sh\n", 0o755);
        let found = read(&source, None);
        let why: Vec<String> = found
            .candidates
            .iter()
            .map(|candidate| match &candidate.state {
                State::Unfit(why) => why.clone(),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(
            why,
            [
                "/sbin/init is empty",
                "/etc/init is not executable (mode 0644)",
                "/bin/init needs the interpreter /no/sh, which is missing",
            ]
        );
        assert_eq!(kind(&found), None);
    }

    #[test]
    fn a_binary_whose_loader_is_gone_cannot_be_started() {
        let mut program = b"\x7fELF\x02\x01\x01".to_vec();
        program.resize(120, 0);
        for (at, byte) in [(32, 64), (54, 56), (56, 1), (64, 3), (72, 120), (96, 13)] {
            program[at] = byte;
        }
        program.extend(b"/lib64/ld.so\0");
        let mut source = MemSource::new();
        source.file_mode("/sbin/init", program, 0o755);
        assert_eq!(kind(&read(&source, None)), None);
        source.file_mode("/lib64/ld.so", b"\x7fELF".to_vec(), 0o755);
        assert!(kind(&read(&source, None)).is_some());
    }

    #[test]
    fn a_deleted_running_init_is_told_from_a_present_one() {
        let mut source = MemSource::new();
        source.link("/proc/1/exe", "/sbin/init (deleted)");
        let tree = Tree::new(
            Box::new(source),
            Coverage::live(),
            Limits::STANDARD,
            Deadline::none(),
        );
        assert_eq!(
            running(&tree),
            Fact::Known(Running {
                program: "/sbin/init".into(),
                deleted: true
            })
        );
    }
}
