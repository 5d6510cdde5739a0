use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::{Claim, DeliveryError, challenge};
use crate::entity::Entity;
use crate::webhook::tests::signer::Signer;
use crate::webhook::{Hint, HintKey, SignatureError, Verified};

const CLIENT: &str = "b3c1d2";
const PATHS: [&str; 2] = ["/prod/keys/pub-key-3fVj0Lv0QB.pem", "/prod/keys/pub-key-2e0c_IMHUuZvw.pem"];

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_bytes(value.as_bytes()).expect("a value"))
    };
    pairs.iter().map(pair).collect()
}

/// The four headers, with these signatures.
fn signed(first: &str, second: &str) -> HeaderMap {
    headers(&[
        ("X-Adobe-Digital-Signature-1", first),
        ("X-Adobe-Public-Key1-Path", PATHS[0]),
        ("X-Adobe-Digital-Signature-2", second),
        ("X-Adobe-Public-Key2-Path", PATHS[1]),
    ])
}

fn event(id: &str, kind: &str, value: &Value) -> Value {
    json!({
        "specversion": "1.0", "type": format!("com.adobe.commerce.{kind}"), "source": "urn:uuid:7", "id": id,
        "time": "2026-01-31T08:04:56Z", "datacontenttype": "application/json", "recipientclientid": CLIENT,
        "data": { "value": value, "_metadata": { "storeId": "0" }, "source": "shop.production" },
    })
}

fn delivery(body: &Value) -> Result<super::Delivery, DeliveryError> {
    Verified(Bytes::from(body.to_string())).delivery(CLIENT)
}

#[test]
fn either_signature_will_do() {
    let (old, new, stranger) = (Signer::new(), Signer::new(), Signer::new());
    let body = Bytes::from_static(b"[{\"id\":\"1\"}]");
    let claims = Claim::of(&signed(&old.sign(&body), &new.sign(&body))).expect("claims");
    assert_eq!(claims.iter().map(Claim::key_path).collect::<Vec<_>>(), PATHS);
    assert!(claims[0].verify(&old.key(), &body).is_some() && claims[1].verify(&new.key(), &body).is_some());
    assert!(claims[0].verify(&new.key(), &body).is_none() && claims[1].verify(&stranger.key(), &body).is_none());
    let other = Bytes::from_static(b"[{\"id\":\"2\"}]");
    assert!(claims[0].verify(&old.key(), &other).is_none());
    let only = headers(&[("x-adobe-digital-signature-2", &new.sign(&body)), ("x-adobe-public-key2-path", PATHS[1])]);
    assert_eq!(Claim::of(&only).expect("one claim").len(), 1);
}

#[test]
fn keys_are_adobes_and_signatures_look_like_it() {
    let claim = |signature: &str, path: &str| {
        Claim::of(&headers(&[("x-adobe-digital-signature-1", signature), ("x-adobe-public-key1-path", path)]))
    };
    assert!(claim("AAAA", PATHS[0]).is_ok());
    for path in [
        "",
        "/prod/keys/",
        "/prod/keys/.pem",
        "/prod/keys/../other/key.pem",
        "/prod/keys/a.pem?x=.pem",
        "/prod/keys/%2e%2e.pem",
        "/stage/keys/key.pem",
        "https://stranger.example/prod/keys/key.pem",
        "//stranger.example/key.pem",
        "/prod/keys/key.txt",
        &format!("/prod/keys/{}.pem", "k".repeat(200)),
    ] {
        assert_eq!(claim("AAAA", path), Err(SignatureError::Malformed), "{path}");
    }
    assert_eq!(claim("", PATHS[0]), Err(SignatureError::Malformed));
    assert_eq!(claim("no base64!", PATHS[0]), Err(SignatureError::Malformed));
    assert_eq!(Claim::of(&HeaderMap::new()), Err(SignatureError::Missing));
    let pathless = headers(&[("x-adobe-digital-signature-1", "AAAA")]);
    assert_eq!(Claim::of(&pathless), Err(SignatureError::Missing));
    let mut twice = signed("AAAA", "AAAA");
    twice.append("x-adobe-digital-signature-1", HeaderValue::from_static("BBBB"));
    assert_eq!(Claim::of(&twice), Err(SignatureError::Repeated));
}

