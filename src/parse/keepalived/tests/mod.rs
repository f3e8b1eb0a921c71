//! The reader as a whole, quirk by quirk.

mod blocks;
mod hooks;
mod includes;
mod instances;
mod reading;
mod robustness;

use std::sync::Arc;

use super::{Config, Include, Instance, Options, ProblemKind, Version, parse};
use crate::fact::Listing;
use crate::text::File;

/// Reads `text` as /etc/keepalived/keepalived.conf on host `gw1`.
fn read_as(text: &[u8], version: (u16, u16, u16)) -> Config {
    let (major, minor, patch) = version;
    let options = Options {
        version: Some(Version::new(major, minor, patch)),
        config_id: Some(b"gw1".to_vec()),
    };
    read_with(text, &options, &mut |_| Listing::new())
}

fn read_with(
    text: &[u8],
    options: &Options,
    include: &mut dyn FnMut(&Include) -> Listing<Arc<File>>,
) -> Config {
    let file = File::new("/etc/keepalived/keepalived.conf", text);
    parse(&file, options, include)
}

fn read(text: &str) -> Config {
    read_as(text.as_bytes(), (2, 2, 7))
}

/// Reads the lines inside one instance.
fn instance(lines: &str) -> (Instance, Vec<(ProblemKind, usize)>) {
    let config = read(&format!("vrrp_instance VI_1 {{\n{lines}\n}}\n"));
    let problems = problems(&config);
    (config.instances.into_iter().next().unwrap(), problems)
}

/// The kinds and lines of all problems.
fn problems(config: &Config) -> Vec<(ProblemKind, usize)> {
    let problems = config.problems.iter();
    problems.map(|p| (p.kind, p.place.start().line)).collect()
}

fn names(config: &Config) -> Vec<String> {
    let instances = config.instances.iter();
    instances.map(|i| text(&i.name.value)).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
