//! Programs whose output or status is known from their words and input, and the
//! lists of programs that ask, filter or change nothing.

use super::evaluate::{Evaluator, condition_at};
use super::filters::{commands, grep, grep_pattern, output};
use super::state::{Flow, State, Status};
use super::value::{Traced, Value};
use super::wrappers::{base, is_installed};
use super::{Action, Dialect, Effect, Reach, condition};
use crate::fact::{Fact, Looked};
use crate::text::Place;

/// Programs whose status answers a question.
const ASKING: &[&str] = &[
    "[",
    "test",
    "grep",
    "egrep",
    "fgrep",
    "zgrep",
    "rg",
    "ping",
    "ping4",
    "ping6",
    "fping",
    "oping",
    "arping",
    "pgrep",
    "pidof",
    "who",
    "curl",
    "wget",
    "nc",
    "ncat",
    "netcat",
    "telnet",
    "diff",
    "cmp",
    "mountpoint",
    "findmnt",
    "which",
    "type",
    "getent",
    "id",
    "host",
    "dig",
    "nslookup",
    "dpkg",
    "dpkg-query",
    "rpm",
    "needs-restarting",
    "dnf-needs-restarting",
    "needrestart",
    "checkrestart",
    "lsof",
    "fuser",
    "on_ac_power",
    "tty",
    "nmap",
    "mtr",
    "traceroute",
    "pg_isready",
    "mysqladmin",
    "redis-cli",
    "smartctl",
    "expr",
    "awk",
    "stat",
    "ls",
    "tailscale",
    "iwgetid",
    "nmcli",
    "timedatectl",
    "loginctl",
    "checkupdates",
    "lsmod",
    "xxd",
    "jq",
    "md5sum",
    "sha256sum",
    "ethtool",
    "mii-tool",
    "fwupdmgr",
    "openssl",
    "bc",
    "sed",
    "upsc",
    "apcaccess",
    "virsh",
    "ip",
    "ifconfig",
    "route",
    "ss",
    "netstat",
    "users",
    "w",
    "uptime",
    "logname",
    "systemd-detect-virt",
    "ischroot",
    "blkid",
    "lsblk",
    "find",
    "service",
    "rc-service",
    "runlevel",
    "killall",
    // as in `comeback guard && reboot`
    "comeback",
];

/// Programs that hand on what they read.
const FILTERING: &[&str] = &[
    "sed", "awk", "gawk", "mawk", "grep", "egrep", "fgrep", "tr", "cut", "cat", "head", "tail",
    "sort", "uniq", "rev", "tac", "perl", "python", "python3", "jq", "xargs", "paste", "fold",
    "column", "tee", "base64", "expr", "bc",
];

/// Programs that only look, print, wait or log.
const QUIET: &[&str] = &[
    "logger",
    "systemd-cat",
    "echo",
    "printf",
    "date",
    "sleep",
    "cat",
    "head",
    "tail",
    "wc",
    "sort",
    "uniq",
    "cut",
    "tr",
    "hostname",
    "uname",
    "whoami",
    "basename",
    "dirname",
    "readlink",
    "realpath",
    "pwd",
    "env",
    "printenv",
    "tput",
    "clear",
    "stty",
    "wall",
    "write",
    "seq",
    "nproc",
    "arch",
    "df",
    "du",
    "free",
    "vmstat",
    "iostat",
    "ps",
    "top",
    "last",
    "lastlog",
    "sync",
    "rev",
    "tac",
    "mktemp",
    "getconf",
    "locale",
    "hexdump",
    "od",
    "strings",
    "file",
    "column",
    "paste",
    "fold",
    "dmesg",
    "journalctl",
    "true",
    "false",
    "lsb_release",
    "flock",
    "usleep",
    "less",
    "more",
];

fn listed(list: &[&str], name: &[u8]) -> bool {
    list.iter().any(|known| known.as_bytes() == name)
}

