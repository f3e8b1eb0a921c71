//! Files that something else makes the host's files of: Jinja2 of Ansible and Salt, ERB
//! and EPP of Puppet and Chef.
//!
//! What a template becomes is decided where it is filled in, so it is neither read as the
//! file nor taken for absent. It is known by the ending of its name, which the file does
//! not have, or by a directive in it.

use super::ReadError;

/// Endings of names, and whose they are (Jinja's documentation, "Template File
/// Extension"; Puppet's language reference, "Creating templates using Embedded Ruby" and
/// "Embedded Puppet").
const ENDINGS: [(&[u8], &str); 5] = [
    (b".j2", "Jinja2"),
    (b".jinja2", "Jinja2"),
    (b".jinja", "Jinja2"),
    (b".erb", "ERB"),
    (b".epp", "EPP"),
];

/// Words that begin a statement of Jinja2 (Jinja 3.1 `parser.py`, `_statement_keywords`).
const STATEMENTS: [&[u8]; 13] = [
    b"for",
    b"if",
    b"block",
    b"extends",
    b"print",
    b"macro",
    b"include",
    b"from",
    b"import",
    b"set",
    b"with",
    b"autoescape",
    b"raw",
];

/// Words that begin an action of Go's text/template, which has the braces of Jinja2.
const GO: [&[u8]; 12] = [
    b"block",
    b"define",
    b"else",
    b"end",
    b"html",
    b"if",
    b"index",
    b"json",
    b"printf",
    b"range",
    b"template",
    b"with",
];

/// The name of the file that a template of that name becomes, and whose template it is.
pub(super) fn by_name(name: &[u8]) -> Option<(&[u8], &'static str)> {
    ENDINGS.iter().find_map(|(ending, engine)| {
        let stem = name.strip_suffix(*ending)?;
        (!stem.is_empty()).then_some((stem, *engine))
    })
}

/// Whose template a text is, by what stands in it.
pub(super) fn by_content(bytes: &[u8]) -> Option<&'static str> {
    let jinja = after(bytes, b"{%").any(is_statement) || after(bytes, b"{{").any(is_expression);
    if jinja {
        return Some("Jinja2");
    }
    let ruby = |rest: &[u8]| {
        let first = rest.first().copied();
        matches!(first, Some(b'=' | b'-' | b'#' | b' ')) && closes(rest, b"%>").is_some()
    };
    after(bytes, b"<%").any(ruby).then_some("ERB")
}

/// That it cannot be told what becomes of a template.
pub(super) fn refusal(engine: &str) -> ReadError {
    ReadError::Template(engine.to_owned())
}

/// What stands behind each `opening`.
fn after<'a>(bytes: &'a [u8], opening: &'static [u8]) -> impl Iterator<Item = &'a [u8]> {
    let found = memchr::memmem::find_iter(bytes, opening);
    found.filter_map(move |at| bytes.get(at + opening.len()..))
}

/// What stands before `closing` on the same line.
fn closes<'a>(rest: &'a [u8], closing: &[u8]) -> Option<&'a [u8]> {
    let line = rest.split(|b| *b == b'\n').next()?;
    line.get(..memchr::memmem::find(line, closing)?)
}

/// The first word, and what follows it, without the marks that trim blanks.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let bare = text.strip_prefix(b"-").or(text.strip_prefix(b"+"));
    let text = bare.unwrap_or(text).trim_ascii_start();
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    text.split_at(text.iter().take_while(|b| is_name(b)).count())
}

fn is_statement(rest: &[u8]) -> bool {
    let (name, _) = word(rest);
    let name = name.strip_prefix(b"end").unwrap_or(name);
    STATEMENTS.contains(&name) && closes(rest, b"%}").is_some()
}

fn is_expression(rest: &[u8]) -> bool {
    let Some(inside) = closes(rest, b"}}") else {
        return false;
    };
    let (name, follows) = word(inside);
    let is_name = name
        .first()
        .is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    let follows = follows.trim_ascii();
    // A name alone, or one that something is done with; words side by side are Go's.
    let goes_on = matches!(
        follows.first().copied(),
        None | Some(b'.' | b'|' | b'[' | b'(' | b'-' | b'+' | b'~' | b'*' | b'/')
    );
    let condition = [b"if ".as_slice(), b"or ", b"and ", b"in "];
    let condition = condition.iter().any(|word| follows.starts_with(word));
    let gos = GO.contains(&name) || memchr::memmem::find(inside, b" .").is_some();
    is_name && !gos && (goes_on || condition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_known_by_its_ending() {
        assert_eq!(
            by_name(b"keepalived.conf.j2"),
            Some((&b"keepalived.conf"[..], "Jinja2"))
        );
        assert_eq!(by_name(b"ntp.conf.erb"), Some((&b"ntp.conf"[..], "ERB")));
        for name in [b"keepalived.conf".as_slice(), b".j2", b"j2", b"a.j2x"] {
            assert_eq!(by_name(name), None);
        }
    }

    #[test]
    fn a_template_is_known_by_a_directive_in_it() {
        for text in [
            "priority {{ vrrp_priority }}",
            "{{vip}}",
            "{{- host.name | default('x') -}}",
            "{{ lookup('env', 'HOME') }}",
            "{{ a if b else c }}",
            "{% if x %}\ny\n{% endif %}",
            "{%- for h in hosts %}",
            "{% set x = 1 %}",
            "# {{ ansible_managed }}\n",
        ] {
            assert_eq!(by_content(text.as_bytes()), Some("Jinja2"), "{text}");
        }
        for text in [
            "<%= @priority %>",
            "<% if @x -%>",
            "<%- x %>",
            "<%# note %>",
        ] {
            assert_eq!(by_content(text.as_bytes()), Some("ERB"), "{text}");
        }
    }

    #[test]
    fn what_looks_like_a_template_and_is_none_is_a_file() {
        for text in [
            "docker ps --format '{{.Names}} {{ .ID }}'",
            "docker inspect -f '{{json .State}}' x",
            "docker inspect -f '{{range .Mounts}}{{.Source}}{{end}}'",
            "{{ template \"slack\" . }}",
            "{{ $labels.instance }}",
            "echo ${x%%.*} {%",
            "date +{%Y}",
            "{% unknown %}",
            "awk '{{ print $1 }}' file",
            "x={{1,2},{3,4}}",
            "{{\n}}",
            "a <% b",
            "",
            "if [[ $a < 3 ]]; then { { true; }; }; fi",
        ] {
            assert_eq!(by_content(text.as_bytes()), None, "{text}");
        }
    }
}
