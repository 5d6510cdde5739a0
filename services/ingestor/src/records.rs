//! Rules for the vendors' records: which of their fields are content, and which texts stay readable.

use commerce::{person, version};
use pipeline::content::{Readable, Rules};
use visma::payload;

/// Orders, invoices, credit memos and customers of Commerce.
pub(crate) static COMMERCE: Rules = Rules {
    volatile: version::VOLATILE,
    volatile_at_top: version::VOLATILE_ON_RECORD,
    person: person::PERSON,
    readable: Readable::new(person::READABLE),
};

/// Customers of Visma. A new version of one wakes nobody: the writer looks at the last one when it needs it.
pub(crate) static VISMA_CUSTOMER: Rules = Rules {
    volatile: payload::VOLATILE_IN_CUSTOMER,
    volatile_at_top: &[],
    person: payload::PERSON,
    readable: Readable::new(payload::READABLE_IN_CUSTOMER),
};

/// Documents of Visma: invoices, credit notes, purchase orders, supplier invoices.
pub(crate) static VISMA_DOCUMENT: Rules = Rules {
    volatile: payload::VOLATILE,
    volatile_at_top: &[],
    person: &[],
    readable: Readable::new(payload::READABLE_IN_DOCUMENT),
};

#[cfg(test)]
mod tests;
