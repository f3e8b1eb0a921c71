//! The interpreter: what a script sets and defines (GRUB 2.06
//! `grub-core/script/execute.c`).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::condition::{NOT, Status};
use super::decision::Decisions;
use super::value::{self, Lookup, Variable, expand};
use super::{Dialect, GrubFacts, Platform};
use crate::boot::CommandLine;
use crate::boot::{BootFiles, Loader, Problem, ProblemKind, Prompt, Root, Written};
use crate::fact::{Doubt, Unknown};
use crate::parse::grub::ast::{Command, Simple, Statement};
use crate::parse::grub::{self as syntax, GrubEnv};
use crate::text::{File, Place, Span};

/// Commands run in one evaluation.
const STEPS: usize = 100_000;
/// Commands and functions inside each other, as in GRUB.
const DEPTH: usize = 100;
/// Files read from files.
const INCLUDES: usize = 16;
/// Variables in one context.
const VARIABLES: usize = 2000;

/// Where an evaluation stands still.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// A menu is shown: that of the innermost context.
    Menu,
    /// `boot`: what is loaded starts.
    Boot(Place),
    /// Somebody has to press keys.
    Prompt(Prompt),
    /// Control goes back to the firmware.
    Firmware(Place),
    /// The machine goes off or restarts.
    PowerOff(Place),
    /// It could not be followed further.
    Lost(Unknown),
}

/// How a command ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// On to the next.
    Next(Status),
    /// `break` or `continue` so many loops up.
    Leave { loops: u64, again: bool },
    /// `return`.
    Return(Status),
    /// The evaluation has ended.
    Stop,
}

/// An entry before it is run.
#[derive(Clone, Debug)]
pub(super) struct MenuEntry {
    pub(super) title: Vec<u8>,
    pub(super) id: Vec<u8>,
    /// `None`: anyone may start it.
    pub(super) users: Option<Vec<u8>>,
    pub(super) arguments: Vec<Vec<u8>>,
    pub(super) body: Body,
    pub(super) submenu: bool,
    pub(super) place: Place,
}

/// What an entry does.
#[derive(Clone, Debug)]
pub(super) enum Body {
    /// Commands of a file.
    Block(Arc<File>, Arc<Vec<Command>>),
    /// A boot loader entry file.
    Entry(Box<Loaded>),
    /// A string that is read as commands.
    Source,
}

/// What has been loaded so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Loaded {
    pub(super) loader: Option<Loader>,
    pub(super) kernel: Option<Written>,
    pub(super) initrds: Vec<Written>,
    pub(super) cmdline: Option<CommandLine>,
    pub(super) devicetree: Option<Written>,
}

/// Variables and the menu that goes with them.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    pub(super) variables: BTreeMap<Vec<u8>, Variable>,
    pub(super) menu: Vec<Arc<MenuEntry>>,
}

type Functions = BTreeMap<Vec<u8>, (Arc<File>, Arc<Vec<Command>>)>;

/// The state of an evaluation.
#[derive(Clone)]
pub(super) struct Machine<'a> {
    pub(super) files: &'a dyn BootFiles,
    pub(super) facts: &'a GrubFacts,
    pub(super) env: Option<&'a GrubEnv>,
    pub(super) file: Arc<File>,
    pub(super) context: Context,
    outer: Vec<Context>,
    pub(super) functions: Functions,
    scopes: Vec<Vec<Vec<u8>>>,
    /// File systems and other things only the machine knows, by mark.
    pub(super) roots: Vec<Root>,
    pub(super) loaded: Loaded,
    pub(super) decisions: Decisions,
    pub(super) end: Option<End>,
    pub(super) steps: usize,
    depth: usize,
    includes: usize,
    /// How many conditions are being evaluated.
    pub(super) asking: usize,
    pub(super) problems: Vec<Problem>,
    pub(super) open: Vec<Unknown>,
}

impl Lookup for Machine<'_> {
    fn variable(&self, name: &[u8]) -> Option<&[u8]> {
        self.get(name).map(|variable| variable.value.as_slice())
    }

    fn arguments(&self) -> Option<&[Vec<u8>]> {
        self.scopes.last().map(Vec::as_slice)
    }
}

