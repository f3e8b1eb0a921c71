//! What a command comes to: whether it takes this box down, and on what way.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::timers;
use crate::fact::{Doubt, Fact, Listing, Unknown};
use crate::facts::Host;
use crate::facts::world::TreeWorld;
use crate::parse::crontab::{Daemon, Directory, RunParts, accepted_name};
use crate::parse::init_script::{Head, head};
use crate::shell::power::{Down, TakesDown, takes_down};
use crate::shell::{Action, Call, Limits, Program, Value, evaluate};
use crate::text::{Place, escape};

/// Words without which no script of another language takes a box down.
static MENTIONS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // Also as part of a name (`safe_reboot.sh`), as a method of D-Bus (`PowerOff`) and
    // as a list of words (`["init", "0"]`).
    Regex::new(concat!(
        r"(?i-u)reboot|shutdown|power-?off|\bhalt\b|telinit|kexec|rtcwake|sysrq-trigger",
        r#"|\binit["',\s]+[06]\b"#
    ))
    .ok()
});

/// Whether something that could not be evaluated leaves the question open. A script
/// that names no way down, or that a package ships, does not: what it would have to
/// be told from outside to take the box down is not what cron tells it.
pub(super) fn matters(host: &Host, unknown: &Unknown) -> bool {
    if unknown.could_not_look() && unknown.place.is_none() {
        return true;
    }
    let Some(place) = &unknown.place else {
        return true;
    };
    let is_table = host
        .cron()
        .tables
        .items
        .iter()
        .any(|t| t.file.path() == place.path());
    // Of a unit file the line counts too, not what its description says.
    let is_unit = !is_table && place.span.end > place.span.start && timers::is_unit_file(place);
    let text = if is_table || is_unit {
        let line = place.file.position(place.span.start).line;
        place.file.slice(place.file.line_span(line))
    } else {
        place.file.bytes()
    };
    names_a_way_down(text) && !host.is_shipped(place.path())
}

/// Whether a text has one of the words without which nothing takes a box down.
pub(super) fn names_a_way_down(text: &[u8]) -> bool {
    let mentions = MENTIONS.as_ref();
    mentions.is_none_or(|mentions| mentions.is_match(text))
}

/// A way down.
pub(super) struct Fall {
    pub(super) down: Down,
    /// The command that does it.
    pub(super) place: Place,
    /// The places on the way to it, outermost first.
    pub(super) via: Vec<Place>,
    pub(super) conditions: Vec<String>,
    pub(super) guard: Option<String>,
    /// Seconds of `sleep` before it.
    pub(super) slept: u64,
}

/// What a call comes to.
pub(super) enum Judged {
    Down(Fall),
    Not,
    Open(Vec<Unknown>),
    NotCovered(crate::fact::Why),
}

impl Judged {
    /// The way down, if there is one. What stays open, and matters, goes into `out`.
    pub(super) fn fall<T>(self, host: &Host, out: &mut Listing<T>) -> Option<Fall> {
        match self {
            Self::Down(fall) => return Some(fall),
            Self::Not => {}
            Self::Open(open) => {
                let open = open.into_iter().filter(|unknown| matters(host, unknown));
                out.gaps.extend(open);
            }
            Self::NotCovered(why) => out.uncovered.push(why),
        }
        None
    }
}

/// Directories of `run-parts` inside each other at most.
pub(super) const NESTED: usize = 2;

