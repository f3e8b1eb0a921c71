//! The keywords of `sshd_config` (OpenSSH 6.1 to 10.3 `servconf.c`, portable), and what
//! Debian's and Red Hat's patches add.

use super::{Build, Vendor};

/// What stands behind a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One of these words, whatever the case.
    One(&'static [&'static str]),
    /// One of these words, as written.
    Exact(&'static [&'static str]),
    /// One word that is not empty.
    Word,
    /// A span of time.
    Time,
    /// A number.
    Int,
    /// A port.
    Port,
    /// `ListenAddress`.
    Listen,
    /// `RekeyLimit`.
    Rekey,
    /// `LogVerbose`.
    Verbose,
    /// Patterns of users.
    Users,
    /// Patterns of groups.
    Groups,
    /// A list of names of this family.
    Names(Family),
    /// `PubkeyAuthOptions`.
    PubkeyOptions,
    /// `MaxStartups`.
    MaxStartups,
    /// `PerSourceNetBlockSize`.
    NetBlock,
    /// `PerSourceMaxStartups`.
    PerSource,
    /// `PerSourcePenalties`.
    Penalties,
    /// A list of networks.
    Networks,
    /// `AuthorizedKeysFile`.
    Files,
    /// `AcceptEnv`.
    AcceptEnv,
    /// `SetEnv`.
    SetEnv,
    /// `Include`.
    Include,
    /// `Match`.
    Match,
    /// `PermitOpen`.
    Open,
    /// `PermitListen`.
    OpenListen,
    /// The rest of the line, whatever it is.
    Rest,
    /// A command with an absolute path, or `none`.
    Command,
    /// `AuthenticationMethods`.
    Methods,
    /// `StreamLocalBindMask`.
    Mask,
    /// `RDomain`, which Linux refuses.
    RDomain,
    /// `Subsystem`.
    Subsystem,
    /// `ChannelTimeout`.
    ChannelTimeout,
    /// A span of time, or `none`.
    TimeOrNone,
    /// `IPQoS`.
    IpQos,
    /// Deprecated, ignored or not built in: anything, with a note in the log.
    Gone,
}

/// Families of algorithm names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Ciphers.
    Cipher,
    /// Message authentication codes.
    Mac,
    /// Key exchanges.
    Kex,
    /// Types of keys and signatures.
    Key,
}

/// A keyword.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keyword {
    /// Lower case.
    pub(super) name: &'static str,
    /// The name that counts: an alias has another one.
    pub(super) canonical: &'static str,
    /// What stands behind it.
    pub(super) kind: Kind,
    /// Whether it may stand below `Match`.
    pub(super) in_match: bool,
}

const FLAG: Kind = Kind::One(&["yes", "no"]);
const FORWARD: Kind = Kind::One(&["yes", "all", "no", "remote", "local"]);
const FACILITIES: Kind = Kind::One(&[
    "daemon", "user", "auth", "authpriv", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
]);
const LEVELS: Kind = Kind::One(&[
    "silent", "quiet", "fatal", "error", "info", "verbose", "debug", "debug1", "debug2", "debug3",
]);
const ROOT: Kind = Kind::One(&[
    "without-password",
    "prohibit-password",
    "forced-commands-only",
    "yes",
    "no",
]);
const DIGESTS: Kind = Kind::One(&["md5", "sha1", "sha256", "sha384", "sha512"]);

/// One that stands only in front of the first `Match`.
const fn global(name: &'static str, kind: Kind) -> Keyword {
    Keyword {
        name,
        canonical: name,
        kind,
        in_match: false,
    }
}

/// One that may stand below `Match`.
const fn every(name: &'static str, kind: Kind) -> Keyword {
    Keyword {
        name,
        canonical: name,
        kind,
        in_match: true,
    }
}

const fn alias(name: &'static str, canonical: &'static str, kind: Kind, all: bool) -> Keyword {
    Keyword {
        name,
        canonical,
        kind,
        in_match: all,
    }
}

