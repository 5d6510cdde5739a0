//! A polled record as the payload of a change: what of it is content, and what of it is a person's.

use serde_json::Value;

use crate::decimal;

/// Fields that move without the record having changed: a list's own figures, versions, times of writing.
const VOLATILE: [&str; 4] = ["metadata", "timeStamp", "lastModifiedDateTime", "errorInfo"];

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

/// The bytes that stand for the record's content: the same record read twice gives the same bytes, whatever the order
/// of its fields, its trailing zeros, its nulls and its volatile fields. JSON themselves.
#[must_use]
pub fn content(record: &Value) -> Vec<u8> {
    let mut text = String::new();
    canonical(record, &mut text);
    text.into_bytes()
}

fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => match decimal::exact(number) {
            Ok(exact) => out.push_str(&exact.normalize().to_string()),
            // More digits than money has: as written.
            Err(_) => out.push_str(number.as_str()),
        },
        Value::String(text) => quoted(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(index, out);
                canonical(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let says = |name: &str, field: &Value| !field.is_null() && !VOLATILE.contains(&name);
            let mut fields: Vec<_> = fields.iter().filter(|(name, field)| says(name, field)).collect();
            // Not left to the map: whether it sorts is a feature of a dependency.
            fields.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (index, (name, field)) in fields.into_iter().enumerate() {
                separate(index, out);
                quoted(name, out);
                out.push(':');
                canonical(field, out);
            }
            out.push('}');
        }
    }
}

fn separate(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

fn quoted(text: &str, out: &mut String) {
    out.push_str(&Value::from(text).to_string());
}

/// Whose record it is: the main contact's e-mail, in one spelling. `None` when it has none.
#[must_use]
pub fn person(customer: &Value) -> Option<String> {
    let email = customer.pointer("/mainContact/email")?;
    let email = spelled(email.get("value").unwrap_or(email).as_str()?);
    (!email.is_empty()).then_some(email)
}

/// An e-mail address in the one spelling in which addresses are compared.
#[must_use]
pub fn spelled(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Where a customer record says something of a person: JSON pointers (RFC 6901) to texts, none of them empty.
#[must_use]
pub fn personal_fields(customer: &Value) -> Vec<String> {
    let mut pointers = Vec::new();
    for name in PERSONAL.iter().chain(&PERSONAL_LISTS) {
        if let Some(part) = customer.get(name) {
            leaves(part, &format!("/{name}"), &mut pointers);
        }
    }
    pointers
}

fn leaves(value: &Value, at: &str, pointers: &mut Vec<String>) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) if text.is_empty() => {}
        Value::String(_) => pointers.push(at.to_owned()),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                leaves(item, &format!("{at}/{index}"), pointers);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields.iter().filter(|(name, _)| !IMPERSONAL.contains(&name.as_str())) {
                leaves(field, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), pointers);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn content_is_what_the_record_says_and_not_how() {
        let value = |text: &str| content(&serde_json::from_str(text).unwrap());
        let one = value(
            r#"{"number":"10","amount":640.0000,"gln":null,"location":{"id":"Main","lastModifiedDateTime":"a"}}"#,
        );
        let two = value(
            r#"{"location":{"id":"Main"},"amount":6.4e2,"number":"10","timeStamp":"x","metadata":{"totalCount":3}}"#,
        );
        assert_eq!(one, two);
        assert_eq!(one, br#"{"amount":640,"location":{"id":"Main"},"number":"10"}"#);
        assert_ne!(one, value(r#"{"number":"10","amount":640.01,"location":{"id":"Main"}}"#));
        assert_ne!(value(r#"{"a":"1"}"#), value(r#"{"a":1}"#));
        assert_ne!(value(r#"{"a":["1,2"]}"#), value(r#"{"a":["1","2"]}"#));
    }

    #[test]
    fn a_person_is_an_email_in_one_spelling() {
        assert_eq!(person(&json!({"mainContact": {"email": " Kari@Example.NO "}})).as_deref(), Some("kari@example.no"));
        assert_eq!(person(&json!({"mainContact": {"email": {"value": "a@b.no"}}})).as_deref(), Some("a@b.no"));
        assert_eq!(person(&json!({"mainContact": {"email": ""}})), None);
        assert_eq!(person(&json!({"mainContact": null})), None);
    }

    #[test]
    fn what_is_personal_is_pointed_at() {
        let customer = json!({
            "number": "10000", "name": "Kari Nordmann", "status": "Active", "corporateId": "",
            "mainContact": {"contactId": 1, "email": "kari@example.no", "fax": null},
            "mainAddress": {"addressId": 7, "addressLine1": "Storgata 1", "country": {"id": "NO", "name": "Norway"}},
            "directDebitLines": [{"iban": "NL00"}],
        });
        let mut pointers = personal_fields(&customer);
        pointers.sort();
        let expected = ["/directDebitLines/0/iban", "/mainAddress/addressLine1", "/mainContact/email", "/name"];
        assert_eq!(pointers, expected);
        assert!(pointers.iter().all(|pointer| customer.pointer(pointer).is_some()));
    }
}
