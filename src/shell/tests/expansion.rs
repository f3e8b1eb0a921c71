use super::*;

/// What `run WORDS` gets for each text, under bash.
fn words(text: &str) -> String {
    let outcome = bash(text);
    assert_eq!(outcome.undecided, [], "{text}");
    lines(&outcome).join("; ")
}

#[test]
fn words_expand_as_bash_expands_them() {
    for (text, expected) in [
        ("run a 'b c' \"d e\" f\\ g", "run a b c d e f g"),
        ("x=5; run $x ${x}y \"$x\" '$x' \\$x", "run 5 5y 5 $x $x"),
        ("x='a  b'; run $x \"$x\"", "run a b a  b"),
        ("run ${x:-d} ${x-e} ${x:+f} ${y=g} $y", "run d e g g"),
        ("x=; run =${x:-d} =${x-d} =${x:+s} =${x+s}", "run =d = = =s"),
        (
            "x=/a/b/c.tar.gz; run ${x##*/} ${x%/*} ${x#*/} ${x%%.*} ${x%.gz}",
            "run c.tar.gz /a/b a/b/c.tar.gz /a/b/c /a/b/c.tar",
        ),
        (
            "x=aXbXc; run ${x/X/-} ${x//X/-} ${x/#a/Q} ${x/%c/Q} ${x//X}",
            "run a-bXc a-b-c QXbXc aXbXQ abc",
        ),
        ("x='\"VI_1\"'; run ${x//\\\"/}", "run VI_1"),
        (
            "x=MASTER; run ${x,,} ${x,} ${#x} ${x:1:3} ${x:2} ${x: -2}",
            "run master mASTER 6 AST STER ER",
        ),
        ("x=ab; run ${x^^} ${x^}", "run AB Ab"),
        ("set -- a b c; run ${@:2} ${@:1:1} ${*: -1}", "run b c a c"),
        ("a=b; b=c; run ${!a}", "run c"),
        (
            "a=(x 'y z' w); run ${a[1]} ${#a[@]} \"${a[@]}\" ${a[-1]} ${!a[@]}",
            "run y z 3 x y z w w 0 1 2",
        ),
        (
            "declare -A m=([gw4]=10.0.0.1 [gw5]=x); k=gw4; run ${m[$k]} \"${m[nope]}\"",
            "run 10.0.0.1 ",
        ),
        (
            "declare -A m; m[a]=1; m[b]=2; run ${m[b]} ${#m[@]}",
            "run 2 2",
        ),
        ("a=(1); a+=(2 3); x=a; x+=b; run ${a[*]} $x", "run 1 2 3 ab"),
        (
            "run $((1+2*3)) $((7/2)) $((2**3)) $((5>3 && 1)) $((0x10))",
            "run 7 3 8 1 16",
        ),
        ("x=y; y=2; run $((x)) $(printf '\\101\\60')", "run 2 A0"),
        ("run $$ $! $-", "run <?> <?> <?>"),
        (
            "x=1; run $((0 && (x=5))) $x $((1 || (x=7))) $x",
            "run 0 1 1 1",
        ),
        ("run $(( (1+2) * (3-1) )) $((7-2-1))", "run 6 4"),
        ("i=1; i=$((i+1)); ((i++)); let i+=2; run $i", "run 5"),
        (
            "run $(echo a; echo b) \"$(printf '%s-%d' x 7)\"",
            "run a b x-7",
        ),
        ("run `echo \\`echo deep\\``", "run deep"),
        ("y=; run ${y:-'}'b}", "run }b"),
        (
            "run =$(echo a >&2)= $(echo b 2>&1) $(echo abc | rev)",
            "run == b cba",
        ),
        (
            "run $(echo ab | awk '{ print toupper($1) tolower(\"X\") }')",
            "run ABx",
        ),
        (
            "run $(expr 7 - 3) $(expr a != b) $(expr 10 '<' 9) $(expr 2 \\* 3)",
            "run 4 1 0 6",
        ),
        (
            "run $(basename /a/b.sh .sh) $(dirname /a/b/c)",
            "run b /a/b",
        ),
        (
            "run $(echo gw4:x | cut -d: -f1) $(echo ABC | tr A-Z a-z) $(echo aab | sed 's/a/x/g')",
            "run gw4 abc xxb",
        ),
        ("run {a,b}c {1..3}", "run ac bc 1 2 3"),
        ("run $'a\\tb\\x41'", "run a\tbA"),
        (
            "set -- a 'b c'; run $# \"$@\"; run \"$*\"; shift; run $1",
            "run 2 a b c; run a b c; run b c",
        ),
        (
            "f() { run $1 $#; }; set -- q; f x y; run $1",
            "run x 2; run q",
        ),
        ("IFS=:; x=a:b::c; run $x", "run a b  c"),
        ("IFS=, read a b <<< 'x,y,z'; run $a $b", "run x y,z"),
        ("x=$(cat <<'E'\n$y `z`\nE\n); run \"$x\"", "run $y `z`"),
        (
            "y=1; cat <<E | while read a b; do run $a $b; done\nl1 $y\nl2 z\nE",
            "run l1 1; run l2 z",
        ),
        ("A=b run x; run =$A", "run x; run ="),
        ("for i in 1 2; do run $i; done", "run 1; run 2"),
        ("for ((i=0;i<2;i++)); do run $i; done", "run 0; run 1"),
        (
            "i=0; while [ $i -lt 3 ]; do run $i; i=$((i+1)); done",
            "run 0; run 1; run 2",
        ),
        (
            "x=a; f() { local x=b y; y=1; run $x; }; f; run $x =$y",
            "run b; run a =",
        ),
        ("c='run a'; eval \"$c b\"", "run a b"),
        (
            "[[ gw4-x =~ ^gw([0-9])-(.) ]] && run ${BASH_REMATCH[1]} ${BASH_REMATCH[2]}",
            "run 4 x",
        ),
        ("printf -v x '%s_%s' a b; run $x", "run a_b"),
        (
            "x='a*'; case 'a*' in \"$x\") run lit;; esac; case abc in $x) run pat;; esac",
            "run lit; run pat",
        ),
        ("run \"${x:-\"a b\"}\" ${y:-'c d'}", "run a b c d"),
        ("a=\"x\" b='y' ; run \"$a$b\"\\\n  tail", "run xy tail"),
    ] {
        assert_eq!(words(text), expected, "{text}");
    }
}

