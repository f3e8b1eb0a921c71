//! What ucarp's scripts do when they are called (ucarp 1.5.2 `src/spawn.c`: the interface
//! and the address, nothing else, without a shell).

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::doing::{Does, does};
use crate::fact::Unknown;
use crate::facts::Host;
use crate::facts::world::TreeWorld;
use crate::shell::{Call, DEFAULT_PATH, Dialect, Limits, Program, Value, evaluate};

/// Whether a script of ucarp does nothing beyond logging for an interface and an address;
/// it does where that is not clear.
///
/// # Errors
/// What could not be read of it.
pub fn ucarp_does_nothing(
    host: &Host,
    script: &Path,
    interface: &str,
    address: &str,
) -> Result<bool, Vec<Unknown>> {
    let program = script.as_os_str().as_bytes().to_vec();
    let call = Call {
        program: Program::Words(vec![Value::known(program)]),
        args: [interface, address]
            .map(|word| Value::known(word.as_bytes().to_vec()))
            .to_vec(),
        env: BTreeMap::from([(b"PATH".to_vec(), Value::known(DEFAULT_PATH))]),
        cwd: Value::known(b"/".to_vec()),
        stdin: None,
        dialect: Dialect::Sh,
    };
    let world = TreeWorld::new(host.tree()).for_hooks(host.label());
    let outcome = evaluate(&call, &world, &Limits::default());
    match does(host, &outcome) {
        Does::Nothing => Ok(true),
        Does::Something(_) => Ok(false),
        Does::Unclear(mut open) => {
            open.retain(Unknown::could_not_look);
            if open.is_empty() {
                Ok(false)
            } else {
                Err(open)
            }
        }
    }
}
