mod properties;

use super::*;

const USER: TableKind = TableKind::User { root: false };
const ROOT: TableKind = TableKind::User { root: true };

fn table(daemon: Daemon, kind: TableKind, text: impl AsRef<[u8]>) -> Crontab {
    parse(&File::new("/x", text.as_ref().to_vec()), kind, daemon)
}

/// `*` for every value, and for the day field that busybox empties because the
/// other one decides alone.
fn values(field: Field, set: Values) -> String {
    if set == field.all() || set.is_empty() {
        "*".to_owned()
    } else {
        set.to_string()
    }
}

/// A job's schedule: five sets, `or` between the day sets where one is enough.
fn show(schedule: &Schedule) -> String {
    match schedule {
        Schedule::Reboot => "reboot".to_owned(),
        Schedule::Calendar(text) => text.clone(),
        Schedule::Every(seconds) => format!("every {seconds} s"),
        Schedule::Never(Never::Rejected) => "line".to_owned(),
        Schedule::Never(_) => "never".to_owned(),
        Schedule::At(f) => {
            let or = if f.either_day() { "or " } else { "" };
            format!(
                "{} {} {} {} {or}{}",
                values(Field::Minute, f.minute),
                values(Field::Hour, f.hour),
                values(Field::DayOfMonth, f.dom),
                values(Field::Month, f.month),
                values(Field::DayOfWeek, f.dow),
            )
        }
    }
}

/// What becomes of a root table that holds this one schedule.
fn outcome(daemon: Daemon, expression: &str) -> String {
    let table = table(daemon, ROOT, format!("{expression} cmd\n"));
    if table.dropped.is_some() {
        return "FILE".to_owned();
    }
    match table.jobs.first() {
        Some(job) => show(&job.schedule),
        None => "line".to_owned(),
    }
}

