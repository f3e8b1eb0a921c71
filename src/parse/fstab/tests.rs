use super::*;

fn table(text: impl Into<Vec<u8>>) -> Arc<File> {
    File::new("/etc/fstab", text)
}

fn troubles(text: &str) -> Vec<Trouble> {
    let problems = problems(&table(text));
    problems.iter().map(|p| p.trouble).collect()
}

fn shown(text: &str, reader: Reader) -> Vec<String> {
    let entries = entries(&table(text), reader);
    let line = |e: &Entry| {
        let words = [&e.source, &e.target, &e.kind, &e.option_text];
        let words = words.map(|w| String::from_utf8_lossy(w).into_owned());
        format!("{} {} {}", words.join("|"), e.freq, e.passno)
    };
    entries.iter().map(line).collect()
}

#[test]
fn fields_escapes_options_and_numbers_are_read_with_their_places() {
    let file = table("# c\nUUID=1 / ext4 errors=remount-ro,,ro 0 1\n\t/dev/b /my\\040data xfs\n\n");
    for reader in [Reader::Getmntent, Reader::Libmount] {
        let entries = entries(&file, reader);
        assert_eq!(entries.len(), 2);
        let [root, data] = [&entries[0], &entries[1]];
        assert_eq!((root.freq, root.passno), (0, 1));
        assert!(root.has("ro") && root.has("errors=remount-ro"));
        let errors = root.option("errors").unwrap();
        assert_eq!(errors.value(), Some(&b"remount-ro"[..]));
        assert_eq!(errors.place.to_string(), "/etc/fstab:2:15");
        assert_eq!(errors.place.text(), "errors=remount-ro");
        assert_eq!(root.fields[1].text(), "/");
        assert_eq!(data.target, b"/my data");
        assert!(data.options.is_empty());
        assert_eq!(data.place.start().line, 3);
        assert_eq!(data.fields.len(), 3);
    }
}

#[test]
fn a_line_without_a_type_is_a_mount_for_systemd_alone() {
    assert_eq!(
        shown("/dev/b /data\n", Reader::Getmntent),
        ["/dev/b|/data|| 0 0"]
    );
    assert_eq!(shown("/dev/b /data\n", Reader::Libmount), [""; 0]);
    assert_eq!(
        troubles("/dev/b /data\nword\n"),
        [Trouble::NoType, Trouble::OneField]
    );
}

#[test]
fn a_word_for_a_number_loses_the_line_for_mount_and_is_zero_for_systemd() {
    let text = "a /b c d x\na /b c d 0 1x\na /b c d 0 1 # text\n";
    let last = "a|/b|c|d 0 1";
    assert_eq!(shown(text, Reader::Libmount), [last]);
    assert_eq!(shown(text, Reader::Getmntent), ["a|/b|c|d 0 0", last, last]);
    assert_eq!(troubles(text), [Trouble::BadFreq, Trouble::BadPassno]);
}

#[test]
fn a_blank_in_a_name_shifts_the_fields_and_is_told_by_their_number() {
    let text = "/dev/b /my data ext4 defaults 0 2\n";
    assert_eq!(troubles(text), [Trouble::BadFreq, Trouble::ExtraFields]);
    assert_eq!(shown(text, Reader::Getmntent), ["/dev/b|/my|data|ext4 0 0"]);
}

#[test]
fn a_carriage_return_belongs_to_the_last_field_of_getmntent_and_to_no_number() {
    let text = "a /b c nofail\r\na /b c nofail 0 2\r\n";
    let entries = parse(&table(text));
    assert!(!entries[0].is_nofail() && entries[1].is_nofail());
    assert_eq!(entries[1].passno, 2);
    let mount = super::entries(&table(text), Reader::Libmount);
    assert!(mount[0].is_nofail() && mount[1].is_nofail());
    assert_eq!(troubles(text), [Trouble::CarriageReturn]);
}

#[test]
fn numbers_that_end_in_blanks_before_a_carriage_return_are_those_of_the_line_before() {
    let text = "a /b c d 1 2\ne /f g h \r\ni /j k l\n";
    let expected = ["a|/b|c|d 1 2", "e|/f|g|h 1 2", "i|/j|k|l 0 0"];
    assert_eq!(shown(text, Reader::Getmntent), expected);
}

#[test]
fn a_long_line_is_cut_for_getmntent_only() {
    let text = format!("a /b c {} 0 2\nd /e f g 0 1\n", "x,".repeat(3000));
    let entries = parse(&table(text.clone()));
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].option_text.len(), 4095 - 7);
    assert_eq!(entries[0].passno, 0);
    assert_eq!(
        super::entries(&table(text.clone()), Reader::Libmount)[0].passno,
        2
    );
    assert_eq!(troubles(&text), [Trouble::CutOff]);
}

#[test]
fn a_nul_loses_the_next_line_for_getmntent_and_its_own_for_mount() {
    let text = "a /b c d\0x\ne /f g h\ni /j k l\n";
    assert_eq!(
        shown(text, Reader::Getmntent),
        ["a|/b|c|d 0 0", "i|/j|k|l 0 0"]
    );
    assert_eq!(
        shown(text, Reader::Libmount),
        ["e|/f|g|h 0 0", "i|/j|k|l 0 0"]
    );
    assert_eq!(troubles(text), [Trouble::Nul]);
}

#[test]
fn a_byte_order_mark_makes_a_source_of_the_first_word() {
    let text = "\u{feff}UUID=1 / ext4 defaults 0 1\n";
    assert_eq!(troubles(text), [Trouble::ByteOrderMark]);
    assert_eq!(parse(&table(text))[0].source, "\u{feff}UUID=1".as_bytes());
    assert_eq!(
        troubles("\u{feff}# comment of words\n"),
        [Trouble::ByteOrderMark]
    );
}

#[test]
fn quotes_keep_a_comma_for_mount_and_not_for_systemd() {
    let text = "a /b c context=\"x:y,z\",ro\n";
    assert_eq!(parse(&table(text))[0].options.len(), 3);
    assert_eq!(entries(&table(text), Reader::Libmount)[0].options.len(), 2);
}

#[test]
fn the_last_of_an_option_and_its_opposite_counts() {
    let entries = parse(&table("a /b c nofail,noauto,auto\na /b c auto,noauto=1\n"));
    assert!(entries[0].is_nofail() && !entries[0].is_noauto());
    assert!(entries[1].is_noauto());
}

#[test]
fn an_automounter_map_that_asks_for_it_is_skipped() {
    assert_eq!(shown("a /b autofs ro,ignore\n", Reader::Getmntent), [""; 0]);
    assert_eq!(shown("a /b autofs ro\n", Reader::Getmntent).len(), 1);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_and_every_place_lies_in_the_file(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
    ) {
        let file = table(bytes.clone());
        for reader in [Reader::Getmntent, Reader::Libmount] {
            for entry in entries(&file, reader) {
                assert!(entry.place.span.end <= bytes.len());
                for field in entry.fields.iter().chain(entry.options.iter().map(|o| &o.place)) {
                    assert!(entry.place.span.start <= field.span.start);
                    assert!(field.span.end <= bytes.len() && !field.span.is_empty());
                }
            }
        }
        for problem in problems(&file) {
            assert!(problem.place.span.end <= bytes.len());
        }
    }
}
