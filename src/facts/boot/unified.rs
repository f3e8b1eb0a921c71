//! Unified kernel images: EFI programs with a kernel, an initrd and a command line in
//! sections (UAPI specification of 2023, "Unified Kernel Image").

use std::path::Path;

use super::loaders::as_bytes;
use crate::boot::systemd_boot::Unified;
use crate::fact::{Fact, Fault};
use crate::parse::kernel_image::{self, KernelImage, Section};
use crate::parse::os_release;
use crate::source::Pieces;
use crate::text::File;

/// Longest section of text that is read, bytes.
const TEXT: u64 = 64 << 10;

/// What a kernel image says, read in pieces; undecided where it cannot be read.
pub(super) fn image(file: &Pieces) -> Fact<KernelImage> {
    let image = kernel_image::read(file.len(), &mut |offset, len| {
        Some(file.bytes(offset, len)).filter(|_| file.failed().is_none())
    });
    match file.failed() {
        Some(unknown) => Fact::Unknown(unknown),
        None => Fact::Known(image),
    }
}

/// The image as systemd-boot lists it; `base` is where its file system is mounted.
pub(super) fn describe(file: &Pieces, base: &Path) -> Fact<Unified> {
    image(file).and_then(|image| {
        let section = |name: &[u8]| image.pe.as_ref().and_then(|pe| pe.section(name));
        let text = |section: Option<&Section>| section.map(|s| text(file, s));
        let Some(release) = text(section(b".osrel")) else {
            return Fact::Broken(Fault {
                path: file.path().to_path_buf(),
                place: None,
                message: "no unified kernel image: it has no section .osrel".into(),
            });
        };
        let fields = os_release::parse(&release);
        let first = |names: &[&str]| {
            let mut values = names.iter().filter_map(|name| fields.get(*name));
            let value = values.find(|value| !value.is_empty())?;
            Some(value.clone().into_bytes())
        };
        let below = file.path().strip_prefix(base).unwrap_or(file.path());
        Fact::Known(Unified {
            file: File::new(file.path(), Vec::new()),
            path: as_bytes(&Path::new("/").join(below)),
            title: first(&["PRETTY_NAME", "NAME"]).unwrap_or_else(|| b"Linux".to_vec()),
            sort_key: first(&["IMAGE_ID", "ID"]),
            version: first(&["IMAGE_VERSION", "VERSION_ID", "BUILD_ID"]),
            cmdline: text(section(b".cmdline")),
        })
    })
}

/// The text of a section, without blanks and NUL bytes at its end.
fn text(file: &Pieces, section: &Section) -> Vec<u8> {
    let len = usize::try_from(section.len.min(TEXT)).unwrap_or(0);
    let mut bytes = file.bytes(section.offset, len);
    let end = bytes
        .iter()
        .rposition(|b| *b != 0 && !b.is_ascii_whitespace());
    bytes.truncate(end.map_or(0, |end| end + 1));
    bytes
}
