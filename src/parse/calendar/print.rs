//! The normalised form, as `systemd-analyze calendar` shows it.

use std::fmt;

use super::{Calendar, Component, In, SECOND};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(days) = self.weekdays {
            weekdays(f, days)?;
            f.write_str(" ")?;
        }
        field(f, &self.year, 4, 1)?;
        f.write_str("-")?;
        field(f, &self.month, 2, 1)?;
        f.write_str(if self.end_of_month { "~" } else { "-" })?;
        field(f, &self.day, 2, 1)?;
        f.write_str(" ")?;
        field(f, &self.hour, 2, 1)?;
        f.write_str(":")?;
        field(f, &self.minute, 2, 1)?;
        f.write_str(":")?;
        field(f, &self.microsecond, 2, SECOND)?;
        match &self.zone {
            In::Local => Ok(()),
            In::Utc => f.write_str(" UTC"),
            In::LocalIf { name, .. } | In::Zone(name) => write!(f, " {name}"),
        }
    }
}

/// Runs of days; two in a row are a list.
fn weekdays(f: &mut fmt::Formatter<'_>, bits: u8) -> fmt::Result {
    let has = |day: usize| day < DAYS.len() && bits & (1 << day) != 0;
    let name = |day: usize| DAYS.get(day).copied().unwrap_or("");
    let mut comma = "";
    let mut day = 0;
    while day < DAYS.len() {
        let run = (day..DAYS.len()).take_while(|day| has(*day)).count();
        if run > 0 {
            write!(f, "{comma}{}", name(day))?;
            comma = ",";
        }
        if run > 1 {
            let dash = if run > 2 { ".." } else { "," };
            write!(f, "{dash}{}", name(day + run - 1))?;
        }
        day += run + 1;
    }
    Ok(())
}

fn field(f: &mut fmt::Formatter<'_>, list: &[Component], width: usize, unit: i64) -> fmt::Result {
    let each_second = Component {
        start: 0,
        stop: -1,
        repeat: SECOND,
    };
    if list.is_empty() || (unit == SECOND && *list == [each_second]) {
        return f.write_str("*");
    }
    for (at, part) in list.iter().enumerate() {
        if at > 0 {
            f.write_str(",")?;
        }
        number(f, part.start, width, unit)?;
        // A range that ends in the first second shows the fraction alone.
        if part.stop > 0 {
            f.write_str("..")?;
            number(f, part.stop, width, unit)?;
        }
        if part.repeat > 0 && !(part.stop > 0 && part.repeat == unit) {
            f.write_str("/")?;
            number(f, part.repeat, 0, unit)?;
        }
    }
    Ok(())
}

fn number(f: &mut fmt::Formatter<'_>, value: i64, width: usize, unit: i64) -> fmt::Result {
    write!(f, "{:0width$}", value / unit)?;
    if value % unit > 0 {
        write!(f, ".{:06}", value % unit)?;
    }
    Ok(())
}
