//! `Depends:` and its like (Debian Policy 7.1, dpkg 1.21 `lib/dpkg/fields.c`).

/// How a version must compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `<<`.
    Earlier,
    /// `<=`, and the old `<`.
    EarlierOrEqual,
    /// `=`.
    Equal,
    /// `>=`, and the old `>`.
    LaterOrEqual,
    /// `>>`.
    Later,
}

/// One of the packages that would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// The package.
    pub name: String,
    /// Behind a colon: `any`, `native`, or an architecture.
    pub architecture: Option<String>,
    /// What is asked of its version.
    pub version: Option<(Operator, String)>,
}

impl Operator {
    /// Whether the order of what is there to what is asked for will do.
    #[must_use]
    pub fn accepts(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Earlier => order.is_lt(),
            Self::EarlierOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::LaterOrEqual => order.is_ge(),
            Self::Later => order.is_gt(),
        }
    }
}

/// The groups of a relation field: each is met by any of its alternatives. What is no
/// relation is left out.
#[must_use]
pub fn alternatives(field: &[u8]) -> Vec<Vec<Alternative>> {
    let text = String::from_utf8_lossy(field);
    let groups = text.split(',').map(|group| {
        let parts = group.split('|');
        parts.filter_map(alternative).collect::<Vec<_>>()
    });
    groups.filter(|group| !group.is_empty()).collect()
}

fn alternative(text: &str) -> Option<Alternative> {
    let text = text.trim();
    let (name, rest) = match text.split_once('(') {
        Some((name, rest)) => (name.trim(), Some(rest)),
        // Restrictions of a build, which no installed package has.
        None => (text.split(['[', '<']).next()?.trim(), None),
    };
    let (name, architecture) = match name.split_once(':') {
        Some((name, architecture)) => (name, Some(architecture.to_owned())),
        None => (name, None),
    };
    if name.is_empty() {
        return None;
    }
    let version = rest.and_then(|rest| {
        let inside = rest.split(')').next()?.trim();
        let end = inside.find(|c: char| !matches!(c, '<' | '>' | '='));
        let (sign, version) = inside.split_at(end.unwrap_or(inside.len()));
        let operator = match sign {
            "<<" => Operator::Earlier,
            "<" | "<=" => Operator::EarlierOrEqual,
            "=" | "" => Operator::Equal,
            ">" | ">=" => Operator::LaterOrEqual,
            ">>" => Operator::Later,
            _ => return None,
        };
        Some((operator, version.trim().to_owned()))
    });
    Some(Alternative {
        name: name.to_owned(),
        architecture,
        version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_read_as_dpkg_reads_them() {
        let groups = alternatives(b"libc6 (>= 2.34), a | b:any (<< 1:2~),\n c (=3)");
        let shown: Vec<Vec<(&str, Option<&str>)>> = groups
            .iter()
            .map(|group| {
                let parts = group.iter();
                parts
                    .map(|a| (a.name.as_str(), a.version.as_ref().map(|(_, v)| v.as_str())))
                    .collect()
            })
            .collect();
        assert_eq!(
            shown,
            [
                vec![("libc6", Some("2.34"))],
                vec![("a", None), ("b", Some("1:2~"))],
                vec![("c", Some("3"))],
            ]
        );
        assert_eq!(groups[1][1].architecture.as_deref(), Some("any"));
        assert_eq!(groups[1][1].version.as_ref().unwrap().0, Operator::Earlier);
        assert!(alternatives(b" , |").is_empty());
    }
}
