//! Where the program and keepalived differ on purpose, and why.

use comeback::parse::keepalived::Version;

use super::VERSIONS;

const V2_1_5: Version = Version::new(2, 1, 5);
const V2_2_7: Version = Version::new(2, 2, 7);
const V2_3_3: Version = Version::new(2, 3, 3);

/// Reasons that hold for more than one row.
const LOGGED: &str = "it only logs this, and `-t` keeps the log to itself";
const PIECES: &str = "it reads a line of 1023 bytes and more in pieces, each of which counts as \
    a line; here the line is told as too long, and those behind keep their numbers";
const MODELLED: &str = "a delay of gratuitous ARP, which no rule asks for";
const UNREAD: &str = "the file itself is not read, which a rule tells";

const RUNNING: &str =
    "which interfaces there are is a question to the running system, and a rule of its own";
const IPVS: &str = "the kernel that was asked has no IPVS";
const STAYS: &str = "it stays, without the instance that the brace swallows";
const SILENT: &str = "it says nothing of this";

/// Complaints about the text that only one of both has: case, complaint, versions, reason.
pub(super) const SYNTAX: &[(&str, &str, &[Version], &str)] = &[
    (
        "include-missing",
        "only here: include-missing 1",
        &[V2_1_5],
        LOGGED,
    ),
    (
        "include-of-an-executable-file",
        "only here: include-missing 2",
        &[V2_1_5],
        LOGGED,
    ),
    (
        "include-pattern-without-a-match",
        "only here: include-missing 8",
        &[V2_1_5],
        LOGGED,
    ),
    (
        "line-too-long",
        "only keepalived: unmatched-quote 3",
        &VERSIONS,
        PIECES,
    ),
    (
        "line-too-long",
        "only keepalived: unmatched-quote 5",
        &[V2_2_7, V2_3_3],
        PIECES,
    ),
    (
        "line-too-long",
        "only keepalived: unknown-keyword 5",
        &[V2_2_7, V2_3_3],
        PIECES,
    ),
    (
        "line-too-long",
        "only here: unknown-keyword 4",
        &[V2_2_7, V2_3_3],
        PIECES,
    ),
    (
        "main-file-executable",
        "only keepalived: include-missing -",
        &[V2_2_7, V2_3_3],
        UNREAD,
    ),
    (
        "numbers-out-of-range",
        "only keepalived: bad-number 12",
        &VERSIONS,
        MODELLED,
    ),
    (
        "open-brace-missing",
        "only here: missing-open-brace 5",
        &VERSIONS,
        LOGGED,
    ),
];

/// What of a start only one of both has: case, rule, versions, reason.
pub(super) const STARTS: &[(&str, &str, &[Version], &str)] = &[
    (
        "block-open-across-an-include",
        "only keepalived: failover-config-broken",
        &VERSIONS,
        RUNNING,
    ),
    (
        "brace-missing-in-the-middle",
        "only here: failover-config-broken",
        &VERSIONS,
        STAYS,
    ),
    (
        "checkers-of-all-kinds",
        "only keepalived: failover-config-broken",
        &VERSIONS,
        IPVS,
    ),
    (
        "interface-of-an-address-that-is-not-there",
        "only keepalived: failover-config-broken",
        &VERSIONS,
        RUNNING,
    ),
    (
        "interface-that-is-not-there",
        "only keepalived: failover-config-broken",
        &VERSIONS,
        RUNNING,
    ),
    (
        "interface-tracked-that-is-not-there",
        "only keepalived: failover-config-broken",
        &VERSIONS,
        RUNNING,
    ),
    (
        "names-that-were-given-up",
        "only keepalived: failover-config-broken",
        &VERSIONS,
        IPVS,
    ),
    (
        "namespace-that-is-not-there",
        "only keepalived: failover-config-broken",
        &VERSIONS,
        "a network namespace is made at run time",
    ),
    (
        "unicast-with-an-empty-list",
        "only here: failover-peers-missing",
        &[V2_1_5],
        SILENT,
    ),
    (
        "unicast-without-peers",
        "only here: failover-peers-missing",
        &[V2_1_5],
        SILENT,
    ),
    (
        "unicast-peer-is-itself",
        "only here: failover-peers-missing",
        &VERSIONS,
        SILENT,
    ),
    (
        "virtual-server",
        "only keepalived: failover-config-broken",
        &VERSIONS,
        IPVS,
    ),
];
