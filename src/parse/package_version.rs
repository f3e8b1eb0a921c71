//! In which order each package manager puts versions.

use std::cmp::Ordering;

/// dpkg 1.21 `lib/dpkg/version.c`: epoch, then the upstream version, then the revision,
/// each compared in turns of what is no digit and of digits; `~` comes before the end.
#[must_use]
pub fn debian(a: &str, b: &str) -> Ordering {
    let (left, right) = (debian_parts(a), debian_parts(b));
    number(left.0.as_bytes(), right.0.as_bytes())
        .then_with(|| debian_part(left.1.as_bytes(), right.1.as_bytes()))
        .then_with(|| debian_part(left.2.as_bytes(), right.2.as_bytes()))
}

/// Epoch, upstream version, revision.
fn debian_parts(text: &str) -> (&str, &str, &str) {
    let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
    let (version, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch, version, revision)
}

fn debian_part(a: &[u8], b: &[u8]) -> Ordering {
    let order = |byte: Option<&u8>| -> i32 {
        match byte {
            None => 0,
            Some(b'~') => -1,
            Some(byte) if byte.is_ascii_digit() => 0,
            Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
            Some(byte) => i32::from(*byte) + 256,
        }
    };
    let digit = |s: &[u8]| s.first().is_some_and(u8::is_ascii_digit);
    let (mut a, mut b) = (a, b);
    while !a.is_empty() || !b.is_empty() {
        while (!a.is_empty() && !digit(a)) || (!b.is_empty() && !digit(b)) {
            let (left, right) = (order(a.first()), order(b.first()));
            if left != right {
                return left.cmp(&right);
            }
            (a, b) = (after(a, 1), after(b, 1));
        }
        let (left, right) = (run(a, u8::is_ascii_digit), run(b, u8::is_ascii_digit));
        let compared = number(left, right);
        if compared.is_ne() {
            return compared;
        }
        (a, b) = (after(a, left.len()), after(b, right.len()));
    }
    Ordering::Equal
}

