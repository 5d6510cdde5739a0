use http::Method;
use url::Url;

use super::{Credentials, SignError, authorization, base_string, base_uri};

const NONCE: &str = "0123456789abcdef0123456789abcdef";
const TIME: u64 = 1_769_846_400;

fn credentials() -> Credentials {
    Credentials {
        consumer_key: "dpf43f3p2l4k3l03nnch4832kd9f0s2a".to_owned(),
        consumer_secret: "kd94hf93k423kf44pfkkdhi9sl3r4s00".into(),
        access_token: "nnch734d00sl2jdknnch734d00sl2jdk".into(),
        access_token_secret: "pfkkdhi9sl3r4s00pfkkdhi9sl3r4s00".into(),
    }
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("an address of the test")
}

fn signed(text: &str) -> Result<String, SignError> {
    authorization(&credentials(), &Method::GET, &url(text), NONCE, TIME)
}

/// The last part of the header, without quotes.
fn signature(text: &str) -> String {
    let header = signed(text).expect(text);
    let (_, last) = header.rsplit_once("oauth_signature=").expect("a signature");
    last.trim_matches('"').to_owned()
}

#[test]
fn signs_a_search_as_commerce_checks_it() {
    // Signature computed outside this project; RFC order and both of Commerce's orders give the same base string.
    let text = "https://shop.example.com/rest/default/V1/orders\
        ?searchCriteria%5BfilterGroups%5D%5B0%5D%5Bfilters%5D%5B0%5D%5Bfield%5D=updated_at\
        &searchCriteria%5BfilterGroups%5D%5B0%5D%5Bfilters%5D%5B0%5D%5Bvalue%5D=2026-01-31%2008%3A00%3A00\
        &searchCriteria%5BfilterGroups%5D%5B0%5D%5Bfilters%5D%5B0%5D%5BconditionType%5D=gteq\
        &searchCriteria%5BsortOrders%5D%5B0%5D%5Bfield%5D=updated_at\
        &searchCriteria%5BsortOrders%5D%5B0%5D%5Bdirection%5D=ASC\
        &searchCriteria%5BsortOrders%5D%5B1%5D%5Bfield%5D=entity_id\
        &searchCriteria%5BsortOrders%5D%5B1%5D%5Bdirection%5D=ASC\
        &searchCriteria%5BpageSize%5D=100&searchCriteria%5BcurrentPage%5D=1";
    assert_eq!(signature(text), "zGfWErFgl2i2Uc6gcaYra3I4tR%2FnCB%2FXdDMDVYQu%2BJA%3D");
    // Brackets that are not encoded in the address are the same names.
    assert_eq!(signature(&text.replace("%5B", "[").replace("%5D", "]")), signature(text));
}

#[test]
fn the_header_has_every_parameter_once_and_encoded() {
    let header = signed("https://shop.example.com/rest/default/V1/orders/1042").expect("signed");
    assert!(header.starts_with(
        "OAuth oauth_consumer_key=\"dpf43f3p2l4k3l03nnch4832kd9f0s2a\", \
         oauth_nonce=\"0123456789abcdef0123456789abcdef\", oauth_signature_method=\"HMAC-SHA256\", \
         oauth_timestamp=\"1769846400\", oauth_token=\"nnch734d00sl2jdknnch734d00sl2jdk\", oauth_version=\"1.0\", \
         oauth_signature=\""
    ));
    assert_eq!(header.matches(',').count(), 6);
}

#[test]
fn base_string_of_rfc_5849() {
    // RFC 5849 section 3.4.1.1, its parameters decoded.
    let parameters: Vec<(Vec<u8>, Vec<u8>)> = [
        ("b5", "=%3D"),
        ("a3", "a"),
        ("c@", ""),
        ("a2", "r b"),
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
        ("c2", ""),
        ("a3", "2 q"),
    ]
    .iter()
    .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
    .collect();
    assert_eq!(
        base_string(&Method::POST, "http://example.com/request", &parameters),
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D\
         %26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1\
         %26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    );
}

