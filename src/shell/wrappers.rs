//! Programs that run another command: `sudo`, `timeout`, `flock`, `env`, `su -c`,
//! `ssh`, `sh -c`, ... Each is looked through, so that an effect carries the
//! command that does the work.

use super::forms::{Form, PLAIN, form};
use super::jobs::{at, find, systemd_run, xargs};
use super::value::{Traced, Value};
use super::{Dialect, Scope};

/// What a wrapper runs.
#[derive(Debug)]
pub(super) enum Plan {
    /// These words.
    Words(Vec<Traced>),
    /// This shell text, with `$0` and the arguments after it.
    Text(Traced, Vec<Traced>),
    /// This file as a shell script, with its arguments.
    Script(Traced, Vec<Traced>),
    /// Whatever standard input says.
    Input,
    /// Only a question or nothing at all (`sudo -l`, `flock -n 9`).
    Nothing,
}

/// A wrapper's call, understood.
#[derive(Debug)]
pub(super) struct Wrapped {
    /// What is run.
    pub(super) plan: Plan,
    /// The shell for text.
    pub(super) dialect: Dialect,
    /// Variables it sets.
    pub(super) env: Vec<(Vec<u8>, Traced)>,
    /// Where it runs, where that changes.
    pub(super) scope: Option<Scope>,
    /// Whether it runs later.
    pub(super) deferred: bool,
}

/// The last component of a program's path.
pub(super) fn base(name: &[u8]) -> &[u8] {
    name.rsplit(|b| *b == b'/').next().unwrap_or(name)
}

/// Whether a program is called as one of the system's own: by its name alone, or
/// from where the system and its administrator install programs. Elsewhere a
/// script may have any name.
pub(super) fn is_installed(name: &[u8]) -> bool {
    let Some(cut) = name.iter().rposition(|b| *b == b'/') else {
        return true;
    };
    matches!(
        name.get(..cut).unwrap_or(&[]),
        b"/bin"
            | b"/sbin"
            | b"/usr/bin"
            | b"/usr/sbin"
            | b"/usr/local/bin"
            | b"/usr/local/sbin"
            | b"/lib/systemd"
            | b"/usr/lib/systemd"
    )
}

/// Looks through one wrapper.
pub(super) fn unwrap(argv: &[Traced], dialect: Dialect) -> Option<Wrapped> {
    let full = argv.first()?.bytes()?;
    let name = base(full);
    let words = argv.get(1..).unwrap_or(&[]);
    // a shell is one wherever it lies
    let shells: [&[u8]; 4] = [b"sh", b"bash", b"dash", b"ksh"];
    if !is_installed(full) && !shells.contains(&name) {
        return None;
    }
    let plain = |plan| Wrapped {
        plan,
        dialect,
        env: Vec::new(),
        scope: None,
        deferred: false,
    };
    match name {
        b"sh" | b"dash" | b"ash" => return Some(shell(words, Dialect::Sh)),
        b"bash" | b"ksh" | b"zsh" | b"rbash" => return Some(shell(words, Dialect::Bash)),
        b"busybox" | b"toybox" => {
            let applet = words.first()?.bytes()?;
            let known = !applet.is_empty() && !applet.starts_with(b"-");
            return known.then(|| plain(Plan::Words(words.to_vec())));
        }
        b"su" | b"runuser" => return Some(su(name, words)),
        b"flock" => return Some(flock(words)),
        b"chroot" => return chroot(words, dialect),
        b"ssh" | b"autossh" => return ssh(words),
        b"docker" | b"podman" | b"nerdctl" => return container(words, dialect),
        b"lxc-attach" => return Some(lxc_attach(words, dialect)),
        b"script" => return script(words),
        b"start-stop-daemon" => return start_stop_daemon(words, dialect),
        b"sudo" if words.first().is_some_and(asks_sudo) => return Some(plain(Plan::Nothing)),
        b"at" | b"batch" => return at(name, words),
        b"systemd-run" => return systemd_run(words, dialect),
        b"xargs" => return xargs(words, dialect),
        b"find" => return find(words, dialect),
        b"command" if asks_where(words) => return Some(plain(Plan::Nothing)),
        _ => {}
    }
    let form = form(name)?;
    let (from, env) = skip_options(words, &form);
    let rest = words.get(from..).unwrap_or(&[]);
    let plan = if rest.is_empty() {
        // `env` alone prints, `sudo -l` asks
        Plan::Nothing
    } else {
        Plan::Words(rest.to_vec())
    };
    Some(Wrapped { env, ..plain(plan) })
}

