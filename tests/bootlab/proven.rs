//! What cards say of real boots, held against the rows that show it.

use std::collections::BTreeMap;

use comeback::rules::cards;

use crate::truth::{Row, lab};

/// How a card speaks of a boot that was made.
const CLAIM: &str = "eal boot";

/// `proven.toml`: card, mutation, outcome.
type Proofs = BTreeMap<String, BTreeMap<String, String>>;

/// What is wrong with the proofs.
pub(crate) fn complaints(rows: &[Row]) -> Vec<String> {
    let text = std::fs::read_to_string(lab("proven.toml")).unwrap();
    let proofs: Proofs = toml::from_str(&text).unwrap();
    let mut complaints = Vec::new();
    for (id, card) in cards() {
        let proven = card.proven.split_whitespace().collect::<Vec<_>>().join(" ");
        let claims = proven.contains(CLAIM);
        let has = proofs.get(id).is_some_and(|rows| !rows.is_empty());
        if claims != has {
            complaints.push(format!("{id}: claims a boot {claims}, names rows {has}"));
        }
    }
    for (id, named) in &proofs {
        if !cards().contains_key(id.as_str()) {
            complaints.push(format!("{id}: no such card"));
        }
        for (mutation, outcome) in named {
            let shows = |row: &&Row| row.mutation == *mutation && row.outcome == *outcome;
            if !rows.iter().any(|row| shows(&row)) {
                complaints.push(format!("{id}: no row {mutation} came to {outcome}"));
            }
        }
    }
    complaints
}
