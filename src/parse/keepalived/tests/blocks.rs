use super::super::ProblemKind as Kind;
use super::*;

#[test]
fn an_unknown_keyword_loses_only_its_own_line() {
    let (instance, problems) = instance("nonsense 1\npriority 5");
    assert_eq!(problems, [(Kind::UnknownKeyword, 2)]);
    assert!(instance.priority.is_some());
}

#[test]
fn a_misspelt_block_closes_the_block_around_it() {
    let conf = "vrrp_instance A {\nvirtual_ipadress {\n10.0.0.1/24\n}\npriority 5\n}\nvrrp_instance B {\n}\n";
    let config = read(conf);
    assert_eq!(names(&config), ["A", "B"]);
    assert!(config.instances[0].priority.is_none());
    let expected = [
        (Kind::UnknownKeyword, 2),
        (Kind::UnexpectedBrace, 2),
        (Kind::UnknownKeyword, 3),
        (Kind::UnknownKeyword, 5),
        (Kind::UnknownKeyword, 6),
    ];
    assert_eq!(problems(&config), expected);
    assert_eq!(config.instances[0].block.end().line, 4);
}

#[test]
fn an_opening_brace_may_stand_on_the_next_line_or_be_missing() {
    let config = read("vrrp_instance A\n{\npriority 5\n}\nvrrp_instance B\npriority 6\n}\n");
    assert_eq!(config.instances[0].priority.as_ref().unwrap().value, 5);
    assert_eq!(config.instances[1].priority.as_ref().unwrap().value, 6);
    // The process that has no use for the block does not skip it without `{`.
    let expected = [
        (Kind::UnknownKeyword, 6),
        (Kind::MissingOpenBrace, 6),
        (Kind::UnknownKeyword, 7),
        (Kind::ExtraBrace, 7),
    ];
    assert_eq!(problems(&config), expected);
}

#[test]
fn a_missing_closing_brace_swallows_the_next_instance() {
    let config = read("vrrp_instance A {\npriority 5\nvrrp_instance B {\npriority 6\n}\n");
    assert_eq!(names(&config), ["A"]);
    let found = problems(&config);
    assert!(found.contains(&(Kind::MissingBrace, 1)), "{found:?}");
    assert!(found.contains(&(Kind::UnknownKeyword, 3)), "{found:?}");
    assert!(found.contains(&(Kind::UnexpectedBrace, 3)), "{found:?}");
}

#[test]
fn an_extra_brace_is_told_once() {
    let config = read("vrrp_instance A {\n}\n}\nvrrp_instance B {\n}\n");
    assert_eq!(names(&config), ["A", "B"]);
    let expected = [(Kind::UnknownKeyword, 3), (Kind::ExtraBrace, 3)];
    assert_eq!(problems(&config), expected);
}

#[test]
fn a_second_instance_or_group_of_a_name_is_skipped_whole() {
    let conf = "vrrp_instance A {\npriority 5\n}\nvrrp_instance A {\npriority 6\nvirtual_ipaddress {\n10.0.0.1\n}\n}\nvrrp_sync_group G {\n}\nvrrp_sync_group G {\nnonsense\n}\n";
    let config = read(conf);
    assert_eq!(config.instances.len(), 1);
    assert_eq!(config.instances[0].priority.as_ref().unwrap().value, 5);
    assert_eq!(config.groups.len(), 1);
    let expected = [(Kind::DuplicateInstance, 4), (Kind::DuplicateInstance, 12)];
    assert_eq!(problems(&config), expected);
}

#[test]
fn a_block_with_no_name_or_two_is_skipped() {
    let config = read(
        "vrrp_instance {\npriority 5\n}\nvrrp_instance A B {\n}\nvrrp_instance \"A B\" {\n}\n",
    );
    assert_eq!(names(&config), ["A B"]);
    assert_eq!(problems(&config), [(Kind::BadName, 1), (Kind::BadName, 4)]);
}

#[test]
fn a_missing_argument_is_fatal() {
    let config = read("vrrp_instance A {\npriority\n}\n");
    assert_eq!(problems(&config), [(Kind::MissingParameter, 2)]);
    assert!(config.problems[0].fatal);
    let flags = read("vrrp_instance A {\nnopreempt\nsmtp_alert\nuse_vmac\n}\n");
    assert_eq!(problems(&flags), []);
}

#[test]
fn blocks_of_raw_lines_have_no_keywords() {
    let conf = "vrrp_instance A {\nunicast_peer {\n10.0.0.2\npriority\n}\n}\nstatic_routes {\n10.1.0.0/16 via 10.0.0.9 dev eth0\n}\n";
    let config = read(conf);
    assert_eq!(config.instances[0].unicast_peers.len(), 1);
    assert_eq!(problems(&config), [(Kind::BadAddress, 4)]);
    assert_eq!(config.static_blocks[0].lines[0].len(), 5);
}

