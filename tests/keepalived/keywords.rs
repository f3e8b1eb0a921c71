//! Every keyword of keepalived's source is known in its block, from the same release on.

use std::path::Path;

use comeback::fact::Listing;
use comeback::parse::keepalived::{Options, ProblemKind, Version, parse};
use comeback::text::File;

use super::here;

/// Keywords that our table dates otherwise, or does not keep apart, on purpose.
const EXPLAINED: &[(&str, &str, &str)] = &[];

/// Whether `keyword` is known in `block` to the reader of `version`.
fn known(version: Version, block: &str, keyword: &str) -> bool {
    let mut text = String::new();
    for name in block.split_whitespace() {
        let words = match name {
            "virtual_server" | "real_server" => " 10.0.0.1 80",
            "vrrp_instance" | "vrrp_script" | "vrrp_track_process" | "vrrp_track_file"
            | "track_file" | "track_group" | "vrrp_sync_group" | "bfd_instance" | "garp_group" => {
                " x"
            }
            _ => "",
        };
        text.extend([name, words, " {\n"]);
    }
    let line = text.lines().count() + 1;
    text.extend([keyword, " 10.0.0.1 80\n"]);
    let options = Options {
        version: Some(version),
        config_id: None,
    };
    let file = File::new(Path::new("/k.conf"), text.into_bytes());
    let config = parse(&file, &options, &mut |_| Listing::new());
    let unknown = |kind| kind == ProblemKind::UnknownKeyword;
    !config
        .problems
        .iter()
        .any(|p| unknown(p.kind) && p.place.start().line == line)
}

#[test]
fn keywords_are_known_where_and_since_when_the_source_installs_them() {
    let table = here("keywords.tsv");
    let mut lines = table.lines();
    let head: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let versions: Vec<Version> = head[2..]
        .iter()
        .map(|v| Version::parse(v).unwrap())
        .collect();
    let mut complaints = Vec::new();
    let mut used = 0;
    let mut asked = 0;
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let (block, keyword) = (cells[0], cells[1]);
        for (version, cell) in versions.iter().zip(&cells[2..]) {
            // A block that is not known itself says nothing of its keywords.
            let parent = block.rsplit_once(' ').unwrap_or(("", block));
            if !block.is_empty() && !known(*version, parent.0, parent.1) {
                continue;
            }
            asked += 1;
            if known(*version, block, keyword) != (*cell == "x") {
                let explained = |row: &&(&str, &str, &str)| row.0 == block && row.1 == keyword;
                if EXPLAINED.iter().any(|row| explained(&row)) {
                    used += 1;
                } else {
                    complaints.push(format!("{version} {block}: {keyword} is {cell}"));
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(used >= EXPLAINED.len() && asked > 4000, "{asked}");
}