/// `expression | Debian | cronie | busybox`.
const GRAMMAR: &str = "
0 22-6 * * *        | never          | never          | 0 0-6,22,23 * * *
0 3 * * Sat-Sun     | never          | 0 3 * * 0,6    | 0 3 * * 0,6
0 3 * * 6-0         | never          | 0 3 * * 0,6    | 0 3 * * 0,6
0 3 * * 6-0/1       | never          | never          | 0 3 * * 0,6
0 3 * * 5-7         | 0 3 * * 0,5,6  | 0 3 * * 0,5,6  | 0 3 * * *
0 3 * * 7           | 0 3 * * 0      | 0 3 * * 0      | 0 3 * * *
0 3 * * 0-7         | 0 3 * * *      | 0 3 * * *      | 0 3 * * *
0 0 1 Nov-Feb *     | never          | never          | 0 0 1 1,2,11,12 *
0 5-0 * * *         | never          | 0 5-7 * * *    | 0 0,5-23 * * *
0 3 */2 * 1         | 0 3 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31 * 1 | 0 3 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31 * 1 | 0 3 2,4,6,8,10,12,14,16,18,20,22,24,26,28,30 * or 1
0 3 1-7 * 1         | 0 3 1-7 * or 1 | 0 3 1-7 * or 1 | 0 3 1-7 * or 1
0 3 1,* * 1         | 0 3 * * 1      | 0 3 * * 1      | 0 3 * * 1
0 3 1-7 * *         | 0 3 1-7 * *    | 0 3 1-7 * *    | 0 3 1-7 * *
1-5-9 3 * * *       | 1-5 3 * * *    | line           | 1-5 3 * * *
1.5 3 * * *         | 1 3 * * *      | line           | 1 3 * * *
0 3 * * 1#2         | 0 3 * * 1      | line           | line
*foo 3 * * *        | * 3 * * *      | line           | * 3 * * *
*-5 3 * * *         | * 3 * * *      | line           | * 3 * * *
5/15 * * * *        | FILE           | line           | 5 * * * *
*/70 * * * *        | 0 * * * *      | 0 * * * *      | 0 * * * *
*/0 * * * *         | FILE           | line           | 0 * * * *
60 * * * *          | FILE           | line           | * * * * *
0 24 * * *          | FILE           | line           | 0 * * * *
0 3 * * 8           | FILE           | line           | 0 3 * * *
0 3 0 * *           | FILE           | line           | never
0 3 * 0 *           | FILE           | line           | never
0 3 * 0-5 *         | FILE           | line           | 0 3 * 5 *
0 3 * 0,5 1         | FILE           | line           | 0 3 * 5 1,6
0,,5 * * * *        | FILE           | line           | 0 * * * *
0,30, * * * *       | FILE           | line           | 0,30 * * * *
0 3 L * *           | FILE           | line           | never
0 3 15W * *         | FILE           | line           | 0 3 15 * *
0 3 * * 5L          | FILE           | line           | 0 3 * * 5
0 3 ? * *           | FILE           | line           | never
H 3 * * *           | FILE           | line           | never
0~30 3 * * *        | 0 3 * * *      | 0-30 3 * * *   | 0 3 * * *
20~ 3 * * *         | 20 3 * * *     | 20-59 3 * * *  | 20 3 * * *
~10 3 * * *         | FILE           | 0-10 3 * * *   | never
30~20 3 * * *       | 30 3 * * *     | line           | 30 3 * * *
-0 3 * * *          | FILE           | 0 3 * * *      | never
0 3 * * sunday      | FILE           | line           | 0 3 * * 0
0 3 * * mon-FRI,0   | 0 3 * * 0-5    | 0 3 * * 0-5    | 0 3 * * 0-5
0 3 1 jan-mar/2 *   | 0 3 1 1,3 *    | 0 3 1 1,3 *    | 0 3 1 1,3 *
@Daily              | FILE           | line           | line
@every 5m           | FILE           | line           | line
@daily              | 0 0 * * *      | 0 0 * * *      | 0 0 * * *
@weekly             | 0 0 * * 0      | 0 0 * * 0      | 0 0 * * 0
@monthly            | 0 0 1 * *      | 0 0 1 * *      | 0 0 1 * *
@yearly             | 0 0 1 1 *      | 0 0 1 1 *      | 0 0 1 1 *
@annually           | 0 0 1 1 *      | 0 0 1 1 *      | 0 0 1 1 *
@midnight           | 0 0 * * *      | 0 0 * * *      | 0 0 * * *
@hourly             | 0 * * * *      | 0 * * * *      | 0 * * * *
@reboot             | reboot         | reboot         | reboot
0 0 3 * * ?         | 0 0 3 * *      | 0 0 3 * *      | 0 0 3 * *
* * * * * *         | FILE           | line           | * * * * *
00 03 * * *         | 0 3 * * *      | 0 3 * * *      | 0 3 * * *
4294967296 3 * * *  | 0 3 * * *      | 0 3 * * *      | 0 3 * * *
1-31/40 3 * * *     | 1 3 * * *      | 1 3 * * *      | 1 3 * * *
";

#[test]
fn each_daemon_reads_the_five_fields_its_own_way() {
    for row in GRAMMAR.lines().filter(|row| !row.is_empty()) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [expression, expected @ ..] = &cells[..] else {
            panic!("{row}");
        };
        assert_eq!(expected.len(), 3, "{row}");
        for (daemon, expected) in Daemon::ALL.into_iter().zip(expected) {
            assert_eq!(outcome(daemon, expression), *expected, "{daemon}: {row}");
        }
    }
}

/// The commands of the jobs that the daemon would start.
fn commands(table: &Crontab) -> Vec<String> {
    if table.dropped.is_some() {
        return Vec::new();
    }
    let live = table.jobs.iter();
    let live = live.filter(|job| job.schedule != Schedule::Never(Never::Rejected));
    live.map(|job| String::from_utf8_lossy(&job.command.text).into_owned())
        .collect()
}

