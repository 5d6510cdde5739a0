//! What mapping says about one order: book it, wait, skip it, or refuse it.
//!
//! A decision is made of the order and the mapping file alone. Whether the customer or the invoice exists already is
//! the writer's question.

use rust_decimal::Decimal;
use visma::customer::Customer;
use visma::invoice::Invoice;

/// What is to be done about one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Visma shall hold this customer and then this invoice.
    Book(Box<Booking>),
    /// Not yet: a later version of the order decides again.
    Wait {
        /// Why not yet.
        reason: Reason,
    },
    /// Never, as the order stands.
    Skip {
        /// Why not.
        reason: Reason,
    },
}

/// The two commands of one order; the customer's comes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// Who buys.
    pub customer: CustomerCommand,
    /// What is invoiced.
    pub invoice: InvoiceCommand,
}

/// A customer that Visma shall hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerCommand {
    /// Which customer of the shop it is.
    pub key: CustomerKey,
    /// How it is to look when it has to be created; empty for a collective customer, which is never created.
    pub customer: Customer,
}

/// Which customer, as the shop knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CustomerKey {
    /// An account in the shop, by its id.
    Registered(u64),
    /// A guest, by e-mail without outer blanks and in lower case.
    Guest(String),
    /// The one Visma customer that all guests are booked on, by its Visma number.
    Collective(String),
}

/// A customer invoice that Visma shall hold, and what Visma will make of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceCommand {
    /// Our reference: the configured prefix and the order's increment id.
    pub reference: String,
    /// Whom it is for.
    pub customer: CustomerKey,
    /// The document.
    pub invoice: Invoice,
    /// The amounts that Visma will show, in the order's currency.
    pub predicted: Predicted,
}

/// What Visma will compute of an invoice: the sum of its lines, and VAT per code as pinned or as Visma computes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicted {
    /// The invoice's total; equals the order's `grand_total` rounded to the currency.
    pub total: Decimal,
    /// VAT per code, in the order in which the codes appear on the lines.
    pub vat: Vec<VatAmount>,
    /// Amount of the rounding line; zero when there is none.
    pub rounding: Decimal,
}

/// VAT of one code on the whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VatAmount {
    /// Visma's VAT id.
    pub code: String,
    /// Sum of the lines with this code.
    pub taxable: Decimal,
    /// VAT on it.
    pub vat: Decimal,
}

/// Why an order waits or is skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Stable code, upper case.
    pub code: &'static str,
    /// For people.
    pub sentence: String,
}

/// Why an order cannot be booked: it becomes a dead letter with this code and this sentence.
///
/// Every code has a page in the runbook; the sentence names the order, what was found and, where it helps, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence} ({code})")]
pub struct Refusal {
    /// Stable code, upper case.
    pub code: &'static str,
    /// For an accountant.
    pub sentence: String,
}
