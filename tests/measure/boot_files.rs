//! Lists an initrd, or describes a kernel image or an ELF file.
//!
//! `boot_files initrd FILE [list]`: segments, generator, problems and time, or the
//! paths as `lsinitramfs` prints them. `boot_files kernel FILE`, `boot_files elf FILE...`.

use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::process::ExitCode;
use std::time::Instant;

use comeback::parse::initrd::{self, Limits};
use comeback::parse::{elf, kernel_image};
use comeback::text::escape;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let what = args.next().and_then(|what| what.into_string().ok());
    let files: Vec<_> = args.collect();
    let result = match (what.as_deref(), files.as_slice()) {
        (Some("initrd"), [file]) => describe_initrd(file),
        (Some("initrd"), [file, list]) if list == "list" => list_initrd(file),
        (Some("kernel"), [file]) => kernel(file),
        (Some("elf"), [_, ..]) => files.iter().try_for_each(|file| describe_elf(file)),
        _ => Err(std::io::Error::other(
            "usage: boot_files initrd|kernel|elf FILE",
        )),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done where this fails too.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn open(path: &std::ffi::OsStr) -> std::io::Result<initrd::Initrd> {
    let mut file = std::fs::File::open(path)?;
    let keep = initrd::boot_files;
    Ok(initrd::read(
        &mut file,
        &Limits::STANDARD,
        &keep,
        &mut || false,
    ))
}

fn list_initrd(path: &std::ffi::OsStr) -> std::io::Result<()> {
    let initrd = open(path)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (path, _) in initrd.rootfs.iter() {
        out.write_all(path)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn describe_initrd(path: &std::ffi::OsStr) -> std::io::Result<()> {
    let start = Instant::now();
    let initrd = open(path)?;
    let took = start.elapsed();
    let mut out = std::io::stdout().lock();
    for segment in &initrd.segments {
        writeln!(
            out,
            "{:>10} {:>10} -> {:>10}  {}, {} entries, trailer: {}",
            segment.offset,
            segment.len,
            segment.unpacked,
            segment.packing,
            segment.entries,
            segment.has_trailer
        )?;
    }
    for problem in &initrd.problems {
        writeln!(out, "problem: {problem}")?;
    }
    let releases = initrd.module_releases();
    let releases: Vec<_> = releases.iter().map(|release| escape(release)).collect();
    writeln!(
        out,
        "{} paths, {}, modules for {releases:?}, microcode only: {}, /init: {}",
        initrd.rootfs.len(),
        initrd.generator,
        initrd.is_microcode_only(),
        match initrd.init() {
            initrd::Lookup::Found { path, entry } =>
                format!("{}, executable: {}", escape(&path), entry.is_executable()),
            other => format!("{other:?}"),
        }
    )?;
    for (path, entry) in initrd.rootfs.iter() {
        if let Some(content) = &entry.content {
            let len = content.bytes.len();
            writeln!(out, "kept: {} {len} of {}", escape(path), entry.size)?;
        }
    }
    writeln!(out, "{} ms", took.as_millis())
}

fn kernel(path: &std::ffi::OsStr) -> std::io::Result<()> {
    let file = std::fs::File::open(path)?;
    let len = file.metadata()?.len();
    let mut bytes_read = 0;
    let mut at = |offset: u64, len: usize| {
        let mut bytes = vec![0; len];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let at = offset + u64::try_from(filled).ok()?;
            match file.read_at(rest, at).ok()? {
                0 => break,
                more => filled += more,
            }
        }
        bytes_read += filled;
        bytes.truncate(filled);
        Some(bytes)
    };
    let start = Instant::now();
    let image = kernel_image::read(len, &mut at);
    let took = start.elapsed();
    let mut out = std::io::stdout().lock();
    let text = |bytes: &[u8]| escape(bytes);
    writeln!(out, "{:?}", image.format)?;
    if let kernel_image::Release::Known(release) = &image.release {
        writeln!(out, "release {}", text(release))?;
    }
    if let Some(version) = &image.version {
        writeln!(out, "version {}", text(version))?;
    }
    let signature = image.pe.as_ref().and_then(|pe| pe.certificates);
    writeln!(out, "{:?}, signature {signature:?}", image.architecture)?;
    for problem in &image.problems {
        writeln!(out, "problem: {problem}")?;
    }
    writeln!(
        out,
        "{bytes_read} of {len} bytes read, {} us",
        took.as_micros()
    )
}

fn describe_elf(path: &std::ffi::OsStr) -> std::io::Result<()> {
    let bytes = std::fs::read(path)?;
    let mut out = std::io::stdout().lock();
    let name = path.display();
    let elf = match elf::read(&bytes) {
        Ok(elf) => elf,
        Err(problem) => return writeln!(out, "{name} error: {problem}"),
    };
    let fields = [
        ("interpreter", &elf.interpreter),
        ("soname", &elf.soname),
        ("rpath", &elf.rpath),
        ("runpath", &elf.runpath),
    ];
    for (field, value) in fields {
        if let Some(value) = value {
            writeln!(out, "{name} {field} {}", escape(value))?;
        }
    }
    for library in &elf.needed {
        writeln!(out, "{name} needed {}", escape(library))?;
    }
    for need in &elf.version_needs {
        let (library, version) = (escape(&need.library), escape(&need.version));
        writeln!(out, "{name} version {library} {version}")?;
    }
    for version in &elf.version_definitions {
        writeln!(out, "{name} defines {}", escape(version))?;
    }
    if let Some([version, patch, sub]) = elf.minimum_kernel {
        writeln!(out, "{name} kernel {version}.{patch}.{sub}")?;
    }
    for problem in &elf.problems {
        writeln!(out, "{name} problem {problem}")?;
    }
    Ok(())
}
