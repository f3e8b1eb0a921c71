//! Sizes for people.

/// `8.1 MiB`, `236 MiB`, `12 KiB`, `512 B`: three digits at most, and the unit.
#[must_use]
pub fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    for (shift, unit) in units {
        let whole = bytes >> shift;
        if whole == 0 {
            continue;
        }
        let tenths = ((bytes >> (shift - 10)) & 1023) * 10 / 1024;
        return if whole < 10 {
            format!("{whole}.{tenths} {unit}")
        } else {
            format!("{whole} {unit}")
        };
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit_and_few_digits() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (8_500_000, "8.1 MiB"),
            (10 << 20, "10 MiB"),
            (247_463_936, "236 MiB"),
            (u64::MAX, "17179869183 GiB"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(size(bytes), expected);
        }
    }
}
