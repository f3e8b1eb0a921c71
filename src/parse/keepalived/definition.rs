//! `$NAME=` definitions and the references to them (keepalived `lib/parser.c`,
//! `check_definition`, `find_definition`, `replace_param`).

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::mapped::{Mapped, is_blank};
use super::version::Dialect;

/// Longest line after a substitution; keepalived's buffer holds one more.
pub(super) const LONGEST: usize = 1023;

/// Substitutions in one line before it is taken for a reference to itself:
/// keepalived has no such limit and never ends.
pub(super) const MOST_SUBSTITUTIONS: usize = 1024;

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    /// The text; the lines of a multi-line definition are separated by `\n`.
    value: Arc<Vec<u8>>,
    multiline: bool,
    builtin: Option<Builtin>,
}

/// A name keepalived defines itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builtin {
    /// `_PWD`: the folder of the current file.
    Folder,
    /// `_INSTANCE`: the identity, usually the host name.
    Identity,
    /// `_RANDOM [MIN [MAX]]`.
    Random,
    /// `_ENV NAME`.
    Environment,
    /// `_HASH` and `_BANG`.
    Sign(u8),
}

/// All names known so far.
#[derive(Debug)]
pub(super) struct Definitions {
    names: HashMap<Vec<u8>, Definition>,
    dialect: Dialect,
}

/// Where in a multi-line definition the reader is.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    pub(super) value: Arc<Vec<u8>>,
    pub(super) at: usize,
}

/// What a round of substitutions did.
#[derive(Debug, Default)]
pub(super) struct Substituted {
    /// At least one reference was replaced.
    pub(super) changed: bool,
    /// The lines that follow, of each multi-line definition met, in order.
    pub(super) rests: Vec<Rest>,
    /// References may be left that could be replaced.
    pub(super) unfinished: bool,
    /// References replaced.
    pub(super) count: usize,
    /// What went wrong.
    pub(super) fault: Option<Fault>,
    /// Values only the running host knows, and where they stand in the line.
    pub(super) unknown: Vec<(Builtin, Range<usize>)>,
}

/// Why a substitution stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    TooLong,
    SelfReference,
}

/// A definition line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Defining {
    pub(super) name: Vec<u8>,
    pub(super) value: Vec<u8>,
    /// More lines follow.
    pub(super) multiline: bool,
}

const fn begins_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

const fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether a line that begins with `$` is a definition.
pub(super) fn begins_definition(line: &[u8]) -> bool {
    let name = line.iter().skip(1).take_while(|b| in_name(**b)).count();
    line.get(name + 1) == Some(&b'=')
}

/// Reads a `$NAME=VALUE` line; there is no blank before `=`.
pub(super) fn defining(line: &[u8]) -> Option<Defining> {
    let rest = line.strip_prefix(b"$")?;
    let equals = rest.iter().position(|b| !in_name(*b))?;
    let name = rest.get(..equals)?;
    if rest.get(equals) != Some(&b'=') || !begins_name(*name.first()?) {
        return None;
    }
    let value = rest.get(equals + 1..)?;
    let blanks = value.iter().take_while(|b| is_blank(**b)).count();
    let value = value.get(blanks..)?;
    let defining = |value: &[u8], multiline| Defining {
        name: name.to_vec(),
        value: value.to_vec(),
        multiline,
    };
    Some(match value.strip_suffix(b"\\") {
        Some(first) => defining(&segment(first), true),
        None => defining(value, false),
    })
}

/// A line of a multi-line definition that goes on: without the blanks before
/// its backslash, with a line end; nothing where nothing is left.
pub(super) fn segment(line: &[u8]) -> Vec<u8> {
    let keep = line.iter().rposition(|b| !is_blank(*b));
    let Some(text) = keep.and_then(|at| line.get(..=at)) else {
        return Vec::new();
    };
    let mut text = text.to_vec();
    text.push(b'\n');
    text
}

