//! The codes that mapping answers with. Each refusal has a page in the runbook, so the list is public.

use crate::decision::{Reason, Refusal};

/// Codes of refusals and reasons.
pub mod code {
    /// Made before the go-live date.
    pub const BEFORE_GO_LIVE: &str = "BEFORE_GO_LIVE";
    /// Its invoices are booked, not the order.
    pub const BOOKED_BY_INVOICES: &str = "BOOKED_BY_INVOICES";
    /// A customer without an address, who has bought nothing yet.
    pub const CUSTOMER_WAITS: &str = "CUSTOMER_WAITS";
    /// The order is booked, and its invoices are not noted on it.
    pub const NOT_NOTED: &str = "NOT_NOTED";
    /// Belongs to a website or store that is not in scope.
    pub const OUT_OF_SCOPE: &str = "OUT_OF_SCOPE";
    /// In a state that is never booked.
    pub const STATE_SKIPPED: &str = "STATE_SKIPPED";
    /// In a state that is not booked yet.
    pub const STATE_WAITS: &str = "STATE_WAITS";
    /// The event that makes an order an invoice has not happened yet.
    pub const TRIGGER_WAITS: &str = "TRIGGER_WAITS";
    /// Costs nothing, and such documents are left out.
    pub const ZERO_TOTAL: &str = "ZERO_TOTAL";

    /// An amount is larger than any real one.
    pub const AMOUNT_OUT_OF_RANGE: &str = "AMOUNT_OUT_OF_RANGE";
    /// The rate of the order is asked for, but its base currency is not the company's.
    pub const BASE_CURRENCY_DIFFERS: &str = "BASE_CURRENCY_DIFFERS";
    /// Less of the order is cancelled than is credited as cancelled.
    pub const CANCELLED_LESS: &str = "CANCELLED_LESS";
    /// A fee of a payment module cannot be read.
    pub const FEE_UNREADABLE: &str = "FEE_UNREADABLE";
    /// Fixed product tax cannot be read.
    pub const FIXED_PRODUCT_TAX_UNREADABLE: &str = "FIXED_PRODUCT_TAX_UNREADABLE";
    /// The items do not add up to the subtotal, or the lines to the total.
    pub const LINES_DO_NOT_ADD_UP: &str = "LINES_DO_NOT_ADD_UP";
    /// A line of an invoice or a credit memo belongs to no item of its order.
    pub const LINE_NOT_ON_ORDER: &str = "LINE_NOT_ON_ORDER";
    /// The grand total is negative.
    pub const NEGATIVE_TOTAL: &str = "NEGATIVE_TOTAL";
    /// No account for a line other than an item.
    pub const NO_ACCOUNT: &str = "NO_ACCOUNT";
    /// No branch rule holds.
    pub const NO_BRANCH: &str = "NO_BRANCH";
    /// Neither a shipping nor a billing address names a country.
    pub const NO_COUNTRY: &str = "NO_COUNTRY";
    /// No customer class rule holds.
    pub const NO_CUSTOMER_CLASS: &str = "NO_CUSTOMER_CLASS";
    /// The order does not say when it was placed.
    pub const NO_DATE: &str = "NO_DATE";
    /// A segment of the subaccount has no rule that holds.
    pub const NO_DIMENSION: &str = "NO_DIMENSION";
    /// The order has no e-mail.
    pub const NO_EMAIL: &str = "NO_EMAIL";
    /// The order has no increment id.
    pub const NO_NUMBER: &str = "NO_NUMBER";
    /// No terms rule holds.
    pub const NO_TERMS: &str = "NO_TERMS";
    /// No VAT rule for a line that carries no tax rate of its own.
    pub const NO_VAT_CODE: &str = "NO_VAT_CODE";
    /// No VAT zone rule holds.
    pub const NO_VAT_ZONE: &str = "NO_VAT_ZONE";
    /// Nothing was ordered.
    pub const ORDER_WITHOUT_ITEMS: &str = "ORDER_WITHOUT_ITEMS";
    /// The rounding line would be larger than allowed.
    pub const ROUNDING_ABOVE_LIMIT: &str = "ROUNDING_ABOVE_LIMIT";
    /// The taxes of the lines do not add up to the order's.
    pub const TAX_DOES_NOT_ADD_UP: &str = "TAX_DOES_NOT_ADD_UP";
    /// The header amounts do not add up to the grand total.
    pub const TOTAL_DOES_NOT_ADD_UP: &str = "TOTAL_DOES_NOT_ADD_UP";
    /// A currency that the mapping file does not list.
    pub const UNKNOWN_CURRENCY: &str = "UNKNOWN_CURRENCY";
    /// A payment method that the mapping file does not list.
    pub const UNKNOWN_PAYMENT_METHOD: &str = "UNKNOWN_PAYMENT_METHOD";
    /// No account rule holds for an item.
    pub const UNKNOWN_SKU: &str = "UNKNOWN_SKU";
    /// The order is in a state that core Commerce does not have, or in none.
    pub const UNKNOWN_STATE: &str = "UNKNOWN_STATE";
    /// A store that the mapping file does not list.
    pub const UNKNOWN_STORE: &str = "UNKNOWN_STORE";
    /// A tax rate without a VAT rule, or tax without a rate.
    pub const UNKNOWN_TAX_RATE: &str = "UNKNOWN_TAX_RATE";
    /// VAT as Visma computes it is too far from what the shop charged.
    pub const VAT_DIFFERS: &str = "VAT_DIFFERS";
    /// The VAT code that the rules choose has another rate than the line.
    pub const VAT_RATE_DIFFERS: &str = "VAT_RATE_DIFFERS";

    /// Every code under which an order is refused.
    pub const REFUSALS: [&str; 31] = [
        AMOUNT_OUT_OF_RANGE,
        BASE_CURRENCY_DIFFERS,
        CANCELLED_LESS,
        FEE_UNREADABLE,
        FIXED_PRODUCT_TAX_UNREADABLE,
        LINES_DO_NOT_ADD_UP,
        LINE_NOT_ON_ORDER,
        NEGATIVE_TOTAL,
        NO_ACCOUNT,
        NO_BRANCH,
        NO_COUNTRY,
        NO_CUSTOMER_CLASS,
        NO_DATE,
        NO_DIMENSION,
        NO_EMAIL,
        NO_NUMBER,
        NO_TERMS,
        NO_VAT_CODE,
        NO_VAT_ZONE,
        ORDER_WITHOUT_ITEMS,
        ROUNDING_ABOVE_LIMIT,
        TAX_DOES_NOT_ADD_UP,
        TOTAL_DOES_NOT_ADD_UP,
        UNKNOWN_CURRENCY,
        UNKNOWN_PAYMENT_METHOD,
        UNKNOWN_SKU,
        UNKNOWN_STATE,
        UNKNOWN_STORE,
        UNKNOWN_TAX_RATE,
        VAT_DIFFERS,
        VAT_RATE_DIFFERS,
    ];
}

/// A refusal.
pub(crate) fn refuse(code: &'static str, sentence: impl Into<String>) -> Refusal {
    Refusal { code, sentence: sentence.into() }
}

/// A reason to wait or to skip.
pub(crate) fn reason(code: &'static str, sentence: impl Into<String>) -> Reason {
    Reason { code, sentence: sentence.into() }
}
