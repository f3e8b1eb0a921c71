//! The shell's own commands.

use super::evaluate::{Evaluator, condition_at};
use super::state::{Contents, Flow, Jump, Positional, State, Status, Variable};
use super::value::{Traced, Value};
use super::{Dialect, FileTest, follow};
use crate::fact::Fact;
use crate::text::Place;

/// Whether a name is one of the shell's own commands.
pub(super) fn is_builtin(name: &[u8]) -> bool {
    matches!(
        name,
        b":" | b"true"
            | b"false"
            | b"exit"
            | b"return"
            | b"break"
            | b"continue"
            | b"shift"
            | b"set"
            | b"unset"
            | b"eval"
            | b"."
            | b"source"
            | b"cd"
            | b"trap"
            | b"exec"
            | b"test"
            | b"["
            | b"echo"
            | b"printf"
            | b"read"
            | b"export"
            | b"readonly"
            | b"local"
            | b"declare"
            | b"typeset"
            | b"let"
            | b"command"
            | b"builtin"
            | b"type"
            | b"hash"
            | b"umask"
            | b"ulimit"
            | b"wait"
            | b"alias"
            | b"unalias"
            | b"shopt"
            | b"getopts"
            | b"pwd"
            | b"times"
            | b"pushd"
            | b"popd"
            | b"mapfile"
            | b"readarray"
            | b"jobs"
            | b"disown"
            | b"enable"
            | b"bind"
            | b"complete"
            | b"history"
            | b"logout"
            | b"kill"
    )
}

/// A builtin's flow, or the state back where the name is none.
type Tried = Result<Flow, Box<State>>;

