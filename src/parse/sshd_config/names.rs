//! Names of algorithms that OpenSSH's portable builds with OpenSSL know, 6.6 to 10.3
//! (`cipher.c`, `mac.c`, `kex.c`, `ssh-*.c`).

use super::keyword::Family;
use super::words::matches;
use super::{Build, Vendor};

/// A version that no build reaches.
const NOW: (u32, u32) = (u32::MAX, 0);
/// A version that every build reaches.
const OLD: (u32, u32) = (0, 0);

/// Names, the first version that has them, and the first that has them no more.
type Names = (&'static [&'static str], (u32, u32), (u32, u32));

#[rustfmt::skip]
const CIPHERS: &[Names] = &[
    (&["3des-cbc", "aes128-cbc", "aes192-cbc", "aes256-cbc", "aes128-ctr", "aes192-ctr",
       "aes256-ctr", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com",
       "chacha20-poly1305@openssh.com"], OLD, NOW),
    (&["rijndael-cbc@lysator.liu.se"], OLD, (8, 5)),
    (&["blowfish-cbc", "cast128-cbc", "arcfour", "arcfour128", "arcfour256"], OLD, (7, 6)),
];

#[rustfmt::skip]
const MACS: &[Names] = &[
    (&["hmac-sha1", "hmac-sha1-96", "hmac-sha2-256", "hmac-sha2-512", "hmac-md5", "hmac-md5-96",
       "umac-64@openssh.com", "umac-128@openssh.com", "hmac-sha1-etm@openssh.com",
       "hmac-sha1-96-etm@openssh.com", "hmac-sha2-256-etm@openssh.com",
       "hmac-sha2-512-etm@openssh.com", "hmac-md5-etm@openssh.com",
       "hmac-md5-96-etm@openssh.com", "umac-64-etm@openssh.com",
       "umac-128-etm@openssh.com"], OLD, NOW),
    (&["hmac-ripemd160", "hmac-ripemd160@openssh.com", "hmac-ripemd160-etm@openssh.com"],
     OLD, (7, 6)),
];

#[rustfmt::skip]
const KEXES: &[Names] = &[
    (&["diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1",
       "diffie-hellman-group-exchange-sha1", "diffie-hellman-group-exchange-sha256",
       "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521",
       "curve25519-sha256@libssh.org"], OLD, NOW),
    (&["diffie-hellman-group14-sha256", "diffie-hellman-group16-sha512",
       "diffie-hellman-group18-sha512"], (7, 3), NOW),
    (&["curve25519-sha256"], (7, 4), NOW),
    (&["sntrup4591761x25519-sha512@tinyssh.org"], (8, 0), (8, 5)),
    (&["sntrup761x25519-sha512@openssh.com"], (8, 5), NOW),
    // Upstream 9.9; Debian's 9.2 has it too.
    (&["sntrup761x25519-sha512"], (9, 2), NOW),
    (&["mlkem768x25519-sha256"], (9, 9), NOW),
];

#[rustfmt::skip]
const KEYS: &[Names] = &[
    (&["ssh-rsa", "ssh-rsa-cert-v01@openssh.com", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
       "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp256-cert-v01@openssh.com",
       "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp521-cert-v01@openssh.com",
       "ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com"], OLD, NOW),
    (&["ssh-dss", "ssh-dss-cert-v01@openssh.com"], OLD, (9, 8)),
    (&["ssh-rsa-cert-v00@openssh.com", "ssh-dss-cert-v00@openssh.com"], OLD, (7, 0)),
    (&["rsa-sha2-256", "rsa-sha2-512"], (7, 2), NOW),
    (&["rsa-sha2-256-cert-v01@openssh.com", "rsa-sha2-512-cert-v01@openssh.com"], (7, 8), NOW),
    (&["sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com",
       "sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"],
     (8, 2), NOW),
    (&["webauthn-sk-ecdsa-sha2-nistp256@openssh.com"], (8, 3), NOW),
];

/// Short names of key types, which count whatever the case (`sshkey_type_from_name`).
const SHORT: [&str; 5] = ["rsa", "ecdsa", "ed25519", "ecdsa-sk", "ed25519-sk"];

/// What a list of names is to a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Taken.
    Fine,
    /// Refused, for this name.
    Bad(String),
    /// A name that a patch may know.
    Open(String),
}

/// What `list` is as the value of a keyword of this family.
pub(super) fn check(list: &[u8], family: Family, build: Build) -> Verdict {
    // What is taken away need not exist.
    if list.starts_with(b"-") {
        return Verdict::Fine;
    }
    let list = list
        .strip_prefix(b"+")
        .or(list.strip_prefix(b"^"))
        .unwrap_or(list);
    if list.is_empty() {
        return Verdict::Bad(String::new());
    }
    // The first empty name ends the look.
    for name in list
        .split(|b| *b == b',')
        .take_while(|name| !name.is_empty())
    {
        if is_known(name, family, build) {
            continue;
        }
        let text = String::from_utf8_lossy(name).into_owned();
        let was = table(family)
            .iter()
            .any(|(names, ..)| names.contains(&text.as_str()));
        let sure = build.version.is_some() && (was || build.vendor == Vendor::Debian);
        let gss = family == Family::Kex && text.starts_with("gss-");
        return if sure && !gss {
            Verdict::Bad(text)
        } else {
            Verdict::Open(text)
        };
    }
    Verdict::Fine
}

const fn table(family: Family) -> &'static [Names] {
    match family {
        Family::Cipher => CIPHERS,
        Family::Mac => MACS,
        Family::Kex => KEXES,
        Family::Key => KEYS,
    }
}

fn is_known(name: &[u8], family: Family, build: Build) -> bool {
    let here = |(_, since, until): &&Names| {
        let within = |version| *since <= version && version < *until;
        build.version.is_none_or(within)
    };
    let mut names = table(family)
        .iter()
        .filter(here)
        .flat_map(|(names, ..)| names.iter());
    if family != Family::Key {
        return names.any(|known| known.as_bytes() == name);
    }
    let short = String::from_utf8_lossy(name).to_ascii_lowercase();
    let name = name.strip_prefix(b"!").unwrap_or(name);
    SHORT.contains(&short.as_str()) || names.any(|known| matches(known.as_bytes(), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(version: (u32, u32), family: Family, list: &str) -> Verdict {
        let build = Build {
            version: Some(version),
            vendor: Vendor::Debian,
        };
        check(list.as_bytes(), family, build)
    }

    #[test]
    fn a_cipher_that_went_is_refused_from_then_on() {
        let arcfour = Verdict::Bad("arcfour".to_owned());
        assert_eq!(on((9, 2), Family::Cipher, "aes128-ctr,arcfour"), arcfour);
        assert_eq!(
            on((7, 4), Family::Cipher, "aes128-ctr,arcfour"),
            Verdict::Fine
        );
        assert_eq!(on((9, 2), Family::Cipher, "-arcfour"), Verdict::Fine);
    }

    #[test]
    fn types_of_keys_may_be_patterns_and_other_lists_may_not() {
        assert_eq!(on((9, 2), Family::Key, "ssh-*"), Verdict::Fine);
        assert_eq!(on((9, 2), Family::Key, "rsa"), Verdict::Fine);
        assert_ne!(on((9, 2), Family::Cipher, "aes*"), Verdict::Fine);
        assert_ne!(on((10, 0), Family::Key, "ssh-dss"), Verdict::Fine);
    }
}
