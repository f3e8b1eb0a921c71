//! GRUB's commands, as far as they decide what boots.

use std::sync::Arc;

use super::condition::{FileTest, Status, test};
use super::default::{Number, number};
use super::machine::{Body, End, Flow, Machine, MenuEntry};
use super::options::Options;
use super::value::{is_open, shown};
use crate::boot::{ProblemKind, Prompt, Root, RootSpec};
use crate::fact::{Doubt, Fact, Unknown};
use crate::parse::grub::GrubEnv;
use crate::parse::grub::ast::Simple;
use crate::text::{File, Place};

/// Entries in one menu.
const ENTRIES: usize = 1000;

/// Commands that change nothing about what boots; taken as successful. Where they
/// fail (a font, a module, a terminal that is not there), only the screen differs.
const NEUTRAL: [&[u8]; 66] = [
    b"insmod",
    b"rmmod",
    b"echo",
    b"loadfont",
    b"terminal_input",
    b"terminal_output",
    b"terminal",
    b"terminfo",
    b"serial",
    b"background_image",
    b"background_color",
    b"clear",
    b"save_env",
    b"list_env",
    b"sleep",
    b"play",
    b"keymap",
    b"gettext",
    b"ls",
    b"cat",
    b"help",
    b"lsmod",
    b"lspci",
    b"videoinfo",
    b"vbeinfo",
    b"badram",
    b"cutmem",
    b"acpi",
    b"drivemap",
    b"parttool",
    b"gptsync",
    b"trust",
    b"distrust",
    b"list_trusted",
    b"password",
    b"password_pbkdf2",
    b"nativedisk",
    b"efiemu_loadcore",
    b"module",
    b"module2",
    b"usb",
    b"outb",
    b"outw",
    b"outl",
    b"write_byte",
    b"write_word",
    b"write_dword",
    b"wrmsr",
    b"date",
    b"zfs-bootfs",
    b"zfskey",
    b"915resolution",
    b"sendkey",
    b"setpci",
    b"lsefi",
    b"lsefisystab",
    b"lssal",
    b"loadbios",
    b"fakebios",
    b"fix_video",
    b"bli",
    b"shim_lock",
    b"lsfonts",
    b"crc",
    b"cmosset",
    b"devicetree_fixup",
];

/// Commands whose success only the machine knows.
const UNKNOWABLE: [&[u8]; 36] = [
    b"cpuid",
    b"hwmatch",
    b"cmp",
    b"probe",
    b"smbios",
    b"loopback",
    b"net_bootp",
    b"net_bootp6",
    b"net_dhcp",
    b"net_add_addr",
    b"net_add_dns",
    b"net_add_route",
    b"net_del_addr",
    b"net_del_dns",
    b"net_del_route",
    b"net_get_dhcp_option",
    b"net_ipv6_autoconf",
    b"net_ls_addr",
    b"net_ls_cards",
    b"net_ls_dns",
    b"net_ls_routes",
    b"net_nslookup",
    b"regexp",
    b"file",
    b"verify_detached",
    b"hashsum",
    b"md5sum",
    b"sha1sum",
    b"sha256sum",
    b"sha512sum",
    b"inb",
    b"inw",
    b"inl",
    b"rdmsr",
    b"cmostest",
    b"getenv",
];

