//! What systemd says of its units, over the socket on which `systemctl` asks it: D-Bus
//! without a bus (D-Bus Specification 0.43, "Message Protocol"; systemd 252
//! `src/core/dbus.c`, `bus_init_private`).

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::ProbeError;
use crate::time::Deadline;

/// Where it listens; only root may ask.
pub(super) const SOCKET: &str = "/run/systemd/private";

/// Longest wait: while a box starts, process 1 has other things to do.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest message that is taken, bytes.
const LONGEST: u32 = 32 << 20;

/// Every unit that is loaded, one line each: its name, whether its file is loaded, its
/// state, the finer state of its kind, and the job that waits for it or `-`.
pub(super) fn units(deadline: Deadline) -> Result<Vec<u8>, ProbeError> {
    let stream = UnixStream::connect(Path::new(SOCKET)).map_err(|error| super::failed(&error))?;
    let wait = PATIENCE.min(deadline.left());
    if wait.is_zero() {
        return Err(ProbeError::Silent);
    }
    let set = stream.set_read_timeout(Some(wait));
    set.and_then(|()| stream.set_write_timeout(Some(wait)))
        .map_err(|error| super::failed(&error))?;
    talk(&stream, &stream)
}

fn talk<R: Read, W: Write>(mut from: R, mut to: W) -> Result<Vec<u8>, ProbeError> {
    let failed = |error: std::io::Error| super::failed(&error);
    // Who asks is known from the socket; the number is root's, whom alone it serves. All
    // at once, and nothing behind it before the answer: what it reads together with
    // `BEGIN` waits in its buffer for more (`src/libsystemd/sd-bus/bus-socket.c`,
    // `bus_socket_read_auth`).
    to.write_all(b"\0AUTH EXTERNAL 30\r\nBEGIN\r\n")
        .map_err(failed)?;
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        from.read_exact(&mut byte).map_err(failed)?;
        line.extend_from_slice(&byte);
        if line.len() > 512 {
            return Err(strange());
        }
    }
    if !line.starts_with(b"OK ") {
        return Err(ProbeError::Error(crate::text::escape(line.trim_ascii())));
    }
    to.write_all(&call()).map_err(failed)?;
    // It may signal something before it answers.
    for _ in 0..1000 {
        let (kind, body) = message(&mut from)?;
        match kind {
            2 => return lines(&body).ok_or_else(strange),
            3 => return Err(ProbeError::Error("it refused the question".to_owned())),
            _ => {}
        }
    }
    Err(strange())
}

/// The call of `ListUnits`.
fn call() -> Vec<u8> {
    let fields: [(u8, u8, &str); 4] = [
        (1, b'o', "/org/freedesktop/systemd1"),
        (2, b's', "org.freedesktop.systemd1.Manager"),
        (3, b's', "ListUnits"),
        (6, b's', "org.freedesktop.systemd1"),
    ];
    let mut array = Vec::new();
    for (code, kind, value) in fields {
        pad(&mut array, 8);
        array.extend_from_slice(&[code, 1, kind, 0]);
        let length = u32::try_from(value.len()).unwrap_or(0);
        array.extend_from_slice(&length.to_le_bytes());
        array.extend_from_slice(value.as_bytes());
        array.push(0);
    }
    // Little-endian, a call, no flags, version 1, an empty body, number 1.
    let mut out = vec![b'l', 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0];
    let length = u32::try_from(array.len()).unwrap_or(0);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&array);
    pad(&mut out, 8);
    out
}

fn pad(bytes: &mut Vec<u8>, to: usize) {
    while !bytes.len().is_multiple_of(to) {
        bytes.push(0);
    }
}

/// One message: its kind and its body.
fn message(from: &mut impl Read) -> Result<(u8, Vec<u8>), ProbeError> {
    let failed = |error: std::io::Error| super::failed(&error);
    let mut head = [0; 16];
    from.read_exact(&mut head).map_err(failed)?;
    let [
        order,
        kind,
        _,
        _,
        b0,
        b1,
        b2,
        b3,
        _,
        _,
        _,
        _,
        f0,
        f1,
        f2,
        f3,
    ] = head;
    if order != b'l' {
        return Err(strange());
    }
    let body = u32::from_le_bytes([b0, b1, b2, b3]);
    let fields = u32::from_le_bytes([f0, f1, f2, f3]);
    if body > LONGEST || fields > LONGEST {
        return Err(strange());
    }
    let mut take = |length: u32| -> Result<Vec<u8>, ProbeError> {
        let mut bytes = Vec::new();
        let read = from.take(u64::from(length)).read_to_end(&mut bytes);
        read.map_err(failed)?;
        if u32::try_from(bytes.len()) == Ok(length) {
            Ok(bytes)
        } else {
            Err(ProbeError::Error("it hung up".to_owned()))
        }
    };
    take(fields.next_multiple_of(8))?;
    Ok((kind, take(body)?))
}

