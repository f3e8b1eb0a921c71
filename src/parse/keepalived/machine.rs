//! From logical lines to blocks, with keepalived's recovery from errors
//! (keepalived `lib/parser.c`, `process_stream`, `alloc_value_block`).

use super::build::{Builder, Taken};
use super::keyword::{Block, Keyword, Name, Process, ROOT, Shape, find};
use super::mapped::Line;
use super::problem::ProblemKind;
use super::report::Report;
use super::version::Dialect;
use super::words::Word;

/// How one of keepalived's processes reads the configuration.
pub(super) struct Machine {
    process: Process,
    dialect: Dialect,
    levels: Vec<Level>,
    skip: Skip,
    values: Option<Values>,
    /// What there is for other processes.
    seen: Seen,
    pub(super) builder: Builder,
    pub(super) report: Report,
}

/// For which processes there is something to do.
#[derive(Clone, Copy, Default)]
struct Seen {
    vrrp: bool,
    checker: bool,
    bfd: bool,
}

/// A block with keywords.
struct Level {
    block: Block,
    tables: &'static [&'static [Keyword]],
    /// Its `{` has not come yet.
    needs_brace: bool,
}

/// Skipping a block that is not for this process or has a name already taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Skip {
    No,
    /// If a `{` comes next.
    Pending,
    /// So many blocks deep.
    Depth(usize),
}

/// A block of raw lines.
struct Values {
    needs_brace: bool,
}

impl Machine {
    pub(super) fn new(process: Process, dialect: Dialect) -> Self {
        Self {
            process,
            dialect,
            levels: vec![Level {
                block: Block::Root,
                tables: &[ROOT],
                needs_brace: false,
            }],
            skip: Skip::No,
            values: None,
            seen: Seen::default(),
            builder: Builder::new(dialect),
            report: Report::default(),
        }
    }

    /// Takes one logical line; `words` is never empty.
    pub(super) fn line(&mut self, line: &Line, words: &[Word]) {
        let Some((first, rest)) = words.split_first() else {
            return;
        };
        if let Some(values) = self.values.take() {
            self.value_line(values, line, words);
            return;
        }
        if self.skipped(words) {
            return;
        }
        let nested = self.levels.len() > 1;
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        let open = first.is(b"{");
        if std::mem::take(&mut level.needs_brace) {
            if open && nested {
                return;
            }
            if self.dialect.reports_keywords() {
                let message = "a block without `{`: this line is taken for its first";
                let place = line.file.place(first.span);
                self.report
                    .problem(ProblemKind::MissingOpenBrace, place, message);
            }
        } else if open {
            if self.dialect.reports_keywords() {
                let message = "no block begins here: its lines are read as those of the block around it, which the next `}` closes";
                let place = line.file.place(first.span);
                self.report
                    .problem(ProblemKind::UnexpectedBrace, place, message);
            }
            return;
        }
        if first.is(b"}") && nested {
            self.leave(line);
            return;
        }
        let level = self.levels.last();
        let (block, tables) = level.map_or((Block::Root, &[ROOT][..]), |l| (l.block, l.tables));
        match find(tables, &first.text, self.dialect.version) {
            Some(keyword) => self.keyword(block, keyword, line, first, rest),
            None => self.unknown(block, line, first),
        }
    }

    /// Blocks still open; before 1.4.2 nobody else counts them.
    pub(super) fn depth(&self) -> usize {
        self.levels.len() - 1 + usize::from(self.values.is_some())
    }

    /// Whether the parent starts `process`: there is something for it, or
    /// nothing for anybody (keepalived `main.c`).
    pub(super) fn starts(&self, process: Process) -> bool {
        let Seen { vrrp, checker, bfd } = self.seen;
        let nothing = !vrrp && !checker && !bfd;
        match process {
            Process::Parent => true,
            Process::Vrrp => vrrp || nothing,
            Process::Checker => checker || nothing,
        }
    }

    /// Whether the parent starts the process for BFD.
    pub(super) const fn starts_bfd(&self) -> bool {
        self.seen.bfd
    }

