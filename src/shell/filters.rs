//! Programs whose output is known from their words and their input.

use super::condition;
use super::pattern;
use super::state::State;
use super::value::{Traced, Value};
use super::wrappers::base;

/// The output of a pure tool; `None` where it is not modelled for these words.
pub(super) fn output(name: &[u8], args: &[Traced], stdin: Option<&Traced>) -> Option<Traced> {
    let line = |value: Traced| {
        let mut value = value;
        value.append(&Traced::known("\n"));
        value
    };
    let input = || stdin.cloned().unwrap_or_else(|| Traced::known(""));
    match name {
        b"basename" => {
            let (path, suffix) = match args {
                [path] => (path, None),
                [path, suffix] if !path.value.prefix().starts_with(b"-") => {
                    (path, Some(suffix.bytes()?))
                }
                _ => return None,
            };
            Some(line(path.change(|bytes| base_name(bytes, suffix))))
        }
        b"dirname" => match args {
            [path] => Some(line(path.change(dir_name))),
            _ => None,
        },
        b"cat" if args.is_empty() || args.len() == 1 && args.first()?.value.is(b"-") => {
            Some(input())
        }
        b"tr" => tr(args, &input()),
        b"cut" => cut(args, &input()),
        b"head" | b"tail" => lines(name, args, &input()),
        b"rev" if args.is_empty() => {
            Some(each_line(&input(), |l| l.iter().rev().copied().collect()))
        }
        b"sed" => sed(args, &input()),
        b"wc" => match args {
            [flag] if flag.value.is(b"-c") => {
                Some(line(input().change(|b| b.len().to_string().into_bytes())))
            }
            [flag] if flag.value.is(b"-l") => Some(line(input().change(|b| {
                b.split(|b| *b == b'\n')
                    .count()
                    .saturating_sub(1)
                    .to_string()
                    .into_bytes()
            }))),
            _ => None,
        },
        b"seq" => {
            let numbers: Option<Vec<i64>> = args.iter().map(|w| integer(w.bytes()?)).collect();
            let numbers = match numbers?.as_slice() {
                [to] => (1..=*to).take(1000).collect::<Vec<_>>(),
                [from, to] => (*from..=*to).take(1000).collect(),
                _ => return None,
            };
            let text: Vec<String> = numbers.iter().map(|n| format!("{n}\n")).collect();
            Some(Traced::known(text.concat()))
        }
        b"expr" => match args {
            [left, operator, right] => {
                let whole = operator.bytes()?;
                let mut value = left.derived(Value::unknown());
                value.take_inputs(right);
                if let (Some(a), Some(b)) = (
                    left.bytes().and_then(integer),
                    right.bytes().and_then(integer),
                ) {
                    let result = match whole {
                        b"+" => a.checked_add(b)?,
                        b"-" => a.checked_sub(b)?,
                        b"*" => a.checked_mul(b)?,
                        b"/" => a.checked_div(b)?,
                        b"%" => a.checked_rem(b)?,
                        _ => return None,
                    };
                    value.value = Value::known(result.to_string());
                }
                Some(line(value))
            }
            _ => None,
        },
        _ => None,
    }
}

fn integer(bytes: &[u8]) -> Option<i64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

fn base_name(bytes: &[u8], suffix: Option<&[u8]>) -> Vec<u8> {
    let end = bytes.iter().rposition(|b| *b != b'/');
    let Some(end) = end else {
        return if bytes.is_empty() {
            Vec::new()
        } else {
            b"/".to_vec()
        };
    };
    let name = base(bytes.get(..=end).unwrap_or(&[]));
    let cut = suffix
        .and_then(|s| name.strip_suffix(s))
        .filter(|n| !n.is_empty());
    cut.unwrap_or(name).to_vec()
}

fn dir_name(bytes: &[u8]) -> Vec<u8> {
    let strip = |b: &[u8]| b.iter().rposition(|b| *b != b'/').map(|end| end + 1);
    let Some(end) = strip(bytes) else {
        return if bytes.is_empty() {
            b".".to_vec()
        } else {
            b"/".to_vec()
        };
    };
    let name = bytes.get(..end).unwrap_or(&[]);
    let Some(slash) = name.iter().rposition(|b| *b == b'/') else {
        return b".".to_vec();
    };
    let dir = name.get(..slash).unwrap_or(&[]);
    strip(dir).map_or_else(
        || b"/".to_vec(),
        |end| dir.get(..end).unwrap_or(&[]).to_vec(),
    )
}

