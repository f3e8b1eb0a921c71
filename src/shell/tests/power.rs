use super::super::power::{Delay, Down, Host, Kind, TakesDown};
use super::*;

/// The judgement in a word or two.
pub(super) fn verdict(tree: &Tree, text: &str) -> String {
    let host = |down: &Down| match &down.host {
        Host::This => String::new(),
        Host::Other(Value::Known(name)) => format!(" of {}", String::from_utf8_lossy(name)),
        Host::Other(_) | Host::Unknown => " of ?".to_owned(),
    };
    let delay = |down: &Down| match down.delay {
        Delay::Now => String::new(),
        Delay::Minutes(m) => format!(" +{m}"),
        Delay::At { hour, minute } => format!(" {hour}:{minute:02}"),
        Delay::Unknown => " ?".to_owned(),
    };
    let kind = |down: &Down| match down.kind {
        Kind::Reboot => "reboot",
        Kind::SoftReboot => "soft-reboot",
        Kind::Kexec => "kexec",
        Kind::PowerOff => "off",
        Kind::Halt => "halt",
        Kind::Crash => "crash",
    };
    match judge(tree, text).takes_down {
        TakesDown::Always { down, .. } => format!("{}{}", kind(&down), delay(&down)),
        TakesDown::If {
            conditions, down, ..
        } => {
            let text: Vec<String> = conditions.iter().map(ToString::to_string).collect();
            format!("{}{} if {}", kind(&down), delay(&down), text.join(", "))
        }
        TakesDown::OtherMachine { down, .. } => format!("{}{}", kind(&down), host(&down)),
        TakesDown::Never => "never".to_owned(),
        TakesDown::Undecided(_) => "undecided".to_owned(),
    }
}

#[test]
fn commands_take_this_host_down_or_do_not() {
    let tree = Tree::default();
    for (text, expected) in [
        ("reboot", "reboot"),
        ("/sbin/reboot >> /var/log/x/reboot.log", "reboot"),
        ("sudo reboot >/dev/null 2>&1", "reboot"),
        ("reboot -f", "reboot"),
        ("su --command=reboot", "reboot"),
        ("reboot -w", "never"),
        ("halt --wtmp-only", "never"),
        ("halt -p", "off"),
        ("halt", "halt"),
        ("poweroff", "off"),
        ("/sbin/shutdown -r now", "reboot"),
        ("shutdown -r -t 40 now", "reboot"),
        ("shutdown -r +5 \"scheduled reboot\"", "reboot +5"),
        ("shutdown -r 23:30", "reboot 23:30"),
        ("shutdown -r", "reboot +1"),
        ("shutdown -h now", "off"),
        ("shutdown -P now", "off"),
        ("shutdown -H now", "halt"),
        ("shutdown now", "off"),
        ("shutdown -c", "never"),
        ("shutdown -k now", "never"),
        ("shutdown -r +10; shutdown -c", "never"),
        ("shutdown -r $(cat /run/when)", "reboot ?"),
        ("systemctl reboot", "reboot"),
        ("systemctl --no-wall reboot -i", "reboot"),
        ("systemctl -H web1 reboot", "reboot of web1"),
        ("systemctl --host=web1 poweroff", "off of web1"),
        ("systemctl isolate reboot.target", "reboot"),
        ("systemctl start poweroff.target", "off"),
        ("systemctl isolate multi-user.target", "never"),
        ("systemctl kexec", "kexec"),
        ("systemctl soft-reboot", "soft-reboot"),
        ("systemctl restart reboot-notifier", "never"),
        ("systemctl reboot --when=cancel", "never"),
        ("loginctl poweroff", "off"),
        ("init 6", "reboot"),
        ("/sbin/init 0", "off"),
        ("telinit 6", "reboot"),
        ("init q", "never"),
        ("echo b > /proc/sysrq-trigger", "reboot"),
        (
            "echo 1 > /proc/sys/kernel/sysrq; echo o | tee /proc/sysrq-trigger",
            "off",
        ),
        ("echo 1 > /proc/sys/kernel/sysrq", "never"),
        ("echo s > /proc/sysrq-trigger", "never"),
        ("sh -c 'echo b > /proc/sysrq-trigger'", "reboot"),
        ("kexec -l /boot/vmlinuz && kexec -e", "kexec"),
        ("kexec -l /boot/vmlinuz", "never"),
        ("rtcwake -m off -s 28800", "off"),
        ("rtcwake -m mem -s 60", "never"),
        ("kill -s RTMIN+5 1", "reboot"),
        ("kill -SIGRTMIN+4 1", "off"),
        ("kill -INT 1", "reboot"),
        ("kill -9 1234", "never"),
        (
            "dbus-send --system --dest=org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager.Reboot boolean:true",
            "reboot",
        ),
        (
            "busctl call org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager PowerOff b false",
            "off",
        ),
        (
            "dbus-send --system --dest=org.freedesktop.systemd1 /o org.freedesktop.systemd1.Manager.KExec",
            "kexec",
        ),
        (
            "busctl call org.freedesktop.login1 /o org.freedesktop.login1.Manager CanReboot",
            "never",
        ),
        (
            "ipmitool -I lanplus -H 10.0.0.9 -U a -P b chassis power cycle",
            "reboot of 10.0.0.9",
        ),
        ("ipmitool -I open power reset", "reboot"),
        ("ipmitool sensor", "never"),
        ("virsh reboot vm1", "reboot of vm1"),
        ("qm reset 101", "reboot of 101"),
        ("ssh web1 reboot", "reboot of web1"),
        (
            "ssh -p 22 root@web1 'sleep 5; sudo reboot'",
            "reboot of root@web1",
        ),
        ("ssh localhost sudo reboot", "reboot"),
        ("docker exec c1 reboot", "reboot of container"),
        ("docker restart x", "never"),
        ("busybox reboot -f", "reboot"),
        ("nice -n 10 ionice -c3 nohup timeout 5 reboot", "reboot"),
        ("flock -n /run/l -c 'reboot'", "reboot"),
        ("flock /run/l reboot", "reboot"),
        ("env A=b /sbin/reboot", "reboot"),
        ("su - root -c 'reboot'", "reboot"),
        ("su -c reboot", "reboot"),
        ("runuser -u root -- reboot", "reboot"),
        ("bash -lc \"reboot\"", "reboot"),
        ("echo reboot | at now + 5 minutes", "reboot ?"),
        ("at now <<E\nreboot\nE", "reboot ?"),
        ("echo reboot | sh", "reboot"),
        ("systemd-run --on-active=60 systemctl reboot", "reboot ?"),
        ("chronic systemd-cat -t x run-one reboot", "reboot"),
        ("exec reboot", "reboot"),
        ("time reboot", "reboot"),
        ("setsid sh -c 'sleep 5; reboot' &", "reboot"),
        ("rm /x && shutdown -r now", "reboot"),
        ("(stop a; reboot)", "reboot"),
        (
            "[ -f /var/run/reboot-required ] && reboot",
            "reboot if [ -f /var/run/reboot-required ]",
        ),
        ("who | grep -q . || poweroff", "off if ! who | grep -q ."),
        ("ping -c1 gw || sudo reboot", "reboot if ! ping -c1 gw"),
        ("echo \"Rebooting\" > /var/log/reboot", "never"),
        ("logger reboot; wall 'reboot pending'", "never"),
        ("grep reboot /var/log/syslog", "never"),
        ("true # reboot", "never"),
        ("cat /var/log/reboot >> /tmp/cron_reboot.log", "never"),
        ("last reboot | head -1", "never"),
        ("$CMD", "never"),
        ("$(cat /run/cmd) now", "undecided"),
        ("eval $(cat /run/cmd)", "undecided"),
        ("systemctl $(cat /run/verb)", "undecided"),
        ("x=reboot; $x", "reboot"),
        ("x=/sbin; sudo ${x}/reboot", "reboot"),
        (
            "if [ \"$(cat /run/a)\" = 1 ]; then reboot; fi",
            "reboot if [ \"$(cat /run/a)\" = 1 ]",
        ),
        ("false && reboot", "never"),
        ("transactional-update reboot", "reboot"),
        ("xargs reboot < /dev/null", "reboot"),
        ("find /run -name x -exec reboot \\;", "reboot"),
        ("/home/pi/reboot", "never"),
        ("/opt/batch reboot", "never"),
        ("/opt/bin/bash -c reboot", "reboot"),
        ("source ~root/.profile; reboot", "never"),
        (
            "for i in 1 2 3; do ping -c1 gw && exit; sleep 5; done; reboot",
            "reboot if ! ping -c1 gw",
        ),
        ("${1:?usage}; reboot", "never"),
    ] {
        assert_eq!(verdict(&tree, text), expected, "{text}");
    }
}

