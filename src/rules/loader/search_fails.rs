//! `loader-search-fails`: GRUB looks for a file system that no device has.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::boot::Located;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule, loader};
use crate::text::escape;

pub(in crate::rules) struct SearchFails;

impl Rule for SearchFails {
    fn id(&self) -> &'static str {
        "loader-search-fails"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let entry = loader::entry(host)?;
        super::of(host)?;
        let mut out = Findings::new();
        let Some(kernel) = &entry.entry.kernel else {
            return Ok(out);
        };
        // Where the kernel is then not found, that is told of.
        let found = entry.kernel.as_ref().is_some_and(Located::is_there);
        if kernel.root.otherwise.is_none()
            || !found
            || !host.file_systems().is_nowhere(&kernel.root.spec)
        {
            return Ok(out);
        }
        let title = escape(&entry.entry.title);
        let message = format!(
            "GRUB finds no device for the search of \"{title}\", waits ten seconds and goes on \
             where it is"
        );
        let place = kernel.root.place.clone();
        let place = place.unwrap_or_else(|| kernel.place.clone());
        let evidence = Evidence::span(place, "no device has it");
        out.push(Finding::new(self.id(), title, message, evidence));
        Ok(out)
    }
}
