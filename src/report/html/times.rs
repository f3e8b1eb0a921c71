//! What goes down by itself: a time line, soonest first.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::super::markup::markup;
use super::super::{Outcome, ShownHost};
use super::{Page, badge, class_of, text};
use crate::facts::triggers::{Trigger, action_word};
use crate::policy::Verdict;
use crate::time::relative;

/// How many rows are shown at once; those after them are folded.
const ROWS: usize = 60;

/// How many marks one row has at most.
const MARKS: usize = 40;

/// Where the axis has a tick, in seconds from now.
const TICKS: [(i64, &str); 7] = [
    (3_600, "1 h"),
    (6 * 3_600, "6 h"),
    (DAY, "1 d"),
    (7 * DAY, "1 week"),
    (30 * DAY, "30 d"),
    (365 * DAY, "1 year"),
    (3_650 * DAY, "10 years"),
];

const DAY: i64 = 86_400;

/// Something that goes down at a known time.
pub(super) type Coming<'a> = (Timestamp, &'a ShownHost, &'a Trigger);

impl Page<'_> {
    /// What goes down at a known time, soonest first.
    pub(super) fn coming(&self) -> Vec<Coming<'_>> {
        let mut coming = Vec::new();
        for shown in &self.outcome.hosts {
            for trigger in &shown.host.examined.triggers {
                if let Some(at) = trigger.next_at() {
                    coming.push((at, shown, trigger));
                }
            }
        }
        coming.sort_by_key(|(at, _, _)| *at);
        coming
    }

    /// The section.
    pub(super) fn times(&self) -> String {
        let coming = self.coming();
        let Some(axis) = Axis::of(self.outcome, &coming) else {
            return String::new();
        };
        let mut out = String::from(
            "<section aria-labelledby=\"times\">\n<h2 id=\"times\">Coming reboots</h2>\n",
        );
        let at = coming.len().min(ROWS);
        let (shown, folded) = coming.split_at(at);
        out.push_str(&self.time_table(shown, &axis));
        if !folded.is_empty() {
            let _ = writeln!(
                out,
                "<details><summary>{} more, later</summary>\n{}</details>",
                folded.len(),
                self.time_table(folded, &axis)
            );
        }
        out.push_str("</section>\n");
        out
    }

    fn time_table(&self, coming: &[Coming<'_>], axis: &Axis) -> String {
        let fleet = self.outcome.fleet;
        let host = if fleet {
            "<th scope=\"col\">host</th>"
        } else {
            ""
        };
        let mut out = format!(
            "<table class=\"times\">\n<thead><tr><th scope=\"col\">when</th>{host}\
             <th scope=\"col\" class=\"lane\" aria-label=\"time line\">{}</th>\
             <th scope=\"col\">what</th></tr></thead>\n<tbody>\n",
            axis.labels()
        );
        for (at, shown, trigger) in coming {
            let when = text(&shown.host.examined.zone.show(*at));
            let within = markup(&relative(self.outcome.now, *at));
            let of = if fleet {
                let badge = badge(shown.host.verdict);
                format!("<td>{} {badge}</td>", self.link(shown))
            } else {
                String::new()
            };
            let _ = writeln!(
                out,
                "<tr><th scope=\"row\"><time datetime=\"{at}\">{when}</time><br>\
                 <span class=\"soft\">{within}{}</span></th>{of}<td class=\"lane\">{}</td>\
                 <td>{}</td></tr>",
                markup(&trigger.spread_words()),
                axis.marks(shown, trigger),
                what(trigger),
            );
        }
        out.push_str("</tbody></table>\n");
        out
    }
}

/// What it does, who starts it, where that is written, and what stands in front.
pub(super) fn what(trigger: &Trigger) -> String {
    let mut out = format!(
        "{}, {} <span class=\"path\">{}</span>",
        action_word(trigger.action),
        text(&trigger.by),
        markup(&trigger.place.to_string()),
    );
    for condition in &trigger.conditions {
        let _ = write!(out, "<br>only if {}", text(condition));
    }
    match &trigger.guard {
        Some(guard) => {
            let _ = write!(out, "<br>behind {}", text(guard));
        }
        None if trigger.has_command() => out.push_str("<br>nothing in front of it"),
        None => {}
    }
    out
}

