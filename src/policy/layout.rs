//! `[[layout]]` of a policy: which directories of a repository make the root of a host.

use std::ffi::OsStr;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::fleet::Role;
use crate::source::Glob;

/// How a repository keeps the files of its hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The paths that stand for hosts, below the directory of the policy; one part of it
    /// holds `{host}`, others may be patterns.
    pub hosts: String,
    /// What makes the root of a host, each laid over those before it.
    pub layers: Vec<LayerOf>,
}

/// A directory that is laid into the root of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerOf {
    /// The directory, below that of the policy; it may hold `{host}` and `{role}`.
    pub dir: String,
    /// Where its top stands on the host.
    pub at: PathBuf,
}

/// `[[layout]]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLayout {
    hosts: Spanned<String>,
    layer: Spanned<Vec<RawLayer>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLayer {
    dir: Spanned<String>,
    at: Option<Spanned<PathBuf>>,
}

/// The word for the name of a host.
const HOST: &str = "{host}";
/// The word for the name of each role that a host has.
const ROLE: &str = "{role}";

/// The layout, checked; else where it is wrong, and what.
pub(super) fn layout(raw: RawLayout) -> Result<Layout, (Range<usize>, String)> {
    let hosts = below(&raw.hosts)?;
    let parts: Vec<&str> = hosts.split('/').collect();
    let named = parts.iter().filter(|part| part.contains(HOST)).count();
    if named != 1 || hosts.matches(HOST).count() != 1 || hosts.contains(ROLE) {
        let text = format!("needs {HOST} once, where the name of a host stands");
        return Err((raw.hosts.span(), text));
    }
    let pattern = |part: &&&str| !part.contains(HOST) && Glob::parse(part).is_none();
    if let Some(part) = parts.iter().find(pattern) {
        return Err((raw.hosts.span(), format!("{part}: not a name or a pattern")));
    }
    let mut layers = Vec::new();
    let span = raw.layer.span();
    for layer in raw.layer.into_inner() {
        let dir = below(&layer.dir)?;
        let at = match layer.at {
            None => PathBuf::from("/"),
            Some(at) if is_path_of_a_host(at.get_ref()) => at.into_inner(),
            Some(at) => {
                let text = "a path of the hosts begins with / and has no ..".to_owned();
                return Err((at.span(), text));
            }
        };
        layers.push(LayerOf { dir, at });
    }
    if layers.is_empty() {
        return Err((span, "a layout needs layers".to_owned()));
    }
    Ok(Layout { hosts, layers })
}

fn is_path_of_a_host(path: &Path) -> bool {
    let plain = |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
    path.is_absolute() && path.components().all(plain)
}

/// A path below the directory of the policy, without a slash at its end.
fn below(text: &Spanned<String>) -> Result<String, (Range<usize>, String)> {
    let path = text.get_ref().trim_end_matches('/');
    let path = path.strip_prefix("./").unwrap_or(path);
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    if !path.split('/').all(plain) {
        let why = "a path below the directory of this file, without . and ..";
        return Err((text.span(), why.to_owned()));
    }
    let bare = path.replace(HOST, "").replace(ROLE, "");
    if bare.contains(['{', '}']) {
        return Err((
            text.span(),
            format!("the words in braces are {HOST} and {ROLE}"),
        ));
    }
    Ok(path.to_owned())
}

impl Layout {
    /// The host that a path below the directory of the policy stands for.
    #[must_use]
    pub fn host(&self, path: &Path) -> Option<String> {
        let parts: Vec<&str> = self.hosts.split('/').collect();
        let given = path.iter().map(OsStr::to_str);
        let given: Vec<&str> = given.collect::<Option<_>>()?;
        if parts.len() != given.len() {
            return None;
        }
        let mut host = None;
        for (part, given) in parts.into_iter().zip(given) {
            if let Some((before, behind)) = part.split_once(HOST) {
                let name = given.strip_prefix(before)?.strip_suffix(behind)?;
                host = (!name.is_empty()).then(|| name.to_owned());
            } else if !Glob::parse(part)?.is_match(given.as_bytes()) {
                return None;
            }
        }
        host
    }

