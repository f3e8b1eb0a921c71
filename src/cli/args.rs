//! What was typed; nothing is resolved here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Will this box come back, and come back useful?
#[derive(Debug, Parser)]
#[command(
    name = "comeback",
    version,
    about = "Pre-reboot safety linter and change guard: will this box come back, and come back useful?",
    disable_help_subcommand = true,
    arg_required_else_help = false,
    max_term_width = 80,
    after_help = EXAMPLES
)]
pub struct Cli {
    /// What to do; a short help without one.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Three ways to begin, shown by `comeback` and `comeback -h`.
pub(super) const EXAMPLES: &str = "\
Examples:
  sudo comeback check                      this machine
  comeback check --hosts 'hosts/*'         a configuration repository
  comeback guard -- systemctl reboot       reboot only if it will come back

Exit status: 0 clear, 1 blocked, 2 usage, 3 nothing examined, 4 undecided,
5 busy, 70 internal. Treat everything but 0 as \"do not reboot\".";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Examine a tree and say whether it will come back
    Check(CheckArgs),
    /// Run a command only when the tree is clear; for hooks and scripts
    Guard(GuardArgs),
    /// List everything that will reboot or power off this box, next times first
    Triggers(TriggersArgs),
    /// Record this host in one file: what was read, and what its daemons answered
    Snapshot(SnapshotArgs),
    /// Compare this box, after its reboot, with a snapshot from before
    Verify(VerifyArgs),
    /// Put the reboots of many hosts into waves that leave every pair and quorum standing
    Plan(PlanArgs),
    /// Show what was read, with state and place
    Facts(FactsArgs),
    /// List the rules
    Rules(RulesArgs),
    /// Explain one rule
    Explain(ExplainArgs),
    /// Print the policy in force and where each value comes from
    Config(ConfigArgs),
    /// Write down known findings, or check that they are still there
    Baseline(BaselineArgs),
    /// Write a commented policy to begin with
    Init(InitArgs),
    /// Print shell completions
    Completions(CompletionsArgs),
    /// Print the JSON Schema of the report, of snapshots, or of plans
    Schema(SchemaArgs),
    /// Answer look-ups on standard input (used by comeback itself)
    #[command(name = "read-helper", hide = true)]
    ReadHelper,
}

/// Which tree, and how it is read.
#[derive(Debug, Args, Clone)]
pub struct TreeArgs {
    /// The root to examine, or a snapshot of one; the live system where absent
    pub root: Option<PathBuf>,
    /// What kind of tree it is
    #[arg(long, value_name = "KIND")]
    pub tree: Option<TreeWord>,
    /// Where a partial tree is complete, such as etc/cron.d (repeatable)
    #[arg(long, value_name = "DIR", value_delimiter = ',')]
    pub covers: Vec<PathBuf>,
    /// The moment to speak of, as 2026-08-24T20:00:00Z; the clock where absent
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// How far ahead schedules are looked at, as 24h or 7d
    #[arg(long, value_name = "SPAN")]
    pub horizon: Option<String>,
    /// Give up reading after this long, as 30s; what is not read is undecided
    #[arg(long, value_name = "SPAN")]
    pub deadline: Option<String>,
    /// Ask no running daemon anything
    #[arg(long)]
    pub no_probe: bool,
    /// Use this policy file
    #[arg(long, value_name = "FILE", env = "COMEBACK_CONFIG")]
    pub config: Option<PathBuf>,
}

/// The devices of a tree that has none.
#[derive(Debug, Args, Clone)]
pub struct DeviceArgs {
    /// The block devices of an offline root, as lsblk -J -O or blkid -o export print them
    #[arg(long, value_name = "FILE")]
    pub devices: Option<PathBuf>,
    /// A raw disk image of an offline root, or of one partition of it (repeatable)
    #[arg(long, value_name = "FILE", conflicts_with = "devices")]
    pub image: Vec<PathBuf>,
}

/// `--tree`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TreeWord {
    /// The running system
    Live,
    /// A whole root
    Full,
    /// A part of one
    Partial,
}

