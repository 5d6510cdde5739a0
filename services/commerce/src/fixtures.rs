//! Real orders for the tests: unchanged bodies of `GET /V1/orders/{id}` of a Magento Open Source 2.4.7.
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

/// All of them, with their names.
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
