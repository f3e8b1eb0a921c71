//! `[Socket]`.

use super::exec::fit_user;
use super::{Apply, boolean, refused_user};
use crate::facts::systemd::settings::Step;
use crate::facts::systemd::unit::Refusal;
use crate::parse::unit::{self, Assignment, Flags, Table, UnitType};

/// Whether a socket address can be listened on, as far as its shape tells.
fn fit_address(text: &str) -> bool {
    let port = |text: &str| text.parse::<u16>().is_ok_and(|port| port > 0);
    let before_device = text.split('%').next().unwrap_or(text);
    text.starts_with(['/', '@'])
        || text.starts_with("vsock:")
        || port(text)
        || before_device
            .rsplit_once(':')
            .is_some_and(|(_, end)| port(end))
}

impl Apply<'_> {
    pub(super) fn socket(&mut self, line: &Assignment, text: &str) -> Result<(), Refusal> {
        let expanded = self.expand(line.value.bytes());
        let full = expanded.map(|e| String::from_utf8_lossy(&e.bytes).into_owned());
        let socket = &mut self.settings.socket;
        match line.key.as_str() {
            key if key.starts_with("Listen") => {
                if text.is_empty() {
                    socket.listens = 0;
                    socket.paths.clear();
                    socket.cannot_accept = false;
                    return Ok(());
                }
                let Some(address) = full else { return Ok(()) };
                let by_address = matches!(
                    key,
                    "ListenStream" | "ListenDatagram" | "ListenSequentialPacket"
                );
                let fits = match key {
                    "ListenFIFO" | "ListenSpecial" | "ListenMessageQueue" | "ListenUSBFunction" => {
                        address.starts_with('/')
                    }
                    "ListenNetlink" => true,
                    _ => by_address && fit_address(&address),
                };
                if !fits {
                    return Ok(());
                }
                socket.listens += 1;
                let accepts = matches!(key, "ListenStream" | "ListenSequentialPacket");
                socket.cannot_accept |= !accepts;
                if address.starts_with('/') && key != "ListenMessageQueue" {
                    socket.paths.push(address);
                }
            }
            "Accept" => socket.accept = boolean(text).unwrap_or(socket.accept),
            "Service" => {
                let name = unit::expand(line.value.bytes(), self.id, Table::Names, self.host);
                let name = name
                    .ok()
                    .and_then(|name| String::from_utf8(name.bytes).ok());
                let is_service = |n: &String| UnitType::of(n) == Some(UnitType::Service);
                if let Some(name) = name.filter(is_service) {
                    socket.service = Some((name, line.place.clone()));
                }
            }
            "BindToDevice" => socket.device = full.filter(|name| !name.is_empty()),
            "MaxConnections" => socket.no_connections = text == "0",
            "Symlinks" => {
                socket.symlinks = if text.is_empty() {
                    0
                } else {
                    socket.symlinks + unit::split(line.value.bytes(), Flags::PATHS).words.len()
                };
            }
            "SocketUser" | "SocketGroup" => {
                let fits = |name: &String| name.is_empty() || fit_user(name);
                if !full.as_ref().is_some_and(fits) {
                    return Err(refused_user(line));
                }
            }
            "ExecStartPre" | "ExecStartPost" | "ExecStopPre" | "ExecStopPost" => {
                let step = if line.key == "ExecStartPre" {
                    Step::StartPre
                } else {
                    Step::Later
                };
                socket.runs = !text.is_empty();
                return self.command(step, line);
            }
            _ => {}
        }
        Ok(())
    }
}
