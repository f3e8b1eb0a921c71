//! GRUB's grammar (GRUB 2.06 `grub-core/script/parser.y`).
//!
//! A file is read in units: a line, and as many more as open blocks and quotes
//! ask for. What does not fit drops its whole unit, and reading goes on with the
//! next line, just as GRUB prints an error and goes on.

use std::sync::Arc;

use super::ast::{Arm, Command, Simple, Statement, Word};
use super::lexer::{Bad, Lexer, Token};
use super::{Fault, Script, SyntaxProblem};
use crate::text::Span;

/// Blocks inside blocks; GRUB itself stops executing at a depth of 100.
const DEPTH: usize = 100;

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    span: Span,
    depth: usize,
}

type Parsed<T> = Result<T, Fault>;

/// Reads a script.
pub(super) fn parse(bytes: &[u8]) -> Script {
    let mut lexer = Lexer::new(bytes);
    let (token, span) = lexer.next();
    let mut parser = Parser {
        lexer,
        token,
        span,
        depth: 0,
    };
    let mut script = Script {
        statements: Vec::new(),
        problems: Vec::new(),
    };
    loop {
        let start = parser.span.start;
        match parser.unit() {
            Ok(None) => return script,
            Ok(Some(statements)) => script.statements.extend(statements),
            Err(fault) => {
                let span = Span::new(start, parser.span.end);
                let at = parser.span;
                script.problems.push(SyntaxProblem { span, at, fault });
                // The token in hand may be the newline that ends the unit.
                let from = match parser.token {
                    Token::Newline => parser.span.start,
                    _ => parser.span.end.max(parser.lexer.at()),
                };
                if parser.token == Token::End || from >= bytes.len() {
                    return script;
                }
                parser.depth = 0;
                parser.lexer.next_line(from);
                parser.advance();
            }
        }
    }
}

