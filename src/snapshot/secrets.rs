//! Secrets, which a snapshot does not hold.
//!
//! A secret becomes a digest of the same length under a key, so that columns stay true
//! and two hosts recorded under one key still show whether theirs differ. Only letters
//! and digits change: what else stands in a password decides how it is read. Its first
//! eight bytes count by themselves, as they do for VRRP (RFC 2338, 5.3.6.1).

use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use regex::bytes::Regex;
use sha2::{Digest as _, Sha256};

use crate::source::{Content, ReadError, Record};

/// The key under which secrets are digested.
pub type Key = [u8; 32];

/// Names and words whose value is a secret, and the value.
static VALUES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i-u)(?:",
        r"\bauth_pass[ \t]+|\b(?:requirepass|masterauth|wpa-psk|wpa-passphrase|wpa-password",
        r"|wireless-key[0-9]?|wep-key[0-9]?)[ \t]+|\bpassword_pbkdf2[ \t]+[^\s]+[ \t]+",
        r"|\bsentinel[ \t]+auth-pass[ \t]+[^\s]+[ \t]+",
        r"|[a-z0-9_.-]*(?:passwd|password|passphrase|secret|token|api_?key|access_?key|_pwd|psk",
        r"|private_?key|preshared_?key|wep-key[0-9])[a-z0-9_-]*[ \t]*[=:][ \t]*",
        r")",
        r#"("[^"\n]*"|'[^'\n]*'|[^\s"'\x00]+)"#
    ))
    .ok()
});

/// The password of an address: `scheme://user:password@host`.
static ADDRESSES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?-u)://[^\s/:@]*:([^\s/@]+)@").ok());

/// The body of a private key in text form.
static KEYS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?s-u)-----BEGIN [A-Z ]*PRIVATE KEY-----(.*?)(?:-----END|$)").ok()
});

/// How much of a key's body tells only its form: OpenSSH's magic word and its cipher.
const FORM_OF_KEY: usize = 42;

/// Values that stand behind such a name and are no secret.
const PLAIN: [&[u8]; 18] = [
    b"yes",
    b"no",
    b"true",
    b"false",
    b"on",
    b"off",
    b"none",
    b"null",
    b"ask",
    b"files",
    b"compat",
    b"systemd",
    b"db",
    b"sss",
    b"ldap",
    b"nis",
    b"prompt",
    b"required",
];

/// Where a person writes what is read: elsewhere lies what a distribution ships.
const WRITTEN: [&str; 9] = [
    "/etc",
    "/root",
    "/home",
    "/srv",
    "/opt",
    "/usr/local",
    "/var/spool",
    "/run",
    "/boot",
];

/// Replaces every secret in what was recorded.
pub(super) fn hide(record: &mut Record, key: &Key) {
    for (path, seen) in &mut record.paths {
        let content = &mut seen.content;
        if holds_an_initrd(content) {
            // Whoever packs it puts keys of disks and of remote logins into it.
            content.pieces.clear();
            content.end = None;
            content.failed = Some(ReadError::NotRecorded);
            continue;
        }
        for piece in content.pieces.values_mut() {
            hide_in(path, piece, key);
        }
    }
}

/// The same for bytes that are kept of a file elsewhere, as if they were those of `path`.
pub(super) fn hide_in(path: &Path, bytes: &mut [u8], key: &Key) {
    for range in secrets(path, bytes) {
        if let Some(secret) = bytes.get_mut(range) {
            veil(secret, key);
        }
    }
}

/// The same for what a daemon answered.
pub(super) fn hide_answer(answer: &mut [u8], key: &Key) {
    for range in values(answer) {
        if let Some(secret) = answer.get_mut(range) {
            veil(secret, key);
        }
    }
}

/// Where in the bytes of a file secrets stand.
fn secrets(path: &Path, bytes: &[u8]) -> Vec<Range<usize>> {
    let name = path.file_name().map_or(&b""[..], |n| n.as_encoded_bytes());
    let of_process = path.starts_with("/proc");
    if of_process && name == b"environ" {
        return environment(bytes);
    }
    if matches!(name, b"shadow" | b"shadow-" | b"gshadow" | b"gshadow-") {
        return hashes(bytes);
    }
    let mut found = super::worded::secrets(path, bytes);
    let written = WRITTEN.iter().any(|dir| path.starts_with(dir));
    let passed = of_process && name == b"cmdline";
    if !(written || passed) || name == b"nsswitch.conf" || bytes.starts_with(b"\x7fELF") {
        return found;
    }
    found.extend(keys(bytes));
    found.extend(values(bytes));
    found
}

/// Values of assignments and options.
fn values(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for pattern in [&VALUES, &ADDRESSES] {
        let Some(pattern) = pattern.as_ref() else {
            // Unreachable while the patterns compile (tested below): nothing is kept then.
            return std::iter::once(0..bytes.len()).collect();
        };
        let all = pattern.captures_iter(bytes);
        let all = all.filter_map(|found| found.get(1));
        found.extend(all.filter(|v| is_secret(v.as_bytes())).map(|v| v.range()));
    }
    found
}

