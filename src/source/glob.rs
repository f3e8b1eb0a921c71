//! Host directories named by a pattern such as `hosts/*`.

use std::path::{Path, PathBuf};

use regex::bytes::Regex;
use walkdir::WalkDir;

/// A pattern with `*`, `?` and `[...]` (none of them matching `/`) as an anchored
/// regular expression; `None` where it is no valid pattern.
#[must_use]
pub fn glob_to_regex(pattern: &str) -> Option<Regex> {
    let mut regex = String::from("(?s-u)^");
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '[' => {
                let mut set = String::new();
                if matches!(chars.peek(), Some('!' | '^')) {
                    chars.next();
                    set.push('^');
                }
                let mut first = true;
                loop {
                    match chars.next()? {
                        ']' if !first => break,
                        c @ ('\\' | '[' | ']' | '&' | '~' | '^') => {
                            set.push('\\');
                            set.push(c);
                        }
                        c => set.push(c),
                    }
                    first = false;
                }
                regex.push('[');
                regex.push_str(&set);
                regex.push(']');
            }
            c => regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    regex.push('$');
    Regex::new(&regex).ok()
}

/// The paths that match `pattern`, sorted; none where nothing does.
///
/// # Errors
/// The text of the first directory that could not be read, or of a bad pattern.
pub fn glob_hosts(pattern: &str) -> Result<Vec<PathBuf>, String> {
    use std::os::unix::ffi::OsStrExt as _;
    let pattern = pattern.trim_end_matches('/');
    let special = |part: &&str| part.contains(['*', '?', '[']);
    let parts: Vec<&str> = pattern.split('/').collect();
    let fixed = parts.iter().take_while(|part| !special(part)).count();
    let (prefix, rest) = parts.split_at(fixed.min(parts.len()));
    let prefix = prefix.join("/");
    let base = match (prefix.is_empty(), pattern.starts_with('/')) {
        (true, true) => PathBuf::from("/"),
        (true, false) => PathBuf::from("."),
        (false, _) => PathBuf::from(&prefix),
    };
    if rest.is_empty() {
        let here = std::fs::symlink_metadata(&base).is_ok();
        return Ok(if here { vec![base] } else { Vec::new() });
    }
    if std::fs::symlink_metadata(&base).is_err() {
        return Ok(Vec::new());
    }
    let regex = glob_to_regex(&rest.join("/")).ok_or("not a valid pattern")?;
    let depth = rest.len();
    let walk = WalkDir::new(&base)
        .min_depth(depth)
        .max_depth(depth)
        .follow_links(false)
        .sort_by_file_name();
    let mut found = Vec::new();
    for entry in walk {
        let entry = entry.map_err(|error| error.to_string())?;
        let below = entry.path().strip_prefix(&base).unwrap_or(entry.path());
        if regex.is_match(below.as_os_str().as_bytes()) {
            found.push(tidy(entry.path()));
        }
    }
    Ok(found)
}

/// Without a leading `./`.
fn tidy(path: &Path) -> PathBuf {
    path.strip_prefix(".").unwrap_or(path).to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_inside_one_directory_and_sets_are_sets() {
        let cases = [
            ("web*", "web1", true),
            ("web*", "web1/x", false),
            ("w?b", "web", true),
            ("[a-c]x", "bx", true),
            ("[!a]x", "ax", false),
            ("a.b", "aXb", false),
        ];
        for (pattern, text, expected) in cases {
            let regex = glob_to_regex(pattern).unwrap();
            assert_eq!(
                regex.is_match(text.as_bytes()),
                expected,
                "{pattern} {text}"
            );
        }
        assert!(glob_to_regex("[a").is_none());
    }

    #[test]
    fn hosts_come_sorted_and_a_pattern_may_have_several_levels() {
        let dir = tempfile::tempdir().unwrap();
        for host in ["b/etc", "a/etc", "c"] {
            std::fs::create_dir_all(dir.path().join(host)).unwrap();
        }
        let base = dir.path().display();
        let found = glob_hosts(&format!("{base}/*/etc")).unwrap();
        let expected = ["a/etc", "b/etc"].map(|host| dir.path().join(host));
        assert_eq!(found, expected);
        let none = glob_hosts(&format!("{base}/none/*")).unwrap();
        assert!(none.is_empty());
    }
}
