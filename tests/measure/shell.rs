//! Measures the shell evaluator against the shells of this machine.
//!
//! `cargo run --example shell` runs small scripts with `/bin/sh` and `bash` and
//! compares what they run with what the evaluator says; then it evaluates every
//! shell script below the folders given as arguments and counts those that can't
//! be parsed, with what `sh -n` or `bash -n` says about them. With `--commands
//! FILE` it says for each line of a file whether it takes the host down.
#![allow(
    clippy::print_stdout,
    reason = "a measuring program prints its figures"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use comeback::fact::{Fact, Looked};
use comeback::shell::power::{TakesDown, takes_down};
use comeback::shell::{
    Action, Call, Dialect, FileTest, Limits, Outcome, Program, Reach, Source, Value, World,
    evaluate,
};
use comeback::text::File;

/// Nothing but what every machine has.
struct Nothing;

impl World for Nothing {
    fn script(&self, path: &Path) -> Fact<Arc<File>> {
        Fact::Absent(Looked::at(path))
    }

    fn find(&self, name: &[u8], _: &[u8]) -> Fact<PathBuf> {
        Fact::Absent(Looked::at(String::from_utf8_lossy(name).into_owned()))
    }

    fn test(&self, what: FileTest, path: &Path) -> Fact<bool> {
        let there = path == Path::new("/") || path == Path::new("/dev");
        Fact::Known(there && matches!(what, FileTest::Exists | FileTest::Directory))
    }
}

/// Prints its words, each in angle brackets.
const RUN: &str =
    "run() { printf 'run'; for _a in \"$@\"; do printf ' <%s>' \"$_a\"; done; echo; }\n";

