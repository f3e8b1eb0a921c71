//! Trees in memory from manifests: a base, what it is written on, and a difference.

use std::ffi::OsString;
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use comeback::source::{FileKind, Meta};
use serde_json::Value;

use crate::sparse::{Node, Sparse};
use crate::truth::lab;

/// The name of the format, in the first line.
const NAME: &str = "comeback.bootlab/1";

/// A tree and the disks of its machine.
#[derive(Clone)]
pub(crate) struct Machine {
    /// The tree.
    pub tree: Sparse,
    /// What `blkid -o export` prints there.
    pub devices: String,
    /// Lines that were laid, which number the inodes.
    lines: u64,
}

/// Base and mutation of every manifest of a difference, sorted.
pub(crate) fn deltas() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let walk = walkdir::WalkDir::new(lab("manifests")).min_depth(2);
    for entry in walk.into_iter().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let name = name.strip_suffix(".xz").unwrap_or(&name);
        let mutation = name.strip_suffix(".jsonl").expect("a manifest");
        let folder = entry.path().parent().and_then(|dir| dir.file_name());
        let base = folder.unwrap().to_string_lossy().into_owned();
        found.push((base, mutation.to_owned()));
    }
    found.sort();
    found
}

/// The machine of a base, nothing changed.
pub(crate) fn base(name: &str) -> Machine {
    let lines = read(&format!("{name}.jsonl.xz"));
    let (head, lines) = lines.split_first().expect("a header");
    let mut machine = match head.get("on").and_then(Value::as_str) {
        Some(under) => base(under),
        None => Machine {
            tree: Sparse::default(),
            devices: String::new(),
            lines: 0,
        },
    };
    machine.lay(head, lines);
    machine
}

/// The machine of a base with a mutation laid over it.
pub(crate) fn mutated(base: &Machine, name: &str, mutation: &str) -> Machine {
    let mut machine = base.clone();
    let plain = format!("{name}/{mutation}.jsonl");
    let lines = if lab("manifests").join(&plain).exists() {
        read(&plain)
    } else {
        read(&format!("{plain}.xz"))
    };
    let (head, lines) = lines.split_first().expect("a header");
    machine.lay(head, lines);
    machine
}

fn read(path: &str) -> Vec<Value> {
    let file = lab("manifests").join(path);
    let mut bytes = std::fs::read(&file).unwrap();
    if file.extension().is_some_and(|extension| extension == "xz") {
        let packed = std::mem::take(&mut bytes);
        let mut decoder = liblzma::read::XzDecoder::new(packed.as_slice());
        decoder.read_to_end(&mut bytes).unwrap();
    }
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).expect(path))
        .collect()
}

impl Machine {
    fn lay(&mut self, head: &Value, lines: &[Value]) {
        assert_eq!(head["manifest"], NAME);
        if let Some(devices) = head.get("devices").and_then(Value::as_str) {
            devices.clone_into(&mut self.devices);
        }
        for line in lines {
            self.line(line);
        }
    }

    fn line(&mut self, line: &Value) {
        let path = bytes(&line["p"]);
        if line.get("gone").is_some() {
            self.tree.remove(&path);
            return;
        }
        let (kind, usual) = match line["t"].as_str().expect("a kind") {
            "f" => (FileKind::File, 0o644),
            "d" => (FileKind::Dir, 0o755),
            "l" => (FileKind::Link, 0o777),
            "c" => (FileKind::CharDevice, 0o600),
            "b" => (FileKind::BlockDevice, 0o600),
            "p" => (FileKind::Fifo, 0o644),
            _ => (FileKind::Socket, 0o755),
        };
        let mode = line.get("m").and_then(Value::as_str);
        let mode = mode.map_or(usual, |text| u32::from_str_radix(text, 8).unwrap());
        let before = self.tree.node(&path).cloned();
        let was_folder = before
            .as_ref()
            .is_some_and(|node| node.meta.kind == FileKind::Dir);
        if was_folder && kind != FileKind::Dir {
            self.tree.remove(&path);
        }
        let number = |key: &str| line.get(key).and_then(Value::as_i64).unwrap_or(0);
        let mut node = Node {
            meta: Meta {
                kind,
                len: u64::try_from(number("n")).unwrap(),
                mode,
                uid: u32::try_from(number("u")).unwrap(),
                gid: u32::try_from(number("g")).unwrap(),
                nlink: 1,
                mtime: number("mt"),
                dev: 1,
                ino: 0,
            },
            target: PathBuf::new(),
            pieces: Vec::new(),
        };
        if let Some(target) = line.get("l") {
            node.target = PathBuf::from(OsString::from_vec(bytes(target)));
        }
        if line.get("same").is_some() {
            node.pieces
                .clone_from(&before.expect("the file of the base").pieces);
        }
        for range in line
            .get("x")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let at = usize::try_from(range[0].as_u64().unwrap()).unwrap();
            node.pieces.push((at, bytes(&range[1])));
        }
        self.lines += 1;
        node.meta.ino = self.lines;
        self.tree.insert(&path, node);
    }
}

/// Text, or bytes in base 64.
fn bytes(value: &Value) -> Vec<u8> {
    match value.as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => decoded(value["b64"].as_str().expect("base 64")),
    }
}

fn decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    out
}
