//! The settings of units that decide whether and when they start.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::parse::unit::{Command, TimeSpan};
use crate::text::Place;

/// What the files of a unit say.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
#[derive(Clone, Debug)]
pub struct Settings {
    /// `DefaultDependencies=`.
    pub default_dependencies: bool,
    /// `AllowIsolate=`.
    pub allow_isolate: bool,
    /// `Condition...=`, in order.
    pub conditions: Vec<Condition>,
    /// `Assert...=`, in order.
    pub assertions: Vec<Condition>,
    /// `JobTimeoutSec=`.
    pub job_timeout: Option<TimeSpan>,
    /// `JobRunningTimeoutSec=`.
    pub job_running_timeout: Option<TimeSpan>,
    /// `JobTimeoutAction=`, `FailureAction=`, `SuccessAction=`, `StartLimitAction=`
    /// where one is set to more than `none`: name, value.
    pub actions: Vec<(String, String, Place)>,
    /// `RequiresMountsFor=` and `WantsMountsFor=`, also those systemd adds.
    pub mounts_for: Vec<MountsFor>,
    /// `Slice=`.
    pub slice: Option<(String, Place)>,
    /// `ManagedOOM...=kill`.
    pub wants_oomd: bool,
    /// What runs its processes.
    pub exec: Exec,
    /// `[Service]`.
    pub service: Service,
    /// `[Mount]`.
    pub mount: Mount,
    /// `[Swap]` and `[Automount]`: `What=` or `Where=`.
    pub node: Option<(String, Place)>,
    /// `[Socket]`.
    pub socket: Socket,
    /// `[Timer]` and `[Path]`: how many triggers are set.
    pub triggers: usize,
    /// `[Timer]`: whether one is by the calendar.
    pub calendar: bool,
    /// `[Timer]`: `Persistent=`.
    pub persistent: bool,
    /// `[Timer]`: its times, in order.
    pub times: Vec<Time>,
    /// `[Timer]`: `RandomizedDelaySec=`.
    pub random_delay: std::time::Duration,
    /// `[Timer]`: `OnClockChange=` and `OnTimezoneChange=`, where one says yes.
    pub changes: BTreeMap<String, Place>,
}

/// One time of a timer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    /// The setting, such as `OnCalendar`.
    pub key: String,
    /// Its value, specifiers replaced.
    pub text: String,
    /// The value.
    pub place: Place,
}

/// One condition or assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The kind, such as `PathExists`.
    pub kind: String,
    /// What it asks, specifiers replaced.
    pub parameter: String,
    /// `|`: one of those marked so must hold.
    pub trigger: bool,
    /// `!`.
    pub negate: bool,
    /// Whether a specifier stays open.
    pub open: bool,
    /// The line.
    pub place: Place,
}

/// A path whose mounts a unit needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountsFor {
    /// The path, simplified.
    pub path: PathBuf,
    /// Whether it requires or only wants them.
    pub required: bool,
    /// The line, where a file says so.
    pub place: Option<Place>,
}

/// How processes are run.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
#[derive(Clone, Debug, Default)]
pub struct Exec {
    /// `User=`.
    pub user: Option<(String, Place)>,
    /// `Group=`.
    pub group: Option<(String, Place)>,
    /// `DynamicUser=`.
    pub dynamic_user: bool,
    /// `WorkingDirectory=`; the flag is its dash.
    pub working_directory: Option<(String, bool, Place)>,
    /// `Environment=`, in order.
    pub environment: Vec<(Vec<u8>, Vec<u8>)>,
    /// `EnvironmentFile=`; the flag is its dash.
    pub environment_files: Vec<(String, bool, Place)>,
    /// `RootDirectory=`, `RootImage=` and what else shows other files than the root's.
    pub other_root: Option<Place>,
    /// Paths of `RootDirectory=` and `RootImage=`.
    pub roots: Vec<String>,
    /// `RuntimeDirectory=` and so on: the absolute paths.
    pub directories: Vec<String>,
    /// Whether one of them is for state, cache or logs.
    pub writes_var: bool,
    /// `PrivateTmp=yes`.
    pub private_tmp: bool,
    /// `PrivateTmp=disconnected`.
    pub disconnected_tmp: bool,
    /// `StandardInput=`.
    pub input: Option<String>,
    /// `StandardOutput=`.
    pub output: Option<String>,
    /// `StandardError=`.
    pub error: Option<String>,
    /// `LogNamespace=`.
    pub log_namespace: Option<String>,
    /// `PAMName=`.
    pub pam: bool,
    /// `KillMode=` other than `control-group` and `mixed`.
    pub odd_kill_mode: bool,
    /// `ExecSearchPath=`.
    pub search_path: bool,
    /// `TTYPath=`.
    pub tty: Option<String>,
}

