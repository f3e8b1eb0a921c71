//! `[declared]` of `comeback.toml`: facts of the site's own that must hold.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::config::ConfigError;
use crate::facts::declared::{
    Check, Common, Declared, Expression, Form, Package, Pick, Port, Protocol, Relation, Required,
    Service, Take, Value, Weight, is_name,
};
use crate::rules::nearest;
use crate::source::Glob;
use crate::text::{File, Span};
use crate::time::parse_duration;

/// How long a check may take where nothing else is said.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest that may be asked for.
const LONGEST: Duration = Duration::from_mins(1);
/// Most checks of a site.
const MOST_CHECKS: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDeclared {
    #[serde(default)]
    value: BTreeMap<Spanned<String>, Spanned<RawValue>>,
    #[serde(default)]
    relation: Vec<Spanned<RawRelation>>,
    #[serde(default)]
    file: Vec<Spanned<RawFile>>,
    #[serde(default)]
    service: Vec<Spanned<RawService>>,
    #[serde(default)]
    port: Vec<Spanned<RawPort>>,
    #[serde(default)]
    package: Vec<Spanned<RawPackage>>,
    #[serde(default)]
    check: Vec<Spanned<RawCheck>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawValue {
    file: Spanned<PathBuf>,
    #[serde(rename = "match")]
    pattern: Option<Spanned<String>>,
    key: Option<Spanned<String>>,
    form: Option<Form>,
    take: Option<Take>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRelation {
    name: Option<String>,
    holds: Spanned<String>,
    host: Option<Spanned<String>>,
    level: Option<Weight>,
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    path: Spanned<PathBuf>,
    max_age: Option<Spanned<String>>,
    min_size: Option<Spanned<toml::Value>>,
    host: Option<Spanned<String>>,
    level: Option<Weight>,
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawService {
    name: Spanned<String>,
    enabled: Option<bool>,
    running: Option<bool>,
    host: Option<Spanned<String>>,
    level: Option<Weight>,
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPort {
    port: Spanned<u16>,
    protocol: Option<Protocol>,
    address: Option<Spanned<String>>,
    host: Option<Spanned<String>>,
    level: Option<Weight>,
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPackage {
    name: Spanned<String>,
    host: Option<Spanned<String>>,
    level: Option<Weight>,
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCheck {
    name: Spanned<String>,
    command: Spanned<Vec<String>>,
    deadline: Option<Spanned<String>>,
    host: Option<Spanned<String>>,
    level: Option<Weight>,
    why: Option<String>,
}

/// Where what went wrong is, and what it is.
type At<'a> = &'a dyn Fn(Option<Range<usize>>, String) -> ConfigError;

/// What is read, and where it stands.
struct Reading<'a> {
    file: &'a Arc<File>,
    error: At<'a>,
}

pub(super) fn declared(
    file: &Arc<File>,
    raw: RawDeclared,
    error: At<'_>,
) -> Result<Declared, ConfigError> {
    let reading = Reading { file, error };
    let mut out = Declared::default();
    for (name, value) in raw.value {
        out.values.push(reading.value(&name, value)?);
    }
    for relation in raw.relation {
        let relation = reading.relation(relation, &out.values)?;
        out.relations.push(relation);
    }
    for required in raw.file {
        out.files.push(reading.required(required)?);
    }
    for service in raw.service {
        out.services.push(reading.service(service)?);
    }
    for port in raw.port {
        out.ports.push(reading.port(port)?);
    }
    for package in raw.package {
        let (span, raw) = (package.span(), package.into_inner());
        let name = reading.named("a package", &raw.name)?;
        let common = reading.common(&span, name, raw.host, raw.level, raw.why)?;
        out.packages.push(Package { common });
    }
    for check in raw.check {
        let check = reading.check(check, &out.checks)?;
        out.checks.push(check);
    }
    Ok(out)
}

impl Reading<'_> {
    fn fail<T>(&self, span: Range<usize>, message: impl Into<String>) -> Result<T, ConfigError> {
        Err((self.error)(Some(span), message.into()))
    }

    fn place(&self, span: &Range<usize>) -> crate::text::Place {
        self.file.place(Span::new(span.start, span.end))
    }

    /// What the tables of all kinds have.
    fn common(
        &self,
        span: &Range<usize>,
        name: String,
        host: Option<Spanned<String>>,
        level: Option<Weight>,
        why: Option<String>,
    ) -> Result<Common, ConfigError> {
        if let Some(host) = &host
            && Glob::parse(host.get_ref()).is_none()
        {
            let message = format!("\"{}\" is not a valid pattern", host.get_ref());
            return self.fail(host.span(), message);
        }
        Ok(Common {
            name,
            host: host.map(Spanned::into_inner),
            weight: level.unwrap_or(Weight::Block),
            why,
            place: self.place(span),
        })
    }

    fn named(&self, what: &str, name: &Spanned<String>) -> Result<String, ConfigError> {
        let text = name.get_ref();
        if text.trim().is_empty() || text.chars().any(|c| c.is_whitespace() || c == '/') {
            return self.fail(name.span(), format!("\"{text}\" is not the name of {what}"));
        }
        Ok(text.clone())
    }

    fn absolute(&self, path: &Spanned<PathBuf>) -> Result<PathBuf, ConfigError> {
        let bare = path.get_ref();
        let up = bare.components().any(|part| part.as_os_str() == "..");
        if !bare.is_absolute() || up {
            return self.fail(path.span(), "must be an absolute path without ..");
        }
        if Glob::parse(&bare.to_string_lossy()).is_none() {
            return self.fail(path.span(), "is not a valid pattern");
        }
        Ok(bare.clone())
    }

    fn value(
        &self,
        name: &Spanned<String>,
        value: Spanned<RawValue>,
    ) -> Result<Value, ConfigError> {
        let (span, raw) = (value.span(), value.into_inner());
        if !is_name(name.get_ref()) {
            let message = "the name of a value has letters, digits and _, a letter first";
            return self.fail(name.span(), message);
        }
        let file = self.absolute(&raw.file)?;
        let pick = match (&raw.pattern, &raw.key) {
            (Some(pattern), None) => {
                if raw.form.is_some() {
                    return self.fail(pattern.span(), "form is for a key, not for match");
                }
                self.pattern(pattern)?
            }
            (None, Some(key)) => self.key(key, raw.form, &file)?,
            _ => return self.fail(span, "a value needs match or key, one of them"),
        };
        Ok(Value {
            name: name.get_ref().clone(),
            file,
            pick,
            take: raw.take.unwrap_or(Take::Only),
            place: self.place(&span),
        })
    }

    fn pattern(&self, pattern: &Spanned<String>) -> Result<Pick, ConfigError> {
        let regex = match regex::bytes::Regex::new(pattern.get_ref()) {
            Ok(regex) => regex,
            Err(regex::Error::CompiledTooBig(_)) => {
                return self.fail(pattern.span(), "the pattern is too large");
            }
            Err(error) => {
                // Its last line says what; those above draw it.
                let text = error.to_string();
                let last = text.lines().last().unwrap_or("").trim();
                let last = last.strip_prefix("error: ").unwrap_or(last);
                let message = format!("not a regular expression: {last}");
                return self.fail(pattern.span(), message);
            }
        };
        if regex.captures_len() != 2 {
            let message = "match needs one group, around the number; (?:...) is none";
            return self.fail(pattern.span(), message);
        }
        Ok(Pick::Match(pattern.get_ref().clone()))
    }

    fn key(
        &self,
        key: &Spanned<String>,
        form: Option<Form>,
        file: &Path,
    ) -> Result<Pick, ConfigError> {
        let by_name = || match file.extension().and_then(|end| end.to_str()) {
            Some("ini") => Some(Form::Ini),
            Some("json") => Some(Form::Json),
            Some("toml") => Some(Form::Toml),
            Some("yaml" | "yml") => Some(Form::Yaml),
            _ => None,
        };
        let Some(form) = form.or_else(by_name) else {
            let message = "the name of the file does not tell how it is written: \
                form = \"ini\", \"json\", \"toml\" or \"yaml\"";
            return self.fail(key.span(), message);
        };
        let Some(keys) = keys(key.get_ref()) else {
            let message = "not a path of keys such as web.workers or web.\"a.b\".0";
            return self.fail(key.span(), message);
        };
        if form == Form::Ini && keys.len() > 2 {
            return self.fail(key.span(), "a key of ini is a section and a name");
        }
        Ok(Pick::Key(form, keys))
    }

    fn relation(
        &self,
        relation: Spanned<RawRelation>,
        values: &[Value],
    ) -> Result<Relation, ConfigError> {
        let (span, raw) = (relation.span(), relation.into_inner());
        let text = raw.holds.get_ref().trim().to_owned();
        let holds = match Expression::parse(&text) {
            Ok(holds) => holds,
            Err(why) => return self.fail(raw.holds.span(), why),
        };
        let names = holds.names();
        if names.is_empty() {
            return self.fail(raw.holds.span(), "it names no declared value");
        }
        let known = |name: &str| values.iter().any(|value| value.name == name);
        if let Some(name) = names.into_iter().find(|name| !known(name)) {
            let near = nearest(name, values.iter().map(|value| value.name.as_str()));
            let hint = near.map_or_else(
                || format!("; declare it with [declared.value.{name}]"),
                |near| format!(", did you mean \"{near}\"?"),
            );
            return self.fail(raw.holds.span(), format!("unknown value \"{name}\"{hint}"));
        }
        let common = self.common(
            &span,
            raw.name.unwrap_or_else(|| text.clone()),
            raw.host,
            raw.level,
            raw.why,
        )?;
        Ok(Relation {
            common,
            text,
            holds,
        })
    }

    fn required(&self, required: Spanned<RawFile>) -> Result<Required, ConfigError> {
        let (span, raw) = (required.span(), required.into_inner());
        let path = self.absolute(&raw.path)?;
        let max_age = raw.max_age.map(|text| self.span_of("max_age", &text));
        let min_size = raw.min_size.map(|value| {
            let size = match value.get_ref() {
                toml::Value::Integer(bytes) => u64::try_from(*bytes).ok(),
                toml::Value::String(text) => size(text),
                _ => None,
            };
            let wrong = "min_size is a number of bytes, or a text such as \"10M\"";
            size.map_or_else(|| self.fail(value.span(), wrong), Ok)
        });
        let common = self.common(
            &span,
            path.to_string_lossy().into_owned(),
            raw.host,
            raw.level,
            raw.why,
        )?;
        Ok(Required {
            common,
            path,
            max_age: max_age.transpose()?,
            min_size: min_size.transpose()?,
        })
    }

    fn span_of(&self, key: &str, text: &Spanned<String>) -> Result<Duration, ConfigError> {
        parse_duration(text.get_ref()).or_else(|_| {
            let message = format!("{key} is a span of time such as \"30s\" or \"26h\"");
            self.fail(text.span(), message)
        })
    }

    fn service(&self, service: Spanned<RawService>) -> Result<Service, ConfigError> {
        let (span, raw) = (service.span(), service.into_inner());
        let name = self.named("a service", &raw.name)?;
        let (enabled, running) = (raw.enabled.unwrap_or(true), raw.running.unwrap_or(true));
        if !enabled && !running {
            return self.fail(span, "neither enabled nor running: nothing is declared");
        }
        let common = self.common(&span, name, raw.host, raw.level, raw.why)?;
        Ok(Service {
            common,
            enabled,
            running,
        })
    }

    fn port(&self, port: Spanned<RawPort>) -> Result<Port, ConfigError> {
        let (span, raw) = (port.span(), port.into_inner());
        if *raw.port.get_ref() == 0 {
            return self.fail(raw.port.span(), "0 is no port");
        }
        let address: Option<IpAddr> = match &raw.address {
            None => None,
            Some(text) => match text.get_ref().parse() {
                Ok(address) => Some(address),
                Err(_) => return self.fail(text.span(), "not an address such as \"127.0.0.1\""),
            },
        };
        let protocol = raw.protocol.unwrap_or(Protocol::Tcp);
        let number = *raw.port.get_ref();
        let name = match address {
            Some(address) => {
                let socket = SocketAddr::new(address, number);
                format!("{} {socket}", protocol.word())
            }
            None => format!("{} {number}", protocol.word()),
        };
        let common = self.common(&span, name, raw.host, raw.level, raw.why)?;
        Ok(Port {
            common,
            protocol,
            address,
            port: number,
        })
    }

    fn check(&self, check: Spanned<RawCheck>, known: &[Check]) -> Result<Check, ConfigError> {
        let (span, raw) = (check.span(), check.into_inner());
        let name = raw.name.get_ref().trim().to_owned();
        if name.is_empty() || name.chars().any(char::is_control) {
            return self.fail(raw.name.span(), "a check needs a name");
        }
        if known.iter().any(|other| other.common.name == name) {
            return self.fail(raw.name.span(), format!("two checks are called \"{name}\""));
        }
        if known.len() >= MOST_CHECKS {
            return self.fail(span, format!("more than {MOST_CHECKS} checks"));
        }
        let command = raw.command.get_ref().clone();
        let program = command.first().map(Path::new);
        if !program.is_some_and(Path::is_absolute) || command.iter().any(|w| w.contains('\0')) {
            let message = "a command is a program with its whole path, and its arguments: \
                [\"/usr/local/sbin/check\", \"-v\"]";
            return self.fail(raw.command.span(), message);
        }
        let deadline = raw.deadline.map(|text| {
            let span = self.span_of("deadline", &text)?;
            if span.is_zero() || span > LONGEST {
                return self.fail(text.span(), "deadline is between 1s and 60s");
            }
            Ok(span)
        });
        let common = self.common(&span, name, raw.host, raw.level, raw.why)?;
        Ok(Check {
            common,
            command,
            deadline: deadline.transpose()?.unwrap_or(PATIENCE),
        })
    }
}

/// The parts of `a.b."c.d".0`.
fn keys(text: &str) -> Option<Vec<String>> {
    let mut keys = Vec::new();
    let mut rest = text;
    loop {
        let (key, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        if key.is_empty() || key.contains('"') {
            return None;
        }
        keys.push(key.to_owned());
        if after.is_empty() {
            return Some(keys);
        }
        rest = after.strip_prefix('.')?;
    }
}

/// Bytes of `512`, `10k`, `1.5G` with units of 1024.
fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, power) = match text.char_indices().last()? {
        (at, 'k' | 'K') => (text.get(..at)?, 1),
        (at, 'M') => (text.get(..at)?, 2),
        (at, 'G') => (text.get(..at)?, 3),
        (at, 'T') => (text.get(..at)?, 4),
        _ => (text, 0),
    };
    let number: u64 = digits.trim().parse().ok()?;
    number.checked_mul(1024_u64.checked_pow(power)?)
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn error(text: &str) -> String {
        let parsed = Config::parse(Path::new("/c"), text.as_bytes());
        let error = parsed.err().map_or_else(String::new, |e| e.to_string());
        error.trim_start_matches("config: ").to_owned()
    }

    const VALUE: &str = "[declared.value.a]\nfile = \"/a.conf\"\nmatch = '^a (\\d+)'\n";

    #[test]
    fn what_is_declared_is_read_with_its_place() {
        let text = format!(
            "{VALUE}[[declared.relation]]\nholds = \"a * 2 <= 10\"\nlevel = \"warn\"\n\
            [[declared.file]]\npath = \"/b/*.gz\"\nmax_age = \"26h\"\nmin_size = \"10M\"\n\
            [[declared.check]]\nname = \"lag\"\ncommand = [\"/bin/lag\"]\nhost = \"db*\"\n"
        );
        let declared = Config::parse(Path::new("/c"), text.as_bytes())
            .unwrap()
            .declared;
        assert_eq!(declared.relations[0].common.name, "a * 2 <= 10");
        assert_eq!(declared.relations[0].common.weight, Weight::Warn);
        assert_eq!(declared.relations[0].common.place.start().line, 4);
        assert_eq!(declared.files[0].min_size, Some(10 << 20));
        assert_eq!(declared.files[0].common.weight, Weight::Block);
        assert!(declared.checks[0].common.is_about("db1"));
        assert!(!declared.checks[0].common.is_about("web1"));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let relation = |holds: &str| {
            error(&format!(
                "{VALUE}[[declared.relation]]\nholds = \"{holds}\"\n"
            ))
        };
        assert_eq!(
            relation("b < 1"),
            "/c:5:9: unknown value \"b\", did you mean \"a\"?"
        );
        assert!(relation("a <").contains("/c:5:9: it ends where"));
        assert!(relation("1 < 2").contains("it names no declared value"));
        let value = |lines: &str| error(&format!("[declared.value.a]\nfile = \"/a\"\n{lines}\n"));
        assert!(value("match = 'x'").contains("/c:3:9: match needs one group"));
        assert!(value("match = '('").contains("not a regular expression"));
        assert!(value("key = \"a\"").contains("does not tell how it is written"));
        assert!(value("").contains("match or key"));
        assert!(error("[[declared.file]]\npath = \"b\"\n").contains("absolute"));
        assert!(error("[[declared.port]]\nport = 70000\n").starts_with("/c:2:8: "));
        let check = |command: &str| {
            error(&format!(
                "[[declared.check]]\nname = \"x\"\ncommand = {command}\n"
            ))
        };
        assert!(check("[\"lag\"]").contains("/c:3:11: a command is a program"));
        assert!(check("[]").contains("a command is a program"));
        assert_eq!(
            error("[[declared.servic]]\nname = \"x\"\n"),
            "/c:1:12: unknown key \"servic\", did you mean \"service\"?"
        );
    }

    #[test]
    fn keys_may_be_quoted_and_sizes_have_units() {
        let parts = |text: &str| keys(text);
        assert_eq!(
            parts("a.\"b.c\".0"),
            Some(vec!["a".into(), "b.c".into(), "0".into()])
        );
        for text in ["", "a.", ".a", "a..b", "\"a", "\"a\"b"] {
            assert_eq!(parts(text), None, "{text}");
        }
        assert_eq!(size("1G"), Some(1 << 30));
        assert_eq!(size("12"), Some(12));
        assert_eq!(size("1.5M"), None);
        assert_eq!(size("99999999999999T"), None);
    }
}
