//! `[[role]]` of a policy.

use std::path::PathBuf;

use serde::Deserialize;

use crate::fleet::Role;
use crate::source::Glob;
use crate::text::Place;

/// `[[role]]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRole {
    name: toml::Spanned<String>,
    hosts: toml::Spanned<Vec<String>>,
    at_least: Option<toml::Spanned<usize>>,
    #[serde(default)]
    same: Vec<toml::Spanned<PathBuf>>,
}

/// A fault of a role: where, and what.
pub(super) type Wrong = (std::ops::Range<usize>, String);

/// The role, checked.
pub(super) fn role(raw: RawRole, place: Place) -> Result<Role, Wrong> {
    let name = raw.name.get_ref().trim().to_owned();
    if name.is_empty() {
        return Err((raw.name.span(), "a role needs a name".to_owned()));
    }
    let hosts: Vec<String> = raw
        .hosts
        .get_ref()
        .iter()
        .map(|h| h.to_lowercase())
        .collect();
    let wrong = hosts.iter().find(|host| Glob::parse(host).is_none());
    if let Some(wrong) = wrong {
        let text = format!("{wrong}: not a name or a pattern");
        return Err((raw.hosts.span(), text));
    }
    if hosts.is_empty() {
        return Err((raw.hosts.span(), "a role needs hosts".to_owned()));
    }
    let at_least = match raw.at_least {
        Some(number) if *number.get_ref() == 0 => {
            let text = "at_least = 0: then nothing must stay up".to_owned();
            return Err((number.span(), text));
        }
        Some(number) => number.into_inner(),
        None => 1,
    };
    if let Some(path) = raw.same.iter().find(|path| !path.get_ref().is_absolute()) {
        let text = "a path of the hosts begins with /".to_owned();
        return Err((path.span(), text));
    }
    Ok(Role {
        name,
        hosts,
        at_least,
        same: raw
            .same
            .into_iter()
            .map(toml::Spanned::into_inner)
            .collect(),
        place: Some(place),
    })
}