/// Whether a value may be a secret: no word, path or variable is.
fn is_secret(value: &[u8]) -> bool {
    let bare = value.trim_ascii_start();
    let bare = bare.strip_prefix(b"\"").or(bare.strip_prefix(b"'"));
    let bare = bare.unwrap_or(value);
    let bare = bare.strip_suffix(b"\"").or(bare.strip_suffix(b"'"));
    let bare = bare.unwrap_or(value);
    let first = bare.first().copied().unwrap_or(b' ');
    let named = matches!(first, b'/' | b'$' | b'`' | b'<' | b'%' | b'=' | b'{' | b'~');
    let word = bare.trim_ascii_end().strip_suffix(b";").unwrap_or(bare);
    !named && !PLAIN.iter().any(|plain| word.eq_ignore_ascii_case(plain))
}

/// The bodies of private keys, but for what tells their form.
fn keys(bytes: &[u8]) -> Vec<Range<usize>> {
    let Some(pattern) = KEYS.as_ref() else {
        return std::iter::once(0..bytes.len()).collect();
    };
    let bodies = pattern.captures_iter(bytes);
    let bodies = bodies.filter_map(|found| found.get(1));
    let rest = bodies.map(|body| (body.start() + FORM_OF_KEY).min(body.end())..body.end());
    rest.collect()
}

/// The hashes of shadow(5): what stands before the first `$`-part stays, as it tells
/// whether the account is locked, and by which method it is hashed.
fn hashes(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let mut fields = line.split(|b| *b == b':');
        if let (Some(name), Some(hash)) = (fields.next(), fields.next()) {
            let from = start + name.len() + 1;
            let marks = hash.iter().take_while(|b| matches!(b, b'!' | b'*'));
            let marks = marks.count();
            let rest = hash.get(marks..).unwrap_or(&[]);
            let method = match rest.strip_prefix(b"$") {
                Some(rest) => rest.iter().position(|b| *b == b'$').map_or(0, |at| at + 2),
                None => 0,
            };
            found.push(from + marks + method..from + hash.len());
        }
        start += line.len();
    }
    found
}

/// Variables of which everybody may know the value.
const HARMLESS: [&[u8]; 6] = [b"container", b"PATH", b"TERM", b"LANG", b"HOME", b"SHELL"];

/// The values of an environment: any of them may be a secret.
fn environment(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for variable in bytes.split_inclusive(|b| *b == 0) {
        let text = variable.strip_suffix(b"\0").unwrap_or(variable);
        if let Some(at) = text.iter().position(|b| *b == b'=') {
            let name = text.get(..at).unwrap_or(&[]);
            if !HARMLESS.contains(&name) {
                found.push(start + at + 1..start + text.len());
            }
        }
        start += variable.len();
    }
    found
}

/// Beginnings of what an initrd is: an archive, or one packed.
const ARCHIVES: [&[u8]; 9] = [
    b"070701",
    b"070702",
    b"070707",
    b"\x1f\x8b",
    b"\x28\xb5\x2f\xfd",
    b"\xfd7zXZ\0",
    b"\x02\x21\x4c\x18",
    b"BZh",
    b"\x89LZO",
];

/// Whether a file that was read in pieces is an initrd, or a kernel image with one in it.
fn holds_an_initrd(content: &Content) -> bool {
    let Some(head) = content.opened.and(content.pieces.get(&0)) else {
        return false;
    };
    let unified = head.starts_with(b"MZ") && {
        let head = head.get(..4096).unwrap_or(head);
        head.windows(7).any(|window| window == b".initrd")
    };
    let packed_alone = head.starts_with(b"\x5d\0\0");
    unified || packed_alone || ARCHIVES.iter().any(|magic| head.starts_with(magic))
}

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Overwrites a secret by its digest.
fn veil(secret: &mut [u8], key: &Key) {
    let (head, whole) = (secret.get(..8).unwrap_or(secret), &*secret);
    let mut stream = digest(key, head).to_vec();
    stream.truncate(8);
    let mut block = digest(key, whole);
    while stream.len() < secret.len() {
        stream.extend_from_slice(&block);
        block = digest(key, &block);
    }
    for (byte, random) in secret.iter_mut().zip(stream) {
        if byte.is_ascii_alphanumeric() || !byte.is_ascii() {
            let at = usize::from(random) % LETTERS.len();
            *byte = LETTERS.get(at).copied().unwrap_or(b'x');
        }
    }
}

/// The key that a secret of any length stands for.
#[must_use]
pub fn key_of(secret: &[u8]) -> Key {
    Sha256::digest(secret.trim_ascii()).into()
}

