use super::*;

/// The notify script copied into dozens of repositories.
const GENERIC: &str = "#!/bin/bash
TYPE=$1
NAME=$2
STATE=$3
case $STATE in
  \"MASTER\") systemctl start haproxy ;;
  BACKUP|STOP) systemctl stop haproxy ;;
  FAULT) exit 0 ;;
  *) echo 'unknown state' >&2; exit 1 ;;
esac
";

#[test]
fn a_generic_notify_script_is_selected_by_its_state() {
    for (state, effects, exit) in [
        ("MASTER", vec!["systemctl start haproxy"], None),
        ("STOP", vec!["systemctl stop haproxy"], None),
        ("FAULT", vec![], Some(0)),
        ("DELETED", vec![], Some(1)),
    ] {
        let outcome = call(Tree::default(), GENERIC, &["INSTANCE", "gw4", state, "100"]);
        assert_eq!(lines(&outcome), effects, "{state}");
        assert_eq!(outcome.exit, exit, "{state}");
        assert_eq!(outcome.undecided, []);
    }
}

#[test]
fn comparisons_trace_an_input_through_assignments_and_calls() {
    let text = "#!/bin/bash
route() { local name=$1; if [[ \"$name\" == \"VI_1\" ]]; then ip route replace default via $2; fi; }
NAME=${2//\\\"/}
if [ \"$NAME\" = gw4 ] || [ gw6 = \"$NAME\" ]; then route VI_1 10.0.0.1; else route \"$NAME\" 10.0.0.2; fi
";
    let outcome = call(Tree::default(), text, &["INSTANCE", "\"gw5\"", "MASTER"]);
    let found: Vec<(String, Option<bool>)> = outcome
        .comparisons
        .iter()
        .filter(|c| c.input == Input::Argument(2))
        .map(|c| (String::from_utf8_lossy(&c.literal).into_owned(), c.matched))
        .collect();
    assert_eq!(
        found,
        [
            ("gw4".to_owned(), Some(false)),
            ("gw6".to_owned(), Some(false)),
            ("VI_1".to_owned(), Some(false)),
        ]
    );
    assert_eq!(outcome.comparisons[0].place.text(), "gw4");
    assert_eq!(lines(&outcome), Vec::<String>::new());
    let renamed = call(Tree::default(), text, &["INSTANCE", "gw4", "MASTER"]);
    assert_eq!(lines(&renamed), ["ip route replace default via 10.0.0.1"]);
    assert_eq!(renamed.effects[0].via[0].text(), "route VI_1 10.0.0.1");
}

#[test]
fn case_labels_are_noted_with_their_places_also_after_the_match() {
    let outcome = call(
        Tree::default(),
        "case \"$1\" in\n a|b*) x;;\n \"c\") y;;\nesac\n",
        &["a"],
    );
    let found: Vec<(String, bool, Option<bool>)> = outcome
        .comparisons
        .iter()
        .map(|c| (c.place.text(), c.pattern, c.matched))
        .collect();
    assert_eq!(
        found,
        [
            ("a".to_owned(), false, Some(true)),
            ("b*".to_owned(), true, Some(false)),
            ("\"c\"".to_owned(), false, Some(false)),
        ]
    );
}

#[test]
fn a_name_may_select_data() {
    let text = "#!/bin/bash\nvips=(10.0.0.1 10.0.0.2)\nif [ \"$2\" = VI_1 ]; then vip=${vips[0]}; elif [ \"$2\" = VI_2 ]; then vip=${vips[1]}; fi\nip addr add $vip dev eth0\n";
    let effects = |name| lines(&call(Tree::default(), text, &["INSTANCE", name, "MASTER"]));
    assert_eq!(effects("VI_2"), ["ip addr add 10.0.0.2 dev eth0"]);
    assert_eq!(effects("gw4"), ["ip addr add dev eth0"]);
}

#[test]
fn flow_goes_where_a_shell_goes() {
    for (text, expected) in [
        ("a; exit 3; b", "a"),
        ("set -e; a; false; b", "a"),
        ("set -e; false || a; b", "a; b"),
        ("set -e; if false; then a; fi; b", "b"),
        ("set -e; ! true; b", "b"),
        ("true && a || b", "a; b if ! a"),
        ("false && a || b", "b"),
        ("false && a; b", "b"),
        ("( exit 1 ); a", "a"),
        ("( x=1; a ); [ -z \"$x\" ] && b", "a; b"),
        ("{ x=1; }; [ -n \"$x\" ] && b", "b"),
        ("f() { return 1; a; }; f || b", "b"),
        (
            "for i in 1 2 3; do [ $i = 2 ] && break; a $i; done; b",
            "a 1; b",
        ),
        (
            "for i in 1 2 3; do [ $i = 2 ] && continue; a $i; done",
            "a 1; a 3",
        ),
        (
            "for i in 1 2; do for j in x y; do break 2; done; a; done; b",
            "b",
        ),
        (
            "for i in 1 2; do for j in x y; do continue 2; done; a; done; b",
            "b",
        ),
        ("case ab in a?) a;& b) c;; d) e;; esac", "a; c"),
        ("case ab in a?) a;;& x) b;; *b) c;; esac", "a; c"),
        ("trap 'a' EXIT; b; exit 0", "b; a"),
        ("exec a; b", "a"),
        ("until true; do a; done; b", "b"),
        ("echo x | while read l; do a $l; done; b", "a x; b"),
        ("while true; do a; break; done; b", "a; b"),
        ("[ a = b ] || [ 3 -gt 2 ] && a", "a"),
        ("[ ! -e /x.sh ] && a; [ -x /x.sh ] && b", "b"),
        ("[ a = a -a b = c ] && x; [ a = b -o b = b ] && y", "y"),
        ("[[ ( a == b || c == c ) && ! x == y ]] && a", "a"),
        ("[[ gw4 == gw* ]] && a; [[ gw4 == \"gw*\" ]] || b", "a; b"),
        ("test -n '' || a", "a"),
        (
            "if [ 1 = 2 ]; then a; elif [ 1 = 1 ]; then b; else c; fi",
            "b",
        ),
        (
            "echo MASTER | grep -q MAST && a; grep -q x <<< abc || b",
            "a; b",
        ),
        ("a & b", "a; b"),
        ("command a; builtin echo x; nohup b &", "a; b"),
        ("x() { a; }; unset -f x; x", "x"),
        ("function g { a \"$@\"; }; g 1 2", "a 1 2"),
        ("if command -v nope >/dev/null; then a; else b; fi", "b"),
    ] {
        let outcome = bash(text);
        assert_eq!(lines(&outcome).join("; "), expected, "{text}");
        assert_eq!(outcome.undecided, [], "{text}");
    }
}

#[test]
fn scripts_and_sourced_files_of_the_tree_are_followed() {
    let tree = Tree::default()
        .with(
            "/opt/lib.sh",
            "GW=10.0.0.1\nadd() { ip route add default via $GW dev $1; }\n",
        )
        .with(
            "/usr/bin/hook",
            "#!/bin/sh\n. /opt/lib.sh\nadd $1\nexport A=1\n/opt/inner \"$A\"\n",
        )
        .with("/opt/inner", "echo $1 > /etc/out\n");
    let outcome = call(tree, "#!/bin/sh\nsudo hook eth0 >/dev/null 2>&1\n", &[]);
    assert_eq!(
        lines(&outcome),
        [
            "ip route add default via 10.0.0.1 dev eth0",
            "> /etc/out: 1"
        ]
    );
    let via: Vec<String> = outcome.effects[0]
        .via
        .iter()
        .map(Place::to_string)
        .collect();
    assert_eq!(via, ["/x.sh:2:1", "/usr/bin/hook:3:1"]);
    assert_eq!(outcome.effects[0].place.path(), Path::new("/opt/lib.sh"));
}

#[test]
fn a_sourced_file_that_is_missing_ends_sh_but_not_bash() {
    assert_eq!(lines(&sh(". /nope\na")), Vec::<String>::new());
    assert_eq!(lines(&bash(". /nope\na")), ["a"]);
}

#[test]
fn text_that_is_not_known_is_said_not_to_be() {
    let outcome = sh("eval \"$(hostname)\"; . $(hostname); hostname | sh");
    let reasons: Vec<String> = outcome
        .undecided
        .iter()
        .map(|u| u.doubt.to_string())
        .collect();
    assert_eq!(
        reasons,
        [
            "runs text that is not known",
            "sources a file whose name is not known",
            "runs commands from an input that is not known"
        ]
    );
}

#[test]
fn a_syntax_error_stops_the_shell_where_it_stands() {
    let outcome = sh("a\nb\ncase x in\n x) c\n y) d\nesac\ne");
    assert_eq!(lines(&outcome), ["a", "b"]);
    assert_eq!(outcome.undecided.len(), 1);
    assert_eq!(outcome.exit, Some(2));
}

#[test]
fn carriage_returns_are_a_syntax_error_as_they_are_in_a_shell() {
    let outcome = call(
        Tree::default(),
        "#!/bin/sh\r\ncase $1 in\r\n a) x;;\r\nesac\r\n",
        &["a"],
    );
    assert_eq!(lines(&outcome), ["/x.sh a"]);
}

#[test]
fn a_script_for_another_interpreter_is_one_effect() {
    let outcome = call(Tree::default(), "#!/usr/bin/python3\nimport os\n", &["a"]);
    assert_eq!(lines(&outcome), ["/x.sh a"]);
    assert_eq!(outcome.effects[0].target, Fact::Known("/x.sh".into()));
}

#[test]
fn a_fifo_line_is_read_into_its_fields() {
    let text = "#!/bin/bash\nwhile read TYPE NAME STATE PRIO; do\n NAME=${NAME//\\\"/}\n if [ \"$NAME\" = gw4 ]; then act $STATE; fi\ndone\n";
    let tree = Tree::default().with("/f.sh", text);
    let call = Call {
        program: Program::Script("/f.sh".into()),
        args: Vec::new(),
        env: BTreeMap::new(),
        cwd: Value::known("/"),
        stdin: Some(Value::known("INSTANCE \"gw4\" MASTER 100\n")),
        dialect: Dialect::Sh,
    };
    let outcome = evaluate(&call, &tree, &Limits::default());
    assert_eq!(lines(&outcome), ["act MASTER"]);
    assert_eq!(outcome.comparisons[0].input, Input::Stdin);
}

#[test]
fn env_in_the_first_line_names_the_shell_behind_its_own_words() {
    for first in ["env bash", "env -S bash", "env -S LC_ALL=C bash"] {
        let text = format!("#!/usr/bin/{first}\na=(x y); run ${{a[1]}}\n");
        let outcome = call(Tree::default(), &text, &[]);
        assert_eq!(lines(&outcome), ["run y"], "{first}");
    }
}

#[test]
fn a_script_that_calls_itself_ends() {
    let outcome = call(Tree::default(), "#!/bin/sh\na\n/x.sh\n", &[]);
    assert_eq!(lines(&outcome), ["a", "/x.sh"]);
    assert!(matches!(outcome.undecided[0].doubt, Doubt::Limit(_)));
}
