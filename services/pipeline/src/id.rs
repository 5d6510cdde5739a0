//! Ids that are derived from what they stand for.

use uuid::Uuid;

/// Namespace of our name-based ids (RFC 9562, version 5).
const NAMESPACE: Uuid = Uuid::from_u128(0x6d6c_2d63_6f6e_6e65_6374_6f72_0000_0001);

/// An id derived from what it stands for: the same parts give the same id, in every process and at every time.
pub fn derived_id(parts: &[&str]) -> String {
    Uuid::new_v5(&NAMESPACE, parts.join("\u{1f}").as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::derived_id;

    /// Ids that were given stand in the streams, and a redelivery after an update must give the same ones.
    #[test]
    fn derived_ids_are_fixed_for_ever() {
        assert_eq!(derived_id(&["command", "s", "1"]), "da1e304f-8924-5b75-a3f6-6bf3736a2e33");
        assert_eq!(derived_id(&[]), "edbaff28-16fd-5b8a-845b-6d662967c5c0");
    }

    #[test]
    fn parts_of_an_id_do_not_run_into_each_other() {
        let ids = [derived_id(&["ab", "c"]), derived_id(&["a", "bc"]), derived_id(&["abc"]), derived_id(&["abc", ""])];
        for (place, id) in ids.iter().enumerate() {
            assert!(!ids[..place].contains(id), "{id}");
        }
    }
}
