//! The programs that take a host down, and what their words mean.

use super::words::Words;
use super::{Delay, Down, Host, Kind, Power, Verdict, down, down_at};
use crate::shell::follow::UNNAMED_PROGRAM;
use crate::shell::value::Value;
use crate::shell::wrappers::{base, is_installed, is_this_host};

/// Programs looked at here: found among the system's own, their files are not
/// read to see whether they are scripts.
pub(in crate::shell) fn is_power_program(name: &[u8]) -> bool {
    matches!(
        name,
        b"reboot"
            | b"shutdown"
            | b"halt"
            | b"poweroff"
            | b"init"
            | b"telinit"
            | b"systemctl"
            | b"loginctl"
            | b"kexec"
            | b"rtcwake"
            | b"kill"
            | b"busctl"
            | b"dbus-send"
            | b"gdbus"
            | b"ipmitool"
            | b"virsh"
            | b"xe"
            | b"qm"
            | b"pct"
            | b"xl"
            | b"machinectl"
            | b"openrc-shutdown"
            | b"ubus"
            | b"transactional-update"
            | b"rebootmgrctl"
            | b"coldreboot"
            | b"soft-reboot"
    )
}

pub(super) fn program(argv: &[Value]) -> Verdict {
    let Some((first, rest)) = argv.split_first() else {
        return Verdict::Nothing;
    };
    let Some(name) = first.bytes().map(base) else {
        // `$REBOOT`, but also `/opt/x/$name`
        return Verdict::Unsure(UNNAMED_PROGRAM);
    };
    // a script in somebody's directory may have any name
    if !first.bytes().is_some_and(is_installed) {
        return Verdict::Nothing;
    }
    let words = Words(rest);
    if words.has(&[b"--help", b"--version"]) {
        return Verdict::Nothing;
    }
    match name {
        b"reboot" | b"coldreboot" => reboot(Kind::Reboot, &words),
        b"poweroff" => reboot(Kind::PowerOff, &words),
        b"halt" => reboot(Kind::Halt, &words),
        b"soft-reboot" => down(Kind::SoftReboot, Delay::Now),
        b"shutdown" => shutdown(&words),
        b"systemctl" => systemctl(&words),
        b"loginctl" => {
            let verbs = words.operands(&[b"-H", b"--host", b"-M", b"--machine", b"-p"]);
            with_host(verb(verbs.first().copied()), &words)
        }
        b"init" | b"telinit" => init(&words),
        b"openrc-shutdown" | b"rc-shutdown" => openrc(&words),
        b"openrc" => match words.get(0) {
            Some(b"reboot") => down(Kind::Reboot, Delay::Now),
            Some(b"shutdown") => down(Kind::PowerOff, Delay::Now),
            _ => Verdict::Nothing,
        },
        b"kexec" => {
            if words.flag(b'e') || words.flag(b'f') || words.has(&[b"--exec", b"--force"]) {
                down(Kind::Kexec, Delay::Now)
            } else {
                Verdict::Nothing
            }
        }
        b"rtcwake" => match words.value(b"-m", b"--mode") {
            Some(mode) if mode.is(b"off") => down(Kind::PowerOff, Delay::Now),
            Some(mode) if mode.bytes().is_none() => Verdict::Unsure("rtcwake's mode is not known"),
            _ => Verdict::Nothing,
        },
        b"kill" => kill(&words),
        b"busctl" | b"dbus-send" | b"gdbus" | b"qdbus" | b"qdbus6" => bus(&words),
        b"ipmitool" => ipmitool(&words),
        b"virsh" | b"xl" | b"qm" | b"pct" | b"machinectl" => guest(&words),
        b"xe" => match words.get(0) {
            Some(b"vm-reboot" | b"vm-reset-powerstate") => guest_down(Kind::Reboot, &words),
            Some(b"vm-shutdown" | b"vm-destroy") => guest_down(Kind::PowerOff, &words),
            Some(b"host-reboot") => down_at(Kind::Reboot, Host::Unknown),
            Some(b"host-shutdown") => down_at(Kind::PowerOff, Host::Unknown),
            _ => Verdict::Nothing,
        },
        b"ubus" if words.has(&[b"system"]) && words.has(&[b"reboot"]) => {
            down(Kind::Reboot, Delay::Now)
        }
        b"esxcli" if words.has(&[b"shutdown"]) && words.has(&[b"reboot"]) => {
            down(Kind::Reboot, Delay::Now)
        }
        b"esxcli" if words.has(&[b"shutdown"]) && words.has(&[b"poweroff"]) => {
            down(Kind::PowerOff, Delay::Now)
        }
        b"transactional-update" | b"rebootmgrctl" if words.has(&[b"reboot"]) => {
            down(Kind::Reboot, Delay::Now)
        }
        b"dnf" | b"dnf5" | b"yum"
            if words.has(&[b"system-upgrade", b"offline", b"offline-upgrade"])
                && words.has(&[b"reboot"]) =>
        {
            down(Kind::Reboot, Delay::Now)
        }
        _ => Verdict::Nothing,
    }
}

