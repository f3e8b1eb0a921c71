//! Settings of LVM (lvm.conf(5), LVM 2.03.16), read line by line; the last one counts.

/// The value of a setting that is one number or word.
#[must_use]
pub fn scalar(config: &[u8], section: &str, name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(config);
    let values = lines(&text).filter_map(|line| assigned(line, section, name));
    values.last().map(|value| value.trim().to_owned())
}

/// The strings of a setting that is a list; one that is there may be empty.
#[must_use]
pub fn list(config: &[u8], section: &str, name: &str) -> Option<Vec<String>> {
    let text = String::from_utf8_lossy(config);
    let plain: Vec<&str> = lines(&text).collect();
    let mut found = None;
    for (at, line) in plain.iter().enumerate() {
        let Some(rest) = assigned(line, section, name) else {
            continue;
        };
        let mut value = rest.to_owned();
        let mut more = plain.iter().skip(at + 1);
        while !value.contains(']') {
            let Some(line) = more.next() else { break };
            value.push(' ');
            value.push_str(line);
        }
        let inner = value.split(']').next().unwrap_or("").trim();
        let inner = inner.strip_prefix('[').unwrap_or(inner);
        let items = inner
            .split(',')
            .map(|item| item.trim().trim_matches('"').to_owned());
        found = Some(items.filter(|item| !item.is_empty()).collect());
    }
    found
}

/// The lines without their comments.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let plain = |line: &'_ str| line.find('#').unwrap_or(line.len());
    text.lines()
        .map(move |line| line.get(..plain(line)).unwrap_or(line).trim())
}

/// What a line gives a setting, written alone or behind its section and a slash.
fn assigned<'a>(line: &'a str, section: &str, name: &str) -> Option<&'a str> {
    let behind = line.strip_prefix(section);
    let rest = behind.and_then(|rest| rest.strip_prefix('/'));
    let rest = rest.unwrap_or(line).strip_prefix(name)?.trim_start();
    rest.strip_prefix('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_over_lines_and_comments_are_none() {
        let config =
            b"activation {\n# volume_list = [ \"x\" ]\n\tvolume_list = [ \"a\",\n \"b/c\" ]\n}\n";
        let list = |config: &[u8], name| list(config, "activation", name);
        assert_eq!(
            list(config, "volume_list"),
            Some(vec!["a".to_owned(), "b/c".to_owned()])
        );
        assert_eq!(list(b"volume_list = []\n", "volume_list"), Some(Vec::new()));
        assert_eq!(list(config, "auto_activation_volume_list"), None);
    }

    #[test]
    fn the_last_number_counts_with_its_section_or_without() {
        let of = |config: &[u8]| scalar(config, "devices", "use_devicesfile");
        let config = b"devices {\n\tuse_devicesfile = 0 # off\n}\ndevices/use_devicesfile=1\n";
        assert_eq!(of(config), Some("1".to_owned()));
        assert_eq!(of(b"\t# use_devicesfile = 1\n"), None);
    }
}