pub(super) fn judge(host: &Host, call: &Call, daemon: Daemon, depth: usize) -> Judged {
    let world = TreeWorld::new(host.tree());
    let outcome = evaluate(call, &world, &Limits::default());
    let judgement = takes_down(&outcome);
    let down = match &judgement.takes_down {
        TakesDown::Always { down, effect } => Some((down, *effect, Vec::new())),
        TakesDown::If {
            conditions,
            down,
            effect,
        } => Some((
            down,
            *effect,
            conditions.iter().map(ToString::to_string).collect(),
        )),
        TakesDown::OtherMachine { .. } | TakesDown::Never | TakesDown::Undecided(_) => None,
    };
    if let Some((down, effect, conditions)) = down
        && let Some(effect) = outcome.effects.get(effect)
    {
        let guard = guard_in(&conditions);
        return Judged::Down(Fall {
            down: down.clone(),
            place: effect.place.clone(),
            via: effect.via.clone(),
            conditions,
            guard,
            slept: effect.slept,
        });
    }
    let mut open = match judgement.takes_down {
        TakesDown::Undecided(open) => open,
        _ => Vec::new(),
    };
    let mut uncovered = None;
    for index in judgement.unjudged {
        let Some(effect) = outcome.effects.get(index) else {
            continue;
        };
        match program(host, effect, call, daemon, depth) {
            Judged::Not => {}
            Judged::Open(more) => open.extend(more),
            Judged::NotCovered(why) => uncovered = Some(why),
            Judged::Down(fall) => return Judged::Down(within_effect(fall, effect)),
        }
    }
    for effect in &outcome.effects {
        for unit in super::started::units(effect) {
            match super::started::judge(host, &unit, daemon, depth) {
                Judged::Not => {}
                Judged::Open(more) => open.extend(more),
                Judged::NotCovered(why) => uncovered = Some(why),
                Judged::Down(fall) => return Judged::Down(within_effect(fall, effect)),
            }
        }
    }
    match (open.is_empty(), uncovered) {
        (false, _) => Judged::Open(open),
        (true, Some(why)) => Judged::NotCovered(why),
        (true, None) => Judged::Not,
    }
}

/// Adds the conditions and the way of the effect that led there.
fn within_effect(fall: Fall, effect: &crate::shell::Effect) -> Fall {
    let outer = effect.reach.conditions().iter().map(ToString::to_string);
    let conditions: Vec<String> = outer.chain(fall.conditions).collect();
    let mut via = effect.via.clone();
    via.push(effect.place.clone());
    via.extend(fall.via);
    Fall {
        guard: fall.guard.or_else(|| guard_in(&conditions)),
        conditions,
        via,
        slept: fall.slept.saturating_add(effect.slept),
        ..fall
    }
}

/// The guard among the conditions of an effect.
pub(super) fn guard_in(conditions: &[String]) -> Option<String> {
    let is_guard = |text: &&String| {
        let mut words = text.split_whitespace();
        let program = words.next().and_then(|word| word.rsplit('/').next());
        program == Some("comeback") && matches!(words.next(), Some("guard" | "check"))
    };
    conditions.iter().find(is_guard).cloned()
}

/// A program the evaluator does not judge: our own guard, `run-parts`, a script of
/// another language, or one that is not in the tree.
fn program(
    host: &Host,
    effect: &crate::shell::Effect,
    call: &Call,
    daemon: Daemon,
    depth: usize,
) -> Judged {
    let Action::Run { argv, .. } = &effect.action else {
        return Judged::Not;
    };
    let words: Vec<&[u8]> = argv.iter().map_while(|word| word.bytes()).collect();
    let name = words.first().map_or(&b""[..], |word| *word);
    let base = name.rsplit(|b| *b == b'/').next().unwrap_or(name);
    if base == b"comeback" {
        return guarded(host, argv, &words, call, daemon, depth);
    }
    if base == b"run-parts" && depth < NESTED {
        let dir = words.iter().rev().find(|word| word.starts_with(b"/"));
        if let Some(dir) = dir {
            let dir = Path::new(std::ffi::OsStr::from_bytes(dir));
            let lsb = words.contains(&&b"--lsbsysinit"[..]);
            let program = run_parts_program(host, daemon, lsb);
            return run_parts(host, dir, program, call, daemon, depth);
        }
    }
    if let Some(code) = code_of(base, &words) {
        return code_of_interpreter(base, code, effect);
    }
    if let Some(script) = interpreted(base, &words) {
        return script_of_interpreter(host, script, effect);
    }
    match &effect.target {
        Fact::Known(path) => foreign(host, path),
        // Not there, so it does not run.
        Fact::Absent(_) | Fact::Broken(_) => Judged::Not,
        Fact::Unknown(unknown) => Judged::Open(vec![unknown.clone()]),
        Fact::NotCovered(why) => {
            if is_distribution_program(name) {
                Judged::Not
            } else {
                Judged::NotCovered(why.clone())
            }
        }
    }
}

/// The program text among an interpreter's words: `python3 -c TEXT`, `perl -e TEXT`.
fn code_of<'a>(base: &[u8], words: &[&'a [u8]]) -> Option<&'a [u8]> {
    let letters: &[u8] = match base {
        _ if base.starts_with(b"python") => b"c",
        _ if base.starts_with(b"php") => b"r",
        _ if base.starts_with(b"perl") => b"eE",
        _ if base.starts_with(b"ruby") || base.starts_with(b"node") => b"e",
        _ => return None,
    };
    let takes = |word: &&&[u8]| {
        let letter = word.last().is_some_and(|last| letters.contains(last));
        letter && word.starts_with(b"-") && !word.starts_with(b"--")
    };
    // Behind the name of a script stands what that script is told.
    let options = words
        .iter()
        .skip(1)
        .take_while(|word| word.starts_with(b"-"));
    let at = options.enumerate().find(|(_, word)| takes(word))?.0;
    words.get(at + 2).copied()
}