impl<'a> Machine<'a> {
    pub(super) fn new(
        main: &Arc<File>,
        env: Option<&'a GrubEnv>,
        files: &'a dyn BootFiles,
        facts: &'a GrubFacts,
        decisions: Decisions,
    ) -> Self {
        let mut machine = Self {
            files,
            facts,
            env,
            file: Arc::clone(main),
            context: Context::default(),
            outer: Vec::new(),
            functions: BTreeMap::new(),
            scopes: Vec::new(),
            roots: vec![Root::loader()],
            loaded: Loaded::default(),
            decisions,
            end: None,
            steps: 0,
            depth: 0,
            includes: 0,
            asking: 0,
            problems: Vec::new(),
            open: Vec::new(),
        };
        machine.initial_variables();
        machine
    }

    /// What GRUB itself sets before it reads its configuration
    /// (`grub-core/normal/main.c`, `kern/main.c`).
    fn initial_variables(&mut self) {
        const FEATURES: [&str; 10] = [
            "chainloader_bpb",
            "ntldr",
            "platform_search_hint",
            "default_font_path",
            "all_video_module",
            "menuentry_id",
            "menuentry_options",
            "200_final",
            "nativedisk_cmd",
            "timeout_style",
        ];
        use std::os::unix::ffi::OsStrExt as _;
        let device = value::mark(0);
        let mut prefix = b"(".to_vec();
        prefix.extend(&device);
        prefix.push(b')');
        prefix.extend(self.facts.prefix.as_os_str().as_bytes());
        let unknown = self.unknown_part();
        let mut initial: Vec<(Vec<u8>, Vec<u8>)> = FEATURES
            .iter()
            .map(|name| (format!("feature_{name}").into_bytes(), b"y".to_vec()))
            .collect();
        initial.push((b"root".to_vec(), device));
        initial.push((b"config_directory".to_vec(), prefix.clone()));
        initial.push((b"prefix".to_vec(), prefix));
        initial.push((b"grub_cpu".to_vec(), unknown.clone()));
        initial.push((b"cmdpath".to_vec(), unknown));
        for (name, value) in initial {
            self.set(&name, value, Vec::new());
            self.export(&name);
        }
        if let Some(platform) = self.facts.platform {
            self.set(b"grub_platform", platform.name().to_vec(), Vec::new());
            self.export(b"grub_platform");
        }
    }

    /// A variable's text; GRUB reads one that is not set as empty.
    pub(super) fn value_or_empty(&self, name: &[u8]) -> Vec<u8> {
        self.get(name).map_or_else(Vec::new, |v| v.value.clone())
    }

    /// A variable's value.
    pub(super) fn get(&self, name: &[u8]) -> Option<&Variable> {
        self.context.variables.get(name)
    }

    pub(super) fn set(&mut self, name: &[u8], value: Vec<u8>, from: Vec<Place>) {
        let context = &mut self.context;
        if let Some(variable) = context.variables.get_mut(name) {
            variable.value = value;
            variable.from = from;
        } else if context.variables.len() < VARIABLES {
            let exported = false;
            let variable = Variable {
                value,
                from,
                exported,
            };
            context.variables.insert(name.to_vec(), variable);
        } else {
            self.lose(format!("more than {VARIABLES} variables"));
        }
    }

    pub(super) fn export(&mut self, name: &[u8]) {
        if self.get(name).is_none() {
            self.set(name, Vec::new(), Vec::new());
        }
        if let Some(variable) = self.context.variables.get_mut(name) {
            variable.exported = true;
        }
    }

    /// A context of its own, with the exported variables only.
    pub(super) fn open_context(&mut self) {
        let mut context = Context::default();
        for (name, variable) in &self.context.variables {
            if variable.exported {
                context.variables.insert(name.clone(), variable.clone());
            }
        }
        let outer = std::mem::replace(&mut self.context, context);
        self.outer.push(outer);
    }

    /// Back to the context around this one.
    pub(super) fn close_context(&mut self) {
        if let Some(outer) = self.outer.pop() {
            self.context = outer;
        }
    }

    /// A new mark for something only the machine knows.
    pub(super) fn unknown_part(&mut self) -> Vec<u8> {
        self.mark_root(Root {
            spec: crate::boot::RootSpec::Open,
            otherwise: None,
            place: None,
        })
    }

