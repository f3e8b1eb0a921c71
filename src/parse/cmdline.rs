//! The kernel command line (Linux 6.1 `lib/cmdline.c`, `next_arg`).

/// The parameters in order: name and value, double quotes taken away as the kernel
/// does. What follows ` -- ` is for init and not given.
#[must_use]
pub fn parse(line: &[u8]) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quoted = false;
    for byte in line {
        if *byte == b'"' {
            quoted = !quoted;
        }
        if !quoted && byte.is_ascii_whitespace() {
            words.extend(word.take());
        } else {
            word.get_or_insert_with(Vec::new).push(*byte);
        }
    }
    words.extend(word);
    let params = words.into_iter().take_while(|word| word != b"--");
    params.map(|word| split(&word)).collect()
}

fn split(word: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    let word = word.strip_prefix(b"\"").unwrap_or(word);
    let strip_end = |bytes: &[u8]| bytes.strip_suffix(b"\"").unwrap_or(bytes).to_vec();
    match word.iter().position(|b| *b == b'=') {
        Some(equals) => {
            let (name, value) = word.split_at(equals);
            let value = value.get(1..).unwrap_or(&[]);
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            (name.to_vec(), Some(strip_end(value)))
        }
        None => (strip_end(word), None),
    }
}

/// The last value of `name`: the kernel lets a later parameter win.
#[must_use]
pub fn last_value(line: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let params = parse(line);
    let found = params.into_iter().rev().find(|(n, _)| n == name);
    found.and_then(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_protect_blanks_and_a_later_value_wins() {
        let line = b"ro init=/a dyn=\"x y\" \"q=1 2\" init=/b quiet -- init=/c\n";
        assert_eq!(last_value(line, b"init"), Some(b"/b".to_vec()));
        assert_eq!(last_value(line, b"dyn"), Some(b"x y".to_vec()));
        assert_eq!(last_value(line, b"q"), Some(b"1 2".to_vec()));
        assert_eq!(last_value(line, b"none"), None);
        assert_eq!(parse(line).first(), Some(&(b"ro".to_vec(), None)));
    }
}
