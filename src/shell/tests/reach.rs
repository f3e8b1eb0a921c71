use super::*;

#[test]
fn conditions_are_what_the_script_asks() {
    for (text, expected) in [
        (
            "set -e; stop a && sync && shutdown -r now",
            "stop a; sync; shutdown -r now",
        ),
        (
            "ping -c1 gw || reboot",
            "ping -c1 gw; reboot if ! ping -c1 gw",
        ),
        (
            "ping -c1 gw && exit 0\nreboot",
            "ping -c1 gw; reboot if ! ping -c1 gw",
        ),
        (
            "if ! ping -c1 gw >/dev/null; then\n reboot\nfi",
            "ping -c1 gw; reboot if ! ping -c1 gw >/dev/null",
        ),
        (
            "[ -f /var/run/reboot-required ] && reboot",
            "reboot if [ -f /var/run/reboot-required ]",
        ),
        ("[ -f /run/a ] || exit 0\nreboot", "reboot if [ -f /run/a ]"),
        (
            "if [ -f /run/a ] && [ -f /run/b ]; then reboot; fi",
            "reboot if [ -f /run/a ] && [ -f /run/b ]",
        ),
        (
            "if [ -f /run/a ]; then b; else c; fi; d",
            "b if [ -f /run/a ]; c if ! [ -f /run/a ]; d",
        ),
        (
            "apt-get upgrade || exit 1\nreboot",
            "apt-get upgrade; reboot",
        ),
        (
            "apt-get upgrade || reboot",
            "apt-get upgrade; reboot if ! apt-get upgrade",
        ),
        (
            "kill -s 0 7 || exit 1\nreboot",
            "kill -s 0 7; reboot if kill -s 0 7",
        ),
        ("kill -s 9 7 || exit 1\nreboot", "kill -s 9 7; reboot"),
        (
            "if apt-get upgrade; then reboot; fi",
            "apt-get upgrade; reboot if apt-get upgrade",
        ),
        (
            "set -e; grep -q x /etc/y; reboot",
            "grep -q x /etc/y; reboot if grep -q x /etc/y",
        ),
        ("grep -q x /etc/y; reboot", "grep -q x /etc/y; reboot"),
        (
            "systemctl is-active x || systemctl start x",
            "systemctl is-active x; systemctl start x if ! systemctl is-active x",
        ),
        (
            "case $(hostname) in a) x;; b) y;; *) z;; esac",
            "x if case $(hostname) in a); y if ! case $(hostname) in a), case $(hostname) in b); z if ! case $(hostname) in a), ! case $(hostname) in b)",
        ),
        (
            "x=1; [ -f /run/a ] && x=2; [ $x = 1 ] && b",
            "b if [ $x = 1 ]",
        ),
        (
            "while ! ping -c1 gw; do sleep 1; done; a",
            "ping -c1 gw; a if ping -c1 gw",
        ),
        (
            "for f in /etc/x.d/*; do a $f; done; b",
            "a /etc/x.d/<?> if /etc/x.d/*; b",
        ),
        (
            "f() { ping -c1 gw || return; a; }; f; b",
            "ping -c1 gw; a if ping -c1 gw; b",
        ),
        (
            "sleep 70 && touch /etc/banner && reboot",
            "touch /etc/banner; reboot",
        ),
        (
            "n=$(cat /run/n); [ $n -gt 3 ] && reboot",
            "cat /run/n; reboot if [ $n -gt 3 ]",
        ),
        (
            "trap 'reboot' INT; a",
            "reboot if signal for: trap 'reboot' INT; a",
        ),
        (
            "( ping -c1 a || exit 1 ) || reboot",
            "ping -c1 a; reboot if ! ( ping -c1 a || exit 1 )",
        ),
        ("sleep 5 & wait; reboot", "reboot"),
        (
            "if [ \"`pidof x`\" ]; then a; fi",
            "pidof x; a if [ \"`pidof x`\" ]",
        ),
    ] {
        assert_eq!(lines(&sh(text)).join("; "), expected, "{text}");
    }
}

#[test]
fn a_counter_in_an_endless_loop_may_reach_its_limit() {
    let outcome = sh(
        "n=0\nwhile true; do\n if ping -c1 gw; then n=0; else n=$((n+1)); fi\n if [ $n -ge 5 ]; then reboot; fi\n sleep 60\ndone",
    );
    let last = lines(&outcome);
    assert!(
        last.iter().any(|l| l == "reboot if [ $n -ge 5 ]"),
        "{last:?}"
    );
}

#[test]
fn known_sleeps_add_up() {
    let outcome = sh("sleep 70 && sleep 1m && reboot");
    assert_eq!(outcome.effects[0].slept, 130);
}

#[test]
fn a_script_that_may_fail_is_a_condition_where_it_is_called() {
    let tree = Tree::default().with("/sbin/check", "#!/bin/sh\nping -c1 gw && exit 0\nexit 1\n");
    let outcome = cron(&tree, "check || reboot");
    assert_eq!(lines(&outcome), ["ping -c1 gw", "reboot if ! check"]);
}
