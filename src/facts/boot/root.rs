//! Which root file system the next boot mounts, and who looks for it.

use std::path::Path;

use super::initrd::{InitrdFacts, InitrdKind};
use super::loaders::Start;
use crate::fact::{Fact, Looked};
use crate::facts::Host;
use crate::parse::cmdline;
use crate::text::{Place, escape};

/// What the next boot is told about its root.
#[derive(Debug)]
pub struct RootFacts {
    /// The value of `root=` that counts, and where it stands.
    pub value: Option<RootValue>,
    /// Who looks for it.
    pub finder: Finder,
    /// The whole command line that counts.
    pub words: Vec<Word>,
    /// Where the command line stands.
    pub place: Option<Place>,
}

/// One word of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The name.
    pub name: Vec<u8>,
    /// What is behind the equals sign, where there is one.
    pub value: Option<Vec<u8>>,
}

/// A `root=` and where it comes from.
#[derive(Clone, Debug)]
pub struct RootValue {
    /// The value.
    pub text: Vec<u8>,
    /// What kind of name it is.
    pub form: RootForm,
    /// Where it comes from, for people.
    pub from: &'static str,
}

/// Who finds and mounts the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finder {
    /// The kernel itself: there is no initrd, or none with an `/init`.
    Kernel,
    /// An initrd of this kind.
    Initrd(InitrdKind),
    /// An initrd that cannot be read, or that is outside this tree.
    Unknown,
}

impl Finder {
    /// The name users know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kernel => "the kernel itself",
            Self::Initrd(kind) => kind.name(),
            Self::Unknown => "an initrd that is not known",
        }
    }
}

/// Forms of a root's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootForm {
    /// `UUID=`, `LABEL=`, `PARTUUID=`, `PARTLABEL=`: the tag in capitals, and the value.
    Tag(&'static str, Vec<u8>),
    /// `/dev/mapper/NAME`, `/dev/VG/LV`, `/dev/md/NAME`, `/dev/disk/by-*`: a name that
    /// udev or a tool of the storage layer makes.
    StableName,
    /// `/dev/sda1` and the like: the kernel's own name for the device.
    KernelName,
    /// `8:1` or `0801`.
    Number,
    /// A network: `/dev/nfs`, `nfs:`, `nbd:`, `iscsi:` and the like.
    Network,
    /// A file system that is no block device: `ZFS=`, `zfs:`, `mtd:`, `ubi0:`, `live:`,
    /// a RAM disk.
    Special,
    /// Something else.
    Other,
}

/// The form of a root's name. `UUID=` and the like in any case, as blkid and the
/// initrds take them; the kernel itself wants capitals.
#[must_use]
pub fn form(value: &[u8]) -> RootForm {
    let tags = ["PARTUUID", "PARTLABEL", "UUID", "LABEL"];
    for tag in tags {
        if let Some((head, rest)) = value.split_at_checked(tag.len())
            && head.eq_ignore_ascii_case(tag.as_bytes())
            && let Some(id) = rest.strip_prefix(b"=")
        {
            let id = id.strip_prefix(b"\"").unwrap_or(id);
            let id = id.strip_suffix(b"\"").unwrap_or(id);
            return RootForm::Tag(tag, id.to_vec());
        }
    }
    let starts = |prefixes: &[&[u8]]| prefixes.iter().any(|p| value.starts_with(p));
    if value == b"/dev/nfs"
        || value == b"/dev/cifs"
        || starts(&[
            b"nfs:", b"nfs4:", b"nbd:", b"iscsi:", b"fcoe:", b"cifs:", b"dhcp", b"http",
        ])
    {
        return RootForm::Network;
    }
    if starts(&[
        b"ZFS=",
        b"zfs:",
        b"zfs=",
        b"mtd",
        b"ubi",
        b"live:",
        b"/dev/ram",
        b"/dev/zfs",
        b"overlay",
        b"tmpfs",
        b"9p",
        b"virtiofs",
        b"ostree",
    ]) || value == b"zfs"
    {
        return RootForm::Special;
    }
    if let Some(name) = value.strip_prefix(b"/dev/") {
        let stable: [&[u8]; 4] = [b"mapper/", b"disk/", b"md/", b"vg"];
        let below = name.contains(&b'/');
        return if below || stable.iter().any(|p| name.starts_with(p)) {
            RootForm::StableName
        } else {
            RootForm::KernelName
        };
    }
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let mut halves = value.splitn(2, |b| *b == b':');
    let (major, minor) = (halves.next(), halves.next());
    if let (Some(major), Some(minor)) = (major, minor)
        && digits(major)
        && digits(minor)
    {
        return RootForm::Number;
    }
    if !value.is_empty() && value.len() <= 8 && value.iter().all(u8::is_ascii_hexdigit) {
        return RootForm::Number;
    }
    RootForm::Other
}