#[test]
fn base_uri_of_rfc_5849() {
    // RFC 5849 section 3.4.1.2: host in lower case, the scheme's own port left out, another port kept.
    for (text, wanted) in [
        ("http://EXAMPLE.COM:80/r/V1?id=123", "http://example.com/r/V1"),
        ("https://www.example.net:8080/?q=1", "https://www.example.net:8080/"),
        ("https://example.com:443/rest", "https://example.com/rest"),
        ("http://example.com:443/rest", "http://example.com:443/rest"),
        ("http://127.0.0.1:8092/rest/V1/orders", "http://127.0.0.1:8092/rest/V1/orders"),
    ] {
        assert_eq!(base_uri(&url(text)).as_deref(), Ok(wanted));
    }
    assert_eq!(base_uri(&url("ftp://example.com/")), Err(SignError::Address));
    assert_eq!(base_uri(&url("data:x")), Err(SignError::Address));
}

#[test]
fn method_address_nonce_and_secret_are_all_signed() {
    let address = url("https://shop.example.com/rest/V1/orders?searchCriteria=all");
    let sign = |method: Method, address: &Url, nonce: &str, time, credentials: &Credentials| {
        let header = authorization(credentials, &method, address, nonce, time).expect("signed");
        header.rsplit_once("oauth_signature=").expect("a signature").1.to_owned()
    };
    let first = sign(Method::GET, &address, NONCE, TIME, &credentials());
    assert_eq!(first, sign(Method::GET, &address, NONCE, TIME, &credentials()));
    let other_nonce = NONCE.replace('0', "f");
    let other_secret = Credentials { consumer_secret: "x".into(), ..credentials() };
    let other_token_secret = Credentials { access_token_secret: "x".into(), ..credentials() };
    let other_address = url("http://shop.example.com/rest/V1/orders?searchCriteria=all");
    let others = [
        sign(Method::POST, &address, NONCE, TIME, &credentials()),
        sign(Method::GET, &other_address, NONCE, TIME, &credentials()),
        sign(Method::GET, &address, &other_nonce, TIME, &credentials()),
        sign(Method::GET, &address, NONCE, TIME + 1, &credentials()),
        sign(Method::GET, &address, NONCE, TIME, &other_secret),
        sign(Method::GET, &address, NONCE, TIME, &other_token_secret),
    ];
    assert!(others.iter().all(|other| *other != first));
}

#[test]
fn refuses_what_commerce_reads_differently() {
    let base = "https://shop.example.com/rest/V1/orders";
    for query in [
        "a=1&a=2",
        "%61=1&a=2",
        "a",
        "a=1&",
        "&a=1",
        "a=b=c",
        "a=b+c",
        "a+b=c",
        "a=%zz",
        "=1",
        "oauth_token=x",
        "f[10]=x",
        "f%5B10%5D=x",
        "f[0][12][field]=x",
        "aZ=1&a[0]=1&a%C3%B8=1&ab=1&a0=2",
    ] {
        let outcome = signed(&format!("{base}?{query}"));
        assert!(matches!(outcome, Err(SignError::Parameter { .. })), "{query}: {outcome:?}");
    }
    for query in ["", "a=", "f[9]=x", "a=%2B%20%3D%26", "a=10", "searchCriteria=all"] {
        assert!(signed(&format!("{base}?{query}")).is_ok(), "{query}");
    }
    assert!(matches!(signed("https://shop.example.com/rest/V1/products/ABC%2F10"), Err(SignError::Path(_))));
}

#[test]
fn refuses_a_nonce_or_timestamp_that_commerce_refuses() {
    let sign = |nonce: &str, time| authorization(&credentials(), &Method::GET, &url("https://a.example/"), nonce, time);
    for nonce in ["", "abc", &"a".repeat(31), &"a".repeat(33), &"g".repeat(32), &"\u{e6}".repeat(16)] {
        assert_eq!(sign(nonce, TIME), Err(SignError::Nonce), "{nonce}");
    }
    assert_eq!(sign(NONCE, 0), Err(SignError::Timestamp));
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", credentials());
    for secret in ["kd94hf93", "nnch734d", "pfkkdhi9"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
