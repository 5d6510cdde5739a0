//! The codes that an order is refused with.

use problem::Code;

use crate::decision::{Reason, Refusal};

/// Each code under which a document is refused.
pub const REFUSALS: [Code; 31] = [
    Code::AmountOutOfRange,
    Code::BaseCurrencyDiffers,
    Code::CancelledLess,
    Code::FeeUnreadable,
    Code::FixedProductTaxUnreadable,
    Code::LinesDoNotAddUp,
    Code::LineNotOnOrder,
    Code::NegativeTotal,
    Code::NoAccount,
    Code::NoBranch,
    Code::NoCountry,
    Code::NoCustomerClass,
    Code::NoDate,
    Code::NoDimension,
    Code::NoEmail,
    Code::NoNumber,
    Code::NoTerms,
    Code::NoVatCode,
    Code::NoVatZone,
    Code::OrderWithoutItems,
    Code::RoundingAboveLimit,
    Code::TaxDoesNotAddUp,
    Code::TotalDoesNotAddUp,
    Code::UnknownCurrency,
    Code::UnknownPaymentMethod,
    Code::UnknownSku,
    Code::UnknownState,
    Code::UnknownStore,
    Code::UnknownTaxRate,
    Code::VatDiffers,
    Code::VatRateDiffers,
];

/// A refusal.
pub(crate) fn refuse(code: Code, sentence: impl Into<String>) -> Refusal {
    Refusal { code, sentence: sentence.into() }
}

/// A reason to wait or to skip.
pub(crate) fn reason(code: Code, sentence: impl Into<String>) -> Reason {
    Reason { code, sentence: sentence.into() }
}
