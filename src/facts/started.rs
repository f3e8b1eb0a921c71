//! What an init other than systemd starts: the lines of its table, the stages of
//! runit, the runlevels of OpenRC.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::Host;
use super::init::InitKind;
use super::world::TreeWorld;
use crate::fact::{Fact, Listing, Looked, Unknown};
use crate::parse::{busybox_inittab, inittab};
use crate::shell::{Action, Call, Dialect, Limits, Program, Value, evaluate};
use crate::source::Tree;
use crate::text::Place;

/// sysvinit's table: /etc/inittab and /etc/inittab.d.
#[derive(Debug, Default)]
pub struct Table {
    /// The entries init takes, in order.
    pub entries: Vec<inittab::Entry>,
    /// The lines it drops.
    pub problems: Vec<inittab::Problem>,
}

/// One command that an init starts.
#[derive(Clone, Debug)]
pub struct Started {
    /// The program, absolute.
    pub program: PathBuf,
    /// The words behind it.
    pub args: Vec<String>,
    /// When it is started.
    pub when: When,
    /// The line that says so; none where it is built into the init.
    pub place: Option<Place>,
    /// Whether a shell reads it, where the kernel finds neither program nor script.
    pub shell_reads_it: bool,
}

/// When an init starts a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before everything else: what mounts and sets up.
    First,
    /// In the default runlevel, and it is waited for: what starts the services.
    Level,
    /// In the default runlevel, and again whenever it ends.
    Again,
}

/// OpenRC, as it is called at boot.
#[derive(Clone, Debug)]
pub struct Openrc {
    /// The program, as it is named.
    pub program: PathBuf,
    /// The runlevel.
    pub level: String,
    /// Where that is said; none where the init has it built in.
    pub place: Option<Place>,
}

/// Where sysvinit looks for a command without a slash (`PATH_DEFAULT`, `src/init.h`).
const PATH: [&str; 4] = ["/sbin", "/usr/sbin", "/bin", "/usr/bin"];

/// sysvinit's table; Absent where there is neither file.
pub(super) fn table(tree: &Tree) -> Fact<Table> {
    let path = Path::new("/etc/inittab");
    let mut table = Table::default();
    let mut looked = None;
    match tree.read(path) {
        Fact::Known(file) => (table.entries, table.problems) = inittab::parse(&file),
        Fact::Absent(absent) => looked = Some(absent),
        Fact::Broken(fault) => return Fact::Broken(fault),
        Fact::Unknown(unknown) => return Fact::Unknown(unknown),
        Fact::NotCovered(why) => return Fact::NotCovered(why),
    }
    let dir = tree.entries(Path::new("/etc/inittab.d"));
    if let Some(gap) = dir.gaps.first() {
        return Fact::Unknown(gap.clone());
    }
    for path in dir.items {
        let name = path.file_name().map_or(&[][..], OsStrExt::as_bytes);
        if name.len() < 5 || !name.ends_with(b".tab") {
            continue;
        }
        match tree.read(&path) {
            Fact::Known(file) => {
                inittab::parse_tab(&file, &mut table.entries, &mut table.problems);
            }
            Fact::Unknown(unknown) => return Fact::Unknown(unknown),
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {}
        }
    }
    match looked {
        Some(looked) if table.entries.is_empty() => Fact::Absent(looked),
        _ => Fact::Known(table),
    }
}

impl Table {
    /// sysvinit's default runlevel with its line (`get_init_default`): the first
    /// initdefault, and of its levels the highest.
    #[must_use]
    pub fn default_level(&self) -> Option<(char, &Place)> {
        let mut entries = self.entries.iter();
        let entry = entries.find(|entry| entry.action == "initdefault")?;
        let level = if entry.runlevels.is_empty() {
            Some('9')
        } else {
            entry.runlevels.chars().max()
        };
        level.map(|level| (level.to_ascii_uppercase(), &entry.place))
    }
}

/// What the next init starts by its own table, in order; for systemd nothing.
pub(super) fn started(host: &Host) -> Listing<Started> {
    match host.init_kind() {
        Some(InitKind::SysV) => sysvinit(host),
        Some(InitKind::Busybox) => busybox(host.tree()),
        Some(InitKind::Runit) => runit(),
        _ => Listing::new(),
    }
}

