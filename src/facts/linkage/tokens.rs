//! Paths as a loader takes them: lists, and `$ORIGIN`, `$LIB`, `$PLATFORM` in them.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::parse::elf::Architecture;

/// What the tokens stand for.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    /// The directory of the object that has the path.
    pub(super) origin: PathBuf,
    /// `lib`, `lib64` or `lib/x86_64-linux-gnu`.
    pub(super) lib: Vec<u8>,
    /// `x86_64` and the like.
    pub(super) platform: Vec<u8>,
}

/// What `$LIB` stands for, by the first directory compiled into the loader.
pub(super) fn lib_of(directories: &[PathBuf]) -> Vec<u8> {
    let first = directories.first().map(|dir| dir.as_os_str().as_bytes());
    let text = first.unwrap_or(b"lib");
    let text = text.strip_prefix(b"/").unwrap_or(text);
    text.strip_suffix(b"/").unwrap_or(text).to_vec()
}

/// What `$PLATFORM` stands for on the plain processor of an architecture.
pub(super) fn platform_of(architecture: Option<Architecture>) -> Vec<u8> {
    architecture.map_or_else(Vec::new, |name| name.to_string().into_bytes())
}

/// The directories of a list separated by `separators`, tokens replaced; an element
/// whose token stands for nothing is passed over (glibc 2.36 `fillin_rpath`).
pub(super) fn directories(list: &[u8], separators: &[u8], tokens: &Tokens) -> Vec<PathBuf> {
    let elements = list.split(|byte| separators.contains(byte));
    let expanded = elements.filter_map(|element| expand(element, tokens));
    // An empty element is the working directory; that of process 1 is the root.
    expanded.map(|path| Path::new("/").join(path)).collect()
}

/// `text` with its tokens replaced; none where one of them stands for nothing.
pub(super) fn expand(text: &[u8], tokens: &Tokens) -> Option<PathBuf> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'$') {
        out.extend(rest.get(..at)?);
        let after = rest.get(at + 1..)?;
        let Some((value, used)) = token(after, tokens) else {
            out.push(b'$');
            rest = after;
            continue;
        };
        if value.is_empty() {
            return None;
        }
        out.extend(value);
        rest = after.get(used..)?;
    }
    out.extend(rest);
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(&out)))
}

/// The token at the start of `text`, behind its `$`, and how long it is.
fn token<'a>(text: &[u8], tokens: &'a Tokens) -> Option<(&'a [u8], usize)> {
    let (inside, curly) = match text.strip_prefix(b"{") {
        Some(inside) => (inside, true),
        None => (text, false),
    };
    let known: [(&[u8], &[u8]); 3] = [
        (b"ORIGIN", tokens.origin.as_os_str().as_bytes()),
        (b"LIB", &tokens.lib),
        (b"PLATFORM", &tokens.platform),
    ];
    known.into_iter().find_map(|(name, value)| {
        let after = inside.strip_prefix(name)?;
        let next = after.first().copied();
        let ends = if curly {
            next == Some(b'}')
        } else {
            !next.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        let braces = if curly { 2 } else { 0 };
        ends.then_some((value, name.len() + braces))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_replaced_and_lookalikes_are_not() {
        let tokens = Tokens {
            origin: "/opt/app/bin".into(),
            lib: lib_of(&["/lib64/".into()]),
            platform: platform_of(Some(Architecture::X86_64)),
        };
        let of = |text: &str| directories(text.as_bytes(), b":", &tokens);
        assert_eq!(of("$ORIGIN/../lib"), [Path::new("/opt/app/bin/../lib")]);
        assert_eq!(
            of("/a:${ORIGIN}/x:$LIB"),
            ["/a", "/opt/app/bin/x", "/lib64"].map(Path::new)
        );
        assert_eq!(of("/$ORIGINAL/$X"), [Path::new("/$ORIGINAL/$X")]);
        assert_eq!(of("/p/$PLATFORM"), [Path::new("/p/x86_64")]);
        assert_eq!(of(""), [Path::new("/")]);
        let none = Tokens {
            platform: platform_of(None),
            ..tokens
        };
        assert_eq!(expand(b"/p/$PLATFORM", &none), None);
    }
}