#[test]
fn wrappers_are_judged_by_what_they_do_and_not_by_their_names() {
    let tree = Tree::default()
        .with(
            "/etc/script/restart.sh",
            "#!/bin/sh\n/sbin/shutdown -r now\n",
        )
        .with(
            "/home/pi/car/reboot.sh",
            "#!/bin/sh\npgrep car || /home/pi/car/start &\n",
        )
        .with("/scripts/off", "#!/bin/sh\n# reboot\n#/sbin/reboot\n")
        .with(
            "/root/watch.sh",
            "#!/bin/bash\nif ! ping -c 3 8.8.8.8; then logger no; /sbin/reboot; fi\n",
        )
        .with(
            "/root/job.py",
            "#!/usr/bin/python3\nimport os; os.system('reboot')\n",
        );
    assert_eq!(verdict(&tree, "/etc/script/restart.sh"), "reboot");
    assert_eq!(verdict(&tree, "sh -x /etc/script/restart.sh"), "reboot");
    assert_eq!(verdict(&tree, "cd /etc/script && ./restart.sh"), "reboot");
    assert_eq!(verdict(&tree, "/home/pi/car/reboot.sh"), "never");
    assert_eq!(verdict(&tree, "/scripts/off"), "never");
    assert_eq!(
        verdict(&tree, "./watch.sh"),
        "reboot if ! ping -c 3 8.8.8.8"
    );
    let judged = judge(&tree, "/root/job.py");
    assert_eq!(judged.takes_down, TakesDown::Never);
    assert_eq!(judged.unjudged, [0]);
}

#[test]
fn a_program_that_is_missing_is_left_to_the_caller() {
    let outcome = cron(&Tree::default(), "/opt/nope --reboot");
    assert!(matches!(outcome.effects[0].target, Fact::Absent(_)));
    assert_eq!(super::super::power::takes_down(&outcome).unjudged, [0]);
}

#[test]
fn what_is_hidden_in_another_language_is_left_to_the_caller() {
    for text in [
        "perl -e 'system(\"reboot\")'",
        "awk 'BEGIN { system(\"reboot\") }'",
        "/home/pi/reboot now",
    ] {
        assert_eq!(judge(&Tree::default(), text).unjudged, [0], "{text}");
    }
}
