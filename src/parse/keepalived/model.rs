//! What a configuration says, each value with its place.

use std::net::IpAddr;
use std::sync::Arc;

use super::problem::Problem;
use super::version::Version;
use crate::fact::Unknown;
use crate::text::{File, Place};

/// A value and where it stands. After a substitution the place is that of the
/// reference (`$NAME`), not of its definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// A word of the configuration, quotes removed.
pub type Text = Spanned<Vec<u8>>;

/// A whole configuration as keepalived understands it.
#[derive(Clone, Debug)]
pub struct Config {
    /// The version whose reader this follows.
    pub version: Version,
    /// `global_defs`.
    pub globals: Globals,
    /// Every `vrrp_instance`, in order; later ones of a name are left out, as
    /// keepalived does.
    pub instances: Vec<Instance>,
    /// Every `vrrp_sync_group`, likewise.
    pub groups: Vec<SyncGroup>,
    /// Every `vrrp_script`, in order, names possibly repeated.
    pub scripts: Vec<TrackScript>,
    /// Every `virtual_server`.
    pub virtual_servers: Vec<VirtualServer>,
    /// Blocks of raw lines at the top level, such as `static_routes`.
    pub static_blocks: Vec<RawBlock>,
    /// Other settings at the top level, such as `net_namespace`.
    pub settings: Vec<Setting>,
    /// Every file read, in the order of reading.
    pub files: Vec<Arc<File>>,
    /// What keepalived objects to, by file and place.
    pub problems: Vec<Problem>,
    /// What could not be found out.
    pub open: Vec<Unknown>,
}

/// `global_defs`.
#[derive(Clone, Debug, Default)]
pub struct Globals {
    /// `router_id`; the last one counts.
    pub router_id: Option<Text>,
    /// `script_user USER [GROUP]`; the last one counts.
    pub script_user: Option<Vec<Text>>,
    /// `enable_script_security`.
    pub enable_script_security: Option<Place>,
    /// `use_symlink_paths` (2.3.0), unless switched off.
    pub use_symlink_paths: Option<Place>,
    /// `vrrp_version`, 2 or 3.
    pub vrrp_version: Option<Spanned<u8>>,
    /// `vrrp_strict`.
    pub vrrp_strict: Option<Place>,
    /// `dynamic_interfaces` and its word `allow_if_changes`.
    pub dynamic_interfaces: Option<Place>,
    /// `default_interface`.
    pub default_interface: Option<Text>,
    /// `notify_fifo`, `vrrp_notify_fifo`, `lvs_notify_fifo`: the path.
    pub fifos: Vec<Fifo>,
    /// The `*_fifo_script`s; each gets the path of its FIFO as last argument.
    pub fifo_scripts: Vec<FifoScript>,
    /// `startup_script` (2.1.0).
    pub startup_script: Option<Command>,
    /// `shutdown_script` (2.1.0).
    pub shutdown_script: Option<Command>,
    /// Everything else, blocks of raw lines too.
    pub settings: Vec<Setting>,
}

/// Which events a FIFO gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FifoKind {
    /// `notify_fifo`: everything.
    All,
    /// `vrrp_notify_fifo`: instances and groups.
    Vrrp,
    /// `lvs_notify_fifo`: virtual and real servers.
    Lvs,
}

/// A FIFO keepalived writes events to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fifo {
    /// Which events.
    pub kind: FifoKind,
    /// Its path.
    pub path: Text,
}

/// A program that reads such a FIFO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FifoScript {
    /// Which FIFO.
    pub kind: FifoKind,
    /// The program.
    pub command: Command,
}

/// A keyword with the words behind it; where it opens a block of raw lines, with
/// the words of all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The keyword.
    pub keyword: Text,
    /// The words behind it.
    pub words: Vec<Text>,
}

/// A block of raw lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawBlock {
    /// The keyword.
    pub keyword: Text,
    /// The words of each line.
    pub lines: Vec<Vec<Text>>,
}

