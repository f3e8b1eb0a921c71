//! Files that `nft -f` loads (nftables 1.0.6 `src/scanner.l`, `src/parser_bison.y`): tables
//! written with braces. A file with other commands, variables or includes is given up.

use std::sync::Arc;

use super::{Bound, Chain, Rule, Table, Verdict, is_no_beginning, is_other_protocol, ports};
use crate::text::{File, Place, Span};

/// Most words of a file.
const MOST: usize = 200_000;

/// A word with where it stands.
#[derive(Clone, Debug)]
struct Word {
    text: String,
    span: Span,
}

/// The tables of a file; none where it has what is not followed.
#[must_use]
pub fn parse(file: &Arc<File>) -> Option<Vec<Table>> {
    let words = words(file.bytes())?;
    let mut rest = words.as_slice();
    let mut tables = Vec::new();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first.text.as_str() {
            "\n" | ";" => {}
            "flush" => rest = behind_line(rest),
            "table" => {
                let at = rest.iter().position(|word| word.text == "{")?;
                let names = rest.get(..at)?;
                let family = match names {
                    [family, _] => family.text.as_str(),
                    [_] => "ip",
                    _ => return None,
                };
                let (body, behind) = block(rest.get(at..)?)?;
                rest = behind;
                if matches!(family, "ip" | "ip6" | "inet") {
                    tables.push(table(file, family, body)?);
                }
            }
            _ => return None,
        }
    }
    Some(tables)
}

/// The words: braces, commas, semicolons and ends of lines are words of their own.
fn words(bytes: &[u8]) -> Option<Vec<Word>> {
    let mut found: Vec<Word> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if found.len() > MOST {
            return None;
        }
        let start = at;
        let rest = bytes.get(at..)?;
        let (length, text) = match byte {
            b'\n' | b'{' | b'}' | b',' | b';' => (1, rest.get(..1)?),
            b'\\' if bytes.get(at + 1) == Some(&b'\n') => (2, &b""[..]),
            b'#' => {
                let end = rest.iter().position(|b| *b == b'\n');
                (end.unwrap_or(rest.len()), &b""[..])
            }
            b'"' => {
                let inside = rest.get(1..)?;
                let end = inside.iter().position(|b| *b == b'"')?;
                (end + 2, inside.get(..end)?)
            }
            blank if blank.is_ascii_whitespace() => (1, &b""[..]),
            // What a variable holds is not looked up.
            b'$' => return None,
            _ => {
                let ends = |b: &u8| b.is_ascii_whitespace() || b"{},;#\"\\".contains(b);
                let end = rest.iter().skip(1).position(ends).map(|end| end + 1);
                let end = end.unwrap_or(rest.len());
                (end, rest.get(..end)?)
            }
        };
        at += length;
        if !text.is_empty() || *byte == b'"' {
            found.push(Word {
                text: String::from_utf8_lossy(text).into_owned(),
                span: Span::new(start, at),
            });
        }
    }
    Some(found)
}

fn behind_line(words: &[Word]) -> &[Word] {
    let at = words.iter().position(|word| word.text == "\n");
    words.get(at.unwrap_or(words.len())..).unwrap_or(&[])
}

/// What is between the brace that `words` begin with and its other, and what is behind.
fn block(words: &[Word]) -> Option<(&[Word], &[Word])> {
    let mut depth = 0_usize;
    for (at, word) in words.iter().enumerate() {
        match word.text.as_str() {
            "{" => depth += 1,
            "}" => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some((words.get(1..at)?, words.get(at + 1..)?));
        }
    }
    None
}

