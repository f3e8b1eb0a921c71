//! Shell patterns: `*`, `?`, `[...]` and bash's `@(a|b)`, on bytes, as `case`,
//! `[[ == ]]`, `${x#p}` and `${x/p/r}` use them. Quoted characters of a pattern
//! are literal, so a pattern is a list of elements and not a string.

/// One element of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Element {
    /// This byte.
    Byte(u8),
    /// `?`
    Any,
    /// `*`
    Many,
    /// `[...]`: negated, and the ranges.
    Set(bool, Vec<(u8, u8)>),
    /// `@(a|b)` and its like: the mark before the parenthesis, and the choices.
    Choice(u8, Vec<Vec<Element>>),
}

/// Most comparisons for one match; a pattern that needs more does not match.
const EFFORT: usize = 200_000;

/// Reads a pattern; the flags tell which bytes are quoted.
pub(super) fn compile(bytes: &[(u8, bool)]) -> Vec<Element> {
    compile_at(bytes, 0)
}

fn compile_at(bytes: &[(u8, bool)], depth: usize) -> Vec<Element> {
    let mut elements = Vec::new();
    let mut at = 0;
    while let Some((byte, quoted)) = bytes.get(at).copied() {
        at += 1;
        if quoted {
            elements.push(Element::Byte(byte));
            continue;
        }
        if matches!(byte, b'@' | b'?' | b'*' | b'+' | b'!')
            && bytes.get(at) == Some(&(b'(', false))
            && depth < 8
            && let Some((choices, next)) = choices(bytes, at + 1)
        {
            let compiled = choices.iter().map(|c| compile_at(c, depth + 1)).collect();
            elements.push(Element::Choice(byte, compiled));
            at = next;
            continue;
        }
        match byte {
            b'*' => {
                if elements.last() != Some(&Element::Many) {
                    elements.push(Element::Many);
                }
            }
            b'?' => elements.push(Element::Any),
            b'[' => match set(bytes, at) {
                Some((element, next)) => {
                    elements.push(element);
                    at = next;
                }
                None => elements.push(Element::Byte(b'[')),
            },
            other => elements.push(Element::Byte(other)),
        }
    }
    elements
}

/// One choice of `@(a|b)`: its bytes, and whether each is quoted.
type Choice<'a> = &'a [(u8, bool)];

/// The choices up to the closing parenthesis, and where it ends.
fn choices(bytes: &[(u8, bool)], start: usize) -> Option<(Vec<Choice<'_>>, usize)> {
    let mut found = Vec::new();
    let mut from = start;
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match bytes.get(at)? {
            (b'(', false) => depth += 1,
            (b')', false) if depth == 0 => {
                found.push(bytes.get(from..at)?);
                return Some((found, at + 1));
            }
            (b')', false) => depth -= 1,
            (b'|', false) if depth == 0 => {
                found.push(bytes.get(from..at)?);
                from = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
}

/// `[...]` after its bracket.
fn set(bytes: &[(u8, bool)], start: usize) -> Option<(Element, usize)> {
    let mut at = start;
    let negated = matches!(bytes.get(at), Some((b'!' | b'^', false)));
    if negated {
        at += 1;
    }
    let first = at;
    let mut ranges = Vec::new();
    loop {
        let (byte, quoted) = *bytes.get(at)?;
        if byte == b']' && !quoted && at > first {
            return Some((Element::Set(negated, ranges), at + 1));
        }
        if byte == b'/' {
            return None;
        }
        if byte == b'[' && bytes.get(at + 1) == Some(&(b':', false)) {
            let rest = bytes.get(at + 2..)?;
            let end = rest.iter().position(|(b, _)| *b == b':')?;
            let name: Vec<u8> = rest.get(..end)?.iter().map(|(b, _)| *b).collect();
            ranges.extend(class(&name)?);
            at += end + 4;
            continue;
        }
        let upper = match (bytes.get(at + 1), bytes.get(at + 2)) {
            (Some((b'-', false)), Some((upper, upper_quoted)))
                if *upper != b']' || *upper_quoted =>
            {
                Some(*upper)
            }
            _ => None,
        };
        if let Some(upper) = upper {
            ranges.push((byte, upper));
            at += 3;
        } else {
            ranges.push((byte, byte));
            at += 1;
        }
    }
}

/// `[:name:]` in the C locale.
fn class(name: &[u8]) -> Option<Vec<(u8, u8)>> {
    let ranges: &[(u8, u8)] = match name {
        b"alpha" => &[(b'a', b'z'), (b'A', b'Z')],
        b"digit" => &[(b'0', b'9')],
        b"alnum" => &[(b'a', b'z'), (b'A', b'Z'), (b'0', b'9')],
        b"upper" => &[(b'A', b'Z')],
        b"lower" => &[(b'a', b'z')],
        b"space" => &[(b' ', b' '), (9, 13)],
        b"blank" => &[(b' ', b' '), (9, 9)],
        b"punct" => &[(33, 47), (58, 64), (91, 96), (123, 126)],
        b"xdigit" => &[(b'a', b'f'), (b'A', b'F'), (b'0', b'9')],
        b"print" => &[(32, 126)],
        b"graph" => &[(33, 126)],
        b"cntrl" => &[(0, 31), (127, 127)],
        _ => return None,
    };
    Some(ranges.to_vec())
}

/// The set of a `tr` argument: characters, ranges and classes, in order.
pub(super) fn characters(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at).copied() {
        if byte == b'[' && text.get(at + 1) == Some(&b':') {
            let rest = text.get(at + 2..)?;
            let end = rest.windows(2).position(|w| w == b":]")?;
            for (low, high) in class(rest.get(..end)?)? {
                out.extend(low..=high);
            }
            at += end + 4;
            continue;
        }
        let byte = match (byte, text.get(at + 1)) {
            (b'\\', Some(next)) => {
                at += 1;
                match next {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'0'..=b'9' => return None,
                    other => *other,
                }
            }
            _ => byte,
        };
        at += 1;
        if text.get(at) == Some(&b'-')
            && let Some(high) = text.get(at + 1)
        {
            out.extend(byte..=*high);
            at += 2;
        } else {
            out.push(byte);
        }
    }
    Some(out)
}

/// Whether the whole text matches.
pub(super) fn matches(pattern: &[Element], text: &[u8]) -> bool {
    let mut effort = EFFORT;
    matches_at(pattern, text, &mut effort)
}

fn matches_at(pattern: &[Element], text: &[u8], effort: &mut usize) -> bool {
    let mut p = 0;
    let mut t = 0;
    // where to go on after the last `*`
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let Some(left) = effort.checked_sub(1) else {
            return false;
        };
        *effort = left;
        let step = match (pattern.get(p), text.get(t)) {
            (None, None) => return true,
            (Some(Element::Many), _) => {
                retry = Some((p + 1, t));
                p += 1;
                continue;
            }
            (Some(Element::Choice(mark, choices)), _) => {
                let rest = pattern.get(p + 1..).unwrap_or(&[]);
                let tail = text.get(t..).unwrap_or(&[]);
                if choice(*mark, choices, rest, tail, effort) {
                    return true;
                }
                false
            }
            (Some(element), Some(byte)) => one(element, *byte),
            _ => false,
        };
        if step {
            p += 1;
            t += 1;
        } else {
            match retry {
                Some((after, from)) if from < text.len() => {
                    retry = Some((after, from + 1));
                    p = after;
                    t = from + 1;
                }
                _ => return false,
            }
        }
    }
}

