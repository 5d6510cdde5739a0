//! Checks who may call, and what the others are told.

use sandbox::commerce::{Config, Integration};

use crate::client::{Served, serve};
use crate::signer::{Order, Signer};

const ONE: &str = "orders?searchCriteria%5BpageSize%5D=1";
const NOT_AUTHORIZED: &str = "{\"message\":\"The consumer isn't authorized to access %resources.\",\
    \"parameters\":{\"resources\":\"Magento_Sales::actions_view\"}}";

async fn shop() -> Served {
    serve(Config::default(), 3).await
}

fn other(change: impl FnOnce(&mut Integration)) -> Integration {
    let mut other = Integration {
        consumer_key: "sandbox0consumer0key000000000002".to_owned(),
        access_token: "sandbox0access0token000000000002".to_owned(),
        ..Integration::default()
    };
    change(&mut other);
    other
}

#[tokio::test]
async fn a_nonce_is_used_up_even_by_a_call_that_is_refused() {
    let shop = shop().await;
    let good = Signer::new(&shop.keys);
    let mut bad = good.clone();
    bad.keys.consumer_secret = "wrong".to_owned();
    shop.get_by(&bad, ONE).await.is(401, "{\"message\":\"The signature is invalid. Verify and try again.\"}");
    let used = "{\"message\":\"The nonce is already being used by the consumer with ID %1\",\"parameters\":[\"1\"]}";
    shop.get_by(&good, ONE).await.is(401, used);
}

#[tokio::test]
async fn a_nonce_belongs_to_one_consumer() {
    let second = other(|_| ());
    let config = Config { integrations: vec![Integration::default(), second.clone()], ..Config::default() };
    let shop = serve(config, 1).await;
    let first = Signer::new(&shop.keys);
    let same = Signer { keys: second, ..first.clone() };
    assert_eq!(shop.get_by(&first, ONE).await.status, 200);
    assert_eq!(shop.get_by(&same, ONE).await.status, 200);
    assert!(shop.get_by(&same, ONE).await.text.contains("consumer with ID %1\",\"parameters\":[\"2\"]"));
}

#[tokio::test]
async fn long_nonces_are_cut_to_32_characters() {
    let shop = shop().await;
    let with = |nonce: &str| Signer { nonce: nonce.to_owned(), ..Signer::new(&shop.keys) };
    let stem = "abcdefghijklmnopqrstuvwxyz012345";
    assert_eq!(shop.get_by(&with(&format!("{stem}67890123")), ONE).await.status, 200);
    let cut = shop.get_by(&with(&format!("{stem}other678")), ONE).await;
    cut.is(401, "{\"message\":\"An error occurred validating the nonce\"}");
    assert!(shop.get_by(&with(stem), ONE).await.message().starts_with("The nonce is already being used"));
    assert_eq!(shop.get_by(&with(""), ONE).await.status, 200, "an empty one is taken once");
}

#[tokio::test]
async fn timestamps_have_an_upper_bound_and_no_lower_one() {
    let shop = shop().await;
    let now = jiff::Timestamp::now().as_second();
    for (offset, status) in [(-365 * 86_400, 200), (0, 200), (590, 200), (3_600, 401)] {
        let signer = Signer { timestamp: (now + offset).to_string(), ..Signer::new(&shop.keys) };
        assert_eq!(shop.get_by(&signer, ONE).await.status, status, "offset {offset}");
    }
    for timestamp in ["0".to_owned(), "abc".to_owned(), format!("{now}000")] {
        let signer = Signer { timestamp, ..Signer::new(&shop.keys) };
        shop.get_by(&signer, ONE).await.is(401, "{\"message\":\"An error occurred validating the nonce\"}");
    }
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let shop = shop().await;
    for name in ["oauth_consumer_key", "oauth_signature", "oauth_nonce", "oauth_timestamp", "oauth_token"] {
        let signer = Signer { without: vec![name], ..Signer::new(&shop.keys) };
        let body = format!(
            r#"{{"message":"\"%fieldName\" is required. Enter and try again.","parameters":{{"fieldName":"{name}"}}}}"#
        );
        shop.get_by(&signer, ONE).await.is(400, &body);
    }
    let sha1 = Signer { method_name: "HMAC-SHA1".to_owned(), ..Signer::new(&shop.keys) };
    let body = "{\"message\":\"Signature method %1 is not supported\",\"parameters\":[\"HMAC-SHA1\"]}";
    shop.get_by(&sha1, ONE).await.is(400, body);
    let version = Signer { version: Some("2.0".to_owned()), ..Signer::new(&shop.keys) };
    assert_eq!(shop.get_by(&version, ONE).await.status, 400);
    let none = Signer { version: None, ..Signer::new(&shop.keys) };
    assert_eq!(shop.get_by(&none, ONE).await.status, 200);
}

