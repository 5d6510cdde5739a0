//! Ids that are derived from what they stand for.

use uuid::Uuid;

/// Namespace of our name-based ids (RFC 9562, version 5).
const NAMESPACE: Uuid = Uuid::from_u128(0x6d6c_2d63_6f6e_6e65_6374_6f72_0000_0001);

/// An id derived from what it stands for: the same parts give the same id, in every process and at every time.
pub fn derived_id(parts: &[&str]) -> String {
    Uuid::new_v5(&NAMESPACE, parts.join("\u{1f}").as_bytes()).to_string()
}
