//! What holds for any bytes: no panic, no offset outside, no quadratic time.

use proptest::prelude::*;

use super::super::*;
use super::{ROOT, USER, table};

/// Every offset of a table lies in its file.
fn check_spans(daemon: Daemon, kind: TableKind, bytes: &[u8]) {
    let table = table(daemon, kind, bytes);
    let inside = |span: Span| assert!(span.start <= span.end && span.end <= bytes.len() + 1);
    for job in &table.jobs {
        inside(job.line);
        inside(job.schedule_span);
        inside(job.command.span);
        job.field_spans.into_iter().flatten().for_each(inside);
        for offset in 0..=job.command.text.len() {
            let at = job.command.file_offset(offset);
            if let (Some(byte), Daemon::Busybox) = (job.command.text.get(offset), daemon) {
                assert_eq!(bytes.get(at), Some(byte));
            }
            assert!(at <= bytes.len());
        }
        assert!(job.assignments_above <= table.assignments.len());
    }
    table.problems.iter().for_each(|p| inside(p.span));
}

const KINDS: [TableKind; 3] = [TableKind::System, USER, ROOT];

#[test]
fn every_prefix_of_a_nasty_table_is_read() {
    let nasty: [&[u8]; 8] = [
        b"\xef\xbb\xbfMAILTO=\"a\"\n@reboot root x%y%%z\\%\\\n*/5,1-9/2 ~ * Jan-dec 7 root -n -n a\n",
        b"A='b'\"\n='\n\"\n\"\"=\"\n'=' = '='\n-@daily root \0\n\0\0# \0\n",
        b"0-,,-5/ 99999999999999999999-4294967297/0 \xff\xfe * * \xff root\r\n\r\n\\\n\\",
        b"@\n@ \n@reboot\n@reboot \n@daily\troot\n@daily root \n- \n-\n",
        b"* * * * *\n* * * * * \n* * * * * *\n* * * * * root\n* * * * * root \n",
        b"0 3 * * * a \\\n\\\nb#c\\\n\n  # d\\\ne\n\t\\\n*/*/* *-* 0-0-0 sunsun,monday-7/-1 /,/ x",
        b"1~2~3 ~ ~~ 5~ ~5 a\n60~70 3 * * * a\n70~\n0 3 * * * lost\n",
        b"RANDOM_DELAY=-1\nRANDOM_DELAY= 99999999999999999999\nCRON_TZ=\nCRON_TZ='x\n1 1 1 1 1 :r a",
    ];
    for table in nasty {
        for end in 0..=table.len() {
            for daemon in Daemon::ALL {
                for kind in KINDS {
                    check_spans(daemon, kind, &table[..end]);
                }
            }
        }
    }
}

/// Tables of about `size` bytes, each with a newline at its end or without.
fn large(size: usize) -> Vec<String> {
    let texts = [
        "a".repeat(size),
        "1,".repeat(size / 2),
        "#".repeat(size),
        " ".repeat(size),
        "@daily\n".repeat(size / 7),
        "* * * * * a\n".repeat(size / 12),
        "A=b\n* * * * * a\n".repeat(size / 16),
        "\0".repeat(size),
        "\\\n".repeat(size / 2),
        "A=\"".repeat(size / 3),
        format!("* * * * * {}", "%\\".repeat(size / 2)),
        format!("0-{} * * * * a\n", "9".repeat(size)),
        format!("5/{}", "x".repeat(size)),
    ];
    let ended = texts.iter().map(|text| format!("{text}\n"));
    ended.chain(texts.iter().cloned()).collect()
}

#[test]
fn large_tables_take_time_in_proportion() {
    let times = 16;
    for (small, large) in large(20_000 / times).into_iter().zip(large(20_000)) {
        for daemon in Daemon::ALL {
            for kind in KINDS {
                let seconds = |text: &str, times: usize| {
                    let begun = std::time::Instant::now();
                    for _ in 0..times {
                        let _ = table(daemon, kind, text);
                    }
                    begun.elapsed().as_secs_f64()
                };
                // The same bytes in one table and in sixteen: what grows with the square
                // takes sixteen times as long in one. What else runs on the machine slows
                // both, and spoils some of the tries, not all of them.
                let ratio = |_| seconds(&large, 1) / seconds(&small, times).max(0.002);
                let begin: String = large.chars().take(20).collect();
                let even = (0..20).map(ratio).any(|ratio| ratio < 4.0);
                assert!(even, "{daemon:?} {kind:?} {begin:?}");
            }
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for daemon in Daemon::ALL {
            for kind in KINDS {
                check_spans(daemon, kind, &bytes);
            }
        }
    }

    #[test]
    fn arbitrary_cron_like_text_is_read(text in "([0-9*/,~@#%=\"'\\\\ \t\r\n-]|sun|root|@daily |\\* ){0,80}") {
        for daemon in Daemon::ALL {
            for kind in KINDS {
                check_spans(daemon, kind, text.as_bytes());
            }
        }
    }
}