    pub(super) fn mark_root(&mut self, root: Root) -> Vec<u8> {
        let known = self.roots.iter().position(|r| *r == root);
        let index = known.unwrap_or(self.roots.len());
        if known.is_none() {
            self.roots.push(root);
        }
        value::mark(index)
    }

    pub(super) fn problem(&mut self, kind: ProblemKind, place: Place, message: impl Into<String>) {
        let message = message.into();
        let problem = Problem {
            kind,
            place,
            message,
        };
        if !self.problems.contains(&problem) && self.problems.len() < 1000 {
            self.problems.push(problem);
        }
    }

    /// Ends the evaluation: it cannot be followed.
    pub(super) fn lose(&mut self, limit: String) {
        let place = self.file.place(Span::new(0, 0));
        self.end = Some(End::Lost(Unknown::at(place, Doubt::Limit(limit))));
    }

    /// The answer to a status; an open one is decided for this evaluation.
    pub(super) fn decide(&mut self, status: Status, place: &Place, likely: bool) -> bool {
        match status {
            Status::Known(value) => value,
            Status::Open(question) => match question.strip_prefix(NOT) {
                Some(inner) => !self.decisions.ask(inner, place, !likely),
                None => self.decisions.ask(&question, place, likely),
            },
        }
    }

    /// Reads and runs a file's statements in the current context.
    pub(super) fn run_file(&mut self, file: &Arc<File>) {
        if self.includes >= INCLUDES {
            self.lose(format!(
                "files include each other more than {INCLUDES} deep"
            ));
            return;
        }
        self.includes += 1;
        let before = std::mem::replace(&mut self.file, Arc::clone(file));
        let script = syntax::parse(file);
        for problem in &script.problems {
            let truncated = matches!(
                problem.fault,
                syntax::Fault::EndOfFile | syntax::Fault::OpenQuote
            );
            let kind = if truncated {
                ProblemKind::Truncated
            } else {
                ProblemKind::Syntax
            };
            let span = if truncated { problem.span } else { problem.at };
            self.problem(kind, file.place(span), problem.fault.message());
        }
        for statement in &script.statements {
            match statement {
                Statement::Run(command) => {
                    self.command(command);
                }
                Statement::Function { name, body } => {
                    let function = (Arc::clone(file), Arc::clone(body));
                    self.functions.insert(name.clone(), function);
                }
            }
            if self.end.is_some() {
                break;
            }
        }
        self.file = before;
        self.includes -= 1;
    }

    /// Runs an entry's commands with its arguments.
    pub(super) fn run_body(&mut self, file: &Arc<File>, body: &[Command], args: Vec<Vec<u8>>) {
        let before = std::mem::replace(&mut self.file, Arc::clone(file));
        self.scopes.push(args);
        self.list(body);
        self.scopes.pop();
        self.file = before;
    }

    pub(super) fn list(&mut self, commands: &[Command]) -> Flow {
        let mut status = Status::Known(true);
        for command in commands {
            match self.command(command) {
                Flow::Next(next) => status = next,
                flow => return flow,
            }
        }
        Flow::Next(status)
    }

    fn command(&mut self, command: &Command) -> Flow {
        if self.end.is_some() {
            return Flow::Stop;
        }
        if self.depth >= DEPTH {
            return Flow::Next(Status::Known(false));
        }
        self.depth += 1;
        let flow = match command {
            Command::Simple(simple) => self.simple(simple),
            Command::If { arms, otherwise } => self.conditional(arms, otherwise),
            Command::For { name, words, body } => self.for_loop(name, words, body),
            Command::While {
                condition,
                body,
                until,
                span,
            } => self.while_loop(condition, body, *until, *span),
        };
        self.depth -= 1;
        if let Flow::Next(status) = &flow {
            let value = match status {
                Status::Known(true) => b"0".to_vec(),
                Status::Known(false) => b"1".to_vec(),
                Status::Open(_) => self.unknown_part(),
            };
            self.set(b"?", value, Vec::new());
        }
        if self.end.is_some() { Flow::Stop } else { flow }
    }

