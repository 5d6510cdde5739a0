//! Decisions of mapping about one document: book it, wait, skip it, or refuse it.
//!
//! A decision is made of the document, its order and the mapping file alone. The writer finds out whether the customer
//! or the invoice exists already.

use problem::Code;
use rust_decimal::Decimal;
use visma::customer::Customer;
use visma::invoice::Invoice;

/// Decision about one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision<T = Booking> {
    /// Visma shall hold this.
    Book(Box<T>),
    /// Not yet: a later version decides again.
    Wait {
        /// Why not yet.
        reason: Reason,
    },
    /// Never, as it stands.
    Skip {
        /// Why not.
        reason: Reason,
    },
}

/// The commands of one order or invoice, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// Customer who buys.
    pub customer: CustomerCommand,
    /// Invoice that Visma shall hold.
    pub invoice: InvoiceCommand,
    /// Payment that settles the invoice, where payments are booked and the document is a Commerce invoice that is paid.
    pub payment: Option<PaymentCommand>,
}

/// The commands of one credit memo, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Customer who bought.
    pub customer: CustomerCommand,
    /// Credit note that Visma shall hold, with positive amounts.
    pub credit_note: InvoiceCommand,
    /// Invoices that it credits.
    pub credits: Credits,
    /// Payment that settles the credit note, where payments are booked.
    pub payment: Option<PaymentCommand>,
}

/// Which invoices of Visma a credit note credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credits {
    /// None: the order was placed before the go-live date, so that its invoice is not ours.
    Nothing,
    /// The one with this record key.
    Invoice(String),
    /// Those that the order's invoices became; Commerce does not say which of them.
    InvoicesOfOrder {
        /// There must be one: the order was placed after the go-live date.
        wait: bool,
    },
}

/// A Commerce invoice as what it becomes: a document of its own, or a reference on the invoice of its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invoiced {
    /// A Visma invoice of its own.
    Booking(Box<Booking>),
    /// Something about the Visma invoice that its order became.
    OfOrder {
        /// Key of that invoice's record.
        invoice_key: String,
        /// Increment id of the Commerce invoice, where it is to stand there as a reference.
        reference: Option<String>,
        /// Payment by which it settles that invoice, where payments are booked and it is paid.
        payment: Option<Box<OrderPayment>>,
    },
}

/// Payment of one Commerce invoice on the Visma invoice that its order became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPayment {
    /// Entity id of the Commerce invoice: an order may be paid in parts.
    pub part: u64,
    /// Customer who paid.
    pub customer: CustomerCommand,
    /// The payment.
    pub payment: PaymentCommand,
}

/// An invoice that shall not stand any longer, if it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Key of its record.
    pub key: String,
    /// Our reference on it.
    pub reference: String,
    /// For the accountant.
    pub reason: String,
}

/// Commands that take back an invoice that shall not stand any longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// Invoice that shall not stand.
    pub invoice: Withdrawal,
    /// Customer who bought.
    pub customer: CustomerCommand,
    /// Credit note that credits it in full when it can no longer be deleted.
    pub credit_note: InvoiceCommand,
}

/// A customer payment that settles an invoice, or a refund that settles a credit note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentCommand {
    /// Our reference.
    pub reference: String,
    /// Visma's payment method.
    pub method: String,
    /// The clearing or cash account.
    pub cash_account: String,
    /// `YYYY-MM-DD`, in the company's time zone.
    pub date: String,
    /// Currency of the document.
    pub currency: String,
    /// Amount that is settled; positive.
    pub amount: Decimal,
    /// For the accountant.
    pub text: String,
    /// Branch number; `None` is the company's default.
    pub branch: Option<String>,
    /// Where the period of its date is closed, it is posted in the next open one.
    pub next_open_period: bool,
}

/// A registered customer as Visma shall hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerUpdate {
    /// Which customer of the shop, and how it is to look.
    pub command: CustomerCommand,
    /// Fields of an existing customer that are brought to these values.
    pub owned: Vec<Field>,
    /// True when only an existing customer is brought up to date, and none is created.
    pub existing_only: bool,
}

/// A part of a Visma customer that the shop may own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Display name.
    Name,
    /// Street, postal code, city and country.
    Address,
    /// Person who is to be addressed.
    ContactName,
    /// E-mail address.
    Email,
    /// Phone number.
    Phone,
    /// Organisation number.
    CorporateId,
    /// VAT number.
    VatNumber,
    /// Credit terms.
    Terms,
    /// Customer class.
    Class,
    /// VAT zone.
    VatZone,
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

/// A customer invoice or credit note that Visma shall hold, and what Visma will make of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceCommand {
    /// Key of its record: the order's `entity_id`, `invoice-` and the invoice's, the credit memo's, or `cancellation-`
    /// and the key of what is cancelled.
    pub key: String,
    /// Our reference: the configured prefix, a letter for other than orders, and the increment id.
    pub reference: String,
    /// Whom it is for.
    pub customer: CustomerKey,
    /// The document.
    pub invoice: Invoice,
    /// The amounts that Visma will show, in the order's currency.
    pub predicted: Predicted,
    /// Where the period of its date is closed, it is posted in the next open one.
    pub next_open_period: bool,
}

/// Amounts that Visma will compute of an invoice: the sum of its lines, and VAT per code as pinned or as Visma
/// computes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicted {
    /// The document's total; equals Commerce's `grand_total` rounded to the currency.
    pub total: Decimal,
    /// VAT per code, in the order in which the codes appear on the lines.
    pub vat: Vec<VatAmount>,
    /// Amount of the rounding line; zero when there is none.
    pub rounding: Decimal,
    /// VAT that the shop charged, as the document's header has it.
    pub charged: Decimal,
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

/// Why a document waits or is skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Stable code, upper case.
    pub code: Code,
    /// For people.
    pub sentence: String,
}

/// Why a document cannot be booked: it becomes a dead letter with this code and this sentence.
///
/// Every code has a page in the runbook; the sentence names the document, what was found and, where it helps, what to
/// do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence} ({code})")]
pub struct Refusal {
    /// Stable code, upper case.
    pub code: Code,
    /// For an accountant.
    pub sentence: String,
}

/// Remedy for a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToDo {
    /// This first; then the document is tried again.
    ThenAgain(&'static str),
    /// This, and the document is not tried again.
    ByHand(&'static str),
}
