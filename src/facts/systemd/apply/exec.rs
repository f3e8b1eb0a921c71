//! How processes are run: the settings that services, sockets, mounts and swaps share.

use super::{Apply, boolean, fit_path, refused_user};
use crate::facts::systemd::unit::Refusal;
use crate::parse::unit::{self, Assignment, Flags};
use crate::text::Place;

/// Whether systemd takes this for the name of a user or group.
pub(super) fn fit_user(name: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, ':' | '/');
    !name.is_empty() && !matches!(name, "." | "..") && name.trim() == name && !name.contains(odd)
}

impl Apply<'_> {
    /// A setting of how processes run; whether it was one.
    pub(super) fn exec(&mut self, line: &Assignment) -> Result<bool, Refusal> {
        let text = line.value.text().into_owned();
        let place: Place = line.place.clone();
        let full = self.text(line);
        let yes = boolean(&text);
        let exec = &mut self.settings.exec;
        match line.key.as_str() {
            "User" | "Group" => {
                let Some(name) = full else {
                    return Err(refused_user(line));
                };
                let slot = if line.key == "User" {
                    &mut exec.user
                } else {
                    &mut exec.group
                };
                if name.is_empty() {
                    *slot = None;
                } else if fit_user(&name) {
                    *slot = Some((name, place));
                } else {
                    return Err(refused_user(line));
                }
            }
            "DynamicUser" => exec.dynamic_user = yes.unwrap_or(exec.dynamic_user),
            "WorkingDirectory" => {
                let (dash, rest) = match text.strip_prefix('-') {
                    Some(rest) => (true, rest),
                    None => (false, text.as_str()),
                };
                if text.is_empty() || rest == "~" {
                    exec.working_directory = None;
                } else {
                    match self.path(rest.as_bytes()) {
                        Some(path) => {
                            self.settings.exec.working_directory = Some((path, dash, place));
                        }
                        None if dash => {}
                        None => {
                            return Err(Refusal {
                                why: "WorkingDirectory: the path is not absolute".to_owned(),
                                place: Some(place),
                            });
                        }
                    }
                }
            }
            "Environment" => {
                if text.is_empty() {
                    exec.environment.clear();
                }
                for word in unit::split(line.value.bytes(), Flags::COMMAND).words {
                    let Some(word) = self.expand(&word.bytes) else {
                        continue;
                    };
                    let mut parts = word.bytes.splitn(2, |b| *b == b'=');
                    if let (Some(name), Some(value)) = (parts.next(), parts.next()) {
                        let pair = (name.to_vec(), value.to_vec());
                        self.settings.exec.environment.push(pair);
                    }
                }
            }
            "EnvironmentFile" => {
                let Some(name) = full else { return Ok(true) };
                if name.is_empty() {
                    exec.environment_files.clear();
                } else {
                    let (dash, rest) = match name.strip_prefix('-') {
                        Some(rest) => (true, rest),
                        None => (false, name.as_str()),
                    };
                    if let Some(path) = fit_path(rest.as_bytes()) {
                        exec.environment_files.push((path, dash, place));
                    }
                }
            }
            "RootDirectory" | "RootImage" => {
                exec.roots.clear();
                exec.other_root = None;
                if let Some(path) = full.and_then(|path| fit_path(path.as_bytes()))
                    && path != "/"
                {
                    exec.roots.push(path);
                    exec.other_root = Some(place);
                }
            }
            "BindPaths"
            | "BindReadOnlyPaths"
            | "MountImages"
            | "ExtensionImages"
            | "ExtensionDirectories"
            | "TemporaryFileSystem" => {
                if !text.is_empty() {
                    exec.other_root = Some(place);
                }
            }
            key @ ("RuntimeDirectory"
            | "StateDirectory"
            | "CacheDirectory"
            | "LogsDirectory"
            | "ConfigurationDirectory") => {
                let base = match key {
                    "RuntimeDirectory" => "/run",
                    "StateDirectory" => "/var/lib",
                    "CacheDirectory" => "/var/cache",
                    "LogsDirectory" => "/var/log",
                    _ => "/etc",
                };
                let prefix = format!("{base}/");
                if text.is_empty() {
                    exec.directories.retain(|dir| !dir.starts_with(&prefix));
                }
                let words = unit::split(line.value.bytes(), Flags::PATHS).words;
                for word in words {
                    let Some(name) = self.expand(&word.bytes) else {
                        continue;
                    };
                    let name = String::from_utf8_lossy(&name.bytes).into_owned();
                    let name = name.split(':').next().unwrap_or("").to_owned();
                    let exec = &mut self.settings.exec;
                    exec.directories.push(format!("{prefix}{name}"));
                    exec.writes_var |= base.starts_with("/var");
                }
            }
            "PrivateTmp" => {
                exec.disconnected_tmp = text == "disconnected" && self.version >= 257;
                exec.private_tmp = yes.unwrap_or(exec.private_tmp && !exec.disconnected_tmp);
            }
            "StandardInput" => exec.input = Some(text),
            "StandardOutput" => exec.output = Some(text),
            "StandardError" => exec.error = Some(text),
            "LogNamespace" => exec.log_namespace = full.filter(|name| !name.is_empty()),
            "PAMName" => exec.pam = !text.is_empty(),
            "KillMode" => exec.odd_kill_mode = matches!(text.as_str(), "process" | "none"),
            "ExecSearchPath" => exec.search_path = !text.is_empty(),
            "TTYPath" => exec.tty = full.filter(|name| !name.is_empty()),
            "PrivatePIDs" => self.settings.service.private_pids = yes == Some(true),
            _ => return Ok(false),
        }
        Ok(true)
    }
}
