//! `vrrp_instance` (keepalived `vrrp_parser.c`).

use std::net::IpAddr;

use super::super::model::{
    Authentication, Family, FamilyHint, FamilySource, Instance, Password, Spanned, State, Text,
};
use super::super::number::{host_address, integer, seconds, truth};
use super::super::problem::ProblemKind;
use super::super::report::Report;
use super::address::{LONGEST_NAME, virtual_address};
use super::command::add_hook;
use super::{Builder, Given, Taken, after, notify_kind, tracked};
use crate::text::Place;

impl Builder {
    pub(super) fn enter_instance(&mut self, given: Given<'_>, report: &mut Report) -> Taken {
        let name = given.first().unwrap_or_else(|| Text {
            value: Vec::new(),
            place: given.line.file.place(after(given.keyword.span)),
        });
        if self.instances.iter().any(|i| i.name.value == name.value) {
            let message = "an instance of this name exists already: the whole block is skipped";
            report.problem(ProblemKind::DuplicateInstance, name.place, message);
            return Taken::Refused;
        }
        self.instances.push(Instance::new(name, given.place()));
        Taken::Read
    }

    pub(super) fn enter_authentication(&mut self, given: Given<'_>) {
        if let Some(instance) = self.instances.last_mut() {
            instance.authentication.get_or_insert(Authentication {
                place: given.keyword_place(),
                kind: None,
                password: None,
            });
        }
    }

    pub(super) fn authentication_setting(
        &mut self,
        name: &'static str,
        given: Given<'_>,
        report: &mut Report,
    ) {
        let Some(word) = given.rest.first() else {
            return;
        };
        let instance = self.instances.last_mut();
        let Some(authentication) = instance.and_then(|i| i.authentication.as_mut()) else {
            return;
        };
        if name == "auth_type" {
            let known = word.is(b"PASS") || word.is(b"AH");
            if !known {
                let message = "neither PASS nor AH: nothing is authenticated";
                let place = given.line.file.place(word.span);
                report.problem(ProblemKind::BadWord, place, message);
            }
            authentication.kind = Some(given.text(word));
        } else {
            let bytes = given.line.file.bytes();
            let next = bytes.get(word.span.end);
            authentication.password = Some(Password {
                place: given.line.file.place(word.span),
                length: word.text.len(),
                cut: matches!(next, Some(b'#' | b'!')),
            });
        }
    }

    pub(super) fn instance_setting(
        &mut self,
        name: &'static str,
        given: Given<'_>,
        report: &mut Report,
    ) {
        let dialect = self.dialect;
        let Some(instance) = self.instances.last_mut() else {
            return;
        };
        if let Some(kind) = notify_kind(name) {
            if name == "notify_deleted" {
                let place = given.keyword_place();
                instance.notify_deleted.get_or_insert(place);
                if given.rest.is_empty() {
                    return;
                }
            }
            add_hook(&mut instance.notify, kind, given, dialect, report);
            return;
        }
        match name {
            "state" => instance.set_state(given, report),
            "interface" => instance.set_interface(given, report),
            "virtual_router_id" => {
                let message = "not a number from 1 to 255: the instance has no VRID";
                if let Some(number) = strict_byte(given, 1, message, report) {
                    instance.virtual_router_id = Some(number);
                }
            }
            "priority" => {
                let message = "not a number from 1 to 255: the priority is 100";
                instance.priority = strict_byte(given, 1, message, report);
            }
            "version" => {
                let number = lenient(given, 2, 3, "neither 2 nor 3: ignored", report);
                instance.version = number.or(instance.version.take());
            }
            "advert_int" => instance.set_advert_int(given, report),
            "unicast_src_ip" | "mcast_src_ip" => instance.set_source(name, given, report),
            "mcast_dst_ip" => {
                let found = host(given, report);
                if let Some(found) = found {
                    instance.hint(
                        found.value,
                        FamilySource::MulticastDestination,
                        &found.place,
                    );
                    instance.mcast_dst_ip = Some(found);
                }
            }
            "native_ipv6" => {
                let place = given.keyword_place();
                instance.native_ipv6.get_or_insert_with(|| place.clone());
                instance.family.get_or_insert(FamilyHint {
                    family: Family::V6,
                    source: FamilySource::NativeIpv6,
                    place,
                });
            }
            "nopreempt" => instance.nopreempt = Some(given.keyword_place()),
            "preempt" => instance.nopreempt = None,
            "use_vmac" => instance.use_vmac = Some(given.setting()),
            "use_ipvlan" => {
                for word in given.rest {
                    if let Some(found) = host_address(&word.text) {
                        let place = given.line.file.place(word.span);
                        instance.hint(found, FamilySource::IpVlan, &place);
                    }
                }
                instance.settings.push(given.setting());
            }
            "strict_mode" => instance.set_strict_mode(given, report),
            "unicast_fault_no_peer" | "check_unicast_src" | "old_unicast_checksum" => {
                let place = given.keyword_place();
                instance.unicast.get_or_insert(place);
                instance.settings.push(given.setting());
            }
            _ => instance.settings.push(given.setting()),
        }
    }