/// `reboot`, `poweroff`, `halt`
fn reboot(kind: Kind, words: &Words<'_>) -> Verdict {
    // only a record in wtmp is written
    if words.flag(b'w') || words.has(&[b"--wtmp-only"]) {
        return Verdict::Nothing;
    }
    let kind = if words.has(&[b"--halt"]) {
        Kind::Halt
    } else if words.has(&[b"--poweroff"]) || words.flag(b'p') {
        Kind::PowerOff
    } else if words.has(&[b"--reboot"]) {
        Kind::Reboot
    } else {
        kind
    };
    down(kind, Delay::Now)
}

fn shutdown(words: &Words<'_>) -> Verdict {
    if words.flag(b'c') {
        return Verdict::Power(Power::Cancel(Host::This));
    }
    if words.flag(b'k') || words.has(&[b"--show"]) {
        return Verdict::Nothing;
    }
    let kind = if words.flag(b'r') || words.has(&[b"--reboot"]) {
        Some(Kind::Reboot)
    } else if words.flag(b'H') || words.has(&[b"--halt"]) {
        Some(Kind::Halt)
    } else if words.flag(b'h') || words.flag(b'P') || words.has(&[b"--poweroff"]) {
        Some(Kind::PowerOff)
    } else {
        None
    };
    let operands = words.operands(&[b"-t"]);
    let time = operands.first().copied();
    if kind.is_none() && time.is_none_or(|t| t.bytes().is_none()) && words.open() {
        return Verdict::Unsure("shutdown's options are not known");
    }
    let delay = match time {
        // systemd's default; sysvinit asks for a time
        None => Delay::Minutes(1),
        Some(time) => time.bytes().map_or(Delay::Unknown, clock),
    };
    down(kind.unwrap_or(Kind::PowerOff), delay)
}

/// `now`, `+5`, `5`, `23:30`
fn clock(time: &[u8]) -> Delay {
    if time == b"now" {
        return Delay::Now;
    }
    let Ok(text) = std::str::from_utf8(time) else {
        return Delay::Unknown;
    };
    if let Some((hour, minute)) = text.split_once(':') {
        return match (hour.parse(), minute.parse()) {
            (Ok(hour @ 0..=23), Ok(minute @ 0..=59)) => Delay::At { hour, minute },
            _ => Delay::Unknown,
        };
    }
    match text.strip_prefix('+').unwrap_or(text).parse() {
        Ok(0) => Delay::Now,
        Ok(minutes) => Delay::Minutes(minutes),
        Err(_) => Delay::Unknown,
    }
}

/// Options of systemctl that have a value behind them.
const SYSTEMCTL: &[&[u8]] = &[
    b"-H",
    b"--host",
    b"-M",
    b"--machine",
    b"-t",
    b"--type",
    b"-p",
    b"--property",
    b"-n",
    b"--lines",
    b"-o",
    b"--output",
    b"-s",
    b"--signal",
    b"--root",
    b"--job-mode",
    b"--when",
    b"--message",
    b"--state",
    b"--boot-loader-entry",
    b"--boot-loader-menu",
    b"--reboot-argument",
];

fn systemctl(words: &Words<'_>) -> Verdict {
    if words.has(&[b"--dry-run"]) {
        return Verdict::Nothing;
    }
    let operands = words.operands(SYSTEMCTL);
    let first = operands.first().copied();
    let verdict = match first.and_then(Value::bytes) {
        // a name without a suffix is a target here, and a service below (`verb_start`)
        Some(b"isolate") if operands.get(1).is_some_and(|unit| no_suffix(unit)) => {
            verb(operands.get(1).copied())
        }
        Some(b"isolate" | b"start" | b"restart" | b"reload-or-restart" | b"try-restart") => {
            operands
                .iter()
                .skip(1)
                .map(|unit| target(unit))
                .find(|v| *v != Verdict::Nothing)
                .unwrap_or(Verdict::Nothing)
        }
        _ => verb(first),
    };
    let verdict = match (verdict, words.value(b"--when", b"--when")) {
        (Verdict::Power(Power::Down(_)), Some(when)) if when.is(b"cancel") => {
            Verdict::Power(Power::Cancel(Host::This))
        }
        // asks when a scheduled one is due
        (Verdict::Power(Power::Down(_)), Some(when)) if when.is(b"show") => Verdict::Nothing,
        (Verdict::Power(Power::Down(down)), Some(_)) => Verdict::Power(Power::Down(Down {
            delay: Delay::Unknown,
            ..down
        })),
        (verdict, _) => verdict,
    };
    with_host(verdict, words)
}