#[rustfmt::skip]
const KEYWORDS: &[Keyword] = &[
    global("usepam", FLAG), every("pamservicename", Kind::Word),
    global("pamauthenticationviakbdint", Kind::Gone), global("port", Kind::Port),
    global("hostkey", Kind::Word), alias("hostdsakey", "hostkey", Kind::Word, false),
    global("hostkeyagent", Kind::Word), global("pidfile", Kind::Word),
    global("modulifile", Kind::Word), global("serverkeybits", Kind::Gone),
    global("logingracetime", Kind::Time), global("keyregenerationinterval", Kind::Gone),
    every("permitrootlogin", ROOT), global("syslogfacility", FACILITIES),
    every("loglevel", LEVELS), every("logverbose", Kind::Verbose),
    global("rhostsauthentication", Kind::Gone), every("rhostsrsaauthentication", Kind::Gone),
    every("hostbasedauthentication", FLAG), every("hostbasedusesnamefrompacketonly", FLAG),
    every("hostbasedacceptedalgorithms", Kind::Names(Family::Key)),
    alias("hostbasedacceptedkeytypes", "hostbasedacceptedalgorithms", Kind::Names(Family::Key), true),
    global("hostkeyalgorithms", Kind::Names(Family::Key)), every("rsaauthentication", Kind::Gone),
    every("pubkeyauthentication", FLAG),
    every("pubkeyacceptedalgorithms", Kind::Names(Family::Key)),
    alias("pubkeyacceptedkeytypes", "pubkeyacceptedalgorithms", Kind::Names(Family::Key), true),
    every("pubkeyauthoptions", Kind::PubkeyOptions),
    alias("dsaauthentication", "pubkeyauthentication", FLAG, false),
    every("kerberosauthentication", FLAG), global("kerberosorlocalpasswd", FLAG),
    global("kerberosticketcleanup", FLAG), global("kerberosgetafstoken", Kind::Gone),
    global("kerberostgtpassing", Kind::Gone), global("afstokenpassing", Kind::Gone),
    every("gssapiauthentication", FLAG), global("gssapicleanupcredentials", FLAG),
    global("gssapistrictacceptorcheck", FLAG), global("gssapidelegatecredentials", FLAG),
    every("passwordauthentication", FLAG), every("kbdinteractiveauthentication", FLAG),
    alias("challengeresponseauthentication", "kbdinteractiveauthentication", FLAG, true),
    alias("skeyauthentication", "kbdinteractiveauthentication", FLAG, true),
    global("checkmail", Kind::Gone), global("listenaddress", Kind::Listen),
    global("addressfamily", Kind::One(&["inet", "inet6", "any"])), global("printmotd", FLAG),
    global("printlastlog", FLAG), every("ignorerhosts", Kind::One(&["yes", "no", "shosts-only"])),
    global("ignoreuserknownhosts", FLAG), every("x11forwarding", FLAG),
    every("x11displayoffset", Kind::Int), every("x11uselocalhost", FLAG),
    global("xauthlocation", Kind::Word), global("strictmodes", FLAG),
    every("permitemptypasswords", FLAG), global("permituserenvironment", Kind::Word),
    global("uselogin", Kind::Gone), global("compression", Kind::One(&["yes", "delayed", "no"])),
    every("rekeylimit", Kind::Rekey), global("tcpkeepalive", FLAG),
    alias("keepalive", "tcpkeepalive", FLAG, false), every("allowtcpforwarding", FORWARD),
    every("allowagentforwarding", FLAG), every("allowusers", Kind::Users),
    every("denyusers", Kind::Users), every("allowgroups", Kind::Groups),
    every("denygroups", Kind::Groups), global("ciphers", Kind::Names(Family::Cipher)),
    global("macs", Kind::Names(Family::Mac)), global("protocol", Kind::Gone),
    every("gatewayports", Kind::One(&["clientspecified", "yes", "no"])),
    every("subsystem", Kind::Subsystem), global("maxstartups", Kind::MaxStartups),
    global("persourcemaxstartups", Kind::PerSource),
    global("persourcenetblocksize", Kind::NetBlock),
    global("persourcepenalties", Kind::Penalties),
    global("persourcepenaltyexemptlist", Kind::Networks), every("maxauthtries", Kind::Int),
    every("maxsessions", Kind::Int), every("banner", Kind::Word), global("usedns", FLAG),
    global("verifyreversemapping", Kind::Gone), global("reversemappingcheck", Kind::Gone),
    every("clientaliveinterval", Kind::Time), every("clientalivecountmax", Kind::Int),
    every("authorizedkeysfile", Kind::Files), every("authorizedkeysfile2", Kind::Gone),
    global("useprivilegeseparation", Kind::Gone), every("acceptenv", Kind::AcceptEnv),
    every("setenv", Kind::SetEnv),
    every("permittunnel", Kind::Exact(&["yes", "no", "point-to-point", "ethernet"])),
    every("permittty", FLAG), every("permituserrc", FLAG), every("match", Kind::Match),
    every("permitopen", Kind::Open), every("permitlisten", Kind::OpenListen),
    every("forcecommand", Kind::Rest), every("chrootdirectory", Kind::Word),
    global("hostcertificate", Kind::Word), every("revokedkeys", Kind::Word),
    every("trustedusercakeys", Kind::Word), every("authorizedprincipalsfile", Kind::Word),
    global("kexalgorithms", Kind::Names(Family::Kex)), every("include", Kind::Include),
    every("ipqos", Kind::IpQos), every("authorizedkeyscommand", Kind::Command),
    every("authorizedkeyscommanduser", Kind::Word),
    every("authorizedprincipalscommand", Kind::Command),
    every("authorizedprincipalscommanduser", Kind::Word), global("versionaddendum", Kind::Rest),
    every("authenticationmethods", Kind::Methods), every("streamlocalbindmask", Kind::Mask),
    every("streamlocalbindunlink", FLAG), every("allowstreamlocalforwarding", FORWARD),
    global("fingerprinthash", DIGESTS), every("disableforwarding", FLAG),
    every("exposeauthinfo", FLAG), every("rdomain", Kind::RDomain),
    every("casignaturealgorithms", Kind::Names(Family::Key)),
    global("securitykeyprovider", Kind::Word), every("requiredrsasize", Kind::Int),
    every("channeltimeout", Kind::ChannelTimeout),
    every("unusedconnectiontimeout", Kind::TimeOrNone), global("sshdsessionpath", Kind::Word),
    global("sshdauthpath", Kind::Word), every("refuseconnection", FLAG),
];

