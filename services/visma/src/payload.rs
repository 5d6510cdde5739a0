//! A polled record as the payload of a change: what of it is content, and what of it is a person's.

use serde_json::Value;

use crate::decimal;

/// Fields of a document that move without it having changed: a list's own figures, versions, times of writing.
pub const VOLATILE: &[&str] = &["metadata", "timeStamp", "lastModifiedDateTime", "errorInfo"];

/// The same of a customer, but for its version: whoever writes to it next must send the newest, also one of an edit
/// that the record does not show.
pub const VOLATILE_IN_CUSTOMER: &[&str] = &["metadata", "lastModifiedDateTime", "errorInfo"];

/// Parts of a customer that hold names, addresses and numbers of people, to any depth. A sole trader's organisation
/// number is a person's.
const PERSONAL: [&str; 9] = [
    "name",
    "corporateId",
    "vatRegistrationId",
    "mainAddress",
    "mainContact",
    "invoiceAddress",
    "invoiceContact",
    "deliveryAddress",
    "deliveryContact",
];

/// Bank accounts and mandates: personal too, in a list.
const PERSONAL_LISTS: [&str; 1] = ["directDebitLines"];

/// Within those, what says nothing of a person.
const IMPERSONAL: [&str; 2] = ["country", "county"];

/// Parts of other documents that hold the same: a drop shipment names its buyer.
const PERSONAL_IN_DOCUMENTS: [&str; 6] =
    ["invoiceAddress", "invoiceContact", "shippingAddress", "shippingContact", "remitAddress", "remitContact"];

/// Records that documents refer to by number and name, of people or by their name.
const NAMED_IN_DOCUMENTS: [&str; 4] = ["customer", "contact", "shipTo", "owner"];

/// Within those, what says nothing of a person.
const NUMBERS: [&str; 3] = ["number", "id", "internalId"];

/// What of a document was booked: nobody may change it after the release.
const BOOKED: [&str; 10] = [
    "documentType",
    "customer",
    "documentDate",
    "financialPeriod",
    "currencyId",
    "amount",
    "amountInCurrency",
    "vatTotal",
    "vatTotalInCurrency",
    "taxDetails",
];

/// The lines, under either name.
const LINES: [&str; 2] = ["invoiceLines", "lines"];

/// What of a line was booked.
const BOOKED_OF_LINES: [&str; 8] =
    ["lineNumber", "inventoryNumber", "quantity", "amount", "amountInCurrency", "account", "vatCode", "subaccount"];

/// Where the e-mail address of the person stands whom a customer is about; some clients have seen values in wrappers.
pub const PERSON: &[&[&str]] = &[&["mainContact", "email"], &["mainContact", "email", "value"]];

/// Whether what stands under `name` in a customer is about a person: all texts in it, or itself when it is one. `depth`
/// is 0 in the customer itself, `within` says that it stands in something that is about a person.
#[must_use]
pub fn is_personal(within: bool, depth: usize, name: &str) -> bool {
    match depth {
        0 => PERSONAL.contains(&name) || PERSONAL_LISTS.contains(&name),
        _ => within && !IMPERSONAL.contains(&name),
    }
}

/// As [`is_personal`], in a document: an invoice, a credit note, an order, of a customer or to a supplier.
#[must_use]
pub fn is_personal_in_document(within: bool, depth: usize, name: &str, is_text: bool) -> bool {
    match depth {
        // Some answers refer by the number alone.
        0 => PERSONAL_IN_DOCUMENTS.contains(&name) || NAMED_IN_DOCUMENTS.contains(&name) && !is_text,
        _ => within && !IMPERSONAL.contains(&name) && !NUMBERS.contains(&name),
    }
}

/// What of a document was booked, in one spelling: amounts, VAT, accounts, whose it is and when. Names are not in it,
/// whether sealed or not. `None` for a document whose lines are not told.
#[must_use]
pub fn booked(document: &Value) -> Option<Value> {
    let lines = LINES.iter().find_map(|name| document.get(*name)).and_then(Value::as_array)?;
    let pick = |record: &Value, names: &[&str]| {
        let fields = names.iter().filter_map(|name| Some(((*name).to_owned(), spelled_alike(record.get(*name)?))));
        Value::Object(fields.filter(|(_, field)| !field.is_null()).collect())
    };
    let lines: Vec<Value> = lines.iter().map(|line| pick(line, &BOOKED_OF_LINES)).collect();
    Some(Value::from(vec![pick(document, &BOOKED), Value::from(lines)]))
}

/// Without what people may rename (names and descriptions of accounts, customers, VAT codes and segments), and numbers
/// without trailing zeros.
fn spelled_alike(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let said = |name: &str, field: &Value| {
                !field.is_null() && name != "name" && !name.to_ascii_lowercase().ends_with("description")
            };
            let fields = fields.iter().filter(|(name, field)| said(name, field));
            Value::Object(fields.map(|(name, field)| (name.clone(), spelled_alike(field))).collect())
        }
        Value::Array(items) => items.iter().map(spelled_alike).collect(),
        Value::Number(number) => match decimal::exact(number) {
            Ok(exact) => Value::from(exact.normalize().to_string()),
            Err(_) => Value::from(number.as_str()),
        },
        other @ (Value::Null | Value::Bool(_) | Value::String(_)) => other.clone(),
    }
}

/// An e-mail address in the one spelling in which addresses are compared.
#[must_use]
pub fn spelled(email: &str) -> String {
    email.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_booked_is_neither_status_nor_balance_nor_a_name() {
        let invoice = |account: &str, status: &str, name: &str, amount: &str| {
            let text = format!(
                r#"{{"status":"{status}","balance":1,"amount":{amount},"customer":{{"number":"1","name":"{name}"}},
                "invoiceLines":[{{"lineNumber":1,"amount":10,"account":{{"number":"{account}","description":"{name}"}},
                "description":"{name}"}}]}}"#
            );
            booked(&serde_json::from_str(&text).unwrap()).unwrap()
        };
        let released = invoice("3000", "Open", "Kari", "10.00");
        assert_eq!(released, invoice("3000", "Closed", "sealed", "1e1"));
        assert_ne!(released, invoice("3010", "Open", "Kari", "10.00"));
        assert_ne!(released, invoice("3000", "Open", "Kari", "10.01"));
        assert_eq!(booked(&json!({"amount": 10})), None);
        assert_ne!(booked(&json!({"lines": [{"amount": 1}]})), booked(&json!({"lines": [{"amount": 2}]})));
    }

    #[test]
    fn a_document_says_little_of_a_person() {
        let personal = is_personal_in_document;
        assert!(personal(false, 0, "customer", false) && personal(true, 1, "name", true));
        assert!(!personal(true, 1, "number", true), "the number finds the customer");
        assert!(!personal(false, 0, "customer", true), "a number alone");
        assert!(!personal(false, 0, "supplier", false) && !personal(false, 1, "name", true));
        assert!(personal(false, 0, "shippingAddress", false) && !personal(true, 1, "country", false));
    }
}
