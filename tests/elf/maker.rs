//! Makes small ELF files: little-endian, with program headers and a dynamic section
//! like a real one, and no code.

/// What to make.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Elf {
    /// 32 or 64 bits; 64.
    pub class: Option<u8>,
    /// `e_machine`: 62 x86-64, 3 i386, 183 arm64; 62.
    pub machine: Option<u16>,
    /// `e_type`: 2 an executable, 3 a shared object; 3.
    pub kind: Option<u16>,
    /// The loader's path.
    pub interpreter: Option<String>,
    /// Libraries asked for.
    pub needed: Vec<String>,
    /// The library's own name.
    pub soname: Option<String>,
    pub rpath: Option<String>,
    pub runpath: Option<String>,
    /// Not the default directories (`DF_1_NODEFLIB`).
    pub nodeflib: bool,
    /// `LIBRARY VERSION`, with ` weak` behind it where it is only wished for.
    pub needs: Vec<String>,
    /// Versions that it has.
    pub defines: Vec<String>,
    /// Bits of the x86 levels it needs.
    pub isa: Option<u32>,
    /// Text that lies in it, each piece ended by a zero.
    pub texts: Vec<String>,
    /// How many bytes are missing at the end.
    pub cut: usize,
}

/// Directories compiled into a loader of x86-64, as in Debian.
const DIRECTORIES: [&str; 4] = [
    "/lib/x86_64-linux-gnu/",
    "/usr/lib/x86_64-linux-gnu/",
    "/lib/",
    "/usr/lib/",
];

const LOAD: u32 = 1;
const DYNAMIC: u32 = 2;
const INTERPRETER: u32 = 3;
const NOTE: u32 = 4;

impl Elf {
    /// A dynamic program for x86-64 that asks for these libraries.
    #[allow(dead_code, reason = "not every crate that includes this makes one")]
    pub(crate) fn program(needed: &[&str]) -> Self {
        Self {
            interpreter: Some("/lib64/ld-linux-x86-64.so.2".into()),
            needed: needed.iter().map(|name| (*name).to_owned()).collect(),
            ..Self::default()
        }
    }

    /// A library.
    #[allow(dead_code, reason = "not every crate that includes this makes one")]
    pub(crate) fn library(soname: &str, needed: &[&str]) -> Self {
        Self {
            soname: Some(soname.to_owned()),
            needed: needed.iter().map(|name| (*name).to_owned()).collect(),
            ..Self::default()
        }
    }

    /// glibc's loader of a release.
    #[allow(dead_code, reason = "not every crate that includes this makes one")]
    pub(crate) fn loader(release: &str) -> Self {
        let mut texts: Vec<String> = DIRECTORIES.map(str::to_owned).to_vec();
        texts.push(String::new());
        texts.push("/etc/ld.so.cache".into());
        texts.push(format!("ld.so stable release version {release}.\n"));
        Self {
            soname: Some("ld-linux-x86-64.so.2".into()),
            texts,
            defines: vec!["GLIBC_2.2.5".into(), "GLIBC_PRIVATE".into()],
            ..Self::default()
        }
    }

