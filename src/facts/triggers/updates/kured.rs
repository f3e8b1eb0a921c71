//! kured, which drains a node of Kubernetes and reboots it where packages ask for that
//! (1.23 `cmd/kured/main.go`, `pkg/timewindow/`). It is told by its words: of the
//! process on a box that runs, else of a manifest that the box's own Kubernetes applies.
//!
//! | word | kured |
//! |---|---|
//! | `--reboot-sentinel` | `/var/run/reboot-required`; a path below `/sentinel` is that of its container |
//! | `--reboot-sentinel-command` | asks a command in place of the file |
//! | `--period` | looks once an hour |
//! | `--start-time`, `--end-time` | over midnight where the end comes first |
//! | `--reboot-days`, `--time-zone` | every day, UTC |

use std::collections::BTreeMap;
use std::path::Path;

use jiff::{SignedDuration, civil::Weekday};

use super::super::event::{names, optional};
use super::super::{Trigger, When};
use super::{Reboot, Window, clock, weekday};
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::facts::running::{command_line, processes};
use crate::parse::unit::{TimeSpan, parse_span};
use crate::source::TreeKind;
use crate::text::{Place, escape};

/// Manifests that a Kubernetes of this box applies by itself: k3s, RKE2, k0s, kubelet.
const MANIFESTS: [&str; 4] = [
    "/var/lib/rancher/k3s/server/manifests",
    "/var/lib/rancher/rke2/server/manifests",
    "/var/lib/k0s/manifests/kured",
    "/etc/kubernetes/manifests",
];

/// Manifests that are looked at.
const MOST: usize = 200;

pub(super) fn read(host: &Host, out: &mut Listing<Trigger>) {
    let found = if host.tree().coverage().kind == TreeKind::Live {
        running(host)
    } else {
        None
    };
    let Some((words, place)) = found.or_else(|| manifest(host, out)) else {
        return;
    };
    out.items.push(of_words(host, &words, place).trigger());
}

/// The words of the process.
fn running(host: &Host) -> Option<(Vec<String>, Place)> {
    let mut found = processes(host).items.iter();
    let process = found.find(|process| process.name == b"kured" && !process.of_kernel)?;
    let words = command_line(host, process.pid);
    let words = words.iter().skip(1);
    let words = words.map(|word| String::from_utf8_lossy(word).into_owned());
    Some((words.collect(), process.place("Name")))
}

/// The words in a manifest: the items of its list that begin with two dashes.
fn manifest(host: &Host, out: &mut Listing<Trigger>) -> Option<(Vec<String>, Place)> {
    for dir in MANIFESTS {
        for path in names(host, dir, out).into_iter().take(MOST) {
            let is_one = path
                .extension()
                .is_some_and(|end| end == "yaml" || end == "yml" || end == "json");
            let Some(file) = optional(host, &path, out).filter(|_| is_one) else {
                continue;
            };
            let lines: Vec<_> = file.lines().collect();
            let image = lines.iter().find(|(_, line)| {
                let text = String::from_utf8_lossy(line);
                let text = text.trim_start().trim_start_matches("- ");
                text.starts_with("image:") && text.contains("/kured:")
            });
            let Some((span, _)) = image else { continue };
            let words = lines.iter().filter_map(|(_, line)| {
                let text = String::from_utf8_lossy(line);
                let word = text.trim().strip_prefix("- ")?.trim();
                let word = word.trim_matches(['"', '\'']);
                word.starts_with("--").then(|| word.to_owned())
            });
            return Some((words.collect(), file.place(*span)));
        }
    }
    None
}

/// The values of the words `--name=value` and `--name value`, without quotes.
fn options(words: &[String]) -> BTreeMap<&str, &str> {
    let mut out = BTreeMap::new();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let Some(word) = word.strip_prefix("--") else {
            continue;
        };
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, value),
            None => match words.peek().filter(|next| !next.starts_with("--")) {
                Some(next) => (word, next.as_str()),
                None => (word, ""),
            },
        };
        out.insert(name, value.trim_matches(['"', '\'']));
    }
    out
}

fn of_words(host: &Host, words: &[String], place: Place) -> Reboot {
    let options = options(words);
    let option = |name: &str| options.get(name).copied().filter(|value| !value.is_empty());
    let mut reboot = Reboot::new("kured", When::On(String::new()), place);
    "kured, which Kubernetes runs on this node".clone_into(&mut reboot.by);
    let period = option("period").unwrap_or("1h");
    let span = match parse_span(period) {
        Some(TimeSpan::For(span)) => SignedDuration::try_from(span).ok(),
        _ => None,
    };
    let asked = match (option("reboot-sentinel-command"), sentinel(host, &options)) {
        (Some(command), _) => {
            reboot.conditions.push(format!("{command} exits with 0"));
            false
        }
        (None, (_, Some(marker))) => {
            reboot.via.push(marker);
            true
        }
        (None, (path, None)) => {
            reboot
                .conditions
                .push(format!("a package asks for a reboot: {path}"));
            false
        }
    };
    for name in ["blocking-pod-selector", "prometheus-url"] {
        if let Some(value) = option(name) {
            reboot
                .conditions
                .push(format!("--{name} {value} does not keep it from it"));
        }
    }
    let window = window(host, &option);
    reboot.when = match window {
        Err(why) => When::Never(why),
        Ok((at, left)) if asked => {
            // It looks at a moment of its own in each period.
            reboot.spread = span.map_or(left, |span| span.min(left));
            When::At(at)
        }
        Ok((at, _)) if at > host.now() => {
            let from = host.zone().show(at);
            When::On(format!(
                "not before {from}, once a package asks for a reboot"
            ))
        }
        Ok(_) => {
            let period = escape(period.as_bytes());
            When::On(format!("within {period} of a package asking for a reboot"))
        }
    };
    reboot
}

