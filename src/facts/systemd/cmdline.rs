//! What systemd takes from the kernel command line (systemd 257
//! `src/basic/proc-cmdline.c`, `src/core/main.c`, `src/shared/unit-file.c`).

use crate::parse::unit;

/// The words of a kernel command line, as systemd splits them: quotes are taken away,
/// also unbalanced ones; words for the initrd are left out.
#[derive(Clone, Debug)]
pub struct Words {
    list: Vec<(String, Option<String>)>,
}

impl Words {
    /// The words of a line.
    #[must_use]
    pub fn parse(line: &[u8]) -> Self {
        let text = String::from_utf8_lossy(line);
        let mut words: Vec<String> = Vec::new();
        let mut word: Option<String> = None;
        let mut quote: Option<char> = None;
        for c in text.chars() {
            match quote {
                Some(open) if c == open => quote = None,
                Some(_) => word.get_or_insert_with(String::new).push(c),
                None if c == '"' || c == '\'' => {
                    quote = Some(c);
                    word.get_or_insert_with(String::new);
                }
                None if matches!(c, ' ' | '\t' | '\n' | '\r' | '\0') => words.extend(word.take()),
                None => word.get_or_insert_with(String::new).push(c),
            }
        }
        words.extend(word);
        let split = |word: String| match word.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (word, None),
        };
        let for_host = words.into_iter().filter(|word| !word.starts_with("rd."));
        Self {
            list: for_host.map(split).collect(),
        }
    }

    /// Key and value of each word.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.list.iter().map(|(k, v)| (k.as_str(), v.as_deref()))
    }

    /// The last word of that key; a dash and an underscore are the same.
    #[must_use]
    pub fn last(&self, key: &str) -> Option<Option<&str>> {
        let same = |a: &str| a.replace('-', "_") == key.replace('-', "_");
        let found = self.list.iter().rev().find(|(k, _)| same(k));
        found.map(|(_, value)| value.as_deref())
    }

    /// A switch: on where it stands without a value, `otherwise` where it does not
    /// stand or its value is none.
    #[must_use]
    pub fn switch(&self, key: &str, otherwise: bool) -> bool {
        match self.last(key) {
            None => otherwise,
            Some(None) => true,
            Some(Some(value)) => boolean(value).unwrap_or(otherwise),
        }
    }

    /// The unit the line asks for, and the word that does.
    #[must_use]
    pub fn unit(&self) -> Option<(String, String)> {
        let mut found = None;
        for (key, value) in self.iter() {
            match (key, value) {
                ("systemd.unit", Some(name)) if unit::is_valid(name) => {
                    found = Some((name.to_owned(), format!("systemd.unit={name}")));
                }
                (word, None) => {
                    if let Some(target) = runlevel(word) {
                        found = Some((target.to_owned(), word.to_owned()));
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// `yes` and its kin (`parse_boolean`).
pub(super) fn boolean(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(&["1", "yes", "y", "true", "t", "on"]) {
        Some(true)
    } else if is(&["0", "no", "n", "false", "f", "off"]) {
        Some(false)
    } else {
        None
    }
}

/// The target of a runlevel word (`runlevel_to_target`).
fn runlevel(word: &str) -> Option<&'static str> {
    match word {
        "emergency" | "-b" => Some("emergency.target"),
        "rescue" | "single" | "-s" | "s" | "S" | "1" => Some("rescue.target"),
        "2" | "3" | "4" => Some("multi-user.target"),
        "5" => Some("graphical.target"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_that_names_a_unit_counts() {
        for (line, unit) in [
            ("root=/dev/sda1 ro quiet", None),
            ("single systemd.unit=a.target", Some("a.target")),
            ("systemd.unit=a.target single", Some("rescue.target")),
            ("systemd.unit=nonsense 3", Some("multi-user.target")),
            ("rd.systemd.unit=a.target single=1", None),
            ("-b", Some("emergency.target")),
            ("\"systemd.unit=a.target\"", Some("a.target")),
        ] {
            let found = Words::parse(line.as_bytes()).unit().map(|(unit, _)| unit);
            assert_eq!(found.as_deref(), unit, "{line}");
        }
    }

    #[test]
    fn switches_and_dashes() {
        let words = Words::parse(b"systemd.getty-auto=no fstab systemd.swap=maybe");
        assert!(!words.switch("systemd.getty_auto", true));
        assert!(words.switch("fstab", false) && words.switch("systemd.swap", true));
        assert_eq!(words.last("none"), None);
    }
}
