//! What a hook does when its runner calls it for an interface.

use std::collections::BTreeMap;
use std::path::Path;

use super::doing::{Does, does};
use super::{Hook, Runner};
use crate::fact::{Fact, Unknown};
use crate::facts::Host;
use crate::facts::world::TreeWorld;
use crate::parse::init_script::{Head, head};
use crate::shell::{
    Call, Comparison, DEFAULT_PATH, Dialect, Input, Limits, Program, Source, Value, evaluate,
    is_shell_script,
};

/// What a hook does for an interface.
#[derive(Debug)]
pub struct Named {
    /// What it comes to: whether it does something, where that is known.
    pub acts: Fact<bool>,
    /// What the name was compared with.
    pub comparisons: Vec<Comparison>,
}

/// What `NetworkManager` tells of the connection, which is not known
/// (NetworkManager-dispatcher(8)).
const CONNECTION: [&[u8]; 12] = [
    b"CONNECTION_ID",
    b"CONNECTION_UUID",
    b"CONNECTION_FILENAME",
    b"IP4_ADDRESS_0",
    b"IP4_GATEWAY",
    b"IP4_NUM_ADDRESSES",
    b"IP4_NAMESERVERS",
    b"IP4_DOMAINS",
    b"IP6_ADDRESS_0",
    b"DHCP4_ROUTERS",
    b"VPN_IP_IFACE",
    b"CONNECTIVITY_STATE",
];

/// What a lease brings (dhclient-script(8), dhcpcd-run-hooks(8)).
const LEASE: [&[u8]; 12] = [
    b"new_ip_address",
    b"new_subnet_mask",
    b"new_routers",
    b"new_domain_name",
    b"new_domain_name_servers",
    b"new_rfc3442_classless_static_routes",
    b"new_ntp_servers",
    b"new_host_name",
    b"new_broadcast_address",
    b"new_network_number",
    b"old_ip_address",
    b"old_routers",
];

/// Runs a hook as its runner would for an interface; nothing where it is no shell script.
///
/// # Errors
/// Why the hook could not be read.
pub fn called_for(host: &Host, hook: &Hook, interface: &[u8]) -> Result<Option<Named>, Unknown> {
    let file = match host.tree().read(&hook.path) {
        Fact::Known(file) => file,
        Fact::Unknown(unknown) => return Err(unknown),
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => return Ok(None),
    };
    let sourced = hook.runner.sources();
    let script = is_shell_script(&file) && (sourced || matches!(head(&file), Head::Script(_)));
    if !script {
        return Ok(None);
    }
    let program = if sourced {
        Program::Command(Source::whole(&file))
    } else {
        Program::Script(hook.path.clone())
    };
    let mut named = Named {
        acts: Fact::Known(false),
        comparisons: Vec::new(),
    };
    for (args, env) in calls(hook, interface) {
        let call = Call {
            program: program.clone(),
            args,
            env,
            cwd: Value::known(b"/".to_vec()),
            stdin: None,
            dialect: Dialect::Sh,
        };
        let world = TreeWorld::new(host.tree()).for_hooks(host.label());
        let outcome = evaluate(&call, &world, &Limits::default());
        match does(host, &outcome) {
            Does::Something(_) => named.acts = Fact::Known(true),
            Does::Nothing => {}
            Does::Unclear(open) => {
                if let (Some(unknown), Fact::Known(false)) = (open.into_iter().next(), &named.acts)
                {
                    named.acts = Fact::Unknown(unknown);
                }
            }
        }
        let about_name = |c: &Comparison| match &c.input {
            Input::Argument(at) => hook.runner == Runner::NetworkManager && *at == 1,
            Input::Variable(name) => {
                let names: [&[u8]; 4] =
                    [b"IFACE", b"interface", b"DEVICE_IFACE", b"DEVICE_IP_IFACE"];
                names.contains(&name.as_slice())
            }
            Input::Stdin => false,
        };
        let comparisons = outcome.comparisons.into_iter().filter(about_name);
        named.comparisons.extend(comparisons);
    }
    Ok(Some(named))
}

type Environment = BTreeMap<Vec<u8>, Value>;

/// The calls that a runner makes for an interface: one for each thing that may happen.
fn calls(hook: &Hook, interface: &[u8]) -> Vec<(Vec<Value>, Environment)> {
    let with = |pairs: &[(&[u8], &[u8])], unknown: &[&[u8]]| -> Environment {
        let mut env = BTreeMap::from([(b"PATH".to_vec(), Value::known(DEFAULT_PATH))]);
        for name in unknown {
            env.insert(name.to_vec(), Value::unknown());
        }
        for (name, value) in pairs {
            env.insert(name.to_vec(), Value::known(*value));
        }
        env
    };
    match hook.runner {
        Runner::Ifupdown => {
            let down = within(&hook.path, &["if-down.d", "if-post-down.d"]);
            let (mode, phase): (&[u8], &[u8]) = if down {
                (b"stop", b"post-down")
            } else {
                (b"start", b"post-up")
            };
            let pairs: [(&[u8], &[u8]); 6] = [
                (b"IFACE", interface),
                (b"LOGICAL", interface),
                (b"ADDRFAM", b"inet"),
                (b"METHOD", b"static"),
                (b"MODE", mode),
                (b"PHASE", phase),
            ];
            vec![(Vec::new(), with(&pairs, &[]))]
        }
        Runner::NetworkManager => {
            let actions: &[&[u8]] = if within(&hook.path, &["pre-up.d"]) {
                &[b"pre-up"]
            } else if within(&hook.path, &["pre-down.d"]) {
                &[b"pre-down"]
            } else {
                &[b"up", b"dhcp4-change", b"down"]
            };
            let pairs = [
                (&b"DEVICE_IFACE"[..], interface),
                (b"DEVICE_IP_IFACE", interface),
            ];
            let call = |action: &&[u8]| {
                let args = vec![Value::known(interface), Value::known(*action)];
                let mut env = with(&pairs, &CONNECTION);
                env.insert(b"NM_DISPATCHER_ACTION".to_vec(), Value::known(*action));
                (args, env)
            };
            actions.iter().map(call).collect()
        }
        Runner::NetworkdDispatcher => {
            let dir = hook.path.parent().and_then(Path::file_stem);
            let state = dir.map_or(&[][..], std::ffi::OsStr::as_encoded_bytes);
            let pairs = [(&b"IFACE"[..], interface), (b"STATE", state)];
            let unknown: [&[u8]; 7] = [
                b"ADDR",
                b"ESSID",
                b"IP_ADDRS",
                b"IP6_ADDRS",
                b"AdministrativeState",
                b"OperationalState",
                b"json",
            ];
            vec![(Vec::new(), with(&pairs, &unknown))]
        }
        Runner::Dhclient | Runner::Dhcpcd => {
            let reasons: [&[u8]; 4] = [b"BOUND", b"REBOOT", b"EXPIRE", b"PREINIT"];
            let call = |reason: &&[u8]| {
                let pairs = [(&b"interface"[..], interface), (b"reason", *reason)];
                (Vec::new(), with(&pairs, &LEASE))
            };
            reasons.iter().map(call).collect()
        }
    }
}

/// Whether a hook stands in a directory of one of these names.
fn within(path: &Path, names: &[&str]) -> bool {
    let dir = path.parent().and_then(Path::file_name);
    dir.is_some_and(|dir| names.iter().any(|name| dir == *name))
}