impl Evaluator<'_> {
    pub(super) fn builtin(
        &mut self,
        name: &[u8],
        argv: &[Traced],
        place: &Place,
        mut state: State,
    ) -> Tried {
        let args = argv.get(1..).unwrap_or(&[]);
        let done = |state: State, status: u8| Ok(Flow::done(state, status));
        match name {
            b":" | b"true" => done(state, 0),
            b"false" => done(state, 1),
            b"umask" | b"ulimit" | b"wait" | b"alias" | b"unalias" | b"shopt" | b"times"
            | b"jobs" | b"disown" | b"enable" | b"bind" | b"complete" | b"history" | b"fg"
            | b"bg" | b"logout" => done(state, 0),
            b"exit" | b"return" => {
                let jump = if name == b"exit" {
                    Jump::Exit
                } else {
                    Jump::Return
                };
                if let Some(status) = args.first() {
                    let number = status.bytes().and_then(number);
                    state.status = match number {
                        Some(number) => Status::Known(u8::try_from(number & 255).unwrap_or(2)),
                        None => Status::Open(condition_at(place)),
                    };
                }
                Ok(Flow::jump(jump, state))
            }
            b"break" | b"continue" => {
                let levels = args.first().and_then(Traced::bytes).and_then(number);
                let levels = usize::try_from(levels.unwrap_or(1)).unwrap_or(1).max(1);
                state.status = Status::Known(0);
                let jump = if name == b"break" {
                    Jump::Break(levels)
                } else {
                    Jump::Continue(levels)
                };
                Ok(Flow::jump(jump, state))
            }
            b"shift" => Ok(shift(args, state)),
            b"set" => Ok(set(args, state)),
            b"unset" => Ok(unset(args, state)),
            b"eval" => {
                let mut text = Traced::known("");
                for (index, word) in args.iter().enumerate() {
                    if index > 0 {
                        text.append(&Traced::known(" "));
                    }
                    text.append(word);
                }
                text.place = Some(place.clone());
                Ok(self.nested_text(&text, state))
            }
            b"." | b"source" => Ok(self.source(argv, place, state)),
            b"cd" => Ok(self.change_directory(args, place, state)),
            b"pushd" | b"popd" => {
                state.cwd = Value::unknown();
                done(state, 0)
            }
            b"pwd" => {
                let cwd = Traced::new(state.cwd.clone());
                state.print(&cwd);
                state.print(&Traced::known("\n"));
                done(state, 0)
            }
            b"trap" => Ok(self.trap(args, place, state)),
            b"exec" => Ok(self.exec(args, place, state)),
            b"test" | b"[" => {
                let words = match args.split_last() {
                    Some((last, rest)) if name == b"[" && last.value.is(b"]") => rest,
                    _ => args,
                };
                state.status = self.test(words, place, &mut state);
                Ok(Flow::next(state))
            }
            b"echo" => {
                let text = echo(args, state.dialect);
                state.print(&text);
                done(state, 0)
            }
            b"printf" => Ok(printf(args, state)),
            b"read" => Ok(read(args, place, state)),
            b"mapfile" | b"readarray" => {
                if let Some(name) = args.last().and_then(Traced::bytes) {
                    let name = name.to_vec();
                    state.set(&name, Traced::unknown());
                }
                done(state, 0)
            }
            b"let" => {
                let mut last = None;
                for word in args {
                    last = word
                        .bytes()
                        .and_then(|b| super::arithmetic::evaluate(b, &mut state));
                }
                state.status = match last {
                    Some(value) => Status::Known(u8::from(value == 0)),
                    None => Status::Open(condition_at(place)),
                };
                Ok(Flow::next(state))
            }
            b"getopts" => {
                for name in [args.get(1).and_then(Traced::bytes), Some(&b"OPTARG"[..])] {
                    if let Some(name) = name {
                        let name = name.to_vec();
                        state.set(&name, Traced::unknown());
                    }
                }
                state.set(b"OPTIND", Traced::unknown());
                let outside = state.positional.count() == Some(0);
                state.status = if outside {
                    Status::Known(1)
                } else {
                    Status::Open(condition_at(place))
                };
                Ok(Flow::next(state))
            }
            b"type" | b"hash" => {
                let asked = args.iter().find(|w| !w.value.prefix().starts_with(b"-"));
                match asked.cloned() {
                    Some(asked) => Ok(self.locate(&asked, place, state)),
                    None => done(state, 0),
                }
            }
            _ => Err(Box::new(state)),
        }
    }

    fn change_directory(&mut self, args: &[Traced], place: &Place, mut state: State) -> Flow {
        let target = args.iter().find(|w| {
            let bytes = w.value.prefix();
            !bytes.starts_with(b"-") || bytes == b"-"
        });
        let target = match target {
            Some(target) => target.clone(),
            None => match state.variables.get(b"HOME".as_slice()) {
                Some(home) => home.value(),
                None => Traced::unknown(),
            },
        };
        let path = target
            .bytes()
            .filter(|b| *b != b"-")
            .and_then(|b| follow::absolute(b, &state.cwd));
        let Some(path) = path else {
            state.cwd = Value::unknown();
            state.status = Status::Assumed(condition_at(place));
            return Flow::next(state);
        };
        let exists = match self.world.test(FileTest::Directory, &path) {
            Fact::Known(exists) => Some(exists),
            Fact::Absent(_) => Some(false),
            _ => None,
        };
        if exists == Some(false) {
            // 2 in dash
            return Flow::done(state, 1);
        }
        state.cwd = Value::known(path.to_string_lossy().into_owned());
        state.status = match exists {
            Some(_) => Status::Known(0),
            None => Status::Assumed(condition_at(place)),
        };
        Flow::next(state)
    }

    fn trap(&mut self, args: &[Traced], place: &Place, mut state: State) -> Flow {
        let args = match args.first() {
            Some(first) if first.value.is(b"--") => args.get(1..).unwrap_or(&[]),
            _ => args,
        };
        let Some((text, signals)) = args.split_first() else {
            return Flow::done(state, 0);
        };
        if signals.is_empty() || text.value.prefix() == b"-l" || text.value.is(b"-p") {
            return Flow::done(state, 0);
        }
        let at_exit = signals
            .iter()
            .any(|s| matches!(s.bytes(), Some(b"EXIT" | b"0" | b"exit")));
        let nothing = text.value.is(b"-") || text.value.is(b"");
        if at_exit {
            state.exit_trap = if nothing { None } else { Some(text.clone()) };
        }
        if !nothing && !(at_exit && signals.len() == 1) {
            // what a signal would do, under the condition that it comes
            let mut inside = state.clone();
            inside.exit_trap = None;
            inside.out = None;
            let mut condition = condition_at(place);
            condition.text = format!("signal for: {}", condition.text);
            inside.assume(&condition, true);
            let _ = self.nested_text(text, inside);
        }
        Flow::done(state, 0)
    }

    fn exec(&mut self, args: &[Traced], place: &Place, state: State) -> Flow {
        let mut at = 0;
        while let Some(word) = args.get(at).and_then(Traced::bytes) {
            match word {
                b"-a" => at += 2,
                b"-c" | b"-l" | b"-cl" => at += 1,
                b"--" => {
                    at += 1;
                    break;
                }
                _ => break,
            }
        }
        let words = args.get(at..).unwrap_or(&[]);
        if words.is_empty() {
            return Flow::done(state, 0);
        }
        let mut flow = self.external(words, place, state);
        match flow.next.take() {
            Some(mut state) => {
                state.exit_trap = None;
                flow.or(Flow::jump(Jump::Exit, state))
            }
            None => flow,
        }
    }
}

