//! Names of units (systemd 257 `src/basic/unit-name.c`, `unit-def.c`).

/// A name must be shorter than this (`UNIT_NAME_MAX`).
pub const MOST: usize = 256;

/// The types of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitType {
    /// `.service`
    Service,
    /// `.mount`
    Mount,
    /// `.swap`
    Swap,
    /// `.socket`
    Socket,
    /// `.target`
    Target,
    /// `.device`
    Device,
    /// `.automount`
    Automount,
    /// `.timer`
    Timer,
    /// `.path`
    Path,
    /// `.slice`
    Slice,
    /// `.scope`
    Scope,
}

impl UnitType {
    /// Every type.
    pub const ALL: [Self; 11] = [
        Self::Service,
        Self::Mount,
        Self::Swap,
        Self::Socket,
        Self::Target,
        Self::Device,
        Self::Automount,
        Self::Timer,
        Self::Path,
        Self::Slice,
        Self::Scope,
    ];

    /// The suffix without its dot.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Mount => "mount",
            Self::Swap => "swap",
            Self::Socket => "socket",
            Self::Target => "target",
            Self::Device => "device",
            Self::Automount => "automount",
            Self::Timer => "timer",
            Self::Path => "path",
            Self::Slice => "slice",
            Self::Scope => "scope",
        }
    }

    /// The type of that suffix.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The type of the unit called `name`, where that is a name of a unit.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        classify(name)?;
        Self::from_word(name.rsplit_once('.')?.1)
    }

    /// Whether other names may stand for a unit of this type (`unit_type_may_alias`).
    #[must_use]
    pub const fn may_alias(self) -> bool {
        matches!(
            self,
            Self::Service | Self::Socket | Self::Target | Self::Device | Self::Timer | Self::Path
        )
    }

    /// Whether it may have templates (`unit_type_may_template`).
    #[must_use]
    pub const fn may_template(self) -> bool {
        matches!(
            self,
            Self::Service | Self::Socket | Self::Target | Self::Timer | Self::Path
        )
    }
}

/// What a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// `a.service`
    Plain,
    /// `a@b.service`
    Instance,
    /// `a@.service`
    Template,
}

const fn is_valid_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_' | b'.' | b'\\')
}

/// What `name` is, where it is a name of a unit (`unit_name_is_valid`).
#[must_use]
pub fn classify(name: &str) -> Option<NameKind> {
    let (stem, suffix) = name.rsplit_once('.')?;
    let short = name.len() < MOST && !stem.is_empty();
    let valid = stem.bytes().all(|b| is_valid_byte(b) || b == b'@');
    if !short || !valid || UnitType::from_word(suffix).is_none() {
        return None;
    }
    match stem.find('@') {
        None => Some(NameKind::Plain),
        Some(0) => None,
        Some(at) if at + 1 == stem.len() => Some(NameKind::Template),
        Some(_) => Some(NameKind::Instance),
    }
}

/// Whether `name` is a name of a unit that can be loaded: no template.
#[must_use]
pub fn is_valid(name: &str) -> bool {
    matches!(classify(name), Some(NameKind::Plain | NameKind::Instance))
}

/// What stands before `@`, or before the suffix.
#[must_use]
pub fn prefix(name: &str) -> &str {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.split_once('@').map_or(stem, |(prefix, _)| prefix)
}

/// What stands between `@` and the suffix; empty for a template.
#[must_use]
pub fn instance(name: &str) -> Option<&str> {
    let (stem, _) = name.rsplit_once('.')?;
    stem.split_once('@').map(|(_, instance)| instance)
}

/// The template of an instance or a template.
#[must_use]
pub fn template(name: &str) -> Option<String> {
    let (stem, suffix) = name.rsplit_once('.')?;
    let (prefix, _) = stem.split_once('@')?;
    Some(format!("{prefix}@.{suffix}"))
}

/// A template or instance with another instance.
#[must_use]
pub fn replace_instance(name: &str, instance: &str) -> Option<String> {
    let (stem, suffix) = name.rsplit_once('.')?;
    let (prefix, _) = stem.split_once('@')?;
    let valid = instance.bytes().all(|b| is_valid_byte(b) || b == b'@');
    let name = format!("{prefix}@{instance}.{suffix}");
    (valid && classify(&name) == Some(NameKind::Instance)).then_some(name)
}

/// The same name with the suffix of another type.
#[must_use]
pub fn change_suffix(name: &str, to: UnitType) -> Option<String> {
    let (stem, _) = name.rsplit_once('.')?;
    let changed = format!("{stem}.{}", to.word());
    classify(&changed).map(|_| changed)
}

/// Escapes any text for a name (`unit_name_escape`): `/` becomes `-`.
#[must_use]
pub fn escape(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, byte) in text.iter().enumerate() {
        match *byte {
            b'/' => out.push('-'),
            byte if !is_valid_byte(byte)
                || matches!(byte, b'-' | b'\\')
                || (byte == b'.' && index == 0) =>
            {
                out.extend(["\\x", &format!("{byte:02x}")]);
            }
            byte => out.push(char::from(byte)),
        }
    }
    out
}

/// The reverse of [`escape`]; none for a bad escape.
#[must_use]
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'-' => out.push(b'/'),
            b'\\' => {
                let digits = tail.strip_prefix(b"x")?.get(..2)?;
                let digits = std::str::from_utf8(digits).ok()?;
                if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return None;
                }
                out.push(u8::from_str_radix(digits, 16).ok()?);
                rest = tail.get(3..)?;
            }
            byte => out.push(*byte),
        }
    }
    Some(out)
}

/// A path without doubled slashes, single dots and a trailing slash
/// (`path_simplify`).
pub(crate) fn simplify(path: &[u8]) -> Vec<u8> {
    let absolute = path.first() == Some(&b'/');
    let parts = path.split(|b| *b == b'/');
    let parts: Vec<&[u8]> = parts.filter(|p| !p.is_empty() && *p != b".").collect();
    let mut out = if absolute { b"/".to_vec() } else { Vec::new() };
    out.extend(parts.join(&b'/'));
    out
}

/// Escapes a path for a name (`unit_name_path_escape`); none where it goes up.
#[must_use]
pub fn escape_path(path: &[u8]) -> Option<String> {
    let path = simplify(path);
    let inner = path.strip_prefix(b"/").unwrap_or(&path);
    if inner.is_empty() {
        return Some("-".to_owned());
    }
    let normal = inner.split(|b| *b == b'/').all(|part| part != b"..");
    (normal && path.len() < 4096).then(|| escape(inner))
}

/// The reverse of [`escape_path`].
#[must_use]
pub fn path_unescape(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() {
        return None;
    }
    if text == "-" {
        return Some(b"/".to_vec());
    }
    let inner = unescape(text)?;
    let part_is_odd = |part: &[u8]| part.is_empty() || part == b"." || part == b"..";
    if inner.split(|b| *b == b'/').any(part_is_odd) {
        return None;
    }
    let mut out = b"/".to_vec();
    out.extend(inner);
    Some(out)
}

/// The unit of that type for a path (`unit_name_from_path`). Names over the limit are
/// hashed by systemd 252 and later; none here.
#[must_use]
pub fn from_path(path: &[u8], kind: UnitType) -> Option<String> {
    let name = format!("{}.{}", escape_path(path)?, kind.word());
    (classify(&name) == Some(NameKind::Plain)).then_some(name)
}

/// The path a mount, swap, automount or device unit is called after.
#[must_use]
pub fn to_path(name: &str) -> Option<Vec<u8>> {
    path_unescape(prefix(name))
}
