//! A polled record as the payload of a change: what of it is content, and what of it is a person's.

/// Fields that move without the record having changed: a list's own figures, versions, times of writing.
pub const VOLATILE: &[&str] = &["metadata", "timeStamp", "lastModifiedDateTime", "errorInfo"];

/// Parts of a customer that hold names, addresses and numbers of people, to any depth. A sole trader's organisation
/// number is a person's.
const PERSONAL: [&str; 9] = [
    "name",
    "corporateId",
    "vatRegistrationId",
    "mainAddress",
    "mainContact",
    "invoiceAddress",
    "invoiceContact",
    "deliveryAddress",
    "deliveryContact",
];

/// Bank accounts and mandates: personal too, in a list.
const PERSONAL_LISTS: [&str; 1] = ["directDebitLines"];

/// Within those, what says nothing of a person.
const IMPERSONAL: [&str; 2] = ["country", "county"];

/// Where the e-mail address of the person stands whom a customer is about; some clients have seen values in wrappers.
pub const PERSON: &[&[&str]] = &[&["mainContact", "email"], &["mainContact", "email", "value"]];

/// Whether what stands under `name` in a customer is about a person: all texts in it, or itself when it is one. `depth`
/// is 0 in the customer itself, `within` says that it stands in something that is about a person.
#[must_use]
pub fn is_personal(within: bool, depth: usize, name: &str) -> bool {
    match depth {
        0 => PERSONAL.contains(&name) || PERSONAL_LISTS.contains(&name),
        _ => within && !IMPERSONAL.contains(&name),
    }
}

/// An e-mail address in the one spelling in which addresses are compared.
#[must_use]
pub fn spelled(email: &str) -> String {
    email.trim().to_lowercase()
}
