//! What one host is to the others.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::role::Role;
use super::router::{self, Router};
use crate::fact::{Fact, Listing, Stop, Unknown};
use crate::facts::Host;
use crate::facts::cluster;
use crate::facts::network::plan::written;
use crate::facts::stores::mysql;
use crate::parse::quorum::{self, Quorum};
use crate::source::Tree;
use crate::text::{File, Place};

/// What one host is to the others.
#[derive(Clone, Debug)]
pub struct Member {
    /// What it is called, in small letters: its host name, with and without its domain,
    /// and the name of its directory.
    pub names: Vec<String>,
    /// Why it may be called otherwise too.
    pub unnamed: Option<Unknown>,
    /// The addresses that its files, or its kernel, give it.
    pub addresses: Vec<IpAddr>,
    /// Its VRRP instances; what could not be read of them is a gap.
    pub routers: Listing<Router>,
    /// The quorums in which it votes, by the program.
    pub quorums: Listing<(&'static str, Quorum)>,
    /// What it needs of others while it boots.
    pub needs: Listing<Need>,
    /// Its guests, by the name of their domain.
    pub guests: Listing<(String, Place)>,
    /// What could not be read of when it goes down.
    pub times: Vec<Unknown>,
    /// The roles that policy gives it.
    pub roles: Vec<Role>,
    /// The files in which the members of a role are meant to be alike, by path, digested.
    pub alike: BTreeMap<PathBuf, Fact<Vec<u8>>>,
}

/// Something that a host needs of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What it does with it, as in `mounts its / from`.
    pub what: String,
    /// Whom it names: a host's name or an address, in small letters.
    pub of: Vec<String>,
    /// Where.
    pub place: Place,
}

impl Member {
    /// What `host`, called `name` in the report, is to the others.
    #[must_use]
    pub fn of(host: &Host, name: &str, roles: &[Role]) -> Self {
        let tree = host.tree();
        let mut names = vec![name.to_ascii_lowercase()];
        names.extend(host.label().map(|label| label.to_ascii_lowercase()));
        let unnamed = match host.hostname() {
            Fact::Known(own) => {
                names.push(own.to_ascii_lowercase());
                None
            }
            Fact::Unknown(unknown) => Some(unknown),
            Fact::Broken(_) | Fact::Absent(_) | Fact::NotCovered(_) => None,
        };
        let short: Vec<String> = names
            .iter()
            .filter_map(|name| name.split_once('.'))
            .map(|(short, _)| short.to_owned())
            .collect();
        names.extend(short);
        names.sort();
        names.dedup();
        let roles: Vec<Role> = roles.iter().filter(|r| r.has(&names)).cloned().collect();
        let paths = roles.iter().flat_map(|role| &role.same);
        let alike = paths.map(|path| (path.clone(), digest(tree, path)));
        Self {
            addresses: addresses(host),
            routers: router::read(host),
            quorums: quorums(host),
            needs: needs(host),
            guests: guests(tree),
            times: host.triggers().list.gaps.clone(),
            alike: alike.collect(),
            names,
            unnamed,
            roles,
        }
    }
}

/// A file's digest: what is in it is nobody's business here.
fn digest(tree: &Tree, path: &Path) -> Fact<Vec<u8>> {
    tree.read(path).map(|file| {
        let digest = Sha256::digest(file.bytes());
        digest.iter().copied().collect()
    })
}

/// The addresses that a host's files give it, those of its kernel where it runs.
fn addresses(host: &Host) -> Vec<IpAddr> {
    let plan = written(host);
    let mut found: Vec<IpAddr> = plan.addresses().map(|(address, ..)| address).collect();
    if let Fact::Known(live) = crate::facts::network::live::addresses(host.tree()) {
        found.extend(live.iter().map(|address| address.address));
    }
    found.retain(|address| !address.is_loopback() && !address.is_unspecified());
    found.sort();
    found.dedup();
    found
}

/// A file that tells a program of its voters, and who reads it.
type Voting = (&'static str, &'static str, fn(&Arc<File>) -> Option<Quorum>);

/// The files at fixed places.
const VOTING: [Voting; 4] = [
    ("etcd", "/etc/default/etcd", quorum::etcd),
    ("etcd", "/etc/etcd/etcd.conf", quorum::etcd),
    (
        "ZooKeeper",
        "/etc/zookeeper/conf/zoo.cfg",
        quorum::zookeeper,
    ),
    (
        "ZooKeeper",
        "/opt/zookeeper/conf/zoo.cfg",
        quorum::zookeeper,
    ),
];

