//! pacman's `var/lib/pacman/local/*/desc` and `files` (libalpm 13 `be_local.c`):
//! `%KEY%` on a line of its own, then its values, then an empty line.

/// The values of one key.
pub fn values<'a>(bytes: &'a [u8], key: &str) -> impl Iterator<Item = &'a [u8]> {
    let mut lines = bytes.split(|b| *b == b'\n');
    let head = format!("%{key}%");
    let found = lines.any(|line| line == head.as_bytes());
    lines.take_while(move |line| found && !line.is_empty())
}

/// The first value of a key.
#[must_use]
pub fn value(bytes: &[u8], key: &str) -> Option<String> {
    let first = values(bytes, key).next()?;
    Some(String::from_utf8_lossy(first).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_values_below_it_up_to_an_empty_line() {
        let text = b"%NAME%\nlinux\n\n%FILES%\nboot/\nusr/lib/x\n\n%BACKUP%\netc/a\t0123\n";
        assert_eq!(value(text, "NAME").as_deref(), Some("linux"));
        assert_eq!(values(text, "FILES").count(), 2);
        assert_eq!(value(text, "VERSION"), None);
    }
}
