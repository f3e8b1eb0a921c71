use super::*;

fn table(text: &str) -> Arc<File> {
    File::new("/etc/crypttab", text)
}

fn shown(text: &str, reader: Reader) -> Vec<String> {
    let entries = entries(&table(text), reader);
    let line = |e: &Entry| {
        let words = [&e.name, &e.source, &e.key_text, &e.option_text];
        words
            .map(|w| String::from_utf8_lossy(w).into_owned())
            .join("|")
    };
    entries.iter().map(line).collect()
}

fn troubles(text: &str, reader: Reader) -> Vec<Trouble> {
    let problems = problems(&table(text), reader);
    problems.iter().map(|p| p.trouble).collect()
}

const BOTH: [Reader; 2] = [Reader::Systemd, Reader::Debian];

#[test]
fn four_fields_are_read_with_their_places() {
    let text = "# c\nroot UUID=1 none luks,discard,tries=3\n\tswap /dev/b /dev/urandom swap\n";
    for reader in BOTH {
        let entries = entries(&table(text), reader);
        let [root, swap] = [&entries[0], &entries[1]];
        assert_eq!(
            (root.name.as_slice(), root.source.as_slice()),
            (&b"root"[..], &b"UUID=1"[..])
        );
        assert_eq!(root.key(reader), Key::None);
        assert!(root.has("discard"));
        assert_eq!(root.option("tries").unwrap().value(), Some(&b"3"[..]));
        assert_eq!(root.option("tries").unwrap().place.text(), "tries=3");
        assert_eq!(root.fields[1].to_string(), "/etc/crypttab:2:6");
        assert_eq!(swap.key(reader), Key::Random);
        assert_eq!(troubles(text, reader), []);
    }
}

#[test]
fn two_fields_ask_for_a_passphrase_with_systemd_and_are_ignored_by_the_scripts() {
    let text = "data UUID=1\n";
    assert_eq!(shown(text, Reader::Systemd), ["data|UUID=1||"]);
    assert_eq!(shown(text, Reader::Debian), [""; 0]);
    assert_eq!(troubles(text, Reader::Debian), [Trouble::TooFewFields]);
    assert_eq!(troubles("data\n", Reader::Systemd), [Trouble::TooFewFields]);
}

#[test]
fn the_scripts_lose_a_last_line_without_a_newline() {
    let text = "a UUID=1 none luks\nb UUID=2 none luks";
    assert_eq!(shown(text, Reader::Systemd).len(), 2);
    assert_eq!(shown(text, Reader::Debian).len(), 1);
    assert_eq!(troubles(text, Reader::Debian), [Trouble::Unterminated]);
}

#[test]
fn a_carriage_return_is_a_line_end_for_systemd_and_text_for_the_scripts() {
    let text = "a UUID=1 none luks\r\n";
    assert_eq!(shown(text, Reader::Systemd), ["a|UUID=1|none|luks"]);
    assert_eq!(shown(text, Reader::Debian), ["a|UUID=1|none|luks\r"]);
    assert_eq!(troubles(text, Reader::Debian), [Trouble::CarriageReturn]);
}

#[test]
fn systemd_gives_up_the_file_at_a_repeated_name() {
    let text = "a UUID=1\na UUID=2 none\nb UUID=3\n";
    assert_eq!(shown(text, Reader::Systemd), ["a|UUID=1||"]);
    assert_eq!(troubles(text, Reader::Systemd), [Trouble::Duplicate]);
    let text = "a UUID=1 none tmp,swap\nb UUID=3\n";
    assert_eq!(shown(text, Reader::Systemd), [""; 0]);
    assert_eq!(troubles(text, Reader::Systemd), [Trouble::TmpAndSwap]);
}

#[test]
fn text_behind_the_options_is_dropped_or_joined() {
    let text = "a UUID=1 none luks,discard  old disk \n";
    assert_eq!(shown(text, Reader::Systemd), ["a|UUID=1|none|luks,discard"]);
    assert_eq!(
        shown(text, Reader::Debian),
        ["a|UUID=1|none|luks,discard  old disk"]
    );
    for reader in BOTH {
        assert_eq!(troubles(text, reader), [Trouble::ExtraFields]);
    }
    assert_eq!(troubles("a UUID=1 none luks # old\n", Reader::Systemd), []);
}

#[test]
fn the_scripts_decode_octal_and_systemd_does_not() {
    let text = "a /dev/my\\040disk none\n";
    assert_eq!(shown(text, Reader::Debian), ["a|/dev/my disk|none|"]);
    assert_eq!(shown(text, Reader::Systemd), ["a|/dev/my\\040disk|none|"]);
}

#[test]
fn a_key_on_a_device_of_its_own_is_told_from_a_colon_in_a_name() {
    let key = |text: &str, reader| {
        let text = format!("a UUID=1 {text} luks\n");
        entries(&table(&text), reader)[0].key(reader)
    };
    let on_device = Key::OnDevice {
        file: b"/k".to_vec(),
        device: b"UUID=2".to_vec(),
    };
    assert_eq!(key("/k:UUID=2", Reader::Systemd), on_device);
    assert_eq!(
        key("/k:UUID=2", Reader::Debian),
        Key::File(b"/k:UUID=2".to_vec())
    );
    assert_eq!(key("/k:2", Reader::Systemd), Key::File(b"/k:2".to_vec()));
    assert_eq!(key("-", Reader::Systemd), Key::None);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_and_every_place_lies_in_the_file(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
    ) {
        let file = File::new("/etc/crypttab", bytes.clone());
        for reader in BOTH {
            for entry in entries(&file, reader) {
                for field in entry.fields.iter().chain(entry.options.iter().map(|o| &o.place)) {
                    assert!(field.span.end <= bytes.len() && !field.span.is_empty());
                }
            }
            for problem in problems(&file, reader) {
                assert!(problem.place.span.end <= bytes.len());
            }
        }
    }
}
