//! The customer payment that Visma shall hold, before it takes the shape of a request.

use rust_decimal::Decimal;

/// Kind of a payment: from the customer or back to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentKind {
    /// The customer paid an invoice.
    Payment,
    /// The customer got back what a credit note grants.
    Refund,
}

impl PaymentKind {
    /// As Visma spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "Payment",
            Self::Refund => "Refund",
        }
    }

    /// The type of the document that it settles, as Visma spells it.
    #[must_use]
    pub fn settles(self) -> &'static str {
        match self {
            Self::Payment => "Invoice",
            Self::Refund => "CreditNote",
        }
    }
}

/// One customer payment that settles one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Payment or refund.
    pub kind: PaymentKind,
    /// Our reference, unique per payment of one connection. Visma enforces no uniqueness.
    pub reference: String,
    /// Visma's payment method.
    pub method: String,
    /// Visma's cash account: the clearing account of the payment method.
    pub cash_account: String,
    /// `YYYY-MM-DD`.
    pub date: String,
    /// Financial period `YYYYMM`; `None` lets Visma derive it from the date.
    pub period: Option<String>,
    /// ISO 4217 code.
    pub currency: String,
    /// How much, in that currency.
    pub amount: Decimal,
    /// How much of it settles the document: no more than the document comes to, or Visma refuses it.
    pub applied: Decimal,
    /// For the accountant.
    pub text: String,
    /// Branch number; `None` is the company's default.
    pub branch: Option<String>,
    /// Visma's number of the document that it settles.
    pub document: String,
}
