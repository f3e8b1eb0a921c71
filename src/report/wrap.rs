//! Lines of at most 80 columns.

/// The widest line that is not quoted from a file.
pub(super) const WIDTH: usize = 80;

/// `text` broken at blanks so that `indent` plus each line fits; a word that is too
/// long by itself stands alone. The first line carries no indent.
pub(super) fn wrap(text: &str, first: usize, indent: usize) -> String {
    let mut out = String::new();
    let mut column = first;
    let mut fresh = true;
    for word in text.split(' ') {
        let len = word.chars().count();
        if !fresh && column + 1 + len > WIDTH {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
            fresh = true;
        }
        if !fresh {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += len;
        fresh = false;
    }
    out
}

/// A paragraph set at `indent`, its own line breaks ignored.
#[must_use]
pub fn paragraph(text: &str, indent: usize) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{}{}", " ".repeat(indent), wrap(&words, indent, indent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_before_the_edge_and_go_on_under_the_first() {
        let text = "word ".repeat(30);
        let wrapped = wrap(text.trim(), 10, 4);
        for (index, line) in wrapped.lines().enumerate() {
            let start = if index == 0 { 10 } else { 0 };
            assert!(start + line.len() <= WIDTH, "{line}");
            assert!(index == 0 || line.starts_with("    word"));
        }
        assert_eq!(wrap("one", 79, 4), "one");
    }
}
