//! Real documents for the tests: unchanged bodies of `GET /V1/orders/{id}` and the like of a Magento Open Source 2.4.7.
//! The persons in them are made up.

/// Parent with the sum of its children, 33.33 % off; on hold.
pub(crate) const BUNDLE_DYNAMIC: &str = include_str!("../fixtures/bundle_dynamic.json");
/// Parent with the money, children without; EUR over NOK, a guest.
pub(crate) const BUNDLE_FIXED: &str = include_str!("../fixtures/bundle_fixed.json");
/// With status histories.
pub(crate) const COMMENTS: &str = include_str!("../fixtures/comments.json");
/// Parent with the money and the sku of its child; 10 % off.
pub(crate) const CONFIGURABLE: &str = include_str!("../fixtures/configurable.json");
/// 0.755 of a unit: amounts with four places.
pub(crate) const DECIMAL_QUANTITY: &str = include_str!("../fixtures/decimal_quantity.json");
/// Refunded, with a float residue as `row_total_incl_tax`.
pub(crate) const DOWNLOADABLE: &str = include_str!("../fixtures/downloadable.json");
/// 100 % off; a float residue as `base_row_total_incl_tax`.
pub(crate) const EXPONENT: &str = include_str!("../fixtures/exponent.json");
/// Zero in EUR, not zero in NOK.
pub(crate) const FOREIGN_CURRENCY: &str = include_str!("../fixtures/foreign_currency.json");
/// Lines of a grouped product, for a company; cancelled.
pub(crate) const GROUPED_COMPANY: &str = include_str!("../fixtures/grouped_company.json");
/// Placed over REST by a guest.
pub(crate) const GUEST_CHECKOUT: &str = include_str!("../fixtures/guest_checkout.json");
/// Prices with tax, 15 % off shipping too, SEK over NOK: every term of the header identity but the modules' own.
pub(crate) const SHIPPING_DISCOUNT: &str = include_str!("../fixtures/shipping_discount.json");
/// Nothing to ship.
pub(crate) const VIRTUAL_GUEST: &str = include_str!("../fixtures/virtual_guest.json");

/// All of the orders, with their names.
pub(crate) const ALL: [(&str, &str); 12] = [
    ("bundle_dynamic", BUNDLE_DYNAMIC),
    ("bundle_fixed", BUNDLE_FIXED),
    ("comments", COMMENTS),
    ("configurable", CONFIGURABLE),
    ("decimal_quantity", DECIMAL_QUANTITY),
    ("downloadable", DOWNLOADABLE),
    ("exponent", EXPONENT),
    ("foreign_currency", FOREIGN_CURRENCY),
    ("grouped_company", GROUPED_COMPANY),
    ("guest_checkout", GUEST_CHECKOUT),
    ("shipping_discount", SHIPPING_DISCOUNT),
    ("virtual_guest", VIRTUAL_GUEST),
];

/// 40 of the cart off; the whole shipping.
pub(crate) const INVOICE_FIRST: &str = include_str!("../fixtures/invoice_first_of_two.json");
/// The rest of that order: no shipping fields.
pub(crate) const INVOICE_SECOND: &str = include_str!("../fixtures/invoice_second_of_two.json");
/// Prices with tax, 15 % off shipping too.
pub(crate) const INVOICE_SHIPPING_DISCOUNT: &str = include_str!("../fixtures/invoice_shipping_discount.json");
/// The parent of a dynamic bundle has no `row_total`.
pub(crate) const INVOICE_BUNDLE: &str = include_str!("../fixtures/invoice_bundle.json");

/// All of the invoices, with their names.
pub(crate) const INVOICES: [(&str, &str); 4] = [
    ("first", INVOICE_FIRST),
    ("second", INVOICE_SECOND),
    ("shipping_discount", INVOICE_SHIPPING_DISCOUNT),
    ("bundle", INVOICE_BUNDLE),
];

/// Credit memo of a part of a dynamic bundle.
pub(crate) const MEMO_BUNDLE: &str = include_str!("../fixtures/creditmemo_bundle.json");
/// No lines; more refunded than was meant.
pub(crate) const MEMO_ADJUSTMENT_ONLY: &str = include_str!("../fixtures/creditmemo_adjustment_only.json");
/// The discount has the wrong sign.
pub(crate) const MEMO_MISCALCULATED: &str = include_str!("../fixtures/creditmemo_miscalculated.json");
/// A total of three places.
pub(crate) const MEMO_UNROUNDED: &str = include_str!("../fixtures/creditmemo_unrounded.json");
/// Something was kept back.
pub(crate) const MEMO_KEPT_BACK: &str = include_str!("../fixtures/creditmemo_kept_back.json");

/// All of the credit memos, with their names.
pub(crate) const MEMOS: [(&str, &str); 5] = [
    ("bundle", MEMO_BUNDLE),
    ("adjustment_only", MEMO_ADJUSTMENT_ONLY),
    ("miscalculated", MEMO_MISCALCULATED),
    ("unrounded", MEMO_UNROUNDED),
    ("kept_back", MEMO_KEPT_BACK),
];

/// A person with one address.
pub(crate) const CUSTOMER_PERSON: &str = include_str!("../fixtures/customer_person.json");
/// A company, by the name and number that the buyer typed.
pub(crate) const CUSTOMER_COMPANY: &str = include_str!("../fixtures/customer_company.json");
