//! A small part of awk: rules that compare fields and print them, which is what scripts
//! ask of it. Everything else is not modelled (POSIX.1-2017, awk, "Expressions in awk").

use std::collections::BTreeMap;

use super::condition::posix;

/// Most lines of an input.
const MOST_LINES: usize = 5000;
/// Longest program, in bytes, and most pieces of it inside each other.
const LONGEST: usize = 4096;
const DEPTH: usize = 32;

/// A parsed program: patterns with what they lead to.
struct Program {
    rules: Vec<(Option<Expression>, Vec<Statement>)>,
}

enum Statement {
    Print(Vec<Expression>),
    System(Expression),
    Next,
    Exit,
}

enum Expression {
    Text(Vec<u8>),
    Number(f64),
    Regex(regex::bytes::Regex),
    Field(Box<Expression>),
    Name(Vec<u8>),
    Call(Vec<u8>, Vec<Expression>),
    Join(Box<Expression>, Box<Expression>),
    Compare(&'static str, Box<Expression>, Box<Expression>),
    Match(bool, Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
}

/// A value, and whether it compares as a number where it looks like one.
#[derive(Clone)]
struct Cell {
    text: Vec<u8>,
    numeric: bool,
}

/// The output of `awk ARGS` over an input; `None` where the program is not modelled.
pub(super) fn awk(args: &[&[u8]], input: &[u8]) -> Option<Vec<u8>> {
    over(args, input, false)
}

/// What `awk ARGS` does over an input, as text for a shell: what it prints, and the
/// commands of `system` where it calls them; `None` where the program is not modelled.
pub(super) fn awk_commands(args: &[&[u8]], input: &[u8]) -> Option<Vec<u8>> {
    let mut text = over(args, input, true)?;
    text.extend(b":\n");
    Some(text)
}

/// A word that a shell takes for just these bytes.
fn quoted(text: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = text.split(|b| *b == b'\'').collect();
    [b"'".as_slice(), &parts.join(&b"'\\''"[..]), b"'"].concat()
}

fn over(args: &[&[u8]], input: &[u8], shell: bool) -> Option<Vec<u8>> {
    let mut separator: Option<Vec<u8>> = None;
    let mut names = BTreeMap::new();
    let mut at = 0;
    let program = loop {
        let word = *args.get(at)?;
        at += 1;
        let mut value = |rest: &[u8]| -> Option<Vec<u8>> {
            if !rest.is_empty() {
                return Some(rest.to_vec());
            }
            let value = args.get(at)?.to_vec();
            at += 1;
            Some(value)
        };
        if let Some(rest) = word.strip_prefix(b"-F") {
            separator = Some(value(rest)?);
        } else if let Some(rest) = word.strip_prefix(b"-v") {
            let assignment = value(rest)?;
            let cut = assignment.iter().position(|b| *b == b'=')?;
            let (name, text) = assignment.split_at(cut);
            let text = text.get(1..)?.to_vec();
            if text.contains(&b'\\') {
                return None;
            }
            let cell = Cell {
                text,
                numeric: true,
            };
            names.insert(name.to_vec(), cell);
        } else if word.starts_with(b"-") {
            return None;
        } else {
            break word;
        }
    };
    if at < args.len() {
        return None;
    }
    let program = parse(program)?;
    let mut out = Vec::new();
    let body = input.strip_suffix(b"\n").unwrap_or(input);
    if input.is_empty() {
        return Some(out);
    }
    for (index, line) in body.split(|b| *b == b'\n').enumerate() {
        if index >= MOST_LINES {
            return None;
        }
        let record = Record {
            line,
            fields: split(line, separator.as_deref())?,
            number: index + 1,
            names: &names,
            shell,
        };
        if !record.run(&program, &mut out)? {
            break;
        }
    }
    Some(out)
}

/// A line with its fields.
struct Record<'a> {
    line: &'a [u8],
    fields: Vec<Vec<u8>>,
    number: usize,
    names: &'a BTreeMap<Vec<u8>, Cell>,
    /// Whether what is done is written down for a shell.
    shell: bool,
}

fn split(line: &[u8], separator: Option<&[u8]>) -> Option<Vec<Vec<u8>>> {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    match separator {
        None | Some(b" ") => {
            let words = line.split(blank).filter(|word| !word.is_empty());
            Some(words.map(<[u8]>::to_vec).collect())
        }
        Some(b"\\t") => split(line, Some(b"\t")),
        Some(_) if line.is_empty() => Some(Vec::new()),
        Some([one]) => Some(line.split(|b| b == one).map(<[u8]>::to_vec).collect()),
        Some(expression) => {
            let regex = posix(std::str::from_utf8(expression).ok()?)?;
            Some(regex.split(line).map(<[u8]>::to_vec).collect())
        }
    }
}

impl Record<'_> {
    /// Whether there may be a next one.
    fn run(&self, program: &Program, out: &mut Vec<u8>) -> Option<bool> {
        for (pattern, statements) in &program.rules {
            let fits = match pattern {
                Some(pattern) => self.holds(pattern)?,
                None => true,
            };
            if !fits {
                continue;
            }
            for statement in statements {
                match statement {
                    Statement::Next => return Some(true),
                    Statement::Exit => return Some(false),
                    Statement::System(_) if !self.shell => return None,
                    Statement::System(command) => {
                        let command = self.value(command)?.text;
                        out.extend(b"sh -c ");
                        out.extend(quoted(&command));
                        out.push(b'\n');
                    }
                    Statement::Print(items) => {
                        let mut texts = Vec::new();
                        for item in items {
                            texts.push(self.value(item)?.text);
                        }
                        if items.is_empty() {
                            texts.push(self.line.to_vec());
                        }
                        let line = texts.join(&b' ');
                        if self.shell {
                            out.extend(b"printf '%s\\n' ");
                            out.extend(quoted(&line));
                        } else {
                            out.extend(line);
                        }
                        out.push(b'\n');
                    }
                }
            }
        }
        Some(true)
    }

