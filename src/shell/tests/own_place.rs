use super::*;

/// Calls /opt/m/run.sh, which has this text, in a tree where a link leads to it too.
fn run_as(path: &str, text: &str) -> Outcome {
    let tree = Tree::default()
        .with("/opt/m/run.sh", text)
        .with(
            "/opt/m/lib/f.sh",
            "#!/bin/bash\nreached \"${BASH_SOURCE[0]}\" \"$0\"\n",
        )
        .with(
            "/opt/m/lib/g.sh",
            "finish_up() { reached \"${BASH_SOURCE}\"; }\n",
        )
        .with("/etc/m.conf", "f.sh\n")
        .with("/bin/dash", "\u{7f}ELF")
        .link("/bin/sh", "dash")
        .link("/usr/local/bin/job", "/opt/m/run.sh");
    let call = Call {
        program: Program::Script(path.into()),
        args: Vec::new(),
        env: BTreeMap::new(),
        cwd: Value::known("/root"),
        stdin: None,
        dialect: Dialect::Sh,
    };
    evaluate(&call, &Settled(tree), &Limits::default())
}

fn run(text: &str) -> String {
    let outcome = run_as("/opt/m/run.sh", &format!("#!/bin/bash\n{text}\n"));
    assert_eq!(outcome.undecided, [], "{text}");
    lines(&outcome).join("; ")
}

#[test]
fn a_script_finds_the_directory_that_it_lies_in() {
    let found = "reached /opt/m/lib/f.sh /opt/m/lib/f.sh";
    for text in [
        "D=\"$(dirname \"${BASH_SOURCE[0]}\")\"; $D/lib/f.sh",
        "D=${BASH_SOURCE%/*}; $D/lib/f.sh",
        "D=$(dirname \"$(readlink -f \"$0\")\"); \"$D\"/lib/f.sh",
        "D=$(readlink -f \"$(dirname \"$0\")\"); $D/lib/f.sh",
        "D=$(dirname \"$(readlink -e -- \"$0\")\"); \"$D\"/lib/f.sh",
        "D=$(dirname \"$(readlink -mn \"$0\")\"); \"$D\"/lib/f.sh",
        "D=$(realpath \"$0\" | xargs dirname); $D/lib/f.sh",
        "D=$(realpath -s \"$(dirname \"$0\")\"); $D/lib/f.sh",
        "D=$(cd -P \"$(dirname \"$BASH_SOURCE\")\" >/dev/null && pwd); $D/lib/f.sh",
        "LIB=`cat /etc/m.conf`; bash /opt/m/lib/$LIB",
    ] {
        assert_eq!(run(text), found, "{text}");
    }
    let relative = "reached ./lib/f.sh ./lib/f.sh";
    for text in [
        "cd \"$(dirname \"$(readlink -f \"$0\")\")\"; ./lib/f.sh",
        "pushd /opt/m >/dev/null; ./lib/f.sh",
        "cd /opt/m; pushd lib; popd; ./lib/f.sh",
        "cd /opt/m; pushd /etc; pushd; ./lib/f.sh",
    ] {
        assert_eq!(run(text), relative, "{text}");
    }
}

#[test]
fn a_sourced_file_has_its_own_name_and_the_scripts_zero() {
    let text = "cd /opt/m; source lib/f.sh; . ./lib/g.sh; finish_up; reached $BASH_SOURCE";
    let expected = "reached lib/f.sh /opt/m/run.sh; reached ./lib/g.sh; reached /opt/m/run.sh";
    assert_eq!(run(text), expected);
    assert_eq!(
        run("f() { reached ${#BASH_SOURCE[@]} ${BASH_SOURCE[-1]}; }; f"),
        "reached 2 /opt/m/run.sh"
    );
}

#[test]
fn a_link_on_the_way_leads_elsewhere_than_the_name_does() {
    let outcome = |text: &str| {
        let outcome = run_as("/usr/local/bin/job", &format!("#!/bin/bash\n{text}\n"));
        lines(&outcome).join("; ")
    };
    assert_eq!(
        outcome("\"$(dirname \"$(readlink -f \"$0\")\")\"/lib/f.sh"),
        "reached /opt/m/lib/f.sh /opt/m/lib/f.sh"
    );
    assert_eq!(
        outcome("reached \"$(dirname \"$0\")\" \"$(readlink \"$0\")\""),
        "reached /usr/local/bin /opt/m/run.sh"
    );
    assert_eq!(
        outcome("readlink -e /opt/none || reached none"),
        "reached none"
    );
}

#[test]
fn dash_knows_neither_bash_source_nor_pushd() {
    let outcome = run_as(
        "/opt/m/run.sh",
        "#!/bin/sh\npushd /opt/m\nreached \"$BASH_SOURCE\" $(pwd)\n",
    );
    assert_eq!(lines(&outcome), ["pushd /opt/m", "reached  /root"]);
}