    /// glibc's C library of a release.
    #[allow(dead_code, reason = "not every crate that includes this makes one")]
    pub(crate) fn libc(release: &str) -> Self {
        let banner = format!("GNU C Library stable release version {release}.\n");
        Self {
            soname: Some("libc.so.6".into()),
            interpreter: Some("/lib64/ld-linux-x86-64.so.2".into()),
            needed: vec!["ld-linux-x86-64.so.2".into()],
            needs: vec!["ld-linux-x86-64.so.2 GLIBC_PRIVATE".into()],
            defines: vec!["GLIBC_2.2.5".into(), format!("GLIBC_{release}")],
            texts: vec![banner],
            ..Self::default()
        }
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut file = File {
            wide: self.class != Some(32),
            bytes: Vec::new(),
        };
        let mut strings = Strings(vec![0]);
        let needed: Vec<u64> = self.needed.iter().map(|name| strings.add(name)).collect();
        let named = |strings: &mut Strings, text: &Option<String>| {
            text.as_ref().map(|text| strings.add(text))
        };
        let soname = named(&mut strings, &self.soname);
        let rpath = named(&mut strings, &self.rpath);
        let runpath = named(&mut strings, &self.runpath);
        let needs = self.version_needs(&mut strings);
        let defines = self.version_definitions(&mut strings);
        let interpreter = self.interpreter.as_ref();
        let interpreter = interpreter.map_or_else(Vec::new, |path| zero_ended(path));
        let notes = self.isa.map_or_else(Vec::new, note);
        let texts: Vec<u8> = self
            .texts
            .iter()
            .flat_map(|text| zero_ended(text))
            .collect();

        let (header_len, entry_len) = if file.wide { (64, 56) } else { (52, 32) };
        let segments = 2 + u64::from(!interpreter.is_empty()) + u64::from(!notes.is_empty());
        file.bytes
            .resize(size(header_len + segments * entry_len), 0);
        let interpreter_at = file.put(&interpreter);
        let strings_at = file.put(&strings.0);
        let needs_at = file.put(&needs);
        let defines_at = file.put(&defines);
        let notes_at = file.put(&notes);
        // A zero in front: the first text begins somewhere.
        file.put(&[0]);
        file.bytes.extend(&texts);
        // Symbols there are none, but a loader wants to know where they are.
        let nothing_at = file.put(&[0; 64]);

        let mut dynamic: Vec<(u64, u64)> = needed.iter().map(|at| (1, *at)).collect();
        let tags = [(14, soname), (15, rpath), (29, runpath)];
        let tags = tags
            .into_iter()
            .filter_map(|(tag, at)| at.map(|at| (tag, at)));
        dynamic.extend(tags);
        dynamic.extend([
            (5, strings_at),
            (10, length(&strings.0)),
            (4, nothing_at),
            (6, nothing_at),
            (11, if file.wide { 24 } else { 16 }),
        ]);
        if self.nodeflib {
            dynamic.push((0x6fff_fffb, 0x800));
        }
        if !needs.is_empty() {
            let count = number(self.needs.len());
            dynamic.extend([(0x6fff_fffe, needs_at), (0x6fff_ffff, count)]);
        }
        if !defines.is_empty() {
            let count = number(self.defines.len()) + 1;
            dynamic.extend([(0x6fff_fffc, defines_at), (0x6fff_fffd, count)]);
        }
        if !(needs.is_empty() && defines.is_empty()) {
            dynamic.push((0x6fff_fff0, nothing_at));
        }
        dynamic.push((0, 0));
        let words: Vec<u8> = dynamic
            .iter()
            .flat_map(|(tag, value)| [file.word(*tag), file.word(*value)].concat())
            .collect();
        let dynamic_at = file.put(&words);

        let end = length(&file.bytes);
        let mut table = file.segment(LOAD, 0, end, 4096);
        table.extend(file.segment(DYNAMIC, dynamic_at, length(&words), 8));
        if !interpreter.is_empty() {
            table.extend(file.segment(INTERPRETER, interpreter_at, length(&interpreter), 1));
        }
        if !notes.is_empty() {
            table.extend(file.segment(NOTE, notes_at, length(&notes), 8));
        }
        let mut header = self.header(&file, header_len, entry_len, segments);
        header.extend(table);
        for (to, from) in file.bytes.iter_mut().zip(header) {
            *to = from;
        }
        let keep = file.bytes.len().saturating_sub(self.cut);
        file.bytes.truncate(keep);
        file.bytes
    }

    fn header(&self, file: &File, header_len: u64, entry_len: u64, segments: u64) -> Vec<u8> {
        let class = if file.wide { 2 } else { 1 };
        [
            b"\x7fELF".to_vec(),
            vec![class, 1, 1],
            vec![0; 9],
            half(self.kind.unwrap_or(3).into()),
            half(self.machine.unwrap_or(62).into()),
            int(1),
            file.word(0),
            file.word(header_len),
            file.word(0),
            int(0),
            half(header_len),
            half(entry_len),
            half(segments),
            half(0),
            half(0),
            half(0),
        ]
        .concat()
    }