/// `python3 -c 'import os; os.system("reboot")'`
fn code_of_interpreter(base: &[u8], code: &[u8], effect: &crate::shell::Effect) -> Judged {
    if !names_a_way_down(code) {
        return Judged::Not;
    }
    let what = format!(
        "the code given to {} names a way down, and is not read",
        escape(base)
    );
    let doubt = Doubt::CannotModel(what);
    Judged::Open(vec![Unknown::at(effect.place.clone(), doubt)])
}

/// The script an interpreter is started with: its first word that is no option.
fn interpreted<'a>(base: &[u8], words: &[&'a [u8]]) -> Option<&'a [u8]> {
    let shells: [&[u8]; 6] = [b"sh", b"bash", b"dash", b"ash", b"ksh", b"zsh"];
    let others: [&[u8]; 5] = [b"python", b"perl", b"php", b"ruby", b"node"];
    let known = shells.contains(&base) || others.iter().any(|name| base.starts_with(name));
    let script = words.iter().skip(1).find(|word| !word.starts_with(b"-"))?;
    known.then_some(*script)
}

/// `python3 /opt/x.py`, or `sh /opt/x.sh` where the evaluator had no script to follow.
fn script_of_interpreter(host: &Host, script: &[u8], effect: &crate::shell::Effect) -> Judged {
    let path = Path::new(std::ffi::OsStr::from_bytes(script));
    if !path.is_absolute() {
        // Relative to a directory that cron's own `cd` or HOME decides.
        let what = format!(
            "{} is looked up in a directory that is not known",
            escape(script)
        );
        let doubt = Doubt::CannotModel(what);
        return Judged::Open(vec![Unknown::at(effect.place.clone(), doubt)]);
    }
    match host.resolve(path) {
        Fact::Known(_) => foreign(host, path),
        Fact::Absent(_) | Fact::Broken(_) => Judged::Not,
        Fact::Unknown(unknown) => Judged::Open(vec![unknown]),
        Fact::NotCovered(why) => Judged::NotCovered(why),
    }
}

/// Programs by bare name, or in the distribution's own directories, are assumed to
/// be what the distribution ships; those that take a box down are known by name.
/// A suffix is the mark of a script of the site's own.
fn is_distribution_program(name: &[u8]) -> bool {
    let suffixes: [&[u8]; 5] = [b".sh", b".py", b".pl", b".php", b".rb"];
    if suffixes.iter().any(|suffix| name.ends_with(suffix)) {
        return false;
    }
    let dirs: [&[u8]; 4] = [b"/bin/", b"/sbin/", b"/usr/bin/", b"/usr/sbin/"];
    !name.contains(&b'/') || dirs.iter().any(|dir| name.starts_with(dir))
}

/// `comeback guard -- CMD`: what CMD does, with the guard in front.
fn guarded(
    host: &Host,
    argv: &[Value],
    words: &[&[u8]],
    call: &Call,
    daemon: Daemon,
    depth: usize,
) -> Judged {
    let dashes = words.iter().position(|word| *word == b"--");
    let (Some(dashes), true) = (dashes, words.get(1) == Some(&&b"guard"[..])) else {
        return Judged::Not;
    };
    let rest: Vec<Value> = argv.iter().skip(dashes + 1).cloned().collect();
    if rest.is_empty() || depth >= NESTED {
        return Judged::Not;
    }
    let inner = Call {
        program: Program::Words(rest.iter().take(1).cloned().collect()),
        args: rest.into_iter().skip(1).collect(),
        ..call.clone()
    };
    match judge(host, &inner, daemon, depth + 1) {
        Judged::Down(fall) => Judged::Down(Fall {
            guard: Some("comeback guard".to_owned()),
            ..fall
        }),
        other => other,
    }
}

