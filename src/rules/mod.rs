//! The rules: one trait, one sorted table, one file per rule.
//!
//! A rule is pure: same host and same clock give the same findings. Its words and
//! numbers are in its card, `rules/<id>.toml`.

mod access;
mod card;
mod chain;
mod crypt;
mod data;
mod declared;
mod down;
mod engine;
mod failover;
mod finding;
mod fleet;
mod hook;
mod init;
mod initrd;
mod kernel;
mod loader;
mod mount;
mod network;
mod packages;
mod root;
mod schedule;
mod target;
mod unit;
mod upgrades;
mod verify;

pub use card::{BadCard, Card, Link, Scope, Status, canonical, card, cards, nearest, parse_all};
pub(crate) use chain::{BRANCHES, SEQUENCE};
pub use chain::{ChainLine, LinkState, Summary};
pub use engine::{
    Ended, Examined, Outline, Run, Selection, all_ids, examine, examine_after, examine_against,
    examine_fleet, examine_on,
};
pub use finding::{Confidence, Evidence, Finding, Findings, Impact, Level};
pub use upgrades::{Boundary, Since, parse_upgrades, upgrades};

use std::collections::BTreeSet;

use crate::fact::{Stop, Unknown};
use crate::facts::Host;

/// A check of one host.
pub trait Rule: Sync {
    /// The id; there is a card of the same name.
    fn id(&self) -> &'static str;

    /// What it finds on `host`.
    ///
    /// # Errors
    /// Why the rule has nothing to say: the question does not arise, could not be
    /// answered, or the tree cannot answer it.
    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop>;
}

/// A check over all hosts of a run.
pub trait FleetRule: Sync {
    /// The id; there is a card of the same name.
    fn id(&self) -> &'static str;

    /// What it finds.
    fn check(&self, hosts: &[Examined], cx: &Cx<'_>) -> Together;
}

/// What a rule about several hosts found, each piece with the index of its host.
#[derive(Clone, Debug)]
pub struct Together {
    /// The findings. One that is about several hosts stands at each of them, in the
    /// same words, so that each is kept from going down.
    pub list: Vec<(usize, Finding)>,
    /// Questions that stayed open.
    pub open: Vec<(usize, Unknown)>,
    /// The hosts that it has an answer for.
    pub judged: BTreeSet<usize>,
    /// Why the question does not arise on the others.
    pub otherwise: &'static str,
}

impl Together {
    /// Nothing found so far.
    #[must_use]
    pub const fn new(otherwise: &'static str) -> Self {
        Self {
            list: Vec::new(),
            open: Vec::new(),
            judged: BTreeSet::new(),
            otherwise,
        }
    }
}

/// What a rule may ask beside the host.
#[derive(Clone, Copy)]
pub struct Cx<'a> {
    /// How far ahead the schedules are looked at.
    pub horizon: jiff::SignedDuration,
    /// The findings of the rules that ran before: only a rule that joins asks.
    pub before: &'a [Finding],
    /// The host as it was, or as it is before a transaction, where it is compared with
    /// that: only rules about what changed ask.
    pub base: Option<&'a Host>,
}

