//! Physical volumes of LVM2 and the text that describes their group (LVM 2.03,
//! `lib/format_text/layout.h`, `lib/label/label.h`).

use super::{Content, Window, le32, le64};

/// What a physical volume says of its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lvm {
    /// The id of the physical volume, with its dashes.
    pub pv: String,
    /// The group's name; empty where it has no text, or belongs to none.
    pub group: String,
    /// The logical volumes of the group that are seen.
    pub volumes: Vec<Volume>,
}

/// One logical volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Its name in the group.
    pub name: String,
    /// Where it begins on this physical volume, bytes, where it is linear and does.
    pub start: Option<u64>,
}

/// The longest text that is read.
const LONGEST: usize = 4 << 20;

pub(super) fn read(window: &dyn Window) -> Option<Content> {
    let head = window.at(0, 2048);
    let label = (0..4).map(|n| n * 512).find(|at| {
        head.get(*at..at + 8) == Some(b"LABELONE")
            && head.get(at + 24..at + 32) == Some(b"LVM2 001")
    })?;
    let header = label + usize::try_from(le32(&head, label + 20)?).ok()?;
    let id = head.get(header..header + 32)?;
    let pv = dashes(&String::from_utf8_lossy(id));
    let text = metadata(window, &head, header);
    let (group, volumes) =
        text.map_or_else(|| (String::new(), Vec::new()), |text| described(&text, &pv));
    let mut content = Content::new("LVM2_member", Some(pv.clone()), None);
    content.lvm = Some(Lvm { pv, group, volumes });
    Some(content)
}

/// `6-4-4-4-4-4-6`.
fn dashes(id: &str) -> String {
    let mut out = String::new();
    for (index, c) in id.chars().enumerate() {
        if matches!(index, 6 | 10 | 14 | 18 | 22 | 26) {
            out.push('-');
        }
        out.push(c);
    }
    out
}

/// The text of the first metadata area.
fn metadata(window: &dyn Window, head: &[u8], header: usize) -> Option<String> {
    // Behind the id and the size: data areas, a pair of zeros, metadata areas.
    let mut at = header + 40;
    while le64(head, at)? != 0 {
        at += 16;
    }
    let area = le64(head, at + 16).filter(|offset| *offset != 0)?;
    let size = le64(head, at + 24)?;
    let block = window.at(area, 512);
    if block.get(4..20)? != b" LVM2 x[5A%r0N*>" {
        return None;
    }
    let (offset, len) = (le64(&block, 40)?, le64(&block, 48)?);
    let len = usize::try_from(len)
        .ok()
        .filter(|len| *len > 0 && *len <= LONGEST)?;
    let mut bytes = window.at(area.checked_add(offset)?, len);
    // It goes round in its area, behind the header.
    let left = size.checked_sub(offset)?;
    if let Ok(left) = usize::try_from(left)
        && left < len
    {
        bytes.truncate(left);
        bytes.extend(window.at(area.checked_add(512)?, len - left));
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Words of the text: names, numbers, strings with their quotes, and single marks.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' => rest
                .get(1..)
                .and_then(|r| r.find('"'))
                .map_or(rest.len(), |end| end + 2),
            c if c.is_alphanumeric() || "_-.+".contains(c) => rest
                .find(|c: char| !(c.is_alphanumeric() || "_-.+".contains(c)))
                .unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (word, tail) = rest.split_at(length);
        if !first.is_whitespace() && first != '#' {
            words.push(word);
        }
        rest = tail;
    }
    words
}

/// The group's name and its visible volumes.
fn described(text: &str, pv: &str) -> (String, Vec<Volume>) {
    let words = words(text);
    let group = words.first().copied().unwrap_or("").to_owned();
    let mut path: Vec<&str> = Vec::new();
    let mut volumes: Vec<(Volume, Parts)> = Vec::new();
    let mut extent: u64 = 0;
    let mut names: Vec<(&str, u64)> = Vec::new();
    let mut own = "";
    let mut previous = "";
    let mut at = 0;
    while let Some(word) = words.get(at).copied() {
        at += 1;
        match word {
            "{" => {
                path.push(previous);
                if let [_, "logical_volumes", name] = path.as_slice() {
                    let volume = Volume {
                        name: (*name).to_owned(),
                        start: None,
                    };
                    volumes.push((volume, Parts::default()));
                }
            }
            "}" => {
                path.pop();
            }
            "=" => {
                let value = words.get(at).copied().unwrap_or("");
                let number = value.parse::<u64>().unwrap_or(0);
                match (path.as_slice(), previous) {
                    ([_], "extent_size") => extent = number,
                    ([_, "physical_volumes", name], "id") if value.trim_matches('"') == pv => {
                        own = name;
                    }
                    ([_, "physical_volumes", name], "pe_start") => names.push((name, number)),
                    ([_, "logical_volumes", _], "status") => {
                        let end = words.iter().skip(at).position(|w| *w == "]").unwrap_or(0);
                        let mut list = words.iter().skip(at).take(end);
                        if let Some((_, parts)) = volumes.last_mut() {
                            parts.visible = list.any(|w| *w == "\"VISIBLE\"");
                        }
                    }
                    ([_, "logical_volumes", _, "segment1"], key) => {
                        if let Some((_, parts)) = volumes.last_mut() {
                            match key {
                                "type" => parts.striped = value == "\"striped\"",
                                "stripe_count" => parts.one = number == 1,
                                "stripes" => {
                                    let name = words.get(at + 1).copied().unwrap_or("");
                                    name.trim_matches('"').clone_into(&mut parts.on);
                                    let first = words.get(at + 3).copied().unwrap_or("");
                                    parts.first = first.parse().ok();
                                }
                                _ => {}
                            }
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        previous = word;
    }
    let start_of = names
        .iter()
        .find(|(name, _)| *name == own)
        .map(|(_, start)| *start);
    let volumes = volumes.into_iter().filter(|(_, parts)| parts.visible);
    let placed = volumes.map(|(mut volume, parts)| {
        let linear = parts.striped && parts.one && parts.on == own;
        volume.start = parts.first.filter(|_| linear).and_then(|first: u64| {
            let sectors = start_of?.checked_add(first.checked_mul(extent)?)?;
            sectors.checked_mul(512)
        });
        volume
    });
    (group, placed.collect())
}

/// What the text says of a volume and its first segment.
#[derive(Default)]
struct Parts {
    visible: bool,
    striped: bool,
    one: bool,
    on: String,
    first: Option<u64>,
}