/// Which rules run and what they do to the verdict.
#[derive(Debug, Args, Clone)]
pub struct RuleArgs {
    /// Run only these rules (repeatable, comma-separated)
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Do not run these rules (repeatable, comma-separated)
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Show preview rules and findings of low confidence too
    #[arg(long)]
    pub audit: bool,
}

/// `comeback check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Which tree.
    #[command(flatten)]
    pub tree: TreeArgs,
    /// Its devices.
    #[command(flatten)]
    pub devices: DeviceArgs,
    /// Examine every directory or snapshot that matches, one host each (repeatable)
    #[arg(long, value_name = "GLOB", conflicts_with_all = ["root", "devices", "image"])]
    pub hosts: Vec<String>,
    /// Compare with a directory, a snapshot or a git revision; only what is new decides
    #[arg(long, value_name = "BASE")]
    pub against: Option<String>,
    /// Examine the tree as a transaction would leave it: what apt hands its hooks, what
    /// "apt-get -s" or another manager prints, or lines as "remove NAME" and "install
    /// FILE"; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["hosts", "against"])]
    pub transaction: Option<PathBuf>,
    /// Which rules.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Findings that are known and do not decide; nothing that blocks can be one
    #[arg(long, value_name = "FILE", conflicts_with = "transaction")]
    pub baseline: Option<PathBuf>,
    /// The level that makes the exit status 1
    #[arg(long, value_name = "LEVEL", value_enum)]
    pub fail_on: Option<LevelWord>,
    /// Accept a finding or an open question of this rule, with a reason
    #[arg(long, value_name = "ID=REASON")]
    pub accept: Vec<String>,
    /// How to report: text, brief, json, jsonl, sarif, github, gitlab, junit, nagios,
    /// prometheus or html, optionally =FILE (repeatable)
    #[arg(long, value_name = "FMT[=FILE]")]
    pub format: Vec<String>,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value = "auto")]
    pub color: ColorWord,
    /// Say only the verdict
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say why, and list every rule
    #[arg(short, long)]
    pub verbose: bool,
}

impl CheckArgs {
    /// A check of these hosts, or of one tree, whose report nobody sees.
    #[must_use]
    pub fn silent(tree: TreeArgs, hosts: Vec<String>, rules: RuleArgs) -> Self {
        Self {
            tree,
            devices: DeviceArgs {
                devices: None,
                image: Vec::new(),
            },
            hosts,
            against: None,
            transaction: None,
            rules,
            baseline: None,
            fail_on: None,
            accept: Vec::new(),
            format: Vec::new(),
            color: ColorWord::Never,
            quiet: true,
            verbose: false,
        }
    }
}

/// `comeback guard`.
#[derive(Debug, Args)]
pub struct GuardArgs {
    /// Which tree.
    #[command(flatten)]
    pub tree: TreeArgs,
    /// Its devices.
    #[command(flatten)]
    pub devices: DeviceArgs,
    /// Accept a finding or an open question of this rule, with a reason
    #[arg(long, value_name = "ID=REASON")]
    pub accept: Vec<String>,
    /// Write what became of the command to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub status_file: Option<PathBuf>,
    /// Print the whole report to standard error as well
    #[arg(short, long)]
    pub verbose: bool,
    /// What to run when the tree is clear
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<std::ffi::OsString>,
}

/// `comeback triggers`.
#[derive(Debug, Args)]
pub struct TriggersArgs {
    /// Which tree.
    #[command(flatten)]
    pub tree: TreeArgs,
    /// text or json
    #[arg(long, value_name = "FMT", value_enum, default_value = "text")]
    pub format: ListFormat,
}

