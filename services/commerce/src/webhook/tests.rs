pub(super) mod signer;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Encoding, Hint, HintError, HintKey, KeyPointer, SignatureError, Verified, Verifier, VerifierError};
use crate::entity::Entity;

const SECRET: &str = "0123456789abcdef-secret";
const BODY: &str = r#"{"event":"order.placed","id":1042}"#;
/// HMAC-SHA256 of `BODY` under `SECRET`, computed outside this project.
const HEX: &str = "a1f743c13e23f5e0b40aa6b29d679da93378acb34063d5abe440df443b212f2a";
const BASE64: &str = "ofdDwT4j9eC0CqaynWedqTN4rLNAY9Wr5EDfRDshLyo=";

fn verifier(encoding: Encoding, prefix: Option<&str>) -> Verifier {
    Verifier::new(&SECRET.into(), "X-Signature", encoding, prefix.map(str::to_owned)).expect("a verifier")
}

fn headers(values: &[&str]) -> HeaderMap {
    let value = |text: &&str| HeaderValue::from_bytes(text.as_bytes()).expect("a value");
    values.iter().map(|text| (HeaderName::from_static("x-signature"), value(text))).collect()
}

fn verify(verifier: &Verifier, values: &[&str]) -> Result<Verified, SignatureError> {
    verifier.verify(&headers(values), Bytes::from_static(BODY.as_bytes()))
}

/// The hints of a body, its signature taken for granted.
fn hints(body: &str) -> Result<Vec<Hint>, HintError> {
    Verified(Bytes::from(body.to_owned())).hints(None)
}

#[test]
fn accepts_a_right_signature() {
    let hex = verifier(Encoding::Hex, Some("sha256="));
    let verified = verify(&hex, &[&format!("sha256={HEX}")]).expect("right");
    assert_eq!(verified.body(), BODY);
    assert!(verify(&hex, &[&format!("sha256={}", HEX.to_uppercase())]).is_ok());
    assert!(verify(&verifier(Encoding::Hex, None), &[HEX]).is_ok());
    assert!(verify(&verifier(Encoding::Base64, None), &[BASE64]).is_ok());
}

#[test]
fn refuses_every_other_signature() {
    let hex = verifier(Encoding::Hex, Some("sha256="));
    let right = format!("sha256={HEX}");
    let flipped = format!("sha256={}{}", if HEX.starts_with('0') { '1' } else { '0' }, &HEX[1..]);
    assert_eq!(verify(&hex, &[]), Err(SignatureError::Missing));
    assert_eq!(verify(&hex, &[&right, &right]), Err(SignatureError::Repeated));
    for malformed in ["", HEX, "sha256=zz", "sha1=00", "sha256=abc", "\u{e6}"] {
        assert_eq!(verify(&hex, &[malformed]), Err(SignatureError::Malformed), "{malformed}");
    }
    for wrong in [flipped.as_str(), "sha256=", "sha256=00", &right[..right.len() - 2], &format!("{right}00")] {
        assert_eq!(verify(&hex, &[wrong]), Err(SignatureError::Mismatch), "{wrong}");
    }
    let other = Bytes::from(BODY.replace("1042", "1043"));
    assert_eq!(hex.verify(&headers(&[&right]), other), Err(SignatureError::Mismatch));
    let stranger = Verifier::new(&"another secret, long enough".into(), "X-Signature", Encoding::Hex, None);
    assert_eq!(verify(&stranger.expect("a verifier"), &[HEX]), Err(SignatureError::Mismatch));
    assert_eq!(verify(&verifier(Encoding::Base64, None), &[HEX]), Err(SignatureError::Mismatch));
    assert_eq!(verify(&verifier(Encoding::Base64, None), &["not base64!"]), Err(SignatureError::Malformed));
}

#[test]
fn no_verifier_without_a_secret() {
    let make = |secret: &str, header| Verifier::new(&secret.into(), header, Encoding::Hex, None).map(|_| ());
    assert_eq!(make("", "X-Signature"), Err(VerifierError::Secret(0)));
    assert_eq!(make("fifteen bytes..", "X-Signature"), Err(VerifierError::Secret(15)));
    assert_eq!(make("sixteen bytes...", "X-Signature"), Ok(()));
    assert_eq!(make(SECRET, "X Signature"), Err(VerifierError::Header("X Signature".into())));
}

#[test]
fn debug_shows_neither_secret_nor_body() {
    let verifier = verifier(Encoding::Hex, None);
    assert!(!format!("{verifier:?}").contains("0123456789"));
    assert_eq!(format!("{:?}", Verified(Bytes::from_static(b"kari@example.no"))), "Verified(15 bytes)");
}

