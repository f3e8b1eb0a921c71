//! cloud-init, which may take the box down at the end of the first boot of an instance
//! (22.4 to 26.2 `cloudinit/config/cc_power_state_change.py`,
//! `cc_package_update_upgrade_install.py`, `cloudinit/helpers.py`).

use std::path::Path;
use std::sync::Arc;

use super::event::{Handler, is_enabled, names, optional};
use super::{Beside, Trigger, What, When};
use crate::fact::{Doubt, Fact, Listing, Unknown};
use crate::facts::Host;
use crate::parse::cloud_config::{Condition, Entry, Mode, Refused, Yaml, entry, power_state};
use crate::shell::power::Kind;
use crate::source::TreeKind;
use crate::text::{File, Place};

/// Where cloud-init keeps what belongs to the instance that the box is now.
const INSTANCE: &str = "/var/lib/cloud/instance";

/// What the instance was told, what counts most first.
const TOLD: [&str; 3] = [
    "cloud-config.txt",
    "vendor2-cloud-config.txt",
    "vendor-cloud-config.txt",
];

const NAME: &str = "cloud-init";

pub(super) fn read(host: &Host, out: &mut Listing<Trigger>, beside: &mut Vec<Beside>) {
    let is = |path: &str| matches!(host.resolve(Path::new(path)), Fact::Known(_));
    let partial = host.tree().coverage().kind == TreeKind::Partial;
    let there = is("/usr/bin/cloud-init") || (partial && is("/etc/cloud"));
    if !there || is("/etc/cloud/cloud-init.disabled") || !is_enabled(host, &["cloud-final"]) {
        return;
    }
    let files = config(host, out);
    let found = |name: &str| files.iter().find_map(|file| entry(file, name));
    let modules = found("cloud_final_modules");
    // A module that is not in its list does not run; without a list there is none.
    let runs = |module: &str| frequency(modules.as_ref()?, module);
    if let (Some(told), Some(always)) = (found("power_state"), runs("power_state_change")) {
        of_power_state(host, &told, always, out, beside);
    }
    of_packages(host, &found, out, beside);
}

/// Its files, what counts most first.
fn config(host: &Host, out: &mut Listing<Trigger>) -> Vec<Arc<File>> {
    let mut files = Vec::new();
    for name in TOLD {
        files.extend(optional(host, Path::new(INSTANCE).join(name), out));
    }
    let snippets = names(host, "/etc/cloud/cloud.cfg.d", out);
    let mut snippets: Vec<_> = snippets
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "cfg"))
        .collect();
    snippets.sort();
    for path in snippets.into_iter().rev() {
        files.extend(optional(host, path, out));
    }
    files.extend(optional(host, "/etc/cloud/cloud.cfg", out));
    files
}

/// Whether a module of the list runs at every boot rather than once for an instance;
/// nothing where it is not in the list.
fn frequency(modules: &Entry, module: &str) -> Option<bool> {
    let Yaml::List(items) = &modules.value else {
        return Some(false);
    };
    let is = |value: &Yaml| match value {
        Yaml::Text { text, .. } => text.replace('-', "_") == module,
        _ => false,
    };
    let always = |value: Option<&Yaml>| {
        let Some(Yaml::Text { text, .. }) = value else {
            return false;
        };
        text == "always"
    };
    items.iter().find_map(|item| match &item.value {
        Yaml::List(parts) if parts.first().is_some_and(|part| is(&part.value)) => {
            Some(always(parts.get(1).map(|part| &part.value)))
        }
        value @ Yaml::Map(_) if value.get("name").is_some_and(is) => {
            Some(always(value.get("frequency")))
        }
        value if is(value) => Some(false),
        _ => None,
    })
}

/// When a module runs next that runs once for an instance.
enum Due {
    /// At every boot.
    Always,
    /// At the next boot.
    Next(String),
    /// It has run: where the box becomes another instance.
    Another,
}