fn sysvinit(host: &Host) -> Listing<Started> {
    let mut out = Listing::new();
    let Some(table) = out.take(table(host.tree())) else {
        return out;
    };
    let level = table.default_level().map(|(level, _)| level);
    for entry in &table.entries {
        let here = level.is_some_and(|level| entry.is_for(level));
        let when = match entry.action.as_str() {
            "sysinit" | "boot" | "bootwait" => When::First,
            "wait" | "once" if here => When::Level,
            "respawn" | "ondemand" if here => When::Again,
            _ => continue,
        };
        let mut words = entry.words();
        let Some(first) = words.next() else { continue };
        // Behind a shell only a plain path is known to be a program.
        if entry.asks_a_shell() && !first.starts_with('/') {
            continue;
        }
        out.items.push(Started {
            program: find(host.tree(), first),
            args: words.map(str::to_owned).collect(),
            when,
            place: Some(entry.process_place.clone()),
            shell_reads_it: true,
        });
    }
    out
}

/// A command's file: along the path, where it has no slash.
fn find(tree: &Tree, command: &str) -> PathBuf {
    if command.contains('/') {
        return Path::new("/").join(command);
    }
    let mut candidates = PATH.iter().map(|dir| Path::new(dir).join(command));
    let there = candidates.find(|path| !matches!(tree.resolve(path), Fact::Absent(_)));
    there.unwrap_or_else(|| Path::new("/sbin").join(command))
}

fn busybox(tree: &Tree) -> Listing<Started> {
    let mut out = Listing::new();
    let file = match tree.read(Path::new("/etc/inittab")) {
        Fact::Absent(_) => {
            // Built in (`init/init.c`, `parse_inittab`).
            out.items.push(Started {
                program: PathBuf::from("/etc/init.d/rcS"),
                args: Vec::new(),
                when: When::First,
                place: None,
                shell_reads_it: false,
            });
            return out;
        }
        other => out.take(other),
    };
    let Some(file) = file else { return out };
    let (entries, _) = busybox_inittab::parse(&file);
    for entry in entries {
        let when = match entry.action {
            "sysinit" => When::First,
            "wait" | "once" => When::Level,
            "respawn" | "askfirst" => When::Again,
            _ => continue,
        };
        let words: Vec<&str> = entry.process.split_whitespace().collect();
        let Some(args) = words.get(1..) else { continue };
        out.items.push(Started {
            program: find(tree, entry.program()),
            args: args.iter().map(|word| (*word).to_owned()).collect(),
            when,
            place: Some(entry.process_place.clone()),
            shell_reads_it: false,
        });
    }
    out
}

/// runit's stages (runit 2.1.2 `src/runit.c`; tried as process 1 of a namespace:
/// without stage 2 it goes on to stage 3 and powers off).
fn runit() -> Listing<Started> {
    let stage = |path: &str, when| Started {
        program: PathBuf::from(path),
        args: Vec::new(),
        when,
        place: None,
        shell_reads_it: false,
    };
    let mut out = Listing::new();
    out.items.push(stage("/etc/runit/1", When::First));
    out.items.push(stage("/etc/runit/2", When::Level));
    out
}

/// How OpenRC is called at boot; nothing where it is not.
pub(super) fn openrc_calls(host: &Host) -> Listing<Openrc> {
    let mut out = Listing::new();
    if host.init_kind() == Some(InitKind::OpenRcInit) {
        // `src/openrc-init/openrc-init.c`, OpenRC 0.45.
        for level in ["sysinit", "boot", "default"] {
            out.items.push(Openrc {
                program: PathBuf::from("/sbin/openrc"),
                level: level.to_owned(),
                place: None,
            });
        }
        return out;
    }
    let started = host.started();
    out.gaps.extend(started.gaps.iter().cloned());
    // Before 0.12 it was called rc, as baselayout 1 called its own.
    let is_installed = matches!(host.packages(), Fact::Known(packages) if packages.has("openrc"))
        || matches!(host.resolve(Path::new("/sbin/openrc")), Fact::Known(_));
    for command in &started.items {
        if command.when == When::Again {
            continue;
        }
        let is_rc = command.program.ends_with("rc");
        if is_openrc(&command.program)
            && is_rc
            && !is_installed
            && let Fact::Unknown(unknown) = host.packages()
        {
            out.gaps.push(unknown.clone());
        }
        if is_openrc(&command.program) && (is_installed || !is_rc) {
            // Without a word it goes on to where it was going: `default`.
            let level = command.args.first().cloned();
            out.items.push(Openrc {
                program: command.program.clone(),
                level: level.unwrap_or_else(|| "default".to_owned()),
                place: command.place.clone(),
            });
        } else if command.program.starts_with("/etc") {
            match called_by(host.tree(), command) {
                Ok(calls) => out.items.extend(calls),
                Err(unknown) => out.gaps.push(unknown),
            }
        }
    }
    out
}

