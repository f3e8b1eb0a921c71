//! Lists of networks, and classes of traffic.

/// A list of patterns of addresses: `addr_match_list` without an address. Networks must
/// fit their mask; anything else is a pattern.
pub(super) fn networks(list: &[u8]) -> bool {
    list.split(|b| *b == b',').all(|item| {
        let item = item.strip_prefix(b"!").unwrap_or(item);
        if item.is_empty() {
            return false;
        }
        let Ok(text) = std::str::from_utf8(item) else {
            return true;
        };
        let Some((address, mask)) = text.split_once('/') else {
            return true;
        };
        let digits = !mask.is_empty() && mask.bytes().all(|b| b.is_ascii_digit());
        let (Some(mask), Ok(address)) = (
            mask.parse::<u32>()
                .ok()
                .filter(|mask| digits && *mask <= 128),
            address.parse::<std::net::IpAddr>(),
        ) else {
            // No network: a pattern.
            return true;
        };
        match address {
            std::net::IpAddr::V4(v4) => {
                let bits = u32::from(v4);
                mask <= 32 && bits.checked_shl(mask).unwrap_or(0) == 0
            }
            std::net::IpAddr::V6(v6) => {
                let bits = u128::from(v6);
                bits.checked_shl(mask).unwrap_or(0) == 0
            }
        }
    })
}

/// A class of traffic (`parse_ipqos`): a name, or a number.
pub(super) fn qos(text: &[u8], decimal: bool) -> bool {
    let name = String::from_utf8_lossy(text).to_ascii_lowercase();
    let class = |prefix: &str, fits: fn(&str) -> bool| name.strip_prefix(prefix).is_some_and(fits);
    class("cs", |rest| {
        matches!(rest, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7")
    }) || class("af", |rest| {
        matches!(rest.as_bytes(), [b'1'..=b'4', b'1'..=b'3'])
    }) || matches!(
        name.as_str(),
        "ef" | "le" | "va" | "none" | "lowdelay" | "throughput" | "reliability"
    ) || if decimal {
        name.parse().ok()
    } else {
        strtol(&name)
    }
    .is_some_and(|value| value <= 255)
}

/// `strtol` with base 0.
fn strtol(text: &str) -> Option<u32> {
    if let Some(hex) = text.strip_prefix("0x") {
        return u32::from_str_radix(hex, 16).ok();
    }
    match text.strip_prefix('0').filter(|rest| !rest.is_empty()) {
        Some(octal) => u32::from_str_radix(octal, 8).ok(),
        None => text.parse().ok(),
    }
}