/// A `vrrp_instance`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its name: the second argument of generic hooks.
    pub name: Text,
    /// Keyword and name.
    pub header: Place,
    /// From the keyword to the closing brace; the header alone where they are
    /// in different files or the block is never closed.
    pub block: Place,
    /// `state`; MASTER wins once given.
    pub state: Option<Spanned<State>>,
    /// `interface`.
    pub interface: Option<Text>,
    /// `virtual_router_id`, 1 to 255.
    pub virtual_router_id: Option<Spanned<u8>>,
    /// `priority`, 1 to 255.
    pub priority: Option<Spanned<u8>>,
    /// `advert_int` in microseconds.
    pub advert_int: Option<Spanned<u64>>,
    /// `version`, 2 or 3.
    pub version: Option<Spanned<u8>>,
    /// What fixed the address family first.
    pub family: Option<FamilyHint>,
    /// `virtual_ipaddress`.
    pub virtual_addresses: Vec<Address>,
    /// `virtual_ipaddress_excluded`.
    pub excluded: Vec<Address>,
    /// `virtual_routes`: the words of each line.
    pub virtual_routes: Vec<Vec<Text>>,
    /// `virtual_rules`: the words of each line.
    pub virtual_rules: Vec<Vec<Text>>,
    /// `unicast_src_ip`.
    pub unicast_src_ip: Option<Spanned<IpAddr>>,
    /// `mcast_src_ip`.
    pub mcast_src_ip: Option<Spanned<IpAddr>>,
    /// `mcast_dst_ip`.
    pub mcast_dst_ip: Option<Spanned<IpAddr>>,
    /// `unicast_peer`, whatever their family.
    pub unicast_peers: Vec<Spanned<IpAddr>>,
    /// The first keyword that asks for unicast, peers or not.
    pub unicast: Option<Place>,
    /// `native_ipv6`.
    pub native_ipv6: Option<Place>,
    /// `nopreempt`, unless a later `preempt` takes it back.
    pub nopreempt: Option<Place>,
    /// `use_vmac` with the words behind it.
    pub use_vmac: Option<Setting>,
    /// `strict_mode`.
    pub strict_mode: Option<Spanned<bool>>,
    /// `track_script`.
    pub track_scripts: Vec<Tracked>,
    /// `track_interface`.
    pub track_interfaces: Vec<Tracked>,
    /// `track_process`.
    pub track_processes: Vec<Tracked>,
    /// `track_file`.
    pub track_files: Vec<Tracked>,
    /// `authentication`.
    pub authentication: Option<Authentication>,
    /// Hooks, one of a kind.
    pub notify: Vec<Notify>,
    /// `notify_deleted`, with or without a command.
    pub notify_deleted: Option<Place>,
    /// Everything else.
    pub settings: Vec<Setting>,
}

/// `state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// `MASTER`.
    Master,
    /// `BACKUP`, and everything keepalived takes for it.
    Backup,
}

/// IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// What fixed an instance's address family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyHint {
    /// The family.
    pub family: Family,
    /// How.
    pub source: FamilySource,
    /// The address or keyword.
    pub place: Place,
}

/// What can fix an instance's address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilySource {
    /// A virtual address.
    VirtualAddress,
    /// `unicast_src_ip` or `mcast_src_ip`.
    SourceAddress,
    /// `mcast_dst_ip`.
    MulticastDestination,
    /// A `unicast_peer`.
    Peer,
    /// `native_ipv6`.
    NativeIpv6,
    /// The address of `use_ipvlan`.
    IpVlan,
}

/// A line of `virtual_ipaddress` or `virtual_ipaddress_excluded` that holds an
/// address keepalived can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub address: IpAddr,
    /// Its prefix length; 32 or 128 where none is given.
    pub prefix: u8,
    /// Whether the length is written there.
    pub has_prefix: bool,
    /// The address as written.
    pub text: Text,
    /// `dev`.
    pub dev: Option<Text>,
    /// `label`.
    pub label: Option<Text>,
    /// Every word behind the address.
    pub options: Vec<Text>,
}