/// The units of an answer, of the type `a(ssssssouso)`.
fn lines(body: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Body { body, at: 0 };
    let length = usize::try_from(reader.number()?).ok()?;
    reader.align(8)?;
    let end = reader.at.checked_add(length)?;
    let mut out = String::new();
    while reader.at < end {
        reader.align(8)?;
        let (name, _description) = (reader.text()?, reader.text()?);
        let (load, active, sub) = (reader.text()?, reader.text()?, reader.text()?);
        let (_following, _path) = (reader.text()?, reader.text()?);
        let _number = reader.number()?;
        let (job, _path) = (reader.text()?, reader.text()?);
        let job = if job.is_empty() { "-" } else { job };
        writeln!(out, "{name} {load} {active} {sub} {job}").ok()?;
    }
    Some(out.into_bytes())
}

struct Body<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Body<'a> {
    fn align(&mut self, to: usize) -> Option<()> {
        self.at = self.at.checked_next_multiple_of(to)?;
        Some(())
    }

    fn number(&mut self) -> Option<u32> {
        self.align(4)?;
        let bytes = self.body.get(self.at..self.at.checked_add(4)?)?;
        self.at += 4;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        let end = self.at.checked_add(length)?;
        let bytes = self.body.get(self.at..end)?;
        self.at = end.checked_add(1)?;
        std::str::from_utf8(bytes).ok()
    }
}

fn strange() -> ProbeError {
    ProbeError::Error("its answer is not that of systemd".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(out: &mut Vec<u8>, text: &str) {
        pad(out, 4);
        out.extend_from_slice(&u32::try_from(text.len()).unwrap().to_le_bytes());
        out.extend_from_slice(text.as_bytes());
        out.push(0);
    }

    /// An answer with these units.
    fn answer(units: &[[&str; 5]]) -> Vec<u8> {
        let mut array = Vec::new();
        for [name, load, active, sub, job] in units {
            // The array begins at 8, so that offsets within it are those of the body.
            pad(&mut array, 8);
            for word in [name, "Some words", load, active, sub, "", "/u"] {
                text(&mut array, word);
            }
            pad(&mut array, 4);
            array.extend_from_slice(&7_u32.to_le_bytes());
            text(&mut array, job);
            text(&mut array, "/");
        }
        let mut body = u32::try_from(array.len()).unwrap().to_le_bytes().to_vec();
        pad(&mut body, 8);
        body.extend_from_slice(&array);
        let mut out = b"OK 0123456789abcdef\r\n".to_vec();
        // A signal first.
        out.extend_from_slice(&[b'l', 4, 1, 1, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
        out.extend_from_slice(&[b'l', 2, 1, 1]);
        out.extend_from_slice(&u32::try_from(body.len()).unwrap().to_le_bytes());
        out.extend_from_slice(&[1, 0, 0, 0, 5, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0]);
        out.extend_from_slice(&body);
        out
    }

    #[test]
    fn the_units_of_an_answer_are_lines() {
        let from = answer(&[
            ["ssh.service", "loaded", "active", "running", ""],
            ["x.mount", "masked", "inactive", "dead", "start"],
        ]);
        let mut to = Vec::new();
        let lines = talk(&from[..], &mut to).unwrap();
        let expected = "ssh.service loaded active running -\nx.mount masked inactive dead start\n";
        assert_eq!(String::from_utf8(lines).unwrap(), expected);
        assert!(to.starts_with(b"\0AUTH EXTERNAL 30\r\nBEGIN\r\nl\x01\0\x01"));
        let head = b"\0AUTH EXTERNAL 30\r\nBEGIN\r\n".len();
        assert!((to.len() - head).is_multiple_of(8));
    }

    #[test]
    fn half_an_answer_and_nonsense_are_errors() {
        let whole = answer(&[["ssh.service", "loaded", "active", "running", ""]]);
        for cut in 0..whole.len() {
            assert!(talk(&whole[..cut], &mut Vec::new()).is_err(), "{cut}");
        }
        for bytes in [
            &b"REJECTED EXTERNAL\r\n"[..],
            b"OK x\r\nHTTP/1.1 400 Bad Re",
        ] {
            assert!(talk(bytes, &mut Vec::new()).is_err());
        }
        assert_eq!(lines(&[0xff; 40]), None);
        assert_eq!(lines(&[0; 8]), Some(Vec::new()));
    }
}
