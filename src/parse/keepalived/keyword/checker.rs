//! What may stand in `virtual_server`, its real servers and their checkers.

use super::{Block, Keyword, OLD, block, free, hook, one, script, v};

/// `virtual_server`.
pub(super) const VIRTUAL_SERVER: &[Keyword] = &[
    one("delay_loop", OLD),
    one("lb_algo", OLD),
    one("lvs_sched", OLD),
    one("lb_kind", OLD),
    one("lvs_method", OLD),
    free("nat_mask", OLD).until(v(1, 2, 20)),
    free("persistence_timeout", OLD),
    one("persistence_granularity", OLD),
    one("protocol", OLD),
    free("ha_suspend", OLD),
    free("virtualhost", OLD),
    free("alpha", OLD),
    free("omega", OLD),
    hook("quorum_up", OLD),
    hook("quorum_down", OLD),
    one("quorum", OLD),
    one("hysteresis", OLD),
    one("sorry_server", OLD),
    block("real_server", OLD, Block::RealServer, &[REAL_SERVER]).needs_name(),
    free("ops", v(1, 2, 8)),
    free("sorry_server_inhibit", v(1, 2, 13)),
    one("ip_family", v(1, 2, 20)),
    one("persistence_engine", v(1, 2, 20)),
    free("hashed", v(1, 3, 0)),
    free("flag-1", v(1, 3, 0)),
    free("flag-2", v(1, 3, 0)),
    free("flag-3", v(1, 3, 0)),
    free("sh-port", v(1, 3, 0)),
    free("sh-fallback", v(1, 3, 0)),
    one("sorry_server_lvs_method", v(1, 3, 6)),
    one("retry", v(1, 3, 7)),
    one("delay_before_retry", v(1, 3, 7)),
    one("warmup", v(1, 3, 7)),
    free("inhibit_on_failure", v(1, 3, 7)),
    one("weight", v(1, 3, 7)),
    free("smtp_alert", v(2, 0, 0)),
    one("connect_timeout", v(2, 0, 13)),
    free("mh-port", v(2, 0, 20)),
    free("mh-fallback", v(2, 0, 20)),
    free("snmp_name", v(2, 2, 3)),
];

/// `SSL`.
pub(super) const SSL: &[Keyword] = &[
    free("password", OLD),
    free("ca", OLD),
    free("certificate", OLD),
    free("key", OLD),
];

/// `real_server`.
const REAL_SERVER: &[Keyword] = &[
    one("weight", OLD),
    one("uthreshold", OLD),
    one("lthreshold", OLD),
    free("inhibit_on_failure", OLD),
    hook("notify_up", OLD),
    hook("notify_down", OLD),
    block("MISC_CHECK", OLD, Block::MiscCheck, &[MISC, WARMUP, COMMON]),
    block("SMTP_CHECK", OLD, Block::Other, &[SMTP, WARMUP, COMMON]),
    block(
        "TCP_CHECK",
        OLD,
        Block::Other,
        &[TCP, WARMUP, CONNECTION, COMMON],
    ),
    block(
        "HTTP_GET",
        OLD,
        Block::Other,
        &[HTTP, WARMUP, CONNECTION, COMMON],
    ),
    block(
        "SSL_GET",
        OLD,
        Block::Other,
        &[SSL_GET, HTTP, WARMUP, CONNECTION, COMMON],
    ),
    block(
        "DNS_CHECK",
        v(1, 3, 0),
        Block::Other,
        &[DNS, CONNECTION, COMMON],
    ),
    one("lvs_method", v(1, 3, 6)),
    free("virtualhost", v(1, 3, 6)),
    free("alpha", v(1, 3, 7)),
    one("retry", v(1, 3, 7)),
    one("delay_before_retry", v(1, 3, 7)),
    one("warmup", v(1, 3, 7)),
    one("delay_loop", v(1, 3, 7)),
    free("smtp_alert", v(2, 0, 0)),
    block("BFD_CHECK", v(2, 0, 0), Block::Other, &[BFD]),
    one("connect_timeout", v(2, 0, 13)),
    block(
        "PING_CHECK",
        v(2, 1, 0),
        Block::Other,
        &[CONNECTION, COMMON],
    ),
    block(
        "UDP_CHECK",
        v(2, 1, 0),
        Block::Other,
        &[UDP, CONNECTION, COMMON],
    ),
    block("FILE_CHECK", v(2, 1, 0), Block::Other, &[FILE]),
    free("snmp_name", v(2, 2, 3)),
];