#[test]
fn a_delivery_is_one_event_or_a_list() {
    let order = event("a", "observer.sales_order_save_commit_after", &json!({ "entity_id": "1042", "_isNew": false }));
    let invoice =
        event("b", "observer.sales_order_invoice_save_after", &json!({ "entity_id": "7", "order_id": "1042" }));
    let memo = event("c", "observer.sales_order_creditmemo_save_after", &json!({ "entity_id": 9 }));
    let customer = event("d", "observer.customer_save_commit_after", &json!({ "entity_id": "77" }));
    let address = event("e", "observer.customer_address_save_after", &json!({ "entity_id": "5", "parent_id": "77" }));
    let one = delivery(&order).expect("one");
    assert_eq!((one.events.len(), one.events[0].id.as_str()), (1, "a"));
    let hints: Vec<_> = delivery(&json!([order, invoice, memo, customer, address])).expect("a list").events;
    let hints: Vec<_> = hints.into_iter().map(|event| event.hint.expect("ours").expect("named")).collect();
    let hint = |entity, id| Hint { entity, key: HintKey::EntityId(id) };
    let customer = hint(Entity::Customer, 77);
    let wanted = [hint(Entity::Order, 1042), hint(Entity::Invoice, 7), hint(Entity::CreditMemo, 9)];
    assert_eq!(hints, [wanted.as_slice(), &[customer.clone(), customer]].concat());
}

#[test]
fn what_is_not_ours_is_told_from_what_names_no_record() {
    let events = delivery(&json!([
        event("a", "observer.catalog_product_save_commit_after", &json!({ "entity_id": "5" })),
        event("b", "observer.customer_group_save_commit_after", &json!({ "entity_id": "5" })),
        event("c", "observer.sales_order_save_commit_after", &json!({ "grand_total": "5" })),
    ]))
    .expect("a list")
    .events;
    assert_eq!([&events[0].hint, &events[1].hint], [&None, &None]);
    assert!(matches!(events[2].hint, Some(Err(_))), "{:?}", events[2]);
}

#[test]
fn whom_it_is_for_is_looked_at_in_every_event() {
    let ours = event("a", "observer.sales_order_save_commit_after", &json!({ "entity_id": "1" }));
    let mut theirs = ours.clone();
    theirs["recipientclientid"] = "somebody else".into();
    for body in [theirs.clone(), json!([ours, theirs])] {
        assert!(matches!(delivery(&body), Err(DeliveryError::Recipient(id)) if id == "somebody else"), "{body}");
    }
    let mut nobodys = ours.clone();
    nobodys.as_object_mut().expect("an object").remove("recipientclientid");
    assert!(matches!(delivery(&nobodys), Err(DeliveryError::Recipient(_))));
    nobodys["recipient_client_id"] = CLIENT.into();
    assert!(delivery(&nobodys).is_ok(), "as it was written until 2026");
}

#[test]
fn what_holds_no_event_is_told() {
    for body in [json!([]), json!(7), json!("x"), json!([1]), Value::Null] {
        assert!(matches!(delivery(&body), Err(DeliveryError::Empty)), "{body}");
    }
    assert!(matches!(delivery(&json!(vec![json!({}); 101])), Err(DeliveryError::TooMany)));
    assert!(matches!(delivery(&json!({})), Err(DeliveryError::Recipient(_))));
    let cut = Verified(Bytes::from_static(b"[{\"id\":"));
    assert!(matches!(cut.delivery(CLIENT), Err(DeliveryError::Malformed(_))));
}

#[test]
fn a_challenge_is_sent_back_if_it_is_harmless() {
    let uuid = "8ec8d794-e0ab-42df-9017-e3dada8e84f7";
    assert_eq!(challenge(&format!("challenge={uuid}")).as_deref(), Some(uuid));
    assert_eq!(challenge(&format!("a=b&challenge={uuid}&c")).as_deref(), Some(uuid));
    for query in ["", "challenge", "challenge=", "other=1", "challenge=<script>", "challenge=a%0d%0ab", "challenge=a+b"]
    {
        assert_eq!(challenge(query), None, "{query}");
    }
    assert_eq!(challenge(&format!("challenge={}", "a".repeat(201))), None);
}