/// For both shells.
const BOTH: &[&str] = &[
    "run a 'b c' \"d  e\" f\\ g h\\\\i \"\\$x\\`\\\"\\\\\\a\"",
    "x='a  b'; run $x \"$x\" ${x}c '$x'",
    "x=; unset y; run =${x:-d} =${x-d} =${y:-e} =${y-e} =${x:+f} =${x+f} =${y+g}",
    "run ${z:=5} $z ${z:=6}; run \"${q-a b}\" ${q-a b} \"${q-'a b'}\"",
    "x=/usr/lib/a.tar.gz; run ${x##*/} ${x#*/} ${x%.*} ${x%%.*} ${x%/*} ${#x}",
    "x='a*b?c'; run \"${x#a\\*}\" \"${x#a*}\" \"${x##a*}\" \"${x%'?c'}\"",
    "p='*b'; x=aabcab; run ${x#$p} ${x##$p} ${x#\"$p\"}",
    "set -- a 'b c' d; run \"$@\"; run \"$*\"; run $@; run $#; shift 2; run $1 $#; run ${1:-x}${2:-y}",
    "set -- ; run \"$@\"; run a\"$@\"b; run \"$*\"",
    "set -- 1 2 3 4 5 6 7 8 9 10 11; run $10 ${10} ${11}",
    "IFS=:; x=a:b::c:; run $x; y='a b'; run $y",
    "IFS=' :'; x=' a : b c:'; run $x",
    "IFS=; x='a b'; run $x",
    "for i in a 'b c' $(echo d e); do run $i; done; run $i",
    "for i in; do run x; done; run ok",
    "set -- p q; for i; do run $i; done",
    "i=0; while [ $i -lt 4 ]; do i=$((i+1)); [ $i = 2 ] && continue; run $i; done",
    "i=0; until [ $i -ge 3 ]; do i=$((i + 1)); case $i in 2) break;; esac; run $i; done",
    "case abc in a*) run 1;; *) run 2;; esac; case abc in [!a]*) run 3;; ?b?) run 4;; esac",
    "case 'a*' in 'a*') run q;; esac; case ab in \"a*\") run no;; a[b-d]) run yes;; esac",
    "x=FAULT; case \"$x\" in MASTER|master) run m;; BACKUP|FAULT) run b;; *) run u;; esac",
    "case '' in ?*) run a;; '') run b;; esac; case - in [a-]) run c;; esac; case ']' in []]) run d;; esac",
    "case a/b in a*b) run slash;; esac; case .x in *x) run dot;; esac",
    "case x5 in *[[:digit:]]) run digit;; esac",
    "[ a = a ] && run 1; [ a = b ] || run 2; [ ! a = b ] && run 3; [ -n '' ] || run 4; [ -z '' ] && run 5",
    "[ 10 -gt 9 ] && run 1; [ 010 -eq 10 ] && run 2; [ -1 -lt 0 ] && run 3; [ 3 -ne 3 ] || run 4",
    "[ a ] && run 1; [ '' ] || run 2; [ ] || run 3; [ ! '' ] && run 4; test -n x -a 1 -eq 1 && run 5",
    "[ a = a -o b = c -a d = e ] && run 1; [ \\( a = b \\) -o c = c ] && run 2",
    "[ -d / ] && run 1; [ -f / ] || run 2; [ -e /nonexistent/x ] || run 3; [ -n ] && run 4; [ = ] && run 5",
    "true && run 1; false || run 2; true && false || run 3; false && run no; ! false && run 4; ! true || run 5",
    "f() { run $1 $#; return 3; }; f a b || run $?; set -- z; f y; run $1",
    "f() { local x=2; run $x; g; }; g() { run $x; }; x=1; f; run $x",
    "( x=1; run $x; exit 4 ); run =$x $?",
    "{ x=1; run $x; }; run $x",
    "x=1 y=$x; run $x $y; A=5 run $A; run =$A",
    "set -e; run 1; if false; then :; fi; false || true; run 2; false; run 3",
    "set -e; f() { false; run in; }; f && run and; run end",
    "set -e; (false) || run caught; ! true; run still; x=$(false); run never",
    "run 1; exit 7; run 2",
    "trap 'run bye' EXIT; run 1; exit 0",
    "trap 'run bye $?' EXIT; run 1; (exit 3)",
    "run $((1+2*3)) $((10/3)) $((10%3)) $((-7/2)) $((1<2)) $((3&1|4)) $((!0)) $((~1)) $(( (1+2)*3 ))",
    "x=5; run $((x+1)) $(($x*2)) $((x>3?1:2)); x=$((x-1)); run $x; run $((x+=2)) $x",
    "run $((010)) $((0x1f)) $((1 == 1 && 2 != 3)) $((0||0)) $((1<<4))",
    "run \"$(echo a; echo b)\" $(echo c d) $(printf 'x\\n\\n')y `echo \\`echo n\\`` \"`echo \"q r\"`\"",
    "run \"$(case a in a) echo in;; esac)\" \"$(echo ')')\" $(echo \"$(echo '(')\")",
    "x=$(cat <<E\na $((1+1)) `echo b` \\$c \"d\"\n\te\nE\n); run \"$x\"; y=$(cat <<'E'\n$x `y` \\z\nE\n); run \"$y\"",
    "cat <<-E | while read -r a b; do run \"$a\" \"$b\"; done\n\tone two three\n\t  x\\y\n\tE\n",
    "echo 'a:b:c' | { IFS=: read x y; run $x $y; }; run =$x",
    "run $(echo /a/b/c.sh | sed 's/a/X/g') $(basename /a/b.sh .sh) $(dirname /a/b) $(dirname a) $(echo a:b:c | cut -d: -f2-)",
    "run $(echo Hello | tr a-z A-Z) $(echo a1b2 | tr -d 0-9) $(printf '%s:%d\\n' a 3 b 4) $(seq 1 3)",
    "echo MASTER | grep -q '^MAS' && run 1; echo x | grep -q y || run 2; echo aB | grep -qi AB && run 3",
    "eval 'x=1; run $x'; eval run \"'a b'\" c; y='run $x'; eval \"$y\"",
    "x=y; y=z; eval \"run \\$$x\"",
    "exec 2>/dev/null; run b 2>&1; run c 2>/dev/null",
    "if false; then run 1; elif [ a = a ]; then run 2; else run 3; fi; if :; then run 4; fi",
    "f() { case $1 in -v) run v; shift; f \"$@\";; '') run end;; *) run arg $1; shift; f \"$@\";; esac; }; f -v a b",
    "while :; do run once; break; done; for i in 1 2; do for j in a b; do [ $j = b ] && continue 2; run $i$j; done; done",
    "x=a; x=$x$x; x=\"$x\"b'c'; run $x; run a~ \"~\"",
    "unset x; run ${x:-$(echo sub)} \"${x:-\"q r\"}\" ${x:-'s t'}; x=1; run ${x:+\"u v\"}",
    "run a#b; # comment\nrun c # comment\nrun '#d' \\#e",
    "run a \\\n  b \"c\\\nd\" 'e\\\nf'",
    "set -- -a -b x; while [ $# -gt 0 ]; do case $1 in -*) run opt ${1#-};; *) run rest \"$@\"; break;; esac; shift; done",
    "command -v nosuch_x >/dev/null || run none; type cd >/dev/null && run cd; command echo x | grep -q x && run x",
    "x='1 2 3'; set -- $x; run $# $3; set -- \"$x\"; run $#",
    "readonly r=1; export e=2 f; run $r $e; sh -c 'echo $e' >/dev/null; run done",
    "run 1; (run ${nope:?gone}; run no) 2>/dev/null; run 2; x=1; run ${x:?}",
    "a=1; f() { a=2; }; f; run $a; (f; a=3); run $a; echo | { a=4; }; run $a",
];

