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

use serde_json::Value;

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

/// JSON pointers (RFC 6901) of the texts in an order, invoice, credit memo or customer that are about a person, in the order of the document. Empty texts
/// are left out.
pub fn personal_fields(record: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(record, &mut String::new(), false, &mut found);
    found
}

/// Who an order or a customer is about: the e-mail address, trimmed and in lower case, by which guests and accounts come
/// together.
///
/// `None` when the record has no e-mail address at all. Invoices and credit memos never have one: they are about the
/// person of their order.
pub fn person(record: &Value) -> Option<String> {
    ["/customer_email", "/billing_address/email", "/email"].iter().find_map(|pointer| {
        let email = record.pointer(pointer)?.as_str()?.trim().to_lowercase();
        (!email.is_empty()).then_some(email)
    })
}

/// Adds the pointers below `value`; `within` says that everything here is about a person.
fn collect(value: &Value, pointer: &mut String, within: bool, found: &mut Vec<String>) {
    let here = pointer.len();
    match value {
        Value::String(text) if within && !text.is_empty() => found.push(pointer.clone()),
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                pointer.push('/');
                pointer.push_str(&index.to_string());
                collect(inner, pointer, within, found);
                pointer.truncate(here);
            }
        }
        Value::Object(fields) => {
            for (name, inner) in fields {
                let leaf = PERSONAL.contains(&name.as_str()) && inner.is_string();
                let inside = PERSONAL_WITHIN.contains(&name.as_str());
                let label = within && LABELS.contains(&name.as_str());
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                collect(inner, pointer, (within || leaf || inside) && !label, found);
                pointer.truncate(here);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests;
