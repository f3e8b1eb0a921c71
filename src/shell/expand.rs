//! Expansion of words: parameters, command substitution, field splitting.

use super::Comparison;
use super::evaluate::Evaluator;
use super::pattern::{self, Element};
use super::state::{State, Status};
use super::syntax::{Part, PartKind, Word};
use super::value::{Traced, Value};
use crate::text::Place;

/// Most fields of one word.
const MOST_FIELDS: usize = 1000;

/// What a parameter is.
pub(super) enum Found {
    /// Not set.
    Unset,
    /// Set to this.
    One(Traced),
    /// Set or not: not known.
    Unsure,
    /// `$@` and whole arrays.
    Many(Vec<Traced>),
    /// Fields that are not split again.
    Fields(Vec<Traced>),
}

/// A pattern after expansion.
pub(super) struct Pattern {
    /// `None` where a part of it is not known.
    pub(super) elements: Option<Vec<Element>>,
    /// As written, after expansion.
    pub(super) text: Traced,
    /// Each byte and whether it is quoted; empty where a part is not known.
    pub(super) bytes: Vec<(u8, bool)>,
}

impl Pattern {
    pub(super) fn matches(&self, subject: &Traced) -> Option<bool> {
        let elements = self.elements.as_deref()?;
        match &subject.value {
            Value::Known(text) => Some(pattern::matches(elements, text)),
            Value::Unknown { prefix } => {
                if elements.iter().all(|e| *e == Element::Many) && !elements.is_empty() {
                    return Some(true);
                }
                // a pattern that is plain text can differ from the known beginning
                let plain = elements.iter().zip(prefix);
                let differs = plain
                    .take_while(|(e, _)| matches!(e, Element::Byte(_)))
                    .any(|(e, byte)| *e != Element::Byte(*byte));
                differs.then_some(false)
            }
        }
    }

    fn is_pattern(&self) -> bool {
        let elements = self.elements.as_deref().unwrap_or(&[]);
        elements.iter().any(|e| !matches!(e, Element::Byte(_)))
    }
}

/// Fields being put together.
struct Fields {
    done: Vec<Traced>,
    current: Option<Traced>,
    /// Where the first unquoted glob character of the field is.
    glob: Option<usize>,
    /// Whether the field has a quoted one, which is a letter.
    literal_glob: bool,
    /// Fields that are patterns: which, and their text.
    globs: Vec<(usize, Vec<u8>)>,
    /// Whether the last field was ended by a blank.
    blank: bool,
    place: Place,
}

impl Fields {
    fn current(&mut self) -> &mut Traced {
        self.current.get_or_insert_with(|| Traced {
            place: Some(self.place.clone()),
            ..Traced::known("")
        })
    }

    fn end(&mut self) {
        if let Some(mut field) = self.current.take() {
            if let (Some(at), Some(bytes)) = (self.glob, field.bytes())
                && looks_like_glob(bytes)
            {
                let prefix = bytes.get(..at).unwrap_or(&[]).to_vec();
                if !self.literal_glob {
                    self.globs.push((self.done.len(), bytes.to_vec()));
                }
                field.value = Value::Unknown { prefix };
                field.many = true;
            }
            self.done.push(field);
        }
        self.glob = None;
        self.literal_glob = false;
    }

    fn quoted(&mut self, value: &Traced) {
        self.blank = false;
        self.literal_glob |= value.value.prefix().iter().any(|b| b"*?[\\".contains(b));
        self.current().append(value);
    }

    fn unquoted(&mut self, value: &Traced, ifs: Option<&[u8]>, split: bool) {
        let (Some(bytes), Some(ifs)) = (value.bytes(), ifs) else {
            let current = self.current();
            current.append(value);
            current.many |= split;
            return;
        };
        for byte in bytes {
            if split && ifs.contains(byte) {
                let white = byte.is_ascii_whitespace();
                if self.current.is_some() {
                    self.end();
                    self.blank = white;
                } else if !white {
                    if !self.blank {
                        self.current();
                        self.end();
                    }
                    self.blank = false;
                }
                continue;
            }
            self.blank = false;
            let at = self.current().value.prefix().len();
            if matches!(byte, b'*' | b'?' | b'[') {
                self.glob.get_or_insert(at);
            }
            self.current().value.append(&Value::Known(vec![*byte]));
        }
        if let Some(current) = &mut self.current {
            current.take_inputs(value);
        } else if let Some(last) = self.done.last_mut() {
            last.take_inputs(value);
        }
    }
}

/// `[` alone is no pattern.
fn looks_like_glob(bytes: &[u8]) -> bool {
    let open = bytes.iter().position(|b| *b == b'[');
    let closed = open.is_some_and(|at| bytes.get(at + 2..).unwrap_or(&[]).contains(&b']'));
    closed || bytes.iter().any(|b| matches!(b, b'*' | b'?'))
}

