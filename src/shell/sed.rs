//! Regular expressions of the POSIX tools, and sed's substitutions and line filters.

use super::condition;

/// A basic regular expression as an extended one of the same meaning, with GNU's `\+`,
/// `\?` and `\|`; `None` where the library has no such thing (regex(7), "Obsolete").
pub(super) fn basic(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut characters = text.chars().peekable();
    // Whether an expression begins here, so that `*` is a letter and `^` an anchor.
    let mut start = true;
    while let Some(c) = characters.next() {
        let was_start = std::mem::replace(&mut start, false);
        match c {
            '\\' => match characters.next()? {
                '(' => {
                    out.push('(');
                    start = true;
                }
                '|' => {
                    out.push('|');
                    start = true;
                }
                next @ (')' | '{' | '}' | '+' | '?') => out.push(next),
                next if next.is_ascii_alphanumeric() || matches!(next, '<' | '>' | '`' | '\'') => {
                    return None;
                }
                next => out.push_str(&regex::escape(&next.to_string())),
            },
            '[' => bracket(&mut characters, &mut out)?,
            '*' if was_start => out.push_str("\\*"),
            '^' if was_start => {
                out.push('^');
                start = true;
            }
            '^' => out.push_str("\\^"),
            '$' => {
                let rest: String = characters.clone().take(2).collect();
                let anchor = rest.is_empty() || rest == "\\)" || rest == "\\|";
                out.push_str(if anchor { "$" } else { "\\$" });
            }
            '+' | '?' | '(' | ')' | '{' | '}' | '|' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    Some(out)
}

/// A bracket expression, the opening bracket already read; what only the library gives a
/// meaning to is escaped.
fn bracket(
    characters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
) -> Option<()> {
    out.push('[');
    if characters.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if characters.next_if_eq(&']').is_some() {
        out.push_str("\\]");
    }
    loop {
        match characters.next()? {
            ']' => {
                out.push(']');
                return Some(());
            }
            '[' => {
                let kind = characters.peek().copied();
                if kind != Some(':') {
                    if matches!(kind, Some('.' | '=')) {
                        return None;
                    }
                    out.push_str("\\[");
                    continue;
                }
                out.push('[');
                loop {
                    let c = characters.next()?;
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            c @ ('\\' | '&' | '~') => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
}

/// One command of a script.
struct Command {
    /// Only for lines that match.
    address: Option<regex::bytes::Regex>,
    what: What,
}

enum What {
    Substitute {
        pattern: regex::bytes::Regex,
        replacement: Vec<Piece>,
        all: bool,
        print: bool,
    },
    Delete,
    Print,
}

enum Piece {
    Text(Vec<u8>),
    Group(usize),
}

/// The output of `sed ARGS` over an input; `None` where a command is not modelled.
pub(super) fn sed(args: &[&[u8]], input: &[u8]) -> Option<Vec<u8>> {
    let (mut extended, mut quiet, mut at) = (false, false, 0);
    let mut scripts: Vec<&[u8]> = Vec::new();
    while let Some(word) = args.get(at).copied() {
        at += 1;
        match word {
            b"-r" | b"-E" => extended = true,
            b"-n" => quiet = true,
            b"-ne" | b"-e" => {
                quiet |= word == b"-ne";
                scripts.push(args.get(at)?);
                at += 1;
            }
            option if option.starts_with(b"-") => return None,
            script if scripts.is_empty() => scripts.push(script),
            _ => return None,
        }
    }
    let mut commands = Vec::new();
    for script in scripts {
        let text = std::str::from_utf8(script).ok()?;
        parse(text, extended, &mut commands)?;
    }
    let mut out = Vec::new();
    if input.is_empty() {
        return Some(out);
    }
    let ended = input.ends_with(b"\n");
    let body = input.strip_suffix(b"\n").unwrap_or(input);
    for line in body.split(|b| *b == b'\n') {
        let mut line = line.to_vec();
        let mut kept = true;
        for command in &commands {
            let there = command.address.as_ref().is_none_or(|a| a.is_match(&line));
            if !there {
                continue;
            }
            let print = match &command.what {
                What::Delete => {
                    kept = false;
                    break;
                }
                What::Print => true,
                What::Substitute {
                    pattern,
                    replacement,
                    all,
                    print,
                } => {
                    let changed = substitute(&mut line, pattern, replacement, *all);
                    changed && *print
                }
            };
            if print {
                out.extend_from_slice(&line);
                out.push(b'\n');
            }
        }
        if kept && !quiet {
            out.extend_from_slice(&line);
            out.push(b'\n');
        }
    }
    // GNU sed ends the last line as it was.
    if !ended && out.ends_with(b"\n") {
        out.pop();
    }
    Some(out)
}

fn substitute(
    line: &mut Vec<u8>,
    pattern: &regex::bytes::Regex,
    replacement: &[Piece],
    all: bool,
) -> bool {
    let mut new = Vec::new();
    let mut from = 0;
    for captures in pattern.captures_iter(line) {
        let Some(whole) = captures.get(0) else { break };
        new.extend_from_slice(line.get(from..whole.start()).unwrap_or(&[]));
        for piece in replacement {
            match piece {
                Piece::Text(text) => new.extend_from_slice(text),
                Piece::Group(group) => {
                    let group = captures.get(*group).map_or(&b""[..], |g| g.as_bytes());
                    new.extend_from_slice(group);
                }
            }
        }
        from = whole.end();
        if !all {
            new.extend_from_slice(line.get(from..).unwrap_or(&[]));
            *line = new;
            return true;
        }
    }
    if from == 0 && new.is_empty() && !pattern.is_match(line) {
        return false;
    }
    new.extend_from_slice(line.get(from..).unwrap_or(&[]));
    *line = new;
    true
}

fn parse(script: &str, extended: bool, commands: &mut Vec<Command>) -> Option<()> {
    let mut rest = script;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', ';']);
        let Some(first) = rest.chars().next() else {
            return Some(());
        };
        let mut address = None;
        if first == '/' {
            let (text, after) = delimited(rest.get(1..)?, '/')?;
            address = Some(expression(&text, extended, false)?);
            rest = after.trim_start();
        }
        let command = rest.chars().next()?;
        rest = rest.get(command.len_utf8()..)?;
        let what = match command {
            'd' => What::Delete,
            'p' => What::Print,
            's' => {
                let mark = rest.chars().next()?;
                let (from, after) = delimited(rest.get(mark.len_utf8()..)?, mark)?;
                let (to, after) = delimited(after, mark)?;
                let flags: String = after
                    .chars()
                    .take_while(char::is_ascii_alphanumeric)
                    .collect();
                rest = after.get(flags.len()..)?;
                if flags
                    .chars()
                    .any(|flag| !matches!(flag, 'g' | 'p' | 'i' | 'I'))
                {
                    return None;
                }
                // Alternatives: the library takes the first, POSIX the longest.
                if from.contains('|') && !(from.starts_with('^') && from.ends_with('$')) {
                    return None;
                }
                What::Substitute {
                    pattern: expression(&from, extended, flags.contains(['i', 'I']))?,
                    replacement: replacement(&to)?,
                    all: flags.contains('g'),
                    print: flags.contains('p'),
                }
            }
            _ => return None,
        };
        commands.push(Command { address, what });
        let next = rest.trim_start_matches([' ', '\t']);
        if !next.is_empty() && !next.starts_with([';', '\n']) {
            return None;
        }
        rest = next;
    }
}

/// Up to an unescaped mark; the mark's own escapes are undone.
fn delimited(text: &str, mark: char) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        if c == mark {
            return Some((out, text.get(at + c.len_utf8()..)?));
        }
        if c == '\\' {
            let (_, next) = characters.next()?;
            if next != mark {
                out.push('\\');
            }
            out.push(next);
            continue;
        }
        out.push(c);
    }
    None
}

fn expression(text: &str, extended: bool, any_case: bool) -> Option<regex::bytes::Regex> {
    if text.is_empty() {
        return None;
    }
    let expression = if extended {
        text.to_owned()
    } else {
        basic(text)?
    };
    let prefix = if any_case { "(?i)" } else { "" };
    condition::posix(&format!("{prefix}{expression}"))
}

fn replacement(text: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut literal = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let group = match byte {
            b'&' => 0,
            b'\\' => match bytes.next()? {
                digit @ b'0'..=b'9' => usize::from(digit - b'0'),
                b'n' => {
                    literal.push(b'\n');
                    continue;
                }
                letter if letter.is_ascii_alphabetic() => return None,
                other => {
                    literal.push(other);
                    continue;
                }
            },
            other => {
                literal.push(other);
                continue;
            }
        };
        pieces.push(Piece::Text(std::mem::take(&mut literal)));
        pieces.push(Piece::Group(group));
    }
    pieces.push(Piece::Text(literal));
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str], input: &str) -> Option<String> {
        let args: Vec<&[u8]> = args.iter().map(|a| a.as_bytes()).collect();
        let out = sed(&args, input.as_bytes())?;
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn lines_are_changed_printed_and_deleted_as_sed_does() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(run(&["s/a/X/g"], "aba\n"), some("XbX\n"));
        assert_eq!(run(&["s/^gw\\([46]\\)$/-\\1/"], "gw4\n"), some("-4\n"));
        assert_eq!(run(&["-E", "s/^(gw|lan)$/[&]/"], "lan\n"), some("[lan]\n"));
        assert_eq!(run(&["-n", "s/^gw4 //p"], "gw4 a\nx\n"), some("a\n"));
        assert_eq!(
            run(&["-e", "s/^VI_//", "-e", "s/[0-9]*$//"], "VI_lan4"),
            some("lan")
        );
        assert_eq!(run(&["/^#/d; s|/|.|"], "#x\na/b/c\n"), some("a.b/c\n"));
        assert_eq!(run(&["-n", "/b/p"], "a\nb\n"), some("b\n"));
        assert_eq!(run(&["s/x*/-/"], "abc\n"), some("-abc\n"));
        assert_eq!(run(&["s/a.c/\\&/i"], "ABC\n"), some("&\n"));
        assert_eq!(run(&["s/a/b/"], ""), some(""));
    }

    #[test]
    fn what_is_not_modelled_is_not_guessed() {
        for script in [
            "s/a/b/3",
            "1d",
            "$p",
            "y/a/b/",
            "s/a/\\U&/",
            "s/\\(a\\)\\1/b/",
            "w f",
            "s/a",
        ] {
            assert_eq!(run(&[script], "a\n"), None, "{script}");
        }
        assert_eq!(run(&["-i", "s/a/b/"], "a\n"), None);
        assert_eq!(run(&["-E", "s/a|ab/x/"], "ab\n"), None);
    }

    #[test]
    fn a_basic_expression_keeps_its_meaning() {
        let same = |text: &str, wanted: &str| {
            assert_eq!(basic(text).as_deref(), Some(wanted), "{text}");
        };
        same("a+b?", "a\\+b\\?");
        same("^*a\\{2\\}$", "^\\*a{2}$");
        same("a^b$c", "a\\^b\\$c");
        same("[]^a-z&]\\.", "[\\]^a-z\\&]\\.");
        same("[[:alpha:]_]*", "[[:alpha:]_]*");
        same("x\\|^y", "x|^y");
        assert_eq!(basic("\\(a\\)\\1"), None);
        assert_eq!(basic("\\<a"), None);
        assert_eq!(basic("[a"), None);
    }
}