/// `-H HOST` and `-M CONTAINER`
fn with_host(verdict: Verdict, words: &Words<'_>) -> Verdict {
    let host = words
        .value(b"-H", b"--host")
        .or_else(|| words.value(b"-M", b"--machine"));
    let (Verdict::Power(power), Some(host)) = (&verdict, host) else {
        return verdict;
    };
    if is_this_host(&host) || host.is(b".host") {
        return verdict;
    }
    let host = Host::Other(host);
    Verdict::Power(match power.clone() {
        Power::Down(down) => Power::Down(Down { host, ..down }),
        Power::Cancel(_) => Power::Cancel(host),
    })
}

fn verb(word: Option<&Value>) -> Verdict {
    let Some(word) = word else {
        return Verdict::Nothing;
    };
    match word.bytes() {
        Some(b"reboot") => down(Kind::Reboot, Delay::Now),
        Some(b"poweroff") => down(Kind::PowerOff, Delay::Now),
        Some(b"halt") => down(Kind::Halt, Delay::Now),
        Some(b"kexec") => down(Kind::Kexec, Delay::Now),
        Some(b"soft-reboot") => down(Kind::SoftReboot, Delay::Now),
        Some(_) => Verdict::Nothing,
        None => Verdict::Unsure("the verb is not known"),
    }
}

fn no_suffix(unit: &Value) -> bool {
    unit.bytes().is_some_and(|name| !name.contains(&b'.'))
}

/// Units that take the host down when started.
fn target(unit: &Value) -> Verdict {
    let kind = match unit.bytes() {
        Some(
            b"reboot.target"
            | b"runlevel6.target"
            | b"ctrl-alt-del.target"
            | b"systemd-reboot.service",
        ) => Kind::Reboot,
        Some(
            b"poweroff.target"
            | b"runlevel0.target"
            | b"shutdown.target"
            | b"systemd-poweroff.service",
        ) => Kind::PowerOff,
        Some(b"halt.target" | b"systemd-halt.service") => Kind::Halt,
        Some(b"kexec.target" | b"systemd-kexec.service") => Kind::Kexec,
        Some(b"soft-reboot.target" | b"systemd-soft-reboot.service") => Kind::SoftReboot,
        // a unit that is not known is hardly one of these
        _ => return Verdict::Nothing,
    };
    down(kind, Delay::Now)
}

fn init(words: &Words<'_>) -> Verdict {
    let operands = words.operands(&[b"-t", b"-e"]);
    match operands.first().map(|level| level.bytes()) {
        Some(Some(b"6")) => down(Kind::Reboot, Delay::Now),
        Some(Some(b"0")) => down(Kind::PowerOff, Delay::Now),
        Some(None) => Verdict::Unsure("the runlevel is not known"),
        _ => Verdict::Nothing,
    }
}

fn openrc(words: &Words<'_>) -> Verdict {
    if words.flag(b'c') || words.has(&[b"--cancel"]) {
        return Verdict::Power(Power::Cancel(Host::This));
    }
    let kind = if words.flag(b'r') || words.has(&[b"--reboot"]) {
        Kind::Reboot
    } else if words.flag(b'p') || words.has(&[b"--poweroff"]) {
        Kind::PowerOff
    } else if words.flag(b'H') || words.has(&[b"--halt"]) {
        Kind::Halt
    } else if words.flag(b'K') || words.has(&[b"--kexec"]) {
        Kind::Kexec
    } else {
        return Verdict::Nothing;
    };
    let operands = words.operands(&[]);
    let time = operands.first().and_then(|t| t.bytes());
    down(kind, time.map_or(Delay::Unknown, clock))
}

