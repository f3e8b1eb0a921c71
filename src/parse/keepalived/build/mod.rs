//! From keywords to values (keepalived's keyword handlers).

mod address;
mod command;
mod globals;
mod instance;
mod route;
mod script;
mod track;

use super::keyword::{Block, Shape};
use super::mapped::Line;
use super::model::{
    Globals, Instance, NotifyKind, RawBlock, RealServer, Setting, SyncGroup, Text, TrackScript,
    Tracked, VirtualServer,
};
use super::number::{host_address, integer};
use super::problem::ProblemKind;
use super::report::Report;
use super::version::Dialect;
use super::words::Word;
use crate::text::{Place, Span};

/// Whether a block is read or skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Read,
    Refused,
}

/// What one process has understood so far.
pub(super) struct Builder {
    dialect: Dialect,
    pub(super) globals: Globals,
    pub(super) instances: Vec<Instance>,
    pub(super) groups: Vec<SyncGroup>,
    pub(super) scripts: Vec<TrackScript>,
    pub(super) servers: Vec<VirtualServer>,
    pub(super) static_blocks: Vec<RawBlock>,
    pub(super) settings: Vec<Setting>,
    values: Option<ValueBlock>,
}

/// The block of raw lines being read.
struct ValueBlock {
    block: Block,
    name: &'static str,
}

/// A keyword line on its way to its handler.
#[derive(Clone, Copy)]
struct Given<'a> {
    line: &'a Line,
    keyword: &'a Word,
    rest: &'a [Word],
}

impl Given<'_> {
    fn text(&self, word: &Word) -> Text {
        Text {
            value: word.text.clone(),
            place: self.line.file.place(word.span),
        }
    }

    fn first(&self) -> Option<Text> {
        self.rest.first().map(|word| self.text(word))
    }

    fn words(&self) -> Vec<Text> {
        self.rest.iter().map(|word| self.text(word)).collect()
    }

    /// From the keyword to the last word.
    fn place(&self) -> Place {
        let start = self.keyword.span;
        let end = self.rest.last().map_or(start, |word| word.span);
        self.line.file.place(start.to(end))
    }

    fn keyword_place(&self) -> Place {
        self.line.file.place(self.keyword.span)
    }

    fn setting(&self) -> Setting {
        Setting {
            keyword: self.text(self.keyword),
            words: self.words(),
        }
    }
}

