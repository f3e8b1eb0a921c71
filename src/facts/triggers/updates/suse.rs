//! transactional-update (6.1 `sbin/transactional-update.in`, `lib/Reboot.cpp`), os-update
//! (1.21 `src/os-update.in`) and the reboot manager they ask (rebootmgr 3.3
//! `src/rebootmgrd.c`, `lib/common/load_config.c`).

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::super::event::{is_enabled, names};
use super::super::timers::{Armed, armed_for, next_of};
use super::super::{Trigger, When};
use super::{Reboot, assigned, files};
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::parse::ini;
use crate::parse::unit::{TimeSpan, parse_span};
use crate::text::{Place, escape};

/// What one of them does when a reboot is due.
struct Updater {
    name: &'static str,
    /// Where it is configured, what counts most last.
    files: &'static [&'static str],
    snippets: &'static str,
    key: &'static str,
    /// The value that means systemctl.
    systemd: &'static str,
    condition: &'static str,
}

const TRANSACTIONAL: Updater = Updater {
    name: "transactional-update",
    files: &[
        "/usr/etc/transactional-update.conf",
        "/etc/transactional-update.conf",
    ],
    snippets: "/usr/etc/transactional-update.conf.d",
    key: "REBOOT_METHOD",
    systemd: "systemd",
    condition: "an update was installed",
};

const OS_UPDATE: Updater = Updater {
    name: "os-update",
    files: &[
        "/usr/share/os-update/os-update.conf",
        "/usr/etc/os-update.conf",
        "/etc/os-update.conf",
    ],
    snippets: "",
    key: "REBOOT_CMD",
    systemd: "reboot",
    condition: "an update that was installed asks for a reboot",
};

pub(super) fn read(host: &Host, out: &mut Listing<Trigger>) {
    for armed in armed_for(host, &["transactional-update.service"])
        .into_iter()
        .flatten()
    {
        // The service says so by a word; a drop-in may take it out.
        if armed.words.iter().any(|word| word == b"reboot") {
            let found = of_updater(host, &TRANSACTIONAL, &armed, out);
            out.items.extend(found);
        }
    }
    for armed in armed_for(host, &["os-update.service"])
        .into_iter()
        .flatten()
    {
        let found = of_updater(host, &OS_UPDATE, &armed, out);
        out.items.extend(found);
    }
}

fn of_updater(
    host: &Host,
    updater: &Updater,
    armed: &Armed,
    out: &mut Listing<Trigger>,
) -> Option<Trigger> {
    let mut found = files(host, updater.files.get(..1)?, out);
    if !updater.snippets.is_empty() {
        let snippets = names(host, updater.snippets, out);
        let snippets: Vec<String> = snippets.iter().map(|p| p.display().to_string()).collect();
        let snippets: Vec<&str> = snippets.iter().map(String::as_str).collect();
        found.extend(files(host, &snippets, out));
    }
    found.extend(files(host, updater.files.get(1..)?, out));
    let told = assigned(&found, updater.key);
    let method = told.as_ref().map_or("auto", |told| told.value.as_str());
    let manager = match method {
        "none" | "notify" | "kured" => return None,
        _ if method == updater.systemd || method == "kexec" => None,
        // Its client fails where it does not run.
        "rebootmgr" => Some(Manager::read(host, out)?),
        // `auto`, and what is not known.
        _ => Manager::read(host, out),
    };
    if manager.as_ref().is_some_and(|m| m.strategy == "off") {
        return None;
    }
    let start = *armed.next.first()?;
    let timer = escape(armed.timer.as_bytes());
    let place = told.map_or_else(|| armed.time.place.clone(), |told| told.place);
    let mut reboot = Reboot::new(updater.name, When::At(start), place);
    reboot.by = format!("{}, started by {timer}, as root", updater.name);
    reboot.spread = armed.spread;
    reboot.via.push(armed.time.place.clone());
    reboot.conditions.push(updater.condition.to_owned());
    if let Some(manager) = manager {
        reboot.by = format!("{}, by way of rebootmgr", reboot.by);
        reboot.via.extend(manager.places.clone());
        let (when, spread) = manager.when(host, start, armed.spread);
        reboot.when = when;
        reboot.spread = spread;
    }
    Some(reboot.trigger())
}

