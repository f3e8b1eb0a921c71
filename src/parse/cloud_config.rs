//! cloud-init's configuration (22.4 to 26.2 `cloudinit/config/cc_power_state_change.py`):
//! the part of YAML that it is written in.
//!
//! | input | cloud-init |
//! |---|---|
//! | a key twice | the later counts (`PyYAML`) |
//! | `delay` | `now`, or a number of minutes with or without a plus sign |
//! | `mode` | `halt`, `poweroff`, `reboot`; another is refused |
//! | `condition` | `true`, `false`, a command, or a list of words |
//! | a tag, a merge (`<<`) | not read here: unclear |
//! | no YAML | the whole file is refused; here its names stay, and are unclear |

use std::sync::Arc;

use super::yaml;
use crate::text::{File, Place};

pub use super::yaml::Yaml;

/// A key of the whole document.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Yaml,
    /// Its first line.
    pub place: Place,
}

/// The top-level keys of a document, in order; none where it is no mapping.
#[must_use]
pub fn entries(file: &Arc<File>) -> Vec<Entry> {
    let Yaml::Map(entries) = yaml::parse(file).root else {
        return Vec::new();
    };
    let entries = entries.into_iter().map(|(name, node)| Entry {
        name,
        value: node.value,
        place: node.place,
    });
    entries.collect()
}

/// What `power_state` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PowerState {
    /// How the box goes down.
    pub mode: Mode,
    /// Minutes until it does; none is at once.
    pub delay: Option<i64>,
    /// What decides whether it does.
    pub condition: Condition,
}

/// How the box goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It stays on without running.
    Halt,
    /// It stays off.
    PowerOff,
    /// It comes back.
    Reboot,
}

/// What decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing: it happens, or it does not.
    Always(bool),
    /// A command that exits with 0.
    Command(String),
}

/// The last top-level entry of a name.
#[must_use]
pub fn entry(file: &Arc<File>, name: &str) -> Option<Entry> {
    entries(file)
        .into_iter()
        .rev()
        .find(|entry| entry.name == name)
}

/// `power_state`, as cloud-init takes it.
///
/// # Errors
/// Why cloud-init does nothing of it, or what of it is not read here.
pub fn power_state(value: &Yaml) -> Result<PowerState, Refused> {
    let Yaml::Map(_) = value else {
        return Err(match value {
            Yaml::Unclear => Refused::Unclear,
            _ => Refused::By("power_state is no mapping".to_owned()),
        });
    };
    if value.get("<<").is_some() {
        return Err(Refused::Unclear);
    }
    let text = |name: &str| match value.get(name) {
        None | Some(Yaml::Null) => Ok(None),
        Some(Yaml::Text { text, .. }) => Ok(Some(text.clone())),
        Some(Yaml::Unclear) => Err(Refused::Unclear),
        Some(_) => Err(Refused::By(format!("{name} is no text"))),
    };
    let mode = match text("mode")?.as_deref() {
        Some("halt") => Mode::Halt,
        Some("poweroff") => Mode::PowerOff,
        Some("reboot") => Mode::Reboot,
        Some(other) => return Err(Refused::By(format!("it knows no mode {other}"))),
        None => return Err(Refused::By("it wants a mode".to_owned())),
    };
    let delay = match text("delay")?.as_deref() {
        Some("now") => None,
        Some(text) => {
            let number = text.trim().replace('_', "");
            let number = number.parse::<i64>().ok();
            Some(number.ok_or_else(|| Refused::By(format!("it takes no delay {text}")))?)
        }
        None if matches!(value.get("delay"), Some(Yaml::Null)) => {
            return Err(Refused::By("it takes no delay of nothing".to_owned()));
        }
        None => None,
    };
    Ok(PowerState {
        mode,
        delay,
        condition: condition(value.get("condition"))?,
    })
}

fn condition(value: Option<&Yaml>) -> Result<Condition, Refused> {
    let wrong = || Refused::By("a condition is a list, a boolean or a text".to_owned());
    Ok(match value {
        None => Condition::Always(true),
        Some(value) if value.boolean().is_some() => {
            Condition::Always(value.boolean().unwrap_or(true))
        }
        Some(value @ Yaml::Text { text, .. }) if value.is_text() => {
            Condition::Command(text.trim().to_owned())
        }
        Some(Yaml::List(words)) => {
            let words = words.iter().map(|word| match &word.value {
                Yaml::Text { text, .. } => Ok(text.as_str()),
                Yaml::Unclear => Err(Refused::Unclear),
                _ => Err(wrong()),
            });
            Condition::Command(words.collect::<Result<Vec<_>, _>>()?.join(" "))
        }
        Some(Yaml::Unclear) => return Err(Refused::Unclear),
        Some(_) => return Err(wrong()),
    })
}

/// Why nothing comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// cloud-init does not take it, and says so in its log.
    By(String),
    /// It is written in a way that is not read here.
    Unclear,
}

impl Entry {
    /// Where the value of an inner key stands, or else the entry itself.
    #[must_use]
    pub fn place_of(&self, name: &str) -> Place {
        let inner = self.value.node(name);
        inner.map_or_else(|| self.place.clone(), |node| node.place.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const CASES: &str = include_str!("../../tests/cloud_init/cases.txt");
    const SAID: &str = include_str!("../../tests/cloud_init/said");

    /// What is made of a configuration, as `record.py` writes it.
    fn ours(text: &str) -> Value {
        let file = File::new("/etc/cloud/cloud.cfg", text.to_owned());
        let Some(entry) = entry(&file, "power_state") else {
            return Value::Null;
        };
        if entry.value == Yaml::Null {
            return Value::Null;
        }
        match power_state(&entry.value) {
            Err(Refused::By(_)) => json!("refused"),
            Err(Refused::Unclear) => json!("unclear"),
            Ok(state) => {
                let mode = match state.mode {
                    Mode::Halt => "-H",
                    Mode::PowerOff => "-P",
                    Mode::Reboot => "-r",
                };
                let delay = state
                    .delay
                    .map_or("now".to_owned(), |minutes| format!("+{minutes}"));
                let condition = match state.condition {
                    Condition::Always(always) => json!(always),
                    Condition::Command(command) => json!(command),
                };
                json!([mode, delay, condition])
            }
        }
    }

    #[test]
    fn power_state_is_taken_as_cloud_init_took_it() {
        let cases = CASES.split("== ").skip(1);
        let mut count = 0;
        for (case, said) in cases.zip(SAID.lines()) {
            let (name, text) = case.split_once('\n').unwrap();
            let (same, said) = said.split_once('\t').unwrap();
            assert_eq!(name, same);
            let said: Value = serde_json::from_str(said).unwrap();
            // PyYAML refuses the whole file.
            let said = if name == "a command" {
                json!("unclear")
            } else {
                said
            };
            assert_eq!(ours(text), said, "{name}");
            count += 1;
        }
        assert_eq!(count, 39);
    }

    #[test]
    fn any_text_is_read_to_the_end() {
        let deep = format!("power_state: {}", "[".repeat(5000));
        let nested: Vec<String> = (0..200).map(|n| format!("{}a:", " ".repeat(n))).collect();
        let nested = nested.join("\n");
        for text in [
            "",
            ":",
            "a:\n\tb: c\n",
            "- -",
            "\"",
            "a: {",
            "a: \"\\",
            &deep,
            &nested,
        ] {
            let file = File::new("/x", text.to_owned());
            for entry in entries(&file) {
                assert!(power_state(&entry.value).is_err(), "{text}");
            }
        }
        assert!(entries(&File::new("/x", &b"\xff: 1"[..])).is_empty());
    }
}