fn is_openrc(program: &Path) -> bool {
    let name = program.file_name().map(OsStrExt::as_bytes);
    let in_bin = program.parent().is_some_and(|dir| {
        let dir = dir.as_os_str().as_bytes();
        dir.ends_with(b"/sbin") || dir.ends_with(b"/bin")
    });
    in_bin && matches!(name, Some(b"openrc" | b"rc"))
}

/// Calls of OpenRC in a script, as Debian's `/etc/init.d/rcS` and `rc` make them.
fn called_by(tree: &Tree, command: &Started) -> Result<Vec<Openrc>, Unknown> {
    let head = match tree.read(&command.program) {
        Fact::Known(file) => file,
        // A limit of ours, or a program that is no file: no wrapper is that long.
        Fact::Unknown(unknown) if unknown.could_not_look() => return Err(unknown),
        Fact::Absent(_) | Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => {
            return Ok(Vec::new());
        }
    };
    // Only a wrapper is followed: the scripts of sysvinit are long and call others.
    let names_it = head.bytes().windows(6).any(|window| window == b"openrc");
    if !names_it {
        return Ok(Vec::new());
    }
    let args = command.args.iter().map(|arg| Value::known(arg.as_bytes()));
    let call = Call {
        program: Program::Script(command.program.clone()),
        args: args.collect(),
        env: std::collections::BTreeMap::new(),
        cwd: Value::known("/"),
        stdin: None,
        dialect: Dialect::Sh,
    };
    let outcome = evaluate(&call, &TreeWorld::new(tree), &Limits::default());
    let mut calls = Vec::new();
    for effect in outcome.effects {
        let Action::Run { argv, .. } = &effect.action else {
            continue;
        };
        let word = |index: usize| {
            let bytes = argv.get(index).and_then(Value::bytes);
            bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        };
        let (Some(program), Some(level)) = (word(0), word(1)) else {
            continue;
        };
        let program = PathBuf::from(program);
        if is_openrc(&program) {
            calls.push(Openrc {
                program,
                level,
                place: Some(effect.place),
            });
        }
    }
    Ok(calls)
}

/// Terminals on which somebody can log in, in words; what cannot be read is a gap.
pub(super) fn consoles(host: &Host) -> Listing<String> {
    let mut out = Listing::new();
    match host.init_kind() {
        Some(InitKind::SysV | InitKind::Busybox) => {
            let started = host.started();
            out.gaps.extend(started.gaps.iter().cloned());
            let again = started.items.iter();
            for command in again.filter(|command| command.when == When::Again) {
                let program = command.program.to_string_lossy();
                let logs_in = ["getty", "login", "/sh", "/ash"];
                if logs_in.iter().any(|word| program.contains(word)) {
                    let mut args = command.args.iter();
                    let terminal =
                        args.find(|arg| arg.starts_with("tty") || arg.starts_with("hvc"));
                    out.items
                        .push(terminal.cloned().unwrap_or_else(|| "console".to_owned()));
                }
            }
        }
        Some(InitKind::OpenRcInit) => {
            for enabled in &host.enabled().items {
                let terminal = enabled.name.strip_prefix("agetty.");
                out.items.extend(terminal.map(str::to_owned));
            }
            out.gaps.extend(host.enabled().gaps.iter().cloned());
        }
        Some(InitKind::Runit) => {
            let dir = runsvdir(host.tree());
            for path in out.take_gaps(host.tree().entries(&dir)) {
                let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
                let terminal = name.as_deref().and_then(|name| {
                    let bare = name.strip_prefix("agetty-").or(name.strip_prefix("getty-"));
                    bare.map(str::to_owned)
                });
                out.items.extend(terminal);
            }
        }
        _ => {}
    }
    out
}

