//! From arguments to examined hosts: clock, tree, policy.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Error;
use super::args::{DeviceArgs, RuleArgs, TreeArgs, TreeWord};
use crate::facts::declared::Declared;
use crate::facts::devices::{Devices, refused as refused_image};
use crate::facts::{Given, Host};
use crate::policy::{Config, Waiver};
use crate::probe::{Live, Probes};
use crate::rules::{Selection, canonical, cards, nearest};
use crate::snapshot::Snapshot;
use crate::source::{
    Ambiguous, Changes, Coverage, DirSource, HelperCommand, Limits, ListedSource, LiveSource,
    OverlaySource, ReadError, Recorder, RecordingSource, Source, Tree, TreeKind, decided_by_others,
    detect_kind, is_regular, is_there, is_unpacked, open_given, read_given, read_policy,
    read_snapshot,
};
use crate::text::{escape, escape_path};
use crate::time::{Clock, Deadline, Zone, parse_duration, parse_now};

/// A tree that was opened, and what is known of it beside its files.
pub(super) struct Opened {
    tree: Tree,
    /// Of a snapshot: what it was taken with.
    recorded: Option<Recorded>,
}

/// What a snapshot was taken with.
pub(super) struct Recorded {
    /// When.
    pub(super) taken: jiff::Timestamp,
    /// The name of its host.
    pub(super) host: Option<String>,
    label: Option<String>,
    told_full: bool,
    probes: Probes,
}

impl From<Tree> for Opened {
    fn from(tree: Tree) -> Self {
        let recorded = None;
        Self { tree, recorded }
    }
}

impl Deref for Opened {
    type Target = Tree;

    fn deref(&self) -> &Tree {
        &self.tree
    }
}

impl DerefMut for Opened {
    fn deref_mut(&mut self) -> &mut Tree {
        &mut self.tree
    }
}

impl Opened {
    /// What a snapshot was taken with; nothing of any other tree.
    pub(super) const fn recorded(&self) -> Option<&Recorded> {
        self.recorded.as_ref()
    }
}

/// What a run is made with.
pub(super) struct Setup {
    /// The clock.
    pub(super) clock: Clock,
    /// How far ahead to look.
    pub(super) horizon: jiff::SignedDuration,
    /// The policy.
    pub(super) config: Config,
    /// When to give up.
    pub(super) deadline: Deadline,
}

/// Where policy is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PolicyPlace {
    /// In the tree.
    InTree,
    /// From the current directory upward.
    Upward,
}

/// The default horizon, in hours.
const HORIZON_HOURS: i64 = 24;

/// The same as it is written.
pub(super) const DEFAULT_HORIZON: &str = "24h";

impl PolicyPlace {
    /// A whole root carries its policy; a part of one lies in a repository that does.
    pub(super) const fn of(tree: &Tree) -> Self {
        match tree.coverage().kind {
            TreeKind::Live | TreeKind::Full => Self::InTree,
            TreeKind::Partial => Self::Upward,
        }
    }
}

/// Clock, policy and horizon.
pub(super) fn setup(
    args: &TreeArgs,
    tree: &Opened,
    place: PolicyPlace,
    deadline: Deadline,
) -> Result<Setup, Error> {
    let config = match (&args.config, place) {
        (Some(path), _) => given(path)?,
        (None, PolicyPlace::InTree) => in_tree(tree)?,
        (None, PolicyPlace::Upward) => upward()?,
    };
    with_config(args, Some(tree), config, deadline)
}

/// The same for several hosts, which have one policy: that of the repository.
pub(super) fn setup_hosts(args: &TreeArgs, deadline: Deadline) -> Result<Setup, Error> {
    let config = match &args.config {
        Some(path) => given(path)?,
        None => upward()?,
    };
    with_config(args, None, config, deadline)
}

