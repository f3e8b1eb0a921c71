//! From the library's tree to [`syntax`](super::syntax).

use std::cell::Cell;
use std::sync::Arc;

use rable::{ListOperator, Node, NodeKind};

use super::assignment::assignment;
use super::library::bytes;
use super::source::Source;
use super::syntax::{
    AndOr, Arm, ArmEnd, Assignment, Command, Condition, Item, Kind, List, Pipeline, Redirect,
    RedirectKind, Word,
};
use super::word;

/// Converts one text.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Source,
    pub(super) depth: usize,
    /// Where something was accepted by the library that no shell accepts.
    pub(super) fault: Cell<Option<usize>>,
}

impl Reader<'_> {
    pub(super) fn list(&self, nodes: Vec<Node>) -> List {
        let mut flat = Vec::new();
        for node in nodes {
            flatten(node, &mut flat);
        }
        let mut list = List::new();
        let mut current: Option<Item> = None;
        let mut join = None;
        for (node, after) in flat {
            let Some(pipeline) = self.pipeline(node) else {
                continue;
            };
            let item = match current.take() {
                None => Item {
                    place: pipeline.place.clone(),
                    first: pipeline,
                    rest: Vec::new(),
                    background: false,
                },
                Some(mut item) => {
                    item.place.span = item.place.span.to(pipeline.place.span);
                    item.rest.push((join.unwrap_or(AndOr::And), pipeline));
                    item
                }
            };
            match after {
                Some(ListOperator::And) => join = Some(AndOr::And),
                Some(ListOperator::Or) => join = Some(AndOr::Or),
                Some(ListOperator::Background) => {
                    list.push(Item {
                        background: true,
                        ..item
                    });
                    continue;
                }
                Some(ListOperator::Semi) | None => {
                    list.push(item);
                    continue;
                }
            }
            current = Some(item);
        }
        list.extend(current);
        list
    }

    fn body(&self, node: Node) -> List {
        self.list(vec![node])
    }

    fn pipeline(&self, mut node: Node) -> Option<Pipeline> {
        let mut negated = false;
        loop {
            node = match node.kind {
                NodeKind::Negation { pipeline } => {
                    negated = !negated;
                    *pipeline
                }
                NodeKind::Time { pipeline, .. } => *pipeline,
                NodeKind::Empty | NodeKind::Comment { .. } => return None,
                _ => break,
            };
        }
        let place = self.place(&node);
        let commands = match node.kind {
            NodeKind::Pipeline { commands, .. } => commands
                .into_iter()
                .filter(|node| !matches!(node.kind, NodeKind::Redirect { .. } | NodeKind::Empty))
                .map(|node| self.command(node))
                .collect(),
            _ => vec![self.command(node)],
        };
        Some(Pipeline {
            negated,
            commands,
            place,
        })
    }

    fn place(&self, node: &Node) -> crate::text::Place {
        self.source.place(node.span.start, node.span.end)
    }

    fn command(&self, node: Node) -> Command {
        let place = self.place(&node);
        let start = node.span.start;
        let end = node.span.end;
        let (kind, redirects) = match node.kind {
            NodeKind::Command {
                assignments,
                words,
                redirects,
            } => {
                let assignments = assignments.iter().filter_map(|n| self.assignment(n));
                let declares = words.first().is_some_and(is_declaration);
                let mut declared = Vec::new();
                let mut plain = Vec::new();
                for node in &words {
                    match self.assignment(node).filter(|_| declares) {
                        Some(assignment) => declared.push(assignment),
                        None => plain.push(self.word(node, start, end)),
                    }
                }
                let kind = Kind::Simple {
                    assignments: assignments.collect(),
                    words: plain,
                    declared,
                };
                (kind, redirects)
            }
            NodeKind::If { .. } => return self.conditional_command(node),
            NodeKind::While {
                condition,
                body,
                redirects,
            } => (self.loop_kind(false, *condition, *body), redirects),
            NodeKind::Until {
                condition,
                body,
                redirects,
            } => (self.loop_kind(true, *condition, *body), redirects),
            NodeKind::For {
                var,
                words,
                body,
                redirects,
            } => {
                let mut from = start;
                let mut read = Vec::new();
                for word in words.into_iter().flatten() {
                    let word = self.next_word(&word, &mut from, body.span.start);
                    read.push(word);
                }
                let kind = Kind::For {
                    name: bytes(&var),
                    words: read,
                    body: self.body(*body),
                };
                (kind, redirects)
            }
            NodeKind::ForArith {
                init,
                cond,
                incr,
                body,
                redirects,
            } => {
                let header = self.source.place(start, body.span.start);
                let part = |text: &str| {
                    let source = Source::expanded(&header, bytes(text));
                    word::here_document(&source, self.depth)
                };
                let kind = Kind::ForArithmetic {
                    first: part(&init),
                    condition: part(&cond),
                    step: part(&incr),
                    body: self.body(*body),
                };
                (kind, redirects)
            }
            NodeKind::Case {
                word,
                patterns,
                redirects,
            } => (self.case(&word, patterns, end), redirects),
            NodeKind::Function { name, body } => {
                let kind = Kind::Function {
                    name: bytes(&name),
                    body: Arc::new(self.command(*body)),
                };
                (kind, Vec::new())
            }
            NodeKind::Subshell { body, redirects } => (Kind::Subshell(self.body(*body)), redirects),
            NodeKind::BraceGroup { body, redirects } => (Kind::Group(self.body(*body)), redirects),
            NodeKind::ConditionalExpr { body, redirects } => {
                let mut from = start + 2;
                let condition = self.condition(*body, &mut from, end, 0);
                (Kind::Conditional(condition), redirects)
            }
            NodeKind::ArithmeticCommand {
                raw_content,
                redirects,
                ..
            } => {
                let source = Source::expanded(&place, bytes(&raw_content));
                let text = word::here_document(&source, self.depth);
                (Kind::Arithmetic(text), redirects)
            }
            NodeKind::List { .. } | NodeKind::Pipeline { .. } | NodeKind::Negation { .. } => {
                (Kind::Group(self.body(node)), Vec::new())
            }
            NodeKind::Select { redirects, .. } => (Kind::Other("a select menu"), redirects),
            NodeKind::Coproc { .. } => (Kind::Other("a coprocess"), Vec::new()),
            _ => (
                Kind::Other("a construct the parser gives no name"),
                Vec::new(),
            ),
        };
        let redirects = redirects.iter().filter_map(|n| self.redirect(n, end));
        Command {
            kind,
            redirects: redirects.collect(),
            place,
        }
    }

    fn conditional_command(&self, node: Node) -> Command {
        let place = self.place(&node);
        let end = node.span.end;
        let mut arms = Vec::new();
        let mut otherwise = None;
        let mut outer = Vec::new();
        let mut next = Some(node);
        while let Some(node) = next.take() {
            if let NodeKind::If {
                condition,
                then_body,
                else_body,
                redirects,
            } = node.kind
            {
                arms.push((self.body(*condition), self.body(*then_body)));
                outer.extend(redirects);
                match else_body {
                    // an `elif` is a node of its own without redirections
                    Some(body) if is_elif(self.source, &body) => next = Some(*body),
                    Some(body) => otherwise = Some(self.body(*body)),
                    None => {}
                }
            }
        }
        let redirects = outer.iter().filter_map(|n| self.redirect(n, end));
        Command {
            redirects: redirects.collect(),
            kind: Kind::If { arms, otherwise },
            place,
        }
    }

    fn loop_kind(&self, until: bool, condition: Node, body: Node) -> Kind {
        Kind::Loop {
            until,
            condition: self.body(condition),
            body: self.body(body),
        }
    }

    fn case(&self, word: &Node, patterns: Vec<rable::CasePattern>, end: usize) -> Kind {
        let mut from = word.span.end;
        let word = self.word(word, word.span.start, end);
        // past `in`
        from = self.source.find(b"in", from).map_or(from, |at| at + 2);
        let mut arms = Vec::new();
        for pattern in patterns {
            let mut words = Vec::new();
            if pattern.patterns.is_empty() || pattern.patterns.iter().any(is_operator) {
                self.fault.set(self.fault.get().or(Some(from)));
            }
            for node in &pattern.patterns {
                words.push(self.next_word(node, &mut from, end));
            }
            if let Some(body) = &pattern.body {
                from = from.max(body.span.end);
            }
            let end_of_arm = match pattern.terminator.as_str() {
                ";&" => ArmEnd::FallThrough,
                ";;&" => ArmEnd::TestNext,
                _ => ArmEnd::Leave,
            };
            let mark = pattern.terminator.as_bytes();
            from = self
                .source
                .find(mark, from)
                .map_or(from, |at| at + mark.len());
            arms.push(Arm {
                patterns: words,
                body: pattern.body.map_or_else(List::new, |body| self.body(body)),
                end: end_of_arm,
            });
        }
        Kind::Case { word, arms }
    }

    /// The word of a node that has a place, or is looked for between two offsets.
    fn word(&self, node: &Node, from: usize, to: usize) -> Word {
        let mut from = if node.span.is_empty() {
            from
        } else {
            node.span.start
        };
        self.next_word(node, &mut from, to)
    }

    /// The next word at or after `from`, which moves past it.
    fn next_word(&self, node: &Node, from: &mut usize, to: usize) -> Word {
        let (NodeKind::Word { value, .. } | NodeKind::CondTerm { value, .. }) = &node.kind else {
            return word::literal(&self.source.slice(*from, *from));
        };
        let value = bytes(value);
        word::word(&self.locate(node, &value, from, to), self.depth)
    }

    /// The source of a word at or after `from`.
    fn locate(&self, node: &Node, value: &[u8], from: &mut usize, to: usize) -> Source {
        if !node.span.is_empty() {
            *from = node.span.end;
            return self.source.word(node.span.start, value);
        }
        let found = self.source.find(value, *from);
        if let Some(at) = found.filter(|at| at + value.len() <= to.max(*from)) {
            *from = at + value.len();
            return self.source.slice(at, at + value.len());
        }
        // has a line continuation in it, or was never written ("$@" of `for x do`)
        Source::expanded(&self.source.place(*from, to.max(*from)), value.to_vec())
    }

    fn assignment(&self, node: &Node) -> Option<Assignment> {
        let NodeKind::Word { value, .. } = &node.kind else {
            return None;
        };
        let mut from = node.span.start;
        let to = node.span.end;
        let source = self.locate(node, &bytes(value), &mut from, to);
        assignment(&source, self.depth)
    }

    fn redirect(&self, node: &Node, end: usize) -> Option<Redirect> {
        let mut from = node.span.start;
        match &node.kind {
            NodeKind::Redirect { op, target, fd, .. } => {
                from += op.len();
                let target = match &target.kind {
                    NodeKind::Word { value, .. } => {
                        self.locate(target, &bytes(value), &mut from, end.max(node.span.end))
                    }
                    _ => return None,
                };
                let fd = u32::try_from(*fd).ok();
                let write = |append, both| RedirectKind::Write {
                    path: word::word(&target, self.depth),
                    append,
                    both,
                };
                let number = |b: &u8| b.is_ascii_digit() || *b == b'-';
                let kind = match op.as_str() {
                    "<" | "<>" => RedirectKind::Read(word::word(&target, self.depth)),
                    ">" | ">|" => write(false, false),
                    ">>" => write(true, false),
                    "&>" => write(false, true),
                    "&>>" => write(true, true),
                    "<<<" => RedirectKind::Text(word::word(&target, self.depth), true),
                    ">&" if fd.is_none() && !target.bytes().iter().all(number) => {
                        write(false, true)
                    }
                    _ => RedirectKind::Duplicate(target.bytes().to_vec()),
                };
                // `<&3` is standard input's.
                let fd = fd.or_else(|| (op == "<&").then_some(0));
                Some(Redirect { fd, kind })
            }
            NodeKind::HereDoc {
                content,
                quoted,
                fd,
                ..
            } => {
                let content = bytes(content);
                let text = match self.source.find(&content, from) {
                    Some(at) => self.source.slice(at, at + content.len()),
                    None => Source::expanded(&self.source.place(from, end), content),
                };
                let word = if *quoted {
                    word::literal(&text)
                } else {
                    word::here_document(&text, self.depth)
                };
                Some(Redirect {
                    fd: u32::try_from(*fd).ok(),
                    kind: RedirectKind::Text(word, false),
                })
            }
            _ => None,
        }
    }

    fn condition(&self, node: Node, from: &mut usize, to: usize, depth: usize) -> Condition {
        if depth > 200 {
            return Condition::Other;
        }
        match node.kind {
            NodeKind::CondAnd { left, right } => {
                let left = self.condition(*left, from, to, depth + 1);
                let right = self.condition(*right, from, to, depth + 1);
                Condition::And(Box::new(left), Box::new(right))
            }
            NodeKind::CondOr { left, right } => {
                let left = self.condition(*left, from, to, depth + 1);
                let right = self.condition(*right, from, to, depth + 1);
                Condition::Or(Box::new(left), Box::new(right))
            }
            NodeKind::CondNot { operand } => {
                Condition::Not(Box::new(self.condition(*operand, from, to, depth + 1)))
            }
            NodeKind::CondParen { inner } => self.condition(*inner, from, to, depth + 1),
            NodeKind::UnaryTest { op, operand } => {
                let operand = self.next_word(&operand, from, to);
                Condition::Unary(bytes(&op), operand)
            }
            NodeKind::BinaryTest { op, left, right } => {
                let left = self.next_word(&left, from, to);
                let right = self.next_word(&right, from, to);
                Condition::Binary(bytes(&op), left, right)
            }
            _ => Condition::Other,
        }
    }
}

