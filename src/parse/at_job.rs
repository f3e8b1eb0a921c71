//! Jobs in the spool of atd (at 3.2.5 `atd.c`, `run_loop` and `run_file`; what each
//! name and header comes to was tried with `atd -s`).

/// What the name of a file in the spool says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// The queue: a letter, or `=` for the lock of a job that was begun.
    pub queue: u8,
    /// When the job is due, in minutes since the epoch.
    pub minutes: i64,
}

impl Name {
    /// Whether atd runs a job of this queue at all.
    #[must_use]
    pub const fn runs(&self) -> bool {
        self.queue.is_ascii_alphabetic()
    }

    /// Whether it waits for the load of the machine to fall (`isbatch`).
    #[must_use]
    pub const fn is_batch(&self) -> bool {
        self.queue.is_ascii_uppercase() || self.queue == b'b'
    }
}

/// Reads a name as `%c%5lx%8lx`; what stands behind does not count, so that
/// `a0000101c8aec3.bak` is a job.
#[must_use]
pub fn name(name: &[u8]) -> Option<Name> {
    let (queue, rest) = name.split_first()?;
    let (_, rest) = hex(rest, 5)?;
    let (minutes, _) = hex(rest, 8)?;
    Some(Name {
        queue: *queue,
        minutes,
    })
}

/// A number of at most so many digits, blanks in front.
fn hex(text: &[u8], most: usize) -> Option<(i64, &[u8])> {
    let text = text.trim_ascii_start();
    let is_digit = |b: &&u8| b.is_ascii_hexdigit();
    let count = text.iter().take(most).take_while(is_digit).count();
    let (digits, rest) = text.split_at_checked(count)?;
    let digits = std::str::from_utf8(digits).ok()?;
    Some((i64::from_str_radix(digits, 16).ok()?, rest))
}

/// Who the header says the job is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The user's number.
    pub uid: u32,
    /// Where the header ends and the shell's part begins.
    pub end: usize,
}

/// The header of a job; nothing where atd calls the format wrong and aborts.
#[must_use]
pub fn header(bytes: &[u8]) -> Option<Header> {
    let rest = bytes.strip_prefix(b"#!/bin/sh\n# atrun uid=")?;
    let (uid, rest) = decimal(rest)?;
    let rest = rest.strip_prefix(b" ")?.trim_ascii_start();
    let (_, rest) = decimal(rest.strip_prefix(b"gid=")?)?;
    let rest = rest.trim_ascii_start().strip_prefix(b"#")?;
    let rest = rest.trim_ascii_start().strip_prefix(b"mail")?;
    let rest = rest.trim_ascii_start();
    let user = rest.iter().position(u8::is_ascii_whitespace)?;
    // A name that sendmail would take for an option.
    if rest.first() == Some(&b'-') {
        return None;
    }
    let rest = rest.get(user..)?.trim_ascii_start();
    let (_, rest) = decimal(rest)?;
    Some(Header {
        uid: u32::try_from(uid).ok()?,
        end: bytes.len() - rest.len(),
    })
}

fn decimal(text: &[u8]) -> Option<(i64, &[u8])> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    let end = text.len() - digits.len() + count;
    let number = std::str::from_utf8(text.get(..end)?).ok()?.parse().ok()?;
    Some((number, text.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_atd_reads_them() {
        // Which of these `atd -s` ran at 2026-11-27 12:00 UTC.
        for text in [
            "a0000101c8b0cf",
            "A0000901c8b0cf",
            "a 001d01c8b0cf",
            "a0000e01c8b0cf~",
            "a0000f01c8b0cf.bak",
            "a0001901C8B0CF",
            "a0001a1c8b0cf",
            "z0000a01c8b0cf",
        ] {
            let name = name(text.as_bytes()).unwrap();
            assert!(name.runs(), "{text}");
            assert_eq!(name.minutes * 60, 1_795_780_740, "{text}");
        }
        for text in ["=0000701c8b0cf", "10001001c8b0cf"] {
            assert!(!name(text.as_bytes()).unwrap().runs(), "{text}");
        }
        for text in ["", "a", "a1", "a0001", "xyz", "target", ".SEQ", "spool"] {
            assert_eq!(name(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn batch_queues_are_b_and_the_capitals() {
        let is_batch = |text: &str| name(text.as_bytes()).unwrap().is_batch();
        assert!(is_batch("b0000101c8b0cf") && is_batch("Z0000101c8b0cf"));
        assert!(!is_batch("a0000101c8b0cf") && !is_batch("c0000101c8b0cf"));
    }

    #[test]
    fn a_header_that_atd_refuses_is_none() {
        let good = b"#!/bin/sh\n# atrun uid=0 gid=0\n# mail root 0\numask 22\n";
        assert_eq!(header(good), Some(Header { uid: 0, end: 43 }));
        for bad in [
            &b"#!/bin/sh\nreboot\n"[..],
            b"#!/bin/sh\n# atrun uid=0 gid=0\n# mail -root 0\n",
            b"#!/bin/bash\n# atrun uid=0 gid=0\n# mail root 0\n",
            b"#!/bin/sh\n# atrun uid= gid=0\n# mail root 0\n",
            b"",
        ] {
            assert_eq!(header(bad), None);
        }
    }
}
