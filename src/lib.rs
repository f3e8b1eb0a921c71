//! `comeback`: a pre-reboot safety linter and change guard.
//!
//! One question before somebody reboots, upgrades or changes a Linux machine: will
//! this box come back, and come back useful? Exit 0 means that everything that had
//! to be looked at was looked at, and that no blocker was found.
//!
//! # Data flow
//!
//! ```text
//!  tree --source--> bytes --parse--> syntax with spans --facts--> Host
//!                                                          ^        |
//!                                                        shell    rules
//!                                                                   v
//!  exit status, text, json <--report-- verdict <--policy-- findings
//! ```
//!
//! One way: a later stage never reaches back. Every "what if" is a [`source`], not a
//! special case in a rule; rules do not know which one they see.
//!
//! | module | holds |
//! |---|---|
//! | [`text`] | files, spans and places; escaping of hostile text, hiding of secrets |
//! | [`fact`] | known, absent, broken, unknown, not covered; what stops a rule |
//! | [`parse`] | one file for each format: bytes in, a value and its problems out |
//! | [`shell`] | what a script would do when it is called with these words |
//! | [`boot`] | which entry a boot loader would start next, and what it loads |
//! | [`time`] | the clock, deadlines, zones, and when a schedule comes up next |
//! | [`source`] | the only door to a tree, and which kind of tree it is |
//! | [`probe`] | questions that only a running daemon of this machine can answer |
//! | [`snapshot`] | a host recorded in one file, to be read again elsewhere |
//! | [`facts`] | one host, each area read on first use |
//! | [`rules`] | the checks, their cards, and the chain of a boot |
//! | [`policy`] | configuration, waivers, levels, the verdict |
//! | [`report`] | wire structs and one file for each format |
//! | [`cli`] | arguments, and one file for each command |
//!
//! # Invariants
//!
//! 1. Only [`source`] touches a tree, only [`probe`] talks to a daemon, and only to one
//!    of this machine, only [`time`] reads clocks, only [`cli`] reads arguments and
//!    environment, writes reports and the guard's log, and replaces itself by the
//!    guarded command. Nothing of a tree is run.
//! 2. Parsers and the evaluator of scripts are pure and total: no bytes make them
//!    fail or panic, and they follow the grammar of the program that reads the file.
//! 3. Rules are pure: same host and same moment, same findings.
//! 4. No finding without evidence, no evidence without a place or a stated
//!    computation.
//! 5. "Could not look" is no answer: [`fact::Fact`] has no default, and `?` turns an
//!    unknown into an undecided rule.
//! 6. A wire format has a name with a version, a schema in the repository, and
//!    structs of its own.
//! 7. Text from a tree is hostile: it is escaped in every format, and secrets are
//!    hidden.
//! 8. A rule that panics becomes undecided; the run goes on and ends with 70.
//!
//! `tests/hygiene.rs` holds the modules to 1 and to their order, `tests/schema.rs`
//! the report to 6, `tests/contract.rs` every rule to its card, its fixtures and its
//! place in the manual.
//!
//! # Where to begin
//!
//! A rule is a card, `rules/<id>.toml`, and a file below `src/rules/`, listed in
//! [`rules::ALL`]. A format is a file below `src/parse/` and a function below
//! `src/facts/` that reads through a [`source::Tree`]. `CONTRIBUTING.md` has the steps.

pub mod boot;
pub mod cli;
pub mod fact;
pub mod facts;
pub mod fleet;
pub mod parse;
pub mod policy;
pub mod probe;
pub mod report;
pub mod rules;
pub mod shell;
pub mod snapshot;
pub mod source;
pub mod text;
pub mod time;