impl RootForm {
    /// Whether the kernel itself finds a root of this name, without an initrd
    /// (`init/do_mounts.c`, Linux 6.1: `name_to_dev_t`).
    #[must_use]
    pub fn is_for_the_kernel(&self, value: &[u8]) -> bool {
        match self {
            Self::Tag("PARTUUID", _) => value.starts_with(b"PARTUUID="),
            Self::Tag("PARTLABEL", _) => value.starts_with(b"PARTLABEL="),
            Self::KernelName | Self::Number => true,
            Self::Network => matches!(value, b"/dev/nfs" | b"/dev/cifs"),
            Self::Special => {
                value.starts_with(b"/dev/ram")
                    || value.starts_with(b"mtd")
                    || value.starts_with(b"ubi")
            }
            Self::Tag(..) | Self::StableName | Self::Other => false,
        }
    }
}

/// What the entry that starts says of the root.
pub(super) fn read(start: &Start, initrd: &Fact<InitrdFacts>) -> Fact<RootFacts> {
    let entry = match start {
        Start::NotCovered(why) => return Fact::NotCovered(why.clone()),
        Start::Unknown(unknown) | Start::Unmodelled(unknown) => {
            return Fact::Unknown(unknown.clone());
        }
        Start::NoConfig { config, .. } => return Fact::Absent(Looked::at(config)),
        Start::Loader(_) | Start::Outside(_) => start.entry(),
    };
    let Some(entry) = entry else {
        return Fact::Absent(Looked::at("/boot"));
    };
    let outside = matches!(start, Start::Outside(outside) if outside.running.is_some());
    let finder = match initrd {
        Fact::Known(initrd) if initrd.takes_over() => Finder::Initrd(initrd.kind),
        Fact::Known(_) => Finder::Kernel,
        Fact::Absent(_) if entry.initrds.is_empty() && !outside => Finder::Kernel,
        // GRUB starts the kernel without an initrd that it cannot load.
        Fact::Absent(_) if !outside => Finder::Kernel,
        Fact::Absent(_) | Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => {
            Finder::Unknown
        }
    };
    let mut words = split(&entry.cmdline, finder);
    let mut from = "the command line";
    let on_line = words.iter().any(|word| word.name == b"root");
    if let (Fact::Known(initrd), false) = (initrd, on_line) {
        let (more, whence) = initrd.embedded();
        if more.iter().any(|word| word.name == b"root") {
            from = whence;
        }
        words.splice(0..0, more);
    }
    let last = words.iter().rev().find(|word| word.name == b"root");
    let text = last.and_then(|word| word.value.clone());
    let value = text.filter(|text| !text.is_empty()).map(|text| RootValue {
        form: form(&text),
        text,
        from,
    });
    Fact::Known(RootFacts {
        value,
        finder,
        words,
        place: entry.entry.cmdline.as_ref().map(|line| line.place.clone()),
    })
}

/// Whether the command line of the next boot asks for a writable root (`rw`); `None`
/// where no command line is known. Without the word, kernel and initrds mount it
/// read-only (kernel 6.1 Documentation/admin-guide/kernel-parameters.txt, `ro`).
#[must_use]
pub fn mounted_writable(host: &Host) -> Option<bool> {
    if let Fact::Known(root) = host.root()
        && !root.words.is_empty()
    {
        return Some(writable(&root.words));
    }
    let known = ["/etc/kernel/cmdline", "/proc/cmdline"].map(Path::new);
    known.into_iter().find_map(|path| {
        let Fact::Known(file) = host.tree().read(path) else {
            return None;
        };
        Some(writable(&split(file.bytes(), Finder::Kernel)))
    })
}

/// The last of `ro` and `rw` counts.
fn writable(words: &[Word]) -> bool {
    let is_mode = |word: &&Word| word.value.is_none() && matches!(&word.name[..], b"ro" | b"rw");
    let last = words.iter().rfind(is_mode);
    last.is_some_and(|word| word.name == b"rw")
}

/// The words of a command line as whoever looks for the root splits them:
/// initramfs-tools knows no quotes (0.142 `init`, `for x in $(cat /proc/cmdline)`).
fn split(line: &[u8], finder: Finder) -> Vec<Word> {
    if finder == Finder::Initrd(InitrdKind::InitramfsTools) {
        let words = line.split(u8::is_ascii_whitespace);
        return words.filter(|w| !w.is_empty()).map(word).collect();
    }
    let parameters = cmdline::parse(line).into_iter();
    parameters
        .map(|(name, value)| Word { name, value })
        .collect()
}

fn word(text: &[u8]) -> Word {
    match text.iter().position(|b| *b == b'=') {
        Some(equals) => {
            let (name, value) = text.split_at(equals);
            Word {
                name: name.to_vec(),
                value: Some(value.get(1..).unwrap_or(&[]).to_vec()),
            }
        }
        None => Word {
            name: text.to_vec(),
            value: None,
        },
    }
}

impl InitrdFacts {
    /// Whether it has an `/init` that the kernel starts, so that the kernel does not
    /// mount the root by itself (`init/main.c`, Linux 6.1, `kernel_init_freeable`).
    #[must_use]
    pub fn takes_over(&self) -> bool {
        matches!(
            self.initrd.init(),
            crate::parse::initrd::Lookup::Found { .. }
        )
    }

