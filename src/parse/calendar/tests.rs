use proptest::prelude::*;

use super::*;

const NONE: Zones<'static> = Zones {
    local: ["CET", "CEST"],
    is_zone: &|name| matches!(name, "Europe/Berlin" | "America/New_York"),
};

#[test]
fn shorthands_and_lists_have_a_normal_form() {
    for (text, normal) in [
        ("daily", "*-*-* 00:00:00"),
        ("weekly", "Mon *-*-* 00:00:00"),
        ("Semi-Annually", "*-01,07-01 00:00:00"),
        (
            "Sat,Thu,Mon..Wed,Sat..Sun",
            "Mon..Thu,Sat,Sun *-*-* 00:00:00",
        ),
        ("00..23/6:00", "*-*-* 00..18/6:00:00"),
        ("Mon *-05~07/1", "Mon *-05~07/1 00:00:00"),
        ("03-05 08:05:40", "*-03-05 08:05:40"),
        ("*:*:*", "*-*-* *:*:*"),
        ("4:10 cest", "*-*-* 04:10:00 CEST"),
        ("4:10 Europe/Berlin", "*-*-* 04:10:00 Europe/Berlin"),
        ("@1395716396", "2014-03-25 02:59:56 UTC"),
        ("12:00:00.1234567", "*-*-* 12:00:00.123457"),
    ] {
        let found = parse(text, NONE).unwrap();
        assert_eq!(found.to_string(), normal, "{text}");
        let again = parse(normal, NONE).unwrap();
        assert_eq!(again, found, "{text}");
    }
}

#[test]
fn what_systemd_refuses_is_refused_with_the_place() {
    for (text, at) in [
        ("Fri..Mon", 5),
        ("22..6:00", 0),
        ("Mon *-*-* 4", 11),
        ("Sunda 4:00", 0),
        ("*-*-* 4:00 Europe/Atlantis", 10),
        ("*:0/0", 4),
    ] {
        let error = parse(text, NONE).unwrap_err();
        assert_eq!(error.at.start, at, "{text}: {error:?}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_the_normal_form_reads_back(
        text in "[-*~.,:/0-9 MonSatUTC@daily]{0,24}|\\PC{0,16}"
    ) {
        if let Ok(calendar) = parse(&text, NONE) {
            let normal = calendar.to_string();
            prop_assert_eq!(parse(&normal, NONE).unwrap().to_string(), normal);
        }
    }
}
