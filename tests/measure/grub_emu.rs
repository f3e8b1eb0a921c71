//! Measures the GRUB reader against the real programs: the default of crafted menus
//! against `grub-emu`, and for every file of the folders given as arguments (cut after
//! each line) whether `grub-script-check` accepts it. Debian has both programs in
//! `grub-emu` and `grub-common`. Not a test.
//!
//! Debian's 2.06-13+deb12u2 chose the same entry for 70 of 70 scripts, 11 of 11
//! environment blocks, and fell back alike for 9 of 9 values of `fallback`. Cut after each
//! line, 13 real configurations of Debian 11 to 13 were
//! accepted or rejected alike in 1873 of 1977 cases; the other 104 are the eight cuts of
//! each that hold comments alone, which grub-script-check rejects as "no commands" although
//! GRUB reads them.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use comeback::boot::grub::{Dialect, GrubFacts, Platform, grub};
use comeback::boot::{BootFiles, NextBoot, RootSpec};
use comeback::fact::{Fact, Looked};
use comeback::parse::grub::{GrubEnv, parse};
use comeback::text::File;

const MENU: &str = include_str!("../../src/boot/grub/tests/menu.cfg");

/// Values of `default`, as written in the script.
const DEFAULTS: [&str; 48] = [
    "0",
    "1",
    "2",
    "9",
    "10",
    "11",
    "12",
    "99",
    "-1",
    "''",
    "one",
    "id-one",
    "One",
    "'6.1 LTS'",
    "010",
    "0x9",
    "0xb",
    "0x1f",
    "08",
    "09",
    "007",
    "' 1'",
    "'1 2'",
    "1abc",
    "0x",
    "0xg",
    "x1",
    "4294967297",
    "4294967295",
    "99999999999999999999999",
    "'no such'",
    "'10>1'",
    "'sub>1'",
    "'sub>child 1'",
    "'sub>id-c1'",
    "'id-sub>id-c1'",
    "'sub>nope'",
    "'sub>7'",
    "'sub>'",
    "'nope>1'",
    "id-c1",
    "'sub>inner>1'",
    "'10>2>1'",
    "'10>2'",
    "'a>>b'",
    "'a>b'",
    "'1>0'",
    "'>'",
];

/// Scripts that decide the default in other ways.
const SCRIPTS: [&str; 22] = [
    "set default=1\nexport default\nmenuentry a { halt }\nsubmenu s {\nmenuentry x { halt }\nmenuentry y { halt }\n}\n",
    "set default=1\nmenuentry a { halt }\nsubmenu s {\nmenuentry x { halt }\nmenuentry y { halt }\n}\n",
    "a=1\nif [ \"$a\" = 1 ]; then set default=2; else set default=1; fi\n",
    "if [ x$none = x ]; then set default=3; fi\n",
    "if test -z \"$none\" -a ! -n \"$none\"; then default=4; fi\n",
    "function pick { set default=$1; }\npick 5 6\n",
    "function pick {\n  set default=$2\n}\npick 5 6\n",
    "for i in 1 2 3; do set default=$i; done\n",
    "for i in 1 2 3; do if [ $i = 2 ]; then break; fi; set default=$i; done\n",
    "i=0\nwhile [ $i != xxx ]; do i=x$i; if [ $i = xxx0 ]; then i=xxx; fi; done\nset default=7\n",
    "set default=1\nunset default\n",
    "set default=1 2\n",
    "set x='1 2'\nset default=$x\n",
    "set x='1 2'\nset default=\"$x\"\n",
    "set default=one two\nset default\n",
    "set x=6\nset default=$x$y\n",
    "set default=\"$x\"6\n",
    "if nosuchcommand; then set default=3; else set default=4; fi\n",
    "if ! false; then set default=3; fi\n",
    "if [ 1 -lt 2 -o 2 -lt 1 ]; then set default=8; fi\n",
    "set a=x}y; set default=1\n",
    "set default=\"one\n",
];

/// What `00_header` of Debian writes, as far as it chooses; `save_env` is left out, as
/// the emulator cannot write into a file of the host.
const HEADER: &str = "if [ -s $prefix/grubenv ]; then load_env; fi\n\
    if [ \"${next_entry}\" ]; then set default=\"${next_entry}\"; set next_entry=; set boot_once=true\n\
    else set default=\"${saved_entry}\"; fi\n";

/// Variables of the environment block, with `HEADER`.
const ENVIRONMENTS: [&str; 11] = [
    "",
    "saved_entry=3\n",
    "saved_entry=id-one\n",
    "saved_entry=6.1 LTS\n",
    "saved_entry=id-sub>id-c1\n",
    "saved_entry=sub>inner>1\n",
    "saved_entry=no such\n",
    "saved_entry=99\n",
    "saved_entry=3\nnext_entry=5\n",
    "saved_entry=3\nnext_entry=\n",
    "next_entry=sub>child 1\nsaved_entry=one\n",
];

/// Values of `fallback`, where every entry fails.
const FALLBACKS: [&str; 9] = [
    "2", "'2 4'", "99", "'x 2'", "'2 x 3'", "010", "id-one", "' 3'", "'2,3'",
];

/// Only what is on this machine's `dir`.
struct Dir(PathBuf);

impl Dir {
    fn path(&self, path: &Path) -> PathBuf {
        self.0.join(path.strip_prefix("/").unwrap_or(path))
    }
}