    /// Command-line words that are written into the initrd itself, and where.
    fn embedded(&self) -> (Vec<Word>, &'static str) {
        match self.kind {
            InitrdKind::InitramfsTools => {
                let mut words = Vec::new();
                for (path, entry) in self.initrd.rootfs.iter() {
                    let is_conf = path.starts_with(b"conf/conf.d/") || path == b"conf/param.conf";
                    if let (true, Some(content)) = (is_conf, &entry.content) {
                        let lines = content.bytes.split(|b| *b == b'\n');
                        let roots = lines.filter_map(|l| l.trim_ascii().strip_prefix(b"ROOT="));
                        words.extend(roots.map(|value| Word {
                            name: b"root".to_vec(),
                            value: Some(unquoted(value)),
                        }));
                    }
                }
                (words, "ROOT= in the initrd's conf.d")
            }
            InitrdKind::Dracut | InitrdKind::Systemd => {
                let mut words = Vec::new();
                for (path, entry) in self.initrd.rootfs.iter() {
                    if let (true, Some(content)) =
                        (path.starts_with(b"etc/cmdline.d/"), &entry.content)
                    {
                        let line = content.bytes.replace_newlines();
                        words.extend(split(&line, Finder::Kernel));
                    }
                }
                (words, "etc/cmdline.d of the initrd")
            }
            InitrdKind::Mkinitcpio
            | InitrdKind::Mkinitfs
            | InitrdKind::Genkernel
            | InitrdKind::Unknown => (Vec::new(), "the initrd"),
        }
    }
}

fn unquoted(value: &[u8]) -> Vec<u8> {
    let quote = |b: &u8| *b == b'"' || *b == b'\'';
    let value = value.trim_ascii();
    let start = value.iter().take_while(|b| quote(b)).count();
    let rest = value.get(start..).unwrap_or(&[]);
    let end = rest.iter().rposition(|b| !quote(b)).map_or(0, |at| at + 1);
    rest.get(..end).unwrap_or(&[]).to_vec()
}

trait Newlines {
    fn replace_newlines(&self) -> Vec<u8>;
}

impl Newlines for Vec<u8> {
    fn replace_newlines(&self) -> Vec<u8> {
        let blank = |b: &u8| if *b == b'\n' { b' ' } else { *b };
        self.iter().map(blank).collect()
    }
}

impl RootFacts {
    /// The last value of a word, as most readers take it.
    #[must_use]
    pub fn last(&self, name: &str) -> Option<&[u8]> {
        let of_name = |word: &&Word| word.name == name.as_bytes();
        let word = self.words.iter().rev().find(of_name)?;
        word.value.as_deref()
    }

    /// Whether a word stands there, with or without a value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.words.iter().any(|word| word.name == name.as_bytes())
    }

    /// The root's name for people.
    #[must_use]
    pub fn shown(&self) -> Option<String> {
        self.value.as_ref().map(|value| escape(&value.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_root_are_told_apart_and_which_the_kernel_knows() {
        let cases: [(&str, RootForm, bool); 16] = [
            ("UUID=1-2", RootForm::Tag("UUID", b"1-2".to_vec()), false),
            ("uuid=1-2", RootForm::Tag("UUID", b"1-2".to_vec()), false),
            (
                "LABEL=root",
                RootForm::Tag("LABEL", b"root".to_vec()),
                false,
            ),
            (
                "PARTUUID=a-01",
                RootForm::Tag("PARTUUID", b"a-01".to_vec()),
                true,
            ),
            (
                "partuuid=a-01",
                RootForm::Tag("PARTUUID", b"a-01".to_vec()),
                false,
            ),
            (
                "PARTLABEL=x",
                RootForm::Tag("PARTLABEL", b"x".to_vec()),
                true,
            ),
            ("/dev/sda1", RootForm::KernelName, true),
            ("/dev/nvme0n1p2", RootForm::KernelName, true),
            ("/dev/mapper/vg-root", RootForm::StableName, false),
            ("/dev/vg/root", RootForm::StableName, false),
            ("/dev/disk/by-uuid/1", RootForm::StableName, false),
            ("8:1", RootForm::Number, true),
            ("0801", RootForm::Number, true),
            ("/dev/nfs", RootForm::Network, true),
            ("ZFS=rpool/ROOT", RootForm::Special, false),
            ("gpt-auto", RootForm::Other, false),
        ];
        for (text, expected, kernel) in cases {
            let found = form(text.as_bytes());
            assert_eq!(found, expected, "{text}");
            assert_eq!(found.is_for_the_kernel(text.as_bytes()), kernel, "{text}");
        }
    }

    #[test]
    fn initramfs_tools_splits_at_blanks_inside_quotes() {
        let line = b"ro \"root=/dev/a b\" quiet";
        let kernel = split(line, Finder::Kernel);
        assert_eq!(kernel[1].value.as_deref(), Some(&b"/dev/a b"[..]));
        let script = split(line, Finder::Initrd(InitrdKind::InitramfsTools));
        assert_eq!(script[1].name, b"\"root");
        assert_eq!(script.len(), 4);
    }
}