    /// The directories that make the root of a host, in their order: one with `{role}`
    /// once for each role of the host, in the order of the policy.
    #[must_use]
    pub fn layers_of(&self, host: &str, roles: &[Role]) -> Vec<LayerOf> {
        let names = [host.to_lowercase()];
        let own: Vec<&Role> = roles.iter().filter(|role| role.has(&names)).collect();
        let mut out = Vec::new();
        for layer in &self.layers {
            let dir = layer.dir.replace(HOST, host);
            let at = layer.at.clone();
            if !dir.contains(ROLE) {
                out.push(LayerOf { dir, at });
                continue;
            }
            // A name with a slash in it is no directory's.
            let named = own.iter().filter(|role| is_one_part(&role.name));
            out.extend(named.map(|role| LayerOf {
                dir: dir.replace(ROLE, &role.name),
                at: at.clone(),
            }));
        }
        out
    }
}

fn is_one_part(name: &str) -> bool {
    !name.contains('/') && !matches!(name, "" | "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Config;

    fn config(text: &str) -> Result<Config, String> {
        let read = Config::parse(Path::new("comeback.toml"), text.as_bytes());
        read.map_err(|error| error.to_string())
    }

    const LAYOUT: &str = "[[role]]\nname = \"base\"\nhosts = [\"*\"]\n\
        [[role]]\nname = \"vrrp\"\nhosts = [\"lb*\"]\n\
        [[role]]\nname = \"a/b\"\nhosts = [\"lb*\"]\n\
        [[layout]]\nhosts = \"sites/*/{host}.d/\"\n\
        layer = [{ dir = \"common\" }, { dir = \"roles/{role}/files\" },\n\
        { dir = \"roles/vrrp/templates\", at = \"/etc/keepalived\" }, { dir = \"sites/fra/{host}.d\" }]\n";

    #[test]
    fn a_path_names_its_host_and_a_host_its_layers() {
        let config = config(LAYOUT).unwrap();
        let [layout] = config.layouts.as_slice() else {
            panic!("one layout");
        };
        let host = |path: &str| layout.host(Path::new(path));
        assert_eq!(host("sites/fra/lb1.d").as_deref(), Some("lb1"));
        for none in [
            "sites/lb1.d",
            "sites/fra/.d",
            "other/fra/lb1.d",
            "sites/fra/lb1.d/etc",
        ] {
            assert_eq!(host(none), None, "{none}");
        }
        let dirs = |host: &str| -> Vec<String> {
            let layers = layout.layers_of(host, &config.roles);
            layers.into_iter().map(|layer| layer.dir).collect()
        };
        let lb1 = [
            "common",
            "roles/base/files",
            "roles/vrrp/files",
            "roles/vrrp/templates",
            "sites/fra/lb1.d",
        ];
        assert_eq!(dirs("lb1"), lb1);
        assert_eq!(dirs("web1").len(), 4);
        let at = layout.layers_of("lb1", &config.roles);
        assert_eq!(
            at.get(3).map(|layer| layer.at.clone()),
            Some("/etc/keepalived".into())
        );
    }

    #[test]
    fn a_layout_that_makes_no_sense_is_told_with_its_place() {
        let with = |hosts: &str, layer: &str| {
            let text = format!("[[layout]]\nhosts = \"{hosts}\"\nlayer = [{layer}]\n");
            config(&text).err().unwrap_or_default()
        };
        let dir = "{ dir = \"x\" }";
        for (hosts, layer, why) in [
            ("hosts/*", dir, "comeback.toml:2:9: needs {host} once"),
            ("{host}/{host}", dir, "needs {host} once"),
            ("hosts/{role}", dir, "needs {host} once"),
            (
                "/srv/{host}",
                dir,
                "a path below the directory of this file",
            ),
            ("../{host}", dir, "a path below the directory of this file"),
            (
                "hosts/{name}",
                dir,
                "the words in braces are {host} and {role}",
            ),
            ("[/{host}", dir, "not a name or a pattern"),
            ("hosts/{host}", "", "a layout needs layers"),
            ("hosts/{host}", "{ dir = \"a/../b\" }", "a path below"),
            (
                "hosts/{host}",
                "{ dir = \"x\", at = \"etc\" }",
                "begins with /",
            ),
            (
                "hosts/{host}",
                "{ dir = \"x\", at = \"/etc/../x\" }",
                "begins with /",
            ),
            ("hosts/{host}", "{ directory = \"x\" }", "unknown"),
        ] {
            let told = with(hosts, layer);
            assert!(told.contains(why), "{hosts} {layer}: {told}");
        }
        assert_eq!(with("hosts/{host}", dir), "");
    }
}
