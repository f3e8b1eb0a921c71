//! `comeback guard`: a command runs only after a CLEAR.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::GuardArgs;
use super::audit::{Audit, break_glass, who};
use super::output::{Output, write_out};
use super::run::{
    PolicyPlace, Setup, accepted, deadline, devices, host, label, open_tree, root_from_here, setup,
};
use super::{Error, complain};
use crate::fact::Fact;
use crate::policy::{Exit, GuardPolicy, Judgement, Waiver, judge};
use crate::report::{self, Outcome, ShownHost};
use crate::rules::{Level, Selection, examine};
use crate::source::{Tree, TreeKind};
use crate::text::escape;
use crate::time::{Deadline, Watch};

/// The deadline without `--deadline`.
const DEADLINE: Duration = Duration::from_secs(10);

/// How a run of the guard ended.
struct End {
    exit: Exit,
    /// For people, and for `--status-file`.
    why: String,
}

impl End {
    fn new(exit: Exit, why: impl Into<String>) -> Self {
        Self {
            exit,
            why: why.into(),
        }
    }
}

/// Checks, says one line, and becomes the command when the tree is clear. Any
/// other end, our own mistakes included, leaves the command unstarted.
pub(super) fn run(args: &GuardArgs) -> Result<Exit, Error> {
    let status = Status { args };
    // A guard that is killed leaves this behind, not the answer of the last run.
    status.write("checking", None, "no verdict was reached")?;
    match guarded(args, &status) {
        Ok(end) => {
            let state = match end.exit {
                Exit::Clear => "clear",
                Exit::CommandNotExecutable | Exit::CommandNotFound => "failed",
                _ => "refused",
            };
            status.write(state, Some(end.exit), &end.why)?;
            Ok(end.exit)
        }
        Err(error) => {
            // The error itself is told; that of the file would hide it.
            let _ = status.write("refused", Some(error.exit()), &error.to_string());
            Err(error)
        }
    }
}

fn guarded(args: &GuardArgs, status: &Status<'_>) -> Result<End, Error> {
    if args.tree.now.is_some() && args.tree.root.is_none() {
        return Err(Error::Usage(
            "guard: --now makes no sense for the running system".into(),
        ));
    }
    colored::control::set_override(false);
    let watch = Watch::start();
    let mut waivers = accepted(&args.accept)?;
    let deadline = deadline(&args.tree, Some(DEADLINE))?;
    let tree = open_tree(&args.tree, args.tree.root.as_deref(), deadline)?;
    if tree.recorded().is_some() {
        return Err(Error::Usage(
            "guard: a snapshot is how a box was, not how it is".into(),
        ));
    }
    if tree.coverage().kind == TreeKind::Partial {
        return Err(Error::Usage(
            "guard: a partial tree cannot say whether a box comes back".into(),
        ));
    }
    let setup = setup(&args.tree, &tree, PolicyPlace::InTree, deadline)?;
    let policy = own_policy(args, &tree, &setup);
    if policy.accept == Some(false) && !args.accept.is_empty() {
        return Err(Error::Usage(
            "guard: policy takes no --accept on this machine".into(),
        ));
    }
    waivers.extend(glass(&policy, &setup));
    waivers.extend(setup.config.waivers.iter().cloned());
    let devices = devices(&args.devices, &tree)?;
    let stamps = Stamps::of(&tree);
    let label = label(args.tree.root.as_ref(), &tree);
    let host = host(tree, &setup, &args.tree, label, devices);
    let mut examined = examine(&host, &Selection::default(), setup.horizon);
    examined.unread_policy.clone_from(&setup.config.unread);
    let judgement = Judgement {
        fail_on: setup.config.fail_on.unwrap_or(Level::Block),
        waivers: &waivers,
        rules: &setup.config.rules,
        whole_chain: true,
        audit: false,
    };
    let judged = judge(examined, &judgement);
    let exit = judged.exit;
    let accepted: Vec<String> = judged.accepted().into_iter().map(str::to_owned).collect();
    let outcome = Outcome {
        now: setup.clock.now(),
        now_given: setup.clock.is_given(),
        horizon: setup.horizon,
        policy: setup.config.file.clone(),
        stale: Vec::new(),
        against: None,
        hosts: vec![ShownHost {
            host: judged,
            prefix: String::new(),
            root: root_from_here(args.tree.root.as_deref()),
            elsewhere: BTreeMap::new(),
        }],
        fail_on: judgement.fail_on,
        fleet: false,
        exit,
        verbose: false,
    };
    if args.verbose {
        super::say(&report::text(&outcome));
    }
    // To standard error when a command follows: its output is the command's.
    let line = report::brief(&outcome);
    let line = line.trim_end().trim_start_matches("comeback: ").to_owned();
    if !args.command.is_empty() {
        complain(&line);
    }
    let end = if exit == Exit::Clear {
        last_look(args, &setup, &stamps, &watch, deadline)?
            .or_else(|| leave_trace(&Audit::new(&policy), &accepted, &waivers, args))
    } else {
        Some(End::new(exit, "the verdict is not CLEAR"))
    };
    if args.command.is_empty() {
        return without_command(end, &line);
    }
    match end {
        Some(end) => {
            complain(&format!("not started: {}", end.why));
            Ok(End::new(end.exit, format!("{}: {line}", end.why)))
        }
        None => start(args, status, &line),
    }
}