impl Parser<'_> {
    fn advance(&mut self) {
        let (token, span) = self.lexer.next();
        self.token = token;
        self.span = span;
    }

    fn fault(&self) -> Fault {
        match &self.token {
            Token::End => Fault::EndOfFile,
            Token::Bad(Bad::Quote | Bad::Backslash) => Fault::OpenQuote,
            Token::Bad(Bad::Dollar) => Fault::Dollar,
            Token::Close => Fault::ExtraBrace,
            _ => Fault::Unexpected,
        }
    }

    fn newlines(&mut self) {
        while self.token == Token::Newline {
            self.advance();
        }
    }

    /// One `;` or newline, then any newlines; false where there is none.
    fn delimiters(&mut self) -> bool {
        if !matches!(self.token, Token::Newline | Token::Semicolon) {
            return false;
        }
        self.advance();
        self.newlines();
        true
    }

    fn keyword(&self, keyword: &str) -> bool {
        matches!(&self.token, Token::Word(_, Some(name)) if name == keyword.as_bytes())
    }

    fn expect(&mut self, keyword: &str) -> Parsed<()> {
        if !self.keyword(keyword) {
            return Err(self.fault());
        }
        self.advance();
        Ok(())
    }

    /// The statements of one line; `None` at the end of the file.
    fn unit(&mut self) -> Parsed<Option<Vec<Statement>>> {
        self.newlines();
        let mut statements = Vec::new();
        loop {
            match self.token {
                Token::End if statements.is_empty() => return Ok(None),
                Token::End => return Ok(Some(statements)),
                _ => {}
            }
            statements.push(self.statement()?);
            match self.token {
                Token::Semicolon => self.advance(),
                Token::Newline | Token::End => return Ok(Some(statements)),
                _ => return Err(self.fault()),
            }
            if matches!(self.token, Token::Newline | Token::End) {
                return Ok(Some(statements));
            }
        }
    }

    fn statement(&mut self) -> Parsed<Statement> {
        if !self.keyword("function") {
            return self.command().map(Statement::Run);
        }
        self.advance();
        let name = self.name()?;
        self.newlines();
        if self.token != Token::Open {
            return Err(self.fault());
        }
        self.advance();
        let body = self.commands(|parser| parser.token == Token::Close)?;
        self.advance();
        let body = Arc::new(body);
        Ok(Statement::Function { name, body })
    }

    fn name(&mut self) -> Parsed<Vec<u8>> {
        match &self.token {
            Token::Word(_, Some(name)) if is_name(name) && !is_reserved(name) => {
                let name = name.clone();
                self.advance();
                Ok(name)
            }
            _ => Err(self.fault()),
        }
    }

    /// Commands, each with its delimiter, up to what ends them.
    fn commands(&mut self, end: impl Fn(&Self) -> bool) -> Parsed<Vec<Command>> {
        self.nested(|parser| {
            parser.newlines();
            let mut commands = vec![parser.command()?];
            loop {
                if !parser.delimiters() {
                    return Err(parser.fault());
                }
                if end(parser) {
                    return Ok(commands);
                }
                commands.push(parser.command()?);
            }
        })
    }

    fn nested<T>(&mut self, f: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEPTH {
            return Err(Fault::TooDeep);
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        result
    }

    fn command(&mut self) -> Parsed<Command> {
        let start = self.span;
        let keyword = match &self.token {
            Token::Word(_, name) => name.clone(),
            _ => return Err(self.fault()),
        };
        match keyword.as_deref() {
            Some(b"if") => {
                self.advance();
                self.if_command()
            }
            Some(b"for") => {
                self.advance();
                self.for_command()
            }
            Some(keyword @ (b"while" | b"until")) => {
                self.advance();
                let condition = self.commands(|parser| parser.keyword("do"))?;
                self.expect("do")?;
                let body = self.commands(|parser| parser.keyword("done"))?;
                self.expect("done")?;
                Ok(Command::While {
                    condition,
                    body,
                    until: keyword == b"until",
                    span: start,
                })
            }
            Some(name) if is_reserved(name) => Err(self.fault()),
            _ => self.simple(),
        }
    }

    fn if_command(&mut self) -> Parsed<Command> {
        let mut arms = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            let condition = self.commands(|parser| parser.keyword("then"))?;
            self.expect("then")?;
            let ends = |p: &Self| p.keyword("elif") || p.keyword("else") || p.keyword("fi");
            let body = self.commands(ends)?;
            arms.push(Arm { condition, body });
            if self.keyword("elif") {
                self.advance();
                continue;
            }
            if self.keyword("else") {
                self.advance();
                otherwise = self.commands(|parser| parser.keyword("fi"))?;
            }
            self.expect("fi")?;
            return Ok(Command::If { arms, otherwise });
        }
    }

    fn for_command(&mut self) -> Parsed<Command> {
        let name = self.name()?;
        self.expect("in")?;
        let words = self.arguments();
        if !self.delimiters() {
            return Err(self.fault());
        }
        self.expect("do")?;
        let body = self.commands(|parser| parser.keyword("done"))?;
        self.expect("done")?;
        Ok(Command::For { name, words, body })
    }

    /// Words up to what is none; reserved words count as words here.
    fn arguments(&mut self) -> Vec<Word> {
        let mut words = Vec::new();
        while let Token::Word(word, _) = &self.token {
            words.push(word.clone());
            self.advance();
        }
        words
    }

    fn simple(&mut self) -> Parsed<Command> {
        let start = self.span;
        let words = self.arguments();
        let mut end = words.last().map_or(start, |word| word.span);
        let block = if self.token == Token::Open {
            self.advance();
            let (body, close) = self.nested(Self::block)?;
            end = close;
            Some(Arc::new(body))
        } else {
            None
        };
        let span = start.to(end);
        Ok(Command::Simple(Simple { words, block, span }))
    }

    /// The commands up to a closing brace, which needs no delimiter before it.
    fn block(&mut self) -> Parsed<(Vec<Command>, Span)> {
        self.newlines();
        let mut commands = vec![self.command()?];
        loop {
            let delimited = self.delimiters();
            if self.token == Token::Close {
                let close = self.span;
                self.advance();
                return Ok((commands, close));
            }
            if !delimited {
                return Err(self.fault());
            }
            commands.push(self.command()?);
        }
    }
}

fn is_name(name: &[u8]) -> bool {
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    name.iter().all(word) && name.first().is_some_and(|b| !b.is_ascii_digit())
}

fn is_reserved(name: &[u8]) -> bool {
    const RESERVED: [&[u8]; 15] = [
        b"case",
        b"do",
        b"done",
        b"elif",
        b"else",
        b"esac",
        b"fi",
        b"for",
        b"if",
        b"in",
        b"select",
        b"then",
        b"until",
        b"while",
        b"function",
    ];
    RESERVED.contains(&name)
}
