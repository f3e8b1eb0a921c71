//! Measures the readers of fstab and crypttab against the real ones, on random lines:
//! getmntent(3) and libmount through Python's ctypes, crypttab through systemd's
//! generator and dash's `read`. Not a test.
//!
//! `mount_tables [ROUNDS [SEED]]` prints what disagrees and how much was compared.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measuring program for the terminal"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use comeback::parse::{crypttab, fstab};
use comeback::text::File;

/// Lines of one random file.
const LINES: usize = 60;

const GETMNTENT: &str = r#"
import ctypes, sys
c = ctypes.CDLL(None)
class M(ctypes.Structure):
    _fields_ = [(n, ctypes.c_char_p) for n in ("s", "d", "t", "o")] + [("f", ctypes.c_int), ("p", ctypes.c_int)]
c.setmntent.restype = ctypes.c_void_p
c.getmntent.restype = ctypes.POINTER(M)
c.getmntent.argtypes = [ctypes.c_void_p]
f = c.setmntent(sys.argv[1].encode(), b"r")
while True:
    m = c.getmntent(f)
    if not m: break
    m = m.contents
    print(*[x.hex() for x in (m.s, m.d, m.t, m.o)], m.f, m.p, sep="|")
"#;

const LIBMOUNT: &str = r#"
import ctypes, sys
c = ctypes.CDLL("libmount.so.1")
p = ctypes.c_void_p
c.mnt_new_table.restype = p
c.mnt_new_iter.restype = p
t, i, fs = p(c.mnt_new_table()), p(c.mnt_new_iter(0)), p()
c.mnt_table_parse_fstab(t, sys.argv[1].encode())
def text(name):
    f = getattr(c, "mnt_fs_get_" + name)
    f.restype = ctypes.c_char_p
    return (f(fs) or b"").hex()
while c.mnt_table_next_fs(t, i, ctypes.byref(fs)) == 0:
    words = [text(n) for n in ("source", "target", "fstype", "options")]
    print(*words, c.mnt_fs_get_freq(fs), c.mnt_fs_get_passno(fs), sep="|")
"#;

/// The loop of Debian's `crypttab_foreach_entry`, without its decoding.
const READ: &str = r#"
hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }
while IFS=" 	" read -r a b c d <&9; do
  if [ "${a#\#}" != "$a" ] || [ -z "$a" ]; then continue; fi
  if [ -z "$b" ] || [ -z "$c" ]; then continue; fi
  echo "$(hex "$a")|$(hex "$b")|$(hex "$c")|$(hex "$d")"
done 9<"$1"
"#;

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % n
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