/// The line on standard output, and what keeps it from being the answer.
fn without_command(end: Option<End>, line: &str) -> Result<End, Error> {
    write_out(&Output::Stdout, format!("comeback: {line}\n").as_bytes())?;
    Ok(match end {
        None => End::new(Exit::Clear, line),
        Some(end) => {
            if line.ends_with("CLEAR") {
                complain(&end.why);
            }
            End::new(end.exit, format!("{}: {line}", end.why))
        }
    })
}

/// What the policy says of the guard, where it is this machine's own word: that of
/// another root must not name the files that are written here.
fn own_policy(args: &GuardArgs, tree: &Tree, setup: &Setup) -> GuardPolicy {
    if tree.coverage().kind == TreeKind::Live || args.tree.config.is_some() {
        setup.config.guard.clone()
    } else {
        GuardPolicy::NONE
    }
}

/// The acceptances of the file that policy names.
fn glass(policy: &GuardPolicy, setup: &Setup) -> Vec<Waiver> {
    let Some(path) = &policy.break_glass else {
        return Vec::new();
    };
    let lines = match break_glass(path, setup.clock.now()) {
        Ok(lines) => lines,
        Err(why) => {
            complain(&why);
            return Vec::new();
        }
    };
    match accepted(&lines) {
        Ok(waivers) => waivers,
        Err(error) => {
            let path = crate::text::escape_path(path);
            complain(&format!("{path}: {error}; nothing in it is accepted"));
            Vec::new()
        }
    }
}

/// What may have changed since it was read: the time, the policy, the packages.
fn last_look(
    args: &GuardArgs,
    setup: &Setup,
    before: &Stamps,
    watch: &Watch,
    deadline: Deadline,
) -> Result<Option<End>, Error> {
    if let Some(jump) = watch.jumped() {
        let why = format!("the clock jumped by {jump} s meanwhile, and waivers end by it");
        return Ok(Some(End::new(Exit::Undecided, why)));
    }
    let tree = open_tree(&args.tree, args.tree.root.as_deref(), deadline)?;
    let again = super::run::setup(&args.tree, &tree, PolicyPlace::InTree, deadline)?;
    if again.config != setup.config {
        let why = "the policy changed meanwhile";
        return Ok(Some(End::new(Exit::Undecided, why)));
    }
    if let Some(path) = before.changed(&Stamps::of(&tree)) {
        let why = format!("{path} changed meanwhile: try again later");
        return Ok(Some(End::new(Exit::Busy, why)));
    }
    let host = host(tree, setup, &args.tree, None, None);
    let end = match host.busy() {
        Fact::Known(busy) => Some(End::new(Exit::Busy, format!("{} is at work", busy.who))),
        Fact::Unknown(unknown) => Some(End::new(Exit::Undecided, unknown.to_string())),
        Fact::Broken(fault) => Some(End::new(Exit::Undecided, fault.message)),
        Fact::Absent(_) | Fact::NotCovered(_) => None,
    };
    if end.is_none() && deadline.passed() {
        return Ok(Some(End::new(Exit::Undecided, "the deadline passed")));
    }
    Ok(end)
}

