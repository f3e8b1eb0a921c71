//! `comeback`: a pre-reboot safety linter and change guard.
pub mod boot;
pub mod cli;
pub mod fact;
pub mod facts;
pub mod parse;
pub mod policy;
pub mod report;
pub mod rules;
pub mod shell;
pub mod source;
pub mod text;
pub mod time;
