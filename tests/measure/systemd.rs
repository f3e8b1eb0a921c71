//! What systemd would do with a root, line by line, for comparison with systemd itself.
//!
//! `systemd jobs ROOT [CMDLINE]` prints a start job a line (`?` in front: by chance),
//! `systemd deps ROOT [CMDLINE]` every unit with its state and its edges,
//! `systemd made ROOT [CMDLINE]` what the generators would write, and `systemd boot ROOT`
//! what becomes of each unit, with the time that took. `OVER=PATH=FILE,...`
//! lays files over the root, `SYSTEMD_VERSION` and `CONTAINER` say what they say.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use comeback::fact::Fact;
use comeback::facts::systemd::{self, Dep, Ix, MadeNode, Situation, Version, Words};
use comeback::facts::{Given, Host};
use comeback::source::{
    Blob, Coverage, DirSource, FileKind, Limits, Meta, ReadError, Source, Tree,
};
use comeback::time::Deadline;

/// A root with some files replaced.
struct Over {
    base: DirSource,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Source for Over {
    fn lstat(&self, path: &Path) -> Result<Meta, ReadError> {
        let Some(bytes) = self.files.get(path) else {
            return self.base.lstat(path);
        };
        let mut meta = self.base.lstat(Path::new("/etc"))?;
        meta.kind = FileKind::File;
        meta.mode = 0o755;
        meta.len = u64::try_from(bytes.len()).map_err(|e| ReadError::Io(e.to_string()))?;
        Ok(meta)
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ReadError> {
        self.base.read_link(path)
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        match self.files.get(path) {
            Some(bytes) => Ok(bytes.clone()),
            None => self.base.read(path, limit),
        }
    }

    fn read_head(&self, path: &Path, len: u64) -> Result<Vec<u8>, ReadError> {
        self.base.read_head(path, len)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Blob>, ReadError> {
        self.base.open(path)
    }

    fn list(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
        self.base.list(path, limit)
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done where this fails too.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(what), Some(root)) = (args.next(), args.next()) else {
        return Err("usage: systemd jobs|deps|made|boot ROOT [CMDLINE]".into());
    };
    let words = args.next().unwrap_or_default();
    let mut files = BTreeMap::new();
    for pair in std::env::var("OVER").unwrap_or_default().split(',') {
        if let Some((path, file)) = pair.split_once('=') {
            files.insert(PathBuf::from(path), std::fs::read(file)?);
        }
    }
    let base = DirSource::open(Path::new(&root), None, Deadline::none())?;
    let tree = Tree::new(
        Box::new(Over { base, files }),
        Coverage::full(true),
        Limits::STANDARD,
        Deadline::none(),
    );
    if what == "boot" {
        return boot(tree);
    }
    let version = match std::env::var("SYSTEMD_VERSION") {
        Ok(text) => Fact::Known(Version {
            major: text.parse()?,
            sign: "told".to_owned(),
        }),
        Err(_) => systemd::installed(&tree, &comeback::facts::packages::read(&tree)),
    };
    let situation = Situation {
        version,
        words: Words::parse(words.as_bytes()),
        container: std::env::var("CONTAINER").is_ok(),
        running: false,
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if what == "made" {
        made(&tree, &situation, &mut out)?;
        return Ok(out.flush()?);
    }
    let begun = std::time::Instant::now();
    let found = systemd::read(&tree, &situation);
    let took = begun.elapsed();
    if what == "jobs" {
        jobs(&found, &mut out)?;
    } else {
        deps(&found, &mut out)?;
    }
    out.flush()?;
    let count = found.units.len();
    writeln!(
        std::io::stderr(),
        "{:?}, {count} units, {took:?}",
        found.version
    )?;
    Ok(())
}

fn boot(tree: Tree) -> Result<(), Box<dyn std::error::Error>> {
    let given = Given {
        told_full: true,
        ..Given::default()
    };
    let host = Host::new(tree, jiff::Timestamp::UNIX_EPOCH, given);
    // What others ask for too, and is asked for only once.
    host.packages();
    host.start();
    host.init();
    let begun = std::time::Instant::now();
    let found = host.systemd();
    let took = begun.elapsed();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let Fact::Known(boot) = found else {
        writeln!(out, "{found:?}")?;
        return Ok(out.flush()?);
    };
    writeln!(out, "{:?} {took:?}", boot.course.end)?;
    let units = &boot.plan.units;
    for (ix, fate) in &boot.course.fates {
        let troubles = boot.troubles.get(ix).into_iter().flatten();
        let troubles: Vec<&str> = troubles.map(|t| t.message.as_str()).collect();
        let runs = if boot.runs.contains(ix) { "" } else { "?" };
        writeln!(
            out,
            "{}\t{fate:?}{runs}\t{}",
            units.id(*ix),
            troubles.join("; ")
        )?;
    }
    writeln!(out, "{:?}", boot.login_names())?;
    Ok(out.flush()?)
}

fn made(tree: &Tree, situation: &Situation, out: &mut impl std::io::Write) -> std::io::Result<()> {
    let (output, open) = systemd::generated(tree, situation);
    for (path, made) in &output.made {
        match &made.node {
            MadeNode::Link(target) => {
                writeln!(out, "== {} -> {}", path.display(), target.display())?;
            }
            MadeNode::File(file) => {
                writeln!(out, "== {}", path.display())?;
                out.write_all(file.bytes())?;
                writeln!(out)?;
            }
        }
    }
    for open in open {
        writeln!(out, "?? {open}")?;
    }
    Ok(())
}

fn jobs(found: &systemd::Plan, out: &mut impl std::io::Write) -> std::io::Result<()> {
    let units = &found.units;
    let names = |list: &[Ix]| list.iter().map(|ix| units.id(*ix)).collect::<Vec<_>>();
    let Some(transaction) = &found.transaction else {
        return writeln!(out, "FREEZE");
    };
    if let Some(failure) = &transaction.failure {
        return writeln!(out, "FAILS {failure:?}");
    }
    for ix in &transaction.starts {
        writeln!(out, "{}", units.id(*ix))?;
    }
    for ix in &transaction.perhaps {
        writeln!(out, "?{}", units.id(*ix))?;
    }
    for cycle in &transaction.cycles {
        let (circle, victims) = (names(&cycle.units), names(&cycle.victims));
        writeln!(out, "!cycle {circle:?} victims {victims:?}")?;
    }
    for conflict in &transaction.conflicts {
        let (loser, winner) = (units.id(conflict.loser), units.id(conflict.winner));
        writeln!(out, "!conflict {loser} loses against {winner}")?;
    }
    Ok(())
}

fn deps(found: &systemd::Plan, out: &mut impl std::io::Write) -> std::io::Result<()> {
    for (_, unit) in found.units.iter() {
        writeln!(out, "{}\tstate\t{}", unit.id, unit.state.words())?;
        for (dep, other) in unit.deps.keys() {
            if *dep != Dep::References && *dep != Dep::ReferencedBy {
                let other = found.units.id(*other);
                writeln!(out, "{}\t{}\t{other}", unit.id, dep.word())?;
            }
        }
    }
    Ok(())
}