fn with_config(
    args: &TreeArgs,
    tree: Option<&Opened>,
    config: Config,
    deadline: Deadline,
) -> Result<Setup, Error> {
    let horizon = match args.horizon.as_ref().or(config.horizon.as_ref()) {
        Some(text) => {
            let span = parse_duration(text).ok();
            let span = span.and_then(|span| jiff::SignedDuration::try_from(span).ok());
            span.ok_or_else(|| {
                Error::Usage(format!(
                    "horizon {text}: not a span of time such as 24h or 7d"
                ))
            })?
        }
        None => jiff::SignedDuration::from_hours(HORIZON_HOURS),
    };
    let clock = match &args.now {
        Some(text) => {
            let zone = tree.map_or_else(Zone::utc, |tree| crate::facts::zone_of(tree));
            let now = parse_now(text, &zone);
            Clock::at(now.map_err(|error| Error::Usage(format!("--now: {error}")))?)
        }
        // A snapshot speaks of the moment it was taken.
        None => match tree.and_then(Opened::recorded) {
            Some(recorded) => Clock::at(recorded.taken),
            None => Clock::system(),
        },
    };
    Ok(Setup {
        clock,
        horizon,
        config,
        deadline,
    })
}

/// `--config`.
fn given(path: &Path) -> Result<Config, Error> {
    let shown = escape_path(path);
    let bytes = read_policy(path).map_err(|e| Error::Usage(format!("config: {shown}: {e}")))?;
    let bytes = bytes.ok_or_else(|| Error::Usage(format!("config: {shown}: no such file")))?;
    Ok(Config::parse(path, &bytes)?)
}

/// The deadline: `--deadline`, else the command's own.
pub(super) fn deadline(args: &TreeArgs, default: Option<Duration>) -> Result<Deadline, Error> {
    match &args.deadline {
        // No time at all: nothing is read, and the answer is undecided.
        Some(text) if text == "0" || text == "0s" => Ok(Deadline::after(Duration::ZERO)),
        Some(text) => {
            let span = span("--deadline", text)?;
            Ok(Deadline::after(span))
        }
        None => Ok(default.map_or(Deadline::none(), Deadline::after)),
    }
}

/// A span of time that an option was given.
pub(super) fn span(option: &str, text: &str) -> Result<Duration, Error> {
    parse_duration(text)
        .map_err(|_| Error::Usage(format!("{option} {text}: not a span of time such as 30s")))
}

/// `/etc/comeback/comeback.toml` of the tree.
fn in_tree(tree: &Tree) -> Result<Config, Error> {
    use crate::fact::Fact;
    let path = Path::new("/etc/comeback/comeback.toml");
    match tree.read(path) {
        Fact::Known(file) => Ok(Config::parse(path, file.bytes())?),
        Fact::Absent(_) | Fact::NotCovered(_) => Ok(Config::default()),
        Fact::Broken(fault) => Err(Error::Usage(format!("config: {}", fault.message))),
        // Nobody's mistake: a stranger's look, or a disk that does not answer. What the
        // site decided is then not known, so nothing is clear.
        Fact::Unknown(unknown) => Ok(Config {
            unread: Some(unknown),
            ..Config::default()
        }),
    }
}

/// The nearest `comeback.toml` from the current directory upward, not above the
/// directory that holds `.git`, be that a directory or a file.
fn upward() -> Result<Config, Error> {
    let here = std::env::current_dir().map_err(|e| Error::Usage(e.to_string()))?;
    for dir in here.ancestors() {
        let path = dir.join("comeback.toml");
        let found = read_policy(&path);
        let found = found
            .map_err(|error| Error::Usage(format!("config: {}: {error}", escape_path(&path))))?;
        if let Some(bytes) = found {
            return Ok(Config::parse(&path, &bytes)?);
        }
        if is_there(&dir.join(".git")) {
            break;
        }
    }
    Ok(Config::default())
}

/// Opens the tree the arguments name.
pub(super) fn open_tree(
    args: &TreeArgs,
    root: Option<&Path>,
    deadline: Deadline,
) -> Result<Opened, Error> {
    if let Some(path) = root.filter(|path| is_regular(path)) {
        return open_snapshot(args, path, deadline);
    }
    let (source, coverage) = open_source(args, root, deadline)?;
    Ok(Tree::new(source, coverage, Limits::STANDARD, deadline).into())
}