/// Changes every line of a text.
fn each_line(text: &Traced, change: impl Fn(&[u8]) -> Vec<u8>) -> Traced {
    text.change(|bytes| {
        let (body, ended) = match bytes.strip_suffix(b"\n") {
            Some(body) => (body, true),
            None => (bytes, false),
        };
        if bytes.is_empty() {
            return Vec::new();
        }
        let lines: Vec<Vec<u8>> = body.split(|b| *b == b'\n').map(&change).collect();
        let mut out = lines.join(&b'\n');
        if ended {
            out.push(b'\n');
        }
        out
    })
}

fn tr(args: &[Traced], input: &Traced) -> Option<Traced> {
    let words: Option<Vec<&[u8]>> = args.iter().map(Traced::bytes).collect();
    match words?.as_slice() {
        [b"-d", set] => {
            let set = pattern::characters(set)?;
            Some(input.change(|b| b.iter().filter(|b| !set.contains(b)).copied().collect()))
        }
        [b"-s", set] => {
            let set = pattern::characters(set)?;
            Some(input.change(|bytes| {
                let mut out: Vec<u8> = Vec::new();
                for byte in bytes {
                    if out.last() != Some(byte) || !set.contains(byte) {
                        out.push(*byte);
                    }
                }
                out
            }))
        }
        [from, to] if !from.starts_with(b"-") => {
            let from = pattern::characters(from)?;
            let to = pattern::characters(to)?;
            let last = *to.last()?;
            Some(input.change(|bytes| {
                let replaced = bytes.iter().map(|byte| {
                    let at = from.iter().rposition(|known| known == byte);
                    at.map_or(*byte, |at| to.get(at).copied().unwrap_or(last))
                });
                replaced.collect()
            }))
        }
        _ => None,
    }
}

fn cut(args: &[Traced], input: &Traced) -> Option<Traced> {
    let mut delimiter = b'\t';
    let mut fields: Option<(Vec<u8>, bool)> = None;
    let mut at = 0;
    while let Some(word) = args.get(at) {
        let bytes = word.bytes()?;
        at += 1;
        let option = bytes.get(..2)?;
        let mut value = bytes.get(2..).unwrap_or(&[]).to_vec();
        if value.is_empty() {
            value = args.get(at)?.bytes()?.to_vec();
            at += 1;
        }
        match option {
            b"-d" => delimiter = *value.first()?,
            b"-f" => fields = Some((value, true)),
            b"-c" | b"-b" => fields = Some((value, false)),
            _ => return None,
        }
    }
    let (list, by_field) = fields?;
    let list = std::str::from_utf8(&list).ok()?;
    let mut ranges = Vec::new();
    for part in list.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let from: usize = if from.is_empty() {
            1
        } else {
            from.parse().ok()?
        };
        let to: usize = if to.is_empty() {
            usize::MAX
        } else {
            to.parse().ok()?
        };
        ranges.push(from..=to);
    }
    let wanted = |index: usize| ranges.iter().any(|r| r.contains(&(index + 1)));
    Some(each_line(input, |line| {
        if !by_field {
            let kept = line.iter().enumerate().filter(|(i, _)| wanted(*i));
            return kept.map(|(_, b)| *b).collect();
        }
        if !line.contains(&delimiter) {
            return line.to_vec();
        }
        let fields = line.split(|b| *b == delimiter).enumerate();
        let kept: Vec<&[u8]> = fields.filter(|(i, _)| wanted(*i)).map(|(_, f)| f).collect();
        kept.join(&delimiter)
    }))
}

fn lines(name: &[u8], args: &[Traced], input: &Traced) -> Option<Traced> {
    let words: Option<Vec<&[u8]>> = args.iter().map(Traced::bytes).collect();
    let count = match words?.as_slice() {
        [] => 10,
        [b"-n", count] => usize::try_from(integer(count)?).ok()?,
        [option] if option.len() > 1 => {
            let digits = option
                .strip_prefix(b"-n")
                .or_else(|| option.strip_prefix(b"-"))?;
            usize::try_from(integer(digits)?).ok()?
        }
        _ => return None,
    };
    Some(input.change(|bytes| {
        let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
        let kept = if name == b"head" {
            lines.get(..count.min(lines.len()))
        } else {
            lines.get(lines.len().saturating_sub(count)..)
        };
        kept.unwrap_or(&[]).concat()
    }))
}