/// From now to the last time that is shown. Near times have more room: the place of a
/// time goes by the logarithm of how far it is.
struct Axis {
    now: Timestamp,
    end: Timestamp,
}

impl Axis {
    fn of(outcome: &Outcome, coming: &[Coming<'_>]) -> Option<Self> {
        let (last, _, _) = coming.last()?;
        let now = outcome.now;
        let day = now.checked_add(jiff::SignedDuration::from_secs(DAY));
        let end = [day.unwrap_or(*last), *last];
        let horizon = now.checked_add(outcome.horizon).unwrap_or(*last);
        let end = end.into_iter().fold(horizon, Timestamp::max);
        Some(Self { now, end })
    }

    /// How far along the axis a time is, in percent.
    fn at(&self, then: Timestamp) -> f64 {
        let far = |then: Timestamp| {
            let minutes = (then.as_second() - self.now.as_second()).max(0) / 60;
            let minutes = u32::try_from(minutes).unwrap_or(u32::MAX);
            (1.0 + f64::from(minutes) / 30.0).ln()
        };
        (100.0 * far(then) / far(self.end)).clamp(0.0, 100.0)
    }

    fn ticks(&self) -> Vec<(f64, &'static str)> {
        let mut ticks = vec![(0.0, "now")];
        for (seconds, label) in TICKS {
            let Ok(then) = self
                .now
                .checked_add(jiff::SignedDuration::from_secs(seconds))
            else {
                break;
            };
            if then <= self.end {
                ticks.push((self.at(then), label));
            }
        }
        ticks
    }

    fn labels(&self) -> String {
        let ticks = self.ticks();
        let ticks = ticks.iter();
        let labels =
            ticks.map(|(at, label)| format!("<span style=\"left:{at:.1}%\">{label}</span>"));
        labels.collect()
    }

    /// The times of one trigger: the next one with the room that chance has, then those
    /// after it.
    fn marks(&self, shown: &ShownHost, trigger: &Trigger) -> String {
        let mut out = String::new();
        for (at, _) in self.ticks() {
            let _ = write!(out, "<span class=\"tick\" style=\"left:{at:.1}%\"></span>");
        }
        let class = match shown.host.verdict {
            Verdict::Clear => "",
            verdict => class_of(verdict),
        };
        for (index, then) in trigger.times(self.end).take(MARKS).enumerate() {
            let at = self.at(then);
            let until = trigger.latest_at().filter(|_| index == 0);
            let wide = until.map_or(0.0, |until| self.at(until) - at);
            let later = if index == 0 { "" } else { " later" };
            let _ = write!(
                out,
                "<span class=\"at {class}{later}\" style=\"left:{at:.1}%;width:{wide:.1}%\"></span>"
            );
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_times_have_more_room_than_far_ones_and_none_lies_outside() {
        let now = Timestamp::from_second(1_000_000_000).unwrap();
        let after = |seconds| now + jiff::SignedDuration::from_secs(seconds);
        let axis = Axis {
            now,
            end: after(30 * DAY),
        };
        let places: Vec<f64> = [-DAY, 0, 600, 3_600, DAY, 30 * DAY, 900 * DAY]
            .map(|seconds| axis.at(after(seconds)))
            .to_vec();
        assert!(places.is_sorted(), "{places:?}");
        assert!(places.iter().all(|place| (0.0..=100.0).contains(place)));
        let hour = axis.at(after(3_600)) - axis.at(now);
        let last = axis.at(after(30 * DAY)) - axis.at(after(30 * DAY - 3_600));
        assert!(hour > 10.0 * last, "{hour} {last}");
        let ticks: Vec<&str> = axis.ticks().into_iter().map(|(_, label)| label).collect();
        assert_eq!(ticks, ["now", "1 h", "6 h", "1 d", "1 week", "30 d"]);
    }
}