/// The same tree, of which everything that is read is recorded.
pub(super) fn open_recorded(
    args: &TreeArgs,
    root: Option<&Path>,
    deadline: Deadline,
    recorder: Recorder,
) -> Result<Opened, Error> {
    let (source, coverage) = open_source(args, root, deadline)?;
    let source = Box::new(RecordingSource::new(source, recorder));
    Ok(Tree::new(source, coverage, Limits::STANDARD, deadline).into())
}

/// Opens a snapshot.
fn open_snapshot(args: &TreeArgs, path: &Path, deadline: Deadline) -> Result<Opened, Error> {
    let shown = escape_path(path);
    if args.tree.is_some() || !args.covers.is_empty() {
        return Err(Error::Usage(format!(
            "{shown} is a snapshot, which says itself what kind of tree it is of"
        )));
    }
    let bytes = read_snapshot(path).map_err(|error| match error {
        ReadError::NotFound | ReadError::NotDir => Error::Nothing(format!("{shown}: {error}")),
        error => Error::Undecided(format!("{shown}: {error}")),
    })?;
    if !Snapshot::looks_like_one(&bytes) {
        return Err(Error::Nothing(format!(
            "{shown}: not a directory, and no snapshot"
        )));
    }
    let snapshot = Snapshot::parse(&bytes);
    let snapshot = snapshot.map_err(|error| Error::Usage(format!("{shown}: {error}")))?;
    drop(bytes);
    let (taken, told_full) = (snapshot.taken, snapshot.told_full);
    let (host, label) = (snapshot.host.clone(), snapshot.label.clone());
    let (tree, probes) = snapshot.replay(deadline);
    if args.no_probe && tree.coverage().kind != TreeKind::Live {
        return Err(Error::Usage(format!(
            "--no-probe: nothing was asked for {shown}, which is of a tree that does not run"
        )));
    }
    let recorded = Recorded {
        taken,
        host,
        label,
        told_full,
        probes,
    };
    Ok(Opened {
        tree,
        recorded: Some(recorded),
    })
}

/// The same tree with changes laid over it.
pub(super) fn open_changed(
    args: &TreeArgs,
    root: Option<&Path>,
    deadline: Deadline,
    changes: Changes,
) -> Result<Opened, Error> {
    let (source, coverage) = open_source(args, root, deadline)?;
    let source = Box::new(OverlaySource::new(source, changes));
    Ok(Tree::new(source, coverage, Limits::STANDARD, deadline).into())
}

fn open_source(
    args: &TreeArgs,
    root: Option<&Path>,
    deadline: Deadline,
) -> Result<(Box<dyn Source>, Coverage), Error> {
    let live = root.is_none_or(|root| root == Path::new("/"));
    let root = root.unwrap_or(Path::new("/"));
    let source = DirSource::open(root, helper(), deadline)?;
    let covers: Vec<PathBuf> = args
        .covers
        .iter()
        .map(|dir| Path::new("/").join(dir))
        .collect();
    let shown = escape_path(root);
    let source = ListedSource::new(source);
    let in_checkout = || !live && source.files().in_checkout() && !is_unpacked(&source);
    let kind = match args.tree {
        Some(TreeWord::Live) if !live => {
            return Err(Error::Usage(format!(
                "--tree live: {shown} is not the running system"
            )));
        }
        Some(TreeWord::Partial) if live => {
            return Err(Error::Usage(
                "--tree partial: the running system is never partial".into(),
            ));
        }
        Some(TreeWord::Full) if !live => TreeKind::Full,
        Some(TreeWord::Partial) => TreeKind::Partial,
        Some(TreeWord::Live | TreeWord::Full) => TreeKind::Live,
        None if live => TreeKind::Live,
        None => match detect_kind(&source, in_checkout()) {
            Ok(kind) => kind,
            Err(ambiguous @ Ambiguous::Either) => {
                return Err(Error::Usage(format!("{shown}: {ambiguous}")));
            }
            Err(ambiguous @ Ambiguous::Empty) => {
                return Err(Error::Nothing(format!("{shown}: {ambiguous}")));
            }
        },
    };
    if kind != TreeKind::Live {
        refuse_probes(args, &shown)?;
    }
    if !covers.is_empty() && kind != TreeKind::Partial {
        return Err(Error::Usage(format!(
            "--covers is for partial trees, and {shown} is {}",
            kind.word()
        )));
    }
    let coverage = match kind {
        TreeKind::Live => Coverage::live(),
        TreeKind::Full => {
            // Unpacked by an ordinary user, a tree lost its owners.
            let owner = source.lstat(Path::new("/")).map(|meta| meta.uid);
            Coverage::full(owner == Ok(0) && !in_checkout())
        }
        TreeKind::Partial => Coverage::partial(covers),
    };
    let source: Box<dyn Source> = match kind {
        // With what only its kernel tells.
        TreeKind::Live => Box::new(LiveSource::new(source.into_files())),
        TreeKind::Full => Box::new(source.into_files()),
        TreeKind::Partial => Box::new(source.with_templates()),
    };
    Ok((source, coverage))
}

