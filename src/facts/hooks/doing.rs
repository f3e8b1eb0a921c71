//! What a call of a script comes to: something done, nothing, or not clear.

use crate::fact::{Doubt, Fact, Unknown};
use crate::facts::Host;
use crate::parse::init_script::{Head, head};
use crate::shell::{Action, Effect, Outcome, Scope, Value, is_opaque, is_quiet, is_shell_script};
use crate::text::escape;

/// What a call comes to.
pub(in crate::facts) enum Does {
    /// This, beyond logging and telling people.
    Something(Vec<Effect>),
    /// Nothing beyond logging.
    Nothing,
    /// What could not be decided.
    Unclear(Vec<Unknown>),
}

/// What an outcome comes to. What happens only if something the caller gave is of a kind
/// that could not be followed is not certain, nor what a program in another language
/// does with it.
pub(in crate::facts) fn does(host: &Host, outcome: &Outcome) -> Does {
    let mut open = outcome.undecided.clone();
    let (mut acts, mut sure) = (Vec::new(), false);
    for effect in outcome.effects.iter().filter(|effect| is_action(effect)) {
        let conditions = effect.reach.conditions();
        if let Some(condition) = conditions.iter().find(|condition| condition.input) {
            let what = format!("whether this holds: {}", condition.text);
            let doubt = Doubt::CannotModel(what);
            open.push(Unknown::at(condition.place.clone(), doubt));
            acts.push(effect.clone());
            continue;
        }
        if let Some(unknown) = other_language(host, effect) {
            open.push(unknown);
            continue;
        }
        sure = true;
        acts.push(effect.clone());
    }
    if sure {
        return Does::Something(acts);
    }
    // Told to a program that only filters, in a language of its own.
    let opaque = outcome.effects.iter().filter(|effect| is_opaque(effect));
    open.extend(opaque.map(not_read));
    if open.is_empty() {
        Does::Nothing
    } else {
        Does::Unclear(open)
    }
}

/// A program that is told what the caller gave, and is in a language that is not read.
fn other_language(host: &Host, effect: &Effect) -> Option<Unknown> {
    if is_opaque(effect) {
        return Some(not_read(effect));
    }
    let Fact::Known(path) = &effect.target else {
        return None;
    };
    let file = match host.tree().read_head(path, 512) {
        Fact::Known(file) if effect.input => file,
        _ => return None,
    };
    let script = matches!(head(&file), Head::Script(_)) && !is_shell_script(&file);
    script.then(|| not_read(effect))
}

fn not_read(effect: &Effect) -> Unknown {
    let name = match &effect.action {
        Action::Run { argv, .. } => argv.first().map_or(&b""[..], Value::prefix),
        Action::Write { .. } => b"",
    };
    let what = format!(
        "{} gets a word of the call, and its language is not evaluated",
        escape(name)
    );
    Unknown::at(effect.place.clone(), Doubt::CannotModel(what))
}

/// Programs that make ready or clear away what a script needs for itself.
const PREPARING: [&[u8]; 6] = [b"mkdir", b"rmdir", b"rm", b"touch", b"chmod", b"chown"];

/// Where scripts keep what only they look at.
const PRIVATE: [&[u8]; 6] = [
    b"/tmp/",
    b"/var/tmp/",
    b"/var/log/",
    b"/run/lock/",
    b"/var/lock/",
    b"/dev/null",
];

/// Whether a program only prepares: makes directories, or handles private files.
fn prepares(argv: &[Value]) -> bool {
    let name = argv.first().and_then(Value::bytes).unwrap_or(b"");
    let base = name.rsplit(|b| *b == b'/').next().unwrap_or(name);
    let private = |text: &[u8]| PRIVATE.iter().any(|dir| text.starts_with(dir));
    let words = argv.iter().skip(1).map(Value::prefix);
    let mut paths = words.filter(|text| text.starts_with(b"/"));
    base == b"mkdir" || PREPARING.contains(&base) && argv.len() > 1 && paths.all(private)
}

/// Programs that ask a question when a script waits for their status, and do
/// something when they are called for it: announce an address, call an interface of
/// the provider.
const CALLING: [&[u8]; 7] = [
    b"curl",
    b"wget",
    b"arping",
    b"nc",
    b"ncat",
    b"redis-cli",
    b"mysqladmin",
];

fn is_action(effect: &Effect) -> bool {
    if effect.scope != Scope::Here {
        return true;
    }
    if !is_quiet(effect) {
        return !matches!(&effect.action, Action::Run { argv, .. } if prepares(argv));
    }
    match &effect.action {
        Action::Run { argv, .. } => {
            let name = argv.first().and_then(Value::bytes).unwrap_or(b"");
            let base = name.rsplit(|b| *b == b'/').next().unwrap_or(name);
            CALLING.contains(&base)
        }
        Action::Write { .. } => false,
    }
}

/// A word that a pattern or a regular expression may be meant for: of alternatives and
/// sets the first, of repetitions the fewest. Whether it fits is seen by trying it.
pub(in crate::facts) fn sample(pattern: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(pattern).ok()?;
    let mut out = String::new();
    let mut characters = text.chars().peekable();
    let mut depth = 0_usize;
    while let Some(c) = characters.next() {
        match c {
            '^' | '$' | '*' | '+' | '"' | '\'' => {}
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '?' if out.is_empty() => out.push('x'),
            '?' => {}
            '.' => out.push('x'),
            '\\' => match characters.next()? {
                '(' | ')' => {}
                next => out.push(next),
            },
            '{' => while characters.next()? != '}' {},
            '|' if depth == 0 => break,
            // The other alternatives of this group.
            '|' => {
                let mut open = 1_usize;
                while open > 0 {
                    match characters.next()? {
                        '(' => open += 1,
                        ')' => open -= 1,
                        _ => {}
                    }
                }
                depth -= 1;
            }
            '[' => {
                let first = characters.next()?;
                if first == '^' || first == '!' {
                    return None;
                }
                if first == '[' {
                    let class: String = characters.by_ref().take_while(|c| *c != ']').collect();
                    out.push(if class == ":digit:" { '1' } else { 'a' });
                } else {
                    out.push(first);
                }
                while characters.next()? != ']' {}
            }
            c => out.push(c),
        }
    }
    (!out.is_empty()).then(|| out.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_for_a_pattern() {
        let word = |pattern: &str| {
            let word = sample(pattern.as_bytes())?;
            Some(String::from_utf8(word).unwrap())
        };
        for (pattern, expected) in [
            ("^gw([46])$", "gw4"),
            ("^(gw4|lan)$", "gw4"),
            ("gw*", "gw"),
            ("VI_[[:digit:]]+", "VI_1"),
            ("a|b", "a"),
            ("^gw[0-9]{1,2}\\.x$", "gw0.x"),
        ] {
            assert_eq!(word(pattern).as_deref(), Some(expected), "{pattern}");
        }
        for pattern in ["", "*", "[^a]", "[", "(a|b", "a{1"] {
            assert_eq!(word(pattern), None, "{pattern}");
        }
    }
}