#[test]
fn one_bad_line_costs_debian_the_table_and_cronie_the_line() {
    let long = |bytes: usize| format!("0 3 * * * {}\n", "x".repeat(bytes));
    let cases: [(&str, TableKind, String, [usize; 3]); 16] = [
        (
            "last line without newline",
            ROOT,
            "0 3 * * * a\n0 4 * * * b".into(),
            [0, 1, 2],
        ),
        (
            "bad first line",
            ROOT,
            "61 3 * * * a\n0 4 * * * b\n".into(),
            [0, 1, 2],
        ),
        ("998 bytes", ROOT, long(998), [1, 1, 1]),
        ("999 bytes", ROOT, long(999), [0, 1, 1]),
        (
            "no user",
            TableKind::System,
            "0 8 * * * /sbin/reboot\n0 9 * * * root b\n".into(),
            [0, 1, 0],
        ),
        (
            "no command",
            TableKind::System,
            "0 8 * * * root\n0 9 * * * root b\n".into(),
            [0, 1, 0],
        ),
        (
            "path as user",
            TableKind::System,
            "0 8 * * * /sbin/reboot now\n".into(),
            [0, 1, 0],
        ),
        ("empty command", USER, "0 3 * * *\n".into(), [1, 0, 0]),
        (
            "empty MAILTO",
            USER,
            "MAILTO=\n0 3 * * * a\n".into(),
            [0, 1, 1],
        ),
        (
            "quoted empty MAILTO",
            USER,
            "MAILTO=\"\"\n0 3 * * * a\n".into(),
            [1, 1, 1],
        ),
        ("open quote", USER, "A=\"b\n0 3 * * * a\n".into(), [0, 1, 1]),
        (
            "byte order mark",
            USER,
            "\u{feff}# x\n0 3 * * * a\n".into(),
            [0, 1, 1],
        ),
        (
            "empty line with a carriage return",
            USER,
            "0 3 * * * a\r\n\r\n".into(),
            [0, 1, 1],
        ),
        (
            "leading minus as a user",
            USER,
            "-0 3 * * * a\n0 4 * * * b\n".into(),
            [0, 1, 2],
        ),
        (
            "cronie's -n",
            USER,
            "0 3 * * * -n a\n0 4 * * * -x b\n".into(),
            [2, 1, 2],
        ),
        (
            "6,000 lines",
            USER,
            "0 3 * * * a\n".repeat(6_000),
            [6_000, 6_000, 255],
        ),
    ];
    for (name, kind, text, expected) in cases {
        for (daemon, expected) in Daemon::ALL.into_iter().zip(expected) {
            let table = table(daemon, kind, &text);
            assert_eq!(commands(&table).len(), expected, "{name}: {daemon}");
        }
    }
}

#[test]
fn a_dropped_table_still_tells_what_it_would_run() {
    let text = "0 3 * * * root good\n0 25 * * * root /sbin/reboot\n@reboot root last";
    let table = table(Daemon::Debian, TableKind::System, text);
    let dropped = table.dropped.as_ref().unwrap();
    assert_eq!(dropped.kind, ProblemKind::BadField(Field::Hour));
    assert_eq!(dropped.effect, Effect::TableIgnored);
    assert_eq!(
        dropped.message,
        "`25` is no hour: Debian cron ignores the whole table"
    );
    assert_eq!(&text[dropped.span.start..dropped.span.end], "25");
    let jobs: Vec<(String, &[u8])> = table
        .jobs
        .iter()
        .map(|job| (show(&job.schedule), &job.command.text[..]))
        .collect();
    assert_eq!(
        jobs,
        [
            ("0 3 * * *".to_owned(), &b"good"[..]),
            ("line".to_owned(), b"/sbin/reboot"),
            ("reboot".to_owned(), b"last"),
        ]
    );
    let kinds: Vec<ProblemKind> = table.problems.iter().map(|p| p.kind).collect();
    assert_eq!(
        kinds,
        [
            ProblemKind::BadField(Field::Hour),
            ProblemKind::NoFinalNewline
        ]
    );
}

