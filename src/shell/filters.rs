//! Programs whose output is known from their words and their input.

use super::awk::{awk, awk_commands};
use super::condition;
use super::pattern;
use super::sed::{basic, sed};
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
        b"sed" => over(args, &input(), sed),
        b"awk" | b"gawk" | b"mawk" => over(args, &input(), awk),
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
        b"expr" => expr(args).map(line),
        _ => None,
    }
}

/// What an awk that calls `system` does, as text for a shell.
pub(super) fn commands(args: &[Traced], stdin: Option<&Traced>) -> Option<Traced> {
    let calls = |word: &Traced| {
        let text = word.bytes().unwrap_or(b"");
        text.windows(7).any(|part| part == b"system(")
    };
    if !args.iter().any(calls) {
        return None;
    }
    let text = over(args, stdin?, awk_commands)?;
    text.bytes().is_some().then_some(text)
}

/// A filter that is known where its words and its input are.
fn over(
    args: &[Traced],
    input: &Traced,
    filter: impl Fn(&[&[u8]], &[u8]) -> Option<Vec<u8>>,
) -> Option<Traced> {
    let words: Option<Vec<&[u8]>> = args.iter().map(Traced::bytes).collect();
    let mut out = match input.bytes() {
        Some(bytes) => input.derived(Value::Known(filter(&words?, bytes)?)),
        None => input.derived(Value::unknown()),
    };
    for word in args {
        out.take_inputs(word);
    }
    Some(out)
}

/// `expr` with one operator, or `length`.
fn expr(args: &[Traced]) -> Option<Traced> {
    let mut value = Traced::unknown();
    for word in args {
        value.take_inputs(word);
    }
    let known = |word: &Traced| word.bytes().map(<[u8]>::to_vec);
    match args {
        [one] => value.value = one.value.clone(),
        [name, text] if name.value.is(b"length") => {
            if let Some(text) = known(text).filter(|text| text.is_ascii()) {
                value.value = Value::known(text.len().to_string());
            }
        }
        [left, operator, right] => {
            let operator = operator.bytes()?;
            let (Some(a), Some(b)) = (known(left), known(right)) else {
                return Some(value);
            };
            let numbers = integer(&a).zip(integer(&b));
            let result = match (operator, numbers) {
                (b"+", Some((a, b))) => a.checked_add(b)?.to_string(),
                (b"-", Some((a, b))) => a.checked_sub(b)?.to_string(),
                (b"*", Some((a, b))) => a.checked_mul(b)?.to_string(),
                (b"/", Some((a, b))) => a.checked_div(b)?.to_string(),
                (b"%", Some((a, b))) => a.checked_rem(b)?.to_string(),
                (b":", _) => return expr_match(&value, &a, &b),
                (b"=" | b"!=" | b"<" | b"<=" | b">" | b">=", _) => {
                    let order = match numbers {
                        Some((a, b)) => a.cmp(&b),
                        None => a.cmp(&b),
                    };
                    let holds = match operator {
                        b"=" => order.is_eq(),
                        b"!=" => order.is_ne(),
                        b"<" => order.is_lt(),
                        b"<=" => order.is_le(),
                        b">" => order.is_gt(),
                        _ => order.is_ge(),
                    };
                    u8::from(holds).to_string()
                }
                _ => return None,
            };
            value.value = Value::known(result);
        }
        _ => return None,
    }
    Some(value)
}

/// `expr STRING : EXPRESSION`: the first group, or how much matched from the start.
fn expr_match(value: &Traced, text: &[u8], expression: &[u8]) -> Option<Traced> {
    let expression = basic(std::str::from_utf8(expression).ok()?)?;
    let regex = condition::posix(&format!("^(?:{expression})"))?;
    let found = regex.captures(text);
    let result = match (&found, regex.captures_len()) {
        (Some(found), 1) => found.get(0)?.len().to_string().into_bytes(),
        (None, 1) => b"0".to_vec(),
        (Some(found), _) => found.get(1).map_or(Vec::new(), |g| g.as_bytes().to_vec()),
        (None, _) => Vec::new(),
    };
    Some(value.derived(Value::known(result)))
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
        basic(pattern)?
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
    let mut text = stdin.derived(Value::known(out));
    for word in args {
        text.take_inputs(word);
    }
    Some((text, Some(!found.is_empty())))
}

/// Which words of a filter are files to read; `None` where the options are not known.
pub(super) fn files(name: &[u8], args: &[Traced]) -> Option<Vec<usize>> {
    let (with_value, skipped): (&[u8], usize) = match name {
        b"cat" | b"tac" | b"rev" => (b"", 0),
        b"head" | b"tail" => (b"nc", 0),
        b"cut" => (b"dfcb", 0),
        b"wc" => (b"", 0),
        b"grep" | b"egrep" | b"fgrep" => (b"eABCm", 1),
        b"sed" => (b"e", 1),
        b"awk" | b"gawk" | b"mawk" => (b"Fv", 1),
        _ => return None,
    };
    let mut operands = Vec::new();
    let mut given = false;
    let mut at = 0;
    while let Some(word) = args.get(at) {
        let prefix = word.value.prefix();
        match prefix {
            b"--" => {}
            [b'-', .., last] if prefix.len() > 1 => {
                if prefix.starts_with(b"--") {
                    return None;
                }
                given |= *last == b'e';
                // `-d:` has its value in it, `-d :` behind it.
                let alone = prefix.len() == 2 || matches!(name, b"sed" | b"grep" | b"egrep");
                at += usize::from(alone && with_value.contains(last));
            }
            _ => operands.push(at),
        }
        at += 1;
    }
    let skipped = if given && matches!(name, b"sed" | b"grep" | b"egrep" | b"fgrep") {
        0
    } else {
        skipped
    };
    operands.drain(..skipped.min(operands.len()));
    Some(operands)
}
