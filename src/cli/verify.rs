//! `comeback verify`: what did not come back.

use std::path::Path;
use std::time::Duration;

use super::Error;
use super::args::{CheckArgs, TreeArgs, VerifyArgs};
use super::check::{Before, Seen, judge_all, report};
use super::formats::wanted;
use super::output::decide_colours;
use super::run::{PolicyPlace, Setup, accepted, deadline, host, open_tree, selection, setup, span};
use crate::fact::Fact;
use crate::facts::{Host, standing};
use crate::policy::Exit;
use crate::rules::examine_after;
use crate::source::{TreeKind, is_directory, is_regular};
use crate::text::escape_path;
use crate::time::Deadline;

pub(super) fn run(args: VerifyArgs) -> Result<Exit, Error> {
    decide_colours(args.color);
    let (snapshot, after) = (args.snapshot.clone(), args.after.clone());
    let settle = args.settle.as_deref();
    let settle = settle.map(|text| span("--settle", text)).transpose()?;
    let args = as_check(args);
    let wanted = wanted(&args)?;
    let selection = selection(&args.rules)?;
    let waivers = accepted(&args.accept)?;
    let deadline = deadline(&args.tree, None)?;
    let before = snapshot_of_running(&args.tree, &snapshot, deadline)?;
    let now = match &after {
        Some(path) => snapshot_of_running(&args.tree, path, deadline)?,
        None => open_tree(&args.tree, None, deadline)?,
    };
    let setup = setup(&args.tree, &now, PolicyPlace::InTree, deadline)?;
    let taken = before.recorded().map(|recorded| recorded.taken);
    let mut before = host(before, &setup, &args.tree, None, None);
    // Of two snapshots each speaks of its own moment.
    if let Some(taken) = taken {
        before.set_now(taken);
    }
    let mut now = host(now, &setup, &args.tree, None, None);
    if let Some(settle) = settle {
        now = settled(now, &before, &setup, &args.tree, Deadline::after(settle))?;
    }
    let mut examined = examine_after(&now, &before, &selection, setup.horizon);
    examined.unread_policy.clone_from(&setup.config.unread);
    let seen = vec![Seen {
        examined,
        prefix: String::new(),
        root: None,
        elsewhere: std::collections::BTreeMap::new(),
        base: Before::NotAsked,
    }];
    let outcome = judge_all(&args, &setup, seen, waivers)?;
    Ok(report(&outcome, &wanted))
}

/// How long after the last unit a declared service or port may still come.
const GRACE: Duration = Duration::from_mins(1);

/// The running system once nothing that was up is still being started, or when the time
/// for that is over.
fn settled(
    mut now: Host,
    before: &Host,
    setup: &Setup,
    args: &TreeArgs,
    until: Deadline,
) -> Result<Host, Error> {
    let mut grace = None;
    loop {
        let coming = match (standing::units(&now), standing::units(before)) {
            (Fact::Known(now), Fact::Known(then)) => {
                let was_up = |name: &str| then.iter().any(|unit| unit.name == name && unit.is_up());
                let mut coming = now.iter().filter(|unit| unit.is_coming() && !unit.is_up());
                coming.any(|unit| was_up(&unit.name))
            }
            // Process 1 may be too busy to answer.
            (Fact::Unknown(_), Fact::Known(_)) => true,
            _ => false,
        };
        // What the site declares must be there, too, whoever starts it: that is not known,
        // so it has a moment, and no more.
        let late = !coming && crate::facts::declared::coming(&now);
        let mut within = || !grace.get_or_insert_with(|| Deadline::after(GRACE)).passed();
        let coming = coming || (late && within());
        if !coming || until.passed() {
            break;
        }
        until.wait(Duration::from_secs(1));
        now = host(
            open_tree(args, None, setup.deadline)?,
            setup,
            args,
            None,
            None,
        );
    }
    // What is not known to systemd has a moment to come up, too.
    Ok(host(
        open_tree(args, None, setup.deadline)?,
        setup,
        args,
        None,
        None,
    ))
}

/// A snapshot that was taken of a running system.
fn snapshot_of_running(
    args: &TreeArgs,
    path: &Path,
    deadline: Deadline,
) -> Result<super::run::Opened, Error> {
    let shown = escape_path(path);
    if is_directory(path) {
        return Err(Error::Usage(format!(
            "{shown}: a directory, not a snapshot"
        )));
    }
    if !is_regular(path) {
        return Err(Error::Nothing(format!("{shown}: no such snapshot")));
    }
    let opened = open_tree(args, Some(path), deadline)?;
    if opened.coverage().kind != TreeKind::Live {
        return Err(Error::Usage(format!(
            "{shown}: not of a running system, so it does not show what ran"
        )));
    }
    Ok(opened)
}

/// The same options, as `check` has them.
fn as_check(args: VerifyArgs) -> CheckArgs {
    let tree = TreeArgs {
        root: None,
        tree: None,
        covers: Vec::new(),
        now: None,
        horizon: None,
        deadline: args.deadline,
        no_probe: args.no_probe,
        config: args.config,
    };
    CheckArgs {
        fail_on: args.fail_on,
        accept: args.accept,
        format: args.format,
        color: args.color,
        quiet: args.quiet,
        verbose: args.verbose,
        ..CheckArgs::silent(tree, Vec::new(), args.rules)
    }
}
