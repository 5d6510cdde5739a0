//! Whose contact a customer has in Visma whom several accounts of the shop share.
//!
//! The accounts of one company are one customer there. Would each change of any of them put its own name and e-mail
//! address in the contact's place, invoices would go to whoever changed something last. The contact is that of the
//! account that was opened first; accounts of one e-mail address are one person's, and count as one.

use proto::matching::EMAIL;

use super::{Customers, Mark, parsed, tables};

impl Customers {
    /// True when the contact of the customer `number` is that of the account `key`, which has these marks: the account
    /// was opened before all others that are linked with the customer, or the first one has the same e-mail address.
    pub(crate) fn is_contact(&self, key: &str, number: &str, marks: &[Mark]) -> bool {
        let own = parsed(marks).into_iter().find(|(name, _)| *name == EMAIL);
        let Some((_, own)) = own else { return true };
        let links = self.store.read(|tables| tables::links(tables, number));
        let others = links.iter().filter(|(other, _)| other != key);
        let others = others.filter_map(|(other, email)| Some((age(other), (*email)?)));
        others.min().is_none_or(|(first, email)| age(key) < first || email == own)
    }

    /// True when no other account is linked with the customer `number`.
    pub(crate) fn is_alone(&self, key: &str, number: &str) -> bool {
        self.store.read(|tables| tables::links(tables, number)).iter().all(|(other, _)| other == key)
    }
}

/// Accounts come in the order of their ids; guests, who have none, after them.
fn age(key: &str) -> (u64, &str) {
    (key.parse().unwrap_or(u64::MAX), key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(email: u8) -> [(&'static str, String); 1] {
        [(EMAIL, format!("{email:032x}"))]
    }

    #[test]
    fn the_contact_is_that_of_the_account_that_was_opened_first() {
        let customers = Customers::alone();
        // The ids are numbers: 9 is before 10.
        for (key, email) in [("guest-5a", 5), ("10", 10), ("9", 9)] {
            assert!(customers.is_contact(key, "1000", &marked(email)), "{key}: none before it is linked");
            customers.link(key, "1000", &marked(email));
        }
        let is_contact = |key: &str, email| customers.is_contact(key, "1000", &marked(email));
        assert_eq!([is_contact("9", 9), is_contact("10", 10), is_contact("guest-5a", 5)], [true, false, false]);
        assert!(is_contact("11", 9), "a second account of the same person");
        assert!(customers.is_contact("11", "1001", &marked(11)), "another customer");
        // The first one's address changes: it is the contact all the same, and is known by the new one.
        assert!(is_contact("9", 19));
        customers.link("9", "1000", &marked(19));
        assert!(!is_contact("11", 9));
        // An entry that tells no marks forgets none.
        customers.link("9", "1000", &[]);
        assert!(!is_contact("10", 10));
    }
}
