//! `declared-relation-broken`: numbers of two files do not stand to each other as the
//! site says they must.

use std::collections::BTreeMap;

use super::super::{Cx, Evidence, Finding, Findings, Rule};
use crate::fact::{Doubt, Fact, Stop, Unknown};
use crate::facts::Host;
use crate::facts::declared::{Number, Picked, Relation, pick};

pub(in crate::rules) struct RelationBroken;

impl Rule for RelationBroken {
    fn id(&self) -> &'static str {
        "declared-relation-broken"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let declared = host.declared();
        let (mut out, relations) = super::of(host, &declared.relations, |r| &r.common)?;
        for relation in relations {
            match self.one(host, relation) {
                Ok(found) => out.list.extend(found),
                Err(stop) => {
                    out.judged -= 1;
                    out.stop(stop);
                }
            }
        }
        Ok(out)
    }
}

impl RelationBroken {
    fn one(&self, host: &Host, relation: &Relation) -> Result<Option<Finding>, Stop> {
        let common = &relation.common;
        let mut picked: Vec<(&str, Picked)> = Vec::new();
        let (mut open, mut uncovered) = (Vec::new(), None);
        for name in relation.holds.names() {
            // Policy lets no relation name a value that is not declared.
            let Some(value) = host.declared().value(name) else {
                continue;
            };
            match pick(host, value) {
                Fact::Known(number) => picked.push((name, number)),
                Fact::NotCovered(why) => uncovered = Some(why),
                Fact::Unknown(unknown) => open.push(unknown),
                Fact::Broken(fault) => open.push(fault.into()),
                Fact::Absent(looked) => {
                    let doubt = Doubt::CannotModel("is not there".to_owned());
                    let lacking = |path| Unknown::new(path, doubt.clone());
                    open.extend(looked.paths.iter().map(lacking));
                }
            }
        }
        if !open.is_empty() {
            return Err(Stop::Undecided(open));
        }
        if let Some(why) = uncovered {
            return Err(Stop::NotCovered(why));
        }
        let numbers: BTreeMap<&str, Number> = picked.iter().map(|(n, p)| (*n, p.number)).collect();
        let Some((left, right, holds)) = relation.holds.reckon(&numbers) else {
            let text = format!(
                "{}: the numbers are too large to reckon with",
                relation.text
            );
            let open = Unknown::at(common.place.clone(), Doubt::CannotModel(text));
            return Err(Stop::Undecided(vec![open]));
        };
        if holds {
            return Ok(None);
        }
        let message = format!("{} does not hold: {left} against {right}", relation.text);
        let mut evidence = picked.iter().flat_map(|(name, picked)| {
            let label = move |place: &crate::text::Place| {
                Evidence::span(place.clone(), format!("{name} = {}", picked.number))
            };
            picked.places.iter().take(PLACES).map(label)
        });
        let Some(first) = evidence.next() else {
            return Ok(None);
        };
        let mut found = super::finding(self.id(), common, message, first);
        for more in evidence {
            found = found.with(more);
        }
        Ok(Some(found))
    }
}

/// Most places of one value that are shown.
const PLACES: usize = 8;
