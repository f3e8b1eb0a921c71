//! Shell variables of files that are only sourced: netifrc's `/etc/conf.d/net` and the
//! ifcfg files of network-scripts. Their values as far as no shell is needed for them.

use std::sync::Arc;

use crate::text::{File, Place, Span};

/// One `name=value` or `name=( words )`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// The value without its quotes; the words of an array stand on lines of their own.
    pub value: String,
    /// Whether a shell would put something else in.
    pub open: bool,
    /// The first line.
    pub place: Place,
}

/// Reads the assignments of a file, in order; what is none is passed over.
#[must_use]
pub fn parse(file: &Arc<File>) -> Vec<Variable> {
    let bytes = file.bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let end = line_end(bytes, at);
        let line = bytes.get(at..end).unwrap_or(&[]);
        let blanks = line.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let text = line.get(blanks..).unwrap_or(&[]);
        let length = text
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
            .count();
        at = end + 1;
        if length == 0 || text.get(length) != Some(&b'=') {
            continue;
        }
        let name = String::from_utf8_lossy(text.get(..length).unwrap_or(&[])).into_owned();
        let from = start + blanks + length + 1;
        let (value, open, stop) = value(bytes, from);
        out.push(Variable {
            name,
            value: String::from_utf8_lossy(&value).into_owned(),
            open,
            place: file.place(Span::new(start + blanks, end.max(start + blanks))),
        });
        at = line_end(bytes, stop) + 1;
    }
    out
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or(&[]);
    let length = rest.iter().position(|b| *b == b'\n');
    from + length.unwrap_or(rest.len())
}

/// The value that begins at `from`, whether it stays open, and where it ends.
fn value(bytes: &[u8], from: usize) -> (Vec<u8>, bool, usize) {
    let mut value = Vec::new();
    let mut open = false;
    let mut quote = 0_u8;
    let mut at = from;
    let array = bytes.get(at) == Some(&b'(');
    at += usize::from(array);
    while let Some(byte) = bytes.get(at).copied() {
        match byte {
            b'\\' if quote != b'\'' => {
                at += 1;
                match bytes.get(at) {
                    Some(b'\n') => {}
                    Some(next) => value.push(*next),
                    None => break,
                }
            }
            b'\'' | b'"' if quote == 0 => quote = byte,
            _ if quote != 0 && byte == quote => {
                quote = 0;
                if array {
                    value.push(b'\n');
                }
            }
            b'$' | b'`' if quote != b'\'' => {
                open = true;
                value.push(byte);
            }
            b')' if array && quote == 0 => break,
            b'#' if array && quote == 0 => at = line_end(bytes, at).saturating_sub(1),
            b'\n' if quote == 0 && !array => break,
            b' ' | b'\t' | b';' if quote == 0 && !array => break,
            _ => value.push(byte),
        }
        at += 1;
    }
    (value, open, at)
}

/// The last value of a variable.
#[must_use]
pub fn last<'a>(variables: &'a [Variable], name: &str) -> Option<&'a Variable> {
    variables
        .iter()
        .rev()
        .find(|variable| variable.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Variable> {
        parse(&File::new("/etc/conf.d/net", text))
    }

    #[test]
    fn quotes_arrays_and_several_lines_are_read() {
        let found = read(
            "# a=b\nconfig_eth0=\"192.0.2.1/24\n  dhcp\"\nroutes_eth0=( \"default via 192.0.2.9\" )\n\
             a=b c=d\nx='$y'\nz=$y\n",
        );
        let value = |name: &str| last(&found, name).map(|v| (v.value.trim(), v.open));
        assert_eq!(value("config_eth0"), Some(("192.0.2.1/24\n  dhcp", false)));
        assert_eq!(value("routes_eth0"), Some(("default via 192.0.2.9", false)));
        assert_eq!(value("a"), Some(("b", false)));
        assert_eq!(value("x"), Some(("$y", false)));
        assert_eq!(value("z"), Some(("$y", true)));
        assert_eq!(last(&found, "config_eth0").unwrap().place.start().line, 2);
    }

    #[test]
    fn any_bytes_are_read_to_the_end() {
        for text in ["=", "a=\"", "a=(", "a=\\", "a='\n\n", "a=(#", "\u{0}=("] {
            assert!(read(text).len() <= 1, "{text:?}");
        }
    }
}