/// rpm 4.18 `rpmio/rpmvercmp.c`, of one part of a version.
#[must_use]
pub fn rpm(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    let counts = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'~' | b'^');
    while !a.is_empty() || !b.is_empty() {
        a = after(a, run(a, |byte| !counts(byte)).len());
        b = after(b, run(b, |byte| !counts(byte)).len());
        let starts = |byte| (a.first() == Some(&byte), b.first() == Some(&byte));
        match starts(b'~') {
            (true, true) => {
                (a, b) = (after(a, 1), after(b, 1));
                continue;
            }
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        // A caret comes after the end of the other, and before anything else.
        match starts(b'^') {
            (true, true) => {
                (a, b) = (after(a, 1), after(b, 1));
                continue;
            }
            (true, false) if b.is_empty() => return Ordering::Greater,
            (false, true) if a.is_empty() => return Ordering::Less,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        if a.is_empty() || b.is_empty() {
            break;
        }
        match segment(&mut a, &mut b) {
            Ordering::Equal => {}
            order => return order,
        }
    }
    (!a.is_empty()).cmp(&!b.is_empty())
}

/// Compares the run of digits or letters that both begin with, and takes it off.
fn segment(a: &mut &[u8], b: &mut &[u8]) -> Ordering {
    let numeric = a.first().is_some_and(u8::is_ascii_digit);
    let kind = if numeric {
        u8::is_ascii_digit
    } else {
        u8::is_ascii_alphabetic
    };
    let (left, right) = (run(a, kind), run(b, kind));
    // Another kind of run: digits are newer than letters.
    if right.is_empty() {
        return if numeric {
            Ordering::Greater
        } else {
            Ordering::Less
        };
    }
    (*a, *b) = (after(a, left.len()), after(b, right.len()));
    if numeric {
        number(left, right)
    } else {
        left.cmp(right)
    }
}

/// rpm's whole version, `[EPOCH:]VERSION[-RELEASE]` (rpm 4.18 `lib/rpmver.c`); one
/// without a release comes before the same with one.
#[must_use]
pub fn rpm_evr(a: &str, b: &str) -> Ordering {
    let release = |text| evr_parts(text).2.is_some();
    evr(a, b, rpm).then_with(|| release(a).cmp(&release(b)))
}

/// pacman 6.0 `lib/libalpm/version.c`: as rpm, without the caret, with a look at what
/// stands between the parts, and with letters at the end that mean an early version.
#[must_use]
pub fn alpm(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    evr(a, b, alpm_part)
}

fn alpm_part(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    let between = |byte: &u8| !byte.is_ascii_alphanumeric();
    while !a.is_empty() && !b.is_empty() {
        let (left, right) = (run(a, between).len(), run(b, between).len());
        (a, b) = (after(a, left), after(b, right));
        if a.is_empty() || b.is_empty() {
            break;
        }
        if left != right {
            return left.cmp(&right);
        }
        match segment(&mut a, &mut b) {
            Ordering::Equal => {}
            order => return order,
        }
    }
    if a.is_empty() && b.is_empty() {
        return Ordering::Equal;
    }
    // What is left over makes a version newer, but for letters: 1.0alpha is before 1.0.
    let letters = |rest: &[u8]| rest.first().is_some_and(u8::is_ascii_alphabetic);
    if (a.is_empty() && !letters(b)) || letters(a) {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

fn evr(a: &str, b: &str, compare: fn(&str, &str) -> Ordering) -> Ordering {
    let (left, right) = (evr_parts(a), evr_parts(b));
    let mut order = compare(left.0, right.0).then_with(|| compare(left.1, right.1));
    if let (Some(left), Some(right)) = (left.2, right.2) {
        order = order.then_with(|| compare(left, right));
    }
    order
}

/// Epoch, version, release.
fn evr_parts(text: &str) -> (&str, &str, Option<&str>) {
    let digits = text.find(|c: char| !c.is_ascii_digit());
    let (epoch, rest) = match digits {
        Some(at) if text.get(at..).is_some_and(|rest| rest.starts_with(':')) => {
            let (epoch, rest) = text.split_at(at);
            let epoch = if epoch.is_empty() { "0" } else { epoch };
            (epoch, rest.get(1..).unwrap_or(""))
        }
        _ => ("0", text),
    };
    match rest.rsplit_once('-') {
        Some((version, release)) => (epoch, version, Some(release)),
        None => (epoch, rest, None),
    }
}

/// Digits as a number of any length.
fn number(a: &[u8], b: &[u8]) -> Ordering {
    let bare = |digits: &[u8]| run(digits, |byte| *byte == b'0').len();
    let (a, b) = (after(a, bare(a)), after(b, bare(b)));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// The bytes at the beginning that are of a kind.
fn run(text: &[u8], kind: impl Fn(&u8) -> bool) -> &[u8] {
    let end = text.iter().position(|byte| !kind(byte));
    text.get(..end.unwrap_or(text.len())).unwrap_or(&[])
}

fn after(text: &[u8], count: usize) -> &[u8] {
    text.get(count..).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line: two versions, and the sign that the family's own program puts between
    /// them; `tests/packages/run` makes them.
    fn check(table: &str, compare: fn(&str, &str) -> Ordering) {
        let mut wrong = Vec::new();
        let mut count = 0;
        for line in table.lines().filter(|line| !line.is_empty()) {
            let mut words = line.split(' ');
            let (a, sign, b) = (
                words.next().unwrap(),
                words.next().unwrap(),
                words.next().unwrap(),
            );
            let expected = match sign {
                "<" => Ordering::Less,
                "=" => Ordering::Equal,
                ">" => Ordering::Greater,
                other => panic!("{other}"),
            };
            for (a, b, expected) in [(a, b, expected), (b, a, expected.reverse())] {
                if compare(a, b) != expected {
                    wrong.push(format!("{a} {b}: {:?}, not {expected:?}", compare(a, b)));
                }
            }
            count += 1;
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(count >= 200, "{count}");
    }

    #[test]
    fn debian_versions_compare_as_dpkg_compares_them() {
        let table = include_str!("../../tests/packages/versions/dpkg.txt");
        check(table, debian);
    }

    #[test]
    fn rpm_versions_compare_as_rpm_compares_them() {
        let table = include_str!("../../tests/packages/versions/rpm.txt");
        check(table, rpm_evr);
    }

    #[test]
    fn pacman_versions_compare_as_vercmp_compares_them() {
        let table = include_str!("../../tests/packages/versions/pacman.txt");
        check(table, alpm);
    }
}