#[test]
fn sh_reads_escapes_in_echo_and_has_no_braces() {
    assert_eq!(lines(&sh("run $(echo 'a\\tb') {a,b}")), ["run a b {a,b}"]);
}

#[test]
fn a_glob_is_not_known_and_keeps_its_beginning() {
    assert_eq!(lines(&sh("rm -f /tmp/*.lock")), ["rm -f /tmp/<?>"]);
}

#[test]
fn what_is_not_known_keeps_its_known_beginning() {
    assert_eq!(
        lines(&sh("echo x > /var/log/y-$(date +%F).log")),
        ["> /var/log/y-<?>: x"]
    );
}

#[test]
fn every_effect_points_at_its_bytes() {
    let text = "#!/bin/sh\n# \u{e4}\nif true; then\n  x=$(ip route show \\\n | grep -q default)\n  ip route replace \\\n    default\nfi\n";
    let outcome = call(Tree::default(), text, &[]);
    let places: Vec<String> = outcome.effects.iter().map(|e| e.place.text()).collect();
    assert_eq!(places[0], "ip route show");
    assert!(
        places.last().unwrap().starts_with("ip route replace"),
        "{places:?}"
    );
}

#[test]
fn a_place_inside_backticks_is_the_place_in_the_file() {
    let outcome = sh("x=`stop \\`start y\\``");
    let places: Vec<String> = outcome.effects.iter().map(|e| e.place.text()).collect();
    assert_eq!(places[0], "start y");
}