/// `command -v x`
fn asks_where(words: &[Traced]) -> bool {
    let first = words.first().and_then(Traced::bytes).unwrap_or(b"");
    matches!(first, b"-v" | b"-V" | b"-pv" | b"-pV")
}

/// Where the command begins, and the variables set before it.
pub(super) fn skip_options(words: &[Traced], form: &Form) -> (usize, Vec<(Vec<u8>, Traced)>) {
    let mut at = 0;
    let mut env = Vec::new();
    let mut skip = form.skip;
    let mut options = true;
    while let Some(word) = words.get(at) {
        let Some(bytes) = word.bytes() else {
            // an option or operand that is not known: only its place counts
            if skip > 0 {
                skip -= 1;
                at += 1;
                continue;
            }
            if word.value.prefix().starts_with(b"-") && options {
                at += 1;
                continue;
            }
            break;
        };
        if options && bytes == b"--" {
            options = false;
            at += 1;
        } else if options && bytes.starts_with(b"-") && bytes.len() > 1 {
            at += 1 + usize::from(takes_next(bytes, form));
        } else if form.assigns && is_assignment(bytes) {
            if let Some(cut) = bytes.iter().position(|b| *b == b'=') {
                let (name, value) = bytes.split_at(cut);
                let value = value.get(1..).unwrap_or(&[]);
                env.push((name.to_vec(), word.derived(Value::known(value))));
            }
            at += 1;
        } else if skip > 0 {
            skip -= 1;
            at += 1;
        } else {
            break;
        }
    }
    (at, env)
}

fn is_assignment(bytes: &[u8]) -> bool {
    let named = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let cut = bytes.iter().position(|b| *b == b'=');
    cut.is_some_and(|cut| cut > 0 && bytes.iter().take(cut).all(named))
}

/// Whether an option's value is the next word.
fn takes_next(option: &[u8], form: &Form) -> bool {
    if let Some(long) = option.strip_prefix(b"--") {
        return form.long.iter().any(|l| l.as_bytes() == long);
    }
    let letters = option.get(1..).unwrap_or(&[]);
    let at = letters.iter().position(|b| form.short.contains(b));
    at.is_some_and(|at| at + 1 == letters.len())
}

/// A plan and nothing else.
pub(super) fn wrapped(plan: Plan, dialect: Dialect) -> Wrapped {
    Wrapped {
        plan,
        dialect,
        env: Vec::new(),
        scope: None,
        deferred: false,
    }
}

/// `sh -c TEXT [NAME [ARGS]]`, `sh -x FILE`, `sh` reading its input.
fn shell(words: &[Traced], dialect: Dialect) -> Wrapped {
    let mut at = 0;
    let mut text = false;
    while let Some(word) = words.get(at) {
        // text or a file's name that is not known is still what it runs
        let Some(bytes) = word.bytes() else {
            break;
        };
        if bytes == b"-" || bytes == b"--" {
            at += 1;
            break;
        }
        if !(bytes.starts_with(b"-") || bytes.starts_with(b"+")) || bytes.len() < 2 {
            break;
        }
        at += 1;
        if bytes.starts_with(b"--") {
            at += usize::from(matches!(bytes, b"--rcfile" | b"--init-file"));
            continue;
        }
        text |= bytes.starts_with(b"-") && bytes.contains(&b'c');
        // `-o errexit`, and `-O` of bash
        at += usize::from(matches!(bytes.last(), Some(b'o' | b'O')));
        if bytes.starts_with(b"-") && bytes.contains(&b's') && !text {
            return wrapped(Plan::Input, dialect);
        }
    }
    let rest = words.get(at..).unwrap_or(&[]);
    let plan = match rest.split_first() {
        None => Plan::Input,
        Some((first, rest)) if text => Plan::Text(first.clone(), rest.to_vec()),
        Some((first, rest)) => Plan::Script(first.clone(), rest.to_vec()),
    };
    wrapped(plan, dialect)
}