#[tokio::test]
async fn wrong_keys_and_tokens_have_their_own_answers() {
    let foreign = other(|_| ());
    let revoked = other(|keys| {
        keys.consumer_key = "sandbox0consumer0key000000000003".to_owned();
        keys.access_token = "sandbox0access0token000000000003".to_owned();
        keys.revoked = true;
    });
    let integrations = vec![Integration::default(), foreign.clone(), revoked.clone()];
    let shop = serve(Config { integrations, ..Config::default() }, 1).await;
    let keys = |change: &dyn Fn(&mut Integration)| {
        let mut keys = Integration::default();
        change(&mut keys);
        keys
    };
    let cases: [(Integration, u16, &str); 6] = [
        (keys(&|k| k.consumer_key = "short".to_owned()), 401, "Consumer key is not the correct length"),
        (keys(&|k| k.consumer_key = "x".repeat(32)), 401, "A consumer having the specified key does not exist"),
        (
            keys(&|k| k.access_token = "x".repeat(31)),
            400,
            "The token length is invalid. Check the length and try again.",
        ),
        (keys(&|k| k.access_token = "x".repeat(32)), 401, "Specified token does not exist"),
        (
            keys(&|k| k.access_token.clone_from(&foreign.access_token)),
            401,
            "Token is not associated with the specified consumer",
        ),
        (revoked.clone(), 401, "Access token has been revoked"),
    ];
    for (keys, status, message) in cases {
        let answer = shop.get_by(&Signer::new(&keys), ONE).await;
        assert_eq!((answer.status.as_u16(), answer.message()), (status, message));
    }
}

#[tokio::test]
async fn whoever_has_no_permission_is_not_told_why() {
    let inactive = other(|keys| keys.active = false);
    let limited = other(|keys| {
        keys.consumer_key = "sandbox0consumer0key000000000003".to_owned();
        keys.access_token = "sandbox0access0token000000000003".to_owned();
        keys.resources = vec!["Magento_Customer::customer".to_owned()];
    });
    let integrations = vec![Integration::default(), inactive.clone(), limited.clone()];
    let shop = serve(Config { integrations, ..Config::default() }, 1).await;
    shop.get_by(&Signer::new(&inactive), ONE).await.is(401, NOT_AUTHORIZED);
    shop.get_by(&Signer::new(&limited), ONE).await.is(401, NOT_AUTHORIZED);
    let customers = shop.get_by(&Signer::new(&limited), "customers/search?searchCriteria=all").await;
    assert_eq!(customers.status, 200);
    let url = format!("{}/rest/V1/{ONE}", shop.base);
    let bearer = format!("Bearer {}", shop.keys.access_token);
    for authorization in [bearer.as_str(), "Basic dXNlcjpwYXNz", "OAuth"] {
        shop.send("GET", &url, &[("Authorization", authorization)], "").await.is(401, NOT_AUTHORIZED);
    }
    shop.send("GET", &url, &[], "").await.is(401, NOT_AUTHORIZED);
}

#[tokio::test]
async fn parameters_are_sorted_in_natural_order() {
    let shop = shop().await;
    let groups = |count: usize| {
        let group = |at: usize| {
            let stem = format!("searchCriteria%5BfilterGroups%5D%5B{at}%5D%5Bfilters%5D%5B0%5D%5B");
            format!("{stem}conditionType%5D=gt&{stem}field%5D=entity_id&{stem}value%5D=0")
        };
        format!("orders?{}", (0..count).map(group).collect::<Vec<_>>().join("&"))
    };
    assert_eq!(shop.get(&groups(10)).await.status, 200, "below ten both orders agree");
    let by_bytes = shop.get(&groups(11)).await;
    by_bytes.is(401, "{\"message\":\"The signature is invalid. Verify and try again.\"}");
    let natural = Signer { order: Order::AsGiven, ..Signer::new(&shop.keys) };
    assert_eq!(shop.get_by(&natural, &groups(12)).await.status, 200);
}

#[tokio::test]
async fn the_base_string_is_built_from_what_was_sent() {
    let shop = shop().await;
    let sent = |query: &str| format!("{}/rest/V1/orders?searchCriteria%5BpageSize%5D=1{query}", shop.base);
    // What is sent, what is signed, and whether that is accepted.
    let cases = [
        ("&x=a%20b", "&x=a%20b", true),
        ("&x=a+b", "&x=a%2Bb", true),
        ("&x=a+b", "&x=a%20b", false),
        ("&x=1&x=2", "&x=1&x=2", false),
        ("&x=1&x=2", "&x=2", true),
        ("&x=a=b", "&x=a%3Db", false),
        ("&x=a=b", "", true),
        ("&x=", "&x=", true),
        ("&x=%C3%A6%26%25", "&x=%C3%A6%26%25", true),
    ];
    for (send, sign, accepted) in cases {
        let header = Signer::new(&shop.keys).header("GET", &sent(sign));
        let answer = shop.send("GET", &sent(send), &[("Authorization", &header)], "").await;
        assert_eq!(answer.status == 200, accepted, "sent {send}, signed {sign}: {}", answer.text);
    }
    let url = sent("");
    let for_post = Signer::new(&shop.keys).header("POST", &url);
    assert_eq!(shop.send("GET", &url, &[("Authorization", &for_post)], "").await.status, 401);
    let encoded_slash = format!("{}/rest/V1/orders/1%2F2", shop.base);
    let header = Signer::new(&shop.keys).header("GET", &encoded_slash);
    assert_eq!(shop.send("GET", &encoded_slash, &[("Authorization", &header)], "").await.status, 401);
}
