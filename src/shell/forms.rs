//! How wrappers take their words: one line for each.

/// How a wrapper takes its words.
pub(super) struct Form {
    /// Short options that take the next word.
    pub(super) short: &'static [u8],
    /// Long options that take the next word.
    pub(super) long: &'static [&'static str],
    /// Words before the command, such as `timeout`'s duration.
    pub(super) skip: usize,
    /// Whether `A=b` may stand before the command.
    pub(super) assigns: bool,
}

/// No options with values.
pub(super) const PLAIN: Form = Form {
    short: b"",
    long: &[],
    skip: 0,
    assigns: false,
};

/// Wrappers that take options, perhaps some words, and a command.
pub(super) fn form(name: &[u8]) -> Option<Form> {
    let options = |short: &'static [u8], long: &'static [&'static str]| Form {
        short,
        long,
        ..PLAIN
    };
    Some(match name {
        b"sudo" => Form {
            assigns: true,
            ..options(
                b"ugpCchDRrtTU",
                &[
                    "user",
                    "group",
                    "prompt",
                    "close-from",
                    "chdir",
                    "chroot",
                    "role",
                    "type",
                    "command-timeout",
                    "other-user",
                    "host",
                ],
            )
        },
        b"sshpass" => options(b"pfdP", &[]),
        b"doas" => options(b"uC", &[]),
        b"pkexec" => options(b"u", &["user"]),
        b"nice" => options(b"n", &["adjustment"]),
        b"ionice" => options(b"cnpPu", &["class", "classdata"]),
        b"nohup"
        | b"chronic"
        | b"cronic"
        | b"eatmydata"
        | b"fakeroot"
        | b"setsid"
        | b"run-one"
        | b"run-this-one"
        | b"keep-one-running"
        | b"run-one-constantly"
        | b"run-one-until-success"
        | b"run-one-until-failure"
        | b"unbuffer"
        | b"dbus-run-session"
        | b"builtin"
        | b"caffeinate"
        | b"proxychains"
        | b"proxychains4"
        | b"torsocks"
        | b"prlimit"
        | b"setarch"
        | b"linux32"
        | b"linux64"
        | b"command" => PLAIN,
        b"time" => options(b"fo", &["format", "output"]),
        b"stdbuf" => options(b"ioe", &["input", "output", "error"]),
        b"systemd-cat" => options(
            b"tp",
            &[
                "identifier",
                "priority",
                "stderr-priority",
                "level-prefix",
                "namespace",
            ],
        ),
        b"systemd-inhibit" => options(b"", &["what", "who", "why", "mode"]),
        b"timeout" => Form {
            skip: 1,
            ..options(b"ks", &["kill-after", "signal"])
        },
        b"chrt" => Form {
            skip: 1,
            ..options(b"TPD", &["sched-runtime", "sched-period", "sched-deadline"])
        },
        b"taskset" | b"logsave" => Form { skip: 1, ..PLAIN },
        b"env" => Form {
            assigns: true,
            ..options(b"uC", &["unset", "chdir"])
        },
        b"nsenter" => options(b"tSG", &["target", "setuid", "setgid"]),
        b"unshare" => options(b"SGRw", &["setuid", "setgid", "root", "wd"]),
        b"exec" => options(b"a", &[]),
        b"strace" | b"ltrace" => options(b"abeoOpPsSuE", &[]),
        b"numactl" => options(b"NmCpi", &["cpunodebind", "membind", "physcpubind"]),
        _ => return None,
    })
}