    pub(super) fn instance_value(
        &mut self,
        name: &'static str,
        given: Given<'_>,
        report: &mut Report,
    ) {
        let dialect = self.dialect;
        let Some(instance) = self.instances.last_mut() else {
            return;
        };
        if name.starts_with("track_") {
            super::track::check(name, given, dialect, report);
        }
        let all = || {
            let first = given.text(given.keyword);
            std::iter::once(first).chain(given.words()).collect()
        };
        match name {
            "virtual_ipaddress" => {
                if let Some(found) = virtual_address(given, dialect, report) {
                    let place = found.text.place.clone();
                    instance.hint(found.address, FamilySource::VirtualAddress, &place);
                    instance.virtual_addresses.push(found);
                }
            }
            "virtual_ipaddress_excluded" => {
                instance
                    .excluded
                    .extend(virtual_address(given, dialect, report));
            }
            "unicast_peer" => {
                let place = given.line.file.place(given.keyword.span);
                match host_address(&given.keyword.text) {
                    Some(value) => {
                        instance.hint(value, FamilySource::Peer, &place);
                        instance.unicast_peers.push(Spanned { value, place });
                    }
                    None => bad_address(place, report),
                }
            }
            "virtual_routes" => {
                if dialect.reports_routes() {
                    let words: Vec<_> = std::iter::once(given.keyword)
                        .chain(given.rest)
                        .cloned()
                        .collect();
                    super::route::check(&given.line.file, &words, report);
                }
                instance.virtual_routes.push(all());
            }
            "virtual_rules" => instance.virtual_rules.push(all()),
            "track_script" => instance.track_scripts.push(tracked(given)),
            "track_interface" => instance.track_interfaces.push(tracked(given)),
            "track_process" => instance.track_processes.push(tracked(given)),
            "track_file" => instance.track_files.push(tracked(given)),
            _ => {
                if let Some(last) = instance.settings.last_mut() {
                    last.words.extend::<Vec<Text>>(all());
                }
            }
        }
    }
}

impl Instance {
    fn new(name: Text, header: Place) -> Self {
        Self {
            name,
            block: header.clone(),
            header,
            state: None,
            interface: None,
            virtual_router_id: None,
            priority: None,
            advert_int: None,
            version: None,
            family: None,
            virtual_addresses: Vec::new(),
            excluded: Vec::new(),
            virtual_routes: Vec::new(),
            virtual_rules: Vec::new(),
            unicast_src_ip: None,
            mcast_src_ip: None,
            mcast_dst_ip: None,
            unicast_peers: Vec::new(),
            unicast: None,
            native_ipv6: None,
            nopreempt: None,
            use_vmac: None,
            strict_mode: None,
            track_scripts: Vec::new(),
            track_interfaces: Vec::new(),
            track_processes: Vec::new(),
            track_files: Vec::new(),
            authentication: None,
            notify: Vec::new(),
            notify_deleted: None,
            settings: Vec::new(),
        }
    }

    /// Fixes the family where nothing did before.
    fn hint(&mut self, address: IpAddr, source: FamilySource, place: &Place) {
        self.family.get_or_insert_with(|| FamilyHint {
            family: super::address::family_of(address),
            source,
            place: place.clone(),
        });
    }

