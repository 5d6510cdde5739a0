//! The customer invoice that Visma shall hold, before it takes the shape of a request.
//!
//! Field names follow `CustomerInvoiceUpdateDto` of Visma's published OpenAPI file; amounts are in the document's
//! currency. Nothing here is wrapped in `{"value": …}`: that is the request's business.

use rust_decimal::Decimal;

/// One customer invoice as we want it to stand in Visma, draft or released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Our reference, unique per document of one connection (`WEB-000001042`). Visma enforces no uniqueness: the
    /// create path does.
    pub external_reference: String,
    /// Document date, `YYYY-MM-DD`, in the company's time zone.
    pub document_date: String,
    /// Financial period `YYYYMM`; `None` lets Visma derive it from the date.
    pub financial_period: Option<String>,
    /// ISO 4217 code of the document's currency.
    pub currency: String,
    /// Units of base currency for one of the document's currency; `None` leaves the rate to Visma.
    pub exchange_rate: Option<Decimal>,
    /// Visma's credit terms id; `None` leaves the customer's own.
    pub credit_terms: Option<String>,
    /// The buyer's own reference (a purchase order number), printed on the invoice.
    pub customer_reference: Option<String>,
    /// Free text on the invoice head.
    pub text: String,
    /// Internal note, not printed.
    pub note: Option<String>,
    /// Branch number; `None` is the company's default.
    pub branch: Option<String>,
    /// VAT zone of the delivery; `None` leaves the customer's own. Visma takes only the VAT codes of the zone.
    pub vat_zone: Option<String>,
    /// Leave the document on hold (`true`) or balanced (`false`). Neither posts to the ledger.
    pub hold: bool,
    /// The lines, in the order in which they are to stand.
    pub lines: Vec<InvoiceLine>,
    /// VAT per code, pinned: what Visma shall hold instead of what it computes. Empty leaves VAT to Visma.
    pub tax_details: Vec<TaxDetail>,
}

/// One line on a GL account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    /// Text that the buyer reads.
    pub description: String,
    /// Quantity; may carry decimals.
    pub quantity: Decimal,
    /// Net unit price in the document's currency.
    pub unit_price: Decimal,
    /// Net amount of the line, two decimals; sent as the manual amount, so that quantity × price cannot drift from it.
    pub amount: Decimal,
    /// GL account number.
    pub account: String,
    /// Visma's VAT id (`vatCodeId`).
    pub vat_code: String,
    /// Every segment of the subaccount, or none: Visma takes no part of a set.
    pub subaccount: Vec<Segment>,
    /// Branch of the line; `None` is the document's.
    pub branch: Option<String>,
}

/// One segment of a subaccount (a dimension's value).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The segment's number within the dimension, from 1.
    pub id: u32,
    /// Its value, as Visma writes it (leading zeros matter).
    pub value: String,
}

/// VAT of one code on the whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxDetail {
    /// Visma's VAT id.
    pub vat_code: String,
    /// Amount that the VAT is computed on.
    pub taxable: Decimal,
    /// The VAT amount.
    pub vat: Decimal,
}
