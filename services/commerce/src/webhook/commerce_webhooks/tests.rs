use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::CommerceWebhooks;
use crate::entity::Entity;
use crate::webhook::tests::signer::Signer;
use crate::webhook::{Hint, HintKey, KeyError, PublicKey, SignatureError, VerifierError};

const HEADER: &str = "x-adobe-commerce-webhook-signature";
const BODY: &[u8] = br#"{"order":{"entity_id":1042,"increment_id":"000001042"}}"#;

fn headers(values: &[&str]) -> HeaderMap {
    let value = |text: &&str| HeaderValue::from_bytes(text.as_bytes()).expect("a value");
    values.iter().map(|text| (HeaderName::from_static(HEADER), value(text))).collect()
}

fn verify(keys: &[PublicKey], values: &[&str], body: &[u8]) -> Result<Vec<Hint>, SignatureError> {
    let webhooks = CommerceWebhooks::new("X-Adobe-Commerce-Webhook-Signature").expect("a header");
    let verified = webhooks.verify(keys, &headers(values), &Bytes::copy_from_slice(body))?;
    Ok(verified.hints(None).expect("hints"))
}

/// As the shop signs: not the body, but its base64.
fn signed(signer: &Signer, body: &[u8]) -> String {
    signer.sign(STANDARD.encode(body).as_bytes())
}

#[test]
fn the_base64_of_the_body_is_what_is_signed() {
    let shop = Signer::new();
    let hints = verify(&[shop.key()], &[&signed(&shop, BODY)], BODY).expect("a right signature");
    assert_eq!(hints, [Hint { entity: Entity::Order, key: HintKey::EntityId(1042) }]);
    let unpadded = signed(&shop, BODY);
    assert!(verify(&[shop.key()], &[unpadded.trim_end_matches('=')], BODY).is_ok());
    // Over the body itself, as the other kind has it.
    assert_eq!(verify(&[shop.key()], &[&shop.sign(BODY)], BODY), Err(SignatureError::Mismatch));
}

#[test]
fn nothing_else_is_believed() {
    let (shop, stranger) = (Signer::new(), Signer::new());
    let keys = [shop.key()];
    let right = signed(&shop, BODY);
    assert_eq!(verify(&keys, &[], BODY), Err(SignatureError::Missing));
    assert_eq!(verify(&keys, &[&right, &right], BODY), Err(SignatureError::Repeated));
    for malformed in ["", "no base64!", "\u{e6}", "====", &right[..right.len() - 3]] {
        let refused = verify(&keys, &[malformed], BODY).expect_err(malformed);
        assert!(matches!(refused, SignatureError::Malformed | SignatureError::Mismatch), "{malformed}: {refused}");
    }
    for wrong in [&signed(&stranger, BODY), &STANDARD.encode(vec![0; 256]), &STANDARD.encode([1])] {
        assert_eq!(verify(&keys, &[wrong], BODY), Err(SignatureError::Mismatch), "{wrong}");
    }
    let other = br#"{"order":{"entity_id":1043,"increment_id":"000001043"}}"#;
    for body in [&other[..], &BODY[..BODY.len() - 1], b""] {
        assert_eq!(verify(&keys, &[&right], body), Err(SignatureError::Mismatch));
    }
}

#[test]
fn while_keys_are_exchanged_both_are_taken() {
    let (old, new, stranger) = (Signer::new(), Signer::new(), Signer::new());
    let keys = PublicKey::all_of_pem(&format!("old\n{}\n# new\n{}", old.pem, new.pem)).expect("two keys");
    assert_eq!(keys.len(), 2);
    for signer in [&old, &new] {
        assert!(verify(&keys, &[&signed(signer, BODY)], BODY).is_ok());
    }
    assert_eq!(verify(&keys, &[&signed(&stranger, BODY)], BODY), Err(SignatureError::Mismatch));
    assert_eq!(verify(&[], &[&signed(&old, BODY)], BODY), Err(SignatureError::Mismatch));
}

#[test]
fn a_text_that_holds_no_rsa_key_is_told() {
    let all = |text: &str| PublicKey::all_of_pem(text).map(|keys| keys.len());
    let shop = Signer::new();
    assert_eq!(all(&shop.pem.replace('\n', "\\n")), Ok(1), "as in an environment variable");
    assert_eq!(all(""), Err(KeyError::None));
    assert_eq!(all(&shop.pem.replace("PUBLIC KEY", "CERTIFICATE")), Err(KeyError::None));
    assert_eq!(all("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), Err(KeyError::Key));
    // A key on the curve P-256.
    let elliptic = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n\
                    6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----\n";
    assert_eq!(all(elliptic), Err(KeyError::Key));
    assert_eq!(all(&shop.pem.repeat(9)), Err(KeyError::TooMany));
    let header = CommerceWebhooks::new("no header").map(|_| ());
    assert_eq!(header, Err(VerifierError::Header("no header".to_owned())));
}
