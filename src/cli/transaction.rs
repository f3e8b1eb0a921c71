//! `comeback check --transaction`: what a package manager is about to break.

use std::io::Read as _;
use std::path::Path;

use super::Error;
use super::args::CheckArgs;
use super::run::{Opened, Setup, devices, host, label, open_changed};
use crate::fact::Fact;
use crate::facts::transaction::{Plan, Refused, lay_out, parse_plan};
use crate::facts::{Host, callers, pool};
use crate::rules::{Examined, Outline, Selection, examine_on};
use crate::source::{TreeKind, read_given};
use crate::text::escape_path;

/// The longest transaction that is read, bytes.
const LONGEST: u64 = 64 << 20;

/// What the transaction would newly break.
pub(super) fn run(
    path: &Path,
    tree: Opened,
    setup: &Setup,
    args: &CheckArgs,
    selection: &Selection,
) -> Result<Examined, Error> {
    if tree.recorded().is_some() {
        return Err(Error::Usage(
            "--transaction: a snapshot does not hold what packages are unpacked over".into(),
        ));
    }
    if tree.coverage().kind == TreeKind::Partial {
        return Err(Error::Usage(
            "--transaction: a part of a root has no packages".into(),
        ));
    }
    let plan = read_plan(path)?;
    let name = label(args.tree.root.as_ref(), &tree);
    let known = devices(&args.devices, &tree)?;
    let callers = match tree.coverage().kind {
        TreeKind::Live => callers(&tree, std::process::id()),
        TreeKind::Full | TreeKind::Partial => Vec::new(),
    };
    let as_host = |tree: Opened| -> Host {
        let mut host = host(tree, setup, &args.tree, name.clone(), known.clone());
        host.set_callers(callers.clone());
        host
    };
    let before = as_host(tree);
    // Archives take seconds; where there is no thread to be had, the rules have this one.
    let pool = pool().ok();
    let examine =
        |host: &Host, base| examine_on(pool.as_ref(), host, base, selection, setup.horizon);
    // Beside a package manager at work nothing is laid out.
    if matches!(before.busy(), Fact::Known(_)) {
        return Ok(examine(&before, None));
    }
    let root = args.tree.root.as_deref();
    let at = root.unwrap_or(Path::new("/"));
    let as_it_is = || examine(&before, None);
    let laid_out = || lay_out(before.tree(), at, &plan, setup.deadline);
    let (first, laid_out) = match &pool {
        Some(pool) => pool.join(as_it_is, laid_out),
        None => (as_it_is(), laid_out()),
    };
    // One may have begun since.
    if first.busy.is_some() {
        return Ok(first);
    }
    let laid_out = laid_out.map_err(|refused| match refused {
        Refused::Unknown(_) => Error::Undecided(format!("--transaction: {refused}")),
        Refused::NoDatabase | Refused::NotInstalled(_) => {
            Error::Usage(format!("--transaction: {refused}"))
        }
    })?;
    let tree = open_changed(&args.tree, root, setup.deadline, laid_out.changes)?;
    let mut after = as_host(tree);
    after.share_sums(&before);
    let mut examined = examine(&after, Some(&before));
    examined.only_new(&first);
    // The process ends with the report: to free a million small things first is a tenth of
    // the time that a large transaction takes.
    std::mem::forget((before, after));
    examined.transaction = Some(Outline {
        removed: laid_out.removed,
        installed: laid_out.installed,
        upgraded: laid_out.upgraded,
        gaps: laid_out.gaps,
    });
    Ok(examined)
}

fn read_plan(path: &Path) -> Result<Plan, Error> {
    let shown = escape_path(path);
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        let read = std::io::stdin()
            .lock()
            .take(LONGEST)
            .read_to_end(&mut bytes);
        read.map_err(|error| Error::Usage(format!("--transaction -: {error}")))?;
        bytes
    } else {
        let read = read_given(path);
        read.map_err(|error| Error::Usage(format!("--transaction {shown}: {error}")))?
    };
    parse_plan(&bytes).map_err(|fault| Error::Usage(format!("--transaction {shown}: {fault}")))
}
