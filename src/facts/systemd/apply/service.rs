//! `[Service]`.

use super::{Apply, Edge, boolean};
use crate::facts::systemd::settings::{Run, ServiceType, Step};
use crate::facts::systemd::unit::{Cause, Dep, Refusal};
use crate::parse::unit::{self, Assignment, Flags, Table, UnitType, commands};

impl Apply<'_> {
    pub(super) fn service(&mut self, line: &Assignment, text: &str) -> Result<(), Refusal> {
        let step = match line.key.as_str() {
            "ExecCondition" if self.version >= 243 => Some(Step::Condition),
            "ExecStartPre" => Some(Step::StartPre),
            "ExecStart" => Some(Step::Start),
            "ExecStartPost" => Some(Step::StartPost),
            "ExecStop" => Some(Step::Stop),
            "ExecReload" | "ExecReloadPost" | "ExecStopPost" => Some(Step::Later),
            _ => None,
        };
        if let Some(step) = step {
            return self.command(step, line);
        }
        let place = || line.place.clone();
        let service = &mut self.settings.service;
        match line.key.as_str() {
            "Type" => {
                let kind = match text {
                    "simple" => ServiceType::Simple,
                    "exec" if self.version >= 240 => ServiceType::Exec,
                    "forking" => ServiceType::Forking,
                    "oneshot" => ServiceType::Oneshot,
                    "dbus" => ServiceType::Dbus,
                    "notify" => ServiceType::Notify,
                    "notify-reload" if self.version >= 253 => ServiceType::Notify,
                    "idle" => ServiceType::Idle,
                    _ => return Ok(()),
                };
                service.kind = Some((kind, place()));
            }
            "Restart" => match text {
                "no" => service.restart = None,
                "on-success" | "on-failure" | "on-abnormal" | "on-watchdog" | "on-abort"
                | "always" => service.restart = Some((text.to_owned(), place())),
                _ => {}
            },
            "RemainAfterExit" => {
                service.remain_after_exit = boolean(text).unwrap_or(service.remain_after_exit);
            }
            "BusName" => {
                let name = self.text(line).filter(|name| name.contains('.'));
                if let Some(name) = name {
                    self.settings.service.bus_name = Some((name, place()));
                }
            }
            "TimeoutSec" => {
                service.timeout_start = super::no_zero(text).or(service.timeout_start);
                let limit = super::no_zero(text).map(|limit| (limit, place()));
                service.timeout_stop = limit.or_else(|| service.timeout_stop.take());
            }
            "TimeoutStartSec" => {
                service.timeout_start = super::no_zero(text).or(service.timeout_start);
            }
            "TimeoutStopSec" => {
                let limit = super::no_zero(text).map(|limit| (limit, place()));
                service.timeout_stop = limit.or_else(|| service.timeout_stop.take());
            }
            "RestartForceExitStatus" => {
                service.restart_force = (!text.is_empty()).then(place);
            }
            "ExitType" if self.version >= 250 => {
                service.exit_cgroup = (text == "cgroup").then(place);
            }
            "FailureAction" | "StartLimitAction" => self.action(line),
            "Sockets" => {
                let split = unit::split(line.value.bytes(), Flags::NAMES).words;
                for word in split {
                    let name = unit::expand(&word.bytes, self.id, Table::Names, self.host);
                    let name = name.ok().and_then(|n| String::from_utf8(n.bytes).ok());
                    let is_socket = |n: &String| UnitType::of(n) == Some(UnitType::Socket);
                    let Some(to) = name.filter(is_socket) else {
                        continue;
                    };
                    for dep in [Dep::Wants, Dep::After, Dep::TriggeredBy] {
                        self.edges.push(Edge {
                            dep,
                            to: to.clone(),
                            cause: Cause::Line(line.place.clone()),
                        });
                    }
                    self.settings.service.sockets.push(to);
                }
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn command(&mut self, step: Step, line: &Assignment) -> Result<(), Refusal> {
        if line.value.is_empty() {
            self.settings.service.runs.retain(|run| run.step != step);
            return Ok(());
        }
        let (list, error) = commands(&line.value, self.id, self.host, Some(self.version));
        let at = |(start, end)| line.place.file.place(line.value.span_of(start, end));
        for command in list {
            let place = at(command.at);
            self.settings.service.runs.push(Run {
                step,
                command,
                place,
            });
        }
        match error {
            None => Ok(()),
            Some(error) => Err(Refusal {
                why: format!("{}: {}", line.key, error.why),
                place: Some(at(error.at)),
            }),
        }
    }
}
