//! `loader-esp-incomplete`: the EFI system partition lacks what its programs start next.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::{Esp, Program, ProgramKind};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct EspIncomplete;

impl Rule for EspIncomplete {
    fn id(&self) -> &'static str {
        "loader-esp-incomplete"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        super::grub(host)?;
        let esp = super::esp(host)?;
        let mut out = Findings::new();
        out.open.extend(esp.programs.gaps.iter().cloned());
        if !out.open.is_empty() {
            return Ok(out);
        }
        let all = &esp.programs.items;
        let shims: Vec<&Program> = all.iter().filter(|p| p.kind == ProgramKind::Shim).collect();
        let beside = |shim: &Program| {
            let mut others = all.iter().filter(|p| p.path.parent() == shim.path.parent());
            others.any(|p| p.kind == ProgramKind::Grub)
        };
        if let Some(shim) = shims.first()
            && !all.iter().any(|p| p.kind == ProgramKind::SystemdBoot)
        {
            if !shims.iter().any(|shim| beside(shim)) {
                let message = "shim finds no GRUB beside it: the firmware starts nothing";
                let dir = shim.path.parent().unwrap_or(&shim.path);
                let evidence = Evidence::path(&shim.path, "starts grub beside it");
                let missing = Evidence::Missing {
                    paths: vec![dir.join(grub_of(&shim.path))],
                    notes: Vec::new(),
                };
                let finding = Finding::new(self.id(), escape_path(&esp.at), message, evidence);
                out.push(finding.with(missing));
                return Ok(out);
            }
            if let Some(finding) = self.no_configuration(host, esp, &shims, &mut out) {
                out.push(finding);
                return Ok(out);
            }
        }
        if let Some(program) = esp.fallback()
            && program.kind == ProgramKind::Unusable
        {
            let path = escape_path(&program.path);
            let message = format!("{path} is no program: a firmware without an entry starts none");
            let evidence = Evidence::path(&program.path, "no EFI program, or cut off");
            let finding = Finding::new(self.id(), path, message, evidence);
            // The firmware's own entries may lead elsewhere.
            let finding = finding.confidence(Confidence::Likely);
            out.push(finding.at_most(Level::Warn));
        }
        Ok(out)
    }
}

impl EspIncomplete {
    /// The GRUB that distributions sign has its directory on the EFI system partition
    /// built in, and reads grub.cfg there.
    fn no_configuration(
        &self,
        host: &Host,
        esp: &Esp,
        shims: &[&Program],
        out: &mut Findings,
    ) -> Option<Finding> {
        let mut looked = Vec::new();
        for dir in esp.dirs() {
            let path = dir.join("grub.cfg");
            match host.tree().resolve(&path) {
                Fact::Absent(_) => looked.push(path),
                Fact::Known(_) => return None,
                other => {
                    out.gap(&other);
                    return None;
                }
            }
        }
        let shim = shims.first()?;
        let message = "GRUB has no grub.cfg on the EFI system partition: it stops at its prompt";
        let evidence = Evidence::Missing {
            paths: looked,
            notes: vec!["this GRUB reads its configuration beside it first".to_owned()],
        };
        let finding = Finding::new(self.id(), escape_path(&esp.at), message, evidence);
        let finding = finding.with(Evidence::path(&shim.path, "starts a signed GRUB"));
        Some(finding.confidence(Confidence::Likely))
    }
}

/// What shim starts, by the processor in its name (shim 15.8 `DEFAULT_LOADER`).
fn grub_of(shim: &Path) -> &'static str {
    let name = shim
        .file_name()
        .map(|name| name.to_string_lossy().to_ascii_lowercase());
    match name {
        Some(name) if name.contains("aa64") => "grubaa64.efi",
        Some(name) if name.contains("ia32") => "grubia32.efi",
        _ => "grubx64.efi",
    }
}
