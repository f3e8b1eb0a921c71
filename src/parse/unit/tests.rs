use super::*;

struct Nobody;

impl Specifiers for Nobody {
    fn host(&self, specifier: char) -> Option<String> {
        (specifier == 'H').then(|| "box".to_owned())
    }
}

fn read(text: impl Into<Vec<u8>>) -> UnitFile {
    parse(&File::new("/x.service", text), None)
}

fn pairs(unit: &UnitFile) -> Vec<String> {
    let one = |a: &Assignment| format!("{}.{}={}", a.section, a.key, a.value.text());
    unit.assignments.iter().map(one).collect()
}

#[test]
fn sections_keys_and_values_are_trimmed_and_odd_lines_passed_over() {
    let unit = read("stray=1\n[Unit]\n Description = a b \nnothing\n=x\n[Service]\nExecStart=\n");
    assert_eq!(pairs(&unit), ["Unit.Description=a b", "Service.ExecStart="]);
    assert_eq!(unit.problems.len(), 3);
    assert!(unit.fatal.is_none());
}

#[test]
fn a_continued_line_takes_the_next_and_skips_comments_between() {
    let unit = read("[Unit]\nAfter=a \\\n# no\n  ; no\n  b\\\nc\nWants=d\\ \ne=f\n");
    assert_eq!(
        pairs(&unit),
        ["Unit.After=a    b c", "Unit.Wants=d\\", "Unit.e=f"]
    );
    let value = &unit.assignments[0].value;
    let words = split(value.bytes(), Flags::NAMES).words;
    let places: Vec<String> = words
        .iter()
        .map(|w| unit.file.place(value.span_of(w.start, w.end)).to_string())
        .collect();
    assert_eq!(
        places,
        ["/x.service:2:7", "/x.service:5:3", "/x.service:6:1"]
    );
}

#[test]
fn before_240_a_comment_in_a_continued_line_is_a_part_of_it() {
    let file = File::new("/x.service", "[Unit]\nAfter=a \\\n#b\nBefore=c\n");
    let old = parse(&file, Some(239));
    assert_eq!(pairs(&old), ["Unit.After=a  #b", "Unit.Before=c"]);
    let new = parse(&file, Some(240));
    assert_eq!(pairs(&new), ["Unit.After=a  Before=c"]);
}

#[test]
fn an_even_number_of_backslashes_and_the_end_of_the_file_end_a_line() {
    let unit = read("[a]\nb=c\\\\\nd=e\\");
    assert_eq!(pairs(&unit), ["a.b=c\\\\", "a.d=e"]);
}

#[test]
fn carriage_returns_and_zero_bytes_end_lines() {
    let unit = read(b"[a]\r\nb=1\rc=2\0d=3\n\r\0e=\\\r\nf\n".to_vec());
    assert_eq!(pairs(&unit), ["a.b=1", "a.c=2", "a.d=3", "a.e=f"]);
}

#[test]
fn a_byte_order_mark_is_dropped_once() {
    let unit = read("\u{feff}[a]\nb=1\n\u{feff}c=2\n");
    assert_eq!(pairs(&unit), ["a.b=1", "a.\u{feff}c=2"]);
    let late = read("[a]\n\u{feff}b=1\n");
    assert_eq!(pairs(&late), ["a.b=1"]);
}

#[test]
fn what_gives_a_file_up_keeps_what_stands_before_it() {
    let long = format!("[a]\nb=1\nc={}\n", "x".repeat(LONGEST_LINE));
    for text in [
        b"[a]\nb=1\n[c\nd=2\n".to_vec(),
        b"[a]\nb=1\n[c\"]\nd=2\n".to_vec(),
        b"[a]\nb=1\nc=\xff\nd=2\n".to_vec(),
        b"[a]\nb=1\nc=\xef\xbf\xbf\nd=2\n".to_vec(),
        long.into_bytes(),
    ] {
        let unit = read(text);
        assert_eq!(pairs(&unit), ["a.b=1"]);
        assert!(unit.fatal.is_some());
    }
}