/// `kind of table | daemon | table | kind of problem @ its text`
const PROBLEMS: &str = r"
user | debian  | 0 22-6 * * * a\n              | reversed-range @ 22-6, never-fires @ 0 22-6 * * *
user | debian  | 1-5-9 3 * * * a\n             | skipped-tail @ -9
user | debian  | */70 3 * * * a\n              | large-step @ */70
user | cronie  | 0~30 3 * * * a\n              | random-value @ 0~30
user | debian  | 0 3 30 2 * a\n                | never-fires @ 0 3 30 2 *
user | debian  | 0 3 * * * date +%F\n          | percent-cuts @ %F
user | busybox | 0 3 * * * date +\%F\n         | percent-kept @ \%
user | busybox | 0 3 * * * a # b\n             | hash-cuts @ # b
user | busybox | 0 3 * * 7 a\n                 | bad-day-of-week @ 7
user | busybox | HOME=/x\n                     | variable-ignored @ HOME=/x
user | busybox | 0 3 * * *\n                   | too-few-words @ 0 3 * * *
user | busybox | @every_minute a\n             | bad-macro @ @every_minute
user | cronie  | @Daily a\n                    | bad-macro @ @Daily
user | cronie  | 0 3 * * * a \\n               | no-continuation @ \
user | debian  | PATH=$HOME/bin\n              | no-expansion @ PATH=$HOME/bin
user | debian  | A=b # c\n                     | hash-in-value @ A=b # c
user | cronie  | RANDOM_DELAY=1441\n           | bad-value @ RANDOM_DELAY=1441
user | cronie  | -0 3 * * * a\n                | bad-option @ -
user | cronie  | * * * * * * a\n               | bad-command @ *
user | debian  | 0 3 * *\n                     | bad-day-of-week @ 
user | debian  | 0 3 * * *\n                   | bad-command @ 0 3 * * *
sys  | debian  | 0 3 * * * /sbin/reboot now\n  | bad-user @ /sbin/reboot
sys  | cronie  | 0 3 * * * /sbin/reboot now\n  | bad-user @ /sbin/reboot
sys  | busybox | 0 3 * * * root a\n            | not-read @ 
user | debian  | 0 3 * * * a\r\n               | carriage-return @ \r
user | debian  | 0 3 * * * a\0b\n              | nul-byte @ \0, no-final-newline @ b, bad-minute @ b
";

#[test]
fn problems_name_their_place() {
    for row in PROBLEMS.lines().filter(|row| !row.is_empty()) {
        let cells: Vec<&str> = row.split(" | ").map(str::trim).collect();
        let [kind, daemon, text, expected] = cells[..] else {
            panic!("{row}");
        };
        let unescape = |text: &str| {
            let text = text
                .strip_suffix("\\n")
                .map_or(text.to_owned(), |t| format!("{t}\n"));
            text.replace("\\r", "\r").replace("\\0", "\0")
        };
        let text = unescape(text);
        let kind = if kind == "sys" {
            TableKind::System
        } else {
            USER
        };
        let daemon = Daemon::ALL
            .into_iter()
            .find(|d| d.to_string().contains(daemon));
        let daemon = daemon.unwrap_or(Daemon::Debian);
        let table = table(
            daemon,
            kind,
            if text.contains('\0') {
                text.trim_end()
            } else {
                &text
            },
        );
        let found: Vec<String> = table
            .problems
            .iter()
            .map(|p| format!("{} @ {}", p.kind, &text[p.span.start..p.span.end]))
            .collect();
        assert_eq!(
            found.join(", ").trim_end_matches(' '),
            unescape(expected),
            "{row}"
        );
    }
}

