//! Versions of symbols (glibc 2.36 `elf/dl-version.c`), and whether loader and C
//! library are of one release.

use super::glibc::Mapped;
use super::{Failure, FailureKind};
use crate::text::{escape, escape_path};

/// What is wrong between the objects that were mapped: the program, its loader, its
/// libraries in order.
pub(super) fn check(mapped: &[Mapped]) -> Vec<Failure> {
    let mut failures: Vec<Failure> = mapped
        .iter()
        .filter_map(|asker| first_missing(asker, mapped))
        .collect();
    failures.extend(skew(mapped));
    failures
}

/// The first version that `asker` needs and does not get. A library without any
/// versions passes, and so does what is needed weakly.
fn first_missing(asker: &Mapped, mapped: &[Mapped]) -> Option<Failure> {
    let elf = asker.object.elf.as_ref().ok()?;
    let needs = elf.version_needs.iter().filter(|need| !need.is_weak);
    for need in needs {
        let provider = mapped.iter().find(|mapped| {
            let soname = match &mapped.object.elf {
                Ok(elf) => elf.soname.as_ref(),
                Err(_) => None,
            };
            mapped.names.contains(&need.library) || soname == Some(&need.library)
        });
        let Some(provider) = provider else { continue };
        let Ok(its) = &provider.object.elf else {
            continue;
        };
        let defined = &its.version_definitions;
        if defined.is_empty() || defined.contains(&need.version) {
            continue;
        }
        let (by, at) = (escape_path(&asker.path), escape_path(&provider.path));
        let version = escape(&need.version);
        let mut message = format!("{by} needs {version}, which {at} does not have");
        if let Some(newest) = newest(&need.version, defined) {
            let newest = escape(newest);
            message = format!("{by} needs {version}, and {at} provides up to {newest}");
        }
        let failure = Failure::new(FailureKind::VersionMissing, &asker.path, message);
        return Some(failure);
    }
    None
}

/// The highest version of the same series: `GLIBC_2.36` for `GLIBC_2.38`.
fn newest<'a>(like: &[u8], defined: &'a [Vec<u8>]) -> Option<&'a [u8]> {
    let series = |version: &[u8]| {
        let at = version.iter().rposition(|byte| *byte == b'_')?;
        let (series, number) = version.split_at(at + 1);
        let text = std::str::from_utf8(number).ok()?;
        let parts = text.split('.').map(|part| part.parse::<u32>().ok());
        let parts: Option<Vec<u32>> = parts.collect();
        Some((series.to_vec(), parts?))
    };
    let (wanted, number) = series(like)?;
    let same = defined.iter().filter_map(|version| {
        let (its, number) = series(version)?;
        (its == wanted).then_some((number, version.as_slice()))
    });
    let (highest, version) = same.max()?;
    (highest < number).then_some(version)
}

/// The release in which the loader got a banner of its own (glibc 2.33).
const BANNER: [u32; 2] = [2, 33];

/// Loader and C library share structures without any version: those of two releases
/// do not run together.
fn skew(mapped: &[Mapped]) -> Option<Failure> {
    let loader = mapped.get(1)?;
    let is_libc = |mapped: &&Mapped| {
        let elf = mapped.object.elf.as_ref();
        elf.is_ok_and(|elf| elf.soname.as_deref() == Some(b"libc.so.6"))
    };
    let libc = mapped.iter().find(is_libc)?;
    let its = libc.object.glibc?;
    let (at, library) = (escape_path(&loader.path), escape_path(&libc.path));
    let [major, minor] = its;
    let of = match loader.object.glibc {
        Some(own) if own == its => return None,
        Some([major, minor]) => format!("glibc {major}.{minor}"),
        None if its < BANNER => return None,
        None => "a glibc older than 2.33".to_owned(),
    };
    let message = format!("{at} is of {of}, and {library} of glibc {major}.{minor}");
    Some(Failure::new(FailureKind::LoaderSkew, &loader.path, message))
}