/// `su [-] [USER] -c TEXT`, `runuser -u USER -- COMMAND`
fn su(name: &[u8], words: &[Traced]) -> Wrapped {
    let mut at = 0;
    let mut text = None;
    let mut by_user = false;
    let mut rest = Vec::new();
    while let Some(word) = words.get(at) {
        at += 1;
        match word.bytes() {
            Some(b"-c" | b"--command" | b"--session-command") => {
                text = words.get(at).cloned();
                at += 1;
            }
            Some(b"-s" | b"--shell" | b"-g" | b"--group" | b"-G" | b"-w" | b"-T") => at += 1,
            Some(b"-u" | b"--user") if name == b"runuser" => {
                by_user = true;
                at += 1;
            }
            Some(b"--") if by_user => {
                rest.extend_from_slice(words.get(at..).unwrap_or(&[]));
                break;
            }
            Some(b"-") => {}
            Some(option) if option.starts_with(b"--command=") => {
                let value = option.get(10..).unwrap_or(&[]);
                text = Some(word.derived(Value::known(value)));
            }
            // `-lc`
            Some(option)
                if option.starts_with(b"-")
                    && !option.starts_with(b"--")
                    && option.ends_with(b"c") =>
            {
                text = words.get(at).cloned();
                at += 1;
            }
            Some(option) if option.starts_with(b"-") => {}
            _ if by_user => {
                rest.push(word.clone());
                rest.extend_from_slice(words.get(at..).unwrap_or(&[]));
                break;
            }
            _ => {}
        }
    }
    if by_user && !rest.is_empty() {
        return wrapped(Plan::Words(rest), Dialect::Sh);
    }
    let plan = text.map_or(Plan::Input, |text| Plan::Text(text, Vec::new()));
    wrapped(plan, Dialect::Sh)
}

/// `flock [OPTIONS] FILE COMMAND`, `flock FILE -c TEXT`, `flock -n 9`
fn flock(words: &[Traced]) -> Wrapped {
    let options = Form {
        short: b"wE",
        long: &["timeout", "wait", "conflict-exit-code"],
        ..PLAIN
    };
    let (at, _) = skip_options(words, &options);
    let rest = words.get(at + 1..).unwrap_or(&[]);
    let first = rest.first().and_then(Traced::bytes);
    let text = rest
        .get(1)
        .filter(|_| matches!(first, Some(b"-c" | b"--command")));
    if let Some(text) = text {
        return wrapped(Plan::Text(text.clone(), Vec::new()), Dialect::Sh);
    }
    // options may stand behind the file too
    let (more, _) = skip_options(rest, &options);
    let plan = match rest.get(more..) {
        Some(command @ [_, ..]) => Plan::Words(command.to_vec()),
        _ => Plan::Nothing,
    };
    wrapped(plan, Dialect::Sh)
}

fn chroot(words: &[Traced], dialect: Dialect) -> Option<Wrapped> {
    let (at, _) = skip_options(words, &PLAIN);
    let root = words.get(at)?;
    let rest = words.get(at + 1..).unwrap_or(&[]);
    let plan = if rest.is_empty() {
        Plan::Input
    } else {
        Plan::Words(rest.to_vec())
    };
    let here = root.value.is(b"/");
    Some(Wrapped {
        scope: (!here).then(|| Scope::Root(root.value.clone())),
        ..wrapped(plan, dialect)
    })
}