/// Only a running system has anybody to ask.
pub(super) fn refuse_probes(args: &TreeArgs, shown: &str) -> Result<(), Error> {
    if args.no_probe {
        return Err(Error::Usage(format!(
            "--no-probe: nothing is asked of {shown}, which does not run"
        )));
    }
    Ok(())
}

/// How to start the process that reads what may hang.
pub(super) fn helper() -> Option<HelperCommand> {
    let program = std::env::current_exe().ok()?;
    Some(HelperCommand {
        program,
        args: vec!["read-helper".into()],
    })
}

/// The devices that are given with a tree, which must be one without its own.
pub(super) fn devices(args: &DeviceArgs, tree: &Tree) -> Result<Option<Devices>, Error> {
    let option = match (&args.devices, args.image.is_empty()) {
        (None, true) => return Ok(None),
        (Some(_), _) => "--devices",
        (None, false) => "--image",
    };
    let refused = |why: String| Error::Usage(format!("{option}: {why}"));
    match tree.coverage().kind {
        TreeKind::Live => return Err(refused("the running system has its own devices".into())),
        TreeKind::Partial => return Err(refused("a part of a root mounts nothing".into())),
        TreeKind::Full => {}
    }
    if let Some(path) = &args.devices {
        let at = |why: String| refused(format!("{}: {why}", escape_path(path)));
        let bytes = read_given(path).map_err(|error| at(error.to_string()))?;
        let devices = Devices::from_listing(&bytes);
        return devices.map(Some).map_err(|error| at(error.to_string()));
    }
    let mut images = Vec::new();
    for path in &args.image {
        let at = |why: String| refused(format!("{}: {why}", escape_path(path)));
        let image = open_given(path, tree.deadline()).map_err(|error| at(error.to_string()))?;
        if let Some(why) = refused_image(&image.bytes(0, 16)) {
            return Err(at(why.to_owned()));
        }
        images.push((escape_path(path), image));
    }
    Ok(Some(Devices::from_images(&images)))
}

/// A host over a tree.
pub(super) fn host(
    opened: Opened,
    setup: &Setup,
    args: &TreeArgs,
    label: Option<String>,
    devices: Option<Devices>,
) -> Host {
    let Opened { tree, recorded } = opened;
    let asks = tree.coverage().kind == TreeKind::Live && !args.no_probe;
    let probes = match &recorded {
        _ if !asks => Probes(None),
        Some(recorded) => recorded.probes.clone(),
        None => Probes(Some(Arc::new(Live))),
    };
    let told_full = match &recorded {
        Some(recorded) => recorded.told_full,
        None => args.tree == Some(TreeWord::Full) && tree.coverage().kind == TreeKind::Full,
    };
    // What was seen on two looks was recorded on the second.
    let between_looks = match &recorded {
        Some(_) => Duration::ZERO,
        None => BETWEEN_LOOKS,
    };
    // Of several hosts each speaks of its own moment.
    let now = match &recorded {
        Some(recorded) if !setup.clock.is_given() => recorded.taken,
        Some(_) | None => setup.clock.now(),
    };
    let declared = declared(&setup.config, asks && recorded.is_none());
    let recorded_label = recorded.and_then(|recorded| recorded.label);
    let given = Given {
        label: label.or(recorded_label),
        told_full,
        versions: setup.config.versions.clone(),
        declared,
        devices,
        between_looks,
        probes,
        callers: Vec::new(),
    };
    Host::new(tree, now, given)
}

