//! No bytes make the evaluation panic or run away.

use proptest::prelude::*;

use super::{Files, choosing, facts};
use crate::boot::grub::{Dialect, grub};
use crate::parse::grub::GrubEnv;
use crate::text::File;

fn evaluate(bytes: &[u8]) {
    let main = File::new("/boot/grub/grub.cfg", bytes);
    let blind = Files {
        blind: true,
        ..Files::default()
    };
    for dialect in [Dialect::Upstream, Dialect::RedHat] {
        let env = GrubEnv::parse(&File::new("/grubenv", bytes));
        let next = grub(&main, Some(&env), &blind, &facts(dialect));
        assert!(next.entries.len() <= 2000);
    }
}

#[test]
fn every_prefix_of_a_configuration_is_taken() {
    for text in [
        choosing::MENU,
        super::distributions::DEBIAN,
        super::distributions::UBUNTU,
    ] {
        for end in (0..text.len()).step_by(7) {
            evaluate(text.get(..end).unwrap_or("").as_bytes());
        }
    }
}

#[test]
fn loops_recursion_and_growth_end() {
    for text in [
        "while true; do true; done\n",
        "function f {\nf\nf\n}\nf\n",
        "source /boot/grub/grub.cfg\n",
        "a=xx\nwhile true; do a=$a$a; done\n",
        "for i in 1 2; do for i in 1 2; do continue 99; done; done; break 9999999999999\n",
        "menuentry a { configfile $prefix/grub.cfg }\n",
    ] {
        evaluate(text.as_bytes());
        let main = File::new("/boot/grub/grub.cfg", text);
        let files = Files::with(&[("/boot/grub/grub.cfg", text)]);
        let next = grub(&main, None, &files, &facts(Dialect::Upstream));
        assert!(next.entry.is_none() || !next.open.is_empty(), "{text}");
    }
}

#[test]
fn deep_nesting_is_given_up() {
    let deep = "if true; then ".repeat(5000);
    evaluate(deep.as_bytes());
    evaluate("menuentry a { ".repeat(5000).as_bytes());
    evaluate("submenu a {\n".repeat(60).as_bytes());
    let test = format!("if [ {} ]; then true; fi\n", "( ".repeat(3000));
    evaluate(test.as_bytes());
}

proptest! {
    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        evaluate(&bytes);
    }

    #[test]
    fn any_words_are_taken(words in prop::collection::vec(
        prop::sample::select(vec![
            "if", "then", "else", "fi", "menuentry", "submenu", "{", "}", ";", "\n", "set", "a=1",
            "default=", "'", "\"", "$x", "${?}", "function", "f", "for", "in", "do", "done",
            "while", "[", "]", "!", "-e", "\\", "#", "configfile", "$prefix", "blscfg", "load_env",
        ]), 0..60)) {
        evaluate(words.join(" ").as_bytes());
    }
}
