//! The syntax of assignments, arrays among them.

use rable::NodeKind;

use super::library::{bytes, characters};
use super::source::Source;
use super::syntax::{AssignedValue, Assignment, Word};
use super::word;

/// Reads `NAME=...`, `NAME+=...`, `NAME[...]=...` and `NAME=( ... )`.
pub(super) fn assignment(source: &Source, depth: usize) -> Option<Assignment> {
    let text = source.bytes();
    let named = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_';
    let length = text.iter().take_while(named).count();
    let name = text.get(..length)?.to_vec();
    if name.first().is_none_or(u8::is_ascii_digit) {
        return None;
    }
    let mut at = length;
    let mut subscript = None;
    if text.get(at) == Some(&b'[') {
        let end = at + text.get(at..)?.iter().position(|b| *b == b']')?;
        subscript = Some(word::word(&source.slice(at + 1, end), depth));
        at = end + 1;
    }
    let append = text.get(at) == Some(&b'+');
    if append {
        at += 1;
    }
    if text.get(at) != Some(&b'=') {
        return None;
    }
    at += 1;
    let rest = source.slice(at, text.len());
    let value = if rest.bytes().first() == Some(&b'(') && rest.bytes().last() == Some(&b')') {
        let inside = rest.slice(1, rest.bytes().len() - 1);
        AssignedValue::Array(elements(&inside, depth))
    } else {
        AssignedValue::Word(word::word(&rest, depth))
    };
    Some(Assignment {
        name,
        subscript,
        append,
        value,
    })
}

/// The words between the parentheses of an array.
fn elements(inside: &Source, depth: usize) -> Vec<(Option<Word>, Word)> {
    // as words of a command, read by the library once more; `:` takes any
    // word, also one that would be an assignment
    let mut text = b": ".to_vec();
    text.extend_from_slice(inside.bytes());
    let Ok(nodes) = rable::parse(&characters(&text), true) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for node in nodes {
        let NodeKind::Command { words, .. } = node.kind else {
            continue;
        };
        for node in words.iter().skip(usize::from(found.is_empty())) {
            let NodeKind::Word { value, .. } = &node.kind else {
                continue;
            };
            let value = bytes(value);
            let source = inside.word(node.span.start.saturating_sub(2), &value);
            found.push(element(&source, depth));
        }
    }
    found
}

fn element(source: &Source, depth: usize) -> (Option<Word>, Word) {
    let text = source.bytes();
    let close = text.iter().position(|b| *b == b']');
    if text.first() == Some(&b'[')
        && let Some(close) = close
        && text.get(close + 1) == Some(&b'=')
    {
        let key = word::word(&source.slice(1, close), depth);
        let value = word::word(&source.slice(close + 2, text.len()), depth);
        return (Some(key), value);
    }
    (None, word::word(source, depth))
}
