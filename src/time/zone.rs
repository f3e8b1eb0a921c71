//! The time zone of an examined tree.

use jiff::{Timestamp, Zoned, tz::TimeZone};

use super::TimeError;

/// A time zone, and whether it is known or assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    tz: TimeZone,
    name: String,
    assumed: bool,
}

impl Zone {
    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Self {
        Self {
            tz: TimeZone::UTC,
            name: "UTC".to_owned(),
            assumed: false,
        }
    }

    /// A zone from the bytes of a compiled zone file, as `/etc/localtime` or a
    /// file under `/usr/share/zoneinfo` holds them (`TZif`, RFC 8536).
    ///
    /// # Errors
    /// [`TimeError::Zone`] where the bytes are no such file.
    pub fn tzif(name: &str, bytes: &[u8]) -> Result<Self, TimeError> {
        let tz = TimeZone::tzif(name, bytes).map_err(|e| error(name, &e))?;
        Ok(Self::named(name, tz))
    }

    /// A zone from a POSIX rule such as `CET-1CEST,M3.5.0,M10.5.0/3`.
    ///
    /// # Errors
    /// [`TimeError::Zone`] where the text is no such rule.
    pub fn posix(rule: &str) -> Result<Self, TimeError> {
        let tz = TimeZone::posix(rule).map_err(|e| error(rule, &e))?;
        Ok(Self::named(rule, tz))
    }

    /// A clock that nobody changes.
    #[must_use]
    pub fn fixed(offset: jiff::tz::Offset) -> Self {
        Self::named(&offset.to_string(), TimeZone::fixed(offset))
    }

    fn named(name: &str, tz: TimeZone) -> Self {
        Self {
            tz,
            name: name.to_owned(),
            assumed: false,
        }
    }

    /// The zone that the C library takes for a value of `TZ`, which is how cronie
    /// reads `CRON_TZ`: a zone file by name, else a POSIX rule, else UTC. `load`
    /// finds the tree's zone file of a name.
    #[must_use]
    pub fn for_tz(value: &[u8], load: impl FnOnce(&str) -> Option<Self>) -> Self {
        let Ok(text) = std::str::from_utf8(value) else {
            return Self::utc();
        };
        let name = text.strip_prefix(':').unwrap_or(text);
        if name.is_empty() {
            return Self::utc();
        }
        load(name)
            .or_else(|| Self::posix(name).ok())
            .unwrap_or_else(Self::utc)
    }

    /// The same zone, marked as assumed: the tree does not say.
    #[must_use]
    pub fn assumed(mut self) -> Self {
        self.assumed = true;
        self
    }

    /// Whether the zone is assumed; then a local time may be off by hours.
    #[must_use]
    pub const fn is_assumed(&self) -> bool {
        self.assumed
    }

    /// The zone's name, as the tree calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rules of the zone.
    #[must_use]
    pub const fn tz(&self) -> &TimeZone {
        &self.tz
    }

    /// `then` in this zone.
    #[must_use]
    pub fn at(&self, then: Timestamp) -> Zoned {
        then.to_zoned(self.tz.clone())
    }

    /// `then` as people read it: `Fri 2011-09-30 03:15 -05:00`, `... UTC`, or
    /// `... host local time` where the zone is assumed. Seconds are cut.
    #[must_use]
    pub fn show(&self, then: Timestamp) -> String {
        let zoned = self.at(then);
        let civil = zoned.strftime("%a %Y-%m-%d %H:%M");
        if self.assumed {
            format!("{civil} host local time")
        } else if zoned.offset().is_zero() && zoned.strftime("%Z").to_string() == "UTC" {
            format!("{civil} UTC")
        } else {
            format!("{civil} {}", zoned.strftime("%:z"))
        }
    }
}

fn error(name: &str, error: &jiff::Error) -> TimeError {
    TimeError::Zone {
        name: name.to_owned(),
        why: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(zone: &Zone) -> String {
        zone.show("2011-09-30T08:15:30Z".parse().unwrap())
    }

    /// A zone file without transitions whose footer holds `rule`.
    fn zone_file(rule: &str) -> Vec<u8> {
        // Header: magic, version, reserved, then the counts; one type "UTC".
        let mut header = b"TZif2".to_vec();
        header.extend([0; 15]);
        for count in [0u32, 0, 0, 0, 1, 4] {
            header.extend(count.to_be_bytes());
        }
        let block = [header, vec![0; 6], b"UTC\0".to_vec()].concat();
        let footer = format!("\n{rule}\n");
        [block.clone(), block, footer.into_bytes()].concat()
    }

    #[test]
    fn times_are_shown_in_the_zone_of_the_tree() {
        let central = Zone::posix("CST6CDT,M3.2.0,M11.1.0").unwrap();
        assert_eq!(shown(&central), "Fri 2011-09-30 03:15 -05:00");
        assert_eq!(shown(&Zone::utc()), "Fri 2011-09-30 08:15 UTC");
        let assumed = Zone::utc().assumed();
        assert!(assumed.is_assumed());
        assert_eq!(shown(&assumed), "Fri 2011-09-30 08:15 host local time");
    }

    #[test]
    fn a_zone_file_is_read_from_its_bytes() {
        let bytes = zone_file("CET-1CEST,M3.5.0,M10.5.0/3");
        let zone = Zone::tzif("Europe/Berlin", &bytes).unwrap();
        assert_eq!(zone.name(), "Europe/Berlin");
        assert_eq!(shown(&zone), "Fri 2011-09-30 10:15 +02:00");
    }

    #[test]
    fn a_damaged_zone_file_is_an_error_at_any_length() {
        let bytes = zone_file("CET-1CEST,M3.5.0,M10.5.0/3");
        for end in 0..bytes.len() - 1 {
            let part = bytes.get(..end).unwrap();
            assert!(Zone::tzif("x", part).is_err(), "{end}");
        }
    }

    #[test]
    fn tz_names_a_file_else_a_rule_else_utc() {
        let berlin = Zone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let load = |name: &str| (name == "Europe/Berlin").then(|| berlin.clone());
        assert_eq!(Zone::for_tz(b"Europe/Berlin", load), berlin);
        assert_eq!(Zone::for_tz(b":Europe/Berlin", load), berlin);
        assert_eq!(
            shown(&Zone::for_tz(b"<+03>-3", load)),
            "Fri 2011-09-30 11:15 +03:00"
        );
        for wrong in [&b""[..], b"Europe/Atlantis", b"\xff"] {
            assert_eq!(Zone::for_tz(wrong, load), Zone::utc());
        }
    }
}
