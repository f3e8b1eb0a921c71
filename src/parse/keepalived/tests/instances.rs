use super::super::{Family, FamilySource, ProblemKind as Kind, State};
use super::*;

#[test]
fn the_first_family_met_stays_and_the_other_is_dropped() {
    let cases = [
        (
            "virtual_ipaddress {\n10.0.0.10/24\n2001:db8::10/64\n}",
            Family::V4,
            FamilySource::VirtualAddress,
            &["2001:db8::10"][..],
        ),
        (
            "virtual_ipaddress {\n2001:db8::10/64\n10.0.0.10/24\n}",
            Family::V6,
            FamilySource::VirtualAddress,
            &["10.0.0.10"],
        ),
        (
            "unicast_src_ip fe80::1\nvirtual_ipaddress {\n10.0.0.10/24\n}",
            Family::V6,
            FamilySource::SourceAddress,
            &["10.0.0.10"],
        ),
        (
            "virtual_ipaddress {\n10.0.0.10/24\n}\nunicast_src_ip fe80::1",
            Family::V4,
            FamilySource::VirtualAddress,
            &[],
        ),
        (
            "unicast_peer {\n10.0.0.2\n}\nvirtual_ipaddress {\n2001:db8::1\n}",
            Family::V4,
            FamilySource::Peer,
            &["2001:db8::1"],
        ),
        (
            "native_ipv6\nvirtual_ipaddress {\n10.0.0.10\n}",
            Family::V6,
            FamilySource::NativeIpv6,
            &["10.0.0.10"],
        ),
        (
            "mcast_dst_ip ff02::12\nvirtual_ipaddress {\n10.0.0.10\n}",
            Family::V6,
            FamilySource::MulticastDestination,
            &["10.0.0.10"],
        ),
        (
            "use_ipvlan bridge 10.0.0.9\nvirtual_ipaddress {\n2001:db8::1\n}",
            Family::V4,
            FamilySource::IpVlan,
            &["2001:db8::1"],
        ),
    ];
    for (lines, family, source, dropped) in cases {
        let (instance, _) = instance(lines);
        let hint = instance.fixed_family().unwrap();
        assert_eq!((hint.family, hint.source), (family, source), "{lines}");
        let found: Vec<String> = instance
            .dropped_addresses()
            .map(|a| a.address.to_string())
            .collect();
        assert_eq!(found, dropped, "{lines}");
    }
}

#[test]
fn an_excluded_address_fixes_no_family_and_is_never_dropped() {
    let (instance, _) = instance(
        "virtual_ipaddress_excluded {\n2001:db8::10/64\n}\nvirtual_ipaddress {\n10.0.0.10/24\n}",
    );
    assert_eq!(instance.fixed_family().unwrap().family, Family::V4);
    assert_eq!(instance.dropped_addresses().count(), 0);
    assert_eq!(instance.excluded.len(), 1);
}

#[test]
fn a_malformed_source_fixes_no_family() {
    let (instance, problems) =
        instance("mcast_src_ip ADDRESS\nvirtual_ipaddress {\n2001:db8::1\n}");
    assert_eq!(problems, [(Kind::BadAddress, 2)]);
    assert_eq!(instance.fixed_family().unwrap().family, Family::V6);
}

#[test]
fn states_are_upper_case_and_master_stays() {
    let cases = [
        ("state MASTER", Some(State::Master), 0),
        ("state BACKUP", Some(State::Backup), 0),
        ("state backup", Some(State::Backup), 1),
        ("state Master", Some(State::Backup), 1),
        ("state MASTER\nstate BACKUP", Some(State::Master), 1),
        ("state BACKUP\nstate MASTER", Some(State::Master), 0),
        ("", None, 0),
    ];
    for (lines, state, bad) in cases {
        let (instance, problems) = instance(lines);
        assert_eq!(instance.state.map(|s| s.value), state, "{lines}");
        let found = problems
            .iter()
            .filter(|(k, _)| *k == Kind::BadState)
            .count();
        assert_eq!(found, bad, "{lines}");
    }
}

#[test]
fn numbers_out_of_range_are_told() {
    let cases = [
        ("virtual_router_id 0", 1),
        ("virtual_router_id 256", 1),
        ("virtual_router_id 255", 0),
        ("priority 256", 1),
        ("priority 1", 0),
        ("advert_int 0.5", 0),
        ("advert_int 1s", 1),
        ("version 4", 1),
    ];
    for (line, bad) in cases {
        assert_eq!(instance(line).1.len(), bad, "{line}");
    }
    let advert_int = instance("advert_int 1s").0.advert_int;
    assert_eq!(advert_int.unwrap().value, 1_000_000);
}

