//! `comeback triggers`.

use super::Error;
use super::args::{ListFormat, TriggersArgs};
use super::output::{Output, write_out};
use super::run::{PolicyPlace, deadline, host, label, open_tree, setup};
use crate::policy::Exit;
use crate::report;

pub(super) fn run(args: &TriggersArgs) -> Result<Exit, Error> {
    let deadline = deadline(&args.tree, None)?;
    let tree = open_tree(&args.tree, args.tree.root.as_deref(), deadline)?;
    let place = PolicyPlace::of(&tree);
    let setup = setup(&args.tree, &tree, place, deadline)?;
    let label = label(args.tree.root.as_ref(), &tree);
    let host = host(tree, &setup, &args.tree, label, None);
    // Without one said everything is listed.
    let horizon = args.tree.horizon.as_ref().map(|_| setup.horizon);
    let text = match args.format {
        ListFormat::Text => report::triggers_text(&host, horizon),
        ListFormat::Json => {
            report::triggers_json(&host, horizon).map_err(|e| Error::Output(e.to_string()))?
        }
    };
    write_out(&Output::Stdout, text.as_bytes())?;
    // A list, not a verdict; only what could not be read spoils it.
    let undecided = host
        .triggers()
        .list
        .gaps
        .iter()
        .any(crate::fact::Unknown::could_not_look);
    Ok(if undecided {
        Exit::Undecided
    } else {
        Exit::Clear
    })
}