/// A reference as it stands in a line, from `$` on.
struct Reference<'a> {
    name: &'a [u8],
    parameters: Option<&'a [u8]>,
    /// Length with the dollar sign and braces.
    len: usize,
    /// Nothing follows: a multi-line definition may be used.
    last: bool,
}

/// Reads a reference from the byte after `$` on.
fn reference(rest: &[u8], dialect: Dialect) -> Option<Reference<'_>> {
    let braces = rest.first() == Some(&b'{');
    let inner = if braces { rest.get(1..)? } else { rest };
    if !begins_name(*inner.first()?) {
        return None;
    }
    let end = inner.iter().position(|b| !in_name(*b));
    let end = end.unwrap_or(inner.len());
    let name = inner.get(..end)?;
    if !braces {
        let fits = match inner.get(end) {
            None => true,
            Some(byte) => matches!(byte, b' ' | b'\t' | b',' | b')'),
        };
        return fits.then_some(Reference {
            name,
            parameters: None,
            len: 1 + end,
            last: end == inner.len(),
        });
    }
    let words = dialect.word_parameters();
    let belongs = |b: &u8| match *b {
        b' ' => true,
        b'\t' => words,
        other if words => in_name(other),
        other => other.is_ascii_digit(),
    };
    let parameters = inner.get(end..)?;
    let len = parameters.iter().take_while(|b| belongs(b)).count();
    let parameters = parameters.get(..len)?;
    if inner.get(end + len) != Some(&b'}') {
        return None;
    }
    let given = parameters.iter().any(|b| !is_blank(*b));
    if given && parameters.last().is_some_and(|b| is_blank(*b)) {
        return None;
    }
    Some(Reference {
        name,
        parameters: given.then_some(parameters),
        len: 3 + end + len,
        last: len == 0 && end + 1 == inner.len(),
    })
}

/// Where a `${NAME}` outside double quotes is left, if any.
pub(super) fn left_over(line: &[u8], dialect: Dialect) -> Option<Range<usize>> {
    let mut open = false;
    for (at, byte) in line.iter().enumerate() {
        match byte {
            b'"' => open = !open,
            b'$' if !open && line.get(at + 1) == Some(&b'{') => {
                let found = line.get(at + 1..).and_then(|rest| reference(rest, dialect));
                if let Some(found) = found {
                    return Some(at..at + found.len);
                }
            }
            _ => {}
        }
    }
    None
}

impl Definitions {
    pub(super) fn new(dialect: Dialect) -> Self {
        let builtins: [(&[u8], Builtin, bool); 6] = [
            (b"_PWD", Builtin::Folder, dialect.definitions()),
            (b"_INSTANCE", Builtin::Identity, dialect.definitions()),
            (b"_RANDOM", Builtin::Random, dialect.sequences()),
            (b"_HASH", Builtin::Sign(b'#'), dialect.lists()),
            (b"_BANG", Builtin::Sign(b'!'), dialect.lists()),
            (b"_ENV", Builtin::Environment, dialect.word_parameters()),
        ];
        let known = builtins.into_iter().filter(|(_, _, known)| *known);
        let names = known.map(|(name, builtin, _)| {
            let definition = Definition {
                value: Arc::default(),
                multiline: false,
                builtin: Some(builtin),
            };
            (name.to_vec(), definition)
        });
        Self {
            names: names.collect(),
            dialect,
        }
    }

    /// Defines or redefines a name.
    pub(super) fn set(&mut self, name: Vec<u8>, value: Vec<u8>, multiline: bool) {
        let definition = Definition {
            value: Arc::new(value),
            multiline,
            builtin: None,
        };
        self.names.insert(name, definition);
    }

    /// Adds a line to a multi-line definition.
    pub(super) fn extend(&mut self, name: &[u8], line: &[u8]) {
        if let Some(definition) = self.names.get_mut(name) {
            Arc::make_mut(&mut definition.value).extend_from_slice(line);
        }
    }

    /// Ends a multi-line definition: an empty one is an ordinary empty value.
    pub(super) fn finish(&mut self, name: &[u8]) {
        if let Some(definition) = self.names.get_mut(name) {
            definition.multiline &= !definition.value.is_empty();
        }
    }