#[test]
fn assignments_hold_for_the_lines_below_them() {
    let text = "0 1 * * * a\nPATH=/one\nCRON_TZ = Europe/Berlin\nRANDOM_DELAY=15\n0 2 * * * b\n\
                PATH='/two'\nCRON_TZ=UTC\n0 3 * * * c\n";
    let table = table(Daemon::Cronie, ROOT, text);
    let value = |job: &Job, name: &[u8]| {
        let value = table.value(job, name).map(|a| a.value.clone());
        value.map(|v| String::from_utf8(v).unwrap())
    };
    let [a, b, c] = &table.jobs[..] else {
        panic!("{table:?}");
    };
    assert_eq!(value(a, b"PATH"), None);
    assert_eq!(value(b, b"PATH").as_deref(), Some("/one"));
    assert_eq!(value(c, b"PATH").as_deref(), Some("/two"));
    assert_eq!(table.environment(c).len(), 3);
    let zone = |job| table.cron_tz(job).map(|a| a.value.clone());
    assert_eq!(zone(a), None);
    assert_eq!(zone(b).as_deref(), Some(&b"Europe/Berlin"[..]));
    assert_eq!(zone(c).as_deref(), Some(&b"UTC"[..]));
    assert_eq!((a.random_delay_minutes, c.random_delay_minutes), (0, 15));
    let debian = parse(&File::new("/x", text), ROOT, Daemon::Debian);
    assert!(debian.jobs.iter().all(|job| debian.cron_tz(job).is_none()));
}

#[test]
fn a_job_knows_its_places() {
    let text = "# x\n  15 3 * * 1  root\t/sbin/reboot %x\n";
    let table = table(Daemon::Cronie, TableKind::System, text);
    let job = &table.jobs[0];
    let at = |span: Span| &text[span.start..span.end];
    assert_eq!(at(job.line), "15 3 * * 1  root\t/sbin/reboot %x");
    assert_eq!(at(job.schedule_span), "15 3 * * 1");
    assert_eq!(at(job.field_spans.unwrap()[1]), "3");
    let (user, span) = job.user.as_ref().unwrap();
    assert_eq!((&user[..], at(*span)), (&b"root"[..], "root"));
    assert_eq!(at(job.command.span), "/sbin/reboot %x");
    assert_eq!(job.command.text, b"/sbin/reboot ");
    assert_eq!(at(job.command.file_span(6..12)), "reboot");
}

#[test]
fn busybox_joins_lines_and_cuts_at_hashes() {
    let text = "0 3 * * * one \\\n  two#three\n@daily a#b \n";
    let table = table(Daemon::Busybox, ROOT, text);
    let [first, second] = &table.jobs[..] else {
        panic!("{table:?}");
    };
    assert_eq!(first.command.text, b"one   two");
    let two = first.command.file_span(6..9);
    assert_eq!(&text[two.start..two.end], "two");
    assert_eq!(second.command.text, b"a#b ");
}

#[test]
fn cronie_stops_at_32768_bytes_of_comments() {
    let comment = format!("#{}\n", "x".repeat(40_000));
    let text = format!("0 1 * * * root a\n{comment}0 2 * * * root b\n");
    let user = table(Daemon::Cronie, USER, &text);
    assert_eq!(user.dropped.unwrap().kind, ProblemKind::TooLarge);
    assert_eq!(user.jobs.len(), 2);
    let system = table(Daemon::Cronie, TableKind::System, &text);
    assert_eq!(commands(&system), ["a", "b"]);
    // The rest of the comment is read as a line.
    assert_eq!(system.problems.len(), 2);
    assert!(table(Daemon::Debian, USER, &text).problems.is_empty());
}

#[test]
fn debian_gives_up_after_ten_thousand_lines() {
    let lines = |number: usize| format!("{}0 3 * * * a\n", "\n".repeat(number - 1));
    assert!(table(Daemon::Debian, USER, lines(10_003)).dropped.is_none());
    let dropped = table(Daemon::Debian, USER, lines(10_004)).dropped;
    assert_eq!(dropped.unwrap().kind, ProblemKind::TooLarge);
}