fn digest(key: &Key, bytes: &[u8]) -> [u8; 32] {
    let mut inner = Sha256::new();
    inner.update(key);
    inner.update(bytes);
    let inner = inner.finalize();
    let mut outer = Sha256::new();
    outer.update(key);
    outer.update(inner);
    outer.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(path: &str, text: &str, key: u8) -> String {
        let mut bytes = text.as_bytes().to_vec();
        for range in secrets(Path::new(path), &bytes.clone()) {
            veil(&mut bytes[range], &[key; 32]);
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn secrets_go_and_their_length_and_their_signs_stay() {
        for (path, before, secret, after) in [
            (
                "/etc/keepalived/keepalived.conf",
                "auth_pass ",
                "ab!cd#ef",
                " # x",
            ),
            ("/etc/cron.d/x", "DB_PASSWORD=", "hunter2", " job"),
            ("/etc/redis/redis.conf", "requirepass ", "s3cret", "\n"),
            (
                "/etc/NetworkManager/system-connections/w",
                "psk=",
                "correcthorse",
                "\n",
            ),
            ("/etc/network/interfaces", "  wpa-psk ", "0123456789", "\n"),
            (
                "/etc/wireguard/wg0.conf",
                "PrivateKey = ",
                "aGVsbG8gd29ybGQK",
                "\n",
            ),
            ("/etc/x", "url = https://me:", "pa55", "@host/\n"),
            (
                "/etc/shadow",
                "root:$6$",
                "saltsalt$hash/hash.",
                ":19000:0\n",
            ),
            ("/etc/shadow", "root:!", "abcdefghijk", ":19000:0\n"),
            (
                "/proc/1/environ",
                "container=lxc\0KEY=",
                "val",
                "\0TERM=linux\0",
            ),
            ("/proc/812/cmdline", "x\0--password=", "abc", "\0-v\0"),
        ] {
            let text = format!("{before}{secret}{after}");
            let out = hidden(path, &text, 1);
            assert_ne!(out, text, "{path}");
            assert_eq!(out.len(), text.len());
            assert!(out.starts_with(before) && out.ends_with(after), "{out}");
            let signs = |text: &str| -> String {
                let signs = text
                    .chars()
                    .map(|c| if c.is_alphanumeric() { 'a' } else { c });
                signs.collect()
            };
            assert_eq!(signs(&out), signs(&text));
            assert_eq!(hidden(path, &text, 1), out);
            assert_ne!(hidden(path, &text, 2), out);
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for (path, text) in [
            ("/etc/nsswitch.conf", "passwd: files systemd\n"),
            ("/etc/pam.d/sshd", "password requisite pam_deny.so\n"),
            ("/etc/ssh/sshd_config", "PasswordAuthentication=no\n"),
            ("/etc/cron.d/x", "PASSWORD=$(cat /etc/pw) job\n"),
            ("/etc/cron.d/x", "PASSWORD_FILE=/etc/pw job\n"),
            ("/etc/shadow", "daemon:*:19000:0:99999:7:::\nx:!:1\ny::1\n"),
            ("/usr/lib/x", "password=hunter2\n"),
            ("/etc/crontab", "15 3 * * * root /sbin/reboot\n"),
        ] {
            assert_eq!(hidden(path, text, 1), text, "{path}");
        }
    }

    #[test]
    fn a_private_key_keeps_only_its_form() {
        let body = "\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz\nc2gtZWQy\n";
        let text =
            format!("-----BEGIN OPENSSH PRIVATE KEY-----{body}-----END OPENSSH PRIVATE KEY-----\n");
        let out = hidden("/etc/ssh/ssh_host_ed25519_key", &text, 1);
        assert!(out.contains("b3BlbnNzaC1rZXktdjEAAAAABG5vbmU"), "{out}");
        assert!(!out.contains("c2gtZWQy"), "{out}");
        // Of one that was read in part, too.
        let out = hidden("/etc/ssh/k", &text[..110], 1);
        assert!(!out.contains("AAAAtz"), "{out}");
    }

    #[test]
    fn passwords_that_agree_where_vrrp_looks_still_agree() {
        let of = |secret: &str| hidden("/etc/k", &format!("auth_pass {secret}"), 1);
        assert_eq!(of("12345678abc")[..18], of("12345678xyz")[..18]);
        assert_ne!(of("12345678abc"), of("12345678xyz"));
    }

    #[test]
    fn an_initrd_is_known_by_its_beginning() {
        let of = |head: &[u8], opened: Option<u64>| {
            let mut content = Content {
                opened,
                ..Content::default()
            };
            content.add(0, head);
            holds_an_initrd(&content)
        };
        assert!(of(b"070701000", Some(9)));
        assert!(of(b"\x28\xb5\x2f\xfd1", Some(9)));
        assert!(of(b"MZ....initrd\0", Some(9)));
        assert!(!of(b"MZ...linux", Some(9)));
        assert!(!of(b"\x1f\x8b", None));
    }
}