/// `HTTP_GET` and `SSL_GET`.
const HTTP: &[Keyword] = &[
    one("nb_get_retry", OLD),
    one("delay_before_retry", OLD),
    block("url", OLD, Block::Other, &[URL]),
    free("virtualhost", v(1, 3, 6)),
    free("enable_sni", v(1, 4, 3)),
    free("http_protocol", v(2, 0, 17)),
    free("fast_recovery", v(2, 0, 17)),
];

/// What only `SSL_GET` has.
const SSL_GET: &[Keyword] = &[
    free("tls_compliant", v(2, 2, 8)),
    block("url", v(2, 2, 8), Block::Other, &[TLS_URL, URL]),
];

/// What only a `url` in `SSL_GET` has.
const TLS_URL: &[Keyword] = &[free("tls_compliant", v(2, 2, 8))];

/// `url` in those two.
const URL: &[Keyword] = &[
    one("path", OLD),
    one("digest", OLD),
    free("status_code", OLD),
    free("virtualhost", v(1, 3, 6)),
    free("regex", v(2, 0, 7)),
    free("regex_no_match", v(2, 0, 7)),
    free("regex_options", v(2, 0, 7)),
    free("regex_min_offset", v(2, 0, 7)),
    free("regex_max_offset", v(2, 0, 7)),
    free("regex_stack", v(2, 0, 7)),
];

/// `MISC_CHECK`.
const MISC: &[Keyword] = &[
    script("misc_path", OLD),
    one("misc_timeout", OLD),
    free("misc_dynamic", OLD),
    free("user", v(1, 3, 0)),
];

/// `TCP_CHECK`.
const TCP: &[Keyword] = &[
    one("retry", v(1, 2, 20)),
    one("delay_before_retry", v(1, 2, 20)),
];

/// `SMTP_CHECK`.
const SMTP: &[Keyword] = &[
    free("helo_name", OLD),
    one("retry", OLD),
    one("delay_before_retry", OLD),
    block("host", OLD, Block::Other, &[CONNECTION, COMMON]),
    one("connect_timeout", OLD),
    one("connect_port", v(1, 2, 17)),
    one("bindto", v(1, 2, 17)),
    one("connect_ip", v(1, 2, 17)),
    one("bind_port", v(1, 2, 17)),
    one("fwmark", v(1, 2, 17)),
    one("bind_if", v(1, 3, 7)),
];

/// `DNS_CHECK`.
const DNS: &[Keyword] = &[
    one("type", v(1, 3, 0)),
    one("name", v(1, 3, 0)),
    one("retry", v(1, 3, 0)),
];

/// `UDP_CHECK`.
const UDP: &[Keyword] = &[
    free("require_reply", v(2, 1, 0)),
    free("payload", v(2, 2, 0)),
    one("min_reply_length", v(2, 2, 0)),
    one("max_reply_length", v(2, 2, 0)),
];

/// `FILE_CHECK`.
const FILE: &[Keyword] = &[one("track_file", v(2, 1, 0)), free("weight", v(2, 1, 0))];

/// `BFD_CHECK`.
const BFD: &[Keyword] = &[free("name", v(2, 0, 0)), free("alpha", v(2, 0, 0))];

/// Checkers that connect to something.
const CONNECTION: &[Keyword] = &[
    one("connect_port", OLD),
    one("bindto", OLD),
    one("connect_timeout", OLD),
    one("connect_ip", v(1, 2, 13)),
    one("bind_port", v(1, 2, 13)),
    one("fwmark", v(1, 2, 13)),
    one("bind_if", v(1, 3, 7)),
];

/// What most checkers had by themselves.
const WARMUP: &[Keyword] = &[one("warmup", v(1, 2, 13))];

/// What checkers have in common.
const COMMON: &[Keyword] = &[
    one("retry", v(1, 3, 7)),
    one("delay_before_retry", v(1, 3, 7)),
    one("warmup", v(1, 3, 7)),
    one("delay_loop", v(1, 3, 7)),
    free("alpha", v(1, 3, 7)),
    free("log_all_failures", v(2, 0, 11)),
];
