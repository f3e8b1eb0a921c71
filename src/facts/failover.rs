//! keepalived: its configuration, and what its hooks do when they are called.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Host;
use super::hooks::doing::{Does, does, sample};
use super::hooks::fifo::{self, Event};
use super::paths;
use super::world::TreeWorld;
use crate::fact::{Doubt, Fact, Listing, Unknown, Why};
use crate::parse::init_script::{Head, head};
use crate::parse::keepalived::{
    Command, Config, FifoKind, HookState, Include, Invocation, NotifyCall, NotifyKind, Options,
    Subject, Version, parse,
};
use crate::shell::{
    Call, Comparison, DEFAULT_PATH, Dialect, Effect, Input, Limits, Outcome, Program, Source,
    Value, evaluate, is_shell_script,
};
use crate::source::{FileKind, Found, Tree};
use crate::text::{File, escape_path};

/// Where keepalived reads its configuration unless told otherwise.
pub const CONFIG: &str = "/etc/keepalived/keepalived.conf";

/// keepalived on this host.
#[derive(Debug)]
pub struct Failover {
    /// The main file.
    pub file: Arc<File>,
    /// Its mode, where the tree keeps modes.
    pub mode: Option<u32>,
    /// The configuration as keepalived understands it.
    pub config: Config,
    /// The installed version, where it is known.
    pub version: Option<Version>,
    /// How it is known, for people.
    pub version_from: String,
    /// Included files that this tree does not hold.
    pub uncovered: Vec<Why>,
    /// Every hook of every instance and group, for every state it is called in.
    pub calls: Vec<HookCall>,
}

/// One call of one hook.
#[derive(Debug)]
pub struct HookCall {
    /// Instance or group.
    pub subject: Subject,
    /// Its name.
    pub name: Vec<u8>,
    /// The state entered.
    pub state: HookState,
    /// The command in the configuration.
    pub command: Command,
    /// Which argument of the program is the name of the instance or group, counted
    /// from 1: the second of the four that a generic hook gets behind its own words,
    /// else a word of its own that is the name.
    pub name_at: Option<usize>,
    /// The program's file, where the command names one.
    pub path: Option<PathBuf>,
    /// What is there.
    pub program: Fact<Found>,
    /// What the call does.
    pub handling: Handling,
    /// What the words of the call were compared with.
    pub comparisons: Vec<Comparison>,
}

/// What a call of a hook does.
#[derive(Debug)]
pub enum Handling {
    /// It does something beyond logging.
    Handled(Vec<Effect>),
    /// Every path ends without; what its words were compared with, if anything.
    Nothing(Vec<Miss>),
    /// Could not be decided.
    Undecided(Vec<Unknown>),
    /// keepalived does not call it, and why; or the program is not there.
    NotCalled(String),
}

/// A word of the call that the script compared in vain.
#[derive(Clone, Debug)]
pub struct Miss {
    /// The comparison.
    pub comparison: Comparison,
    /// What the word was.
    pub word: Vec<u8>,
    /// Whether the script does something when the word is what it compares with.
    pub would_act: bool,
}

/// Reads keepalived's side of `host`; `declared` is the version that policy states.
pub(super) fn read(host: &Host, declared: Option<&str>) -> Fact<Failover> {
    let tree = host.tree();
    let path = match config_path(tree) {
        Ok(path) => path,
        Err(unknown) => return Fact::Unknown(unknown),
    };
    tree.read(&path).map(|file| {
        let (version, version_from) = version(host, declared);
        // The name of a host's directory is its name where the tree tells none.
        let name = match host.hostname() {
            Fact::Known(name) => Some(name),
            _ => host.label(),
        };
        let config_id = name.and_then(|n| n.split('.').next().map(|id| id.as_bytes().to_vec()));
        let options = Options { version, config_id };
        let mut uncovered = Vec::new();
        let config = parse(&file, &options, &mut |include| {
            let mut found = included(tree, include);
            // What this tree does not hold is no fault of the configuration.
            uncovered.append(&mut found.uncovered);
            found
        });
        let calls = calls(host, &config);
        let mode = match tree.resolve(&path) {
            Fact::Known(found) if tree.coverage().owners => Some(found.meta.mode),
            _ => None,
        };
        Failover {
            file,
            mode,
            config,
            version,
            version_from,
            uncovered,
            calls,
        }
    })
}

