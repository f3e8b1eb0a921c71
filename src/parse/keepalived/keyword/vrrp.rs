//! What may stand at the top level and in the blocks of VRRP.

use super::globals::GLOBALS;
use super::{
    Block, Keyword, OLD, Process, block, checker, free, hook, hook_or_none, named, one, script, v,
    values,
};

/// The top level.
pub(in super::super) const ROOT: &[Keyword] = &[
    free("linkbeat_use_polling", OLD).only_globals(),
    block("global_defs", OLD, Block::Globals, &[GLOBALS]).only_globals(),
    values("static_ipaddress", OLD).only(Process::Vrrp),
    values("static_routes", OLD).only(Process::Vrrp),
    named("vrrp_sync_group", OLD, Block::Group, &[GROUP]).only(Process::Vrrp),
    named("vrrp_instance", OLD, Block::Instance, &[INSTANCE]).only(Process::Vrrp),
    block("vrrp_script", OLD, Block::Script, &[SCRIPT])
        .needs_name()
        .only(Process::Vrrp),
    block("SSL", OLD, Block::Other, &[checker::SSL]).only(Process::Checker),
    values("virtual_server_group", OLD).only(Process::Checker),
    block(
        "virtual_server",
        OLD,
        Block::VirtualServer,
        &[checker::VIRTUAL_SERVER],
    )
    .needs_name()
    .only(Process::Checker),
    values("static_rules", v(1, 2, 20)).only(Process::Vrrp),
    block("garp_group", v(1, 2, 21), Block::Other, &[GARP]).only(Process::Vrrp),
    free("net_namespace", v(1, 2, 24)).only_globals(),
    free("use_pid_dir", v(1, 2, 24)).only_globals(),
    free("instance", v(1, 2, 24)).only_globals(),
    free("namespace_with_ipsets", v(1, 3, 0)).only_globals(),
    one("child_wait_time", v(2, 0, 0)).only_globals(),
    block("vrrp_track_file", v(2, 0, 0), Block::Other, &[FILE])
        .needs_name()
        .only_children(),
    block("bfd_instance", v(2, 0, 0), Block::Other, &[BFD]).only_children(),
    named("track_group", v(2, 0, 3), Block::Other, &[TRACK_GROUP]).only(Process::Vrrp),
    block("vrrp_track_process", v(2, 0, 11), Block::Other, &[PROCESS])
        .needs_name()
        .only(Process::Vrrp),
    values("linkbeat_interfaces", v(2, 0, 13)).only(Process::Vrrp),
    free("net_namespace_ipvs", v(2, 1, 0)).only_globals(),
    block("track_file", v(2, 1, 0), Block::Other, &[FILE])
        .needs_name()
        .only_children(),
    values("interface_up_down_delays", v(2, 2, 3)).only(Process::Vrrp),
];

/// `vrrp_instance`.
const INSTANCE: &[Keyword] = &[
    free("native_ipv6", OLD),
    one("state", OLD),
    one("interface", OLD),
    free("dont_track_primary", OLD),
    values("track_interface", OLD),
    values("track_script", OLD),
    one("mcast_src_ip", OLD),
    one("virtual_router_id", OLD),
    one("priority", OLD),
    one("advert_int", OLD),
    values("virtual_ipaddress", OLD),
    values("virtual_ipaddress_excluded", OLD),
    values("virtual_routes", OLD),
    free("preempt", OLD),
    free("nopreempt", OLD),
    one("preempt_delay", OLD),
    one("debug", OLD),
    hook("notify_backup", OLD),
    hook("notify_master", OLD),
    hook("notify_fault", OLD),
    hook("notify_stop", OLD),
    hook("notify", OLD),
    free("smtp_alert", OLD),
    one("lvs_sync_daemon_interface", OLD),
    one("garp_master_delay", OLD),
    block(
        "authentication",
        OLD,
        Block::Authentication,
        &[AUTHENTICATION],
    ),
    free("use_vmac", v(1, 2, 3)),
    values("unicast_peer", v(1, 2, 8)),
    free("vmac_xmit_base", v(1, 2, 10)),
    one("unicast_src_ip", v(1, 2, 10)),
    one("garp_master_refresh", v(1, 2, 10)),
    one("garp_master_repeat", v(1, 2, 14)),
    one("garp_master_refresh_repeat", v(1, 2, 14)),
    one("version", v(1, 2, 17)),
    free("accept", v(1, 2, 17)),
    values("virtual_rules", v(1, 2, 20)),
    free("skip_check_adv_addr", v(1, 2, 20)),
    free("strict_mode", v(1, 2, 20)),
    one("garp_lower_prio_delay", v(1, 2, 20)),
    one("garp_lower_prio_repeat", v(1, 2, 20)),
    free("lower_prio_no_advert", v(1, 2, 20)),
    free("promote_secondaries", v(1, 3, 0)),
    free("no_accept", v(1, 3, 0)),
    free("higher_prio_send_advert", v(1, 3, 5)),
    free("old_unicast_checksum", v(1, 3, 7)),
    values("track_file", v(2, 0, 0)),
    values("track_bfd", v(2, 0, 0)),
    free("track_src_ip", v(2, 0, 0)),
    free("linkbeat_use_polling", v(2, 0, 0)),
    free("kernel_rx_buf_size", v(2, 0, 3)),
    hook("notify_master_rx_lower_pri", v(2, 0, 6)),
    values("track_process", v(2, 0, 11)),
    free("notify_priority_changes", v(2, 0, 16)),
    free("use_ipvlan", v(2, 0, 17)),
    free("check_unicast_src", v(2, 1, 0)),
    one("unicast_ttl", v(2, 1, 0)),
    hook_or_none("notify_deleted", v(2, 1, 0)),
    free("use_vmac_addr", v(2, 2, 0)),
    free("vmac_garp_intvl", v(2, 2, 0)),
    one("down_timer_adverts", v(2, 2, 3)),
    free("garp_extra_if", v(2, 2, 3)),
    free("unicast_fault_no_peer", v(2, 2, 5)),
    one("vrf", v(2, 2, 5)),
    one("mcast_dst_ip", v(2, 2, 5)),
    free("no_virtual_ipaddress", v(2, 2, 8)),
    free("v3_checksum_as_v2", v(2, 2, 8)),
    free("timer_expired_backup", v(2, 2, 8)),
    free("thread_timer_expired", v(2, 3, 2)),
    free("owner_ignore_adverts", v(2, 3, 3)),
    block("auth_hmac", v(2, 4, 0), Block::Secrets, &[AUTH_HMAC]),
];