/// Signals to process 1, as systemd(1) lists them.
fn kill(words: &Words<'_>) -> Verdict {
    let operands = words.operands(&[b"-s", b"--signal", b"-n"]);
    if !operands.iter().any(|pid| pid.is(b"1")) {
        return Verdict::Nothing;
    }
    let named = words.value(b"-s", b"--signal");
    let named = named.or_else(|| words.value(b"-n", b"--signal"));
    let short = words.iter().find(|w| w.starts_with(b"-") && w.len() > 1);
    let signal = match (&named, short) {
        (Some(value), _) => match value.bytes() {
            Some(bytes) => bytes,
            None => return Verdict::Unsure("the signal to process 1 is not known"),
        },
        (None, Some(short)) => short.get(1..).unwrap_or(&[]),
        // TERM: systemd executes itself again
        (None, None) => return Verdict::Nothing,
    };
    let signal = signal.strip_prefix(b"SIG").unwrap_or(signal);
    let kind = match signal {
        b"RTMIN+3" | b"37" | b"RTMIN+13" | b"47" => Kind::Halt,
        b"RTMIN+4" | b"38" | b"RTMIN+14" | b"48" => Kind::PowerOff,
        b"RTMIN+5" | b"39" | b"RTMIN+15" | b"49" | b"INT" | b"2" => Kind::Reboot,
        b"RTMIN+6" | b"40" | b"RTMIN+16" | b"50" => Kind::Kexec,
        b"RTMIN+7" | b"41" | b"RTMIN+17" | b"51" => Kind::SoftReboot,
        _ => return Verdict::Nothing,
    };
    down(kind, Delay::Now)
}

/// logind's and systemd's methods.
fn bus(words: &Words<'_>) -> Verdict {
    let about = |part: &[u8]| {
        words
            .iter()
            .any(|w| w.windows(part.len()).any(|x| x == part))
    };
    if !about(b"login1") && !about(b"systemd1") && !about(b"ConsoleKit") {
        return Verdict::Nothing;
    }
    let method = words.iter().find_map(|word| {
        let last = word.rsplit(|b| *b == b'.' || *b == b'/').next()?;
        Some(match last {
            b"Reboot" | b"RebootWithFlags" | b"Restart" => Kind::Reboot,
            b"PowerOff" | b"PowerOffWithFlags" | b"Stop" => Kind::PowerOff,
            b"Halt" | b"HaltWithFlags" => Kind::Halt,
            b"KExec" => Kind::Kexec,
            b"SoftReboot" => Kind::SoftReboot,
            _ => return None,
        })
    });
    let scheduled = words.iter().any(|w| w.ends_with(b"ScheduleShutdown"));
    let verdict = match method {
        Some(kind) => down(kind, Delay::Now),
        None if scheduled && about(b"CancelScheduled") => Verdict::Power(Power::Cancel(Host::This)),
        None if scheduled => {
            let kind = if about(b"reboot") {
                Kind::Reboot
            } else {
                Kind::PowerOff
            };
            down(kind, Delay::Unknown)
        }
        None => return Verdict::Nothing,
    };
    with_host(verdict, words)
}

fn ipmitool(words: &Words<'_>) -> Verdict {
    let operands = words.operands(&[
        b"-H", b"-I", b"-U", b"-P", b"-f", b"-p", b"-L", b"-C", b"-k", b"-y", b"-K", b"-t", b"-T",
        b"-b", b"-B", b"-l", b"-m", b"-o", b"-e", b"-S", b"-N", b"-R", b"-D", b"-d", b"-O",
    ]);
    let verbs: Vec<&[u8]> = operands.iter().filter_map(|w| w.bytes()).collect();
    let verb = match verbs.as_slice() {
        [b"chassis", b"power", verb, ..] | [b"power", verb, ..] => *verb,
        _ => return Verdict::Nothing,
    };
    let kind = match verb {
        b"reset" | b"cycle" => Kind::Reboot,
        b"off" | b"soft" => Kind::PowerOff,
        b"diag" => Kind::Crash,
        _ => return Verdict::Nothing,
    };
    match words.value(b"-H", b"-H") {
        Some(host) if !is_this_host(&host) => down_at(kind, Host::Other(host)),
        _ => down(kind, Delay::Now),
    }
}

/// Virtual machines and containers of this host.
fn guest(words: &Words<'_>) -> Verdict {
    let operands = words.operands(&[b"-c", b"--connect", b"-H", b"-M"]);
    let first = operands.first().and_then(|w| w.bytes());
    match first {
        Some(b"reboot" | b"reset") => guest_down(Kind::Reboot, words),
        Some(b"destroy" | b"shutdown" | b"stop" | b"poweroff" | b"terminate") => {
            guest_down(Kind::PowerOff, words)
        }
        _ => Verdict::Nothing,
    }
}

fn guest_down(kind: Kind, words: &Words<'_>) -> Verdict {
    let name = words.0.last().cloned().unwrap_or_else(Value::unknown);
    down_at(kind, Host::Other(name))
}