fn ssh(words: &[Traced]) -> Option<Wrapped> {
    let options = Form {
        short: b"bBcDeEFiIJlLmMOopPQRSwW",
        ..PLAIN
    };
    let (at, _) = skip_options(words, &options);
    let host = words.get(at)?;
    let mut rest = words.get(at + 1..).unwrap_or(&[]);
    // ssh takes options after the host too
    let (more, _) = skip_options(rest, &options);
    rest = rest.get(more..).unwrap_or(&[]);
    let mut text = Traced::known("");
    for (index, word) in rest.iter().enumerate() {
        if index > 0 {
            text.append(&Traced::known(" "));
        }
        text.append(word);
    }
    text.place = rest.first().and_then(|first| {
        let mut place = first.place.clone()?;
        let last = rest.last()?.place.as_ref()?;
        place.span = place.span.to(last.span);
        Some(place)
    });
    let plan = if rest.is_empty() {
        Plan::Input
    } else {
        Plan::Text(text, Vec::new())
    };
    Some(Wrapped {
        scope: (!is_this_host(&host.value)).then(|| Scope::Machine(host.value.clone())),
        ..wrapped(plan, Dialect::Sh)
    })
}

/// `localhost` and its addresses, perhaps with a user before it.
pub(super) fn is_this_host(host: &Value) -> bool {
    let bytes = host.bytes().unwrap_or(b"");
    let name = bytes.rsplit(|b| *b == b'@').next().unwrap_or(bytes);
    matches!(
        name,
        b"localhost" | b"127.0.0.1" | b"::1" | b"[::1]" | b"localhost.localdomain"
    )
}

/// `sudo -l COMMAND` says whether it would be allowed.
fn asks_sudo(word: &Traced) -> bool {
    matches!(
        word.bytes(),
        Some(b"-l" | b"-ll" | b"--list" | b"-v" | b"-K")
    )
}

/// `script -qc TEXT FILE`; without `-c` it is for a terminal.
fn script(words: &[Traced]) -> Option<Wrapped> {
    let at = words.iter().position(|word| {
        let bytes = word.bytes().unwrap_or(b"");
        let short = bytes.starts_with(b"-") && !bytes.starts_with(b"--") && bytes.ends_with(b"c");
        short || bytes == b"--command"
    })?;
    let text = words.get(at + 1)?.clone();
    Some(wrapped(Plan::Text(text, Vec::new()), Dialect::Sh))
}

/// `start-stop-daemon --start --exec FILE -- WORDS`
fn start_stop_daemon(words: &[Traced], dialect: Dialect) -> Option<Wrapped> {
    let is = |wanted: [&'static [u8]; 2]| {
        move |word: &Traced| word.bytes().is_some_and(|bytes| wanted.contains(&bytes))
    };
    words.iter().position(is([b"-S", b"--start"]))?;
    let program = words.iter().position(is([b"-a", b"--startas"]));
    let program = program.or_else(|| words.iter().position(is([b"-x", b"--exec"])))?;
    let mut command = vec![words.get(program + 1)?.clone()];
    if let Some(dashes) = words.iter().position(is([b"--", b"--"])) {
        command.extend(words.iter().skip(dashes + 1).cloned());
    }
    Some(wrapped(Plan::Words(command), dialect))
}

/// `lxc-attach -n NAME -- COMMAND`
fn lxc_attach(words: &[Traced], dialect: Dialect) -> Wrapped {
    let options = Form {
        short: b"nPefsvugR",
        long: &[
            "name",
            "lxcpath",
            "elevated-privileges",
            "rcfile",
            "uid",
            "gid",
        ],
        ..PLAIN
    };
    let (at, _) = skip_options(words, &options);
    let plan = match words.get(at..) {
        Some(command @ [_, ..]) => Plan::Words(command.to_vec()),
        _ => Plan::Nothing,
    };
    Wrapped {
        scope: Some(Scope::Container),
        ..wrapped(plan, dialect)
    }
}

/// `docker exec [OPTIONS] NAME COMMAND`
fn container(words: &[Traced], dialect: Dialect) -> Option<Wrapped> {
    if !words.first()?.value.is(b"exec") {
        return None;
    }
    let words = words.get(1..)?;
    let options = Form {
        short: b"ewu",
        long: &["env", "env-file", "workdir", "user", "detach-keys"],
        ..PLAIN
    };
    let (at, _) = skip_options(words, &options);
    let rest = words.get(at + 1..).unwrap_or(&[]);
    let plan = if rest.is_empty() {
        Plan::Nothing
    } else {
        Plan::Words(rest.to_vec())
    };
    Some(Wrapped {
        scope: Some(Scope::Container),
        ..wrapped(plan, dialect)
    })
}
