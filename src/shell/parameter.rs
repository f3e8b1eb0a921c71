//! Parameters: what they are, and what `${...}` makes of them.

use super::evaluate::Evaluator;
use super::expand::{Found, flat, joined};
use super::pattern::{self, Element};
use super::state::{Contents, State, Status};
use super::syntax::{Operation, Parameter, Word};
use super::value::{Traced, Value};

impl Evaluator<'_> {
    /// The value of a plain parameter.
    pub(super) fn lookup(
        &mut self,
        parameter: &Parameter,
        quoted: bool,
        state: &mut State,
    ) -> Found {
        let name = parameter.name.as_slice();
        let listed = |state: &State| {
            let mut values = state.positional.values.clone();
            if let Some(from) = state.positional.open_from {
                values.truncate(from);
                values.push(Traced {
                    many: true,
                    ..Traced::unknown()
                });
            }
            values
        };
        match name {
            b"@" => return Found::Many(listed(state)),
            b"*" => {
                let values = listed(state);
                return if quoted {
                    Found::One(joined(&values, &separator(state)))
                } else {
                    Found::Many(values)
                };
            }
            b"#" => {
                let count = state.positional.count();
                return Found::One(
                    count.map_or_else(Traced::unknown, |count| Traced::known(count.to_string())),
                );
            }
            b"?" => {
                return Found::One(match &state.status {
                    Status::Known(status) => Traced::known(status.to_string()),
                    _ => Traced::unknown(),
                });
            }
            b"0" => return Found::One(state.zero.clone()),
            b"$" | b"!" | b"-" => return Found::One(Traced::unknown()),
            _ => {}
        }
        if name.first().is_some_and(u8::is_ascii_digit) {
            let text = std::str::from_utf8(name).unwrap_or("");
            let number = text.parse().unwrap_or(usize::MAX);
            return match state.positional.is_set(number) {
                Some(true) => Found::One(state.positional.get(number)),
                Some(false) => Found::Unset,
                None => Found::Unsure,
            };
        }
        let subscript = parameter.subscript.as_ref();
        let key = subscript.map(|word| self.single(word, state));
        if name == b"BASH_SOURCE" {
            return self.source_name(key.as_ref(), state);
        }
        let Some(variable) = state.variables.get(name) else {
            return match name {
                b"PWD" => Found::One(Traced::new(state.cwd.clone())),
                b"IFS" => Found::One(Traced::known(" \t\n")),
                b"HOSTNAME" if let Some(name) = self.host_name(false, state) => {
                    Found::One(Traced::known(name))
                }
                _ if is_dynamic(name) => Found::One(Traced::unknown()),
                _ if state.tainted => Found::Unsure,
                _ => Found::Unset,
            };
        };
        let Some(key) = key else {
            return Found::One(variable.value());
        };
        match (&variable.contents, key.bytes()) {
            (Contents::Array { entries, .. }, Some(all @ (b"@" | b"*"))) => {
                let values: Vec<Traced> = entries.values().cloned().collect();
                if quoted && all == b"*" {
                    Found::One(joined(&values, &separator(state)))
                } else {
                    Found::Many(values)
                }
            }
            (Contents::Scalar(value), Some(b"@" | b"*" | b"0")) => Found::One(value.clone()),
            (
                Contents::Array {
                    entries,
                    associative,
                },
                Some(bytes),
            ) => {
                let associative = *associative;
                let found = if associative {
                    let entries = entries.clone();
                    self.looked_up_key(&key, entries.keys().map(|(_, name)| name.as_slice()));
                    entries.get(&(0, bytes.to_vec())).cloned()
                } else {
                    let entries = entries.clone();
                    let index = super::arithmetic::evaluate(bytes, state);
                    match index.map(u64::try_from) {
                        Some(Ok(index)) => entries.get(&(index, Vec::new())).cloned(),
                        Some(Err(_)) => entries.values().next_back().cloned(),
                        None => return Found::Unsure,
                    }
                };
                match found {
                    Some(mut value) => {
                        value.take_inputs(&key);
                        Found::One(value)
                    }
                    None => Found::Unset,
                }
            }
            (Contents::Scalar(value), _) if value.bytes().is_some() => Found::Unset,
            _ => Found::Unsure,
        }
    }

    /// Notes the keys of a table in which something the caller gave is looked up.
    pub(super) fn looked_up_key<'k>(
        &mut self,
        key: &Traced,
        known: impl Iterator<Item = &'k [u8]>,
    ) {
        let Some(place) = key.place.clone() else {
            return;
        };
        let Some(bytes) = key.bytes() else { return };
        for literal in known {
            self.compare(key, literal, &place, false, Some(literal == bytes));
        }
    }

    /// Notes the variables that a name made of something the caller gave could name:
    /// with `${2}_VIA`, `gw4` where there is a `gw4_VIA`.
    fn indirect(&mut self, name: &Traced, bytes: &[u8], state: &State) {
        let Some(place) = self.expanding.clone() else {
            return;
        };
        let mut known = Vec::new();
        for input in &name.inputs {
            let super::Input::Argument(number) = input else {
                continue;
            };
            let given = state.arguments.get(number.saturating_sub(1));
            let Some(given) = given.and_then(Traced::bytes).filter(|g| !g.is_empty()) else {
                continue;
            };
            let upper = given.to_ascii_uppercase();
            for (form, raise) in [(given.to_vec(), false), (upper, true)] {
                let at = bytes.windows(form.len()).position(|window| window == form);
                let Some(at) = at else { continue };
                let (before, after) = (bytes.get(..at), bytes.get(at + form.len()..));
                let (Some(before), Some(after)) = (before, after) else {
                    continue;
                };
                if before.is_empty() && after.is_empty() {
                    continue;
                }
                for (variable, _) in state.variables.iter() {
                    let inner = variable.strip_prefix(before);
                    let inner = inner.and_then(|inner| inner.strip_suffix(after));
                    if let Some(inner) = inner.filter(|inner| !inner.is_empty()) {
                        let literal = if raise {
                            inner.to_ascii_lowercase()
                        } else {
                            inner.to_vec()
                        };
                        known.push((input.clone(), literal.clone(), literal == given));
                    }
                }
                break;
            }
        }
        for (input, literal, same) in known {
            let about = Traced {
                inputs: vec![input],
                ..Traced::unknown()
            };
            self.compare(&about, &literal, &place, false, Some(same));
        }
    }

    pub(super) fn parameter(
        &mut self,
        parameter: &Parameter,
        quoted: bool,
        state: &mut State,
    ) -> Found {
        if let Operation::Keys = parameter.operation {
            return match state.variables.get(&parameter.name).map(|v| &v.contents) {
                Some(Contents::Array {
                    entries,
                    associative,
                }) => Found::Many(
                    entries
                        .keys()
                        .map(|(index, name)| {
                            Traced::known(if *associative {
                                name.clone()
                            } else {
                                index.to_string().into_bytes()
                            })
                        })
                        .collect(),
                ),
                None if !state.tainted => Found::Many(Vec::new()),
                _ => Found::Unsure,
            };
        }
        let found = self.lookup(parameter, quoted, state);
        match &parameter.operation {
            Operation::Value => found,
            Operation::Keys | Operation::Other => Found::One(Traced::unknown()),
            Operation::Length => Found::One(match found {
                Found::Unset => Traced::known("0"),
                Found::Unsure => Traced::unknown(),
                Found::One(value) => value.change(|b| {
                    let text = std::str::from_utf8(b);
                    text.map_or(b.len(), |s| s.chars().count())
                        .to_string()
                        .into_bytes()
                }),
                Found::Many(values) | Found::Fields(values) if values.iter().any(|v| v.many) => {
                    Traced::unknown()
                }
                Found::Many(values) | Found::Fields(values) => {
                    Traced::known(values.len().to_string())
                }
            }),
            Operation::Indirect => {
                let name = flat(found);
                let Some(bytes) = name.bytes() else {
                    return Found::Unsure;
                };
                self.indirect(&name, bytes, state);
                let target = Parameter {
                    name: bytes.to_vec(),
                    subscript: None,
                    operation: Operation::Value,
                };
                self.lookup(&target, quoted, state)
            }
            Operation::Default { colon, kind, word } => {
                self.default(parameter, *colon, *kind, word, found, quoted, state)
            }
            Operation::Trim {
                suffix,
                longest,
                pattern,
            } => {
                let pattern = self.pattern(pattern, state);
                each(found, |value| {
                    let Some(elements) = &pattern.elements else {
                        return value.derived(Value::unknown());
                    };
                    value.change(|bytes| {
                        let size = pattern::trim(elements, bytes, *suffix, *longest).unwrap_or(0);
                        let kept = if *suffix {
                            bytes.get(..bytes.len() - size)
                        } else {
                            bytes.get(size..)
                        };
                        kept.unwrap_or(&[]).to_vec()
                    })
                })
            }
            Operation::Replace {
                all,
                anchor,
                pattern,
                replacement,
            } => {
                let pattern = self.pattern(pattern, state);
                let replacement = self.single(replacement, state);
                each(found, |value| {
                    let (Some(elements), Some(new)) = (&pattern.elements, replacement.bytes())
                    else {
                        return value.derived(Value::unknown());
                    };
                    value.change(|bytes| replace(bytes, elements, new, *all, *anchor))
                })
            }
            Operation::Substring { offset, length } => {
                let offset = self.arithmetic(offset, state);
                let length = match length {
                    Some(length) => match self.arithmetic(length, state) {
                        Some(length) => Some(length),
                        None => return Found::One(Traced::unknown()),
                    },
                    None => None,
                };
                let Some(offset) = offset else {
                    return Found::One(Traced::unknown());
                };
                match found {
                    Found::Many(values) => {
                        let count = i64::try_from(values.len()).unwrap_or(i64::MAX);
                        let from = match (offset, parameter.name.as_slice()) {
                            (..0, _) => count.saturating_add(offset),
                            // counted from 1, with `$0` before the arguments
                            (_, b"@" | b"*") => offset.saturating_sub(1),
                            _ => offset,
                        };
                        let skip = usize::try_from(from).unwrap_or(0);
                        let take = length.map_or(usize::MAX, |l| usize::try_from(l).unwrap_or(0));
                        Found::Many(values.into_iter().skip(skip).take(take).collect())
                    }
                    found => each(found, |value| {
                        value.change(|bytes| substring(bytes, offset, length))
                    }),
                }
            }
            Operation::Case { upper, all } => each(found, |value| {
                value.change(|bytes| {
                    let mut bytes = bytes.to_vec();
                    let end = if *all {
                        bytes.len()
                    } else {
                        bytes.len().min(1)
                    };
                    match bytes.get_mut(..end) {
                        Some(part) if *upper => part.make_ascii_uppercase(),
                        Some(part) => part.make_ascii_lowercase(),
                        None => {}
                    }
                    bytes
                })
            }),
        }
    }

    #[allow(clippy::too_many_arguments)] // one operator with all it needs
    fn default(
        &mut self,
        parameter: &Parameter,
        colon: bool,
        kind: u8,
        word: &Word,
        found: Found,
        quoted: bool,
        state: &mut State,
    ) -> Found {
        // whether the value itself counts
        let set = match &found {
            Found::Unset => Some(false),
            Found::Unsure => None,
            Found::Many(values) | Found::Fields(values) => Some(!values.is_empty()),
            Found::One(value) if colon => match &value.value {
                Value::Known(bytes) => Some(!bytes.is_empty()),
                Value::Unknown { prefix } => (!prefix.is_empty()).then_some(true),
            },
            Found::One(_) => Some(true),
        };
        let mut other = |this: &mut Self| {
            if quoted {
                let mut value = this.single(word, state);
                value.place = None;
                Found::One(value)
            } else {
                let plain = word.parts.iter().all(|part| !part.quoted);
                let mut value = this.single(word, state);
                value.place = None;
                // fields of the word are only split where nothing in it is quoted
                if plain {
                    Found::One(value)
                } else {
                    Found::Fields(this.fields(word, state))
                }
            }
        };
        match (kind, set) {
            (b'+', Some(false)) => Found::Unset,
            (b'+', Some(true)) | (b'-', Some(false)) => other(self),
            (b'+', None) => Found::One(flat(other(self)).join(&Traced::known(""))),
            (b'?', Some(false)) => {
                // the shell writes the word as an error and ends
                self.failed = true;
                found
            }
            (_, Some(true)) | (b'?', _) => found,
            (_, decided) => {
                let value = flat(other(self));
                let value = match decided {
                    Some(_) => value,
                    None => flat(found).join(&value),
                };
                if kind == b'=' && parameter.subscript.is_none() {
                    state.set(&parameter.name, value.clone());
                }
                Found::One(value)
            }
        }
    }
}

