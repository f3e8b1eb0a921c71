use proptest::prelude::*;

use super::*;

const SCRIPTS: &[&str] = &[
    "#!/bin/bash\ncase \"$1\" in a|b*) x=${1##*/}; [[ $x =~ ^a ]] && `ip r` ;; *) for i in \"$@\"; do f $i; done;; esac\n",
    "f() { local a=$(( $1 + 2 )); cat <<E | while read l; do\n $a ${b:-\"x y\"}\nE\n echo \"$l\" >&2; done; }; f 1 || exit $?\n",
    "if [ -f /run/x ] && ! ping -c1 gw >/dev/null 2>&1; then sudo sh -c 'echo b > /proc/sysrq-trigger'; elif :; then a=(1 2); echo ${a[@]:1}; fi\n",
    "trap \"rm -f $t\" EXIT; until (( n++ > 3 )); do x=$(echo $(echo `date`)); done & wait\nselect x in a b; do :; done\n",
];

#[test]
fn no_beginning_of_a_script_makes_it_panic() {
    for script in SCRIPTS {
        for end in 0..=script.len() {
            let outcome = call(Tree::default(), &script[..end], &["a/b", "c"]);
            assert!(outcome.effects.len() < 100, "{}", &script[..end]);
        }
    }
}

#[test]
fn hostile_nesting_ends_in_an_answer() {
    for part in [
        "(",
        "{ ",
        "${x:-",
        "$((",
        "((",
        "[[ ( ",
        "if ",
        "`",
        "$(",
        "\"${x:-",
        "\"$(",
        "! ",
        "[[ ! ",
        "case x in a) ",
        "a[",
        "x=(",
        "@(",
        "<(",
        "while ",
        "f() ",
        "<<E ",
        "\\",
        "$'",
        "'",
        "a|",
        "a;",
        "a&&",
        "eval ",
        "$(( ( ",
        "{a,",
        "${x/",
        "for x in ",
        "time ",
        "function f ",
    ] {
        for count in [50, 299, 100_000] {
            let text = part.repeat(count);
            let outcome = call(Tree::default(), &text, &[]);
            let said = !outcome.undecided.is_empty();
            assert!(said || outcome.effects.len() < 3000, "{part} {count}");
        }
    }
}

#[test]
fn endless_loops_end() {
    for text in [
        "while :; do :; done",
        "f() { f; }; f",
        "f() { f | f; }; f",
        "i=0; while [ $i -ge 0 ]; do i=$((i+1)); a $i; done",
        "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done",
        "for ((;;)); do a; done",
        "set -- a; while [ $# -gt 0 ]; do set -- \"$@\" \"$@\"; done",
    ] {
        let outcome = bash(text);
        assert!(outcome.effects.len() <= 2000, "{text}");
    }
}

#[test]
fn more_commands_than_are_followed_are_an_open_question() {
    let level = |level: usize| {
        let calls = format!("f{}; ", level - 1).repeat(10);
        format!("f{level}() {{ {calls}}}; ")
    };
    let levels: String = (1..6).map(level).collect();
    let text = format!("f0() {{ :; }}; {levels}");
    let outcome = bash(&(text + "f5; a"));
    let mut open = outcome.undecided.iter();
    assert!(open.any(|unknown| matches!(unknown.doubt, Doubt::Limit(_))));
}

#[test]
fn a_limit_is_never_silent() {
    let outcome = bash("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; a");
    assert!(
        outcome
            .undecided
            .iter()
            .any(|u| matches!(u.doubt, Doubt::Limit(_)))
            || !lines(&outcome).is_empty()
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let file = File::new("/x", bytes);
        let call = Call {
            program: Program::Command(Source::whole(&file)),
            args: Vec::new(),
            env: BTreeMap::new(),
            cwd: Value::unknown(),
            stdin: None,
            dialect: Dialect::Bash,
        };
        let outcome = evaluate(&call, &Tree::default(), &Limits::default());
        prop_assert!(outcome.effects.len() < 1000);
    }

    #[test]
    fn no_shell_like_text_makes_it_panic(text in "[a-c$(){}\\[\\]\"'`;&|<>=#%/*?!~:@ \n0-9-]{0,60}") {
        let outcome = call(Tree::default(), &text, &["x"]);
        prop_assert!(outcome.effects.len() < 1000);
    }
}
