//! Commands that something that happens sets off, and those of a boot.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;

use super::command::{Fall, Judged, judge, matters, names_a_way_down};
use super::timers::{WORDS, run_parts_of};
use super::{Starter, Trigger, When, delayed};
use crate::fact::{Fact, Listing, Unknown};
use crate::facts::Host;
use crate::facts::systemd::Comes;
use crate::shell::power::{Delay, Kind};
use crate::shell::{Call, DEFAULT_PATH, Dialect, Program, Source, Value};
use crate::source::TreeKind;
use crate::text::{File, Place, escape};

/// The longest command shown as it stands.
const SHOWN: usize = 60;

/// A box that goes down sooner after its boot than this goes round in circles.
const LOOP: SignedDuration = SignedDuration::from_hours(1);

/// Something that runs a command when something happens.
#[derive(Clone)]
pub(super) struct Handler {
    /// Who runs it.
    pub(super) starter: Starter,
    /// When.
    pub(super) when: When,
    /// Who runs it, for the list.
    pub(super) by: String,
    /// The line that asks for it.
    pub(super) place: Place,
    /// The command in it.
    pub(super) command: Place,
}

impl Handler {
    /// One of a program that is known by a name in a sentence.
    pub(super) fn new(name: &str, noun: &'static str, event: impl Into<String>, at: Place) -> Self {
        Self {
            starter: Starter::Other {
                name: name.to_owned(),
                noun,
            },
            when: When::On(event.into()),
            by: name.to_owned(),
            place: at.clone(),
            command: at,
        }
    }

    /// The trigger that a way down makes of it.
    pub(super) fn trigger(&self, fall: Fall) -> Trigger {
        let mut via = fall.via;
        if !via.contains(&fall.place) {
            via.push(fall.place);
        }
        // Not what stands in the line anyway, in no file, or behind the end of one.
        via.retain(|place| {
            let inside = place.path() == self.place.path()
                && place.span.start >= self.place.span.start
                && place.span.end <= self.place.span.end;
            let in_file = place.span.start < place.file.bytes().len();
            !inside && in_file && place.path().as_os_str() != WORDS
        });
        Trigger {
            action: fall.down.kind,
            conditions: fall.conditions,
            guard: fall.guard,
            via,
            ..self.plain(fall.down.kind)
        }
    }

    /// The trigger of something that needs no command to take the box down.
    pub(super) fn plain(&self, kind: Kind) -> Trigger {
        let text = self.command.text();
        let line = text.split(['\n', '\r']).next().unwrap_or("").trim();
        let shown: String = line.chars().take(SHOWN).collect();
        Trigger {
            later: Vec::new(),
            action: kind,
            starter: self.starter.clone(),
            spread: SignedDuration::ZERO,
            when: self.when.clone(),
            schedule: escape(shown.as_bytes()),
            by: self.by.clone(),
            place: self.place.clone(),
            schedule_place: self.place.clone(),
            command_place: self.command.clone(),
            via: Vec::new(),
            conditions: Vec::new(),
            guard: None,
            certain: true,
        }
    }
}

/// Adds what a call of a handler comes to.
pub(super) fn add(host: &Host, handler: &Handler, call: &Call, out: &mut Listing<Trigger>) {
    if let Some(fall) = fall(host, call, &handler.place, out) {
        out.items.push(handler.trigger(fall));
    }
}

/// The way down of a call that the line `own` asks for.
pub(super) fn fall(
    host: &Host,
    call: &Call,
    own: &Place,
    out: &mut Listing<Trigger>,
) -> Option<Fall> {
    match judge(host, call, run_parts_of(host), 0) {
        Judged::Down(fall) => return Some(fall),
        Judged::Not => {}
        Judged::Open(open) => {
            let open = open.into_iter().map(|unknown| placed(unknown, own));
            out.gaps
                .extend(open.filter(|unknown| concerns(host, unknown, own.path())));
        }
        Judged::NotCovered(why) => out.uncovered.push(why),
    }
    None
}

/// An open question about words that stand in no script, at the line that has them.
fn placed(unknown: Unknown, own: &Place) -> Unknown {
    match &unknown.place {
        Some(place) if place.path().as_os_str() == WORDS => Unknown::at(own.clone(), unknown.doubt),
        _ => unknown,
    }
}

/// Whether an open question matters. Of the file that asks for the command only the
/// line counts: the rest of it speaks of other things.
fn concerns(host: &Host, unknown: &Unknown, own: &Path) -> bool {
    match &unknown.place {
        Some(place) if place.path() == own => {
            let line = place.file.position(place.span.start).line;
            names_a_way_down(place.file.slice(place.file.line_span(line)))
        }
        _ => matters(host, unknown),
    }
}

/// When a command that every boot runs takes the box down.
pub(super) fn at_boot(host: &Host, fall: &Fall) -> When {
    let seconds = match fall.down.delay {
        Delay::At { .. } => {
            let then = delayed(host.now(), &fall.down, fall.slept, host.zone());
            return When::At(then);
        }
        Delay::Unknown => return When::On("some time after every boot".to_owned()),
        Delay::Minutes(minutes) => minutes.saturating_mul(60),
        Delay::Now => 0,
    };
    let seconds = i64::try_from(seconds.saturating_add(fall.slept)).unwrap_or(i64::MAX);
    let span = SignedDuration::from_secs(seconds);
    if span < LOOP {
        When::Boot
    } else {
        When::AfterBoot(span)
    }
}