    fn set_state(&mut self, given: Given<'_>, report: &mut Report) {
        let Some(word) = given.first() else { return };
        let place = word.place;
        let state = match word.value.as_slice() {
            b"MASTER" => State::Master,
            b"BACKUP" => State::Backup,
            _ => {
                let message = "neither MASTER nor BACKUP: taken for BACKUP";
                report.problem(ProblemKind::BadState, place.clone(), message);
                self.state = Some(Spanned {
                    value: State::Backup,
                    place,
                });
                return;
            }
        };
        let was_master = self
            .state
            .as_ref()
            .is_some_and(|s| s.value == State::Master);
        if state == State::Backup && was_master {
            let message = "the state is already MASTER: this BACKUP is ignored";
            report.problem(ProblemKind::BadState, place, message);
            return;
        }
        self.state = Some(Spanned {
            value: state,
            place,
        });
    }

    fn set_interface(&mut self, given: Given<'_>, report: &mut Report) {
        let Some(word) = given.first() else { return };
        if word.value.len() > LONGEST_NAME {
            let message = "an interface name of more than 15 bytes: ignored";
            report.problem(ProblemKind::BadWord, word.place, message);
        } else {
            self.interface = Some(word);
        }
    }

    fn set_advert_int(&mut self, given: Given<'_>, report: &mut Report) {
        let Some(word) = given.first() else { return };
        let number = seconds(&word.value, 10_000, 255_000_000);
        if number.strict().is_none() {
            let message = "not a number of seconds from 0.01 to 255";
            report.problem(ProblemKind::BadNumber, word.place.clone(), message);
        }
        if let Some(value) = number.lenient() {
            self.advert_int = Some(Spanned {
                value,
                place: word.place,
            });
        }
    }

    fn set_source(&mut self, name: &'static str, given: Given<'_>, report: &mut Report) {
        let unicast = name == "unicast_src_ip";
        if unicast {
            self.unicast.get_or_insert_with(|| given.keyword_place());
        }
        let Some(found) = host(given, report) else {
            return;
        };
        self.hint(found.value, FamilySource::SourceAddress, &found.place);
        if unicast {
            self.unicast_src_ip = Some(found);
        } else {
            self.mcast_src_ip = Some(found);
        }
    }

    fn set_strict_mode(&mut self, given: Given<'_>, report: &mut Report) {
        let value = match given.rest.first() {
            None => Some(true),
            Some(word) => truth(&word.text),
        };
        let place = given.place();
        if let Some(value) = value {
            self.strict_mode = Some(Spanned { value, place });
        } else {
            let message = "neither true nor false: ignored";
            report.problem(ProblemKind::BadWord, place, message);
        }
    }
}

/// A number from `least` to 255 that must be all of the word.
fn strict_byte(
    given: Given<'_>,
    least: i64,
    message: &str,
    report: &mut Report,
) -> Option<Spanned<u8>> {
    let word = given.first()?;
    let number = integer(&word.value, least, 255).strict();
    let Some(value) = number.and_then(|n| u8::try_from(n).ok()) else {
        report.problem(ProblemKind::BadNumber, word.place, message);
        return None;
    };
    Some(Spanned {
        value,
        place: word.place,
    })
}

/// A number whose digits count even where something follows them.
pub(super) fn lenient<T: TryFrom<i64>>(
    given: Given<'_>,
    least: i64,
    most: i64,
    message: &str,
    report: &mut Report,
) -> Option<Spanned<T>> {
    let word = given.first()?;
    let number = integer(&word.value, least, most);
    if number.strict().is_none() {
        report.problem(ProblemKind::BadNumber, word.place.clone(), message);
    }
    let value = T::try_from(number.lenient()?).ok()?;
    Some(Spanned {
        value,
        place: word.place,
    })
}

fn host(given: Given<'_>, report: &mut Report) -> Option<Spanned<IpAddr>> {
    let word = given.first()?;
    if let Some(value) = host_address(&word.value) {
        return Some(Spanned {
            value,
            place: word.place,
        });
    }
    bad_address(word.place, report);
    None
}

fn bad_address(place: Place, report: &mut Report) {
    let message = "not an address: ignored";
    report.problem(ProblemKind::BadAddress, place, message);
}
