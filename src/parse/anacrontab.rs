//! `/etc/anacrontab`, as anacron reads it: Debian's 2.3-36 and the one of cronie 1.7
//! (`anacron/readtab.c`).
//!
//! A backslash joins lines; a line that is neither an assignment nor a job is left out;
//! the command is handed over as it stands, `%` and all.

use crate::text::{File, Span};

/// An anacron table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anacrontab {
    /// The jobs in file order.
    pub jobs: Vec<AnacronJob>,
    /// The assignments in file order: name, value.
    pub assignments: Vec<(Vec<u8>, Vec<u8>)>,
    /// Lines that anacron leaves out.
    pub bad: Vec<Span>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnacronJob {
    /// The line.
    pub line: Span,
    /// How often.
    pub period: Period,
    /// Minutes from anacron's start to the job's.
    pub delay: u32,
    /// The name of its stamp in `/var/spool/anacron`.
    pub id: Vec<u8>,
    /// Where period, delay and name stand.
    pub schedule_span: Span,
    /// Where the command stands.
    pub command: Span,
    /// How many of the assignments stand above it.
    pub assignments_above: usize,
}

/// How often a job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Every so many days.
    Days(u32),
    /// `@daily` and `@weekly`, which are so many days for cronie's anacron. Debian's says
    /// that it skips the line, and runs it whenever it is started itself.
    Named(u32),
    /// Once a month, whatever its length.
    Month,
    /// Once a year.
    Year,
}

/// Reads the table.
#[must_use]
pub fn parse(file: &File) -> Anacrontab {
    let mut table = Anacrontab::default();
    let bytes = file.bytes();
    let mut start = 0;
    while start < bytes.len() {
        let mut end = start;
        while let Some(byte) = bytes.get(end) {
            let joined = end > start && bytes.get(end - 1) == Some(&b'\\');
            if *byte == b'\n' && !joined {
                break;
            }
            end += 1;
        }
        line(&mut table, bytes, Span::new(start, end));
        start = end + 1;
    }
    table
}

fn line(table: &mut Anacrontab, bytes: &[u8], whole: Span) {
    let text = bytes.get(whole.start..whole.end).unwrap_or(&[]);
    let blanks = text.iter().take_while(|b| is_blank(**b)).count();
    let text = text.get(blanks..).unwrap_or(&[]);
    let start = whole.start + blanks;
    if matches!(text.first(), None | Some(b'#')) {
        return;
    }
    if let Some(assignment) = assignment(text) {
        table.assignments.push(assignment);
        return;
    }
    let Some(job) = job(text, start, table.assignments.len()) else {
        table.bad.push(Span::new(start, whole.end));
        return;
    };
    table.jobs.push(job);
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn assignment(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let end = text.iter().position(|b| is_blank(*b) || *b == b'=')?;
    let (name, rest) = text.split_at(end);
    let blanks = rest.iter().take_while(|b| is_blank(**b)).count();
    let value = rest.get(blanks..)?.strip_prefix(b"=")?;
    (!name.is_empty()).then(|| (name.to_vec(), value.to_vec()))
}

fn job(text: &[u8], start: usize, assignments_above: usize) -> Option<AnacronJob> {
    let mut at = 0;
    let mut word = || {
        let rest = text.get(at..)?;
        let length = rest.iter().position(|b| is_blank(*b))?;
        let blanks = rest.iter().skip(length).take_while(|b| is_blank(**b));
        let found = (at, at + length);
        at += length + blanks.count();
        Some(found)
    };
    let (period, delay, id) = (word()?, word()?, word()?);
    let of = |(from, to): (usize, usize)| text.get(from..to).unwrap_or(&[]);
    let number = |bytes: &[u8]| -> Option<u32> {
        let digits = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(bytes)
            .ok()
            .filter(|_| digits)?
            .parse()
            .ok()
    };
    let name = of(period);
    // Names are told by their beginning.
    let period = if name.starts_with(b"@monthly") {
        Period::Month
    } else if name.starts_with(b"@yearly") || name.starts_with(b"@annual") {
        Period::Year
    } else if name.starts_with(b"@daily") {
        Period::Named(1)
    } else if name.starts_with(b"@weekly") {
        Period::Named(7)
    } else {
        Period::Days(number(name)?)
    };
    let delay = number(of(delay))?;
    let ident = of(id);
    if ident.contains(&b'/') || at >= text.len() {
        return None;
    }
    Some(AnacronJob {
        line: Span::new(start, start + text.len()),
        period,
        delay,
        id: ident.to_vec(),
        schedule_span: Span::new(start, start + id.1),
        command: Span::new(start + at, start + text.len()),
        assignments_above,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_and_assignments_are_told_apart() {
        let text = "# x\nSTART_HOURS_RANGE=3-22\n1\t5\tcron.daily\trun-parts \\\n  /etc/cron.daily\n\
                    @monthly 15 m  a = b\nnonsense\n7 x w c\n";
        let table = parse(&File::new("/etc/anacrontab", text));
        assert_eq!(table.assignments.len(), 1);
        assert_eq!(table.jobs.len(), 2);
        assert_eq!(table.bad.len(), 2);
        assert_eq!(table.jobs[0].period, Period::Days(1));
        assert_eq!(table.jobs[1].id, b"m");
        let command = table.jobs[1].command;
        assert_eq!(&text.as_bytes()[command.start..command.end], b"a = b");
    }
}