/// The configuration file: the one the start options name, else the usual one.
///
/// Debian's unit reads `DAEMON_ARGS` of /etc/default/keepalived, Red Hat's
/// `KEEPALIVED_OPTIONS` of /etc/sysconfig/keepalived.
fn config_path(tree: &Tree) -> Result<PathBuf, Unknown> {
    for (file, variable) in [
        ("/etc/default/keepalived", "DAEMON_ARGS"),
        ("/etc/sysconfig/keepalived", "KEEPALIVED_OPTIONS"),
    ] {
        let text = match tree.read(Path::new(file)) {
            Fact::Known(text) => text,
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => continue,
            Fact::Unknown(unknown) => return Err(unknown),
        };
        let settings = crate::parse::os_release::parse(text.bytes());
        let Some(options) = settings.get(variable) else {
            continue;
        };
        let mut words = options.split_whitespace();
        while let Some(word) = words.next() {
            let joined = word.strip_prefix("--use-file=").or_else(|| {
                let short = word.strip_prefix("-f")?;
                (!short.is_empty()).then_some(short)
            });
            let named = match word {
                "-f" | "--use-file" => words.next(),
                _ => joined,
            };
            if let Some(named) = named {
                return Ok(Path::new("/").join(named));
            }
        }
    }
    Ok(PathBuf::from(CONFIG))
}

fn version(host: &Host, declared: Option<&str>) -> (Option<Version>, String) {
    if let Fact::Known(packages) = host.packages()
        && let Some(text) = packages.version_of("keepalived")
    {
        return (
            Version::parse(text),
            format!("keepalived {text} is installed"),
        );
    }
    if let Some(text) = declared {
        return (
            Version::parse(text),
            format!("policy declares keepalived {text}"),
        );
    }
    (
        None,
        "the installed version is not known; read as a current one".into(),
    )
}

/// The files an include pattern matches: regular, without any execute bit.
fn included(tree: &Tree, include: &Include) -> Listing<Arc<File>> {
    let mut out = Listing::new();
    for pattern in braces(&include.pattern) {
        let pattern = PathBuf::from(std::ffi::OsStr::from_bytes(&pattern));
        let pattern = include.cwd.join(pattern);
        let paths = out.take_gaps(paths::matching(tree, pattern.as_os_str().as_bytes()));
        for path in paths {
            match tree.resolve(&path) {
                Fact::Known(found)
                    if found.meta.kind == FileKind::File && !found.meta.any_execute_bit() =>
                {
                    out.push(tree.read(&path));
                }
                Fact::Known(_) | Fact::Absent(_) | Fact::Broken(_) => {}
                Fact::Unknown(unknown) => out.gaps.push(unknown),
                Fact::NotCovered(why) => out.uncovered.push(why),
            }
        }
    }
    out
}

/// `a{b,c}d` as `abd` and `acd` (`GLOB_BRACE`), one level.
fn braces(pattern: &[u8]) -> Vec<Vec<u8>> {
    let open = pattern.iter().position(|b| *b == b'{');
    let close = pattern.iter().position(|b| *b == b'}');
    let (Some(open), Some(close)) = (open, close) else {
        return vec![pattern.to_vec()];
    };
    if close < open {
        return vec![pattern.to_vec()];
    }
    let part = |range: std::ops::Range<usize>| pattern.get(range).unwrap_or(&[]).to_vec();
    let (before, after) = (part(0..open), part(close + 1..pattern.len()));
    let inner = part(open + 1..close);
    let alternatives = inner.split(|b| *b == b',');
    alternatives
        .map(|choice| [before.as_slice(), choice, after.as_slice()].concat())
        .collect()
}

fn calls(host: &Host, config: &Config) -> Vec<HookCall> {
    let mut calls: Vec<HookCall> = Vec::new();
    for call in config.notify_calls() {
        let command = call.notify.command.clone();
        let (path, program) = program(host, &command, &call.invocation);
        let (handling, comparisons) =
            handling(host, &call.invocation, path.as_deref(), &program, &command);
        calls.push(HookCall {
            name_at: name_at(&call),
            subject: call.subject,
            name: call.name.to_vec(),
            state: call.state,
            command,
            path,
            program,
            handling,
            comparisons,
        });
    }
    calls.extend(fifo_calls(host, config));
    calls
}