#[test]
fn an_unset_priority_follows_the_state() {
    assert_eq!(instance("state MASTER").0.start_priority(), 255);
    assert_eq!(instance("state BACKUP").0.start_priority(), 100);
    assert_eq!(instance("state MASTER\npriority 7").0.start_priority(), 7);
}

#[test]
fn addresses_take_their_options_and_lose_where_keepalived_drops_them() {
    let cases = [
        ("10.0.0.1", 32, true),
        ("10.0.0.1/24 dev eth0 label eth0:1", 24, true),
        ("10.0.0.1/24 brd + scope global", 24, true),
        ("10.0.0.1/", 0, true),
        ("10.0.0.1/33", 32, true),
        ("2001:db8::1", 128, true),
        ("10.0.0.1/24 nonsense", 24, true),
        ("2001:db8::1/64 brd +", 0, false),
        ("10.0.0.1/24 dev", 0, false),
        ("10.0.0.1/24 label eth0:01234567890", 0, false),
        ("10.0.0.1/24 brd nonsense", 0, false),
        ("host.example", 0, false),
    ];
    for (line, prefix, kept) in cases {
        let (instance, _) = instance(&format!("virtual_ipaddress {{\n{line}\n}}"));
        let found = instance.virtual_addresses.first().map(|a| a.prefix);
        assert_eq!(found, kept.then_some(prefix), "{line}");
    }
}

#[test]
fn a_password_is_never_copied() {
    let conf = "vrrp_instance A {\nauthentication {\nauth_type PASS\nauth_pass s3cr{t\n}\n}\n";
    let config = read(conf);
    assert!(!format!("{config:?}").contains("s3cr"));
    let authentication = config.instances[0].authentication.as_ref().unwrap();
    assert_eq!(text(&authentication.kind.as_ref().unwrap().value), "PASS");
    let place = &authentication.password.as_ref().unwrap().place;
    assert_eq!(place.start().line, 4);
}

#[test]
fn a_later_preempt_takes_nopreempt_back() {
    assert!(instance("nopreempt").0.nopreempt.is_some());
    assert!(instance("nopreempt\npreempt").0.nopreempt.is_none());
}

#[test]
fn routes_and_unknown_settings_keep_their_words() {
    let (instance, problems) = instance(
        "virtual_routes {\ndefault via 10.0.0.254 dev eth0\n}\ngarp_master_delay 5\ntrack_bfd {\nb1\n}",
    );
    assert_eq!(instance.virtual_routes[0].len(), 5);
    let keywords: Vec<String> = instance
        .settings
        .iter()
        .map(|s| text(&s.keyword.value))
        .collect();
    assert_eq!(keywords, ["garp_master_delay", "track_bfd"]);
    assert_eq!(text(&instance.settings[1].words[0].value), "b1");
    assert_eq!(problems, []);
}

#[test]
fn globals_are_read_with_their_places() {
    let conf = "global_defs {\nrouter_id LVS\nscript_user root wheel\nenable_script_security\nvrrp_version 3\nuse_symlink_paths off\ndynamic_interfaces allow_if_changes\nnotification_email {\na@b.example\n}\n}\n";
    let globals = read_as(conf.as_bytes(), (2, 4, 3)).globals;
    assert_eq!(text(&globals.router_id.unwrap().value), "LVS");
    assert_eq!(globals.script_user.unwrap().len(), 2);
    assert_eq!(globals.enable_script_security.unwrap().start().line, 4);
    assert_eq!(globals.vrrp_version.unwrap().value, 3);
    assert!(globals.use_symlink_paths.is_none());
    assert!(globals.dynamic_interfaces.is_some());
    assert_eq!(text(&globals.settings[0].words[0].value), "a@b.example");
}

#[test]
fn scripts_are_read_with_their_numbers() {
    let conf = "vrrp_script c {\nscript \"/usr/bin/pgrep -x haproxy\"\ninterval 2\nweight -20\nfall 3\nuser nobody\n}\nvrrp_script d {\n}\n";
    let config = read(conf);
    let script = &config.scripts[0];
    let argv = &script.command.as_ref().unwrap().argv;
    let argv: Vec<String> = argv.iter().map(|w| text(&w.value)).collect();
    assert_eq!(argv, ["/usr/bin/pgrep", "-x", "haproxy"]);
    assert_eq!(script.interval.as_ref().unwrap().value, 2);
    assert_eq!(script.weight.as_ref().unwrap().value, -20);
    assert_eq!(text(&script.user.as_ref().unwrap()[0].value), "nobody");
    assert!(config.scripts[1].command.is_none());
    assert_eq!(problems(&config), []);
}
