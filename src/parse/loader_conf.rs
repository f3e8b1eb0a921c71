//! `loader.conf` of systemd-boot (systemd 255 `src/boot/efi/boot.c`,
//! `config_defaults_load_from_file`).

use std::sync::Arc;

use super::bls::{Pair, parse_systemd};
use crate::text::{File, Place};

/// How long systemd-boot shows its menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MenuTimeout {
    /// So many seconds; 0 shows no menu.
    Seconds(u32),
    /// `menu-force`: until a key is pressed.
    Force,
    /// `menu-hidden`: no menu unless a key is held.
    Hidden,
}

/// A parsed `loader.conf`.
#[derive(Clone, Debug, Default)]
pub struct LoaderConf {
    /// The pattern of the default entry, or `@saved`.
    pub default: Option<(Vec<u8>, Place)>,
    /// The waiting time.
    pub timeout: Option<(MenuTimeout, Place)>,
    /// Lines systemd-boot does not take.
    pub ignored: Vec<Place>,
}

/// Reads a file; a later line of the same key wins.
#[must_use]
pub fn parse(file: &Arc<File>) -> LoaderConf {
    let mut conf = LoaderConf::default();
    for Pair { key, value, place } in parse_systemd(file) {
        match key.as_slice() {
            b"default" if value.starts_with(b"@") && !value.eq_ignore_ascii_case(b"@saved") => {
                conf.ignored.push(place);
            }
            b"default" => conf.default = Some((value, place)),
            b"timeout" => match menu_timeout(&value) {
                Some(timeout) => conf.timeout = Some((timeout, place)),
                None => conf.ignored.push(place),
            },
            b"editor"
            | b"auto-entries"
            | b"auto-firmware"
            | b"auto-poweroff"
            | b"auto-reboot"
            | b"beep"
            | b"console-mode"
            | b"random-seed-mode"
            | b"secure-boot-enroll"
            | b"reboot-for-bitlocker" => {}
            _ => conf.ignored.push(place),
        }
    }
    conf
}

/// A waiting time as `loader.conf` and the EFI variables write it; `None` where it is
/// neither a number nor a known word.
#[must_use]
pub fn menu_timeout(value: &[u8]) -> Option<MenuTimeout> {
    match value {
        b"menu-force" => Some(MenuTimeout::Force),
        b"menu-hidden" | b"menu-disabled" => Some(MenuTimeout::Hidden),
        digits => {
            let text = std::str::from_utf8(digits).ok()?;
            let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| text.parse().ok().map(MenuTimeout::Seconds))?
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_timeout_is_ignored_and_the_earlier_one_stays() {
        let text = "# c\ndefault debian-*\ntimeout 5\ntimeout soon\neditor no\nwhat 1\n";
        let conf = parse(&File::new("/loader.conf", text));
        assert_eq!(conf.default.unwrap().0, b"debian-*");
        assert_eq!(conf.timeout.unwrap().0, MenuTimeout::Seconds(5));
        let ignored: Vec<String> = conf.ignored.iter().map(Place::text).collect();
        assert_eq!(ignored, ["timeout soon", "what 1"]);
    }

    #[test]
    fn menu_force_waits_and_menu_hidden_does_not() {
        assert_eq!(menu_timeout(b"menu-force"), Some(MenuTimeout::Force));
        assert_eq!(menu_timeout(b"menu-hidden"), Some(MenuTimeout::Hidden));
        assert_eq!(menu_timeout(b"-1"), None);
        assert_eq!(menu_timeout(b""), None);
    }
}