/// What the programs behind FIFOs do with the events of every instance and group.
fn fifo_calls(host: &Host, config: &Config) -> Vec<HookCall> {
    const STATES: [HookState; 4] = [
        HookState::Master,
        HookState::Backup,
        HookState::Fault,
        HookState::Stop,
    ];
    let instances = config.instances.iter();
    let instances = instances.map(|i| (Subject::Instance, &i.name.value, i.start_priority()));
    let groups = config.groups.iter();
    let groups = groups.map(|group| (Subject::Group, &group.name.value, 0));
    let subjects: Vec<_> = instances.chain(groups).collect();
    let mut calls = Vec::new();
    for script in &config.globals.fifo_scripts {
        let fifo = config.globals.fifos.iter().find(|f| f.kind == script.kind);
        let Some(fifo) = fifo.filter(|_| script.kind != FifoKind::Lvs) else {
            continue;
        };
        let mut argv: Vec<Vec<u8>> = Vec::new();
        argv.extend(script.command.argv.iter().map(|word| word.value.clone()));
        argv.push(fifo.path.value.clone());
        let (path, found) = program(host, &script.command, &Invocation::Exec(argv.clone()));
        let stopped = not_startable(host, path.as_deref(), &found, &script.command);
        for (subject, name, priority) in &subjects {
            for state in STATES {
                let event = Event {
                    kind: subject.word(),
                    name,
                    state: state.word(),
                    priority: *priority,
                };
                let (handling, comparisons) = match &stopped {
                    Some(Stopped::NotCalled(why)) => (Handling::NotCalled(why.clone()), Vec::new()),
                    Some(Stopped::Open(open)) => {
                        (Handling::Undecided(vec![open.clone()]), Vec::new())
                    }
                    None => fifo::handling(host, &argv, &event, &script.command.place),
                };
                calls.push(HookCall {
                    name_at: None,
                    subject: *subject,
                    name: (*name).clone(),
                    state,
                    command: script.command.clone(),
                    path: path.clone(),
                    program: found.clone(),
                    handling,
                    comparisons,
                });
            }
        }
    }
    calls
}

/// Why a program is not evaluated.
enum Stopped {
    /// It is not started.
    NotCalled(String),
    /// What it does is not known.
    Open(Unknown),
}

fn not_startable(
    host: &Host,
    path: Option<&Path>,
    program: &Fact<Found>,
    command: &Command,
) -> Option<Stopped> {
    let not_called = |why: &str| Some(Stopped::NotCalled(why.to_owned()));
    match program {
        Fact::Known(found) if found.meta.is_program() => {}
        Fact::Known(_) => return not_called("the program cannot be executed"),
        Fact::Absent(_) => return not_called("the program is not there"),
        Fact::Broken(fault) => return not_called(&fault.message),
        Fact::Unknown(unknown) => return Some(Stopped::Open(unknown.clone())),
        Fact::NotCovered(why) => return not_called(&why.to_string()),
    }
    let open = not_evaluated(host, path?, command)?;
    Some(Stopped::Open(open))
}

fn name_at(call: &NotifyCall<'_>) -> Option<usize> {
    match (&call.invocation, call.notify.kind) {
        (Invocation::Exec(argv), NotifyKind::Notify) => argv.len().checked_sub(3),
        (Invocation::Exec(argv), _) => {
            let mut own = argv.iter().enumerate().skip(1);
            own.find(|(_, word)| *word == call.name).map(|(at, _)| at)
        }
        (Invocation::Shell(_), NotifyKind::Notify) => Some(2),
        (Invocation::Shell(_) | Invocation::Never(_), _) => None,
    }
}

