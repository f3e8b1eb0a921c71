use super::super::ProblemKind as Kind;
use super::*;
use crate::fact::{Doubt, Unknown};

fn tree(files: &[(&str, &str)], main: &str) -> Config {
    let files: Vec<Arc<File>> = files.iter().map(|(p, t)| File::new(*p, *t)).collect();
    let options = Options {
        version: Some(Version::new(2, 2, 7)),
        config_id: None,
    };
    read_with(main.as_bytes(), &options, &mut |include| {
        let mut found = Listing::new();
        let wanted = include.cwd.join(text(&include.pattern));
        for file in &files {
            let here = match wanted.to_str().and_then(|w| w.strip_suffix("*")) {
                Some(start) => file.path().to_str().unwrap().starts_with(start),
                None => file.path() == wanted,
            };
            if here {
                found.items.push(Arc::clone(file));
            }
        }
        found
    })
}

#[test]
fn includes_work_inside_blocks_and_keep_their_own_places() {
    let files = [("/etc/keepalived/a.conf", "priority 42\n")];
    let config = tree(
        &files,
        "vrrp_instance A {\ninclude a.conf\nstate MASTER\n}\n",
    );
    let priority = config.instances[0].priority.as_ref().unwrap();
    assert_eq!(priority.value, 42);
    assert_eq!(priority.place.to_string(), "/etc/keepalived/a.conf:1:10");
    assert!(config.instances[0].state.is_some());
    assert_eq!(config.files.len(), 2);
}

#[test]
fn a_relative_include_starts_from_the_including_file() {
    let files = [
        ("/etc/keepalived/conf.d/a.conf", "include b.conf\n"),
        ("/etc/keepalived/conf.d/b.conf", "vrrp_instance B {\n}\n"),
    ];
    assert_eq!(names(&tree(&files, "include conf.d/a.conf\n")), ["B"]);
}

#[test]
fn matches_are_read_in_the_order_given() {
    let files = [
        ("/etc/keepalived/d/1", "vrrp_instance A {\n}\n"),
        (
            "/etc/keepalived/d/2",
            "vrrp_instance B {\n}\nvrrp_instance A {\n}\n",
        ),
    ];
    let config = tree(&files, "include d/*\n");
    assert_eq!(names(&config), ["A", "B"]);
    assert_eq!(problems(&config), [(Kind::DuplicateInstance, 3)]);
}

#[test]
fn a_block_may_begin_in_one_file_and_end_in_another() {
    let files = [("/etc/keepalived/a", "vrrp_instance A {\npriority 3\n")];
    let config = tree(&files, "include a\nstate MASTER\n}\n");
    assert!(config.instances[0].state.is_some());
    assert_eq!(config.instances[0].block, config.instances[0].header);
    assert_eq!(problems(&config), []);
}

#[test]
fn a_missing_include_is_told_and_was_fatal_for_a_while() {
    let conf = b"include nowhere.conf\n";
    for (version, fatal) in [((1, 3, 2), true), ((1, 3, 9), false), ((2, 2, 7), false)] {
        let config = read_as(conf, version);
        assert_eq!(problems(&config), [(Kind::IncludeMissing, 1)]);
        assert_eq!(config.problems[0].fatal, fatal, "{version:?}");
    }
}

#[test]
fn an_include_that_cannot_be_listed_is_open_and_not_missing() {
    let mut denied = |_: &Include| {
        let mut found = Listing::new();
        found
            .gaps
            .push(Unknown::new("/etc/keepalived/d", Doubt::Denied));
        found
    };
    let config = read_with(b"\ninclude d/*\n", &Options::default(), &mut denied);
    assert_eq!(problems(&config), []);
    assert_eq!(config.open[0].doubt, Doubt::Denied);
    assert_eq!(config.open[0].place.as_ref().unwrap().start().line, 2);
}

#[test]
fn a_file_that_includes_itself_is_a_problem_and_read_once() {
    let files = [("/etc/keepalived/a", "vrrp_instance A {\n}\ninclude a\n")];
    let config = tree(&files, "include a\n");
    assert_eq!(names(&config), ["A"]);
    assert_eq!(problems(&config), [(Kind::IncludeLoop, 3)]);
}

#[test]
fn includes_end_at_a_depth() {
    let files: Vec<(String, String)> = (0..50)
        .map(|n| {
            (
                format!("/etc/keepalived/{n}"),
                format!("include {}\n", n + 1),
            )
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(p, t)| (p.as_str(), t.as_str()))
        .collect();
    let config = tree(&files, "include 0\n");
    assert!(matches!(config.open[0].doubt, Doubt::Limit(_)));
}

#[test]
fn a_file_included_twice_tells_each_problem_once() {
    let files = [("/etc/keepalived/a", "nonsense\n")];
    let config = tree(&files, "include a\ninclude a\n");
    assert_eq!(problems(&config), [(Kind::UnknownKeyword, 1)]);
}

#[test]
fn problems_come_in_the_order_of_reading() {
    let files = [
        ("/etc/keepalived/a", "one\n"),
        ("/etc/keepalived/b", "two\n"),
    ];
    let config = tree(&files, "zero\ninclude b\ninclude a\n");
    let places: Vec<String> = config.problems.iter().map(|p| p.place.text()).collect();
    assert_eq!(places, ["zero", "two", "one"]);
}
