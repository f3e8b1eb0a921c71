//! When a line fires: five sets of values and the rule that joins the two day
//! fields, already as the daemon at hand understands them.

use std::fmt;

/// A set of field values, all below 64.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Values(u64);

impl Values {
    /// The set of `low..=high`; empty when reversed.
    #[must_use]
    pub fn range(low: u8, high: u8) -> Self {
        let mut set = Self::default();
        for value in low..=high {
            set.insert(value);
        }
        set
    }

    /// Adds a value; values of 64 and above are dropped.
    pub fn insert(&mut self, value: u8) {
        self.0 |= 1u64.checked_shl(u32::from(value)).unwrap_or(0);
    }

    /// Takes a value out.
    pub fn remove(&mut self, value: u8) {
        self.0 &= !1u64.checked_shl(u32::from(value)).unwrap_or(0);
    }

    /// Whether `value` is in the set.
    #[must_use]
    pub fn contains(self, value: u8) -> bool {
        self.0 & 1u64.checked_shl(u32::from(value)).unwrap_or(0) != 0
    }

    /// Whether the set holds nothing.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The smallest value from `value` on.
    #[must_use]
    pub fn from(self, value: u8) -> Option<u8> {
        let rest = self.0.checked_shr(u32::from(value))?;
        let skipped = u8::try_from(rest.trailing_zeros()).ok()?;
        (rest != 0).then(|| value + skipped)
    }

    /// The values, ascending.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..64).filter(move |value| self.contains(*value))
    }
}

impl FromIterator<u8> for Values {
    fn from_iter<T: IntoIterator<Item = u8>>(values: T) -> Self {
        let mut set = Self::default();
        for value in values {
            set.insert(value);
        }
        set
    }
}

impl fmt::Display for Values {
    /// `0,5-9,30`: neighbours joined into ranges.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let mut values = self.iter().peekable();
        while let Some(first) = values.next() {
            let mut last = first;
            while let Some(next) = values.next_if(|v| *v == last + 1) {
                last = next;
            }
            match last - first {
                0 => write!(f, "{separator}{first}")?,
                1 => write!(f, "{separator}{first},{last}")?,
                _ => write!(f, "{separator}{first}-{last}")?,
            }
            separator = ",";
        }
        Ok(())
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

/// One of the five time fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 12, or three letters.
    Month,
    /// 0 to 6 from Sunday (7 is Sunday too where the daemon takes it), or three letters.
    DayOfWeek,
}

impl Field {
    /// The fields in the order a line has them.
    pub const ALL: [Self; 5] = [
        Self::Minute,
        Self::Hour,
        Self::DayOfMonth,
        Self::Month,
        Self::DayOfWeek,
    ];

    /// The smallest value.
    #[must_use]
    pub const fn low(self) -> u8 {
        match self {
            Self::Minute | Self::Hour | Self::DayOfWeek => 0,
            Self::DayOfMonth | Self::Month => 1,
        }
    }

    /// The largest value once Sunday is 0.
    #[must_use]
    pub const fn high(self) -> u8 {
        match self {
            Self::Minute => 59,
            Self::Hour => 23,
            Self::DayOfMonth => 31,
            Self::Month => 12,
            Self::DayOfWeek => 6,
        }
    }

    /// Every value.
    #[must_use]
    pub fn all(self) -> Values {
        Values::range(self.low(), self.high())
    }

    /// The names the field takes, in order from [`Field::low`].
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Minute | Self::Hour | Self::DayOfMonth => &[],
            Self::Month => &[
                "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
            ],
            Self::DayOfWeek => &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day-of-month",
            Self::Month => "month",
            Self::DayOfWeek => "day-of-week",
        })
    }
}

/// How the two day fields are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DayRule {
    /// A day must match both.
    Both,
    /// A day that matches one of them will do.
    Either,
}

/// When a line fires.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent marks that the daemon keeps per line"
)]
pub struct Fields {
    /// Minutes, 0 to 59.
    pub minute: Values,
    /// Hours, 0 to 23.
    pub hour: Values,
    /// Days of the month, 1 to 31.
    pub dom: Values,
    /// Months, 1 to 12.
    pub month: Values,
    /// Days of the week, 0 (Sunday) to 6.
    pub dow: Values,
    /// How `dom` and `dow` are joined.
    pub days: DayRule,
    /// The day-of-month field begins with `*` (`*/2` too), which is what the
    /// Vixie family goes by; busybox: it selects every day.
    pub dom_star: bool,
    /// The same for the day-of-week field.
    pub dow_star: bool,
    /// Minute or hour begins with `*`, or `@hourly`: the Vixie family does not
    /// move such a job when the clock jumps.
    pub wildcard: bool,
    /// cronie's `~` is in it: the sets hold every value it may draw when it
    /// loads the table, and it fires at only one of them.
    pub random: bool,
}

/// Why a line never fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Never {
    /// A field selects nothing.
    NoValue(Field),
    /// No month of the line has such a day, as in 30 February.
    NoSuchDate,
    /// The daemon ignores the line; a problem says why.
    Rejected,
}

impl Fields {
    /// Whether both day fields restrict and one of them is enough: the line
    /// fires on more days than most readers expect.
    #[must_use]
    pub fn either_day(&self) -> bool {
        self.days == DayRule::Either
            && !self.dom.is_empty()
            && !self.dow.is_empty()
            && self.dom != Field::DayOfMonth.all()
            && self.dow != Field::DayOfWeek.all()
    }

    /// Why it never fires, if so.
    #[must_use]
    pub fn never(&self) -> Option<Never> {
        let needed = [
            (Field::Minute, self.minute),
            (Field::Hour, self.hour),
            (Field::Month, self.month),
        ];
        if let Some((field, _)) = needed.iter().find(|(_, set)| set.is_empty()) {
            return Some(Never::NoValue(*field));
        }
        match self.days {
            DayRule::Both if self.dom.is_empty() => Some(Never::NoValue(Field::DayOfMonth)),
            DayRule::Both if self.dow.is_empty() => Some(Never::NoValue(Field::DayOfWeek)),
            DayRule::Either if !self.dow.is_empty() => None,
            DayRule::Either if self.dom.is_empty() => Some(Never::NoValue(Field::DayOfMonth)),
            DayRule::Both | DayRule::Either => (!self.has_date()).then_some(Never::NoSuchDate),
        }
    }

    /// Whether some month of the line is long enough for one of its days. Every
    /// such date falls on every weekday in some year.
    fn has_date(&self) -> bool {
        let Some(first) = self.dom.iter().find(|day| *day >= 1) else {
            return false;
        };
        let length = |month| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        self.month.iter().any(|month| first <= length(month))
    }
}

impl fmt::Display for Never {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoValue(field) => write!(f, "the {field} field selects nothing"),
            Self::NoSuchDate => f.write_str("no selected month has such a day"),
            Self::Rejected => f.write_str("the daemon ignores the line"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_print_neighbours_as_ranges() {
        let set: Values = [0, 5, 6, 7, 30, 31, 59].into_iter().collect();
        assert_eq!(set.to_string(), "0,5-7,30,31,59");
        assert_eq!(Values::default().to_string(), "");
        assert_eq!(Values::range(5, 4), Values::default());
    }

    #[test]
    fn a_value_too_large_for_the_set_is_dropped() {
        let mut set = Values::default();
        set.insert(64);
        set.insert(255);
        assert!(set.is_empty() && !set.contains(200));
    }
}
