//! Wrappers that run a command later, or once for each of many things: `at`,
//! `systemd-run`, `xargs`, `find -exec`.

use super::forms::{Form, PLAIN};
use super::value::{Traced, Value};
use super::wrappers::{Plan, Wrapped, skip_options, wrapped};
use super::{Dialect, Scope};

/// `at TIME` and `batch`, which read commands or take `-f FILE`.
pub(super) fn at(name: &[u8], words: &[Traced]) -> Option<Wrapped> {
    let mut plan = Plan::Input;
    for (index, word) in words.iter().enumerate() {
        match word.bytes()? {
            // asks or removes
            b"-l" | b"-d" | b"-r" | b"-c" | b"-V" => return None,
            b"-f" => plan = Plan::Script(words.get(index + 1)?.clone(), Vec::new()),
            _ => {}
        }
    }
    if name == b"at" && words.is_empty() {
        return None;
    }
    Some(Wrapped {
        deferred: true,
        ..wrapped(plan, Dialect::Sh)
    })
}

/// `systemd-run [--on-...] COMMAND`
pub(super) fn systemd_run(words: &[Traced], dialect: Dialect) -> Option<Wrapped> {
    const LATER: &[&str] = &[
        "on-active",
        "on-boot",
        "on-startup",
        "on-unit-active",
        "on-unit-inactive",
        "on-calendar",
    ];
    let options = Form {
        short: b"puEHMs",
        long: &[
            "property",
            "unit",
            "setenv",
            "host",
            "machine",
            "description",
            "slice",
            "uid",
            "gid",
            "nice",
            "working-directory",
            "service-type",
            "on-active",
            "on-boot",
            "on-startup",
            "on-unit-active",
            "on-unit-inactive",
            "on-calendar",
            "timer-property",
            "path-property",
            "socket-property",
        ],
        ..PLAIN
    };
    let (at, _) = skip_options(words, &options);
    let mut deferred = false;
    let mut scope = None;
    for (index, word) in words.iter().enumerate().take(at) {
        let bytes = word.value.prefix();
        let long = bytes.strip_prefix(b"--").unwrap_or(&[]);
        let name = long.split(|b| *b == b'=').next().unwrap_or(&[]);
        deferred |= LATER.iter().any(|l| l.as_bytes() == name);
        let value = || {
            words
                .get(index + 1)
                .map_or_else(Value::unknown, |w| w.value.clone())
        };
        match (bytes, name) {
            (b"-H" | b"--host", _) => scope = Some(Scope::Machine(value())),
            (_, b"host") => {
                let host = long.get(5..).unwrap_or(&[]);
                scope = Some(Scope::Machine(Value::known(host)));
            }
            (b"-M" | b"--machine", _) | (_, b"machine") => scope = Some(Scope::Container),
            _ => {}
        }
    }
    let rest = words.get(at..).unwrap_or(&[]);
    if rest.is_empty() {
        return None;
    }
    Some(Wrapped {
        scope,
        deferred,
        ..wrapped(Plan::Words(rest.to_vec()), dialect)
    })
}

/// `xargs COMMAND`: with words that are not known behind it.
pub(super) fn xargs(words: &[Traced], dialect: Dialect) -> Option<Wrapped> {
    let options = Form {
        short: b"adEIiLlnPs",
        long: &[
            "arg-file",
            "delimiter",
            "max-args",
            "max-procs",
            "max-lines",
            "replace",
        ],
        ..PLAIN
    };
    let (at, _) = skip_options(words, &options);
    let mut rest = words.get(at..).unwrap_or(&[]).to_vec();
    if rest.is_empty() {
        return None;
    }
    rest.push(Traced {
        many: true,
        ..Traced::unknown()
    });
    Some(wrapped(Plan::Words(rest), dialect))
}

/// `find ... -exec COMMAND ;`, for files that are not known.
pub(super) fn find(words: &[Traced], dialect: Dialect) -> Option<Wrapped> {
    let exec = words
        .iter()
        .position(|w| matches!(w.bytes(), Some(b"-exec" | b"-execdir" | b"-ok" | b"-okdir")))?;
    let rest = words.get(exec + 1..).unwrap_or(&[]);
    let end = rest
        .iter()
        .position(|w| matches!(w.bytes(), Some(b";" | b"+")));
    let command = rest.get(..end.unwrap_or(rest.len())).unwrap_or(&[]);
    let words = command.iter().map(|word| {
        let place = word.value.prefix().windows(2).any(|w| w == b"{}");
        if place {
            word.derived(Value::unknown())
        } else {
            word.clone()
        }
    });
    Some(wrapped(Plan::Words(words.collect()), dialect))
}
