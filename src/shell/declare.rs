//! Assignments, `export`, `local` and their like.

use std::collections::BTreeMap;

use super::evaluate::Evaluator;
use super::state::{Contents, Flow, State, Variable};
use super::syntax::{AssignedValue, Assignment};
use super::value::{Traced, Value};

impl Evaluator<'_> {
    /// `NAME=value` in all its forms.
    pub(super) fn set_variable(&mut self, assignment: &Assignment, state: &mut State) {
        let name = &assignment.name;
        match &assignment.value {
            AssignedValue::Array(elements) => {
                let known = state.variables.get(name);
                let (mut entries, associative) = match known.map(|v| &v.contents) {
                    Some(Contents::Array {
                        entries,
                        associative,
                    }) => (
                        if assignment.append {
                            entries.clone()
                        } else {
                            BTreeMap::new()
                        },
                        *associative,
                    ),
                    _ => (BTreeMap::new(), false),
                };
                let mut next = entries.keys().next_back().map_or(0, |(index, _)| index + 1);
                for (key, word) in elements {
                    if let Some(key) = key {
                        let key = self.single(key, state);
                        let value = self.single(word, state);
                        let Some(key) = entry_key(&key, associative, state) else {
                            state.set(name, Traced::unknown());
                            return;
                        };
                        next = key.0.saturating_add(1);
                        entries.insert(key, value);
                    } else {
                        for value in self.fields(word, state) {
                            entries.insert((next, Vec::new()), value);
                            next = next.saturating_add(1);
                        }
                    }
                }
                store(state, name, entries, associative);
            }
            AssignedValue::Word(word) => {
                let mut value = self.single(word, state);
                value.place = None;
                let Some(subscript) = &assignment.subscript else {
                    if assignment.append {
                        let before = state.variables.get(name).map(Variable::value);
                        let mut whole = before.unwrap_or_else(|| Traced::known(""));
                        whole.append(&value);
                        value = whole;
                    }
                    state.set(name, value);
                    return;
                };
                let key = self.single(subscript, state);
                let known = state.variables.get(name).map(|v| v.contents.clone());
                let (mut entries, associative) = match known {
                    Some(Contents::Array {
                        entries,
                        associative,
                    }) => (entries, associative),
                    Some(Contents::Scalar(old)) => {
                        (BTreeMap::from([((0, Vec::new()), old)]), false)
                    }
                    None => (BTreeMap::new(), false),
                };
                match entry_key(&key, associative, state) {
                    Some(key) => {
                        entries.insert(key, value);
                        store(state, name, entries, associative);
                    }
                    None => state.set(name, Traced::unknown()),
                }
            }
        }
    }

    /// `export`, `local`, `readonly`, `declare`, `typeset`.
    pub(super) fn declare(
        &mut self,
        argv: &[Traced],
        declared: &[Assignment],
        mut state: State,
    ) -> Flow {
        let builtin = argv.first().and_then(Traced::bytes).unwrap_or(b"").to_vec();
        let options: Vec<&[u8]> = argv
            .iter()
            .skip(1)
            .filter_map(Traced::bytes)
            .filter(|b| b.starts_with(b"-"))
            .collect();
        let has = |letter: u8| options.iter().any(|o| o.contains(&letter));
        // `declare -F NAME` asks for a function.
        let asked = argv
            .iter()
            .skip(1)
            .find(|w| !w.value.prefix().starts_with(b"-"));
        if (has(b'F') || has(b'f'))
            && builtin != b"export"
            && builtin != b"readonly"
            && let Some(name) = asked.and_then(Traced::bytes)
        {
            let there = state.functions.contains_key(name);
            let name = name.to_vec();
            state.print(&Traced::known([&name[..], b"\n"].concat()));
            return Flow::done(state, u8::from(!there));
        }
        let local = builtin == b"local"
            || (matches!(builtin.as_slice(), b"declare" | b"typeset") && !has(b'g'));
        let export = builtin == b"export" && !has(b'n') || builtin != b"export" && has(b'x');
        let associative = has(b'A') && builtin != b"export";
        let mut names: Vec<(Vec<u8>, Option<Traced>)> = Vec::new();
        for word in argv.iter().skip(1) {
            match word.bytes() {
                Some(bytes) if bytes.starts_with(b"-") || bytes.starts_with(b"+") => {}
                Some(bytes) => {
                    let cut = bytes.iter().position(|b| *b == b'=');
                    let name = bytes.get(..cut.unwrap_or(bytes.len())).unwrap_or(&[]);
                    let value = cut.map(|cut| {
                        let value = bytes.get(cut + 1..).unwrap_or(&[]);
                        word.derived(Value::known(value))
                    });
                    names.push((name.to_vec(), value));
                }
                // `export $x`: any variable may be set
                None => state.tainted = true,
            }
        }
        for (name, value) in names {
            if local {
                shadow(&mut state, &name);
            }
            match value {
                Some(value) => state.set(&name, value),
                None if local && !state.frames.is_empty() => {
                    state.variables.remove(&name);
                    if associative {
                        store(&mut state, &name, BTreeMap::new(), true);
                    }
                }
                None if associative || has(b'a') && builtin != b"export" => {
                    store(&mut state, &name, BTreeMap::new(), associative);
                }
                None => {}
            }
            mark(&mut state, &name, export);
        }
        for assignment in declared {
            if local {
                // the value is expanded before the name is hidden
                let before = state.variables.get(&assignment.name).cloned();
                if associative {
                    store(&mut state, &assignment.name, BTreeMap::new(), true);
                }
                self.set_variable(assignment, &mut state);
                if let Some(frame) = state.frames.last_mut() {
                    frame
                        .locals
                        .entry(assignment.name.clone())
                        .or_insert(before);
                }
            } else {
                if associative {
                    store(&mut state, &assignment.name, BTreeMap::new(), true);
                }
                self.set_variable(assignment, &mut state);
            }
            mark(&mut state, &assignment.name, export);
        }
        Flow::done(state, 0)
    }
}

/// Remembers what a local variable hides.
fn shadow(state: &mut State, name: &[u8]) {
    let before = state.variables.get(name).cloned();
    if let Some(frame) = state.frames.last_mut() {
        frame.locals.entry(name.to_vec()).or_insert(before);
    }
}

fn mark(state: &mut State, name: &[u8], export: bool) {
    if export && let Some(variable) = state.variables.get_mut(name) {
        variable.exported = true;
    }
}

fn store(
    state: &mut State,
    name: &[u8],
    entries: BTreeMap<(u64, Vec<u8>), Traced>,
    associative: bool,
) {
    let exported = state.variables.get(name).is_some_and(|v| v.exported);
    let variable = Variable {
        contents: Contents::Array {
            entries,
            associative,
        },
        exported,
    };
    state.variables.insert(name, variable);
}

fn entry_key(key: &Traced, associative: bool, state: &mut State) -> Option<(u64, Vec<u8>)> {
    let bytes = key.bytes()?;
    if associative {
        return Some((0, bytes.to_vec()));
    }
    let index = super::arithmetic::evaluate(bytes, state)?;
    u64::try_from(index).ok().map(|index| (index, Vec::new()))
}