fn number(bytes: &[u8]) -> Option<i64> {
    std::str::from_utf8(bytes.trim_ascii()).ok()?.parse().ok()
}

fn shift(args: &[Traced], mut state: State) -> Flow {
    let by = match args.first() {
        None => Some(1),
        Some(word) => word.bytes().and_then(number),
    };
    let by = by.and_then(|by| usize::try_from(by).ok());
    let Some(by) = by else {
        state.positional.open_from = Some(0);
        return Flow::done(state, 0);
    };
    if state.positional.open_from.is_none() && by > state.positional.values.len() {
        // dash ends the shell here, bash goes on with status 1
        if state.dialect == Dialect::Sh {
            state.status = Status::Known(2);
            return Flow::jump(Jump::Exit, state);
        }
        return Flow::done(state, 1);
    }
    let values = &mut state.positional.values;
    values.drain(..by.min(values.len()));
    let open = &mut state.positional.open_from;
    *open = open.map(|from| from.saturating_sub(by));
    Flow::done(state, 0)
}

fn set(args: &[Traced], mut state: State) -> Flow {
    let mut at = 0;
    while let Some(word) = args.get(at) {
        let Some(bytes) = word.bytes() else { break };
        at += 1;
        match bytes {
            b"--" => {
                state.positional = Positional::new(args.get(at..).unwrap_or(&[]).to_vec());
                return Flow::done(state, 0);
            }
            b"-" => {}
            _ if bytes.starts_with(b"-") || bytes.starts_with(b"+") => {
                let on = bytes.starts_with(b"-");
                if bytes.contains(&b'e') {
                    state.errexit = on;
                }
                if bytes.ends_with(b"o") {
                    if args
                        .get(at)
                        .is_some_and(|option| option.value.is(b"errexit"))
                    {
                        state.errexit = on;
                    }
                    at += 1;
                }
            }
            _ => {
                at -= 1;
                break;
            }
        }
    }
    let rest = args.get(at..).unwrap_or(&[]);
    if !rest.is_empty() {
        state.positional = Positional::new(rest.to_vec());
    }
    Flow::done(state, 0)
}

fn unset(args: &[Traced], mut state: State) -> Flow {
    for word in args {
        match word.bytes() {
            Some(b"-f" | b"-v") => {}
            Some(name) => {
                let cut = name.iter().position(|b| *b == b'[');
                let base = name.get(..cut.unwrap_or(name.len())).unwrap_or(&[]);
                if cut.is_some() {
                    if let Some(variable) = state.variables.get_mut(base)
                        && let Contents::Array { .. } = variable.contents
                    {
                        *variable = Variable::scalar(Traced::unknown());
                    }
                } else {
                    state.variables.remove(base);
                    state.functions.remove(base);
                }
            }
            None => state.tainted = true,
        }
    }
    Flow::done(state, 0)
}

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
fn unescape(bytes: &[u8]) -> Vec<u8> {
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
            Some(b'\\') => out.push(b'\\'),
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
            None => out.push(b'\\'),
        }
    }
    out
}

