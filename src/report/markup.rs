//! Text inside XML and HTML.

/// `text` for an element or a quoted attribute. What XML 1.0 has no place for (it may
/// not even be written as a reference) becomes a question mark.
pub(super) fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push('\n'),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_markup_and_no_character_outside_xml_gets_through() {
        assert_eq!(
            markup("<a b='c' d=\"e\">&]]>\u{0}\u{ffff}\n"),
            "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;]]&gt;??\n"
        );
    }
}