/// Parts words where a line or a statement ends outside of braces.
fn statements(words: &[Word]) -> Vec<&[Word]> {
    let mut depth = 0_usize;
    let parts = words.split(|word| {
        match word.text.as_str() {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(word.text.as_str(), "\n" | ";")
    });
    parts.filter(|part| !part.is_empty()).collect()
}

fn table(file: &Arc<File>, family: &str, body: &[Word]) -> Option<Table> {
    let mut chains = Vec::new();
    for part in statements(body) {
        let texts: Vec<&str> = part.iter().map(|word| word.text.as_str()).collect();
        if let ["chain", name, "{", ..] = texts.as_slice() {
            let (body, behind) = block(part.get(2..)?)?;
            if !behind.is_empty() {
                return None;
            }
            chains.push(chain(file, name, body));
        } else if texts.first() == Some(&"include") {
            return None;
        }
    }
    Some(Table {
        family: family.to_owned(),
        chains,
    })
}

fn chain(file: &Arc<File>, name: &str, body: &[Word]) -> Chain {
    let mut chain = Chain {
        name: name.to_owned(),
        ..Chain::default()
    };
    for part in statements(body) {
        let texts: Vec<&str> = part.iter().map(|word| word.text.as_str()).collect();
        let (Some(first), Some(last)) = (part.first(), part.last()) else {
            continue;
        };
        let place = file.place(first.span.to(last.span));
        match texts.as_slice() {
            ["type", "filter", "hook", "input", ..] => chain.is_input = true,
            ["type" | "comment" | "flags", ..] => {}
            ["policy", policy] => chain.drops = (*policy == "drop").then_some(place),
            _ => chain.rules.push(rule(&texts, place)),
        }
    }
    chain
}

/// The words of a list at `at`: in braces, with commas, or one.
fn list<'a>(words: &[&'a str], at: usize) -> Vec<&'a str> {
    let rest = words.get(at..).unwrap_or(&[]);
    if rest.first() == Some(&"{") {
        let inside = rest.iter().skip(1).take_while(|word| **word != "}");
        let inside = inside.filter(|word| !matches!(**word, "," | "\n"));
        return inside.copied().collect();
    }
    let mut found: Vec<&str> = rest.first().copied().into_iter().collect();
    for pair in rest.get(1..).unwrap_or(&[]).chunks(2) {
        match pair {
            [",", next] => found.push(next),
            _ => break,
        }
    }
    found
}

fn rule(words: &[&str], place: Place) -> Rule {
    let has = |word: &str| words.contains(&word);
    let mut bounds = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| words.get(at)).copied();
        let all = |fits: fn(&str) -> bool| {
            let list = list(words, at + 1);
            !list.is_empty() && list.into_iter().all(fits)
        };
        let shut = match *word {
            "state" if before == Some("ct") && words.get(at + 1) == Some(&"vmap") => {
                // `established : accept, invalid : drop`.
                let pairs = list(words, at + 2);
                let key = |word: &&str| {
                    let word = word.split(':').next().unwrap_or(word);
                    matches!(word, "new" | "untracked")
                };
                !pairs.iter().any(key)
            }
            "state" if before == Some("ct") => all(is_no_beginning),
            "iif" | "iifname" => all(|name| name == "lo"),
            "protocol" if before == Some("ip") => all(is_other_protocol),
            "nexthdr" | "l4proto" => all(is_other_protocol),
            "pkttype" => all(|kind| matches!(kind, "broadcast" | "multicast")),
            "udp" | "icmp" | "icmpv6" | "igmp" | "esp" | "ah" | "udplite" => {
                at == 0 || before != Some("with")
            }
            "dport" => {
                if let Some(ports) = ports(&list(words, at + 1), '-') {
                    bounds.push(Bound::Ports(ports));
                }
                false
            }
            _ => false,
        };
        if shut {
            bounds.push(Bound::NoBeginning);
        }
    }
    // What a negation leaves over is not worked out.
    if has("!=") || has("!") {
        bounds.clear();
    }
    let to: Vec<String> = words
        .windows(2)
        .filter(|pair| matches!(pair, ["jump" | "goto", _]))
        .filter_map(|pair| pair.last().map(|name| (*name).to_owned()))
        .collect();
    let accepts = ["accept", "queue", "vmap", "synproxy", "map"];
    let verdict = if !to.is_empty() && !has("vmap") {
        Verdict::Jumps(to)
    } else if accepts.iter().any(|word| has(word)) {
        Verdict::Accepts
    } else if has("drop") || has("reject") {
        Verdict::Drops
    } else {
        Verdict::Nothing
    };
    Rule {
        is_for_all: is_for_all(words),
        verdict,
        bounds,
        place,
    }
}