/// What policy declares. Its checks are run only where nobody but root, and who runs this,
/// could have written them.
fn declared(config: &Config, runs: bool) -> Arc<Declared> {
    let declared = config.declared.clone();
    let Some(file) = config.file.as_ref().filter(|_| runs) else {
        return declared;
    };
    if declared.checks.is_empty() {
        return declared;
    }
    match decided_by_others(file) {
        None => declared,
        Some(why) => Arc::new(Declared {
            refused: Some(escape(why.as_bytes())),
            ..(*declared).clone()
        }),
    }
}

/// How long a process must have hung in the kernel to be called stuck: a disk that is
/// only busy lets go of it within seconds.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// `--select`, `--ignore`, `--audit`, with every id known.
pub(super) fn selection(args: &RuleArgs) -> Result<Selection, Error> {
    let known = |ids: &[String]| ids.iter().map(|id| rule_id(id)).collect::<Result<_, _>>();
    Ok(Selection {
        select: known(&args.select)?,
        ignore: known(&args.ignore)?,
        audit: args.audit,
    })
}

/// A rule's id, or an error that names its nearest neighbour.
pub(super) fn rule_id(typed: &str) -> Result<String, Error> {
    if let Some(id) = canonical(typed) {
        return Ok(id.to_owned());
    }
    let near = nearest(typed, cards().keys().map(String::as_str));
    let hint = near.map_or_else(
        || "; comeback rules lists them".to_owned(),
        |near| format!(", did you mean \"{near}\"?"),
    );
    Err(Error::Usage(format!("unknown rule \"{typed}\"{hint}")))
}

/// `--accept ID=REASON` as waivers for today.
pub(super) fn accepted(list: &[String]) -> Result<Vec<Waiver>, Error> {
    list.iter()
        .map(|text| {
            let (id, reason) = text.split_once('=').unwrap_or((text, ""));
            let rule = rule_id(id)?;
            if reason.trim().is_empty() {
                return Err(Error::Usage(format!(
                    "--accept {id}: needs a reason: {id}=REASON"
                )));
            }
            if cards().get(&rule).is_some_and(|card| !card.ignorable) {
                return Err(Error::Usage(format!(
                    "--accept {id}: this rule cannot be accepted"
                )));
            }
            Ok(Waiver {
                rule,
                host: None,
                subject: None,
                until: jiff::civil::Date::MAX,
                reason: reason.trim().to_owned(),
                place: None,
            })
        })
        .collect()
}

/// The name of a host read from a directory that does not tell its own.
pub(super) fn label(root: Option<&PathBuf>, tree: &Opened) -> Option<String> {
    // A snapshot knows its host, whatever its file is called.
    if tree.recorded().is_some() {
        return None;
    }
    let root = root.filter(|root| root.as_path() != std::path::Path::new("/"))?;
    let name = root.file_name()?;
    let name = name.to_string_lossy();
    // A directory called `root` or `rootfs` names no host.
    (!matches!(&*name, "root" | "rootfs" | "." | "mnt")).then(|| name.into_owned())
}

/// A root as it is named from the directory of the run, where it lies below it; none for
/// the running system.
pub(super) fn root_from_here(root: Option<&Path>) -> Option<PathBuf> {
    let root = root.filter(|root| *root != Path::new("/"))?;
    let here = std::env::current_dir().ok();
    let here = here.filter(|here| here != Path::new("/"));
    let below = here.and_then(|here| root.strip_prefix(here).ok().map(Path::to_path_buf));
    Some(below.unwrap_or_else(|| root.to_path_buf()))
}
