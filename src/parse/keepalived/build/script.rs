//! `vrrp_script` and `vrrp_sync_group` (keepalived `vrrp_parser.c`).

use super::super::model::{SyncGroup, Text, TrackScript};
use super::super::problem::ProblemKind;
use super::super::report::Report;
use super::command::{add_hook, command};
use super::instance::lenient;
use super::{Builder, Given, Taken, after, notify_kind};

/// Longest interval or timeout, in seconds.
const LONGEST: i64 = 4294;

impl Builder {
    pub(super) fn enter_script(&mut self, given: Given<'_>) {
        let name = name_of(given);
        self.scripts.push(TrackScript {
            name,
            header: given.place(),
            block: given.place(),
            command: None,
            interval: None,
            timeout: None,
            weight: None,
            rise: None,
            fall: None,
            user: None,
            init_fail: None,
        });
    }

    pub(super) fn script_setting(
        &mut self,
        name: &'static str,
        given: Given<'_>,
        report: &mut Report,
    ) {
        let dialect = self.dialect;
        let Some(script) = self.scripts.last_mut() else {
            return;
        };
        let most = i64::from(i32::MAX);
        match name {
            "script" => {
                let found = command(given, false, dialect, report);
                script.command = found.or(script.command.take());
            }
            "interval" => {
                let message = "not a number of seconds above 0: 1 is used";
                script.interval = lenient(given, 1, LONGEST, message, report);
            }
            "timeout" => {
                let message = "not a number of seconds: ignored";
                script.timeout = lenient(given, 0, LONGEST, message, report);
            }
            "weight" => {
                let message = "not a number from -253 to 253";
                script.weight = lenient(given, -253, 253, message, report);
            }
            "rise" => script.rise = lenient(given, 1, most, "not a count: 1 is used", report),
            "fall" => script.fall = lenient(given, 1, most, "not a count: 1 is used", report),
            "user" => script.user = Some(given.words()),
            "init_fail" => script.init_fail = Some(given.keyword_place()),
            _ => {}
        }
    }

    pub(super) fn enter_group(&mut self, given: Given<'_>, report: &mut Report) -> Taken {
        let name = name_of(given);
        if self.groups.iter().any(|g| g.name.value == name.value) {
            let message = "a group of this name exists already: the whole block is skipped";
            report.problem(ProblemKind::DuplicateInstance, name.place, message);
            return Taken::Refused;
        }
        self.groups.push(SyncGroup {
            name,
            header: given.place(),
            block: given.place(),
            members: Vec::new(),
            track_scripts: Vec::new(),
            track_interfaces: Vec::new(),
            notify: Vec::new(),
            settings: Vec::new(),
        });
        Taken::Read
    }

    pub(super) fn group_setting(
        &mut self,
        name: &'static str,
        given: Given<'_>,
        report: &mut Report,
    ) {
        let dialect = self.dialect;
        let Some(group) = self.groups.last_mut() else {
            return;
        };
        match notify_kind(name) {
            Some(kind) => add_hook(&mut group.notify, kind, given, dialect, report),
            None => group.settings.push(given.setting()),
        }
    }
}

fn name_of(given: Given<'_>) -> Text {
    given.first().unwrap_or_else(|| Text {
        value: Vec::new(),
        place: given.line.file.place(after(given.keyword.span)),
    })
}