/// For bash alone.
const BASH: &[&str] = &[
    "[[ a == a* ]] && run 1; [[ a == \"a*\" ]] || run 2; [[ -n x && ! -z y ]] && run 3; [[ a < b ]] && run 4",
    "x='a b'; [[ $x == 'a b' ]] && run 1; [[ $x = a* || x == y ]] && run 2; [[ ! ( a == b ) ]] && run 3; [[ $y ]] || run 4",
    "[[ gw42 =~ ^gw([0-9]+)$ ]] && run \"${BASH_REMATCH[@]}\"; [[ abc =~ b ]] && run b; [[ a.c =~ a\\.c ]] && run dot",
    "re='^(MASTER|BACKUP)$'; [[ BACKUP =~ $re ]] && run ok ${BASH_REMATCH[1]}; [[ 5 -gt 3 && 010 -eq 8 ]] && run num",
    "a=(x 'y z' w); run \"${a[@]}\"; run ${a[@]} ${#a[@]} ${a[1]} ${a[-1]} \"${a[*]}\" ${!a[@]}; a[5]=q; run ${#a[@]} ${a[5]}",
    "declare -A m=([a]=1 [\"b c\"]=2); m[d]=3; run ${m[a]} \"${m[b c]}\" ${m[d]} ${#m[@]} =${m[zz]}; k=d; run ${m[$k]}",
    "a=(1 2); a+=(3); s=x; s+=y; run ${a[@]} $s; b=(\"${a[@]}\" 4); run ${b[@]:1:2} ${b[@]: -1}",
    "x=MaSter; run ${x,,} ${x^^} ${x,} ${x^} ${x:1:3} ${x: -3} ${x:2} ${x::2} ${x:1:-1}",
    "x=aXbXc; run ${x/X/-} ${x//X/-} ${x//X} ${x/#a/Q} ${x/%c/Q} ${x//[ab]/.} ${x/X*/!}",
    "x='\"VI_1\"'; run ${x//\\\"/} ${x//\\\"} \"${x//\\\"/}\"; p=VI_; y=VI_1; run ${y/$p/} ${y#$p}",
    "r=x; x=5; run ${!r}; run $'a\\tb\\n' $'\\x41\\101' $\"loc\"",
    "run {a,b}{1,2} x{1..3}y {3..1} {a} {a,} \"{a,b}\" '{a,b}'",
    "((3 > 2)) && run 1; ((0)) || run 2; i=5; ((i++)); ((i+=10)); run $i; let 'i=i*2' j=3; run $i $j",
    "for ((i=0; i<3; i++)); do run $i; done; for i in {1..2}; do run $i; done",
    "read a b <<< 'x y z'; run $a \"$b\"; IFS=, read -r -a arr <<< '1,2'; run ok",
    "case x in x) run 1;& y) run 2;; z) run 3;; esac; case ab in a*) run 4;;& *b) run 5;; *) run 6;; esac",
    "function f { local -r a=$1 b; run $a =$b; }; f 1; function g() { run g; }; g",
    "printf -v x '%s-%s' a b; run $x; x=(a b c); run \"${x[*]}\"; unset x; run =${x[0]}",
    "echo a &> /dev/null; run b |& cat; echo \"$(run c)\"; run ${x:-\"${y:-z w}\"}",
    "while read -r l; do run \"$l\"; done <<E\n a b \nc\\d\nE",
    "shopt -s extglob\ncase foo.sh in *.@(sh|bash)) run ext;; esac; [[ MASTER == @(MASTER|BACKUP) ]] && run st",
    "declare x=1 y; typeset z=2; run $x =$y $z; export A=3; run $A; set -- {a,b}; run $#",
    "x=5; [[ $x -eq 5 ]] && run eq; [[ -v x ]] && run set; [[ -v nope ]] || run unset; [[ x -eq 5 ]] && run expr",
    ". /nonexistent/file 2>/dev/null || run fail; run on; source /dev/null && run ok",
    "shift 5 || run noshift; set -- a; shift; run $#",
];

