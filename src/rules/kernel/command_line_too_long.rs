//! `kernel-command-line-too-long`: the kernel cuts off the end of its command line.

use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::kernel_image::Format;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule, loader};
use crate::text::escape_path;

pub(in crate::rules) struct CommandLineTooLong;

/// Words without which a box may not come back.
const VITAL: [&[u8]; 6] = [
    b"root=",
    b"rd.",
    b"init=",
    b"rootflags=",
    b"cryptdevice=",
    b"ip=",
];

impl Rule for CommandLineTooLong {
    fn id(&self) -> &'static str {
        "kernel-command-line-too-long"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let entry = loader::entry(host)?;
        let kernel = super::of(host)?;
        let Format::BzImage(header) = &kernel.image.format else {
            return Err(Stop::NotApplicable("the image tells no limit"));
        };
        let most = usize::try_from(header.command_line_size).unwrap_or(usize::MAX);
        let line = &entry.cmdline;
        let mut out = Findings::new();
        if most == 0 || line.len() <= most {
            return Ok(out);
        }
        let tail = line.get(most..).unwrap_or(&[]);
        let vital = VITAL
            .iter()
            .any(|word| tail.windows(word.len()).any(|w| w == *word));
        let message = format!(
            "the command line has {} bytes; the kernel cuts it off after {most}",
            line.len()
        );
        let subject = escape_path(&kernel.path);
        let evidence = match &entry.entry.cmdline {
            Some(line) => Evidence::span(line.place.clone(), "the command line"),
            None => Evidence::path(&kernel.path, "takes no more"),
        };
        let finding = Finding::new(self.id(), subject, message, evidence);
        let finding = if vital {
            finding.with(Evidence::computed(
                "words for the root are in the lost part",
            ))
        } else {
            finding.at_most(Level::Warn)
        };
        out.push(finding);
        Ok(out)
    }
}
