//! `comeback guard`: a command runs only after a CLEAR.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::time::Duration;

use super::args::GuardArgs;
use super::output::{Output, write_out};
use super::run::{
    PolicyPlace, accepted, deadline, devices, host, label, open_tree, root_from_here, setup,
};
use super::{Error, complain};
use crate::policy::{Exit, Judgement, judge};
use crate::report::{self, Outcome, ShownHost};
use crate::rules::{Level, Selection, examine};
use crate::source::TreeKind;

/// The deadline without `--deadline`.
const DEADLINE: Duration = Duration::from_secs(10);

/// Checks, says one line, and becomes the command when the tree is clear. Any
/// other end, our own mistakes included, leaves the command unstarted.
pub(super) fn run(args: GuardArgs) -> Result<Exit, Error> {
    if args.tree.now.is_some() && args.tree.root.is_none() {
        return Err(Error::Usage(
            "guard: --now makes no sense for the running system".into(),
        ));
    }
    colored::control::set_override(false);
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
    waivers.extend(setup.config.waivers.iter().cloned());
    let devices = devices(&args.devices, &tree)?;
    let label = label(args.tree.root.as_ref());
    let host = host(tree, &setup, &args.tree, label, devices);
    let mut examined = examine(&host, &Selection::default(), setup.horizon);
    examined.unread_policy.clone_from(&setup.config.unread);
    let judgement = Judgement {
        fail_on: setup.config.fail_on.unwrap_or(Level::Block),
        waivers: &waivers,
        whole_chain: true,
        audit: false,
    };
    let judged = judge(examined, &judgement);
    let exit = judged.exit;
    let outcome = Outcome {
        now: setup.clock.now(),
        now_given: setup.clock.is_given(),
        horizon: setup.horizon,
        policy: setup.config.file.clone(),
        against: None,
        hosts: vec![ShownHost {
            host: judged,
            prefix: String::new(),
            root: root_from_here(args.tree.root.as_deref()),
        }],
        fail_on: judgement.fail_on,
        fleet: false,
        exit,
        verbose: false,
    };
    if args.verbose {
        let text = report::text(&outcome);
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
    // To standard error when a command follows: its output is the command's.
    let line = report::brief(&outcome);
    if args.command.is_empty() {
        write_out(&Output::Stdout, line.as_bytes())?;
        return Ok(exit);
    }
    complain(line.trim_end().trim_start_matches("comeback: "));
    if exit != Exit::Clear {
        complain("not started: the verdict is not CLEAR");
        return Ok(exit);
    }
    if deadline.passed() {
        complain("not started: the deadline passed");
        return Ok(Exit::Undecided);
    }
    let mut words = args.command.into_iter();
    let Some(program) = words.next() else {
        return Ok(exit);
    };
    // Replaced, not started beside us: its status is ours, and signals reach it.
    let error = std::process::Command::new(&program).args(words).exec();
    let name = crate::text::escape_path(program.as_ref());
    complain(&format!("{name}: {error}"));
    Ok(match error.kind() {
        std::io::ErrorKind::NotFound => Exit::CommandNotFound,
        _ => Exit::CommandNotExecutable,
    })
}
