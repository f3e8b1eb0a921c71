//! The messages of keepalived, class by class, and what we call each.

use std::collections::BTreeSet;

use comeback::parse::keepalived::{Config, ProblemKind as Kind};

/// Words of keepalived's messages, and what we call that. `None`: not about the text, but
/// about what the machine has, or what the values mean together.
pub(crate) const CLASSES: &[(&str, Option<Kind>)] = &[
    ("Unknown keyword '", Some(Kind::UnknownKeyword)),
    ("Missing '{' at beginning", Some(Kind::MissingOpenBrace)),
    ("Unexpected '{'", Some(Kind::UnexpectedBrace)),
    ("Extra '}' found", Some(Kind::ExtraBrace)),
    ("missing '}'s or extra", Some(Kind::MissingBrace)),
    ("Unmatched quote", Some(Kind::UnmatchedQuote)),
    ("Unterminated quote", Some(Kind::UnmatchedQuote)),
    ("missing terminating", Some(Kind::UnmatchedQuote)),
    ("Unable to parse ", Some(Kind::UnmatchedQuote)),
    ("is missing a parameter", Some(Kind::MissingParameter)),
    ("has extra parameters", Some(Kind::ExtraParameters)),
    ("must have a name", Some(Kind::BadName)),
    ("already defined", Some(Kind::DuplicateInstance)),
    ("script already specified", Some(Kind::DuplicateNotify)),
    ("unknown state", Some(Kind::BadState)),
    ("state previously set", Some(Kind::BadState)),
    ("Invalid address prefix", Some(Kind::BadOption)),
    ("parsed invalid IP", Some(Kind::BadAddress)),
    ("Invalid real server ip", Some(Kind::BadAddress)),
    ("assign invalid broadcast", Some(Kind::BadAddress)),
    ("assign a broadcast brd", Some(Kind::BadAddress)),
    ("No dev parameter specified", Some(Kind::BadAddress)),
    ("Unknown configuration entry", Some(Kind::BadOption)),
    ("Config files missing", Some(Kind::IncludeMissing)),
    ("Interface name '", Some(Kind::BadWord)),
    ("unknown authentication type", Some(Kind::BadWord)),
    ("invalid number '", Some(Kind::BadNumber)),
    ("outside range", Some(Kind::BadNumber)),
    ("Priority not valid", Some(Kind::BadNumber)),
    ("not valid - must be between", Some(Kind::BadNumber)),
    ("not valid! Must be", Some(Kind::BadNumber)),
    ("must be in [", Some(Kind::BadNumber)),
    ("rise value '", Some(Kind::BadNumber)),
    ("interval must be greater", Some(Kind::BadNumber)),
    ("garp_master_delay 'x'", Some(Kind::BadNumber)),
    ("nknown route keyword", Some(Kind::BadRoute)),
    ("] malformed ", Some(Kind::BadAddress)),
    ("Invalid virtual server IP", Some(Kind::BadAddress)),
    ("unknown track script option", Some(Kind::BadOption)),
    ("Invalid smtp server", None),
    ("must match being address owner", None),
    ("is incompatible with", None),
    ("Cannot use VMAC", None),
    ("is deprecated", None),
    ("Please use global", None),
    (
        "is not a regular non-executable file",
        Some(Kind::IncludeMissing),
    ),
    ("must be link local", None),
    ("ust have unicast_src_ip", None),
    ("port specified", None),
    ("without any unicast peers", None),
    ("since priority is not 255", None),
    ("(a) A unicast keyword", None),
    ("String '", Some(Kind::UnmatchedQuote)),
    ("Non-existent interface", None),
    ("doesn't exist", None),
    ("does not exist", None),
    ("Unknown interface", None),
    ("No VIP specified", None),
    ("virtual router id must be set", None),
    ("both use VRID", None),
    ("duplicate VRID", None),
    ("cannot exist in more than one", None),
    ("no matching virtual router", None),
    ("this probably isn't what you want", None),
    ("This usage is deprecated", None),
    ("Unicast peers are not supported", None),
    ("MUST be of the same family", None),
    ("address family must match", None),
    ("will not work with initial state", None),
    ("is incompatible with priority", None),
    ("does not support authentication", None),
    ("must be an integer", None),
    ("Truncating auth_pass", None),
    ("not found, ignoring", None),
    ("ignoring tracked script", None),
    ("since own interface", None),
    ("SECURITY VIOLATION", None),
    ("Disabling track script", None),
    ("Unable to set", None),
    ("Error setting global script", None),
    ("Default script user", None),
    ("Rule has no preference", None),
    ("port will be ignored", None),
    ("no protocol set", None),
    ("Invalid hex string", None),
    // How it was built, when it stops over a fault.
    ("-fstack-protector", None),
    ("--localstatedir", None),
    ("--disable-", None),
];

/// A class and a place.
pub(crate) type Complaint = (&'static str, String);

pub(crate) fn class(message: &str) -> Option<&'static (&'static str, Option<Kind>)> {
    CLASSES.iter().find(|(words, _)| message.contains(words))
}

/// Where a class is told: the end of a file has no line.
pub(crate) fn place(kind: Kind, line: &str) -> String {
    let anywhere = kind == Kind::MissingBrace;
    if anywhere {
        "end".to_owned()
    } else {
        line.to_owned()
    }
}

pub(crate) fn ours(config: &Config) -> BTreeSet<Complaint> {
    let compared = |kind: Kind| CLASSES.iter().any(|(_, class)| *class == Some(kind));
    let problems = config.problems.iter().filter(|p| compared(p.kind));
    let told = problems.map(|problem| {
        let line = problem.place.start().line.to_string();
        let path = problem.place.path();
        let main = config.files.first().is_some_and(|file| file.path() == path);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let line = if main { line } else { format!("{name}:{line}") };
        (problem.kind.name(), place(problem.kind, &line))
    });
    told.collect()
}

/// Complaints about the text of one answer, and the messages that no class has; and
/// whether it ended at a missing parameter, so that nothing behind it was told.
pub(crate) fn theirs(messages: &[(String, String)]) -> (BTreeSet<Complaint>, Vec<&str>, bool) {
    let mut complaints = BTreeSet::new();
    let mut unknown = Vec::new();
    let mut ended = false;
    for (line, message) in messages {
        match class(message) {
            None => unknown.push(message.as_str()),
            Some((_, None)) => {}
            Some((_, Some(kind))) => {
                ended |= *kind == Kind::MissingParameter;
                complaints.insert((kind.name(), place(*kind, line)));
            }
        }
    }
    // Of one word it tells twice, in general and in particular.
    let twice = [
        (Kind::BadOption, Kind::BadNumber),
        (Kind::BadAddress, Kind::BadOption),
        (Kind::BadRoute, Kind::BadAddress),
    ];
    for (particular, general) in twice {
        let told = complaints
            .iter()
            .filter(|(kind, _)| *kind == particular.name());
        let lines: Vec<String> = told.map(|(_, line)| line.clone()).collect();
        for line in lines {
            complaints.remove(&(general.name(), line));
        }
    }
    (complaints, unknown, ended)
}
