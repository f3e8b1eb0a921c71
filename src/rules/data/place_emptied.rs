//! `data-place-emptied`: a data store is told to keep its data where a boot leaves nothing.

use super::super::{Cx, Evidence, Finding, Findings, Rule};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::stores::places::{configured, emptied};
use crate::text::escape_path;

pub(in crate::rules) struct PlaceEmptied;

impl Rule for PlaceEmptied {
    fn id(&self) -> &'static str {
        "data-place-emptied"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let list = configured(host);
        if list.items.is_empty() {
            list.complete()?;
            return Err(Stop::NotApplicable("no data store is configured"));
        }
        let mut out = Findings::new();
        out.open.extend(list.gaps);
        for data in list.items {
            out.judged += 1;
            let found = emptied(host, &data.dir);
            out.gap(&found);
            let Fact::Known((why, place)) = found else {
                continue;
            };
            let shown = escape_path(&data.dir);
            let message = format!("{} keeps its data in {shown}, and {why}", data.store);
            let label = "gone after the boot";
            let mut finding =
                Finding::new(self.id(), shown, message, Evidence::span(data.place, label));
            if let Some(place) = place {
                finding = finding.with(Evidence::span(place, "so it is empty then"));
            }
            out.push(finding);
        }
        Ok(out)
    }
}
