//! Trees on disk and runs of the program.

use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_comeback");

/// The moment every run speaks of: a Monday.
pub const NOW: &str = "2026-08-24T20:00:00Z";

/// No run may take longer; the slowest takes a few seconds in a debug build.
const PATIENCE: Duration = Duration::from_mins(2);

/// What one run came to.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Run {
    /// The run, after checking that it ended with `code`.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// The run, after checking that its standard output says `text`.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let joined = unwrapped(&self.stdout);
        assert!(
            joined.contains(text),
            "\"{text}\" not in\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// The run, after checking that its standard output does not say `text`.
    #[track_caller]
    pub fn never_says(self, text: &str) -> Self {
        let joined = unwrapped(&self.stdout);
        assert!(!joined.contains(text), "\"{text}\" in\n{}", self.stdout);
        self
    }

    /// The run, after checking that its standard error says `text`.
    #[track_caller]
    pub fn complains(self, text: &str) -> Self {
        let joined = unwrapped(&self.stderr);
        assert!(joined.contains(text), "\"{text}\" not in\n{}", self.stderr);
        self
    }

    /// The document on standard output.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).expect("one JSON document")
    }

    /// The last line that is not empty.
    #[track_caller]
    pub fn verdict(&self) -> &str {
        let mut words = self.stdout.lines().rev();
        words
            .find_map(|line| line.split("   ").next().filter(|w| is_verdict(w)))
            .expect("a verdict")
    }
}

fn is_verdict(word: &str) -> bool {
    ["CLEAR", "BLOCKED", "UNDECIDED", "BUSY", "NOTHING"].contains(&word)
}

/// Text with its line breaks and indents undone.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A run to be made: arguments, environment, directory.
pub struct Call {
    command: Command,
}

impl Call {
    /// The program with `args`, nothing in its environment but a zone and a path.
    pub fn new<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Self {
        Self::of(PROGRAM, args)
    }

    /// Another program, in the same environment.
    pub fn of<A: AsRef<OsStr>>(
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        let mut command = Command::new(program);
        command
            .args(args)
            .env_clear()
            .env("TZ", "UTC")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .current_dir("/")
            .stdin(Stdio::null());
        Self { command }
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn within(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Runs it; a run that does not end in time is a failure of the test.
    #[track_caller]
    pub fn run(mut self) -> Run {
        let start = Instant::now();
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdout = child.stdout.take().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let out = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stdout.read_to_end(&mut bytes).unwrap();
            bytes
        });
        let err = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stderr.read_to_end(&mut bytes).unwrap();
            bytes
        });
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > PATIENCE {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("hangs: {:?}", self.command);
            }
            std::thread::sleep(Duration::from_millis(3));
        };
        let took = start.elapsed();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        Run {
            code: status.code().expect("not ended by a signal"),
            stdout: text(out.join().unwrap()),
            stderr: text(err.join().unwrap()),
            took,
        }
    }
}

/// `comeback ARGS`.
#[track_caller]
pub fn comeback<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Run {
    Call::new(args).run()
}

/// A tree on disk, gone at the end of the test.
pub struct Root {
    dir: tempfile::TempDir,
}

/// A static program for x86-64 that the kernel would take.
pub const ELF: &[u8] = &program(b"");

/// The same, which names sysvinit's table as sysvinit does.
pub const SYSVINIT: &[u8] = &program(b"/etc/inittab");

/// An ELF header, one segment to load, and a text behind them.
const fn program(text: &[u8]) -> [u8; 136] {
    let head: [(usize, &[u8]); 9] = [
        (0, b"\x7fELF\x02\x01\x01"),
        (16, &[2, 0, 62, 0, 1]),
        // The table of segments: where, how long an entry is, how many there are.
        (32, &[64]),
        (52, &[64, 0, 56, 0, 1]),
        (64, &[1, 0, 0, 0, 5]),
        (96, &[136]),
        (104, &[136]),
        (113, &[16]),
        (120, text),
    ];
    let mut bytes = [0; 136];
    let mut piece = 0;
    while piece < head.len() {
        let (at, from) = head[piece];
        let mut index = 0;
        while index < from.len() {
            bytes[at + index] = from[index];
            index += 1;
        }
        piece += 1;
    }
    bytes
}

impl Root {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("box-").tempdir().unwrap();
        // mkdtemp makes it private; a root is not.
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
        Self { dir }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.path().join(path)
    }

    fn parent(&self, path: &Path) -> PathBuf {
        let full = self.at(path);
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        full
    }

    pub fn file(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> &Self {
        self.file_mode(path, content, 0o644)
    }

    pub fn file_mode(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>, mode: u32) -> &Self {
        let full = self.parent(path.as_ref());
        std::fs::write(&full, content).unwrap();
        self.mode(path, mode)
    }

    pub fn mode(&self, path: impl AsRef<Path>, mode: u32) -> &Self {
        std::fs::set_permissions(self.at(path), PermissionsExt::from_mode(mode)).unwrap();
        self
    }

    pub fn link(&self, path: impl AsRef<Path>, target: impl AsRef<Path>) -> &Self {
        symlink(target, self.parent(path.as_ref())).unwrap();
        self
    }

    pub fn dir(&self, path: impl AsRef<Path>) -> &Self {
        std::fs::create_dir_all(self.at(path)).unwrap();
        self
    }

    pub fn fifo(&self, path: impl AsRef<Path>) -> &Self {
        let full = self.parent(path.as_ref());
        let made = Command::new("mkfifo").arg(&full).status();
        assert!(made.unwrap().success());
        self
    }

    pub fn remove(&self, path: impl AsRef<Path>) -> &Self {
        let full = self.at(path);
        let meta = std::fs::symlink_metadata(&full).unwrap();
        if meta.is_dir() {
            std::fs::remove_dir_all(&full).unwrap();
        } else {
            std::fs::remove_file(&full).unwrap();
        }
        self
    }

    /// `comeback check ROOT --now NOW MORE`.
    #[track_caller]
    pub fn check(&self, more: &[&str]) -> Run {
        self.call("check", more).run()
    }

    /// `comeback COMMAND ROOT --now NOW MORE`, not yet run.
    pub fn call(&self, command: &str, more: &[&str]) -> Call {
        let mut args: Vec<&OsStr> = vec![command.as_ref(), self.path().as_os_str()];
        args.extend(["--now", NOW].map(OsStr::new));
        args.extend(more.iter().map(OsStr::new));
        Call::new(args)
    }
}

