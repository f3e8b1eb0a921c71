//! `kernel-too-old`: the C library refuses the kernel that boots.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::kernels::version_in;
use crate::facts::{Host, undecided};
use crate::parse::elf;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule, loader};
use crate::text::escape;

pub(in crate::rules) struct TooOld;

impl Rule for TooOld {
    fn id(&self) -> &'static str {
        "kernel-too-old"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        loader::entry(host)?;
        host.must_start()?;
        let release = &super::release(host)?;
        let shown = escape(release);
        let Some(kernel) = version_in(&shown) else {
            return Err(Stop::NotApplicable("the image tells no release"));
        };
        let Ok(Some((_, program))) = host.init().winner() else {
            return Err(Stop::NotApplicable("no init to start"));
        };
        let tree = host.tree();
        let read = |path: &Path| match tree.read(path) {
            Fact::Known(file) => Ok(Some(file)),
            Fact::Unknown(unknown) => Err(undecided(unknown)),
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => Ok(None),
        };
        let interpreter = read(&program.found.path)?
            .and_then(|file| elf::read(file.bytes()).ok())
            .and_then(|elf| elf.interpreter);
        let Some(interpreter) = interpreter else {
            return Err(Stop::NotApplicable("init needs no C library"));
        };
        let path = std::os::unix::ffi::OsStrExt::from_bytes(interpreter.as_slice());
        let path: &Path = Path::new::<std::ffi::OsStr>(path);
        let Some(file) = read(path)? else {
            return Err(Stop::NotApplicable("the C library's loader is not there"));
        };
        let minimum = elf::read(file.bytes())
            .ok()
            .and_then(|elf| elf.minimum_kernel);
        let Some([major, minor, patch]) = minimum else {
            return Err(Stop::NotApplicable("the C library names no oldest kernel"));
        };
        let mut out = Findings::new();
        if (kernel.0, kernel.1, kernel.2) >= (major, minor, patch) {
            return Ok(out);
        }
        // glibc 2.36 no longer looks (elf/dl-sysdep.c lost the check for the version).
        let glibc = host.version_of_any(&["libc6", "glibc"]);
        let looks = glibc.as_deref().and_then(version_in);
        if looks.is_some_and(|version| (version.0, version.1) >= (2, 36)) {
            return Ok(out);
        }
        let message = format!(
            "kernel {shown} is older than {major}.{minor}.{patch}, the oldest the C library \
             starts on: every program ends with \"kernel too old\""
        );
        let evidence = Evidence::path(path, format!("names {major}.{minor}.{patch}"));
        let mut finding = Finding::new(self.id(), shown, message, evidence);
        if looks.is_none() {
            finding = finding.confidence(Confidence::Likely);
        }
        out.push(finding);
        Ok(out)
    }
}