/// Whether a command's arguments of the form `NAME=value` are assignments.
fn is_declaration(first: &Node) -> bool {
    let NodeKind::Word { value, .. } = &first.kind else {
        return false;
    };
    matches!(
        value.as_str(),
        "export" | "local" | "readonly" | "declare" | "typeset"
    )
}

/// Whether an else part is an `elif`: its node begins with that word.
fn is_elif(source: &Source, node: &Node) -> bool {
    let text = source.bytes().get(node.span.start..).unwrap_or(&[]);
    matches!(node.kind, NodeKind::If { .. }) && text.starts_with(b"elif")
}

/// Whether a "word" is an operator or a newline, which the library lets pass as
/// a pattern.
fn is_operator(node: &Node) -> bool {
    let NodeKind::Word { value, .. } = &node.kind else {
        return false;
    };
    value.starts_with(['\n', ';', '&', '|', '<', '>', '(', ')'])
}

/// Lists are nested to the left; this lays them out without recursion.
fn flatten(node: Node, out: &mut Vec<(Node, Option<ListOperator>)>) {
    let mut reversed = Vec::new();
    let mut work = vec![(node, None)];
    while let Some((node, after)) = work.pop() {
        match node.kind {
            NodeKind::List { items } => {
                let last = items.len().saturating_sub(1);
                for (index, item) in items.into_iter().enumerate() {
                    let operator = if index == last {
                        item.operator.or(after)
                    } else {
                        item.operator
                    };
                    work.push((item.command, operator));
                }
            }
            _ => reversed.push((node, after)),
        }
    }
    out.extend(reversed.into_iter().rev());
}