#[test]
fn finds_the_record_in_the_usual_forms() {
    use Entity::{CreditMemo, Customer, Invoice, Order};
    for (body, entity, id) in [
        (r#"{"entity_id":1042}"#, Order, 1042),
        (r#"{"entity_id":"1042","increment_id":"000001042"}"#, Order, 1042),
        (r#"{"order_id":1042}"#, Order, 1042),
        (r#"{"order":{"entity_id":1042,"customer":{"id":5}}}"#, Order, 1042),
        (r#"{"order":{"id":1042}}"#, Order, 1042),
        (r#"{"data":{"order":{"entity_id":"1042"}}}"#, Order, 1042),
        (r#"{"data":{"value":{"entity_id":"1042","increment_id":"000001042","_isNew":false}}}"#, Order, 1042),
        (BODY, Order, 1042),
        (r#"{"event":"order.updated","id":9,"data":{"entity_id":1042}}"#, Order, 1042),
        (r#"{"eventName":"sales_order_place_after","data":{"order":{"entity_id":1042}}}"#, Order, 1042),
        (r#"{"eventName":"sales_order_save_commit_after","data":{"entity_id":1042,"customer_id":5}}"#, Order, 1042),
        (
            r#"{"specversion":"1.0","type":"com.adobe.commerce.observer.sales_order_save_commit_after",
                "id":"ca67f792-f56e-45f3-ba7c-7c97302bcc00",
                "data":{"value":{"entity_id":"1042"},"_metadata":{"storeId":"0"}}}"#,
            Order,
            1042,
        ),
        (
            r#"{"type":"observer.sales_order_status_history_save_after",
                "data":{"value":{"entity_id":"7","parent_id":"1042"}}}"#,
            Order,
            1042,
        ),
        (r#"{"eventName":"sales_order_shipment_save_after","data":{"entity_id":7,"order_id":1042}}"#, Order, 1042),
        (r#"{"event":"sales_order_invoice_save_after","data":{"entity_id":7,"order_id":1042}}"#, Invoice, 7),
        (r#"{"invoice":{"entity_id":7,"order_id":1042}}"#, Invoice, 7),
        (r#"{"event":"order.creditmemo.created","id":9}"#, CreditMemo, 9),
        (r#"{"event":"customer_save_commit_after","data":{"value":{"entity_id":"5"}}}"#, Customer, 5),
        // The id of an address is no customer's.
        (
            r#"{"event":"plugin.customer.api.address_repository.save","data":{"value":{"id":"9","customer_id":"5"}}}"#,
            Customer,
            5,
        ),
        (r#"{"event":"checkout_submit_all_after","data":{"order":{"entity_id":"1042"}}}"#, Order, 1042),
    ] {
        let found = hints(body).expect(body);
        assert_eq!(found, [Hint { entity, key: HintKey::EntityId(id) }], "{body}");
    }
}

#[test]
fn finds_the_record_behind_its_parts() {
    use Entity::{CreditMemo, Customer, Invoice, Order};
    for (body, entity, id) in [
        (r#"{"event":"observer.sales_order_shipment_save_after","data":{"shipment":{"order_id":1042}}}"#, Order, 1042),
        (
            r#"{"eventName":"observer.sales_order_shipment_track_save_after",
                "data":{"track":{"entity_id":3,"parent_id":7,"order_id":"1042"}}}"#,
            Order,
            1042,
        ),
        (
            r#"{"eventName":"observer.sales_order_address_save_after",
                "data":{"address":{"entity_id":3,"parent_id":1042,"customer_id":5}}}"#,
            Order,
            1042,
        ),
        (r#"{"event":"sales_order_payment_save_after","data":{"payment":{"parent_id":1042}}}"#, Order, 1042),
        (
            r#"{"event":"sales_order_payment_save_after","data":{"data_object":{"entity_id":3,"parent_id":1042}}}"#,
            Order,
            1042,
        ),
        (r#"{"event":"sales_order_item_save_after","data":{"item":{"item_id":3,"order_id":1042}}}"#, Order, 1042),
        (
            r#"{"event":"sales_order_status_history_save_after","data":{"status_history":{"parent_id":1042}}}"#,
            Order,
            1042,
        ),
        (r#"{"data":{"shipment":{"entity_id":3,"order_id":1042}}}"#, Order, 1042),
        (r#"{"data":{"payment":{"entity_id":3,"order_id":1042}}}"#, Order, 1042),
        (r#"{"event":"sales_order_invoice_pay","data":{"invoice":{"entity_id":7,"order_id":1042}}}"#, Invoice, 7),
        (r#"{"event":"sales_order_invoice_save_after","data":{"data_object":{"entity_id":7}}}"#, Invoice, 7),
        (r#"{"event":"sales_order_invoice_save_before","data":{"invoice":{"order_id":1042}}}"#, Order, 1042),
        (
            r#"{"event":"sales_order_invoice_comment_save_after","data":{"comment":{"entity_id":3,"parent_id":7}}}"#,
            Invoice,
            7,
        ),
        (
            r#"{"event":"observer.sales_order_creditmemo_save_after",
                "data":{"creditmemo":{"entity_id":9,"order_id":1042,"invoice_id":7}}}"#,
            CreditMemo,
            9,
        ),
        (
            r#"{"event":"sales_order_creditmemo_item_save_after","data":{"item":{"entity_id":3,"parent_id":9}}}"#,
            CreditMemo,
            9,
        ),
        (
            r#"{"event":"customer_address_save_after","data":{"customer_address":{"entity_id":3,"parent_id":5}}}"#,
            Customer,
            5,
        ),
    ] {
        let found = hints(body).expect(body);
        assert_eq!(found, [Hint { entity, key: HintKey::EntityId(id) }], "{body}");
    }
}

#[test]
fn falls_back_on_the_number_that_people_see() {
    for body in [r#"{"increment_id":"000001042"}"#, r#"{"data":{"order":{"increment_id":"000001042"}}}"#] {
        let key = HintKey::IncrementId("000001042".into());
        assert_eq!(hints(body).expect(body), [Hint { entity: Entity::Order, key }], "{body}");
    }
}

#[test]
fn a_list_gives_each_record_once() {
    let found = hints(r#"[{"order_id":1},{"order_id":2},{"data":{"value":{"entity_id":"1"}}}]"#).expect("hints");
    assert_eq!(found.iter().map(|hint| hint.key.clone()).collect::<Vec<_>>(), [1, 2].map(HintKey::EntityId));
    let many = format!("[{}]", vec!["{\"order_id\":1}"; 101].join(","));
    assert!(matches!(hints(&many), Err(HintError::TooMany)));
}

#[test]
fn no_json_and_no_key_are_two_errors() {
    for body in ["", "{", "entity_id=1", "{\"entity_id\":1", "<xml/>"] {
        assert!(matches!(hints(body), Err(HintError::Malformed(_))), "{body}");
    }
    for body in [
        "{}",
        "[]",
        "null",
        "7",
        r#"{"entity_id":0}"#,
        r#"{"entity_id":-1}"#,
        r#"{"entity_id":1.5}"#,
        r#"{"entity_id":{"a":1}}"#,
        r#"{"id":"ca67f792"}"#,
        r#"{"increment_id":""}"#,
        r#"[{"order_id":1},{}]"#,
        r#"{"event":"sales_order_address_save_after","data":{"entity_id":7}}"#,
        r#"{"event":"sales_order_shipment_track_save_after","data":{"track":{"entity_id":3,"parent_id":7}}}"#,
        r#"{"data":{"address":{"entity_id":3,"parent_id":7}}}"#,
        r#"{"data":{"data":{"data":{"data":{"data":{"entity_id":7}}}}}}"#,
    ] {
        assert!(matches!(hints(body), Err(HintError::NoKey)), "{body}");
    }
    assert!(matches!(hints(&format!("{{\"increment_id\":\"{}\"}}", "9".repeat(51))), Err(HintError::NoKey)));
}

#[test]
fn a_configured_pointer_overrides() {
    let verified =
        Verified(Bytes::from_static(br#"{"entity_id":7,"payload":{"no":"1042","increment_id":"000001042"}}"#));
    let at = |pointer: &str| verified.hints(Some(&KeyPointer::new(pointer).expect("a pointer")));
    assert_eq!(at("/payload/no").expect("a key")[0].key, HintKey::EntityId(1042));
    assert_eq!(at("/payload/increment_id").expect("a key")[0].key, HintKey::IncrementId("000001042".into()));
    assert!(matches!(at("/payload/none"), Err(HintError::NoKey)));
    assert!(matches!(KeyPointer::new("payload.no"), Err(HintError::Pointer(_))));
}

/// Connections of one shop are told apart by the store, where every record of the body has one.
#[test]
fn the_stores_of_a_body_are_those_of_its_records() {
    let stores = |body: &str| super::hint::stores(body.as_bytes());
    assert_eq!(stores(r#"{"order":{"entity_id":7,"store_id":3}}"#), [3]);
    assert_eq!(stores(r#"{"event":"x","data":{"value":{"entity_id":"7","store_id":"3"}}}"#), [3]);
    assert_eq!(
        stores(r#"[{"order_id":7,"store_id":3},{"order_id":8,"store_id":1},{"order_id":9,"store_id":3}]"#),
        [1, 3]
    );
    for unknown in [
        r#"{"order_id":7}"#,
        r#"[{"order_id":7,"store_id":3},{"order_id":8}]"#,
        r#"{"order":{"entity_id":7,"store_id":0}}"#,
        r#"{"customer":{"id":7,"store_id":3}}"#,
        "no JSON",
    ] {
        assert!(stores(unknown).is_empty(), "{unknown}");
    }
}
