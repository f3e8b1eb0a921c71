use super::*;

/// Calls a script in a tree that decides everything.
fn settled(text: &str, args: &[&str]) -> Outcome {
    let tree = Tree::default()
        .with("/etc/t/table", "# name via\ngw4 192.0.2.1\nlan -\n")
        .with("/etc/t/more", "gw6 x\n")
        .with("/etc/t/d/10-a", "#!/bin/sh\nrun a \"$@\"\n")
        .with("/etc/t/d/20-b.sh", "#!/bin/sh\nrun b \"$@\"\n")
        .with("/etc/t/d/.c", "#!/bin/sh\nrun c\n")
        .with("/x.sh", text);
    let call = Call {
        program: Program::Script("/x.sh".into()),
        args: args.iter().map(|a| Value::known(*a)).collect(),
        env: BTreeMap::new(),
        cwd: Value::known("/"),
        stdin: None,
        dialect: Dialect::Sh,
    };
    evaluate(&call, &Settled(tree), &Limits::default())
}

/// The words of what is run, for a script of bash.
fn runs(text: &str, args: &[&str]) -> String {
    let outcome = settled(&format!("#!/bin/bash\n{text}\n"), args);
    assert_eq!(outcome.undecided, [], "{text}");
    lines(&outcome).join("; ")
}

#[test]
fn what_a_file_holds_is_read_where_the_tree_decides_it() {
    for (text, expected) in [
        ("run $(cat /etc/t/table /etc/t/more | wc -l)", "run 4"),
        ("run $(grep '^gw4 ' /etc/t/table)", "run gw4 192.0.2.1"),
        (
            "run $(awk '$1 == \"gw4\" { print $2 }' /etc/t/table)",
            "run 192.0.2.1",
        ),
        ("run $(sed -n 's/^gw4 //p' /etc/t/table)", "run 192.0.2.1"),
        (
            "run $(cut -d' ' -f1 /etc/t/more) $(head -n1 /etc/t/more)",
            "run gw6 gw6 x",
        ),
        (
            "while read -r n v; do case $n in '#'*) ;; *) run $n $v;; esac; done < /etc/t/table",
            "run gw4 192.0.2.1; run lan -",
        ),
        ("grep -q gw6 /etc/t/table || run none", "run none"),
    ] {
        assert_eq!(runs(text, &[]), expected, "{text}");
    }
}

#[test]
fn a_pattern_is_the_names_it_matches_and_itself_where_there_is_none() {
    assert_eq!(runs("run /etc/t/*e", &[]), "run /etc/t/more /etc/t/table");
    assert_eq!(
        runs("run /etc/t/d/*", &[]),
        "run /etc/t/d/10-a /etc/t/d/20-b.sh"
    );
    assert_eq!(runs("run /etc/t/z*", &[]), "run /etc/t/z*");
    assert_eq!(runs("run \"/etc/t/*\"", &[]), "run /etc/t/*");
}

#[test]
fn run_parts_takes_names_without_a_dot() {
    let text = "run-parts --arg=\"$1\" /etc/t/d";
    assert_eq!(runs(text, &["gw4"]), "run a gw4");
}

#[test]
fn the_host_has_a_name() {
    let text = "run $(hostname) $(hostname -s) $(uname -n) $HOSTNAME";
    let expected = "run lb1.example.org lb1 lb1.example.org lb1.example.org";
    assert_eq!(runs(text, &[]), expected);
}

/// What the first argument was compared with.
fn compared(text: &str) -> Vec<(String, Option<bool>)> {
    let outcome = settled(&format!("#!/bin/bash\n{text}\n"), &["gw4"]);
    let about = outcome.comparisons.iter();
    let about = about.filter(|c| c.input == Input::Argument(1) && !c.pattern);
    about
        .map(|c| (String::from_utf8_lossy(&c.literal).into_owned(), c.matched))
        .collect()
}

#[test]
fn a_look_up_by_name_is_a_comparison_with_every_name_of_the_table() {
    let known = |words: &[(&str, bool)]| -> Vec<(String, Option<bool>)> {
        let words = words.iter();
        words.map(|(w, m)| ((*w).to_owned(), Some(*m))).collect()
    };
    let both = known(&[("gw4", true), ("gw6", false)]);
    assert_eq!(
        compared("declare -A m=([gw4]=a [gw6]=b); run ${m[$1]}"),
        both
    );
    assert_eq!(
        compared("declare -A m=([gw4]=a [gw6]=b); [[ -v m[$1] ]] && run x"),
        both
    );
    assert_eq!(
        compared("gw4_via=a; gw6_via=b; k=${1}_via; run ${!k}"),
        both
    );
    assert_eq!(
        compared("GW4_VIA=a; GW6_VIA=b; k=${1^^}_VIA; run ${!k}"),
        both
    );
    let table = known(&[("gw4", true), ("lan", false)]);
    assert_eq!(compared("run $(grep \"^$1 \" /etc/t/table)"), table);
}

#[test]
fn what_depends_on_an_input_that_was_not_followed_says_so() {
    let conditions = |text: &str| -> Vec<bool> {
        let outcome = settled(&format!("#!/bin/bash\n{text}\n"), &["gw4"]);
        let runs = outcome.effects.iter();
        let run =
            runs.filter(|e| matches!(&e.action, Action::Run { argv, .. } if argv[0].is(b"run")));
        run.flat_map(|e| e.reach.conditions().iter().map(|c| c.input))
            .collect()
    };
    assert_eq!(
        conditions("x=$(perl -pe 1 <<< \"$1\"); [ \"$x\" = a ] && run"),
        [true]
    );
    assert_eq!(
        conditions("x=$(perl -e 1 \"$1\"); case $x in a) run ;; esac"),
        [true]
    );
    assert_eq!(
        conditions("x=$(perl -e 1 \"$1\"); [[ $x =~ ^a ]] && run"),
        [true]
    );
    assert_eq!(conditions("x=$(perl -e 1); [ \"$x\" = a ] && run"), [false]);
    assert_eq!(conditions("ping -c1 192.0.2.1 && run"), [false]);
    // A file named after it is no flag that comes and goes.
    let none: [bool; 0] = [];
    assert_eq!(conditions("[ -x /etc/t/by/$1 ] && run"), none);
    assert_eq!(conditions("[ -e /etc/t/flag ] && run"), [false]);
}

#[test]
fn what_the_kernel_says_of_a_name_is_no_word_of_the_caller() {
    for (text, given) in [
        (
            "n=$(cat /sys/class/net/$1/ifindex); [ \"$n\" ] || exit 0; run",
            false,
        ),
        (
            "read -r n </proc/sys/net/ipv4/conf/$1/forwarding; [ $n = 1 ] && run",
            false,
        ),
        ("n=$(cat /run/$1); [ \"$n\" ] || exit 0; run", true),
    ] {
        let outcome = settled(&format!("#!/bin/sh\n{text}\n"), &["x"]);
        let run = outcome.effects.last().expect("it runs something");
        let mut conditions = run.reach.conditions().iter();
        assert_eq!(conditions.any(|condition| condition.input), given, "{text}");
        assert_ne!(run.reach.conditions(), [], "{text}");
    }
}
