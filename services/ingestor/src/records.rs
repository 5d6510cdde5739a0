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

/// Customers of Visma.
pub(crate) static VISMA: Rules = Rules {
    volatile: payload::VOLATILE,
    volatile_at_top: &[],
    person: payload::PERSON,
    is_personal: |Place { within, depth, name, .. }| payload::is_personal(*within, *depth, name),
};

#[cfg(test)]
mod tests;
