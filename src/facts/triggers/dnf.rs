//! dnf-automatic and dnf5's plugin of that name, which may reboot after an update (dnf
//! 4.16 `dnf/automatic/main.py`, dnf5 5.1 `dnf5-plugins/automatic_plugin`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;

use super::command::{Fall, judge};
use super::timers::{Armed, armed_for, run_parts_of};
use super::{Starter, Trigger, When, delayed};
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::parse::ini::{self, Entry};
use crate::shell::{Call, DEFAULT_PATH, Dialect, Program, Source, Value};
use crate::text::{File, Span, escape};

/// Services that update, under the names of both.
const SERVICES: [&str; 4] = [
    "dnf-automatic.service",
    "dnf-automatic-install.service",
    "dnf5-automatic.service",
    "dnf5-automatic-install.service",
];

/// Where dnf5 looks, the site's own last.
const DNF5: [&str; 3] = [
    "/usr/share/dnf5/dnf5-plugins/automatic.conf",
    "/etc/dnf/dnf5-plugins/automatic.conf",
    "/etc/dnf/automatic.conf",
];

/// What both run without `reboot_command=`.
const COMMAND: &str = "shutdown -r +5 'Rebooting after applying package updates'";

/// Adds what dnf-automatic does.
pub(super) fn read(host: &Host, decided: &mut usize, out: &mut Listing<Trigger>) {
    let dirs = ["/etc/dnf", "/usr/share/dnf5/dnf5-plugins"];
    let is_there = |dir: &&str| !matches!(host.resolve(Path::new(dir)), Fact::Absent(_));
    if !dirs.iter().any(is_there) {
        return;
    }
    for armed in armed_for(host, &SERVICES).into_iter().flatten() {
        let before = (out.gaps.len(), out.uncovered.len());
        let found = of_timer(host, &armed, out);
        out.items.extend(found);
        *decided += usize::from(before == (out.gaps.len(), out.uncovered.len()));
    }
}

fn of_timer(host: &Host, armed: &Armed, out: &mut Listing<Trigger>) -> Option<Trigger> {
    let is = |word: &str| armed.words.iter().any(|own| own == word.as_bytes());
    let given = armed.words.iter().find(|word| word.starts_with(b"/"));
    let given = given.map(|path| PathBuf::from(String::from_utf8_lossy(path).into_owned()));
    let files = if is("automatic") {
        DNF5.map(PathBuf::from).to_vec()
    } else {
        vec![given.unwrap_or_else(|| PathBuf::from("/etc/dnf/automatic.conf"))]
    };
    let mut entries: Vec<Entry> = Vec::new();
    for path in files {
        if let Some(file) = out.take(host.tree().read(&path)) {
            entries.extend(ini::parse(&file));
        }
    }
    let value = |name: &str| ini::last(&entries, "commands", name);
    let applies = if is("--installupdates") {
        true
    } else if is("--no-installupdates") {
        false
    } else {
        value("apply_updates").is_some_and(|entry| is_true(&entry.value))
    };
    let reboot = value("reboot").filter(|_| applies)?;
    let condition = match reboot.value.as_str() {
        "when-changed" => "an update was installed",
        "when-needed" => "an update that was installed asks for a reboot",
        _ => return None,
    };
    let fall = command(host, value("reboot_command"), out)?;
    let sleep = value("random_sleep").and_then(|entry| entry.value.parse().ok());
    let sleep = SignedDuration::from_secs(sleep.filter(|_| is("--timer")).unwrap_or(0));
    let start = *armed.next.first()?;
    let mut via = vec![armed.time.place.clone()];
    via.extend(value("reboot_command").map(|entry| entry.place.clone()));
    let mut conditions = vec![condition.to_owned()];
    conditions.extend(fall.conditions);
    let when = When::At(delayed(start, &fall.down, fall.slept, host.zone()));
    let timer = escape(armed.timer.as_bytes());
    Some(Trigger {
        later: Vec::new(),
        action: fall.down.kind,
        starter: Starter::Other {
            name: "dnf-automatic".to_owned(),
            noun: "an automatic update",
        },
        spread: armed.spread.saturating_add(sleep),
        when,
        schedule: escape(format!("{}={}", armed.time.key, armed.time.text).as_bytes()),
        by: format!("dnf-automatic, started by {timer}, as root"),
        place: reboot.place.clone(),
        schedule_place: reboot.place.clone(),
        command_place: reboot.place.clone(),
        via,
        conditions,
        guard: fall.guard,
        certain: !host.zone().is_assumed(),
    })
}

/// `OptionBool` of libdnf.
fn is_true(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    matches!(value.as_str(), "1" | "yes" | "true" | "on")
}

/// What `reboot_command=` comes to.
fn command(host: &Host, entry: Option<&Entry>, out: &mut Listing<Trigger>) -> Option<Fall> {
    let source = match entry {
        Some(entry) => Source::expanded(&entry.place, entry.value.clone().into_bytes()),
        None => {
            let file = File::new("command", COMMAND);
            Source::part(&file.place(Span::new(0, COMMAND.len())))
        }
    };
    let env = BTreeMap::from([(b"PATH".to_vec(), Value::known(DEFAULT_PATH))]);
    let call = Call {
        program: Program::Command(source),
        args: Vec::new(),
        env,
        cwd: Value::known(b"/".to_vec()),
        stdin: None,
        dialect: Dialect::Sh,
    };
    judge(host, &call, run_parts_of(host), 0).fall(host, out)
}
