//! `network-interface-incomplete`: ifup gives an interface up for what its stanza lacks.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::network::plan::said_by;
use crate::facts::standing::declared_modules;
use crate::parse::interfaces::{Choice, Stanza};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct InterfaceIncomplete;

/// Where the scripts are that make an interface before it gets an address.
const HOOKS: &str = "/etc/network/if-pre-up.d";

/// An interface that a script makes: options of the stanza, what the script names, what it
/// is, and the package of the script.
struct Made {
    options: &'static [&'static str],
    mark: &'static [u8],
    what: &'static str,
    package: &'static str,
}

const MADE: [Made; 2] = [
    Made {
        options: &["bridge_ports", "bridge-ports"],
        mark: b"BRIDGE_PORTS",
        what: "bridge",
        package: "bridge-utils",
    },
    Made {
        options: &["bond-slaves", "bond_slaves", "bond-mode", "bond_mode"],
        mark: b"IF_BOND",
        what: "bond",
        package: "ifenslave",
    },
];

impl Made {
    /// The option of a stanza that asks for it.
    fn option<'a>(&self, stanza: &'a Stanza) -> Option<&'a Choice> {
        let mut options = stanza.options.iter();
        options.find(|option| self.options.contains(&option.name.as_str()))
    }
}

impl Rule for InterfaceIncomplete {
    fn id(&self) -> &'static str {
        "network-interface-incomplete"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (_, interfaces) = super::running(host)?;
        if interfaces.is_refused() {
            return Err(Stop::NotApplicable("ifup refuses the file"));
        }
        let mut out = Findings::new();
        let raised: Vec<&Stanza> = interfaces
            .stanzas
            .iter()
            .filter(|stanza| interfaces.raises(&stanza.name))
            .collect();
        for stanza in &raised {
            if let Some(finding) = without_address(self.id(), stanza) {
                out.push(finding);
            }
        }
        for made in &MADE {
            let stanzas = raised.iter().filter(|stanza| made.option(stanza).is_some());
            let stanzas: Vec<&&Stanza> = stanzas.collect();
            if stanzas.is_empty() {
                continue;
            }
            match has_hook(host, made.mark) {
                Fact::Known(false) => {}
                Fact::Known(true) => continue,
                open => {
                    out.gap(&open);
                    continue;
                }
            }
            for stanza in stanzas {
                if !is_made_otherwise(host, &raised, &stanza.name) {
                    out.push(unmade(self.id(), stanza, made));
                }
            }
        }
        if !out.list.is_empty() {
            super::alone(host)?;
        }
        Ok(out)
    }
}

/// An interface of method static whose address ifup does not get.
fn without_address(id: &'static str, stanza: &Stanza) -> Option<Finding> {
    if stanza.method != "static" || !stanza.family.starts_with("inet") {
        return None;
    }
    let name = escape(stanza.name.as_bytes());
    let Some(address) = stanza.get("address") else {
        let message = format!("ifup gives {name} up: its stanza has no address");
        let missing = Evidence::span(stanza.place.clone(), "static, and address is missing");
        let finding = Finding::new(id, &*name, message, missing);
        let near = stanza.options.iter().find(|option| is_near(option));
        return Some(match near {
            Some(option) => finding.with(Evidence::span(
                option.place.clone(),
                "a word that ifup hands to scripts, and no address",
            )),
            None => finding,
        });
    };
    let text = stanza.refused_address()?;
    let text = escape(text.as_bytes());
    let message = format!("ifup gives {name} up: {text} is no address");
    let evidence = Evidence::span(address.place.clone(), "ip refuses it");
    Some(Finding::new(id, &*name, message, evidence))
}

/// An interface that nothing makes.
fn unmade(id: &'static str, stanza: &Stanza, made: &Made) -> Finding {
    let name = escape(stanza.name.as_bytes());
    let (what, package) = (made.what, made.package);
    let message = format!("ifup gives {name} up: nothing makes the {what}");
    let place = made
        .option(stanza)
        .map_or(&stanza.place, |option| &option.place);
    let evidence = Evidence::span(place.clone(), "for a script that is not there");
    let missing = format!("no script of {HOOKS} reads it");
    Finding::new(id, &*name, message, evidence)
        .with(Evidence::computed(missing))
        .fix(
            "Install what makes it, before the next boot:",
            &[&format!("apt install {package}")],
        )
}

/// Whether an option is a slip of the pen for `address`.
fn is_near(option: &Choice) -> bool {
    let name = option.name.as_str();
    let letters = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters.dedup();
        letters
    };
    let lengths = name.len().abs_diff("address".len());
    lengths <= 2 && name != "address" && letters(name) == letters("address")
}

/// Whether a line of its own, a script or another program may make the interface.
fn is_made_otherwise(host: &Host, raised: &[&Stanza], name: &str) -> bool {
    let makes = |command: &str| command.contains("add") || super::is_script(command);
    let by_line = raised.iter().any(|stanza| {
        let mut commands = ["pre-up", "up"]
            .into_iter()
            .flat_map(|at| stanza.commands(at));
        commands.any(|(command, _)| makes(command))
    });
    // Its module makes one bond by itself.
    let by_module = || {
        let mut modules = declared_modules(host).items.into_iter();
        name.starts_with("bond") && modules.any(|(module, _)| module == "bonding")
    };
    by_line || by_module() || said_by(host, &[name]).is_some()
}

/// Whether a script of the hooks reads such options.
fn has_hook(host: &Host, mark: &[u8]) -> Fact<bool> {
    let tree = host.tree();
    let hooks = tree.entries(Path::new(HOOKS));
    if let Some(gap) = hooks.gaps.first() {
        return Fact::Unknown(gap.clone());
    }
    if let Some(why) = hooks.uncovered.first() {
        return Fact::NotCovered(why.clone());
    }
    for hook in &hooks.items {
        match tree.read(hook) {
            Fact::Known(file) if memchr::memmem::find(file.bytes(), mark).is_some() => {
                return Fact::Known(true);
            }
            Fact::Known(_) | Fact::Absent(_) => {}
            other => return other.map(|_| false),
        }
    }
    Fact::Known(false)
}