impl Machine<'_> {
    /// Runs a command GRUB has; `None` where it has none of that name.
    pub(super) fn builtin(
        &mut self,
        simple: &Simple,
        name: &[u8],
        rest: &[Vec<u8>],
        place: &Place,
    ) -> Option<Flow> {
        let done = |ok: bool| Some(Flow::Next(Status::Known(ok)));
        match name {
            b"set" => {
                let Some(first) = rest.first() else {
                    return done(true);
                };
                let Some(equals) = first.iter().position(|b| *b == b'=') else {
                    return done(false);
                };
                let (variable, value) = first.split_at(equals);
                self.assign(simple, variable, value.get(1..).unwrap_or(&[]), place);
                done(true)
            }
            b"unset" => {
                if let Some(variable) = rest.first() {
                    self.context.variables.remove(variable);
                }
                done(!rest.is_empty())
            }
            b"export" => {
                for variable in rest {
                    self.export(variable);
                }
                done(!rest.is_empty())
            }
            b"true" => done(true),
            b"false" => done(false),
            b"[" | b"test" => {
                let machine = &*self;
                let files = |what, name: &[u8]| machine.file_test(what, name);
                Some(Flow::Next(test(rest, files)))
            }
            b"break" | b"continue" => Some(Flow::Leave {
                loops: count(rest).max(1),
                again: name == b"continue",
            }),
            b"return" => match rest.first() {
                _ if !self.in_function() => done(false),
                None => {
                    let last = self.get(b"?").map(|v| v.value.clone());
                    let ok = last.is_none_or(|value| value == b"0");
                    Some(Flow::Return(Status::Known(ok)))
                }
                Some(_) => Some(Flow::Return(Status::Known(count(rest) == 0))),
            },
            b"shift" => {
                let by = if rest.is_empty() { 1 } else { count(rest) };
                let ok = self.shift(usize::try_from(by).unwrap_or(usize::MAX));
                done(ok)
            }
            b"setparams" => {
                let ok = self.set_arguments(rest);
                done(ok)
            }
            b"menuentry" | b"submenu" => Some(self.menu_entry(simple, name, rest, place)),
            b"load_env" => Some(self.load_env(rest, place)),
            b"search" | b"search.file" | b"search.fs_uuid" | b"search.fs_label" => {
                Some(self.search(name, rest, place))
            }
            b"source" | b"." => Some(self.source(rest, place)),
            b"configfile" | b"normal" => Some(self.configfile(name, rest, place)),
            b"blscfg" | b"bls_import" if self.is_red_hat() => Some(self.blscfg(rest, place)),
            b"increment" | b"decrement" if self.is_red_hat() => {
                self.step_number(simple, name == b"increment", rest, place);
                done(true)
            }
            b"boot" => {
                if self.loaded.loader.is_none() {
                    return done(false);
                }
                self.end = Some(End::Boot(place.clone()));
                Some(Flow::Stop)
            }
            b"exit" | b"normal_exit" | b"fwsetup" => {
                self.end = Some(End::Firmware(place.clone()));
                Some(Flow::Stop)
            }
            b"reboot" | b"halt" => {
                self.end = Some(End::PowerOff(place.clone()));
                Some(Flow::Stop)
            }
            b"read" => {
                let why = "read waits for a line to be typed".to_owned();
                let place = Some(place.clone());
                self.end = Some(End::Prompt(Prompt { why, place }));
                Some(Flow::Stop)
            }
            b"authenticate" if self.get(b"superusers").is_some() => {
                let why = "authenticate asks for a user name and a password".to_owned();
                let place = Some(place.clone());
                self.end = Some(End::Prompt(Prompt { why, place }));
                Some(Flow::Stop)
            }
            b"authenticate" => done(true),
            b"cryptomount" => {
                let message = "cryptomount asks for the passphrase of a volume that is not open \
                     yet and waits for it";
                self.problem(ProblemKind::Passphrase, place.clone(), message);
                done(true)
            }
            // Nobody holds a key down.
            b"keystatus" => done(false),
            b"eval"
            | b"legacy_configfile"
            | b"legacy_source"
            | b"syslinux_configfile"
            | b"syslinux_source"
            | b"extract_entries_source"
            | b"extract_entries_configfile"
            | b"extract_legacy_entries_source"
            | b"extract_legacy_entries_configfile"
            | b"extract_syslinux_entries_source"
            | b"extract_syslinux_entries_configfile" => {
                let doubt = format!("what {} brings in is not followed", shown(name));
                self.open
                    .push(Unknown::at(place.clone(), Doubt::CannotModel(doubt)));
                done(true)
            }
            _ if NEUTRAL.contains(&name) => done(true),
            _ if UNKNOWABLE.contains(&name) => {
                self.set_unknown(rest, place);
                let text: Vec<String> = rest.iter().map(|word| shown(word)).collect();
                let question = format!("whether {} {} succeeds", shown(name), text.join(" "));
                Some(Flow::Next(Status::Open(question)))
            }
            _ => self.loading(name, rest, place).map(Flow::Next),
        }
    }

    /// Variables a command fills with what it finds on the machine.
    fn set_unknown(&mut self, rest: &[Vec<u8>], place: &Place) {
        let mut words = rest.iter();
        while let Some(word) = words.next() {
            let name = match word.strip_prefix(b"--set=") {
                Some(name) => Some(name.to_vec()),
                None if word == b"--set" || word == b"-s" => words.next().cloned(),
                None => None,
            };
            let Some(name) = name else { continue };
            // regexp writes NUMBER:NAME.
            let after = name.iter().position(|b| *b == b':').map_or(0, |at| at + 1);
            let value = self.unknown_part();
            let name = name.get(after..).unwrap_or(&[]).to_vec();
            self.set(&name, value, vec![place.clone()]);
        }
    }

    fn step_number(&mut self, simple: &Simple, up: bool, rest: &[Vec<u8>], place: &Place) {
        let Some(name) = rest.first() else { return };
        let value = self.value_or_empty(name);
        let value = if is_open(&value) {
            value
        } else {
            let old = match number(&value) {
                Number::Value(value, _) => super::default::to_int(value),
                _ => 0,
            };
            let new = if up { old + 1 } else { (old - 1).max(0) };
            new.to_string().into_bytes()
        };
        self.assign(simple, name, &value, place);
    }

    /// A file test, on the environment block too.
    fn file_test(&self, what: FileTest, name: &[u8]) -> Status {
        let open = || Status::Open(format!("whether {} is there", shown(name)));
        let (root, path) = self.locate(name);
        if let Some(env) = self.env
            && root.spec == RootSpec::Loader
            && path == self.facts.prefix.join("grubenv")
        {
            return match what {
                FileTest::Directory => Status::Known(false),
                FileTest::Exists | FileTest::Regular => Status::Known(true),
                FileTest::NotEmpty => Status::Known(!env.file.bytes().is_empty()),
            };
        }
        if !path.is_absolute() || path.as_os_str().as_encoded_bytes().contains(&0) {
            return open();
        }
        match what {
            FileTest::Exists => match self.files.exists(&root.spec, &path) {
                Fact::Known(there) => Status::Known(there),
                Fact::Absent(_) => Status::Known(false),
                _ => open(),
            },
            FileTest::Directory | FileTest::Regular => {
                let listed = self.files.list(&root.spec, &path);
                let there = self.files.exists(&root.spec, &path);
                match (there, listed) {
                    (Fact::Absent(_) | Fact::Known(false), _) => Status::Known(false),
                    (Fact::Known(true), Fact::Known(_)) => {
                        Status::Known(what == FileTest::Directory)
                    }
                    (Fact::Known(true), Fact::Absent(_) | Fact::Broken(_)) => {
                        Status::Known(what == FileTest::Regular)
                    }
                    _ => open(),
                }
            }
            FileTest::NotEmpty => match self.files.file(&root.spec, &path) {
                Fact::Known(file) => Status::Known(!file.bytes().is_empty()),
                Fact::Absent(_) => Status::Known(false),
                _ => open(),
            },
        }
    }

    /// `grub-core/commands/menuentry.c`.
    fn menu_entry(
        &mut self,
        simple: &Simple,
        name: &[u8],
        rest: &[Vec<u8>],
        place: &Place,
    ) -> Flow {
        let with_value = ["class", "users", "hotkey", "source", "id"];
        let Some(options) = Options::parse(rest, &with_value, &["unrestricted"], true) else {
            self.problem(
                ProblemKind::Syntax,
                place.clone(),
                "an option without its argument: GRUB drops the entry",
            );
            return Flow::Next(Status::Known(false));
        };
        let source = options.get("source");
        let body = match (&simple.block, source) {
            (Some(block), None) => Body::Block(Arc::clone(&self.file), Arc::clone(block)),
            (None, Some(_)) => Body::Source,
            _ => {
                let message = "no body in braces on the line: GRUB drops the entry";
                self.problem(ProblemKind::Syntax, place.clone(), message);
                return Flow::Next(Status::Known(false));
            }
        };
        let Some(title) = options.arguments.first() else {
            let message = "an entry without a title: GRUB drops it";
            self.problem(ProblemKind::Syntax, place.clone(), message);
            return Flow::Next(Status::Known(false));
        };
        let users = match options.get("users") {
            Some(users) => Some(users.to_vec()),
            None if options.has("unrestricted") => None,
            None => Some(Vec::new()),
        };
        let entry = MenuEntry {
            title: title.clone(),
            id: options
                .get("id")
                .map_or_else(|| title.clone(), <[u8]>::to_vec),
            users,
            arguments: options.arguments.clone(),
            body,
            submenu: name == b"submenu",
            place: place.clone(),
        };
        self.add_entry(entry);
        Flow::Next(Status::Known(true))
    }

    pub(super) fn add_entry(&mut self, entry: MenuEntry) {
        if self.context.menu.len() >= ENTRIES {
            self.lose(format!("more than {ENTRIES} entries in one menu"));
            return;
        }
        let menu = &self.context.menu;
        let known = menu
            .iter()
            .find(|e| e.id == entry.id && e.place != entry.place);
        if known.is_some() {
            let message = format!(
                "an earlier entry has the id {} too: by name, GRUB finds only that one",
                shown(&entry.id)
            );
            self.problem(ProblemKind::DuplicateId, entry.place.clone(), message);
        }
        self.context.menu.push(Arc::new(entry));
    }

    /// `grub-core/commands/loadenv.c`.
    fn load_env(&mut self, rest: &[Vec<u8>], place: &Place) -> Flow {
        let short = [("f", "file"), ("s", "skip-sig")];
        let words = Options::long(rest, &short);
        let Some(options) = Options::parse(&words, &["file"], &["skip-sig"], false) else {
            return Flow::Next(Status::Known(false));
        };
        let default = self.facts.prefix.join("grubenv");
        let (root, path) = match options.get("file") {
            Some(file) => self.locate(file),
            None => {
                let prefix = self.value_or_empty(b"prefix");
                self.locate(&[prefix, b"/grubenv".to_vec()].concat())
            }
        };
        let env = match self.env {
            Some(env) if root.spec == RootSpec::Loader && path == default => env.clone(),
            _ => match self.files.file(&root.spec, &path) {
                Fact::Known(file) => GrubEnv::parse(&file),
                Fact::Absent(_) => return Flow::Next(Status::Known(false)),
                Fact::Broken(fault) => {
                    self.open.push(fault.into());
                    return Flow::Next(Status::Open(format!("whether {} is read", path.display())));
                }
                Fact::Unknown(unknown) => {
                    self.open.push(unknown);
                    return Flow::Next(Status::Open(format!("whether {} is read", path.display())));
                }
                Fact::NotCovered(why) => {
                    let doubt = Doubt::CannotModel(format!("{}: {why}", path.display()));
                    self.open.push(Unknown::at(place.clone(), doubt));
                    return Flow::Next(Status::Open(format!("whether {} is read", path.display())));
                }
            },
        };
        for problem in &env.problems {
            let first = env.file.place(env.file.line_span(1));
            self.problem(ProblemKind::EnvBlock, first, problem.message());
        }
        if !env.is_readable() {
            return Flow::Next(Status::Known(false));
        }
        for variable in &env.variables {
            let wanted = &options.arguments;
            if wanted.is_empty() || wanted.contains(&variable.name) {
                let from = vec![variable.place.clone()];
                self.set(&variable.name, variable.value.clone(), from);
            }
        }
        Flow::Next(Status::Known(true))
    }

    /// `grub-core/commands/search_wrap.c`.
    fn search(&mut self, name: &[u8], rest: &[Vec<u8>], place: &Place) -> Flow {
        let (kind, id, variable) = if name == b"search" {
            let short = [
                ("f", "file"),
                ("l", "label"),
                ("u", "fs-uuid"),
                ("s", "set"),
                ("n", "no-floppy"),
                ("h", "hint"),
            ];
            let words = Options::long(rest, &short);
            let flags = ["file", "label", "fs-uuid", "no-floppy"];
            let hints = [
                "hint",
                "hint-ieee1275",
                "hint-bios",
                "hint-baremetal",
                "hint-efi",
                "hint-arc",
            ];
            let Some(options) = Options::parse_optional(&words, &hints, &flags, &["set"]) else {
                return Flow::Next(Status::Known(false));
            };
            let kind = if options.has("label") {
                "label"
            } else if options.has("fs-uuid") {
                "fs-uuid"
            } else if options.has("file") {
                "file"
            } else {
                return Flow::Next(Status::Known(false));
            };
            let first = options
                .arguments
                .iter()
                .find(|word| !word.starts_with(b"--hint-"));
            let target = options.get("set");
            match (first, target) {
                (Some(id), target) if options.has("set") => {
                    let variable = target.map_or_else(|| b"root".to_vec(), <[u8]>::to_vec);
                    (kind, id.clone(), Some(variable))
                }
                (Some(id), _) => (kind, id.clone(), None),
                (None, Some(id)) => (kind, id.to_vec(), Some(b"root".to_vec())),
                (None, None) => return Flow::Next(Status::Known(false)),
            }
        } else {
            let kind = match name {
                b"search.file" => "file",
                b"search.fs_label" => "label",
                _ => "fs-uuid",
            };
            let Some(id) = rest.first() else {
                return Flow::Next(Status::Known(false));
            };
            (kind, id.clone(), rest.get(1).cloned())
        };
        let spec = match kind {
            _ if is_open(&id) => RootSpec::Open,
            "label" => RootSpec::Label(id.clone()),
            "fs-uuid" => RootSpec::Uuid(id.clone()),
            _ => RootSpec::Holding(id.clone()),
        };
        // A script that asks whether the search succeeds has a plan for both.
        let question = format!("whether a file system with {kind} {} is there", shown(&id));
        if self.asking > 0 && !self.decisions.ask(&question, place, true) {
            return Flow::Next(Status::Known(false));
        }
        if let Some(variable) = variable {
            let before = self.locate(b"/").0.spec;
            let otherwise = (variable == b"root" && before != spec).then_some(before);
            let root = Root {
                spec,
                otherwise,
                place: Some(place.clone()),
            };
            let value = self.mark_root(root);
            self.set(&variable, value, vec![place.clone()]);
        }
        Flow::Next(Status::Known(true))
    }

    /// A file to run; nothing where it is not there or not known.
    fn included(&mut self, name: &[u8], place: &Place) -> Option<Arc<File>> {
        let (root, path) = self.locate(name);
        match self.files.file(&root.spec, &path) {
            Fact::Known(file) => return Some(file),
            Fact::Absent(_) => {
                let message = format!("{} is not there: GRUB goes on without it", shown(name));
                self.problem(ProblemKind::FileMissing, place.clone(), message);
            }
            Fact::Broken(fault) => self.open.push(Unknown::from(fault)),
            Fact::Unknown(unknown) => self.open.push(unknown),
            Fact::NotCovered(why) => {
                let doubt = Doubt::CannotModel(format!("{}: {why}", shown(name)));
                self.open.push(Unknown::at(place.clone(), doubt));
            }
        }
        None
    }

    /// Remembers the directory of the file that is read.
    fn enter_file(&mut self, name: &[u8]) {
        let slash = name.iter().rposition(|b| *b == b'/').unwrap_or(0);
        let mut dir = name.get(..slash).unwrap_or(&[]).to_vec();
        if !dir.starts_with(b"(") {
            let root = self.value_or_empty(b"root");
            dir = [b"(".to_vec(), root, b")".to_vec(), dir].concat();
        }
        self.set(b"config_directory", dir, Vec::new());
        self.export(b"config_directory");
    }

    fn source(&mut self, rest: &[Vec<u8>], place: &Place) -> Flow {
        let [name] = rest else {
            return Flow::Next(Status::Known(false));
        };
        if let Some(file) = self.included(name, place) {
            let before = self.value_or_empty(b"config_directory");
            self.enter_file(name);
            self.run_file(&file);
            self.set(b"config_directory", before, Vec::new());
        }
        self.after_file()
    }

    fn after_file(&self) -> Flow {
        if self.end.is_some() {
            Flow::Stop
        } else {
            Flow::Next(Status::Known(true))
        }
    }

    /// Another configuration with a menu of its own; where that has entries, it is
    /// shown and this one does not go on.
    fn configfile(&mut self, command: &[u8], rest: &[Vec<u8>], place: &Place) -> Flow {
        let name = match rest {
            [name] => name.clone(),
            [] if command == b"normal" => {
                let prefix = self.value_or_empty(b"prefix");
                [prefix, b"/grub.cfg".to_vec()].concat()
            }
            _ => return Flow::Next(Status::Known(false)),
        };
        let Some(file) = self.included(&name, place) else {
            return Flow::Next(Status::Known(true));
        };
        self.open_context();
        self.enter_file(&name);
        self.run_file(&file);
        if self.end.is_none() {
            if self.context.menu.is_empty() {
                self.close_context();
            } else {
                self.end = Some(End::Menu);
            }
        }
        self.after_file()
    }
}

/// The number a command was given; 0 where there is none.
fn count(rest: &[Vec<u8>]) -> u64 {
    match rest.first().map(|word| number(word)) {
        Some(Number::Value(value, _)) => value,
        _ => 0,
    }
}
