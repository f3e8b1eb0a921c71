//! Options of GRUB's commands (GRUB 2.06 `grub-core/lib/arg.c`).

/// Options and arguments of a command.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    set: Vec<(String, Option<Vec<u8>>)>,
    /// What is no option.
    pub(super) arguments: Vec<Vec<u8>>,
}

impl Options {
    /// Options with a value, and flags. With `lenient`, an unknown option is an
    /// argument; else, and where a value is missing, the command fails: `None`.
    pub(super) fn parse(
        words: &[Vec<u8>],
        with_value: &[&str],
        flags: &[&str],
        lenient: bool,
    ) -> Option<Self> {
        Self::read(words, with_value, flags, &[], lenient)
    }

    /// As [`Options::parse`], with options whose value may be missing.
    pub(super) fn parse_optional(
        words: &[Vec<u8>],
        with_value: &[&str],
        flags: &[&str],
        optional: &[&str],
    ) -> Option<Self> {
        Self::read(words, with_value, flags, optional, true)
    }

    fn read(
        words: &[Vec<u8>],
        with_value: &[&str],
        flags: &[&str],
        optional: &[&str],
        lenient: bool,
    ) -> Option<Self> {
        let mut options = Self::default();
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            let Some(long) = word.strip_prefix(b"--").filter(|_| word.len() > 2) else {
                if word == b"--" {
                    options.arguments.extend(words.cloned());
                    break;
                }
                options.arguments.push(word.clone());
                continue;
            };
            let (name, given) = match long.iter().position(|b| *b == b'=') {
                Some(equals) => {
                    let (name, value) = long.split_at(equals);
                    (name, Some(value.get(1..).unwrap_or(&[]).to_vec()))
                }
                None => (long, None),
            };
            let name = String::from_utf8_lossy(name).into_owned();
            if flags.contains(&name.as_str()) {
                if given.is_some() {
                    return None;
                }
                options.set.push((name, None));
                continue;
            }
            let needs = with_value.contains(&name.as_str());
            if !needs && !optional.contains(&name.as_str()) {
                if !lenient {
                    return None;
                }
                options.arguments.push(word.clone());
                continue;
            }
            let value = match given {
                Some(value) => Some(value),
                None => words.next_if(|next| !next.starts_with(b"-")).cloned(),
            };
            if needs && value.is_none() {
                return None;
            }
            options.set.push((name, value));
        }
        Some(options)
    }

    /// The words with short options spelled out; they take no value in the same word.
    pub(super) fn long(words: &[Vec<u8>], short: &[(&str, &str)]) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        for word in words {
            let letters = match word.strip_prefix(b"-") {
                Some(letters) if !letters.is_empty() && !letters.starts_with(b"-") => letters,
                _ => {
                    out.push(word.clone());
                    continue;
                }
            };
            let names: Option<Vec<&str>> = letters
                .iter()
                .map(|letter| {
                    let found = short.iter().find(|(s, _)| s.as_bytes() == [*letter]);
                    found.map(|(_, long)| *long)
                })
                .collect();
            match names {
                Some(names) => out.extend(names.iter().map(|n| format!("--{n}").into_bytes())),
                None => out.push(word.clone()),
            }
        }
        out
    }

    /// Whether an option is given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.set.iter().any(|(known, _)| known == name)
    }

    /// The last value of an option.
    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        let found = self.set.iter().rev().find(|(known, _)| known == name);
        found.and_then(|(_, value)| value.as_deref())
    }
}
