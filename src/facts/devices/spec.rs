//! How configuration names a device: fstab, crypttab, `root=`, `resume=`.

use crate::parse::udev_db::decode;

/// A name for a device, as configuration writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// `UUID=`, `/dev/disk/by-uuid/`: of the file system, swap or LUKS header.
    Uuid(Vec<u8>),
    /// `LABEL=`, `/dev/disk/by-label/`.
    Label(Vec<u8>),
    /// `PARTUUID=`, `/dev/disk/by-partuuid/`.
    PartUuid(Vec<u8>),
    /// `PARTUUID=.../PARTNROFF=n`, the kernel's own: the n-th partition behind it.
    PartUuidPlus(Vec<u8>, i32),
    /// `PARTLABEL=`, `/dev/disk/by-partlabel/`.
    PartLabel(Vec<u8>),
    /// `ID=`, `/dev/disk/by-id/`.
    Id(Vec<u8>),
    /// Any other path below `/dev`.
    Node(Vec<u8>),
    /// `MAJ:MIN`, or the hexadecimal number of `root=0801`.
    Number(u32, u32),
}

impl Spec {
    /// The device that the first field of fstab, or the second of crypttab, names;
    /// `None` where it is none: a server's path, a word such as `tmpfs`, a file.
    ///
    /// Tags are written in capitals: systemd (252, `fstab_node_to_udev_node`) and
    /// libmount (2.38, `mnt_valid_tagname`) take no others. Quotes around a value go.
    #[must_use]
    pub fn of(text: &[u8]) -> Option<Self> {
        if let Some(spec) = tagged(text) {
            return Some(spec);
        }
        let below = text.strip_prefix(b"/dev/")?;
        let collapsed: Vec<&[u8]> = below
            .split(|b| *b == b'/')
            .filter(|p| !p.is_empty())
            .collect();
        if collapsed.is_empty() {
            return None;
        }
        if let [b"disk", by, name] = *collapsed.as_slice() {
            let value = decode(name);
            match by {
                b"by-uuid" => return Some(Self::Uuid(value)),
                b"by-label" => return Some(Self::Label(value)),
                b"by-partuuid" => return Some(Self::PartUuid(value)),
                b"by-partlabel" => return Some(Self::PartLabel(value)),
                b"by-id" => return Some(Self::Id(value)),
                _ => {}
            }
        }
        let mut node = b"/dev/".to_vec();
        node.extend(collapsed.join(&b'/'));
        Some(Self::Node(node))
    }

    /// The device that `root=` or `resume=` names; beside the forms of [`Spec::of`] the
    /// kernel's own (6.1, `init/do_mounts.c`): numbers, and `PARTNROFF`.
    #[must_use]
    pub fn of_root(text: &[u8]) -> Option<Self> {
        if let Some(value) = text.strip_prefix(b"PARTUUID=") {
            let mark = b"/PARTNROFF=";
            let at = value.windows(mark.len()).position(|window| window == mark);
            if let Some((uuid, rest)) = at.and_then(|at| value.split_at_checked(at)) {
                let offset = std::str::from_utf8(rest.get(mark.len()..)?).ok()?;
                return Some(Self::PartUuidPlus(uuid.to_vec(), offset.parse().ok()?));
            }
        }
        if let Some(spec) = Self::of(text) {
            return Some(spec);
        }
        let text = std::str::from_utf8(text).ok()?;
        if let Some((major, minor)) = text.split_once(':') {
            return Some(Self::Number(major.parse().ok()?, minor.parse().ok()?));
        }
        // `new_decode_dev`: twelve bits of major, and a minor in two parts.
        let number = u32::from_str_radix(text, 16).ok()?;
        let minor = (number & 0xff) | ((number >> 12) & 0xf_ff00);
        Some(Self::Number((number >> 8) & 0xfff, minor))
    }

    /// As a person would write it, in fstab's form.
    #[must_use]
    pub fn shown(&self) -> String {
        let tag = |tag: &str, value: &[u8]| format!("{tag}={}", crate::text::escape(value));
        match self {
            Self::Uuid(value) => tag("UUID", value),
            Self::Label(value) => tag("LABEL", value),
            Self::PartUuid(value) => tag("PARTUUID", value),
            Self::PartUuidPlus(value, n) => format!("{}/PARTNROFF={n}", tag("PARTUUID", value)),
            Self::PartLabel(value) => tag("PARTLABEL", value),
            Self::Id(value) => tag("ID", value),
            Self::Node(path) => crate::text::escape(path),
            Self::Number(major, minor) => format!("{major}:{minor}"),
        }
    }
}

fn tagged(text: &[u8]) -> Option<Spec> {
    let equals = text.iter().position(|b| *b == b'=')?;
    let (tag, value) = text.split_at_checked(equals)?;
    let value = unquoted(value.get(1..)?).to_vec();
    match tag {
        b"UUID" => Some(Spec::Uuid(value)),
        b"LABEL" => Some(Spec::Label(value)),
        b"PARTUUID" => Some(Spec::PartUuid(value)),
        b"PARTLABEL" => Some(Spec::PartLabel(value)),
        b"ID" => Some(Spec::Id(value)),
        _ => None,
    }
}

/// One pair of quotes around the whole goes.
fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [open @ (b'"' | b'\''), inner @ .., close] if open == close => inner,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_links_and_nodes_are_told_apart() {
        let label = || Some(Spec::Label(b"my disk".to_vec()));
        assert_eq!(Spec::of(b"LABEL=my disk"), label());
        assert_eq!(Spec::of(b"LABEL=\"my disk\""), label());
        assert_eq!(Spec::of(b"/dev/disk/by-label/my\\x20disk"), label());
        assert_eq!(
            Spec::of(b"/dev//disk/by-uuid/A-1"),
            Some(Spec::Uuid(b"A-1".to_vec()))
        );
        assert_eq!(
            Spec::of(b"/dev/sda1"),
            Some(Spec::Node(b"/dev/sda1".to_vec()))
        );
        assert_eq!(
            Spec::of(b"/dev//vg/root/"),
            Some(Spec::Node(b"/dev/vg/root".to_vec()))
        );
        for other in [
            &b"tmpfs"[..],
            b"srv:/x",
            b"/srv/x",
            b"uuid=1",
            b"/dev/",
            b"X=1",
            b"",
        ] {
            assert_eq!(Spec::of(other), None, "{}", other.escape_ascii());
        }
    }

    #[test]
    fn the_kernel_knows_numbers_and_neighbours() {
        assert_eq!(Spec::of_root(b"8:1"), Some(Spec::Number(8, 1)));
        assert_eq!(Spec::of_root(b"0801"), Some(Spec::Number(8, 1)));
        assert_eq!(Spec::of_root(b"1fd00"), Some(Spec::Number(0x1fd, 0)));
        let plus = Spec::PartUuidPlus(b"a-01".to_vec(), 1);
        assert_eq!(Spec::of_root(b"PARTUUID=a-01/PARTNROFF=1"), Some(plus));
        assert_eq!(Spec::of_root(b"UUID=1"), Some(Spec::Uuid(b"1".to_vec())));
        assert_eq!(Spec::of_root(b"ZFS=rpool/root"), None);
    }
}
