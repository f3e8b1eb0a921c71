//! Compares what is said of programs and their libraries with what each root's own
//! loader lists.
//!
//! `cargo run --release --example linkage -- ROOT...` looks at every program and
//! library below the usual directories of each root, runs the loader named in it with
//! `--list` in a chroot (so it needs root), and prints every difference and a sum.
#![allow(
    clippy::print_stdout,
    reason = "a measuring program prints its figures"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use comeback::facts::linkage::{Linkage, Linker, Machine, Start, level_of};
use comeback::parse::elf;
use comeback::source::{Coverage, DirSource, Limits, Tree};
use comeback::time::Deadline;

/// Below which programs and libraries are.
const DIRECTORIES: [&str; 8] = [
    "bin",
    "sbin",
    "lib",
    "libexec",
    "usr/bin",
    "usr/sbin",
    "usr/lib",
    "usr/libexec",
];

/// What a loader says of one file.
#[derive(Debug, PartialEq, Eq)]
struct Listed {
    /// Names and the paths they were found at; none where they were not.
    libraries: BTreeMap<String, Option<PathBuf>>,
    /// Whether something else was complained about.
    complaint: Option<String>,
}

fn main() {
    let cpuinfo = std::fs::read("/proc/cpuinfo").unwrap_or_else(|_| Vec::new());
    let machine = Machine {
        kernel: None,
        level: level_of(&cpuinfo),
    };
    for root in std::env::args_os().skip(1).map(PathBuf::from) {
        compare(&root, machine);
    }
}

fn compare(root: &Path, machine: Machine) {
    let Ok(source) = DirSource::open(root, None, Deadline::none()) else {
        println!("{}: cannot be opened", root.display());
        return;
    };
    let coverage = Coverage::full(true);
    let tree = Tree::new(
        Box::new(source),
        coverage,
        Limits::STANDARD,
        Deadline::none(),
    );
    let linker = Linker::default();
    let (mut same, mut different, mut failing, mut entries) = (0, 0, 0, 0);
    let mut took = Duration::ZERO;
    for path in programs(root) {
        let started = Instant::now();
        let ours = linker.of(&tree, machine, &path);
        took += started.elapsed();
        let bytes = std::fs::read(root.join(path.strip_prefix("/").unwrap_or(&path)));
        let bytes = bytes.unwrap_or_else(|_| Vec::new());
        let Some(loader) = elf::read(&bytes).ok().and_then(|elf| elf.interpreter) else {
            continue;
        };
        // klibc's is no loader that lists anything.
        if loader.windows(5).any(|window| window == b"klibc") {
            continue;
        }
        let loader = PathBuf::from(std::ffi::OsStr::from_bytes(&loader));
        let theirs = list(root, &loader, &path);
        let said = listed(&ours);
        entries += theirs.libraries.len();
        failing += usize::from(!matches!(ours.start, Start::Runs));
        let agree = match &theirs.complaint {
            None => said == theirs,
            // A fatal file ends the list; what it is must be named by both, unless the
            // loader died of it.
            Some(complaint) => ours.failure().into_iter().chain(&ours.more).any(|failure| {
                let name = failure
                    .object
                    .file_name()
                    .map(|name| name.to_string_lossy());
                let asked = failure.message.split([' ', ',']).nth(2);
                name.is_some_and(|name| complaint.contains(&*name))
                    || asked.is_some_and(|name| complaint.contains(name))
                    || complaint.starts_with("signal")
            }),
        };
        if agree {
            same += 1;
        } else {
            different += 1;
            println!(
                "{}: differs\n  ours   {said:?}\n  theirs {theirs:?}",
                path.display()
            );
        }
    }
    println!(
        "{}: {same} the same, {different} different, {entries} libraries, {failing} do not start; {} ms",
        root.display(),
        took.as_millis()
    );
}

/// Every executable ELF file below the usual directories, links left out.
fn programs(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for dir in DIRECTORIES {
        let top = root.join(dir);
        if top.is_symlink() {
            continue;
        }
        for entry in walkdir::WalkDir::new(&top).into_iter().flatten() {
            let executable = entry
                .metadata()
                .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0);
            let inside = entry.path().strip_prefix(root);
            if let (true, Ok(inside)) = (executable, inside) {
                found.insert(Path::new("/").join(inside));
            }
        }
    }
    found
}

fn list(root: &Path, loader: &Path, path: &Path) -> Listed {
    let is_musl = loader.to_string_lossy().contains("ld-musl");
    let output = Command::new("chroot")
        .arg(root)
        .arg(loader)
        .arg("--list")
        .arg(path)
        .env("LC_ALL", "C")
        .output();
    let mut listed = Listed {
        libraries: BTreeMap::new(),
        complaint: None,
    };
    let Ok(output) = output else {
        listed.complaint = Some("chroot cannot be run".to_owned());
        return listed;
    };
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let line = line.trim();
        let Some((name, rest)) = line.split_once(" => ") else {
            // A name with a slash, or the loader.
            let name = line.split(" (").next().unwrap_or(line);
            let is_loader = Path::new(name) == loader;
            if name.starts_with('/') && !is_loader {
                let path = PathBuf::from(name);
                listed.libraries.insert(name.to_owned(), Some(path));
            }
            continue;
        };
        let at = rest.split(" (").next().unwrap_or(rest);
        if Path::new(at) == loader || (is_musl && name.starts_with("libc.")) {
            continue;
        }
        let at = (at != "not found").then(|| PathBuf::from(at));
        listed.libraries.insert(name.to_owned(), at);
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut lines = said.lines().filter(|line| {
        !line.contains("cannot be preloaded") && !line.contains("no version information")
    });
    listed.complaint = lines.next().map(str::to_owned);
    if listed.complaint.is_none() && !output.status.success() {
        listed.complaint = Some(output.status.to_string());
    }
    listed
}

/// The same of what is said here.
fn listed(ours: &Linkage) -> Listed {
    use comeback::facts::linkage::FailureKind;
    let mut libraries = BTreeMap::new();
    for library in &ours.libraries {
        let name = String::from_utf8_lossy(&library.name).into_owned();
        libraries.insert(name, Some(library.path.clone()));
    }
    let mut complaint = None;
    for failure in ours.failure().into_iter().chain(&ours.more) {
        if failure.kind == FailureKind::LibraryMissing {
            let (_, rest) = failure.message.split_once(" needs ").unwrap_or(("", ""));
            let name = rest.split(',').next().unwrap_or("").to_owned();
            libraries.insert(name, None);
        } else {
            complaint = complaint.or_else(|| Some(failure.message.clone()));
        }
    }
    if let Start::Unknown(unknown) = &ours.start {
        complaint = Some(unknown.to_string());
    }
    Listed {
        libraries,
        complaint,
    }
}
