//! `root-differs-from-fstab`: the loader and fstab name different roots.

use crate::fact::{Fact, Stop};
use crate::facts::boot::{RootForm, form};
use crate::facts::{Host, undecided};
use crate::parse::fstab;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct DiffersFromFstab;

impl Rule for DiffersFromFstab {
    fn id(&self) -> &'static str {
        "root-differs-from-fstab"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let root = super::of(host)?;
        let Some(value) = &root.value else {
            return Err(Stop::NotApplicable("no root= is given"));
        };
        let file = match host.tree().read("/etc/fstab".as_ref()) {
            Fact::Known(file) => file,
            Fact::Absent(_) | Fact::Broken(_) => {
                return Err(Stop::NotApplicable("no fstab to compare it with"));
            }
            Fact::Unknown(unknown) => return Err(undecided(unknown)),
            Fact::NotCovered(why) => return Err(Stop::NotCovered(why)),
        };
        let entry = fstab::parse(&file).into_iter().find(|e| e.target == b"/");
        let Some(entry) = entry else {
            return Err(Stop::NotApplicable("fstab has no line for the root"));
        };
        let mut out = Findings::new();
        let other = form(&entry.source);
        // Only names of one kind can be compared without asking the devices.
        let differs = match (&value.form, &other) {
            (RootForm::Tag(a, left), RootForm::Tag(b, right)) => {
                a == b && !left.eq_ignore_ascii_case(right)
            }
            (RootForm::KernelName, RootForm::KernelName) => value.text != entry.source,
            _ => false,
        };
        if !differs {
            return Ok(out);
        }
        let (booted, listed) = (escape(&value.text), escape(&entry.source));
        let message = format!("the loader boots root={booted}, and fstab has {listed} for /");
        let evidence = super::line(root, format!("root= from {}", value.from));
        let finding = Finding::new(self.id(), booted, message, evidence);
        out.push(finding.with(Evidence::span(entry.place, "fstab's line for the root")));
        Ok(out)
    }
}