/// `printf FORMAT ARGS`: `%s`, `%d`, `%b`, `%q`-less, widths left alone.
fn printf(args: &[Traced], mut state: State) -> Flow {
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

/// `read [-r] NAMES`: one line of standard input.
fn read(args: &[Traced], place: &Place, mut state: State) -> Flow {
    let mut names = Vec::new();
    let mut at = 0;
    let mut odd = false;
    while let Some(word) = args.get(at).and_then(Traced::bytes) {
        at += 1;
        if let Some(letters) = word.strip_prefix(b"-").filter(|_| names.is_empty()) {
            if letters.last().is_some_and(|b| b"adinNptu".contains(b)) {
                odd |= letters.iter().any(|b| b"adnNu".contains(b));
                if letters.ends_with(b"a")
                    && let Some(name) = args.get(at).and_then(Traced::bytes)
                {
                    names.push(name.to_vec());
                }
                at += 1;
            }
            continue;
        }
        names.push(word.to_vec());
    }
    if names.is_empty() {
        names.push(b"REPLY".to_vec());
    }
    let input = match &state.stdin {
        None => Some(Vec::new()),
        Some(text) if !odd => text.bytes().map(<[u8]>::to_vec),
        Some(_) => None,
    };
    let Some(input) = input else {
        let from = state.stdin.clone().unwrap_or_else(Traced::unknown);
        for name in names {
            state.set(&name, from.derived(Value::unknown()));
        }
        state.status = Status::Open(condition_at(place));
        return Flow::next(state);
    };
    let source = state.stdin.clone().unwrap_or_else(|| Traced::known(""));
    let end = input.iter().position(|b| *b == b'\n');
    let line = input.get(..end.unwrap_or(input.len())).unwrap_or(&[]);
    let rest = end.and_then(|end| input.get(end + 1..)).unwrap_or(&[]);
    let status = u8::from(end.is_none());
    state.stdin = (!rest.is_empty()).then(|| source.derived(Value::known(rest)));
    let ifs = match state.variables.get(b"IFS".as_slice()) {
        None => Some(b" \t\n".to_vec()),
        Some(variable) => variable.value().bytes().map(<[u8]>::to_vec),
    };
    let last = names.len().saturating_sub(1);
    let values = ifs.map(|ifs| split_line(line, &ifs, last));
    for (index, name) in names.iter().enumerate() {
        let value = match &values {
            Some(values) => Value::known(values.get(index).cloned().unwrap_or_default()),
            None => Value::unknown(),
        };
        state.set(name, source.derived(value));
    }
    Flow::done(state, status)
}

/// The words of a line; the last variable takes what is left.
fn split_line(line: &[u8], ifs: &[u8], last: usize) -> Vec<Vec<u8>> {
    let white = |b: &u8| b.is_ascii_whitespace() && ifs.contains(b);
    let mut values = Vec::new();
    let mut at = line.iter().take_while(|b| white(b)).count();
    while values.len() < last && at < line.len() {
        let rest = line.get(at..).unwrap_or(&[]);
        let length = rest
            .iter()
            .position(|b| ifs.contains(b))
            .unwrap_or(rest.len());
        values.push(rest.get(..length).unwrap_or(&[]).to_vec());
        at += length;
        let blank = |at: usize| {
            line.get(at..)
                .unwrap_or(&[])
                .iter()
                .take_while(|b| white(b))
                .count()
        };
        at += blank(at);
        if line.get(at).is_some_and(|b| ifs.contains(b) && !white(b)) {
            at += 1;
            at += blank(at);
        }
    }
    let rest = line.get(at..).unwrap_or(&[]);
    let end = rest
        .iter()
        .rposition(|b| !white(b))
        .map_or(0, |end| end + 1);
    let mut rest = rest.get(..end).unwrap_or(&[]);
    // one closing separator belongs to the field before it
    let separators = |b: &u8| ifs.contains(b) && !b.is_ascii_whitespace();
    if let Some((tail, head)) = rest.split_last()
        && separators(tail)
        && !head.iter().any(separators)
    {
        rest = head;
    }
    values.push(rest.to_vec());
    values
}
