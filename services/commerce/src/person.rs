//! Which texts of a record stay readable, and who the person is that the others may be about.
//!
//! Every text is sealed under a key per person before anything is recorded, so that erasing a person is deleting a key,
//! unless its path is listed here. Modules add fields of their own (a personal number, a door code, the payer's
//! address), and nobody can list those. This module says **what** to seal; it knows no cipher.
//!
//! Texts that decide scope, VAT and accounts stay readable for people who look at the streams: numbers and codes of the
//! record, states, currencies, countries and regions, SKUs and product names, methods, taxes. Nobody reads more than
//! that without the keys. Amounts are no texts.

/// Where the e-mail address of the person stands whom an order or a customer is about, by which guests and accounts
/// come together: paths of names, the first that leads to an address wins.
///
/// Invoices and credit memos never have one: they are about the person of their order.
pub const PERSON: &[&[&str]] = &[&["customer_email"], &["billing_address", "email"], &["email"]];

/// Orders, invoices, credit memos and customers themselves.
const RECORD: &[&str] = &[
    "applied_rule_ids",
    "base_currency_code",
    "created_at",
    "created_in",
    "default_billing",
    "default_shipping",
    "ext_order_id",
    "global_currency_code",
    "hold_before_state",
    "hold_before_status",
    "increment_id",
    "order_currency_code",
    "shipping_method",
    "state",
    "status",
    "store_currency_code",
    "store_name",
    "updated_at",
    "weight",
];

const ADDRESS: &[&str] = &["address_type", "country_id", "region", "region_code"];
/// Customers have the region as an object.
const REGION: &[&str] = &["region", "region_code"];

const ITEM: &[&str] = &[
    "applied_rule_ids",
    "created_at",
    "name",
    "product_type",
    "sku",
    "store_id",
    "updated_at",
    "weee_tax_applied",
    "weight",
];

const TAX: &[&str] = &["code", "percent", "tax_code", "taxable_item_type", "title", "type"];

/// Texts that only name the sealed one beside them.
const LABEL: &[&str] = &["attribute_code", "key", "option_id"];

const EXTENSION: &str = "extension_attributes";
const SHIPPED: &str = "shipping_assignments";

/// The texts that stay readable, by the names that lead to them.
pub const READABLE: &[(&[&str], &[&str])] = &[
    (&[], RECORD),
    (&["billing_address"], ADDRESS),
    (&["shipping_address"], ADDRESS),
    (&["addresses"], ADDRESS),
    (&["addresses", "region"], REGION),
    (&["addresses", "custom_attributes"], LABEL),
    (&["custom_attributes"], LABEL),
    (&["payment"], &["amount_ordered", "method"]),
    (&["status_histories"], &["created_at", "entity_name", "status"]),
    (&["comments"], &["created_at"]),
    (&["items"], ITEM),
    (&["items", EXTENSION, "itemized_taxes"], TAX),
    (&["items", "product_option", EXTENSION, "custom_options"], LABEL),
    (&["items", "product_option", EXTENSION, "configurable_item_options"], LABEL),
    (&["items", "parent_item"], ITEM),
    (&["items", "parent_item", EXTENSION, "itemized_taxes"], TAX),
    (&["items", "parent_item", "product_option", EXTENSION, "configurable_item_options"], LABEL),
    (&[EXTENSION, "additional_itemized_taxes"], TAX),
    (&[EXTENSION, "applied_taxes"], TAX),
    (&[EXTENSION, "custom_attributes"], LABEL),
    (&[EXTENSION, "item_applied_taxes"], TAX),
    (&[EXTENSION, "item_applied_taxes", "applied_taxes"], TAX),
    (&[EXTENSION, "payment_additional_info"], LABEL),
    (&[EXTENSION, "taxes"], TAX),
    (&[EXTENSION, SHIPPED, "shipping"], &["method"]),
    (&[EXTENSION, SHIPPED, "shipping", "address"], ADDRESS),
    (&[EXTENSION, SHIPPED, "items"], ITEM),
    (&[EXTENSION, SHIPPED, "items", EXTENSION, "itemized_taxes"], TAX),
    (&[EXTENSION, SHIPPED, "items", "product_option", EXTENSION, "configurable_item_options"], LABEL),
    (&[EXTENSION, SHIPPED, "items", "parent_item"], ITEM),
    (&[EXTENSION, SHIPPED, "items", "parent_item", EXTENSION, "itemized_taxes"], TAX),
];

#[cfg(test)]
mod tests {
    use super::{PERSON, READABLE};

    #[test]
    fn no_text_that_is_about_a_person_is_on_the_list() {
        let personal =
            ["email", "name", "street", "city", "postcode", "telephone", "vat_id", "taxvat", "comment", "note"];
        for (path, texts) in READABLE {
            for text in *texts {
                let product = *text == "name" && path.iter().any(|name| ["items", "parent_item"].contains(name));
                let tells = |personal: &&str| text == personal || text.ends_with(&format!("_{personal}"));
                let store = ["store_name", "entity_name"].contains(text);
                assert!(product || store || !personal.iter().any(tells), "{path:?} {text}");
            }
        }
    }

    #[test]
    fn an_address_is_not_on_the_list() {
        for path in PERSON {
            let (name, within) = path.split_last().expect("a path");
            assert!(!READABLE.iter().any(|(path, texts)| path == &within && texts.contains(name)));
        }
    }
}