fn one(element: &Element, byte: u8) -> bool {
    match element {
        Element::Byte(wanted) => *wanted == byte,
        Element::Any => true,
        Element::Set(negated, ranges) => {
            let inside = ranges
                .iter()
                .any(|(low, high)| (*low..=*high).contains(&byte));
            inside != *negated
        }
        Element::Many | Element::Choice(..) => false,
    }
}

/// `@(...)`, `?(...)`, `*(...)`, `+(...)`, `!(...)` followed by `rest`.
fn choice(
    mark: u8,
    choices: &[Vec<Element>],
    rest: &[Element],
    text: &[u8],
    effort: &mut usize,
) -> bool {
    if matches!(mark, b'?' | b'*') && matches_at(rest, text, effort) {
        return true;
    }
    for end in 0..=text.len() {
        if *effort == 0 {
            return false;
        }
        let (head, tail) = text.split_at_checked(end).unwrap_or((text, &[]));
        let any = choices.iter().any(|c| matches_at(c, head, effort));
        if mark == b'!' {
            if !any && matches_at(rest, tail, effort) {
                return true;
            }
        } else if any {
            if matches_at(rest, tail, effort) {
                return true;
            }
            if matches!(mark, b'*' | b'+') && end > 0 && choice(b'*', choices, rest, tail, effort) {
                return true;
            }
        }
    }
    false
}

/// Where a match begins and ends, leftmost and longest, from `from` on.
pub(super) fn find(pattern: &[Element], text: &[u8], from: usize) -> Option<(usize, usize)> {
    let mut effort = EFFORT;
    for start in from..=text.len() {
        for end in (start..=text.len()).rev() {
            if matches_at(pattern, text.get(start..end)?, &mut effort) {
                return Some((start, end));
            }
            if effort == 0 {
                return None;
            }
        }
    }
    None
}

/// The length of the shortest or longest part at one end that matches.
pub(super) fn trim(pattern: &[Element], text: &[u8], suffix: bool, longest: bool) -> Option<usize> {
    let length = text.len();
    let mut effort = EFFORT;
    let mut lengths: Vec<usize> = (0..=length).collect();
    if longest {
        lengths.reverse();
    }
    lengths.into_iter().find(|size| {
        let part = if suffix {
            text.get(length - size..)
        } else {
            text.get(..*size)
        };
        part.is_some_and(|part| matches_at(pattern, part, &mut effort))
    })
}