/// What Debian's build has beside them (openssh 8.4p1 to 10.0p1, `gssapi.patch` and
/// `debian-banner.patch`).
#[rustfmt::skip]
const DEBIAN: &[Keyword] = &[
    global("debianbanner", FLAG), global("gssapikeyexchange", FLAG),
    global("gssapistorecredentialsonrekey", FLAG), global("gssapikexalgorithms", Kind::Word),
    global("gssusesessionccache", Kind::Gone), global("gssapiusesessioncredcache", Kind::Gone),
];

/// Keywords of other builds, Fedora's and Gentoo's among them; what they take is not
/// looked at.
#[rustfmt::skip]
const PATCHED: &[&str] = &[
    "gssapienablek5users", "kerberosusekuserok", "kerberosuniqueccache", "showpatchlevel",
    "authorizedkeyscommandrunas", "requiredauthentications1", "requiredauthentications2",
    "rsaminsize", "exposeauthenticationmethods", "hpndisabled", "hpnbuffersize", "tcprcvbufpoll",
    "noneenabled", "nonemacenabled", "disablemtaes", "x509keyalgorithm", "cacertificatefile",
    "cacertificatepath", "carevocationfile", "carevocationpath", "allowedcertpurpose", "useblacklist",
    "useblocklist", "ldappubkeyauthentication", "pkcs11provider",
];

/// The first version that knows it, for those that came after 6.6.
#[rustfmt::skip]
const SINCE: &[(&str, (u32, u32))] = &[
    ("allowstreamlocalforwarding", (6, 7)), ("authorizedprincipalscommand", (6, 9)),
    ("authorizedprincipalscommanduser", (6, 9)), ("casignaturealgorithms", (7, 9)),
    ("channeltimeout", (9, 2)), ("disableforwarding", (7, 4)), ("exposeauthinfo", (7, 6)),
    ("fingerprinthash", (6, 8)), ("gssapidelegatecredentials", (10, 3)),
    ("gssapistrictacceptorcheck", (6, 9)), ("hostbasedacceptedalgorithms", (8, 5)),
    ("hostbasedacceptedkeytypes", (6, 8)), ("hostkeyalgorithms", (7, 0)), ("include", (8, 2)),
    ("logverbose", (8, 5)), ("modulifile", (8, 6)), ("pamservicename", (9, 8)),
    ("permitlisten", (7, 8)), ("permituserrc", (6, 7)), ("persourcemaxstartups", (8, 5)),
    ("persourcenetblocksize", (8, 5)), ("persourcepenalties", (9, 8)),
    ("persourcepenaltyexemptlist", (9, 8)), ("pubkeyacceptedalgorithms", (8, 5)),
    ("pubkeyacceptedkeytypes", (6, 8)), ("pubkeyauthoptions", (8, 2)), ("rdomain", (7, 7)),
    ("refuseconnection", (9, 9)), ("requiredrsasize", (9, 1)), ("securitykeyprovider", (8, 2)),
    ("setenv", (7, 8)), ("sshdauthpath", (10, 0)), ("sshdsessionpath", (9, 8)),
    ("streamlocalbindmask", (6, 7)), ("streamlocalbindunlink", (6, 7)),
    ("unusedconnectiontimeout", (9, 2)),
];

