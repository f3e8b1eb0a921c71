use std::time::Instant;

use proptest::prelude::*;

use super::*;

const NASTY: [&str; 3] = [
    "! x\nglobal_defs {\n router_id \"a b\"\n notification_email { a@b }\n}\n$IF=eth0\n$M=\\\n a \\\n\n b\n@gw1 vrrp_instance A{ interface $IF\n virtual_ipaddress { 10.0.0.1/24 dev ${IF} label x:1\n 2001:db8::1 }\n notify \"/n 'a \\x41' b\" root :wheel\n authentication { auth_type PASS auth_pass \"x#y\" } }\n",
    "~SEQ(i, 1, 3) ~LST({a,b},{1,2},{3}) vrrp_instance V_${i}_${a} { priority ${i}\n$M=x${M}\n ${M}\n ${_RANDOM 1 9} ${_ENV X} ${_HASH}\n}\n\\# x\n# y \\\ninclude a\nincludea \"b\nvrrp_sync_group G { group { A B\n } notify_master '/x\\\n }\n}\n",
    "virtual_server 10.0.0.1 80 { real_server 10.0.0.2 80 { HTTP_GET { url { path / } } MISC_CHECK { misc_path \"/a \\\"b\\\"\" } } }\nvrrp_script s { script \"</x\"\n weight -5 }\nvrrp_instance {\n} }\nstatic_routes\n{ default via 1.2.3.4 }\nvrrp_instance \"\" { state MASTER state BACKUP virtual_router_id 1e3 }\n\0\r\x0b\x0c",
];

const VERSIONS: [(u16, u16, u16); 6] = [
    (1, 2, 13),
    (1, 3, 2),
    (1, 4, 5),
    (2, 0, 10),
    (2, 2, 7),
    (2, 4, 3),
];

#[test]
fn every_beginning_of_nasty_files_is_read_by_every_version() {
    for nasty in NASTY {
        let whole = nasty.as_bytes();
        for end in 0..=whole.len() {
            for version in VERSIONS {
                let config = read_as(&whole[..end], version);
                assert!(config.files.len() == 1);
            }
        }
    }
}

#[test]
fn every_flipped_byte_of_nasty_files_is_read() {
    for nasty in NASTY {
        for at in 0..nasty.len() {
            for flip in [0x01, 0x20, 0x80, 0xff] {
                let mut bytes = nasty.as_bytes().to_vec();
                bytes[at] ^= flip;
                let config = read_as(&bytes, (2, 2, 7));
                for problem in &config.problems {
                    assert!(problem.place.span.end <= bytes.len());
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_are_read_and_every_place_lies_in_the_file(
        bytes in proptest::collection::vec(
            prop_oneof![
                4 => proptest::sample::select(b"{}\"'#!\\$@~ \n\t=(),".to_vec()),
                4 => proptest::sample::select(b"abSEQLTinclude0123456789.:/".to_vec()),
                1 => any::<u8>(),
            ],
            0..300,
        ),
        version in proptest::sample::select(VERSIONS.to_vec()),
    ) {
        let config = read_as(&bytes, version);
        for problem in &config.problems {
            prop_assert!(problem.place.span.end <= bytes.len());
        }
    }
}

/// Eight times the input must not take much more than eight times the time:
/// the best of two runs each, as the machine may be busy.
fn grows_evenly(make: impl Fn(usize) -> Vec<u8>) {
    let time = |size| {
        let bytes = make(size);
        let runs = (0..2).map(|_| {
            let start = Instant::now();
            assert_eq!(read_as(&bytes, (2, 2, 7)).files.len(), 1);
            start.elapsed().as_secs_f64()
        });
        runs.fold(f64::INFINITY, f64::min)
    };
    let small = time(10_000);
    let large = time(80_000);
    assert!(large < 24.0 * small + 0.5, "{small} s, then {large} s");
}

#[test]
fn one_long_line_of_anything_takes_even_time() {
    for unit in ["x", "{", "}", "{ ", "\"", "a ", "${A}", "$A ", "\\", "# "] {
        grows_evenly(|size| unit.repeat(size / unit.len()).into_bytes());
    }
}

#[test]
fn many_lines_of_anything_take_even_time() {
    for unit in [
        "vrrp_instance A {\n",
        "}\n",
        "$A=$A\n",
        "x ${A}\n",
        "$A=\\\n",
        "~SEQ(i,1,2) x\n",
        "include x\n",
        "@gw1 x\n",
    ] {
        grows_evenly(|size| unit.repeat(size / unit.len()).into_bytes());
    }
}

#[test]
fn blocks_are_never_deeper_than_their_keywords_whatever_the_braces() {
    let text = "vrrp_instance A { authentication { ".repeat(50_000);
    let config = read(&text);
    assert_eq!(config.instances.len(), 1);
}
