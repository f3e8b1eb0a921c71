//! zincati, the update agent of Fedora `CoreOS` (0.0.32 `src/config/inputs.rs`,
//! `src/strategy/`, `src/weekly/`).
//!
//! | input | zincati |
//! |---|---|
//! | a file of the same name in `/etc`, `/run`, `/usr/lib` | the first of these counts |
//! | keys in several files | the last by file name counts; windows add up |
//! | no `strategy`, or an empty one | `immediate` |
//! | `time_zone` of a window | UTC where there is none; `localtime` is the box's own |
//! | a file that is no TOML, a strategy or a day that is not known | it does not start |

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;

use super::super::event::{is_enabled, names, optional};
use super::super::{Trigger, When};
use super::{Reboot, Window, clock, weekday};
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::text::{File, Place, escape};
use crate::time::Zone;

/// What a window at most lasts, in minutes: a week.
const WEEK: i64 = 7 * 24 * 60;

/// Where ostree keeps what the next boot takes.
const STAGED: &str = "/run/ostree/staged-deployment";

pub(super) fn read(host: &Host, out: &mut Listing<Trigger>) {
    if !is_there(host) || !is_enabled(host, &["zincati"]) {
        return;
    }
    let Some(config) = Config::read(host, out) else {
        return;
    };
    let Some(place) = config.place.clone().filter(|_| config.enabled) else {
        return;
    };
    let mut reboot = Reboot::new("zincati", When::On(String::new()), place);
    if !matches!(host.resolve(Path::new(STAGED)), Fact::Known(_)) {
        reboot.conditions.push("an update was fetched".to_owned());
    }
    match config.strategy.as_str() {
        "" | "immediate" => {
            reboot.when = When::On("as soon as an update is there".to_owned());
        }
        "fleet_lock" => {
            reboot.conditions.push(format!("{} lets it", config.server));
            reboot.when = When::On("as soon as an update is there".to_owned());
        }
        "periodic" => match config.next(host) {
            Ok((at, left)) => {
                reboot.when = When::At(at);
                reboot.spread = left;
            }
            Err(why) => reboot.when = When::Never(why),
        },
        other => {
            let other = escape(other.as_bytes());
            reboot.when = When::Never(format!("zincati does not know the strategy {other}"));
        }
    }
    out.items.push(reboot.trigger());
}

/// Whether the agent is there; a part of a root is judged by its settings.
fn is_there(host: &Host) -> bool {
    let paths = ["/usr/libexec/zincati", "/etc/zincati/config.d"];
    let is = |path: &str| matches!(host.resolve(Path::new(path)), Fact::Known(_));
    paths.iter().any(|path| is(path))
}

struct Config {
    enabled: bool,
    strategy: String,
    server: String,
    zone: String,
    /// Day, start, minutes; as written.
    windows: Vec<(String, String, i64)>,
    /// The line that decides, or the first of all.
    place: Option<Place>,
}

impl Config {
    fn read(host: &Host, out: &mut Listing<Trigger>) -> Option<Self> {
        let mut files = BTreeMap::new();
        for dir in ["/usr/lib", "/run", "/etc"] {
            for path in names(host, format!("{dir}/zincati/config.d"), out) {
                let is_one = path.extension().is_some_and(|end| end == "toml");
                if let Some(name) = path.file_name().filter(|_| is_one) {
                    files.insert(name.to_os_string(), path.clone());
                }
            }
        }
        let mut config = Self {
            enabled: true,
            strategy: String::new(),
            server: String::new(),
            zone: "UTC".to_owned(),
            windows: Vec::new(),
            place: None,
        };
        for path in files.into_values() {
            let file = optional(host, &path, out)?;
            let text = String::from_utf8_lossy(file.bytes());
            // It dies of such a file.
            let table: toml::Table = text.parse().ok()?;
            config.take(&table, &file);
        }
        Some(config)
    }

    fn take(&mut self, table: &toml::Table, file: &Arc<File>) {
        let Some(updates) = table.get("updates").and_then(toml::Value::as_table) else {
            return;
        };
        if self.place.is_none() {
            self.place = Some(line_of(file, "[updates"));
        }
        if let Some(enabled) = updates.get("enabled").and_then(toml::Value::as_bool) {
            self.enabled = enabled;
        }
        if let Some(strategy) = updates.get("strategy").and_then(toml::Value::as_str) {
            strategy.clone_into(&mut self.strategy);
            self.place = Some(line_of(file, "strategy"));
        }
        let part = |name: &str| updates.get(name).and_then(toml::Value::as_table);
        let text = |table: &toml::Table, name: &str| {
            let value = table.get(name).and_then(toml::Value::as_str);
            value.map(str::to_owned)
        };
        if let Some(server) = part("fleet_lock").and_then(|part| text(part, "base_url")) {
            self.server = server;
        }
        let Some(periodic) = part("periodic") else {
            return;
        };
        if let Some(zone) = text(periodic, "time_zone") {
            self.zone = zone;
        }
        let windows = periodic.get("window").and_then(toml::Value::as_array);
        for window in windows
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_table)
        {
            let days = window.get("days").and_then(toml::Value::as_array);
            let start = window.get("start_time").and_then(toml::Value::as_str);
            let start = start.unwrap_or("");
            let length = window.get("length_minutes");
            let length = length.and_then(toml::Value::as_integer).unwrap_or(0);
            for day in days.into_iter().flatten().filter_map(toml::Value::as_str) {
                self.windows
                    .push((day.to_owned(), start.to_owned(), length));
            }
        }
    }

    /// The next moment in a window, and how long it lasts from there.
    fn next(&self, host: &Host) -> Result<(jiff::Timestamp, SignedDuration), String> {
        let shown = escape(self.zone.as_bytes());
        let named = host.zone_called(&self.zone);
        let zone: &Zone = match (self.zone.as_str(), &named) {
            ("localtime", _) => host.zone(),
            (_, Some(zone)) => zone,
            (_, None) => return Err(format!("zincati does not start: no time zone {shown}")),
        };
        let now = zone.at(host.now());
        let mut soonest = None;
        for (day, start, length) in &self.windows {
            let short: String = day.chars().take(3).collect();
            let known = day.len() == 3 || day.to_ascii_lowercase().ends_with("day");
            let window = weekday(&short).filter(|_| known).zip(clock(start));
            let (Some((day, (hour, minute))), 1..=WEEK) = (window, *length) else {
                let (day, start) = (escape(day.as_bytes()), escape(start.as_bytes()));
                return Err(format!(
                    "zincati does not start: it takes no window {day} {start}, {length} minutes"
                ));
            };
            let window = Window {
                day: Some(day),
                hour,
                minute,
                length: SignedDuration::from_mins(*length),
            };
            let found = window.next(&now);
            soonest = match (soonest, found) {
                (Some(known), Some(found)) if known <= found => Some(known),
                (known, found) => found.or(known),
            };
        }
        soonest.ok_or_else(|| "zincati does not start: periodic without a window".to_owned())
    }
}

/// The last line that begins so, or the first of the file.
fn line_of(file: &Arc<File>, start: &str) -> Place {
    let lines: Vec<_> = file.lines().collect();
    let found = lines
        .into_iter()
        .rev()
        .find(|(_, line)| line.trim_ascii_start().starts_with(start.as_bytes()));
    file.place(found.map_or_else(|| file.line_span(1), |(span, _)| span))
}
