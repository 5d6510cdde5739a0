//! Which parts of a record are about a person, and who that person is.
//!
//! Personal data is sealed under a key per person before anything is recorded, so that erasing a person is deleting a
//! key. This module says **what** to seal; it knows no cipher. It goes by names, at every depth, because one record
//! repeats its addresses and items in several places, and by whole subtrees where a module or a buyer puts free text.
//!
//! What decides VAT, accounts and scope stays readable: countries, regions, ids, groups, amounts, SKUs, product names,
//! the payment method, and the buyer's purchase order number. Company names and VAT numbers are sealed, since those of
//! a sole trader are a person's. So are texts that open a door: the code that shows an order to a guest, and gift card
//! codes.

/// Fields whose text is about a person wherever they stand.
const PERSONAL: [&str; 45] = [
    "cc_number_enc",
    "cc_owner",
    "cc_last4",
    "cc_exp_month",
    "cc_exp_year",
    "cc_ss_issue",
    "cc_ss_start_month",
    "cc_ss_start_year",
    "cc_debug_request_body",
    "cc_debug_response_body",
    "cc_debug_response_serialized",
    "city",
    "comment",
    "company",
    "company_name",
    "confirmation",
    "customer_dob",
    "customer_email",
    "customer_firstname",
    "customer_lastname",
    "customer_middlename",
    "customer_note",
    "customer_prefix",
    "customer_suffix",
    "customer_taxvat",
    "dob",
    "echeck_account_name",
    "echeck_bank_name",
    "echeck_routing_number",
    "email",
    "fax",
    "firstname",
    "job_title",
    "lastname",
    "middlename",
    "postcode",
    "prefix",
    "protect_code",
    "remote_ip",
    "suffix",
    "taxvat",
    "telephone",
    "vat_id",
    "vat_request_id",
    "x_forwarded_for",
];

/// Objects and lists in which every text is, or may be, about a person: what buyers type and what gateways and other
/// modules add.
const PERSONAL_WITHIN: [&str; 9] = [
    "additional_data",
    "additional_information",
    "custom_attributes",
    "custom_options",
    "gift_cards",
    "gift_message",
    "giftcard_item_option",
    "payment_additional_info",
    "street",
];

/// Texts inside those that only name what stands beside them.
const LABELS: [&str; 3] = ["attribute_code", "key", "option_id"];

/// Where the e-mail address of the person stands whom an order or a customer is about, by which guests and accounts
/// come together: paths of names, the first that leads to an address wins.
///
/// Invoices and credit memos never have one: they are about the person of their order.
pub const PERSON: &[&[&str]] = &[&["customer_email"], &["billing_address", "email"], &["email"]];

/// Whether what stands under `name` in an order, invoice, credit memo or customer is about a person: all texts in it,
/// or itself when it is one. `within` says that it stands in something that is.
pub fn is_personal(within: bool, name: &str, is_text: bool) -> bool {
    let label = within && LABELS.contains(&name);
    (within || is_text && PERSONAL.contains(&name) || PERSONAL_WITHIN.contains(&name)) && !label
}

#[cfg(test)]
mod tests {
    use super::{LABELS, PERSON, PERSONAL, PERSONAL_WITHIN, is_personal};

    #[test]
    fn texts_are_personal_by_name_and_by_what_they_stand_in() {
        for name in PERSONAL {
            assert!(is_personal(false, name, true) && !is_personal(false, name, false), "{name}");
        }
        for name in PERSONAL_WITHIN {
            assert!(is_personal(false, name, false), "{name}");
        }
        assert!(!is_personal(false, "sku", true) && is_personal(true, "sku", true));
        assert!(LABELS.iter().all(|label| !is_personal(true, label, true)));
    }

    #[test]
    fn an_address_is_personal_itself() {
        assert!(PERSON.iter().all(|path| path.last().is_some_and(|name| is_personal(false, name, true))));
    }
}
