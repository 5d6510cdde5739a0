//! Finds the fields in which a customer in Visma differs from what it shall be. Only these are written, so that what an
//! accountant entered otherwise, and what others entered elsewhere, stays.
//!
//! A value that we do not have clears nothing. A value that is empty clears the field: the shop had one and has none
//! now.

use serde_json::Value;

use super::{Customer, Field};
use crate::payload::spelled;

/// Returns those of `fields` in which `record` (a `CustomerDto`) does not say what `customer` does.
#[must_use]
pub fn differing(customer: &Customer, fields: &[Field], record: &Value) -> Vec<Field> {
    fields.iter().copied().filter(|field| differs(customer, *field, record)).collect()
}

fn differs(customer: &Customer, field: Field, record: &Value) -> bool {
    let is = |pointer: &str, wanted: Option<&str>, spell: fn(&str) -> String| {
        wanted.is_some_and(|wanted| spell(wanted) != spell(&said(record, pointer)))
    };
    let contact = |name: &str, wanted: Option<&str>, spell: fn(&str) -> String| {
        ["mainContact", "invoiceContact"].iter().any(|part| is(&format!("/{part}/{name}"), wanted, spell))
    };
    match field {
        Field::Name => is("/name", filled(&customer.name), plain),
        Field::Class => is("/customerClass/id", customer.class.as_deref().and_then(filled), plain),
        Field::CreditTerms => is("/creditTerms/id", customer.credit_terms.as_deref().and_then(filled), plain),
        Field::VatZone => is("/vatZone/id", customer.vat_zone.as_deref().and_then(filled), plain),
        Field::CorporateId => is("/corporateId", customer.corporate_id.as_deref(), number),
        Field::VatRegistrationId => is("/vatRegistrationId", customer.vat_registration_id.as_deref(), number),
        Field::ContactName => contact("name", filled(&customer.contact.name), plain),
        Field::Email => contact("email", filled(&customer.contact.email), spelled),
        Field::Phone => contact("phone1", customer.contact.phone.as_deref(), phone),
        Field::Address => ["mainAddress", "invoiceAddress"]
            .iter()
            .any(|part| moved(customer, record.get(*part).unwrap_or(&Value::Null))),
    }
}

/// True when the address is another one. Lines are compared as one text: where they are broken says nothing.
fn moved(customer: &Customer, held: &Value) -> bool {
    let wanted = &customer.address;
    let lines = |lines: Vec<String>| {
        plain(&lines.join(", ")).split([',', ' ']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    };
    let ours = lines(wanted.lines.clone());
    if [&ours, &wanted.postal_code, &wanted.city, &wanted.country].iter().all(|part| part.is_empty()) {
        return false;
    }
    let theirs = lines((1..=3).map(|line| said(held, &format!("/addressLine{line}"))).collect());
    ours != theirs
        || plain(&wanted.postal_code) != plain(&said(held, "/postalCode"))
        || plain(&wanted.city) != plain(&said(held, "/city"))
        || !wanted.country.is_empty() && wanted.country != said(held, "/country/id")
}

/// A text that says something.
fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.trim().is_empty())
}

/// A text of a record, bare or as `{value}`; empty when there is none.
fn said(record: &Value, pointer: &str) -> String {
    let value = record.pointer(pointer).unwrap_or(&Value::Null);
    match value.get("value").unwrap_or(value) {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn number(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

fn phone(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::customer::{Address, Contact};

    const ALL: [Field; 10] = [
        Field::Name,
        Field::Class,
        Field::CreditTerms,
        Field::VatZone,
        Field::CorporateId,
        Field::VatRegistrationId,
        Field::ContactName,
        Field::Email,
        Field::Phone,
        Field::Address,
    ];

    fn customer() -> Customer {
        Customer {
            name: "Fjord Sport AS".to_owned(),
            class: Some("B2B".to_owned()),
            credit_terms: Some("30".to_owned()),
            vat_zone: Some("01".to_owned()),
            corporate_id: Some("999888777".to_owned()),
            vat_registration_id: Some("NO999888777MVA".to_owned()),
            contact: Contact {
                name: "Kari Nordmann".to_owned(),
                email: "ap@example.no".to_owned(),
                phone: Some("+4722334455".to_owned()),
            },
            address: Address {
                lines: vec!["Storgata 1".to_owned(), "2. etasje".to_owned()],
                postal_code: "0155".to_owned(),
                city: "Oslo".to_owned(),
                country: "NO".to_owned(),
            },
            ..Customer::default()
        }
    }

    fn record() -> Value {
        let contact = json!({"name": "Kari Nordmann", "email": "AP@example.no ", "phone1": "+47 22 33 44 55"});
        let address = json!({
            "addressLine1": "Storgata 1", "addressLine2": "2. etasje", "addressLine3": null,
            "postalCode": "0155", "city": "Oslo", "country": {"id": "NO"},
        });
        json!({
            "number": "10000", "name": {"value": "Fjord Sport AS"}, "corporateId": "999 888 777",
            "vatRegistrationId": "NO 999 888 777 MVA", "customerClass": {"id": "B2B"}, "creditTerms": {"id": "30"},
            "vatZone": {"id": "01"}, "mainContact": contact, "invoiceContact": contact,
            "mainAddress": address, "invoiceAddress": address,
        })
    }

    #[test]
    fn what_says_the_same_in_another_spelling_does_not_differ() {
        assert_eq!(differing(&customer(), &ALL, &record()), []);
        let mut one_line = customer();
        one_line.address.lines = vec!["Storgata 1, 2. etasje".to_owned()];
        assert_eq!(differing(&one_line, &ALL, &record()), []);
    }

    #[test]
    fn each_field_is_found_by_itself_and_only_where_it_is_asked_for() {
        let mut moved = customer();
        moved.address.postal_code = "0156".to_owned();
        moved.contact.phone = Some("+4700000000".to_owned());
        moved.credit_terms = Some("14".to_owned());
        assert_eq!(differing(&moved, &ALL, &record()), [Field::CreditTerms, Field::Phone, Field::Address]);
        assert_eq!(differing(&moved, &[Field::Phone], &record()), [Field::Phone]);
        let mut record = record();
        record["invoiceContact"]["email"] = json!("old@example.no");
        assert_eq!(differing(&customer(), &ALL, &record), [Field::Email]);
    }

    #[test]
    fn what_we_do_not_have_clears_nothing() {
        let mut bare = Customer { name: "Fjord Sport AS".to_owned(), ..Customer::default() };
        assert_eq!(differing(&bare, &ALL, &record()), []);
        bare.contact.email = " ".to_owned();
        assert_eq!(differing(&bare, &ALL, &record()), []);
    }

    #[test]
    fn what_is_empty_clears_what_stands_there() {
        let mut emptied = customer();
        (emptied.contact.phone, emptied.corporate_id) = (Some(String::new()), Some(String::new()));
        emptied.address.city.clear();
        let fields = [Field::CorporateId, Field::Phone, Field::Address];
        assert_eq!(differing(&emptied, &ALL, &record()), fields);
        let mut held = record();
        held["corporateId"] = Value::Null;
        for part in ["main", "invoice"] {
            held[format!("{part}Contact")]["phone1"] = json!("");
            held[format!("{part}Address")]["city"] = json!("");
        }
        assert_eq!(differing(&emptied, &ALL, &held), []);
    }
}