/// The program a hook starts.
fn program(
    host: &Host,
    command: &Command,
    invocation: &Invocation,
) -> (Option<PathBuf>, Fact<Found>) {
    let word = match invocation {
        Invocation::Exec(argv) => argv.first().cloned(),
        Invocation::Shell(text) => {
            let mut words = text.split(u8::is_ascii_whitespace);
            let first = words.find(|word| !word.is_empty());
            first.map(|word| word.iter().copied().filter(|b| *b != b'"').collect())
        }
        Invocation::Never(_) => command.argv.first().map(|word| word.value.clone()),
    };
    let Some(word) = word.filter(|word: &Vec<u8>| !word.is_empty()) else {
        let doubt = Doubt::CannotModel("the hook has no command".into());
        return (
            None,
            Fact::Unknown(Unknown::at(command.place.clone(), doubt)),
        );
    };
    let path = PathBuf::from(std::ffi::OsStr::from_bytes(&word));
    if path.is_absolute() {
        let found = host.resolve(&path);
        return (Some(path), found);
    }
    // Looked up along keepalived's own PATH (keepalived 2.2.7 lib/utils.c, find_path).
    let world = TreeWorld::new(host.tree());
    match crate::shell::World::find(&world, &word, DEFAULT_PATH) {
        Fact::Known(path) => {
            let found = host.resolve(&path);
            (Some(path), found)
        }
        Fact::Absent(looked) => (Some(path), Fact::Absent(looked)),
        Fact::Broken(fault) => (Some(path), Fact::Broken(fault)),
        Fact::Unknown(unknown) => (Some(path), Fact::Unknown(unknown)),
        Fact::NotCovered(why) => (Some(path), Fact::NotCovered(why)),
    }
}

fn handling(
    host: &Host,
    invocation: &Invocation,
    path: Option<&Path>,
    program: &Fact<Found>,
    command: &Command,
) -> (Handling, Vec<Comparison>) {
    let not_called = |why: &str| (Handling::NotCalled(why.to_owned()), Vec::new());
    match not_startable(host, path, program, command) {
        Some(Stopped::NotCalled(why)) => return not_called(&why),
        Some(Stopped::Open(open)) => return (Handling::Undecided(vec![open]), Vec::new()),
        None => {}
    }
    // A shell that has nothing to expand makes the same words.
    let plain = match invocation {
        Invocation::Shell(text) => plain_words(text).map(Invocation::Exec),
        Invocation::Exec(_) | Invocation::Never(_) => None,
    };
    let (words, call) = match plain.as_ref().unwrap_or(invocation) {
        Invocation::Never(why) => return not_called(why),
        Invocation::Exec(argv) => {
            let mut program: Vec<Value> = argv
                .iter()
                .take(1)
                .map(|w| Value::known(w.clone()))
                .collect();
            // Looked up by name, it is called by its path.
            if let Some(path) = path {
                program = vec![Value::known(path.as_os_str().as_bytes().to_vec())];
            }
            let args: Vec<Value> = argv
                .iter()
                .skip(1)
                .map(|w| Value::known(w.clone()))
                .collect();
            (argv.clone(), call(Program::Words(program), args))
        }
        Invocation::Shell(text) => {
            let source = Source::expanded(&command.place, text.clone());
            (Vec::new(), call(Program::Command(source), Vec::new()))
        }
    };
    let outcome = evaluate(&call, &world(host), &Limits::default());
    let handling = match does(host, &outcome) {
        Does::Something(acts) => Handling::Handled(acts),
        Does::Unclear(open) => Handling::Undecided(open),
        Does::Nothing => Handling::Nothing(misses(host, &call, &words, &outcome)),
    };
    (handling, outcome.comparisons)
}

/// The tree as the scripts of a host see it.
fn world(host: &Host) -> TreeWorld<'_> {
    TreeWorld::new(host.tree()).for_hooks(host.label())
}

/// Why the program of a hook cannot be evaluated: it cannot be read, or is a script
/// of another language, which may do anything with the words it gets. A binary is
/// taken to do what it is called for.
fn not_evaluated(host: &Host, path: &Path, command: &Command) -> Option<Unknown> {
    let file = match host.tree().read_head(path, 512) {
        Fact::Known(file) => file,
        Fact::Unknown(unknown) => return Some(unknown),
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => return None,
    };
    let Head::Script(interpreter) = head(&file) else {
        return None;
    };
    let program = Path::new(std::ffi::OsStr::from_bytes(&interpreter.path));
    // Without its interpreter it does not run, which is a rule of its own.
    if is_shell_script(&file) || matches!(host.resolve(program), Fact::Absent(_)) {
        return None;
    }
    let shown = escape_path(path);
    let program = escape_path(program);
    let what = format!("{shown} is a script for {program}, which is not evaluated");
    let doubt = Doubt::CannotModel(what);
    Some(Unknown::at(command.place.clone(), doubt))
}

