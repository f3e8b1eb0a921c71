//! Numbers picked from files.

use std::path::Path;
use std::sync::Arc;

use regex::bytes::RegexBuilder;

use super::{Form, Number, Pick, Take, Value, matching};
use crate::fact::{Doubt, Fact, Unknown};
use crate::facts::Host;
use crate::parse::ini;
use crate::parse::yaml::{self, Yaml};
use crate::text::{File, Place, Span, escape};

/// Most numbers that one value is picked from.
const MOST: usize = 1000;

/// A number and where it stands.
#[derive(Clone, Debug)]
pub struct Picked {
    /// The number.
    pub number: Number,
    /// Where it was found; several where they are added up.
    pub places: Vec<Place>,
}

/// The number that a value has on a host.
pub fn pick(host: &Host, value: &Value) -> Fact<Picked> {
    let unclear = |path: &Path, text: String| {
        let text = format!("{text}, so \"{}\" is not known", value.name);
        Fact::Unknown(Unknown::new(path, Doubt::CannotModel(text)))
    };
    let files = matching(host, &value.file);
    if let Some(gap) = files.gaps.into_iter().next() {
        return Fact::Unknown(gap);
    }
    if files.items.is_empty() {
        return match files.uncovered.into_iter().next() {
            Some(why) => Fact::NotCovered(why),
            None => unclear(&value.file, "is not there".to_owned()),
        };
    }
    // A list that is not whole is no sum of all.
    if let Some(why) = files.uncovered.into_iter().next() {
        return Fact::NotCovered(why);
    }
    let mut found: Vec<(Number, Place)> = Vec::new();
    for item in files.items {
        let file = match host.tree().read(&item.path) {
            Fact::Known(file) => file,
            Fact::Absent(_) => return unclear(&item.path, "is not there".to_owned()),
            other => return other.and_then(|_| unclear(&item.path, "is unclear".to_owned())),
        };
        for (text, place) in match texts(&file, &value.pick) {
            Ok(texts) => texts,
            Err(why) => return unclear(&item.path, why),
        } {
            let Some(number) = Number::parse(text.trim()) else {
                let text = escape(text.as_bytes());
                let text = format!(
                    "\"{text}\" is not a number, so \"{}\" is not known",
                    value.name
                );
                return Fact::Unknown(Unknown::at(place, Doubt::CannotModel(text)));
            };
            if found.len() >= MOST {
                return unclear(&item.path, format!("more than {MOST} matches"));
            }
            found.push((number, place));
        }
    }
    let Some((first, last)) = found.first().zip(found.last()) else {
        return unclear(&value.file, not_found(&value.pick));
    };
    let one = |(number, place): &(Number, Place)| Picked {
        number: *number,
        places: vec![place.clone()],
    };
    match value.take {
        Take::First => Fact::Known(one(first)),
        Take::Last => Fact::Known(one(last)),
        Take::Sum => {
            let zero = Some(Number::whole(0));
            let sum = found.iter().fold(zero, |sum, (n, _)| sum?.plus(*n));
            match sum {
                Some(number) => Fact::Known(Picked {
                    number,
                    places: found.into_iter().map(|(_, place)| place).collect(),
                }),
                None => unclear(&value.file, "the sum is too large".to_owned()),
            }
        }
        Take::Only => {
            let same = |(number, _): &(Number, Place)| {
                number.compare(first.0) == Some(std::cmp::Ordering::Equal)
            };
            match found.iter().find(|other| !same(other)) {
                None => Fact::Known(one(first)),
                Some((number, place)) => {
                    let text = format!(
                        "{number} here and {} at {}: \"{}\" needs take = \"first\", \"last\" or \"sum\"",
                        first.0, first.1, value.name
                    );
                    Fact::Unknown(Unknown::at(place.clone(), Doubt::CannotModel(text)))
                }
            }
        }
    }
}

fn not_found(pick: &Pick) -> String {
    match pick {
        Pick::Match(pattern) => format!("nothing matches '{}'", escape(pattern.as_bytes())),
        Pick::Key(_, keys) => format!("it has no key {}", shown(keys)),
    }
}

fn shown(keys: &[String]) -> String {
    escape(keys.join(".").as_bytes())
}