impl Evaluator<'_> {
    /// A word of a command: none, one or several fields.
    pub(super) fn fields(&mut self, word: &Word, state: &mut State) -> Vec<Traced> {
        if let Some(words) = braces(word, state) {
            return words.iter().flat_map(|w| self.fields(w, state)).collect();
        }
        let ifs = match state.variables.get(b"IFS".as_slice()) {
            None => Some(b" \t\n".to_vec()),
            Some(variable) => variable.value().bytes().map(<[u8]>::to_vec),
        };
        let mut fields = Fields {
            done: Vec::new(),
            current: None,
            glob: None,
            literal_glob: false,
            globs: Vec::new(),
            blank: false,
            place: word.place.clone(),
        };
        for part in &word.parts {
            let literal = matches!(part.kind, PartKind::Literal(_) | PartKind::Home(_));
            match self.part(part, &word.place, state) {
                Found::Unset => {
                    if part.quoted {
                        fields.quoted(&Traced::known(""));
                    }
                }
                Found::Unsure => {
                    let value = Traced::unknown();
                    if part.quoted {
                        fields.quoted(&value);
                    } else {
                        fields.unquoted(&value, ifs.as_deref(), true);
                    }
                }
                Found::One(value) if part.quoted => fields.quoted(&value),
                Found::One(value) => fields.unquoted(&value, ifs.as_deref(), !literal),
                Found::Fields(values) => {
                    for (index, value) in values.iter().enumerate() {
                        if index > 0 {
                            fields.end();
                        }
                        fields.quoted(value);
                    }
                }
                Found::Many(values) => {
                    let open = values.iter().any(|v| v.many);
                    for (index, value) in values.iter().enumerate() {
                        if index > 0 {
                            fields.end();
                        }
                        if part.quoted {
                            fields.quoted(value);
                            fields.current().many |= open && value.many;
                        } else {
                            fields.unquoted(value, ifs.as_deref(), true);
                        }
                    }
                }
            }
        }
        fields.end();
        for (at, text) in std::mem::take(&mut fields.globs).into_iter().rev() {
            let Some(paths) = self.glob(&text, state) else {
                continue;
            };
            let Some(field) = fields.done.get(at).cloned() else {
                continue;
            };
            // Without a match the pattern stays as it is.
            let texts = if paths.is_empty() { vec![text] } else { paths };
            let found = texts
                .into_iter()
                .map(|text| field.derived(Value::Known(text)));
            fields.done.splice(at..=at, found);
        }
        if fields.done.len() > MOST_FIELDS {
            fields.done.truncate(MOST_FIELDS);
            if let Some(last) = fields.done.last_mut() {
                last.value = Value::unknown();
                last.many = true;
            }
            self.limit(
                &word.place,
                format!("a word of more than {MOST_FIELDS} fields"),
            );
        }
        fields.done
    }

    /// A word where nothing is split: assignments, redirections, `case`.
    pub(super) fn single(&mut self, word: &Word, state: &mut State) -> Traced {
        let mut whole = Traced {
            place: Some(word.place.clone()),
            ..Traced::known("")
        };
        for part in &word.parts {
            let value = self.part(part, &word.place, state);
            whole.append(&flat(value));
        }
        whole
    }

    /// A word that is a pattern.
    pub(super) fn pattern(&mut self, word: &Word, state: &mut State) -> Pattern {
        let mut bytes = Vec::new();
        let mut known = true;
        let mut text = Traced {
            place: Some(word.place.clone()),
            ..Traced::known("")
        };
        for part in &word.parts {
            let value = flat(self.part(part, &word.place, state));
            match value.bytes() {
                Some(value) => bytes.extend(value.iter().map(|b| (*b, part.quoted))),
                None => known = false,
            }
            text.append(&value);
        }
        Pattern {
            elements: known.then(|| pattern::compile(&bytes)),
            text,
            bytes: if known { bytes } else { Vec::new() },
        }
    }

    /// Notes a comparison of an input with something the script knows.
    pub(super) fn compared(
        &mut self,
        subject: &Traced,
        pattern: &Pattern,
        place: &Place,
        matched: Option<bool>,
    ) {
        let Some(literal) = pattern.text.bytes() else {
            return;
        };
        if pattern.text.inputs.is_empty() {
            self.compare(subject, literal, place, pattern.is_pattern(), matched);
        }
    }

    pub(super) fn compare(
        &mut self,
        subject: &Traced,
        literal: &[u8],
        place: &Place,
        pattern: bool,
        matched: Option<bool>,
    ) {
        for input in &subject.inputs {
            let comparison = Comparison {
                literal: literal.to_vec(),
                place: place.clone(),
                input: input.clone(),
                pattern,
                matched,
            };
            if !self.comparisons.contains(&comparison) && self.comparisons.len() < 10_000 {
                self.comparisons.push(comparison);
            }
        }
    }

    fn part(&mut self, part: &Part, place: &Place, state: &mut State) -> Found {
        match &part.kind {
            PartKind::Literal(bytes) => Found::One(Traced::known(bytes.clone())),
            PartKind::Home(user) => {
                let home = state.variables.get(b"HOME".as_slice());
                Found::One(match home {
                    Some(home) if user.is_empty() => home.value(),
                    _ if user == b"root" => Traced::known("/root"),
                    _ => Traced::unknown(),
                })
            }
            PartKind::Parameter(parameter) => {
                self.expanding = Some(place.clone());
                self.parameter(parameter, part.quoted, state)
            }
            PartKind::Command(Some(list)) => {
                let mut inside = state.clone();
                inside.out = Some(Traced::known(""));
                inside.exit_trap = None;
                let tested = std::mem::take(&mut self.tested);
                let flow = self.list(list, inside);
                self.tested = tested;
                let Some(end) = self.end_of_shell(flow) else {
                    return Found::One(Traced::unknown());
                };
                state.status = end.status;
                state.slept = end.slept;
                let out = end.out.unwrap_or_else(|| Traced::known(""));
                Found::One(match out.bytes() {
                    Some(bytes) => {
                        let end = bytes.iter().rposition(|b| *b != b'\n');
                        let kept = bytes.get(..end.map_or(0, |end| end + 1));
                        out.derived(Value::known(kept.unwrap_or(&[])))
                    }
                    None => out,
                })
            }
            PartKind::Process(list) => {
                if let Some(list) = list {
                    let mut inside = state.clone();
                    inside.out = None;
                    let _ = self.list(list, inside);
                }
                Found::One(Traced::new(Value::Unknown {
                    prefix: b"/dev/fd/".to_vec(),
                }))
            }
            PartKind::Command(None) => {
                self.cannot(place, "a command substitution that can't be parsed");
                state.status = Status::Mixed;
                Found::One(Traced::unknown())
            }
            PartKind::Arithmetic(word) => {
                let value = self.arithmetic(word, state);
                Found::One(value.map_or_else(Traced::unknown, |v| Traced::known(v.to_string())))
            }
        }
    }
}