fn main() {
    let mut bad = 0;
    let mut total = 0;
    let shells = [
        (Dialect::Sh, "/bin/sh", [BOTH, &[]]),
        (Dialect::Bash, "bash", [BOTH, BASH]),
    ];
    for (dialect, shell, lists) in shells {
        for text in lists.into_iter().flatten() {
            total += 1;
            let real = real(shell, text);
            let ours = ours(dialect, text);
            if real != ours {
                bad += 1;
                println!("DIFFERS under {shell}: {text}\n--- shell\n{real}\n--- evaluator\n{ours}");
            }
        }
    }
    println!("{total} scripts compared with the shells of this machine, {bad} differ");
    let mut count = Count::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--commands" {
            commands(Path::new(&arguments.next().unwrap_or_default()));
        } else {
            scripts(Path::new(&argument), &mut count, 0);
        }
    }
    println!(
        "{} scripts, {} bytes, {} not parsed ({} of them rejected by the shell too), {} hit a limit, {:?} in all, slowest {:?} {}",
        count.scripts,
        count.bytes,
        count.rejected,
        count.broken,
        count.limited,
        count.time,
        count.slowest.0,
        count.slowest.1.display()
    );
}

/// One verdict for each line of a file of commands.
fn commands(path: &Path) {
    let text = std::fs::read(path).unwrap_or_default();
    for line in String::from_utf8_lossy(&text).lines() {
        let judgement = takes_down(&command(Dialect::Sh, line));
        let verdict = match judgement.takes_down {
            TakesDown::Always { down, .. } => format!("always {:?} {:?}", down.kind, down.delay),
            TakesDown::If { conditions, .. } => {
                let text: Vec<String> = conditions.iter().map(ToString::to_string).collect();
                format!("if {}", text.join(", "))
            }
            TakesDown::OtherMachine { .. } => "other".to_owned(),
            TakesDown::Never => format!("never, {} unjudged", judgement.unjudged.len()),
            TakesDown::Undecided(why) => {
                let why: Vec<String> = why.iter().map(ToString::to_string).collect();
                format!("undecided {}", why.join("; "))
            }
        };
        println!("{verdict}\t{line}");
    }
}

/// What a real shell prints.
fn real(shell: &str, text: &str) -> String {
    let output = Command::new(shell)
        .arg("-c")
        .arg(format!("{RUN}{text}\n"))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir("/")
        .output();
    output.map_or_else(
        |error| error.to_string(),
        |output| {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let kept = text.lines().scan(false, |_, line| Some(line));
            kept.collect::<Vec<_>>().join("\n")
        },
    )
}