impl Builder {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            globals: Globals::default(),
            instances: Vec::new(),
            groups: Vec::new(),
            scripts: Vec::new(),
            servers: Vec::new(),
            static_blocks: Vec::new(),
            settings: Vec::new(),
            values: None,
        }
    }

    /// The first instance or virtual server.
    pub(super) fn first_header(&self) -> Option<Place> {
        let instance = self.instances.first().map(|i| i.header.clone());
        instance.or_else(|| self.servers.first().map(|s| s.header.clone()))
    }

    /// A block with keywords begins; refused where its name is taken.
    pub(super) fn enter(
        &mut self,
        block: Block,
        name: &'static str,
        line: &Line,
        keyword: &Word,
        rest: &[Word],
        report: &mut Report,
    ) -> Taken {
        let given = Given {
            line,
            keyword,
            rest,
        };
        match block {
            Block::Instance => return self.enter_instance(given, report),
            Block::Group => return self.enter_group(given, report),
            Block::Script => self.enter_script(given),
            Block::Authentication => self.enter_authentication(given),
            Block::VirtualServer | Block::RealServer if self.is_bad_server(block, rest) => {
                let message = "not an address and port: the whole block is skipped";
                report.problem(ProblemKind::BadAddress, given.place(), message);
                return Taken::Refused;
            }
            Block::VirtualServer => self.servers.push(VirtualServer {
                header: given.place(),
                block: given.place(),
                words: given.words(),
                quorum_up: None,
                quorum_down: None,
                real_servers: Vec::new(),
            }),
            Block::RealServer => {
                if let Some(server) = self.servers.last_mut() {
                    server.real_servers.push(RealServer {
                        header: given.place(),
                        words: given.words(),
                        notify_up: None,
                        notify_down: None,
                        checks: Vec::new(),
                    });
                }
            }
            Block::Other if name.starts_with("vrrp_track") || name.starts_with("track") => {
                self.settings.push(given.setting());
            }
            _ => {}
        }
        Taken::Read
    }

    /// A block with keywords ends at `brace`.
    pub(super) fn leave(&mut self, block: Block, brace: &Place) {
        let place = match block {
            Block::Instance => self.instances.last_mut().map(|i| &mut i.block),
            Block::Group => self.groups.last_mut().map(|g| &mut g.block),
            Block::Script => self.scripts.last_mut().map(|s| &mut s.block),
            Block::VirtualServer => self.servers.last_mut().map(|s| &mut s.block),
            _ => None,
        };
        if let Some(place) = place
            && place.path() == brace.path()
            && place.span.start <= brace.span.start
        {
            place.span = place.span.to(brace.span);
        }
    }

    /// A keyword with its words.
    #[expect(clippy::too_many_arguments, reason = "one call, from one place")]
    pub(super) fn setting(
        &mut self,
        block: Block,
        name: &'static str,
        shape: Shape,
        line: &Line,
        keyword: &Word,
        rest: &[Word],
        report: &mut Report,
    ) {
        let given = Given {
            line,
            keyword,
            rest,
        };
        match block {
            Block::Root => self.settings.push(given.setting()),
            Block::Globals => self.global_setting(name, given, report),
            Block::Instance => self.instance_setting(name, given, report),
            Block::Group => self.group_setting(name, given, report),
            Block::Script => self.script_setting(name, given, report),
            Block::Authentication => self.authentication_setting(name, given, report),
            Block::VirtualServer | Block::RealServer | Block::MiscCheck => {
                if matches!(shape, Shape::Hook | Shape::Script) {
                    self.server_command(block, name, given, report);
                }
            }
            Block::Secrets | Block::Other => {}
        }
    }

    /// A block of raw lines begins.
    pub(super) fn begin_values(
        &mut self,
        block: Block,
        name: &'static str,
        line: &Line,
        keyword: &Word,
        report: &mut Report,
    ) -> Taken {
        let given = Given {
            line,
            keyword,
            rest: &[],
        };
        let kept = match (block, name) {
            (Block::Group, "group") => {
                let taken = self.groups.last().is_some_and(|g| !g.members.is_empty());
                if taken {
                    let message = "the group already has its members: this block is skipped";
                    report.problem(ProblemKind::DuplicateBlock, given.keyword_place(), message);
                    return Taken::Refused;
                }
                None
            }
            (Block::Instance, "unicast_peer") => {
                if let Some(instance) = self.instances.last_mut() {
                    instance
                        .unicast
                        .get_or_insert_with(|| given.keyword_place());
                }
                None
            }
            (Block::Instance, "track_bfd") => self.instances.last_mut().map(|i| &mut i.settings),
            (Block::Group, "track_bfd" | "track_file" | "track_process") => {
                self.groups.last_mut().map(|g| &mut g.settings)
            }
            (Block::Globals, _) => Some(&mut self.globals.settings),
            (Block::Root, _) => {
                self.static_blocks.push(RawBlock {
                    keyword: given.text(keyword),
                    lines: Vec::new(),
                });
                None
            }
            _ => None,
        };
        if let Some(settings) = kept {
            settings.push(given.setting());
        }
        self.values = Some(ValueBlock { block, name });
        Taken::Read
    }

    /// A line of the block of raw lines.
    pub(super) fn value(&mut self, line: &Line, words: &[Word], report: &mut Report) {
        let Some(ValueBlock { block, name }) = self.values else {
            return;
        };
        let Some((keyword, rest)) = words.split_first() else {
            return;
        };
        let given = Given {
            line,
            keyword,
            rest,
        };
        let all = || words.iter().map(|word| given.text(word));
        match (block, name) {
            (Block::Instance, _) => self.instance_value(name, given, report),
            (Block::Group, "group") => {
                if let Some(group) = self.groups.last_mut() {
                    group.members.extend(all());
                }
            }
            (Block::Group, "track_script" | "track_interface") => {
                if let Some(group) = self.groups.last_mut() {
                    let list = if name == "track_script" {
                        &mut group.track_scripts
                    } else {
                        &mut group.track_interfaces
                    };
                    list.push(tracked(given));
                    track::check(name, given, self.dialect, report);
                }
            }
            (Block::Group, _) => {
                let settings = self.groups.last_mut().map(|g| &mut g.settings);
                if let Some(last) = settings.and_then(|s| s.last_mut()) {
                    last.words.extend(all());
                }
            }
            (Block::Globals, _) => {
                if let Some(last) = self.globals.settings.last_mut() {
                    last.words.extend(all());
                }
            }
            (Block::Root, _) => {
                if name == "static_routes" && self.dialect.reports_routes() {
                    route::check(&line.file, words, report);
                }
                if let Some(last) = self.static_blocks.last_mut() {
                    last.lines.push(all().collect());
                }
            }
            _ => {}
        }
    }

    pub(super) fn end_values(&mut self) {
        self.values = None;
    }

    /// Whether the words behind `virtual_server` or `real_server` name nothing
    /// (keepalived `check_data.c`, `alloc_vs`, `alloc_rs`).
    fn is_bad_server(&self, block: Block, words: &[Word]) -> bool {
        let Some(first) = words.first().filter(|_| self.dialect.exec_hooks()) else {
            return false;
        };
        let second = words.get(1).map(|word| word.text.as_slice());
        let number = |least, most| second.and_then(|s| integer(s, least, most).lenient());
        match (block, first.text.as_slice()) {
            (Block::VirtualServer, b"group") => false,
            (Block::VirtualServer, b"fwmark") => number(0, i64::from(u32::MAX)).is_none(),
            (_, address) => {
                let zero = second.is_none_or(|s| s.iter().all(|b| *b == b'0'));
                host_address(address).is_none() || (!zero && number(1, 65535).is_none())
            }
        }
    }

    fn server_command(
        &mut self,
        block: Block,
        name: &'static str,
        given: Given<'_>,
        report: &mut Report,
    ) {
        let hook = block != Block::MiscCheck;
        let Some(command) = command::command(given, hook, self.dialect, report) else {
            return;
        };
        let Some(server) = self.servers.last_mut() else {
            return;
        };
        let slot = match (block, name) {
            (_, "quorum_up") => &mut server.quorum_up,
            (_, "quorum_down") => &mut server.quorum_down,
            _ => {
                let Some(real) = server.real_servers.last_mut() else {
                    return;
                };
                match name {
                    "notify_up" => &mut real.notify_up,
                    "notify_down" => &mut real.notify_down,
                    _ => {
                        real.checks.push(command);
                        return;
                    }
                }
            }
        };
        if slot.is_some() {
            let message = "this hook is already given: the second one is ignored";
            report.problem(ProblemKind::DuplicateNotify, given.place(), message);
        } else {
            *slot = Some(command);
        }
    }
}

fn tracked(given: Given<'_>) -> Tracked {
    Tracked {
        name: given.text(given.keyword),
        options: given.words(),
    }
}

fn notify_kind(name: &str) -> Option<NotifyKind> {
    Some(match name {
        "notify" => NotifyKind::Notify,
        "notify_master" => NotifyKind::Master,
        "notify_backup" => NotifyKind::Backup,
        "notify_fault" => NotifyKind::Fault,
        "notify_stop" => NotifyKind::Stop,
        "notify_deleted" => NotifyKind::Deleted,
        "notify_master_rx_lower_pri" => NotifyKind::MasterRxLowerPri,
        _ => return None,
    })
}

/// An empty span where a block without a name would have it.
fn after(span: Span) -> Span {
    Span::new(span.end, span.end)
}
