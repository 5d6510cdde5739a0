use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::Key;
use super::super::cipher::random_key;
use super::{open, persons, seal};
use crate::content::{Readable, Rules, read};

const PERSON: &str = "0123456789abcdef";
static RULES: Rules = Rules {
    volatile: &[],
    volatile_at_top: &[],
    person: &[],
    readable: Readable::new(&[(&[], &["country_id", "name", "list", "plain", "po"]), (&["payment"], &["po_number"])]),
};

/// Seals what is personal.
fn sealed(text: &str, key: &Key) -> String {
    seal(text, &read(text, &RULES).unwrap().personal, PERSON, key).unwrap()
}

fn opened(text: &str, key: &Key) -> Value {
    let opened = open(text, &HashMap::from([(PERSON, key.clone())])).unwrap();
    serde_json::from_str(&opened).unwrap()
}

#[test]
fn strings_are_sealed_in_place_and_the_rest_stays_as_it_was_sent() {
    let key = random_key();
    let order = r#"{"grand_total": 250.1000, "email": "kari@example.no", "street": ["Prøvegata 1", "\"\\ \n\u00e9\/"],
        "country_id": "NO", "telephone": null, "postcode": ""}"#;
    let text = sealed(order, &key);
    assert!(!text.contains("kari") && !text.contains("Prøvegata"), "{text}");
    assert!(text.contains("\"country_id\": \"NO\"") && text.contains("\"grand_total\": 250.1000"), "{text}");
    assert_eq!(persons(&text).into_iter().collect::<Vec<_>>(), [PERSON]);
    assert_eq!(opened(&text, &key), serde_json::from_str::<Value>(order).unwrap());
}

#[test]
fn a_text_that_carries_the_mark_already_comes_back_as_it_was_typed() {
    let key = random_key();
    for order in [
        json!({
            "email": "sealed:1:somebody:AAAA", "name": "he wrote \"sealed:1:x:y\" here", "po": "sealed:1:", "plain": "x",
        }),
        // Where nothing is personal it does not ask for a stranger's key.
        json!({ "payment": { "po_number": "sealed:1:nobody:AAAA" }, "list": [["sealed:1:none"]] }),
        json!({ "email": "a", "sealed:1:nobody:AAAA": "a name is never sealed" }),
    ] {
        let text = sealed(&order.to_string(), &key);
        assert_eq!(persons(&text).into_iter().collect::<Vec<_>>(), [PERSON], "{text}");
        assert_eq!(opened(&text, &key), order);
    }
}

#[test]
fn a_key_that_does_not_fit_opens_nothing() {
    let (key, other) = (random_key(), random_key());
    let text = sealed(r#"{"email": "kari@example.no"}"#, &key);
    assert!(open(&text, &HashMap::from([(PERSON, other)])).is_err());
    assert!(open(&text, &HashMap::new()).is_err());
}

#[test]
fn a_document_without_anything_sealed_is_itself() {
    for text in ["{}", "null", "{\"a\":\"b\",\"n\":5.55E-17}", ""] {
        assert_eq!(open(text, &HashMap::new()).unwrap().as_str(), text);
        assert!(persons(text).is_empty());
    }
}