/// The files of a small healthy Debian root: path, content, whether executable.
pub const HEALTHY: [(&str, &[u8], bool); 21] = [
    (
        "etc/os-release",
        b"ID=debian\nVERSION_ID=\"12\"\nNAME=\"Debian GNU/Linux\"\n\
          PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n",
        false,
    ),
    ("etc/hostname", b"gw1\n", false),
    (
        "etc/passwd",
        b"root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/usr/sbin/nologin\n",
        false,
    ),
    ("etc/fstab", b"/dev/sda1 / ext4 defaults 0 1\n", false),
    ("etc/timezone", b"Etc/UTC\n", false),
    (
        "etc/crontab",
        b"SHELL=/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n\
          17 * * * * root cd / && run-parts --report /etc/cron.hourly\n",
        false,
    ),
    ("usr/bin/run-parts", ELF, true),
    (
        "etc/cron.d/backup",
        b"5 4 * * * root /usr/bin/backup\n",
        false,
    ),
    (
        "etc/keepalived/keepalived.conf",
        b"global_defs {\n  enable_script_security\n  script_user root\n}\n\
          vrrp_instance gw1 {\n  state BACKUP\n  interface eth0\n  virtual_router_id 51\n  \
          priority 100\n  virtual_ipaddress {\n    192.0.2.1/24\n  }\n  \
          notify /etc/keepalived/notify.sh\n}\n",
        false,
    ),
    (
        "etc/keepalived/notify.sh",
        b"#!/bin/sh\ncase \"$2\" in\ngw1) ip route replace default via 192.0.2.254 ;;\nesac\n",
        true,
    ),
    ("usr/sbin/init", SYSVINIT, true),
    ("usr/sbin/getty", ELF, true),
    (
        "etc/inittab",
        b"id:2:initdefault:\nsi::sysinit:/etc/init.d/rcS\nl2:2:wait:/etc/init.d/rc 2\n\
          1:2345:respawn:/sbin/getty 38400 tty1\n",
        false,
    ),
    ("etc/init.d/rc", b"#!/bin/sh\n", true),
    ("etc/init.d/rcS", b"#!/bin/sh\n", true),
    ("etc/init.d/cron", b"#!/bin/sh\n/usr/sbin/cron\n", true),
    ("usr/bin/dash", ELF, true),
    ("usr/bin/backup", ELF, true),
    ("usr/sbin/ip", ELF, true),
    ("usr/sbin/cron", ELF, true),
    (
        "var/lib/dpkg/status",
        b"Package: sysvinit-core\nStatus: install ok installed\nArchitecture: amd64\n\
          Version: 3.06-4\n\n\
          Package: cron\nStatus: install ok installed\nArchitecture: amd64\n\
          Version: 3.0pl1-162\n\n\
          Package: keepalived\nStatus: install ok installed\nArchitecture: amd64\n\
          Version: 1:2.2.7-1+b2\n\n",
        false,
    ),
];

/// The links of it.
pub const HEALTHY_LINKS: [(&str, &str); 5] = [
    ("etc/rc2.d/S01cron", "../init.d/cron"),
    ("bin", "usr/bin"),
    ("sbin", "usr/sbin"),
    ("lib", "usr/lib"),
    ("usr/bin/sh", "dash"),
];

/// A small root that comes back.
pub fn healthy() -> Root {
    let root = Root::new();
    for (path, content, executable) in HEALTHY {
        root.file_mode(path, content, if executable { 0o755 } else { 0o644 });
    }
    for (path, target) in HEALTHY_LINKS {
        root.link(path, target);
    }
    root.dir("usr/lib");
    for dir in ["dev", "proc", "run", "sys"] {
        root.dir(dir);
    }
    root
}

/// The same without an init.
pub fn blocked() -> Root {
    let root = healthy();
    root.remove("usr/sbin/init");
    root
}

/// The same with a question that stays open: a FIFO where keepalived.conf should be.
pub fn undecided() -> Root {
    let root = healthy();
    let config = "etc/keepalived/keepalived.conf";
    root.remove(config).fifo(config);
    root
}

/// Whether the test runs as root, for what only root can set up.
pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout == b"0\n")
}

/// Whether a program is there to be used.
pub fn has(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$1\" >/dev/null", "sh", program])
        .status();
    found.is_ok_and(|status| status.success())
}

/// Says why a test shows nothing here.
pub fn skip(why: &str) {
    eprintln!("skipped: {why}");
}
