//! `echo` and `printf`.

use super::Dialect;
use super::builtin::number;
use super::state::{Flow, State};
use super::value::{Traced, Value};

/// `echo`: dash takes `-n` only and reads escapes, bash takes `-neE`.
pub(super) fn echo(args: &[Traced], dialect: Dialect) -> Traced {
    let mut newline = true;
    let mut escapes = dialect == Dialect::Sh;
    let mut from = 0;
    while let Some(option) = args.get(from).and_then(Traced::bytes) {
        let known = match dialect {
            Dialect::Sh => option == b"-n",
            Dialect::Bash => {
                option.len() > 1
                    && option.starts_with(b"-")
                    && option.iter().skip(1).all(|b| b"neE".contains(b))
            }
        };
        // `sh` may be bash too, where `echo -e` is an option
        let both = dialect == Dialect::Sh && matches!(option, b"-e" | b"-ne" | b"-en");
        if !known && !both {
            break;
        }
        newline &= !option.contains(&b'n');
        escapes |= option.contains(&b'e');
        from += 1;
    }
    let mut text = Traced::known("");
    for (index, word) in args.iter().skip(from).enumerate() {
        if index > 0 {
            text.append(&Traced::known(" "));
        }
        text.append(word);
    }
    if escapes && text.value.prefix().contains(&b'\\') {
        text.value = match text.value {
            Value::Known(bytes) => Value::Known(unescape(&bytes)),
            Value::Unknown { .. } => Value::unknown(),
        };
    }
    if newline {
        text.append(&Traced::known("\n"));
    }
    text
}

/// The escapes of `echo -e` and of printf's format.
pub(super) fn unescape(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let next = bytes.get(at).copied();
        at += 1;
        match next {
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(b'a') => out.push(7),
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(b'v') => out.push(11),
            Some(b'e') => out.push(27),
            Some(b'\\') | None => out.push(b'\\'),
            Some(b'c') => break,
            Some(digit @ b'0'..=b'7') => {
                let most = if digit == b'0' { 4 } else { 3 };
                let digits = bytes.get(at - 1..).unwrap_or(&[]).iter().take(most);
                let digits: Vec<u8> = digits
                    .take_while(|b| (b'0'..=b'7').contains(b))
                    .copied()
                    .collect();
                let value = digits
                    .iter()
                    .fold(0_u32, |v, d| v * 8 + u32::from(d - b'0'));
                out.push(u8::try_from(value & 255).unwrap_or(0));
                at += digits.len() - 1;
            }
            Some(other) => out.extend([b'\\', other]),
        }
    }
    out
}

/// `printf FORMAT ARGS`: `%s`, `%d`, `%b`, `%q`-less, widths left alone.
pub(super) fn printf(args: &[Traced], mut state: State) -> Flow {
    let args = match args.first() {
        Some(first) if first.value.is(b"--") => args.get(1..).unwrap_or(&[]),
        _ => args,
    };
    let (target, args) = match args.first() {
        Some(first) if first.value.is(b"-v") => {
            let name = args.get(1).and_then(Traced::bytes).map(<[u8]>::to_vec);
            (Some(name), args.get(2..).unwrap_or(&[]))
        }
        _ => (None, args),
    };
    let Some((format, values)) = args.split_first() else {
        return Flow::done(state, 2);
    };
    let text = match format.bytes() {
        Some(format) => formatted(format, values),
        None => Traced::unknown(),
    };
    match target {
        Some(Some(name)) => state.set(&name, text),
        Some(None) => {}
        None => state.print(&text),
    }
    Flow::done(state, 0)
}

fn formatted(format: &[u8], values: &[Traced]) -> Traced {
    let mut out = Traced::known("");
    let mut values = values.iter();
    loop {
        let mut used = false;
        let mut at = 0;
        while let Some(byte) = format.get(at).copied() {
            if byte == b'%' {
                let kind = format.get(at + 1).copied();
                at += 2;
                match kind {
                    Some(b'%') => out.append(&Traced::known("%")),
                    Some(b's') => {
                        used = true;
                        if let Some(value) = values.next() {
                            out.append(value);
                        }
                    }
                    Some(b'b') => {
                        used = true;
                        if let Some(value) = values.next() {
                            out.append(&value.change(unescape));
                        }
                    }
                    Some(b'd' | b'i' | b'u') => {
                        used = true;
                        let zero = Traced::known("0");
                        let value = values.next().unwrap_or(&zero);
                        let plain = value.bytes().and_then(number);
                        let plain =
                            plain.map_or_else(Value::unknown, |n| Value::known(n.to_string()));
                        out.append(&value.derived(plain));
                    }
                    _ => {
                        out.append(&Traced::unknown());
                        return out;
                    }
                }
                continue;
            }
            let rest = format.get(at..).unwrap_or(&[]);
            let length = rest.iter().position(|b| *b == b'%').unwrap_or(rest.len());
            let text = unescape(rest.get(..length).unwrap_or(&[]));
            out.append(&Traced::known(text));
            at += length;
        }
        // the format is used again while values are left
        if !used || values.as_slice().is_empty() {
            return out;
        }
    }
}
