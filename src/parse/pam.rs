//! PAM's service files (pam.d(5); Linux-PAM 1.4 to 1.7 `libpam/pam_handlers.c`).

use std::sync::Arc;

use crate::text::{File, Place, Span};

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `auth`.
    Auth,
    /// `account`.
    Account,
    /// `session`.
    Session,
    /// `password`.
    Password,
}

/// What becomes of a stack when a module fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// `required` and `requisite`: the stack fails.
    Must,
    /// `include` and `substack`: another file stands here.
    Include,
    /// Anything else: it may go on.
    May,
}

/// One line.
#[derive(Clone, Debug)]
pub enum Line {
    /// A module or another service's file.
    Module {
        /// What it is for.
        kind: Type,
        /// What its failure does.
        control: Control,
        /// The module, or the file's name.
        name: String,
        /// The line.
        place: Place,
    },
    /// `@include`: all of another file.
    Include {
        /// The file's name.
        name: String,
        /// The line.
        place: Place,
    },
}

/// The lines of a file; what is no line is left out. A backslash at the end goes on in
/// the next line.
#[must_use]
pub fn parse(file: &Arc<File>) -> Vec<Line> {
    let mut found = Vec::new();
    let mut text = String::new();
    let mut start: Option<Span> = None;
    for (span, line) in file.lines() {
        let piece = String::from_utf8_lossy(line).into_owned();
        let piece = piece.split('#').next().unwrap_or("").trim_end();
        let begins = start.get_or_insert(span);
        *begins = begins.to(Span::new(span.start, span.start + line.len()));
        let more = piece.strip_suffix('\\');
        text.push_str(more.unwrap_or(piece));
        if more.is_some() {
            text.push(' ');
            continue;
        }
        let place = file.place(*begins);
        found.extend(read(&text, place));
        text.clear();
        start = None;
    }
    found
}

fn read(text: &str, place: Place) -> Option<Line> {
    let text = text.trim();
    let (first, rest) = split(text)?;
    if first == "@include" {
        let (name, _) = split(rest)?;
        return Some(Line::Include {
            name: name.to_owned(),
            place,
        });
    }
    // A dash in front only keeps the log quiet where the module is missing.
    let kind = match first.trim_start_matches('-').to_ascii_lowercase().as_str() {
        "auth" => Type::Auth,
        "account" => Type::Account,
        "session" => Type::Session,
        "password" => Type::Password,
        _ => return None,
    };
    let (control, rest) = if let Some(inner) = rest.strip_prefix('[') {
        let (words, rest) = inner.split_once(']')?;
        // What a missing module answers, where it is listed, else the default.
        let of = |key: &str| {
            let mut words = words.split_whitespace();
            words.find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
        };
        let answer = of("module_unknown").or(of("default")).unwrap_or("ignore");
        let control = if matches!(answer, "bad" | "die") {
            Control::Must
        } else {
            Control::May
        };
        (control, rest.trim_start())
    } else {
        let (word, rest) = split(rest)?;
        let control = match word.to_ascii_lowercase().as_str() {
            "required" | "requisite" => Control::Must,
            "include" | "substack" => Control::Include,
            _ => Control::May,
        };
        (control, rest)
    };
    let (name, _) = split(rest)?;
    Some(Line::Module {
        kind,
        control,
        name: name.to_owned(),
        place,
    })
}

/// The first word, and what is behind it.
fn split(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (!word.is_empty()).then(|| (word, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let file = File::new("/etc/pam.d/x", text);
        let lines = parse(&file).into_iter();
        lines
            .map(|line| match line {
                Line::Include { name, .. } => format!("@{name}"),
                Line::Module {
                    kind,
                    control,
                    name,
                    ..
                } => format!("{kind:?} {control:?} {name}"),
            })
            .collect()
    }

    #[test]
    fn lines_have_a_type_a_control_and_a_module() {
        let text = "# c\n@include common-auth\naccount required pam_nologin.so # x\n\
                    -session optional pam_systemd.so\nauth [success=1 default=ignore] pam_unix.so a\n\
                    session [success=ok ignore=ignore module_unknown=ignore default=bad] \\\n pam_selinux.so close\n\
                    auth [default=die] pam_faillock.so\nfrob required x\nauth include system-auth\n";
        assert_eq!(
            shown(text),
            [
                "@common-auth",
                "Account Must pam_nologin.so",
                "Session May pam_systemd.so",
                "Auth May pam_unix.so",
                "Session May pam_selinux.so",
                "Auth Must pam_faillock.so",
                "Auth Include system-auth",
            ]
        );
    }
}