impl BootFiles for Dir {
    fn file(&self, _: &RootSpec, path: &Path) -> Fact<Arc<File>> {
        match std::fs::read(self.path(path)) {
            Ok(bytes) => Fact::Known(File::new(path, bytes)),
            Err(_) => Fact::Absent(Looked::at(path)),
        }
    }
    fn exists(&self, _: &RootSpec, path: &Path) -> Fact<bool> {
        Fact::Known(self.path(path).exists())
    }
    fn list(&self, _: &RootSpec, path: &Path) -> Fact<Vec<OsString>> {
        match std::fs::read_dir(self.path(path)) {
            Ok(dir) => Fact::Known(dir.flatten().map(|entry| entry.file_name()).collect()),
            Err(_) => Fact::Absent(Looked::at(path)),
        }
    }
}

fn next_boot(text: &str, env: Option<&GrubEnv>, dir: &Path) -> NextBoot {
    let facts = GrubFacts {
        platform: Some(Platform::Efi),
        prefix: dir.to_path_buf(),
        dialect: Dialect::Upstream,
    };
    let main = File::new(dir.join("grub.cfg"), text);
    grub(&main, env, &Dir("/".into()), &facts)
}

fn ours(text: &str, env: Option<&GrubEnv>, dir: &Path) -> String {
    next_boot(text, env, dir)
        .entry
        .map_or_else(String::new, |entry| {
            let mut parts = entry.submenus;
            parts.push(entry.title);
            String::from_utf8_lossy(&parts.join(&b'/')).into_owned()
        })
}

fn real(text: &str, dir: &Path) -> std::io::Result<String> {
    std::fs::write(dir.join("grub.cfg"), text)?;
    let output = Command::new("timeout")
        .args(["10", "grub-emu", "-d"])
        .arg(dir)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let text = text.replace("Falling back to `", "Booting `");
    let booted = text.split("Booting `").skip(1);
    let titles: Vec<&str> = booted
        .filter_map(|rest| Some(rest.split_once('\'')?.0))
        .collect();
    Ok(titles.join("/"))
}

fn accepted(text: &[u8], dir: &Path) -> std::io::Result<bool> {
    let path = dir.join("check.cfg");
    std::fs::write(&path, text)?;
    let status = Command::new("grub-script-check")
        .arg(&path)
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    Ok(status.success())
}

fn main() -> std::io::Result<()> {
    let dir = std::env::temp_dir().join(format!("grub-emu-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let mut out = std::io::stdout().lock();
    let menu = MENU.replace("linux /boot/", "halt ");
    let (mut same, mut total) = (0, 0);
    let defaults = DEFAULTS
        .iter()
        .map(|value| format!("set default={value}\n"));
    for script in defaults.chain(SCRIPTS.iter().map(|s| (*s).to_owned())) {
        let own = script.contains("menuentry");
        let entries = if own { "" } else { menu.as_str() };
        let text = format!("set timeout=0\n{script}{entries}");
        let (want, got) = (real(&text, &dir)?, ours(&text, None, &dir));
        total += 1;
        if want == got {
            same += 1;
        } else {
            writeln!(out, "differs: {script:?}: GRUB {want:?}, here {got:?}")?;
        }
    }
    writeln!(out, "defaults: {same} of {total} as grub-emu")?;
    let (mut same, mut total) = (0, 0);
    for variables in ENVIRONMENTS {
        let mut block = format!("# GRUB Environment Block\n{variables}");
        block.push_str(&"#".repeat(1024_usize.saturating_sub(block.len())));
        std::fs::write(dir.join("grubenv"), &block)?;
        let env = GrubEnv::parse(&File::new(dir.join("grubenv"), block.as_str()));
        let text = format!("set timeout=0\n{HEADER}{menu}");
        let (want, got) = (real(&text, &dir)?, ours(&text, Some(&env), &dir));
        total += 1;
        if want == got {
            same += 1;
        } else {
            writeln!(out, "differs: {variables:?}: GRUB {want:?}, here {got:?}")?;
        }
    }
    std::fs::remove_file(dir.join("grubenv"))?;
    writeln!(out, "environment blocks: {same} of {total} as grub-emu")?;
    let failing = MENU.replace("linux /boot/", "false ");
    let (mut same, mut total) = (0, 0);
    for value in FALLBACKS {
        let text = format!("set timeout=0\nset fallback={value}\n{failing}");
        let next = next_boot(&text, None, &dir);
        let top: Vec<_> = next
            .entries
            .iter()
            .filter(|e| e.submenus.is_empty())
            .collect();
        let tried = next.fallback.iter().filter_map(|at| top.get(*at));
        let titles = next.entry.iter().chain(tried.copied()).map(|e| &*e.title);
        let titles: Vec<_> = titles.map(String::from_utf8_lossy).collect();
        let (want, got) = (real(&text, &dir)?, titles.join("/"));
        total += 1;
        if want == got {
            same += 1;
        } else {
            writeln!(
                out,
                "differs: fallback {value}: GRUB {want:?}, here {got:?}"
            )?;
        }
    }
    writeln!(out, "fallbacks: {same} of {total} as grub-emu")?;
    let (mut same, mut total, mut rejected) = (0, 0, 0);
    for folder in std::env::args_os().skip(1) {
        for entry in std::fs::read_dir(folder)?.flatten() {
            let bytes = std::fs::read(entry.path())?;
            let ends = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n');
            let mut cuts: Vec<usize> = ends.map(|(at, _)| at + 1).collect();
            cuts.push(bytes.len());
            for cut in cuts {
                let part = bytes.get(..cut).unwrap_or(&[]);
                let want = accepted(part, &dir)?;
                let got = parse(&File::new("/grub.cfg", part)).problems.is_empty();
                total += 1;
                rejected += usize::from(!want);
                if want == got {
                    same += 1;
                } else {
                    let name = entry.path();
                    writeln!(out, "syntax differs: {}: {cut}: {want}", name.display())?;
                }
            }
        }
    }
    writeln!(
        out,
        "syntax: {same} of {total} as grub-script-check, {rejected} of them rejected"
    )?;
    std::fs::remove_dir_all(&dir)
}
