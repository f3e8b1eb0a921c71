//! Options of tmpfs and of ext2 to ext4 whose value is a number, each as the kernel reads
//! it (Linux 6.1 `mm/shmem.c`, `fs/ext4/super.c`, `lib/cmdline.c`, `lib/kstrtox.c`).

use super::Judged;

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A number with one letter for its unit at most (`memparse`).
    Amount,
    /// The same, or a share of the memory.
    Share,
    /// In octal digits.
    Octal,
    /// 32 bits, in octal behind a 0 and in hexadecimal behind 0x.
    Whole,
    /// The same, or no value at all.
    WholeOrNone,
    /// A number, or a name that mount(8) looks up.
    Owner,
}

const FORMS: [(&str, &str, Form); 23] = [
    ("tmpfs", "size", Form::Share),
    ("tmpfs", "nr_blocks", Form::Amount),
    ("tmpfs", "nr_inodes", Form::Amount),
    ("tmpfs", "mode", Form::Octal),
    ("tmpfs", "uid", Form::Owner),
    ("tmpfs", "gid", Form::Owner),
    ("ext4", "resuid", Form::Whole),
    ("ext4", "resgid", Form::Whole),
    ("ext4", "sb", Form::Whole),
    ("ext4", "commit", Form::Whole),
    ("ext4", "min_batch_time", Form::Whole),
    ("ext4", "max_batch_time", Form::Whole),
    ("ext4", "journal_dev", Form::Whole),
    ("ext4", "journal_ioprio", Form::Whole),
    ("ext4", "debug_want_extra_isize", Form::Whole),
    ("ext4", "inode_readahead_blks", Form::Whole),
    ("ext4", "max_dir_size_kb", Form::Whole),
    ("ext4", "mb_optimize_scan", Form::Whole),
    ("ext4", "stripe", Form::Whole),
    ("ext4", "fc_debug_max_replay", Form::Whole),
    ("ext4", "barrier", Form::WholeOrNone),
    ("ext4", "init_itable", Form::WholeOrNone),
    ("ext4", "auto_da_alloc", Form::WholeOrNone),
];

/// How the number of an option is written, where it is one.
pub(super) fn of(kind: &str, name: &str) -> Option<Form> {
    let mut forms = FORMS.iter();
    let found = forms.find(|(of, option, _)| *of == kind && *option == name);
    found.map(|(_, _, form)| *form)
}

impl Form {
    /// Whether the kernel takes the value; to an option without one, it takes `None`.
    pub(super) fn judge(self, value: Option<&str>) -> Judged {
        let fits = match (self, value) {
            (Self::WholeOrNone, None) => true,
            (_, None | Some("")) => false,
            (Self::Amount, Some(value)) => after_amount(value).is_empty(),
            (Self::Share, Some(value)) => matches!(after_amount(value), "" | "%"),
            (Self::Octal, Some(value)) => is_u32(value, 8),
            (Self::Whole | Self::WholeOrNone, Some(value)) => is_whole(value),
            (Self::Owner, Some(value)) => {
                let mut bytes = value.bytes();
                let number = bytes.all(|byte| byte.is_ascii_digit());
                !value.starts_with('-') && (!number || is_whole(value))
            }
        };
        if fits {
            return Judged::Fine;
        }
        Judged::BadValue(match self {
            Self::Amount => &["a number and one of k, m, g, t at most"],
            Self::Share => &["a number and one of k, m, g, t, % at most"],
            Self::Octal => &["octal digits"],
            Self::Whole | Self::WholeOrNone => &["a whole number"],
            Self::Owner => &["a name or a number"],
        })
    }
}

/// What `memparse` leaves over. Without a digit the number is 0.
fn after_amount(value: &str) -> &str {
    let (digits, radix) = radix_of(value);
    let rest = digits.trim_start_matches(|c: char| c.is_digit(radix));
    let unit = |c: char| "kKmMgGtTpPeE".contains(c);
    rest.strip_prefix(unit).unwrap_or(rest)
}

/// `kstrtouint` with base 0.
fn is_whole(value: &str) -> bool {
    let (digits, radix) = radix_of(value.strip_prefix('+').unwrap_or(value));
    !digits.starts_with('+') && is_u32(digits, radix)
}

fn is_u32(digits: &str, radix: u32) -> bool {
    u32::from_str_radix(digits, radix).is_ok()
}

/// `_parse_integer_fixup_radix`: 0x before a digit is hexadecimal, 0 octal.
fn radix_of(value: &str) -> (&str, u32) {
    let hex = value.strip_prefix("0x").or(value.strip_prefix("0X"));
    match hex.filter(|digits| digits.starts_with(|c: char| c.is_ascii_hexdigit())) {
        Some(digits) => (digits, 16),
        None if value.starts_with('0') => (value, 8),
        None => (value, 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(kind: &str, option: &str) -> bool {
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option, None),
        };
        of(kind, name).unwrap().judge(value) == Judged::Fine
    }

    // All as mount(8) of util-linux 2.38 ended on tmpfs and on an ext4.
    #[test]
    fn what_the_kernel_mounts_is_taken() {
        let tmpfs = "size=512m size=50% size=512m% size=0x10000 size=010000 size=1e size=1E \
            size=k size=K nr_inodes=5k nr_inodes=1m nr_blocks=1k mode=1777 mode=0755 \
            mode=17777 mode=77777777 uid=root uid=0 uid=0x10 uid=4294967294 gid=010";
        for option in tmpfs.split_whitespace() {
            assert!(takes("tmpfs", option), "{option}");
        }
        let ext4 = "commit=30 commit=0x10 commit=010 barrier=1 barrier stripe=16 init_itable \
            init_itable=10 auto_da_alloc=1 journal_ioprio=3 resuid=0 sb=1 max_batch_time=0";
        for option in ext4.split_whitespace() {
            assert!(takes("ext4", option), "{option}");
        }
    }

    #[test]
    fn what_the_kernel_refuses_is_not() {
        let tmpfs = "size=512MB size=2GB size= size size=-1 size=1.5G nr_inodes=x nr_inodes= \
            nr_inodes=5% nr_blocks=5kB mode=999 mode=8 mode=0o755 mode= mode mode=u+x \
            mode=40000000000 uid=-1 uid=99999999999 uid= gid=09";
        for option in tmpfs.split_whitespace() {
            assert!(!takes("tmpfs", option), "{option}");
        }
        let ext4 = "commit=abc commit=-1 commit=5s commit= commit commit=09 barrier=x stripe=x \
            min_batch_time=x init_itable=x resuid=root debug_want_extra_isize=x \
            max_dir_size_kb=x";
        for option in ext4.split_whitespace() {
            assert!(!takes("ext4", option), "{option}");
        }
    }
}