/// `sed 's/a/b/[g]'`, one or more of them.
fn sed(args: &[Traced], input: &Traced) -> Option<Traced> {
    let mut extended = false;
    let mut scripts = Vec::new();
    let mut at = 0;
    while let Some(word) = args.get(at) {
        at += 1;
        match word.bytes()? {
            b"-r" | b"-E" => extended = true,
            b"-e" => {
                scripts.push(args.get(at)?.bytes()?);
                at += 1;
            }
            option if option.starts_with(b"-") => return None,
            script if scripts.is_empty() => scripts.push(script),
            _ => return None,
        }
    }
    let mut text = input.clone();
    for script in scripts.iter().flat_map(|s| s.split(|b| *b == b';')) {
        let script = std::str::from_utf8(script.trim_ascii()).ok()?;
        let rest = script.strip_prefix('s')?;
        let mark = rest.chars().next()?;
        let parts: Vec<&str> = rest.get(mark.len_utf8()..)?.split(mark).collect();
        let [from, to, flags] = parts.as_slice() else {
            return None;
        };
        if to.contains(['\\', '&']) || !matches!(*flags, "" | "g") || from.is_empty() {
            return None;
        }
        let expression = if extended {
            (*from).to_owned()
        } else {
            basic(from)?
        };
        let regex = condition::posix(&expression)?;
        let limit = usize::from(flags.is_empty());
        let new = regex::bytes::NoExpand(to.as_bytes());
        text = each_line(&text, |line| {
            regex.replacen(line, limit, new.clone()).into_owned()
        });
    }
    Some(text)
}

/// A basic regular expression that means the same as an extended one.
fn basic(text: &str) -> Option<String> {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' => return None,
            '+' | '?' | '(' | ')' | '{' | '}' | '|' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    Some(out)
}

/// The pattern among grep's words: the first that is no option.
pub(super) fn grep_pattern(args: &[Traced]) -> Option<&Traced> {
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match word.bytes()? {
            b"-e" | b"--" => return words.next(),
            option if option.starts_with(b"-") => {}
            _ => return Some(word),
        }
    }
    None
}

/// `... | grep PATTERN`: its output and whether something was found.
pub(super) fn grep(name: &[u8], args: &[Traced], state: &State) -> Option<(Traced, Option<bool>)> {
    let mut flags = Vec::new();
    let mut operands = 0;
    for word in args {
        match word.bytes()? {
            b"-e" | b"--" => {}
            option if option.starts_with(b"--") => return None,
            option if option.starts_with(b"-") => {
                flags.extend_from_slice(option.get(1..).unwrap_or(&[]));
            }
            _ => operands += 1,
        }
    }
    let known = |b: &u8| b"qisEFwvx".contains(b);
    let stdin = state.stdin.as_ref()?;
    if operands != 1 || !flags.iter().all(known) {
        return None;
    }
    let quiet = flags.contains(&b'q');
    let Some(bytes) = stdin.bytes() else {
        let out = if quiet {
            Traced::known("")
        } else {
            stdin.derived(Value::unknown())
        };
        return Some((out, None));
    };
    let pattern = std::str::from_utf8(grep_pattern(args)?.bytes()?).ok()?;
    let mut expression = if flags.contains(&b'F') || name == b"fgrep" {
        regex::escape(pattern)
    } else if flags.contains(&b'E') || name == b"egrep" {
        pattern.to_owned()
    } else {
        basic(&pattern.replace("\\|", "\u{1}"))?.replace('\u{1}', "|")
    };
    if flags.contains(&b'w') {
        expression = format!("(^|[^A-Za-z0-9_])({expression})([^A-Za-z0-9_]|$)");
    }
    if flags.contains(&b'x') {
        expression = format!("^({expression})$");
    }
    if flags.contains(&b'i') {
        expression = format!("(?i){expression}");
    }
    let regex = condition::posix(&expression)?;
    let invert = flags.contains(&b'v');
    let lines = bytes
        .strip_suffix(b"\n")
        .unwrap_or(bytes)
        .split(|b| *b == b'\n');
    let lines: Vec<&[u8]> = if bytes.is_empty() {
        Vec::new()
    } else {
        lines.collect()
    };
    let found: Vec<&[u8]> = lines
        .into_iter()
        .filter(|line| regex.is_match(line) != invert)
        .collect();
    let mut out = Vec::new();
    for line in found.iter().filter(|_| !quiet) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    Some((stdin.derived(Value::known(out)), Some(!found.is_empty())))
}
