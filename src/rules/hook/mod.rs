//! Rules about hooks that are called with the name of an interface.

mod ifup;
mod program_missing;
mod script_security;
mod skipped;
mod waits_for_unknown_interface;

pub(super) use program_missing::ProgramMissing;
pub(super) use script_security::ScriptSecurity;
pub(super) use skipped::Skipped;
pub(super) use waits_for_unknown_interface::WaitsForUnknownInterface;
