//! `comeback`: a pre-reboot safety linter and change guard.
pub mod fact;
pub mod parse;
pub mod shell;
pub mod text;
pub mod time;
