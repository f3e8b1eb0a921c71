//! What a health check runs.

use std::collections::BTreeMap;

use super::Host;
use super::world::TreeWorld;
use crate::shell::{Action, Call, DEFAULT_PATH, Dialect, Effect, Limits, Program, Value, evaluate};

/// The commands that `argv` comes down to: those of a script, or itself; `None` where a
/// word of one, or which of them are run, is not known.
pub(crate) fn commands(host: &Host, argv: &[Vec<u8>]) -> Option<Vec<Vec<Vec<u8>>>> {
    let (program, args) = argv.split_first()?;
    let known = |words: &[Vec<u8>]| words.iter().cloned().map(Value::known).collect();
    let call = Call {
        program: Program::Words(known(std::slice::from_ref(program))),
        args: known(args),
        env: BTreeMap::from([(b"PATH".to_vec(), Value::known(DEFAULT_PATH))]),
        cwd: Value::known(b"/".to_vec()),
        stdin: None,
        dialect: Dialect::Sh,
    };
    let outcome = evaluate(&call, &TreeWorld::new(host.tree()), &Limits::default());
    if !outcome.undecided.is_empty() {
        return None;
    }
    let words = |effect: &Effect| match &effect.action {
        Action::Run { argv, .. } => {
            let words = argv.iter().map(|w| w.bytes().map(<[u8]>::to_vec));
            Some(words.collect::<Option<Vec<_>>>())
        }
        Action::Write { .. } => None,
    };
    outcome.effects.iter().filter_map(words).collect()
}