/// Which `run-parts` there is: busybox's is a link, Debian's a binary, Fedora's a script.
/// Where none is seen, that of the distributions that have the daemon.
fn run_parts_program(host: &Host, daemon: Daemon, lsb: bool) -> RunParts {
    let debian = match lsb {
        true if lsb_takes_underscores(host) => RunParts::DebianLsb510,
        true => RunParts::DebianLsb,
        false => RunParts::Debian,
    };
    for path in ["/usr/bin/run-parts", "/bin/run-parts"] {
        let Fact::Known(found) = host.resolve(Path::new(path)) else {
            continue;
        };
        if found.path.file_name().is_some_and(|name| name == "busybox") {
            return RunParts::Busybox;
        }
        if let Fact::Known(file) = host.tree().read_head(&found.path, 64) {
            return match head(&file) {
                Head::Script(_) => RunParts::Fedora,
                Head::Elf | Head::Empty | Head::Plain => debian,
            };
        }
    }
    match daemon {
        Daemon::Cronie => RunParts::Fedora,
        Daemon::Busybox | Daemon::Dcron => RunParts::Busybox,
        Daemon::Debian
        | Daemon::Debian187
        | Daemon::Bcron
        | Daemon::SystemdCron1
        | Daemon::SystemdCron2 => debian,
    }
}

/// Whether debianutils is 5.10 or newer; where no package tells, by the release.
fn lsb_takes_underscores(host: &Host) -> bool {
    if let Fact::Known(packages) = host.packages()
        && let Some(version) = packages.version_of("debianutils")
    {
        let mut numbers = version.split(|c: char| !c.is_ascii_digit());
        let mut next = || numbers.next().and_then(|number| number.parse::<u32>().ok());
        return (next(), next()) >= (Some(5), Some(10));
    }
    matches!(host.os(), Fact::Known(os) if os.debian_release() >= Some(13))
}

/// The scripts of a `run-parts` directory.
fn run_parts(
    host: &Host,
    dir: &Path,
    program: RunParts,
    call: &Call,
    daemon: Daemon,
    depth: usize,
) -> Judged {
    let mut open = Vec::new();
    let entries: Listing<PathBuf> = host.tree().entries(dir);
    for path in entries.items {
        let name = path.file_name().map_or(&[][..], |name| name.as_bytes());
        if accepted_name(daemon, Directory::RunParts(program), name).is_err() {
            continue;
        }
        match host.resolve(&path) {
            Fact::Known(found) if found.meta.is_program() => {}
            Fact::Unknown(unknown) => {
                open.push(unknown);
                continue;
            }
            _ => continue,
        }
        let inner = Call {
            program: Program::Script(path.clone()),
            args: Vec::new(),
            ..call.clone()
        };
        match judge(host, &inner, daemon, depth + 1) {
            Judged::Not | Judged::NotCovered(_) => {}
            Judged::Open(more) => open.extend(more),
            down @ Judged::Down(_) => return down,
        }
    }
    open.extend(entries.gaps);
    if open.is_empty() {
        Judged::Not
    } else {
        Judged::Open(open)
    }
}

/// A program that is there and no shell script.
fn foreign(host: &Host, path: &Path) -> Judged {
    let file = match host.tree().read_head(path, 1 << 20) {
        Fact::Known(file) => file,
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => return Judged::Not,
        Fact::Unknown(unknown) => return Judged::Open(vec![unknown]),
    };
    let language = match head(&file) {
        // A binary that takes boxes down would be known by its name.
        Head::Elf | Head::Empty => return Judged::Not,
        Head::Script(interpreter) => escape(
            interpreter
                .path
                .rsplit(|b| *b == b'/')
                .next()
                .unwrap_or(b""),
        ),
        Head::Plain => "a".to_owned(),
    };
    let place = file.place(file.line_span(1));
    let what = format!("this {language} script names a way down and is not evaluated");
    let doubt = Doubt::CannotModel(what);
    Judged::Open(vec![Unknown::at(place, doubt)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_down_are_seen_in_the_words_of_other_languages() {
        let mentions = MENTIONS.as_ref().unwrap();
        for text in [
            "os.system('init 0')",
            "subprocess.call([\"init\", \"6\"])",
            "/opt/bin/safe_reboot.sh",
            "org.freedesktop.login1.Manager.PowerOff",
            "system(\"/sbin/halt -p\")",
        ] {
            assert!(mentions.is_match(text.as_bytes()), "{text}");
        }
        for text in ["init 3", "asphalt", "print('done')", "init_6"] {
            assert!(!mentions.is_match(text.as_bytes()), "{text}");
        }
    }
}
