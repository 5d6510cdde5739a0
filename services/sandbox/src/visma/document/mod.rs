//! A document of the customer ledger: an invoice, or a credit note.
//!
//! Visma computes and checks the two alike; they differ in the names of a few fields, which [`DocumentKind`] knows.

use std::sync::OnceLock;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::audit::Entity;
use super::books::Stamps;
use super::customer::{Address, Contact};
use super::dto::Schema;
use super::schemas;

pub(super) mod applications;
mod fields;
mod lines;
pub(super) mod shelf;
mod shown;
mod totals;
pub(super) mod write;

pub(super) use applications::Application;
pub(super) use fields::open_period;
pub(super) use shelf::Shelf;

/// The kinds of customer documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DocumentKind {
    /// The customer owes.
    Invoice,
    /// The company owes.
    CreditNote,
}

/// The states of a customer document that occur here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// A draft.
    Hold,
    /// Ready to be released.
    Balanced,
    /// Released: it can neither be changed nor deleted.
    Open,
    /// Released, with nothing left to pay.
    Closed,
}

/// A line of a document. Amounts are in the document's currency.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) line_number: i64,
    pub(super) inventory: Option<String>,
    pub(super) description: Option<String>,
    pub(super) quantity: Decimal,
    pub(super) uom: Option<String>,
    pub(super) unit_price: Decimal,
    pub(super) manual_amount: Option<Decimal>,
    pub(super) discount_percent: Decimal,
    pub(super) discount_amount: Decimal,
    /// The amount after the discount, without VAT.
    pub(super) amount: Decimal,
    pub(super) account: String,
    pub(super) vat: String,
    /// The values of the subaccount's segments, by segment id.
    pub(super) segments: Vec<(i64, String)>,
    pub(super) branch: String,
    pub(super) note: Option<String>,
}

/// The VAT of one code. Amounts are in the document's currency.
#[derive(Clone, Debug)]
pub(super) struct Tax {
    pub(super) id: String,
    pub(super) rate: Decimal,
    pub(super) taxable: Decimal,
    pub(super) vat: Decimal,
}

/// The totals of a document, in the document's currency.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    pub(super) detail: Decimal,
    pub(super) discount: Decimal,
    pub(super) taxable: Decimal,
    pub(super) exempt: Decimal,
    pub(super) vat: Decimal,
    pub(super) rounding: Decimal,
    pub(super) total: Decimal,
}

/// A customer document.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) kind: DocumentKind,
    pub(super) id: u64,
    pub(super) number: String,
    pub(super) customer: String,
    pub(super) customer_name: String,
    pub(super) status: Status,
    pub(super) document_date: Date,
    pub(super) due_date: Date,
    pub(super) orig_date: Option<Date>,
    pub(super) period: String,
    pub(super) currency: String,
    pub(super) exchange_rate: Decimal,
    pub(super) credit_terms: String,
    pub(super) payment_method: String,
    pub(super) branch: String,
    pub(super) vat_zone: Option<String>,
    pub(super) external_reference: Option<String>,
    pub(super) customer_ref_number: Option<String>,
    pub(super) payment_reference: Option<String>,
    pub(super) customer_project: Option<String>,
    pub(super) text: Option<String>,
    pub(super) note: Option<String>,
    pub(super) dont_print: bool,
    pub(super) dont_email: bool,
    pub(super) send_to_auto_invoice: bool,
    pub(super) address: Address,
    pub(super) contact: Contact,
    pub(super) lines: Vec<Line>,
    /// VAT amounts that the caller has set, by code: taxable amount and VAT.
    pub(super) pinned: Vec<(String, Option<Decimal>, Option<Decimal>)>,
    pub(super) taxes: Vec<Tax>,
    pub(super) sums: Sums,
    /// Documents that this one is applied to, and those that are applied to it.
    pub(super) applications: Vec<Application>,
    /// A release is under way: nothing else can be done to it.
    pub(super) releasing: bool,
    pub(super) stamps: Stamps,
    pub(super) rendered: OnceLock<String>,
}

/// Which parts of a document are shown: lists leave some out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) taxes: bool,
    pub(super) address: bool,
    pub(super) note: bool,
    pub(super) applications: bool,
}

impl Parts {
    /// All of them, as a read by number shows them.
    pub(super) const ALL: Self = Self { taxes: true, address: true, note: true, applications: true };
    const NONE: Self = Self { taxes: false, address: false, note: false, applications: false };
}

impl Status {
    /// The name in the API.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hold => "Hold",
            Self::Balanced => "Balanced",
            Self::Open => "Open",
            Self::Closed => "Closed",
        }
    }

    /// True when the document is posted.
    pub(super) fn released(self) -> bool {
        matches!(self, Self::Open | Self::Closed)
    }
}

impl DocumentKind {
    /// `documentType`.
    pub(super) fn name(self) -> &'static str {
        self.entity().document_type()
    }

    /// How the vendor's sentences call it.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Invoice => "Invoice",
            Self::CreditNote => "Credit note",
        }
    }

    /// Its place in a path.
    pub(super) fn resource(self) -> &'static str {
        self.entity().resource()
    }

    /// The name of its lines, when it is written and when it is read.
    pub(super) fn lines(self) -> &'static str {
        match self {
            Self::Invoice => "invoiceLines",
            Self::CreditNote => "lines",
        }
    }

    /// The name of the VAT amounts that are written.
    fn tax_lines(self) -> &'static str {
        match self {
            Self::Invoice => "taxDetailLines",
            Self::CreditNote => "taxDetails",
        }
    }

    /// The name of the address that is written.
    fn address(self) -> &'static str {
        match self {
            Self::Invoice => "billingAddress",
            Self::CreditNote => "invoiceAddress",
        }
    }

    /// Its kind among all records.
    pub(super) fn entity(self) -> Entity {
        match self {
            Self::Invoice => Entity::Invoice,
            Self::CreditNote => Entity::CreditNote,
        }
    }

    /// The fields that can be written.
    pub(super) fn schema(self) -> &'static Schema {
        match self {
            Self::Invoice => &schemas::INVOICE,
            Self::CreditNote => &schemas::CREDIT_NOTE,
        }
    }
}

impl Document {
    /// Amount left to pay: the total less the applications that are released. It is 0 while the document is on hold.
    pub(super) fn balance(&self) -> Decimal {
        let settled: Decimal = self.applications.iter().filter(|one| one.released).map(|one| one.amount).sum();
        if self.status == Status::Hold { Decimal::ZERO } else { self.sums.total - settled }
    }

    /// The status that a released document has by its balance.
    pub(super) fn posted(&self) -> Status {
        if self.balance().is_zero() { Status::Closed } else { Status::Open }
    }
}