/// `comeback snapshot`.
#[derive(Debug, Args)]
#[command(mut_arg("root", |root| root.help("The root to record; the live system where absent")))]
pub struct SnapshotArgs {
    /// Which tree.
    #[command(flatten)]
    pub tree: TreeArgs,
    /// Where to write it, for its owner alone: packed where the name ends in .zst or
    /// .gz; standard output where absent
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `comeback verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The snapshot
    pub snapshot: PathBuf,
    /// Another snapshot, taken after the reboot, in the place of the running system
    #[arg(long, value_name = "SNAPSHOT", conflicts_with = "settle")]
    pub after: Option<PathBuf>,
    /// Wait this long at most for what is still being started, as 2m
    #[arg(long, value_name = "SPAN")]
    pub settle: Option<String>,
    /// Give up reading after this long, as 30s; what is not read is undecided
    #[arg(long, value_name = "SPAN")]
    pub deadline: Option<String>,
    /// Ask no running daemon anything
    #[arg(long)]
    pub no_probe: bool,
    /// Use this policy file
    #[arg(long, value_name = "FILE", env = "COMEBACK_CONFIG")]
    pub config: Option<PathBuf>,
    /// Which rules.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// The level that makes the exit status 1
    #[arg(long, value_name = "LEVEL", value_enum)]
    pub fail_on: Option<LevelWord>,
    /// Accept a finding or an open question of this rule, with a reason
    #[arg(long, value_name = "ID=REASON")]
    pub accept: Vec<String>,
    /// How to report: text, brief, json or jsonl, optionally =FILE (repeatable)
    #[arg(long, value_name = "FMT[=FILE]")]
    pub format: Vec<String>,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value = "auto")]
    pub color: ColorWord,
    /// Say only the verdict
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say why, and list every rule
    #[arg(short, long)]
    pub verbose: bool,
}

/// `comeback facts`.
#[derive(Debug, Args)]
pub struct FactsArgs {
    /// Which tree.
    #[command(flatten)]
    pub tree: TreeArgs,
    /// Its devices.
    #[command(flatten)]
    pub devices: DeviceArgs,
}

/// `comeback rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// text or json
    #[arg(long, value_name = "FMT", value_enum, default_value = "text")]
    pub format: ListFormat,
}

/// `comeback explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The rule's id
    pub rule: String,
}

/// `comeback schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Of what
    #[arg(value_name = "OF", value_enum, default_value = "report")]
    pub of: SchemaWord,
}

/// `comeback plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The directories and snapshots of the hosts (repeatable)
    #[arg(long, value_name = "GLOB", required = true, conflicts_with = "root")]
    pub hosts: Vec<String>,
    /// Which tree.
    #[command(flatten)]
    pub tree: TreeArgs,
    /// Which rules.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// At most so many hosts in one wave
    #[arg(long, value_name = "COUNT")]
    pub wave_size: Option<std::num::NonZeroUsize>,
    /// Accept a finding or an open question of this rule, with a reason
    #[arg(long, value_name = "ID=REASON")]
    pub accept: Vec<String>,
    /// How to print it
    #[arg(long, value_name = "FMT", value_enum, default_value = "text")]
    pub format: PlanFormat,
    /// Where to print it
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Formats of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// An inventory with one group for each wave
    Ansible,
}

/// What there is a schema of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaWord {
    /// Reports
    Report,
    /// Snapshots
    Snapshot,
    /// Plans
    Plan,
}

/// `comeback config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Which tree.
    #[command(flatten)]
    pub tree: TreeArgs,
}

/// `comeback baseline`.
#[derive(Debug, Args)]
pub struct BaselineArgs {
    /// write or check
    pub action: BaselineAction,
    /// Which tree.
    #[command(flatten)]
    pub tree: TreeArgs,
    /// Its devices.
    #[command(flatten)]
    pub devices: DeviceArgs,
    /// Examine every directory that matches, one host each (repeatable)
    #[arg(long, value_name = "GLOB", conflicts_with_all = ["root", "devices", "image"])]
    pub hosts: Vec<String>,
    /// Which rules.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// The file
    #[arg(long, value_name = "FILE", default_value = "comeback.baseline")]
    pub baseline: PathBuf,
    /// Add what is found and not known yet
    #[arg(long)]
    pub add: bool,
}

/// What `comeback baseline` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BaselineAction {
    /// Take out what is gone; with --add put in what is new
    Write,
    /// Fail where something is gone
    Check,
}

/// `comeback init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The file to write; it must not be there
    #[arg(default_value = "comeback.toml")]
    pub file: PathBuf,
}

/// `comeback completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// Formats of the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LevelWord {
    /// Blockers
    Block,
    /// Warnings too
    Warn,
    /// Notes too
    Note,
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorWord {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