    /// Replaces references from left to right, rescanning what was put in; `most` of them
    /// before it is taken for a reference to itself. `folder` and `identity` are the
    /// values of `_PWD` and `_INSTANCE`.
    pub(super) fn substitute(
        &self,
        line: &mut Mapped,
        folder: &[u8],
        identity: Option<&[u8]>,
        most: usize,
    ) -> Substituted {
        let mut done = Substituted::default();
        let mut at = 0;
        while let Some(dollar) = find_dollar(line.bytes(), at) {
            at = dollar;
            let rest = line.bytes().get(dollar + 1..).unwrap_or(&[]);
            if rest.is_empty() {
                break;
            }
            let found = reference(rest, self.dialect).and_then(|r| {
                let definition = self.names.get(r.name)?;
                let fits = r.last || !definition.multiline;
                let takes = r.parameters.is_none() || definition.takes_parameters();
                (fits && takes).then_some((r, definition))
            });
            let Some((reference, definition)) = found else {
                at += 1;
                continue;
            };
            done.count += 1;
            if done.count > most {
                done.fault = Some(Fault::SelfReference);
                return done;
            }
            let range = dollar..dollar + reference.len;
            let (value, known) = definition.text(reference.parameters, folder, identity);
            if line.len() + value.len() > LONGEST + reference.len {
                done.fault = Some(Fault::TooLong);
                done.unfinished = true;
                done.changed = false;
                return done;
            }
            if definition.multiline {
                done.rests.push(Rest {
                    value: Arc::clone(&definition.value),
                    at: value.len() + 1,
                });
            }
            let begins_sequence = value.iter().find(|b| !is_blank(**b)) == Some(&b'~');
            let len = value.len();
            line.replace(range, &value);
            done.changed = true;
            if let (false, Some(builtin)) = (known, definition.builtin) {
                done.unknown.push((builtin, dollar..dollar + len.max(1)));
            }
            if begins_sequence {
                done.unfinished = true;
                break;
            }
        }
        done
    }
}

impl Definition {
    fn takes_parameters(&self) -> bool {
        matches!(self.builtin, Some(Builtin::Random | Builtin::Environment))
    }

    /// The text to put in, and whether that is what keepalived would put in.
    fn text(
        &self,
        parameters: Option<&[u8]>,
        folder: &[u8],
        identity: Option<&[u8]>,
    ) -> (Vec<u8>, bool) {
        match self.builtin {
            None => {
                let lines = &mut self.value.split(|b| *b == b'\n');
                let first = if self.multiline { lines.next() } else { None };
                (first.unwrap_or(&self.value).to_vec(), true)
            }
            Some(Builtin::Folder) => (folder.to_vec(), true),
            Some(Builtin::Identity) => (identity.unwrap_or(b"").to_vec(), identity.is_some()),
            Some(Builtin::Sign(sign)) => (vec![sign], true),
            Some(Builtin::Random) => {
                let least = parameters.unwrap_or(b"0");
                let mut numbers = least.split(|b| is_blank(*b)).filter(|n| !n.is_empty());
                (numbers.next().unwrap_or(b"0").to_vec(), false)
            }
            Some(Builtin::Environment) => (Vec::new(), false),
        }
    }
}