/// Whether a program's status is an answer rather than a success.
pub(super) fn asks(argv: &[Traced]) -> bool {
    let Some(name) = argv.first().and_then(Traced::bytes).map(base) else {
        return false;
    };
    let word = |at: usize| argv.get(at).and_then(Traced::bytes).unwrap_or(b"");
    let verb = argv
        .iter()
        .skip(1)
        .filter_map(Traced::bytes)
        .find(|w| !w.starts_with(b"-"))
        .unwrap_or(b"");
    let changes = match name {
        b"systemctl" => {
            return matches!(
                verb,
                b"is-active"
                    | b"is-enabled"
                    | b"is-failed"
                    | b"is-system-running"
                    | b"status"
                    | b"show"
                    | b"list-units"
                    | b"list-jobs"
                    | b"list-unit-files"
            );
        }
        // `kill -0` asks whether a process is there
        b"kill" => return word(1) == b"-0" || word(1) == b"-s" && word(2) == b"0",
        b"service" | b"rc-service" => return argv.iter().any(|w| w.value.is(b"status")),
        b"killall" => return argv.iter().any(|w| w.value.is(b"-0")),
        b"virsh" => matches!(
            verb,
            b"reboot" | b"reset" | b"destroy" | b"start" | b"shutdown"
        ),
        b"ip" => argv.iter().any(|w| {
            matches!(
                w.bytes(),
                Some(b"add" | b"del" | b"delete" | b"replace" | b"change" | b"set" | b"flush")
            )
        }),
        // with a command behind `--` it runs that
        b"comeback" => argv.iter().any(|w| w.bytes() == Some(b"--")),
        b"ifconfig" | b"route" | b"nmcli" | b"ethtool" => argv.len() > 3,
        b"find" | b"sed" | b"mysqladmin" | b"rpm" | b"dpkg" => {
            let hot = [
                &b"-exec"[..],
                b"-delete",
                b"-i",
                b"shutdown",
                b"-U",
                b"-Uvh",
                b"--configure",
            ];
            argv.iter()
                .any(|w| w.bytes().is_some_and(|b| hot.contains(&b)))
        }
        _ if name.ends_with(b".sh") => false,
        _ => {
            let initscript = argv
                .first()
                .and_then(Traced::bytes)
                .is_some_and(|b| b.starts_with(b"/etc/init.d/"));
            return listed(ASKING, name) || initscript && word(1) == b"status";
        }
    };
    listed(ASKING, name) && !changes
}

/// Whether a program's output is made of its input.
pub(super) fn filters(argv: &[Traced]) -> bool {
    let name = argv.first().and_then(Traced::bytes).map(base);
    name.is_some_and(|name| listed(FILTERING, name))
}

/// Whether a program of the system is so well known that its file is not read
/// to see whether it is a script.
pub(super) fn is_known(name: &[u8]) -> bool {
    listed(ASKING, name) || listed(FILTERING, name) || listed(QUIET, name)
}

/// Whether a program's words hold a program of their own that is not looked at:
/// `perl -e`, `awk '{ system(...) }'`.
pub(super) fn hides_commands(argv: &[Value]) -> bool {
    let name = argv.first().and_then(Value::bytes).map(base);
    let interpreters: &[&str] = &["perl", "python", "python3", "ruby", "php", "node", "expect"];
    let filters: &[&str] = &["awk", "gawk", "mawk", "sed"];
    let runs = |word: &Value| {
        let text = word.prefix();
        let marks: [&[u8]; 4] = [b"system", b"| \"", b"|\"", b"|&"];
        marks.iter().any(|m| text.windows(m.len()).any(|w| w == *m)) || word.bytes().is_none()
    };
    name.is_some_and(|name| {
        listed(interpreters, name) || listed(filters, name) && argv.iter().skip(1).any(runs)
    })
}

/// Whether an effect is a program in a language that is not read, which may do anything
/// or nothing with what the caller gave.
#[must_use]
pub fn is_opaque(effect: &Effect) -> bool {
    match &effect.action {
        Action::Write { .. } => false,
        Action::Run { argv, .. } => {
            let name = argv.first().and_then(Value::bytes).map(base);
            let parts = name == Some(b"run-parts");
            parts || effect.input && (hides_commands(argv) || Some(&b"lua"[..]) == name)
        }
    }
}

/// Whether an effect changes nothing but logs: printing, asking, waiting,
/// logging, and output below `/var/log`, `/tmp` or `/dev/null`.
#[must_use]
pub fn is_quiet(effect: &Effect) -> bool {
    match &effect.action {
        Action::Write { path, .. } => {
            let path = path.prefix();
            let logs: [&[u8]; 4] = [b"/var/log/", b"/tmp/", b"/var/tmp/", b"/dev/null"];
            logs.iter().any(|log| path.starts_with(log))
        }
        Action::Run { argv, .. } => {
            let argv: Vec<Traced> = argv.iter().map(|v| Traced::new(v.clone())).collect();
            let name = argv.first().and_then(Traced::bytes).map(base);
            name.is_some_and(|name| listed(QUIET, name)) || asks(&argv)
        }
    }
}