/// Whether a rule only counts, logs, drops and rejects.
fn is_for_all(words: &[&str]) -> bool {
    let mut rest = words;
    loop {
        rest = match rest {
            [] => return true,
            ["log", "prefix" | "level", _, tail @ ..]
            | ["counter", "packets", _, "bytes", _, tail @ ..]
            | ["prefix" | "level" | "comment", _, tail @ ..]
            | ["log" | "counter" | "drop", tail @ ..] => tail,
            // With what it answers, which stands last.
            ["reject", ..] => return true,
            _ => return false,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What drops a connection to sshd; `-` where nothing does, nothing where the file is
    /// given up.
    fn shuts(text: &str) -> Option<String> {
        let file = File::new("/etc/nftables.conf", text.as_bytes().to_vec());
        let tables = parse(&file)?;
        let shut = tables.iter().find_map(|table| table.shuts(22));
        Some(shut.map_or_else(|| "-".to_owned(), Place::text))
    }

    const HEAD: &str = "#!/usr/sbin/nft -f\nflush ruleset\ntable inet filter {\n\tset x {\n\t\ttype \
        ipv4_addr\n\t}\n\tchain logged { counter\n }\n\tchain input {\n\t\ttype filter hook input \
        priority filter; policy drop;\n\t\tct state { established, related } accept\n\t\tct state \
        vmap { established : accept, invalid : drop }\n\t\tiif \"lo\" accept # own\n\t\tmeta l4proto \
        { icmp, ipv6-icmp } accept\n\t\tip protocol icmp accept\n\t\tudp dport 22 accept\n\t\ttcp \
        dport { 80,\n 443, 8000-8999 } accept\n\t\tjump logged\n";

    #[test]
    fn a_port_that_no_rule_lets_in_is_shut_by_the_policy_or_by_the_last_rule() {
        let shut = shuts(&format!("{HEAD}\t}}\n}}\n"));
        assert_eq!(shut.as_deref(), Some("policy drop"));
        let open = HEAD.replace("policy drop", "policy accept");
        assert_eq!(shuts(&format!("{open}}}}}\n")), Some("-".to_owned()));
        for end in [
            "counter packets 0 bytes 0 drop",
            "log prefix \"x \" reject with icmpx type port-unreachable",
        ] {
            let shut = shuts(&format!("{open}{end}\n}}}}\n"));
            assert_eq!(shut.as_deref(), Some(end));
        }
        for way_in in [
            "tcp dport ssh accept",
            "tcp dport { 20-30, 99 } accept",
            "tcp dport myport accept",
            "ip saddr 192.0.2.0/24 accept",
            "iifname != \"eth0\" accept",
            "iifname { lo, wg0 } accept",
            "ct state new,established accept",
            "ct state vmap { new : accept }",
            "tcp dport vmap { 22 : accept }",
            "jump elsewhere",
        ] {
            assert_eq!(
                shuts(&format!("{HEAD}{way_in}\n}}}}\n")),
                Some("-".to_owned()),
                "{way_in}"
            );
        }
    }

    #[test]
    fn what_is_not_followed_is_given_up() {
        for text in [
            "include \"/etc/nftables.d/*\"\n",
            "define x = 1\n",
            "table ip x { chain input { tcp dport $ssh accept\n } }",
            "add rule inet filter input accept\n",
            "table ip x {",
            "table ip x { include \"/x\"\n }",
        ] {
            assert_eq!(shuts(text), None, "{text}");
        }
    }
}
