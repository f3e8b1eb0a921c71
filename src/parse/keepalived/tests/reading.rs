use super::super::{ProblemKind as Kind, Version};
use super::*;
use crate::fact::Doubt;

#[test]
fn crlf_lines_and_a_missing_last_newline_are_fine() {
    let config = read("vrrp_instance A {\r\n state MASTER\r\n priority 7\r\n}");
    assert_eq!(names(&config), ["A"]);
    assert_eq!(config.instances[0].priority.as_ref().unwrap().value, 7);
    assert_eq!(problems(&config), []);
}

#[test]
fn braces_may_stand_anywhere_in_a_line() {
    let config = read("vrrp_instance A{state MASTER}vrrp_instance B { priority 5 }");
    assert_eq!(names(&config), ["A", "B"]);
    assert!(config.instances[0].state.is_some());
    assert_eq!(config.instances[1].priority.as_ref().unwrap().value, 5);
    let (instance, problems) = instance("virtual_ipaddress { 10.0.0.1/24 }");
    assert_eq!((instance.virtual_addresses.len(), problems.len()), (1, 0));
}

#[test]
fn braces_in_double_quotes_are_no_braces_but_in_single_ones_they_are() {
    let (instance, problems) = instance("notify_master \"/bin/awk {x}\"\npriority 9");
    assert_eq!(instance.notify.len(), 1);
    assert_eq!((instance.priority.unwrap().value, problems.len()), (9, 0));
    let config = read("vrrp_instance A {\n notify_master '/x {y}'\n priority 9\n}");
    assert!(problems_of(&config, Kind::UnexpectedBrace).contains(&2));
    assert!(config.instances[0].priority.is_none());
}

fn problems_of(config: &Config, kind: Kind) -> Vec<usize> {
    let found = problems(config).into_iter().filter(|(k, _)| *k == kind);
    found.map(|(_, line)| line).collect()
}

#[test]
fn a_comment_sign_in_a_password_shortens_it_since_1_2_20() {
    let conf = b"vrrp_instance A {\nauthentication {\nauth_type PASS\nauth_pass ab!cd#ef\n}\n}";
    let cases = [
        ((1, 2, 19), 8, false),
        ((1, 2, 20), 2, true),
        ((2, 4, 3), 2, true),
    ];
    for (version, length, cut) in cases {
        let config = read_as(conf, version);
        let authentication = config.instances[0].authentication.as_ref().unwrap();
        let password = authentication.password.as_ref().unwrap();
        assert_eq!(
            (password.length, password.cut),
            (length, cut),
            "{version:?}"
        );
    }
}

#[test]
fn an_escaped_comment_sign_is_lost_again_since_2_2_0() {
    let conf = b"vrrp_instance A {\ninterface eth\\#0\n}";
    for (version, expected) in [((2, 1, 5), "eth#0"), ((2, 2, 0), "eth")] {
        let config = read_as(conf, version);
        let interface = config.instances[0].interface.as_ref().unwrap();
        assert_eq!(text(&interface.value), expected, "{version:?}");
    }
}

#[test]
fn a_commented_line_that_ends_in_a_backslash_is_an_unknown_keyword_up_to_2_3() {
    let conf = b"# comment \\\nvrrp_instance A {\n}\n";
    assert_eq!(
        problems(&read_as(conf, (2, 2, 7))),
        [(Kind::UnknownKeyword, 1)]
    );
    assert_eq!(problems(&read_as(conf, (2, 4, 3))), []);
}

#[test]
fn there_is_no_line_continuation() {
    let (instance, problems) = instance("priority 100 \\\nstate MASTER");
    assert_eq!(problems, [(Kind::BadNumber, 2)]);
    assert!(instance.priority.is_none());
    assert!(instance.state.is_some());
}

