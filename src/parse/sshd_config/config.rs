//! What a configuration comes to: when sshd starts, and for a connection of a user.

use super::{Block, Config, Directive, Holds, User, World, value, words};
use crate::text::Place;

impl Config {
    /// Whether a name matches a pattern of `AllowUsers` and its like, without a host.
    #[must_use]
    pub fn matches(name: &[u8], pattern: &[u8]) -> bool {
        words::matches(name, pattern)
    }

    /// The first line of a setting that counts when sshd starts.
    #[must_use]
    pub fn at_start(&self, keyword: &'static str) -> Option<&Directive> {
        self.all_at_start(keyword).next()
    }

    /// Every line of a setting that counts when sshd starts.
    pub fn all_at_start<'a>(&'a self, keyword: &'a str) -> impl Iterator<Item = &'a Directive> {
        let of = self.directives.iter().filter(move |d| d.keyword == keyword);
        of.filter(|directive| {
            let blocks = directive
                .within
                .iter()
                .filter_map(|at| self.blocks.get(*at));
            blocks.into_iter().all(Block::is_all)
        })
    }

    /// Whether a yes-or-no setting is on when sshd starts.
    pub(super) fn is_on(&self, keyword: &'static str, default: bool) -> bool {
        let value = self.at_start(keyword).and_then(|d| d.args.first());
        value.map_or(default, |value| value.eq_ignore_ascii_case(b"yes"))
    }

    /// `AuthenticationMethods` none of whose lists is enabled.
    pub(super) fn methods_cannot_be_met(&self) -> Option<Place> {
        let directive = self.at_start("authenticationmethods")?;
        let enabled = |method: &[u8]| {
            let name = method.split(|b| *b == b':').next().unwrap_or(method);
            match name {
                b"publickey" => self.is_on("pubkeyauthentication", true),
                b"password" => self.is_on("passwordauthentication", true),
                b"keyboard-interactive" => self.is_on("kbdinteractiveauthentication", true),
                b"hostbased" => self.is_on("hostbasedauthentication", false),
                b"gssapi-with-mic" | b"gssapi-keyex" => self.is_on("gssapiauthentication", false),
                b"none" => true,
                _ => false,
            }
        };
        let met = |list: &Vec<u8>| list == b"any" || list.split(|b| *b == b',').all(enabled);
        let any = directive.args.iter().any(met);
        (!any).then(|| directive.place.clone())
    }

    /// The ports it listens on where an address names none; 22 without any.
    #[must_use]
    pub fn ports(&self, world: &dyn World) -> Vec<u16> {
        let lines = self.all_at_start("port").filter_map(|d| d.args.first());
        let ports: Vec<u16> = lines.filter_map(|text| value::port(text, world)).collect();
        if ports.is_empty() { vec![22] } else { ports }
    }

    /// The addresses of `ListenAddress`, with the port where it names one.
    #[must_use]
    pub fn addresses(&self, world: &dyn World) -> Vec<Listens> {
        let lines = self.all_at_start("listenaddress");
        let mut found = Vec::new();
        for line in lines {
            let Some((host, port)) = line.args.first().and_then(|arg| value::split_host(arg))
            else {
                continue;
            };
            found.push(Listens {
                host: String::from_utf8_lossy(&host).into_owned(),
                port: port.and_then(|port| value::port(&port, world)),
                place: line.place.clone(),
            });
        }
        found
    }

    /// The lines of a setting that may count for a connection of `user`: those below
    /// `Match` come first, and the first that holds for certain is the last to count.
    #[must_use]
    pub fn values(&self, keyword: &str, user: &User<'_>) -> Values<'_> {
        let mut values = Values {
            lines: Vec::new(),
            sure: false,
        };
        for (directive, holds) in self.every(keyword, user) {
            values.lines.push(directive);
            if holds == Holds::Yes {
                values.sure = true;
                break;
            }
        }
        values
    }

    /// Every line of a list that may count for a connection of `user`, and whether it
    /// does; what stands below `Match` takes the place of what stands before it.
    #[must_use]
    pub fn every(&self, keyword: &str, user: &User<'_>) -> Vec<(&Directive, Holds)> {
        let of = |matched: bool| {
            let of = self.directives.iter().filter(move |d| d.keyword == keyword);
            of.filter_map(move |directive| {
                let blocks = directive
                    .within
                    .iter()
                    .filter_map(|at| self.blocks.get(*at));
                match Holds::all(blocks.map(|block| block.holds(user))) {
                    _ if directive.within.is_empty() == matched => None,
                    Holds::No => None,
                    holds => Some((directive, holds)),
                }
            })
        };
        let mut found: Vec<_> = of(true).collect();
        if !found.iter().any(|(_, holds)| *holds == Holds::Yes) {
            found.extend(of(false));
        }
        found
    }
}

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listens {
    /// The address or name, without brackets.
    pub host: String,
    /// The port, where the line names one.
    pub port: Option<u16>,
    /// The line.
    pub place: Place,
}

/// What a setting may be.
#[derive(Clone, Debug)]
pub struct Values<'a> {
    /// The lines that may count.
    pub lines: Vec<&'a Directive>,
    /// Whether one of them does for certain, so that the default does not.
    pub sure: bool,
}

impl Values<'_> {
    /// Whether the setting may have one of these values, `default` being what it is
    /// without a line.
    #[must_use]
    pub fn may_be(&self, wanted: &[&str], default: &str) -> bool {
        let fits = |value: &[u8]| {
            wanted
                .iter()
                .any(|w| value.eq_ignore_ascii_case(w.as_bytes()))
        };
        let line = self.lines.iter().filter_map(|d| d.args.first());
        (!self.sure && fits(default.as_bytes())) || line.into_iter().any(|value| fits(value))
    }
}