    fn conditional(
        &mut self,
        arms: &[crate::parse::grub::ast::Arm],
        otherwise: &[Command],
    ) -> Flow {
        for arm in arms {
            self.asking += 1;
            let flow = self.list(&arm.condition);
            self.asking -= 1;
            let status = match flow {
                Flow::Next(status) => status,
                flow => return flow,
            };
            let place = self.place_of(&arm.condition);
            if self.decide(status, &place, true) {
                return self.list(&arm.body);
            }
        }
        self.list(otherwise)
    }

    fn place_of(&self, commands: &[Command]) -> Place {
        let span = match commands.last() {
            Some(Command::Simple(simple)) => simple.span,
            Some(Command::While { span, .. }) => *span,
            _ => Span::new(0, 0),
        };
        self.file.place(span)
    }

    fn for_loop(
        &mut self,
        name: &[u8],
        words: &[crate::parse::grub::ast::Word],
        body: &[Command],
    ) -> Flow {
        let Some(values) = expand(words, self) else {
            self.lose("a word longer than 64 KiB".into());
            return Flow::Stop;
        };
        let mut status = Status::Known(true);
        for value in values {
            self.set(name, value, Vec::new());
            match self.list(body) {
                Flow::Next(next) => status = next,
                Flow::Leave {
                    loops: 1,
                    again: true,
                } => {}
                Flow::Leave { loops: 1, .. } => break,
                Flow::Leave { loops, again } => {
                    let loops = loops.saturating_sub(1);
                    return Flow::Leave { loops, again };
                }
                flow => return flow,
            }
        }
        Flow::Next(status)
    }

    fn while_loop(
        &mut self,
        condition: &[Command],
        body: &[Command],
        until: bool,
        span: Span,
    ) -> Flow {
        loop {
            self.asking += 1;
            let flow = self.list(condition);
            self.asking -= 1;
            match flow {
                Flow::Next(Status::Known(value)) if value == until => break,
                Flow::Next(Status::Known(_)) => {}
                Flow::Next(Status::Open(question)) => {
                    let question = question.trim_start_matches(NOT);
                    let doubt = Doubt::CannotModel(format!(
                        "{question} decides how often this loop runs; taken as never again"
                    ));
                    self.open.push(Unknown::at(self.file.place(span), doubt));
                    break;
                }
                flow => return flow,
            }
            match self.list(body) {
                Flow::Next(_)
                | Flow::Leave {
                    loops: 1,
                    again: true,
                } => {}
                Flow::Leave { loops: 1, .. } => break,
                Flow::Leave { loops, again } => {
                    let loops = loops.saturating_sub(1);
                    return Flow::Leave { loops, again };
                }
                flow => return flow,
            }
        }
        Flow::Next(Status::Known(true))
    }

    fn simple(&mut self, simple: &Simple) -> Flow {
        self.steps += 1;
        if self.steps > STEPS {
            self.lose(format!("more than {STEPS} commands"));
            return Flow::Stop;
        }
        self.answer_platform(simple);
        let Some(arguments) = expand(&simple.words, self) else {
            self.lose("a word longer than 64 KiB".into());
            return Flow::Stop;
        };
        let place = self.file.place(simple.span);
        let Some((name, rest)) = arguments.split_first() else {
            return Flow::Next(Status::Known(true));
        };
        if name == b"!" {
            return match rest.split_first() {
                None => Flow::Next(Status::Known(false)),
                Some((name, rest)) => match self.dispatch(simple, name, rest, &place) {
                    Flow::Next(status) => Flow::Next(super::condition::negate(status)),
                    flow => flow,
                },
            };
        }
        self.dispatch(simple, name, rest, &place)
    }

    /// The platform is decided where it is asked for, once.
    fn answer_platform(&mut self, simple: &Simple) {
        use crate::parse::grub::ast::Part;
        if self.get(b"grub_platform").is_some() {
            return;
        }
        let asks = simple.words.iter().flat_map(|word| &word.parts).any(|part| {
            matches!(part, Part::Variable(n) | Part::QuotedVariable(n) if n == b"grub_platform")
        });
        if asks {
            let place = self.file.place(simple.span);
            let question = "whether the firmware starts GRUB in UEFI mode";
            let efi = self.decisions.ask(question, &place, true);
            let platform = if efi { Platform::Efi } else { Platform::Pc };
            self.set(b"grub_platform", platform.name().to_vec(), Vec::new());
            self.export(b"grub_platform");
        }
    }

