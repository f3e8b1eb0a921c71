use super::*;

fn config(text: &str) -> (Config, Result<(), Refusal>) {
    let mut config = Config::new();
    let file = File::new("/etc/apt/apt.conf", text);
    let read = read(&mut config, &file, &mut |_| Included::Missing);
    (config, read)
}

#[test]
fn a_value_knows_the_statement_that_set_it() {
    let text = "// c\nUnattended-Upgrade {\n\tAutomatic-Reboot\n  \"true\"; };\n";
    let (config, read) = config(text);
    assert_eq!(read, Ok(()));
    let option = config
        .value("unattended-upgrade::automatic-reboot")
        .unwrap();
    let place = option.place.as_ref().unwrap();
    assert_eq!(place.start().line, 3);
    assert_eq!(place.bytes(), b"Automatic-Reboot\n  \"true\"");
    assert!(config.is_set("Unattended-Upgrade::Automatic-Reboot", false));
}

#[test]
fn what_says_neither_yes_nor_no_keeps_the_default() {
    for (value, expected) in [
        ("1", Some(true)),
        ("0x1", Some(true)),
        ("ON", Some(true)),
        ("disable", Some(false)),
        ("00", Some(false)),
        ("2", None),
        ("", None),
        ("1 ", None),
        ("yes please", None),
    ] {
        assert_eq!(truth(value.as_bytes()), expected, "{value}");
    }
}

#[test]
fn names_are_those_apt_reads() {
    for name in ["10x", "a.conf", "a.b.conf", "20auto-upgrades", "a:b", "A_1"] {
        assert!(is_read(name.as_bytes()), "{name}");
    }
    for name in [
        "",
        ".x",
        "a.bak",
        "a.dpkg-dist",
        "a~",
        "a.",
        "a b",
        "x.ucf-dist",
    ] {
        assert!(!is_read(name.as_bytes()), "{name}");
    }
}

#[test]
fn includes_that_go_in_circles_end() {
    let file = File::new("/a", "#include \"/a\";\n#include \"/a\";\n");
    let mut config = Config::new();
    let mut asked = 0;
    let refused = read(&mut config, &file, &mut |_| {
        asked += 1;
        Included::Files(vec![Arc::clone(&file); 3])
    });
    assert!(refused.is_err());
    assert!(asked <= 1000, "{asked}");
}

#[test]
fn any_bytes_are_read_to_the_end() {
    for text in [
        "\"",
        "{",
        "}",
        "};};",
        "a [",
        "a \"\\\";",
        "#",
        "#clear",
        "%",
        "a::::b \"%4\";",
        "/*",
        "\0;",
    ] {
        let (config, _) = config(text);
        assert!(config.all().len() < 6, "{text}");
    }
}