fn main() {
    let mut words = std::env::args().skip(1);
    let mut number = |default| {
        words
            .next()
            .map_or(default, |w| w.parse().unwrap_or(default))
    };
    let rounds = number(50);
    let mut random = Random(number(1));
    let dir = std::env::temp_dir().join(format!("mount_tables.{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder");
    let mut total = [0_usize; 4];
    let mut wrong = 0;
    for round in 0..rounds {
        let text = fstab_text(&mut random);
        let path = dir.join("fstab");
        std::fs::write(&path, &text).expect("a file");
        let file = File::new("/etc/fstab", text.clone());
        let pairs = [
            (
                "getmntent",
                ours(&file, fstab::Reader::Getmntent),
                getmntent(&path),
            ),
            (
                "libmount",
                ours(&file, fstab::Reader::Libmount),
                libmount(&path),
            ),
        ];
        for (at, (name, ours, theirs)) in pairs.into_iter().enumerate() {
            total[at] += theirs.len();
            wrong += compare(name, round, &ours, &theirs);
        }
        let text = crypttab_text(&mut random);
        let path = dir.join("crypttab");
        std::fs::write(&path, &text).expect("a file");
        let file = File::new("/etc/crypttab", text.clone());
        let theirs = generator(&path, &dir.join("units"));
        let run = dir.join("units/run");
        let mut ours = crypt_systemd(&file, &run.to_string_lossy());
        ours.sort();
        total[2] += theirs.len();
        wrong += compare("generator", round, &ours, &theirs);
        let theirs = lines_of(Command::new("dash").args(["-c", READ, "read"]).arg(&path));
        let ours = crypt_scripts(&file);
        total[3] += theirs.len();
        wrong += compare("read", round, &ours, &theirs);
    }
    let _ = std::fs::remove_dir_all(&dir);
    println!(
        "entries compared: getmntent {}, libmount {}, systemd's generator {}, dash {}; {wrong} files disagree",
        total[0], total[1], total[2], total[3]
    );
}

fn compare(name: &str, round: u64, ours: &[String], theirs: &[String]) -> usize {
    if ours == theirs {
        return 0;
    }
    let at = ours.iter().zip(theirs).position(|(a, b)| a != b);
    let at = at.unwrap_or(ours.len().min(theirs.len()));
    println!(
        "{name}, round {round}, entry {at}:\n  ours   {:?}\n  theirs {:?}",
        ours.get(at),
        theirs.get(at)
    );
    1
}

fn lines_of(command: &mut Command) -> Vec<String> {
    let output = command.output().expect("the oracle starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(str::to_owned).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn ours(file: &Arc<File>, reader: fstab::Reader) -> Vec<String> {
    let entries = fstab::entries(file, reader);
    let line = |e: &fstab::Entry| {
        let words = [&e.source, &e.target, &e.kind, &e.option_text];
        let words = words.map(|w| hex(w));
        format!("{}|{}|{}", words.join("|"), e.freq, e.passno)
    };
    entries.iter().map(line).collect()
}

fn getmntent(path: &Path) -> Vec<String> {
    lines_of(Command::new("python3").args(["-c", GETMNTENT]).arg(path))
}

fn libmount(path: &Path) -> Vec<String> {
    lines_of(Command::new("python3").args(["-c", LIBMOUNT]).arg(path))
}

fn fstab_text(random: &mut Random) -> Vec<u8> {
    const FIELDS: &[&str] = &[
        "UUID=12",
        "/dev/sda1",
        "/",
        "/data",
        "none",
        "swap",
        "ext4",
        "auto",
        "defaults",
        "ro",
        "nofail",
        "a\\040b",
        "a\\134b",
        "a\\\\b",
        "a\\101b",
        "a\\04",
        "\\",
        "\\x41",
        "0",
        "1",
        "2",
        "-1",
        "+2",
        "1x",
        "x1",
        "99999999999",
        "99999999999999999999",
        "#",
        "#x",
        "a#b",
        "\"a b\"",
        "context=\"a,b\"",
        "\u{e9}",
        "/a\\011b",
        "\\134040",
        "0x10",
        "07",
    ];
    const BLANKS: &[&str] = &[" ", " ", " ", "\t", "  ", " \t ", "\u{b}", "\r"];
    const ENDS: &[&str] = &[
        "\n", "\n", "\n", "\n", " \n", "\t\n", "\r\n", " \r\n", "\n\n", " \u{c}\n",
    ];
    let mut text = String::new();
    for _ in 0..LINES {
        if random.below(6) == 0 {
            text.push_str(random.pick(BLANKS));
        }
        for _ in 0..=random.below(7) {
            text.push_str(random.pick(FIELDS));
            text.push_str(random.pick(BLANKS));
        }
        if random.below(3) > 0 {
            text.pop();
        }
        if random.below(60) == 0 {
            text.push_str(&"y".repeat(4000 + random.below(200)));
        }
        text.push_str(random.pick(ENDS));
    }
    if random.below(2) == 0 {
        text.pop();
    }
    text.into_bytes()
}

fn crypttab_text(random: &mut Random) -> Vec<u8> {
    const SOURCES: &[&str] = &[
        "UUID=12",
        "LABEL=x",
        "/dev/sda1",
        "/img",
        "PARTUUID=5",
        "a\\040b",
        "none",
        "#x",
    ];
    const KEYS: &[&str] = &[
        "none",
        "-",
        "/k",
        "/dev/urandom",
        "/k:UUID=7",
        "/k:/dev/sdb",
        "k",
        "#",
    ];
    const OPTIONS: &[&str] = &[
        "luks",
        "luks,discard",
        "swap",
        "tmp",
        "tmp=xfs",
        "luks,nofail",
        "luks,noauto",
        "_netdev",
        "luks,tries=2",
        "#c",
    ];
    const BLANKS: &[&str] = &[" ", " ", " ", " ", "\t", "  "];
    const ENDS: &[&str] = &["\n", "\n", "\n", "\n", " \n", "\r\n", "\n\n"];
    let mut text = String::new();
    for line in 0..LINES / 3 {
        if random.below(8) == 0 {
            text.push_str(random.pick(&[" ", "\t", "# ", "#"]));
        }
        let name = if random.below(40) == 0 { 0 } else { line };
        let _ = write!(text, "name{name}");
        for list in [SOURCES, KEYS, OPTIONS, OPTIONS]
            .iter()
            .take(random.below(5))
        {
            text.push_str(random.pick(BLANKS));
            text.push_str(random.pick(list));
        }
        text.push_str(random.pick(ENDS));
    }
    if random.below(2) == 0 {
        text.pop();
    }
    text.into_bytes()
}

/// What the generator starts: the arguments of each `ExecStart=`.
fn generator(path: &Path, dir: &Path) -> Vec<String> {
    let _ = std::fs::remove_dir_all(dir);
    std::fs::create_dir_all(dir).expect("a folder");
    let mut command =
        Command::new("/usr/lib/systemd/system-generators/systemd-cryptsetup-generator");
    command.args([dir, dir, dir]).env("SYSTEMD_CRYPTTAB", path);
    command.env("RUNTIME_DIRECTORY", dir.join("run"));
    let _ = lines_of(&mut command);
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a folder").flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap_or_else(|_| String::new());
        let start = text
            .lines()
            .find_map(|line| line.strip_prefix("ExecStart="));
        if let Some((_, words)) = start.and_then(|line| line.split_once(" attach ")) {
            lines.push(words.to_owned());
        }
    }
    lines.sort();
    lines
}

fn crypt_systemd(file: &Arc<File>, run: &str) -> Vec<String> {
    let entries = crypttab::entries(file, crypttab::Reader::Systemd);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let node = |source: &str| {
        let tags = ["UUID", "LABEL", "PARTUUID"];
        let tag = tags.iter().find_map(|tag| {
            let value = source.strip_prefix(tag)?.strip_prefix('=')?;
            Some(format!("/dev/disk/by-{}/{value}", tag.to_lowercase()))
        });
        tag.unwrap_or_else(|| source.to_owned())
    };
    let line = |e: &crypttab::Entry| {
        let key = match e.key(crypttab::Reader::Systemd) {
            crypttab::Key::OnDevice { file, .. } => {
                let file = text(&file);
                format!(
                    "{run}/keydev-{}/{}",
                    text(&e.name),
                    file.trim_start_matches('/')
                )
            }
            _ => text(&e.key_text),
        };
        let source = node(&text(&e.source));
        format!(
            "'{}' '{source}' '{key}' '{}'",
            text(&e.name),
            text(&e.option_text)
        )
    };
    entries.iter().map(line).collect()
}

/// Without decoding, as the fields stand in the file.
fn crypt_scripts(file: &Arc<File>) -> Vec<String> {
    let entries = crypttab::entries(file, crypttab::Reader::Debian);
    let line = |e: &crypttab::Entry| {
        let field = |at: usize| e.fields.get(at).map_or(String::new(), |p| hex(p.bytes()));
        [field(0), field(1), field(2), field(3)].join("|")
    };
    entries.iter().map(line).collect()
}
