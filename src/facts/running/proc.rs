//! The processes of the running system, as `/proc/PID/status` shows them (proc(5); Linux
//! 6.1 `fs/proc/array.c`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::of_running;
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::text::{File, Place, Span, escape};

/// One process.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its name, cut to 15 bytes by the kernel.
    pub name: Vec<u8>,
    /// `R`, `S`, `D`, `T`, `t`, `Z`, `I` and the like.
    pub state: u8,
    /// The process that started it, or took it over.
    pub parent: u32,
    /// The process that traces it; 0 for none.
    pub tracer: u32,
    /// How often it left the processor; while it waits for one event this stands still.
    pub switches: u64,
    /// Whether it is a thread of the kernel.
    pub of_kernel: bool,
    /// Whether it is one of a container, which numbers its processes by itself.
    pub inside: bool,
    file: Arc<File>,
}

impl Process {
    fn parse(pid: u32, file: Arc<File>) -> Option<Self> {
        let number = |name: &str| -> Option<u64> {
            let value = value(&file, name)?;
            let value = std::str::from_utf8(value).ok()?;
            value.split_ascii_whitespace().next()?.parse().ok()
        };
        let small = |name: &str| number(name).and_then(|n| u32::try_from(n).ok());
        Some(Self {
            pid,
            name: value(&file, "Name")?.to_vec(),
            state: *value(&file, "State")?.first()?,
            parent: small("PPid")?,
            tracer: small("TracerPid")?,
            switches: number("voluntary_ctxt_switches").unwrap_or(0),
            // Without memory of its own; so is what has ended and waits to be collected.
            of_kernel: value(&file, "VmSize").is_none(),
            inside: value(&file, "NSpid")
                .is_some_and(|numbers| numbers.iter().any(u8::is_ascii_whitespace)),
            file,
        })
    }

    /// The line of a field, or the first line.
    #[must_use]
    pub fn place(&self, field: &str) -> Place {
        place_of(&self.file, field)
    }

    /// A size that its status gives, KiB.
    #[must_use]
    pub fn kib(&self, field: &str) -> Option<u64> {
        let text = String::from_utf8_lossy(value(&self.file, field)?).into_owned();
        text.split_ascii_whitespace().next()?.parse().ok()
    }

    /// `nginx (process 812)`.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{} (process {})", escape(&self.name), self.pid)
    }
}

/// The line of a field written as `Name: value`, and its value without blanks around it.
pub(in crate::facts) fn field<'a>(file: &'a File, name: &str) -> Option<(Span, &'a [u8])> {
    file.lines().find_map(|(span, line)| {
        let value = line.strip_prefix(name.as_bytes())?.strip_prefix(b":")?;
        Some((span, value.trim_ascii()))
    })
}

/// The place of a field, or of the first line where there is none.
pub(in crate::facts) fn place_of(file: &Arc<File>, name: &str) -> Place {
    let span = field(file, name).map_or_else(|| file.line_span(1), |(span, _)| span);
    file.place(span)
}

fn value<'a>(file: &'a File, name: &str) -> Option<&'a [u8]> {
    field(file, name).map(|(_, value)| value)
}

/// Every process, by number. One that ends meanwhile is left out; one that other users
/// may not see (`hidepid`) is not in the list of /proc either.
pub(in crate::facts) fn read(host: &Host) -> Listing<Process> {
    of_running(host, |out| {
        let entries = out.take_gaps(host.tree().entries(Path::new("/proc")));
        for dir in entries {
            let pid = dir.file_name().and_then(|name| name.to_str()?.parse().ok());
            let Some(pid) = pid else { continue };
            match host.tree().read(&dir.join("status")) {
                Fact::Known(file) => out.items.extend(Process::parse(pid, file)),
                Fact::Unknown(unknown) if !has_ended(&unknown) => out.gaps.push(unknown),
                Fact::Unknown(_) | Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {}
            }
        }
        out.items.sort_by_key(|process| process.pid);
    })
}

/// A process that ended between the look at /proc and the read (ESRCH).
fn has_ended(unknown: &crate::fact::Unknown) -> bool {
    matches!(&unknown.doubt, crate::fact::Doubt::Io(text) if text.contains("no such process"))
}

/// Every process of the running system.
#[must_use]
pub fn processes(host: &Host) -> &Listing<Process> {
    host.processes()
}