/// The first version that takes it below `Match`, for those that once were global.
#[rustfmt::skip]
const IN_MATCH_SINCE: &[(&str, (u32, u32))] = &[
    ("challengeresponseauthentication", (8, 7)), ("skeyauthentication", (8, 7)),
    ("clientalivecountmax", (7, 4)), ("clientaliveinterval", (7, 4)), ("ignorerhosts", (8, 3)),
    ("loglevel", (7, 6)), ("subsystem", (9, 5)),
];

/// The newest version that is known here.
const NEWEST: (u32, u32) = (10, 3);

/// What a word at the start of a line is.
pub(super) enum Looked {
    /// A keyword.
    Known(Keyword),
    /// A keyword of a patch: what it takes is not known.
    Patched,
    /// None: it is refused.
    Bad,
    /// It may be one of a version that is not known here.
    Open,
}

/// What a word at the start of a line is to this build.
pub(super) fn look(word: &[u8], build: Build) -> Looked {
    let name = String::from_utf8_lossy(word).to_ascii_lowercase();
    let of = |table: &[Keyword]| table.iter().copied().find(|k| k.name == name);
    let since = |table: &[(&str, (u32, u32))]| {
        let entry = table.iter().find(|(keyword, _)| *keyword == name);
        entry.map(|(_, version)| *version)
    };
    if let Some(mut keyword) = of(KEYWORDS) {
        let older = |since: (u32, u32)| build.version.is_some_and(|version| version < since);
        if since(SINCE).is_some_and(older) {
            return Looked::Bad;
        }
        if since(IN_MATCH_SINCE).is_some_and(older) {
            keyword.in_match = false;
        }
        if name == "skeyauthentication" && older((8, 7)) {
            keyword.kind = Kind::Gone;
        }
        return Looked::Known(keyword);
    }
    match build.vendor {
        Vendor::Debian => {
            if let Some(keyword) = of(DEBIAN) {
                return Looked::Known(keyword);
            }
        }
        Vendor::Other => {
            if PATCHED.contains(&name.as_str()) || of(DEBIAN).is_some() {
                return Looked::Patched;
            }
        }
    }
    match build.version {
        Some(version) if version <= NEWEST => Looked::Bad,
        Some(_) | None => Looked::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(version: (u32, u32), vendor: Vendor) -> Build {
        Build {
            version: Some(version),
            vendor,
        }
    }

    #[test]
    fn tables_name_keywords_that_are_there_and_each_once() {
        for (name, _) in SINCE.iter().chain(IN_MATCH_SINCE) {
            assert!(KEYWORDS.iter().any(|k| k.name == *name), "{name}");
        }
        for (at, keyword) in KEYWORDS.iter().enumerate() {
            let again = KEYWORDS.iter().skip(at + 1).any(|k| k.name == keyword.name);
            assert!(!again, "{}", keyword.name);
            assert!(KEYWORDS.iter().any(|k| k.name == keyword.canonical));
        }
    }

    #[test]
    fn a_keyword_is_known_from_its_version_on_and_by_its_build() {
        let debian = |version, word: &str| look(word.as_bytes(), build(version, Vendor::Debian));
        assert!(matches!(debian((8, 4), "RequiredRSASize"), Looked::Bad));
        assert!(matches!(
            debian((9, 2), "requiredrsasize"),
            Looked::Known(_)
        ));
        assert!(matches!(debian((9, 2), "DebianBanner"), Looked::Known(_)));
        assert!(matches!(debian((9, 2), "KerberosUseKuserok"), Looked::Bad));
        let other = look(b"KerberosUseKuserok", build((9, 2), Vendor::Other));
        assert!(matches!(other, Looked::Patched));
        assert!(matches!(debian((11, 0), "Frobnicate"), Looked::Open));
    }
}