    /// Skips a line where a block is being skipped.
    fn skipped(&mut self, words: &[Word]) -> bool {
        if self.skip == Skip::Pending {
            if words.first().is_some_and(|w| w.is(b"{")) {
                self.skip = Skip::Depth(1);
                if let Some(level) = self.levels.last_mut() {
                    level.needs_brace = false;
                }
                return true;
            }
            self.skip = Skip::No;
        }
        let Skip::Depth(mut depth) = self.skip else {
            return false;
        };
        for word in words {
            if word.is(b"{") {
                depth += 1;
            } else if word.is(b"}") {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
        }
        if depth > 0 {
            self.skip = Skip::Depth(depth);
            return true;
        }
        self.skip = Skip::No;
        if self.levels.len() > 1 {
            self.levels.pop();
        }
        true
    }

    fn leave(&mut self, line: &Line) {
        if let Some(level) = self.levels.pop() {
            self.builder.leave(level.block, &line.whole());
        }
    }

    fn unknown(&mut self, block: Block, line: &Line, word: &Word) {
        let message = if word.is(b"}") {
            "a closing brace at the top level: an earlier block ended sooner than it looks"
        } else if !self.dialect.reports_keywords() {
            "unknown keyword: the line is ignored without a word"
        } else if block == Block::Root {
            "unknown keyword at the top level: the line is ignored"
        } else {
            "unknown keyword in this block: the line is ignored"
        };
        let place = line.file.place(word.span);
        self.report
            .problem(ProblemKind::UnknownKeyword, place, message);
    }

    fn keyword(
        &mut self,
        block: Block,
        keyword: &'static Keyword,
        line: &Line,
        first: &Word,
        mut rest: &[Word],
    ) {
        let place = line.file.place(first.span);
        let trailing = rest.last().is_some_and(|w| w.is(b"{"));
        if !keyword.active_in(self.process, self.dialect) {
            match keyword.name {
                "vrrp_instance" | "static_ipaddress" | "static_routes" | "static_rules" => {
                    self.seen.vrrp = true;
                }
                "virtual_server" => self.seen.checker = true,
                "bfd_instance" => self.seen.bfd = true,
                _ => {}
            }
            self.skip = if trailing {
                Skip::Depth(1)
            } else {
                Skip::Pending
            };
            return;
        }
        let needs_brace = !trailing;
        if let Shape::Block { .. } = keyword.shape {
            if trailing {
                rest = rest.split_last().map_or(&[], |(_, rest)| rest);
            } else {
                self.tell_one_line(line, rest);
            }
        }
        let needs_word = match keyword.shape {
            Shape::One => true,
            // A hook is split from the raw line: an open quote is another fault.
            Shape::Hook => !self.dialect.exec_hooks() || !line.text.bytes().contains(&b'"'),
            Shape::Block { name, .. } => name == Name::Needed,
            Shape::Free | Shape::HookOrNone | Shape::Script | Shape::Values => false,
        };
        if needs_word && rest.is_empty() {
            let fatal = self.dialect.stops_at_missing_parameter();
            let message = if fatal {
                "the argument is missing: keepalived ends here"
            } else {
                "the argument is missing: this version reads what happens to be in memory"
            };
            self.report.add(
                ProblemKind::MissingParameter,
                place.clone(),
                message.into(),
                fatal,
            );
        }
        match keyword.shape {
            Shape::Block {
                block: inner,
                name,
                tables,
            } => {
                let taken = if name == Name::Exact && rest.len() != 1 {
                    let message = "exactly one name is needed: the block is skipped";
                    self.report
                        .problem(ProblemKind::BadName, place.clone(), message);
                    Taken::Refused
                } else {
                    self.builder
                        .enter(inner, keyword.name, line, first, rest, &mut self.report)
                };
                if taken == Taken::Refused {
                    self.skip = if trailing {
                        Skip::Depth(1)
                    } else {
                        Skip::Pending
                    };
                }
                self.levels.push(Level {
                    block: inner,
                    tables,
                    needs_brace,
                });
            }
            Shape::Values => {
                let taken =
                    self.builder
                        .begin_values(block, keyword.name, line, first, &mut self.report);
                if taken == Taken::Refused {
                    self.skip = if trailing {
                        Skip::Depth(1)
                    } else {
                        Skip::Pending
                    };
                    return;
                }
                self.begin_values(keyword, line, rest);
            }
            Shape::One | Shape::Hook if needs_word && rest.is_empty() => {}
            shape => {
                self.builder.setting(
                    block,
                    keyword.name,
                    shape,
                    line,
                    first,
                    rest,
                    &mut self.report,
                );
            }
        }
    }

    /// Before 1.4.2 a block cannot be opened and filled in one line.
    fn tell_one_line(&mut self, line: &Line, rest: &[Word]) {
        let brace = rest.iter().position(|w| w.is(b"{"));
        let Some(brace) = brace.and_then(|at| rest.get(at)) else {
            return;
        };
        let message = "before 1.4.2 what follows `{` on its line is lost";
        let place = line.file.place(brace.span);
        self.report
            .problem(ProblemKind::OneLineBlock, place, message);
    }

    fn begin_values(&mut self, keyword: &Keyword, line: &Line, rest: &[Word]) {
        let named = keyword.name == "virtual_server_group";
        let extra = rest.get(usize::from(named)..).unwrap_or(&[]);
        let mut needs_brace = true;
        if let Some(word) = extra.first() {
            if word.is(b"{") {
                needs_brace = false;
                if extra.len() > 1 {
                    self.tell_one_line(line, extra);
                }
            } else if self.dialect.braces_anywhere() {
                // Telling about them, keepalived asks for a name it removed itself.
                let fatal = named && self.dialect.exec_hooks();
                let message = if fatal {
                    "more than a name: keepalived ends here"
                } else {
                    "words between a block's keyword and its `{` are ignored"
                };
                let place = line.file.place(word.span);
                self.report
                    .add(ProblemKind::ExtraParameters, place, message.into(), fatal);
            }
        }
        self.values = Some(Values { needs_brace });
    }

    /// A line of a block of raw lines: anything up to a lone `}`.
    fn value_line(&mut self, mut values: Values, line: &Line, mut words: &[Word]) {
        if std::mem::take(&mut values.needs_brace) {
            match words.split_first() {
                Some((first, rest)) if first.is(b"{") => words = rest,
                Some((first, _)) if !first.is(b"}") && self.dialect.reports_keywords() => {
                    let message = "a block without `{`: this line is taken for its first";
                    let place = line.file.place(first.span);
                    self.report
                        .problem(ProblemKind::MissingOpenBrace, place, message);
                }
                _ => {}
            }
        }
        let ends = if self.dialect.braces_anywhere() {
            words.last().is_some_and(|w| w.is(b"}"))
        } else {
            words.first().is_some_and(|w| w.is(b"}"))
        };
        if ends {
            self.builder.end_values();
            return;
        }
        if !words.is_empty() {
            self.builder.value(line, words, &mut self.report);
        }
        self.values = Some(values);
    }
}
