//! The protocol of Redis, as much as a question needs (RESP2,
//! <https://redis.io/docs/latest/develop/reference/protocol-spec/>).

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::{Address, PATIENCE, ProbeError, failed};
use crate::time::Deadline;

/// Longest text that is taken.
const LONGEST: usize = 1 << 20;
/// Most parts of one answer, parts within parts included.
const MOST_PARTS: usize = 4096;

/// Asks one command; an answer of several texts is joined by blanks.
pub(super) fn ask(
    address: &Address,
    password: Option<&[u8]>,
    command: &[&str],
    deadline: Deadline,
) -> Result<Vec<u8>, ProbeError> {
    let until = Until::new(deadline)?;
    match address {
        Address::Tcp(socket) => {
            let stream = TcpStream::connect_timeout(socket, until.left()?)
                .map_err(|error| failed(&error))?;
            let wait = |left| {
                stream.set_read_timeout(Some(left))?;
                stream.set_write_timeout(Some(left))
            };
            talk(&stream, &stream, &wait, until, password, command)
        }
        Address::Unix(path) => {
            let stream = UnixStream::connect(path).map_err(|error| failed(&error))?;
            let wait = |left| {
                stream.set_read_timeout(Some(left))?;
                stream.set_write_timeout(Some(left))
            };
            talk(&stream, &stream, &wait, until, password, command)
        }
    }
}

/// The end of the wait for one daemon.
#[derive(Clone, Copy)]
struct Until {
    all: Deadline,
    own: Deadline,
}

impl Until {
    fn new(all: Deadline) -> Result<Self, ProbeError> {
        let own = Deadline::after(PATIENCE);
        let until = Self { all, own };
        until.left().map(|_| until)
    }

    fn left(self) -> Result<Duration, ProbeError> {
        let left = self.own.left().min(self.all.left());
        if left.is_zero() {
            Err(ProbeError::Silent)
        } else {
            Ok(left)
        }
    }
}

fn talk<R: Read, W: Write>(
    from: R,
    mut to: W,
    wait: &dyn Fn(Duration) -> std::io::Result<()>,
    until: Until,
    password: Option<&[u8]>,
    command: &[&str],
) -> Result<Vec<u8>, ProbeError> {
    let mut reader = Answers {
        from: BufReader::new(from),
        wait,
        until,
        parts: 0,
    };
    let mut send = |words: &[&[u8]]| -> Result<(), ProbeError> {
        wait(until.left()?).map_err(|error| failed(&error))?;
        to.write_all(&request(words))
            .map_err(|error| failed(&error))
    };
    if let Some(password) = password {
        send(&[b"AUTH", password])?;
        reader.answer(0)?;
    }
    let words: Vec<&[u8]> = command.iter().map(|word| word.as_bytes()).collect();
    send(&words)?;
    reader.parts = 0;
    reader.answer(0)
}

/// A request: an array of texts with their lengths.
fn request(words: &[&[u8]]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
    out
}

struct Answers<'a, R> {
    from: BufReader<R>,
    wait: &'a dyn Fn(Duration) -> std::io::Result<()>,
    until: Until,
    parts: usize,
}

impl<R: Read> Answers<'_, R> {
    fn line(&mut self) -> Result<Vec<u8>, ProbeError> {
        let mut line = Vec::new();
        loop {
            (self.wait)(self.until.left()?).map_err(|error| failed(&error))?;
            let buffer = self.from.fill_buf().map_err(|error| failed(&error))?;
            if buffer.is_empty() {
                return Err(ProbeError::Error("it hung up".to_owned()));
            }
            let end = buffer.iter().position(|b| *b == b'\n');
            let taken = end.map_or(buffer.len(), |end| end + 1);
            line.extend_from_slice(buffer.get(..taken).unwrap_or(&[]));
            self.from.consume(taken);
            if line.len() > LONGEST {
                return Err(strange());
            }
            if end.is_some() {
                let text = line.strip_suffix(b"\r\n").ok_or_else(strange)?;
                return Ok(text.to_vec());
            }
        }
    }

    fn text(&mut self, length: usize) -> Result<Vec<u8>, ProbeError> {
        if length > LONGEST {
            return Err(strange());
        }
        let mut out = Vec::new();
        while out.len() < length + 2 {
            (self.wait)(self.until.left()?).map_err(|error| failed(&error))?;
            let buffer = self.from.fill_buf().map_err(|error| failed(&error))?;
            if buffer.is_empty() {
                return Err(ProbeError::Error("it hung up".to_owned()));
            }
            let taken = buffer.len().min(length + 2 - out.len());
            out.extend_from_slice(buffer.get(..taken).unwrap_or(&[]));
            self.from.consume(taken);
        }
        out.truncate(length);
        Ok(out)
    }

    /// One answer. The depth is that of arrays within arrays.
    fn answer(&mut self, depth: usize) -> Result<Vec<u8>, ProbeError> {
        self.parts += 1;
        if self.parts > MOST_PARTS || depth > 4 {
            return Err(strange());
        }
        let line = self.line()?;
        let (kind, rest) = line.split_first().ok_or_else(strange)?;
        let number = || -> Option<i64> { std::str::from_utf8(rest).ok()?.parse().ok() };
        match kind {
            b'+' | b':' => Ok(rest.to_vec()),
            b'-' => Err(ProbeError::Error(crate::text::escape(rest))),
            b'$' => match number().ok_or_else(strange)? {
                -1 => Ok(Vec::new()),
                length => self.text(usize::try_from(length).map_err(|_| strange())?),
            },
            b'*' => {
                let count = number().ok_or_else(strange)?;
                let mut parts = Vec::new();
                for _ in 0..count {
                    parts.push(self.answer(depth + 1)?);
                }
                Ok(parts.join(&b' '))
            }
            _ => Err(strange()),
        }
    }
}

fn strange() -> ProbeError {
    ProbeError::Error("its answer is not that of a Redis".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: &[u8]) -> Result<Vec<u8>, ProbeError> {
        let until = Until::new(Deadline::none()).unwrap();
        let mut sent = Vec::new();
        talk(bytes, &mut sent, &|_| Ok(()), until, None, &["INFO"])
    }

    #[test]
    fn answers_of_each_kind_are_texts() {
        let cases: [(&[u8], &[u8]); 5] = [
            (b"$5\r\na\r\nbc\r\n", b"a\r\nbc"),
            (b"*2\r\n$4\r\nsave\r\n$0\r\n\r\n", b"save "),
            (b"+OK\r\n", b"OK"),
            (b":7\r\n", b"7"),
            (b"$-1\r\n", b""),
        ];
        for (bytes, expected) in cases {
            assert_eq!(answer(bytes).unwrap(), expected);
        }
    }

    #[test]
    fn errors_and_nonsense_are_told_apart_and_end() {
        let refused = answer(b"-NOAUTH Authentication required.\r\n");
        let text = "NOAUTH Authentication required.".to_owned();
        assert_eq!(refused, Err(ProbeError::Error(text)));
        for bytes in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"$99999999999\r\n",
            b"*99999999\r\n",
            b"$5\r\nab",
            b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n+a\r\n",
            b"",
            b"+OK\n",
        ] {
            assert!(
                matches!(answer(bytes), Err(ProbeError::Error(_))),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn a_request_names_the_length_of_each_word() {
        assert_eq!(
            request(&[b"AUTH", b"a b"]),
            b"*2\r\n$4\r\nAUTH\r\n$3\r\na b\r\n"
        );
    }
}