/// What a package run, a new kernel or an edit of the mounts leaves changed.
#[derive(Debug, PartialEq, Eq)]
struct Stamps(Vec<(&'static str, Option<(i64, u64)>)>);

impl Stamps {
    fn of(tree: &Tree) -> Self {
        let paths = [
            "/var/lib/dpkg/status",
            "/var/lib/rpm",
            "/usr/lib/sysimage/rpm",
            "/lib/apk/db",
            "/var/lib/pacman",
            "/var/db/pkg",
            "/boot",
            "/lib/modules",
            "/etc/fstab",
            "/etc/inittab",
        ];
        let stamp = |path: &'static str| match tree.lstat(Path::new(path)) {
            Fact::Known(found) => (path, Some((found.meta.mtime, found.meta.len))),
            Fact::Absent(_) | Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => {
                (path, None)
            }
        };
        Self(paths.into_iter().map(stamp).collect())
    }

    /// The first that is not as it was.
    fn changed(&self, now: &Self) -> Option<&'static str> {
        let mut both = self.0.iter().zip(&now.0);
        both.find(|(before, now)| before != now)
            .map(|((path, _), _)| *path)
    }
}

/// Writes down what was accepted, by whom and for what; what leaves no trace is not
/// accepted.
fn leave_trace(
    audit: &Audit,
    accepted: &[String],
    waivers: &[Waiver],
    args: &GuardArgs,
) -> Option<End> {
    if accepted.is_empty() {
        return None;
    }
    let reasons = accepted.iter().map(|id| {
        let mut of = waivers.iter().filter(|waiver| waiver.rule == *id);
        let reason = of
            .next()
            .map_or("waived in the file", |w| w.reason.as_str());
        format!("{id}={}", escape(reason.as_bytes()))
    });
    let reasons: Vec<String> = reasons.collect();
    let words = args.command.iter().map(shown);
    let words: Vec<String> = words.collect();
    let line = format!(
        "accepted by {}: {}; for: {}",
        who(),
        reasons.join("; "),
        if words.is_empty() {
            "no command".to_owned()
        } else {
            words.join(" ")
        }
    );
    match audit.write(crate::time::Clock::system().now(), &line) {
        Ok(None) => None,
        Ok(Some(fault)) => {
            complain(&format!("not logged there: {fault}"));
            None
        }
        Err(fault) => {
            let why = format!("what was accepted could not be logged: {fault}");
            Some(End::new(Exit::Internal, why))
        }
    }
}

fn shown(word: &std::ffi::OsString) -> String {
    crate::text::escape_path(word.as_ref())
}

/// Becomes the command; comes back only where that fails.
fn start(args: &GuardArgs, status: &Status<'_>, line: &str) -> Result<End, Error> {
    let mut words = args.command.iter();
    let Some(program) = words.next() else {
        return Ok(End::new(Exit::Clear, line));
    };
    status.write("started", None, line)?;
    // Replaced, not started beside us: its status is ours, and signals reach it.
    let error = std::process::Command::new(program).args(words).exec();
    let why = format!("{}: {error}", shown(program));
    complain(&why);
    let exit = match error.kind() {
        std::io::ErrorKind::NotFound => Exit::CommandNotFound,
        _ => Exit::CommandNotExecutable,
    };
    Ok(End::new(exit, why))
}

/// `--status-file`: what became of the command, for callers that see only one status.
struct Status<'a> {
    args: &'a GuardArgs,
}

impl Status<'_> {
    fn write(&self, state: &str, exit: Option<Exit>, why: &str) -> Result<(), Error> {
        let Some(path): Option<&PathBuf> = self.args.status_file.as_ref() else {
            return Ok(());
        };
        let command: Vec<String> = self.args.command.iter().map(shown).collect();
        let document = serde_json::json!({
            "schema": "comeback.guard/1",
            "state": state,
            "started": state == "started",
            "exit": exit.map(Exit::code),
            "verdict": exit.map(|exit| exit.verdict().word().to_ascii_lowercase()),
            "why": escape(why.as_bytes()),
            "command": command,
            "pid": std::process::id(),
            "at": crate::time::Clock::system().now().to_string(),
        });
        write_out(
            &Output::File(path.clone()),
            format!("{document:#}\n").as_bytes(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, Limits, MemSource};

    #[test]
    fn a_package_run_between_two_looks_is_seen() {
        let stamps = |status: &str| {
            let mut source = MemSource::new();
            source.file("/var/lib/dpkg/status", status.as_bytes());
            let coverage = Coverage::full(true);
            let tree = Tree::new(
                Box::new(source),
                coverage,
                Limits::STANDARD,
                Deadline::none(),
            );
            Stamps::of(&tree)
        };
        let before = stamps("Package: a\n");
        assert_eq!(before.changed(&stamps("Package: a\n")), None);
        let after = stamps("Package: a\n\nPackage: b\n");
        assert_eq!(before.changed(&after), Some("/var/lib/dpkg/status"));
    }
}