/// The first character of `IFS`, which `$*` puts between its words.
fn separator(state: &State) -> Vec<u8> {
    match state
        .variables
        .get(b"IFS".as_slice())
        .map(super::state::Variable::value)
    {
        None => b" ".to_vec(),
        Some(ifs) => ifs.value.prefix().iter().take(1).copied().collect(),
    }
}

fn each(found: Found, change: impl Fn(&Traced) -> Traced) -> Found {
    match found {
        Found::One(value) => Found::One(change(&value)),
        Found::Many(values) => Found::Many(values.iter().map(change).collect()),
        Found::Fields(values) => Found::Fields(values.iter().map(change).collect()),
        Found::Unset => Found::Unset,
        Found::Unsure => Found::Unsure,
    }
}

/// Variables that a shell or the login sets by itself.
fn is_dynamic(name: &[u8]) -> bool {
    matches!(
        name,
        b"HOSTNAME"
            | b"RANDOM"
            | b"SECONDS"
            | b"UID"
            | b"EUID"
            | b"PPID"
            | b"LINENO"
            | b"OLDPWD"
            | b"BASH_VERSION"
            | b"BASHPID"
            | b"EPOCHSECONDS"
            | b"OSTYPE"
            | b"HOSTTYPE"
            | b"MACHTYPE"
            | b"FUNCNAME"
            | b"GROUPS"
            | b"SHLVL"
            | b"_"
            | b"PIPESTATUS"
            | b"BASH"
            | b"BASH_VERSINFO"
            | b"OPTARG"
            | b"PATH"
    )
}