    fn dispatch(&mut self, simple: &Simple, name: &[u8], rest: &[Vec<u8>], place: &Place) -> Flow {
        if let Some(flow) = self.builtin(simple, name, rest, place) {
            return flow;
        }
        if let Some((file, body)) = self.functions.get(name).cloned() {
            let before = std::mem::replace(&mut self.file, file);
            self.scopes.push(rest.to_vec());
            let flow = self.list(&body);
            self.scopes.pop();
            self.file = before;
            return match flow {
                Flow::Return(status) => Flow::Next(status),
                Flow::Leave { .. } => Flow::Next(Status::Known(true)),
                flow => flow,
            };
        }
        if let Some(equals) = name.iter().position(|b| *b == b'=') {
            let (variable, value) = name.split_at(equals);
            self.assign(simple, variable, value.get(1..).unwrap_or(&[]), place);
            return Flow::Next(Status::Known(true));
        }
        if value::is_open(name) {
            return Flow::Next(Status::Open(format!(
                "whether {} succeeds",
                value::shown(name)
            )));
        }
        let message = format!(
            "GRUB has no command {} here: it prints an error and goes on as if it had succeeded",
            value::shown(name)
        );
        self.problem(ProblemKind::UnknownCommand, place.clone(), message);
        Flow::Next(Status::Known(true))
    }

    /// Sets a variable and remembers what its value was made of.
    pub(super) fn assign(&mut self, simple: &Simple, name: &[u8], value: &[u8], place: &Place) {
        use crate::parse::grub::ast::Part;
        if name.first().is_none_or(u8::is_ascii_digit) || matches!(name, b"#" | b"*" | b"@") {
            return;
        }
        let mut from: Vec<Place> = Vec::new();
        for part in simple.words.iter().flat_map(|word| &word.parts) {
            let (Part::Variable(used) | Part::QuotedVariable(used)) = part else {
                continue;
            };
            let places = self.get(used).map_or_else(Vec::new, |v| v.from.clone());
            from.extend(places.into_iter().take(8));
        }
        from.push(place.clone());
        from.dedup();
        let keep = from.len().saturating_sub(16);
        self.set(name, value.to_vec(), from.split_off(keep));
    }

    /// Shifts the arguments of the function that runs.
    pub(super) fn shift(&mut self, count: usize) -> bool {
        match self.scopes.last_mut() {
            Some(scope) if count <= scope.len() => {
                scope.drain(..count);
                true
            }
            Some(_) => false,
            None => true,
        }
    }

    pub(super) fn set_arguments(&mut self, arguments: &[Vec<u8>]) -> bool {
        match self.scopes.last_mut() {
            Some(scope) => {
                *scope = arguments.to_vec();
                true
            }
            None => false,
        }
    }

    pub(super) fn in_function(&self) -> bool {
        !self.scopes.is_empty()
    }

    /// Whether this GRUB has Red Hat's commands.
    pub(super) fn is_red_hat(&self) -> bool {
        self.facts.dialect == Dialect::RedHat
    }

    /// A file name with its device: the file system and the path.
    pub(super) fn locate(&self, name: &[u8]) -> (Root, PathBuf) {
        use std::os::unix::ffi::OsStrExt as _;
        let (device, path) = match name.strip_prefix(b"(") {
            Some(rest) => match rest.iter().position(|b| *b == b')') {
                Some(end) => {
                    let (device, path) = rest.split_at(end);
                    (device.to_vec(), path.get(1..).unwrap_or(&[]))
                }
                None => (Vec::new(), name),
            },
            None => (self.value_or_empty(b"root"), name),
        };
        let root = match value::marked(&device).and_then(|index| self.roots.get(index)) {
            Some(root) => root.clone(),
            None => self.device(device),
        };
        (root, PathBuf::from(std::ffi::OsStr::from_bytes(path)))
    }

    fn device(&self, device: Vec<u8>) -> Root {
        use crate::boot::RootSpec;
        let place = self.get(b"root").and_then(|v| v.from.last().cloned());
        let spec = if value::is_open(&device) {
            RootSpec::Open
        } else {
            RootSpec::Device(device)
        };
        Root {
            spec,
            otherwise: None,
            place,
        }
    }
}
