//! `kernel-memory-cut`: `mem=` leaves the kernel less memory than its initrd needs.

use crate::fact::Stop;
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule, loader};
use crate::text::{escape, size};

pub(in crate::rules) struct MemoryCut;

/// How much a kernel grows when it is unpacked, and with its tables; distributions'
/// kernels lie between 3 and 5.
const UNPACKED: u64 = 3;

impl Rule for MemoryCut {
    fn id(&self) -> &'static str {
        "kernel-memory-cut"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        loader::entry(host)?;
        let Some(root) = host.root().require()? else {
            return Err(Stop::NotApplicable("which kernel starts is not known"));
        };
        let limit = root.last("mem").and_then(memparse);
        let Some(limit) = limit else {
            return Ok(Findings::new());
        };
        let mut out = Findings::new();
        let value = root.last("mem").unwrap_or(&[]);
        let shown = format!("mem={}", escape(value));
        let label = "the kernel uses no more than that";
        let evidence = match &root.place {
            Some(place) => Evidence::span(place.clone(), label),
            None => Evidence::computed(label),
        };
        let initrd = match host.initrd() {
            crate::fact::Fact::Known(facts) => {
                let segments = facts.initrd.segments.iter();
                let unpacked: u64 = segments.map(|segment| segment.unpacked).sum();
                Some((facts.len(), unpacked))
            }
            _ => None,
        };
        let kernel = match host.kernel() {
            crate::fact::Fact::Known(kernel) => kernel.len.saturating_mul(UNPACKED),
            _ => 0,
        };
        // The initrd is in memory packed and unpacked at once, beside the kernel, and the
        // file system it goes to takes half of what is there (Linux 6.1, mm/shmem.c,
        // shmem_default_max_blocks).
        let finding = match initrd {
            Some((packed, unpacked))
                if limit < kernel + packed.saturating_add(unpacked)
                    || limit.saturating_sub(kernel) / 2 < unpacked =>
            {
                let message = format!(
                    "{shown} on the command line: the initrd takes {} and {} unpacked",
                    size(packed),
                    size(unpacked)
                );
                Finding::new(self.id(), shown, message, evidence).impact(&[Impact::NoBoot])
            }
            _ => {
                let message = format!("{shown} on the command line: the rest is not used");
                Finding::new(self.id(), shown, message, evidence).at_most(Level::Warn)
            }
        };
        out.push(finding);
        Ok(out)
    }
}

/// A number with a suffix (Linux 6.1, `lib/cmdline.c`, `memparse`); decimal only.
fn memparse(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let digits = text.find(|c: char| !c.is_ascii_digit());
    let (number, suffix) = text.split_at(digits.unwrap_or(text.len()));
    let shift = match suffix {
        "" => 0,
        "k" | "K" => 10,
        "m" | "M" => 20,
        "g" | "G" => 30,
        "t" | "T" => 40,
        // mem=nopentium, and memory maps.
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_suffixes_and_other_words_are_no_sizes() {
        assert_eq!(memparse(b"64M"), Some(64 << 20));
        assert_eq!(memparse(b"2g"), Some(2 << 30));
        assert_eq!(memparse(b"nopentium"), None);
        assert_eq!(memparse(b"99999999999T"), None);
    }
}
