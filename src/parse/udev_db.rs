//! A record of udev's database, `/run/udev/data/b8:1` (systemd 252,
//! `src/libsystemd/sd-device/sd-device.c`, `device_read_db_internal_filename`): a letter,
//! a colon, a value, one each line.

/// What udev knows about one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Links below /dev (`S:`), without `/dev/`.
    pub links: Vec<String>,
    /// Properties (`E:`).
    pub properties: Vec<(String, String)>,
}

impl Record {
    /// A property.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&str> {
        let found = self.properties.iter().rev().find(|(n, _)| n == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|v| !v.is_empty())
    }

    /// A property whose encoded form, `NAME_ENC` with `\xNN`, is the exact one.
    #[must_use]
    pub fn exact(&self, name: &str) -> Option<Vec<u8>> {
        match self.property(&format!("{name}_ENC")) {
            Some(encoded) => Some(decode(encoded.as_bytes())),
            None => self.property(name).map(|value| value.as_bytes().to_vec()),
        }
    }
}

/// The record in a file.
#[must_use]
pub fn parse(bytes: &[u8]) -> Record {
    let mut record = Record::default();
    for line in bytes.split(|b| *b == b'\n') {
        let line = String::from_utf8_lossy(line);
        if let Some(link) = line.strip_prefix("S:") {
            record.links.push(link.to_owned());
        } else if let Some((name, value)) = line.strip_prefix("E:").and_then(|l| l.split_once('='))
        {
            record.properties.push((name.to_owned(), value.to_owned()));
        }
    }
    record
}

/// Undoes udev's `\xNN`.
#[must_use]
pub fn decode(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.strip_prefix(b"x").and_then(|tail| tail.get(..2));
        let digits = digits.filter(|_| *first == b'\\');
        let byte = digits.and_then(|digits| {
            let text = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(text, 16).ok()
        });
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() {
            tail.get(3..).unwrap_or(&[])
        } else {
            tail
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_properties_are_read_and_the_encoded_form_is_the_exact_one() {
        let record = parse(
            b"S:disk/by-uuid/1-2\nS:disk/by-id/ata-X\nL:0\nI:123\nE:ID_FS_TYPE=ext4\n\
              E:ID_FS_LABEL=my_disk\nE:ID_FS_LABEL_ENC=my\\x20disk\nE:ID_FS_UUID=1-2\nE:EMPTY=\nG:systemd\n",
        );
        assert_eq!(record.links, ["disk/by-uuid/1-2", "disk/by-id/ata-X"]);
        assert_eq!(record.property("ID_FS_TYPE"), Some("ext4"));
        assert_eq!(record.exact("ID_FS_LABEL"), Some(b"my disk".to_vec()));
        assert_eq!(record.exact("ID_FS_UUID"), Some(b"1-2".to_vec()));
        assert_eq!(record.property("EMPTY"), None);
        assert_eq!(record.property("NONE"), None);
    }
}