/// One value, whatever it is.
pub(super) fn flat(found: Found) -> Traced {
    match found {
        Found::Unset => Traced::known(""),
        Found::Unsure => Traced::unknown(),
        Found::One(value) => value,
        Found::Many(values) | Found::Fields(values) => joined(&values, b" "),
    }
}

pub(super) fn joined(values: &[Traced], between: &[u8]) -> Traced {
    let mut whole = Traced::known("");
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            whole.append(&Traced::known(between));
        }
        whole.append(value);
    }
    whole
}

/// bash's `{a,b}` and `{1..3}` in unquoted text, one group at a time.
fn braces(word: &Word, state: &State) -> Option<Vec<Word>> {
    if state.dialect != super::Dialect::Bash {
        return None;
    }
    for (index, part) in word.parts.iter().enumerate() {
        let PartKind::Literal(text) = &part.kind else {
            continue;
        };
        if part.quoted {
            continue;
        }
        let Some((start, end, choices)) = brace_group(text) else {
            continue;
        };
        let around = |choice: &[u8]| {
            let before = text.get(..start).unwrap_or(&[]);
            let after = text.get(end..).unwrap_or(&[]);
            let mut copy = word.clone();
            if let Some(part) = copy.parts.get_mut(index) {
                part.kind = PartKind::Literal([before, choice, after].concat());
            }
            copy
        };
        return Some(choices.iter().map(|choice| around(choice)).collect());
    }
    None
}

/// The first group of a text: where it is, and its choices.
fn brace_group(text: &[u8]) -> Option<(usize, usize, Vec<Vec<u8>>)> {
    let start = text.iter().position(|b| *b == b'{')?;
    let mut depth = 0_usize;
    let mut from = start + 1;
    let mut choices = Vec::new();
    for (at, byte) in text.iter().enumerate().skip(start + 1) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b'}' => {
                choices.push(text.get(from..at)?.to_vec());
                if choices.len() == 1 {
                    choices = range(choices.first()?)?;
                }
                return Some((start, at + 1, choices));
            }
            b',' if depth == 0 => {
                choices.push(text.get(from..at)?.to_vec());
                from = at + 1;
            }
            _ => {}
        }
    }
    None
}

/// `1..3`
fn range(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let text = std::str::from_utf8(text).ok()?;
    let (from, to) = text.split_once("..")?;
    let (from, to): (i64, i64) = (from.parse().ok()?, to.parse().ok()?);
    if from.abs_diff(to) > 1000 {
        return None;
    }
    let numbers: Vec<i64> = if from <= to {
        (from..=to).collect()
    } else {
        (to..=from).rev().collect()
    };
    Some(numbers.iter().map(|n| n.to_string().into_bytes()).collect())
}