/// Every rule about one host, sorted by id. Those that join others run last.
pub static ALL: &[&dyn Rule] = &[
    &access::FirewallShuts,
    &access::HostKeysUnusable,
    &access::ListenAddressNotThere,
    &access::NobodyGetsIn,
    &access::NologinLeft,
    &access::OnlyByNetwork,
    &access::PamModuleMissing,
    &access::SshdAccountMissing,
    &access::SshdConfigRefused,
    &access::SshdNotStarted,
    &schedule::AccountExpired,
    &schedule::CarriageReturn,
    &schedule::ClockChange,
    &schedule::CommandMissing,
    &schedule::DaemonOff,
    &schedule::DaysSurprising,
    &schedule::EnvironmentMisread,
    &schedule::FileIgnored,
    &schedule::LineIgnored,
    &schedule::PartIgnored,
    &schedule::PercentMisread,
    &schedule::ReadTwice,
    &crypt::KeyMissing,
    &crypt::KeyscriptIgnored,
    &crypt::LineMisread,
    &crypt::MapperNotUnlocked,
    &crypt::PassphraseNeeded,
    &crypt::SourceMissing,
    &data::GaleraBootstraps,
    &data::PlaceEmptied,
    &data::PostgresRefuses,
    &data::RedisForgets,
    &data::RedisSavesRefused,
    &data::RedisStartsEmpty,
    &data::RedisUnsaved,
    &declared::CheckFailed,
    &declared::FileUnfit,
    &declared::PackageMissing,
    &declared::PortClosed,
    &declared::RelationBroken,
    &declared::ServiceDown,
    &declared::ServiceNotStarted,
    &down::ClockApart,
    &down::DataInMemory,
    &down::DiskFull,
    &down::Inhibited,
    &down::MountHangs,
    &down::ProcessHeld,
    &down::ProcessStuck,
    &down::SettingLost,
    &down::SomebodyLoggedIn,
    &down::StopUnlimited,
    &down::SwapTooFull,
    &down::TurnedReadOnly,
    &down::WorkAtHand,
    &failover::ActsOnMissing,
    &failover::AddressAlsoStatic,
    &failover::AddressDropped,
    &failover::AddressHeld,
    &failover::AddressesForeign,
    &failover::BackupDropsRoute,
    &failover::BuildOptionsMissing,
    &failover::CheckTooShallow,
    &failover::CheckVoid,
    &failover::ClusterFencingMissing,
    &failover::ClusterLeftAside,
    &failover::ClusterNodeUnknown,
    &failover::ClusterQuorumLost,
    &failover::CommandMisread,
    &failover::ConfigBroken,
    &failover::FamiliesApart,
    &failover::GroupBroken,
    &failover::HaproxyAddressMoves,
    &failover::HaproxyUnchecked,
    &failover::HookMissing,
    &failover::HookNotExecutable,
    &failover::HookUnparsable,
    &failover::HooksRace,
    &failover::IncludeMissing,
    &failover::InstanceNotHandled,
    &failover::InterfaceMissing,
    &failover::MixedFamilies,
    &failover::NotUndone,
    &failover::NothingResets,
    &failover::NothingTracked,
    &failover::PasswordCut,
    &failover::PeersMissing,
    &failover::PreemptsAnyway,
    &failover::RenamedOnOneSide,
    &failover::RouteOnlyByHook,
    &failover::ScriptBehindLink,
    &failover::ScriptNamesUnknownInstance,
    &failover::ScriptNotAllowed,
    &failover::ScriptUserMissing,
    &failover::SourceMissing,
    &failover::UcarpAliasMissing,
    &failover::UcarpScriptBroken,
    &failover::UndoneByAnother,
    &failover::WeightWithoutEffect,
    &hook::ProgramMissing,
    &hook::ScriptSecurity,
    &hook::Skipped,
    &hook::WaitsForUnknownInterface,
    &init::AccountsMissing,
    &init::CannotStart,
    &init::CgroupV1Ignored,
    &init::ChangesAtReboot,
    &init::ConsoleLoginMissing,
    &init::DanglingEnablement,
    &init::DirectoriesMissing,
    &init::ForeignScript,
    &init::HalfMigrated,
    &init::InittabLineIgnored,
    &init::IsAShell,
    &init::Missing,
    &init::NameIgnored,
    &init::NeedUnmet,
    &init::OsReleaseMissing,
    &init::ProgramBroken,
    &init::RunningDeleted,
    &init::ScriptInterpreterMissing,
    &init::ScriptLinkIgnored,
    &init::ScriptNotExecutable,
    &init::SecondSystem,
    &init::SelinuxPolicyMissing,
    &init::ShellMissing,
    &init::StartScriptMissing,
    &init::SystemTypeWrong,
    &init::SystemdIncomplete,
    &init::UsrMergeBroken,
    &initrd::Broken,
    &initrd::ConfigOutdated,
    &initrd::ForAnotherKernel,
    &initrd::FormatRefused,
    &initrd::Incomplete,
    &initrd::InitUnusable,
    &initrd::LacksRootModule,
    &initrd::LacksRootTool,
    &initrd::Missing,
    &initrd::ResumeMissing,
    &initrd::UpdateSkipped,
    &initrd::UpdateUnfinished,
    &schedule::ProbeUnlimited,
    &kernel::Broken,
    &kernel::CommandLineChanges,
    &kernel::CommandLineTooLong,
    &kernel::LacksOption,
    &kernel::MemoryLimited,
    &kernel::Missing,
    &kernel::ModulesIndexMissing,
    &kernel::ModulesMissing,
    &kernel::TooOld,
    &kernel::WrongArchitecture,
    &loader::CannotReadFeatures,
    &loader::ConfigBroken,
    &loader::DefaultUnmatched,
    &loader::DirectoryNotMounted,
    &loader::EntryIgnored,
    &loader::EnvironmentBroken,
    &loader::EspIncomplete,
    &loader::KernelNotListed,
    &loader::ModulesMissing,
    &loader::OneShotPending,
    &loader::PointerAstray,
    &loader::SearchFails,
    &loader::StartsNoKernel,
    &loader::StopsAtPrompt,
    &mount::CheckDue,
    &mount::CheckProgramMissing,
    &mount::DeviceMissing,
    &mount::Duplicate,
    &mount::ErrorsRecorded,
    &mount::HelperMissing,
    &mount::HidesRootPrograms,
    &mount::LineMisread,
    &mount::OptionUnknown,
    &mount::ParentListedLater,
    &mount::PointMissing,
    &mount::SourceMissing,
    &mount::TypeMismatch,
    &mount::TypeUnsupported,
    &mount::UsrNeedsInitrd,
    &network::AddressLost,
    &network::CommandMissing,
    &network::DefaultRouteLost,
    &network::DefaultRouteMissing,
    &network::DhcpClientMissing,
    &network::FirewallLost,
    &network::GatewayTwice,
    &network::InterfaceIncomplete,
    &network::InterfaceNotRaised,
    &network::InterfaceUnowned,
    &network::InterfacesRefused,
    &network::KeyfileIgnored,
    &network::LinkLost,
    &network::NotStarted,
    &network::ResolverMissing,
    &network::RouterInterfaceMissing,
    &network::RuleLost,
    &network::TwoOwners,
    &packages::BoundaryCrossed,
    &packages::ConfigMergePending,
    &packages::DependencyUnmet,
    &packages::FileAltered,
    &packages::FileHalfUnpacked,
    &packages::HalfConfigured,
    &packages::InitProviderMissing,
    &packages::InitProvidersClash,
    &packages::KernelIncomplete,
    &packages::RebootRequired,
    &packages::ReleasesMixed,
    &packages::RoleRemoved,
    &packages::RunningModulesRemoved,
    &packages::SetSplit,
    &packages::TransactionInterrupted,
    &packages::TriggerPending,
    &root::Ambiguous,
    &mount::RootReadOnly,
    &root::DeviceMissing,
    &root::DiffersFromFstab,
    &init::RootDirectoryMode,
    &root::EndsInShell,
    &root::FlagsRefused,
    &root::ModuleBlocked,
    &root::NameUnstable,
    &root::NeedsInitrd,
    &root::NoFileSystem,
    &root::NotGiven,
    &root::TypeMismatch,
    &root::VolumeExcluded,
    &root::VolumeNotListed,
    &mount::SwapSourceMissing,
    &target::CriticalUnitMasked,
    &target::DefaultUnusable,
    &target::FirstBoot,
    &target::JobNeverEnds,
    &target::LevelOverridden,
    &target::LoginMissing,
    &target::OfflineUpdatePending,
    &target::OrderingCycle,
    &target::RequirementFails,
    &target::RequirementMissing,
    &target::RunlevelEmpty,
    &target::UnitsConflict,
    &schedule::TimerNeverElapses,
    &schedule::BootLoop,
    &schedule::StaysDead,
    &schedule::ScheduledReboot,
    &schedule::Unguarded,
    &schedule::NeedsNetwork,
    &unit::ConfigUntried,
    &unit::EnvironmentMissing,
    &unit::ExecutableMissing,
    &unit::OnlyNow,
    &unit::ProgramDeleted,
    &unit::Rejected,
];