type Texts = Vec<(String, Place)>;

/// The texts that a pick finds in a file.
fn texts(file: &Arc<File>, pick: &Pick) -> Result<Texts, String> {
    let (form, keys) = match pick {
        Pick::Match(pattern) => return matches(file, pattern),
        Pick::Key(form, keys) => (*form, keys.as_slice()),
    };
    let whole = || file.place(Span::new(0, 0));
    let text = || std::str::from_utf8(file.bytes()).map_err(|_| "it is not UTF-8".to_owned());
    let found = match form {
        Form::Ini => return Ok(of_ini(file, keys)),
        Form::Json => {
            let json: serde_json::Value =
                serde_json::from_str(text()?).map_err(|error| format!("it is no JSON: {error}"))?;
            json_at(&json, keys)
        }
        Form::Toml => {
            let table: toml::Table = toml::from_str(text()?)
                .map_err(|error| format!("it is no TOML: {}", error.message()))?;
            toml_at(&toml::Value::Table(table), keys)
        }
        Form::Yaml => return of_yaml(file, keys),
    };
    Ok(found.into_iter().map(|text| (text, whole())).collect())
}

fn matches(file: &Arc<File>, pattern: &str) -> Result<Texts, String> {
    let regex = RegexBuilder::new(pattern)
        .multi_line(true)
        .crlf(true)
        .build();
    let regex = regex.map_err(|_| "the pattern is not valid".to_owned())?;
    let found = regex.captures_iter(file.bytes()).take(MOST + 1);
    let found = found.filter_map(|captures| captures.get(1));
    let texts = found.map(|group| {
        let text = String::from_utf8_lossy(group.as_bytes()).into_owned();
        (text, file.place(Span::new(group.start(), group.end())))
    });
    Ok(texts.collect())
}

/// `section.name`, or `name` above the first section.
fn of_ini(file: &Arc<File>, keys: &[String]) -> Texts {
    let (section, name) = match keys {
        [name] => ("", name),
        [section, name] => (section.as_str(), name),
        _ => return Vec::new(),
    };
    let entries = ini::parse(file).into_iter();
    let same = entries.filter(|entry| entry.section == section && entry.name == *name);
    same.map(|entry| (entry.value, entry.place)).collect()
}

fn json_at(value: &serde_json::Value, keys: &[String]) -> Option<String> {
    let mut at = value;
    for key in keys {
        at = match at {
            serde_json::Value::Object(map) => map.get(key)?,
            serde_json::Value::Array(list) => list.get(key.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(match at {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

fn toml_at(value: &toml::Value, keys: &[String]) -> Option<String> {
    let mut at = value;
    for key in keys {
        at = match at {
            toml::Value::Table(table) => table.get(key)?,
            toml::Value::Array(list) => list.get(key.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(match at {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

fn of_yaml(file: &Arc<File>, keys: &[String]) -> Result<Texts, String> {
    let unclear = || "it is written in YAML that is not read here".to_owned();
    let document = yaml::parse(file);
    if let Some((_, why)) = document.problem {
        return Err(why);
    }
    let mut at = &document.root;
    let mut place = None;
    for key in keys {
        let next = match at {
            Yaml::Unclear => return Err(unclear()),
            // Of a key that stands there twice the last counts.
            Yaml::Map(map) => map.iter().rev().find(|(name, _)| name == key),
            Yaml::List(list) => {
                let found = key.parse().ok().and_then(|at: usize| list.get(at));
                let Some(found) = found else {
                    return Ok(Vec::new());
                };
                (at, place) = (&found.value, Some(found.place.clone()));
                continue;
            }
            Yaml::Null | Yaml::Text { .. } => None,
        };
        let Some((_, next)) = next else {
            return Ok(Vec::new());
        };
        (at, place) = (&next.value, Some(next.place.clone()));
    }
    match (at, place) {
        (_, None) => Ok(Vec::new()),
        (Yaml::Text { text, .. }, Some(place)) => Ok(vec![(text.clone(), place)]),
        (Yaml::Unclear, _) => Err(unclear()),
        (Yaml::Null | Yaml::List(_) | Yaml::Map(_), _) => {
            Err(format!("its key {} has no plain value", shown(keys)))
        }
    }
}
