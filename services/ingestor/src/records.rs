//! What the vendors' records are like: which of their fields are content, and which are about a person.

use commerce::{person, version};
use pipeline::record::{Place, Rules};
use visma::payload;

/// Orders, invoices, credit memos and customers of Commerce.
pub(crate) static COMMERCE: Rules = Rules {
    volatile: version::VOLATILE,
    volatile_at_top: version::VOLATILE_ON_RECORD,
    person: person::PERSON,
    is_personal: |Place { within, name, is_text, .. }| person::is_personal(*within, name, *is_text),
};

/// Customers of Visma. A new version of one wakes nobody: the writer looks at the last one when it needs it.
pub(crate) static VISMA_CUSTOMER: Rules = Rules {
    volatile: payload::VOLATILE_IN_CUSTOMER,
    volatile_at_top: &[],
    person: payload::PERSON,
    is_personal: |Place { within, depth, name, .. }| payload::is_personal(*within, *depth, name),
};

/// Documents of Visma: invoices, credit notes, purchase orders, supplier invoices.
pub(crate) static VISMA_DOCUMENT: Rules = Rules {
    volatile: payload::VOLATILE,
    volatile_at_top: &[],
    person: &[],
    is_personal: |Place { within, depth, name, is_text }| {
        payload::is_personal_in_document(*within, *depth, name, *is_text)
    },
};

#[cfg(test)]
mod tests;
