//! Where an old name still stands after a rename: in hooks, groups, checks and commands.

use std::path::PathBuf;

use crate::fact::Fact;
use crate::facts::Host;
use crate::facts::failover::{Failover, Handling, HookCall};
use crate::facts::renames::{Kind, Rename};
use crate::parse::init_script::{Head, head};
use crate::parse::keepalived::HookState;
use crate::shell::{Action, Effect, Input, Value, is_shell_script};
use crate::text::Place;

use super::commands::started;

/// Where the old name still stands.
pub(super) struct Left {
    /// The place.
    pub(super) place: Place,
    /// Whether nothing is done for a new name that was done for the old one.
    pub(super) lost: bool,
    /// The script that knows the old name from somewhere else.
    pub(super) silent: Option<PathBuf>,
}

/// Where the old name of a rename is still expected.
pub(super) fn left(host: &Host, rename: &Rename, base: &Failover, now: &Failover) -> Vec<Left> {
    match rename.kind {
        Kind::Instance => {
            let members = now.config.groups.iter().flat_map(|group| &group.members);
            let members = members.filter(|member| member.value == rename.old);
            let members = members.map(|member| Left {
                place: member.place.clone(),
                lost: false,
                silent: None,
            });
            hooks(rename, base, now)
                .into_iter()
                .chain(members)
                .collect()
        }
        Kind::Group => hooks(rename, base, now),
        Kind::Unit => effects(rename, base, now),
        Kind::Interface | Kind::Address => {
            let mut all = effects(rename, base, now);
            all.extend(words(host, rename, now));
            all
        }
    }
}

/// Hooks that do nothing for a new name when it becomes MASTER, and did, or do, for the
/// old one. What a hook does for both names is no fault, nor what it never did.
fn hooks(rename: &Rename, base: &Failover, now: &Failover) -> Vec<Left> {
    let new = |call: &&HookCall| {
        let named = rename.new.iter().any(|name| name.value == call.name);
        named && call.state == HookState::Master
    };
    let mut all = Vec::new();
    for call in now.calls.iter().filter(new) {
        let Handling::Nothing(misses) = &call.handling else {
            continue;
        };
        let about_name = |input: &Input| Some(input) == call.name_at.map(Input::Argument).as_ref();
        let compared = misses.iter().map(|miss| (&miss.comparison, miss.would_act));
        let mut compared = compared.filter(|(c, _)| c.literal == rename.old);
        let place = compared.find(|(c, acts)| *acts && about_name(&c.input));
        // It may know the name in a way that is no comparison.
        let (place, silent) = match place {
            Some((comparison, _)) => (comparison.place.clone(), None),
            None if did(rename, base, call) => (call.command.place.clone(), call.path.clone()),
            None => continue,
        };
        all.push(Left {
            place,
            lost: true,
            silent,
        });
    }
    all
}

/// Whether the same program did something for the old name.
fn did(rename: &Rename, base: &Failover, call: &HookCall) -> bool {
    base.calls.iter().any(|old| {
        old.name == rename.old
            && old.state == call.state
            && old.path == call.path
            && matches!(old.handling, Handling::Handled(_))
    })
}

/// What hooks still do to the old interface or address, as they did before.
fn effects(rename: &Rename, base: &Failover, now: &Failover) -> Vec<Left> {
    let uses = |failover: &Failover| -> Vec<Effect> {
        let handled = failover
            .calls
            .iter()
            .filter_map(|call| match &call.handling {
                Handling::Handled(effects) => Some(effects),
                _ => None,
            });
        let of_old = handled
            .flatten()
            .filter(|effect| names(effect, &rename.old));
        of_old.cloned().collect()
    };
    let before = uses(base);
    let still = uses(now).into_iter().filter(|effect| {
        let mut before = before.iter();
        before.any(|old| old.action == effect.action)
    });
    still
        .map(|effect| Left {
            place: effect.place,
            lost: false,
            silent: None,
        })
        .collect()
}

/// Checks, and hooks in languages that are not evaluated, with the old interface or
/// address as a word of theirs.
fn words(host: &Host, rename: &Rename, now: &Failover) -> Vec<Left> {
    let mut all = Vec::new();
    let mut left = |place| {
        all.push(Left {
            place,
            lost: false,
            silent: None,
        });
    };
    for one in started(&now.config) {
        let named = one.command.argv.iter().skip(1);
        if let Some(word) = named.into_iter().find(|w| has_word(&w.value, &rename.old)) {
            if one.check {
                left(word.place.clone());
            }
            continue;
        }
        let file = one.program().map(|path| host.tree().read(&path));
        let Some(Fact::Known(file)) = file else {
            continue;
        };
        let script = matches!(head(&file), Head::Script(_));
        if !script || is_shell_script(&file) && !one.check {
            continue;
        }
        let line = file.lines().find(|(_, line)| {
            !line.trim_ascii_start().starts_with(b"#") && has_word(line, &rename.old)
        });
        if let Some((span, _)) = line {
            left(file.place(span));
        }
    }
    all
}

/// Whether a text has a name as a word of its own.
fn has_word(text: &[u8], name: &[u8]) -> bool {
    let part = |b: &u8| b.is_ascii_alphanumeric() || b"._-:".contains(b);
    let mut words = text.split(|b| !part(b));
    words.any(|word| word == name)
}

/// Whether a program is called with the name as a word, or as an address with a length.
fn names(effect: &Effect, name: &[u8]) -> bool {
    let Action::Run { argv, .. } = &effect.action else {
        return false;
    };
    let is = |word: &[u8]| {
        word.strip_prefix(name)
            .is_some_and(|rest| rest.first().is_none_or(|b| *b == b'/'))
    };
    argv.iter().skip(1).filter_map(Value::bytes).any(is)
}
