//! `initrd-update-skipped`: the tool that makes initrds does nothing when it is called.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule, loader};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct UpdateSkipped;

const CONF: &str = "/etc/initramfs-tools/update-initramfs.conf";

impl Rule for UpdateSkipped {
    fn id(&self) -> &'static str {
        "initrd-update-skipped"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        loader::entry(host)?;
        let tool = host.tree().resolve(Path::new("/usr/sbin/update-initramfs"));
        if tool.require()?.is_none() {
            return Err(Stop::NotApplicable("no initramfs-tools"));
        }
        let mut out = Findings::new();
        let conf = host.tree().read(Path::new(CONF));
        out.gap(&conf);
        if let Fact::Known(file) = conf {
            // A shell fragment: the last assignment counts.
            let lines: Vec<_> = file.lines().collect();
            let mut found = lines.iter().rev();
            let last = found.find_map(|(span, line)| {
                let value = line.trim_ascii().strip_prefix(b"update_initramfs=")?;
                Some((*span, value))
            });
            if let Some((span, value)) = last
                && matches!(value.trim_ascii(), b"no" | b"\"no\"" | b"'no'")
            {
                let message = "initrds are not made again: update-initramfs is switched off";
                let evidence = Evidence::span(file.place(span), "ends it at once, with success");
                out.push(Finding::new(self.id(), CONF, message, evidence));
            }
        }
        let mounts = host.mounts();
        if let Some(plan) = mounts.at(Path::new("/boot"))
            && let Some(option) = plan
                .entry
                .options
                .iter()
                .rev()
                .find(|o| matches!(o.text.as_slice(), b"ro" | b"rw"))
            && option.text == b"ro"
        {
            let message = "/boot is mounted read-only: update-initramfs warns, does nothing, and \
                           ends with success";
            let evidence = Evidence::span(option.place.clone(), "read-only");
            let finding = Finding::new(self.id(), "/boot", message, evidence);
            // Whoever does it on purpose makes it writable for updates.
            out.push(finding.at_most(Level::Note));
        }
        self.without_config(host, &mut out);
        Ok(out)
    }
}

impl UpdateSkipped {
    /// mkinitramfs 0.142 asks /boot/config-RELEASE which compression the kernel takes, and
    /// ends with an error where that file is not there.
    fn without_config(&self, host: &Host, out: &mut Findings) {
        let Fact::Known(release) = host.release() else {
            return;
        };
        let path = Path::new("/boot").join(format!("config-{}", String::from_utf8_lossy(&release)));
        let config = host.tree().resolve(&path);
        out.gap(&config);
        if !matches!(config, Fact::Absent(_)) {
            return;
        }
        let shown = escape(&release);
        let message =
            format!("no initrd can be made for kernel {shown}: its configuration is gone");
        let evidence = Evidence::Missing {
            paths: vec![path.clone()],
            notes: vec!["mkinitramfs reads the compression from it".to_owned()],
        };
        let finding = Finding::new(self.id(), escape_path(&path), message, evidence);
        // Nothing is wrong before an update.
        out.push(finding.at_most(Level::Note));
    }
}
