//! `comeback baseline`: write down what is known, and keep it from growing.

use std::path::Path;

use super::args::{BaselineAction, BaselineArgs, CheckArgs};
use super::check::outcome_of;
use super::output::{Output, write_out};
use super::{Error, complain};
use crate::policy::{Baseline, Exit, JudgedHost};
use crate::source::{ReadError, read_given};
use crate::text::escape_path;

/// A baseline that the user names; `None` where it is not there.
pub(super) fn read(path: &Path) -> Result<Option<Baseline>, Error> {
    let shown = escape_path(path);
    let bytes = match read_given(path) {
        Ok(bytes) => bytes,
        Err(ReadError::NotFound) => return Ok(None),
        Err(error) => return Err(Error::Usage(format!("baseline: {shown}: {error}"))),
    };
    let text = String::from_utf8_lossy(&bytes);
    let parsed = Baseline::parse(&text);
    let parsed =
        parsed.map_err(|(line, why)| Error::Usage(format!("baseline: {shown}:{line}: {why}")))?;
    Ok(Some(parsed))
}

/// `write` takes out what is gone, and adds only when told to; `check` fails where
/// something is gone, so that the file only shrinks.
pub(super) fn run(args: &BaselineArgs) -> Result<Exit, Error> {
    if args.add && args.action == BaselineAction::Check {
        return Err(Error::Usage("--add is for baseline write".into()));
    }
    let known = read(&args.baseline)?;
    let (tree, rules) = (args.tree.clone(), args.rules.clone());
    let check = CheckArgs {
        devices: args.devices.clone(),
        ..CheckArgs::silent(tree, args.hosts.clone(), rules)
    };
    let outcome = outcome_of(&check)?;
    let shown = escape_path(&args.baseline);
    let hosts: Vec<&JudgedHost> = outcome.hosts.iter().map(|shown| &shown.host).collect();
    // What could not be decided is not gone.
    if !matches!(outcome.exit, Exit::Clear | Exit::Blocked) {
        complain("baseline: not everything could be decided; nothing was written");
        return Ok(outcome.exit);
    }
    let fresh = known.is_none();
    let compared = known.unwrap_or(Baseline::EMPTY).compare(&hosts);
    match args.action {
        BaselineAction::Check => {
            for line in &compared.gone {
                complain(&format!("{shown}: no longer found: {line}"));
            }
            Ok(if compared.gone.is_empty() {
                Exit::Clear
            } else {
                Exit::Blocked
            })
        }
        BaselineAction::Write => {
            let refused = !compared.added.is_empty() && !fresh && !args.add;
            let whole = if refused {
                compared.kept
            } else {
                compared.kept.with(compared.added.clone())
            };
            let today = outcome.now.to_zoned(jiff::tz::TimeZone::UTC).date();
            let text = whole.text(today);
            write_out(&Output::File(args.baseline.clone()), text.as_bytes())?;
            if refused {
                for line in compared.added.lines() {
                    complain(&format!("{shown}: not added without --add: {line}"));
                }
                return Ok(Exit::Blocked);
            }
            Ok(Exit::Clear)
        }
    }
}