/// The unit of systemd a process belongs to, by its control group: `nginx.service`,
/// `session-4.scope` (systemd 252 `src/basic/cgroup-util.c`, `cg_path_get_unit`).
#[must_use]
pub fn unit(host: &Host, pid: u32) -> Option<String> {
    let path = PathBuf::from(format!("/proc/{pid}/cgroup"));
    let Fact::Known(file) = host.tree().read(&path) else {
        return None;
    };
    let of_systemd = |line: &[u8]| line.starts_with(b"0::") || find(line, b":name=systemd:");
    let (_, line) = file.lines().find(|(_, line)| of_systemd(line))?;
    let path = line.rsplit(|b| *b == b':').next()?;
    let mut parts = path.split(|b| *b == b'/');
    // Below the unit a service may make groups of its own.
    let unit = parts.find(|part| part.ends_with(b".service") || part.ends_with(b".scope"))?;
    String::from_utf8(unit.to_vec()).ok()
}

fn find(line: &[u8], needle: &[u8]) -> bool {
    line.windows(needle.len()).any(|window| window == needle)
}

/// The words of a process's command line, as it left them.
pub(in crate::facts) fn command_line(host: &Host, pid: u32) -> Vec<Vec<u8>> {
    let path = format!("/proc/{pid}/cmdline");
    match host.tree().read(Path::new(&path)) {
        Fact::Known(file) => {
            let words = file.bytes().split(|b| *b == 0);
            words
                .filter(|w| !w.is_empty())
                .map(<[u8]>::to_vec)
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Processes that wait in the kernel for something that does not come: in state D on
/// two looks, without having left it in between.
#[must_use]
pub fn stuck(host: &Host) -> Vec<&Process> {
    let waits = |process: &&Process| process.state == b'D' && !process.of_kernel;
    let waiting: Vec<&Process> = processes(host).items.iter().filter(waits).collect();
    if waiting.is_empty() {
        return waiting;
    }
    host.wait_between_looks();
    let still = |process: &&Process| {
        let path = PathBuf::from(format!("/proc/{}/status", process.pid));
        let again = match host.tree().read_again(&path) {
            Fact::Known(file) => Process::parse(process.pid, file),
            _ => None,
        };
        again.is_some_and(|again| again.state == b'D' && again.switches == process.switches)
    };
    waiting.into_iter().filter(still).collect()
}

/// Why a process does nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Stopped by the process that traces it, here by name.
    Traced(String),
    /// Stopped by a signal.
    Stopped,
}

/// Processes that something holds, with the unit they belong to.
#[must_use]
pub fn held(host: &Host) -> Vec<(&Process, Held, Option<String>)> {
    let list = &processes(host).items;
    let name_of = |pid: u32| {
        let tracer = list.iter().find(|process| process.pid == pid);
        tracer.map_or_else(|| format!("process {pid}"), Process::shown)
    };
    let held = list.iter().filter_map(|process| {
        let how = match process.state {
            b't' => Held::Traced(name_of(process.tracer)),
            b'T' => Held::Stopped,
            _ => return None,
        };
        Some((process, how, unit(host, process.pid)))
    });
    held.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tbackup\nUmask:\t0022\nState:\tD (disk sleep)\nPid:\t42\n\
        PPid:\t1\nTracerPid:\t7\nVmSize:\t  100 kB\nvoluntary_ctxt_switches:\t12\n";

    #[test]
    fn a_process_is_read_from_its_status() {
        let file = File::new(Path::new("/proc/42/status"), STATUS.as_bytes().to_vec());
        let process = Process::parse(42, file).unwrap();
        assert_eq!(
            (process.state, process.tracer, process.switches),
            (b'D', 7, 12)
        );
        assert!(!process.of_kernel);
        assert_eq!(process.place("State").to_string(), "/proc/42/status:3:1");
        assert_eq!(process.shown(), "backup (process 42)");
    }

    #[test]
    fn half_a_status_is_no_process() {
        for cut in 0..STATUS.find("TracerPid:\t7").unwrap() {
            let text = STATUS.as_bytes().get(..cut).unwrap().to_vec();
            let file = File::new(Path::new("/proc/42/status"), text);
            assert!(Process::parse(42, file).is_none(), "{cut}");
        }
    }
}