#[test]
fn quotes_and_escapes_count_only_where_a_setting_says_so() {
    let words = |text: &str, flags: Flags| {
        let split = split(text.as_bytes(), flags);
        let words = split.words.iter();
        let words = words.map(|w| String::from_utf8_lossy(&w.bytes).into_owned());
        (words.collect::<Vec<_>>(), split.broken)
    };
    let list = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let text = r#"a\x2db "c d" e"f"#;
    assert_eq!(
        words(text, Flags::NAMES),
        (list(&[r"a\x2db", "\"c", "d\"", "e\"f"]), false)
    );
    assert_eq!(words(text, Flags::PATHS), (list(&["ax2db", "c d"]), true));
    assert_eq!(
        words(r#"a\x2db 'c"d' \101\u00e4 """#, Flags::COMMAND),
        (list(&["a-b", "c\"d", "A\u{e4}", ""]), false)
    );
    assert_eq!(words(r"a \q", Flags::COMMAND), (list(&["a"]), true));
}

#[test]
fn names_of_units() {
    use NameKind::{Instance, Plain, Template};
    for (name, kind) in [
        ("a.service", Some(Plain)),
        ("a@b@c.service", Some(Instance)),
        ("a@.socket", Some(Template)),
        ("@.service", None),
        (".service", None),
        ("a.snapshot", None),
        ("a b.service", None),
        ("a/b.service", None),
        ("-.mount", Some(Plain)),
        (r"dev-disk-by\x2duuid-1.swap", Some(Plain)),
    ] {
        assert_eq!(classify(name), kind, "{name}");
    }
    assert_eq!(classify(&format!("{}.mount", "a".repeat(250))), None);
    assert_eq!(prefix("a-b@c.d.service"), "a-b");
    assert_eq!(instance("a@c.d.service"), Some("c.d"));
    assert_eq!(template("a@c.service").as_deref(), Some("a@.service"));
}

#[test]
fn paths_become_names_and_back() {
    for (path, name) in [
        ("/", "-.mount"),
        ("/srv/data/", "srv-data.mount"),
        ("/my-data//x", r"my\x2ddata-x.mount"),
        ("/.hidden/./a.b", r"\x2ehidden-a.b.mount"),
        ("/\u{e4} b", r"\xc3\xa4\x20b.mount"),
    ] {
        assert_eq!(
            from_path(path.as_bytes(), UnitType::Mount).as_deref(),
            Some(name)
        );
    }
    assert_eq!(from_path(b"/a/../b", UnitType::Mount), None);
    assert_eq!(to_path(r"my\x2ddata-x.mount"), Some(b"/my-data/x".to_vec()));
    assert_eq!(to_path("-.mount"), Some(b"/".to_vec()));
    assert_eq!(to_path("a--b.mount"), None);
}

#[test]
fn specifiers_are_replaced_by_what_the_name_tells() {
    let full = |text: &str, id: &str| {
        let found = expand(text.as_bytes(), id, Table::Full, &Nobody);
        found.map(|e| (String::from_utf8_lossy(&e.bytes).into_owned(), e.open))
    };
    let id = r"a-b\x2dc@d-e.service";
    let text = "%i %I %p %P %j %J %n %N %f %H %% %_ %";
    let expected = r"d-e d/e a-b\x2dc a/b-c b\x2dc b-c ".to_owned()
        + r"a-b\x2dc@d-e.service a-b\x2dc@d-e /d/e box % %_ %";
    assert_eq!(full(text, id), Ok((expected, vec![])));
    assert_eq!(full("%b", id), Ok(("%b".into(), vec!['b'])));
    assert_eq!(full("x%z", id), Err('z'));
    let name = expand(b"%I.service", id, Table::Names, &Nobody);
    assert_eq!(name, Err('I'));
}

#[test]
fn command_lines() {
    let run = |text: &str, version| {
        let unit = read(format!("[Service]\nExecStart={text}\n"));
        let (list, error) = commands(&unit.assignments[0].value, "a@b.service", &Nobody, version);
        let show = |c: &Command| {
            let text = |b: &Vec<u8>| String::from_utf8_lossy(b).into_owned();
            let mut words = vec![text(&c.path)];
            words.extend(c.arguments.iter().map(text));
            format!("{}{}", if c.ignore { "-" } else { "" }, words.join("|"))
        };
        let error = error.map(|e| e.why);
        (list.iter().map(show).collect::<Vec<_>>(), error)
    };
    let fine = |words: &[&str]| (words.iter().map(|w| (*w).to_owned()).collect(), None);
    assert_eq!(run("/bin/a 'b c' %i", None), fine(&["/bin/a|b c|b"]));
    assert_eq!(run("-@/bin//a own x", None), fine(&["-/bin/a|x"]));
    assert_eq!(
        run("!!/bin/a ; -/bin/b \\; c ;", None),
        fine(&["/bin/a", "-/bin/b|;|c"])
    );
    assert_eq!(run("sleep infinity", None), fine(&["sleep|infinity"]));
    assert_eq!(run("|echo x", Some(258)), fine(&["/bin/sh|echo|x"]));
    assert_eq!(run("\"never ends", None), fine(&[]));
    assert_eq!(run("-bin/a", None), fine(&[]));
    // A name that holds no program is refused only when it is started.
    assert_eq!(run("-- /bin/a", Some(252)), fine(&["--|/bin/a"]));
    assert_eq!(run("|echo", Some(257)), fine(&["|echo"]));
    for (line, version) in [
        ("bin/a", None),
        ("/bin/a \"x", None),
        ("/bin/a %z", None),
        ("/bin/", None),
        ("@/bin/a", None),
        ("sleep 1", Some(238)),
    ] {
        let (list, error) = run(line, version);
        assert!(list.is_empty() && error.is_some(), "{line}: {list:?}");
    }
}

#[test]
fn time_spans() {
    let seconds = |text: &str| match parse_span(text) {
        Some(TimeSpan::For(span)) => Some(span.as_secs_f64()),
        Some(TimeSpan::Infinite) => Some(f64::INFINITY),
        None => None,
    };
    for (text, expected) in [
        ("90", Some(90.0)),
        ("1min 30s", Some(90.0)),
        ("1.5m", Some(90.0)),
        ("2h20", Some(7220.0)),
        ("5ms", Some(0.005)),
        ("infinity", Some(f64::INFINITY)),
        ("0", Some(0.0)),
        ("", None),
        ("-1", None),
        ("1 fortnight", None),
        ("12.34.56", None),
        ("3.", None),
        ("99999999999999999999", None),
    ] {
        assert_eq!(seconds(text), expected, "{text}");
    }
}

#[test]
fn no_bytes_make_the_reader_panic() {
    use proptest::prelude::*;
    let piece = prop_oneof![
        "[\\[\\]=\\\\\"'%;#a-zA-Z@:/ \t\r\n]{0,12}",
        Just("[Service]\n".to_owned()),
        Just("ExecStart=".to_owned()),
    ];
    let text = prop::collection::vec(piece, 0..20).prop_map(|parts| parts.concat());
    proptest!(|(text in text, noise in prop::collection::vec(any::<u8>(), 0..40))| {
        let mut bytes = text.into_bytes();
        bytes.extend(noise);
        let unit = parse(&File::new("/x.service", bytes), None);
        for a in &unit.assignments {
            prop_assert!(a.place.span.end <= unit.file.bytes().len());
            for flags in [Flags::NAMES, Flags::PATHS, Flags::COMMAND] {
                for word in split(a.value.bytes(), flags).words {
                    prop_assert!(word.start <= word.end && word.end <= a.value.len());
                }
            }
            let _ = commands(&a.value, "a@b.service", &Nobody, None);
            let _ = parse_span(&a.value.text());
        }
    });
}
