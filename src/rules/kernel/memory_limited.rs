//! `kernel-memory-limited`: `mem=` leaves less memory than the boot itself takes.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::parse::kernel_image::Format;
use crate::rules::{Cx, Finding, Findings, Rule, root};
use crate::text::{escape, size};

pub(in crate::rules) struct MemoryLimited;

impl Rule for MemoryLimited {
    fn id(&self) -> &'static str {
        "kernel-memory-limited"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let kernel = super::of(host)?;
        let root = host.root();
        let Fact::Known(root) = root else {
            return Err(Stop::NotApplicable("the command line is not known"));
        };
        let Some(limit) = root.last("mem") else {
            return Err(Stop::NotApplicable("no mem= is given"));
        };
        let Some(bytes) = memory(limit) else {
            return Err(Stop::NotApplicable("mem= gives no size"));
        };
        let own = match &kernel.image.format {
            Format::BzImage(header) => u64::from(header.init_size),
            Format::Image { image_size } => *image_size,
            _ => 0,
        };
        // The packed initrd stays in memory until the kernel has unpacked it.
        let initrd = match host.initrd() {
            Fact::Known(initrd) => {
                let unpacked = initrd.initrd.segments.iter().map(|s| s.unpacked);
                initrd.len().saturating_add(unpacked.sum())
            }
            Fact::Absent(_) => 0,
            _ => return Err(Stop::NotApplicable("the initrd is not known")),
        };
        let needed = own.saturating_add(initrd);
        let mut out = Findings::new();
        if bytes >= needed {
            return Ok(out);
        }
        let shown = escape(limit);
        let message = format!(
            "mem={shown} leaves less than the {} that kernel and initrd take",
            size(needed)
        );
        let evidence = root::line(root, format!("mem={shown}"));
        out.push(Finding::new(self.id(), shown, message, evidence));
        Ok(out)
    }
}

/// Bytes of a size as the kernel reads it, a suffix of K to T included (`memparse` of
/// Linux 6.1 `lib/cmdline.c`).
fn memory(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    let number: u64 = digits.parse().ok()?;
    let shift = match suffix {
        "" => 0,
        "k" | "K" => 10,
        "m" | "M" => 20,
        "g" | "G" => 30,
        "t" | "T" => 40,
        _ => return None,
    };
    number.checked_mul(1 << shift)
}