impl Evaluator<'_> {
    /// A program that is modelled; gives the state back where it is not.
    pub(super) fn tool(
        &mut self,
        argv: &[Traced],
        place: &Place,
        mut state: State,
    ) -> Result<Flow, Box<State>> {
        let name = argv.first().and_then(Traced::bytes).map(base);
        let args = argv.get(1..).unwrap_or(&[]);
        let read = name.and_then(|name| self.operands(name, args, &state));
        let Some((words, input)) = read else {
            return self.tool_on(argv, place, state);
        };
        let mut left = argv.get(..1).unwrap_or(&[]).to_vec();
        left.extend(words);
        let stdin = state.stdin.replace(input);
        match self.tool_on(&left, place, state) {
            Ok(mut flow) => {
                for state in flow.states() {
                    state.stdin.clone_from(&stdin);
                }
                Ok(flow)
            }
            Err(mut state) => {
                state.stdin = stdin;
                Err(state)
            }
        }
    }

    fn tool_on(
        &mut self,
        argv: &[Traced],
        place: &Place,
        mut state: State,
    ) -> Result<Flow, Box<State>> {
        // A filter costs what it reads.
        self.steps += state.stdin.as_ref().map_or(0, |s| s.value.prefix().len()) / 128;
        let name = argv.first().and_then(Traced::bytes).map(base);
        let Some(name) = name.map(<[u8]>::to_vec) else {
            return Err(Box::new(state));
        };
        let args = argv.get(1..).unwrap_or(&[]);
        // a script of that name somewhere else is not the tool
        let full = argv.first().and_then(Traced::bytes).unwrap_or(b"");
        if !is_installed(full) {
            return Err(Box::new(state));
        }
        match name.as_slice() {
            b"true" => Ok(Flow::done(state, 0)),
            b"false" => Ok(Flow::done(state, 1)),
            b"echo" | b"printf" | b"test" | b"[" => self.builtin(&name, argv, place, state),
            b"sleep" | b"usleep" => {
                let seconds = args.iter().map(|w| w.bytes().and_then(duration));
                let seconds = seconds.sum::<Option<u64>>();
                let unit = if name == b"sleep" { 1 } else { 1_000_000 };
                state.slept = state.slept.saturating_add(seconds.unwrap_or(0) / unit);
                Ok(Flow::done(state, 0))
            }
            b"tee" => Ok(self.tee(args, place, state)),
            b"readlink" | b"realpath" => self.real_path(&name, args, state),
            b"awk" | b"gawk" | b"mawk" if let Some(text) = commands(args, state.stdin.as_ref()) => {
                Ok(self.shell_text(&text, Vec::new(), Dialect::Sh, place, state))
            }
            b"which" => {
                let asked = args.iter().find(|w| !w.value.prefix().starts_with(b"-"));
                match asked.cloned() {
                    Some(asked) => Ok(self.locate(&asked, place, state)),
                    None => Ok(Flow::done(state, 1)),
                }
            }
            b"run-parts" if self.world.follows_run_parts() => self.run_parts(args, place, state),
            b"hostname" | b"uname" if let Some(name) = self.named(&name, args, &state) => {
                let mut line = Traced::known(name);
                line.append(&Traced::known("\n"));
                state.print(&line);
                Ok(Flow::done(state, 0))
            }
            b"hostname" | b"uname" | b"date" | b"whoami" | b"id" | b"mktemp" | b"nproc"
                if !args
                    .iter()
                    .any(|w| matches!(w.bytes(), Some(b"-s" | b"--set"))) =>
            {
                let mut out = Traced::unknown();
                if let Some(argument) = args.last() {
                    out.take_inputs(argument);
                }
                state.print(&out);
                state.status = if asks(argv) {
                    Status::Open(condition_at(place))
                } else {
                    Status::Assumed(condition_at(place))
                };
                Ok(Flow::next(state))
            }
            b"grep" | b"egrep" | b"fgrep" => {
                let Some((text, found)) = grep(&name, args, &state) else {
                    return Err(Box::new(state));
                };
                if let (Some(stdin), Some(pattern)) = (&state.stdin, grep_pattern(args)) {
                    let (stdin, matched) = (stdin.clone(), found);
                    let literal = pattern.bytes().unwrap_or(b"").to_vec();
                    let at = pattern.place.clone().unwrap_or_else(|| place.clone());
                    self.compare(&stdin, &literal, &at, true, matched);
                    self.looked_up(&pattern.clone(), &stdin, place);
                }
                state.print(&text);
                let asked = args
                    .iter()
                    .chain(&state.stdin)
                    .any(|w| !w.inputs.is_empty());
                state.status = match condition::status(found, place) {
                    Status::Open(condition) => Status::Open(super::Condition {
                        input: asked,
                        ..condition
                    }),
                    status => status,
                };
                Ok(Flow::next(state))
            }
            _ => match output(&name, args, state.stdin.as_ref()) {
                Some(text) => {
                    state.print(&text);
                    let empty = name == b"expr" && matches!(text.bytes(), Some(b"0\n" | b"\n"));
                    state.status = match text.value {
                        Value::Known(_) => Status::Known(u8::from(empty)),
                        Value::Unknown { .. } if name == b"expr" => {
                            Status::Open(condition_at(place))
                        }
                        Value::Unknown { .. } => Status::Known(0),
                    };
                    Ok(Flow::next(state))
                }
                None => Err(Box::new(state)),
            },
        }
    }

    /// Notes the words of a list in which something the caller gave is looked for.
    fn looked_up(&mut self, pattern: &Traced, list: &Traced, place: &Place) {
        const MOST_LINES: usize = 200;
        let (Some(text), false) = (list.bytes(), pattern.inputs.is_empty()) else {
            return;
        };
        if !list.inputs.is_empty() {
            return;
        }
        let wanted = pattern.bytes().map(|b| {
            let trim = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'-';
            b.iter().copied().filter(trim).collect::<Vec<u8>>()
        });
        for line in text.split(|b| *b == b'\n').take(MOST_LINES) {
            let mut words = line.split(|b| b.is_ascii_whitespace() || matches!(b, b':' | b'='));
            let Some(word) = words.find(|word| !word.is_empty()) else {
                continue;
            };
            if !word.starts_with(b"#") {
                let same = wanted.as_ref().map(|wanted| wanted == word);
                self.compare(pattern, word, place, false, same);
            }
        }
    }

    /// What `hostname` or `uname -n` prints, where the tree tells.
    fn named(&self, name: &[u8], args: &[Traced], state: &State) -> Option<Vec<u8>> {
        let words: Option<Vec<&[u8]>> = args.iter().map(Traced::bytes).collect();
        match (name, words?.as_slice()) {
            (b"hostname", []) | (b"uname", [b"-n" | b"--nodename"]) => self.host_name(false, state),
            (b"hostname", [b"-s" | b"--short"]) => self.host_name(true, state),
            _ => None,
        }
    }

    fn tee(&mut self, args: &[Traced], place: &Place, mut state: State) -> Flow {
        let data = state.stdin.clone().unwrap_or_else(|| Traced::known(""));
        let append = args
            .iter()
            .any(|w| matches!(w.bytes(), Some(b"-a" | b"--append")));
        for path in args {
            if path.value.prefix().starts_with(b"-") || path.value.is(b"/dev/null") {
                continue;
            }
            self.record(Effect {
                action: Action::Write {
                    path: path.value.clone(),
                    data: data.value.clone(),
                    append,
                },
                place: place.clone(),
                via: self.via.clone(),
                reach: match state.path.clone() {
                    path if path.is_empty() => Reach::Always,
                    path => Reach::If(path),
                },
                scope: state.scope.clone(),
                target: Fact::Absent(Looked {
                    paths: Vec::new(),
                    notes: Vec::new(),
                }),
                deferred: state.deferred,
                slept: state.slept,
                input: !data.inputs.is_empty(),
            });
        }
        state.print(&data);
        Flow::done(state, 0)
    }
}

/// Seconds of a `sleep` argument, rounded down.
fn duration(bytes: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (number, unit) = match text.char_indices().last()? {
        (at, 's') => (text.get(..at)?, 1),
        (at, 'm') => (text.get(..at)?, 60),
        (at, 'h') => (text.get(..at)?, 3600),
        (at, 'd') => (text.get(..at)?, 86_400),
        _ => (text, 1),
    };
    let whole = number.split('.').next()?;
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    whole.checked_mul(unit)
}