/// rebootmgr, which waits for its window.
struct Manager {
    strategy: String,
    /// None: it reboots when it is asked.
    start: Option<String>,
    length: SignedDuration,
    places: Vec<Place>,
}

impl Manager {
    /// Nothing where it does not run.
    fn read(host: &Host, out: &mut Listing<Trigger>) -> Option<Self> {
        if !is_enabled(host, &["rebootmgr"]) {
            return None;
        }
        // Until version 3 its files had no folder of their own.
        let new = !matches!(
            host.resolve(Path::new("/usr/libexec/rebootmgrd")),
            Fact::Absent(_)
        );
        let (dirs, folder) = if new {
            (
                &["/etc", "/run", "/usr/share", "/usr/etc"][..],
                "/rebootmgr",
            )
        } else {
            (&["/etc", "/usr/etc"][..], "")
        };
        let mains = dirs
            .iter()
            .map(|dir| format!("{dir}{folder}/rebootmgr.conf"));
        let mains: Vec<String> = mains.collect();
        let main = mains
            .iter()
            .find(|path| !matches!(host.resolve(Path::new(path)), Fact::Absent(_)));
        let mut paths: Vec<String> = main.cloned().into_iter().collect();
        let mut snippets = std::collections::BTreeMap::new();
        for dir in dirs {
            for path in names(host, format!("{dir}{folder}/rebootmgr.conf.d"), out) {
                let is_one = path.extension().is_some_and(|end| end == "conf");
                if let Some(name) = path.file_name().filter(|_| is_one) {
                    let name = name.to_os_string();
                    snippets.entry(name).or_insert(path.display().to_string());
                }
            }
        }
        paths.extend(snippets.into_values());
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let entries: Vec<ini::Entry> = files(host, &paths, out)
            .iter()
            .flat_map(ini::parse)
            .collect();
        let mut places = Vec::new();
        let mut value = |name: &str| {
            let entry = ini::last(&entries, "rebootmgr", name)?;
            places.push(entry.place.clone());
            Some(entry.value.trim_matches('"').to_owned())
        };
        let strategy = value("strategy").map(|text| text.to_ascii_lowercase());
        let start = value("window-start");
        let length = value("window-duration").and_then(|text| match parse_span(&text)? {
            TimeSpan::For(span) => SignedDuration::try_from(span).ok(),
            TimeSpan::Infinite => None,
        });
        let strategy = strategy.unwrap_or_else(|| "best-effort".to_owned());
        let start = start.unwrap_or_else(|| "03:30".to_owned());
        Some(Self {
            strategy,
            start: Some(start).filter(|text| !text.is_empty()),
            length: length.unwrap_or(SignedDuration::from_hours(1)),
            places,
        })
    }

    /// When it reboots a box whose update ends at `start` or so much later.
    fn when(
        &self,
        host: &Host,
        start: Timestamp,
        spread: SignedDuration,
    ) -> (When, SignedDuration) {
        let at_once = (When::At(start), spread);
        let Some(window) = self.start.as_ref().filter(|_| self.strategy != "instantly") else {
            return at_once;
        };
        let before = start.checked_sub(self.length).unwrap_or(start);
        match next_of(host, window, before) {
            // The window is open when the update ends.
            Some(open) if open <= start => at_once,
            Some(open) => (When::At(open), self.length),
            None => {
                let why = format!("rebootmgr has no window: {}", escape(window.as_bytes()));
                (When::Never(why), SignedDuration::ZERO)
            }
        }
    }
}