#[test]
fn conditions_keep_or_drop_the_rest_of_their_line() {
    let lines =
        "@gw1 priority 10\n@gw2 priority 20\n@^gw2 state MASTER\n@^gw1 interface eth9\n@gw1\n";
    let (instance, problems) = instance(lines);
    assert_eq!(instance.priority.unwrap().value, 10);
    assert!(instance.state.is_some());
    assert!(instance.interface.is_none());
    assert_eq!(problems, []);
}

#[test]
fn a_condition_without_a_known_host_name_is_an_open_question() {
    let mut none = |_: &Include| Listing::new();
    let conf = b"vrrp_instance A {\n@gw1 priority 10\n}";
    let config = read_with(conf, &Options::default(), &mut none);
    assert!(config.instances[0].priority.is_none());
    assert_eq!(config.open.len(), 1);
    assert_eq!(config.open[0].place.as_ref().unwrap().start().line, 2);
}

#[test]
fn before_1_3_0_a_condition_is_an_unknown_keyword() {
    let config = read_as(b"vrrp_instance A {\n@gw1 priority 10\n}", (1, 2, 24));
    assert_eq!(problems(&config), [(Kind::UnknownKeyword, 2)]);
}

#[test]
fn a_substituted_value_has_the_place_of_its_reference() {
    let config = read("$IF=eth0\nvrrp_instance A {\n interface $IF\n virtual_router_id ${N}\n}");
    let interface = config.instances[0].interface.as_ref().unwrap();
    assert_eq!(text(&interface.value), "eth0");
    assert_eq!(interface.place.text(), "$IF");
    assert_eq!(interface.place.start().line, 3);
}

#[test]
fn an_undefined_reference_breaks_the_block_structure() {
    let config = read("vrrp_instance A {\n priority ${PRIO}\n state MASTER\n}\n");
    assert!(config.instances[0].state.is_none());
    let expected = [
        (Kind::BadNumber, 2),
        (Kind::UndefinedReference, 2),
        (Kind::UnexpectedBrace, 2),
        (Kind::UnknownKeyword, 2),
        (Kind::UnknownKeyword, 3),
        (Kind::UnknownKeyword, 4),
    ];
    let mut found = problems(&config);
    found.sort_by_key(|(kind, line)| (*line, kind.name()));
    assert_eq!(found, expected);
}

#[test]
fn a_definition_that_refers_to_itself_hangs_keepalived_and_not_us() {
    // Cut at the brace of the second, what is left of the line has the reference again.
    for value in ["${IF}", "r}$IF"] {
        let conf = format!("$IF={value}\nvrrp_instance A {{\n interface ${{IF}}\n}}\n");
        let config = read(&conf);
        let fatal: Vec<_> = config.problems.iter().filter(|p| p.fatal).collect();
        assert_eq!(fatal.len(), 1, "{value}");
        assert_eq!(fatal[0].kind, Kind::SelfReference, "{value}");
        assert_eq!(config.open.len(), 1, "{value}");
    }
}

#[test]
fn a_multiline_definition_gives_its_lines_where_it_is_used() {
    let conf = "$BODY=\\\n state MASTER \\\n priority 77\nvrrp_instance A {\n $BODY\n}\n";
    let config = read(conf);
    assert_eq!(config.instances[0].priority.as_ref().unwrap().value, 77);
    assert!(config.instances[0].state.is_some());
    assert_eq!(problems(&config), []);
    let place = &config.instances[0].priority.as_ref().unwrap().place;
    assert_eq!((place.start().line, place.text().as_str()), (5, "$BODY"));
}

#[test]
fn an_empty_line_ends_a_multiline_definition_since_2_0_15() {
    let conf = b"vrrp_instance A {\n$B=\\\n priority 5\\\n\n state MASTER\n}\n";
    assert!(read_as(conf, (2, 2, 7)).instances[0].state.is_some());
    assert!(read_as(conf, (2, 0, 10)).instances[0].state.is_none());
}

