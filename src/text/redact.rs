//! Secrets in quoted lines.

use regex::bytes::Regex;
use std::sync::LazyLock;

/// Words whose value is a secret: keepalived's `auth_pass`, and assignments and
/// options whose name says so.
static SECRET: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i-u)(?:\bauth_pass[ \t]+|",
        r#"\bname="[a-z0-9_-]*(?:passw|secret|token|key)[a-z0-9_]*"[ \t]+value=|"#,
        r"[a-z0-9_-]*(?:passwd|password|secret|token|api_?key)[a-z0-9_]*[ \t]*[=:][ \t]*)",
        r#"("[^"\n]*"|'[^'\n]*'|[^\s"']+)"#
    ))
    .ok()
});

/// `line` with every secret value overwritten by asterisks of the same length,
/// so that columns stay true. The second value says whether anything was hidden.
#[must_use]
pub fn redact_line(line: &[u8]) -> (Vec<u8>, bool) {
    let mut out = line.to_vec();
    let mut hidden = false;
    let Some(secret) = SECRET.as_ref() else {
        // Unreachable while the pattern compiles (tested below); hide everything otherwise.
        out.fill(b'*');
        return (out, true);
    };
    for found in secret.captures_iter(line) {
        if let Some(value) = found.get(1)
            && let Some(target) = out.get_mut(value.range())
        {
            target.fill(b'*');
            hidden = true;
        }
    }
    (out, hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_and_columns_kept() {
        for (line, expected) in [
            ("    auth_pass s3cr3t # x", "    auth_pass ****** # x"),
            ("DB_PASSWORD=hunter2 job", "DB_PASSWORD=******* job"),
            ("curl --token=abc x", "curl --token=*** x"),
            ("api_key: \"a b\"", "api_key: *****"),
            (
                "name=\"passwd\" value=\"x\"/>",
                "name=\"passwd\" value=***/>",
            ),
        ] {
            let (out, hidden) = redact_line(line.as_bytes());
            assert_eq!(String::from_utf8_lossy(&out), expected);
            assert!(hidden);
        }
    }

    #[test]
    fn ordinary_lines_stay_as_they_are() {
        for line in ["15 3 * * * /sbin/reboot", "passwd root", "auth_type PASS"] {
            assert_eq!(
                redact_line(line.as_bytes()),
                (line.as_bytes().to_vec(), false)
            );
        }
    }
}
