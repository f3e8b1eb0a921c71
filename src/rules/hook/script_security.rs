//! `hook-script-security`: `OpenVPN` is given a script and not allowed to run it.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::cluster::starts;
use crate::facts::hooks::openvpn_files;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::{Place, escape_path};

pub(in crate::rules) struct ScriptSecurity;

/// Units and start scripts of Debian and Fedora.
const STARTERS: [&str; 3] = ["openvpn", "openvpn-client", "openvpn-server"];

impl Rule for ScriptSecurity {
    fn id(&self) -> &'static str {
        "hook-script-security"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let files = openvpn_files(host);
        if files.items.is_empty() && files.gaps.is_empty() {
            return Err(Stop::NotApplicable("OpenVPN is not configured"));
        }
        starts(host, &STARTERS, "nothing starts OpenVPN")?;
        let mut out = Findings::new();
        out.open.extend(files.gaps);
        for lines in files.items {
            let words = |line: &str| -> Vec<String> {
                line.split_whitespace().map(str::to_owned).collect()
            };
            let (mut allowed, mut elsewhere) = (false, false);
            let mut scripts: Vec<(&Place, bool)> = Vec::new();
            for (line, place) in &lines {
                let words = words(&String::from_utf8_lossy(line));
                match words
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .as_slice()
                {
                    ["script-security", level, ..] => {
                        allowed = level.parse::<u8>().is_ok_and(|level| level >= 2);
                    }
                    ["config", ..] => elsewhere = true,
                    ["up", _, ..] => scripts.push((place, true)),
                    ["route-up", _, ..] => scripts.push((place, false)),
                    _ => {}
                }
            }
            out.judged += 1;
            // The setting may stand in another file.
            if allowed || elsewhere {
                continue;
            }
            let ends = scripts.iter().find(|(_, ends)| *ends);
            let Some((place, ends)) = ends.or(scripts.first()) else {
                continue;
            };
            let shown = escape_path(place.file.path());
            let message = if *ends {
                format!("OpenVPN ends when it starts with {shown}: it may not run the up script")
            } else {
                format!("OpenVPN does not run the route-up script of {shown}")
            };
            let label = "needs script-security 2, which the file does not set";
            let at = Evidence::span((*place).clone(), label);
            out.push(Finding::new(self.id(), shown, message, at));
        }
        Ok(out)
    }
}