#[test]
fn a_multiline_definition_within_itself_ends_at_a_limit() {
    let config = read("$M=\\\nx\\\n$M\n$M\n");
    assert!(
        config
            .open
            .iter()
            .any(|o| matches!(o.doubt, Doubt::Limit(_)))
    );
}

#[test]
fn sequences_and_lists_repeat_the_rest_of_their_line() {
    let conf = "vrrp_instance A {\nvirtual_ipaddress {\n~SEQ(i, 1, 3) 10.0.0.$i\n~LST(j, 7, 9) 10.0.1.${j}/24\n}\n}";
    let config = read(conf);
    let addresses = config.instances[0].virtual_addresses.iter();
    let addresses: Vec<String> = addresses.map(|a| a.address.to_string()).collect();
    let expected = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.1.7", "10.0.1.9"];
    assert_eq!(addresses, expected);
    assert_eq!(problems(&config), []);
}

#[test]
fn sequences_nest_from_left_to_right() {
    let conf = "vrrp_sync_group G {\ngroup {\n~SEQ(i, 1, 2) ~SEQ(j, 1, 2) V_${i}_${j}\n}\n}";
    let members = read(conf).groups[0].members.clone();
    let members: Vec<String> = members.iter().map(|m| text(&m.value)).collect();
    assert_eq!(members, ["V_1_1", "V_1_2", "V_2_1", "V_2_2"]);
}

#[test]
fn an_endless_sequence_ends_at_a_limit() {
    let config = read("~SEQ(i, 1, 999999999) nonsense\nvrrp_instance A {\n}\n");
    assert_eq!(names(&config), ["A"]);
    assert!(
        config
            .open
            .iter()
            .any(|o| matches!(o.doubt, Doubt::Limit(_)))
    );
    assert!(config.problems.len() <= 10_001 * 3);
}

#[test]
fn a_bad_sequence_is_told_and_ignored() {
    let (_, problems) = instance("~SEQ(k) x");
    assert_eq!(problems, [(Kind::BadSequence, 2)]);
}

#[test]
fn a_long_line_is_read_as_two_and_loses_its_first_part_since_2_4_0() {
    let conf = format!(
        "vrrp_instance A {{\npriority 9{}state MASTER\n}}\n",
        " ".repeat(1013)
    );
    let old = read_as(conf.as_bytes(), (2, 2, 7));
    assert_eq!(problems(&old), [(Kind::LineTooLong, 2)]);
    assert!(old.instances[0].priority.is_some() && old.instances[0].state.is_some());
    let new = read_as(conf.as_bytes(), (2, 4, 0));
    assert!(new.instances[0].priority.is_none() && new.instances[0].state.is_some());
}

#[test]
fn a_nul_hides_the_rest_of_its_line_and_all_of_it_since_2_4_0() {
    let conf = b"vrrp_instance A {\npriority 9\0 x\nstate MASTER\n}\n";
    let old = read_as(conf, (2, 2, 7));
    assert_eq!(problems(&old), [(Kind::EmbeddedNul, 2)]);
    assert_eq!(old.instances[0].priority.as_ref().unwrap().value, 9);
    let new = read_as(conf, (2, 4, 0));
    assert!(new.instances[0].priority.is_none());
    assert!(new.instances[0].state.is_some());
}

#[test]
fn an_odd_quote_keeps_the_words_before_it() {
    let (instance, problems) = instance("interface eth0 \"x\npriority 5");
    assert_eq!(problems, [(Kind::UnmatchedQuote, 2)]);
    assert_eq!(text(&instance.interface.unwrap().value), "eth0");
    assert!(instance.priority.is_some());
}

#[test]
fn an_unknown_version_is_read_as_the_current_one() {
    let mut none = |_: &Include| Listing::new();
    let config = read_with(b"", &Options::default(), &mut none);
    assert_eq!(config.version, Version::CURRENT);
    assert_eq!(problems(&config), []);
}
