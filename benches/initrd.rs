//! What listing an initrd costs, beside the tools that only unpack it.
//!
//! `cargo bench --bench initrd -- FILE...` takes initrds that are one compressed archive,
//! as Debian's are without microcode, and packs each again with `gzip`, `zstd` (-1, -19),
//! `xz` and `lz4` (legacy). In every round the listing, the packing's own tool and
//! `lsinitramfs` run one behind the other, each as a process of its own, so that a busy
//! machine slows all three. It prints the median of the ratios of each round and the peak
//! of memory, and fails where one is above its limit. `ROUNDS` is 15 where it is not told.

mod support;

use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use comeback::parse::initrd::{self, Limits};
use support::{ended, number};

/// Most that a listing may take of the time of the packing's own tool.
const MOST_OF_TOOL: f64 = 1.5;
/// Most that it may take of the time of lsinitramfs.
const MOST_OF_LSINITRAMFS: f64 = 1.0;
/// Most memory that it may use, in KiB.
const MOST_MEMORY: u64 = 64 * 1024;

/// Ways to pack: a name, the tool that packs from its input, and the one that unpacks.
const PACKINGS: [(&str, &[&str], &[&str]); 5] = [
    ("gzip", &["gzip", "-c"], &["gzip", "-dc"]),
    (
        "zstd-1",
        &["zstd", "-q", "-1", "-c"],
        &["zstd", "-q", "-dc"],
    ),
    (
        "zstd-19",
        &["zstd", "-q", "-19", "-c"],
        &["zstd", "-q", "-dc"],
    ),
    ("xz", &["xz", "--check=crc32", "-c"], &["xz", "-dc"]),
    (
        "lz4",
        &["lz4", "-q", "-l", "-9", "-c"],
        &["lz4", "-q", "-dc"],
    ),
];

fn main() -> ExitCode {
    // Cargo adds a word of its own.
    let args: Vec<OsString> = std::env::args_os()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let done = match args.as_slice() {
        [list, file] if list == "--list" => list_paths(Path::new(file)).map(|()| true),
        files => measure(files),
    };
    ended(done)
}

/// Lists a file as the rules read it; then the peak of memory, in KiB, on stderr.
fn list_paths(file: &Path) -> io::Result<()> {
    let mut file = std::fs::File::open(file)?;
    let keep = initrd::boot_files;
    let initrd = initrd::read(&mut file, &Limits::STANDARD, &keep, &mut || false);
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (path, _) in initrd.rootfs.iter() {
        out.write_all(path)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    if let Some(problem) = initrd.problems.first() {
        return Err(io::Error::other(problem.to_string()));
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|rest| rest.split_whitespace().next());
    writeln!(io::stderr(), "{}", peak.unwrap_or("unknown"))
}

fn measure(files: &[OsString]) -> io::Result<bool> {
    let rounds = number("ROUNDS", 15);
    let mut out = io::stdout().lock();
    let dir = std::env::temp_dir().join(format!("bench-initrd-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let mut fits = true;
    for file in files {
        let Some(tool) = unpacker(Path::new(file))? else {
            writeln!(out, "{}: not one packed archive", file.display())?;
            continue;
        };
        writeln!(out, "{}", file.display())?;
        let archive = dir.join("archive");
        run(tool, Some(file), &archive)?;
        for (name, pack, unpack) in PACKINGS {
            let packed = dir.join(format!("{name}.img"));
            run(pack, Some(archive.as_os_str()), &packed)?;
            fits &= compare(name, unpack, &packed, rounds, &mut out)?;
        }
    }
    std::fs::remove_dir_all(&dir)?;
    Ok(fits)
}

/// The tool for a file, by its first bytes.
fn unpacker(file: &Path) -> io::Result<Option<&'static [&'static str]>> {
    let mut magic = [0; 4];
    std::fs::File::open(file)?.read_exact(&mut magic)?;
    Ok(match magic {
        [0x1f, 0x8b, ..] => Some(&["gzip", "-dc"]),
        [0x28, 0xb5, 0x2f, 0xfd] => Some(&["zstd", "-q", "-dc"]),
        [0xfd, b'7', b'z', b'X'] => Some(&["xz", "-dc"]),
        [0x02, 0x21, 0x4c, 0x18] => Some(&["lz4", "-q", "-dc"]),
        _ => None,
    })
}

/// Runs a tool from a file into another.
fn run(tool: &[&str], input: Option<&OsStr>, output: &Path) -> io::Result<()> {
    let (program, args) = tool.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(args).stdout(std::fs::File::create(output)?);
    if let Some(input) = input {
        command.stdin(std::fs::File::open(input)?);
    }
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{program} failed")))
}

/// How long a program runs, and what it says on stderr.
fn timed(mut command: Command) -> io::Result<(Duration, String)> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::piped());
    let begun = Instant::now();
    let output = command.output()?;
    let took = begun.elapsed();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        return Ok((took, text));
    }
    Err(io::Error::other(format!("{command:?}: {text}")))
}

fn compare(
    name: &str,
    unpack: &[&str],
    packed: &PathBuf,
    rounds: usize,
    out: &mut impl io::Write,
) -> io::Result<bool> {
    let (program, args) = unpack.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let own = std::env::current_exe()?;
    let (mut times, mut of_tool, mut of_lsinitramfs) = (Vec::new(), Vec::new(), Vec::new());
    let mut peak = 0;
    for round in 0..=rounds {
        let mut command = Command::new(&own);
        command.arg("--list").arg(packed);
        let (ours, memory) = timed(command)?;
        let mut command = Command::new(program);
        command.args(args).arg(packed);
        let (tool, _) = timed(command)?;
        let mut command = Command::new("lsinitramfs");
        command.arg(packed);
        let (lsinitramfs, _) = timed(command)?;
        // The first round warms the caches.
        if round == 0 {
            continue;
        }
        peak = peak.max(memory.trim().parse().map_err(io::Error::other)?);
        times.push(ours.as_secs_f64());
        of_tool.push(ours.as_secs_f64() / tool.as_secs_f64());
        of_lsinitramfs.push(ours.as_secs_f64() / lsinitramfs.as_secs_f64());
    }
    let (took, tool) = (median(times), median(of_tool));
    let lsinitramfs = median(of_lsinitramfs);
    let fits = tool <= MOST_OF_TOOL && lsinitramfs < MOST_OF_LSINITRAMFS && peak < MOST_MEMORY;
    writeln!(
        out,
        "  {name:8} {:4.0} ms, {tool:.2} of {program}, {lsinitramfs:.2} of lsinitramfs, peak {} MiB{}",
        took * 1000.0,
        peak / 1024,
        if fits { "" } else { "  TOO MUCH" }
    )?;
    Ok(fits)
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