    fn version_needs(&self, strings: &mut Strings) -> Vec<u8> {
        let mut out = Vec::new();
        for (index, need) in self.needs.iter().enumerate() {
            let mut words = need.split(' ');
            let mut next = || words.next().unwrap_or("");
            let (library, version, weak) = (next(), next(), next());
            let last = index + 1 == self.needs.len();
            out.extend(half(1));
            out.extend(half(1));
            out.extend(int(strings.add(library)));
            out.extend(int(16));
            out.extend(int(if last { 0 } else { 32 }));
            out.extend(int(hash(version)));
            out.extend(half(if weak == "weak" { 2 } else { 0 }));
            out.extend(half(2 + number(index)));
            out.extend(int(strings.add(version)));
            out.extend(int(0));
        }
        out
    }

    fn version_definitions(&self, strings: &mut Strings) -> Vec<u8> {
        let mut out = Vec::new();
        let own = self.soname.as_deref().unwrap_or("self");
        let all: Vec<&str> = std::iter::once(own)
            .chain(self.defines.iter().map(String::as_str))
            .collect();
        if self.defines.is_empty() {
            return out;
        }
        for (index, version) in all.iter().enumerate() {
            let last = index + 1 == all.len();
            out.extend(half(1));
            out.extend(half(u64::from(index == 0)));
            out.extend(half(1 + number(index)));
            out.extend(half(1));
            out.extend(int(hash(version)));
            out.extend(int(20));
            out.extend(int(if last { 0 } else { 28 }));
            out.extend(int(strings.add(version)));
            out.extend(int(0));
        }
        out
    }
}

struct File {
    wide: bool,
    bytes: Vec<u8>,
}

impl File {
    fn word(&self, value: u64) -> Vec<u8> {
        let bytes = value.to_le_bytes();
        if self.wide {
            bytes.to_vec()
        } else {
            bytes[..4].to_vec()
        }
    }

    /// Puts bytes behind the rest: where they are.
    fn put(&mut self, bytes: &[u8]) -> u64 {
        let at = self.bytes.len().next_multiple_of(8);
        self.bytes.resize(at, 0);
        self.bytes.extend(bytes);
        number(at)
    }

    /// A program header; addresses are offsets.
    fn segment(&self, kind: u32, offset: u64, len: u64, align: u64) -> Vec<u8> {
        let word = |value| self.word(value);
        let (at, len, align) = (word(offset), word(len), word(align));
        let (kind, flags) = (int(kind.into()), int(7));
        let fields = if self.wide {
            [
                kind,
                flags,
                at.clone(),
                at.clone(),
                at,
                len.clone(),
                len,
                align,
            ]
        } else {
            [
                kind,
                at.clone(),
                at.clone(),
                at,
                len.clone(),
                len,
                flags,
                align,
            ]
        };
        fields.concat()
    }
}

struct Strings(Vec<u8>);

impl Strings {
    fn add(&mut self, text: &str) -> u64 {
        let at = length(&self.0);
        self.0.extend(zero_ended(text));
        at
    }
}

fn zero_ended(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0);
    bytes
}

fn half(value: u64) -> Vec<u8> {
    value.to_le_bytes()[..2].to_vec()
}

fn int(value: u64) -> Vec<u8> {
    value.to_le_bytes()[..4].to_vec()
}

fn length(bytes: &[u8]) -> u64 {
    number(bytes.len())
}

fn number(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

fn size(len: u64) -> usize {
    usize::try_from(len).unwrap_or(0)
}

/// `GNU_PROPERTY_X86_ISA_1_NEEDED` with these bits.
fn note(bits: u32) -> Vec<u8> {
    let mut out = Vec::new();
    for value in [4, 16, 5] {
        out.extend(int(value));
    }
    out.extend(b"GNU\0");
    for value in [0xc000_8002, 4, bits.into(), 0] {
        out.extend(int(value));
    }
    out
}

/// The hash of a name in the System V ABI.
fn hash(name: &str) -> u64 {
    let mut hash: u32 = 0;
    for byte in name.bytes() {
        hash = (hash << 4).wrapping_add(byte.into());
        let high = hash & 0xf000_0000;
        hash = (hash ^ (high >> 24)) & !high;
    }
    hash.into()
}
