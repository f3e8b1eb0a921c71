//! `initrd-format-refused`: an initrd that is whole and that the kernel does not take.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::drivers;
use crate::parse::initrd::{Packing, ProblemKind};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct FormatRefused;

impl Rule for FormatRefused {
    fn id(&self) -> &'static str {
        "initrd-format-refused"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let facts = super::of(host)?;
        let mut out = Findings::new();
        let refused = facts.initrd.problems.iter().find_map(|p| match &p.kind {
            ProblemKind::Refused { compression, why } => Some((p.offset, *compression, *why)),
            _ => None,
        });
        let (offset, evidence, what) = if let Some((offset, compression, why)) = refused {
            let text = format!("{compression} {why}");
            (
                offset,
                text,
                format!("compressed with {compression} in a way the kernel refuses"),
            )
        } else {
            // Whole, but the kernel was built without this compression.
            let Fact::Known(config) = host.kernel_config() else {
                return Ok(out);
            };
            let lacking = facts.initrd.segments.iter().find_map(|segment| {
                let Packing::Compressed(compression) = segment.packing else {
                    return None;
                };
                let option = compression.kernel_option().trim_start_matches("CONFIG_");
                (!config.is_builtin(option)).then_some((segment.offset, compression, option))
            });
            let Some((offset, compression, option)) = lacking else {
                return Ok(out);
            };
            let text = format!("{compression}; CONFIG_{option} is not set");
            (
                offset,
                text,
                format!("compressed with {compression}, and the kernel was built without it"),
            )
        };
        let Some(file) = facts.file_at(offset) else {
            return Ok(out);
        };
        let path = escape_path(&file.path);
        let message = format!("the initrd is {what}: nothing of it is unpacked");
        let mut finding = Finding::new(
            self.id(),
            path,
            message,
            Evidence::path(&file.path, evidence),
        );
        if let Fact::Known(release) = host.release() {
            let commands = super::missing::cure(host, &escape(&release));
            let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
            if !commands.is_empty() {
                finding = finding.fix("Make it again with its own tool:", &commands);
            }
        }
        if drivers::kernel_can_mount(host) {
            finding = finding.at_most(Level::Warn);
        }
        out.push(finding);
        Ok(out)
    }
}
