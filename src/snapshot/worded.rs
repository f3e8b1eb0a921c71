//! Secrets that stand in a form of their own: in a cluster's XML, and behind a word
//! without a sign between.

use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use regex::bytes::Regex;

/// The values of a cluster; an open one counts to the end.
static VALUES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?s-u)\bvalue\s*=\s*(?:"([^"]*)|'([^']*))"#).ok());

/// What stands before a value that the rules ask for, which is no secret.
static ASKED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"(?-u)\bname\s*=\s*["'](?:(?:stonith|fencing)[-_](?:enabled|watchdog-timeout)"#,
        r"|maintenance-mode|stop[-_]all[-_]resources|is[-_]managed[-_]default",
        r#"|standby|maintenance|no[-_]quorum[-_]policy)["']\s+$"#
    ))
    .ok()
});

/// Words of haproxy, FRR, BIRD and ucarp whose next word is a secret.
static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i-u)\b(?:(?:insecure-|ucarp-|auth-)?password|md5|key-string)[ \t]+(?:[0-9][ \t]+)?",
        r#"("[^"\n]*"?|[^\s;"]+)|\bstats[ \t]+auth[ \t]+[^\s:]+:([^\s]+)"#
    ))
    .ok()
});

/// Where such words are read; elsewhere `password` is a word like others.
const WORDED: [&str; 6] = [
    "/etc/haproxy",
    "/etc/frr",
    "/etc/bird",
    "/etc/bird.conf",
    "/etc/network/interfaces",
    "/etc/network/interfaces.d",
];

/// All of it: a pattern that does not compile (tested below) keeps nothing.
fn all(bytes: &[u8]) -> Vec<Range<usize>> {
    std::iter::once(0..bytes.len()).collect()
}

/// The secrets of a file in a form of its own; none where it is no such file.
pub(super) fn secrets(path: &Path, bytes: &[u8]) -> Vec<Range<usize>> {
    if path.starts_with("/var/lib/pacemaker") {
        return of_cluster(bytes);
    }
    if !WORDED.iter().any(|known| path.starts_with(known)) {
        return Vec::new();
    }
    let Some(pattern) = WORDS.as_ref() else {
        return all(bytes);
    };
    let found = pattern.captures_iter(bytes);
    let found = found.filter_map(|c| c.get(1).or_else(|| c.get(2)));
    found.map(|value| value.range()).collect()
}

/// Every value but those that the rules ask for. What stands for a sign (`&amp;`) stays,
/// so that the file can be read as before.
fn of_cluster(bytes: &[u8]) -> Vec<Range<usize>> {
    let (Some(values), Some(asked)) = (VALUES.as_ref(), ASKED.as_ref()) else {
        return all(bytes);
    };
    let mut found = Vec::new();
    for capture in values.captures_iter(bytes) {
        let (Some(whole), Some(value)) =
            (capture.get(0), capture.get(1).or_else(|| capture.get(2)))
        else {
            continue;
        };
        let before = bytes.get(whole.start().saturating_sub(80)..whole.start());
        if before.is_some_and(|before| asked.is_match(before)) {
            continue;
        }
        let (mut from, mut sign) = (value.start(), false);
        for (at, byte) in value.as_bytes().iter().enumerate() {
            let at = value.start() + at;
            match byte {
                b'&' if !sign => {
                    found.push(from..at);
                    sign = true;
                }
                b';' if sign => {
                    from = at;
                    sign = false;
                }
                _ => {}
            }
        }
        // An open sign is none, and hidden with the rest.
        found.push(from..value.end());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(path: &str, text: &str) -> Vec<String> {
        let bytes = text.as_bytes();
        let found = secrets(Path::new(path), bytes);
        let text = |range: Range<usize>| String::from_utf8_lossy(&bytes[range]).into_owned();
        found
            .into_iter()
            .map(text)
            .filter(|t| !t.is_empty())
            .collect()
    }

    #[test]
    fn a_cluster_keeps_only_the_values_that_are_asked_for() {
        let text = "<nvpair id=\"a\" name=\"passwd\" value=\"hun&amp;ter\"/>\n\
            <nvpair id=\"b\" name=\"stonith-enabled\" value=\"false\"/>\n\
            <nvpair value='x' name='standby'/><nvpair name=\"pin\" value=\"12";
        let cib = "/var/lib/pacemaker/cib/cib.xml";
        assert_eq!(hidden(cib, text), ["hun", ";ter", "x", "12"]);
        assert!(hidden("/etc/hosts", text).is_empty());
    }

    #[test]
    fn words_that_name_a_secret_hide_the_next() {
        let text = "stats auth admin:hunter2\n user a insecure-password b4d\n";
        assert_eq!(hidden("/etc/haproxy/haproxy.cfg", text), ["hunter2", "b4d"]);
        let text = " ip ospf message-digest-key 1 md5 s3cret\n neighbor 192.0.2.1 password p4ss\n";
        assert_eq!(hidden("/etc/frr/frr.conf", text), ["s3cret", "p4ss"]);
        assert_eq!(
            hidden("/etc/bird/bird.conf", "password \"a b\";"),
            ["\"a b\""]
        );
        assert_eq!(
            hidden("/etc/network/interfaces", " ucarp-password s\n"),
            ["s"]
        );
        assert!(hidden("/etc/pam.d/common-password", "password requisite x\n").is_empty());
    }
}