/// The file it looks at, and the place of it where it is there.
fn sentinel(host: &Host, options: &BTreeMap<&str, &str>) -> (String, Option<Place>) {
    let told = options.get("reboot-sentinel").copied().unwrap_or("");
    let path = match told.strip_prefix("/sentinel/") {
        Some(name) => format!("/run/{name}"),
        None if told.is_empty() => "/run/reboot-required".to_owned(),
        None => told.to_owned(),
    };
    // What is below /run is of the system that runs.
    let live = host.tree().coverage().kind == TreeKind::Live;
    let place = match host.tree().read(Path::new(&path)) {
        Fact::Known(file) if live => Some(file.place(file.line_span(1))),
        _ => None,
    };
    (path, place)
}

/// The next moment at which it may, and how long from there.
fn window<'a>(
    host: &Host,
    option: &impl Fn(&str) -> Option<&'a str>,
) -> Result<(jiff::Timestamp, SignedDuration), String> {
    let refuses = |what: &str| format!("kured does not start: it takes no {what}");
    let name = option("time-zone").unwrap_or("UTC");
    let utc = crate::time::Zone::utc();
    let named = host.zone_called(name);
    let zone = match (name, &named) {
        ("UTC", _) => &utc,
        ("Local", _) => host.zone(),
        (_, Some(zone)) => zone,
        (_, None) => return Err(refuses(&format!("time zone {}", escape(name.as_bytes())))),
    };
    let now = zone.at(host.now());
    let all = "su,mo,tu,we,th,fr,sa";
    let days: Option<Vec<Weekday>> = option("reboot-days")
        .unwrap_or(all)
        .split(',')
        .filter(|day| !day.is_empty())
        .map(day)
        .collect();
    let days = days.ok_or_else(|| refuses("such --reboot-days"))?;
    let time = |name: &str, usual: &'static str| {
        let text = option(name).unwrap_or(usual);
        of_day(text).ok_or_else(|| refuses(&format!("--{name} {}", escape(text.as_bytes()))))
    };
    let start = time("start-time", "0:00")?;
    let end = time("end-time", "23:59:59")?;
    let mut length = end.1.saturating_sub(start.1);
    if start.1 > end.1 {
        length = length.saturating_add(SignedDuration::from_hours(24));
    }
    let (hour, minute) = start.0;
    let next = days.into_iter().filter_map(|day| {
        let window = Window {
            day: Some(day),
            hour,
            minute,
            length,
        };
        window.next(&now)
    });
    next.min().ok_or_else(|| refuses("window without a day"))
}

fn day(text: &str) -> Option<Weekday> {
    if let Ok(number) = text.parse::<i8>() {
        return Weekday::from_sunday_zero_offset(number).ok();
    }
    let text = text.to_ascii_lowercase();
    let short: String = text.chars().take(2).collect();
    let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let name = names.iter().find(|name| name.starts_with(&short))?;
    let found = weekday(name)?;
    let long = format!("{found:?}").to_ascii_lowercase();
    let fits = text.len() == 2 || text == *name || text == long;
    fits.then_some(found)
}

/// A time of the day in one of Go's forms that it tries.
fn of_day(text: &str) -> Option<((i8, i8), SignedDuration)> {
    let lower = text.to_ascii_lowercase();
    let (digits, half) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(rest), _) => (rest, Some(0)),
        (_, Some(rest)) => (rest, Some(12)),
        (None, None) => (lower.as_str(), None),
    };
    let mut parts = digits.splitn(3, ':');
    let hour = parts.next()?;
    let minute = parts.next().unwrap_or("0");
    let second: i64 = parts.next().unwrap_or("0").parse().ok()?;
    let (hour, minute) = clock(&format!("{hour}:{minute}"))?;
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    let since = i64::from(hour) * 3600 + i64::from(minute) * 60 + second;
    Some(((hour, minute), SignedDuration::from_secs(since)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_taken_in_the_forms_that_kured_takes() {
        for (text, found) in [
            ("mo", Some(Weekday::Monday)),
            ("Sun", Some(Weekday::Sunday)),
            ("thursday", Some(Weekday::Thursday)),
            ("6", Some(Weekday::Saturday)),
            ("7", None),
            ("mond", None),
            ("m", None),
            ("", None),
        ] {
            assert_eq!(day(text), found, "{text}");
        }
        for (text, seconds) in [
            ("0:00", Some(0)),
            ("23:59:59", Some(86_399)),
            ("9am", Some(32_400)),
            ("12am", Some(0)),
            ("05:30pm", Some(63_000)),
            ("7", Some(25_200)),
            ("24:00", None),
            ("soon", None),
        ] {
            let found = of_day(text).map(|(_, since)| since.as_secs());
            assert_eq!(found, seconds, "{text}");
        }
    }

    #[test]
    fn words_are_taken_with_and_without_an_equals_sign() {
        let words = [
            "--period=30m",
            "--reboot-days",
            "sat,sun",
            "--annotate-nodes",
        ];
        let words = words.map(str::to_owned);
        let options = options(&words);
        assert_eq!(options.get("period"), Some(&"30m"));
        assert_eq!(options.get("reboot-days"), Some(&"sat,sun"));
        assert_eq!(options.get("annotate-nodes"), Some(&""));
    }
}
