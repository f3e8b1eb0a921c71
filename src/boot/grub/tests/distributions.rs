//! Configurations as distributions write them.

use super::{Files, chosen, env, facts, run};
use crate::boot::grub::{Dialect, grub};
use crate::boot::{RootSpec, Timeout};
use crate::text::File;

/// Debian 12, with a submenu.
pub(super) const DEBIAN: &str = include_str!("debian.cfg");
/// Ubuntu, with recordfail.
pub(super) const UBUNTU: &str = include_str!("ubuntu.cfg");
const FEDORA: &str = "set timeout=1\nload_env\nif [ \"${next_entry}\" ]; then\n  \
    set default=\"${next_entry}\"\nelse\n  set default=\"${saved_entry}\"\nfi\n\
    set kernelopts=\"root=UUID=aa ro rhgb\"\ninsmod blscfg\nblscfg\n";

#[test]
fn debian_boots_its_first_entry_and_keeps_the_submenu() {
    let next = run(DEBIAN, Some(""));
    assert_eq!(chosen(&next), "Debian GNU/Linux");
    assert!(next.open.is_empty(), "{:?}", next.open);
    assert!(next.problems.is_empty(), "{:?}", next.problems);
    assert_eq!(next.timeout, Timeout::Seconds(5));
    let entry = next.entry.unwrap();
    assert!(entry.certain);
    let kernel = entry.kernel.unwrap();
    assert_eq!(kernel.path, b"/boot/vmlinuz-6.1.0-28-amd64");
    assert_eq!(kernel.root.spec, RootSpec::Uuid(b"3e0c".to_vec()));
    assert_eq!(
        entry.cmdline.unwrap().text,
        b"root=UUID=3e0c ro  quiet".replace_blanks()
    );
    assert_eq!(next.entries.len(), 3);
    let saved = DEBIAN.replace(
        "set default=\"0\"",
        "set default=\"gnulinux-adv>gnulinux-rec\"",
    );
    assert_eq!(
        chosen(&run(&saved, Some(""))),
        "Advanced options/Debian GNU/Linux (recovery mode)"
    );
}

trait Blanks {
    fn replace_blanks(&self) -> Vec<u8>;
}

impl Blanks for [u8] {
    /// Words joined by one blank, as GRUB joins them.
    fn replace_blanks(&self) -> Vec<u8> {
        let words = self.split(|b| *b == b' ').filter(|w| !w.is_empty());
        words.collect::<Vec<_>>().join(&b' ')
    }
}

#[test]
fn ubuntu_waits_longer_after_a_failed_boot() {
    let next = run(UBUNTU, Some(""));
    assert_eq!(next.timeout, Timeout::Seconds(0));
    assert_eq!(chosen(&next), "Ubuntu");
    let next = run(UBUNTU, Some("recordfail=1\n"));
    assert_eq!(next.timeout, Timeout::Seconds(30));
    let stuck = UBUNTU.replace("timeout=30", "timeout=-1");
    assert_eq!(
        run(&stuck, Some("recordfail=1\n")).timeout,
        Timeout::Forever
    );
}

#[test]
fn fedora_sorts_its_entry_files_and_takes_the_saved_one() {
    let entry = |v: &str| {
        format!(
            "title Fedora {v}\nversion {v}\nlinux /vmlinuz-{v}\ninitrd /initramfs-{v}.img\noptions $kernelopts quiet\ngrub_users $grub_users\n"
        )
    };
    let (new, old) = (entry("6.10.3"), entry("6.9.4"));
    let files = Files::with(&[
        ("/loader/entries/m-6.9.4-200.fc40.conf", &old),
        ("/loader/entries/m-6.10.3-200.fc40.conf", &new),
        ("/loader/entries/m-0-rescue.conf", "title R\nversion 0\n"),
        ("/loader/entries/README", "x"),
    ]);
    let main = File::new("/grub2/grub.cfg", FEDORA);
    let mut facts = facts(Dialect::RedHat);
    facts.prefix = "/grub2".into();
    for (lines, want) in [
        ("", "Fedora 6.10.3"),
        ("saved_entry=m-6.9.4-200.fc40\n", "Fedora 6.9.4"),
        ("saved_entry=gone\n", "Fedora 6.10.3"),
        ("saved_entry=1\n", "Fedora 6.9.4"),
    ] {
        let env = env(lines);
        let next = grub(&main, Some(&env), &files, &facts);
        assert_eq!(chosen(&next), want, "{lines}");
        let text = next.entry.unwrap().cmdline.unwrap().text;
        assert_eq!(text, b"root=UUID=aa ro rhgb quiet");
    }
}