    fn holds(&self, expression: &Expression) -> Option<bool> {
        match expression {
            Expression::Regex(regex) => Some(regex.is_match(self.line)),
            _ => {
                let cell = self.value(expression)?;
                Some(match number(&cell.text).filter(|_| cell.numeric) {
                    Some(number) => number != 0.0,
                    None => !cell.text.is_empty(),
                })
            }
        }
    }

    fn value(&self, expression: &Expression) -> Option<Cell> {
        let text = |text: Vec<u8>| Cell {
            text,
            numeric: false,
        };
        let truth = |holds: bool| Cell {
            text: if holds { b"1".to_vec() } else { b"0".to_vec() },
            numeric: true,
        };
        Some(match expression {
            Expression::Text(bytes) => text(bytes.clone()),
            Expression::Number(number) => Cell {
                text: shown(*number)?,
                numeric: true,
            },
            Expression::Regex(_) => truth(self.holds(expression)?),
            Expression::Field(index) => {
                let index = self.value(index)?.text;
                let index: usize = std::str::from_utf8(&index).ok()?.parse().ok()?;
                let field = match index.checked_sub(1) {
                    None => self.line.to_vec(),
                    Some(at) => self.fields.get(at).cloned().unwrap_or_else(Vec::new),
                };
                Cell {
                    text: field,
                    numeric: true,
                }
            }
            Expression::Name(name) => match name.as_slice() {
                b"NF" => Cell {
                    text: self.fields.len().to_string().into_bytes(),
                    numeric: true,
                },
                b"NR" | b"FNR" => Cell {
                    text: self.number.to_string().into_bytes(),
                    numeric: true,
                },
                name if name.first().is_some_and(u8::is_ascii_uppercase)
                    && !self.names.contains_key(name) =>
                {
                    return None;
                }
                name => {
                    let cell = self.names.get(name).cloned();
                    cell.unwrap_or_else(|| text(Vec::new()))
                }
            },
            Expression::Call(name, arguments) => {
                let first = match arguments.as_slice() {
                    [] => self.line.to_vec(),
                    [one] => self.value(one)?.text,
                    _ => return None,
                };
                match name.as_slice() {
                    b"tolower" => text(first.to_ascii_lowercase()),
                    b"toupper" => text(first.to_ascii_uppercase()),
                    b"length" if first.is_ascii() => Cell {
                        text: first.len().to_string().into_bytes(),
                        numeric: true,
                    },
                    _ => return None,
                }
            }
            Expression::Join(left, right) => {
                text([self.value(left)?.text, self.value(right)?.text].concat())
            }
            Expression::Compare(operator, left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                let numbers = number(&left.text).zip(number(&right.text));
                let order = match numbers.filter(|_| left.numeric && right.numeric) {
                    Some((left, right)) => left.partial_cmp(&right)?,
                    None => left.text.cmp(&right.text),
                };
                truth(match *operator {
                    "==" => order.is_eq(),
                    "!=" => order.is_ne(),
                    "<" => order.is_lt(),
                    "<=" => order.is_le(),
                    ">=" => order.is_ge(),
                    _ => order.is_gt(),
                })
            }
            Expression::Match(wanted, left, right) => {
                let subject = self.value(left)?.text;
                let found = match right.as_ref() {
                    Expression::Regex(regex) => regex.is_match(&subject),
                    other => {
                        let expression = self.value(other)?.text;
                        posix(std::str::from_utf8(&expression).ok()?)?.is_match(&subject)
                    }
                };
                truth(found == *wanted)
            }
            Expression::Not(inner) => truth(!self.holds(inner)?),
            Expression::And(left, right) => truth(self.holds(left)? && self.holds(right)?),
            Expression::Or(left, right) => truth(self.holds(left)? || self.holds(right)?),
        })
    }
}

