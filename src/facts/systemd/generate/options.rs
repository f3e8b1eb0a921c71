//! Options separated by commas, as systemd reads them (systemd 257
//! `src/shared/fstab-util.c`).

/// The options of a line, split at commas that no backslash protects
/// (`fstab_filter_options`).
pub(super) struct Options {
    list: Vec<String>,
    /// systemd cannot split them: it goes on without.
    pub(super) broken: bool,
}

impl Options {
    /// 247 alone stumbles over backslashes that protect nothing, and keeps empty options.
    pub(super) fn of(text: &str, version: u32) -> Self {
        let strict = version == 247;
        let mut broken = false;
        let mut list = Vec::new();
        let mut option = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                ',' => list.push(std::mem::take(&mut option)),
                '\\' => match chars.peek() {
                    Some(',' | '\\') => option.extend(chars.next()),
                    _ => {
                        broken |= strict;
                        option.push('\\');
                    }
                },
                _ => option.push(c),
            }
        }
        list.push(option);
        list.retain(|option| strict || !option.is_empty());
        Self { list, broken }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        let is = |option: &String| {
            option == name
                || option
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('='))
        };
        self.list.iter().any(is)
    }

    pub(super) fn last_is(&self, yes: &str, no: &str) -> bool {
        let name = |option: &String| option.split('=').next().unwrap_or("").to_owned();
        let mut names = self.list.iter().rev().map(name);
        names.find(|name| name == yes || name == no).as_deref() == Some(yes)
    }

    /// The values of an option, in order.
    pub(super) fn values(&self, name: &str) -> Vec<String> {
        let value = |option: &String| {
            option
                .strip_prefix(name)?
                .strip_prefix('=')
                .map(str::to_owned)
        };
        self.list.iter().filter_map(value).collect()
    }

    pub(super) fn without(&self, names: &[&str]) -> String {
        let is = |option: &&String| {
            let of = |name: &&str| {
                let rest = option.strip_prefix(*name);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
            };
            !names.iter().any(of)
        };
        let kept = self.list.iter().filter(is);
        let escape = |option: &String| option.replace(',', "\\,");
        kept.map(escape).collect::<Vec<_>>().join(",")
    }
}