/// A line of `track_script`, `track_interface`, `track_process` or `track_file`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// What is tracked.
    pub name: Text,
    /// The words behind it, such as `weight -20`.
    pub options: Vec<Text>,
}

/// `authentication`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// The keyword.
    pub place: Place,
    /// `auth_type`, as written.
    pub kind: Option<Text>,
    /// `auth_pass`.
    pub password: Option<Password>,
}

/// Where a password stands; its text is not copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Password {
    /// The word, quotes included.
    pub place: Place,
    /// Its length in bytes as keepalived takes it, before it cuts it to eight.
    pub length: usize,
    /// Whether something on its line was cut off as a comment right behind it.
    pub cut: bool,
}

/// A command of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// From the keyword to the last word.
    pub place: Place,
    /// The command as one word, before it is split into `argv`.
    pub line: Text,
    /// The command split as keepalived of this version splits it: since 2.0.0
    /// the argument vector; before, `line` as one word, which a shell splits.
    pub argv: Vec<Text>,
    /// The words behind the command: user and group.
    pub user: Vec<Text>,
    /// Whether the command was quoted.
    pub quoted: bool,
}

/// A hook of an instance or group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// When it is called.
    pub kind: NotifyKind,
    /// The command.
    pub command: Command,
}

/// When a hook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotifyKind {
    /// `notify`: at every change of state, with four more arguments.
    Notify,
    /// `notify_master`.
    Master,
    /// `notify_backup`.
    Backup,
    /// `notify_fault`.
    Fault,
    /// `notify_stop`.
    Stop,
    /// `notify_deleted` (2.1.0).
    Deleted,
    /// `notify_master_rx_lower_pri` (2.0.6).
    MasterRxLowerPri,
}

/// A `vrrp_sync_group`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncGroup {
    /// Its name.
    pub name: Text,
    /// Keyword and name.
    pub header: Place,
    /// From the keyword to the closing brace, as for an instance.
    pub block: Place,
    /// The instances named in `group`.
    pub members: Vec<Text>,
    /// `track_script`.
    pub track_scripts: Vec<Tracked>,
    /// `track_interface`.
    pub track_interfaces: Vec<Tracked>,
    /// Hooks, one of a kind.
    pub notify: Vec<Notify>,
    /// Everything else.
    pub settings: Vec<Setting>,
}

/// A `vrrp_script`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackScript {
    /// Its name.
    pub name: Text,
    /// Keyword and name.
    pub header: Place,
    /// From the keyword to the closing brace, as for an instance.
    pub block: Place,
    /// `script`; without it keepalived removes the block.
    pub command: Option<Command>,
    /// `interval` in seconds.
    pub interval: Option<Spanned<u32>>,
    /// `timeout` in seconds.
    pub timeout: Option<Spanned<u32>>,
    /// `weight`.
    pub weight: Option<Spanned<i32>>,
    /// `rise`.
    pub rise: Option<Spanned<u32>>,
    /// `fall`.
    pub fall: Option<Spanned<u32>>,
    /// `user USER [GROUP]`.
    pub user: Option<Vec<Text>>,
    /// `init_fail`.
    pub init_fail: Option<Place>,
}

/// A `virtual_server`: its commands only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualServer {
    /// Keyword and address, mark or group.
    pub header: Place,
    /// From the keyword to the closing brace, as for an instance.
    pub block: Place,
    /// The words behind the keyword.
    pub words: Vec<Text>,
    /// `quorum_up`.
    pub quorum_up: Option<Command>,
    /// `quorum_down`.
    pub quorum_down: Option<Command>,
    /// Its real servers.
    pub real_servers: Vec<RealServer>,
}

/// A `real_server`: its commands only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealServer {
    /// Keyword, address and port.
    pub header: Place,
    /// The words behind the keyword.
    pub words: Vec<Text>,
    /// `notify_up`.
    pub notify_up: Option<Command>,
    /// `notify_down`.
    pub notify_down: Option<Command>,
    /// `misc_path` of every `MISC_CHECK`.
    pub checks: Vec<Command>,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}