fn find_dollar(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.iter().position(|b| *b == b'$').map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::super::version::Version;
    use super::*;

    const NOW: Dialect = Dialect {
        version: Version::CURRENT,
    };

    fn with(pairs: &[(&str, &str)]) -> Definitions {
        let mut definitions = Definitions::new(NOW);
        for (name, value) in pairs {
            definitions.set((*name).into(), (*value).into(), value.contains('\n'));
        }
        definitions
    }

    fn run(definitions: &Definitions, text: &str) -> (String, Substituted) {
        let mut line = Mapped::from_file(text.as_bytes(), 0);
        let done = definitions.substitute(
            &mut line,
            b"/etc/keepalived",
            Some(b"gw1"),
            MOST_SUBSTITUTIONS,
        );
        (String::from_utf8_lossy(line.bytes()).into_owned(), done)
    }

    #[test]
    fn a_definition_has_no_blank_before_its_equals_sign() {
        let simple = |name: &str, value: &str, multiline| {
            Some(Defining {
                name: name.into(),
                value: value.into(),
                multiline,
            })
        };
        let cases = [
            ("$IF=eth0", simple("IF", "eth0", false)),
            ("$IF=  eth0 eth1", simple("IF", "eth0 eth1", false)),
            ("$_x1=", simple("_x1", "", false)),
            ("$IF =eth0", None),
            ("$1F=eth0", None),
            ("$=x", None),
            ("$IF", None),
            ("IF=x", None),
            ("$M=\\", simple("M", "", true)),
            ("$M=a  \\", simple("M", "a\n", true)),
        ];
        for (line, expected) in cases {
            assert_eq!(defining(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn a_bare_reference_needs_a_blank_comma_or_closing_parenthesis_behind_it() {
        let definitions = with(&[("IF", "eth0"), ("N", "7")]);
        let cases = [
            ("interface $IF", "interface eth0"),
            ("a $IF, $N)", "a eth0, 7)"),
            ("a $IF.1", "a $IF.1"),
            ("a ${IF}.1", "a eth0.1"),
            ("a ${IF}${N}", "a eth07"),
            ("a $NOPE ${NOPE}", "a $NOPE ${NOPE}"),
            ("a ${IF", "a ${IF"),
            ("a $", "a $"),
            ("a $$IF", "a $eth0"),
        ];
        for (text, expected) in cases {
            assert_eq!(run(&definitions, text).0, expected, "{text}");
        }
    }

    #[test]
    fn what_was_put_in_is_looked_at_again() {
        let definitions = with(&[("A", "${B}x"), ("B", "1")]);
        assert_eq!(run(&definitions, "p $A").0, "p 1x");
    }

    #[test]
    fn a_reference_to_itself_is_told_instead_of_never_ending() {
        for pairs in [&[("IF", "${IF}")][..], &[("A", "${B}"), ("B", "${A}")]] {
            let name = pairs[0].0;
            let (_, done) = run(&with(pairs), &format!("x ${name}"));
            assert_eq!(done.fault, Some(Fault::SelfReference));
        }
        let (_, done) = run(&with(&[("A", "x${A}")]), "p ${A}");
        assert_eq!(done.fault, Some(Fault::TooLong));
    }

    #[test]
    fn a_multiline_definition_is_used_only_where_nothing_follows() {
        let definitions = with(&[("M", "a\nb\nc")]);
        let (text, done) = run(&definitions, "x ${M}");
        assert_eq!((text.as_str(), done.rests.len()), ("x a", 1));
        assert_eq!(done.rests[0].at, 2);
        assert_eq!(run(&definitions, "x ${M} y").0, "x ${M} y");
    }

    #[test]
    fn what_only_the_running_host_knows_is_told() {
        let definitions = with(&[]);
        assert_eq!(run(&definitions, "i ${_PWD}/x").0, "i /etc/keepalived/x");
        assert_eq!(run(&definitions, "i $_INSTANCE").0, "i gw1");
        let (text, done) = run(&definitions, "p ${_RANDOM 5 9}");
        assert_eq!(text, "p 5");
        assert_eq!(done.unknown, [(Builtin::Random, 2..3)]);
        let (text, done) = run(&definitions, "p ${_ENV HOME}");
        assert_eq!((text.as_str(), done.unknown.len()), ("p ", 1));
    }

    #[test]
    fn a_reference_that_is_left_is_found_outside_quotes_only() {
        assert_eq!(left_over(b"priority ${PRIO}", NOW), Some(9..16));
        assert_eq!(left_over(b"notify \"x ${PRIO}\"", NOW), None);
        assert_eq!(left_over(b"auth_pass $PRIO", NOW), None);
    }
}