/// Consul reads every file here that ends in this.
const CONSUL: (&str, &str) = ("/etc/consul.d", "json");

fn quorums(host: &Host) -> Listing<(&'static str, Quorum)> {
    let tree = host.tree();
    let mut out = Listing::new();
    let found = mysql::options(host);
    let options = out.take_gaps(found);
    let set = |name: &str| mysql::last(&options, name);
    let off = set("wsrep_on").is_some_and(|o| matches!(&*o.value.to_lowercase(), "0" | "off"));
    if let Some(address) = set("wsrep_cluster_address").filter(|_| !off) {
        let name = set("wsrep_cluster_name").map(|option| option.value.as_str());
        let found = quorum::galera(&address.value, name, address.place.clone());
        out.items.extend(found.map(|quorum| ("Galera", quorum)));
    }
    for (program, path, read) in VOTING {
        let file = out.take(tree.read(Path::new(path)));
        let found = file.and_then(|file| read(&file));
        out.items.extend(found.map(|quorum| (program, quorum)));
    }
    let (dir, end) = CONSUL;
    for path in out.take_gaps(tree.entries(Path::new(dir))) {
        if path.extension().is_some_and(|own| own == end) {
            let file = out.take(tree.read(&path));
            let found = file.and_then(|file| quorum::consul(&file));
            out.items.extend(found.map(|quorum| ("Consul", quorum)));
        }
    }
    // A configuration that nothing starts votes with nobody.
    let idle = cluster::starts(host, &["corosync"], "nothing starts corosync");
    if !matches!(idle, Err(Stop::NotApplicable(_)))
        && let Some(conf) = out.take(cluster::corosync(host))
    {
        let found = quorum::corosync(&conf);
        out.items.extend(found.map(|quorum| ("corosync", quorum)));
    }
    // A tree that holds none of the files says nothing against it.
    out.uncovered.clear();
    out
}

/// File systems of other hosts that the boot waits for, and the resolvers.
fn needs(host: &Host) -> Listing<Need> {
    let mut out = Listing::new();
    for plan in &host.mounts().plans {
        let entry = &plan.entry;
        let is_nfs = matches!(entry.kind.as_slice(), b"nfs" | b"nfs4");
        let idle: [&[u8]; 4] = [b"noauto", b"nofail", b"bg", b"x-systemd.automount"];
        let waits = |name: &&[u8]| entry.options.iter().any(|opt| opt.name() == *name);
        if !is_nfs || idle.iter().any(waits) {
            continue;
        }
        let source = String::from_utf8_lossy(&entry.source).to_ascii_lowercase();
        let server = source.rsplit_once(":/").map(|(server, _)| server);
        let server = server.map(|server| server.trim_matches(['[', ']']).to_owned());
        let target = crate::text::escape(&entry.target);
        out.items.extend(server.map(|server| Need {
            what: format!("mounts its {target} from"),
            of: vec![server],
            place: entry.place.clone(),
        }));
    }
    let servers = crate::facts::standing::nameservers(host);
    if let Some(servers) = out.take(servers)
        && let Some((_, place)) = servers.first()
    {
        out.items.push(Need {
            what: "resolves names by".to_owned(),
            of: servers.iter().map(|(name, _)| name.clone()).collect(),
            place: place.clone(),
        });
    }
    out.uncovered.clear();
    out
}

/// libvirt's domains (formatdomain: `<name>` is the domain's).
fn guests(tree: &Tree) -> Listing<(String, Place)> {
    let mut out = Listing::new();
    for path in out.take_gaps(tree.entries(Path::new("/etc/libvirt/qemu"))) {
        if path.extension().is_none_or(|end| end != "xml") {
            continue;
        }
        let Some(file) = out.take(tree.read(&path)) else {
            continue;
        };
        for (span, line) in file.lines() {
            let line = String::from_utf8_lossy(line);
            let name = line.trim().strip_prefix("<name>");
            let name = name.and_then(|rest| rest.strip_suffix("</name>"));
            if let Some(name) = name {
                out.items
                    .push((name.to_ascii_lowercase(), file.place(span)));
                break;
            }
        }
    }
    out.uncovered.clear();
    out
}