/// The file of something that need not be there; what cannot be read is a gap.
pub(super) fn optional(
    host: &Host,
    path: impl AsRef<Path>,
    out: &mut Listing<Trigger>,
) -> Option<Arc<File>> {
    match host.tree().read(path.as_ref()) {
        Fact::Known(file) => Some(file),
        Fact::Absent(_) | Fact::NotCovered(_) => None,
        Fact::Broken(fault) => {
            out.gaps.push(fault.into());
            None
        }
        Fact::Unknown(unknown) => {
            out.gaps.push(unknown);
            None
        }
    }
}

/// The names in a directory that need not be there, in order; what cannot be read is a
/// gap.
pub(super) fn names(
    host: &Host,
    dir: impl AsRef<Path>,
    out: &mut Listing<Trigger>,
) -> Vec<std::path::PathBuf> {
    let listing = host.tree().entries(dir.as_ref());
    out.gaps.extend(listing.gaps);
    listing.items
}

/// Text that a shell runs.
pub(super) fn shell(source: Source) -> Call {
    Call {
        program: Program::Command(source),
        ..words(Vec::new())
    }
}

/// A script with words.
pub(super) fn script(path: &Path, args: &[&str]) -> Call {
    let args = args.iter().map(|arg| Value::known(arg.as_bytes()));
    Call {
        program: Program::Script(path.to_path_buf()),
        args: args.collect(),
        ..words(Vec::new())
    }
}

/// Words that are executed without a shell.
pub(super) fn words(words: Vec<Value>) -> Call {
    let path = Value::known(DEFAULT_PATH);
    Call {
        program: Program::Words(words),
        args: Vec::new(),
        env: BTreeMap::from([(b"PATH".to_vec(), path)]),
        cwd: Value::known(b"/"),
        stdin: None,
        dialect: Dialect::Sh,
    }
}

/// The words of a command line split at blanks, quotes taken away.
pub(super) fn split(text: &[u8]) -> Vec<Value> {
    let mut out = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quote: Option<u8> = None;
    for byte in text.iter().copied() {
        match quote {
            Some(open) if byte == open => quote = None,
            Some(_) => word.get_or_insert_with(Vec::new).push(byte),
            None if byte == b'"' || byte == b'\'' => {
                quote = Some(byte);
                word.get_or_insert_with(Vec::new);
            }
            None if byte.is_ascii_whitespace() => out.extend(word.take().map(Value::known)),
            None => word.get_or_insert_with(Vec::new).push(byte),
        }
    }
    out.extend(word.map(Value::known));
    out
}

/// The files that one program of systemd reads its settings from, in their order: the
/// main file, then the drop-ins by name, each name once (systemd 252
/// `src/shared/conf-parser.c`, `config_parse_many_nulstr`).
fn settings_files(host: &Host, name: &str, out: &mut Listing<Trigger>) -> Vec<Arc<File>> {
    const DIRS: [&str; 5] = ["/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"];
    let mut drop_ins = BTreeMap::new();
    for dir in DIRS {
        for path in names(host, format!("{dir}/systemd/{name}.d"), out) {
            let own = path.file_name().map(std::ffi::OsStr::to_os_string);
            let is_one = path.extension().is_some_and(|end| end == "conf");
            if let Some(own) = own.filter(|_| is_one) {
                drop_ins.entry(own).or_insert(path);
            }
        }
    }
    let mut mains = DIRS.iter().map(|dir| format!("{dir}/systemd/{name}"));
    let main = mains.find_map(|path| optional(host, path, out));
    let drop_ins = drop_ins.into_values();
    let drop_ins: Vec<Arc<File>> = drop_ins
        .filter(|path| !matches!(host.resolve(path), Fact::Known(f) if f.meta.len == 0))
        .filter_map(|path| optional(host, path, out))
        .collect();
    main.into_iter().chain(drop_ins).collect()
}

/// The last assignment of each key of one section, by key.
pub(super) fn settings(
    host: &Host,
    name: &str,
    section: &str,
    out: &mut Listing<Trigger>,
) -> BTreeMap<String, (String, Place)> {
    let mut found = BTreeMap::new();
    for file in settings_files(host, name, out) {
        for line in crate::parse::unit::parse(&file, None).section(section) {
            let value = line.value.text().into_owned();
            if value.is_empty() {
                found.remove(&line.key);
            } else {
                found.insert(line.key.clone(), (value, line.place.clone()));
            }
        }
    }
    found
}

/// Whether a service is started at boot, by any of its names; so it is in a part of a
/// root, where that cannot be told.
pub(super) fn is_enabled(host: &Host, names: &[&str]) -> bool {
    if host.tree().coverage().kind == TreeKind::Partial {
        return true;
    }
    if let Fact::Known(boot) = host.systemd() {
        return names.iter().any(|name| {
            let comes = boot.is_in_boot(&format!("{name}.service"));
            !matches!(comes, Comes::Not | Comes::Refused)
        });
    }
    let mut enabled = host.enabled().items.iter();
    enabled.any(|e| names.contains(&e.name.as_str()))
}
