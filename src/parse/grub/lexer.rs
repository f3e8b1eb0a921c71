//! GRUB's lexer (GRUB 2.06 `grub-core/script/yylex.l`), with what happens to the
//! bytes before it: carriage returns vanish, a NUL hides the rest of its line, and
//! a line that begins with `#` is skipped even inside quotes
//! (`grub-core/normal/main.c`, `grub_file_getline`, `read_config_file_getline`).

use super::ast::{Part, Word};
use crate::text::Span;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// The end of a line.
    Newline,
    /// `;`
    Semicolon,
    /// `{`
    Open,
    /// `}`
    Close,
    /// A word; `plain` holds its text where it could be a name or reserved.
    Word(Word, Option<Vec<u8>>),
    /// A byte or an operator no statement can hold.
    Bad(Bad),
    /// Nothing is left.
    End,
}

/// Why a token does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// `|`, `&`, `<`, `>`, `;;`, `[[`, `]]`: reserved, without a meaning.
    Reserved,
    /// `$` without a name after it.
    Dollar,
    /// The file ends inside quotes.
    Quote,
    /// A backslash ends the file.
    Backslash,
}

/// Reads tokens.
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    /// A lexer at the start of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mut lexer = Self { bytes, at: 0 };
        lexer.skip_hidden();
        lexer
    }

    /// The offset of the next byte.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn starts(&self, text: &[u8]) -> bool {
        self.bytes
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(text))
    }

    fn bump(&mut self) {
        self.at += 1;
        self.skip_hidden();
    }

    /// Passes what never reaches GRUB's lexer.
    fn skip_hidden(&mut self) {
        loop {
            let line_start = self.at == 0 || self.bytes.get(self.at - 1) == Some(&b'\n');
            match self.peek() {
                Some(b'\r') => self.at += 1,
                Some(b'#') if line_start => {
                    self.skip_line();
                    self.at += 1;
                }
                Some(0) => self.skip_line(),
                _ => return,
            }
            self.at = self.at.min(self.bytes.len());
        }
    }

    fn skip_line(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let skip = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        self.at += skip;
    }

    /// Goes on at the next line, as GRUB does after an error.
    pub(super) fn next_line(&mut self, from: usize) {
        self.at = from.min(self.bytes.len());
        self.skip_line();
        self.at = (self.at + 1).min(self.bytes.len());
        self.skip_hidden();
    }

    /// The next token and where it is.
    pub(super) fn next(&mut self) -> (Token, Span) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.bump();
        }
        let start = self.at;
        let token = match self.peek() {
            None => Token::End,
            Some(b'#') => {
                self.skip_line();
                return self.next_at_line_end();
            }
            Some(b'\n') => self.single(Token::Newline),
            Some(b'{') => self.single(Token::Open),
            Some(b'}') => self.single(Token::Close),
            Some(b';') if self.starts(b";;") => {
                self.bump();
                self.single(Token::Bad(Bad::Reserved))
            }
            Some(b';') => self.single(Token::Semicolon),
            Some(b'|' | b'&' | b'<' | b'>') => self.single(Token::Bad(Bad::Reserved)),
            Some(_) => self.word(),
        };
        (token, Span::new(start, self.at.max(start)))
    }

    fn next_at_line_end(&mut self) -> (Token, Span) {
        let start = self.at;
        let token = match self.peek() {
            Some(_) => self.single(Token::Newline),
            None => Token::End,
        };
        (token, Span::new(start, self.at.max(start)))
    }

    fn single(&mut self, token: Token) -> Token {
        self.bump();
        token
    }

    fn word(&mut self) -> Token {
        let start = self.at;
        let mut parts = Vec::new();
        let mut text = Vec::new();
        let mut end = start;
        let mut plain = true;
        while let Some(byte) = self.peek() {
            match byte {
                b'{' | b'}' | b'|' | b'&' | b';' | b'<' | b'>' | b' ' | b'\t' | b'\n' => break,
                b'\\' => {
                    plain = false;
                    self.bump();
                    match self.peek() {
                        None => return Token::Bad(Bad::Backslash),
                        Some(b'\n') => {
                            // GRUB asks for the line that goes on here.
                            self.bump();
                            if self.peek().is_none() {
                                return Token::Bad(Bad::Backslash);
                            }
                            end = self.at;
                            continue;
                        }
                        Some(byte) => text.push(byte),
                    }
                    self.bump();
                }
                b'\'' => {
                    plain = false;
                    push_text(&mut parts, &mut text);
                    match self.single_quotes() {
                        Some(part) => parts.push(part),
                        None => return Token::Bad(Bad::Quote),
                    }
                }
                b'"' => {
                    plain = false;
                    push_text(&mut parts, &mut text);
                    if let Err(bad) = self.double_quotes(&mut parts) {
                        return Token::Bad(bad);
                    }
                }
                b'$' => {
                    plain = false;
                    push_text(&mut parts, &mut text);
                    self.bump();
                    if self.peek() == Some(b'"') {
                        match self.translated() {
                            Some(part) => parts.push(part),
                            None => return Token::Bad(Bad::Quote),
                        }
                    } else {
                        match self.variable() {
                            Some(name) => parts.push(Part::Variable(name)),
                            None => return Token::Bad(Bad::Dollar),
                        }
                    }
                }
                byte => {
                    text.push(byte);
                    self.bump();
                }
            }
            end = self.at;
        }
        let name = plain.then(|| text.clone());
        push_text(&mut parts, &mut text);
        if let Some(name) = &name
            && (name == b"[[" || name == b"]]")
        {
            return Token::Bad(Bad::Reserved);
        }
        let span = Span::new(start, end);
        Token::Word(Word { parts, span }, name)
    }

    fn single_quotes(&mut self) -> Option<Part> {
        self.bump();
        let mut text = Vec::new();
        loop {
            match self.peek()? {
                b'\'' => {
                    self.bump();
                    return Some(Part::Quoted(text));
                }
                byte => text.push(byte),
            }
            self.bump();
        }
    }

    fn double_quotes(&mut self, parts: &mut Vec<Part>) -> Result<(), Bad> {
        self.bump();
        let mut text = Vec::new();
        loop {
            match self.peek().ok_or(Bad::Quote)? {
                b'"' => {
                    self.bump();
                    parts.push(Part::Quoted(text));
                    return Ok(());
                }
                b'\\' => {
                    self.bump();
                    match self.peek().ok_or(Bad::Quote)? {
                        b'\n' => {}
                        byte @ (b'$' | b'\\' | b'"') => text.push(byte),
                        byte => text.extend([b'\\', byte]),
                    }
                    self.bump();
                }
                b'$' => {
                    // The text before a variable is a piece of its own even when
                    // it is empty: this is what keeps `"$x"` an argument.
                    parts.push(Part::Quoted(std::mem::take(&mut text)));
                    self.bump();
                    let name = self.variable().ok_or(Bad::Dollar)?;
                    parts.push(Part::QuotedVariable(name));
                }
                byte => {
                    text.push(byte);
                    self.bump();
                }
            }
        }
    }

    fn translated(&mut self) -> Option<Part> {
        self.bump();
        let mut text = Vec::new();
        loop {
            match self.peek()? {
                b'"' => {
                    self.bump();
                    return Some(Part::Translated(text));
                }
                b'\\' => {
                    self.bump();
                    match self.peek()? {
                        b'\n' => {}
                        b'"' => text.push(b'"'),
                        b'\\' => text.extend(b"\\\\"),
                        byte => text.extend([b'\\', byte]),
                    }
                }
                byte => text.push(byte),
            }
            self.bump();
        }
    }

    /// The name after a `$`.
    fn variable(&mut self) -> Option<Vec<u8>> {
        let braces = self.peek() == Some(b'{');
        if braces {
            self.bump();
        }
        let mut name = Vec::new();
        let first = self.peek()?;
        match first {
            b'?' | b'#' | b'*' | b'@' => {
                name.push(first);
                self.bump();
            }
            b'0'..=b'9' => {
                while let Some(byte) = self.peek().filter(u8::is_ascii_digit) {
                    name.push(byte);
                    self.bump();
                }
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
                while let Some(byte) = self.peek().filter(word) {
                    name.push(byte);
                    self.bump();
                }
            }
            _ => return None,
        }
        if braces {
            (self.peek() == Some(b'}')).then_some(())?;
            self.bump();
        }
        Some(name)
    }
}

fn push_text(parts: &mut Vec<Part>, text: &mut Vec<u8>) {
    if !text.is_empty() {
        parts.push(Part::Text(std::mem::take(text)));
    }
}