/// What the evaluator says is run, in the same form.
fn ours(dialect: Dialect, text: &str) -> String {
    let outcome = command(dialect, text);
    let mut lines = Vec::new();
    for effect in &outcome.effects {
        let Action::Run { argv, .. } = &effect.action else {
            continue;
        };
        if !argv.first().is_some_and(|word| word.is(b"run")) {
            continue;
        }
        let words = argv.iter().skip(1).map(|word| match word {
            Value::Known(bytes) => format!(" <{}>", String::from_utf8_lossy(bytes)),
            Value::Unknown { prefix } => format!(" <{}?>", String::from_utf8_lossy(prefix)),
        });
        let line = format!("run{}", words.collect::<String>());
        let open = match &effect.reach {
            Reach::Always => String::new(),
            Reach::If(conditions) => {
                let text: Vec<String> = conditions.iter().map(ToString::to_string).collect();
                format!(" if {}", text.join(", "))
            }
        };
        lines.push(format!("{line}{open}"));
    }
    for unknown in &outcome.undecided {
        lines.push(format!("undecided: {unknown}"));
    }
    lines.join("\n")
}

fn command(dialect: Dialect, text: &str) -> Outcome {
    let file = File::new("script", text);
    let call = Call {
        program: Program::Command(Source::whole(&file)),
        args: Vec::new(),
        env: BTreeMap::from([(b"PATH".to_vec(), Value::known("/usr/bin:/bin"))]),
        cwd: Value::known("/"),
        stdin: None,
        dialect,
    };
    evaluate(&call, &Nothing, &Limits::default())
}

#[derive(Default)]
struct Count {
    scripts: usize,
    bytes: usize,
    rejected: usize,
    broken: usize,
    limited: usize,
    time: Duration,
    slowest: (Duration, PathBuf),
}

/// Every regular file below a folder that begins like a shell script.
fn scripts(folder: &Path, count: &mut Count, depth: usize) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let Ok(kind) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        if kind.is_dir() && depth < 24 {
            scripts(&path, count, depth + 1);
        } else if kind.is_file()
            && kind.len() < 4_000_000
            && let Some(shell) = shell_of(&path)
        {
            script(&path, shell, count);
        }
    }
}

fn shell_of(path: &Path) -> Option<&'static str> {
    use std::io::Read as _;
    let mut head = [0_u8; 64];
    let read = std::fs::File::open(path)
        .and_then(|mut f| f.read(&mut head))
        .ok()?;
    let line = head.get(..read)?.split(|b| *b == b'\n').next()?;
    let line = String::from_utf8_lossy(line.strip_prefix(b"#!")?).into_owned();
    let mut words = line
        .split_whitespace()
        .map(|w| w.rsplit('/').next().unwrap_or(w));
    let first = words.next()?;
    match if first == "env" { words.next()? } else { first } {
        "sh" | "dash" => Some("sh"),
        "bash" => Some("bash"),
        _ => None,
    }
}

fn script(path: &Path, shell: &str, count: &mut Count) {
    let Ok(bytes) = std::fs::read(path) else {
        return;
    };
    count.scripts += 1;
    count.bytes += bytes.len();
    let dialect = if shell == "sh" {
        Dialect::Sh
    } else {
        Dialect::Bash
    };
    let text = File::new(path, bytes);
    let call = Call {
        program: Program::Command(Source::whole(&text)),
        args: vec![Value::unknown(), Value::unknown()],
        env: BTreeMap::new(),
        cwd: Value::known("/"),
        stdin: None,
        dialect,
    };
    let start = Instant::now();
    let outcome = evaluate(&call, &Nothing, &Limits::default());
    let time = start.elapsed();
    count.time += time;
    if time > count.slowest.0 {
        count.slowest = (time, path.to_path_buf());
    }
    let said: Vec<String> = outcome.undecided.iter().map(ToString::to_string).collect();
    if let Some(limit) = said.iter().find(|s| s.contains("over a limit")) {
        count.limited += 1;
        println!("limit: {limit}");
    }
    if let Some(message) = said.iter().find(|s| s.contains("syntax error")) {
        count.rejected += 1;
        let accepted = Command::new(shell)
            .arg("-n")
            .arg(path)
            .output()
            .is_ok_and(|output| output.status.success());
        count.broken += usize::from(!accepted);
        println!(
            "not parsed{}: {message}",
            if accepted { "" } else { " (nor by the shell)" }
        );
    }
}