/// Which command of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// `ExecCondition=`
    Condition,
    /// `ExecStartPre=`
    StartPre,
    /// `ExecStart=`
    Start,
    /// `ExecStartPost=`
    StartPost,
    /// `ExecStop=`
    Stop,
    /// `ExecReload=` and `ExecStopPost=`, which no boot runs.
    Later,
}

/// One command with where it stands.
#[derive(Clone, Debug)]
pub struct Run {
    /// When.
    pub step: Step,
    /// What.
    pub command: Command,
    /// The program's place.
    pub place: Place,
}

/// `Type=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceType {
    /// Up as soon as it is forked.
    Simple,
    /// Up as soon as it is executed.
    Exec,
    /// Up when its first process ends.
    Forking,
    /// Up when it has ended.
    Oneshot,
    /// Up when it has its name.
    Dbus,
    /// Up when it says so.
    Notify,
    /// As simple, after the other jobs.
    Idle,
}

/// `[Service]`.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// `Type=`, where it is set.
    pub kind: Option<(ServiceType, Place)>,
    /// Its commands, in order.
    pub runs: Vec<Run>,
    /// `Restart=`, where it is not `no`.
    pub restart: Option<(String, Place)>,
    /// `RemainAfterExit=`.
    pub remain_after_exit: bool,
    /// `BusName=`.
    pub bus_name: Option<(String, Place)>,
    /// `TimeoutStartSec=`.
    pub timeout_start: Option<TimeSpan>,
    /// `TimeoutStopSec=`, also where `TimeoutSec=` sets it.
    pub timeout_stop: Option<(TimeSpan, Place)>,
    /// `RestartForceExitStatus=`.
    pub restart_force: Option<Place>,
    /// `ExitType=cgroup`.
    pub exit_cgroup: Option<Place>,
    /// `SuccessAction=` is set.
    pub success_action: bool,
    /// `PrivatePIDs=yes`.
    pub private_pids: bool,
    /// `Sockets=`.
    pub sockets: Vec<String>,
}

/// `[Mount]`.
#[derive(Clone, Debug, Default)]
pub struct Mount {
    /// `What=`.
    pub what: Option<(String, Place)>,
    /// `Where=`.
    pub target: Option<(String, Place)>,
    /// `Type=`.
    pub fs_type: Option<String>,
    /// `Options=`.
    pub options: String,
}

/// `[Socket]`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
#[derive(Clone, Debug, Default)]
pub struct Socket {
    /// How many `Listen...=` are set.
    pub listens: usize,
    /// Of those, paths in the file system.
    pub paths: Vec<String>,
    /// `Accept=`.
    pub accept: bool,
    /// `Service=`.
    pub service: Option<(String, Place)>,
    /// Whether it runs commands.
    pub runs: bool,
    /// `BindToDevice=`.
    pub device: Option<String>,
    /// `MaxConnections=0`.
    pub no_connections: bool,
    /// `Symlinks=`.
    pub symlinks: usize,
    /// A listener that takes no connections of its own: `ListenDatagram=`,
    /// `ListenFIFO=`, `ListenNetlink=`, `ListenSpecial=`, `ListenMessageQueue=`.
    pub cannot_accept: bool,
}

impl Settings {
    /// Of a unit whose files say nothing.
    pub(super) fn new() -> Self {
        Self {
            default_dependencies: true,
            allow_isolate: false,
            conditions: Vec::new(),
            assertions: Vec::new(),
            job_timeout: None,
            job_running_timeout: None,
            actions: Vec::new(),
            mounts_for: Vec::new(),
            slice: None,
            wants_oomd: false,
            exec: Exec::default(),
            service: Service::default(),
            mount: Mount::default(),
            node: None,
            socket: Socket::default(),
            triggers: 0,
            calendar: false,
            persistent: false,
            times: Vec::new(),
            random_delay: std::time::Duration::ZERO,
            changes: BTreeMap::new(),
        }
    }
}

impl Service {
    /// The type that counts (`service_add_extras`).
    #[must_use]
    pub fn effective(&self) -> ServiceType {
        match &self.kind {
            Some((kind, _)) => *kind,
            None if self.bus_name.is_some() => ServiceType::Dbus,
            None if self.first(Step::Start).is_some() => ServiceType::Simple,
            None => ServiceType::Oneshot,
        }
    }

    /// The commands of one step.
    pub fn step(&self, step: Step) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| run.step == step)
    }

    /// The first command of one step.
    #[must_use]
    pub fn first(&self, step: Step) -> Option<&Run> {
        self.step(step).next()
    }

    /// How long a start may take: for ever for a oneshot that says nothing, else 90 s
    /// (`DefaultTimeoutStartSec=` is not looked at).
    #[must_use]
    pub fn start_limit(&self) -> TimeSpan {
        let usual = TimeSpan::For(std::time::Duration::from_secs(90));
        match self.timeout_start {
            Some(limit) => limit,
            None if self.effective() == ServiceType::Oneshot => TimeSpan::Infinite,
            None => usual,
        }
    }
}
