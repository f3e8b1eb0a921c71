//! Where one can log in at the machine itself.

use super::cmdline::Words;

/// The consoles a kernel command line names, without their options.
pub(super) fn named_consoles(words: &Words) -> Vec<String> {
    let values = words.iter().filter(|(key, _)| *key == "console");
    let names = values.filter_map(|(_, value)| value?.split(',').next());
    let names = names.map(|name| name.strip_prefix("/dev/").unwrap_or(name));
    let real = |name: &&str| !matches!(*name, "" | "null" | "ttynull") && !name.starts_with("uart");
    names.filter(real).map(str::to_owned).collect()
}