fn due(host: &Host, module: &str, always: bool) -> Result<Due, Unknown> {
    if always {
        return Ok(Due::Always);
    }
    let instance = Path::new(INSTANCE);
    if let Fact::Absent(_) = host.resolve(instance) {
        return Ok(Due::Next("cloud-init has not run here yet".to_owned()));
    }
    match host.resolve(&instance.join("sem").join(format!("config_{module}"))) {
        Fact::Known(_) | Fact::Broken(_) => Ok(Due::Another),
        Fact::Unknown(unknown) => Err(unknown),
        Fact::Absent(_) | Fact::NotCovered(_) => {
            let why = "cloud-init has not done it for this instance";
            Ok(Due::Next(why.to_owned()))
        }
    }
}

fn of_power_state(
    host: &Host,
    told: &Entry,
    always: bool,
    out: &mut Listing<Trigger>,
    beside: &mut Vec<Beside>,
) {
    let state = match power_state(&told.value) {
        Ok(state) => state,
        Err(Refused::By(_)) => return,
        Err(Refused::Unclear) => {
            let what = "power_state is written in a part of YAML that is not read here";
            let doubt = Doubt::CannotModel(what.to_owned());
            return out.gaps.push(Unknown::at(told.place.clone(), doubt));
        }
    };
    let mut conditions = Vec::new();
    match state.condition {
        Condition::Always(false) => return,
        Condition::Always(true) => {}
        Condition::Command(command) => conditions.push(command),
    }
    let kind = match state.mode {
        Mode::Halt => Kind::Halt,
        Mode::PowerOff => Kind::PowerOff,
        Mode::Reboot => Kind::Reboot,
    };
    let place = told.place_of("mode");
    let mut via = vec![told.place.clone()];
    via.extend(state.delay.map(|_| told.place_of("delay")));
    match due(host, "power_state_change", always) {
        Ok(due) => keep(kind, &due, place, via, conditions, out, beside),
        Err(unknown) => out.gaps.push(unknown),
    }
}

/// A reboot after the packages of a first boot.
fn of_packages(
    host: &Host,
    found: &impl Fn(&str) -> Option<Entry>,
    out: &mut Listing<Trigger>,
    beside: &mut Vec<Beside>,
) {
    let set = |names: [&str; 2]| {
        let mut entries = names.iter().filter_map(|name| found(name));
        entries.find(|entry| entry.value.boolean() == Some(true))
    };
    let Some(reboots) = set(["apt_reboot_if_required", "package_reboot_if_required"]) else {
        return;
    };
    let upgrades = set(["package_upgrade", "apt_upgrade"]);
    let packages = found("packages").filter(|entry| entry.value != Yaml::Null);
    let Some(work) = upgrades.or(packages) else {
        return;
    };
    let asks = "a package asks for a reboot: /run/reboot-required".to_owned();
    let due = due(host, "package_update_upgrade_install", false);
    match due {
        Ok(due) => {
            let (place, via) = (reboots.place, vec![work.place]);
            keep(Kind::Reboot, &due, place, via, vec![asks], out, beside);
        }
        Err(unknown) => out.gaps.push(unknown),
    }
}

fn keep(
    kind: Kind,
    due: &Due,
    place: Place,
    mut via: Vec<Place>,
    conditions: Vec<String>,
    out: &mut Listing<Trigger>,
    beside: &mut Vec<Beside>,
) {
    let mut handler = Handler::new(NAME, "a first boot", "", place);
    "cloud-init, as root".clone_into(&mut handler.by);
    handler.when = match due {
        Due::Always => When::Boot,
        Due::Next(why) => When::NextBoot(why.clone()),
        Due::Another => {
            let text = "at a boot as another instance: a copy, or a new instance id";
            When::On(text.to_owned())
        }
    };
    via.retain(|via| *via != handler.place);
    let trigger = Trigger {
        via,
        conditions,
        ..handler.plain(kind)
    };
    match due {
        Due::Another => beside.push(Beside::new(What::Purpose, trigger)),
        Due::Always | Due::Next(_) => out.items.push(trigger),
    }
}