/// The directory runit supervises: what `/etc/runit/2` of Debian and Void choose
/// without a word on the command line.
pub fn runsvdir(tree: &Tree) -> PathBuf {
    let base = Path::new("/etc/runit/runsvdir");
    let named = match tree.read(Path::new("/etc/runit/default.runsvdir")) {
        Fact::Known(file) => String::from_utf8_lossy(file.bytes()).trim().to_owned(),
        _ => String::new(),
    };
    if named.is_empty() || named.contains('/') {
        base.join("default")
    } else {
        base.join(named)
    }
}

/// Where sysv-rc's startpar takes what it starts from (startpar 0.65, sysv-rc 3.06
/// `/lib/init/rc`): the names in `.depend.boot` and `.depend.start`.
#[derive(Debug)]
pub struct Makefile {
    /// Names that are started in rcS.d.
    pub boot: Vec<String>,
    /// Names that are started in rc2.d to rc5.d.
    pub start: Vec<String>,
}

/// The lists of startpar; Absent where the classic order of links counts.
pub(super) fn makefile(host: &Host) -> Fact<Makefile> {
    let tree = host.tree();
    let dir = Path::new("/etc/init.d");
    if host.init_kind() != Some(InitKind::SysV) {
        return Fact::Absent(Looked::at(dir));
    }
    let legacy = dir.join(".legacy-bootordering");
    if matches!(tree.lstat(&legacy), Fact::Known(_)) {
        return Fact::Absent(Looked::at(legacy));
    }
    let rc = tree.read(&dir.join("rc")).and_then(|file| {
        let uses = file.bytes().windows(8).any(|window| window == b"startpar");
        if uses {
            Fact::Known(())
        } else {
            Fact::Absent(Looked::at(dir.join("rc")))
        }
    });
    let read = |name: &str| {
        let path = dir.join(name);
        tree.read(&path).and_then(|file| {
            if file.bytes().is_empty() {
                return Fact::Absent(Looked::at(path));
            }
            let text = String::from_utf8_lossy(file.bytes()).into_owned();
            let mut lines = text.lines();
            let targets = lines.find_map(|line| line.strip_prefix("TARGETS ="));
            let names = targets.unwrap_or("").split_whitespace();
            Fact::Known(names.map(str::to_owned).collect::<Vec<String>>())
        })
    };
    rc.and_then(|()| read(".depend.stop")).and_then(|_| {
        read(".depend.boot")
            .and_then(|boot| read(".depend.start").map(|start| Makefile { boot, start }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Given;
    use crate::facts::elf_maker::Elf;
    use crate::source::{Coverage, MemSource};

    fn host(source: MemSource) -> Host {
        let tree = Tree::for_tests(source, Coverage::full(true));
        Host::new(tree, jiff::Timestamp::UNIX_EPOCH, Given::default())
    }

    /// A root whose init is called so.
    fn with_init(name: &str, inside: &str) -> MemSource {
        let elf = Elf {
            texts: vec![inside.to_owned()],
            ..Elf::default()
        };
        let mut source = MemSource::new();
        source
            .file_mode(format!("/lib/x/{name}"), elf.bytes(), 0o755)
            .link("/sbin/init", format!("/lib/x/{name}"))
            .file_mode("/bin/sh", Elf::default().bytes(), 0o755);
        source
    }

    #[test]
    fn sysvinit_starts_what_its_table_has_for_the_default_level() {
        let mut source = with_init("init", "/etc/inittab");
        source
            .file(
                "/etc/inittab",
                "id:23:initdefault:\nsi::sysinit:/etc/init.d/rcS\nl2:2:wait:/etc/init.d/rc 2\n\
                 l3:3:wait:/etc/init.d/rc 3\n1:23:respawn:getty 38400 tty1\n\
                 x:3:once:echo $HOME > /x\n",
            )
            .file("/etc/inittab.d/s.tab", "T0:3:respawn:/sbin/agetty ttyS0\n")
            .file_mode("/usr/sbin/getty", "", 0o755);
        let host = host(source);
        let started: Vec<(String, When)> = host
            .started()
            .items
            .iter()
            .map(|s| (s.program.display().to_string(), s.when))
            .collect();
        let expected = [
            ("/etc/init.d/rcS", When::First),
            ("/etc/init.d/rc", When::Level),
            ("/usr/sbin/getty", When::Again),
            ("/sbin/agetty", When::Again),
        ];
        assert_eq!(started, expected.map(|(p, w)| (p.to_owned(), w)));
        assert_eq!(host.consoles().items, ["tty1", "ttyS0"]);
    }

    #[test]
    fn openrc_is_found_behind_the_wrappers_of_debian() {
        let mut source = with_init("init", "/etc/inittab");
        source
            .file(
                "/etc/inittab",
                "id:2:initdefault:\nsi::sysinit:/etc/init.d/rcS\nl2:2:wait:/etc/init.d/rc 2\n",
            )
            .file_mode(
                "/etc/init.d/rcS",
                "#!/bin/sh\nset -e\nexec /sbin/openrc sysinit\n",
                0o755,
            )
            .file_mode(
                "/etc/init.d/rc",
                "#!/bin/sh\ncase $1 in\n0 ) /sbin/openrc off ;;\n* ) exec /sbin/openrc default ;;\nesac\n",
                0o755,
            );
        let host = host(source);
        let calls = host.openrc_calls().items.iter();
        let levels: Vec<&str> = calls.map(|call| call.level.as_str()).collect();
        assert_eq!(levels, ["sysinit", "default"]);
    }

    #[test]
    fn openrc_init_reads_no_table_and_has_the_gettys_that_are_enabled() {
        let mut source = with_init("openrc-init", "");
        source
            .file("/etc/inittab", "1:2345:respawn:/sbin/getty tty1\n")
            .link(
                "/etc/runlevels/default/agetty.tty2",
                "/etc/init.d/agetty.tty2",
            );
        let host = host(source);
        assert_eq!(host.consoles().items, ["tty2"]);
        let calls = host.openrc_calls().items.iter();
        let levels: Vec<&str> = calls.map(|call| call.level.as_str()).collect();
        assert_eq!(levels, ["sysinit", "boot", "default"]);
    }

    #[test]
    fn busybox_has_a_script_of_its_own_without_a_table() {
        let host = host(with_init("busybox", ""));
        let programs: Vec<&Path> = host
            .started()
            .items
            .iter()
            .map(|s| s.program.as_path())
            .collect();
        assert_eq!(programs, [Path::new("/etc/init.d/rcS")]);
    }

    #[test]
    fn startpar_counts_only_with_three_lists_and_without_the_mark() {
        let mut source = with_init("init", "/etc/inittab");
        source
            .file("/etc/init.d/rc", "#!/bin/sh\nstartpar -M $1\n")
            .file("/etc/init.d/.depend.boot", "TARGETS = udev\nudev: x\n")
            .file("/etc/init.d/.depend.start", "TARGETS = cron ssh\n")
            .file("/etc/init.d/.depend.stop", "TARGETS =\n");
        let lists = |source: &MemSource| match host(source.clone()).makefile() {
            Fact::Known(lists) => Some((lists.boot.len(), lists.start.len())),
            _ => None,
        };
        assert_eq!(lists(&source), Some((1, 2)));
        let mut empty = source.clone();
        empty.file("/etc/init.d/.depend.stop", "");
        assert_eq!(lists(&empty), None);
        source.file("/etc/init.d/.legacy-bootordering", "");
        assert_eq!(lists(&source), None);
    }

    #[test]
    fn runit_supervises_the_directory_it_is_told() {
        let mut source = with_init("runit-init", "");
        assert_eq!(
            runsvdir(host(source.clone()).tree()),
            Path::new("/etc/runit/runsvdir/default")
        );
        source.file("/etc/runit/default.runsvdir", "site\n");
        assert_eq!(
            runsvdir(host(source).tree()),
            Path::new("/etc/runit/runsvdir/site")
        );
    }
}