/// Rules that look at what other rules found.
pub static JOINS: &[&dyn Rule] = &[&schedule::RebootsBrokenBox];

/// Rules that compare a box after its reboot with what it was, sorted by id: `verify`
/// alone runs them.
pub static VERIFY: &[&dyn Rule] = &[
    &verify::AddressLost,
    &verify::ClockBehind,
    &verify::FirewallLost,
    &verify::HostnameChanged,
    &verify::KernelUnexpected,
    &verify::ModuleLost,
    &verify::MountLost,
    &verify::NotRebooted,
    &verify::ReplicaBehind,
    &verify::ResolverLost,
    &verify::RouteLost,
    &verify::SettingChanged,
    &verify::SocketLost,
    &verify::SwapLost,
    &verify::TargetNotReached,
    &verify::UnitFailed,
    &verify::UnitLost,
    &verify::UserServiceLost,
];

/// Rules of [`ALL`] that `verify` runs as well: what the site declares must be there after
/// a reboot, whatever was before.
pub static AFTER: &[&dyn Rule] = &[
    &declared::CheckFailed,
    &declared::FileUnfit,
    &declared::PackageMissing,
    &declared::PortClosed,
    &declared::RelationBroken,
    &declared::ServiceDown,
    &declared::ServiceNotStarted,
];

/// Every rule about all hosts, sorted by id.
pub static FLEET: &[&dyn FleetRule] = &[
    &fleet::NeedSameWindow,
    &fleet::PairSameWindow,
    &fleet::QuorumSameWindow,
    &fleet::RoleDiffers,
    &fleet::RoleSameWindow,
    &fleet::RoleSingleHolder,
    &fleet::RouterIdClash,
    &fleet::RoutersDisagree,
    &fleet::SameMinute,
];
