//! `read`.

use super::evaluate::condition_at;
use super::state::{Contents, Flow, State, Status, Variable};
use super::value::{Traced, Value};
use crate::text::Place;

/// `read [-r] NAMES`: one line of standard input.
pub(super) fn read(args: &[Traced], place: &Place, mut state: State) -> Flow {
    let mut names = Vec::new();
    let mut at = 0;
    let mut odd = false;
    let mut array = None;
    let mut other = false;
    while let Some(word) = args.get(at).and_then(Traced::bytes) {
        at += 1;
        if let Some(letters) = word.strip_prefix(b"-").filter(|_| names.is_empty()) {
            if letters.last().is_some_and(|b| b"adinNptu".contains(b)) {
                other |= letters.contains(&b'u');
                odd |= letters.iter().any(|b| b"dnNu".contains(b));
                if letters.ends_with(b"a")
                    && let Some(name) = args.get(at).and_then(Traced::bytes)
                {
                    names.push(name.to_vec());
                    array = Some(name.to_vec());
                }
                at += 1;
            }
            continue;
        }
        names.push(word.to_vec());
    }
    if names.is_empty() {
        names.push(b"REPLY".to_vec());
    }
    let input = match &state.stdin {
        // From another descriptor, of which nothing is known.
        _ if other => None,
        None => Some(Vec::new()),
        Some(text) if !odd => text.bytes().map(<[u8]>::to_vec),
        Some(_) => None,
    };
    let Some(input) = input else {
        let from = state.stdin.clone().unwrap_or_else(Traced::unknown);
        for name in names {
            state.set(&name, from.derived(Value::unknown()));
        }
        state.status = Status::Open(condition_at(place));
        return Flow::next(state);
    };
    let source = state.stdin.clone().unwrap_or_else(|| Traced::known(""));
    let end = input.iter().position(|b| *b == b'\n');
    let line = input.get(..end.unwrap_or(input.len())).unwrap_or(&[]);
    let rest = end.and_then(|end| input.get(end + 1..)).unwrap_or(&[]);
    let status = u8::from(end.is_none());
    state.stdin = (!rest.is_empty()).then(|| source.derived(Value::known(rest)));
    let ifs = match state.variables.get(b"IFS".as_slice()) {
        None => Some(b" \t\n".to_vec()),
        Some(variable) => variable.value().bytes().map(<[u8]>::to_vec),
    };
    let last = match array {
        Some(_) => line.len().saturating_add(1),
        None => names.len().saturating_sub(1),
    };
    let values = ifs.map(|ifs| split_line(line, &ifs, last));
    if let (Some(name), Some(values)) = (&array, &values) {
        // What is left after the last separator is no word of its own.
        let kept = values.iter().enumerate();
        let kept = kept.filter(|(at, word)| at + 1 < values.len() || !word.is_empty());
        let entries = kept.map(|(at, word)| {
            let key = (u64::try_from(at).unwrap_or(u64::MAX), Vec::new());
            (key, source.derived(Value::known(word.clone())))
        });
        let contents = Contents::Array {
            entries: entries.collect(),
            associative: false,
        };
        let variable = Variable {
            contents,
            exported: false,
        };
        state.variables.insert(name.as_slice(), variable);
        return Flow::done(state, status);
    }
    for (index, name) in names.iter().enumerate() {
        let value = match &values {
            // A line with fewer words leaves the other names empty.
            Some(values) => Value::known(values.get(index).map_or(&[][..], Vec::as_slice)),
            None => Value::unknown(),
        };
        state.set(name, source.derived(value));
    }
    Flow::done(state, status)
}

/// The words of a line; the last variable takes what is left.
fn split_line(line: &[u8], ifs: &[u8], last: usize) -> Vec<Vec<u8>> {
    let white = |b: &u8| b.is_ascii_whitespace() && ifs.contains(b);
    let mut values = Vec::new();
    let mut at = line.iter().take_while(|b| white(b)).count();
    while values.len() < last && at < line.len() {
        let rest = line.get(at..).unwrap_or(&[]);
        let length = rest
            .iter()
            .position(|b| ifs.contains(b))
            .unwrap_or(rest.len());
        values.push(rest.get(..length).unwrap_or(&[]).to_vec());
        at += length;
        let blank = |at: usize| {
            line.get(at..)
                .unwrap_or(&[])
                .iter()
                .take_while(|b| white(b))
                .count()
        };
        at += blank(at);
        if line.get(at).is_some_and(|b| ifs.contains(b) && !white(b)) {
            at += 1;
            at += blank(at);
        }
    }
    let rest = line.get(at..).unwrap_or(&[]);
    let end = rest
        .iter()
        .rposition(|b| !white(b))
        .map_or(0, |end| end + 1);
    let mut rest = rest.get(..end).unwrap_or(&[]);
    // one closing separator belongs to the field before it
    let separators = |b: &u8| ifs.contains(b) && !b.is_ascii_whitespace();
    if let Some((tail, head)) = rest.split_last()
        && separators(tail)
        && !head.iter().any(separators)
    {
        rest = head;
    }
    values.push(rest.to_vec());
    values
}
