//! What reading a package database and a transaction costs.
//!
//! `cargo bench --bench packages` makes a status file of `PACKAGES` (3,000) packages and
//! reads it in alternating rounds: once its bytes alone, once with the packages in it. It
//! prints the median of the ratios of each round, into memory that was used before and into
//! new memory, which is what a check has, and fails where the latter is above its limit.
//!
//! `cargo bench --bench packages -- ROOT FILE.deb...` lays the installation of these
//! archives over the root at ROOT, and fails where that takes longer than a second for
//! 500 MB of them. `ROUNDS` is 101 for the one and 5 for the other, where it is not told.

mod support;

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use comeback::facts::transaction::{lay_out, parse_plan};
use comeback::parse::dpkg::parse_status;
use comeback::source::{Coverage, DirSource, Limits, Tree};
use comeback::text::File;
use comeback::time::Deadline;
use support::{ended, number};

/// Most that reading the packages may take of the time of reading the bytes.
const MOST: f64 = 3.0;
/// Most seconds for 500 MB of archives.
const MOST_SECONDS: f64 = 1.0;

fn main() -> ExitCode {
    let words = std::env::args().skip(1).filter(|word| word != "--bench");
    let words: Vec<PathBuf> = words.map(PathBuf::from).collect();
    let done = match words.split_first() {
        None => status(),
        Some((root, archives)) => transaction(root, archives),
    };
    ended(done)
}

/// A status file as dpkg writes it, about 880 bytes for each package.
fn made(count: usize) -> String {
    let mut text = String::new();
    for n in 0..count {
        let _ = write!(
            text,
            "Package: library-{n}\nStatus: install ok installed\nPriority: optional\n\
             Section: libs\nInstalled-Size: {n}\nMaintainer: Somebody of Debian \
             <somebody@example.org>\nArchitecture: amd64\nMulti-Arch: same\nSource: library\n\
             Version: 1.{n}-2+deb12u1\nDepends: libc6 (>= 2.34), library-data (= 1.{n}-2), \
             libother0 (>= 0.1.7) | libother1, debconf (>= 0.5) | debconf-2.0\n\
             Provides: library-abi-{n} (= 1)\nSuggests: library-doc, library-tools\n\
             Conffiles:\n /etc/library-{n}.conf 0123456789abcdef0123456789abcdef\n\
             Description: library number {n} of many\n"
        );
        for _ in 0..5 {
            text.push_str(" A line of a description says what the package is good for.\n");
        }
        text.push_str("Homepage: https://example.org/library\n\n");
    }
    text
}

fn status() -> io::Result<bool> {
    let path = std::env::temp_dir().join(format!("bench-status-{}", std::process::id()));
    std::fs::write(&path, made(number("PACKAGES", 3000)))?;
    // Memory that was used before costs a tenth of what a check pays for its only reading.
    let warm = rounds(&path, false)?;
    let once = rounds(&path, true)?;
    let bytes = std::fs::metadata(&path)?.len();
    std::fs::remove_file(&path)?;
    for (how, round) in [
        ("memory used before", &warm),
        ("new memory, as once", &once),
    ] {
        writeln!(
            io::stdout(),
            "{} packages, {bytes} bytes, {how}: read {:.2} ms, with the packages {:.2} ms, \
             ratio {:.2}",
            round.count,
            round.read.as_secs_f64() * 1e3,
            round.whole.as_secs_f64() * 1e3,
            round.ratio,
        )?;
    }
    writeln!(io::stdout(), "in new memory at most {MOST}")?;
    Ok(once.ratio <= MOST)
}

/// What reading cost alone, and with the packages; the ratio is the median of the rounds.
struct Rounds {
    count: usize,
    read: Duration,
    whole: Duration,
    ratio: f64,
}

/// Reads in alternating order. What was read is kept for `once`, so that each reading is
/// into memory that nothing used before.
fn rounds(path: &Path, once: bool) -> io::Result<Rounds> {
    let mut ratios = Vec::new();
    let mut kept = Vec::new();
    let (mut read, mut whole) = (Duration::MAX, Duration::MAX);
    let mut count = 0;
    for round in 0..number("ROUNDS", 101) {
        let (mut only, mut all) = (Duration::ZERO, Duration::ZERO);
        for step in 0..2 {
            let begun = Instant::now();
            let bytes = std::fs::read(path)?;
            let (file, packages);
            if (round + step) % 2 == 0 {
                only = begun.elapsed();
                (file, packages) = (File::new(path, std::hint::black_box(bytes)), Vec::new());
            } else {
                file = File::new(path, bytes);
                packages = std::hint::black_box(parse_status(&file));
                all = begun.elapsed();
                count = packages.len();
            }
            if once {
                kept.push((file, packages));
            }
        }
        read = read.min(only);
        whole = whole.min(all);
        ratios.push(all.as_secs_f64() / only.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    Ok(Rounds {
        count,
        read,
        whole,
        ratio: ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN),
    })
}

fn transaction(root: &Path, archives: &[PathBuf]) -> io::Result<bool> {
    let mut list = String::new();
    let mut bytes = 0;
    for archive in archives {
        bytes += std::fs::metadata(archive)?.len();
        let _ = writeln!(list, "install {}", archive.display());
    }
    let plan = parse_plan(list.as_bytes()).map_err(io::Error::other)?;
    let mut best = Duration::MAX;
    let mut gaps = 0;
    for _ in 0..number("ROUNDS", 5) {
        let source = DirSource::open(root, None, Deadline::none()).map_err(io::Error::other)?;
        let limits = Limits::STANDARD;
        let tree = Tree::new(
            Box::new(source),
            Coverage::full(true),
            limits,
            Deadline::none(),
        );
        let begun = Instant::now();
        let laid_out = lay_out(&tree, root, &plan, Deadline::none()).map_err(io::Error::other)?;
        best = best.min(begun.elapsed());
        gaps = laid_out.gaps.len();
    }
    // Figures of a measure, far below what a float holds exactly.
    let megabytes = f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX)) / 1000.0;
    let seconds = best.as_secs_f64() * 500.0 / megabytes;
    writeln!(
        io::stdout(),
        "{} archives, {megabytes:.1} MB, {gaps} not read: {:.2} s, {seconds:.2} s for 500 MB \
         (at most {MOST_SECONDS})",
        archives.len(),
        best.as_secs_f64(),
    )?;
    Ok(seconds <= MOST_SECONDS)
}
