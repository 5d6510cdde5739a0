//! Subjects of the streams, and the encoding of a vendor's key to one token of them.
//!
//! `hint.<connection>.<system>.<entity>.<key>` and so on, as the streams' table in the README says. A token may not
//! hold a space, `.`, `*` or `>`; everything outside `[A-Za-z0-9_-]` is written as `=XX`, so that a key reads as itself
//! wherever it can and two keys never meet.

use std::fmt::Write as _;

use crate::envelope::derived_id;

/// Number of partitions of the commands. Fixed for ever: changing it would move lanes between partitions.
pub const PARTITIONS: u8 = 16;

/// Characters of one token at most. The broker takes a line of 4 KB with the subject and the place of the answer, and
/// cuts off whoever sends a longer one; no vendor's key comes near this.
const LONGEST: usize = 500;

/// One token from any text. Of a key that is too long for a subject the end is a hash.
pub fn token(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "={byte:02X}");
        }
    }
    if out.len() > LONGEST {
        out.truncate(LONGEST - 40);
        let _ = write!(out, "=-{}", derived_id(&[text])); // No escape reads so.
    }
    if out.is_empty() { "=".to_owned() } else { out }
}

/// The text that [`token`] encoded; a malformed escape is kept as it stands.
pub fn untoken(token: &str) -> String {
    let mut out = Vec::with_capacity(token.len());
    let mut rest = token.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped =
            tail.get(..2).and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
        match (first, escaped) {
            (b'=', Some(byte)) => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'=', None) if tail.is_empty() => rest = tail,
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The partition of a lane, `00` to `15`: FNV-1a over its name, written out here because it may never change.
pub fn partition(lane: &str) -> String {
    let hash = lane.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    format!("{:02}", hash % u64::from(PARTITIONS))
}

/// The names of one connection's subjects.
#[derive(Debug, Clone)]
pub struct Subjects {
    connection: String,
}

impl Subjects {
    /// Subjects of the connection with this name.
    pub fn new(connection: &str) -> Self {
        Self { connection: token(connection) }
    }

    /// Something may have changed at a source.
    pub fn hint(&self, system: &str, entity: &str, key: &str) -> String {
        format!("hint.{}.{system}.{entity}.{}", self.connection, token(key))
    }

    /// A record read at a source that differs from what was last read.
    pub fn change(&self, system: &str, entity: &str, key: &str) -> String {
        format!("change.{}.{system}.{entity}.{}", self.connection, token(key))
    }

    /// What a target shall be made to hold.
    pub fn command(&self, target: &str, entity: &str, key: &str, lane: &str) -> String {
        format!("command.{}.{target}.{entity}.{}.{}", self.connection, token(key), partition(lane))
    }

    /// Intents and outcomes of a record at a target.
    pub fn outcome(&self, target: &str, entity: &str, key: &str) -> String {
        format!("outcome.{}.{target}.{entity}.{}", self.connection, token(key))
    }

    /// Every entry of one kind (`change`, `outcome`, …) for a system and an entity.
    pub fn all(&self, kind: &str, system: &str, entity: &str) -> String {
        format!("{kind}.{}.{system}.{entity}.>", self.connection)
    }

    /// Every entry of one kind for a system, whatever the entity.
    pub fn every(&self, kind: &str, system: &str) -> String {
        format!("{kind}.{}.{system}.>", self.connection)
    }

    /// A delivery given up on at `stage` with `code`; entity and key as in the delivery's own subject.
    pub fn dead(&self, stage: &str, code: &str, delivery: &str) -> String {
        let mut parts = delivery.split('.').skip(3);
        let entity = parts.next().unwrap_or("unknown");
        let key = parts.next().unwrap_or("unknown");
        format!("dead.{}.{stage}.{code}.{entity}.{key}", self.connection)
    }
}

/// The entity of a hint, change, command or outcome subject.
pub fn entity_of(subject: &str) -> Option<&str> {
    subject.split('.').nth(3)
}

/// The key token of a hint, change, command or outcome subject.
pub fn key_of(subject: &str) -> Option<&str> {
    subject.split('.').nth(4)
}

#[cfg(test)]
mod tests;
