//! The cluster information base of Pacemaker (its `cib.xml`; 2.1.5 `lib/pengine`).

use std::sync::Arc;

use roxmltree::Node as Element;

use super::xml;
use crate::text::{File, Place, Span};

/// A name and its value.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// Where.
    pub place: Place,
}

/// A node that the cluster knows.
#[derive(Clone, Debug)]
pub struct Member {
    /// `uname`.
    pub name: String,
    /// Its lasting attributes.
    pub attributes: Vec<Pair>,
}

/// What the file says.
#[derive(Clone, Debug)]
pub struct Cib {
    /// The options of the cluster, those of its own set first; of a name the first counts.
    pub options: Vec<Pair>,
    /// Whether options depend on rules, which are not followed.
    pub ruled: bool,
    /// The nodes.
    pub members: Vec<Member>,
    /// Primitives of a class: `stonith`, `ocf`, with their ids.
    pub primitives: Vec<(String, String)>,
    /// Whether the cluster has found a watchdog.
    pub has_watchdog: bool,
    /// Where the configuration begins.
    pub place: Place,
}

/// Whether a value is true (`crm_str_to_boolean`).
#[must_use]
pub fn is_true(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    matches!(value.as_str(), "true" | "on" | "yes" | "y" | "1")
}

/// Reads a cib; the complaint where it is none.
///
/// # Errors
/// What is wrong with the XML.
pub fn parse(file: &Arc<File>) -> Result<Cib, String> {
    let text = std::str::from_utf8(file.bytes()).map_err(|e| e.to_string())?;
    let document = xml::document(text).map_err(|e| e.to_string())?;
    let root = document.root_element();
    let place = |of: Element<'_, '_>| {
        let range = of.range();
        // The tag itself, not all that it holds.
        let end = text.get(range.clone()).and_then(|t| t.find('>'));
        file.place(Span::new(
            range.start,
            end.map_or(range.end, |at| range.start + at + 1),
        ))
    };
    let is = |of: &Element<'_, '_>, name: &str| of.tag_name().name() == name;
    let all = |name: &'static str| {
        root.descendants()
            .filter(move |e| e.tag_name().name() == name)
    };
    let Some(configuration) = all("configuration").next() else {
        return Err("it has no configuration".to_owned());
    };
    let pairs = |of: Element<'_, '_>| -> Vec<Pair> {
        let own = of.children().filter(|e| is(e, "nvpair"));
        own.filter_map(|e| {
            Some(Pair {
                name: e.attribute("name")?.to_owned(),
                value: e.attribute("value")?.to_owned(),
                place: place(e),
            })
        })
        .collect()
    };
    let mut sets: Vec<Element<'_, '_>> = all("cluster_property_set").collect();
    // The set of this name counts before every other.
    sets.sort_by_key(|set| set.attribute("id") != Some("cib-bootstrap-options"));
    let ruled = |set: &Element<'_, '_>| set.children().any(|e| is(&e, "rule"));
    let nodes = configuration.children().filter(|e| is(e, "nodes"));
    let members = nodes
        .flat_map(|nodes| nodes.children())
        .filter(|e| is(e, "node"));
    Ok(Cib {
        ruled: sets.iter().any(ruled),
        options: sets
            .iter()
            .filter(|s| !ruled(s))
            .flat_map(|s| pairs(*s))
            .collect(),
        members: members
            .filter_map(|node| {
                let sets = node.children().filter(|e| is(e, "instance_attributes"));
                Some(Member {
                    name: node.attribute("uname")?.to_owned(),
                    attributes: sets.flat_map(pairs).collect(),
                })
            })
            .collect(),
        primitives: all("primitive")
            .chain(all("template"))
            .filter_map(|e| {
                let class = e.attribute("class")?.to_owned();
                Some((class, e.attribute("id")?.to_owned()))
            })
            .collect(),
        has_watchdog: root.attribute("have-watchdog").is_some_and(is_true),
        place: place(configuration),
    })
}

impl Cib {
    /// An option of the cluster, by either of its names.
    #[must_use]
    pub fn option(&self, names: &[&str]) -> Option<&Pair> {
        self.options
            .iter()
            .find(|pair| names.contains(&pair.name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_members_and_classes_are_read() {
        let text = r#"<?xml version="1.0"?><cib><configuration><crm_config>
            <cluster_property_set id="z"><nvpair id="1" name="a" value="late"/></cluster_property_set>
            <cluster_property_set id="cib-bootstrap-options"><nvpair id="2" name="a" value="1"/>
            </cluster_property_set></crm_config><nodes><node id="1" uname="n1">
            <instance_attributes id="x"><nvpair id="3" name="standby" value="on"/>
            </instance_attributes></node></nodes><resources><group id="g">
            <primitive id="p" class="stonith" type="t"/></group></resources></configuration></cib>"#;
        let cib = parse(&File::new("/c", text)).unwrap();
        assert_eq!(cib.option(&["a"]).unwrap().value, "1");
        assert_eq!(cib.primitives, [("stonith".to_owned(), "p".to_owned())]);
        let member = cib.members.first().unwrap();
        assert!(is_true(&member.attributes.first().unwrap().value) && member.name == "n1");
        for text in [
            "",
            "<cib/>",
            "<cib>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><cib/>",
        ] {
            assert!(parse(&File::new("/c", text)).is_err(), "{text}");
        }
    }

    #[test]
    fn elements_without_end_are_no_cluster() {
        let deep = "<a>".repeat(200_000);
        assert!(parse(&File::new("/c", deep.as_str())).is_err());
        let closed = format!("{deep}{}", "</a>".repeat(200_000));
        assert!(parse(&File::new("/c", closed.as_str())).is_err());
    }
}