#[test]
fn a_group_may_list_several_members_on_a_line_but_a_second_list_ends_its_block() {
    let config = read("vrrp_sync_group G {\ngroup {\nA B\nC\n}\ngroup {\nD\n}\n}\n");
    let members = config.groups[0].members.iter();
    let members: Vec<String> = members.map(|m| text(&m.value)).collect();
    assert_eq!(members, ["A", "B", "C"]);
    let expected = [(Kind::DuplicateBlock, 6), (Kind::UnknownKeyword, 9)];
    assert_eq!(problems(&config), expected);
}

#[test]
fn words_between_a_keyword_and_its_brace_are_told() {
    let (instance, problems) = instance("track_script foo {\nbar weight -20\n}");
    assert_eq!(problems, [(Kind::ExtraParameters, 2)]);
    assert_eq!(text(&instance.track_scripts[0].name.value), "bar");
    assert_eq!(instance.track_scripts[0].options.len(), 2);
}

#[test]
fn a_second_word_behind_virtual_server_group_is_fatal() {
    let config = read("virtual_server_group a b {\n10.0.0.1 80\n}\n");
    assert_eq!(problems(&config), [(Kind::ExtraParameters, 1)]);
    assert!(config.problems[0].fatal);
    assert_eq!(problems(&read("virtual_server_group a {\n}\n")), []);
}

#[test]
fn each_process_skips_what_is_for_another_even_when_it_is_broken() {
    let conf = "virtual_server 10.0.0.1 80 {\nnonsense {\n}\nprotocol TCP\n}\nvrrp_instance A {\npriority 5\n}\n";
    let config = read(conf);
    assert_eq!(names(&config), ["A"]);
    assert!(config.instances[0].priority.is_some());
    let found = problems(&config);
    assert!(found.contains(&(Kind::UnknownKeyword, 2)), "{found:?}");
    assert!(found.contains(&(Kind::UnknownKeyword, 4)), "{found:?}");
}

#[test]
fn a_brace_too_many_in_global_defs_hides_everything_behind_it() {
    let conf = b"global_defs {\nnonsense {\nrouter_id x\n}\nvrrp_instance A {\npriority 5\n}\n";
    let config = read_as(conf, (2, 2, 7));
    assert_eq!(names(&config), [""; 0]);
    assert_eq!(text(&config.globals.router_id.unwrap().value), "x");
}

#[test]
fn a_misspelt_block_in_global_defs_costs_only_its_own_settings_since_2_0_0() {
    let conf = b"global_defs {\nnonsense {\nx\n}\nrouter_id x\n}\nvrrp_instance A {\n}\n";
    let config = read_as(conf, (2, 2, 7));
    assert_eq!(names(&config), ["A"]);
    assert!(config.globals.router_id.is_none());
}

#[test]
fn what_the_parent_does_not_see_is_not_started() {
    let conf = "global_defs {\nvrrp_instance A {\n}\n}\nvirtual_server 10.0.0.1 80 {\n}\n";
    let config = read(conf);
    assert_eq!(names(&config), [""; 0]);
    assert_eq!(config.virtual_servers.len(), 1);
}

#[test]
fn a_virtual_server_without_an_address_is_skipped_whole() {
    let config = read("virtual_server VIP 80 {\nnonsense\n}\nvirtual_server fwmark 3 {\n}\n");
    assert_eq!(config.virtual_servers.len(), 1);
    assert_eq!(problems(&config), [(Kind::BadAddress, 1)]);
}

#[test]
fn up_to_1_2_19_unknown_keywords_and_braces_of_their_own_are_silent() {
    let conf = b"vrrp_instance A\n{\nnonsense\npriority 5\n}\n";
    let config = read_as(conf, (1, 2, 19));
    assert_eq!(config.instances[0].priority.as_ref().unwrap().value, 5);
    assert_eq!(problems(&config), [(Kind::UnknownKeyword, 3)]);
    assert!(config.problems[0].message.contains("without a word"));
}

#[test]
fn before_1_4_2_a_block_on_one_line_loses_its_content() {
    let conf = b"vrrp_instance A {\nvirtual_ipaddress { 10.0.0.10/24 }\n}\n";
    for version in [(1, 2, 13), (1, 3, 2), (1, 4, 1)] {
        let config = read_as(conf, version);
        assert_eq!(
            config.instances[0].virtual_addresses.len(),
            0,
            "{version:?}"
        );
        assert!(problems(&config).contains(&(Kind::OneLineBlock, 2)));
    }
    let config = read_as(conf, (1, 4, 2));
    assert_eq!(config.instances[0].virtual_addresses.len(), 1);
}

#[test]
fn keywords_are_those_of_the_version() {
    let conf = b"vrrp_instance A {\nuse_vmac\nunicast_ttl 3\n}\n";
    assert_eq!(
        problems(&read_as(conf, (2, 0, 10))),
        [(Kind::UnknownKeyword, 3)]
    );
    assert_eq!(problems(&read_as(conf, (2, 1, 0))), []);
}

#[test]
fn the_block_of_an_instance_reaches_to_its_brace() {
    let config = read("vrrp_instance A {\nstate MASTER\n}\n");
    let instance = &config.instances[0];
    assert_eq!(instance.header.text(), "vrrp_instance A");
    assert_eq!(instance.block.start().line, 1);
    assert_eq!(instance.block.end().line, 3);
}
