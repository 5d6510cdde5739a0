use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::Key;
use super::super::cipher::random_key;
use super::{open, persons, seal, to_seal};

const PERSON: &str = "0123456789abcdef";

fn pointers(pointers: &[&str]) -> Vec<String> {
    pointers.iter().map(|p| (*p).to_owned()).collect()
}

/// Seals, and gives the text and its keys.
fn sealed(mut value: Value, at: &[&str], key: &Key) -> String {
    let pointers = to_seal(&value, &pointers(at));
    seal(&mut value, &pointers, PERSON, key).unwrap();
    value.to_string()
}

fn opened(text: &str, key: &Key) -> Value {
    let opened = open(text, &HashMap::from([(PERSON, key.clone())])).unwrap();
    serde_json::from_str(&opened).unwrap()
}

#[test]
fn strings_are_sealed_in_place_and_the_rest_stays_readable() {
    let key = random_key();
    let order = json!({
        "grand_total": 250.10, "email": "kari@example.no", "street": ["Prøvegata 1", "\"\\ \n"],
        "country_id": "NO", "telephone": null, "postcode": "",
    });
    let at = ["/email", "/street/0", "/street/1", "/telephone", "/postcode", "/grand_total", "/nowhere"];
    let text = sealed(order.clone(), &at, &key);
    assert!(!text.contains("kari") && !text.contains("Prøvegata"), "{text}");
    assert!(text.contains("\"country_id\":\"NO\"") && text.contains("\"grand_total\":250.1"), "{text}");
    assert_eq!(persons(&text).into_iter().collect::<Vec<_>>(), [PERSON]);
    assert_eq!(opened(&text, &key), order);
}

#[test]
fn a_text_that_carries_the_mark_already_comes_back_as_it_was_typed() {
    let key = random_key();
    let order = json!({
        "note": "sealed:1:somebody:AAAA", "name": "he wrote \"sealed:1:x:y\" here", "po": "sealed:1:", "plain": "x",
    });
    let text = sealed(order.clone(), &["/note"], &key);
    assert_eq!(persons(&text).into_iter().collect::<Vec<_>>(), [PERSON], "{text}");
    assert_eq!(opened(&text, &key), order);
}

#[test]
fn what_was_typed_where_nothing_is_personal_does_not_ask_for_a_strangers_key() {
    let key = random_key();
    let order = json!({ "payment": { "po_number": "sealed:1:nobody:AAAA" }, "list": [["sealed:1:none"]] });
    let text = sealed(order.clone(), &[], &key);
    assert_eq!(persons(&text).into_iter().collect::<Vec<_>>(), [PERSON], "{text}");
    assert_eq!(opened(&text, &key), order);
}

#[test]
fn a_key_that_does_not_fit_opens_nothing() {
    let (key, other) = (random_key(), random_key());
    let text = sealed(json!({ "email": "kari@example.no" }), &["/email"], &key);
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