fn number(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text.trim_ascii()).ok()?;
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b".-+".contains(&b));
    text.parse().ok().filter(|_| plain && !text.is_empty())
}

fn shown(number: f64) -> Option<Vec<u8>> {
    (number.fract() == 0.0 && number.abs() < 1e15).then(|| format!("{number:.0}").into_bytes())
}

fn parse(text: &[u8]) -> Option<Program> {
    if text.len() > LONGEST {
        return None;
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
    };
    let mut rules = Vec::new();
    parser.space(true);
    while parser.at < text.len() {
        let pattern = if parser.peek() == Some(b'{') {
            None
        } else {
            Some(parser.or()?)
        };
        parser.space(false);
        let statements = if parser.eat("{") {
            parser.statements()?
        } else {
            vec![Statement::Print(Vec::new())]
        };
        rules.push((pattern, statements));
        parser.space(true);
        while parser.eat(";") {
            parser.space(true);
        }
    }
    (!rules.is_empty()).then_some(Program { rules })
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self, lines: bool) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' => {}
                b'\n' if lines => {}
                _ => return,
            }
            self.at += 1;
        }
    }

    fn eat(&mut self, wanted: &str) -> bool {
        let rest = self.text.get(self.at..).unwrap_or(&[]);
        let found = rest.starts_with(wanted.as_bytes());
        if found {
            self.at += wanted.len();
        }
        found
    }

    fn name(&mut self) -> Vec<u8> {
        let rest = self.text.get(self.at..).unwrap_or(&[]);
        let word = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_';
        let name: Vec<u8> = rest.iter().take_while(word).copied().collect();
        self.at += name.len();
        name
    }

    fn statements(&mut self) -> Option<Vec<Statement>> {
        let mut statements = Vec::new();
        loop {
            self.space(true);
            if self.eat("}") {
                return Some(statements);
            }
            if self.eat(";") {
                continue;
            }
            let statement = match self.name().as_slice() {
                b"print" => Statement::Print(self.list()?),
                b"system" => {
                    self.space(false);
                    if !self.eat("(") {
                        return None;
                    }
                    let command = self.join()?;
                    self.space(false);
                    if !self.eat(")") {
                        return None;
                    }
                    Statement::System(command)
                }
                b"next" => Statement::Next,
                b"exit" => Statement::Exit,
                _ => return None,
            };
            statements.push(statement);
            self.space(false);
            if !matches!(self.peek(), Some(b';' | b'\n' | b'}')) {
                return None;
            }
        }
    }

    /// What `print` prints, up to the end of the statement.
    fn list(&mut self) -> Option<Vec<Expression>> {
        let mut items = Vec::new();
        self.space(false);
        while !matches!(self.peek(), Some(b';' | b'\n' | b'}') | None) {
            items.push(self.join()?);
            self.space(false);
            if !self.eat(",") {
                break;
            }
            self.space(true);
        }
        Some(items)
    }

    fn or(&mut self) -> Option<Expression> {
        let mut left = self.and()?;
        loop {
            self.space(false);
            if !self.eat("||") {
                return Some(left);
            }
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
    }

    fn and(&mut self) -> Option<Expression> {
        let mut left = self.comparison()?;
        loop {
            self.space(false);
            if !self.eat("&&") {
                return Some(left);
            }
            left = Expression::And(Box::new(left), Box::new(self.comparison()?));
        }
    }

    fn comparison(&mut self) -> Option<Expression> {
        let left = self.join()?;
        self.space(false);
        for operator in ["==", "!=", "<=", ">=", "<", ">"] {
            if self.eat(operator) {
                let right = self.join()?;
                return Some(Expression::Compare(
                    operator,
                    Box::new(left),
                    Box::new(right),
                ));
            }
        }
        for (operator, wanted) in [("!~", false), ("~", true)] {
            if self.eat(operator) {
                let right = self.join()?;
                return Some(Expression::Match(wanted, Box::new(left), Box::new(right)));
            }
        }
        Some(left)
    }

    fn join(&mut self) -> Option<Expression> {
        let mut left = self.primary()?;
        loop {
            self.space(false);
            let begins =
                |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'"' | b'$' | b'(' | b'_');
            if !self.peek().is_some_and(begins) {
                return Some(left);
            }
            left = Expression::Join(Box::new(left), Box::new(self.primary()?));
        }
    }

    fn primary(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        self.space(false);
        let byte = self.peek()?;
        let expression = match byte {
            b'"' => {
                self.at += 1;
                let rest = self.text.get(self.at..)?;
                let end = rest.iter().position(|b| *b == b'"')?;
                let text = rest.get(..end)?.to_vec();
                if text.contains(&b'\\') {
                    return None;
                }
                self.at += end + 1;
                Expression::Text(text)
            }
            b'/' => {
                self.at += 1;
                let rest = self.text.get(self.at..)?;
                let end = rest.iter().position(|b| *b == b'/')?;
                let text = rest.get(..end)?;
                self.at += end + 1;
                Expression::Regex(posix(std::str::from_utf8(text).ok()?)?)
            }
            b'$' => {
                self.at += 1;
                Expression::Field(Box::new(self.primary()?))
            }
            b'!' => {
                self.at += 1;
                Expression::Not(Box::new(self.primary()?))
            }
            b'(' => {
                self.at += 1;
                let inner = self.or()?;
                self.space(false);
                if !self.eat(")") {
                    return None;
                }
                inner
            }
            b'0'..=b'9' => {
                let digits = self.name();
                Expression::Number(std::str::from_utf8(&digits).ok()?.parse().ok()?)
            }
            _ => {
                let name = self.name();
                let reserved = [&b"getline"[..], b"system", b"in", b"if", b"BEGIN", b"END"];
                if name.is_empty() || reserved.contains(&name.as_slice()) {
                    return None;
                }
                if self.eat("(") {
                    let mut arguments = Vec::new();
                    self.space(false);
                    while !self.eat(")") {
                        arguments.push(self.or()?);
                        self.space(false);
                        if !self.eat(",") && self.peek() != Some(b')') {
                            return None;
                        }
                    }
                    Expression::Call(name, arguments)
                } else {
                    Expression::Name(name)
                }
            }
        };
        self.depth -= 1;
        Some(expression)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str], input: &str) -> Option<String> {
        let args: Vec<&[u8]> = args.iter().map(|a| a.as_bytes()).collect();
        let out = awk(&args, input.as_bytes())?;
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn fields_are_printed_and_compared_as_awk_does() {
        let table = "gw4 192.0.2.1 a\n# x\ngw6   2001:db8::1\n";
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            run(&["$1 == \"gw6\" { print $2 }"], table),
            some("2001:db8::1\n")
        );
        assert_eq!(
            run(&["-v", "n=gw4", "$1==n{print $2,$NF}"], table),
            some("192.0.2.1 a\n")
        );
        assert_eq!(run(&["-F_", "{ print $NF }"], "VI_lan\n"), some("lan\n"));
        assert_eq!(run(&["{ print tolower($0) \"!\" }"], "AB\n"), some("ab!\n"));
        assert_eq!(
            run(&["/^gw/ && !/4/ { print NR; exit }"], table),
            some("3\n")
        );
        assert_eq!(run(&["NF > 2"], table), some("gw4 192.0.2.1 a\n"));
        assert_eq!(
            run(&["$1 ~ /^#/ { next } { print $1 }"], table),
            some("gw4\ngw6\n")
        );
        // A field that looks like a number compares as one, a constant text does not.
        assert_eq!(run(&["$1 == 10"], "010\n"), some("010\n"));
        assert_eq!(run(&["$1 == \"10\""], "010\n"), some(""));
        assert_eq!(run(&["{ print }"], ""), some(""));
    }

    #[test]
    fn commands_are_called_where_awk_calls_them() {
        let commands = |program: &[u8], input: &[u8]| {
            let text = awk_commands(&[b"-v", b"n=gw4", program], input)?;
            Some(String::from_utf8(text).unwrap())
        };
        let program = b"$1 == n { print $1; system(\"ip route add default via \" $2) }";
        let expected = "printf '%s\\n' 'gw4'\nsh -c 'ip route add default via 192.0.2.1'\n:\n";
        let some = Some(expected.to_owned());
        assert_eq!(commands(program, b"a 1\ngw4 192.0.2.1\n"), some);
        assert_eq!(commands(program, b"a 1\n"), Some(":\n".to_owned()));
        let program = b"{ system(\"echo 'a' \" $1) }";
        let some = Some("sh -c 'echo '\\''a'\\'' x'\n:\n".to_owned());
        assert_eq!(commands(program, b"x\n"), some);
        for program in [
            "{ system }",
            "{ system(\"a\" }",
            "{ system(\"a\") > \"f\" }",
        ] {
            assert_eq!(commands(program.as_bytes(), b"x\n"), None, "{program}");
        }
    }

    #[test]
    fn what_is_not_modelled_is_not_guessed() {
        for program in [
            "{ system(\"reboot\") }",
            "BEGIN { print 1 }",
            "{ printf \"%s\", $1 }",
            "{ x = 1; print x }",
            "{ print > \"file\" }",
            "{ if ($1) print }",
            "{ print FILENAME }",
            "{ print substr($1, 2) }",
            "{ \"date\" | getline; print }",
            "",
            "{",
        ] {
            assert_eq!(run(&[program], "a\n"), None, "{program}");
        }
        assert_eq!(run(&["-f", "x"], "a\n"), None);
        assert_eq!(run(&["{ print }", "file"], "a\n"), None);
        let long = |len: usize| format!("{{ print }}{}", " ".repeat(len - "{ print }".len()));
        assert_eq!(run(&[&long(LONGEST)], "a\n"), Some("a\n".to_owned()));
        assert_eq!(run(&[&long(LONGEST + 1)], "a\n"), None);
        let deep = format!("{{ print {}$1 }}", "(".repeat(5000));
        assert_eq!(run(&[&deep], "a\n"), None);
    }
}