fn replace(
    bytes: &[u8],
    pattern: &[Element],
    new: &[u8],
    all: bool,
    anchor: Option<u8>,
) -> Vec<u8> {
    let text = |from: usize, to: usize| bytes.get(from..to).unwrap_or(&[]);
    match anchor {
        Some(b'#') => {
            let size = pattern::trim(pattern, bytes, false, true);
            return size.map_or_else(|| bytes.to_vec(), |s| [new, text(s, bytes.len())].concat());
        }
        Some(_) => {
            let size = pattern::trim(pattern, bytes, true, true);
            return size.map_or_else(
                || bytes.to_vec(),
                |s| [text(0, bytes.len() - s), new].concat(),
            );
        }
        None => {}
    }
    let mut out = Vec::new();
    let mut from = 0;
    while let Some((start, end)) = pattern::find(pattern, bytes, from) {
        if start == end {
            break;
        }
        out.extend_from_slice(text(from, start));
        out.extend_from_slice(new);
        from = end;
        if !all {
            break;
        }
    }
    out.extend_from_slice(text(from, bytes.len()));
    out
}

fn substring(bytes: &[u8], offset: i64, length: Option<i64>) -> Vec<u8> {
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let from = if offset < 0 {
        size.saturating_add(offset)
    } else {
        offset
    };
    let to = match length {
        None => size,
        Some(length) if length < 0 => size.saturating_add(length),
        Some(length) => from.saturating_add(length),
    };
    let index = |at: i64| usize::try_from(at.clamp(0, size)).unwrap_or(0);
    if from < 0 {
        return Vec::new();
    }
    bytes.get(index(from)..index(to)).unwrap_or(&[]).to_vec()
}
