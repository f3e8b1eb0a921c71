//! Unit tests; what sshd itself says of many more files is in `tests/sshd/`.

use super::*;

struct Files(Vec<(&'static str, &'static str)>);

impl World for Files {
    fn include(&self, pattern: &[u8]) -> Listing<Arc<File>> {
        let mut found = Listing::new();
        for (name, text) in &self.0 {
            if name.as_bytes() == pattern {
                found.items.push(File::new(*name, *text));
            }
        }
        found
    }

    fn service(&self, name: &[u8]) -> Option<u16> {
        (name == b"ssh").then_some(22)
    }
}

fn read(text: &str, version: (u32, u32)) -> Config {
    with(text, version, Vec::new())
}

fn with(text: &str, version: (u32, u32), files: Vec<(&'static str, &'static str)>) -> Config {
    let build = Build {
        version: Some(version),
        vendor: Vendor::Debian,
    };
    parse(
        &File::new("/etc/ssh/sshd_config", text),
        build,
        &Files(files),
    )
}

fn lines(config: &Config) -> Vec<usize> {
    let problems = config.problems.iter();
    problems.map(|p| p.place.start().line).collect()
}

#[test]
fn the_first_value_counts_and_lists_grow() {
    let config = read(
        "Port 22\nport 2222\nPermitRootLogin no\nPermitRootLogin yes\n",
        (9, 2),
    );
    assert_eq!(lines(&config), [0_usize; 0]);
    assert_eq!(config.ports(&Files(Vec::new())), [22, 2222]);
    let root = config.at_start("permitrootlogin").unwrap();
    assert_eq!(root.args, [b"no".to_vec()]);
}

#[test]
fn a_bad_line_refuses_the_file_wherever_it_stands() {
    let config = read(
        "Prot 22\nUsePAM maybe\nMatch User x\n  Banner none\n  Port 3\n",
        (9, 2),
    );
    assert_eq!(lines(&config), [1, 2, 5]);
}

#[test]
fn versions_differ_in_comments_and_empty_lists() {
    let text = "AllowUsers al#ice\n";
    let args = |version| read(text, version).directives[0].args.clone();
    assert_eq!(args((8, 4)), [b"al".to_vec()]);
    assert_eq!(args((9, 2)), [b"al#ice".to_vec()]);
    let text = "Port 22 # ours\n";
    assert_eq!(lines(&read(text, (9, 2))), [0_usize; 0]);
    let text = "AllowUsers # nobody\n";
    assert_eq!(lines(&read(text, (9, 2))), [0_usize; 0]);
    assert_eq!(lines(&read(text, (10, 0))), [1]);
}

#[test]
fn a_match_of_an_included_file_ends_with_it() {
    let files = vec![("/etc/ssh/a", "Match User x\nPasswordAuthentication no\n")];
    let config = with("Include a\nPort 22\n", (9, 2), files);
    assert_eq!(lines(&config), [0_usize; 0]);
    let user = |name: &'static [u8]| User { name, groups: &[] };
    let values = |name| {
        config
            .values("passwordauthentication", &user(name))
            .may_be(&["yes"], "yes")
    };
    assert!(!values(b"x"));
    assert!(values(b"y"));
}

#[test]
fn a_file_that_includes_itself_is_refused() {
    let config = with("Include a\n", (9, 2), vec![("/etc/ssh/a", "Include a\n")]);
    assert!(!config.problems.is_empty());
}

#[test]
fn what_hangs_on_the_connection_stays_open() {
    let config = read("Match Address 10.0.0.0/8\nPermitRootLogin yes\n", (9, 2));
    let root = User {
        name: b"root",
        groups: &[],
    };
    let values = config.values("permitrootlogin", &root);
    assert!(values.may_be(&["yes"], "prohibit-password"));
    assert!(values.may_be(&["prohibit-password"], "prohibit-password"));
}

#[test]
fn a_command_needs_its_user_and_methods_must_be_enabled() {
    assert_eq!(lines(&read("AuthorizedKeysCommand /bin/x\n", (9, 2))), [1]);
    let text = "PubkeyAuthentication no\nAuthenticationMethods publickey\n";
    assert_eq!(lines(&read(text, (9, 2))), [2]);
}

#[test]
fn no_bytes_make_it_fail() {
    for text in [
        "\"",
        "= =",
        "Match",
        "Match User",
        "\u{0}Port",
        "Include \"",
        "Port \\",
    ] {
        for version in [(8, 4), (9, 2), (10, 0)] {
            let config = read(text, version);
            assert!(config.directives.is_empty(), "{text:?}");
        }
    }
}