/// The words of a command line in which a shell would find nothing to expand.
fn plain_words(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quoted = false;
    for byte in text {
        match byte {
            b'"' => {
                quoted = !quoted;
                word.get_or_insert_with(Vec::new);
            }
            b'$' | b'`' | b'\\' | b'\n' => return None,
            b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' | b'*' | b'?' | b'[' | b'{' | b'~'
            | b'#' | b'\'' | b'!'
                if !quoted =>
            {
                return None;
            }
            byte if !quoted && byte.is_ascii_whitespace() => words.extend(word.take()),
            byte => word.get_or_insert_with(Vec::new).push(*byte),
        }
    }
    words.extend(word);
    (!quoted && !words.is_empty()).then_some(words)
}

fn call(program: Program, args: Vec<Value>) -> Call {
    let mut env = BTreeMap::new();
    // The daemon's environment at boot holds little else (systemd.exec(5)).
    env.insert(b"PATH".to_vec(), Value::known(DEFAULT_PATH));
    Call {
        program,
        args,
        env,
        cwd: Value::known(b"/".to_vec()),
        stdin: None,
        dialect: Dialect::Sh,
    }
}

/// The words the script compared in vain, each tried again with what it was
/// compared with.
fn misses(host: &Host, call: &Call, words: &[Vec<u8>], outcome: &Outcome) -> Vec<Miss> {
    let world = world(host);
    let mut misses: Vec<Miss> = Vec::new();
    for comparison in &outcome.comparisons {
        let Input::Argument(index) = comparison.input else {
            continue;
        };
        let Some(word) = words.get(index) else {
            continue;
        };
        let known = misses.iter().any(|m| {
            m.comparison.literal == comparison.literal && m.comparison.input == comparison.input
        });
        // A word that the script names itself is not one it was never taught.
        let named = outcome.comparisons.iter().any(|other| {
            other.input == comparison.input
                && other.matched == Some(true)
                && !other.pattern
                && !other.literal.is_empty()
        });
        if named {
            continue;
        }
        if comparison.matched != Some(false) || known {
            continue;
        }
        let tried = if comparison.pattern {
            sample(&comparison.literal)
        } else {
            Some(comparison.literal.clone())
        };
        let Some(tried) = tried else { continue };
        let mut other = call.clone();
        if let Some(arg) = index.checked_sub(1).and_then(|at| other.args.get_mut(at)) {
            *arg = Value::known(tried);
        }
        let tried = evaluate(&other, &world, &Limits::default());
        misses.push(Miss {
            comparison: comparison.clone(),
            word: word.clone(),
            would_act: matches!(does(host, &tried), Does::Something(_)),
        });
    }
    misses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_without_anything_to_expand_is_its_words() {
        let words = |text: &[u8]| {
            let words = plain_words(text)?;
            let text = words
                .iter()
                .map(|w| String::from_utf8_lossy(w).into_owned());
            Some(text.collect::<Vec<_>>())
        };
        let call = words(b"\"/etc/r.sh\" INSTANCE \"a b\" MASTER 100");
        let expected = ["/etc/r.sh", "INSTANCE", "a b", "MASTER", "100"];
        assert_eq!(call, Some(expected.map(str::to_owned).to_vec()));
        for text in [
            &b"a && b"[..],
            b"a $X",
            b"a > f",
            b"a \"open",
            b"",
            b"a 'b'",
        ] {
            assert_eq!(words(text), None);
        }
    }

    #[test]
    fn braces_are_alternatives_and_an_open_one_is_a_letter() {
        let words = |pattern: &[u8]| {
            let found = braces(pattern).into_iter();
            found
                .map(|p| String::from_utf8_lossy(&p).into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(words(b"/a/{x,y}.conf"), ["/a/x.conf", "/a/y.conf"]);
        assert_eq!(words(b"/a/{x"), ["/a/{x"]);
        assert_eq!(words(b"/a/}x{"), ["/a/}x{"]);
    }

    #[test]
    fn an_include_may_climb_to_another_directory() {
        let mut source = crate::source::MemSource::new();
        source.file("/etc/vrrp.d/a.conf", "").dir("/etc/keepalived");
        let tree = Tree::new(
            Box::new(source),
            crate::source::Coverage::full(true),
            crate::source::Limits::STANDARD,
            crate::time::Deadline::none(),
        );
        let found = paths::matching(&tree, b"/etc/keepalived/../vrrp.d/*.conf");
        assert_eq!(found.items, [Path::new("/etc/keepalived/../vrrp.d/a.conf")]);
        assert!(found.gaps.is_empty());
    }
}