/// `authentication` in an instance.
const AUTHENTICATION: &[Keyword] = &[one("auth_type", OLD), one("auth_pass", OLD)];

/// `auth_hmac` in an instance.
const AUTH_HMAC: &[Keyword] = &[
    free("key", v(2, 4, 0)),
    one("active_key", v(2, 4, 0)),
    one("time_window", v(2, 4, 0)),
    one("anti_replay", v(2, 4, 0)),
    one("mode", v(2, 4, 0)),
];

/// `vrrp_sync_group`.
const GROUP: &[Keyword] = &[
    values("group", OLD),
    hook("notify_backup", OLD),
    hook("notify_master", OLD),
    hook("notify_fault", OLD),
    hook("notify", OLD),
    free("smtp_alert", OLD),
    free("global_tracking", v(1, 2, 3)),
    values("track_interface", v(2, 0, 0)),
    values("track_script", v(2, 0, 0)),
    values("track_file", v(2, 0, 0)),
    values("track_bfd", v(2, 0, 0)),
    hook("notify_stop", v(2, 0, 0)),
    free("sync_group_tracking_weight", v(2, 0, 0)),
    values("track_process", v(2, 0, 11)),
    free("notify_priority_changes", v(2, 2, 0)),
];

/// `vrrp_script`.
const SCRIPT: &[Keyword] = &[
    script("script", OLD),
    one("interval", OLD),
    one("weight", OLD),
    one("rise", OLD),
    one("fall", OLD),
    one("timeout", v(1, 2, 6)),
    one("user", v(1, 3, 0)),
    free("init_fail", v(1, 3, 2)),
];

/// `vrrp_track_process`.
const PROCESS: &[Keyword] = &[
    one("process", v(2, 0, 11)),
    free("weight", v(2, 0, 11)),
    one("quorum", v(2, 0, 11)),
    one("delay", v(2, 0, 11)),
    free("full_command", v(2, 0, 11)),
    free("param_match", v(2, 0, 16)),
    one("quorum_max", v(2, 0, 16)),
    one("terminate_delay", v(2, 0, 16)),
    one("fork_delay", v(2, 0, 16)),
];

/// `track_file`, formerly `vrrp_track_file`.
const FILE: &[Keyword] = &[
    free("file", v(2, 0, 0)),
    free("weight", v(2, 0, 0)),
    free("init_file", v(2, 0, 0)),
];

/// `garp_group`.
const GARP: &[Keyword] = &[
    one("garp_interval", v(1, 2, 21)),
    one("gna_interval", v(1, 2, 21)),
    one("interface", v(1, 2, 21)),
    values("interfaces", v(1, 2, 21)),
];

/// `track_group`, for static addresses and routes.
const TRACK_GROUP: &[Keyword] = &[values("group", v(2, 0, 3))];

/// `bfd_instance`.
const BFD: &[Keyword] = &[
    one("source_ip", v(2, 0, 0)),
    one("neighbor_ip", v(2, 0, 0)),
    one("neighbour_ip", v(2, 0, 0)),
    one("min_rx", v(2, 0, 0)),
    one("min_tx", v(2, 0, 0)),
    one("idle_tx", v(2, 0, 0)),
    one("multiplier", v(2, 0, 0)),
    free("passive", v(2, 0, 0)),
    one("ttl", v(2, 0, 0)),
    one("hoplimit", v(2, 0, 0)),
    one("max_hops", v(2, 0, 0)),
    one("weight", v(2, 0, 0)),
    free("vrrp", v(2, 0, 0)),
    free("checker", v(2, 0, 0)),
    free("multihop", v(2, 2, 8)),
];
